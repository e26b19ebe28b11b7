"""The Use page lists every form a model can be taken along in, and says how each went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from small_own_models import own_model

from workbench.engine.export_formats import formats_for
from workbench.gui.main_window import MainWindow

SLOW = 60_000


def children() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if "--export-apart" in " ".join(p.cmdline())]


def the_button(page: Any, form: str) -> QPushButton | None:
    found: QPushButton | None = page.take.findChild(QPushButton, f"export-{form}")
    return found


def test_forms_are_listed_with_what_they_are_for_and_written(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    card = own_model("timm")
    window.show_page("use")
    page: Any = window.page("use")
    page.view.choose(card.id)
    qtbot.waitUntil(lambda: the_button(page, "web-page") is not None, timeout=SLOW)
    for form in formats_for(card):
        button = the_button(page, form.id)
        assert (
            button is not None and button.accessibleName() == f"Export: {form.title}" and button.toolTip() == form.term
        )
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    page.ask_folder = lambda _title: str(tmp_path / "out")
    button = the_button(page, "web-page")
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert page.take.progress.isVisibleTo(page) and page.take.stop.isVisibleTo(page)
    qtbot.waitUntil(lambda: "Exported to" in page.export_words.text(), timeout=SLOW)
    assert "no samples to check it on" in page.export_words.text() and "MB" in page.export_words.text()
    assert (tmp_path / "out" / "timm-web-page" / "timm.html").is_file()
    assert page.take.show_it.isVisibleTo(page)
    qtbot.waitUntil(lambda: not page.take.stop.isVisibleTo(page), timeout=SLOW)
    # The place is taken: said beside it, and nothing is claimed.
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "already a folder" in page.banner.text.text(), timeout=SLOW)
    assert "Exported" not in page.export_words.text()
    # Nobody chose a folder: nothing happens.
    page.ask_folder = lambda _title: ""
    qtbot.waitUntil(lambda: not page.take.stop.isVisibleTo(page), timeout=SLOW)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not page.take.stop.isVisibleTo(page)


def test_an_export_is_stopped_and_other_models_have_other_forms(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    """The form is written by a process of its own, which is gone a moment after the click."""
    pictures, texts = own_model("timm"), own_model("text-classifier")
    window.show_page("use")
    page: Any = window.page("use")
    page.view.choose(pictures.id)
    qtbot.waitUntil(lambda: the_button(page, "web-page") is not None, timeout=SLOW)
    page.ask_folder = lambda _title: str(tmp_path / "out")
    button = the_button(page, "python-folder")
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(children()), timeout=SLOW)
    qtbot.mouseClick(page.take.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "was stopped" in page.export_words.text(), timeout=SLOW)
    assert not children() and not any((tmp_path / "out").iterdir())
    page.view.choose(texts.id)
    qtbot.waitUntil(lambda: the_button(page, "web-page") is None, timeout=SLOW)
    assert the_button(page, "python-folder") is not None and page.export_words.text() == ""
