"""A table with a row per item: its file or text, its words, and which part of the data it belongs to."""

from __future__ import annotations

from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.tables import write_csv
from workbench.data.exporters.words import file_name, worded
from workbench.data.project import Project
from workbench.errors import Problem


class WordsTable:
    """See `workbench.data.exporters.formats.ExportFormat`."""

    id = "words-csv"
    title = "A table with the words (CSV)"
    marks = ("words",)
    suffix = ".csv"

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        rows = []
        content = "file"
        for found in worded(project, control):
            content = "text" if found.item.text is not None else "file"
            given = found.item.text if found.item.text is not None else file_name(found.item, target)
            rows.append({content: given, "transcript": found.words, "split": str(found.item.split or "")})
        write_csv(target, rows, [content, "transcript", "split"])
        return len(rows), []


FORMAT = WordsTable()
