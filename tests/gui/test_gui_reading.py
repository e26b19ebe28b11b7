"""Reading text in pictures in the window: words are selected over the picture, copied, saved, compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pages_to_read import LINES, page
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from workbench.data.types import Sample
from workbench.engine.predict import PredictResult
from workbench.gui.main_window import MainWindow
from workbench.gui.theme import theme
from workbench.gui.widgets.compare_text_dialog import CompareTextDialog
from workbench.gui.widgets.text_layer import TextLayer
from workbench.runtimes.base import Word
from workbench.tasks.predictions import Box, Boxes
from workbench.tasks.registry import get_task

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier  # fmt: skip
Drop = Callable[..., None]
READ = LINES[:4]


def a_box(text: str, y: float, block: int = 0, x: float = 10, score: float = 0.97) -> Box:
    """A line of letters ten points wide."""

    def corners(start: int, end: int) -> tuple[tuple[float, float], ...]:
        return (x + 10 * start, y), (x + 10 * end, y), (x + 10 * end, y + 20), (x + 10 * start, y + 20)

    words, at = [], 0
    for part in text.split(" "):
        words.append(Word(part, score, corners(at, at + len(part)), at + len(part) < len(text)))
        at += len(part) + 1
    return Box(x, y, x + 10 * len(text), y + 20, text, score, corners(0, len(text)), tuple(words), block)


LAYER = (a_box("one two three", 10), a_box("four five", 40), a_box("six seven", 90, 1, score=0.6))


# The layer ----------------------------------------------------------------------------------------------------------------


def test_a_selection_reads_as_text_and_is_drawn_as_bands() -> None:
    layer = TextLayer(LAYER)
    assert [w.word.text for w in layer.words] == ["one", "two", "three", "four", "five", "six", "seven"]
    layer.begin(layer.word_at(QPointF(55, 20)))
    layer.reach(layer.nearest(QPointF(42, 120)))
    assert layer.selected_text() == "two three\nfour five\n\nsix"
    bands = [shape.boundingRect().getRect() for shape in layer.selected_shapes()]
    assert bands == [(50.0, 10.0, 90.0, 20.0), (10.0, 40.0, 90.0, 20.0), (10.0, 90.0, 30.0, 20.0)]
    layer.reach(0)
    assert layer.selected_text() == "one two", "also backwards"
    layer.select_line(1)
    assert layer.selected_text() == "four five"
    layer.step(1)
    layer.step_line(-1)
    layer.select_all()
    assert len(layer.selected) == 7
    assert layer.word_at(QPointF(300, 300)) == -1 and layer.line_at(QPointF(45, 20)) == 0
    empty = TextLayer(())
    empty.select_all()
    empty.step(1)
    assert (empty.nearest(QPointF(1, 1)), empty.selected_text(), list(empty.selected)) == (-1, "", [])


def test_chinese_is_copied_without_blanks_and_hebrew_from_the_right() -> None:
    square = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
    right = ((20.0, 0.0), (30.0, 0.0), (30.0, 10.0), (20.0, 10.0))
    chinese = Box(0, 0, 30, 10, "今天", 1, (), (Word("今", 1, square), Word("天", 1, right)))
    layer = TextLayer((chinese,))
    layer.select_all()
    assert layer.selected_text() == "今天"
    hebrew = Box(0, 0, 30, 10, "שלום עולם", 1, (), (Word("שלום", 1, right, True), Word("עולם", 1, square)))
    layer = TextLayer((hebrew, Box(0, 20, 9, 30, "whole line", 1)))
    layer.select_all()
    assert layer.selected_text() == "שלום עולם\nwhole line"
    assert layer.selected_shapes()[0].boundingRect().getRect() == (0, 0, 30, 10)


# On the page --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> PredictResult:
    """A page of four lines as the starter reads it, once for all tests."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine.predict import predict

    file = tmp_path_factory.mktemp("page") / "page.png"
    page(READ).save(file)
    sample = Sample("picture", file.name, path=file)
    return next(predict([sample], Catalog.load().get("reading-starter"), get_task("text-in-pictures")))


@pytest.fixture
def trying(window: MainWindow, qtbot: QtBot, answer: PredictResult) -> Any:
    """The Try page with that answer."""
    window.show_page("try")
    shown: Any = window.page("try")
    shown.tasks.choose("text-in-pictures")
    shown._total = 1
    shown._show_picture(answer.sample)
    shown._show_result(answer)
    qtbot.waitUntil(lambda: shown.input.picture.text.is_shown, timeout=10_000)
    qtbot.waitUntil(lambda: not shown.input.picture._picture.isNull(), timeout=10_000)
    return shown


def at(canvas: Any, line: int, word: int) -> QPoint:
    """The middle of a word, on the canvas."""
    layer = canvas.text.layer
    shape = layer.words[layer.words_of(line)[word]].shape
    to_canvas, _ = canvas._into_picture().inverted()
    return to_canvas.map(shape.boundingRect().center()).toPoint()


def clipboard() -> str:
    return QApplication.clipboard().text()


