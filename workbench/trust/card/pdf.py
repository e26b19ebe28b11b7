"""A model card as PDF: bookmarks, page numbers, text that can be selected and searched, letters of all scripts there are
fonts for. Written with fpdf2; letters are shaped and turned by HarfBuzz and the Unicode bidirectional algorithm."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.exporters.tables import write_bytes
from workbench.trust.card.fonts import FAMILY, Letters
from workbench.trust.card.parts import (
    LONGEST,
    SHORT,
    Bullets,
    Card,
    Example,
    Facts,
    Gallery,
    Gauge,
    Heading,
    Line,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
    Tone,
    plain,
    shown,
    words_of,
)

Colour = tuple[int, int, int]
_INK, _SOFT, _RULE, _ACCENT = (31, 35, 40), (96, 101, 108), (222, 217, 208), (31, 111, 92)
_TONES: dict[Tone, Colour] = {
    "good": (0, 115, 86), "bad": (170, 45, 38), "warn": (150, 96, 0), "other": (0, 98, 155)
}  # fmt: skip
_MARGIN, _BOTTOM, _GAP = 20.0, 20.0, 5.0
_ACROSS, _HIGH = 3, 40.0
# Points to millimetres, and the height of a line as a share of its letters.
_MM, _LEADING = 25.4 / 72, 1.45


def write_pdf(card: Card, path: Path, control: Control | None = None) -> Path:
    """Write atomically. Raises: UserError when it cannot be written. Cancelled."""
    write_bytes(path, pdf_bytes(card, control))
    return path


def pdf_bytes(card: Card, control: Control | None = None) -> bytes:
    """The whole file. Raises: Cancelled."""
    return _Writer(card, control or Control()).bytes()


class _Writer:
    def __init__(self, card: Card, control: Control) -> None:
        import logging

        from fpdf import FPDF

        # Both tell every step of theirs.
        for chatty in ("fontTools.subset", "fpdf"):
            logging.getLogger(chatty).setLevel(logging.ERROR)
        self.card, self.control = card, control
        control.check()  # the library may just have been loaded
        title = shown(card.title, SHORT)

        class Pages(FPDF):  # type: ignore[misc]
            """With the model's name and the page's number at the foot."""

            def footer(pages) -> None:  # noqa: N805
                pages.set_y(-14)
                pages.set_font(FAMILY, "", 8)
                pages.set_text_color(*_SOFT)
                name = self.letters.fitted(title if len(title) <= 70 else f"{title[:69]}…")
                pages.cell(pages.epw - 20, 5, name, align="L")
                pages.cell(20, 5, f"Page {pages.page_no()}", align="R")

        self.pdf: Any = Pages(format="A4")
        self.pdf.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.pdf.c_margin = 0
        self.pdf.set_auto_page_break(True, _BOTTOM)
        self.letters = Letters(self.pdf, self.control)
        self.letters.need(shown(text) for text in _texts(card))
        self.pdf.set_text_shaping(True)
        self.pdf.set_title(title)
        self.pdf.set_subject("Model card")
        self.pdf.set_creator(card.app)
        self.pdf.set_lang("en")

    def bytes(self) -> bytes:
        pdf, card = self.pdf, self.card
        pdf.add_page()
        self._text(shown(card.title, SHORT), 22, bold=True)
        self._text(shown(card.subtitle), 10, colour=_SOFT)
        pdf.ln(1)
        made = f"Made {card.made[:10]} with {card.app}." if card.made else f"Made with {card.app}."
        for note in (*card.notes, made, self.letters.note()):
            if note:
                self._text(shown(note), 8.5, colour=_SOFT)
        for section in card.sections:
            self.control.check()
            self._section(section)
        self.control.check()
        return bytes(pdf.output())

    # Text -------------------------------------------------------------------------------------------------------------

    def _font(self, size: float, bold: bool = False, colour: Colour = _INK, struck: bool = False) -> None:
        self.pdf.set_font(FAMILY, "B" if bold else "", size)
        self.pdf.set_text_color(*colour)

    def _room(self, height: float) -> None:
        """A new page when so much (in mm) does not fit on this one."""
        if self.pdf.get_y() + height > self.pdf.h - _BOTTOM and self.pdf.get_y() > _MARGIN + 1:
            self.pdf.add_page()

    def _text(self, text: str, size: float, *, bold: bool = False, colour: Colour = _INK, width: float = 0) -> None:
        self._font(size, bold, colour)
        self.pdf.multi_cell(
            width, size * _MM * (1.25 if size > 14 else _LEADING), self.letters.fitted(text),
            align="R" if _is_turned(text) else "L", new_x="LMARGIN", new_y="NEXT",
        )  # fmt: skip

    def _line(self, line: Line, size: float, soft: bool = False, longest: int = LONGEST) -> None:
        """A line of words that may differ, between the margins of now, and the end of it."""
        pieces = words_of(line)
        if len(pieces) == 1 and not pieces[0].tone and not pieces[0].style:
            self._text(shown(pieces[0].text, longest), size, colour=_SOFT if soft else _INK)
            return
        height, left = size * _MM * _LEADING, longest
        for words in pieces:
            if left <= 0:
                break
            text = shown(words.text, left)
            left -= len(text)
            colour = _TONES.get(words.tone) or (_SOFT if soft or words.style in ("soft", "struck") else _INK)
            if words.tone and words.strength < 1:
                colour = _between(_INK, colour, 0.25 + 0.75 * max(0.0, words.strength))
            self._font(size, words.style == "strong" or bool(words.tone), colour)
            before = " " if words.text[:1].isspace() else ""
            after = " " if words.text[-1:].isspace() and words.text.strip() else ""
            if words.style == "struck":
                text = f"[{text}]"
            self.pdf.write(height, f"{before}{self.letters.fitted(text)}{after}")
        self.pdf.ln(height)

    # Sections -----------------------------------------------------------------------------------------------------------

    def _section(self, section: Section) -> None:
        pdf = self.pdf
        self._room(34)
        pdf.ln(5)
        pdf.set_draw_color(*_RULE)
        pdf.set_line_width(0.3)
        pdf.line(_MARGIN, pdf.get_y(), pdf.w - _MARGIN, pdf.get_y())
        pdf.ln(4)
        pdf.start_section(self.letters.fitted(shown(section.title, SHORT)), 0)
        self._text(shown(section.title, SHORT), 15, bold=True)
        pdf.ln(1)
        if section.sentence:
            self._text(shown(section.sentence), 11)
        self._parts(section.parts)
        if section.expert:
            self._room(24)
            pdf.ln(3)
            self._text("For experts", 9, bold=True, colour=_SOFT)
            self._parts(section.expert, 9)

    def _parts(self, parts: Sequence[Part], size: float = 10) -> None:
        for place, part in enumerate(parts):
            self.control.check()
            follows = parts[place + 1] if place + 1 < len(parts) else None
            if isinstance(part, Heading) and isinstance(follows, Picture | Gallery):
                self._room(80)  # a heading stays with what it is about
            self._part(part, size)

    def _part(self, part: Part, size: float) -> None:
        pdf = self.pdf
        pdf.set_x(_MARGIN)
        if isinstance(part, Heading):
            self._room(22)
            pdf.ln(3)
            self._text(shown(part.text, SHORT), size + 0.5, bold=True)
        elif isinstance(part, Paragraph):
            pdf.ln(1.2)
            self._line(part.line, size if not part.soft else size - 1, part.soft)
        elif isinstance(part, Bullets):
            for line in part.lines:
                self._bullet(line, size)
        elif isinstance(part, Table):
            self._table(part)
        elif isinstance(part, Facts):
            self._facts(part, size)
        elif isinstance(part, Picture):
            self._picture(part)
        elif isinstance(part, Gauge):
            self._gauge(part)
        else:
            self._gallery(part)

    def _bullet(self, line: Line, size: float) -> None:
        pdf = self.pdf
        pdf.ln(0.6)
        self._room(size * _MM * _LEADING)
        self._font(size)
        pdf.set_x(_MARGIN + 1)
        pdf.cell(4, size * _MM * _LEADING, "•")
        with _Margins(self, _MARGIN + 5, _MARGIN):
            self._line(line, size)

    def _facts(self, part: Facts, size: float) -> None:
        pdf = self.pdf
        pdf.ln(1.5)
        height, name_width = size * _MM * _LEADING, 48.0
        for name, value in part.rows:
            self._room(2 * height)
            top, page = pdf.get_y(), pdf.page
            self._font(size, colour=_SOFT)
            pdf.multi_cell(
                name_width - 4, height, self.letters.fitted(shown(name, SHORT)), align="L", new_x="RIGHT", new_y="NEXT"
            )
            below = pdf.get_y() if pdf.page == page else top
            if pdf.page == page:
                pdf.set_y(top)
            with _Margins(self, _MARGIN + name_width, _MARGIN):
                self._line(value, size)
            if pdf.page == page:
                pdf.set_y(max(below, pdf.get_y()))
            pdf.set_x(_MARGIN)
            pdf.ln(0.8)

    # Tables, pictures -----------------------------------------------------------------------------------------------------

    def _table(self, part: Table) -> None:
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace

        pdf, columns = self.pdf, len(part.headings)
        if not columns or not part.rows:
            return
        size = 9.0 if columns <= 6 else 8.0 if columns <= 9 else 7.0
        self._room(20)
        pdf.ln(2)
        widths = _widths(part, size, pdf.epw - 0.1)
        self._font(size)
        pdf.set_draw_color(*_RULE)
        pdf.set_fill_color(255, 255, 255)  # of cells without a ground of their own
        aligned = ("LEFT", *(("RIGHT" if part.numbers else "LEFT"),) * (columns - 1))
        heads = FontFace(emphasis="BOLD", color=_SOFT)
        with pdf.table(
            col_widths=widths, width=sum(widths), align="LEFT", text_align=aligned, line_height=size * _MM * 1.4,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES, headings_style=heads, padding=(1.1, 1.6), v_align="TOP",
        ) as table:  # fmt: skip
            for row in (part.headings, *part.rows):
                place = table.row()
                y = len(table.rows) - 2
                for x, cell in enumerate(row):
                    shade = part.shades[y][x] if part.shades and y >= 0 else 0.0
                    style = FontFace(fill_color=_between((255, 255, 255), _ACCENT, shade * 0.6)) if shade > 0 else None
                    place.cell(self.letters.fitted(shown(cell, SHORT)), style=style)
        pdf.ln(1)
        if part.note:
            self._text(shown(part.note), 8.5, colour=_SOFT)

    def _picture(self, part: Picture) -> None:
        pdf = self.pdf
        width = pdf.epw * min(1.0, max(0.1, part.width))
        high = _drawn_height(part.data, width)
        if high > 200:
            width, high = width * 200 / high, 200.0
        self._room(high + 12)
        pdf.ln(2)
        pdf.image(io.BytesIO(part.data), x=_MARGIN, w=width, alt_text=shown(part.alt, SHORT))
        pdf.set_x(_MARGIN)
        if part.caption:
            pdf.ln(1)
            self._line(part.caption, 8.5, soft=True)

    def _gauge(self, part: Gauge) -> None:
        pdf = self.pdf
        self._room(40)
        pdf.ln(3)
        self._text(f"{part.value:.1%}", 30, bold=True)
        self._text(shown(part.words), 10, colour=_SOFT)
        top, wide = pdf.get_y() + 3, min(120.0, pdf.epw)
        pdf.set_fill_color(*_between((255, 255, 255), _ACCENT, 0.14))
        pdf.rect(_MARGIN, top, wide, 3.2, style="F", round_corners=True, corner_radius=1.6)
        low, high = max(0.0, part.low), min(1.0, part.high)
        pdf.set_fill_color(*_between((255, 255, 255), _ACCENT, 0.42))
        pdf.rect(_MARGIN + low * wide, top, max(0.5, (high - low) * wide), 3.2, style="F")
        pdf.set_fill_color(*_ACCENT)
        pdf.rect(_MARGIN + min(1.0, max(0.0, part.value)) * wide - 0.5, top - 0.8, 1, 4.8, style="F")
        pdf.set_y(top + 5)
        if part.baseline >= 0:
            place = _MARGIN + min(1.0, part.baseline) * wide
            pdf.set_draw_color(*_INK)
            pdf.line(place, top - 0.8, place, top + 4)
            self._font(8.5, colour=_SOFT)
            words = self.letters.fitted(shown(f"{part.baseline_words}: {part.baseline:.0%}", SHORT))
            room = pdf.get_string_width(words) + 3
            pdf.set_x(max(_MARGIN - 1, min(place - room / 2, pdf.w - _MARGIN - room)))
            pdf.cell(room, 4, words, align="C", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2)

    def _gallery(self, part: Gallery) -> None:
        if any(e.picture for e in part.examples):
            for at in range(0, len(part.examples), _ACROSS):
                self.control.check()
                self._examples_beside(part.examples[at : at + _ACROSS])
        else:
            for example in part.examples:
                self.control.check()
                self._example_of_words(example)

    def _examples_beside(self, examples: Sequence[Example]) -> None:
        """Up to three with their pictures above their captions."""
        pdf = self.pdf
        wide = (pdf.epw - (_ACROSS - 1) * _GAP) / _ACROSS
        self._font(8.5)
        line = 8.5 * _MM * _LEADING
        captions = [_caption_of(e) for e in examples]
        lines = [
            pdf.multi_cell(
                wide, line, self.letters.fitted(shown(plain(c), SHORT)), dry_run=True, output="HEIGHT", align="L"
            )
            for c in captions
        ]
        pictures = [[d for d in (e.picture, e.more) if d] for e in examples]
        high = max((sum(min(_HIGH, _drawn_height(d, wide)) + 2 for d in ps) for ps in pictures), default=0.0)
        self._room(min(high + max(lines) + 8, 230))
        pdf.ln(2)
        top = pdf.get_y()
        ends = [top]
        for number, (example, caption) in enumerate(zip(examples, captions, strict=True)):
            left, y = _MARGIN + number * (wide + _GAP), top
            for data in pictures[number]:
                drawn = _drawn_height(data, wide)
                size = (wide, drawn) if drawn <= _HIGH else (wide * _HIGH / drawn, _HIGH)
                pdf.image(io.BytesIO(data), x=left, y=y, w=size[0], h=size[1], alt_text=shown(example.name, SHORT))
                y += size[1] + 2
            pdf.set_y(y)
            with _Margins(self, left, pdf.w - left - wide):
                self._line(caption, 8.5, longest=SHORT)
            ends.append(pdf.get_y())
        pdf.set_xy(_MARGIN, max(ends))

    def _example_of_words(self, example: Example) -> None:
        pdf = self.pdf
        self._room(18)
        pdf.ln(2)
        page, top = pdf.page, pdf.get_y()
        with _Margins(self, _MARGIN + 4, _MARGIN):
            self._line(example.text or shown(example.name, SHORT), 9.5, longest=1200)
            self._line(example.caption, 8.5, soft=True)
        if pdf.page == page:
            pdf.set_fill_color(*_RULE)
            pdf.rect(_MARGIN, top, 0.8, pdf.get_y() - top, style="F")


class _Margins:
    """Text between other margins for a while; afterwards at the left margin of the page."""

    def __init__(self, writer: _Writer, left: float, right: float) -> None:
        self._pdf, self._left, self._right = writer.pdf, left, right

    def __enter__(self) -> None:
        y = self._pdf.get_y()
        self._pdf.set_left_margin(self._left)
        self._pdf.set_right_margin(self._right)
        self._pdf.set_xy(self._left, y)

    def __exit__(self, *_: object) -> None:
        y = self._pdf.get_y()
        self._pdf.set_left_margin(_MARGIN)
        self._pdf.set_right_margin(_MARGIN)
        self._pdf.set_xy(_MARGIN, y)


def _caption_of(example: Example) -> Line:
    """With the name or the words of one that has no picture."""
    if example.picture:
        return example.caption
    from workbench.trust.card.parts import Words

    return (Words(f"{shown(plain(example.text) or example.name, 120)} ", "soft"), *words_of(example.caption))


def _widths(part: Table, size: float, most: float) -> list[float]:
    """Of the columns, in mm: as their longest words need, within the page."""
    wanted = []
    for x in range(len(part.headings)):
        cells = [part.headings[x], *(row[x] for row in part.rows)]
        longest = max(min(60, _breadth(shown(c, SHORT))) for c in cells)
        wanted.append(min(60.0, max(11.0, longest * size * _MM * 0.6 + 5)))
    total = sum(wanted)
    return [w * most / total for w in wanted] if total > most else wanted


def _breadth(text: str) -> int:
    """Characters, counting wide ones twice."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _drawn_height(data: bytes, width: float) -> float:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        return width * picture.height / max(1, picture.width)


