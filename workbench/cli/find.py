"""workbench find: three answers lead to three suggestions; with a project the models on this computer are measured."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress
from workbench.data.types import NOUNS

_MATTERS = ("accuracy", "speed", "size", "licence")


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("find", help="find a model for what you want to do", description=__doc__)
    command.add_argument("--in", dest="goes_in", choices=tuple(NOUNS), default="", help="what goes in")
    command.add_argument("--out", default="", help="what should come out: words of it, for example: translate")
    command.add_argument("--task", default="", help="id of the task, instead of --in and --out")
    command.add_argument("--matters", choices=_MATTERS, default="accuracy", help="what matters most")
    command.add_argument("--language", default="", help="two letters: de")
    command.add_argument("--teach", action="store_true", help="it shall learn my own classes")
    command.add_argument("--measure-computer", action="store_true", help="first measure how fast this computer is")
    command.add_argument("--project", type=Path, help="measure the models on this computer on this project's examples")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some models could not be measured."""
    return _measured(options) if options.project else _suggested(options)


def _suggested(options: argparse.Namespace) -> int:
    import psutil

    from workbench.catalog.catalog import Catalog
    from workbench.engine import machine
    from workbench.engine.finder import find

    task_id = options.task or _task(options.goes_in, options.out)
    with progress("Looking") as control:
        speeds = machine.measure("cpu", control) if options.measure_computer else machine.known()
    found = find(
        task_id, options.matters, Catalog.load().cards(), psutil.virtual_memory().total, speeds,
        language=options.language, to_teach=options.teach,
    )  # fmt: skip
    if options.json:
        as_json(
            [
                {"model": s.card.id, "name": s.card.name, "task": task_id, "reasons": list(s.reasons), "here": s.present,
                 "seconds": s.fit.seconds, "per": s.fit.unit, "memory_bytes": s.fit.memory_bytes}
                for s in found
            ]
        )  # fmt: skip
        return 0
    for place, suggestion in enumerate(found, 1):
        out(f"{place}. {suggestion.card.name}  ({suggestion.card.id})")
        for reason in suggestion.reasons:
            out(f"   {reason}")
    return 0


def _task(media: str, words: str) -> str:
    """The task meant. Raises: UserError that lists what there is when the words fit none or several."""
    from workbench.engine.finder import INPUTS, outcomes
    from workbench.errors import UserError

    known = [pair for m, _ in INPUTS if not media or m == media for pair in outcomes(m)]
    wanted = words.casefold().split()
    fitting = [t for t, text in known if wanted and all(w in f"{t} {text}".casefold() for w in wanted)]
    if len(fitting) == 1:
        return fitting[0]
    listed = "\n".join(f"  --task {t:26} {text}" for t, text in known if not fitting or t in fitting)
    raise UserError("What should it do? Choose one:", f"\n{listed}")


def _measured(options: argparse.Namespace) -> int:
    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project
    from workbench.engine.select import Ranked, examples_of, ordered, rank

    rows: list[Ranked] = []
    with Project.open(options.project) as project, progress("Measuring") as control:
        examples = examples_of(project, control)
        if warning := examples.warning():
            note(warning)
        for row in rank(examples, Catalog.load().cards(), control):
            rows.append(row)
            note(f"{row.card.name}: {row.sentence()}")
    best = ordered(rows)
    _show(best, options.json)
    return 3 if any(r.problem is not None for r in best) else 0


def _show(rows: Sequence[Any], json: bool) -> None:
    if json:
        as_json(
            [
                {"model": r.card.id, "accuracy": r.accuracy, "right": r.right, "judged": r.judged, "logme": r.evidence,
                 "seconds": r.seconds, "memory_bytes": r.memory_bytes, "download_bytes": r.download_bytes,
                 "problem": str(r.problem) if r.problem else ""}
                for r in rows
            ]
        )  # fmt: skip
        return
    out(f"{'model':36} {'right':>12} {'LogME':>8} {'seconds':>8} {'memory':>8} {'download':>9}")
    for r in rows:
        if r.problem is None:
            out(
                f"{r.card.id[:36]:36} {r.result:>12} {r.evidence:8.3f} {r.seconds:8.2f}"
                f" {r.memory_bytes / 1e9:6.1f} G {r.download_bytes / 1e6:6.0f} MB"
            )