def test_words_are_dragged_over_and_copied(trying: Any, qtbot: QtBot) -> None:
    canvas = trying.input.picture
    start, end = at(canvas, 0, 3), at(canvas, 1, 1)
    qtbot.mousePress(canvas, LEFT, pos=start)
    qtbot.mouseMove(canvas, start + QPoint(20, 2))
    _drag(canvas, start + QPoint(30, 2))
    _drag(canvas, end)
    qtbot.mouseRelease(canvas, LEFT, pos=end)
    words = [line.split() for line in READ]
    expected = " ".join(words[0][3:]) + "\n" + " ".join(words[1][:2])
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_C, CONTROL)
    assert clipboard() == expected == canvas.accessibleDescription()
    qtbot.keyClick(canvas, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(canvas, Qt.Key.Key_C, CONTROL)
    assert clipboard() == f"{expected} {words[1][2]}"
    qtbot.mouseClick(canvas, LEFT, SHIFT, at(canvas, 2, 0))
    qtbot.keyClick(canvas, Qt.Key.Key_C, CONTROL)
    assert clipboard().endswith("\n" + words[2][0])
    qtbot.keyClick(canvas, Qt.Key.Key_A, CONTROL)
    qtbot.keyClick(canvas, Qt.Key.Key_C, CONTROL)
    assert clipboard() == "\n".join(READ)
    qtbot.mouseDClick(canvas, LEFT, pos=at(canvas, 3, 2))
    qtbot.keyClick(canvas, Qt.Key.Key_C, CONTROL)
    assert clipboard() == words[3][2]
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.text.layer.selected_text() == ""


def _drag(canvas: Any, to: QPoint) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    position, globally = QPointF(to), QPointF(canvas.mapToGlobal(to))
    QApplication.sendEvent(canvas, QMouseEvent(QEvent.Type.MouseMove, position, globally, LEFT, LEFT, NONE))


def test_a_line_clicked_in_the_picture_is_found_in_the_list_and_back(trying: Any, qtbot: QtBot) -> None:
    canvas, text = trying.input.picture, trying.view.boxes.text
    qtbot.mouseClick(canvas, LEFT, pos=at(canvas, 2, 1))
    assert text.textCursor().block().text() == READ[2] == canvas.accessibleDescription()
    marked = [s.cursor.block().text() for s in text.extraSelections()]
    assert marked == [READ[2]]
    cursor = text.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Start)
    text.setTextCursor(cursor)
    assert canvas.text.layer.line == 0
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas.text.layer.line == 1 and text.textCursor().block().text() == READ[1]
    qtbot.keyClick(canvas, Qt.Key.Key_C, CONTROL)
    assert clipboard() == READ[1], "the chosen line where nothing is selected"
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at(canvas, 0, 0), canvas.mapToGlobal(at(canvas, 0, 0)))
    QApplication.sendEvent(canvas, event)
    menu = next(m for m in canvas.findChildren(QMenu) if m.isVisible())
    assert [a.text() for a in menu.actions()] == ["Copy this line", "Select all"]
    menu.actions()[1].trigger()
    assert canvas.text.layer.selected_text() == "\n".join(READ)
    menu.close()


def test_the_whole_text_is_copied_and_saved_for_other_programs(trying: Any, qtbot: QtBot, tmp_path: Path) -> None:
    view = trying.view
    assert view.copy.text().strip() == "Copy text" and view.save.text().strip() == "Save as …"
    qtbot.mouseClick(view.copy, LEFT)
    assert clipboard() == "\n".join(READ)
    for suffix in (".txt", ".json", ".hocr", ".pdf"):
        target = tmp_path / f"answer{suffix}"
        view.ask_path = lambda _endings, t=target: str(t)
        qtbot.mouseClick(view.save, LEFT)
        qtbot.waitUntil(lambda t=target: str(t) in view.note.text(), timeout=20_000)
        assert target.stat().st_size > 0
    from pypdf import PdfReader

    text = PdfReader(tmp_path / "answer.pdf", strict=True).pages[0].extract_text()
    assert text.split() == " ".join(READ).split()
    view.ask_path = lambda _endings: str(tmp_path / "answer.docx")
    qtbot.mouseClick(view.save, LEFT)
    qtbot.waitUntil(lambda: "cannot be saved" in view.note.text())


