"""Label Studio's JSON of finished tasks about recordings."""

from __future__ import annotations

from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.clips import MarkedSound, MarkedSounds
from workbench.data.exporters.spans import plain, write_lines
from workbench.data.exporters.words import file_name
from workbench.data.project import Project
from workbench.errors import Problem


class LabelStudioClips:
    """See `workbench.data.exporters.formats.ExportFormat`."""

    id = "label-studio-clips"
    title = "Label Studio (JSON)"
    marks = ("clips",)
    suffix = ".json"

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        sounds = MarkedSounds(project, control)
        lines = (_task(sound, target) for sound in sounds)
        count = write_lines(target, lines, "[\n", "\n]\n", ",\n")
        return count, sounds.problems


def _task(sound: MarkedSound, target: Path) -> str:
    results = [
        {
            "id": f"{sound.item.id}-{number}",
            "type": "labels",
            "from_name": "label",
            "to_name": "audio",
            "original_length": sound.item.seconds,
            "value": {"start": p.begins, "end": p.ends, "channel": 0, "labels": [p.label]},
        }
        for number, p in enumerate(sound.pieces)
    ]
    data = {"audio": file_name(sound.item, target)}
    return plain({"id": sound.item.id, "data": data, "annotations": [{"result": results}]})


FORMAT = LabelStudioClips()
