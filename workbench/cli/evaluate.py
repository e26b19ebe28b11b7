"""workbench evaluate: judge a model on data with known answers: a folder per class, a table, or a set such as COCO."""

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
    from workbench.data.types import NewItem
    from workbench.errors import Problem
    from workbench.tasks.registry import get_task

    card = Catalog.load().get(options.model)
    with progress("Reading") as control:
        plan = sniff([options.data], control)
        guess = plan.guess()
        if options.words_column and guess is not None:
            plan.choose(ColumnChoice(guess.content, "", guess.is_path, options.words_column))
        editor = get_task(card.main_task).info.editor
        read = list(plan.read_for(editor, control) if plan.serves(editor) else plan.read(control))
    problems = [i for i in read if isinstance(i, Problem)]
    with progress("Judging") as control:
        judgement, more = _judged(card, [i for i in read if isinstance(i, NewItem)], control)
    problems += more
    for found in problems:
        problem(found)
    if options.json:
        as_json(judgement.to_json() | {"problems": [str(p) for p in problems]})
        return 3 if problems else 0
    out(judgement.sentence())
    headings, rows = judgement.table()
    wide = [max(len(row[n]) for row in [headings, *rows]) for n in range(len(headings))]
    for row in (headings, *rows):
        out(
            "  ".join(
                cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, wide, strict=True))
            )
        )
    if problems:
        note(f"{len(problems)} could not be read and were left out.")
    return 3 if problems else 0


def _judged(card: Any, items: list[Any], control: Any) -> tuple[Any, list[Any]]:
    """By labels on pieces of the items where the data has them, else by one class for each item."""
    from workbench.data.types import Sample
    from workbench.engine.evaluate import evaluate_items, evaluate_samples
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task

    if any(i.annotations is not None for i in items):
        return evaluate_items(card, items, card.main_task, control)
    pairs = [(Sample(i.kind, i.name, path=i.path, text=i.text), i.label) for i in items if i.label]
    if get_task(card.main_task).info.judge not in ("", "classes"):
        raise UserError(
            f"These have no labels that “{card.name}” could be judged by.",
            "Use a set of labels such as COCO, YOLO or Pascal VOC, or a project's export.",
        )
    if not pairs:
        raise UserError(
            "None of these has a label to judge by.", "Use a folder per class, or a table with a label column."
        )
    return evaluate_samples(card, pairs, card.main_task, control)