def test_the_answer_is_compared_with_the_right_text(
    window: MainWindow, trying: Any, qtbot: QtBot, tmp_path: Path
) -> None:
    qtbot.mouseClick(trying.view.compare, LEFT)
    dialog = window.findChild(CompareTextDialog)
    assert dialog is not None
    words = " ".join(READ).split()
    right = " ".join(words).replace("keeper wrote", "keeper SELDOM wrote").replace("ship", "boat")
    (tmp_path / "right.txt").write_text(right, encoding="utf-8")
    dialog.ask_file = lambda: str(tmp_path / "right.txt")  # type: ignore[method-assign]
    qtbot.mouseClick(dialog.load, LEFT)
    qtbot.waitUntil(lambda: dialog.comparison is not None)
    assert dialog.summary.text() == f"{len(words) - 1} of {len(words) + 1} words are right"
    assert "1 changed, 1 missing, 0 too many" in dialog.rates.text()
    shown = dialog.view.toPlainText()
    assert "keeper SELDOM wrote" in shown and "ship boat" in shown
    struck = [f for f in _forms(dialog) if f.fontStrikeOut()]
    assert len(struck) == 1
    dialog.right.setPlainText(" ".join(words).upper())
    qtbot.waitUntil(lambda: dialog.comparison is not None and dialog.comparison.word_error_rate > 0.5)
    qtbot.mouseClick(dialog.case, LEFT, pos=QPoint(8, dialog.case.height() // 2))
    qtbot.waitUntil(lambda: dialog.summary.text() == f"All {len(words)} words are right.")
    assert "upper and lower case" in dialog.legend.text()
    dialog.right.clear()
    qtbot.waitUntil(lambda: dialog.comparison is None)
    dialog.load_file(tmp_path / "gone.txt")
    qtbot.waitUntil(lambda: "not there" in dialog.banner.text.text())
    dialog.reject()


def _forms(dialog: CompareTextDialog) -> list[Any]:
    found = []
    block = dialog.view.document().begin()
    while block.isValid():
        found += [entry.fragment().charFormat() for entry in block]  # type: ignore[attr-defined]
        block = block.next()
    return found


def test_the_picture_is_enlarged_where_the_pointer_is(trying: Any, qtbot: QtBot) -> None:
    canvas = trying.input.picture
    here = at(canvas, 1, 2)
    before = canvas._into_picture().map(QPointF(here))
    for _ in range(4):
        wheel = QWheelEvent(QPointF(here), QPointF(canvas.mapToGlobal(here)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, CONTROL, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
        QApplication.sendEvent(canvas, wheel)
    after = canvas._into_picture().map(QPointF(here))
    assert canvas._zoom.factor == pytest.approx(1.25**4)
    assert (after - before).manhattanLength() < 40, "what was under the pointer stays there, as far as edges allow"
    trying.view.boxes.text.line_chosen.emit(3)
    middle = at(canvas, 3, 2)
    assert canvas.rect().adjusted(-canvas.width(), 0, canvas.width(), 0).contains(middle), (
        "a chosen line is brought into view"
    )
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_0)
    assert canvas._zoom.factor == 1
    qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas._zoom.factor > 1


def test_doubtful_lines_are_marked_and_the_slider_hides_them(window: MainWindow) -> None:
    window.show_page("try")
    view: Any = window.page("try").view  # type: ignore[attr-defined]
    view.show_prediction(Boxes(LAYER, 300, 200, reading=True))
    assert view.boxes.summary.text() == "3 lines read, 1 of them not surely (underlined)"
    assert view.boxes.text.toPlainText() == "one two three\nfour five\n\nsix seven"
    view.boxes.slider.setValue(70)
    assert view.boxes.text.toPlainText() == "one two three\nfour five"
    assert view.answer_text() == "one two three\nfour five"
    # Their marks follow the theme.
    view.boxes.slider.setValue(50)
    colours = set()
    for mode in ("light", "dark"):
        theme().set_choice(mode)  # type: ignore[arg-type]
        (mark,) = view.boxes.text.extraSelections()
        form = mark.format
        colours.add(form.underlineColor().name())
    theme().set_choice("light")
    assert len(colours) == 2


def test_many_pictures_become_the_pages_of_one_file(
    window: MainWindow, trying: Any, qtbot: QtBot, drop: Drop, tmp_path: Path
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(2):
        page((READ[number],)).save(folder / f"{number}.png")
    drop(trying.input.picture, [folder])
    qtbot.waitUntil(lambda: trying.table.rowCount() == 2, timeout=90_000)
    target = tmp_path / "book.pdf"
    trying.ask_export_path = lambda: str(target)
    save = window.findChild(QPushButton, "save-answers")
    assert save is not None
    qtbot.mouseClick(save, LEFT)
    qtbot.waitUntil(target.is_file, timeout=20_000)
    from pypdf import PdfReader

    assert [p.extract_text().split() for p in PdfReader(target, strict=True).pages] == [READ[n].split() for n in (0, 1)]


def test_a_dropped_picture_is_read_and_its_text_is_seen_over_it(
    window: MainWindow, qtbot: QtBot, drop: Drop, answer: PredictResult
) -> None:
    window.show_page("try")
    shown: Any = window.page("try")
    shown.tasks.choose("text-in-pictures")
    drop(shown.input.drop, [Path(str(answer.sample.path))])
    canvas = shown.input.picture
    qtbot.waitUntil(lambda: canvas.text.is_shown, timeout=90_000)
    qtbot.waitUntil(lambda: not canvas._picture.isNull(), timeout=10_000)
    assert shown.view.boxes.text.toPlainText() == "\n".join(READ)
    assert "Drag over words" in shown.input.picture_hint.text()
    before = canvas.grab().toImage()
    canvas.text.select_all()
    after: QImage = canvas.grab().toImage()
    here = at(canvas, 1, 2)
    assert before.pixelColor(here) != after.pixelColor(here)
    corner = QPoint(2, 2)
    assert before.pixelColor(corner) == after.pixelColor(corner)
