"""workbench duplicates: pictures of a folder that are nearly the same. Nothing is changed or deleted."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, problem, progress

_COLUMNS = ("group", "keep", "picture", "width", "height", "bytes", "path")


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("duplicates", help="find pictures that are nearly the same", description=__doc__)
    command.add_argument("folder", type=Path, help="the folder to look in, and below it")
    command.add_argument(
        "--copies-only", action="store_true", help="copies and other sizes only, not cropped or edited pictures"
    )
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--csv", action="store_true", help="a table")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some pictures could not be read."""
    from workbench.data.exporters.tables import csv_text
    from workbench.engine.picture_index import folder_entries, update_index
    from workbench.engine.similarity import duplicate_groups

    with progress("Looking at pictures") as control:
        folder = options.folder.absolute()
        index = update_index(str(folder), folder_entries(folder, control), control)
        for found in index.problems:
            problem(found)
        groups = duplicate_groups(index, edited=not options.copies_only, control=control)
    rows: list[dict[str, Any]] = []
    for number, group in enumerate(groups, 1):
        for place in group.places:
            picture = index.pictures[place]
            rows.append({
                "group": number, "keep": "best" if place == group.best else "", "picture": picture.name, "width": picture.width,
                "height": picture.height, "bytes": picture.size, "path": str(picture.path),
            })  # fmt: skip
    if options.json:
        as_json(rows)
    elif options.csv:
        out(csv_text(rows, _COLUMNS).rstrip("\r\n"))
    else:
        last = 0
        for row in rows:
            if row["group"] != last:
                last = row["group"]
                out(f"Group {last}")
            size = f"{row['width']} × {row['height']}, {row['bytes'] / 1000:,.0f} kB"
            out(f"  {'best' if row['keep'] else '    '}  {row['picture']}   ({size})")
        spare = sum(group.spare_bytes for group in groups)
        note(
            f"{len(groups):,} groups among {len(index.pictures):,} pictures; {spare / 1e6:,.1f} MB in all but the best."
        )
    return 3 if index.problems else 0
