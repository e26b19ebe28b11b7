"""What a document is once it is read: its text in pieces, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workbench.control import Control
from workbench.errors import UserError

MAX_BYTES = 300_000_000
MAX_CHARACTERS = 50_000_000
_LONGEST_TITLE = 120
_GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading or row of a table as a reader gives it.

    Attributes:
        page: from 1; 0 where a document has no pages.
        level: of a heading, from 1; 0 for other text.
    """

    text: str
    page: int = 0
    level: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A block in a document's text: characters `start` to `end` (one past the last), and its place in words."""

    start: int
    end: int
    place: str
    level: int = 0


@dataclass(frozen=True)
class Document:
    """A document that was read. `text`: all of it, blocks parted by an empty line; `pieces`: the blocks in order."""

    path: Path
    title: str
    text: str
    pieces: tuple[Piece, ...]


def assembled(path: Path, title: str, blocks: Iterable[Block], control: Control | None = None) -> Document:
    """Blocks to a document; each one's place is its page, else its heading, else its number.

    Raises:
        UserError: when there is no text, or too much of it.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    parts: list[str] = []
    pieces: list[Piece] = []
    at, heading, number = 0, "", 0
    for block in blocks:
        control.check()
        text = block.text.replace("\0", "").strip()
        if not text:
            continue
        if block.level:
            heading = " ".join(text.split())[:_LONGEST_TITLE]
            title = title or heading
        else:
            number += 1
        place = f"page {block.page}" if block.page else f"“{heading}”" if heading else f"paragraph {number}"
        pieces.append(Piece(at, at + len(text), place, block.level))
        parts.append(text)
        at += len(text) + len(_GAP)
        if at > MAX_CHARACTERS:
            raise UserError(
                "This document holds more than fifty million letters.", "Cut it into several smaller documents."
            )
    if not pieces:
        raise UserError("There is no text in this document.", "Choose another one.")
    return Document(path, " ".join(title.split())[:_LONGEST_TITLE] or path.stem, _GAP.join(parts), tuple(pieces))
