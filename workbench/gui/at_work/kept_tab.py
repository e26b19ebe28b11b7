"""What is kept of a model's answers: agreed to here, seen here, deleted here."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHeaderView,
    QMessageBox,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.prediction_log import LogSettings, PredictionLog
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, button, label, row
from workbench.gui.widgets.tables import read_only
from workbench.gui.workers import while_there
from workbench.tasks.registry import get_task

_SHOWN = 50


class KeptTab(QWidget):
    """Signals:
    changed(): what is kept changed.
    """

    changed = Signal()

    def __init__(self, ctx: AppContext, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.log = PredictionLog(card.id, ctx.paths)
        info = get_task(card.main_task).info
        self._texts = info.media == "text"
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        self.banner = Banner()
        column.addWidget(self.banner)
        self.on = QCheckBox("Keep its answers on this computer")
        self.on.setObjectName("log-on")
        self.on.setToolTip("A prediction log: one file beside the model. Nothing is sent anywhere")
        column.addWidget(self.on)
        column.addWidget(
            label(
                f"Of every answer: when, what it said, how sure it was, what the network saw (numbers), and a fingerprint of the"
                f" content; of {info.nouns} in files, where they lie. Asked on the Try and Use pages, or with --log on the command line.",
                "soft",
                wrap=True,
            )
        )
        words = "texts" if self._texts else f"{info.nouns} themselves"
        self.copies = QCheckBox(f"Keep copies of the {words}, too")
        self.copies.setObjectName("log-copies")
        column.addWidget(self.copies)
        column.addWidget(
            label(
                "Without a copy, what was pasted, or whose file is moved or deleted, cannot be reviewed later."
                + (" Typed texts cannot be reviewed at all without it." if self._texts else ""),
                "soft",
                wrap=True,
            )
        )
        self.most, self.days = QSpinBox(), QSpinBox()
        for box, name, high, what in (
            (self.most, "log-most", 5_000_000, "How many answers are kept at most"),
            (self.days, "log-days", 36_500, "For how many days they are kept"),
        ):
            box.setObjectName(name)
            box.setAccessibleName(what)
            box.setToolTip(what)
            box.setRange(1, high)
            box.setGroupSeparatorShown(True)
            box.setKeyboardTracking(False)
        column.addLayout(
            row(label("At most the newest"), self.most, label("answers, for"), self.days, label("days"), 1, spacing=S)
        )
        self.state = label("", "strong")
        self.state.setObjectName("log-state")
        self.delete = button("Delete everything …", self._delete, role="danger", icon_name="trash-2", name="log-clear",
                             tip="All kept answers and copies, and what was decided about them")  # fmt: skip
        column.addLayout(row(self.state, 1, self.delete))
        self.table = QTableWidget(0, 5)
        read_only(self.table, "The last answers")
        self.table.setHorizontalHeaderLabels(["When", "Item", "Answer", "Certainty", "Asked"])
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        column.addWidget(self.table, 1)
        self._fill()
        for check in (self.on, self.copies):
            check.toggled.connect(lambda _on: self._agree())
        for spin in (self.most, self.days):
            spin.valueChanged.connect(lambda _value: self._agree())

    def _fill(self) -> None:
        try:
            settings, count, rows = self.log.settings(), self.log.count(), self.log.rows(newest=_SHOWN)
        except UserError as error:
            self.banner.show_error(error)
            self.delete.setEnabled(True)
            return
        for check, on in ((self.on, settings.on), (self.copies, settings.texts if self._texts else settings.copies)):
            check.blockSignals(True)
            check.setChecked(on)
            check.blockSignals(False)
        for spin, value in ((self.most, settings.most), (self.days, settings.days)):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)
            spin.setEnabled(settings.on)
        self.copies.setEnabled(settings.on)
        self.state.setText(f"{count:,} answers, {self.log.size() / 1e6:.1f} MB" if count else "No answer is kept.")
        self.delete.setEnabled(bool(count) or bool(self.log.exists and not settings.on))
        self.table.setRowCount(len(rows))
        for n, one in enumerate(reversed(rows)):
            when = datetime.fromtimestamp(one.at).strftime("%Y-%m-%d %H:%M")
            answer = one.answer + ("  (unlike)" if one.unlike else "")
            for place, text in enumerate((when, one.name or "(a text)", answer, f"{one.certainty:.0%}", one.source)):
                cell = QTableWidgetItem(text)
                cell.setToolTip(one.path or text)
                self.table.setItem(n, place, cell)
        self.table.resizeColumnToContents(0)

    def _agree(self) -> None:
        copies = self.copies.isChecked()  # turned off, what was kept stays until it is deleted
        wanted = LogSettings(
            self.on.isChecked(),
            copies and self._texts,
            copies and not self._texts,
            self.most.value(),
            self.days.value(),
        )
        try:
            self.log.set_settings(wanted)
        except UserError as error:
            self.banner.show_error(error)
        self._fill()
        self.changed.emit()

    def ask_delete(self) -> bool:
        """Asked of the person."""
        question = "Delete all kept answers and copies? This cannot be undone. Labels that came of them stay."
        return QMessageBox.question(self, "Delete everything", question) == QMessageBox.StandardButton.Yes

    def _delete(self) -> None:
        if not self.ask_delete():
            return
        log = self.log

        def work(_control: Control) -> None:
            try:
                if log.settings().on:
                    log.clear()
                    return
            except UserError:
                pass  # it is damaged: nothing of it is worth keeping
            log.remove()

        def done(_none: object) -> None:
            self.banner.show_message("Everything that was kept is deleted.", "good")
            self._fill()
            self.changed.emit()

        self.delete.setEnabled(False)
        job = self._ctx.jobs.start("Deleting what was kept", work)
        job.succeeded.connect(while_there(self, done))
        job.failed.connect(while_there(self, self.banner.show_error))
