"""Icons from the Lucide set (ISC licence), drawn from SVG in the colour and size asked for, sharp at any scale."""

from __future__ import annotations

import time
from functools import lru_cache

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from workbench.app_paths import resources
from workbench.gui.theme import theme

_SIDE, _RATIO = 20, 2.0
# So long the icons are drawn at once, and so long the window has to itself in between.
_SOME_SECONDS, _BETWEEN_MS = 0.005, 15


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    """Raises: FileNotFoundError for a name that is not in resources/icons."""
    return (resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=1024)
def _image(name: str, size: int, colour: str, ratio: float) -> QImage:
    svg = _source(name).replace("currentColor", colour)
    image = QImage(QSize(round(size * ratio), round(size * ratio)), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


@lru_cache(maxsize=1024)
def _pixmap(name: str, size: int, colour: str, ratio: float) -> QPixmap:
    return QPixmap.fromImage(_image(name, size, colour, ratio))


def draw_usual(owner: QObject) -> None:
    """Draw each icon as buttons show it, for the theme of now: a few at a time, between what the window does meanwhile. A page
    that comes for the first time finds its icons drawn. Not after `owner` is deleted.

    Not in a thread: the renderer is an object that connects to others (see gui/decoded.py for what that does)."""
    colours = theme().colours
    left = iter(
        [
            (file.stem, colour)
            for file in sorted((resources() / "icons").glob("*.svg"))
            for colour in (colours.text, colours.text_faint, colours.accent)
        ]
    )
    timer = QTimer(owner)

    def some() -> None:
        ends = time.monotonic() + _SOME_SECONDS
        for name, colour in left:
            _image(name, _SIDE, colour, _RATIO)
            if time.monotonic() > ends:
                return
        timer.stop()
        timer.deleteLater()

    timer.timeout.connect(some)
    timer.start(_BETWEEN_MS)


def pixmap(name: str, size: int = _SIDE, colour: str = "text", ratio: float = _RATIO) -> QPixmap:
    """An icon as a picture. `colour` is a name of `theme.Colours` or "#rrggbb"; `size` in logical pixels."""
    value = colour if colour.startswith("#") else getattr(theme().colours, colour)
    return _pixmap(name, size, value, ratio)


def icon(name: str, colour: str = "text", size: int = _SIDE, checked: str | None = None) -> QIcon:
    """An icon for buttons and actions; disabled it is faint, checked it takes the colour `checked`."""
    result = QIcon()
    result.addPixmap(pixmap(name, size, colour))
    result.addPixmap(pixmap(name, size, "text_faint"), QIcon.Mode.Disabled)
    if checked is not None:
        result.addPixmap(pixmap(name, size, checked), QIcon.Mode.Normal, QIcon.State.On)
    return result
