"""The window: a rail of pages to the left, the page, a status bar. Pages are made when first visited."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QFont
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench import app_log, safe_mode
from workbench.data.store import DamagedProjectError
from workbench.errors import UserError
from workbench.gui import bringing_back
from workbench.gui.commands import Command, build_menus
from workbench.gui.context import AppContext
from workbench.gui.pages.base import Page
from workbench.gui.rail import PAGES, Rail, key_of
from workbench.gui.safekeeping import Safekeeping
from workbench.gui.status_bar import StatusBar
from workbench.gui.theme import XL, Choice, S, theme
from workbench.gui.widgets.basic import Banner, EmptyState, accepts, local_paths, until_closed

log = logging.getLogger(__name__)

_NOTICE_MS = {"info": 6000, "good": 6000, "warn": 12000, "bad": 0}


class MainWindow(QMainWindow):
    """Hosts the pages and everything that belongs to none of them."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__()
        self.ctx = ctx
        self.setMinimumSize(1024, 700)
        self.setAcceptDrops(True)
        self._pages: dict[str, QWidget] = {}
        self.current_page_id = ""
        # What was open is only overwritten once it has been read again.
        self._remembering = False
        self.rail = Rail()
        self.rail.chosen.connect(self.show_page)
        self.notice = Banner()
        self._notice_timer = QTimer(self)
        self._notice_timer.setSingleShot(True)
        self._notice_timer.timeout.connect(self.notice.hide)
        self.stack = QStackedWidget()
        self._build()
        self.status = StatusBar(ctx)
        self.setStatusBar(self.status)
        self.commands = self._commands()
        self.actions_by_id = build_menus(self, self.commands)
        ctx.navigation.connect(self.show_page)
        ctx.notice.connect(self._show_notice)
        ctx.store.project_changed.connect(self._project_changed)
        ctx.store.failed.connect(ctx.notify_error)
        self.safekeeping = Safekeeping(ctx, self)
        self.safekeeping.damaged.connect(self._damaged)
        self._project_changed()
        self.show_page("home")

    # Pages -----------------------------------------------------------------------------------------------------

    def show_page(self, page_id: str, intent: dict[str, Any] | None = None) -> None:
        """Bring a page to the front; `intent` as in `AppContext`."""
        page = self.page(page_id)
        self.stack.setCurrentWidget(page)
        self.current_page_id = page_id
        self.rail.select(page_id)
        if self._remembering:
            self.ctx.settings.set_text("window/page", page_id)
        if isinstance(page, Page):
            page.shown()
            if intent:
                page.receive(intent)

    def page(self, page_id: str) -> QWidget:
        """The page, made when it is first asked for."""
        if page_id not in self._pages:
            entry = next(p for p in PAGES if p.id == page_id)
            try:
                # With its parent from the start: given to one later, all that is in it would be styled anew.
                page: QWidget = getattr(import_module(entry.module), entry.class_name)(self.ctx, self.stack)
            except Exception:
                log.exception("page %s cannot be shown", page_id)
                page = EmptyState(
                    "circle-alert", "This page cannot be shown", "The log (Help menu) says why. The other pages work."
                )
            self._pages[page_id] = page
            self.stack.addWidget(page)
        return self._pages[page_id]

    # Starting and ending -----------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Size and place as they were left."""
        geometry = self.ctx.settings.blob("window/geometry")
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            screen = self.screen().availableGeometry()
            self.resize(max(1024, min(1440, screen.width() - 80)), max(700, min(920, screen.height() - 80)))
        self._apply_text_size()

    def reopen(self) -> None:
        """The project and page that were open when the app was last left, however it was left."""
        self.status.show_device()
        folder = self.ctx.settings.text("project/open")
        page = self.ctx.settings.text("window/page", "home")
        if safe_mode.is_on():
            self.ctx.notify(
                "Safe mode: no project, no graphics card, no models of other programs. Start again to leave it."
            )
            return
        self._remembering = True
        if folder and (Path(folder) / "project.db").exists():
            self.open_project(Path(folder))
            if page in {p.id for p in PAGES}:
                self.show_page(page)
        elif page in {p.id for p in PAGES if p.alone}:
            self.show_page(page)

    def open_project(self, folder: Path) -> bool:
        """Open a project; what keeps it from opening is said. True when it is open."""
        from workbench.gui.rescue import open_project

        return open_project(self.ctx, folder, self, self.ctx.notify_error)

    def _close_project(self) -> None:
        try:
            self.ctx.store.close()
        except UserError as error:
            self.ctx.notify_error(error)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask when a training is running; it goes on next time where it stopped."""
        busy = [j for j in self.ctx.jobs.running() if j.title.startswith("Training") and not j.isFinished()]
        if busy and not self._may_quit():
            event.ignore()
            return
        from workbench.engine.speed.background import shared_searcher

        self.ctx.settings.set_blob("window/geometry", self.saveGeometry())
        self.ctx.jobs.stop_all(3000)
        self.ctx.thumbnails.stop()
        self.ctx.downloads.stop()
        shared_searcher().stop()
        project = self.ctx.store.project
        self.ctx.settings.set_text("project/open", str(project.folder) if project is not None else "")
        self.ctx.store.leave()
        super().closeEvent(event)

    def _may_quit(self) -> bool:
        box = QMessageBox(self)
        box.setWindowTitle("A training is running")
        box.setText("A training is running. If you quit now it can go on next time where it stopped.")
        stop = box.addButton("Stop and quit", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("Keep running", QMessageBox.ButtonRole.RejectRole)
        until_closed(box)
        return box.clickedButton() is stop

    # Drops -------------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if accepts(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Files dropped anywhere go to the page in front, else into the data."""
        paths = local_paths(event.mimeData())
        if not paths:
            return
        event.acceptProposedAction()
        if bringing_back.comes_back(paths):
            bringing_back.bring_back(self.ctx, Path(paths[0]))
            return
        page = self.stack.currentWidget()
        if not (isinstance(page, Page) and page.accept_drop(paths)):
            self.show_page("data", {"paths": paths})

    # Notices -----------------------------------------------------------------------------------------------------

    def _show_notice(self, text: str, kind: str) -> None:
        self.notice.show_message(text, kind)
        self._notice_timer.stop()
        if _NOTICE_MS.get(kind):
            self._notice_timer.start(_NOTICE_MS[kind])

    def _project_changed(self) -> None:
        project = self.ctx.store.project
        self.setWindowTitle(f"{project.name} – Model Workbench" if project is not None else "Model Workbench")
        if project is not None:
            self.ctx.settings.remember_project(project.folder)
            if project.read_only:
                self.ctx.notify("This project is open for reading only; nothing can be changed.", "warn")
            elif project.place.sentence:
                self.ctx.notify(project.place.sentence, "info")
        # Noted at once, so that a killed app reopens where it was.
        if self._remembering:
            self.ctx.settings.set_text("project/open", str(project.folder) if project is not None else "")

    # Building ----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        holder = QVBoxLayout()
        holder.setContentsMargins(XL, S, XL, 0)
        holder.addWidget(self.notice)
        column.addLayout(holder)
        column.addWidget(self.stack, 1)
        row.addLayout(column, 1)
        self.setCentralWidget(centre)

    def _commands(self) -> list[Command]:
        stack = self.ctx.store.undo_stack
        has_project = lambda: self.ctx.store.project is not None  # noqa: E731
        pages = [
            Command(f"page.{p.id}", p.title, "View", lambda p=p: self.show_page(p.id), key_of(n), p.icon)  # type: ignore[misc]
            for n, p in enumerate(PAGES, 1)
        ]
        return [
            Command(
                "file.new",
                "New project …",
                "File",
                lambda: self.show_page("data", {"new_project": True}),
                "Ctrl+N",
                "folder-plus",
            ),
            Command("file.open", "Open project …", "File", self._choose_project, "Ctrl+O", "folder-open"),
            Command("file.import", "Import pictures or texts …", "File", self._choose_import, "Ctrl+I", "folder-input"),
            Command(
                "try.camera",
                "Open camera",
                "File",
                lambda: self.show_page("try", {"camera": True}),
                "Ctrl+Shift+C",
                "camera",
            ),
            Command(
                "similar.duplicates",
                "Find pictures that are nearly the same",
                "View",
                lambda: self.show_page("similar", {"duplicates": True}),
                "",
                "copy-plus",
            ),
            Command(
                "similar.documents",
                "Find in your documents",
                "View",
                lambda: self.show_page("similar", {"documents": True}),
                "Ctrl+F",
                "file-text",
            ),
            Command(
                "file.back", "Bring a training back …", "File", self._choose_training, "", "folder-input", has_project
            ),
            Command("file.close", "Close project", "File", self._close_project, "", "x", has_project),
            Command("file.quit", "Quit", "File", self.close, "Ctrl+Q", "log-out"),
            Command("edit.undo", "Undo", "Edit", stack.undo, "Ctrl+Z", "undo-2", stack.canUndo),
            Command("edit.redo", "Redo", "Edit", stack.redo, "Ctrl+Shift+Z", "redo-2", stack.canRedo),
            *pages,
            Command("view.system", "Look like the system", "View", lambda: self._set_theme("system"), "", "monitor"),
            Command("view.light", "Light", "View", lambda: self._set_theme("light"), "", "sun"),
            Command("view.dark", "Dark", "View", lambda: self._set_theme("dark"), "", "moon"),
            Command("view.larger", "Larger text", "View", lambda: self._scale_text(1), "Ctrl++", "plus"),
            Command("view.smaller", "Smaller text", "View", lambda: self._scale_text(-1), "Ctrl+-", "minus"),
            Command("view.electricity", "Your electricity …", "View", self._show_electricity, "", "zap"),
            Command("help.open", "Help", "Help", self._show_help, "F1", "circle-help"),
            Command("help.palette", "Find a command …", "Help", self._show_palette, "Ctrl+K", "command"),
            Command("help.keys", "Keyboard shortcuts", "Help", lambda: self._show_help("keyboard"), "", "keyboard"),
            Command("help.check", "Check my project …", "Help", self._check_project, "", "shield-check", has_project),
            Command("help.log", "Show log", "Help", self._show_log, "", "file-text"),
            Command("help.updates", "Look for updates …", "Help", self._show_updates, "", "refresh-cw"),
            Command("help.licences", "Licences of all parts", "Help", self._show_licences, "", "scale"),
            Command("help.about", "About and licences", "Help", lambda: self._show_help("about"), "", "info"),
        ]

    def _choose_project(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a project", str(self.ctx.paths.projects))
        if folder and self.open_project(Path(folder)):
            self.show_page("data")

    def _choose_import(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of pictures or texts")
        if folder:
            self.show_page("data", {"paths": [folder]})

    def _choose_training(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose the folder of a training that was run elsewhere")
        if folder:
            bringing_back.bring_back(self.ctx, Path(folder))

    def _set_theme(self, choice: Choice) -> None:
        self.ctx.settings.set_text("view/theme", choice)
        theme().set_choice(choice)

    def _scale_text(self, step: int) -> None:
        size = int(self.ctx.settings.text("view/text", "0") or 0)
        self.ctx.settings.set_text("view/text", str(max(-2, min(8, size + step))))
        self._apply_text_size()

    def _apply_text_size(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            font = QFont(app.font())
            base = app.property("base-point-size") or font.pointSizeF()
            app.setProperty("base-point-size", base)
            font.setPointSizeF(float(base) + int(self.ctx.settings.text("view/text", "0") or 0))
            app.setFont(font)

    def _show_help(self, topic: str = "") -> None:
        from workbench.gui.help_dialog import HelpDialog

        until_closed(HelpDialog(self.commands, topic or self.current_page_id, self))

    def _show_electricity(self) -> None:
        from workbench.gui.widgets.electricity_dialog import ElectricityDialog

        until_closed(ElectricityDialog(self.ctx, self))

    def _show_palette(self) -> None:
        from workbench.gui.palette_dialog import PaletteDialog

        until_closed(PaletteDialog(self.commands, self))

    def _show_updates(self) -> None:
        from workbench.gui.widgets.update_dialog import UpdateDialog

        until_closed(UpdateDialog(self.ctx, self))

    def _show_licences(self) -> None:
        from workbench.gui.widgets.licences_dialog import LicencesDialog

        until_closed(LicencesDialog(self.ctx, self))

    def _check_project(self) -> None:
        from workbench.gui.check_project import CheckProjectDialog

        if self.ctx.store.project is not None:
            until_closed(CheckProjectDialog(self.ctx, self))

    def _damaged(self, error: DamagedProjectError) -> None:
        """Found by a backup while people work on it."""
        self.notice.show_message(f"{error.message} {error.hint}", "bad", "Check my project …", self._check_project)
        self._notice_timer.stop()

    def _show_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(app_log.log_file(self.ctx.paths.logs))))
