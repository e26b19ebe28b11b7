"""Icons from the Lucide set (ISC licence), drawn from SVG in the colour and size asked for, sharp at any scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from workbench.app_paths import resources
from workbench.gui.theme import theme


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    """Raises: FileNotFoundError for a name that is not in resources/icons."""
    return (resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=1024)
def _pixmap(name: str, size: int, colour: str, ratio: float) -> QPixmap:
    svg = _source(name).replace("currentColor", colour)
    pixmap = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def pixmap(name: str, size: int = 20, colour: str = "text", ratio: float = 2.0) -> QPixmap:
    """An icon as a picture. `colour` is a name of `theme.Colours` or "#rrggbb"; `size` in logical pixels."""
    value = colour if colour.startswith("#") else getattr(theme().colours, colour)
    return _pixmap(name, size, value, ratio)


def icon(name: str, colour: str = "text", size: int = 20, checked: str | None = None) -> QIcon:
    """An icon for buttons and actions; disabled it is faint, checked it takes the colour `checked`."""
    result = QIcon()
    result.addPixmap(pixmap(name, size, colour))
    result.addPixmap(pixmap(name, size, "text_faint"), QIcon.Mode.Disabled)
    if checked is not None:
        result.addPixmap(pixmap(name, size, checked), QIcon.Mode.Normal, QIcon.State.On)
    return result
