"""workbench models: what models there are."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli.output import as_json, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("models", help="list, show, download models", description=__doc__)
    actions = command.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="all models of the catalogue and your own")
    listing.add_argument("--search", default="")
    listing.add_argument("--task", default="")
    listing.add_argument("--offline", action="store_true", help="only those that work without internet")
    listing.add_argument("--mine", action="store_true", help="only your own")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=run_list)
    show = actions.add_parser("show", help="all about one model")
    show.add_argument("model")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=run_show)
    fetch = actions.add_parser("download", help="fetch a model (needs the internet)")
    fetch.add_argument("model")
    fetch.set_defaults(run=run_download)


def run_list(options: argparse.Namespace) -> int:
    """One line per model."""
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import is_present

    found = Catalog.load().search(
        options.search,
        options.task,
        present=is_present if options.offline else None,
        own=True if options.mine else None,
    )
    if options.json:
        as_json([c.to_json() for c in found])
        return 0
    for card in found:
        where = "yours" if card.is_own else "built in" if card.starter else f"{card.source.size / 1e6:,.0f} MB"
        out(f"{card.id:36} {where:>10}  {card.name}: {card.summary}")
    return 0


def run_show(options: argparse.Namespace) -> int:
    """All about one model, in words."""
    import psutil

    from workbench.catalog.catalog import Catalog
    from workbench.catalog.fit import runs_here
    from workbench.hub.store import is_present

    card = Catalog.load().get(options.model)
    if options.json:
        as_json(card.to_json() | {"present": is_present(card)})
        return 0
    out(card.name)
    for title, text in (
        ("What it does", card.summary),
        ("Trained on", card.trained_on),
        ("Good at", card.strengths),
        ("Limits", card.limits),
        ("Licence", f"{card.licence} {card.licence_url}"),
        ("Size", f"{card.parameters:,} weights, {card.source.size / 1e6:,.0f} MB"),
        ("Paper", card.paper),
        ("Classes", ", ".join(card.label_names)),
        ("Here", runs_here(card, psutil.virtual_memory().total).sentence),
        ("On this computer", "yes" if is_present(card) else f"no; get it with: workbench models download {card.id}"),
    ):
        if text.strip():
            out(f"  {title}: {text}")
    return 0


def run_download(options: argparse.Namespace) -> int:
    """Fetch one model."""
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import download

    card = Catalog.load().get(options.model)
    with progress(f"Downloading {card.name}") as control:
        found = download(card, control)
    out(f"“{card.name}” is ready: {found.path}")
    return 0
