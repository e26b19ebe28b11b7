"""PDF, read by PDFium: the text of each page in the order it was set."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.documents.base import MAX_BYTES, Block, Document, assembled
from workbench.data.media import read_bytes
from workbench.errors import UserError

SUFFIXES = (".pdf",)
_MOST_PAGES = 20_000
# PDFium's code for a file that wants a password (fpdfview.h: FPDF_ERR_PASSWORD).
_PASSWORD = 4
# PDFium may be entered by one thread at a time.
_ALONE = threading.Lock()
_ENDS = tuple('.!?…:。！？؟।”"»)')
# PDFium gives U+FFFE for a hyphen that only parts a word at a line's end.
_SPLIT_WORD = re.compile(r"(?:\ufffe|\u00ad|\u0002)\s*\n?|(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])")


def read(path: Path, control: Control) -> Document:
    """Raises: UserError when it is protected, damaged, or its pages are pictures. Cancelled: when asked to stop."""
    import pypdfium2

    data = read_bytes(path, MAX_BYTES)
    with _ALONE:
        try:
            pdf = pypdfium2.PdfDocument(data)
            count = len(pdf)
            title = str(pdf.get_metadata_dict().get("Title") or "").strip()
        except pypdfium2.PdfiumError as error:
            raise _sentence(error) from error
    try:
        if count > _MOST_PAGES:
            raise UserError(f"This PDF has more than {_MOST_PAGES:,} pages.", "Cut it into several smaller ones.")
        blocks = list(_blocks(pdf, count, control))
    finally:
        with _ALONE:
            pdf.close()
    if not any(block.text.strip() for block in blocks):
        raise UserError(
            "The pages of this PDF are pictures; there is no text in it.",
            "Read them with “Text in pictures” on the Try page and save the answer as a searchable PDF.",
        )
    # Programs write names of files and the like as titles.
    return assembled(path, title if " " in title and "\\" not in title else path.stem, blocks, control)


def _blocks(pdf: Any, count: int, control: Control) -> Iterator[Block]:
    import pypdfium2

    for number in range(count):
        control.check()
        with _ALONE:
            try:
                page = pdf[number]
                text_page = page.get_textpage()
                text = str(text_page.get_text_bounded())
                text_page.close()
                page.close()
            except pypdfium2.PdfiumError:
                continue  # one damaged page; the others are read
        yield from (Block(paragraph, page=number + 1) for paragraph in _paragraphs(text))


def _paragraphs(text: str) -> Iterator[str]:
    """Lines joined to paragraphs: one ends at an empty line, or with a short line that ends a sentence."""
    text = _SPLIT_WORD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    lengths = sorted(len(line) for line in lines if line)
    usual = lengths[len(lengths) * 3 // 4] if lengths else 0
    waiting: list[str] = []
    for line in lines:
        if line:
            waiting.append(line)
        if waiting and (not line or (len(line) < 0.8 * usual and line.endswith(_ENDS))):
            yield " ".join(waiting)
            waiting = []
    if waiting:
        yield " ".join(waiting)


def _sentence(error: Any) -> UserError:
    if getattr(error, "err_code", None) == _PASSWORD:
        return UserError("This PDF is protected by a password.", "Open it with its password and save a copy without.")
    return UserError("This PDF is damaged.", "Copy it again from where it came from.")
