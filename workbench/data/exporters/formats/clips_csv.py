"""A table with a row for each marked sound; a recording with none has one row without times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.exporters.clips import MarkedSounds
from workbench.data.exporters.tables import write_csv
from workbench.data.exporters.words import file_name
from workbench.data.project import Project
from workbench.errors import Problem


class ClipsTable:
    """See `workbench.data.exporters.formats.ExportFormat`."""

    id = "clips-csv"
    title = "A table with the marked sounds (CSV)"
    marks = ("clips",)
    suffix = ".csv"

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        sounds, count = MarkedSounds(project, control), 0
        rows: list[dict[str, Any]] = []
        for sound in sounds:
            count += 1
            file, split = file_name(sound.item, target), str(sound.item.split or "")
            rows += [
                {
                    "file": file, "start": f"{p.begins:.6f}", "end": f"{p.ends:.6f}", "label": p.label,
                    **({"low": f"{p.low:.3f}", "high": f"{p.high:.3f}"} if p.high > p.low else {}), "split": split,
                }
                for p in sound.pieces
            ] or [{"file": file, "split": split}]  # fmt: skip
        write_csv(target, rows, ["file", "start", "end", "label", "low", "high", "split"])
        return count, sounds.problems


FORMAT = ClipsTable()
