"""Use from other programs, and watch a folder: by clicks, with real requests and real files."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.gui.main_window import MainWindow
from workbench.gui.serving.serve_dialog import ServeDialog
from workbench.gui.serving.watch_dialog import WatchDialog
from workbench.serve.examples import HIDDEN

CHINA = resources() / "samples" / "try" / "china.jpg"
LEFT = Qt.MouseButton.LeftButton


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def press(dialog: ServeDialog | WatchDialog, name: str, qtbot: QtBot) -> None:
    found = dialog.findChild(QPushButton, name) or dialog.findChild(QToolButton, name)
    assert found is not None, name
    qtbot.waitUntil(found.isEnabled)
    qtbot.mouseClick(found, LEFT)


@pytest.fixture
def serving(window: MainWindow, qtbot: QtBot) -> ServeDialog:
    window.show_page("use")
    page = window.page("use")
    qtbot.mouseClick(page.findChild(QPushButton, "use-serve"), LEFT)
    dialog: ServeDialog = page.serving  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: dialog.models.count() > 3)
    for place in range(dialog.models.count()):
        item = dialog.models.item(place)
        wanted = item.data(Qt.ItemDataRole.UserRole).id in ("picture-starter", "text-starter")
        item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
    dialog.port.setValue(free_port())
    return dialog


def started(dialog: ServeDialog, qtbot: QtBot) -> str:
    press(dialog, "serve-start", qtbot)
    qtbot.waitUntil(lambda: dialog.running.isVisible() and "Running" in dialog.counters.text())
    return dialog.address.text()


def test_a_program_copied_from_the_window_runs(serving: ServeDialog, qtbot: QtBot, tmp_path: Path) -> None:
    address = started(serving, qtbot)
    assert requests.get(f"{address}/health", timeout=60).json() == {"status": "ok"}
    assert address == f"http://127.0.0.1:{serving.port.value()}"
    token = serving._token
    assert serving.token.echoMode() == QLineEdit.EchoMode.Password and serving.token.text() == token
    press(serving, "show-token", qtbot)
    assert serving.token.echoMode() == QLineEdit.EchoMode.Normal
    clipboard = QGuiApplication.clipboard()
    press(serving, "copy-token", qtbot)
    assert clipboard.text() == token and "clipboard" in serving.banner.text.text()
    press(serving, "copy-address", qtbot)
    assert clipboard.text() == address
    serving.model.setCurrentIndex(next(n for n in range(2) if "picture" in serving.model.itemData(n).id))
    serving.language.setCurrentText("Python")
    assert token not in serving.example.toPlainText() and HIDDEN in serving.example.toPlainText()
    press(serving, "copy-example", qtbot)
    program = tmp_path / "ask.py"
    program.write_text(clipboard.text())
    shutil.copy(CHINA, tmp_path / "photo.jpg")
    process = subprocess.Popen([sys.executable, str(program)], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    qtbot.waitUntil(lambda: process.poll() is not None)
    assert process.communicate()[0].strip() == "palace"
    qtbot.waitUntil(lambda: "1 answered" in serving.counters.text())
    press(serving, "serve-stop", qtbot)
    qtbot.waitUntil(lambda: serving.start.isVisible())
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/health", timeout=5)
    # Again with a new token: the old one is refused.
    started(serving, qtbot)
    press(serving, "new-token", qtbot)
    qtbot.waitUntil(lambda: "the old one is refused" in serving.banner.text.text())
    qtbot.waitUntil(lambda: serving.running.isVisible() and "Running" in serving.counters.text())
    assert serving._token != token and serving.token.text() == serving._token
    answer = requests.get(f"{address}/v1/models", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == 401


def test_a_closed_window_of_it_goes_on_and_quitting_ends_it(
    serving: ServeDialog, window: MainWindow, qtbot: QtBot
) -> None:
    address = started(serving, qtbot)
    serving.close()
    assert requests.get(f"{address}/health", timeout=60).ok
    assert [j.title for j in window.ctx.jobs.running()] == ["Use from other programs"], "it stands in the status bar"
    page = window.page("use")
    qtbot.mouseClick(page.findChild(QPushButton, "use-serve"), LEFT)
    assert serving.isVisible() and serving.running.isVisible()
    assert window.ctx.jobs.stop_all(60_000)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/health", timeout=5)


def test_a_taken_port_is_a_sentence_and_the_choice_comes_back(serving: ServeDialog, qtbot: QtBot) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", serving.port.value()))
        taken.listen()
        press(serving, "serve-start", qtbot)
        qtbot.waitUntil(lambda: "uses port" in serving.banner.text.text())
        qtbot.waitUntil(lambda: serving.start.isVisible() and serving.start.isEnabled())


def test_beyond_this_computer_is_warned_of(serving: ServeDialog, qtbot: QtBot) -> None:
    assert not serving.warning.isVisible() and not serving.everywhere.isChecked()
    serving.everywhere.click()
    assert serving.warning.isVisible() and "not encrypted" in serving.warning.text.text()
    serving.everywhere.click()
    assert not serving.warning.isVisible()


def test_every_control_has_a_name_and_can_be_reached(serving: ServeDialog, qtbot: QtBot) -> None:
    started(serving, qtbot)
    for kind in (QPushButton, QToolButton, QLineEdit):
        for widget in serving.findChildren(kind):
            if widget.isVisibleTo(serving) and widget.objectName() != "qt_spinbox_lineedit":
                assert widget.accessibleName() or widget.text(), widget
                assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    press(serving, "serve-stop", qtbot)
    qtbot.waitUntil(lambda: serving.start.isVisible())


# The folder ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def watching(window: MainWindow, qtbot: QtBot) -> WatchDialog:
    window.show_page("use")
    page = window.page("use")
    qtbot.mouseClick(page.findChild(QPushButton, "use-watch-folder"), LEFT)
    dialog: WatchDialog = page.watching  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: dialog.model.count() > 3)
    return dialog


def set_model(dialog: WatchDialog, model_id: str) -> None:
    dialog.model.setCurrentIndex(
        next(n for n in range(dialog.model.count()) if dialog.model.itemData(n).id == model_id)
    )


def test_files_that_come_are_sorted_and_put_back(watching: WatchDialog, qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    watching.ask_folder = lambda _title: str(folder)  # type: ignore[method-assign]
    assert not watching.start.isEnabled()
    press(watching, "watch-choose-folder", qtbot)
    set_model(watching, "picture-starter")
    watching.action.setCurrentIndex(watching.action.findData("move"))
    watching.sure.setValue(0)
    press(watching, "watch-start", qtbot)
    qtbot.waitUntil(lambda: "everything is done" in watching.state.text())
    shutil.copy(CHINA, folder / "temple.jpg")
    (folder / "broken.jpg").write_bytes(b"no picture")
    qtbot.waitUntil(lambda: watching.deeds.count() == 2)
    assert (folder / "sorted" / "palace" / "temple.jpg").is_file()
    assert (folder / "sorted" / "could not be read" / "broken.jpg").is_file()
    assert not watching.back.isEnabled(), "not while it watches"
    lines = [watching.deeds.item(n).text() for n in range(2)]
    assert any("temple.jpg: palace (32%)" in line for line in lines), lines
    press(watching, "watch-stop", qtbot)
    qtbot.waitUntil(lambda: watching.start.isVisible())
    press(watching, "watch-put-back", qtbot)
    qtbot.waitUntil(lambda: "2 put back" in watching.banner.text.text())
    assert (folder / "temple.jpg").is_file() and not (folder / "sorted" / "palace").exists()


def test_only_what_a_model_can_do_may_be_chosen(watching: WatchDialog, qtbot: QtBot, tmp_path: Path) -> None:
    set_model(watching, "text-starter")
    watching.action.setCurrentIndex(watching.action.findData("move"))
    assert watching.task.isVisible() and watching.labels.isVisible()
    watching.folder.setText(str(tmp_path))
    press(watching, "watch-start", qtbot)
    assert "chooses between labels" in watching.banner.text.text()
    set_model(watching, "dictation-starter")
    assert (
        watching.action.currentData() == "tag" and not watching.target.isVisible() and not watching.labels.isVisible()
    )
    watching.folder.setText(str(tmp_path / "nowhere"))
    press(watching, "watch-start", qtbot)
    assert "is no folder" in watching.banner.text.text()


def test_what_was_set_is_remembered(watching: WatchDialog, window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    set_model(watching, "picture-starter")
    watching.folder.setText(str(tmp_path))
    watching.action.setCurrentIndex(watching.action.findData("tag"))
    watching.below.setChecked(True)
    press(watching, "watch-start", qtbot)
    press(watching, "watch-stop", qtbot)
    qtbot.waitUntil(lambda: watching.start.isVisible())
    again = WatchDialog(window.ctx, window)
    qtbot.waitUntil(lambda: again.model.count() > 3)
    assert again.folder.text() == str(tmp_path) and again.action.currentData() == "tag" and again.below.isChecked()
    assert again.model.currentData().id == "picture-starter"
    again.close()
