"""workbench watch: what is in this video, and when."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("watch", help="look at a video", description=__doc__)
    command.add_argument("video", type=Path, help="a video file")
    command.add_argument("--model", default="", help="id of the model (see: workbench models list)")
    command.add_argument("--task", default="", help="what to do, when the model can do several things")
    command.add_argument("--labels", default="", help="labels to choose between, for models without their own: a,b,c")
    command.add_argument("--set", action="append", metavar="NAME=VALUE", help="an option of the task")
    pace = command.add_mutually_exclusive_group()
    pace.add_argument(
        "--every", type=float, default=0.5, metavar="SECONDS", help="between two looks (default 0.5; 0: all)"
    )
    pace.add_argument("--pictures", type=int, default=0, metavar="N", help="look at every Nth picture instead")
    command.add_argument("--threshold", type=float, help="how certain a box must be, 0 to 1 (default: the model's)")
    command.add_argument(
        "--top", type=int, default=1, help="how many answers of each look go into the table (default 1)"
    )
    command.add_argument("--csv", type=Path, help="write what was seen when; the events go into a table beside it")
    command.add_argument(
        "--output", type=Path, help="write a copy with the answers drawn in (.mp4, .webm, .avi), without sound"
    )
    command.add_argument("--log", action="store_true", help="keep the answers in the model's log (see: workbench log)")
    command.add_argument("--json", action="store_true", help="machine-readable: all looks and events")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0; what goes wrong is a sentence."""
    from workbench.cli.predict import task_options
    from workbench.data.video import VideoReader
    from workbench.engine.annotate import annotate
    from workbench.engine.prediction_log import log_source
    from workbench.engine.timeline import events, rows, write_timeline
    from workbench.engine.video import Looked, Pace, watch
    from workbench.errors import UserError

    if options.every < 0 or options.pictures < 0:
        raise UserError("The time between two looks cannot be less than nothing.", "Give --every 0.5, for example.")
    card, task = _model(options)
    source = log_source(options.log, card)
    chosen, pace = task_options(options, task), Pace(options.every, options.pictures)
    looks: list[Looked] = []
    with VideoReader(options.video) as video:
        seconds = video.info.seconds
    with progress("Looking") as control:
        if options.output:
            made = annotate(
                options.video, card, task, options.output, chosen, pace, control,
                threshold=options.threshold, seen=looks.append, source=source,
            )  # fmt: skip
        else:
            looks += watch(options.video, card, task, chosen, pace, control, remark=note, source=source)
    found = events(looks, seconds, options.threshold)
    if options.json:
        as_json({"looks": rows(looks, options.threshold, options.top), "events": [vars(e) for e in found]})
    elif not options.csv and not options.output:
        for event in found:
            out(f"{event.begins:9.2f} s to {event.ends:.2f} s  {event.label}")
        if not found:
            out("nothing found")
    if options.csv:
        written = write_timeline(options.csv, looks, seconds, options.threshold, options.top)
        note(f"Written to {' and '.join(str(path) for path in written)}")
    if options.output:
        note(made.sentence())
    return 0


def _model(options: argparse.Namespace) -> tuple[Any, Any]:
    """The model and a task that can look at a video. Raises: UserError when they do not fit."""
    from workbench.catalog.catalog import Catalog
    from workbench.errors import UserError
    from workbench.tasks.registry import all_tasks, get_task

    catalog = Catalog.load()
    card = catalog.get(options.model) if options.model else None
    if options.task:
        task = get_task(options.task)
    elif card is not None:
        known = [t for t in all_tasks() if t.info.watches and t.info.id in card.tasks]
        task = known[0] if known else get_task(card.main_task)
    else:
        task = next(t for t in all_tasks() if t.info.watches)
    if card is None:
        card = catalog.suggest(task.info.id)[0]
    if task.info.id not in card.tasks:
        raise UserError(f"“{card.name}” cannot do this: {task.info.title.lower()}.", "Choose another model.")
    return card, task
