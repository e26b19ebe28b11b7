"""workbench models: what models there are."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli import speed
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
    fetch.add_argument("model", help="id of the catalogue, or OWNER/NAME on the Hugging Face hub")
    fetch.add_argument("--allow-pickle", action="store_true", help="also take weights in the old pickle format")
    fetch.set_defaults(run=run_download)
    search = actions.add_parser("search", help="search the Hugging Face hub (needs the internet)")
    search.add_argument("words", nargs="*")
    search.add_argument("--task", default="")
    search.add_argument("--licence", default="")
    search.add_argument("--limit", type=int, default=20)
    search.add_argument("--json", action="store_true")
    search.set_defaults(run=run_search)
    storage = actions.add_parser("storage", help="what downloads lie on this computer")
    storage.add_argument("--check", action="store_true", help="compare all files with what was downloaded")
    storage.add_argument("--repair", action="store_true", help="fetch damaged files again")
    storage.add_argument("--delete", metavar="MODEL", help="delete one download")
    storage.add_argument("--move", metavar="FOLDER", help="move all downloads to an empty folder")
    storage.add_argument("--json", action="store_true")
    storage.set_defaults(run=run_storage)
    speed.add(actions)
    online = actions.add_parser(
        "connect", help="add a model on an OpenAI-compatible server (what you enter is sent there)"
    )
    online.add_argument("address", help="for example https://api.openai.com/v1")
    online.add_argument("model", help="the model's name on the server")
    online.add_argument("--name", default="")
    online.set_defaults(run=run_connect)


def run_list(options: argparse.Namespace) -> int:
    """One line per model."""
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import is_present

    found = Catalog.load().search(
        options.search,
        options.task,
        present=(lambda card: not card.is_remote and is_present(card)) if options.offline else None,
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
    """Fetch one model, of the catalogue or of the hub."""
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import download

    catalog = Catalog.load()
    with progress(f"Downloading {options.model}") as control:
        if "/" in options.model:
            from workbench.catalog.card import ModelCard, Source
            from workbench.hub.live import complete

            repo = options.model.removeprefix("hub:")
            short = ModelCard(f"hub:{repo}", repo.split("/")[-1], ("",), "", "", Source("huggingface", repo))
            card = complete(short, control)
            catalog.remember(card)
        else:
            card = catalog.get(options.model)
        found = download(card, control, allow_pickle=options.allow_pickle)
    out(f"“{card.name}” is ready: {found.path}")
    return 0


def run_search(options: argparse.Namespace) -> int:
    """Models of the hub, a line each."""
    from workbench.hub.live import search_hub

    with progress("Searching") as control:
        found = search_hub(" ".join(options.words), options.task, options.licence, limit=options.limit, control=control)
    if options.json:
        as_json([c.to_json() for c in found])
        return 0
    for card in found:
        size = f"{card.source.size / 1e6:,.0f} MB" if card.source.size else "?"
        out(f"{card.source.ref:60} {size:>10}  {card.licence or 'licence not stated'}  {', '.join(card.tasks)}")
    return 0


def run_storage(options: argparse.Namespace) -> int:
    """Returns 1 when a file is damaged and was not mended."""
    from pathlib import Path

    from workbench.cli.output import note
    from workbench.errors import UserError
    from workbench.hub.cache import Cache

    cache = Cache()
    with progress("Looking at the downloads") as control:
        if options.move:
            cache.move(Path(options.move), control)
        stored = cache.entries(control)
        if options.delete:
            chosen = [s for s in stored if s.id == options.delete]
            if not chosen:
                raise UserError(f"There is no download “{options.delete}”.", "See: workbench models storage")
            cache.delete(chosen[0])
            stored = cache.entries(control)
        damaged: dict[str, list[str]] = {}
        for entry in stored if options.check or options.repair else ():
            if entry.shared or entry.partial:
                continue
            try:
                wrong = cache.verify(entry, control)
                if wrong and options.repair:
                    cache.repair(entry, control)
                    note(f"{entry.id}: mended.")
                elif wrong:
                    damaged[entry.id] = wrong
            except UserError as error:
                note(f"{entry.id}: {error}")
    if options.json:
        as_json([{"id": s.id, "name": s.name, "bytes": s.size, "path": str(s.path), "last_used": s.last_used, "pinned": s.pinned,
                  "projects": list(s.projects), "partial": s.partial, "shared": s.shared, "damaged": damaged.get(s.id, [])} for s in stored])  # fmt: skip
        return 1 if damaged else 0
    for entry in stored:
        state = (
            "damaged"
            if entry.id in damaged
            else "other programs'"
            if entry.shared
            else "partial"
            if entry.partial
            else ""
        )
        out(f"{entry.id:50} {entry.size / 1e6:>10,.0f} MB  {state}")
    out(f"{cache.folder}: {cache.free_space() / 1e9:,.0f} GB free")
    return 1 if damaged else 0


def run_connect(options: argparse.Namespace) -> int:
    """Add a hosted model; its key is read from a prompt, never from the command line."""
    import sys
    from getpass import getpass

    from workbench.engine.adopt import connect
    from workbench.hub.token import set_endpoint_key

    if sys.stdin.isatty() and (key := getpass("Key (empty for none): ")):
        set_endpoint_key(options.address, key)
    card = connect(options.name or options.model, options.address, options.model)
    out(f"“{card.name}” is added. What you enter into it is sent to {options.address}. Use it with: --model {card.id}")
    return 0
