"""The line at the bottom: what is running, on what, with how much memory."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QStatusBar, QWidget

from workbench.control import Control
from workbench.gui.context import AppContext
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import icon_button, label
from workbench.gui.workers import Job

_SHOWN_AFTER_MS = 400
_MEMORY_MS = 2000


class JobRow(QWidget):
    """One running job: its words, its progress, a way to stop it."""

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job = job
        row = QHBoxLayout(self)
        row.setContentsMargins(S, 0, S, 0)
        row.setSpacing(S)
        self.text = label(job.title, "soft")
        self.bar = QProgressBar()
        self.bar.setFixedWidth(120)
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(job.title)
        row.addWidget(self.text)
        row.addWidget(self.bar)
        row.addWidget(icon_button("x", f"Stop: {job.title}", job.cancel, name="stop-job"))
        job.progressed.connect(self._show)

    def _show(self, fraction: float, text: str) -> None:
        if fraction < 0:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(fraction * 1000))
        if text:
            self.text.setText(text)


class StatusBar(QStatusBar):
    """Jobs to the left; device and memory to the right."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._rows: dict[Job, JobRow] = {}
        self.setSizeGripEnabled(False)
        # The page above must not move when a job comes or goes.
        self.setFixedHeight(self.fontMetrics().height() + 20)
        self.device = label("", "faint")
        self.device.setToolTip("What this computer computes on")
        self.memory = label("", "faint")
        self.memory.setToolTip("Memory this app uses, and memory that is free")
        for widget in (self.device, self.memory):
            widget.setContentsMargins(0, 0, M, 0)
            self.addPermanentWidget(widget)
        ctx.jobs.started.connect(self._later)
        ctx.jobs.changed.connect(self._tidy)
        timer = QTimer(self)
        timer.timeout.connect(self._measure)
        timer.start(_MEMORY_MS)
        self._measure()

    def show_device(self) -> None:
        """Find out what there is to compute on; needs the libraries, so in a job after the start."""

        def ask(_control: Control) -> str:
            from workbench.runtimes.devices import describe_devices

            best = describe_devices()[0]
            return "Processor" if best.id == "cpu" else best.name

        self._ctx.jobs.start("Looking at this computer", ask).succeeded.connect(self.device.setText)

    def _later(self, job: Job) -> None:
        if job.quiet:
            return
        # A job that is over at once is not worth a flicker.
        QTimer.singleShot(_SHOWN_AFTER_MS, self, lambda: self._add(job))

    def _add(self, job: Job) -> None:
        if job in self._ctx.jobs.running() and job not in self._rows:
            row = JobRow(job, self)
            self._rows[job] = row
            self.addWidget(row)

    def _tidy(self) -> None:
        running = self._ctx.jobs.running()
        for job in [j for j in self._rows if j not in running]:
            row = self._rows.pop(job)
            self.removeWidget(row)
            row.deleteLater()

    def _measure(self) -> None:
        import psutil

        used = psutil.Process().memory_info().rss / 1e9
        free = psutil.virtual_memory().available / 1e9
        self.memory.setText(f"{used:.1f} GB used, {free:.1f} GB free")
