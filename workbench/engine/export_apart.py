"""An export in a process of its own.

Writing a network in another form is one long call into a library: it holds the interpreter for a second or more, so that the
window would stutter, and hears no "stop". A process can be ended at any moment. It writes into a hidden folder of the chosen
place, and what is finished is given its place from here: stopped, or killed, it leaves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import write_card
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.child import run_child, say
from workbench.engine.export_check import free, making
from workbench.engine.export_formats import format_by_id
from workbench.engine.export_formats.base import Checked, Exported, ModelFormat
from workbench.errors import UserError, no_memory, out_of_memory

ARGUMENT = "--export-apart"
_CARD, _ABOUT, _JOB, _MADE = "card.json", "job.json", "job", "made"


def export_apart(
    form: ModelFormat, card: ModelCard, target: Path, samples: Sequence[Sample], control: Control | None = None
) -> Exported:
    """As `form.export`, stopped within a moment wherever it is.

    Raises:
        UserError: as `form.export`; and when the process dies.
        Cancelled: when asked to stop; nothing stays.
    """
    control = control or Control()
    if not form.apart:
        return form.export(card, target, samples, control)
    free(target / form.made(card))
    with making(target) as work:
        job, made = work / _JOB, work / _MADE
        job.mkdir()
        made.mkdir()
        made.chmod(target.stat().st_mode & 0o777)
        _write(job, form, card, made, samples)
        answer: dict[str, Any] = {}

        def told(line: str) -> None:
            said = _said(line)
            if "progress" in said:
                control.progress(*said["progress"])
            else:
                answer.update(said)

        control.progress(0, 0, "Getting ready")
        code = run_child([ARGUMENT, str(job)], control, told=told)
        if "error" in answer:
            raise UserError(*answer["error"])
        if code or "made" not in answer:
            raise UserError(
                f"Exporting “{card.name}” was broken off.", "Close other programs and try again; the log says more."
            )
        control.check()
        free(target / form.made(card))
        for file in sorted(made.iterdir()):
            atomic.put(file, target / file.name)
    check = answer["check"]
    return Exported(target / answer["made"], Checked(**check) if check is not None else None, answer["words"])


def do_job(folder: Path) -> int:
    """What `export_apart` started: in this process, which is there for nothing else. Returns the exit code."""

    def show(fraction: float, text: str) -> None:
        say(json.dumps({"progress": [fraction, 1.0 if fraction >= 0 else 0.0, text]}))

    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        card = ModelCard.from_json(json.loads((folder / _CARD).read_text(encoding="utf-8")))
        target = Path(about["target"])
        done = format_by_id(about["form"]).export(card, target, _samples(folder, about["samples"]), Control(show))
    except UserError as error:
        say(json.dumps({"error": [error.message, error.hint]}))
        return 1
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        short = no_memory()
        say(json.dumps({"error": [short.message, short.hint]}))
        return 1
    name = done.path.relative_to(target)
    say(json.dumps({"made": str(name), "check": asdict(done.check) if done.check else None, "words": done.words}))
    return 0


def _write(job: Path, form: ModelFormat, card: ModelCard, made: Path, samples: Sequence[Sample]) -> None:
    """What is to be done. Raises: OSError."""
    write_card(card, job, _CARD)
    written = []
    for number, sample in enumerate(samples):
        if sample.broken is not None:
            continue  # it could not be read before, either
        file = ""
        if sample.data is not None:
            file = str(number)
            (job / file).write_bytes(sample.data)
        written.append({
            "kind": sample.kind, "name": sample.name, "path": str(sample.path) if sample.path is not None else None,
            "text": sample.text, "window": sample.window, "frame": sample.frame, "asked": sample.asked, "file": file,
        })  # fmt: skip
    about = {"form": form.id, "target": str(made), "samples": written}
    (job / _ABOUT).write_text(json.dumps(about), encoding="utf-8")


def _samples(folder: Path, written: Sequence[dict[str, Any]]) -> list[Sample]:
    found = []
    for one in written:
        sample = Sample(
            one["kind"], one["name"], text=one["text"], frame=one["frame"], asked=tuple(one["asked"]),
            path=Path(one["path"]) if one["path"] is not None else None,
            window=tuple(one["window"]) if one["window"] is not None else None,
        )  # fmt: skip
        found.append(replace(sample, data=(folder / one["file"]).read_bytes()) if one["file"] else sample)
    return found


def _said(line: str) -> dict[str, Any]:
    """A line of the process: libraries may write, too."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
