"""workbench recommend: what somebody may like next: a person of a project, somebody who likes a few things, or everybody."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("recommend", help="what somebody may like next", description=__doc__)
    command.add_argument("model", help="id of a recommender you have taught")
    command.add_argument("--project", type=Path, help="the project that knows who liked what")
    who = command.add_mutually_exclusive_group(required=True)
    who.add_argument("--person", help="somebody of the project, as your table calls them")
    who.add_argument(
        "--likes", action="append", metavar="THING", help="a thing that is liked, by its name; once for each"
    )
    who.add_argument("--everybody", type=Path, metavar="CSV", help="write a table with a list for everybody")
    command.add_argument("--count", type=int, default=10, help="how long the lists are (k, default 10)")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0."""
    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project
    from workbench.engine.recommending import for_likes, for_person, lists_for_everybody
    from workbench.errors import UserError

    card = Catalog.load().get(options.model)
    if not 1 <= options.count <= 1000:
        raise UserError("A list has between 1 and 1,000 things.", "Choose --count accordingly.")
    with progress("Recommending") as control:
        if options.likes:
            found = for_likes(card, options.likes, options.count, control)
        elif options.project is None:
            raise UserError("Who liked what stands in a project.", "Name it: --project FOLDER.")
        else:
            with Project.open(options.project, read_only=True) as project:
                if options.everybody is not None:
                    lists = lists_for_everybody(project, card, options.everybody, options.count, control)
                    note(lists.sentence())
                    return 0
                found = for_person(project, card, options.person, options.count, control)
    if options.json:
        as_json(found.to_json())
    else:
        for line in found.lines():
            out(line)
        if found.note:
            note(found.note)
    return 0
