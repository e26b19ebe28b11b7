"""workbench models speed: the quickest way to use a model on this computer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(actions: Any) -> None:
    """Its part of `workbench models`."""
    command = actions.add_parser(
        "speed",
        help="find the quickest engine for a model on this computer, or show what was found",
        description=__doc__,
    )
    command.add_argument("model", nargs="?", default="", help="id of the model; without one: all that were measured")
    command.add_argument("input", nargs="*", help="pictures, recordings, text files or folders to check the answers on")
    command.add_argument("--again", action="store_true", help="measure again")
    command.add_argument("--json", action="store_true")
    command.add_argument("--use", choices=("on", "off"), help="whether quicker engines are used at all")
    command.add_argument("--job", type=Path, help=argparse.SUPPRESS)  # started by ourselves: engine.speed.background
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """The table of one model; with no model the sentences of all."""
    if options.job:
        from workbench.engine.speed.background import do_job

        do_job(options.job)
        return 0
    if options.use:
        _switch(options)
        if not options.model:
            return 0
    if options.model:
        return _one(options)
    from workbench.engine.speed.remembered import all_choices
    from workbench.engine.speed.words import sentence

    found = all_choices()
    if options.json:
        as_json([choice.to_json() for choice in found.values()])
        return 0
    for choice in found.values():
        for card_id in choice.cards:
            out(f"{card_id:36} {sentence(choice)}")
    if not found:
        note("Nothing was measured yet. Try: workbench models speed MODEL")
    return 0


def _switch(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from workbench.engine.speed import settings

    new = replace(settings.load(), on=options.use == "on")
    settings.save(new)
    note(f"Quicker engines are {'used' if new.on else 'not used'}.")


def _one(options: argparse.Namespace) -> int:
    from workbench.catalog.catalog import Catalog
    from workbench.engine.speed.find import find
    from workbench.engine.speed.remembered import recall_by_card
    from workbench.engine.speed.words import line, sentence

    card = Catalog.load().get(options.model)
    choice = None if options.again or options.input else recall_by_card(card.id)
    if choice is None:
        with progress(f"Measuring {card.name}") as control:
            choice = find(card, options.input, control)
    if options.json:
        as_json(choice.to_json())
        return 0
    out(sentence(choice))
    for row in choice.rows:
        chosen = [n for n, way in (("one", choice.one), ("many", choice.many)) if way == row.way]
        mark = f"  <- {', '.join(chosen)}" if chosen and not row.reason else ""
        out(f"  {line(row)}{mark}")
    return 0
