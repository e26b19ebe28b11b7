"""Thumbnails as pixmaps: decoded in threads, kept in memory for what was seen lately."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap, QPixmapCache

from workbench.data.thumbnails import ThumbnailCache
from workbench.data.types import Item, Sample, Window
from workbench.errors import UserError
from workbench.gui.theme import theme
from workbench.gui.workers import Stack

# Decoded once at this size and scaled down by the painter.
SIDE = 256
_MEMORY_KB = 200_000


class Thumbnails(QObject):
    """Signals:
    ready(str): the thumbnail of this path has come (or cannot be made): paint again.
    """

    ready = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        QPixmapCache.setCacheLimit(_MEMORY_KB)
        self._cache = ThumbnailCache(folder)
        self._stack = Stack(parent=self)
        self._stack.done.connect(self._came)
        self._failed: dict[str, str] = {}

    def pixmap(self, path: Path, window: Window | None = None) -> QPixmap | None:
        """The thumbnail, or None while it is on its way (`ready` says when) or when it cannot be made.

        `window`: how a picture with more than 256 greys is read; None: as its file says.
        """
        key = _key(path, window)
        found = QPixmap()
        if QPixmapCache.find(key, found):
            return found
        if key not in self._failed:
            self._stack.ask(key, lambda: self._cache.get(path, SIDE, window))
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
            self._stack.ask(key, lambda: self._cache.structure(smiles, SIDE, dark=dark))
        return None

    def overlay(self, key: str, draw: Callable[[], QImage]) -> QPixmap | None:
        """What `draw` makes in a thread, kept under `key`; None while it is on its way (`ready` says when)."""
        found = QPixmap()
        if QPixmapCache.find(key, found):
            return found
        if key not in self._failed:
            self._stack.ask(key, draw)
        return None

    def problem(self, path: Path, window: Window | None = None) -> str:
        """Why there is no thumbnail, or ""."""
        return self._failed.get(_key(path, window), "")

    def stop(self) -> None:
        self._stack.stop()

    def _came(self, key: str, result: object) -> None:
        if isinstance(result, UserError):
            self._failed[key] = result.message
        elif isinstance(result, QImage):
            QPixmapCache.insert(key, QPixmap.fromImage(result))
        elif isinstance(result, bytes):
            pixmap = QPixmap()
            pixmap.loadFromData(result)
            QPixmapCache.insert(key, pixmap)
        self.ready.emit(key)


def _key(path: Path, window: Window | None) -> str:
    return str(path) if window is None else f"{path}|{window}"
