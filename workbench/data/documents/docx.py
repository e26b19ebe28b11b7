"""Word documents (ECMA-376, WordprocessingML): paragraphs, headings, tables, text boxes and notes, as a stream."""

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

SUFFIXES = (".docx", ".docm")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
# What is there twice for old programs; what was deleted with changes tracked.
_LEFT_OUT = frozenset({
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback", f"{_W}del", f"{_W}moveFrom",
})  # fmt: skip
_LETTERS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "\u2011"}


def read(path: Path, control: Control) -> Document:
    """Raises: UserError when it is protected, damaged or holds no text. Cancelled: when asked to stop."""
    with opened(path) as archive:
        if "word/document.xml" not in archive.namelist():
            raise UserError("This is no Word document.", "Open it in its program and save it as DOCX or PDF.")
        core = root(archive, "docProps/core.xml")
        title = (core.findtext(f".//{_TITLE}") or "").strip() if core is not None else ""
        # The template's own title says nothing of the document.
        return assembled(path, "" if title == "Word Document" else title, _blocks(archive), control)


def _blocks(archive: zipfile.ZipFile) -> Iterator[Block]:
    levels = _levels(archive)
    for element in elements(archive, "word/document.xml", 2):
        yield from _parts(element, levels)
    for name, kind in (("word/footnotes.xml", "footnote"), ("word/endnotes.xml", "endnote")):
        for note in elements(archive, name, 1):
            # The separator line is a note too.
            if note.tag == f"{_W}{kind}" and note.get(f"{_W}type") in (None, "normal"):
                yield from _parts(note, {})


def _levels(archive: zipfile.ZipFile) -> dict[str, int]:
    """Levels of the styles that are headings."""
    found: dict[str, int] = {}
    styles = root(archive, "word/styles.xml")
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        name = style.find(f"{_W}name")
        words = (name.get(f"{_W}val") or "").lower() if name is not None else ""
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        level = _number(outline.get(f"{_W}val")) + 1 if outline is not None else 0
        if words == "title":
            level = 1
        elif words.startswith("heading "):
            level = _number(words.removeprefix("heading ")) or level
        if 1 <= level <= 9:
            found[style.get(f"{_W}styleId") or ""] = level
    return found


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


def _parts(element: Element, levels: dict[str, int]) -> Iterator[Block]:
    """Blocks of a paragraph, or of a table: a row is one block. A text box follows the paragraph it hangs on."""
    rows: list[list[str]] = []  # open rows of tables, the innermost last
    texts: list[list[str]] = []  # open paragraphs: one in a text box lies in another
    styles: list[int] = []
    waiting: list[Block] = []
    for event, at in within(element, _LEFT_OUT):
        if event == "start":
            if at.tag == f"{_W}p":
                texts.append([])
                styles.append(0)
            elif at.tag == f"{_W}tr":
                rows.append([])
            elif texts and at.tag == f"{_W}t":
                texts[-1].append(at.text or "")
            elif texts and at.tag in _LETTERS:
                texts[-1].append(_LETTERS[at.tag])
            elif texts and at.tag == f"{_W}pStyle":
                styles[-1] = levels.get(at.get(f"{_W}val") or "", 0)
        elif event == "left out":
            continue
        elif at.tag == f"{_W}p":
            text, level = "".join(texts.pop()).strip(), styles.pop()
            if text and rows:
                rows[-1].append(text)
            elif text and texts:
                waiting.append(Block(text, level=level))
            elif text:
                yield Block(text, level=level)
            if not texts and not rows:
                yield from waiting
                waiting = []
        elif at.tag == f"{_W}tr":
            cells = " | ".join(rows.pop())
            if rows and cells:
                rows[-1].append(cells)
            elif cells:
                yield Block(cells)
            if not rows:
                yield from waiting
                waiting = []
