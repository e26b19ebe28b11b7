"""Documents as people have them: text with its place, whatever the file's kind.

One module per kind with `SUFFIXES` and `read(path, control) -> Document`. Reading is bounded and never leaves the file:
no network, no entities, no scripts.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from workbench.control import Control
from workbench.data.documents.base import Block, Document, Piece
from workbench.errors import UserError

__all__ = ["Block", "Document", "Piece", "document_suffixes", "is_document", "other_document", "read_document"]

_KINDS = ("plain", "markdown", "pdf", "docx", "odt", "html", "epub")
# What people also have, and what to do about it.
_OTHERS = {
    ".doc": "Open it in its program and save it as DOCX or PDF.",
    ".rtf": "Open it in its program and save it as DOCX or PDF.",
    ".pages": "Open it in its program and save it as DOCX or PDF.",
}


@cache
def _readers() -> dict[str, str]:
    """Module name by ending."""
    found: dict[str, str] = {}
    for name in _KINDS:
        module = import_module(f"{__name__}.{name}")
        found |= dict.fromkeys(module.SUFFIXES, name)
    return found


def document_suffixes() -> tuple[str, ...]:
    """Endings of the files that can be read (".pdf")."""
    return tuple(_readers())


def is_document(path: Path) -> bool:
    """By its ending."""
    return path.suffix.lower() in _readers()


def other_document(path: Path) -> bool:
    """True for documents of a kind people have too, but which cannot be read."""
    return path.suffix.lower() in _OTHERS


def read_document(path: Path, control: Control | None = None) -> Document:
    """Read a document of any known kind.

    Raises:
        UserError: when it cannot be read, is protected, or holds no text; the sentence says why.
        Cancelled: when asked to stop.
    """
    suffix = path.suffix.lower()
    name = _readers().get(suffix)
    if name is None:
        raise UserError(
            "Documents of this kind cannot be read.",
            _OTHERS.get(suffix, "PDF, DOCX, ODT, EPUB, HTML, MD and TXT can."),
        )
    found: Document = import_module(f"{__name__}.{name}").read(path, control or Control())
    return found
