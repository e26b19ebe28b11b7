"""A PDF of pictures whose text can be searched, selected and copied: each word lies, unseen, over its picture.

The words are set in text rendering mode 3 (neither filled nor outlined: ISO 32000-1, 9.3.6) in a font with one
glyph that shows nothing; a ToUnicode map (9.10.3) says which letter is meant, so that any script can be copied without its font.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from workbench import __version__, atomic
from workbench.app_paths import resources
from workbench.control import Control
from workbench.data.exporters.page_pictures import PagePicture, page_picture
from workbench.data.exporters.pdf_file import PdfFile, number_of
from workbench.data.exporters.text_pages import TextLine, TextPage
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.runtimes.base import Word
from workbench.runtimes.words import runs_to_the_left

# Of the invisible font: a glyph's width and how far below its line it reaches, in parts of its size.
_ADVANCE = 0.5
_DESCENT = 0.2
_MOST_CODES = 65_000
# Readers limit a page to 200 inches.
_LONGEST_PAGE = 14_400.0


def write_searchable_pdf(
    path: Path, pages: Iterable[tuple[TextPage, Sample]], title: str = "", control: Control | None = None
) -> int:
    """Write a PDF with one page per picture, atomically; the pages are taken one by one and not held.

    Args:
        pages: what was read, and the picture it was read in.
        title: of the document.

    Returns:
        The number of pages.

    Raises:
        UserError: when a picture cannot be read, there is none, or the file cannot be written.
        Cancelled: when asked to stop; nothing is left behind.
    """
    control = control or Control()
    count = 0
    try:
        with atomic.binary(path) as stream:
            file = PdfFile(stream)
            letters = _Letters(file)
            for page, sample in pages:
                control.check()
                _put(file, letters, page, page_picture(sample))
                count += 1
            if not count:
                raise UserError("There is no page to write.", "Choose pictures that can be read.")
            letters.close()
            file.close(title or path.stem, f"Model Workbench {__version__}")
    except OSError as error:
        raise UserError(
            f"“{path.name}” could not be written.", "Close it in other programs, or choose another place."
        ) from error
    return count


class _Letters:
    """The font, and the code of each letter that was used."""

    def __init__(self, file: PdfFile) -> None:
        self._file = file
        self.number = file.reserve()
        self._codes: dict[str, int] = {}

    def codes(self, text: str) -> bytes:
        """A text in the font's codes, as PDF writes it."""
        found = []
        for letter in text:
            if letter not in self._codes and len(self._codes) >= _MOST_CODES:
                letter = "\ufffd"
            found.append(self._codes.setdefault(letter, len(self._codes) + 1))
        return b"<%b>" % "".join(f"{code:04X}" for code in found).encode()

    def close(self) -> None:
        """Write the font: now it is known what it must map."""
        file = self._file
        program = (resources() / "pdf" / "invisible.ttf").read_bytes()
        embedded = file.put_stream(b"/Length1 %d" % len(program), program)
        descriptor = file.put(
            b"<< /Type /FontDescriptor /FontName /Invisible /Flags 5 /FontBBox [0 -200 500 800] /ItalicAngle 0"
            b" /Ascent 800 /Descent -200 /CapHeight 800 /StemV 80 /MissingWidth 500 /FontFile2 %d 0 R >>" % embedded
        )
        # Every code shows the one glyph.
        glyphs = file.put_stream(b"", b"\0\0" + b"\0\1" * len(self._codes))
        inner = file.put(
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Invisible /CIDSystemInfo << /Registry (Adobe)"
            b" /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R /DW 500 /CIDToGIDMap %d 0 R >>"
            % (descriptor, glyphs)
        )
        meant = file.put_stream(b"", self._map())
        file.put(
            b"<< /Type /Font /Subtype /Type0 /BaseFont /Invisible /Encoding /Identity-H /DescendantFonts [%d 0 R]"
            b" /ToUnicode %d 0 R >>" % (inner, meant),
            self.number,
        )

    def _map(self) -> bytes:
        lines = [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<0000> <FFFF>",
            "endcodespacerange",
        ]
        entries = [
            f"<{code:04X}> <{letter.encode('utf-16-be', 'replace').hex().upper()}>"
            for letter, code in self._codes.items()
        ]
        for start in range(0, len(entries), 100):  # a section holds at most a hundred
            part = entries[start : start + 100]
            lines += [f"{len(part)} beginbfchar", *part, "endbfchar"]
        lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
        return "\n".join(lines).encode("ascii")


class _Sheet:
    """From the picture to the page, which is turned so that most of the text stands upright on it.

    Attributes:
        width, height: of the page, in points.
    """

    def __init__(self, page: TextPage, picture: PagePicture) -> None:
        points = min(picture.points, _LONGEST_PAGE / max(picture.width, picture.height))
        self._quarter = page.quarter
        self._size = (picture.width * points, picture.height * points)
        self.width, self.height = self._size[::-1] if self._quarter % 2 else self._size
        # Of what was read in another size of the picture.
        self._scale = (self._size[0] / max(1, page.width), self._size[1] / max(1, page.height))

    def place(self, corner: tuple[float, float]) -> tuple[float, float]:
        """A point of the picture (pixels, y down) on the page (points, y up)."""
        x, y = corner[0] * self._scale[0], corner[1] * self._scale[1]
        wide, high = self._size
        x, y = ((x, y), (high - y, x), (wide - x, high - y), (y, wide - x))[self._quarter]
        return x, self.height - y

    def picture(self, page: TextPage) -> bytes:
        """The matrix that lays the picture on the page."""
        (x, y), (x1, y1), (x2, y2) = (
            self.place(corner) for corner in ((0, page.height), (page.width, page.height), (0, 0))
        )
        return _numbers(x1 - x, y1 - y, x2 - x, y2 - y, x, y)


