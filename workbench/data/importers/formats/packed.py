"""Packed archives: said plainly that they must be unpacked first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.errors import UserError

_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


class PackedImport:
    """See `ImportFormat`. Never gives a plan: pictures are used where they lie, and in an archive they lie nowhere."""

    name = "Archive"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        for path in paths:
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                raise UserError(f"“{path.name}” is a packed archive.", "Unpack it first, then drop the folder.")
        return None


FORMAT = PackedImport()
