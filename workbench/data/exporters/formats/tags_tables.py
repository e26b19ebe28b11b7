"""Several labels per item as a table: one cell with all of them, or a column per label with 1 and 0."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.tables import write_csv
from workbench.data.exporters.tags import Tagged, tagged
from workbench.data.exporters.words import file_name
from workbench.data.importers.several import flag_columns, joined, separator_for
from workbench.data.project import Project
from workbench.errors import Problem


@dataclass(frozen=True)
class TagsTable:
    """See `workbench.data.exporters.formats.ExportFormat`.

    Attributes:
        a_column_each: a column per label; else all labels in one cell.
    """

    id: str
    title: str
    a_column_each: bool
    marks: tuple[str, ...] = ("tags",)
    suffix: str = ".csv"

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        names = [c.name for c in project.classes()]
        found = list(tagged(project, control))
        content = "text" if found and found[0].item.text is not None else "file"
        columns = flag_columns(names, content)
        separator = separator_for(names)
        rows = []
        for one in found:
            labels = (
                {columns[n]: int(n in one.names) for n in names}
                if self.a_column_each
                else {"labels": joined(one.names, separator)}
            )
            rows.append({content: _content(one, target), **labels, "split": str(one.item.split or "")})
        middle = list(columns.values()) if self.a_column_each else ["labels"]
        write_csv(target, rows, [content, *middle, "split"])
        return len(rows), []


def _content(one: Tagged, target: Path) -> str:
    return one.item.text if one.item.text is not None else file_name(one.item, target)


FORMATS = (
    TagsTable("tags-csv", "A table with the labels in one column (CSV)", a_column_each=False),
    TagsTable("tags-columns", "A table with a column of 1 and 0 per label (CSV)", a_column_each=True),
)
