"""LJSpeech's layout: metadata.csv with NAME|words|words, the recordings copied into the folder “wavs”."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench import atomic
from workbench.control import Control
from workbench.data.exporters.tables import write_bytes
from workbench.data.exporters.words import worded
from workbench.data.project import Project
from workbench.errors import Problem, UserError


class LjSpeech:
    """See `workbench.data.exporters.formats.ExportFormat`."""

    id = "ljspeech"
    title = "LJSpeech (a folder with the recordings)"
    marks = ("words",)
    suffix = ""

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        lines, problems = [], []
        try:
            (target / "wavs").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder “{target.name}” cannot be written.", "Choose another place.") from error
        for found in worded(project, control):
            path = found.item.path
            if path is None:
                continue
            name = f"clip-{found.item.id:06}"
            try:
                with atomic.writing(target / "wavs" / f"{name}{path.suffix.lower()}", lasting=False) as part:
                    shutil.copyfile(path, part)
            except OSError:
                problems.append(
                    Problem(found.item.name, "It could not be copied.", "Check that it is there.", str(path))
                )
                continue
            words = " ".join(found.words.replace("|", " ").split())
            lines.append(f"{name}|{words}|{words}\n")
        write_bytes(target / "metadata.csv", "".join(lines).encode())
        return len(lines), problems


FORMAT = LjSpeech()
