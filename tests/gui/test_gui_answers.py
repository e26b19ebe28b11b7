"""Questions asked and answered as a person does it: by mouse and by keys, undone, kept; and their results looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tests.answer_sets import passages, small_answerer, words_of
from workbench.app_paths import app_paths
from workbench.catalog.card import Source
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.questions import Question, questions_of
from workbench.data.shapes import TextSpan, Whole
from workbench.data.types import Item, ItemFilter, ItemPrediction, NewItem, Split
from workbench.gui.editors.answering import changes
from workbench.gui.editors.answers import Editor
from workbench.gui.main_window import MainWindow
from workbench.gui.models.item_model import MARKS_ROLE
from workbench.gui.results.answers import View, painted
from workbench.gui.utf16 import to_qt
from workbench.gui.widgets.prediction_view import TextPart
from workbench.runtimes.folder import save_folder
from workbench.tasks.predictions import Asked, Span, Text, to_record
from workbench.trust.judging import Answered, judge

TEXTS = ["Anna 😀 met Bob in Oslo.\r\nBob left on Monday.", "שלום. המגדל נבנה בפריז.", "Nothing of note."]


@pytest.fixture
def editor(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Editor:
    project = Project.create(tmp_path / "asked", "asked", "question-answering")
    project.add_items([NewItem("text", f"text {n}", text=text) for n, text in enumerate(TEXTS)])
    window.ctx.store.adopt(project)
    window.show_page("data")
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 3, timeout=60_000)
    assert not page.classes.isVisible()
    page.view.setFocus()
    page.view.go_to(0)
    QTest.keyClick(page.view, Qt.Key.Key_Space)
    found = page.stack.currentWidget()
    assert isinstance(found, Editor)
    return found


def asked(editor: Editor) -> list[tuple[str, list[str], bool]]:
    """Question, the words of its answers, open."""
    text = editor.passage.text
    return [(q.text, [text[a:b] for a, b in q.places], q.open) for q in questions_of(editor.state().annotations)]


def select(editor: Editor, words: str) -> None:
    at = editor.passage.text.index(words)
    cursor = editor.passage.textCursor()
    cursor.setPosition(to_qt(editor.passage.text, at))
    cursor.setPosition(to_qt(editor.passage.text, at + len(words)), QTextCursor.MoveMode.KeepAnchor)
    editor.passage.setTextCursor(cursor)


def ask(editor: Editor, question: str) -> None:
    editor.asked.setFocus()
    editor.asked.insert(question)  # QTest can type Latin letters only
    QTest.keyClick(editor.asked, Qt.Key.Key_Return)


def answer(editor: Editor, words: str) -> None:
    select(editor, words)
    QTest.keyClick(editor.passage, Qt.Key.Key_Return)


def listed(editor: Editor) -> list[tuple[str, list[str]]]:
    tree = editor.questions
    tops = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
    return [(t.text(0), [t.child(n).text(0) for n in range(t.childCount())]) for t in tops]


def test_questions_are_asked_and_answered_by_keys_alone(editor: Editor, window: MainWindow) -> None:
    project = editor.ctx.store.require()
    assert editor.asked.hasFocus()
    ask(editor, "Who  was met?")
    assert asked(editor) == [("Who was met?", [], True)] and editor.passage.hasFocus()
    assert listed(editor) == [("Who was met?", ["No answer yet"])]
    assert project.counts().labelled == 0
    # With the arrow keys to the word behind the emoji.
    for _ in range(3):
        QTest.keyClick(editor.passage, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    select(editor, "Bob")
    QTest.keyClick(editor.passage, Qt.Key.Key_Return)
    assert asked(editor) == [("Who was met?", ["Bob"], False)] and editor.asked.hasFocus()
    assert project.counts().labelled == 1
    ask(editor, "When did he leave?")
    answer(editor, "Monday")
    answer(editor, "on Monday")
    assert asked(editor)[1] == ("When did he leave?", ["on Monday", "Monday"], False)
    ask(editor, "Why?")
    QTest.keyClick(editor.passage, Qt.Key.Key_N)
    assert asked(editor)[2] == ("Why?", [], False)
    assert listed(editor)[2] == ("Why?", ["Not answered in this text"])
    # What is on disk has the places of the text itself, though Qt counts emoji twice and line ends once.
    with Project.open(project.folder, read_only=True) as seen:
        kept = questions_of(seen.annotations(editor.item.id))  # type: ignore[union-attr]
    assert [TEXTS[0][a:b] for a, b in kept[1].places] == ["on Monday", "Monday"]
    stack = window.ctx.store.undo_stack
    stack.undo()
    stack.undo()
    assert [q for q, _, _ in asked(editor)] == ["Who was met?", "When did he leave?"]
    stack.redo()
    assert asked(editor)[2] == ("Why?", [], True)
    QTest.keyClick(editor.passage, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert editor.row == 0 and "no answer yet" in editor.banner.text.text()
    QTest.keyClick(editor.passage, Qt.Key.Key_N)
    QTest.keyClick(editor.asked, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert editor.row == 1
    ask(editor, "איפה?")
    answer(editor, "בפריז")
    assert asked(editor) == [("איפה?", ["בפריז"], False)]
    QTest.keyClick(editor.asked, Qt.Key.Key_PageUp)
    assert editor.row == 0 and len(listed(editor)) == 3
    QTest.keyClick(editor.asked, Qt.Key.Key_Escape)
    assert not editor.isVisible() and len(project.item_ids(ItemFilter(labelled=True))) == 2
    page: Any = window.page("data")
    assert page.model.index(0, 0).data(MARKS_ROLE).text == "4 answers"


def test_questions_are_changed_and_taken_away(editor: Editor, qtbot: QtBot) -> None:
    ask(editor, "Who?")
    answer(editor, "Bob")
    ask(editor, "Where?")
    answer(editor, "Oslo")
    QTest.keyClick(editor.asked, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert editor.question == "Who?"
    tree = editor.questions
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_F2)
    field = tree.findChild(QLineEdit)
    assert field is not None
    field.selectAll()
    QTest.keyClicks(field, "Who was met?")
    QTest.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: asked(editor)[0][0] == "Who was met?", timeout=60_000)
    assert asked(editor)[0] == ("Who was met?", ["Bob"], False)
    # The same words as another question are refused.
    editor.rename("Who was met?", "Where?")
    assert [q for q, _, _ in asked(editor)] == ["Who was met?", "Where?"] and editor.banner.isVisible()
    # An answer is taken away, then the question.
    first = tree.topLevelItem(0)
    tree.setCurrentItem(first.child(0))
    assert editor.selected and editor.question == "Who was met?"
    QTest.keyClick(tree, Qt.Key.Key_Delete)
    assert asked(editor)[0] == ("Who was met?", [], True) and not editor.state().marked
    tree.setCurrentItem(tree.topLevelItem(0))
    QTest.keyClick(tree, Qt.Key.Key_Delete)
    assert asked(editor) == [("Where?", ["Oslo"], False)] and editor.state().marked


def test_the_mouse_selects_whole_words_and_chooses_answers(editor: Editor) -> None:
    passage = editor.passage

    def point(place: int) -> QPoint:
        cursor = QTextCursor(passage.document())
        cursor.setPosition(to_qt(passage.text, place))
        return passage.cursorRect(cursor).center()

    ask(editor, "Where?")
    at = passage.text.index("Oslo")
    QTest.mousePress(passage.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(at + 1))
    QTest.mouseMove(passage.viewport(), point(at + 3))
    QTest.mouseRelease(passage.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(at + 3))
    assert passage.selection() == (at, at + 4)
    editor.take.click()
    assert asked(editor) == [("Where?", ["Oslo"], False)]
    ask(editor, "Who?")
    editor.none.click()
    editor._clicked(at + 2)
    assert editor.question == "Where?" and editor.selected != 0
    assert editor.questions.currentItem().text(0) == "“Oslo”"


def test_suggestions_wait_until_they_are_accepted(editor: Editor) -> None:
    project = editor.ctx.store.require()
    ask(editor, "Where?")
    ask(editor, "Why?")
    assert editor.item is not None
    at = editor.passage.text.index("Oslo")
    project.set_proposals(
        {editor.item.id: [Annotation(TextSpan(at, at + 4), text="Where?", score=0.8), Annotation(Whole(), text="Why?", score=0.6)]}
    )  # fmt: skip
    editor.show_row(0)
    assert editor.accept.isVisible() and project.counts().labelled == 0
    assert listed(editor) == [
        ("Where?", ["Suggested: “Oslo” (80%)"]), ("Why?", ["Suggested: Not answered in this text (60%)"]),
    ]  # fmt: skip
    assert [q.open for q in questions_of(editor.state().annotations)] == [True, True]
    editor.choose("Where?")
    QTest.keyClick(editor.passage, Qt.Key.Key_Return)  # nothing is selected: what is suggested is taken
    assert asked(editor) == [("Where?", ["Oslo"], False), ("Why?", [], True)]
    editor.choose("Why?", next(a.id for a in editor.state().annotations if a.is_proposal))
    QTest.keyClick(editor.questions, Qt.Key.Key_Delete)  # refused
    assert listed(editor)[1] == ("Why?", ["No answer yet"]) and not editor.accept.isVisible()
    editor.ctx.store.undo_stack.undo()
    QTest.keyClick(editor.passage, Qt.Key.Key_A)
    assert asked(editor)[1] == ("Why?", [], False) and project.counts().labelled == 1


def test_a_model_suggests_answers_to_what_waits(editor: Editor, qtbot: QtBot, tmp_path: Path) -> None:
    ask(editor, "Where?")
    editor.ask_model()
    qtbot.waitUntil(lambda: editor.suggest.isEnabled() and editor.banner.isVisible(), timeout=60_000)
    assert "No model" in editor.banner.text.text()
    model = small_answerer(tmp_path / "words", [*TEXTS, *words_of(passages(1))])
    folder = app_paths().models / "small"
    save_folder(model, replace(model.card, source=Source("folder", str(folder))), folder)
    editor.ctx.catalog.refresh()
    QTest.keyClick(editor.passage, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: any(a.is_proposal for a in editor.state().annotations), timeout=60_000)
    assert editor.accept.isVisible() and asked(editor) == [("Where?", [], True)]


def test_questions_stay_in_the_order_they_were_asked_in() -> None:
    made: list[Annotation] = []
    for question in "abc":
        made = changes.asking(made, question)
    made = changes.answering(changes.denying(made, "b"), "a", 0, 2)
    made = changes.answering(made, "a", 3, 5)
    assert questions_of(made) == [Question("a", ((0, 2), (3, 5))), Question("b"), Question("c", (), True)]
    assert changes.answering(made, "a", 3, 5) == made
    assert not changes.state_of(made).marked and changes.state_of(changes.denying(made, "c")).marked
    assert not changes.state_of([]).marked
    assert questions_of(changes.answering(made, "b", 1, 2))[1] == Question("b", ((1, 2),))
    assert changes.snapped("see the tower", 5, 10) == (4, 13)
    assert changes.snapped("巴黎铁塔建于一八八九年", 2, 4) == (2, 4)


def test_the_try_view_shows_the_answer_where_it_stands(qtbot: QtBot, window: MainWindow) -> None:
    part = TextPart()
    qtbot.addWidget(part)
    at = TEXTS[0].index("Monday")
    asked_one = Asked("When?", at, at + 6, 0.9, 0.05, 2.9, True)
    part.show_prediction(Text(TEXTS[0], (Span(at, at + 6, "", 0.9),), marked=True, asked=(asked_one,)))
    (mark,) = part.view.extraSelections()
    assert mark.cursor.selectedText() == "Monday" and part.legend.text() == "answer: Monday (90%)"
    part.show_prediction(Text(TEXTS[0], (), "It finds no answer.", marked=True, asked=(Asked("Why?"),)))
    assert not part.view.extraSelections() and not part.legend.text()


def case(question: str, truths: list[str], said: str | None, text: str = TEXTS[0]) -> Answered:
    marks = [Annotation(TextSpan(text.index(t), text.index(t) + len(t)), text=question) for t in truths]
    marks = marks or [Annotation(Whole(), text=question)]
    start = text.index(said) if said else -1
    end = start + len(said) if said else -1
    record = to_record(Text(text, marked=True, asked=(Asked(question, start, end, 0.7, 0.2, 1.0, said is not None),)))
    item = Item(abs(hash(question)) % 1000, "text", question, text=text, marked=True)
    return Answered(item, ItemPrediction(item.id, Split.TEST, "", "", (), record), tuple(marks), ("",) * len(marks))


def test_results_are_sorted_by_how_they_came_out(window: MainWindow, qtbot: QtBot) -> None:
    judgement: Any = judge(
        "answers", (),
        [case("Who <b>?", ["Bob"], "Bob"), case("When?", ["on Monday"], "Monday"), case("Where?", ["Oslo"], None), case("Why?", [], "Anna")],
    )  # fmt: skip
    view = View(window.ctx)
    view.setParent(window)  # as on the page: it goes with the window
    tabs = view.tabs()
    for widget, _title in tabs:
        qtbot.addWidget(widget)
    view.show(judgement, [])
    assert view.titles(judgement) == ["Questions (4)", "In numbers"]
    assert view.which.currentText() == "Not right (3)" and view.list.count() == 3
    shown = [view.which.itemText(i) for i in range(view.which.count())]
    assert "Should have said nothing (1)" in shown and "Partly right (1)" in shown and shown[-1] == "All (4)"
    view.which.setCurrentIndex(shown.index("Should have said nothing (1)"))
    assert view.list.count() == 1 and "Why?" in view.text.toPlainText() and "(not answered" in view.text.toPlainText()
    view.which.setCurrentIndex(shown.index("Wrong place (0)"))
    assert "none of these" in view.text.toPlainText() and not view.open.isEnabled()
    page = painted(judgement.cases[0])
    assert "&lt;b&gt;" in page and "😀" in page
    assert view.plain is not None and view.plain.rowCount() == 3
    went: list[Any] = []
    window.ctx.go = lambda name, **intent: went.append((name, intent))  # type: ignore[method-assign]
    view.which.setCurrentIndex(0)
    view.open.click()
    assert went and went[0][0] == "data" and len(went[0][1]["item_ids"]) == 1
