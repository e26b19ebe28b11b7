"""Drives an editor as a person does: real mouse and key events on the canvas, and a look at what is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import BoxShape
from workbench.data.types import NewItem
from workbench.gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
WIDTH, HEIGHT = 200, 150


def make_pictures(folder: Path, count: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[NewItem]:
    """Pictures that differ, as items to be added."""
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
        path = folder / f"picture {number + 1:02}.png"
        Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR).save(path)
        items.append(NewItem("picture", path.name, path=path))
    return items


class Driver:
    """The open editor of a window. Places are in the picture's pixels."""

    def __init__(self, window: MainWindow, qtbot: QtBot, project: Project) -> None:
        self.window, self.qtbot, self.project = window, qtbot, project
        self.page: Any = window.page("data")
        self.ids = project.item_ids()

    def open(self, row: int = 0) -> Driver:
        """Open the editor from the list, by key."""
        self.window.show_page("data")
        self.page.view.go_to(row)
        self.page.view.setFocus()
        QTest.keyClick(self.page.view, Qt.Key.Key_Space)
        self.editor = self.page.stack.currentWidget()
        self.canvas = self.editor.canvas
        self.ready()
        return self

    def ready(self) -> None:
        """Wait until the picture itself is there."""
        self.qtbot.waitUntil(lambda: self.canvas.is_ready, timeout=20_000)

    # The mouse ---------------------------------------------------------------------------------------------------

    def place(self, x: float, y: float) -> QPoint:
        at = self.canvas.view.to_screen(QPointF(x, y))
        return QPoint(round(at.x()), round(at.y()))

    def move(self, x: float, y: float) -> None:
        QTest.mouseMove(self.canvas.viewport(), self.place(x, y))

    def press(self, x: float, y: float, keys: Qt.KeyboardModifier = NONE) -> None:
        self.move(x, y)
        QTest.mousePress(self.canvas.viewport(), LEFT, keys, self.place(x, y))

    def release(self, x: float, y: float, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseRelease(self.canvas.viewport(), LEFT, keys, self.place(x, y))

    def click(self, x: float, y: float, keys: Qt.KeyboardModifier = NONE) -> None:
        self.press(x, y, keys)
        self.release(x, y, keys)
        # Two clicks at one place shall stay two clicks.
        QTest.qWait(1)

    def drag(self, *points: tuple[float, float], keys: Qt.KeyboardModifier = NONE) -> None:
        """Press at the first point, move over the others, let go at the last."""
        self.press(*points[0], keys)
        for point in points[1:]:
            self.move(*point)
        self.release(*points[-1], keys)

    # The keyboard ------------------------------------------------------------------------------------------------

    def key(self, *keys: Qt.Key, held: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
        for key in keys:
            for _ in range(times):
                QTest.keyClick(self.canvas, key, held)

    def type(self, text: str) -> None:
        for letter in text:
            QTest.keyClick(self.canvas, letter)

    # What there is -------------------------------------------------------------------------------------------------

    @property
    def item_id(self) -> int:
        return int(self.editor.document.item.id)

    def on_disk(self, item_id: int = 0) -> list[Annotation]:
        """An item's annotations as another program that opens the project would read them."""
        with Project.open(self.project.folder, read_only=True) as other:
            state = other.annotation_states([item_id or self.item_id])[item_id or self.item_id]
        shown = self.editor.document
        if shown.item is not None and shown.item.id == (item_id or self.item_id):
            # What is seen is what is kept.
            assert [a for a in state.annotations if a in shown.annotations] == shown.annotations
            assert state.marked == shown.marked
        return list(state.annotations)

    def boxes(self, item_id: int = 0) -> list[tuple[str, float, float, float, float]]:
        """Class names and edges of the boxes on disk, in their order."""
        names = {c.id: c.name for c in self.project.classes()}
        return [
            (names.get(a.class_id or 0, ""), a.shape.x0, a.shape.y0, a.shape.x1, a.shape.y1)
            for a in self.on_disk(item_id)
            if isinstance(a.shape, BoxShape)
        ]

    def marked(self, item_id: int) -> bool:
        with Project.open(self.project.folder, read_only=True) as other:
            return other.item(item_id).marked

    def undo(self) -> None:
        """From the menu's shortcut, as the window hears it."""
        self.window.actions_by_id["edit.undo"].trigger()

    def redo(self) -> None:
        self.window.actions_by_id["edit.redo"].trigger()


def new_project(
    window: MainWindow, folder: Path, task_id: str, classes: Sequence[str], count: int = 4,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Project:  # fmt: skip
    """A project with pictures and classes, open in the window."""
    project = Project.create(folder / "project", "A project", task_id)
    project.add_items(make_pictures(folder / "pictures", count, size))
    for name in classes:
        project.add_class(name)
    window.ctx.store.adopt(project)
    window.ctx.store.items_changed.emit()
    return project
