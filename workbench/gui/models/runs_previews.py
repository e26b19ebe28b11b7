"""Small pictures and short texts of items, fetched in a job so that the window never waits for a disk."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item
from workbench.errors import UserError
from workbench.gui.context import AppContext

log = logging.getLogger(__name__)

_BATCH = 24
_KEEP = 2000


@dataclass(frozen=True)
class Preview:
    """One item as a small card shows it. `picture` is None for texts and for pictures that cannot be read."""

    item: Item
    picture: QImage | None = None

    @property
    def words(self) -> str:
        """The text itself, or the picture's file name."""
        return self.item.text or self.item.name


def load_previews(project: Project, ids: Sequence[int], side: int, control: Control) -> list[Preview]:
    """Read items and small pictures of them (longest side `side` pixels). For a job, not for the GUI thread."""
    from workbench.data.media import thumbnail_bytes

    found: list[Preview] = []
    for item in project.items(list(ids)):
        control.check()
        picture: QImage | None = None
        if item.path is not None:
            try:
                image = QImage.fromData(thumbnail_bytes(item.path, side))
                picture = None if image.isNull() else image
            except (UserError, OSError) as error:
                log.info("no preview of %s: %s", item.name, error)
        found.append(Preview(item, picture))
    return found


class PreviewLoader(QObject):
    """Fetches previews as they are asked for, in batches, newest wish first, and remembers them.

    Signals:
        loaded(object): ids (list) whose previews are there now.
    """

    loaded = Signal(object)

    def __init__(self, ctx: AppContext, side: int = 192, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._side = side
        self._known: dict[int, Preview] = {}
        self._pixmaps: dict[int, QPixmap] = {}
        self._wanted: dict[int, None] = {}
        self._busy = False
        self._project: Project | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._next)
        ctx.store.project_changed.connect(self.clear)
        ctx.store.labels_changed.connect(self._forget)

    def clear(self) -> None:
        self._known.clear()
        self._pixmaps.clear()
        self._wanted.clear()

    def get(self, item_id: int) -> Preview | None:
        """The preview if it is there; if not, it is fetched and `loaded` will say so."""
        known = self._known.get(item_id)
        if known is None:
            self._wanted[item_id] = None
            self._timer.start()
        return known

    def pixmap(self, item_id: int) -> QPixmap | None:
        """The small picture, ready to paint; None for texts and for what is not there yet."""
        known = self.get(item_id)
        if known is None or known.picture is None:
            return None
        if item_id not in self._pixmaps:
            self._pixmaps[item_id] = QPixmap.fromImage(known.picture)
        return self._pixmaps[item_id]

    def _forget(self, ids: Sequence[int]) -> None:
        for item_id in ids:
            if self._known.pop(item_id, None) is not None:
                self._wanted[item_id] = None
        if self._wanted:
            self._timer.start()

    def _next(self) -> None:
        project = self._ctx.store.project
        if self._busy or not self._wanted or project is None:
            return
        # Newest wishes first: they are what is on the screen now.
        batch = list(self._wanted)[-_BATCH:]
        for item_id in batch:
            del self._wanted[item_id]
        self._busy = True
        side = self._side
        job = self._ctx.jobs.start("Looking up items", lambda control: load_previews(project, batch, side, control))
        job.succeeded.connect(self._arrived)
        job.ended.connect(self._done)

    def _arrived(self, previews: list[Preview]) -> None:
        if len(self._known) > _KEEP:
            self._known.clear()
            self._pixmaps.clear()
        for preview in previews:
            self._known[preview.item.id] = preview
            self._pixmaps.pop(preview.item.id, None)
        self.loaded.emit([p.item.id for p in previews])

    def _done(self) -> None:
        self._busy = False
        if self._wanted:
            self._timer.start()


def scaled(pixmap: QPixmap, width: int, height: int, ratio: float) -> QPixmap:
    """A picture cut to fill width x height logical pixels, sharp on a high-resolution screen."""
    wide, high = round(width * ratio), round(height * ratio)
    big = pixmap.scaled(
        wide, high, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    cut = big.copy((big.width() - wide) // 2, (big.height() - high) // 2, wide, high)
    cut.setDevicePixelRatio(ratio)
    return cut
