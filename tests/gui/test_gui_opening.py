"""Projects by double click, one window per person, updates and licences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from workbench.__main__ import opens_window
from workbench.app_paths import app_paths
from workbench.data.project import Project
from workbench.data.project_file import project_file
from workbench.gui.app import app_icon
from workbench.gui.main_window import MainWindow
from workbench.gui.opening import OpenEvents, open_given
from workbench.gui.single import Listener, address, hand_over
from workbench.gui.widgets.licences_dialog import LicencesDialog
from workbench.gui.widgets.update_dialog import UpdateDialog
from workbench.hub import net_settings, updates

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    """A project's file."""
    with Project.create(tmp_path / "My birds", "Birds at dawn", "image-classification") as project:
        found = project_file(project.folder)
    assert found is not None
    return found


def test_a_double_clicked_project_opens_in_the_window(window: MainWindow, birds: Path) -> None:
    assert birds.name == "Birds at dawn.workbench"
    assert open_given(window, str(birds))
    assert window.windowTitle().startswith("Birds at dawn") and window.current_page_id == "data"
    assert open_given(window, str(birds))  # once more changes nothing
    assert window.ctx.store.require().folder == birds.parent


def test_what_is_no_project_is_said_in_the_window(window: MainWindow, tmp_path: Path) -> None:
    stray = tmp_path / "x.workbench"
    for content in (
        b"{}",
        b"\xff\xfe",
        b'{"format": "model-workbench-project", "version": 1}',
        b'{"format": "model-workbench-project", "version": 99}',
    ):
        stray.write_bytes(content)
        assert not open_given(window, str(stray))
        assert "x.workbench" in " ".join(w.text() for w in window.notice.findChildren(QLabel))
    assert not open_given(window, str(tmp_path / "gone.workbench"))
    assert window.ctx.store.project is None


def test_the_finder_gives_files_as_events(window: MainWindow, birds: Path) -> None:
    events = OpenEvents(window)
    app = QApplication.instance()
    assert app is not None
    app.installEventFilter(events)
    QApplication.sendEvent(app, QFileOpenEvent(QUrl.fromLocalFile(str(birds))))
    app.removeEventFilter(events)
    assert window.ctx.store.require().folder == birds.parent


def test_a_second_start_hands_its_project_over_and_ends(window: MainWindow, birds: Path, qtbot: QtBot) -> None:
    listener = Listener(app_paths(), window)
    listener.asked.connect(lambda wanted: open_given(window, wanted))
    second = subprocess.Popen(
        [sys.executable, "-m", "workbench", str(birds)], cwd=birds.parent, stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    qtbot.waitUntil(lambda: second.poll() is not None)
    assert second.returncode == 0
    qtbot.waitUntil(lambda: window.ctx.store.project is not None)
    assert window.ctx.store.require().folder == birds.parent
    listener.close()


def test_with_no_window_there_is_nobody_to_hand_over_to() -> None:
    assert not hand_over(app_paths(), "")


def test_nonsense_on_the_socket_is_refused(window: MainWindow, qtbot: QtBot) -> None:
    listener = Listener(app_paths(), window)
    heard: list[str] = []
    listener.asked.connect(heard.append)
    assert listener.listening
    for line in (b"hello\n", b"[]\n", b'{"open": 3}\n', b'{"open": "a\\u0000b"}\n', b"x" * 40_000):
        socket = QLocalSocket()
        socket.connectToServer(address(app_paths()))
        assert socket.waitForConnected(5000)
        socket.write(line)
        socket.flush()
        qtbot.waitUntil(lambda s=socket: s.state() == QLocalSocket.LocalSocketState.UnconnectedState)
        assert socket.readAll().isEmpty()
    assert heard == []
    listener.close()


def test_a_killed_window_s_socket_is_taken_over(window: MainWindow) -> None:
    first = Listener(app_paths(), window)
    path = Path(first._server.fullServerName())
    first.close()
    if sys.platform != "win32":  # there a named pipe goes with its process
        path.write_text("left behind")
    again = Listener(app_paths(), window)
    assert again.listening
    # One that is alive keeps it.
    assert not Listener(app_paths(), window).listening
    again.close()


def test_what_opens_the_window_and_what_is_a_command(birds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opens_window([]) and opens_window(["--new-window"]) and opens_window([str(birds)])
    assert opens_window([str(birds.parent)]) and opens_window(["gone.workbench"])
    assert (
        not opens_window(["doctor"]) and not opens_window(["--version"]) and not opens_window(["predict", str(birds)])
    )
    # A project in a folder called like a command does not hide the command.
    monkeypatch.chdir(birds.parent.parent)
    birds.parent.rename(birds.parent.parent / "train")
    assert not opens_window(["train"]) and opens_window(["./train"])


def test_the_app_has_its_icon() -> None:
    assert not app_icon().isNull() and app_icon().pixmap(64, 64).toImage().pixelColor(32, 10).alpha() == 255


def test_updates_are_only_looked_for_when_asked(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    note = {"format": updates.FORMAT, "version": "99.0", "link": "https://example.org/get", "notes": "Better."}

    def get_json(url: str, *_: object, **_more: object) -> object:
        asked.append(url)
        return note

    monkeypatch.setattr(updates, "get_json", get_json)
    dialog = UpdateDialog(window.ctx, window)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.wait(50)
    assert asked == [] and dialog.look_button.isEnabled()
    dialog.address.setText("http://example.org/plain")
    dialog.look_button.click()
    assert asked == [] and dialog.banner.isVisible()
    dialog.address.setText("https://example.org/updates.json")
    dialog.look_button.click()
    qtbot.waitUntil(lambda: dialog.news is not None)
    assert asked == ["https://example.org/updates.json"] and dialog.open_button.isVisible()
    assert "https://example.org/get" in dialog.notes.text() and "Better." in dialog.notes.text()
    qtbot.waitUntil(dialog.look_button.isEnabled)
    assert (
        json.loads((app_paths().settings / "network.json").read_text())["updates"] == "https://example.org/updates.json"
    )


def test_offline_nothing_can_be_asked(window: MainWindow, qtbot: QtBot) -> None:
    from dataclasses import replace

    net_settings.save(replace(net_settings.load(), offline=True))
    dialog = UpdateDialog(window.ctx, window)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.look_button.isEnabled() and dialog.banner.isVisible()


def test_every_part_s_licence_can_be_read(window: MainWindow, qtbot: QtBot, drop: Callable[..., None]) -> None:
    dialog = LicencesDialog(window.ctx, window)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() > 80)
    rows = [dialog.list.topLevelItem(n) for n in range(dialog.list.topLevelItemCount())]
    dialog.search.setText("pillow")
    (shown,) = [row for row in rows if not row.isHidden()]
    assert shown.text(0).lower().startswith("pillow")
    dialog.list.setCurrentItem(shown)
    qtbot.waitUntil(lambda: "Secret Labs" in dialog.text.toPlainText())
    dialog.search.setText("")
    names = [row.text(0) for row in rows if not row.isHidden()]
    assert "inter" in names and any(name.startswith("torch ") for name in names)
