"""A training shown before it begins and while it runs, and what was found seen closely."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.engine.augment_preview import varied_pictures
from workbench.engine.events import How, SamplePredicted
from workbench.engine.predict import PredictResult
from workbench.gui.main_window import MainWindow
from workbench.gui.theme import theme
from workbench.gui.widgets.train_live import SampleTile
from workbench.tasks.augment import VARIATIONS, chosen
from workbench.tasks.predictions import Box, Boxes, thumbnail_record
from workbench.tasks.registry import get_task

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
import shapes_set  # noqa: E402

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def shapes(window: MainWindow, tmp_path: Path) -> Project:
    project = window.ctx.store.create(tmp_path / "shapes", "shapes", "object-detection")
    project.add_items(shapes_set.new_items(tmp_path / "pictures", 8, size=(160, 120)))
    return project


def shown_how(window: MainWindow) -> Any:
    window.show_page("train")
    page: Any = window.page("train")
    page._show_setup()
    page.setup.show_step(2)
    return page.setup


def test_pictures_are_shown_as_they_will_be_varied(window: MainWindow, shapes: Project, qtbot: QtBot) -> None:
    setup = shown_how(window)
    strip = setup.varied
    card = setup._card

    def shows(options: dict[str, Any], showing: int = 0) -> bool:
        if strip._job is not None or not all(t.drawn for t in strip.tiles):
            return False
        wanted = varied_pictures(shapes, card, options, 0, showing)
        return all(t.drawn.picture == QImage.fromData(v.png) for t, v in zip(strip.tiles, wanted, strict=True))

    qtbot.waitUntil(lambda: shows({}), timeout=60_000)
    tile = strip.tiles[0]
    (shape, colour), *_ = tile.drawn.boxes
    assert colour.name() in {c.colour for c in shapes.classes()}
    place = tile.place()
    seen = tile.grab().toImage()
    corner = shape.boundingRect()
    at = [place.left() + corner.center().x() * place.width(), place.top() + corner.top() * place.height()]
    near = [seen.pixelColor(round(at[0]), max(0, round(at[1]) + d)) for d in (-1, 0, 1)]
    assert any(abs(c.red() - colour.red()) + abs(c.green() - colour.green()) + abs(c.blue() - colour.blue()) < 60 for c in near)  # fmt: skip
    # Choices have plain names, technical tooltips, and land in the run.
    for variation in VARIATIONS:
        switch = strip.findChild(QCheckBox, f"vary-{variation.id}")
        assert switch.text() == variation.title == switch.accessibleName() and switch.toolTip() == variation.tip
        assert switch.isChecked() is variation.usual
    assert chosen(setup.config().options) == chosen({})
    strip.switches["zoom"].setFocus()
    qtbot.keyClick(strip.switches["zoom"], Qt.Key.Key_Space)
    assert chosen(setup.config().options) == chosen({}) - {"zoom"}
    qtbot.waitUntil(lambda: shows({"augment": {"zoom": False}}), timeout=30_000)
    qtbot.mouseClick(strip.others, LEFT)
    qtbot.waitUntil(lambda: shows({"augment": {"zoom": False}}, 1), timeout=30_000)
    setup.augment.setChecked(False)
    assert not strip.isVisible() and setup.config().augment is False
    setup.augment.setChecked(True)
    assert strip.isVisible() and strip.tiles[0].accessibleName().startswith("Varied: ")
    for mode in ("dark", "light"):
        theme().set_choice(mode)
        qtbot.wait(20)


def test_a_project_that_goes_takes_its_strip_along(window: MainWindow, shapes: Project, qtbot: QtBot, tmp_path: Path) -> None:  # fmt: skip
    setup = shown_how(window)
    qtbot.waitUntil(lambda: all(t.drawn for t in setup.varied.tiles), timeout=60_000)
    setup.varied.switches["flip"].setChecked(False)
    window.ctx.store.create(tmp_path / "texts", "texts", "text-classification")
    setup = shown_how(window)
    assert not setup.varied.isVisible() and setup.varied.options() == {}


def test_the_quick_way_of_sorting_varies_nothing(
    window: MainWindow, digits_folder: Callable[..., Path], qtbot: QtBot, tmp_path: Path
) -> None:
    from workbench.data.importers import sniff
    from workbench.engine.journey import project_from_plan

    made, _ = project_from_plan(sniff([digits_folder()]))
    folder = made.folder
    made.close()
    window.ctx.store.open(folder)
    setup = shown_how(window)
    strip = setup.varied
    assert strip.isVisible() and not strip.strip.isVisible() and "as they are" in strip.words.text()
    setup.choose_how(How.BALANCED)
    qtbot.waitUntil(lambda: all(t.drawn for t in strip.tiles), timeout=60_000)
    assert strip.strip.isVisible() and not strip.switches and setup.config().options == {}


def test_a_picture_that_cannot_be_read_is_told(window: MainWindow, shapes: Project, qtbot: QtBot) -> None:
    for item in shapes.items(shapes.item_ids()):
        assert item.path is not None
        item.path.unlink()
    setup = shown_how(window)
    qtbot.waitUntil(setup.varied.problem.isVisible, timeout=60_000)
    assert "not there any more" in setup.varied.problem.text()


def test_a_live_sample_shows_its_boxes(window: MainWindow, shapes: Project, qtbot: QtBot) -> None:
    item = shapes.items(shapes.item_ids())[0]
    tile = SampleTile(window.ctx)
    qtbot.addWidget(tile)
    tile.resize(300, 84)
    tile.show()
    assert item.path is not None
    qtbot.waitUntil(lambda: window.ctx.thumbnails.pixmap(item.path) is not None, timeout=10_000)
    name, colour = shapes.classes()[1].name, QColor(shapes.classes()[1].colour)
    found = Boxes((Box(40, 30, 120, 90, name, 0.9), Box(0, 0, 160, 120, name, 0.2)), 160, 120)

    def sample(boxes: Boxes) -> SamplePredicted:
        return SamplePredicted(1, item.id, "x", boxes.summary(), boxes.certainty, True, thumbnail_record(boxes))

    def thumbnail(said: SamplePredicted) -> QImage:
        tile.show_sample(item, said)
        return tile.grab().toImage().copy(0, 0, 80, 84)

    plain, drawn = thumbnail(sample(replace(found, boxes=()))), thumbnail(sample(found))
    # The thumbnail is 66 wide, from x 9 and with its middle at y 42; the box is its middle half. Too uncertain: not drawn.
    changed = [(x, y) for x in range(drawn.width()) for y in range(drawn.height()) if drawn.pixelColor(x, y) != plain.pixelColor(x, y)]  # fmt: skip
    columns, rows = {x for x, _ in changed}, {y for _, y in changed}
    assert abs(min(columns) - 25) <= 2 and abs(max(columns) - 59) <= 2
    assert abs(min(rows) - 29) <= 2 and abs(max(rows) - 55) <= 2
    edge = min((drawn.pixelColor(x, 42) for x in range(23, 29)), key=lambda c: abs(c.red() - colour.red()) + abs(c.green() - colour.green()) + abs(c.blue() - colour.blue()))  # fmt: skip
    assert abs(edge.red() - colour.red()) + abs(edge.green() - colour.green()) + abs(edge.blue() - colour.blue()) < 90
    # A record of a newer version is told in words alone.
    assert thumbnail(replace(sample(found), record={"kind": "boxes", "boxes": 3})) == plain


def test_a_found_thing_is_seen_closely(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    values = np.full((200, 300, 3), 128, np.uint8)
    values[20:60, 30:90], values[100:180, 200:260] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(values).save(tmp_path / "two.png")
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(get_task("object-detection"))
    sample = Sample("picture", "two.png", path=tmp_path / "two.png")
    page._show_picture(sample)
    qtbot.waitUntil(lambda: page.input.picture._picture.width() == 300, timeout=10_000)
    found = Boxes((Box(30, 20, 90, 60, "red thing", 0.93), Box(200, 100, 260, 180, "blue thing", 0.71)), 300, 200)
    page._show_result(PredictResult(0, sample, found, None, 0.1))
    part, canvas = page.view.boxes, page.input.picture
    assert not part.piece.isVisible()

    def middle() -> tuple[int, int, int]:
        image = part.piece.picture.grab().toImage()
        colour = image.pixelColor(image.width() // 2, image.height() // 2)
        return colour.red(), colour.green(), colour.blue()

    frame = canvas._frame()
    point = QPoint(round(frame.left() + frame.width() * 60 / 300), round(frame.top() + frame.height() * 40 / 200))
    qtbot.mouseClick(canvas, LEFT, pos=point)
    assert part.piece.isVisible() and part.list.currentRow() == 0
    assert (part.piece.name.text(), part.piece.score.text()) == ("red thing", "93% sure") and middle() == (255, 0, 0)
    assert part.piece.size_words.text() == "60 × 40 pixels"
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert part.piece.name.text() == "blue thing" and middle() == (0, 0, 255)
    part.list.setFocus()
    qtbot.keyClick(part.list, Qt.Key.Key_Up)
    assert part.piece.name.text() == "red thing" and canvas._chosen == 0
    assert part.piece.accessibleName() == "Chosen: red thing, 93% sure, 60 × 40 pixels"
    qtbot.mouseClick(canvas, LEFT, pos=QPoint(round(frame.left()) + 2, round(frame.bottom()) - 3))
    assert not part.piece.isVisible()
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    part.slider.setValue(80)  # another list: nothing of it is chosen
    assert not part.piece.isVisible() and part.list.count() == 1


def test_small_things_in_large_pictures_are_sharp(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    values = np.full((1500, 3000, 3), 128, np.uint8)
    values[700:740, 1000:1040:2] = 0  # lines that a smaller picture cannot show
    values[700:740, 1001:1041:2] = 255
    Image.fromarray(values).save(tmp_path / "large.png")
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(get_task("object-detection"))
    sample = Sample("picture", "large.png", path=tmp_path / "large.png")
    page._show_picture(sample)
    qtbot.waitUntil(lambda: 0 < page.input.picture._picture.width() < 3000, timeout=20_000)
    found = Boxes((Box(1000, 700, 1040, 740, "lines", 0.9),), 3000, 1500)
    page._show_result(PredictResult(0, sample, found, None, 0.1))
    page.view.boxes.list.setCurrentRow(0)
    shown = page.view.boxes.piece.picture

    def contrast() -> int:
        greys = [shown._image.pixelColor(x, shown._image.height() // 2).red() for x in range(shown._image.width())]
        return max(greys) - min(greys)

    assert contrast() < 200
    qtbot.waitUntil(lambda: contrast() == 255, timeout=20_000)
    assert 44 <= shown._image.width() <= 46  # 40 and a little beside them
