"""One's own documents in the window, with real drops, clicks and keys."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QSlider, QWidget
from pytestqt.qtbot import QtBot

from tests.data import documents_made as made
from workbench.engine.document_index import Listed, Passage
from workbench.gui.main_window import MainWindow
from workbench.gui.models.document_table import DocumentTable
from workbench.gui.models.passage_list import PassageList
from workbench.gui.pages.documents_view import DocumentsView
from workbench.gui.pages.similar_page import SimilarPage
from workbench.gui.widgets.passage_view import PassageView, excerpt

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    made.docx(
        folder / "house.docx",
        [("Heading 1", "Rent"), ("", "The deposit is three monthly rents."), ("Heading 1", "Animals"),
         ("", "😀 Dogs may be kept with consent. Fish may always be kept.")],
    )  # fmt: skip
    made.pdf(folder / "bill.pdf", [["Invoice RX-4471 is due on 14 March."]])
    made.pdf(folder / "bills.pdf", [["Invoice RX-4482 is due in April."]])
    (folder / "bread.txt").write_text("Knead the dough for ten minutes. Let it rest for two hours.")
    made.picture_pdf(folder / "scan.pdf")
    return folder


def click(qtbot: QtBot, window: QWidget, name: str) -> None:
    found = window.findChild(QPushButton, name)
    assert found is not None
    qtbot.waitUntil(lambda: found.isVisible() and found.isEnabled(), timeout=60_000)
    qtbot.mouseClick(found, LEFT)


def quiet(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.ctx.jobs.running(), timeout=60_000)


def opened(window: MainWindow, qtbot: QtBot, drop: Callable[..., None], papers: Path) -> DocumentsView:
    window.show_page("similar", {"documents": True})
    page = window.page("similar")
    assert isinstance(page, SimilarPage)
    view = page.documents
    assert view.isVisible()
    drop(view.drop, [papers])
    qtbot.waitUntil(lambda: view.subtitle.text() == "4 documents, 5 passages", timeout=60_000)
    quiet(qtbot, window)
    return view


def ask(qtbot: QtBot, view: DocumentsView, words: str) -> None:
    view.question.setFocus()
    view.question.selectAll()
    qtbot.keyClicks(view.question, words)
    qtbot.waitUntil(lambda: view._shown == words and view.found.rowCount() > 0, timeout=60_000)


def test_asking_reading_and_more_like_this(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], papers: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    view = opened(window, qtbot, drop, papers)
    assert view.banner.isVisible() and "scan.pdf: The pages of this PDF are pictures" in view.banner.text.text()
    assert view.no_results.isVisible() and not view.save.isEnabled()
    ask(qtbot, view, "is a pet allowed in the flat?")
    first = view.found.passage(0)
    assert first.place == "“Animals”" and view.reading.passage == first
    qtbot.waitUntil(lambda: view.found.best(0) != (0, 0), timeout=60_000)
    start, end = view.found.best(0)
    assert first.text[start:end] == "😀 Dogs may be kept with consent."
    # Read where it stands: all of the document, with the passage marked, also behind an emoji.
    quiet(qtbot, window)
    assert view.reading.view.toPlainText().startswith("Rent\n\nThe deposit")
    marked = [s.cursor.selectedText() for s in view.reading.view.extraSelections()]
    assert marked[-1] == "😀 Dogs may be kept with consent." and "Fish may always be kept." in marked[0]
    # A number, by the keyboard: down the list.
    ask(qtbot, view, "RX-4482")
    best = view.found.passage(0)
    assert best.words == ("RX-4482",) and best.place == "page 1" and view.reading.passage == best
    assert "has “RX-4482”" in view.found.index(0).data()
    view.results.setFocus()
    qtbot.keyClick(view.results, Qt.Key.Key_Down)
    assert view.results.current() == 1 and view.reading.passage == view.found.passage(1)
    # More like it, and taken along.
    view.results.choose(0)
    click(qtbot, window, "passage-more")
    qtbot.waitUntil(lambda: isinstance(view._shown, Passage), timeout=60_000)
    assert view.found.passage(0).text.startswith("Invoice RX-4471") and view.count.text().startswith("Like “Invoice")
    qtbot.mouseClick(view.reading.copy, LEFT)
    assert "(bill.pdf, page 1)" in QApplication.clipboard().text()
    target = tmp_path / "found.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(target), ""))
    click(qtbot, window, "documents-save")
    qtbot.waitUntil(target.exists, timeout=60_000)
    quiet(qtbot, window)
    with target.open(encoding="utf-8-sig", newline="") as stream:
        assert next(csv.DictReader(stream))["place"] == "page 1"
    # Nothing asked: nothing shown.
    view.question.clear()
    qtbot.waitUntil(lambda: view.found.rowCount() == 0, timeout=60_000)
    assert view.no_results.isVisible() and view.reading.passage is None


def test_the_list_of_documents_and_what_is_remembered(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], papers: Path, tmp_path: Path
) -> None:
    view = opened(window, qtbot, drop, papers)
    view.tabs.setCurrentWidget(view.documents_tab)
    assert not view.reading.isVisible()
    names = [view.documents.document(n).name for n in range(view.documents.rowCount())]
    assert names == ["bill.pdf", "bills.pdf", "bread.txt", "house.docx", "scan.pdf"]
    view.table.selectRow(2)
    qtbot.waitUntil(lambda: bool(view.own_keywords.keywords), timeout=60_000)
    assert any("dough" in k.text.lower() for k in view.own_keywords.keywords)
    view.table.selectRow(4)
    qtbot.waitUntil(lambda: "Text in pictures" in view.own_keywords.waiting.text(), timeout=60_000)
    # Dropped anywhere on the page, a file joins the others; the selection stays.
    more = tmp_path / "more.md"
    more.write_text("# Boats\n\nThe harbour opens at six.")
    view.table.selectRow(3)
    drop(view.full, [more])
    qtbot.waitUntil(lambda: view.subtitle.text() == "5 documents, 6 passages", timeout=60_000)
    quiet(qtbot, window)
    assert view._document() is not None and view._document().name == "house.docx"
    view.filter.setText("BOATS")
    assert view.documents.rowCount() == 1
    view.table.selectRow(0)
    click(qtbot, window, "documents-forget")
    qtbot.waitUntil(lambda: view.subtitle.text() == "4 documents, 5 passages", timeout=60_000)
    assert more.exists()
    quiet(qtbot, window)
    # Another window knows them again.
    later = DocumentsView(window.ctx)
    qtbot.addWidget(later)
    later.begin()
    qtbot.waitUntil(lambda: later.subtitle.text() == "4 documents, 5 passages", timeout=60_000)
    quiet(qtbot, window)


def test_the_map_by_mouse_and_by_keys(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], papers: Path
) -> None:
    for n, text in enumerate(("Fresh bread rolls.", "Rye bread with butter.", "An oven for bread.", "The rent rises.")):
        (papers / f"{n}.txt").write_text(text)
    window.show_page("similar", {"documents": True, "paths": [str(papers)]})
    page = window.page("similar")
    assert isinstance(page, SimilarPage)
    view = page.documents
    qtbot.waitUntil(lambda: view.subtitle.text() == "8 documents, 9 passages", timeout=60_000)
    view.tabs.setCurrentWidget(view.map)
    assert view.map.empty.isVisible()
    click(qtbot, window, "map-draw")
    qtbot.waitUntil(lambda: view.map.groups.count() > 1, timeout=60_000)
    shown = view.map._map
    assert shown is not None and len(shown.passages) == 9 == sum(len(places) for _, _, places in shown.groups)
    # By the keyboard: groups, their texts.
    view.map.groups.setFocus()
    qtbot.keyClick(view.map.groups, Qt.Key.Key_Down)
    assert view.map.groups.currentRow() == 1 and view.map.model.rowCount() == len(shown.groups[1][2])
    view.map.texts.setFocus()
    qtbot.keyClick(view.map.texts, Qt.Key.Key_Home)
    view.map.texts.choose(0)
    assert view.reading.passage == shown.passages[shown.groups[1][2][0]]
    # By the mouse: a point.
    QApplication.processEvents()
    number = shown.groups[0][2][-1]
    place = view.map.place_of(number)
    assert view.map.plot.viewport().rect().contains(place)
    qtbot.mouseMove(view.map.plot.viewport(), place)
    QApplication.processEvents()
    qtbot.mouseClick(view.map.plot.viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: view.reading.passage == shown.passages[number], timeout=10_000)
    assert view.map.groups.currentRow() == 0
    quiet(qtbot, window)


def test_keywords_of_a_pasted_and_of_a_dropped_text(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], papers: Path
) -> None:
    window.show_page("similar", {"documents": True})
    page = window.page("similar")
    assert isinstance(page, SimilarPage)
    view = page.documents
    mime = QMimeData()
    mime.setText(
        "Solar panels turn sunlight into electricity. Solar panels on a roof pay for themselves in ten years. The battery"
        " keeps what is left for the evening; the neighbours in the village heat their houses with wood and with heat pumps."
    )
    drop(view.drop, mime)
    assert view.tabs.currentWidget() is view.keywords_tab
    panel = view.pasted_keywords
    qtbot.waitUntil(lambda: bool(panel.keywords), timeout=60_000)
    assert any("solar" in k.text.lower() for k in panel.keywords[:3])
    before = [k.text for k in panel.keywords]
    slider = window.findChild(QSlider, "text-keywords-different")
    assert slider is not None
    slider.setValue(100)
    qtbot.waitUntil(lambda: [k.text for k in panel.keywords] not in ([], before), timeout=60_000)
    qtbot.mouseClick(panel.copy, LEFT)
    assert panel.keywords[0].text in QApplication.clipboard().text()
    drop(view.pasted.viewport(), [papers / "bread.txt"])
    qtbot.waitUntil(lambda: view.pasted.toPlainText().startswith("Knead the dough"), timeout=60_000)
    qtbot.waitUntil(lambda: any("dough" in k.text.lower() for k in panel.keywords), timeout=60_000)
    quiet(qtbot, window)


def test_a_hundred_thousand_rows_stay_smooth(qtbot: QtBot) -> None:
    import time

    passages = [
        Passage(Path("a.txt"), f"Title {n}", "Some text that is shown. " * 8, "page 1", 0, 9, 0.5)
        for n in range(100_000)
    ]
    model = PassageList()
    view = PassageView(model, "many", "Many")
    qtbot.addWidget(view)
    view.resize(600, 500)
    view.show()
    table = DocumentTable()
    table.show_documents([Listed(n, f"{n}.txt", Path(f"{n}.txt"), "", 1) for n in range(100_000)])
    began = time.monotonic()
    model.show_passages(passages)
    view.choose(99_999)
    view.grab()
    table.show_only("99.txt")
    spent = time.monotonic() - began
    assert table.rowCount() == 1000 and view.current() == 99_999
    assert spent < 5, f"{spent:.2f} s"


def test_what_is_shown_of_a_passage_keeps_its_marks() -> None:
    text = "Heading\n\n" + "Words before. " * 30 + "😀 The answer is here. And more."
    start = text.index("😀")
    passage = Passage(Path("a"), "A", text, "page 1", 0, len(text), 1.0, words=("answer",))
    shown, marks = excerpt(passage, (start, text.index(" And")))
    assert shown.startswith("… ") and "\n" not in shown
    (first, last, strong), (word, end, bold) = marks
    assert shown[first:last] == "😀 The answer is here." and not strong
    assert shown[word:end] == "answer" and bold
    assert excerpt(passage, (0, 0))[0].startswith("Heading Words before.")
