"""hOCR 1.2: text that was read with the places of its words, as XHTML (Breuel 2007; spec: http://kba.github.io/hocr-spec/1.2/)."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from workbench import __version__
from workbench.data.exporters.tables import write_bytes
from workbench.data.exporters.text_pages import Corners, TextLine, TextPage
from workbench.runtimes.base import Word

# Letters stand on a line at about four fifths of the height of the place they were found in.
_BASELINE = 0.8
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="und" lang="und">
 <head>
  <title>{title}</title>
  <meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>
  <meta name="ocr-system" content="Model Workbench {version}"/>
  <meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_dir ocrp_lang"/>
  <meta name="ocr-number-of-pages" content="{pages}"/>
  <meta name="ocr-langs" content="unknown"/>
  <meta name="ocr-scripts" content="unknown"/>
 </head>
 <body>
"""


def hocr(pages: Sequence[TextPage], title: str = "") -> str:
    """One document of all pages, which parses as XML."""
    head = _HEAD.format(title=escape(_clean(title)), version=escape(__version__), pages=len(pages))
    body = "".join(line for number, page in enumerate(pages) for line in _page(number, page))
    return f"{head}{body} </body>\n</html>\n"


def write_hocr(path: Path, pages: Sequence[TextPage], title: str = "") -> None:
    """Write atomically. Raises: UserError when it cannot be written."""
    write_bytes(path, hocr(pages, title).encode())


def _page(number: int, page: TextPage) -> Iterator[str]:
    # A file's name in quotation marks, so it may hold none itself; and many readers part properties at any semicolon.
    name = _clean(page.name).replace('"', "'").replace(";", ",")
    title = f'image "{name}"; bbox 0 0 {page.width} {page.height}; ppageno {number}'
    yield f'  <div class="ocr_page" id="page_{number + 1}" title={quoteattr(title)}>\n'
    towards = ' dir="rtl"' if page.to_left() else ""
    place = f"{number + 1}_"
    lines = words = 0
    for count, block in enumerate(page.blocks(), 1):
        around = _bbox([corner for line in block for corner in line.corners], page)
        yield f'   <div class="ocr_carea" id="block_{place}{count}" title="{around}">\n'
        yield f'    <p class="ocr_par" id="par_{place}{count}"{towards} title="{around}">\n'
        for line in block:
            lines += 1
            yield f'     <span class="ocr_line" id="line_{place}{lines}" title="{_line(line, page)}">'
            for word in line.pieces():
                words += 1
                yield _word(f"word_{place}{words}", word, page)
            yield "</span>\n"
        yield "    </p>\n   </div>\n"
    yield "  </div>\n"


def _word(identity: str, word: Word, page: TextPage) -> str:
    title = f"{_bbox(word.corners, page)}; x_wconf {round(100 * min(1.0, max(0.0, word.score)))}"
    text = escape(_clean(word.text))
    return f'<span class="ocrx_word" id="{identity}" title="{title}">{text}</span>{" " if word.blank_after else ""}'


def _line(line: TextLine, page: TextPage) -> str:
    title = _bbox(line.corners, page)
    if abs(line.angle) >= 45:
        return f"{title}; textangle {line.angle:.1f}"
    # The line the letters stand on: its slope, and its height over the lower left corner of the box.
    (x0, y0), (x1, y1), _, (x3, y3) = line.corners[:4]
    slope = (y1 - y0) / (x1 - x0) if x1 != x0 else 0.0
    left, bottom = (min(x for x, _ in line.corners), max(y for _, y in line.corners))
    at = (x0 + _BASELINE * (x3 - x0), y0 + _BASELINE * (y3 - y0))
    return f"{title}; baseline {slope:.4f} {at[1] + slope * (left - at[0]) - bottom:.1f}"


def _bbox(corners: Sequence[tuple[float, float]] | Corners, page: TextPage) -> str:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    edges = (
        max(0, math.floor(min(xs))),
        max(0, math.floor(min(ys))),
        min(page.width, math.ceil(max(xs))),
        min(page.height, math.ceil(max(ys))),
    )
    return "bbox " + " ".join(str(edge) for edge in edges)


def _clean(text: str) -> str:
    """Without what XML does not allow, and without marks of direction, which hOCR does not."""
    return "".join(
        c
        for c in text
        if (unicodedata.category(c) not in ("Cc", "Cs") or c in "\t\n") and c not in "\ufffe\uffff\u200e\u200f"
    )
