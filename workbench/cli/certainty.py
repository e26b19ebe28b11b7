"""The part of `workbench evaluate` that asks a project about its own model: how sure it is, what errors cost, when it
should say nothing, and whether more examples would help."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(command: argparse.ArgumentParser) -> None:
    """Its options."""
    own = command.add_argument_group("of a model trained here, with its project as DATA")
    own.add_argument("--certainty", action="store_true", help="how often it is right when it says how sure it is")
    own.add_argument(
        "--missed", metavar="CLASS=COST", action="append", default=[],
        help="a missed CLASS costs COST times as much as a false alarm: the cheapest threshold, and what it leads to; of a"
        " model of several labels once for each label",
    )  # fmt: skip
    own.add_argument(
        "--right", type=float, default=0.0, metavar="SHARE",
        help="say nothing when unsure, so that this share (0..1) of the answers is right",
    )  # fmt: skip
    own.add_argument("--keep", action="store_true", help="keep what --missed and --right chose with the model")
    own.add_argument("--forget", action="store_true", help="take back what was kept")
    own.add_argument("--learning-curve", action="store_true", help="whether more examples or a bigger model would help")


def asked(options: argparse.Namespace) -> bool:
    """Whether any of it is."""
    return bool(
        options.certainty or options.missed or options.right or options.keep or options.forget or options.learning_curve
    )


def run(options: argparse.Namespace) -> int:
    """Returns 0. Raises: UserError when the model is not of this project, or nothing can be chosen."""
    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project
    from workbench.engine.certainty import keep_decision, sureness
    from workbench.engine.learning_curve import learning_curve
    from workbench.errors import UserError
    from workbench.tasks.decision import Decision
    from workbench.tasks.registry import get_task

    catalog = Catalog.load()
    card = catalog.get(options.model)
    told: dict[str, Any] = {}
    said: list[str] = []
    with Project.open(options.data, read_only=True) as project:
        record = next((r for r in project.runs() if r.metrics.get("model_id") == card.id), None)
        if record is None:
            raise UserError(
                f"“{card.name}” was not trained in the project “{project.name}”.", "Choose one of the models it made."
            )
        if options.forget:
            keep_decision(card, None, catalog)
            said.append("What was decided about its answers is taken back.")
        several = get_task(project.task_id).info.judge == "tags"
        wanted = options.certainty or options.missed or options.right or options.keep
        if several and wanted:
            from workbench.cli.tag_certainty import look

            look(options, project, record.id, card, catalog, told, said)
        elif wanted:
            with progress("Looking at its answers") as control:
                seen = sureness(project, record.id, catalog, control)
            if options.certainty:
                told["certainty"] = seen.certainty.to_json()
                said.append(seen.certainty.sentence())
                said += [
                    f"  says {b.said:4.0%}   right {b.share:4.0%}   {b.count:5} answers"
                    for b in seen.certainty.after.bins
                    if b.count
                ]
            decision = Decision()
            if len(options.missed) > 1:
                raise UserError("Only one class can have a threshold of its own.", "Give --missed once.")
            if options.missed:
                decision = _costs(options.missed[0], seen, told, said)
            if options.right:
                decision = _unsure(options.right, decision, seen, told, said)
            if options.keep:
                if not (decision.name or decision.sure_from > 0):
                    raise UserError("There is nothing to keep.", "Say with --missed or --right what is wanted.")
                keep_decision(card, decision, catalog)
                told["kept"] = decision.to_options()
                said.append(f"Kept with the model: {decision.sentence()}")
        if options.learning_curve:
            with progress("Learning from more and more examples") as control:
                curve = learning_curve(project, str(record.config.get("model", "")), catalog, control)
            told["learning_curve"] = curve.to_json()
            said.append(curve.sentence())
            said += [f"  {p.n:6} {curve.nouns}   {p.mean:6.1%}   ({p.low:.0%} to {p.high:.0%})" for p in curve.points]
    if options.json:
        as_json(told)
    else:
        for line in said:
            out(line)
        if options.missed or options.right:
            note("Chosen on the items kept aside for steering; what it leads to is counted on the test items.")
    return 0


def priced(text: str, names: Sequence[str], one: str, many: str) -> tuple[str, float]:
    """A name and what a missed one of it costs, of "NAME=COST". Raises: UserError when it says neither."""
    from workbench.errors import UserError

    name, _, number = text.rpartition("=")
    try:
        cost = float(number)
    except ValueError:
        cost = 0.0
    if name not in names or not 0 < cost < 1e6:
        raise UserError(
            f"“{text}” does not say what a missed one costs.",
            f"Write {one}=COST, for example “{names[0]}=10”. The {many}: {', '.join(names[:12])}.",
        )
    return name, cost


def _costs(asked_for: str, seen: Any, told: dict[str, Any], said: list[str]) -> Any:
    from workbench.errors import UserError
    from workbench.tasks.decision import Decision
    from workbench.trust.certainty import cheapest_threshold, consequences

    name, cost = priced(asked_for, seen.classes, "CLASS", "classes")
    threshold = cheapest_threshold(seen.validation, seen.classes, name, cost)
    if threshold is None:
        raise UserError(
            f"Too few of the steering items are “{name}”, or too few are not, to choose by.", "Add examples."
        )
    usual = consequences(seen.test, seen.classes, name, None, cost)
    now = consequences(seen.test, seen.classes, name, threshold, cost)
    told["costs"] = now.to_json() | {"likeliest_class": usual.to_json()}
    said += [f"Called “{name}” from {threshold:.0%} on: {now.sentence()}", now.beside(usual)]
    return Decision(name, threshold, cost)


def _unsure(wanted: float, decision: Any, seen: Any, told: dict[str, Any], said: list[str]) -> Any:
    from dataclasses import replace

    from workbench.errors import UserError
    from workbench.trust.certainty import answering, limit_for

    if not 0 < wanted <= 1:
        raise UserError("The share of right answers lies between 0 and 1.", "For example --right 0.95.")
    limit = limit_for(seen.validation, wanted)
    if limit is None:
        raise UserError(
            f"However sure it is, it is not right {wanted:.0%} of the time on the steering items.", "Ask for less."
        )
    found = answering(seen.test, limit)
    told["answering"] = {
        "sure_from": limit, "n": found.n, "answered": found.answered, "right": found.right, "sentence": found.sentence(),
    }  # fmt: skip
    said.append(f"Silent below {limit:.0%}: {found.sentence()}")
    return replace(decision, sure_from=limit)
