"""Look for updates: says what will be asked and where, asks only when the button is pressed, and never installs anything."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from workbench import __version__
from workbench.control import Control
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import Banner, button, headed, label, row
from workbench.gui.workers import Job, while_there
from workbench.hub import net_settings, updates


class UpdateDialog(QDialog):
    """Asks before it goes to the network."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Look for updates")
        self.setFixedWidth(600)
        self._ctx = ctx
        self._job: Job | None = None
        self.news: updates.News | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(column, f"You have Model Workbench {__version__}", "The app never looks by itself. When you press the button it fetches one small file that says which version is"
                " the newest; nothing about you or your work is sent, and nothing is installed.")  # fmt: skip
        self.address = QLineEdit(updates.address(ctx.paths))
        self.address.setObjectName("update-address")
        self.address.setAccessibleName("Address that is asked")
        self.address.setToolTip("Where the note on updates (JSON) lies; it begins with https://")
        self.address.setPlaceholderText("https://… (from the page you got the app from)")
        column.addWidget(label("Address that is asked", "strong"))
        column.addWidget(self.address)
        self.look_button = button("Look now", self.look, role="primary", name="update-look")
        column.addLayout(row(self.look_button, 1))
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 0)
        self.progress.setAccessibleName("Looking for updates")
        self.progress.hide()
        column.addWidget(self.progress)
        self.banner = Banner(closable=False)
        self.banner.setObjectName("update-answer")
        column.addWidget(self.banner)
        self.notes = label("", "soft", wrap=True, selectable=True)
        self.notes.setObjectName("update-notes")
        self.notes.hide()
        column.addWidget(self.notes)
        self.open_button = button("Open its page in the browser", self._open_page, name="update-open")
        self.open_button.hide()
        column.addLayout(row(self.open_button, 1))
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.finished.connect(lambda _code: self._job.cancel() if self._job is not None else None)
        if net_settings.load(ctx.paths).offline:
            self.look_button.setEnabled(False)
            self.banner.show_message(
                "Offline mode is on: nothing goes to the internet. Switch it off on the Storage page.", "info"
            )
        self._fit()

    def look(self) -> None:
        """Ask now."""
        if self._job is not None:
            return
        self.banner.hide()
        self.notes.hide()
        self.open_button.hide()
        self.news = None
        wanted, paths = self.address.text().strip(), self._ctx.paths
        if wanted != updates.address(paths):
            try:
                updates.set_address(wanted, paths)
            except UserError as error:
                self.banner.show_error(Problem.of("address", error))
                self._fit()
                return

        def work(control: Control) -> updates.News:
            return updates.look(control, paths)

        job = self._ctx.jobs.start(updates.TITLE, work)
        self._job = job
        self.look_button.setEnabled(False)
        self.progress.show()
        job.succeeded.connect(while_there(self, self._show))
        job.failed.connect(while_there(self, self.banner.show_error))
        job.ended.connect(while_there(self, self._ended))

    def _show(self, news: updates.News) -> None:
        self.news = news
        self.banner.show_message(news.sentence(), "info" if news.newer else "good")
        if news.newer:
            self.notes.setText(f"{news.notes}\n\n{news.link}".strip())
            self.notes.show()
            self.open_button.setToolTip(news.link)
            self.open_button.show()
        self._fit()

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self.look_button.setEnabled(True)
        self._fit()

    def _fit(self) -> None:
        """As high as its words need at this width."""
        column = self.layout()
        if column is not None:
            column.activate()
            self.setFixedHeight(max(300, column.totalHeightForWidth(self.width())))

    def _open_page(self) -> None:
        if self.news is not None:
            QDesktopServices.openUrl(QUrl(self.news.link))
