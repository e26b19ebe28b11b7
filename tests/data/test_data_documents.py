"""Documents are read whole, with their places, and what is wrong with one is said in a sentence."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_time import Watch

from tests.data import documents_made as made
from workbench.control import Control
from workbench.data.documents import Document, document_suffixes, is_document, read_document
from workbench.data.documents.base import Block, assembled
from workbench.data.documents.passages import passages, sentences
from workbench.data.documents.words import folded, stop_words_of, words_of
from workbench.errors import Cancelled, UserError


def blocks(document: Document) -> list[str]:
    return [document.text[p.start : p.end] for p in document.pieces]


def places(document: Document) -> list[str]:
    return [p.place for p in document.pieces]


def roughly(texts: Sequence[str]) -> list[int]:
    """Stands for a tokenizer: a token per four letters."""
    return [max(1, len(t) // 4) for t in texts]


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_document(path)
    return str(caught.value)


def test_word_documents_with_headings_tables_and_notes(tmp_path: Path) -> None:
    path = made.docx(
        tmp_path / "report.docx",
        [("Title", "Yearly report"), ("Heading 1", "Money"), ("", "We earned 5 € more.\tMuch."), ("Heading 2", "Costs"),
         ("", "مرحبا بالعالم and 東京 and 🎉")],
        [["Rent", "900"], ["Food", "300"]],
    )  # fmt: skip
    found = read_document(path)
    assert found.title == "Yearly report"
    assert blocks(found) == [
        "Yearly report", "Money", "We earned 5 € more.\tMuch.", "Costs", "مرحبا بالعالم and 東京 and 🎉", "Rent | 900",
        "Food | 300",
    ]  # fmt: skip
    assert places(found)[2] == "“Money”" and places(found)[-1] == "“Costs”"
    assert [p.level for p in found.pieces] == [1, 1, 0, 2, 0, 0, 0]


def test_word_text_boxes_once_deleted_text_never(tmp_path: Path) -> None:
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = "<w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent>"
    body = (
        f"<w:p><w:r><w:t>Before.</w:t><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r><w:del><w:r><w:t>Gone.</w:t></w:r></w:del><w:r><w:t> After.</w:t></w:r></w:p>"
    )
    path = tmp_path / "boxes.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {w} {mc}><w:body>{body}</w:body></w:document>")
        archive.writestr(
            "word/footnotes.xml",
            f'<w:footnotes {w}><w:footnote w:type="separator"><w:p><w:r><w:t>-</w:t></w:r></w:p></w:footnote>'
            "<w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>",
        )
    assert blocks(read_document(path)) == ["Before. After.", "In a box.", "A note."]


def test_pdf_in_columns_keeps_the_order_and_the_pages(tmp_path: Path) -> None:
    texts = [
        f"Paragraph {n} begins here and " + "goes on with many words " * 12 + f"until it ends {n}." for n in range(30)
    ]
    found = read_document(made.pdf(tmp_path / "two.pdf", [texts[:16], texts[16:]], columns=2, title="On columns"))
    whole = " ".join(found.text.split())
    assert found.title == "On columns"
    at = [whole.find(" ".join(text.split())) for text in texts]
    assert min(at) >= 0 and at == sorted(at), "a paragraph is torn or out of order"
    assert {"page 1", "page 2"} <= set(places(found))
    assert found.pieces[0].place == "page 1" and "Paragraph 16" in found.text


def test_searchable_pdf_of_the_house_with_words_to_the_left(tmp_path: Path) -> None:
    from PIL import Image

    from workbench.data.exporters.searchable_pdf import write_searchable_pdf
    from workbench.data.exporters.text_pages import TextLine, TextPage
    from workbench.data.types import Sample
    from workbench.runtimes.base import Word

    picture = tmp_path / "page.png"
    Image.new("RGB", (600, 200), "white").save(picture)

    def line(text: str, top: float, right_to_left: bool = False) -> TextLine:
        words, at = text.split(), 20.0
        made_words = []
        for number, word in enumerate(words):
            left = 500 - at - 80 if right_to_left else at
            corners = ((left, top), (left + 80, top), (left + 80, top + 30), (left, top + 30))
            made_words.append(Word(word, 1.0, corners, number < len(words) - 1))
            at += 100
        return TextLine(text, 1.0, ((20, top), (520, top), (520, top + 30), (20, top + 30)), tuple(made_words))

    page = TextPage("page", 600, 200, (line("Invoice number RX", 20), line("שלום עולם", 100, True)))
    write_searchable_pdf(tmp_path / "scan.pdf", [(page, Sample("picture", "page", path=picture))])
    found = read_document(tmp_path / "scan.pdf")
    assert "Invoice number RX" in found.text
    assert {"שלום", "עולם"} <= set(found.text.split())


def test_web_pages_show_what_a_reader_sees(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(
        '<meta charset="windows-1252"><title>Gr\xfc\xdfe &amp; more</title><style>x{}</style><script>bad()</script>'
        "<h1>Head</h1>intro <b>bo</b>ld<p>One<p>Two <a href=x>link</a><table><tr><td>a<td>b<tr><td>c<td>d</table>"
        "<template>no</template><div>l\xe4st<br>line".encode("latin-1")
    )
    found = read_document(page)
    assert found.title == "Grüße & more"
    assert blocks(found) == ["Head", "intro bold", "One", "Two link", "a | b", "c | d", "läst\nline"]
    assert places(found)[-1] == "“Head”"


def test_books_and_open_documents(tmp_path: Path) -> None:
    book = made.epub(
        tmp_path / "b.epub", [("a%20one.xhtml", "<h1>First</h1><p>Begin.</p>"), ("z.xhtml", "<p>End.</p>")], "A book"
    )
    found = read_document(book)
    assert found.title == "A book" and blocks(found) == ["First", "Begin.", "End."]
    text = made.odt(
        tmp_path / "o.odt",
        '<text:h text:outline-level="2">Head</text:h><text:p>a<text:s text:c="3"/>b<text:tab/>c <text:span>d</text:span> e'
        "<office:annotation><text:p>note</text:p></office:annotation>f</text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell>"
        "<table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table>",
    )
    found = read_document(text)
    assert blocks(found) == ["Head", "a   b\tc d ef", "x | y"] and found.pieces[0].level == 2


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("cp1252", b"")]
)
def test_texts_in_old_encodings(tmp_path: Path, encoding: str, mark: bytes) -> None:
    text = "Das Café in der Straße hat geöffnet.\r\n\r\nEs gibt süße Äpfel und Öl für die Küche."
    path = tmp_path / "old.txt"
    path.write_bytes(mark + text.encode(encoding))
    assert blocks(read_document(path)) == text.split("\r\n\r\n")


def test_markdown_headings_links_and_code(tmp_path: Path) -> None:
    path = tmp_path / "read.md"
    path.write_text(
        "Title\n=====\n\nSee [the site](http://x.y) and **bold**.\n\n```\n# no heading\n```\n## Two ##\nText"
    )
    found = read_document(path)
    assert found.title == "Title"
    assert blocks(found) == ["Title", "See the site and bold.", "```\n# no heading\n```", "Two", "Text"]
    assert places(found) == ["“Title”", "“Title”", "“Title”", "“Two”", "“Two”"]


def _bomb(path: Path) -> Path:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(210):
            part.write(b" " * 1_000_000)
    return path


def _entities(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "word/document.xml", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b><c>&x;</c></b></a>'
        )
    return path


def _written(name: str, data: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda f: made.pdf(f / "a.pdf", [["Secret."]], password="x"), "protected by a password"),
        (lambda f: made.picture_pdf(f / "a.pdf"), "Text in pictures"),
        (_written("a.pdf", b"%PDF-1.4 broken"), "damaged"),
        (_written("a.pdf", b""), "empty"),
        (_written("a.docx", b"PK\x03\x04 broken"), "damaged"),
        (_written("a.docx", b"\xd0\xcf\x11\xe0 old or locked"), "protected by a password, or of an old kind"),
        (lambda f: _bomb(f / "a.docx"), "unpacks to more than 200 MB"),
        (lambda f: _entities(f / "a.docx"), "defines entities"),
        (lambda f: made.odt(f / "a.odt", "", encrypted=True), "protected by a password"),
        (lambda f: made.odt(f / "a.odt", "<text:p> </text:p>"), "no text in this document"),
        (lambda f: made.odt(f / "a.docx", ""), "no Word document"),
        (_written("a.txt", bytes(range(256)) * 4), "not readable text"),
        (_written("a.rtf", b"{\\rtf1 x}"), "save it as DOCX or PDF"),
        (lambda f: f / "gone.pdf", "not there any more"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    assert said in refused(make(tmp_path))


def test_reading_stops_when_asked(tmp_path: Path) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        read_document(made.pdf(tmp_path / "a.pdf", [["One."]]), control)


def test_kinds_are_told_by_their_endings() -> None:
    assert {".pdf", ".docx", ".txt", ".md", ".html", ".epub", ".odt"} <= set(document_suffixes())
    assert is_document(Path("A.PDF")) and not is_document(Path("a.png"))


# Passages -----------------------------------------------------------------------------------------------------------------


def test_sentences_of_several_languages() -> None:
    text = "Mr. Smith paid 3.50 to J. Doe. Really? 東京は大きい。京都は古い！ هل هذا صحيح؟ نعم. Z. B. so. The end"
    assert [text[s:e] for s, e in sentences(text)] == [
        "Mr. Smith paid 3.50 to J. Doe.", "Really?", "東京は大きい。", "京都は古い！", "هل هذا صحيح؟", "نعم.",
        "Z. B. so.", "The end",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=900)
            | st.lists(st.sampled_from(["word", "two words.", "東京。", "👩‍👩‍👧", "مرحبا", "x" * 90]), max_size=60).map(
                " ".join
            ),
            st.integers(0, 2),
        ),
        max_size=8,
    ),
    st.integers(8, 60),
)
def test_passages_leave_nothing_out_and_are_short_enough(parts: list[tuple[str, int]], budget: int) -> None:
    try:
        document = assembled(Path("a.txt"), "a", [Block(text, level=level) for text, level in parts])
    except UserError:
        assert not any(text.replace("\0", "").strip() for text, _ in parts)
        return
    cuts = list(passages(document, roughly, budget))
    covered = [False] * len(document.text)
    for cut in cuts:
        assert document.text[cut.start : cut.end].strip()
        pieces = [document.text[s:e] for s, e in sentences(document.text, cut.start, cut.end)]
        assert sum(roughly(pieces)) <= budget + len(pieces)
        covered[cut.start : cut.end] = [True] * (cut.end - cut.start)
    left = [c for c, seen in zip(document.text, covered, strict=True) if not seen and not c.isspace()]
    assert not left
    assert [c.start for c in cuts] == sorted(c.start for c in cuts)


def test_passages_overlap_begin_at_headings_and_name_pages() -> None:
    long = " ".join(f"Sentence number {n} says something new." for n in range(60))
    document = assembled(
        Path("a"), "a", [Block("Intro", level=1), Block(long), Block("Next", level=1), Block("Short text.")]
    )
    cuts = list(passages(document, roughly, 100))
    texts = [document.text[c.start : c.end] for c in cuts]
    assert texts[-1] == "Next\n\nShort text." and cuts[-1].place == "“Next”"
    for before, after in pairwise(cuts[:-1]):
        assert before.start < after.start < before.end, "neighbours share sentences"
    slides = assembled(Path("a"), "a", [Block("Some words on a page. " * 6, page=n) for n in (1, 2, 3)])
    assert [c.place for c in passages(slides, roughly, 100)] == ["page 1", "page 2", "page 3"]
    paged = assembled(Path("a"), "a", [Block("One sentence on a page.", page=n) for n in (1, 2, 3)])
    assert [c.place for c in passages(paged, roughly, 100)] == ["pages 1–3"]


def test_a_line_of_ten_megabytes_is_cut_in_time(tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("word " * 2_000_000)
    watch = Watch()
    document = read_document(path)
    cuts = list(passages(document, roughly, 200))
    assert sum(c.end - c.start for c in cuts) >= 9_000_000 and watch.seconds < 20
    assert max(c.end - c.start for c in cuts) <= 2400


# Words --------------------------------------------------------------------------------------------------------------------


def test_words_of_any_script() -> None:
    text = "Don’t ÜBER-Straße ISO-9001 naïve_x 東京タワー مُحَمَّد हिन्दी"
    found = list(words_of(text))
    assert [w.folded for w in found][:8] == ["don't", "uber", "strasse", "iso", "9001", "naive", "x", "東"]
    assert [w.folded for w in found if not w.unspaced][-2:] == [folded("محمد"), folded("हिन्दी")]
    assert all(text[w.start : w.end].strip() for w in found)


def test_stop_words_are_those_of_the_language() -> None:
    german = [w.folded for w in words_of("Der Hund und die Katze sind in dem Haus und nicht auf der Straße")]
    english = [w.folded for w in words_of("The dog and the cat are in the house and not on the street")]
    assert "und" in stop_words_of(german) and "the" not in stop_words_of(german)
    assert "the" in stop_words_of(english) and "hund" not in stop_words_of(german)
    assert "the" in stop_words_of([])
