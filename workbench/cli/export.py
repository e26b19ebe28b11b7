"""workbench export: a model in a form for this app elsewhere, for people without it, or for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("export", help="export a model", description=__doc__)
    command.add_argument("model")
    command.add_argument("--format", nargs="?", default="folder", const="", help="without a name: lists those that fit")
    command.add_argument("--out", type=Path, help="the folder to put it in")
    command.add_argument(
        "--samples", nargs="*", default=[], help="pictures, text files, recordings or folders to check the export on"
    )
    command.add_argument("--accept-licence", action="store_true", help="you know the licence and keep to it")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 1 when the exported model does not agree with the original."""
    from workbench.catalog.catalog import Catalog
    from workbench.catalog.licences import question_before_export
    from workbench.engine.export_formats import format_by_id, formats_for
    from workbench.engine.predict import collect_samples
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task

    card = Catalog.load().get(options.model)
    fitting = formats_for(card)
    if not options.format:
        if options.json:
            as_json([{"id": f.id, "title": f.title, "for": f.summary, "term": f.term} for f in fitting])
        else:
            for one in fitting:
                out(f"{one.id:16}{one.title}. {one.summary} [{one.term}]")
        return 0
    form = format_by_id(options.format)
    if form not in fitting:
        raise UserError(
            f"“{card.name}” cannot be exported as “{form.id}”.",
            f"What can be done: {', '.join(f.id for f in fitting) or 'nothing'}.",
        )
    if options.out is None:
        raise UserError("It is not said where the export goes.", "Add --out FOLDER.")
    question = question_before_export(card)
    if question and not options.accept_licence:
        raise UserError(question.removesuffix(" Go on?"), "If that is fine, export with --accept-licence.")
    with progress("Exporting") as control:
        samples = collect_samples(options.samples, get_task(card.main_task), control) if form.asks_samples else []
        made = form.export(card, options.out, samples, control)
    check = made.check
    if options.json:
        place = {"folder" if made.path.is_dir() else "file": str(made.path), "bytes": made.size}
        found = {"samples": check.samples, "agreement": check.agreement, "max_difference": check.max_difference,
                 "passed": check.passed} if check is not None else {}  # fmt: skip
        as_json({**place, **found, "sentence": made.sentence()})
    else:
        out(made.sentence())
    return 0 if check is None or check.passed or not check.samples else 1
