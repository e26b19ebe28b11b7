"""workbench updates: is there a newer version? Looks only now, and installs nothing."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli.output import as_json, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("updates", help="is there a newer version of the app?", description=__doc__)
    command.add_argument("--address", help="look there from now on; nothing goes back to the address the app came with")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0 whether or not there is one."""
    from dataclasses import asdict

    from workbench.hub import updates

    if options.address is not None:
        updates.set_address(options.address)
    with progress(updates.TITLE) as control:
        news = updates.look(control)
    if options.json:
        as_json(asdict(news))
        return 0
    out(news.sentence())
    if news.newer:
        if news.notes:
            out(news.notes)
        out(f"Get it here: {news.link}")
    return 0
