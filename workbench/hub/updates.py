"""Is there a newer version of the app? Looked up only when a person asks, and nothing is ever installed.

What is fetched is one small JSON file: `{"format": "model-workbench-updates", "version": "1.2.0", "link": "https://…",
"published": "2026-11-25", "notes": "…"}`. Its address comes with the packaged app, and may be changed in the settings.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from workbench import __version__
from workbench.app_paths import AppPaths, resources
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub import net_settings
from workbench.hub.http import get_json

log = logging.getLogger(__name__)

FORMAT = "model-workbench-updates"
TITLE = "Looking for updates"
_LARGEST = 50_000
_LONGEST_NOTES = 2000
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class News:
    """What the note says.

    Attributes:
        newer: its version comes after the one that runs.
        link: where a person gets it; opened only when they ask.
        published: the day, ISO 8601; "" when it is not said.
    """

    version: str
    newer: bool
    link: str
    published: str = ""
    notes: str = ""

    def sentence(self) -> str:
        """What a person wants to know."""
        if not self.newer:
            return f"You have the newest version ({__version__})."
        since = f" of {self.published}" if self.published else ""
        return f"There is a newer version: {self.version}{since}. You have {__version__}."


def address(paths: AppPaths | None = None) -> str:
    """Where the note lies: what the person set, else what the app was packaged with; "" when there is none."""
    return net_settings.load(paths).updates or _packaged(resources() / "updates.json")


def set_address(text: str, paths: AppPaths | None = None) -> None:
    """Look there from now on; "" goes back to the packaged address. Raises: UserError when it is no address."""
    text = text.strip()
    if text:
        _check_address(text)
    net_settings.save(replace(net_settings.load(paths), updates=text), paths)


def look(control: Control | None = None, paths: AppPaths | None = None) -> News:
    """Fetch the note and read it.

    Raises:
        UserError: in offline mode, with no address, no network, or when what came is no such note.
        Cancelled: when asked to stop.
    """
    net_settings.require_online(TITLE, paths)
    where = address(paths)
    if not where:
        raise UserError("No address to look at is set.", "Enter the one you got the app from.")
    _check_address(where)
    return read(get_json(where, TITLE, control or Control(), most=_LARGEST))


def read(note: object) -> News:
    """A note as it came, checked. Raises: UserError when it is none."""
    wrong = UserError(
        "What came is no note on updates.", "Check the address, or look on the page you got the app from."
    )
    if not isinstance(note, dict) or note.get("format") != FORMAT:
        raise wrong
    version, link = note.get("version"), note.get("link")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise wrong
    if not isinstance(link, str) or len(link) > 2000 or not _is_page(link):
        raise wrong
    published, notes = note.get("published", ""), note.get("notes", "")
    published = published if isinstance(published, str) and _DATE.fullmatch(published) else ""
    notes = notes if isinstance(notes, str) else ""
    # Only what can be printed: no control characters, no overrides of direction.
    notes = "".join(c for c in notes if c == "\n" or c.isprintable())[:_LONGEST_NOTES].strip()
    return News(version, _numbers(version) > _numbers(__version__), link, published, notes)


def _numbers(version: str) -> tuple[int, ...]:
    """1.10.0 comes after 1.9, and 1.0 is 1."""
    found = [int(n) for n in re.findall(r"\d+", version.split("+")[0])][:4]
    return tuple(found + [0] * (4 - len(found)))


def _check_address(text: str) -> None:
    if not _is_page(text):
        raise UserError(f"“{text}” is not an address that can be trusted.", "It begins with https://.")


def _is_page(text: str) -> bool:
    """https, or http on this computer."""
    try:
        parts = urlsplit(text)
        return (
            bool(parts.hostname)
            and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in net_settings.LOOPBACK))
            and not any(c.isspace() or not c.isprintable() for c in text)
        )
    except ValueError:
        return False


def _packaged(file: Path) -> str:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["address"]
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError):
        log.exception("%s cannot be read", file.name)
        return ""
    return found if isinstance(found, str) else ""
