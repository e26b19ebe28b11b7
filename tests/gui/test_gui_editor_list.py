"""The Data page of a project whose labels are on pieces of pictures: tiles, words, filters, and the way in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from editor_driver import HEIGHT, WIDTH, Driver, new_project
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape, Polygon, region_from_bits
from workbench.gui.main_window import MainWindow
from workbench.gui.models.item_model import MARKS_ROLE
from workbench.gui.widgets.item_overlay import draw_overlay

Key = Qt.Key


@pytest.fixture
def drive(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Iterator[Driver]:
    """Five pictures: three cats and a dog, nothing, begun, two suggestions, untouched."""
    project = new_project(window, tmp_path, "object-detection", ("dog", "cat"), 5)
    dog, cat = (c.id for c in project.classes())
    ids = project.item_ids()
    boxes = [Annotation(BoxShape(10 * n, 10, 10 * n + 60, 90), cat) for n in range(3)]
    project.add_annotations({ids[0]: [*boxes, Annotation(BoxShape(100, 60, 190, 140), dog)]})
    project.add_annotations({ids[1]: []})
    project.add_annotations({ids[2]: [Annotation(BoxShape(10, 10, 60, 60), dog)]}, marked=False)
    project.set_proposals(
        {
            ids[3]: [
                Annotation(BoxShape(10, 10, 60, 60), dog, score=0.4),
                Annotation(BoxShape(1, 1, 6, 6), cat, score=0.9),
            ]
        }
    )
    window.show_page("data")
    window.ctx.store.items_changed.emit()
    yield Driver(window, qtbot, project)


def words(drive: Driver) -> list[str]:
    model = drive.page.model
    return [model.data(model.index(row), MARKS_ROLE).text for row in range(model.rowCount())]


def test_tiles_say_what_is_marked(drive: Driver) -> None:
    assert words(drive) == ["3 cat, 1 dog", "nothing", "1 dog", "2 suggestions", "not done"]
    model = drive.page.model
    marks = [model.data(model.index(row), MARKS_ROLE) for row in range(5)]
    assert [m.done for m in marks] == [True, True, False, False, False]
    assert [bool(m.key) for m in marks] == [True, False, True, True, False]
    assert model.data(model.index(0)) == "picture 01.png – 3 cat, 1 dog"
    assert drive.page.subtitle.text() == "5 pictures, 2 done"
    assert drive.page.classes.unlabelled.text() == "3 not done"
    assert [drive.page.classes.list.item(n).data(Qt.ItemDataRole.UserRole + 2) for n in range(2)] == [2, 3]
    cat = drive.project.classes()[1]
    drive.window.ctx.store.rename_class(cat.id, "kitten")
    assert words(drive)[0] == "3 kitten, 1 dog"
    drive.window.ctx.store.remove_class(cat.id)
    assert words(drive)[0] == "1 dog"
    drive.undo()
    assert words(drive)[0] == "3 kitten, 1 dog"


def test_labels_are_drawn_over_the_tiles(drive: Driver, qtbot: QtBot) -> None:
    """A tile differs from the same tile without labels by lines in the class's colour."""
    view, model, thumbnails = drive.page.view, drive.page.model, drive.window.ctx.thumbnails
    view.clearSelection()
    view.setCurrentIndex(model.index(4, 0))
    view.clearSelection()

    def tile() -> np.ndarray:
        image = view.viewport().grab(view.visualRect(model.index(2, 0)).adjusted(8, 8, -8, -40)).toImage()
        image = image.convertToFormat(QImage.Format.Format_RGB32)
        found = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
        return found[..., 2::-1].astype(int)

    def has_come() -> bool:
        marks, item = model.data(model.index(2), MARKS_ROLE), model.item_at(2)
        seen = thumbnails.at_hand(item.path, item.window, view.itemDelegate()._box) is not None
        return thumbnails.overlay(marks.key, lambda: marks.draw(QSize(WIDTH, HEIGHT))) is not None and seen

    tile()
    qtbot.waitUntil(has_come, timeout=10_000)
    marked = tile()
    bare_state = drive.project.annotation_states([drive.ids[4]])[drive.ids[4]]
    drive.window.ctx.store.set_annotations({drive.ids[2]: bare_state})
    bare = tile()
    differ = np.abs(marked - bare).sum(-1) > 60
    wanted = QColor(drive.project.classes()[0].colour)
    colour = np.array([wanted.red(), wanted.green(), wanted.blue()])
    nearer = np.abs(marked - colour).sum(-1) < np.abs(bare - colour).sum(-1)
    assert 50 < differ.sum() < differ.size / 4 and nearer[differ].mean() > 0.5


