"""Trainings that are run on another computer: taking them there, running them there, bringing them back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress
from workbench.errors import UserError


def add_to_project(actions: Any) -> None:
    """`project take-elsewhere` and `project bring-back`."""
    take = actions.add_parser("take-elsewhere", help="a folder from which a training can be run on another computer")
    take.add_argument("project", type=Path)
    take.add_argument("target", type=Path, help="the folder to make")
    take.add_argument("--how", choices=("quick", "balanced", "thorough"), default="quick")
    take.add_argument("--model", default="", help="id of the model to start from (default: the suggested one)")
    take.add_argument("--name", default="", help="name of the new model")
    take.add_argument("--seed", type=int, default=0)
    take.add_argument("--epochs", type=int, default=0, help="at most this many rounds (0: decided by --how)")
    take.add_argument("--batch", type=int, default=0, help="items per step, of all processes together (0: as usual)")
    take.add_argument("--set", action="append", metavar="NAME=VALUE", help="what is special to a kind of training")
    take.add_argument("--no-media", action="store_true", help="say where the files lie instead of copying them")
    take.add_argument("--no-model", action="store_true", help="fetch the model where the training runs")
    take.set_defaults(run=run_take)
    back = actions.add_parser("bring-back", help="take in a training that was run on another computer")
    back.add_argument("project", type=Path)
    back.add_argument("folder", type=Path, help="the folder that was taken there, or its “result”")
    back.add_argument("--json", action="store_true")
    back.set_defaults(run=run_back)


def run_take(options: argparse.Namespace) -> int:
    """Returns 0 when the folder was made."""
    from workbench.catalog.catalog import Catalog
    from workbench.cli.train import special
    from workbench.data.project import Project
    from workbench.engine.elsewhere.write import Choices, write_bundle
    from workbench.engine.events import How
    from workbench.engine.fit import new_config

    catalog = Catalog.load()
    with Project.open(options.project) as project:
        card = catalog.get(options.model) if options.model else catalog.suggest(project.task_id, to_teach=True)[0]
        extra: dict[str, Any] = {"name": options.name} if options.name else {}
        config = new_config(
            project, card, How(options.how), seed=options.seed, epochs=options.epochs, batch_size=options.batch,
            options=special(options.set or ()), **extra,
        )  # fmt: skip
        choices = Choices(not options.no_media, not options.no_model)
        with progress("Taking along") as control:
            made = write_bundle(config, project, catalog, options.target, choices, control)
    out(f"{made.items} items, {made.bytes / 1e6:.1f} MB, in {made.folder}. Its README.txt says how to run it.")
    return 0


def run_back(options: argparse.Namespace) -> int:
    """Returns 0 when the training is in the project."""
    from dataclasses import asdict

    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project
    from workbench.engine.elsewhere.back import bring_back

    with Project.open(options.project) as project, progress("Bringing back") as control:
        back = bring_back(options.folder, project, Catalog.load(), control)
    if options.json:
        as_json({**asdict(back), "sentence": back.sentence})
    else:
        out(back.sentence)
        out(f"Model:  {back.model_id}")
    return 0


def run_here(options: argparse.Namespace) -> int:
    """`train run.toml`: run a training that came from elsewhere. Returns 0 when there is a result.

    Raises:
        UserError: for options that would make another training of it.
    """
    import os

    from workbench.cli.training import tell
    from workbench.engine.elsewhere.execute import run_training
    from workbench.engine.events import Finished

    given = [options.model, options.name, options.task, options.set, options.epochs, options.seed, options.out]
    if any(given):
        raise UserError("What is learnt stands in run.toml.", "Leave these options out, or change the file.")
    leads = os.environ.get("RANK", "0") == "0"
    finished: Finished | None = None
    with progress("Training") as control:
        for event in run_training(options.data, control, options.media):
            if leads:
                tell(event, control, 0)
            if isinstance(event, Finished):
                finished = event
    assert finished is not None
    if leads:
        folder = (options.data.parent if options.data.is_file() else options.data) / "result"
        if options.json:
            as_json({"run": finished.run_id, "reason": finished.reason, "result": str(folder), **finished.metrics})
        else:
            note(str(finished.metrics.get("words", "")))
            out(f"Done. Drop this folder on the window, with your project open: {folder}")
    return 0
