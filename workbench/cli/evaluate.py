"""workbench evaluate: judge a model on data with known answers: a folder per class, a table, a set such as COCO, or the project
it was trained in (its test items). Texts that are written are judged by a table of texts and right answers (BLEU, chrF,
ROUGE-L)."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.cli import certainty
from workbench.cli.output import as_json, note, out, problem, progress, table


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("evaluate", help="judge a model on labelled data", description=__doc__)
    command.add_argument("model")
    command.add_argument("data", type=Path)
    command.add_argument("--text-column", default="", help="the column with the texts")
    command.add_argument(
        "--words-column", default="", help="the column with answers in words (transcripts, translations, summaries)"
    )
    command.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="PROPERTY",
        help="judge each group too: a column of the table, or a property of the project's items; once for each",
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
    from workbench.data.importers import ColumnChoice
    from workbench.data.store import DATABASE
    from workbench.data.types import NewItem
    from workbench.errors import Problem
    from workbench.tasks.registry import get_task

    catalog = Catalog.load()
    card = catalog.get(options.model)
    if (options.data / DATABASE).is_file():
        judgement, groups, untaught = _in_project(options.data, card, catalog, options.by)
        return _tell(options, judgement, groups, [], untaught)
    with progress("Reading") as control:
        plan = get_task(options.task or card.main_task).plan_for(card, options.data, control)
        guess = plan.guess()
        if (options.words_column or options.text_column) and guess is not None:
            content, words = options.text_column or guess.content, options.words_column or guess.words
            label = "" if words else guess.label
            is_path = guess.is_path and content == guess.content
            plan.choose(ColumnChoice(content, label, is_path, words, groups=tuple(options.by)))
        elif guess is not None:
            plan.choose(replace(guess, groups=tuple(options.by)))
        editor = get_task(card.main_task).info.editor
        read = list(plan.read_for(editor, control) if plan.serves(editor) else plan.read(control))
    problems = [i for i in read if isinstance(i, Problem)]
    items = [i for i in read if isinstance(i, NewItem)]
    with progress("Judging") as control:
        judgement, more = _judged(card, items, control, options)
    return _tell(options, judgement, _grouped(judgement, items, options.by), [*problems, *more])


def _tell(options: argparse.Namespace, judgement: Any, groups: Any, problems: list[Any], untaught: Any = None) -> int:
    for found in problems:
        problem(found)
    if options.json:
        more = {"by_group": [g.to_json() for g in groups]} if options.by else {}
        more |= {"untaught": untaught.to_json()} if untaught is not None else {}
        as_json(judgement.to_json() | more | {"problems": [str(p) for p in problems]})
        return 3 if problems else 0
    out(judgement.sentence())
    if untaught is not None:
        out(untaught.sentence())
    table(*judgement.table())
    for by in groups:
        out(f"\nBy {by.name}: {by.sentence()}")
        if by.groups:
            table(*by.table())
            if by.rates:
                table(*by.rates_table())
            out(by.note())
    if warning := getattr(judgement, "warning", ""):
        note(warning)
    if problems:
        note(f"{len(problems)} could not be read and were left out.")
    return 3 if problems else 0


def _in_project(folder: Path, card: Any, catalog: Any, wanted: list[str]) -> tuple[Any, Any, Any]:
    """What is known of a model in the project that made it, by groups, and beside an untaught one."""
    from workbench.data.project import Project
    from workbench.engine.evaluate import evaluate
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task
    from workbench.trust.groups import by_groups
    from workbench.trust.untaught import beside

    with Project.open(folder, read_only=True) as project, progress("Judging") as control:
        run = next((r for r in project.runs() if r.metrics.get("model_id") == card.id), None)
        if run is None:
            raise UserError(f"“{card.name}” was not made in this project.", "Judge it on a folder or a table.")
        judgement = evaluate(project, run.id, catalog=catalog, control=control)
        members = project.group_members(list(judgement.per_item()))
        known = {project.standing_property(name) for name in wanted}
        for name in known - project.groups().keys():
            raise UserError(
                f"No item of this project has a group of “{name}”.",
                f"There are: {', '.join(project.groups()) or 'none'}.",
            )
        grouped = by_groups(judgement, {name: members.get(name, {}) for name in members if name in known})
        return judgement, grouped, beside(run.folder, judgement, get_task(project.task_id).info.nouns)


def _grouped(judgement: Any, items: list[Any], wanted: list[str]) -> Any:
    """A judgement of places of items by the groups that these came with."""
    from workbench.errors import UserError
    from workbench.trust.groups import by_groups

    # Places are counted as they are judged: with marks where any has some, else with a label (see `_judged`).
    marked = any(i.annotations is not None for i in items)
    judged = [i for i in items if (i.annotations is not None if marked else i.label)]
    members = {
        name: {place: value for place, item in enumerate(judged) if (value := dict(item.groups).get(name))}
        for name in wanted
    }
    for name, values in members.items():
        if not values:
            raise UserError(f"None of these has a group of “{name}”.", "Name a column of a table: --by NAME.")
    return by_groups(judgement, members)


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
