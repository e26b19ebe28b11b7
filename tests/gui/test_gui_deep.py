"""Pictures with more than 256 greys in the window: brightness, contrast, frames, and one setting for a whole project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.types import Sample
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.item_viewer import ItemViewer

FILES = Path(pydicom.__file__).parent / "data" / "test_files"
Drop = Callable[..., None]


def tried(window: MainWindow, qtbot: QtBot, drop: Drop, file: Path) -> Any:
    window.show_page("try")
    page: Any = window.page("try")
    drop(page.input.drop if page._sample is None else page.input.picture, [file])
    qtbot.waitUntil(lambda: page._result is not None and page._result.sample.path == file, timeout=30_000)
    qtbot.waitUntil(lambda: page.reading._sample is not None and page.reading._sample.path == file)
    return page


def shown_mean(page: Any) -> float:
    """How bright the picture on the screen is, 0..255."""
    image = page.input.picture._picture.toImage()
    return float(
        np.mean([image.pixelColor(x, y).red() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)])
    )


def drag(widget: QWidget, start: QPointF, end: QPointF) -> None:
    """With the right button."""
    right = Qt.MouseButton.RightButton
    for kind, at, button, held in (
        (QEvent.Type.MouseButtonPress, start, right, right),
        (QEvent.Type.MouseMove, end, Qt.MouseButton.NoButton, right),
        (QEvent.Type.MouseButtonRelease, end, right, Qt.MouseButton.NoButton),
    ):
        place = QPointF(widget.mapToGlobal(at.toPoint()))
        QApplication.sendEvent(widget, QMouseEvent(kind, at, place, button, held, Qt.KeyboardModifier.NoModifier))


def test_a_scan_is_tried_and_its_window_changed(window: MainWindow, qtbot: QtBot, drop: Drop) -> None:
    page = tried(window, qtbot, drop, FILES / "693_J2KI.dcm")
    controls = page.reading
    assert controls.isVisible() and not controls.frames.isVisible() and not controls.all.isVisible()
    assert controls.presets.currentText() == "As in the file" and controls.level.value() == 40
    first, before = page._result, shown_mean(page)
    place = next(n for n in range(controls.presets.count()) if controls.presets.itemText(n).startswith("Lung"))
    controls.presets.setCurrentIndex(place)
    controls.presets.activated.emit(place)
    qtbot.waitUntil(
        lambda: page._result is not first and page._result.sample.window == (-600.0, 1500.0), timeout=20_000
    )
    assert (controls.level.value(), controls.span.value()) == (-600, 1500)
    qtbot.waitUntil(lambda: shown_mean(page) > before + 20)
    assert page._result.prediction != first.prediction, "the model sees it so, too"
    drag(page.input.picture, QPointF(100, 100), QPointF(160, 60))
    centre, width = controls.chosen
    assert width > 1500 and centre < -600, "to the right: softer; up: brighter"
    qtbot.waitUntil(lambda: page._result.sample.window == controls.chosen, timeout=20_000)
    controls.brightness.setFocus()
    qtbot.keyClick(controls.brightness, Qt.Key.Key_Right)
    assert controls.chosen[0] < centre
    controls.presets.activated.emit(0)
    qtbot.waitUntil(lambda: page._result.sample.window is None, timeout=20_000)
    assert page._result.prediction == first.prediction


def test_one_of_the_pictures_of_a_file(window: MainWindow, qtbot: QtBot, drop: Drop) -> None:
    page = tried(window, qtbot, drop, FILES / "examples_ybr_color.dcm")
    controls = page.reading
    assert controls.frames.isVisible() and not controls.greys.isVisible()
    assert controls.frame_words.text() == "Picture 16 of 30 in this file"
    assert page._result.prediction.note == "Picture 16 of 30 in this file."
    controls.frames.setValue(3)
    qtbot.waitUntil(lambda: page._result.sample.frame == 2, timeout=20_000)
    assert page._result.prediction.note == "Picture 3 of 30 in this file."


def test_ordinary_pictures_have_no_such_controls(window: MainWindow, qtbot: QtBot, drop: Drop, tmp_path: Path) -> None:
    page = tried(window, qtbot, drop, FILES / "MR_small.dcm")
    assert page.reading.isVisible()
    Image.effect_noise((64, 64), 90).save(tmp_path / "a.png")
    tried(window, qtbot, drop, tmp_path / "a.png")
    assert not page.reading.isVisible()


def test_one_window_for_a_whole_project(window: MainWindow, qtbot: QtBot, drop: Drop, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("MR_small", "CT_small", "693_J2KI"):
        (folder / name).write_bytes((FILES / f"{name}.dcm").read_bytes())
    drop(window, [folder])
    qtbot.waitUntil(lambda: window.current_page_id == "data" and window.ctx.store.project is not None, timeout=20_000)
    page: Any = window.page("data")
    project = window.ctx.store.require()
    qtbot.waitUntil(lambda: page.model.rowCount() == 3)
    page._open_item(0)
    viewer = window.findChild(ItemViewer)
    assert isinstance(viewer, ItemViewer)
    qtbot.waitUntil(lambda: viewer.reading.isVisible())
    assert viewer.reading.all.isVisible()
    viewer.reading.set_window((100.0, 700.0))
    qtbot.mouseClick(viewer.reading.all, Qt.MouseButton.LeftButton)
    assert project.window == (100.0, 700.0)
    assert page.model.item_at(0).sample().window == (100.0, 700.0), "the tiles show it, too"
    viewer.move_by(1)
    qtbot.waitUntil(lambda: isinstance(viewer.reading._sample, Sample) and viewer.reading.chosen == (100.0, 700.0))
    viewer.close()
    window.ctx.store.undo_stack.undo()
    assert project.window is None and page.model.item_at(0).window is None
