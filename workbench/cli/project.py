"""workbench project: import data into a project, see how it stands, export its labels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, out, problem, progress
from workbench.cli.train import add_separator
from workbench.errors import UserError


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("project", help="import, status, export of projects", description=__doc__)
    actions = command.add_subparsers(dest="action", required=True)
    take = actions.add_parser("import", help="add a folder, a table or files to a project; made when it is not there")
    take.add_argument("project", type=Path)
    take.add_argument("data", nargs="+", type=Path)
    take.add_argument("--copy", action="store_true", help="copy pictures into the project")
    take.add_argument("--task", default="", help="what a new project is for, for example object-detection")
    take.add_argument("--label-column", default="", help="of a table: the column with the labels")
    add_separator(take)
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
    export.set_defaults(run=run_export)
    cut = actions.add_parser(
        "cut", help="cut the marked sounds out of recordings, as a new project that tells sounds apart"
    )
    cut.add_argument("project", type=Path)
    cut.add_argument("target", type=Path, help="folder of the new project")
    cut.set_defaults(run=run_cut)


def run_import(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some items could not be read."""
    from workbench.data.importers import ColumnChoice, sniff
    from workbench.data.project import Project
    from workbench.data.store import DATABASE
    from workbench.engine.journey import add_plan, tasks_for_plan

    with progress("Reading") as control:
        plan = sniff(options.data, control)
        guess = plan.guess()
        if guess is not None and (options.label_column or options.separator):
            name = options.label_column or guess.label
            several = "" if options.separator == "none" else options.separator or plan.separator_of(name)
            plan.choose(ColumnChoice(guess.content, name, guess.is_path, several=several))
        out(plan.summary)
        if (options.project / DATABASE).is_file():
            project = Project.open(options.project)
        else:
            task_id = options.task or tasks_for_plan(plan)[0].info.id
            project = Project.create(options.project, options.project.name, task_id)
        with project:
            result = add_plan(project, plan, options.copy, control)
    for sentence in plan.warnings:
        out(sentence)
    for mended in plan.repairs:
        out(f"mended: {mended}")
    for found in result.problems:
        problem(found)
    out(f"{len(result.added)} added, {result.duplicates} duplicates left out, {len(result.problems)} problems.")
    return 3 if result.problems else 0


def run_status(options: argparse.Namespace) -> int:
    """How a project stands."""
    from workbench.data.checks import check_project
    from workbench.data.project import Project

    with Project.open(options.project, read_only=True) as project:
        counts, findings, runs = project.counts(), check_project(project), project.runs()
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
        out(f"{project.name}: {counts.total} items, {counts.labelled} labelled, {counts.broken} broken")
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
    from workbench.data.exporters.formats import format_by_id, formats_for
    from workbench.data.exporters.project import export_folders, export_labels
    from workbench.data.project import Project
    from workbench.tasks.registry import get_task

    with Project.open(options.project, read_only=True) as project, progress("Exporting") as control:
        if options.format == "?":
            for known in formats_for(get_task(project.task_id).info.editor):
                out(f"{known.id:16} {known.title}")
            return 0
        if options.format:
            if options.target is None:
                raise UserError("Say where to.", "Add a file or a folder.")
            known = format_by_id(options.format)
            more = {}
            if options.no_copies:
                if not getattr(known, "may_refer", False):
                    raise UserError(f"{known.title} always copies the pictures.", "Leave out --no-copies.")
                more = {"copy_pictures": False}
            count, problems = known.write(project, options.target, control, **more)
            for found in problems:
                problem(found)
            out(f"{count} items written to {options.target}")
            return 3 if problems else 0
        if options.target is None:
            raise UserError("Say where to.", "Add a file or a folder.")
        if options.target.suffix.lower() == ".csv":
            out(f"{export_labels(project, options.target, control)} rows written to {options.target}")
            return 0
        copied, problems = export_folders(project, options.target, control)
    for found in problems:
        problem(found)
    out(f"{copied} files copied to {options.target}")
    return 3 if problems else 0


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
