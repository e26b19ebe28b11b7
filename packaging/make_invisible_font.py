"""Make resources/pdf/invisible.ttf: the font of the words laid over the picture in a searchable PDF.

    pip install fonttools
    python packaging/make_invisible_font.py

It has one glyph, half as wide as high, from 0.2 below the line to 0.8 above it (`workbench.data.exporters.searchable_pdf`
counts on these); the PDF itself says which letter is meant. The glyph is empty but for a speck in two corners: readers
that take a letter's place from its outline (Chrome's) would else take it for nothing and pass over it.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

TARGET = Path(__file__).resolve().parent.parent / "resources" / "pdf" / "invisible.ttf"


def _specks() -> object:
    """A square of one thousandth in the lower left and the upper right corner."""
    pen = TTGlyphPen(None)
    for x, y in ((0, -200), (499, 799)):
        pen.moveTo((x, y))
        for corner in ((x, y + 1), (x + 1, y + 1), (x + 1, y)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()


def main() -> None:
    """Write the file; the same bytes every time."""
    names = [".notdef", "blank"]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x20: "blank"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "blank": _specks()})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupNameTable({"familyName": "Invisible", "styleName": "Regular", "psName": "Invisible"})
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    builder.save(TARGET)


if __name__ == "__main__":
    main()
