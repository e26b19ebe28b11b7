"""workbench evaluate: judge a model on data with known answers: a folder per class, a table, or a set such as COCO. Texts
that are written are judged by a table of texts and right answers (BLEU, chrF, ROUGE-L)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli import certainty
from workbench.cli.output import as_json, note, out, problem, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("evaluate", help="judge a model on labelled data", description=__doc__)
    command.add_argument("model")
    command.add_argument("data", type=Path)
    command.add_argument("--text-column", default="", help="the column with the texts")
    command.add_argument(
        "--words-column", default="", help="the column with answers in words (transcripts, translations, summaries)"
    )
    command.add_argument("--task", default="", help="what to judge, when the model can do several things")
    command.add_argument(
        "--set", action="append", metavar="NAME=VALUE", help="an option of the task, for example target=deu_Latn"
    )
    certainty.add(command)
    command.set_defaults(labels="")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some items could not be read."""
    if certainty.asked(options):
        return certainty.run(options)
    from workbench.catalog.catalog import Catalog
    from workbench.data.importers import ColumnChoice, sniff
    from workbench.data.types import NewItem
    from workbench.errors import Problem
    from workbench.tasks.registry import get_task

    card = Catalog.load().get(options.model)
    with progress("Reading") as control:
        plan = sniff([options.data], control)
        guess = plan.guess()
        if (options.words_column or options.text_column) and guess is not None:
            content, words = options.text_column or guess.content, options.words_column or guess.words
            label = "" if words else guess.label
            plan.choose(ColumnChoice(content, label, guess.is_path and content == guess.content, words))
        editor = get_task(card.main_task).info.editor
        read = list(plan.read_for(editor, control) if plan.serves(editor) else plan.read(control))
    problems = [i for i in read if isinstance(i, Problem)]
    with progress("Judging") as control:
        judgement, more = _judged(card, [i for i in read if isinstance(i, NewItem)], control, options)
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


def _judged(card: Any, items: list[Any], control: Any, options: argparse.Namespace) -> tuple[Any, list[Any]]:
    """By labels on pieces of the items where the data has them, else by one class for each item."""
    from workbench.cli.predict import task_options
    from workbench.data.types import Sample
    from workbench.engine.evaluate import evaluate_items, evaluate_samples
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task

    task = get_task(options.task or card.main_task)
    if any(i.annotations is not None for i in items):
        # What is asked of each item stands in the data.
        return evaluate_items(card, items, task.info.id, control, task_options(options, task, complete=False))
    pairs = [(Sample(i.kind, i.name, path=i.path, text=i.text), i.label) for i in items if i.label]
    if task.info.judge not in ("", "classes"):
        words = task.info.editor == "words"
        raise UserError(
            f"These have no labels that “{card.name}” could be judged by.",
            "Name the column with the right answers: --words-column NAME."
            if words
            else "Use a set of labels such as COCO, YOLO or Pascal VOC, or a project's export.",
        )
    if not pairs:
        raise UserError(
            "None of these has a label to judge by.", "Use a folder per class, or a table with a label column."
        )
    return evaluate_samples(card, pairs, task.info.id, control)
