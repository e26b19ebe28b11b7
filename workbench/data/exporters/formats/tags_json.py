"""Several labels per item as JSON: Doccano's JSON Lines, and Label Studio's finished tasks with choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.spans import plain, write_lines
from workbench.data.exporters.tags import Tagged, tagged
from workbench.data.exporters.words import file_name
from workbench.data.project import Project
from workbench.errors import Problem

_KEYS = {"picture": "image", "sound": "audio"}


@dataclass(frozen=True)
class TagsLines:
    """An export format that writes one entry an item. See `workbench.data.exporters.formats.ExportFormat`."""

    id: str
    title: str
    entry: Callable[[Tagged, Path], str]
    suffix: str = ".jsonl"
    marks: tuple[str, ...] = ("tags",)
    first: str = ""
    last: str = "\n"
    between: str = "\n"

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        lines = (self.entry(one, target) for one in tagged(project, control))
        return write_lines(target, lines, self.first, self.last, self.between), []


def _doccano(one: Tagged, target: Path) -> str:
    content = {"text": one.item.text} if one.item.text is not None else {"filename": file_name(one.item, target)}
    return plain({"id": one.item.id, **content, "label": list(one.names)})


def _label_studio(one: Tagged, target: Path) -> str:
    text = one.item.text
    key = "text" if text is not None else _KEYS[one.item.kind]
    result = {
        "id": str(one.item.id), "type": "choices", "from_name": "labels", "to_name": key,
        "value": {"choices": list(one.names)},
    }  # fmt: skip
    return plain(
        {
            "id": one.item.id,
            "data": {key: text if text is not None else file_name(one.item, target)},
            "annotations": [{"result": [result] if one.names else []}],
        }
    )


FORMATS = (
    TagsLines("tags-doccano", "Doccano (JSON Lines)", _doccano),
    TagsLines(
        "tags-label-studio", "Label Studio (JSON)", _label_studio, ".json", first="[\n", last="\n]\n", between=",\n"
    ),
)
