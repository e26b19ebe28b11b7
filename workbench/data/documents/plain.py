"""Plain text: paragraphs parted by empty lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from workbench.control import Control
from workbench.data.documents.base import Block, Document, assembled
from workbench.data.media import read_text_file

SUFFIXES = (".txt", ".text")
_EMPTY = re.compile(r"\n[^\S\n]*\n")


def read(path: Path, control: Control) -> Document:
    """Raises: UserError when it is no text."""
    return assembled(path, path.stem, map(Block, paragraphs(read_text_file(path))), control)


def paragraphs(text: str) -> Iterator[str]:
    """What lies between empty lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    at = 0
    for gap in _EMPTY.finditer(text):
        yield text[at : gap.start()]
        at = gap.end()
    yield text[at:]
