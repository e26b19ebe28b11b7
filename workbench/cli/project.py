"""workbench project: import data into a project, see how it stands, export its labels."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.cli import upkeep
from workbench.cli.elsewhere import add_to_project
from workbench.cli.output import as_json, note, out, problem, progress
from workbench.cli.train import add_groups, add_rows, add_separator, group_columns
from workbench.errors import UserError


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("project", help="import, status, export of projects", description=__doc__)
    actions = command.add_subparsers(dest="action", required=True)
    take = actions.add_parser("import", help="add a folder, a table or files to a project; made when it is not there")
    take.add_argument("project", type=Path)
    take.add_argument("data", nargs="+", type=Path)
    take.add_argument(
        "--copy", action="store_true", help="copy pictures into the project, also those that a table names"
    )
    take.add_argument("--task", default="", help="what a new project is for, for example object-detection")
    take.add_argument(
        "--answer", action="append", default=[], metavar="QUESTION=CHOICE",
        help="what only you know of the data, for example dates=day or dates=month; of numbers at uneven"
        " times each=\"sum day\" (or mean, and hour, week, month); of who liked what liked=4 (from how many stars on)"
        " or weigh=yes (more stars count for more)",
    )  # fmt: skip
    take.add_argument(
        "--label-column", default="", help="of a table: the column with the labels, or of rows the one to be found out"
    )
    add_rows(take)
    add_separator(take)
    add_groups(take)
    take.set_defaults(run=run_import)
    status = actions.add_parser("status", help="counts, checks and runs")
    status.add_argument("project", type=Path)
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=run_status)
    export = actions.add_parser("export", help="labels as CSV, a folder per class, or a format like COCO or YOLO")
    export.add_argument("project", type=Path)
    export.add_argument("target", type=Path, nargs="?", help="NAME.csv, or a folder")
    export.add_argument(
        "--format", default="", help="coco, yolo, voc, … (asked for without a name: lists them)", nargs="?", const="?"
    )
    export.add_argument(
        "--no-copies", action="store_true", help="with --format: name the pictures where they lie, where the format can"
    )
    export.add_argument(
        "--leave-out-personal",
        action="store_true",
        help="placeholders for e-mail addresses and the like in texts, pictures without places, names and numbers in their"
        " files, patients' pictures as PNG",
    )
    export.set_defaults(run=run_export)
    group = actions.add_parser("group", help="tell groups of items apart (device, place …), to judge a model on each")
    group.add_argument("project", type=Path)
    group.add_argument("property", nargs="?", default="", help="what is told apart; without it the groups are listed")
    how = group.add_mutually_exclusive_group()
    how.add_argument("--value", help="put the items into this group")
    how.add_argument(
        "--folder", type=int, metavar="N", help="the folder each item lies in: 1 the outermost, -1 the innermost"
    )
    how.add_argument("--clear", action="store_true", help="take the items out of all groups of this property")
    group.add_argument("--search", default="", help="only items with this in their name or text")
    group.add_argument("--json", action="store_true")
    group.set_defaults(run=run_group)
    cut = actions.add_parser(
        "cut", help="cut the marked sounds out of recordings, as a new project that tells sounds apart"
    )
    cut.add_argument("project", type=Path)
    cut.add_argument("target", type=Path, help="folder of the new project")
    cut.set_defaults(run=run_cut)
    add_to_project(actions)
    check = actions.add_parser(
        "check", help="everything to know about the data: wrong labels, copies, leaks, outliers, personal data"
    )
    check.add_argument("project", type=Path)
    check.add_argument("--json", action="store_true")
    check.add_argument("--quick", action="store_true", help="only what needs no network, and what is known already")
    check.add_argument(
        "--fix",
        action="append",
        default=[],
        metavar="NAME",
        help="mend: keep-one, one-split, same-label, accept-labels, exclude, ignore-columns, drop-specks, drop-twins, drop-classless; NAME:FINDING for one kind of finding only",
    )
    check.add_argument(
        "--copy-to", type=Path, help="save a copy of the project without personal data in this new folder"
    )
    check.add_argument(
        "--fine", action="append", default=[], metavar="FINDING", help="I looked; do not tell this again"
    )
    check.add_argument("--forget-fine", action="store_true", help="tell everything again")
    check.set_defaults(run=run_check)
    upkeep.add(actions)


def run_import(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some items could not be read."""
    from workbench.data.importers import ColumnChoice, sniff
    from workbench.data.project import Project
    from workbench.data.store import DATABASE
    from workbench.engine.journey import add_plan, tasks_for_plan

    with progress("Reading") as control:
        plan = sniff(options.data, control, options.rows or None)
        for said in options.answer:
            plan.say(*said.partition("=")[::2])
        guess = plan.guess()
        if guess is not None and (options.label_column or options.separator or options.group_column):
            name = options.label_column or guess.label
            several = "" if options.separator == "none" else options.separator or plan.separator_of(name)
            groups = group_columns(options.group_column, guess, name)
            if not options.label_column and not options.separator:
                plan.choose(replace(guess, groups=groups))
            else:
                plan.choose(ColumnChoice(guess.content, name, guess.is_path, several=several, groups=groups))
        out(plan.summary)
        for asked in plan.questions():
            note(f"{asked.text} {dict(asked.choices).get(asked.chosen, asked.chosen)} (--answer {asked.id}=…)")
        if not plan.total and plan.problems and plan.questions():
            raise UserError(
                plan.problems[0].message, f"{plan.problems[0].hint} Here: --answer {plan.questions()[-1].id}=…"
            )
        if (options.project / DATABASE).is_file():
            project = Project.open(options.project)
        else:
            task_id = options.task or tasks_for_plan(plan)[0].info.id
            project = Project.create(options.project, options.project.name, task_id)
        with project:
            result = add_plan(project, plan, options.copy, control)
    for sentence in filter(None, (*plan.warnings, plan.copy_words(options.copy))):
        out(sentence)
    for mended in plan.repairs:
        out(f"mended: {mended}")
    for found in result.problems:
        problem(found)
    for sentence in result.notes:
        out(sentence)
    copies, problems = _counted(result.duplicates, "duplicate"), _counted(len(result.problems), "problem")
    out(f"{len(result.added)} added, {copies} left out, {problems}.")
    return 3 if result.problems else 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def run_status(options: argparse.Namespace) -> int:
    """How a project stands."""
    from workbench.data.project import Project
    from workbench.engine.health.check import known_health
    from workbench.tasks.registry import get_task

    with Project.open(options.project, read_only=True) as project:
        counts, findings, runs = project.counts(), known_health(project), project.runs()
        classes = {c.name: counts.per_class.get(c.id, 0) for c in project.classes()}
        if options.json:
            as_json(
                {
                    "name": project.name, "task": project.task_id, "total": counts.total, "labelled": counts.labelled,
                    "classes": classes, "findings": [{"code": f.code, "message": f.message} for f in findings],
                    "runs": [{"id": r.id, "name": r.name, "status": r.status, "metrics": r.metrics} for r in runs],
                }
            )  # fmt: skip
            return 0
        info = get_task(project.task_id).info
        labelled = "" if info.learns_as_is else f", {counts.labelled} labelled"
        out(
            f"{project.name}: {counts.total} {info.nouns if info.learns_as_is else 'items'}{labelled}, {counts.broken} broken"
        )
        likes = project.interaction_counts()
        if likes.pairs:
            out(f"  {likes.liked:,} likes by {likes.people:,} people of {likes.things:,} things")
    for name, count in classes.items():
        out(f"  {count:6}  {name}")
    for finding in findings:
        out(f"  {finding.message} {finding.hint}")
    for run in runs:
        score = run.metrics.get("score")
        metric = str(run.metrics.get("metric", ""))
        words = "" if score is None else f", {'right' if metric == 'accuracy' else metric} {score:.1%}"
        out(f"  run {run.id} {run.name}: {run.status}{words}")
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some files could not be copied."""
    from workbench.data.exporters.deliver import FOLDERS, TABLE, deliver
    from workbench.data.exporters.formats import formats_for
    from workbench.data.project import Project
    from workbench.tasks.registry import get_task

    with Project.open(options.project, read_only=True) as project, progress("Exporting") as control:
        if options.format == "?":
            for known in formats_for(get_task(project.task_id).info.editor):
                out(f"{known.id:16} {known.title}")
            return 0
        if options.target is None:
            raise UserError("Say where to.", "Add a file or a folder.")
        plain = TABLE if options.target.suffix.lower() == ".csv" else FOLDERS
        count, problems = deliver(
            project, options.format or plain, options.target, control, copy_pictures=not options.no_copies,
            leave_out_personal=options.leave_out_personal,
        )  # fmt: skip
    for found in problems:
        problem(found)
    noun = "items" if options.format else {TABLE: "rows", FOLDERS: "files"}[plain]
    out(f"{count} {noun} {'copied' if noun == 'files' else 'written'} to {options.target}")
    return 3 if problems else 0


def run_group(options: argparse.Namespace) -> int:
    """Returns 0."""
    from workbench.data.project import Project
    from workbench.data.types import ItemFilter

    change = options.value is not None or options.folder is not None or options.clear
    if change and not options.property:
        raise UserError("Say what is told apart.", "For example: workbench project group PROJECT device --value phone")
    with Project.open(options.project, read_only=not change) as project:
        if change:
            ids = project.item_ids(ItemFilter(search=options.search))
            values: dict[int, str | None] = dict.fromkeys(ids, options.value)
            if options.folder is not None:
                found = project.folders(ids)
                values = {i: part for i, parts in found.items() if (part := _at(parts, options.folder))}
            project.set_groups(options.property, values)
        groups = project.groups()
    if options.json:
        as_json(groups)
        return 0
    for name, counts in groups.items():
        out(f"{name}: {', '.join(f'{value} ({n:,})' for value, n in counts.items())}")
    if not groups:
        out("No groups yet.")
    return 0


def _at(parts: tuple[str, ...], place: int) -> str:
    """The folder at a place from 1, or from the end where it is below 0; "" where there is none."""
    at = place - 1 if place > 0 else place
    return parts[at] if -len(parts) <= at < len(parts) else ""


def run_cut(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some sounds could not be cut out."""
    from workbench.data.project import Project
    from workbench.engine.clip_items import cut_out

    with (
        Project.open(options.project, read_only=True) as project,
        Project.create(options.target, options.target.name, "sound-classification") as into,
        progress("Cutting out sounds") as control,
    ):
        result = cut_out(project, project.item_ids(), into, control)
    for found in result.problems:
        problem(found)
    out(f"{len(result.added)} recordings in {options.target}")
    return 3 if result.problems else 0


def run_check(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when something stands in the way of a fair training ("bad" or "warn")."""
    from workbench.cli.health import check

    return check(options)
