"""Marking words in a text as a person does it: by mouse and by keys, undone, and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import TextSpan
from workbench.data.types import ItemFilter, NewItem
from workbench.gui.editors.spans import Editor, whole_words
from workbench.gui.main_window import MainWindow
from workbench.gui.utf16 import from_qt, to_qt

TEXTS = ["Anna Müller 😀 met Bob in Oslo.", "Nothing of note.", "Then Clara came home."]


@pytest.fixture
def editor(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Editor:
    project = Project.create(tmp_path / "names", "names", "token-classification")
    project.add_items([NewItem("text", text.split()[0], text=text) for text in TEXTS])
    for name in ("person", "place"):
        project.add_class(name)
    window.ctx.store.adopt(project)
    window.show_page("data")
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 3)
    page.view.setFocus()
    page.view.go_to(0)
    QTest.keyClick(page.view, Qt.Key.Key_Space)
    found = page.stack.currentWidget()
    assert isinstance(found, Editor)
    return found


def marks(editor: Editor) -> list[tuple[str, str]]:
    project = editor.ctx.store.require()
    names = {c.id: c.name for c in project.classes()}
    item = editor.item
    assert item is not None and item.text is not None
    state = project.annotation_states([item.id])[item.id]
    return sorted((item.text[a.shape.start : a.shape.end], names[a.class_id or 0]) for a in state.annotations)  # type: ignore[union-attr]


def select(editor: Editor, words: str) -> None:
    at = editor.view.text.index(words)
    cursor = editor.view.textCursor()
    cursor.setPosition(to_qt(editor.view.text, at))
    cursor.setPosition(to_qt(editor.view.text, at + len(words)), QTextCursor.MoveMode.KeepAnchor)
    editor.view.setTextCursor(cursor)


def test_words_are_marked_by_number_and_undone(editor: Editor, window: MainWindow) -> None:
    select(editor, "Anna Müller")
    QTest.keyClick(editor.view, Qt.Key.Key_1)
    select(editor, "Osl")  # grows to the whole word
    QTest.keyClick(editor.view, Qt.Key.Key_2)
    assert marks(editor) == [("Anna Müller", "person"), ("Oslo", "place")]
    window.ctx.store.undo_stack.undo()
    assert marks(editor) == [("Anna Müller", "person")]
    window.ctx.store.undo_stack.redo()
    with Project.open(editor.ctx.store.require().folder, read_only=True) as seen:
        assert seen.item(editor.item.id).marks == 2  # type: ignore[union-attr]


def test_all_by_keyboard(editor: Editor) -> None:
    view = editor.view
    assert view.hasFocus()
    QTest.keyClick(view, Qt.Key.Key_1)  # the word at the cursor
    assert marks(editor) == [("Anna", "person")]
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClick(view, Qt.Key.Key_2)  # another class for the chosen piece
    assert marks(editor) == [("Anna", "place")]
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert marks(editor) == []
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert editor.row == 1
    QTest.keyClick(view, Qt.Key.Key_N)
    assert editor.row == 2
    project = editor.ctx.store.require()
    assert len(project.item_ids(ItemFilter(labelled=True))) == 2
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not editor.isVisible()


def test_the_mouse_selects_and_chooses(editor: Editor, qtbot: QtBot) -> None:
    view = editor.view

    def point(place: int) -> QPoint:
        cursor = QTextCursor(view.document())
        cursor.setPosition(to_qt(view.text, place))
        return view.cursorRect(cursor).center()

    start = view.text.index("Bob")
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(start + 1))
    QTest.keyClick(view, Qt.Key.Key_1)
    assert marks(editor) == [("Bob", "person")]
    # Clicks that follow too soon make a triple click.
    qtbot.wait(QApplication.doubleClickInterval() + 50)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(0))
    assert editor.selected == 0
    qtbot.wait(QApplication.doubleClickInterval() + 50)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(start + 1))
    assert editor.selected != 0
    assert editor.list.count() == 1 and "Bob" in editor.list.item(0).text()


def test_suggestions_are_taken_over_or_left(editor: Editor) -> None:
    project = editor.ctx.store.require()
    person = project.class_by_name("person")
    assert editor.item is not None and person is not None
    project.set_proposals({editor.item.id: [Annotation(TextSpan(0, 11), person.id, score=0.8)]})
    editor.show_row(0)
    assert editor.accept.isVisible() and project.counts().labelled == 0
    QTest.keyClick(editor.view, Qt.Key.Key_A)
    assert marks(editor) == [("Anna Müller", "person")] and project.counts().labelled == 1
    assert project.proposals_count() == 0


def test_places_of_letters_beyond_the_basic_plane() -> None:
    text = "a😀b שלום"
    for place in range(len(text) + 1):
        assert from_qt(text, to_qt(text, place)) == place
    assert whole_words("see John-Paul's dog", 6, 9) == (4, 15)
    assert whole_words("a   b", 1, 4) == (0, 0)
