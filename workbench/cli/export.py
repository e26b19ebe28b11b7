"""workbench export: a model as a folder for this app, or as ONNX (YOLO: as Darknet's files) for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("export", help="export a model", description=__doc__)
    command.add_argument("model")
    command.add_argument("--format", choices=("folder", "onnx", "darknet"), default="folder")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument(
        "--samples", nargs="*", default=[], help="pictures, text files or folders to check the export on"
    )
    command.add_argument("--accept-licence", action="store_true", help="you know the licence and keep to it")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 1 when the exported model does not agree with the original."""
    from workbench.catalog.catalog import Catalog
    from workbench.catalog.licences import question_before_export
    from workbench.engine.export import export_folder, export_onnx
    from workbench.engine.predict import collect_samples
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task

    card = Catalog.load().get(options.model)
    question = question_before_export(card)
    if question and not options.accept_licence:
        raise UserError(question.removesuffix(" Go on?"), "If that is fine, export with --accept-licence.")
    with progress("Exporting") as control:
        if options.format == "folder":
            folder = export_folder(card, options.out, control)
            as_json({"folder": str(folder)}) if options.json else out(f"Exported to {folder}")
            return 0
        if options.format == "darknet":
            from workbench.engine.export_darknet import export_darknet

            files = export_darknet(card, options.out, control)
            as_json({"folder": str(files)}) if options.json else out(f"Exported to {files}")
            return 0
        samples = collect_samples(options.samples, get_task(card.main_task), control)
        check = export_onnx(card, options.out, samples, control)
    if options.json:
        as_json({"file": str(check.path), "samples": check.samples, "agreement": check.agreement,
                 "max_difference": check.max_difference, "passed": check.passed, "sentence": check.sentence()})  # fmt: skip
    else:
        out(f"Exported to {check.path}")
        out(check.sentence())
    return 0 if check.passed or not check.samples else 1
