"""Thumbnails as pixmaps: decoded and scaled in threads, kept in memory for what was seen lately."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap, QPixmapCache

from workbench.data.thumbnails import ThumbnailCache
from workbench.data.types import Item, Sample, Window
from workbench.errors import UserError
from workbench.gui.decoded import decoded
from workbench.gui.theme import theme
from workbench.gui.workers import Stack

# Decoded once at this size and scaled down by the painter.
SIDE = 256
_MEMORY_KB = 200_000
# Those that come in this time are told of together: each telling has whole lists painted again.
_GATHER_MS = 30
# Pictures that were seen for less than this were not looked at.
_REST_SECONDS = 0.06


@dataclass(frozen=True)
class _Failed:
    """A picture that cannot be shown, of whatever size."""

    plain: str
    message: str


class Thumbnails(QObject):
    """Signals:
    ready(str): thumbnails have come (or cannot be made), this one last: paint again.
    """

    ready = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        QPixmapCache.setCacheLimit(_MEMORY_KB)
        self._cache = ThumbnailCache(folder)
        self._stack = Stack(parent=self)
        self._stack.done.connect(self._came)
        self._failed: dict[str, str] = {}
        self._last = ""
        self._telling = QTimer(self)
        self._telling.setSingleShot(True)
        self._telling.setInterval(_GATHER_MS)
        self._telling.timeout.connect(lambda: self.ready.emit(self._last))

    def pixmap(self, path: Path, window: Window | None = None, box: QSize | None = None) -> QPixmap | None:
        """The thumbnail, or None while it is on its way (`ready` says when) or when it cannot be made.

        `window`: how a picture with more than 256 greys is read; None: as its file says. `box`: so many pixels it may have,
        so that it need not be scaled when it is painted.
        """
        plain = _key(path, window)
        key = plain if box is None else f"{plain}|{box.width()}x{box.height()}"
        found = QPixmap()
        if QPixmapCache.find(key, found):
            return found
        if plain not in self._failed:
            self._stack.ask(key, lambda: self._made(plain, path, window, box))
        return None

    def of_item(self, item: Item | Sample) -> QPixmap | None:
        """What an item looks like: its picture or, of a molecule, its structure; None where there is nothing (yet)."""
        if item.kind == "molecule":
            return self.structure(item.text or "")
        return self.pixmap(item.path, item.window) if item.path is not None else None

    def structure(self, smiles: str) -> QPixmap | None:
        """A molecule drawn for the ground of now, or None while it is on its way or when it is none."""
        dark = theme().mode == "dark"
        key = f"molecule|{dark}|{smiles}"
        found = QPixmap()
        if QPixmapCache.find(key, found):
            return found
        if key not in self._failed:
            self._stack.ask(key, lambda: decoded(self._cache.structure(smiles, SIDE, dark=dark)))
        return None

    def at_hand(self, path: Path, window: Window | None, box: QSize) -> QPixmap | None:
        """The thumbnail for this box if it is there; nothing is begun."""
        found = QPixmap()
        key = f"{_key(path, window)}|{box.width()}x{box.height()}"
        return found if QPixmapCache.find(key, found) else None

    def overlay(self, key: str, draw: Callable[[], QImage]) -> QPixmap | None:
        """What `draw` makes in a thread, kept under `key`; None while it is on its way (`ready` says when)."""
        found = QPixmap()
        if QPixmapCache.find(key, found):
            return found
        if key not in self._failed:
            self._stack.ask(key, draw)
        return None

    def rush(self) -> None:
        """The person rushes past all that is seen: none is made until they have slowed down, and then only what is still asked
        for."""
        self._stack.forget(_REST_SECONDS)

    def problem(self, path: Path, window: Window | None = None) -> str:
        """Why there is no thumbnail, or ""."""
        return self._failed.get(_key(path, window), "")

    def stop(self) -> None:
        self._telling.stop()
        self._stack.stop()

    def _made(self, plain: str, path: Path, window: Window | None, box: QSize | None) -> QImage | _Failed:
        """In a thread: decoded, scaled and in the form that is painted, so that none of it is left to the window."""
        try:
            picture = decoded(self._cache.get(path, SIDE, window))
        except UserError as error:
            return _Failed(plain, error.message)
        if picture.isNull():
            return picture
        if box is not None and (picture.width() > box.width() or picture.height() > box.height()):
            picture = picture.scaled(
                box, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        # A curve stands on the ground of its row: without its see-through parts it would be black.
        see_through = picture.hasAlphaChannel()
        return picture.convertToFormat(
            QImage.Format.Format_ARGB32_Premultiplied if see_through else QImage.Format.Format_RGB32
        )

    def _came(self, key: str, result: object) -> None:
        if isinstance(result, _Failed):
            self._failed[result.plain] = result.message
        elif isinstance(result, UserError):
            self._failed[key] = result.message
        elif isinstance(result, QImage):
            QPixmapCache.insert(key, QPixmap.fromImage(result))
        self._last = key
        if not self._telling.isActive():
            self._telling.start()


def _key(path: Path, window: Window | None) -> str:
    return str(path) if window is None else f"{path}|{window}"
