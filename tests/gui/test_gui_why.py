"""Asking why on the Try page, as a person does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.data.project import Project
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.why_dialog import WhyDialog
from workbench.tasks.predictions import Scores

LEFT = Qt.MouseButton.LeftButton
PHOTO = resources() / "samples" / "try" / "china.jpg"
LONG = 120_000
Drop = Callable[..., None]


@pytest.fixture
def trying(window: MainWindow) -> Any:
    window.show_page("try")
    return window.page("try")


def press(owner: Any, name: str, qtbot: QtBot) -> None:
    found = owner.findChild(QPushButton, name)
    qtbot.waitUntil(lambda: found.isVisible() and found.isEnabled(), timeout=LONG)
    qtbot.mouseClick(found, LEFT)


def ask(trying: Any, qtbot: QtBot) -> WhyDialog:
    press(trying, "why", qtbot)
    dialog = trying.findChild(WhyDialog)
    assert dialog is not None
    return dialog


def checked(dialog: WhyDialog) -> bool:
    return dialog.shown is not None and dialog.shown.explanation.sanity is not None and dialog._job is None


def test_where_in_a_picture(
    trying: Any, qtbot: QtBot, drop: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not trying.why.isVisible()
    drop(trying.input.drop, [PHOTO])
    dialog = ask(trying, qtbot)
    qtbot.waitUntil(lambda: checked(dialog), timeout=LONG)
    assert dialog.shown is not None and dialog.shown.explanation.target == "palace"
    assert not dialog.canvas._overlay.isNull() and "red mattered most" in dialog.legend.text().lower()
    assert dialog.checked.isVisible() and "shuffled" in dialog.checked.text.text()
    assert not dialog.alike.isVisible()
    dialog.answer.setFocus()
    qtbot.keyClick(dialog.answer, Qt.Key.Key_Down)
    second = dialog.answer.currentData()
    qtbot.waitUntil(lambda: checked(dialog) and dialog.shown.explanation.target == second, timeout=LONG)  # type: ignore[union-attr]
    monkeypatch.setattr(dialog, "ask_path", lambda: str(tmp_path / "why.png"))
    press(dialog, "why-save", qtbot)
    qtbot.waitUntil(lambda: dialog.state.text().startswith("Saved"), timeout=LONG)
    assert Image.open(tmp_path / "why.png").size == Image.open(PHOTO).size
    press(dialog, "why-close", qtbot)


def test_which_words_of_a_text(trying: Any, qtbot: QtBot) -> None:
    trying._show_task(trying._task_of_media("text"))
    text = "😀 The soup was cold, a dreadful evening."
    trying.picker.labels.setText("a good review, a bad review")
    trying.text.setPlainText(text)
    qtbot.waitUntil(lambda: isinstance(trying.view.prediction, Scores), timeout=LONG)
    dialog = ask(trying, qtbot)
    qtbot.waitUntil(lambda: checked(dialog), timeout=LONG)
    assert dialog.text.toPlainText() == text and not dialog.method.isVisible() and not dialog.opacity.isVisible()
    cursor = QTextCursor(dialog.text.document())
    cursor.setPosition(dialog.text.toPlainText().encode("utf-16-le").index("dreadful".encode("utf-16-le")) // 2 + 1)
    assert cursor.charFormat().background().style() != Qt.BrushStyle.NoBrush
    assert "Green words spoke for" in dialog.legend.text()


def test_a_taught_model_shows_what_it_learnt_from(
    window: MainWindow, trying: Any, qtbot: QtBot, drop: Drop, digits_folder: Callable[..., Path],
    make_project: Callable[[Path], Project],
) -> None:  # fmt: skip
    project = make_project(digits_folder())
    catalog = window.ctx.catalog
    card, _ = catalog.suggest(project.task_id)
    done = list(fit(new_config(project, card, How.QUICK), project, catalog))[-1]
    assert isinstance(done, Finished)
    folder = project.folder
    project.close()
    window.ctx.store.open(folder)
    window.ctx.models_changed.emit()
    window.ctx.go("try", model_id=done.model_id)
    file = min((resources() / "samples" / "digits" / "two").glob("*.png"))
    drop(trying.input.drop, [file])
    dialog = ask(trying, qtbot)
    qtbot.waitUntil(lambda: dialog.alike.isVisible(), timeout=LONG)
    assert dialog.alike.list.count() == 6 and "alike" in dialog.alike.list.item(0).text()
    assert "two" in dialog.alike.words.text()
    qtbot.waitUntil(lambda: checked(dialog), timeout=LONG)
    dialog.alike.list.setCurrentRow(0)
    dialog.alike.list.setFocus()
    wanted = dialog.alike.list.item(0).data(Qt.ItemDataRole.UserRole).id
    with qtbot.waitSignal(dialog.alike.wanted, timeout=LONG) as told:
        qtbot.keyClick(dialog.alike.list, Qt.Key.Key_Return)
    assert told.args == [wanted] and window.stack.currentWidget() is window.page("data")


def test_closing_stops_it(trying: Any, qtbot: QtBot, drop: Drop) -> None:
    drop(trying.input.drop, [PHOTO])
    dialog = ask(trying, qtbot)
    dialog.method.setCurrentIndex(1)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not trying.ctx.jobs.running(), timeout=LONG)
    assert trying.findChild(WhyDialog) is None or not trying.findChild(WhyDialog).isVisible()
