"""What is heard when: of a recording, or of the microphone while it records; kept, looked at and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDoubleSpinBox, QFileDialog, QSlider, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.microphone import Recorder
from workbench.data.types import Sample
from workbench.data.video import clock
from workbench.engine.hearing import STEP_SECONDS, WINDOW_SECONDS, HeardLog, Listener, News, Pace, usual_pace
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, button, label, row
from workbench.gui.widgets.heard_lanes import HeardLanes
from workbench.gui.workers import Job
from workbench.tasks.base import HearingTask, Task
from workbench.tasks.predictions import Score, Scores

_DRAW_MS = 150
_LIVE_SECONDS = 30.0
_SAVED = {"Table (*.csv)": ".csv", "Labels for Audacity (*.txt)": ".txt", "JSON (*.json)": ".json"}


class HeardView(QWidget):
    """Signals:
    chosen(float): the moment the person wants to hear, in seconds.
    newest(object): while it listens: `Scores` of the last two seconds.
    seen(bool): it is shown, or hidden.
    """

    chosen = Signal(float)
    newest = Signal(object)
    seen = Signal(bool)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("heard-view")
        self._ctx = ctx
        self.log: HeardLog | None = None
        self._job: Job | None = None
        self._live = False
        self._of: Path | None = None
        self._card_id = ""
        self._asked: Callable[[], None] | None = None
        self._news: News | None = None
        self._moved = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DRAW_MS)
        self._timer.timeout.connect(self._draw)
        self._build()
        self.hide()

    # What the page asks ----------------------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        return self._job is not None

    def listen(self, sample: Sample, card: ModelCard, task: Task) -> None:
        """To a recording, from its beginning to its end."""
        self._begin(sample.path, card, live=False)
        self._asked = lambda: self.listen(sample, card, task)
        pace = self._pace()

        def work(control: Control) -> Iterator[HeardLog | News]:
            return Listener(card, task, pace).listen(sample, control)

        self._run(self._ctx.jobs.start_stream("Listening to the recording", work))

    def listen_live(self, recorder: Recorder, card: ModelCard, task: Task) -> None:
        """To the microphone, as long as it records."""
        self._begin(recorder.path, card, live=True)
        self._asked = None
        pace = self._pace()

        def work(control: Control) -> Iterator[HeardLog | News]:
            return Listener(card, task, pace).listen_live(recorder, control)

        self._run(self._ctx.jobs.start_stream("Listening to the microphone", work, quiet=True))

    def keep_only(self, path: Path | None) -> None:
        """Another recording is looked at: what was heard in this one goes."""
        if path is None or path != self._of:
            self.clear()

    def clear(self) -> None:
        """Forget what was heard."""
        self._stop()
        self.log, self._news, self._of, self._asked = None, None, None, None
        self.lanes.clear()
        self.hide()

    def show_position(self, seconds: float) -> None:
        self.lanes.show_position(seconds)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.seen.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.seen.emit(False)

    # Listening ---------------------------------------------------------------------------------------------------------

    def _pace(self) -> Pace:
        return Pace(self.window_seconds.value(), min(STEP_SECONDS, self.window_seconds.value() / 2))

    def _begin(self, path: Path | None, card: ModelCard, *, live: bool) -> None:
        self.clear()
        if self._card_id != card.id:
            self._card_id = card.id
            self.window_seconds.blockSignals(True)
            self.window_seconds.setValue(usual_pace(card).window)
            self.window_seconds.blockSignals(False)
        self._of, self._live = path, live
        self.banner.hide()
        self.state.setText("Getting the model ready …")
        self._show_controls()
        self.show()

    def _run(self, job: Job) -> None:
        self._job = job
        job.streamed.connect(lambda news: self._came(job, news))
        job.failed.connect(lambda problem: self._failed(job, problem))
        job.ended.connect(lambda: self._ended(job))
        self._show_controls()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._timer.stop()

    def _came(self, job: Job, news: HeardLog | News) -> None:
        if self._job is not job:
            return
        if isinstance(news, HeardLog):
            self.log = news
            return
        self._news = news
        if not self._timer.isActive():
            self._timer.start()

    def _failed(self, job: Job, problem: Problem | UserError) -> None:
        if self._job is job:
            self.banner.show_error(problem)

    def _ended(self, job: Job) -> None:
        if self._job is not job:
            return
        self._job = None
        self._live = False
        self._show_controls()
        self._draw()

    # Showing -----------------------------------------------------------------------------------------------------------

    @property
    def threshold(self) -> float | None:
        """How certain it must be, as the person set it; None for what each label was taught with."""
        own = self.log is not None and bool(self.log.rule.limits) and not self._moved
        return None if own else self.slider.value() / 100

    def _draw(self) -> None:
        self.value.setText("as it was taught" if self.threshold is None else f"{self.slider.value()} % certain")
        remark = "" if self.log is None else self.log.remark()
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))
        log = self.log
        if log is None:
            if self._job is None:
                self.state.setText("")
            return
        until = max(log.until, self._news.until if self._news is not None else 0.0)
        begins = max(0.0, until - _LIVE_SECONDS) if self._live else 0.0
        events = log.events(self.threshold)
        self.lanes.show_events(
            events, begins, max(until, begins + _LIVE_SECONDS) if self._live else until, not self._live
        )
        if self._job is not None:
            self.state.setText(f"Listened to {clock(until)}")
            if self._live and self._news is not None:
                self.newest.emit(_scores(self._news, log))
        else:
            kinds = len({e.label for e in events})
            self.state.setText(
                f"{len(events):,} {'event' if len(events) == 1 else 'events'} of {kinds} {'class' if kinds == 1 else 'classes'}"
                f" in {clock(until)}." if events else "Nothing is heard so certainly."
            )  # fmt: skip

    def _show_controls(self) -> None:
        busy = self._job is not None
        self.end.setVisible(busy and not self._live)
        self.save.setEnabled(not busy and self.log is not None)
        self.window_seconds.setEnabled(not busy)

    def _slid(self) -> None:
        self._moved = True
        self._timer.start()

    def _window_changed(self) -> None:
        if self._asked is not None and self._job is None:
            self._asked()

    # Saving ------------------------------------------------------------------------------------------------------------

    def ask_path(self, name: str) -> tuple[str, str]:
        """Where it goes and as what; asked of the person."""
        return QFileDialog.getSaveFileName(self, "Save what was heard when", name, ";;".join(_SAVED))

    def _save(self) -> None:
        log = self.log
        if log is None:
            return
        stem = self._of.stem if self._of is not None else "microphone"
        file, kind = self.ask_path(f"{stem} heard.csv")
        if not file:
            return
        path, threshold = Path(file), self.threshold
        wanted = _SAVED.get(kind, ".csv")
        if not path.suffix or (path.suffix == ".csv" and wanted != ".csv"):
            path = path.with_suffix(wanted)
        job = self._ctx.jobs.start("Saving what was heard", lambda _control: log.write(path, threshold))
        job.succeeded.connect(
            lambda made: self.banner.show_message(f"Saved as {' and '.join(p.name for p in made)}.", "good")
        )
        job.failed.connect(self.banner.show_error)

    # Building ----------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        self.state = label("", "soft")
        self.state.setObjectName("heard-state")
        self.end = button("Stop", self._person_stops, icon_name="circle-stop", name="heard-stop")
        self.save = button(
            "Save …", self._save, icon_name="save", name="heard-save",
            tip="Tables of what was heard when (CSV, JSON), or a label track for Audacity",
        )  # fmt: skip
        column.addLayout(row(label("What is heard when", "strong"), self.state, 1, self.end, self.save))
        self.lanes = HeardLanes()
        self.lanes.chosen.connect(self.chosen)
        column.addWidget(self.lanes)
        self.remark = label("", "soft", wrap=True, selectable=True)
        self.remark.setObjectName("heard-remark")
        self.remark.setToolTip(
            "Out of distribution: farther from the training examples than usual; and the reject option, where one is kept"
        )
        self.remark.hide()
        column.addWidget(self.remark)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("heard-threshold")
        self.slider.setRange(5, 99)
        self.slider.setValue(50)
        self.slider.setMaximumWidth(180)
        self.slider.setAccessibleName("How certain the model must be")
        self.slider.setToolTip("How certain the model must be that something is heard (threshold)")
        self.slider.valueChanged.connect(lambda _value: self._slid())
        self.value = label("50 % certain", "soft")
        self.window_seconds = QDoubleSpinBox()
        self.window_seconds.setObjectName("heard-window")
        self.window_seconds.setAccessibleName("Seconds listened to at a time")
        self.window_seconds.setToolTip(
            "How much of the sound each answer is for (window). As long as your examples are is a good length."
        )
        self.window_seconds.setRange(0.5, 10.0)
        self.window_seconds.setSingleStep(0.5)
        self.window_seconds.setDecimals(1)
        self.window_seconds.setSuffix(" s")
        self.window_seconds.setKeyboardTracking(False)
        self.window_seconds.setValue(WINDOW_SECONDS)
        self.window_seconds.valueChanged.connect(lambda _value: self._window_changed())
        certain, pieces = label("At least", "soft"), label("Listens to", "soft")
        certain.setBuddy(self.slider)
        pieces.setBuddy(self.window_seconds)
        column.addLayout(
            row(certain, self.slider, self.value, 1, pieces, self.window_seconds, label("at a time", "soft"))
        )
        self.banner = Banner()
        self.banner.setObjectName("heard-banner")
        column.addWidget(self.banner)

    def _person_stops(self) -> None:
        """What was heard until now stays."""
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()
        self._show_controls()
        self._draw()


def can_hear(task: Task) -> bool:
    """Whether what is heard when can be asked of a task."""
    return isinstance(task, HearingTask)


def _scores(news: News, log: HeardLog, most: int = 20) -> Scores:
    order = [int(p) for p in news.newest.argsort(kind="stable")[::-1][:most]]
    note = "This moment is unlike what it learnt from: do not rely on the answer." if news.strangeness > 1 else ""
    first, silent = log.first(news.newest)
    if first >= 0:
        order = [first, *(p for p in order if p != first)][:most]
    return Scores(
        tuple(Score(log.labels[p], float(news.newest[p]), p) for p in order), note, unsure=silent,
        strangeness=news.strangeness,
    )  # fmt: skip
