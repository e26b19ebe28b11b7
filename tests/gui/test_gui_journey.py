"""The whole journey as a person makes it: drops, clicks and keys only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListView, QPlainTextEdit, QPushButton, QTabWidget, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.data.types import ItemFilter
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.confusion_matrix import ConfusionMatrix
from workbench.gui.widgets.curves import TrainingCurves
from workbench.gui.widgets.import_dialog import ImportDialog

LEFT = Qt.MouseButton.LeftButton


def click(qtbot: QtBot, window: QWidget, kind: type[QWidget], name: str) -> None:
    found = window.findChild(kind, name)
    assert found is not None and found.isVisible() and found.isEnabled(), f"{name} cannot be clicked"
    qtbot.mouseClick(found, LEFT)


def test_from_a_dropped_folder_to_using_the_model(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], digits_folder: Callable[..., Path]
) -> None:
    folder = digits_folder(("one", "two", "zero"), 14)
    # Three pictures without a class, to be labelled by hand: two ones and a zero.
    extra = [("one", 30), ("one", 31), ("zero", 30)]
    for name, number in extra:
        source = resources() / "samples" / "digits" / name / f"{name}-{number}.png"
        (folder / f"a {name} {number}.png").write_bytes(source.read_bytes())

    drop(window, [folder])
    qtbot.waitUntil(lambda: window.current_page_id == "data", timeout=20_000)
    project = window.ctx.store.require()
    assert project.counts().total == 45
    assert project.counts().unlabelled == 3

    # Label them with the keys.
    page = window.page("data")
    unlabelled = project.items(project.item_ids(ItemFilter(labelled=False)))
    names = [c.name for c in project.classes()]
    view = window.findChild(QListView, "item-view")
    assert view is not None
    show = page.filter_bar.show_box  # type: ignore[attr-defined]
    show.setFocus()
    qtbot.keyClick(show, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: view.model().rowCount() == 3)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    for item in unlabelled:
        key = str(names.index(item.name.split()[1]) + 1)
        qtbot.keyClicks(view, key)
    assert project.counts().unlabelled == 0
    # One too many: taken back and done again.
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert project.counts().unlabelled == 1
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert project.counts().unlabelled == 0

    # Train.
    click(qtbot, window, QPushButton, "go-train")
    assert window.current_page_id == "train"
    click(qtbot, window, QPushButton, "train-start")
    page = window.page("train")
    qtbot.waitUntil(lambda: page.live.progress.finished is not None, timeout=120_000)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: not page.running, timeout=10_000)  # type: ignore[attr-defined]
    assert len(page.live.progress.epochs) > 3  # type: ignore[attr-defined]

    # Results: the number and a cell's very items.
    results_button = next(b for b in page.findChildren(QPushButton) if b.text().strip() == "See the results")
    qtbot.mouseClick(results_button, LEFT)
    assert window.current_page_id == "results"
    results = window.page("results")
    qtbot.waitUntil(lambda: results.evaluation is not None, timeout=20_000)  # type: ignore[attr-defined]
    evaluation = results.evaluation  # type: ignore[attr-defined]
    accuracy = window.findChild(QLabel, "accuracy")
    assert accuracy is not None and accuracy.text() == f"{evaluation.accuracy:.0%}"
    assert evaluation.accuracy > evaluation.baseline
    matrix = window.findChild(ConfusionMatrix, "confusion")
    assert matrix is not None
    qtbot.mouseClick(matrix, LEFT, pos=matrix.centre_of(0, 0))
    cell = window.findChild(QListView, "cell-items")
    assert cell is not None
    wanted = evaluation.cell(evaluation.classes[0], evaluation.classes[0])
    assert cell.model().rowCount() == len(wanted) > 0
    assert not results.findChildren(TrainingCurves), "nobody has looked how it learnt"
    tabs: QTabWidget = results.tabs  # type: ignore[attr-defined]
    tabs.setCurrentIndex(next(n for n in range(tabs.count()) if tabs.tabText(n) == "How it learnt"))
    (curves,) = results.findChildren(TrainingCurves)
    assert len(curves.accuracy.points("validation")[0]) > 0

    # Use it on a new picture.
    click(qtbot, window, QToolButton, "rail-use")
    click(qtbot, window, QPushButton, "use-try")
    assert window.current_page_id == "try"
    trying = window.page("try")
    new = resources() / "samples" / "digits" / "zero" / "zero-38.png"
    drop(trying.input.drop, [new])  # type: ignore[attr-defined]
    best = window.findChild(QLabel, "best-answer")
    assert best is not None
    qtbot.waitUntil(lambda: best.text() != "" and best.isVisible(), timeout=30_000)
    assert best.text() == "zero"


def test_from_a_table_of_texts_to_an_answer(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], tmp_path: Path
) -> None:
    lines = (resources() / "samples" / "reviews.csv").read_text(encoding="utf-8").splitlines()
    table = tmp_path / "messages.csv"
    table.write_text("\n".join(lines[:100]), encoding="utf-8")

    drop(window, [table])
    dialog: list[ImportDialog] = []

    def asked() -> bool:
        dialog[:] = [d for d in window.findChildren(ImportDialog) if d.isVisible()]
        return bool(dialog)

    qtbot.waitUntil(asked, timeout=10_000)
    assert dialog[0].content.currentText() == "text"
    assert dialog[0].label_column.currentText() == "label"
    qtbot.mouseClick(dialog[0].ok, LEFT)
    qtbot.waitUntil(lambda: window.ctx.store.project is not None, timeout=20_000)
    assert window.ctx.store.require().counts().labelled == 99

    click(qtbot, window, QPushButton, "go-train")
    click(qtbot, window, QPushButton, "train-start")
    page = window.page("train")
    qtbot.waitUntil(lambda: page.live.progress.finished is not None, timeout=120_000)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: not page.running, timeout=10_000)  # type: ignore[attr-defined]
    click(qtbot, window, QPushButton, "try-model")
    text = window.findChild(QPlainTextEdit, "try-text")
    assert text is not None and text.isVisible()
    qtbot.keyClicks(text, "Where can I leave my bicycle?")
    best = window.findChild(QLabel, "best-answer")
    assert best is not None
    qtbot.waitUntil(lambda: best.text() == "question", timeout=30_000)
