"""Documents of LibreOffice and others (OpenDocument 1.3): paragraphs, headings and tables, as a stream."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.documents.base import Block, Document, assembled
from workbench.data.documents.zipped import elements, opened, root, within
from workbench.errors import UserError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SUFFIXES = (".odt", ".ott")
_SPACE = "urn:oasis:names:tc:opendocument:xmlns:"
_TEXT = f"{{{_SPACE}text:1.0}}"
_TABLE = f"{{{_SPACE}table:1.0}}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_LEFT_OUT = frozenset({f"{_TEXT}tracked-changes", f"{{{_SPACE}office:1.0}}annotation", f"{_TEXT}sequence-decls"})
_PARAGRAPHS = (f"{_TEXT}p", f"{_TEXT}h")
_MOST_BLANKS = 1000


def read(path: Path, control: Control) -> Document:
    """Raises: UserError when it is protected, damaged or holds no text. Cancelled: when asked to stop."""
    with opened(path) as archive:
        manifest = root(archive, "META-INF/manifest.xml")
        if manifest is not None and any(e.tag.endswith("}encryption-data") for e in manifest.iter()):
            raise UserError("This document is protected by a password.", "Save a copy without one.")
        if "content.xml" not in archive.namelist():
            raise UserError("This is no OpenDocument text.", "Open it in its program and save it as DOCX or PDF.")
        about = root(archive, "meta.xml")
        title = (about.findtext(f".//{_TITLE}") or "").strip() if about is not None else ""
        return assembled(path, title, _blocks(archive), control)


def _blocks(archive: zipfile.ZipFile) -> Iterator[Block]:
    # document-content / body / text / its parts
    for element in elements(archive, "content.xml", 3):
        yield from _parts(element)


def _parts(element: Element) -> Iterator[Block]:
    """Blocks of a paragraph, list, section or table: a row is one block."""
    rows: list[list[str]] = []
    texts: list[list[str]] = []
    for event, at in within(element, _LEFT_OUT):
        if event == "start":
            if at.tag in _PARAGRAPHS:
                texts.append([])
            elif at.tag == f"{_TABLE}table-row":
                rows.append([])
            if texts:
                texts[-1].append(_letters(at))
            continue
        if event == "left out":
            pass
        elif at.tag in _PARAGRAPHS:
            text = "".join(texts.pop()).strip()
            if text and rows:
                rows[-1].append(text)
            elif text:
                level = at.get(f"{_TEXT}outline-level", "1") if at.tag == f"{_TEXT}h" else "0"
                yield Block(text, level=int(level) if level.isascii() and level.isdigit() else 1)
        elif at.tag == f"{_TABLE}table-row":
            cells = " | ".join(rows.pop())
            if rows and cells:
                rows[-1].append(cells)
            elif cells:
                yield Block(cells)
        if texts and at is not element:
            texts[-1].append(at.tail or "")


def _letters(element: Element) -> str:
    """What an element puts in: its own text, or the blanks it stands for."""
    if element.tag == f"{_TEXT}s":
        count = element.get(f"{_TEXT}c", "1")
        return " " * min(_MOST_BLANKS, int(count) if count.isascii() and count.isdigit() else 1)
    if element.tag == f"{_TEXT}tab":
        return "\t"
    if element.tag == f"{_TEXT}line-break":
        return "\n"
    return element.text or ""
