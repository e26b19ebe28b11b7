"""What `workbench evaluate --certainty, --missed, --right, --keep` say of a model of several labels."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from workbench.cli.certainty import priced
from workbench.cli.output import progress


def look(
    options: argparse.Namespace,
    project: Any,
    run_id: str,
    card: Any,
    catalog: Any,
    told: dict[str, Any],
    said: list[str],
) -> None:
    """Add to what is told (for machines) and said. Raises: UserError when nothing can be chosen."""
    from workbench.engine.certainty import keep_decision
    from workbench.engine.tag_certainty import tag_sureness
    from workbench.errors import UserError
    from workbench.tasks.tag_decision import TagDecision

    with progress("Looking at its answers") as control:
        seen = tag_sureness(project, run_id, catalog, control)
    if options.certainty:
        found = seen.certainty
        told["certainty"] = found.to_json()
        said.append(found.sentence())
        said += [
            f"  says {b.said:4.0%}   there {b.share:4.0%}   {b.count:5} answers" for b in found.after.bins if b.count
        ]
        said += [
            f"  {name}: percentages off by {after.error:.1%} on average ({before.error:.1%} as they came)"
            for name, (before, after) in found.labels.items()
        ]
    decision = TagDecision()
    for text in options.missed:
        decision = _costs(text, decision, seen, told, said)
    if options.right:
        decision = _unsure(options.right, decision, seen, told, said)
    if options.keep:
        if decision.empty:
            raise UserError("There is nothing to keep.", "Say with --missed or --right what is wanted.")
        keep_decision(card, decision, catalog)
        told["kept"] = decision.to_options()
        said.append(f"Kept with the model: {decision.sentence()}")


def _costs(text: str, decision: Any, seen: Any, told: dict[str, Any], said: list[str]) -> Any:
    from workbench.errors import UserError

    name, cost = priced(text, seen.labels, "LABEL", "labels")
    rule = seen.rule(name, cost)
    if rule is None:
        raise UserError(
            f"Too few of the steering items have “{name}”, or too few have not, to choose by.", "Add examples."
        )
    now, usual = seen.costs(name, rule)
    told.setdefault("costs", []).append(now.to_json() | {"as_trained": usual.to_json()})
    said += [f"“{name}” from {rule.threshold:.0%} on: {now.sentence()}", now.beside(usual)]
    return replace(decision, labels={**decision.labels, name: rule})


def _unsure(wanted: float, decision: Any, seen: Any, told: dict[str, Any], said: list[str]) -> Any:
    from workbench.errors import UserError
    from workbench.trust.certainty import limit_on

    if not 0 < wanted <= 1:
        raise UserError("The share of right answers lies between 0 and 1.", "For example --right 0.95.")
    limit = limit_on(seen.curve(decision), wanted)
    if limit is None:
        raise UserError(
            f"However sure it is, it has not all labels right {wanted:.0%} of the time on the steering items.",
            "Ask for less.",
        )
    decided = replace(decision, sure_from=limit)
    found = seen.answering(decided)
    told["answering"] = {
        "sure_from": limit, "n": found.n, "answered": found.answered, "right": found.right, "sentence": found.sentence(),
    }  # fmt: skip
    said.append(f"Silent below {limit:.0%}: {found.sentence()}")
    return decided
