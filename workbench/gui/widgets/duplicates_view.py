"""Groups of pictures that are nearly the same, and what shall stay of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMessageBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from workbench.engine.picture_index import Picture, PictureIndex
from workbench.engine.similarity import Group
from workbench.gui.context import AppContext
from workbench.gui.files import reveal
from workbench.gui.models.picture_list import PictureList
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.likeness_view import tiles_of

_NAMED = 200
_ICON = 48


class _Shown:
    """A group as the person sees it: pictures, and which one stays."""

    def __init__(self, index: PictureIndex, group: Group) -> None:
        self.pictures: list[Picture] = [index.pictures[p] for p in group.places]
        self.largest = index.pictures[group.largest]
        self.sharpest = index.pictures[group.sharpest]
        self.identical = group.identical
        self.keep = self.pictures[0]

    def others(self) -> list[Picture]:
        return [p for p in self.pictures if p is not self.keep]

    def spare(self) -> int:
        """Bytes."""
        return sum(p.size for p in self.others())

    def title(self) -> str:
        what = "equal files" if self.identical else "pictures"
        return f"{len(self.pictures)} {what}\n{size_words(self.spare())} to spare"

    def marks(self) -> dict[int, str]:
        """Words under each picture, by its place in the group."""
        found = {}
        for place, picture in enumerate(self.pictures):
            words = ["stays"] if picture is self.keep else []
            if not self.identical:
                words += ["largest"] if picture is self.largest else []
                words += ["sharpest"] if picture is self.sharpest else []
            found[place] = " · ".join([*words, f"{picture.width} × {picture.height}"])
        return found


def size_words(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000)):,} kB"


class DuplicatesView(QWidget):
    """Signals:
    wanted(bool): look for groups again; whether cropped and edited pictures count.
    trash(object): list of (Path that stays, [paths that go to the trash]); the person has agreed.
    take_out(object): ids of items to be taken out of the project.
    """

    wanted = Signal(bool)
    trash = Signal(object)
    take_out = Signal(object)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: list[_Shown] = []
        self._thumbnails = ctx.thumbnails
        self.model = PictureList()
        self.view = tiles_of(ctx, self.model, "duplicates-view", "Pictures of the group")
        self.view.set_side(220)
        self.list = QListWidget()
        self.list.setObjectName("duplicate-groups")
        self.list.setAccessibleName("Groups of pictures that are nearly the same")
        self.list.setUniformItemSizes(True)
        self.list.setIconSize(QSize(_ICON, _ICON))
        self.summary = label("", "soft", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        column.addLayout(self._bar())
        line = QHBoxLayout()
        line.addWidget(self.summary, 1)
        line.addWidget(self.edited)
        column.addLayout(line)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.list)
        splitter.addWidget(self.view)
        splitter.setStretchFactor(1, 1)
        splitter.setHandleWidth(M)
        splitter.setSizes([230, 800])
        column.addWidget(splitter, 1)
        self.list.currentRowChanged.connect(self._show_group)
        # Drawn as they come into view: there may be thousands.
        self.list.verticalScrollBar().valueChanged.connect(lambda _at: self._draw_icons())
        ctx.thumbnails.ready.connect(lambda _key: self._draw_icons())
        self.view.selectionModel().selectionChanged.connect(lambda _a, _b: self._enable())
        self.view.customContextMenuRequested.connect(self._menu)
        self.view.accepted.connect(self._keep_chosen)
        self._enable()

    def show_waiting(self, words: str) -> None:
        """Nothing to show yet."""
        self._groups = []
        self._fill(0)
        self.summary.setText(words)

    def show_groups(self, index: PictureIndex, groups: Sequence[Group]) -> None:
        """What was found."""
        self._groups = [_Shown(index, group) for group in groups]
        self._fill(0)

    def forget(self, gone: Sequence[Path]) -> None:
        """These files are not there any more."""
        away = set(gone)
        self._drop(lambda picture: picture.path in away)

    def forget_items(self, ids: Sequence[int]) -> None:
        """These items are not in the project any more."""
        away = set(ids)
        self._drop(lambda picture: picture.item_id in away)

    @property
    def groups(self) -> int:
        return len(self._groups)

    # What the person does ----------------------------------------------------------------------------------------------

    def _keep_chosen(self) -> None:
        rows, shown = self.view.selected_rows(), self._current()
        if shown is None or len(rows) != 1:
            return
        shown.keep = shown.pictures[rows[0]]
        self.model.mark(shown.marks())
        entry = self.list.currentItem()
        entry.setText(shown.title())
        self._say()

    def _leave_out(self) -> None:
        at = self.list.currentRow()
        if 0 <= at < len(self._groups):
            del self._groups[at]
            self._fill(at)

    def _keep_best(self, groups: Sequence[_Shown]) -> None:
        others = [picture for shown in groups for picture in shown.others()]
        if not others:
            return
        ids = [picture.item_id for picture in others if picture.item_id]
        if ids:
            # Only taken out of the project, which Ctrl+Z takes back: no question needed.
            self.take_out.emit(ids)
            return
        many = f"{len(others):,} pictures" if len(others) != 1 else "1 picture"
        stays = (
            f"one of each of the {len(groups):,} groups stays" if len(groups) != 1 else f"“{groups[0].keep.name}” stays"
        )
        box = QMessageBox(self)
        box.setObjectName("trash-question")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Keep the best")
        box.setText(f"Move {many} to the trash ({size_words(sum(p.size for p in others))})?")
        box.setInformativeText(
            f"Of those that are nearly the same, {stays}. What is in the trash can be put back from there."
        )
        names = [str(p.path) for p in others[:_NAMED]]
        more = [f"and {len(others) - _NAMED:,} more"] if len(others) > _NAMED else []
        box.setDetailedText("\n".join([*names, *more]))
        yes = box.addButton("Move to the trash", QMessageBox.ButtonRole.AcceptRole)
        yes.setObjectName("trash-ok")
        cancel = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        work = [(shown.keep.path, [p.path for p in shown.others()]) for shown in groups]
        yes.clicked.connect(lambda _checked=False: self.trash.emit(work))
        box.open()

    def _menu(self, at: QPoint) -> None:
        shown, rows = self._current(), self.view.selected_rows()
        if shown is None or not rows:
            return
        path = shown.pictures[rows[0]].path
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Keep this one", self._keep_chosen)
        menu.addAction("Look at it in full size", lambda: self.view.opened.emit(rows[0]))
        menu.addAction("Show in the file manager", lambda: reveal(path))
        menu.popup(self.view.viewport().mapToGlobal(at))

    # How it looks ------------------------------------------------------------------------------------------------------

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(S)
        self.best = button(
            "Keep the best", lambda: self._keep_best([s for s in [self._current()] if s is not None]), role="primary",
            icon_name="check", name="keep-best", tip="Of this group: the others go to the trash, after a question",
        )  # fmt: skip
        self.all_best = button(
            "Keep the best of all groups", lambda: self._keep_best(self._groups), icon_name="check-check",
            name="keep-all-best", tip="Of every group in the list: the others go to the trash, after a question",
        )  # fmt: skip
        self.this = button(
            "Keep this one", self._keep_chosen, icon_name="star", name="keep-this",
            tip="The chosen picture stays instead of the one marked (Enter)",
        )  # fmt: skip
        self.out = button(
            "Leave this group out",
            self._leave_out,
            icon_name="x",
            name="leave-group",
            tip="They are different pictures",
        )
        self.edited = QCheckBox("Also cropped and edited ones")
        self.edited.setObjectName("edited")
        self.edited.setChecked(True)
        self.edited.setToolTip(
            "Ticked: by their features (cosine similarity). Else only copies, other sizes and compressions (perceptual hash)"
        )
        self.edited.toggled.connect(self.wanted)
        for widget in (self.best, self.all_best, self.this, self.out):
            bar.addWidget(widget)
        bar.addStretch(1)
        return bar

    def _current(self) -> _Shown | None:
        at = self.list.currentRow()
        return self._groups[at] if 0 <= at < len(self._groups) else None

    def _drop(self, away: Callable[[Picture], bool]) -> None:
        at = self.list.currentRow()
        for shown in self._groups:
            shown.pictures = [p for p in shown.pictures if not away(p)]
            if shown.pictures and shown.keep not in shown.pictures:
                shown.keep = shown.pictures[0]
        self._groups = [shown for shown in self._groups if len(shown.pictures) > 1]
        self._fill(at)

    def _fill(self, at: int) -> None:
        self.list.clear()
        for shown in self._groups:
            entry = QListWidgetItem(shown.title())
            entry.setSizeHint(QSize(100, _ICON + S))
            self.list.addItem(entry)
        if self._groups:
            self.list.setCurrentRow(max(0, min(at, len(self._groups) - 1)))
            self._draw_icons()
        else:
            self._show_group(-1)
        self._say()

    def _draw_icons(self) -> None:
        """A small picture beside each group that is in view."""
        first = self.list.indexAt(self.list.viewport().rect().topLeft()).row()
        if first < 0 or not self.isVisible():
            return
        rows = self.list.viewport().height() // (_ICON + S) + 2
        for row in range(first, min(first + rows, len(self._groups))):
            entry = self.list.item(row)
            if entry.icon().isNull():
                keep = self._groups[row].keep
                found = self._thumbnails.pixmap(keep.path, keep.window)
                if found is not None and not found.isNull():
                    entry.setIcon(QIcon(found))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw_icons()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw_icons()

    def _say(self) -> None:
        if not self._groups:
            self.summary.setText("No pictures are nearly the same.")
            return
        spare = size_words(sum(shown.spare() for shown in self._groups))
        many = f"{len(self._groups):,} groups" if len(self._groups) != 1 else "1 group"
        self.summary.setText(
            f"{many}; all but the pictures that stay take {spare}. Look at each group before you tidy up."
        )

    def _show_group(self, at: int) -> None:
        shown = self._groups[at] if 0 <= at < len(self._groups) else None
        self.model.show_pictures(shown.pictures if shown is not None else [])
        if shown is not None:
            self.model.mark(shown.marks())
        self._enable()

    def _enable(self) -> None:
        some = self._current() is not None
        for widget in (self.best, self.all_best, self.out):
            widget.setEnabled(some)
        self.this.setEnabled(some and len(self.view.selected_rows()) == 1)
