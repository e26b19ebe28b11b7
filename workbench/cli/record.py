"""workbench record: examples of a class from the microphone, straight into a project."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import note, out, problem


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("record", help="record examples of a class", description=__doc__)
    command.add_argument("project", type=Path, help="a project of sounds; made when it is not there")
    command.add_argument("label", help="the class, for example “background noise”")
    command.add_argument("--seconds", type=float, default=2.0, help="length of an example, 0.2 to 10 (default 2)")
    command.add_argument("--count", type=int, default=1, help="how many, one after the other (default 1)")
    command.add_argument("--pauses", action="store_true", help="one for each time something is heard, instead")
    command.add_argument("--wait", type=float, default=1.0, metavar="SECONDS", help="before it begins (default 1)")
    command.add_argument("--device", type=int, help="number of the microphone (see: workbench listen --microphones)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some examples were of no use."""
    import tempfile

    from workbench.cli.app import OK, PARTLY
    from workbench.data import labels
    from workbench.data.microphone import Recorder
    from workbench.data.project import Project
    from workbench.data.sound_cut import Cutting
    from workbench.data.store import DATABASE
    from workbench.engine.sound_examples import record_examples
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task

    if options.count < 1:
        raise UserError("At least one example is recorded.", "Give --count 5, for example.")
    label = labels.checked(options.label)
    how = Cutting(options.seconds, options.pauses, options.wait, options.seconds * options.count)
    made = (options.project / DATABASE).is_file()
    opened = Project.open if made else lambda folder: Project.create(folder, folder.name, "sound-classification")
    kept, refused = 0, 0
    with opened(options.project) as project, tempfile.TemporaryDirectory() as folder:
        info = get_task(project.task_id).info
        if info.media != "sound" or info.editor != "classes":
            raise UserError(f"“{project.name}” does not hold classes of sounds.", "Choose another project.")
        recorder = Recorder(Path(folder) / "microphone.wav", options.device)
        recorder.start()
        note(f"Recording {how.total:g} seconds of “{label}”; Ctrl+C ends it.")
        try:
            for example in record_examples(recorder, project, label, how):
                if example.problem is not None:
                    refused += 1
                    problem(example.problem)
                    continue
                kept += 1
                note(f"{kept:3}  {example.seconds:.1f} s  {example.remark}".rstrip())
        except KeyboardInterrupt:
            pass  # what was complete is in the project
        finally:
            recorder.stop()
        if recorder.error is not None:
            note(str(recorder.error))
    out(f"{kept} {'example' if kept == 1 else 'examples'} of “{label}” recorded.")
    return PARTLY if refused or recorder.error is not None else OK
