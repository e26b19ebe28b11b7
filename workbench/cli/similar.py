"""workbench similar: which pictures of a folder look like these."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, problem, progress

_COLUMNS = ("picture", "likeness", "path")


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("similar", help="find pictures that look like these", description=__doc__)
    command.add_argument("picture", nargs="+", type=Path, help="one picture, or several together")
    command.add_argument("--in", dest="folder", type=Path, required=True, help="the folder to look in, and below it")
    command.add_argument("--not", dest="unlike", action="append", type=Path, default=[], metavar="PICTURE",
                         help="but not like this one")  # fmt: skip
    command.add_argument("--top", type=int, default=20, help="how many to show (default 20)")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--csv", action="store_true", help="a table")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some pictures of the folder could not be read."""
    from workbench.data.exporters.tables import csv_text
    from workbench.data.types import Sample
    from workbench.engine.picture_index import embed, folder_entries, update_index
    from workbench.engine.similarity import find_alike
    from workbench.errors import UserError

    with progress("Looking at pictures") as control:
        folder = options.folder.absolute()
        entries = folder_entries(folder, control)
        given = [*options.picture, *options.unlike]
        vectors, problems = embed([Sample("picture", p.name, path=p) for p in given], control)
        if problems:
            raise UserError(f"“{problems[0].where}”: {problems[0].message}", problems[0].hint)
        index = update_index(str(folder), entries, control)
        for found in index.problems:
            problem(found)
        many = len(options.picture)
        result = find_alike(index, vectors[:many], vectors[many:], control)
    rows = []
    for place, likeness in zip(result.places[: max(0, options.top)], result.likeness, strict=False):
        picture = index.pictures[place]
        rows.append({"picture": picture.name, "likeness": round(float(likeness), 4), "path": str(picture.path)})
    if options.json:
        as_json(rows)
    elif options.csv:
        out(csv_text(rows, _COLUMNS).rstrip("\r\n"))
    else:
        for row in rows:
            out(f"{float(row['likeness']):6.1%}  {row['picture']}")
        note(f"{len(index.pictures):,} pictures compared; {index.computed:,} of them looked at for the first time.")
    return 3 if index.problems else 0
