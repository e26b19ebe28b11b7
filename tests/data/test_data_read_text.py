"""What was read, written for other programs: judged by an XML parser, by Chrome's PDF engine and by pypdf, which know
nothing of each other."""

from __future__ import annotations

import io
import math
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from workbench.control import Control
from workbench.data.exporters.hocr import hocr, write_hocr
from workbench.data.exporters.page_pictures import page_picture
from workbench.data.exporters.pdf_file import number_of
from workbench.data.exporters.searchable_pdf import seen_from_the_left, write_searchable_pdf
from workbench.data.exporters.text_pages import TextLine, TextPage, plain_text
from workbench.data.types import Sample
from workbench.errors import Cancelled, UserError
from workbench.runtimes.base import Word
from workbench.runtimes.words import word_spans

XHTML = "{http://www.w3.org/1999/xhtml}"


def turned(corners: list[tuple[float, float]], angle: float, middle: tuple[float, float]) -> tuple[tuple[float, float], ...]:  # fmt: skip
    """By degrees counter-clockwise, as one sees it."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return tuple(
        (middle[0] + c * (x - middle[0]) + s * (y - middle[1]), middle[1] - s * (x - middle[0]) + c * (y - middle[1]))
        for x, y in corners
    )


def a_line(text: str, x: float, y: float, block: int = 0, angle: float = 0, to_left: bool = False, high: float = 20) -> TextLine:  # fmt: skip
    """Letters ten points wide; blanks too."""
    middle = (x + 5 * len(text), y + high / 2)

    def place(start: int, end: int) -> tuple[tuple[float, float], ...]:
        a, b = x + 10 * start, x + 10 * end
        if to_left:
            a, b = x + 10 * (len(text) - end), x + 10 * (len(text) - start)
        return turned([(a, y), (b, y), (b, y + high), (a, y + high)], angle, middle)

    words = tuple(Word(text[a:b], 0.9, place(a, b), b < len(text) and text[b].isspace()) for a, b in word_spans(text))
    return TextLine(text, 0.95, place(0, len(text)), words, block)


def picture(width: int = 600, height: int = 400, form: str = "PNG", **more: Any) -> Sample:
    made = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(made).rectangle((20, 20, width // 2, height // 2), fill=(200, 60, 40))
    stream = io.BytesIO()
    made.save(stream, form, **more)
    return Sample("picture", "page.png", data=stream.getvalue())


PAGE = TextPage(
    'a "b" <c>; d.png', 600, 400,
    (a_line("Fish & <chips> \"now\"", 30, 40), a_line("5 € each", 30, 70), a_line("second block", 30, 200, 1)),
)  # fmt: skip


# hOCR -------------------------------------------------------------------------------------------------------------------


def elements(document: str, name: str) -> list[Any]:
    return [e for e in ElementTree.fromstring(document).iter() if e.get("class") == name]


def box(element: Any) -> list[int]:
    found = re.search(r"bbox (\d+) (\d+) (\d+) (\d+)", element.get("title"))
    assert found is not None
    return [int(v) for v in found.groups()]


def test_hocr_says_what_stands_where() -> None:
    document = hocr([PAGE, TextPage("two.png", 50, 60, ())], "Title & <more>")
    root = ElementTree.fromstring(document)
    metas = {m.get("name"): m.get("content") for m in root.iter(f"{XHTML}meta") if m.get("name")}
    assert metas["ocr-system"].startswith("Model Workbench ") and metas["ocr-number-of-pages"] == "2"
    used = {e.get("class") for e in root.iter() if e.get("class")}
    assert used <= set(metas["ocr-capabilities"].split()), "what is used is announced"
    assert next(root.iter(f"{XHTML}title")).text == "Title & <more>"
    pages = elements(document, "ocr_page")
    assert [p.get("title") for p in pages] == [
        "image \"a 'b' <c>, d.png\"; bbox 0 0 600 400; ppageno 0", 'image "two.png"; bbox 0 0 50 60; ppageno 1',
    ]  # fmt: skip
    assert len(elements(document, "ocr_carea")) == len(elements(document, "ocr_par")) == 2
    lines = elements(document, "ocr_line")
    assert ["".join(line.itertext()) for line in lines] == [line.text for line in PAGE.lines]
    words = elements(document, "ocrx_word")
    assert [w.text for w in words][:3] == ["Fish", "&", "<chips>"]
    assert box(words[0]) == [30, 40, 70, 60] and box(lines[1]) == [30, 70, 110, 90]
    assert all(w.get("title").endswith("x_wconf 90") for w in words)
    identities = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(set(identities)) == len(identities)


@settings(max_examples=60)
@given(st.text(max_size=30), st.text(max_size=12))
def test_any_text_makes_a_document_that_parses(text: str, name: str) -> None:
    line = TextLine(text, 1.5, ((-5.0, -3.0), (700.2, -3.0), (700.2, 20.0), (-5.0, 20.0)))
    document = hocr([TextPage(name, 600, 400, (line,))], name)
    (word,) = elements(document, "ocrx_word")
    # XML 1.0, production 2 ("Char"), less the controls above ASCII and the marks of direction that hOCR forbids.
    allowed = re.compile("[\t\n\x20-\x7e\xa0-\u200d\u2010-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    assert (word.text or "") == "".join(allowed.findall(text))
    assert box(word) == [0, 0, 600, 20] and "x_wconf 100" in word.get("title")


def test_lines_askew_tell_their_slope_and_lines_upright_their_angle() -> None:
    lines = tuple(a_line("some words", 100, 100 + 40 * n, n, angle) for n, angle in enumerate((0, 5, 90, 180)))
    titles = [e.get("title") for e in elements(hocr([TextPage("p", 600, 400, lines)]), "ocr_line")]
    assert "baseline 0.0000 -4.0" in titles[0]
    slope, offset = (float(v) for v in titles[1].split("baseline ")[1].split())
    assert slope == pytest.approx(-math.tan(math.radians(5)), abs=1e-4)
    # At the line's left end the letters stand a fifth of the height above the lower left corner.
    left = lines[1].corners[3]
    low = max(y for _, y in lines[1].corners)
    assert low + offset + slope * (left[0] - min(x for x, _ in lines[1].corners)) == pytest.approx(left[1] - 4, abs=0.6)
    assert titles[2].endswith("textangle 90.0") and titles[3].endswith("textangle 180.0")


def test_hebrew_is_marked_as_running_to_the_left(tmp_path: Path) -> None:
    write_hocr(tmp_path / "p.hocr", [TextPage("p", 600, 400, (a_line("שלום עולם", 30, 40, to_left=True),))])
    (paragraph,) = elements((tmp_path / "p.hocr").read_text(encoding="utf-8"), "ocr_par")
    assert paragraph.get("dir") == "rtl"


# PDF --------------------------------------------------------------------------------------------------------------------


def chrome_text(path: Path) -> list[str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
    finally:
        document.close()


def pypdf_text(path: Path) -> list[str]:
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(path, strict=True).pages]


SCRIPTS = (
    "Fish & <chips> (now)\\",
    "Straße, naïve: 5 €",
    "今天天气很好",
    "Γειά σου Κόσμε",
    "Привет мир",
    "𝔘𝔫𝔦 😀 code",
)


@pytest.mark.parametrize("angle", [0, 4, 90, 180, 270])
def test_every_script_is_read_back_by_two_readers(tmp_path: Path, angle: float) -> None:
    lines = tuple(a_line(text, 120, 60 + 45 * n, n, angle if angle < 45 else 0) for n, text in enumerate(SCRIPTS))
    if angle >= 45:  # the whole page is turned, not each line
        lines = tuple(
            TextLine(
                line.text, line.score, turned(list(line.corners), angle, (300, 200)),
                tuple(Word(w.text, w.score, turned(list(w.corners), angle, (300, 200)), w.blank_after) for w in line.words),
                line.block,
            )
            for line in lines
        )  # fmt: skip
    path = tmp_path / "page.pdf"
    assert write_searchable_pdf(path, [(TextPage("p", 600, 400, lines), picture())], "Title: 今天") == 1
    for reader in (chrome_text, pypdf_text):
        (text,) = reader(path)
        assert "".join(text.split()) == "".join("".join(SCRIPTS).split()), reader.__name__
        if angle != 4:  # a page on its side is turned upright
            assert [line.strip() for line in text.splitlines() if line.strip()] == list(SCRIPTS), reader.__name__
    assert not list(tmp_path.glob(".*"))


def test_words_lie_over_their_picture(tmp_path: Path) -> None:
    import pypdfium2

    page = TextPage("p", 600, 400, (a_line("one two", 60, 80), a_line("askew words", 200, 200, 1, 20)))
    write_searchable_pdf(tmp_path / "p.pdf", [(page, picture(dpi=(150, 150)))])
    document = pypdfium2.PdfDocument(tmp_path / "p.pdf")
    shown = document[0]
    assert shown.get_size() == pytest.approx((600 * 72 / 150, 400 * 72 / 150), abs=0.05)
    text = shown.get_textpage()
    found = text.get_text_range()
    scale, height = 72 / 150, 400 * 72 / 150
    for line in page.lines:
        for word in line.words:
            at = found.index(word.text)
            boxes = [text.get_charbox(at + i, loose=True) for i in range(len(word.text))]
            left, low = min(b[0] for b in boxes), min(b[1] for b in boxes)
            right, high = max(b[2] for b in boxes), max(b[3] for b in boxes)
            xs, ys = [x * scale for x, _ in word.corners], [height - y * scale for _, y in word.corners]
            if line.block == 0:
                assert (left, low, right, high) == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=0.7)
            else:
                middle = ((left + right) / 2, (low + high) / 2)
                assert math.dist(middle, (sum(xs) / 4, sum(ys) / 4)) < 4
    # And nothing is to be seen of them: the page looks exactly as its picture.
    seen = np.asarray(shown.render(scale=150 / 72).to_pil().convert("RGB")).astype(int)
    document.close()
    given_ = np.asarray(Image.open(io.BytesIO(picture().data or b""))).astype(int)
    assert seen.shape == given_.shape and np.abs(seen - given_).max() <= 2


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("שלום", "םולש"),
        ("ה-2024", "2024-ה"),
        ("abc", "abc"),
        ("מס׳3.5", "3.5׳סמ"),
        ("שָׁלוֹם", "םוֹלשָׁ"),
        ("مرحبا", "ابحرم"),
    ],
)
def test_hebrew_and_arabic_stand_as_they_are_seen(text: str, seen: str) -> None:
    assert seen_from_the_left(text) == seen


@pytest.mark.parametrize("text", ["שלום עולם טוב", "مرحبا بالعالم", "בשנת 1948 היה"])
def test_texts_that_run_to_the_left_are_copied_as_they_are_typed(tmp_path: Path, text: str) -> None:
    lines = (a_line(text, 60, 80, to_left=True), a_line(text, 60, 140, to_left=True))
    write_searchable_pdf(tmp_path / "p.pdf", [(TextPage("p", 600, 400, lines), picture())])
    (found,) = chrome_text(tmp_path / "p.pdf")
    assert [line.strip() for line in found.split("\n")] == [text, text]


@pytest.mark.parametrize(
    ("mode", "form", "kept"),
    [("RGB", "PNG", b"FlateDecode"), ("L", "PNG", b"FlateDecode"), ("1", "TIFF", b"FlateDecode"), ("RGB", "JPEG", b"DCTDecode"),
     ("L", "JPEG", b"DCTDecode"), ("RGBA", "PNG", b"FlateDecode"), ("P", "GIF", b"FlateDecode"), ("CMYK", "JPEG", b"FlateDecode")],
)  # fmt: skip
def test_pictures_of_every_kind_look_the_same(tmp_path: Path, mode: str, form: str, kept: bytes) -> None:
    import pypdfium2

    y, x = np.mgrid[0:90, 0:130]
    colours = np.stack([x * 255 // 130, y * 255 // 90, (x + y) % 200], 2).astype(np.uint8)
    made = Image.fromarray(colours).convert(mode)
    made.save(tmp_path / "p", form)
    sample = Sample("picture", "p", path=tmp_path / "p")
    assert kept in page_picture(sample).entries
    write_searchable_pdf(tmp_path / "p.pdf", [(TextPage("p", 130, 90, ()), sample)])
    document = pypdfium2.PdfDocument(tmp_path / "p.pdf")
    seen = np.asarray(document[0].render(scale=1).to_pil().convert("RGB")).astype(int)
    document.close()
    from workbench.data.media import open_picture

    assert np.abs(seen - np.asarray(open_picture(sample)).astype(int)).mean() < 3


def test_a_photo_turns_upright_and_tells_nothing_of_its_place(tmp_path: Path) -> None:
    import pypdfium2

    flat = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(flat).rectangle((0, 0, 60, 60), fill="red")
    for turn, size in ((6, (200, 300)), (1, (300, 200))):
        exif = Image.Exif()
        exif[0x0112] = turn
        exif[0x010F] = "SECRET-MAKER"
        flat.save(tmp_path / "p.jpg", exif=exif, quality=95)
        write_searchable_pdf(
            tmp_path / "p.pdf", [(TextPage("p", *size, ()), Sample("picture", path=tmp_path / "p.jpg"))]
        )
        assert b"SECRET" not in (tmp_path / "p.pdf").read_bytes()
        document = pypdfium2.PdfDocument(tmp_path / "p.pdf")
        assert document[0].get_size() == size
        red = np.asarray(document[0].render().to_pil().convert("RGB"))[10, size[0] - 10 if turn == 6 else 10]
        document.close()
        assert red[0] > 200 and red[1] < 60


@pytest.mark.parametrize(("angle", "size", "corner"), [(90, (400, 600), (390, 10)), (180, (600, 400), (590, 390)), (270, (400, 600), (10, 590))])  # fmt: skip
def test_a_page_on_its_side_is_turned_upright(
    tmp_path: Path, angle: float, size: tuple[int, int], corner: tuple[int, int]
) -> None:
    """Text that runs upwards is turned clockwise: what was at the upper left is then at the upper right."""
    import pypdfium2

    drawn = Image.new("RGB", (600, 400), "white")
    ImageDraw.Draw(drawn).rectangle((0, 0, 40, 40), fill="red")
    stream = io.BytesIO()
    drawn.save(stream, "PNG")
    flat = a_line("some words", 250, 190)
    line = TextLine(flat.text, 1, turned(list(flat.corners), angle, (300, 200)))
    pages = [(TextPage("p", 600, 400, (line,)), Sample("picture", data=stream.getvalue()))]
    write_searchable_pdf(tmp_path / "p.pdf", pages)
    document = pypdfium2.PdfDocument(tmp_path / "p.pdf")
    seen = np.asarray(document[0].render().to_pil().convert("RGB"))
    document.close()
    assert (seen.shape[1], seen.shape[0]) == size
    red = np.argwhere(seen[..., 1] < 100)
    assert np.abs(red.mean(0)[::-1] - corner).max() < 20


def test_a_large_drawing_is_kept_and_a_large_photo_made_small() -> None:
    noise = np.random.default_rng(0).normal(128, 9, (1400, 1400, 3)).clip(0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    assert b"DCTDecode" in page_picture(Sample("picture", data=stream.getvalue())).entries
    assert b"FlateDecode" in page_picture(picture(3000, 3000)).entries


def test_many_pages_take_no_more_memory_than_one(tmp_path: Path) -> None:
    from pypdf import PdfReader

    noise = np.random.default_rng(1).integers(0, 255, (500, 500, 3)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", quality=95)
    sample = Sample("picture", data=stream.getvalue())

    def pages(count: int) -> Iterator[tuple[TextPage, Sample]]:
        for n in range(count):
            yield TextPage(f"p{n}", 500, 500, (a_line(f"page number {n}", 30, 40),)), sample

    write_searchable_pdf(tmp_path / "one.pdf", pages(1))
    tracemalloc.start()
    assert write_searchable_pdf(tmp_path / "many.pdf", pages(70)) == 70
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    written = (tmp_path / "many.pdf").stat().st_size
    assert written > 10_000_000 and peak < written / 2
    reader = PdfReader(tmp_path / "many.pdf", strict=True)
    assert len(reader.pages) == 70 and "page number 69" in reader.pages[69].extract_text()
    assert reader.metadata is not None and reader.metadata.title == "many"


def test_a_file_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    good = (PAGE, picture())
    (tmp_path / "old.pdf").write_bytes(b"old")
    with pytest.raises(UserError, match="not a picture"):
        write_searchable_pdf(tmp_path / "old.pdf", [good, (PAGE, Sample("picture", data=b"rubbish"))])
    with pytest.raises(UserError, match="no page"):
        write_searchable_pdf(tmp_path / "none.pdf", [])
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        write_searchable_pdf(tmp_path / "old.pdf", [good], control=control)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="could not be written"):
        write_searchable_pdf(tmp_path / "folder", [good])
    assert sorted(f.name for f in tmp_path.iterdir()) == ["folder", "old.pdf"]
    assert (tmp_path / "old.pdf").read_bytes() == b"old"


@given(st.floats(-20_000, 20_000))
def test_numbers_are_written_without_exponents(value: float) -> None:
    written = number_of(value)
    assert re.fullmatch(rb"-?\d+(\.\d{1,4})?", written) and written != b"-0"
    assert float(written) == pytest.approx(value, abs=6e-5)


def test_plain_text_has_blocks_and_pages() -> None:
    assert plain_text([PAGE, PAGE]).count("\f") == 1
    assert PAGE.text() == 'Fish & <chips> "now"\n5 € each\n\nsecond block'
