"""workbench serve: let other programs ask models, on this computer."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from workbench.cli.output import note, out


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("serve", help="let other programs ask models (HTTP)", description=__doc__)
    command.add_argument("model", nargs="+", help="ids of the models (see: workbench models list)")
    command.add_argument("--port", type=int, default=8765, help="default 8765; 0 takes a free one")
    command.add_argument(
        "--host", default="127.0.0.1",
        help="address to listen on (default 127.0.0.1: only programs of this computer). Beyond it the connection is not"
        " encrypted, and everybody in the network who has the token can ask",
    )  # fmt: skip
    command.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="holds the token; made when it is not there (default: the keyring)",
    )
    command.add_argument(
        "--origin", action="append", default=[], metavar="ADDRESS", help="a web page that may ask, for example https://example.org"
    )  # fmt: skip
    command.add_argument("--name", action="append", default=[], help="a further name this computer is reached by")
    command.add_argument("--waiting", type=int, default=32, help="requests per model taken at once (default 32)")
    command.add_argument("--most-mb", type=int, default=64, help="largest request in MB (default 64)")
    command.add_argument("--device", default="auto", help="what to compute on (default: the best there is)")
    command.add_argument("--examples", action="store_true", help="only show how the models are asked")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl+C; returns 0."""
    from workbench.app_paths import app_paths
    from workbench.catalog.catalog import Catalog
    from workbench.errors import UserError
    from workbench.hub.store import is_present
    from workbench.serve.config import MEGABYTE, ServeConfig, is_loopback
    from workbench.serve.tokens import kept_token, token_from_file

    catalog = Catalog.load()
    cards = tuple(dict.fromkeys(options.model))
    served = tuple(catalog.get(name) for name in cards)
    for card in served:
        if not is_present(card, app_paths()):
            raise UserError(
                f"“{card.name}” is not on this computer.", f"Download it: workbench models download {card.id}"
            )
    if not 1 <= options.waiting <= 10_000 or not 1 <= options.most_mb <= 2000:
        raise UserError("This many cannot be taken.", "Give --waiting 1 to 10000, --most-mb 1 to 2000.")
    kept = True
    if options.token_file:
        token = token_from_file(options.token_file)
    else:
        token, kept = kept_token()
    config = ServeConfig(
        served, token, options.host, options.port, tuple(options.origin), tuple(options.name), options.waiting,
        most_bytes=options.most_mb * MEGABYTE, device=options.device,
    ).checked()  # fmt: skip
    if options.examples:
        _show_examples(config)
        return 0
    if not is_loopback(config.host):
        note(
            "This server can be reached from other computers. What is sent is not encrypted: use it only in a network you"
            " trust, and give the token only to whom may ask."
        )
    return _serve(config, options.token_file, kept)


def _show_examples(config: Any) -> None:
    from workbench.serve.config import reached_at
    from workbench.serve.examples import examples

    for card in config.cards:
        for example in examples(f"http://{reached_at(config.host)}:{config.port}", config.token, card):
            out(f"# {card.name}: {example.title}\n{example.text}\n")


def _serve(config: Any, token_file: Path | None, kept: bool) -> int:
    import signal

    from workbench.control import Control
    from workbench.errors import Cancelled
    from workbench.serve.server import serve

    control = Control()
    # A service manager stops it with SIGTERM.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    told = False
    try:
        for number in before:
            signal.signal(number, lambda _number, _frame: control.cancel())
        for figures in serve(config, control):
            if not told:
                told = True
                out(f"Serving {', '.join(c.id for c in config.cards)} at {figures.address}")
                out(f"How to ask: {figures.address}/docs, or workbench serve … --examples")
                if token_file:
                    out(f"Token: in {token_file}")
                else:
                    # To the terminal alone, and never to the log.
                    out(f"Token: {config.token}{'' if kept else ' (for this time only: this system has no keyring)'}")
                # Whoever started this reads the address from a pipe.
                sys.stdout.flush()
                note("Ctrl+C stops it.")
    except Cancelled:
        note("Stopped.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
