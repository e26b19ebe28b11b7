"""workbench watch-folder: answer each new file of a folder, and sort, tag or note it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("watch-folder", help="answer and sort each new file of a folder", description=__doc__)
    command.add_argument("folder", type=Path, help="where new files come")
    command.add_argument("--model", default="", help="id of the model (see: workbench models list)")
    command.add_argument("--task", default="", help="what to do, when the model can do several things")
    command.add_argument("--labels", default="", help="labels to choose between, for models without their own: a,b,c")
    command.add_argument("--set", action="append", metavar="NAME=VALUE", help="an option of the task")
    command.add_argument(
        "--action", default="log", choices=("move", "copy", "rename", "tag", "log"),
        help="move or copy into a folder per answer; put the answer before the name; write it into a file beside; or only"
        " into the table “what was done.csv” (default)",
    )  # fmt: skip
    command.add_argument(
        "--target", type=Path, help="folder for the sorted files (default: “sorted” in the watched one)"
    )
    command.add_argument(
        "--sure", type=float, default=0.0, help="answers less certain than this go to “to check”, 0 to 1 (default 0)"
    )
    command.add_argument("--below", action="store_true", help="watch the folders inside it, too")
    command.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="between two looks (default 2)")
    command.add_argument("--once", action="store_true", help="end when there is nothing more to do")
    command.add_argument("--put-back", action="store_true", help="undo all that was done in this folder")
    command.add_argument("--log", action="store_true", help="keep the answers in the model's log (see: workbench log)")
    command.add_argument("--json", action="store_true", help="machine-readable: one object per file")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Watches until Ctrl+C. Returns 0, or 3 when some files could not be read or put back."""
    from workbench.catalog.catalog import Catalog
    from workbench.cli.predict import task_options
    from workbench.engine.folder_rules import WatchRule
    from workbench.engine.folder_watch import watch_folder
    from workbench.engine.prediction_log import log_source
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task

    folder = options.folder.absolute()
    target = str(options.target.absolute()) if options.target else ""
    if options.put_back:
        return _put_back(WatchRule(str(folder), options.model, action=options.action, target=target))
    if options.every < 0.1:
        raise UserError("A folder is looked at ten times a second at most.", "Give --every 2, for example.")
    if not options.model:
        raise UserError("Which model shall answer?", "Give --model (see: workbench models list).")
    card = Catalog.load().get(options.model)
    task = get_task(options.task or card.main_task)
    if task.info.id not in card.tasks:
        raise UserError(f"“{card.name}” cannot do this: {task.info.title.lower()}.", "Choose another model.")
    chosen = task_options(options, task)
    rule = WatchRule(
        str(folder), card.id, options.task, options.action, target, options.sure, options.below,
        chosen.labels, dict(chosen.values),
    )  # fmt: skip
    source = log_source(options.log, card)
    if not options.once:
        note("Watching; Ctrl+C ends it.")
    return _tell(watch_folder(rule, card, seconds=options.every, once=options.once, source=source), options.json)


def _tell(steps: Any, machine: bool) -> int:
    from dataclasses import asdict

    from workbench.engine.folder_journal import Deed

    failed, said = False, ""
    for step in steps:
        if isinstance(step, Deed):
            failed |= bool(step.problem)
            if machine:
                as_json(asdict(step))
            else:
                out(step.sentence())
        elif step.problem is not None and str(step.problem) != said:
            note(str(step.problem))
        sys.stdout.flush()
        if not isinstance(step, Deed):
            said = str(step.problem or "")
    return 3 if failed else 0


def _put_back(rule: Any) -> int:
    from workbench.cli.output import problem, progress
    from workbench.engine.folder_watch import put_all_back

    with progress("Putting back") as control:
        count, problems = put_all_back(rule, control)
    for one in problems:
        problem(one)
    out(f"{count:,} put back.")
    return 3 if problems else 0