def test_the_small_drawing_agrees_with_the_shapes() -> None:
    bits = np.zeros((HEIGHT, WIDTH), bool)
    bits[100:140, 20:60] = True
    area = region_from_bits(bits)
    assert area is not None
    shapes = [
        Annotation(BoxShape(100, 20, 180, 80), 1),
        Annotation(Polygon((((10, 10), (60, 10), (60, 60), (10, 60)),)), 2),
        Annotation(area, 3),
        Annotation(BoxShape(150, 100, 190, 140), 3, hidden=True),
    ]
    image = draw_overlay(shapes, {1: "#ff0000", 2: "#00ff00", 3: "#0000ff"}, (WIDTH, HEIGHT), QSize(100, 75))

    def colour(x: int, y: int) -> tuple[int, int, int]:
        found = image.pixelColor(x // 2, y // 2)
        return found.red(), found.green(), found.blue()

    assert colour(100, 50)[0] > 200 and image.pixelColor(70, 25).alpha() == 0, "a box is a line"
    assert colour(40, 40)[1] > 200 and colour(40, 120)[2] > 200
    assert image.pixelColor(85, 60).alpha() == 0, "what is hidden is not drawn"
    assert draw_overlay(shapes, {}, (0, 0), QSize(10, 10)).pixelColor(5, 5).alpha() == 0


def test_filters_keys_and_drops(drive: Driver, drop: Callable[..., None]) -> None:
    page: Any = drive.page
    assert [page.filter_bar.show_box.itemText(n) for n in range(3)] == ["All", "Not done", "Done"]
    page.filter_bar.show_box.setCurrentIndex(1)
    assert page.model.ids == drive.ids[2:]
    page.filter_bar.show_box.setCurrentIndex(0)
    rect = page.classes.list.visualItemRect(page.classes.list.item(0))
    drop(page.classes.list.viewport(), page.model.mimeData([page.model.index(4)]), rect.center())
    assert drive.project.item(drive.ids[4]).class_id is None and "drawn here" in page.banner.text.text()
    for key in (Key.Key_1, Key.Key_Return, Key.Key_Space):
        page.view.go_to(4)
        page.view.setFocus()
        QTest.keyClick(page.view, key)
        editor = page.stack.currentWidget()
        assert editor.document.item.id == drive.ids[4]
        assert drive.project.item(drive.ids[4]).class_id is None
        editor.leave()
        assert page.stack.currentWidget() is page.full


def test_the_list_is_up_to_date_when_one_comes_back(drive: Driver) -> None:
    drive.open(4)
    drive.drag((20, 30), (90, 100))
    drive.type("d")
    drive.editor.leave()
    assert words(drive)[4] == "1 dog" and drive.page.subtitle.text() == "5 pictures, 3 done"
    assert drive.page.view.currentIndex().row() == 4


def test_other_pages_lead_to_the_list_not_the_editor(drive: Driver, tmp_path: Path, qtbot: QtBot) -> None:
    drive.open(4)
    drive.window.show_page("data", {"item_ids": drive.ids[:2], "title": "Mistakes"})
    assert drive.page.stack.currentWidget() is drive.page.full and drive.page.model.ids == drive.ids[:2]
    drive.page.filter_bar.clear()
    drive.open(4)
    drive.window.show_page("home")
    drive.window.show_page("data")
    assert drive.canvas.hasFocus(), "one comes back to where one was"
    # A project of another kind: its list as it always was, and the editor keeps nothing of the old one.
    other = new_project(drive.window, tmp_path / "other", "image-classification", ("a", "b"), 2)
    assert drive.page.stack.currentWidget() is drive.page.full and drive.editor.document.item is None
    assert drive.page.filter_bar.show_box.itemText(1) == "Without a label"
    drive.page.view.go_to(0)
    QTest.keyClick(drive.page.view, "1")
    assert other.item(other.item_ids()[0]).class_id == other.classes()[0].id
    assert drive.page.subtitle.text() == "2 pictures, 1 with a label"


def test_a_long_list_of_annotated_pictures_reads_only_what_is_seen(drive: Driver, qtbot: QtBot) -> None:
    """10,000 boxes in 2,000 pictures: a page of the list is two queries, and no shape is read for its words."""
    with drive.project._store.transaction() as sql:
        sql.executemany(
            "INSERT INTO items (kind, name, copied, path, content_hash) VALUES ('picture', ?, 0, ?, ?)",
            [(f"n{n}", f"/nowhere/{n}.png", f"h{n}") for n in range(2000)],
        )
        ids = [row[0] for row in sql.execute("SELECT id FROM items ORDER BY id").fetchall()][5:]
        sql.executemany(
            "INSERT INTO annotations (id, item_id, place, class_id, shape, source, score) VALUES (?, ?, ?, 1, ?, 'person', 1)",
            [(n + 10**6, ids[n // 5], n % 5, "[\"box\", 1, 1, 9, 9]") for n in range(10_000)],
        )  # fmt: skip
    drive.window.ctx.store.items_changed.emit()
    model = drive.page.model
    assert model.rowCount() == 2005
    asked: list[int] = []
    real = drive.project.annotation_states
    drive.project.annotation_states = lambda ids: asked.append(len(ids)) or real(ids)  # type: ignore[method-assign,func-returns-value]
    assert all(model.data(model.index(row), MARKS_ROLE).text == "5 dog" for row in range(1000, 1400))
    assert asked == []
    drive.page.view.go_to(1500)
    qtbot.wait(200)
    assert max(asked, default=1) == 1 and len(asked) < 100
