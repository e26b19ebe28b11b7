"""A recording being played, as the window sees it: signals around `workbench.data.playback.SoundPlayer`."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.data.playback import SoundPlayer
from workbench.data.types import Sample

_LOOK_MS = 33


class SoundPlaying(QObject):
    """Signals:
    moved(float): where it plays, in seconds, about thirty times a second.
    played(bool): it plays, or it stands still.
    failed(object): a `UserError`: why it cannot be played.
    """

    moved = Signal(float)
    played = Signal(bool)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._player: SoundPlayer | None = None
        self._playing = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def playing(self) -> bool:
        return self._playing

    @property
    def position(self) -> float:
        return self._player.position if self._player is not None else 0.0

    def open(self, sample: Sample | None) -> None:
        """Another recording, or none; what plays stops."""
        self.stop()
        self._player = SoundPlayer(sample) if sample is not None else None

    def play(self, begins: float, ends: float = float("inf")) -> None:
        """From here (to there), in seconds."""
        if self._player is not None:
            self._player.play(begins, ends)
            self._set_playing(True)

    def stop(self) -> None:
        if self._player is not None:
            self._player.stop()
        self._set_playing(False)

    def go_to(self, seconds: float) -> None:
        """Stand there, or play on from there."""
        if self._player is not None:
            self._player.go_to(seconds)
            self.moved.emit(seconds)

    def _look(self) -> None:
        player = self._player
        if player is None:
            return
        self.moved.emit(player.position)
        if not player.playing:
            error, player.error = player.error, None
            self._set_playing(False)
            if error is not None:
                self.failed.emit(error)

    def _set_playing(self, playing: bool) -> None:
        if playing:
            self._timer.start()
        else:
            self._timer.stop()
        if playing != self._playing:
            self._playing = playing
            self.played.emit(playing)
