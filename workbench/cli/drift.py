"""workbench drift: has the data changed since a model was taught?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, out, problem, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("drift", help="has the data changed since a model was taught?", description=__doc__)
    command.add_argument("model", help="one of your own models")
    command.add_argument("data", nargs="+", type=Path, help="a folder, files, or a table of texts of now")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some items could not be read. Whether anything changed is said, not returned."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine.drift import look_for_drift

    card = Catalog.load().get(options.model)
    with progress("Looking") as control:
        report = look_for_drift(card, options.data, control)
    for found in report.problems:
        problem(found)
    if options.json:
        as_json(report.to_json())
    else:
        out(report.headline())
        for line in report.lines():
            out(f"  {line}")
    return 3 if report.problems else 0
