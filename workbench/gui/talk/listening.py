"""What the person says, as text: while a key is held, or by itself whenever somebody speaks and stops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.microphone import Recorder
from workbench.data.types import Sample
from workbench.gui.context import AppContext
from workbench.gui.microphone import Recording
from workbench.gui.workers import Job
from workbench.tasks.base import LiveTask, TryOptions


class Listener(QObject):
    """One utterance at a time.

    Signals:
        began(object): the microphone is open (its `Recorder`).
        leveled(): look at `recorder`.
        partial(str): what was understood so far; its last words may change.
        speaks(): somebody has begun to speak.
            heard(str, str): all that was said, and a sentence about it (too loud, nothing understood) or "".
        closed(): the microphone is off and all is written down, or thrown away; always last.
        failed(object): a `Problem` or `UserError`.
    """

    began = Signal(object)
    leveled = Signal()
    partial = Signal(str)
    speaks = Signal()
    heard = Signal(str, str)
    closed = Signal()
    failed = Signal(object)

    def __init__(self, ctx: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._recording = Recording(ctx, self)
        self._recording.began.connect(self._began)
        self._recording.leveled.connect(self.leveled)
        self._recording.failed.connect(self._no_microphone)
        self._recording.ended.connect(self._recorded)
        ctx.jobs.changed.connect(self._finish)
        self._card: ModelCard | None = None
        self._task: LiveTask | None = None
        self._ends_itself = False
        self._thrown_away = False
        self._job: Job | None = None
        self._watch: Job | None = None
        self._said: Any = None
        self._open = self._begun = False
        self._file: Path | None = None

    @property
    def active(self) -> bool:
        """The microphone is open, or what was said is still being written down."""
        return self._open or self._recording.active or self._job is not None

    @property
    def recorder(self) -> Recorder | None:
        return self._recording.recorder

    def start(self, card: ModelCard, task: LiveTask, ends_itself: bool) -> None:
        """Open the microphone.

        Args:
            card, task: who writes down what is said.
            ends_itself: at the first long pause after somebody has spoken; else at `stop`.
        """
        if self.active:
            return
        self._card, self._task, self._ends_itself = card, task, ends_itself
        self._thrown_away = False
        self._said = None
        self._open, self._begun = True, False
        self._recording.start()

    def stop(self) -> None:
        """The person is done; `heard` follows."""
        self._recording.stop()

    def throw_away(self) -> None:
        """As if nothing had been said: no `heard` follows."""
        self._thrown_away = True
        for job in (self._job, self._watch):
            if job is not None:
                job.cancel()
        self._job = self._watch = None
        self._recording.stop()
        self._finish()

    def _began(self, recorder: Recorder) -> None:
        card, task = self._card, self._task
        assert card is not None and task is not None
        self._begun = True
        if self._thrown_away:
            self._recording.stop()
            return

        def write(control: Control) -> Iterator[Any]:
            from workbench.engine.predict import predict_recording

            return predict_recording(recorder, card, task, TryOptions(), control=control)

        def watch(control: Control) -> Iterator[Any]:
            from workbench.engine.voice import speech_events

            return speech_events(recorder.blocks(control), recorder.rate, control)

        job = self._ctx.jobs.start_stream("Writing down what is said", write, quiet=True)
        self._job = job
        job.streamed.connect(lambda result: self._came(job, result))
        job.failed.connect(lambda problem: self._failed(job, problem))
        job.ended.connect(lambda: self._written(job))
        if self._ends_itself:
            self._watch = seen = self._ctx.jobs.start_stream("Listening", watch, quiet=True)
            seen.streamed.connect(lambda event: self._happened(seen, event))
            seen.failed.connect(lambda problem: self._failed(job, problem))
        self.began.emit(recorder)

    def _happened(self, job: Job, event: Any) -> None:
        if job is not self._watch:
            return
        if event.kind == "began":
            self.speaks.emit()
        else:
            self._recording.stop()

    def _came(self, job: Job, result: Any) -> None:
        if job is self._job and result.prediction is not None:
            self._said = result.prediction
            self.partial.emit(self._said.text)

    def _failed(self, job: Job, problem: Any) -> None:
        if job is self._job:
            self._thrown_away = True
            self._recording.stop()
            self.failed.emit(problem)

    def _written(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self._finish()

    def _recorded(self, sample: Sample) -> None:
        self._file = sample.path
        self._finish()

    def _no_microphone(self, problem: Any) -> None:
        if self._thrown_away:
            return
        # What was said until it was unplugged is still written down; where it never opened, there is nothing.
        self._thrown_away = not self._begun
        self.failed.emit(problem)
        self._finish()

    def _finish(self) -> None:
        """When the recording has ended and is written down. Its file is of no further use."""
        if not self._open or self._recording.active or self._job is not None:
            return
        if not (self._begun or self._thrown_away):  # the system still asks whether the microphone may be used
            return
        self._open = False
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._file is not None:
            with suppress(OSError):  # it is removed with the other old ones later
                self._file.unlink(missing_ok=True)
            self._file = None
        if not self._thrown_away:
            said = self._said
            self.heard.emit(said.text.strip() if said is not None else "", said.note if said is not None else "")
        self.closed.emit()
