"""Finding the files a table names: where it says, else by their name near the table."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.control import Control

# Published sets keep their table in a folder of its own beside the files (ESC-50: meta, UrbanSound8K: metadata).
_TABLE_FOLDERS = {"meta", "metadata", "labels", "annotations", "csv", "tables"}
_MOST_FILES = 300_000


class Beside:
    """The files near a table; looked through once, when the first one is not where the table says."""

    def __init__(self, table: Path, control: Control) -> None:
        self._folder = table.parent
        self._control = control
        self._by_name: dict[str, list[Path]] | None = None

    def find(self, name: str) -> Path:
        """The file a cell names. Where there is none, or several of that name, as the cell says: it is told when it is read."""
        said = (self._folder / name.replace("\\", "/")).absolute()
        if said.exists():
            return said
        found = self._known().get(said.name, [])
        return found[0] if len(found) == 1 else said

    def _known(self) -> dict[str, list[Path]]:
        if self._by_name is None:
            self._by_name = {}
            top = self._folder.parent if self._folder.name.lower() in _TABLE_FOLDERS else self._folder
            count = 0
            for base, folders, names in os.walk(top):
                self._control.check()
                folders[:] = [f for f in folders if not f.startswith(".")]
                for name in names:
                    self._by_name.setdefault(name, []).append(Path(base) / name)
                count += len(names)
                if count > _MOST_FILES:
                    break
        return self._by_name
