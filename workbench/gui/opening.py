"""Projects that come from outside the window: a double click, a second start, the Finder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QMainWindow

from workbench.data.project_file import folder_of
from workbench.errors import UserError
from workbench.gui.main_window import MainWindow


def open_given(window: MainWindow, path: str) -> bool:
    """Show a project in the window; what keeps it from opening is said there. True when it is open."""
    to_front(window)
    if not path:
        return False
    try:
        folder = folder_of(Path(path))
    except (UserError, OSError, ValueError) as error:
        said = error if isinstance(error, UserError) else UserError("This project cannot be read.", "Check the disk.")
        window.ctx.notify_error(said)
        return False
    project = window.ctx.store.project
    if project is not None and project.folder == folder:
        window.show_page("data")
        return True
    if not window.open_project(folder):
        return False
    window.show_page("data")
    return True


def to_front(window: QMainWindow) -> None:
    """As far as the desktop allows: some only mark the window."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()


class OpenEvents(QObject):
    """macOS gives a double-clicked file as an event, not as an argument."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent):
            open_given(self._window, event.file())
            return True
        return super().eventFilter(watched, event)
