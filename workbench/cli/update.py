"""workbench update: teach the next version of one of your own models from what was corrected, and compare it with this one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("update", help="update a model from what was corrected", description=__doc__)
    command.add_argument("model", help="one of your own models")
    command.add_argument("--project", type=Path, help="what it learns from (default: the project it was taught with)")
    command.add_argument("--how", choices=("quick", "balanced", "thorough"), default="quick")
    command.add_argument("--replay", type=int, default=0, metavar="N", help="learn again so many old items at most")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--use", choices=("advice", "new", "old"), default="advice",
        help="which version is used from now on (default: the new one where that is advised)",
    )  # fmt: skip
    other = command.add_mutually_exclusive_group()
    other.add_argument("--versions", action="store_true", help="only list the versions there are")
    other.add_argument("--back", action="store_true", help="only go back to the version before the current one")
    other.add_argument("--current", action="store_true", help="only make this model the current version")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine import versions

    catalog = Catalog.load()
    card = catalog.get(options.model)
    if options.back or options.current:
        versions.make_current(versions.version_before(catalog, card) if options.back else card)
    if options.versions or options.back or options.current:
        _list(catalog, card, options.json)
        return 0
    return _update(options, catalog, card)


def _list(catalog: Any, card: Any, json: bool) -> None:
    from workbench.engine.versions import versions

    known = versions(catalog, card)
    if json:
        as_json(
            [{"version": v.number, "model": v.card.id, "current": v.current, "made": v.card.created} for v in known]
        )
        return
    for v in known:
        out(f"{'*' if v.current else ' '} {v.words()}  {v.card.id}")


def _update(options: argparse.Namespace, catalog: Any, card: Any) -> int:
    from workbench.cli.review import open_project
    from workbench.engine.events import Advice, How, StageChanged
    from workbench.engine.update import Updated, news, update
    from workbench.engine.versions import make_current
    from workbench.tasks.registry import get_task

    with open_project(card, options.project) as project:
        note(news(card, project).sentence(get_task(project.task_id).info.nouns))
        done: Updated | None = None
        with progress("Updating") as control:
            for event in update(card, project, catalog, control, How(options.how), options.replay, seed=options.seed):
                if isinstance(event, StageChanged):
                    control.progress(0, 0, event.text)
                    note(event.text)
                elif isinstance(event, Advice):
                    note(event.text)
                elif isinstance(event, Updated):
                    done = event
        assert done is not None
        names = {i.id: i.name for i in project.items(done.beside.test.lost)}
    use = options.use == "new" or (options.use == "advice" and done.beside.advice == "new")
    if use:
        make_current(done.card)
    if options.json:
        as_json({"model": done.card.id, "old": card.id, "used": use, **done.beside.to_json()})
        return 0
    out(done.beside.sentence())
    for line in done.beside.lines():
        out(f"  {line}")
    if names:
        out(f"  Right before and wrong now: {', '.join(list(names.values())[:20])}{' …' if len(names) > 20 else ''}")
    out(f"New version: {done.card.id}{' (the current one from now on)' if use else ''}")
    out(f"Before:      {card.id}{'' if use else ' (still the current one)'}")
    return 0