def _put(file: PdfFile, letters: _Letters, page: TextPage, picture: PagePicture) -> None:
    sheet = _Sheet(page, picture)
    size = b"/Type /XObject /Subtype /Image /Width %d /Height %d " % (picture.width, picture.height)
    image = file.put_stream(size + picture.entries, picture.data, compress=False)
    parts = [b"q %b cm /Picture Do Q" % sheet.picture(page), b"BT 3 Tr"]
    to_left = page.to_left()
    for line in page.lines:
        parts += _line(letters, line, sheet, to_left)
    parts.append(b"ET")
    content = file.put_stream(b"", b"\n".join(parts))
    used = b"<< /XObject << /Picture %d 0 R >> /Font << /Letters %d 0 R >> >>" % (image, letters.number)
    file.put_page(sheet.width, sheet.height, used, content)


def _line(letters: _Letters, line: TextLine, sheet: _Sheet, page_to_left: bool) -> list[bytes]:
    """The words of a line from its left end to its right one: that is how readers expect them in every script."""
    words = [(word, word.blank_after) for word in line.pieces()]
    if page_to_left and runs_to_the_left([line.text]):
        blanks = [False, *(word.blank_after for word, _ in words[:-1])]
        words = [(word, blank) for (word, _), blank in zip(words, blanks, strict=True)][::-1]
    found: list[bytes] = []
    for number, (word, blank) in enumerate(words):
        after = words[number + 1][0] if blank and number + 1 < len(words) else None
        found += _word(letters, word, after, sheet)
    return found


def _word(letters: _Letters, word: Word, after: Word | None, sheet: _Sheet) -> list[bytes]:
    text = seen_from_the_left("".join(c for c in word.text if unicodedata.category(c) not in ("Cc", "Cs")))
    upper_left, upper_right, lower_right, lower_left = (sheet.place(corner) for corner in word.corners)
    size = (math.dist(upper_left, lower_left) + math.dist(upper_right, lower_right)) / 2
    length = math.dist(lower_left, lower_right)
    if not text or size < 0.05 or length < 0.05:
        return []
    cosine, sine = (lower_right[0] - lower_left[0]) / length, (lower_right[1] - lower_left[1]) / length
    # The line the letters stand on lies above the lower edge by what hangs below it.
    x, y = lower_left[0] - sine * _DESCENT * size, lower_left[1] + cosine * _DESCENT * size
    shown = [
        b"/Letters %b Tf" % _numbers(size),
        b"%b Tz" % _numbers(100 * length / (len(text) * _ADVANCE * size)),
        b"%b Tm %b Tj" % (_numbers(cosine, sine, -sine, cosine, x, y), letters.codes(text)),
    ]
    if after is not None:
        # The blank reaches to the next word, so that a selection has no holes.
        start = sheet.place(after.corners[3])
        gap = (start[0] - lower_right[0]) * cosine + (start[1] - lower_right[1]) * sine
        wide = min(max(gap, 0.02 * size), 20 * size)
        shown.append(b"%b Tz %b Tj" % (_numbers(100 * wide / (_ADVANCE * size)), letters.codes(" ")))
    return [b" ".join(shown)]


def _numbers(*values: float) -> bytes:
    return b" ".join(number_of(value) for value in values)


def seen_from_the_left(word: str) -> str:
    """A word's letters as they stand on the page from left to right: those of Hebrew, Arabic and their kin in reverse,
    numbers and Latin letters among them not. (Of the bidirectional algorithm, UAX 9, what one word needs.)"""
    if not runs_to_the_left([word]) and not any(unicodedata.bidirectional(c) in ("R", "AL") for c in word):
        return word
    clusters: list[str] = []
    for letter in word:
        if clusters and unicodedata.combining(letter):
            clusters[-1] += letter
        else:
            clusters.append(letter)
    left = [unicodedata.bidirectional(cluster[0]) in ("L", "EN", "AN") for cluster in clusters]
    # What stands between two numbers or Latin letters belongs to them.
    left = [
        here or (0 < i < len(left) - 1 and left[i - 1] and left[i + 1] and _is_neutral(clusters[i]))
        for i, here in enumerate(left)
    ]
    found: list[str] = []
    at = 0
    for place in range(len(clusters) - 1, -1, -1):
        if left[place] and place + 1 < len(clusters) and left[place + 1]:
            found.insert(at, clusters[place])
        else:
            at = len(found)
            found.append(clusters[place])
    return "".join(found)


def _is_neutral(cluster: str) -> bool:
    return unicodedata.bidirectional(cluster[0]) not in ("R", "AL")
