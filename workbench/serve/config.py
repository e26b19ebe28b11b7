"""How a server is to be, as plain data."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field

from workbench.catalog.card import ModelCard
from workbench.errors import UserError

LOOPBACK = "127.0.0.1"
PORT = 8765
MEGABYTE = 1_000_000
_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]{1,253}", re.IGNORECASE)


@dataclass(frozen=True)
class ServeConfig:
    """What a server is started with.

    Attributes:
        cards: the models that may be asked, by their ids.
        host: address it listens on; beyond loopback only when the person said so.
        port: 0 takes a free one.
        token: what every request must bring.
        origins: web pages ("https://example.org") that may ask from a browser; none by default.
        names: further names this computer is reached by (the Host header of requests).
        waiting: so many requests per model are taken at once; more are told to come back.
        at_once: so many of them are computed together at most.
        most_bytes: largest body of a request.
        slow_seconds: a client that sends nothing for so long in the middle of its request is let go.
        device: as `workbench.runtimes.devices` names it.
    """

    cards: tuple[ModelCard, ...]
    token: str = field(repr=False)
    host: str = LOOPBACK
    port: int = PORT
    origins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    waiting: int = 32
    at_once: int = 16
    most_bytes: int = 64 * MEGABYTE
    slow_seconds: float = 20.0
    device: str = "auto"

    def checked(self) -> ServeConfig:
        """Itself. Raises: UserError when it cannot be served like this."""
        if not self.cards:
            raise UserError("There is no model to serve.", "Choose at least one.")
        for card in self.cards:
            if card.is_remote:
                raise UserError(
                    f"“{card.name}” runs on another server, and what it is given goes there.",
                    "Let your program ask that server itself, or choose a model of this computer.",
                )
        if not self.token.isascii() or len(self.token) < 16 or any(c.isspace() for c in self.token):
            raise UserError(
                "The token is too weak: at least 16 letters and digits without blanks.", "Let the app make one."
            )
        if not 0 <= self.port <= 65535:
            raise UserError("A port is a number from 1 to 65535.", f"Take {PORT}.")
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise UserError(f"“{origin}” is not the address of a web page.", "For example: https://example.org")
        return self


def is_loopback(host: str) -> bool:
    """Only programs of this computer reach it there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_names(host: str, more: tuple[str, ...] = ()) -> frozenset[str]:
    """Names by which requests may call this computer, in small letters; any other is a page that was led here under a
    name of its own (DNS rebinding)."""
    names = {"localhost", LOOPBACK, "::1", host.casefold(), *(n.casefold() for n in more)}
    if not is_loopback(host):
        own = socket.gethostname().casefold()
        names |= {own, f"{own}.local", *_addresses()}
    # Listening everywhere is no name.
    return frozenset(names - {"0.0.0.0", "::", ""})


def _addresses() -> set[str]:
    """Of all network cards."""
    import psutil

    kinds = (socket.AF_INET, socket.AF_INET6)
    cards = psutil.net_if_addrs().values()
    return {a.address.partition("%")[0].casefold() for card in cards for a in card if a.family in kinds}


def reached_at(host: str) -> str:
    """The address to give to others, where it listens on all of them."""
    if host not in ("0.0.0.0", "::"):
        return f"[{host}]" if ":" in host else host
    outward = sorted(a for a in _addresses() if ":" not in a and not is_loopback(a))
    return outward[0] if outward else LOOPBACK
