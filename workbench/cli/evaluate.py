"""workbench evaluate: judge a model on a folder per class, or a table with known labels or words."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, problem, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("evaluate", help="judge a model on labelled data", description=__doc__)
    command.add_argument("model")
    command.add_argument("data", type=Path)
    command.add_argument("--words-column", default="", help="the column with answers in words (transcripts)")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some items could not be read."""
    from workbench.catalog.catalog import Catalog
    from workbench.data.importers import ColumnChoice, sniff
    from workbench.data.types import Sample
    from workbench.engine.evaluate import evaluate_samples
    from workbench.errors import Problem, UserError

    card = Catalog.load().get(options.model)
    plan = sniff([options.data])
    guess = plan.guess()
    if options.words_column and guess is not None:
        plan.choose(ColumnChoice(guess.content, "", guess.is_path, options.words_column))
    if plan.marks != "classes":
        return _judge_marked(options, card, plan)
    problems: list[Problem] = []
    pairs: list[tuple[Sample, str]] = []
    for item in plan.read():
        if isinstance(item, Problem):
            problems.append(item)
        elif item.label:
            pairs.append((Sample(item.kind, item.name, path=item.path, text=item.text), item.label))
    if not pairs:
        raise UserError(
            "None of these has a label to judge by.", "Use a folder per class, or a table with a label column."
        )
    with progress("Judging") as control:
        evaluation, more = evaluate_samples(card, pairs, card.main_task, control)
    problems += more
    for found in problems:
        problem(found)
    if options.json:
        as_json(evaluation.to_json() | {"problems": [str(p) for p in problems]})
        return 3 if problems else 0
    out(evaluation.sentence())
    out(f"{'class':24} precision  recall      F1   items")
    for score in evaluation.per_class:
        out(f"{score.name[:24]:24} {score.precision:9.1%} {score.recall:7.1%} {score.f1:7.1%} {score.support:7}")
    if problems:
        note(f"{len(problems)} could not be read and were left out.")
    return 3 if problems else 0


def _judge_marked(options: argparse.Namespace, card: Any, plan: Any) -> int:
    """Answers that are more than a class: words, boxes, areas."""
    from workbench.data.types import NewItem
    from workbench.engine.evaluate import evaluate_items
    from workbench.errors import Problem

    read = list(plan.read())
    with progress("Judging") as control:
        found, more = evaluate_items(card, [i for i in read if isinstance(i, NewItem)], card.main_task, control)
    problems = [*(p for p in read if isinstance(p, Problem)), *more]
    for one in problems:
        problem(one)
    if options.json:
        as_json(found.to_json() | {"problems": [str(p) for p in problems]})
        return 3 if problems else 0
    out(found.sentence())
    headings, rows = found.table()
    widths = [max(len(str(row[n])) for row in (headings, *rows)) for n in range(len(headings))]
    for row in (headings, *rows):
        out("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if problems:
        note(f"{len(problems)} could not be read and were left out.")
    return 3 if problems else 0
