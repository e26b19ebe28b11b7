"""A real window on a temporary home, and real drops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from workbench.app_paths import app_paths
from workbench.gui.context import AppContext
from workbench.gui.main_window import MainWindow
from workbench.gui.theme import install_theme

PATIENCE = 60_000


class PatientBot(QtBot):
    """Waits for a state as long as a busy machine may need: how long it takes is nothing that these tests are about.

    It holds the widgets it is to close: one that only holds itself (a timer's slot) would be garbage once the test's own lines
    are over, and where Python finds that out while the widget is being painted the process dies."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        super().__init__(request)
        self._held: list[QWidget] = []

    def addWidget(self, widget: QWidget, *, before_close_func: Callable[[QWidget], None] | None = None) -> None:
        self._held.append(widget)
        super().addWidget(widget, before_close_func=before_close_func)

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE) -> None:
        super().waitUntil(callback, timeout=max(timeout, PATIENCE))

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE, **more: Any) -> Any:
        return super().waitSignal(signal, timeout=max(timeout, PATIENCE), **more)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


@pytest.fixture
def ctx(qtbot: QtBot, workbench_home: Path) -> Iterator[AppContext]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    install_theme(app, "light").set_choice("light")
    made = AppContext(app_paths())
    yield made
    assert made.jobs.stop_all(PATIENCE)
    made.thumbnails.stop()
    made.downloads.stop()
    # What the last jobs told still waits in the event loop: it belongs to the open project.
    QApplication.processEvents()
    # The plug-in without a screen keeps what Python laid there until after Python's end, and then crashes over it.
    QApplication.clipboard().clear()
    if made.store.project is not None:
        made.store.close()


@pytest.fixture
def window(ctx: AppContext, qtbot: QtBot) -> MainWindow:
    made = MainWindow(ctx)
    # The window would ask, and wait for an answer, where a test ends before its training does.
    qtbot.addWidget(made, before_close_func=lambda _: ctx.jobs.stop_all(PATIENCE))
    made.resize(1280, 800)
    made.show()
    made.reopen()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


Drop = Callable[..., None]


@pytest.fixture
def drop() -> Drop:
    """`drop(widget, paths or mime data, at=None)`: what a person's drop sends."""

    def send(widget: QWidget, what: Sequence[Path] | QMimeData, at: QPoint | None = None) -> None:
        if isinstance(what, QMimeData):
            mime = what
        else:
            mime = QMimeData()
            mime.setUrls([QUrl.fromLocalFile(str(p)) for p in what])
        middle = at or widget.rect().center()
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(middle, Qt.DropAction.CopyAction, mime, buttons, keys)
        QApplication.sendEvent(widget, enter)
        assert enter.isAccepted(), "the widget does not take this drop"
        QApplication.sendEvent(widget, QDropEvent(QPointF(middle), Qt.DropAction.CopyAction, mime, buttons, keys))

    return send
