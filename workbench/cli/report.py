"""workbench report: the model card of a training, as web page and as PDF."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("report", help="the model card of a training (HTML, PDF)", description=__doc__)
    command.add_argument("project", type=Path, help="the project's folder")
    command.add_argument(
        "training", nargs="?", default="", help="id of the training or of its model (default: the newest)"
    )
    command.add_argument("--html", type=Path, metavar="FILE", help="write it as a web page of one file")
    command.add_argument("--pdf", type=Path, metavar="FILE", help="write it as PDF")
    command.add_argument(
        "--without-examples", action="store_true", help="show none of your items, so that it can be passed on"
    )
    command.add_argument(
        "--explanations", action="store_true", help="explain a few right and wrong answers (takes a while)"
    )
    command.add_argument("--data-from", metavar="TEXT", help="where your data comes from; kept with the project")
    command.add_argument("--data-terms", metavar="TEXT", help="under which terms; kept with the project")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0."""
    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project
    from workbench.engine.report.choices import Choices
    from workbench.engine.report.make import make_report

    html, pdf = options.html, options.pdf
    if html is None and pdf is None:
        html, pdf = Path("report.html"), Path("report.pdf")
    with Project.open(options.project) as project, progress("Making the report") as control:
        record = _run(project, options.training)
        _keep_terms(project, options)
        choices = Choices(not options.without_examples, options.explanations)
        written = make_report(project, record.id, Catalog.load(), html, pdf, choices, control)
    if options.explanations and options.without_examples:
        note("Explanations show items, so they were left out.")
    if options.json:
        as_json({"run": record.id, "model": record.metrics.get("model_id", ""), "files": [str(p) for p in written]})
    else:
        for path in written:
            out(f"Written to {path}")
    return 0


def _run(project: Any, wanted: str) -> Any:
    """A finished training by its id or its model's. Raises: UserError when there is none."""
    from workbench.errors import UserError

    runs = [r for r in project.runs() if r.metrics.get("model_id")]
    if not runs:
        raise UserError(f"No model was made in “{project.name}” yet.", "Train one first: workbench train.")
    found = [r for r in runs if not wanted or wanted in (r.id, r.metrics["model_id"])]
    if not found:
        known = ", ".join(str(r.metrics["model_id"]) for r in runs[:8])
        raise UserError(f"“{wanted}” was not trained in this project.", f"There are: {known}.")
    return found[0]


def _keep_terms(project: Any, options: argparse.Namespace) -> None:
    from dataclasses import replace

    from workbench.trust.card.given import DataTerms

    terms = DataTerms.of(project)
    if options.data_from is not None:
        terms = replace(terms, origin=options.data_from)
    if options.data_terms is not None:
        terms = replace(terms, terms=options.data_terms)
    if terms != DataTerms.of(project):
        terms.keep(project)
