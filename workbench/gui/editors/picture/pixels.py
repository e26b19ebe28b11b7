"""The picture itself: decoded in a job, held in halving sizes, so that drawing it takes the same time at every zoom."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageIOHandler, QImageReader, QPainter

from workbench.control import Control
from workbench.data.media import MAX_PIXELS, open_picture
from workbench.data.types import Window
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.decoded import reader_of
from workbench.gui.editors.picture.view import View
from workbench.gui.workers import Job

# A larger picture is held at half its size; shapes stay in its own pixels.
_MOST_HELD = 64_000_000
_SMALLEST_SIDE = 900
_STRIP_PIXELS = 1_000_000
_CACHE_BYTES = 400_000_000
# Qt reads these without holding Python up, and as Pillow does; everything else goes through `open_picture`.
_QT_KINDS = (b"jpeg", b"png", b"bmp")
_PLAIN = (
    QImage.Format.Format_RGB32, QImage.Format.Format_ARGB32, QImage.Format.Format_ARGB32_Premultiplied,
    QImage.Format.Format_RGB888, QImage.Format.Format_Grayscale8, QImage.Format.Format_Indexed8, QImage.Format.Format_Mono,
)  # fmt: skip
_TURNED = QImageIOHandler.Transformation.TransformationRotate90


class Picture:
    """`width`, `height`: of the upright picture, in whose pixels labels are; `levels` are it, its half, and so on."""

    def __init__(self, width: int, height: int, levels: list[QImage]) -> None:
        self.width, self.height, self.levels = width, height, levels

    @property
    def size_in_memory(self) -> int:
        return sum(level.sizeInBytes() for level in self.levels)

    def draw(self, painter: QPainter, view: View, exposed: QRectF, ratio: float = 1.0) -> None:
        """Draw the part of it that `exposed` (on the screen) shows. `ratio`: device pixels per logical one."""
        seen = view.seen().intersected(
            QRectF(
                (exposed.left() - view.x) / view.scale, (exposed.top() - view.y) / view.scale,
                exposed.width() / view.scale, exposed.height() / view.scale,
            )
        )  # fmt: skip
        if seen.isEmpty():
            return
        # Whole pixels, so that neighbouring updates meet without a seam.
        seen = QRectF(seen.toAlignedRect()).intersected(QRectF(0, 0, self.width, self.height))
        level = self.levels[0]
        for smaller in self.levels[1:]:
            if smaller.width() < self.width * view.scale * ratio:
                break
            level = smaller
        shrink = level.width() / self.width
        source = QRectF(seen.left() * shrink, seen.top() * shrink, seen.width() * shrink, seen.height() * shrink)
        target = view.rect(seen.left(), seen.top(), seen.right(), seen.bottom())
        # Enlarged, the pixels themselves are what one wants to see.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, view.scale * ratio < 2.0)
        painter.drawImage(target, level, source)


def read_picture(path: Path, control: Control, window: Window | None = None) -> Picture:
    """Decode a file and make its smaller sizes; for jobs.

    Args:
        window: how a picture with more than 256 greys is read; None: as its file says.

    Raises:
        UserError: as `media.open_picture`.
        Cancelled: when asked to stop.
    """
    found = _by_qt(path) or _by_pillow(path, control, window)
    control.check()
    first, size = found
    levels = [first]
    while max(levels[-1].width(), levels[-1].height()) > 2 * _SMALLEST_SIDE:
        levels.append(_half(levels[-1], control))
    if first.width() * first.height() > _MOST_HELD:
        levels.pop(0)
    return Picture(size.width(), size.height(), levels)


def _by_qt(path: Path) -> tuple[QImage, QSize] | None:
    """None where Pillow has to read it (or to say what is wrong with it)."""
    # Bounded below by the number of pixels instead.
    QImageReader.setAllocationLimit(0)
    reader = reader_of(path)
    if reader is None:
        return None
    reader.setAutoTransform(True)
    size = reader.size()
    if bytes(reader.format().data()) not in _QT_KINDS or reader.imageFormat() not in _PLAIN or not size.isValid():
        return None
    if size.width() * size.height() > MAX_PIXELS:
        return None
    image = reader.read()
    if image.isNull() or image.format() not in _PLAIN:
        return None
    if reader.transformation().value & _TURNED.value:
        size.transpose()
    return image, size


def _by_pillow(path: Path, control: Control, window: Window | None) -> tuple[QImage, QSize]:
    picture = open_picture(path, window=window)
    width, height = picture.size
    image = QImage(width, height, QImage.Format.Format_RGB32)
    if image.isNull():
        raise UserError("The picture is too large for this computer's memory.", "Make it smaller and add it again.")
    memory = memoryview(image.bits())
    for top, bottom in _strips(width, height):
        control.check()
        rows = picture.crop((0, top, width, bottom)).tobytes("raw", "BGRX")
        memory[top * width * 4 : top * width * 4 + len(rows)] = rows
    return image, QSize(width, height)


def _half(image: QImage, control: Control) -> QImage:
    """Every four pixels become their mean. In strips: one call holds the window up for no more than one of them."""
    width, height = max(1, image.width() // 2), max(1, image.height() // 2)
    smaller = QImage(width, height, QImage.Format.Format_RGB32)
    if smaller.isNull():
        raise UserError("The picture is too large for this computer's memory.", "Make it smaller and add it again.")
    across, down = image.width() / width, image.height() / height
    for top, bottom in _strips(width, height):
        control.check()
        painter = QPainter(smaller)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        strip = QRect(0, top, width, bottom - top)
        painter.fillRect(strip, Qt.GlobalColor.white)  # behind what is see-through, as everywhere in the app
        painter.drawImage(QRectF(strip), image, QRectF(0, top * down, width * across, (bottom - top) * down))
        painter.end()
    return smaller


def _strips(width: int, height: int) -> list[tuple[int, int]]:
    rows = max(1, _STRIP_PIXELS // max(1, width))
    return [(top, min(height, top + rows)) for top in range(0, height, rows)]


class Pictures(QObject):
    """Pictures by path, the last few kept; the one asked for comes first, then its neighbour.

    Signals:
        came(object, object): path and its `Picture`.
        failed(object, object): path and a `Problem`.
    """

    came = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self, ctx: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._kept: OrderedDict[Path, Picture] = OrderedDict()
        self._jobs: dict[Path, Job] = {}
        self._next: Path | None = None
        self._window: Window | None = None

    def read_through(self, window: Window | None) -> None:
        """How the project reads pictures with more than 256 greys; what was read otherwise is let go."""
        if window != self._window:
            self.forget()
            self._window = window

    def ask(self, path: Path, then: Path | None = None) -> Picture | None:
        """The picture when it is here; None while it is on its way. `then` is decoded afterwards, for later."""
        self._next = then
        for other in [p for p in self._jobs if p not in (path, then)]:
            # Forgotten at once: it may be asked for again before it has stopped.
            self._jobs.pop(other).cancel()
        found = self._kept.get(path)
        if found is not None:
            self._kept.move_to_end(path)
            self._go_on()
        elif path not in self._jobs:
            self._read(path)
        return found

    def forget(self) -> None:
        """Another project: let everything go."""
        self._next = None
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        self._kept.clear()

    def _go_on(self) -> None:
        if self._jobs:
            return
        path, self._next = self._next, None
        # Two pictures so large that they crowd each other out are not worth it.
        large = any(p.size_in_memory > _CACHE_BYTES / 2 for p in self._kept.values())
        if path is not None and path not in self._kept and not large:
            self._read(path)

    def _read(self, path: Path) -> None:
        job = self._ctx.jobs.start("Opening a picture", _reading(path, self._window))
        self._jobs[path] = job
        job.succeeded.connect(lambda picture: self._arrived(path, picture))
        job.failed.connect(lambda problem: self.failed.emit(path, problem))
        job.ended.connect(lambda: self._ended(path, job))

    def _arrived(self, path: Path, picture: Picture) -> None:
        self._kept[path] = picture
        while len(self._kept) > 1 and sum(p.size_in_memory for p in self._kept.values()) > _CACHE_BYTES:
            self._kept.popitem(last=False)
        self.came.emit(path, picture)

    def _ended(self, path: Path, job: Job) -> None:
        if self._jobs.get(path) is job:
            del self._jobs[path]
        self._go_on()


def _reading(path: Path, window: Window | None) -> Callable[[Control], Picture]:
    def work(control: Control) -> Picture:
        return read_picture(path, control, window)

    return work
