"""Storage: which downloads lie on this computer and on their way; and how the app goes to the internet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QSpinBox,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.downloads import speed_words
from workbench.gui.models.stored_table import STORED_ROLE, StoredTable
from workbench.gui.pages.base import Page
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, button, clear_layout, icon_button, label, row
from workbench.gui.widgets.speed_line import SpeedSwitches
from workbench.hub import net_settings
from workbench.hub.cache import Cache, Stored


class StoragePage(Page):
    """See the module."""

    page_id = "storage"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self._cache = Cache(ctx.paths)
        self._bars: dict[str, tuple[QProgressBar, Any]] = {}
        self._shown: tuple[tuple[str, str], ...] = ()
        top = QHBoxLayout()
        top.addWidget(label("Storage", "title"))
        top.addStretch(1)
        self.total = label("", "soft")
        self.total.setObjectName("storage-total")
        top.addWidget(self.total)
        self.body.addLayout(top)
        self.banner = Banner()
        self.body.addWidget(self.banner)
        self.under_way = Card(spacing=S)
        self.under_way.body.addWidget(label("Downloads", "strong"))
        self._entries = QVBoxLayout()
        self._entries.setSpacing(S)
        self.under_way.body.addLayout(self._entries)
        self.body.addWidget(self.under_way)
        middle = QHBoxLayout()
        middle.setSpacing(L)
        middle.addWidget(self._build_table(), 3)
        right = QVBoxLayout()
        right.setSpacing(L)
        right.addWidget(self._build_network(), 1)
        self.speed = SpeedSwitches(ctx)
        self.speed.failed.connect(self.banner.show_error)
        right.addWidget(self.speed)
        middle.addLayout(right, 2)
        self.body.addLayout(middle, 1)
        ctx.downloads.changed.connect(self._show_downloads)
        ctx.models_changed.connect(lambda: self._look() if self.in_front else None)
        self._show_downloads()
        self._look()

    def shown(self) -> None:
        self._look()
        self._show_downloads()

    # On their way ----------------------------------------------------------------------------------------------------------

    def _show_downloads(self) -> None:
        entries = [e for e in self.ctx.downloads.entries() if e.state != "done"]
        self.under_way.setVisible(bool(entries))
        shape = tuple((e.id, e.state) for e in entries)
        if shape != self._shown:
            self._shown = shape
            clear_layout(self._entries)
            self._bars.clear()
            for entry in entries:
                self._entries.addWidget(self._entry_row(entry.id, entry.name, entry.state))
        for entry in entries:
            bar, words = self._bars[entry.id]
            bar.setValue(round(1000 * entry.done_bytes / entry.total_bytes) if entry.total_bytes else 0)
            words.setText(str(entry.problem) if entry.problem is not None else speed_words(entry))

    def _entry_row(self, model_id: str, name: str, state: str) -> QWidget:
        holder = QWidget()
        holder.setObjectName(f"download-{model_id}")
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        line.addWidget(label(name))
        bar = QProgressBar()
        bar.setRange(0, 1000)
        bar.setTextVisible(False)
        bar.setFixedWidth(180)
        bar.setAccessibleName(f"Download of {name}")
        line.addWidget(bar)
        words = label("", "soft", wrap=True)
        line.addWidget(words, 1)
        downloads = self.ctx.downloads
        if state in ("paused", "failed"):
            line.addWidget(icon_button("play", f"Go on with {name}", lambda: downloads.resume(model_id), name="go-on"))
        else:
            line.addWidget(icon_button("pause", f"Pause {name}", lambda: downloads.pause(model_id), name="pause"))
        line.addWidget(
            icon_button("x", f"Stop {name} and delete what came", lambda: downloads.cancel(model_id), name="cancel")
        )
        self._bars[model_id] = bar, words
        return holder

    # On the disk -------------------------------------------------------------------------------------------------------------

    def _build_table(self) -> QWidget:
        card = Card(spacing=S)
        card.body.addWidget(label("On this computer", "strong"))
        self.model = StoredTable()
        self.table = QTableView()
        self.table.setObjectName("stored")
        self.table.setAccessibleName("Downloaded models")
        self.table.setModel(self.model)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().selectionChanged.connect(lambda _new, _old: self._selected())
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        card.body.addWidget(self.stack, 1)
        self.nothing = label(
            "Nothing is downloaded yet. The built-in starters are part of the app and not counted here.",
            "soft",
            wrap=True,
        )
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.stack.addWidget(self.nothing)
        self.keep = button("Keep", self._pin, icon_name="lock", name="stored-pin", tip="Never propose it for deletion")
        self.check = button("Check", self._verify, icon_name="shield-check", name="stored-verify",
                            tip="Compare its files with what was downloaded, and fetch damaged ones again")  # fmt: skip
        self.remove = button("Delete …", self._delete, role="danger", icon_name="trash-2", name="stored-delete")
        self.tidy = button("Make room …", self._tidy, icon_name="wand-sparkles", name="stored-tidy",
                           tip="Proposes what was not used for longest")  # fmt: skip
        card.body.addLayout(row(self.keep, self.check, self.remove, 1, self.tidy))
        return card

    def chosen(self) -> list[Stored]:
        """The selected rows."""
        return [i.data(STORED_ROLE) for i in self.table.selectionModel().selectedRows()]

    def _selected(self) -> None:
        chosen = self.chosen()
        own = bool(chosen) and not any(s.shared for s in chosen)
        self.keep.setEnabled(own)
        self.keep.setText(" Do not keep" if own and all(s.pinned for s in chosen) else " Keep")
        self.check.setEnabled(own and not any(s.partial for s in chosen))
        self.remove.setEnabled(own)

    def _look(self) -> None:
        """Read what is there, in a job."""

        def work(control: Control) -> tuple[list[Stored], int]:
            return self._cache.entries(control), self._cache.free_space()

        job = self.ctx.jobs.start("Looking at the downloads", work)
        job.succeeded.connect(self._came)
        job.failed.connect(self.banner.show_error)

    def _came(self, found: tuple[list[Stored], int]) -> None:
        rows, free = found
        self._show_rows(rows)
        self.stack.setCurrentIndex(0 if rows else 1)
        self.tidy.setEnabled(any(not s.shared for s in rows))
        for widget in (self.keep, self.check, self.remove):
            widget.setVisible(bool(rows))
        ours = sum(s.size for s in rows if not s.shared)
        self.total.setText(f"{ours / 1e9:,.1f} GB of downloads, {free / 1e9:,.0f} GB free on this disk")
        self.folder.setText(str(self._cache.folder))
        self._selected()

    def _show_rows(self, rows: list[Stored]) -> None:
        """A look that comes while the person is at it leaves the selection and the order as they are."""
        if rows == self.model.rows:
            return
        chosen = {stored.path for stored in self.chosen()}
        self.model.show_rows(rows)
        header = self.table.horizontalHeader()
        if header.sortIndicatorSection() in range(self.model.columnCount()):
            self.model.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for place, stored in enumerate(self.model.rows):
            if stored.path in chosen:
                self.table.selectionModel().select(self.model.index(place, 0), flags)

    def _do(self, title: str, work: Callable[[Control], Any], said: Callable[[Any], str]) -> None:
        def came(result: Any) -> None:
            words = said(result)
            if words:
                self.banner.show_message(words, "good")
            self.ctx.models_changed.emit()

        job = self.ctx.jobs.start(title, work)
        job.succeeded.connect(came)
        job.failed.connect(self._failed)

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)
        self._look()

    def _pin(self) -> None:
        chosen = self.chosen()
        pinned = not all(s.pinned for s in chosen)

        def work(_control: Control) -> None:
            for stored in chosen:
                self._cache.pin(stored.id, pinned)

        self._do("Keeping", work, lambda _none: "")

    def _verify(self) -> None:
        chosen = self.chosen()

        def work(control: Control) -> int:
            return sum(self._cache.repair(stored, control) for stored in chosen)

        self._do("Checking files", work, lambda n: f"{n} mended." if n else "All files are as they were downloaded.")

    def _delete(self) -> None:
        self._ask_and_delete(self.chosen())

    def _ask_and_delete(self, chosen: list[Stored]) -> None:
        if not chosen:
            return
        size = sum(s.size for s in chosen)
        names = ", ".join(f"“{s.name or s.id}”" for s in chosen[:5]) + (" and more" if len(chosen) > 5 else "")
        used = sorted({Path(p).name for s in chosen for p in s.projects})
        warning = f"\n\nUsed by: {', '.join(used)}. They need it again for the next training." if used else ""
        question = f"Delete {names} ({size / 1e6:,.0f} MB)? It can be downloaded again.{warning}"
        if QMessageBox.question(self, "Delete", question) != QMessageBox.StandardButton.Yes:
            return

        def work(control: Control) -> int:
            from workbench.engine.pool import shared_pool

            for stored in chosen:
                control.check()
                shared_pool().release(stored.id)
                self._cache.delete(stored)
            return size

        self._do("Deleting", work, lambda n: f"{n / 1e6:,.0f} MB are free again.")

    def _tidy(self) -> None:
        """Half of what lies there, what was not used for longest first; the person decides."""
        ours = sum(s.size for s in self.model.rows if not s.shared)

        def work(_control: Control) -> list[Stored]:
            return self._cache.tidy(ours // 2)

        job = self.ctx.jobs.start("Looking for what can go", work)
        job.succeeded.connect(self._propose)
        job.failed.connect(self.banner.show_error)

    def _propose(self, chosen: list[Stored]) -> None:
        if chosen:
            self._ask_and_delete(chosen)
        else:
            self.banner.show_message("There is nothing that could go.", "info")

    # The internet --------------------------------------------------------------------------------------------------------------

    def _build_network(self) -> QWidget:
        card = Card(spacing=S)
        card.setMinimumWidth(320)
        card.body.addWidget(label("Internet", "strong"))
        card.body.addWidget(
            label(
                "The app uses the internet only when you ask for a download, an online search or an online model.",
                "soft",
                wrap=True,
            )
        )
        settings = net_settings.load(self.ctx.paths)
        self.offline = QCheckBox("Offline mode: never use the internet")
        self.offline.setObjectName("offline-mode")
        self.offline.setChecked(settings.offline)
        self.offline.toggled.connect(lambda _on: self._save())
        card.body.addWidget(self.offline)
        form = QFormLayout()
        form.setSpacing(S)
        self.at_once = QSpinBox()
        self.at_once.setRange(1, 4)
        self.at_once.setValue(settings.at_once)
        self.at_once.setAccessibleName("Downloads at the same time")
        self.at_once.valueChanged.connect(lambda _n: self._save())
        self.mirror = self._edit(
            "mirror", settings.endpoint, net_settings.HUB, "Address of a mirror of the Hugging Face hub"
        )
        self.proxy = self._edit(
            "proxy", settings.proxy, "as the system says", "Proxy, for example http://proxy.firm:8080"
        )
        self.token = QLineEdit()
        self.token.setObjectName("hub-token")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText("kept in the system's keyring")
        self.token.setAccessibleName("Access token of the Hugging Face hub")
        self.token.setToolTip("For models whose publishers ask for an account and consent (gated models)")
        self.token.returnPressed.connect(self._save_token)
        form.addRow("At the same time", self.at_once)
        form.addRow("Hub", self.mirror)
        form.addRow("Proxy", self.proxy)
        form.addRow("Access token", self.token)
        card.body.addLayout(form)
        card.body.addLayout(row(1, button("Keep token", self._save_token, name="save-token")))
        card.body.addWidget(label("Downloads lie in", "strong"))
        self.folder = label("", "soft", wrap=True, selectable=True)
        card.body.addWidget(self.folder)
        card.body.addLayout(
            row(
                button(
                    "Move …", self._move, icon_name="hard-drive", name="move-cache", tip="To another folder or disk"
                ),
                1,
            )
        )
        card.body.addStretch(1)
        return card

    def _edit(self, name: str, value: str, hint: str, tip: str) -> QLineEdit:
        edit = QLineEdit(value)
        edit.setObjectName(f"net-{name}")
        edit.setPlaceholderText(hint)
        edit.setToolTip(tip)
        edit.setAccessibleName(tip)
        edit.editingFinished.connect(self._save)
        return edit

    def _save(self) -> None:
        old = net_settings.load(self.ctx.paths)
        new = replace(
            old, offline=self.offline.isChecked(), endpoint=self.mirror.text().strip(), proxy=self.proxy.text().strip(),
            at_once=self.at_once.value(),
        )  # fmt: skip
        if new == old:
            return
        try:
            net_settings.save(new, self.ctx.paths)
        except UserError as error:
            self.banner.show_error(error)
        else:
            self.banner.hide()

    def _save_token(self) -> None:
        text = self.token.text().strip()

        def work(_control: Control) -> None:
            from workbench.hub.token import set_hub_token

            set_hub_token(text)

        job = self.ctx.jobs.start("Keeping the token", work)
        job.succeeded.connect(
            lambda _none: self.banner.show_message(
                "The token is kept in the system's keyring." if text else "The token is forgotten.", "good"
            )
        )
        job.succeeded.connect(lambda _none: self.token.clear())
        job.failed.connect(self.banner.show_error)

    def ask_folder(self) -> str:
        """Where the downloads go; asked of the person."""
        return QFileDialog.getExistingDirectory(self, "Choose an empty folder for the downloads")

    def _move(self) -> None:
        folder = self.ask_folder()
        if folder:
            target = Path(folder)
            if target.is_dir() and any(target.iterdir()):
                target = target / "Model Workbench models"
            self._do(
                "Moving downloads",
                lambda control: self._cache.move(target, control),
                lambda _n: f"The downloads lie in {target} now.",
            )
