"""Pictures by likeness: tiles to the left, what they shall be like to the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QSlider, QVBoxLayout, QWidget

from workbench.data.types import Sample
from workbench.engine.picture_index import Entry, Picture, PictureIndex
from workbench.engine.similarity import Found
from workbench.gui.context import AppContext
from workbench.gui.files import reveal
from workbench.gui.models.picture_list import PictureList
from workbench.gui.theme import M, S
from workbench.gui.widgets.add_pictures import ask_and_add
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.examples_tray import ExamplesTray, examples_from
from workbench.gui.widgets.item_view import LARGEST, SMALLEST, ItemView
from workbench.gui.widgets.large_picture import LargePicture
from workbench.gui.widgets.picture_tiles import PictureDelegate

_TRAY_WIDTH = 240
_PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.tif *.tiff *.heic *.dcm);;All files (*)"


def tiles_of(ctx: AppContext, model: PictureList, name: str, accessible: str) -> ItemView:
    """Tiles of a `PictureList` that open large by double click or Space."""
    view = ItemView(model, ctx.thumbnails, PictureDelegate(ctx.thumbnails))
    view.setObjectName(name)
    view.setAccessibleName(accessible)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def open_large(at: int) -> None:
        if 0 <= at < model.rowCount():
            dialog = LargePicture(ctx.jobs, model, at, view)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    view.opened.connect(open_large)
    return view


class LikenessView(QWidget):
    """Signals:
    wanted(object, object): samples the pictures shall be like, and samples they shall not be like ([], []: as they come).
    refused(str): a drop of which nothing can be made: a sentence.
    """

    wanted = Signal(object, object)
    refused = Signal(str)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.model = PictureList()
        self.view = tiles_of(ctx, self.model, "similar-view", "Pictures")
        self.tray = ExamplesTray(ctx.thumbnails)
        self.tray.setFixedWidth(_TRAY_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, M, 0, 0)
        row.setSpacing(M)
        column = QVBoxLayout()
        column.setSpacing(S)
        column.addLayout(self._bar())
        column.addLayout(self._order())
        column.addWidget(self.view, 1)
        row.addLayout(column, 1)
        row.addWidget(self.tray)
        self.view.customContextMenuRequested.connect(self._menu)
        self.view.accepted.connect(lambda: self.more_like(anew=True))
        self.view.selectionModel().selectionChanged.connect(lambda _a, _b: self._enable())
        self.model.modelReset.connect(self._enable)
        self.tray.changed.connect(self._ask)
        self.tray.dropped.connect(self.take)
        self.tray.choose.connect(self._choose)
        self._enable()

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Pictures that are still to be looked at."""
        self.model.show_pictures(entries)

    def show_index(self, index: PictureIndex) -> None:
        """Pictures as they come; asks for what the examples want."""
        self.model.show_pictures(index.pictures)
        self._ask()

    def show_found(self, index: PictureIndex, found: tuple[list[int], list[float]]) -> None:
        """Pictures by likeness."""
        self.model.show_pictures(index.pictures, ())
        self.model.show_likeness(*found, self._bound())
        self.view.scrollToTop()

    def more_like(self, *, anew: bool = False, like: bool = True) -> None:
        """The chosen pictures become examples."""
        self.tray.add([p.sample() for p in self.chosen()], like=like, anew=anew)

    def chosen(self) -> list[Entry | Picture]:
        return [self.model.picture(row) for row in self.view.selected_rows()]

    def take(self, mime: QMimeData, like: bool) -> None:
        """Something was dropped onto the examples."""
        found = examples_from(mime)
        if not found:
            self.refused.emit("Only pictures can be examples.")
            return
        # A tile that was dragged is known with the way it is read.
        rows = {str(p.path): p.sample() for p in self.chosen()}
        self.tray.add([rows.get(str(e.path), e) for e in found], like=like)

    def _ask(self) -> None:
        like, unlike = self.tray.like.examples(), self.tray.unlike.examples()
        self.wanted.emit(like, unlike if like else [])

    def _choose(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Choose pictures to compare with", "", _PICTURES)
        if files:
            from pathlib import Path

            self.tray.add([Sample("picture", Path(f).name, path=Path(f)) for f in files], like=True)

    # How it looks ------------------------------------------------------------------------------------------------------

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(S)
        self.more = button(
            "More like these", self.more_like, icon_name="search", name="more-like",
            tip="The chosen pictures become examples (Enter: only they)",
        )  # fmt: skip
        self.less = button(
            "Not like these", lambda: self.more_like(like=False), icon_name="ban", name="less-like",
            tip="The chosen pictures become counter-examples",
        )  # fmt: skip
        self.add = button(
            "Add to the project …", lambda: ask_and_add(self._ctx, self.chosen(), self), icon_name="plus",
            name="add-found", tip="The chosen pictures go into the open project, with a label",
        )  # fmt: skip
        for widget in (self.more, self.less, self.add):
            bar.addWidget(widget)
        bar.addStretch(1)
        return bar

    def _order(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(S)
        self.count = label("", "faint")
        self.bound_words = label("At least so much alike:", "soft")
        self.bound = QSlider(Qt.Orientation.Horizontal)
        self.bound.setObjectName("at-least")
        self.bound.setRange(0, 99)
        self.bound.setFixedWidth(110)
        self.bound.setAccessibleName("Show pictures that are at least so much alike")
        self.bound.setToolTip("Show pictures that are at least so much alike (cosine similarity); 0: all")
        self.bound.valueChanged.connect(self._bound_moved)
        self.bound_number = label("", "soft")
        self.bound_number.setMinimumWidth(40)
        self.zoom = QSlider(Qt.Orientation.Horizontal)
        self.zoom.setRange(SMALLEST, LARGEST)
        self.zoom.setValue(self.view.side)
        self.zoom.setFixedWidth(90)
        self.zoom.setAccessibleName("Size of the pictures")
        self.zoom.setToolTip("Size of the pictures (also Ctrl and the mouse wheel)")
        self.zoom.valueChanged.connect(self.view.set_side)
        for part in (self.bound_words, self.bound, self.bound_number):
            bar.addWidget(part)
        bar.addWidget(self.count)
        bar.addStretch(1)
        bar.addWidget(self.zoom)
        return bar

    def _bound(self) -> float:
        return self.bound.value() / 100 if self.bound.value() else -1.0

    def _bound_moved(self) -> None:
        self.model.show_at_least(self._bound())

    def _enable(self) -> None:
        some = self.view.selectionModel().hasSelection()
        for widget in (self.more, self.less, self.add):
            widget.setEnabled(some)
        by_likeness = self.model.sorted_by_likeness
        for part in (self.bound_words, self.bound, self.bound_number):
            part.setVisible(by_likeness)
        self.bound_number.setText(f"{self.bound.value()} %" if self.bound.value() else "all")
        self.count.setText(f"{self.model.rowCount():,} shown")

    def _menu(self, at: QPoint) -> None:
        chosen = self.chosen()
        if not chosen:
            return
        menu = QMenu(self)
        menu.setObjectName("similar-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Find more like this", lambda: self.more_like(anew=True))
        menu.addAction("Also like this", self.more_like)
        menu.addAction("But not like this", lambda: self.more_like(like=False))
        menu.addSeparator()
        menu.addAction("Look at it in full size", lambda: self.view.opened.emit(self.view.currentIndex().row()))
        menu.addAction("Show in the file manager", lambda: reveal(chosen[0].path))
        menu.addSeparator()
        menu.addAction("Add to the project …", lambda: ask_and_add(self._ctx, chosen, self))
        menu.popup(self.view.viewport().mapToGlobal(at))


def as_lists(found: Found) -> tuple[list[int], list[float]]:
    """For a job: places and likeness as a model takes them."""
    return found.places.tolist(), found.likeness.tolist()
