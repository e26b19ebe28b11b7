"""A recording being made, as the window sees it: signals around `workbench.data.microphone.Recorder`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from workbench.control import Control
from workbench.data.microphone import Recorder
from workbench.data.types import Sample
from workbench.data.video import clock
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.workers import Job

_LOOK_MS = 50
# Recordings that nobody saved are kept in the cache for a week.
_KEPT_SECONDS = 7 * 24 * 3600


class Recording(QObject):
    """One recording at a time. It is a job of the window, so it is seen in the status bar and ends with the app.

    Signals:
        began(object): the `Recorder`, when the microphone is open.
        leveled(): look at `recorder` for its level, about twenty times a second.
        ended(object): the recording as a `Sample`; always last after `began`.
        failed(object): a `Problem` or `UserError`: there is no microphone, or the recording ended by itself.
    """

    began = Signal(object)
    leveled = Signal()
    ended = Signal(object)
    failed = Signal(object)

    def __init__(self, ctx: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._job: Job | None = None
        self.recorder: Recorder | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.leveled)

    @property
    def active(self) -> bool:
        """It is being opened, or it records."""
        return self._job is not None

    def start(self, device: int | None = None) -> None:
        """Begin, after asking for the permission where the system wants that."""
        if self.active:
            return
        ask_permission(self, lambda granted: self._permitted(granted, device))

    def pause(self, wanted: bool) -> None:
        """Wait, or go on."""
        if self.recorder is not None:
            if wanted:
                self.recorder.pause()
            else:
                self.recorder.go_on()

    def stop(self) -> None:
        """End it; `ended` follows."""
        if self._job is not None:
            self._job.cancel()

    def _permitted(self, granted: bool, device: int | None) -> None:
        if not granted:
            self.failed.emit(
                UserError(
                    "This app may not use the microphone.", "Allow it in the system's privacy settings, then try again."
                )
            )
            return
        if self.active:
            return
        recorder = Recorder(_free_path(self._ctx.paths.cache / "recordings"), device)

        def work(control: Control) -> Iterator[Recorder]:
            recorder.start()
            yield recorder
            try:
                while recorder.running and not control.cancelled:
                    control.progress(0, 0, f"Recording {clock(recorder.seconds)}")
                    time.sleep(_LOOK_MS / 1000)
            finally:
                recorder.stop()
            if recorder.error is not None:
                raise recorder.error

        job = self._ctx.jobs.start_stream("Recording", work)
        self._job = job
        job.streamed.connect(self._began)
        job.failed.connect(self._failed)
        job.ended.connect(lambda: self._ended(job, recorder))

    def _began(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._timer.start()
        self.began.emit(recorder)

    def _failed(self, problem: Problem) -> None:
        self.failed.emit(problem)

    def _ended(self, job: Job, recorder: Recorder) -> None:
        if self._job is not job:
            return
        self._job = None
        self._timer.stop()
        if self.recorder is recorder:  # it had begun
            self.recorder = None
            self.ended.emit(Sample("sound", recorder.path.name, path=recorder.path))


def ask_permission(owner: QObject, then: Callable[[bool], None]) -> None:
    """Ask the system whether the microphone may be used; where it has no such question the answer is yes."""
    try:
        from PySide6.QtCore import QMicrophonePermission, Qt
    except ImportError:
        then(True)
        return
    permission = QMicrophonePermission()
    app = QCoreApplication.instance()
    assert app is not None
    status = app.checkPermission(permission)
    if status == Qt.PermissionStatus.Undetermined:

        def answered(answer: Any) -> None:
            then(answer.status() == Qt.PermissionStatus.Granted)

        app.requestPermission(permission, owner, answered)
    else:
        then(status == Qt.PermissionStatus.Granted)


def _free_path(folder: Path) -> Path:
    """A new file's name; files older than a week are removed on the way."""
    if folder.is_dir():
        for old in folder.glob("*.wav"):
            if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                old.unlink(missing_ok=True)
    name = f"Recording {datetime.now():%Y-%m-%d %H.%M.%S}"
    path, number = folder / f"{name}.wav", 1
    while path.exists():
        number += 1
        path = folder / f"{name} ({number}).wav"
    return path
