"""Pictures and whole texts as columns of a table, in the window: a table of texts or pictures can be taken by all its columns, a
picture is chosen or dropped in the form, a text has several lines, and small pictures stand in the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, QRectF, QSize, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.columns import KIND_WORDS, KINDS, TableColumn
from workbench.data.importers import sniff
from workbench.data.rows import row_text
from workbench.engine.journey import tasks_for_plan
from workbench.gui.context import AppContext
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.columns_dialog import ColumnsDialog
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.gui.widgets.row_form import PictureField, RowForm
from workbench.gui.widgets.row_head import RowHead, paint_cells
from workbench.tasks.base import Field


def test_a_row_with_a_picture_and_a_text_is_filled_in(qtbot: QtBot, tmp_path: Path, monkeypatch: object) -> None:
    form = RowForm()
    qtbot.addWidget(form)
    form.show_fields([Field("photo", hint="a picture", kind="picture"), Field("note", kind="text"), Field("rooms")])
    photo, note = form.box("photo"), form.box("note")
    assert isinstance(photo, PictureField) and isinstance(note, QPlainTextEdit)
    assert photo.accessibleName() == "photo" and photo.choose.accessibleName() == "Choose the picture for photo"
    file = tmp_path / "a b.png"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))  # type: ignore[attr-defined]
    with qtbot.waitSignal(form.changed):
        qtbot.mouseClick(photo.choose, Qt.MouseButton.LeftButton)
    note.setPlainText("two\nlines")
    assert form.cells() == {"photo": str(file), "note": "two\nlines"}
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "other.JPG"))])
    photo.dropEvent(
        QDropEvent(
            QPointF(1, 1), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
    )
    assert form.cells()["photo"].endswith("other.JPG")
    form.fill({"note": "x"})
    assert form.cells() == {"note": "x"}
    form.clear()
    assert form.text() == ""


def test_the_columns_say_what_they_are(qtbot: QtBot) -> None:
    dialog = ColumnsDialog([TableColumn("photo", "picture"), TableColumn("y", "category", "target")])
    qtbot.addWidget(dialog)
    kinds = dialog.table.cellWidget(0, 1)
    assert kinds.currentText() == "picture" == KIND_WORDS["picture"]  # type: ignore[attr-defined]
    assert [kinds.itemText(i) for i in range(len(KINDS))][KINDS.index("text")] == "text: read by its meaning"  # type: ignore[attr-defined]


def test_small_pictures_stand_in_the_rows(qtbot: QtBot, tmp_path: Path) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    head = RowHead(holder)
    head.show_columns([TableColumn("photo", "picture")], "label")
    picture = QPixmap(40, 20)
    picture.fill(Qt.GlobalColor.red)
    asked: list[tuple[Path, QSize]] = []

    def look(path: Path, box: QSize) -> QPixmap:
        asked.append((path, box))
        return picture

    for cell in ("a.png", str(tmp_path / "a.png")):  # the first was not found
        image = QImage(500, 32, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        paint_cells(painter, QRectF(0, 0, 500, 32), head, row_text({"photo": cell}), look)
        painter.end()
    assert asked == [(tmp_path / "a.png", QSize(28, 28))]
    red = [x for x in range(500) if image.pixelColor(x, 16) == Qt.GlobalColor.red]
    assert 26 <= len(red) <= 30 and red[0] >= head.places()[1][0]


@pytest.mark.parametrize(
    ("name", "header", "line"),
    [
        ("who bought what", "customer,product,rating", lambda n: f"c{n % 5},thing {n % 7},{1 + n % 5}"),
        ("sales", "date,sold,rain", lambda n: f"2024-01-{n + 1:02},{n * 3 % 11},{n % 4}"),
    ],
)
def test_what_looks_like_something_else_may_be_rows_all_the_same(
    window: MainWindow, ctx: AppContext, qtbot: QtBot, tmp_path: Path, name: str, header: str, line: Any
) -> None:
    file = tmp_path / f"{name}.csv"
    file.write_text("\n".join([header, *[line(n) for n in range(28)]]), encoding="utf-8")
    assert sniff([file]).media != "row"
    ctx.go("data")
    page: Any = window.page("data")
    page.import_paths([str(file)])
    qtbot.waitUntil(lambda: bool(window.findChildren(ImportDialog)))
    window.findChildren(ImportDialog)[0].take_rows.click()
    qtbot.waitUntil(lambda: any(d.plan.media == "row" and d.isVisible() for d in window.findChildren(ImportDialog)))
    next(d for d in window.findChildren(ImportDialog) if d.plan.media == "row").accept()
    qtbot.waitUntil(lambda: ctx.store.project is not None and ctx.store.project.counts().total == 28)


def test_a_table_of_texts_is_taken_by_all_its_columns(
    window: MainWindow, ctx: AppContext, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "messages.csv"
    lines = [f"This is what customer number {i} wrote to us,{i % 7},{'ab'[i % 2]}" for i in range(30)]
    file.write_text("message,orders,label\n" + "\n".join(lines))
    plain = ImportDialog(sniff([file]), True, tasks_for_plan)
    qtbot.addWidget(plain)
    assert not plain.take_rows.isHidden()
    ctx.go("data")
    page = window.page("data")
    page.import_paths([str(file)])  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: bool(window.findChildren(ImportDialog)), timeout=60_000)
    first = window.findChildren(ImportDialog)[0]
    first.take_rows.click()

    def again() -> bool:
        return any(d.plan.media == "row" and d.isVisible() for d in window.findChildren(ImportDialog))

    qtbot.waitUntil(again, timeout=60_000)
    dialog = next(d for d in window.findChildren(ImportDialog) if d.plan.media == "row")
    assert dialog.take_rows.isHidden() and "2 columns to learn from" in dialog.summary.text()
    dialog.accept()
    qtbot.waitUntil(lambda: ctx.store.project is not None and ctx.store.project.counts().total == 30, timeout=60_000)
    # Into a project of rows, the next such table comes as rows by itself.
    more = tmp_path / "more.csv"
    more.write_text(file.read_text().replace("customer", "client"))
    page.import_paths([str(more)])  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: any(d.plan.source == more for d in window.findChildren(ImportDialog)), timeout=60_000)
    last = next(d for d in window.findChildren(ImportDialog) if d.plan.source == more)
    assert last.plan.media == "row"
    last.reject()


def test_what_becomes_of_the_pictures_is_said_and_chosen(
    window: MainWindow, ctx: AppContext, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "houses"
    folder.mkdir()
    for number in range(3):
        picture = QImage(12, 12, QImage.Format.Format_RGB32)
        picture.fill(Qt.GlobalColor.red if number else Qt.GlobalColor.blue)
        assert picture.save(str(folder / f"{number}.png"))
    lines = [f"{n % 3}.png,{n % 5},{30 + n},{n * 900}" for n in range(30)]
    (folder / "houses.csv").write_text("photo,rooms,area,price\n" + "\n".join(lines))
    window.show_page("data")
    window.page("data").import_paths([str(folder / "houses.csv")])
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(ImportDialog)))
    dialog = next(d for d in window.findChildren(ImportDialog) if d.isVisible())
    assert dialog.copy.isVisibleTo(dialog) and "do not move them" in dialog.banner.text.text()
    dialog.copy.click()
    assert "are copied into the project's folder" in dialog.banner.text.text()
    dialog.ok.click()
    qtbot.waitUntil(lambda: ctx.store.project is not None and ctx.store.project.counts().total == 30)
    project = ctx.store.require()
    assert len(list((project.folder / "media").rglob("*.png"))) == 3
    page = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 30)
    page._open_item(1)
    editor = page._editor()
    qtbot.waitUntil(lambda: not editor.cells.pictures[0]._whole.isNull())
    assert "price" not in editor.cells.words and "photo: 1.png" in editor.cells.words
