"""A model's weeks: how many, how sure, what changed, what to do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QScrollArea, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.watching import Week, look_at_week, weeks_of
from workbench.errors import UserError
from workbench.gui.at_work.tables import plain_table
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S, theme
from workbench.gui.widgets.basic import Banner, button, clear_layout, label, row
from workbench.gui.workers import Job, while_there

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_CLASSES = 12


class Bars(QWidget):
    """A few numbers as bars with their names below."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._names: tuple[str, ...] = ()
        self._values: tuple[int, ...] = ()
        self.setMinimumHeight(110)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, 130)

    def show_values(self, names: tuple[str, ...], values: tuple[int, ...]) -> None:
        self._names, self._values = names, values
        told = ", ".join(f"{n}: {v}" for n, v in zip(names, values, strict=True))
        self.setAccessibleName(f"{self._title}: {told}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._values:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics().height()
        room, step = self.height() - 2 * line - 6, self.width() / len(self._values)
        highest = max(1, *self._values)
        for n, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            tall = room * value / highest
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().colour("accent"))
            painter.drawRoundedRect(QRectF(n * step + 4, line + room - tall, step - 8, tall), 3, 3)
            painter.setPen(theme().colour("text_soft"))
            middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(n * step, self.height() - line - 2, step, line), middle, name)
            if value:
                painter.drawText(QRectF(n * step, room - tall, step, line), middle, str(value))


class WeeksTab(QWidget):
    """See the module."""

    def __init__(self, ctx: AppContext, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._card = ctx, card
        self._job: Job | None = None
        self._asked = 0
        self.week: Week | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(M)
        self.box = QComboBox()
        self.box.setObjectName("week-box")
        self.box.setAccessibleName("Week")
        self.box.currentIndexChanged.connect(lambda _place: self._look())
        self.save = button("Save the sheet …", self._save, icon_name="file-text", name="week-save",
                           tip="This week as one page (HTML) to mail or print")  # fmt: skip
        column.addLayout(row(label("Week", "soft"), self.box, 1, self.save))
        self.verdict = Banner(closable=False)
        self.verdict.setObjectName("week-verdict")
        column.addWidget(self.verdict)
        inside = QWidget()
        inside.setProperty("role", "page")
        self.inner = QVBoxLayout(inside)
        self.inner.setContentsMargins(0, 0, S, 0)
        self.inner.setSpacing(S)
        self.words = QVBoxLayout()
        self.words.setSpacing(S)
        self.inner.addLayout(self.words)
        self.inner.addSpacing(M)
        self.days, self.sure = Bars("Answers a day"), Bars("How sure it was")
        self.day_title, self.sure_title = label("Answers a day", "strong"), label("How sure it was, in %", "strong")
        left, right = QVBoxLayout(), QVBoxLayout()
        for side, title, bars in ((left, self.day_title, self.days), (right, self.sure_title, self.sure)):
            side.addWidget(title)
            side.addWidget(bars)
        both = row(spacing=L)
        both.addLayout(left)
        both.addLayout(right)
        self.inner.addLayout(both)
        self.table = plain_table("What it answered", ["Answer", "Items", "Share", "When it was judged"])
        self.inner.addWidget(self.table)
        self.promise = label("", "faint", wrap=True)
        self.inner.addWidget(self.promise)
        self.inner.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        column.addWidget(scroll, 1)

    def refresh(self) -> None:
        """List the weeks again and look at the chosen one."""
        from datetime import datetime

        from workbench.engine.prediction_log import PredictionLog
        from workbench.engine.watching import week_of

        wanted = self.box.currentData()
        try:
            weeks = weeks_of(PredictionLog(self._card.id, self._ctx.paths))
        except UserError as error:
            self.verdict.show_error(error)
            weeks = []
        this = week_of(datetime.now().timestamp())
        self.box.blockSignals(True)
        self.box.clear()
        for name in dict.fromkeys([this, *weeks]):
            self.box.addItem(f"{name} (this week)" if name == this else name, name)
        self.box.setCurrentIndex(max(0, self.box.findData(wanted)))
        self.box.blockSignals(False)
        self._look()

    def stop(self) -> None:
        """The window closes."""
        if self._job is not None:
            self._job.cancel()

    def _look(self) -> None:
        self.stop()
        self._asked += 1
        asked, card, week = self._asked, self._card, str(self.box.currentData() or "")

        def work(control: Control) -> Week:
            return look_at_week(card, week, control)

        def came(found: Week) -> None:
            if asked == self._asked:
                self.show_week(found)

        def ended() -> None:
            if asked == self._asked:
                self._job = None

        job = self._job = self._ctx.jobs.start("Looking at a week", work)
        job.succeeded.connect(while_there(self, came))
        job.failed.connect(while_there(self, self.verdict.show_error))
        job.ended.connect(while_there(self, ended))

    def show_week(self, week: Week) -> None:
        """Draw it."""
        self.week = week
        kind = "warn" if week.changed else "good" if any(one.p for one in week.looks) else "info"
        self.verdict.show_message(week.headline(), kind)
        clear_layout(self.words)
        until = week.begins + timedelta(days=6)
        state = "" if week.over else "; it is not over yet"
        self.words.addWidget(label(f"{week.begins} to {until}{state}.", "soft"))
        for line in week.lines():
            self.words.addWidget(label(line, wrap=True, selectable=True))
        if week.advice():
            self.words.addSpacing(S)
            self.words.addWidget(label("What to do", "strong"))
        for line in week.advice():
            self.words.addWidget(label(f"•  {line}", wrap=True))
        self.days.show_values(_DAYS, week.days)
        self.sure.show_values(tuple(str(10 * n) for n in range(len(week.bins))), week.bins)
        for widget in (self.day_title, self.days, self.sure_title, self.sure):
            widget.setVisible(bool(week.items))
        shown = week.classes[:_MOST_CLASSES]
        self.table.setVisible(bool(shown) and bool(week.items))
        self.table.fill(
            [
                [c.name, f"{c.count:,}", f"{c.now:.0%}", f"{c.before:.0%}" if c.before >= 0 else "not kept"]
                for c in shown
            ]
        )
        self.promise.setText(week.promise())
        self.save.setEnabled(bool(week.items))

    def ask_path(self, suggestion: str) -> str:
        """Asked of the person."""
        file, _ = QFileDialog.getSaveFileName(self, "Save the sheet", suggestion, "Web page (*.html)")
        return file

    def _save(self) -> None:
        week, card = self.week, self._card
        file = self.ask_path(f"{card.name} {week.id}.html") if week is not None else ""
        if week is None or not file:
            return
        found = week

        def work(_control: Control) -> Path:
            from workbench.engine.week_sheet import write_sheet

            return write_sheet(card, found, Path(file))

        def saved(path: Path) -> None:
            url = QUrl.fromLocalFile(str(path))
            self.verdict.show_message(f"Saved: {path}", "good", "Open", lambda: QDesktopServices.openUrl(url))

        job = self._ctx.jobs.start("Writing a sheet", work)
        job.succeeded.connect(while_there(self, saved))
        job.failed.connect(while_there(self, self.verdict.show_error))