def _is_turned(text: str) -> bool:
    """Whether its first letter belongs to a script that is read from right to left."""
    kinds = (unicodedata.bidirectional(c) for c in text)
    return next((k in ("R", "AL") for k in kinds if k in ("L", "R", "AL")), False)


def _between(one: Colour, other: Colour, share: float) -> Colour:
    share = min(1.0, max(0.0, share))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _texts(card: Card) -> Iterator[str]:
    """All words of a card."""
    yield from (card.title, card.subtitle, *card.notes)
    for section in card.sections:
        yield from (section.title, section.sentence)
        for part in section.all_parts():
            yield from _texts_of(part)


def _texts_of(part: Part) -> Iterator[str]:
    if isinstance(part, Heading):
        yield part.text
    elif isinstance(part, Paragraph):
        yield plain(part.line)
    elif isinstance(part, Bullets):
        yield from (plain(line) for line in part.lines)
    elif isinstance(part, Table):
        yield part.note
        yield from part.headings
        for row in part.rows:
            yield from row
    elif isinstance(part, Facts):
        for name, value in part.rows:
            yield from (name, plain(value))
    elif isinstance(part, Picture):
        yield plain(part.caption)
    elif isinstance(part, Gauge):
        yield from (part.words, part.baseline_words)
    else:
        for example in part.examples:
            yield from (example.name, plain(example.text), plain(example.caption))
