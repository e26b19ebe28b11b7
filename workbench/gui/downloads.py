"""The download queue as the window sees it: the queue works in threads of its own, this tells the GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.hub.queue import DownloadQueue, Entry

_TELL_MS = 100


class Downloads(QObject):
    """Signals:
    changed(): ask `entries` again; at most ten times a second.
    arrived(str): id of a model whose files are all here now.
    failed(str): id of a model whose download needs the person.
    """

    changed = Signal()
    arrived = Signal(str)
    failed = Signal(str)
    _told = Signal()

    def __init__(self, paths: AppPaths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._states: dict[str, str] = {}
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_TELL_MS)
        self._wait.timeout.connect(self._look)
        self._told.connect(self._wake)
        self._queue = DownloadQueue.load(paths, on_change=self._told.emit)
        self._look()

    def add(self, card: ModelCard, *, allow_pickle: bool = False) -> None:
        """Fetch a model; what is here already is not fetched again."""
        self._queue.add(card, allow_pickle=allow_pickle)
        self._look()

    def pause(self, model_id: str) -> None:
        self._queue.pause(model_id)
        self._look()

    def resume(self, model_id: str) -> None:
        self._queue.resume(model_id)
        self._look()

    def cancel(self, model_id: str) -> None:
        """Take it out of the queue; what has come of it is deleted."""
        self._queue.cancel(model_id)
        self._look()

    def entries(self) -> list[Entry]:
        return self._queue.entries()

    def entry(self, model_id: str) -> Entry | None:
        return next((e for e in self._queue.entries() if e.id == model_id), None)

    def stop(self) -> None:
        """Before the app goes; the next start goes on with what is left."""
        self._queue.stop()

    def _wake(self) -> None:
        if not self._wait.isActive():
            self._wait.start()

    def _look(self) -> None:
        states: dict[str, str] = {e.id: e.state for e in self._queue.entries()}
        came = [i for i, s in states.items() if s == "done" and self._states.get(i) != "done"]
        broke = [i for i, s in states.items() if s == "failed" and self._states.get(i) not in ("failed", None)]
        self._states = states
        self.changed.emit()
        for model_id in came:
            self.arrived.emit(model_id)
        for model_id in broke:
            self.failed.emit(model_id)


def speed_words(entry: Entry) -> str:
    """ "120 of 268 MB, 3.2 MB/s, 46 s left"."""
    mega = 1e6
    words = f"{entry.done_bytes / mega:,.0f} of {entry.total_bytes / mega:,.0f} MB"
    if entry.state == "paused":
        return f"{words}, paused"
    if entry.state == "waiting":
        return f"{words}, waiting"
    if entry.bytes_per_second > 0:
        words += f", {entry.bytes_per_second / mega:,.1f} MB/s"
    if entry.seconds_left > 0:
        left = entry.seconds_left
        words += f", {left:.0f} s left" if left < 90 else f", {left / 60:.0f} min left"
    return words
