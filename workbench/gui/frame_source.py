"""Where moving pictures come from: a file or a camera, behind one small interface."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Qt, Signal
from PySide6.QtGui import QImage, QImageWriter

from workbench.data.types import Sample
from workbench.data.video import VideoInfo
from workbench.engine.player import Player
from workbench.engine.video import Moment
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.workers import Job


@dataclass(frozen=True)
class Picture:
    """A picture to show now (`image`), and the same one for the model."""

    image: QImage
    moment: Moment


@dataclass(frozen=True)
class CameraMoment:
    """A picture of a camera; `time` in seconds since it was opened. Reading an image is safe in any thread."""

    index: int
    time: float
    image: QImage

    @property
    def size(self) -> tuple[int, int]:
        return self.image.width(), self.image.height()

    def sample(self, name: str = "", max_side: int = 0) -> Sample:
        """The picture as BMP bytes, at most `max_side` wide or high when that is given."""
        image = self.image
        if max_side and max(image.width(), image.height()) > max_side:
            image = image.scaled(
                max_side, max_side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, QByteArray(b"BMP")).write(image.convertToFormat(QImage.Format.Format_RGB888))
        return Sample("picture", name or f"picture {self.index + 1:,}", data=bytes(buffer.data().data()))


class FrameSource(QObject):
    """Gives pictures until it is stopped.

    Signals:
        opened(object): a `VideoInfo`; a camera gives none.
        came(object): a `Picture`, always the newest there is.
        state(bool): it plays, or it stands still.
        failed(object): a `Problem` or `UserError`; nothing more comes.
        remark(str): a sentence to be seen; it goes on, or has come to its end.
    """

    opened = Signal(object)
    came = Signal(object)
    state = Signal(bool)
    failed = Signal(object)
    remark = Signal(str)

    # A file can be paused and searched; a camera goes on.
    is_file = False

    def __init__(self, title: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title

    def start(self) -> None:
        """Begin to give pictures."""

    def stop(self) -> None:
        """Give none any more, and let the file or the camera go. May be called twice."""

    def play(self) -> None:
        """Go on."""

    def pause(self) -> None:
        """Stand still."""

    def seek(self, seconds: float) -> None:
        """Show this moment."""


class FileSource(FrameSource):
    """A video file, decoded in a job."""

    is_file = True

    def __init__(self, ctx: AppContext, player: Player, parent: QObject | None = None) -> None:
        super().__init__(player.path.name, parent)
        self.player = player
        self._ctx = ctx
        self._job: Job | None = None
        self._stopped = False

    def start(self) -> None:
        job = self._ctx.jobs.start_stream(f"Playing {self.title}", self.player.run, quiet=True)
        self._job = job
        job.streamed.connect(self._heard)
        job.failed.connect(self._fail)

    def stop(self) -> None:
        self._stopped = True
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def play(self) -> None:
        self.player.play()
        self.state.emit(True)

    def pause(self) -> None:
        self.player.pause()
        self.state.emit(False)

    def seek(self, seconds: float) -> None:
        self.player.seek(seconds)

    def _fail(self, problem: Problem) -> None:
        if not self._stopped:
            self.failed.emit(problem)

    def _heard(self, word: object) -> None:
        if self._stopped:
            return
        if isinstance(word, VideoInfo):
            self.opened.emit(word)
            self.state.emit(self.player.playing)
        elif word == "stopped":
            self.state.emit(False)
            if self.player.problem:
                self.remark.emit(self.player.problem)
        elif (shown := self.player.shown.take()) is not None:
            image = QImage(shown.rgb, shown.width, shown.height, shown.width * 3, QImage.Format.Format_RGB888)
            # A copy: the image would not keep the bytes alive.
            self.came.emit(Picture(image.copy(), shown.frame))
