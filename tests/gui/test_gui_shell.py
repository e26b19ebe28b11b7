"""The window itself: pages, keys, themes, drops, remembering."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from workbench.app_paths import app_paths
from workbench.gui.commands import matches
from workbench.gui.context import AppContext
from workbench.gui.main_window import MainWindow
from workbench.gui.palette_dialog import PaletteDialog
from workbench.gui.rail import PAGES
from workbench.gui.theme import DARK, LIGHT, theme


class StrayWindows(QObject):
    """Notes every top-level widget that is shown beside the window: a flicker a person would see."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self._window = window
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        shown = event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow()
        if shown and watched is not self._window:
            self.seen.append(f"{type(watched).__name__} {watched.objectName()}")
        return False


def test_every_page_opens_from_the_rail_and_by_key_without_stray_windows(window: MainWindow, qtbot: QtBot) -> None:
    stray = StrayWindows(window)
    app = QApplication.instance()
    assert app is not None
    app.installEventFilter(stray)
    for number, entry in enumerate(PAGES, 1):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + number % 10), Qt.KeyboardModifier.ControlModifier)
        assert window.current_page_id == entry.id
        assert type(window.page(entry.id)).__name__ == entry.class_name
    app.removeEventFilter(stray)
    assert stray.seen == []


def test_every_control_has_an_accessible_name(window: MainWindow) -> None:
    nameless = []
    for entry in PAGES:
        window.show_page(entry.id)
        for widget in window.page(entry.id).findChildren(QWidget):
            if (
                isinstance(widget, QAbstractButton | QComboBox | QLineEdit)
                and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
            ):
                inner = widget.parent() is not None and isinstance(widget.parent(), QComboBox | QAbstractSpinBox)
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                if not inner and not widget.accessibleName() and not text and not widget.toolTip():
                    nameless.append(f"{entry.id}: {type(widget).__name__} {widget.objectName()}")
    assert nameless == []


def test_the_window_fits_the_smallest_screen(window: MainWindow, qtbot: QtBot) -> None:
    for entry in PAGES:
        window.show_page(entry.id)
    window.resize(1024, 700)
    qtbot.wait(50)
    assert (window.width(), window.height()) == (1024, 700)


def test_light_and_dark_can_be_switched(window: MainWindow) -> None:
    window.actions_by_id["view.dark"].trigger()
    assert theme().colours is DARK
    assert window.ctx.settings.text("view/theme") == "dark"
    window.actions_by_id["view.light"].trigger()
    assert theme().colours is LIGHT


def test_the_palette_finds_and_runs_a_command(window: MainWindow, qtbot: QtBot) -> None:
    dialog = PaletteDialog(window.commands, window)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.keyClicks(dialog.search, "results")
    qtbot.keyClick(dialog.search, Qt.Key.Key_Return)
    assert window.current_page_id == "results"


@pytest.mark.parametrize(
    ("query", "title", "expected"),
    [("thm", "Theme dark", True), ("dark look", "Look dark", True), ("xyz", "Help", False)],
)
def test_matching(query: str, title: str, expected: bool) -> None:
    assert matches(query, title) is expected


def test_help_has_a_page_for_every_topic(window: MainWindow, qtbot: QtBot) -> None:
    from workbench.gui.help_dialog import TOPICS, HelpDialog

    dialog = HelpDialog(window.commands, "train", window)
    qtbot.addWidget(dialog)
    assert dialog.topics.currentItem().text() == TOPICS["train"]
    for row in range(len(TOPICS)):
        dialog.topics.setCurrentRow(row)
        assert len(dialog.page.toPlainText()) > 100, list(TOPICS)[row]


def test_a_killed_app_reopens_its_project(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], digits_folder: Callable[..., Path]
) -> None:
    drop(window, [digits_folder(("one", "two"), 3)])
    qtbot.waitUntil(lambda: window.current_page_id == "data", timeout=20_000)
    folder = window.ctx.store.require().folder
    # Killed: nothing is said, but the operating system lets its lock go.
    window.ctx.store.require().close()
    second = AppContext(app_paths())
    again = MainWindow(second)
    qtbot.addWidget(again)
    again.reopen()
    assert second.store.require().folder == folder
    assert again.current_page_id == "data"
    assert second.jobs.stop_all(60_000)
    second.thumbnails.stop()
    second.store.close()


def test_dropping_something_unusable_says_one_sentence(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], tmp_path: Path
) -> None:
    empty = tmp_path / "nothing here"
    empty.mkdir()
    drop(window, [empty])
    home = window.page("home")
    qtbot.waitUntil(lambda: home.banner.isVisible(), timeout=10_000)  # type: ignore[attr-defined]
    assert "is empty" in home.banner.text.text()  # type: ignore[attr-defined]
    mime = QMimeData()
    mime.setText("just words")
    drop(home.drop, mime)  # type: ignore[attr-defined]
    assert "Only files" in home.banner.text.text()  # type: ignore[attr-defined]


def test_a_failing_job_tells_a_sentence_and_logs_the_rest(
    ctx: AppContext, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_control: object) -> None:
        raise RuntimeError("inner detail")

    with qtbot.waitSignal(ctx.jobs.start("Doing it", broken).failed, timeout=5000) as told:
        pass
    assert "inner detail" not in str(told.args[0])
    assert "inner detail" in caplog.text
