"""Outlines, brush, eraser and filling: what is painted is what is kept, to the pixel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from editor_driver import ALT, CTRL, HEIGHT, SHIFT, WIDTH, Driver, new_project
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.data import shapes
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.shapes import Polygon, Region, region_bits, region_from_bits
from workbench.gui.main_window import MainWindow

Key = Qt.Key
Bits = np.ndarray


@pytest.fixture
def drive(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Iterator[Driver]:
    project = new_project(window, tmp_path, "semantic-segmentation", ("road", "tree", "sky"), 3)
    yield Driver(window, qtbot, project).open()


def areas(drive: Driver) -> dict[str, Bits]:
    """The painted pixels of each class on disk. There is one painted area per class."""
    names = {c.id: c.name for c in drive.project.classes()}
    found: dict[str, Bits] = {}
    for a in drive.on_disk():
        if isinstance(a.shape, Region):
            assert shapes.checked(a.shape, WIDTH, HEIGHT) == a.shape
            name = names[a.class_id or 0]
            assert name not in found, "one area per class"
            found[name] = region_bits(a.shape, WIDTH, HEIGHT)
    return found


def near(points: list[tuple[float, float]], size: int) -> Bits:
    """Pixels whose middles are within half the brush of the line through the points: the definition, pixel by pixel."""
    settle = (lambda v: np.floor(v) + 0.5) if size % 2 else np.round
    line = [np.array([settle(x), settle(y)]) for x, y in points]
    ys, xs = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    found = np.zeros((HEIGHT, WIDTH), bool)
    for a, b in zip([line[0], *line], line, strict=False):
        gap = b - a
        length = float(gap @ gap)
        along = np.clip(((xs - a[0]) * gap[0] + (ys - a[1]) * gap[1]) / length, 0, 1) if length else 0.0
        away = np.hypot(xs - a[0] - along * gap[0], ys - a[1] - along * gap[1])
        found |= away <= size / 2 + 1e-9
    return found


def exact(drive: Driver, *points: tuple[float, float]) -> list[tuple[float, float]]:
    """The places in the picture that the mouse is really at: the screen has whole pixels."""
    found = (drive.canvas.view.to_picture(QPointF(drive.place(*p))) for p in points)
    return [(at.x(), at.y()) for at in found]


def stroke(drive: Driver, *points: tuple[float, float]) -> Bits:
    """Draw with the tool in hand; what it should have touched."""
    line = exact(drive, *points)
    drive.drag(*points)
    return near(line, drive.canvas.brush_size)


def test_brush_and_eraser_to_the_pixel(drive: Driver) -> None:
    assert drive.canvas.tool.id == "brush"
    drive.canvas.set_brush(15)
    road = stroke(drive, (20, 20), (80, 50), (120, 40))
    assert (areas(drive)["road"] == road).all()
    road |= stroke(drive, (60, 100), (61, 100))
    assert (areas(drive)["road"] == road).all(), "a second stroke joins the first: one area per class"
    drive.type("2")
    drive.canvas.set_brush(20)
    tree = stroke(drive, (70, 20), (70, 120))
    assert (areas(drive)["tree"] == tree).all() and (areas(drive)["road"] == (road & ~tree)).all()
    drive.type("e")
    drive.canvas.set_brush(9)
    gone = stroke(drive, (10, 45), (180, 45))
    assert (areas(drive)["tree"] == (tree & ~gone)).all() and (areas(drive)["road"] == (road & ~tree & ~gone)).all()
    drive.undo()
    drive.undo()
    assert (areas(drive)["road"] == road).all() and set(areas(drive)) == {"road"}
    drive.undo()
    drive.undo()
    assert drive.on_disk() == []
    for _ in range(4):
        drive.redo()
    assert (areas(drive)["tree"] == (tree & ~gone)).all()
    # What is wholly painted over or rubbed out is gone.
    drive.canvas.set_brush(1000)
    stroke(drive, (100, 75), (101, 75))
    assert drive.on_disk() == []


def test_what_is_locked_hidden_or_only_free_is_left_alone(drive: Driver) -> None:
    drive.canvas.set_brush(20)
    road = stroke(drive, (20, 75), (180, 75))
    drive.editor.document.choose([drive.on_disk()[0].id])
    drive.type("l")
    drive.key(Key.Key_Escape)
    drive.type("2")
    tree = stroke(drive, (100, 10), (100, 140))
    assert (areas(drive)["road"] == road).all() and (areas(drive)["tree"] == (tree & ~road)).all()
    drive.type("e")
    stroke(drive, (50, 75), (60, 75))
    assert (areas(drive)["road"] == road).all()
    drive.type("1b")
    drive.drag((20, 20), (30, 20))
    assert "locked" in drive.editor.banner.text.text() and (areas(drive)["road"] == road).all()
    drive.editor.deeds.toggle_locked([drive.on_disk()[0].id])
    drive.type("3")
    drive.editor.paint.covers.setChecked(False)
    sky = stroke(drive, (60, 60), (140, 60))
    assert (areas(drive)["sky"] == (sky & ~road & ~tree)).all() and (areas(drive)["road"] == road).all()
    drive.editor.deeds.toggle_hidden([a.id for a in drive.on_disk() if a.class_id == drive.project.classes()[2].id])
    drive.drag((20, 20), (30, 20))
    assert "hidden" in drive.editor.banner.text.text() and set(areas(drive)) == {"road", "tree", "sky"}


def test_what_is_seen_while_painting_is_what_is_kept(drive: Driver) -> None:
    """The screen's own colours during a stroke and after it."""
    drive.canvas.set_brush(30)
    drive.editor.paint.strength.setValue(100)
    drive.move(150, 130)

    def seen() -> QImage:
        return drive.canvas.viewport().grab().toImage()

    def colour(image: QImage, x: float, y: float) -> str:
        return QColor(image.pixel(drive.place(x, y))).name()

    road, tree = (c.colour for c in drive.project.classes()[:2])
    drive.press(40, 60)
    drive.move(100, 60)
    during = seen()
    assert colour(during, 70, 60) == road and colour(during, 70, 90) != road
    drive.release(100, 60)
    drive.move(150, 130)
    assert colour(seen(), 70, 60) == road
    drive.type("2")
    drive.press(70, 30)
    drive.move(70, 100)
    drive.move(71, 100)
    assert colour(seen(), 70, 60) == tree and colour(seen(), 45, 60) == road
    drive.key(Key.Key_Escape)
    assert colour(seen(), 70, 60) == road and set(areas(drive)) == {"road"}, "Esc drops a stroke"
    drive.canvas.pressed = False
    drive.type("e")
    drive.press(70, 30)
    drive.move(70, 100)
    drive.move(71, 100)
    assert colour(seen(), 75, 60) not in (road, tree)
    drive.release(70, 100)
    drive.key(Key.Key_H, held=SHIFT)
    assert colour(seen(), 45, 60) != road
    drive.key(Key.Key_H, held=SHIFT)
    drive.move(150, 130)
    assert colour(seen(), 45, 60) == road


