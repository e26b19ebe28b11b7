"""A large picture for painting at any zoom: itself and its halvings, so that a small view neither flickers nor is slow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

from workbench.data.types import Sample

_SMALLEST = 800


@dataclass(frozen=True)
class Layers:
    """
    Attributes:
        levels: the picture and its halvings, the largest first.
        true_size: of the picture itself; the largest level may be smaller.
    """

    levels: tuple[QImage, ...]
    true_size: QSize

    @property
    def is_reduced(self) -> bool:
        return self.levels[0].width() < self.true_size.width()

    def paint(self, painter: QPainter, frame: QRectF, clip: QRectF, *, points: bool = False) -> None:
        """Draw the whole picture into `frame`, of which only `clip` is seen.

        Args:
            points: draw the points as squares where they are larger than a screen's.
        """
        seen = frame.intersected(clip)
        if seen.isEmpty():
            return
        device = painter.device()
        wanted = frame.width() * (device.devicePixelRatioF() if device is not None else 1.0)
        level = next((i for i in reversed(self.levels) if i.width() >= wanted), self.levels[0])
        as_squares = points and wanted > level.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not as_squares)
        x, y = level.width() / frame.width(), level.height() / frame.height()
        source = QRectF(
            (seen.left() - frame.left()) * x, (seen.top() - frame.top()) * y, seen.width() * x, seen.height() * y
        )
        painter.drawImage(seen, level, source)


def load_layers(source: Sample | Path | bytes, size: tuple[int, int] | None = None) -> Layers:
    """Decode a picture and halve it; slow, so it is called in a job. `size`: enlarge it to that first (bicubic).

    Raises:
        UserError: when it cannot be read.
    """
    from workbench.engine.display import on_screen

    found = on_screen(source, size)
    raw = QImage(found.rgba, found.width, found.height, found.width * 4, QImage.Format.Format_RGBA8888)
    levels = [raw.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)]
    while max(levels[-1].width(), levels[-1].height()) > _SMALLEST:
        last = levels[-1]
        half = QSize(max(1, last.width() // 2), max(1, last.height() // 2))
        levels.append(
            last.scaled(half, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        )
    return Layers(tuple(levels), QSize(found.true_width, found.true_height))