def test_painting_by_keyboard_and_straight_lines(drive: Driver) -> None:
    drive.canvas.set_brush(7)
    drive.key(Key.Key_Left)
    begin = drive.canvas.cross
    drive.key(Key.Key_Space)
    drive.key(Key.Key_Right, held=SHIFT, times=3)
    drive.key(Key.Key_Down, times=4)
    drive.key(Key.Key_Return)
    x, y = begin.x(), begin.y()
    line = [(x, y), (x + 30, y), (x + 30, y + 4)]
    assert (areas(drive)["road"] == near(line, 7)).all()
    drive.click(20, 20)
    drive.click(90, 30, SHIFT)
    wanted = near(line, 7) | near(exact(drive, (20, 20), (90, 30)), 7)
    assert (areas(drive)["road"] == wanted).all()
    drive.type("]]")
    assert drive.canvas.brush_size == 10
    drive.type("[")
    assert drive.canvas.brush_size == 8 and drive.editor.paint.pixels.value() == 8
    at = QPointF(drive.place(100, 75))
    wheel = QWheelEvent(
        at, drive.canvas.viewport().mapToGlobal(at), QPoint(), QPoint(120, 0), Qt.MouseButton.NoButton, ALT,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(drive.canvas.viewport(), wheel)
    assert drive.canvas.brush_size == 10


def test_outlines_by_mouse(drive: Driver, qtbot: QtBot) -> None:
    drive.type("p")
    for x, y in ((20, 20), (80, 20), (80, 60), (150, 90)):
        drive.click(x, y)
    drive.key(Key.Key_Backspace)
    drive.click(50, 100)
    drive.key(Key.Key_Z, held=CTRL)
    drive.click(20, 70)
    drive.click(20, 20)
    points = drive.on_disk()[0].shape
    assert isinstance(points, Polygon)
    wanted = exact(drive, (20, 20), (80, 20), (80, 60), (20, 70))
    assert np.abs(np.array(points.parts[0]) - np.array(wanted)).max() <= 0.051, "to a tenth of a pixel"
    # Corners are dragged, made and taken away.
    drive.drag((20, 70), (30, 80), (40, 90))
    shape = drive.on_disk()[0].shape
    assert isinstance(shape, Polygon) and np.abs(np.array(shape.parts[0][3]) - (40, 90)).max() < 0.5
    drive.drag((50, 20), (50, 15), (50, 8))
    shape = drive.on_disk()[0].shape
    assert isinstance(shape, Polygon) and len(shape.parts[0]) == 5
    assert np.abs(np.array(shape.parts[0][1]) - (50, 8)).max() < 0.5
    drive.click(50, 8, ALT)
    shape = drive.on_disk()[0].shape
    assert isinstance(shape, Polygon) and len(shape.parts[0]) == 4
    drive.type("..")
    drive.key(Key.Key_Down, times=3)
    moved = drive.on_disk()[0].shape
    assert isinstance(moved, Polygon) and moved.parts[0][1][1] == pytest.approx(shape.parts[0][1][1] + 3)
    drive.key(Key.Key_Insert)
    drive.key(Key.Key_Delete)
    drive.type(",")
    drive.key(Key.Key_Delete)
    shape = drive.on_disk()[0].shape
    assert isinstance(shape, Polygon) and len(shape.parts[0]) == 3
    drive.type(".")
    drive.key(Key.Key_Delete)
    assert len(drive.on_disk()) == 1 and "three points" in drive.editor.banner.text.text()
    drive.key(Key.Key_Escape)
    drive.key(Key.Key_Delete)
    assert drive.on_disk() == []
    stack = drive.window.ctx.store.undo_stack
    for _ in range(stack.count()):
        stack.undo()
    assert drive.on_disk() == []


def test_outlines_by_keyboard_and_double_click(drive: Driver) -> None:
    drive.type("p")
    drive.key(Key.Key_Left)
    begin = drive.canvas.cross
    drive.key(Key.Key_Space)
    drive.key(Key.Key_Right, held=SHIFT, times=4)
    drive.key(Key.Key_Space)
    drive.key(Key.Key_Down, held=SHIFT, times=3)
    drive.key(Key.Key_Space)
    drive.key(Key.Key_Return)
    x, y = begin.x(), begin.y()
    assert drive.on_disk()[0].shape == Polygon((((x, y), (x + 40, y), (x + 40, y + 30)),))
    drive.key(Key.Key_Escape)
    for at in ((10, 10), (60, 10), (60, 50)):
        drive.click(*at)
    QTest.mouseDClick(drive.canvas.viewport(), Qt.MouseButton.LeftButton, pos=drive.place(60, 50))
    shape = drive.on_disk()[1].shape
    assert isinstance(shape, Polygon) and len(shape.parts[0]) == 3
    drive.key(Key.Key_Escape)
    drive.click(100, 10)
    drive.click(150, 10)
    drive.key(Key.Key_Return)
    assert len(drive.on_disk()) == 2 and drive.canvas.tool.busy, "two points are no outline yet"
    drive.key(Key.Key_Escape)
    assert not drive.canvas.tool.busy and len(drive.on_disk()) == 2


def test_outlines_give_way_to_brush_and_eraser(drive: Driver) -> None:
    _road, tree, _sky = drive.project.classes()
    square = Polygon((((20, 20), (120, 20), (120, 120), (20, 120)),))
    inside = shapes.shape_bits(square, WIDTH, HEIGHT)
    below = Annotation(square, tree.id)
    drive.project.set_annotations({drive.item_id: AnnotationState((below,))})
    drive.window.ctx.store.labels_changed.emit([drive.item_id])
    drive.canvas.set_brush(20)
    painted = stroke(drive, (70, 40), (70, 60))
    assert (areas(drive)["road"] == painted).all()
    assert drive.on_disk()[0] == below, "paint on top of an outline covers it; the outline stays one"
    drive.editor.document.choose([drive.on_disk()[1].id])
    drive.key(Key.Key_BracketLeft, held=CTRL)
    drive.key(Key.Key_Escape)
    drive.type("b")
    more = stroke(drive, (70, 60), (100, 60))
    kept = areas(drive)
    assert (kept["road"] == (painted | more)).all()
    assert (kept["tree"] == (inside & ~more)).all(), "painted from below, an outline on top gives pixels up"
    drive.undo()
    drive.type("e")
    gone = stroke(drive, (20, 20), (60, 100))
    assert (areas(drive)["tree"] == (inside & ~gone)).all() and (areas(drive)["road"] == (painted & ~gone)).all()


def test_filling_what_is_enclosed(drive: Driver, qtbot: QtBot) -> None:
    ring = np.zeros((HEIGHT, WIDTH), bool)
    ring[30:100, 40:120] = True
    ring[40:90, 50:110] = False
    found = region_from_bits(ring)
    assert found is not None
    road = drive.project.classes()[0]
    drive.project.set_annotations({drive.item_id: AnnotationState((Annotation(found, road.id),))})
    drive.window.ctx.store.labels_changed.emit([drive.item_id])
    drive.type("f")
    drive.click(80, 60)
    wanted = ring.copy()
    wanted[30:100, 40:120] = True
    qtbot.waitUntil(lambda: len(drive.on_disk()) == 1 and (areas(drive)["road"] == wanted).all(), timeout=10_000)
    drive.click(80, 60)
    qtbot.waitUntil(lambda: "painted already" in drive.editor.banner.text.text(), timeout=10_000)
    drive.type("3")
    drive.click(5, 5)
    qtbot.waitUntil(lambda: "sky" in areas(drive), timeout=10_000)
    assert (areas(drive)["sky"] == ~wanted).all() and (areas(drive)["road"] == wanted).all()
    drive.undo()
    drive.undo()
    assert (areas(drive)["road"] == ring).all()


def test_areas_are_chosen_and_moved(drive: Driver) -> None:
    drive.canvas.set_brush(31)
    blob = stroke(drive, (60, 60), (80, 60))
    drive.type("v")
    drive.click(70, 60)
    assert len(drive.editor.document.selection) == 1
    drive.key(Key.Key_Escape)
    drive.click(70, 90)
    assert drive.editor.document.selection == (), "beside the paint is beside the area"
    drive.drag((70, 60), (80, 70), (90, 80))
    moved = np.zeros_like(blob)
    moved[20:, 20:] = blob[:-20, :-20]
    assert (areas(drive)["road"] == moved).all()
    drive.key(Key.Key_Left, held=SHIFT)
    assert (areas(drive)["road"] == np.roll(moved, -10, 1)).all()


def test_copying_to_a_smaller_picture_cuts_off(drive: Driver, tmp_path: Path) -> None:
    from editor_driver import make_pictures

    drive.project.add_items(make_pictures(tmp_path / "small", 1, (100, 80)))
    drive.window.ctx.store.items_changed.emit()
    small = drive.project.item_ids()[-1]
    drive.canvas.set_brush(40)
    blob = stroke(drive, (90, 60), (95, 60))
    outside = stroke(drive, (170, 130), (175, 130))
    drive.key(Key.Key_A, held=CTRL)
    drive.key(Key.Key_C, held=CTRL)
    drive.editor.go_to(drive.editor.route.model.row_of(small))
    drive.ready()
    drive.key(Key.Key_V, held=CTRL)
    kept = drive.on_disk()[0].shape
    assert isinstance(kept, Region)
    assert (region_bits(kept, 100, 80) == (blob | outside)[:80, :100]).all()
