"""Several labels per item by clicks and keys: in the list, in full size, suggested by a model; results; from one to several."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from workbench.data.annotations import Annotation, NewAnnotation
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.tags import proposed_tags, tags_of
from workbench.data.types import ItemPrediction, NewItem, Split
from workbench.gui.context import AppContext
from workbench.gui.editors.tags import Editor
from workbench.gui.main_window import MainWindow
from workbench.gui.models.item_model import MARKS_ROLE
from workbench.gui.results.tags import View
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.gui.widgets.score_bars import ScoreBars
from workbench.tasks.predictions import Score, Scores, to_record
from workbench.trust.card.html import parts_html
from workbench.trust.judging import Answered, judge
from workbench.trust.report_tags import failures, sections

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tag_sentences import messages

CLASSES = ("delivery", "price", "staff")
LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def project(window: MainWindow, tmp_path: Path) -> Project:
    made = window.ctx.store.create(tmp_path / "p", "Messages", "text-tags")
    for name in CLASSES:
        made.add_class(name)
    texts = [
        "The parcel came late.",
        "Too expensive, and the waiter was rude.",
        "We came on a Sunday.",
        "Lost, and dear.",
    ]
    added = made.add_items([NewItem("text", t[:12], text=t) for t in texts]).added
    window.ctx.store.added(added)
    return made


def state(project: Project) -> list[tuple[str, bool]]:
    names = {c.id: c.name for c in project.classes()}
    states = project.annotation_states(project.item_ids())
    return [
        (" ".join(sorted(names[a.class_id or 0] for a in tags_of(s.annotations))), s.marked) for s in states.values()
    ]


def data_page(window: MainWindow) -> Any:
    window.show_page("data")
    page: Any = window.page("data")
    return page


def test_labels_are_given_in_the_list_by_keys_and_clicks(window: MainWindow, qtbot: QtBot, project: Project) -> None:
    page = data_page(window)
    view = page.view
    view.go_to(0)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_1)
    qtbot.keyClick(view, Qt.Key.Key_3)
    assert state(project)[0] == ("delivery staff", False) and view.currentIndex().row() == 0
    qtbot.keyClick(view, Qt.Key.Key_3)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert state(project)[0] == ("delivery", True) and view.currentIndex().row() == 1
    # None of them is an answer, too.
    view.go_to(2)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert state(project)[2] == ("", True) and project.counts().labelled == 2
    marks = page.model.index(2).data(MARKS_ROLE)
    assert marks.text == "none of them" and marks.done and not marks.chips
    # Many at once: three states of a chip, one step back.
    view.selectAll()
    bar = page._editor().bar
    assert bar.isVisible() and bar.words.text() == "4 chosen, 2 not done"
    assert [c.state for c in bar.chips] == ["some", "off", "off"]
    assert bar.chips[0].accessibleName() == "delivery, on 1 of 4, key 1"
    qtbot.mouseClick(bar.chips[0], LEFT)
    assert [c.state for c in bar.chips] == ["on", "off", "off"] and [s for s, _ in state(project)] == ["delivery"] * 4
    qtbot.mouseClick(bar.chips[0], LEFT)
    assert [s for s, _ in state(project)] == [""] * 4
    window.ctx.store.undo_stack.undo()
    window.ctx.store.undo_stack.undo()
    assert [s for s, _ in state(project)] == ["delivery", "", "", ""] and bar.chips[0].state == "some"
    window.ctx.store.undo_stack.redo()
    assert [s for s, _ in state(project)] == ["delivery"] * 4
    qtbot.mouseClick(bar.ready, LEFT)
    assert all(done for _, done in state(project)) and bar.words.text() == "4 chosen, all done"
    # Only the items with a label; and items dragged onto one.
    price = project.classes()[1]
    page._dropped_on_class(price.id, project.item_ids()[1:2])
    assert state(project)[1] == ("delivery price", True)
    page._filter_class(price.id)
    assert page.model.rowCount() == 1
    assert [name for name, _, _ in page.model.index(0).data(MARKS_ROLE).chips] == ["delivery", "price"]


def test_hundreds_of_items_at_once_are_labelled_in_a_job(window: MainWindow, qtbot: QtBot, project: Project) -> None:
    added = project.add_items([NewItem("text", f"n{n}", text=f"number {n} of many texts") for n in range(230)]).added
    window.ctx.store.added(added)
    page = data_page(window)
    page.view.selectAll()
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: [s for s, _ in state(project)] == ["price"] * 234, timeout=60_000)
    bar = page._editor().bar
    qtbot.waitUntil(lambda: bar.chips[1].state == "on", timeout=60_000)
    window.ctx.store.undo_stack.undo()
    assert [s for s, _ in state(project)] == [""] * 234 and bar.chips[1].state == "off"


def test_one_item_in_full_size(window: MainWindow, qtbot: QtBot, project: Project) -> None:
    page = data_page(window)
    page.view.go_to(0)
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_Space)
    editor = page.stack.currentWidget()
    assert (
        isinstance(editor, Editor) and editor.isVisible() and editor.whole.text.toPlainText() == "The parcel came late."
    )
    qtbot.waitUntil(editor.hasFocus, timeout=60_000)
    qtbot.keyClick(editor, Qt.Key.Key_1)
    assert editor.chips.chips[0].state == "on" and state(project)[0] == ("delivery", False)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert state(project)[0] == ("delivery", True) and editor.row == 1
    qtbot.mouseClick(editor.chips.chips[1], LEFT)
    qtbot.mouseClick(editor.chips.chips[2], LEFT)
    qtbot.mouseClick(editor.chips.ready, LEFT)
    assert state(project)[1] == ("price staff", True) and editor.row == 2
    qtbot.keyClick(editor, Qt.Key.Key_0)
    assert state(project)[2] == ("", True) and editor.row == 3
    qtbot.keyClick(editor, Qt.Key.Key_PageUp)
    assert editor.row == 2
    window.ctx.store.undo_stack.undo()
    assert state(project)[2] == ("", False) and editor.chips.words.text() == "not done"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert page.stack.currentWidget() is page.full and page.subtitle.text().startswith("4 texts, 2")


def test_suggestions_are_accepted_one_by_one_or_all(window: MainWindow, qtbot: QtBot, project: Project) -> None:
    ids = {c.name: c.id for c in project.classes()}
    items = project.item_ids()
    for item_id, names in zip(items, (("delivery", "price"), ("price",), (), ("staff", "price")), strict=True):
        project.set_proposals({item_id: [Annotation(Whole(), ids[n], score=0.8) for n in names]})
    window.ctx.store.labels_changed.emit(items)
    page = data_page(window)
    marks = page.model.index(0).data(MARKS_ROLE)
    assert [(name, score) for name, _, score in marks.chips] == [("delivery", 0.8), ("price", 0.8)]
    page.view.go_to(0)
    bar = page._editor().bar
    assert [c.state for c in bar.chips] == ["proposed", "proposed", "off"]
    assert "Accept 2 suggested" in bar.ready.text() and bar.without.isVisible()
    # One is accepted, the other refused.
    qtbot.mouseClick(bar.chips[1], LEFT)
    assert [c.state for c in bar.chips] == ["proposed", "on", "off"] and state(project)[0] == ("price", False)
    qtbot.mouseClick(bar.without, LEFT)
    assert state(project)[0] == ("price", True)
    assert not proposed_tags(project.annotations(items[0])) and page.view.currentIndex().row() == 1
    # All of an item: Enter.
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_Return)
    assert state(project)[1] == ("price", True)
    # In full size, refused by key, the least certain first.
    page._review()
    editor = page.stack.currentWidget()
    assert isinstance(editor, Editor) and editor.row == 3
    qtbot.keyClick(editor, Qt.Key.Key_Return, SHIFT)
    assert state(project)[3] == ("", True)
    window.ctx.store.undo_stack.undo()
    assert [c.state for c in editor.chips.chips] == ["off", "proposed", "proposed"] and editor.row == 3
    editor._close()


def test_labels_are_suggested_from_those_given(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    project = window.ctx.store.create(tmp_path / "s", "Messages", "text-tags")
    made = messages(60)
    bare = [NewItem("text", i.name, text=i.text) for i in made[44:]]
    window.ctx.store.added(project.add_items([*made[:44], *bare]).added)
    page = data_page(window)
    qtbot.waitUntil(page.suggest.isEnabled, timeout=60_000)
    qtbot.mouseClick(page.suggest, LEFT)
    qtbot.waitUntil(lambda: "suggestion" in page.banner.text.text(), timeout=60_000)
    assert project.proposals_count() > 5
    review = next(b for b in page.banner.findChildren(QPushButton) if b.text() == "Review")
    qtbot.mouseClick(review, LEFT)
    editor = page.stack.currentWidget()
    assert isinstance(editor, Editor) and any(c.state == "proposed" for c in editor.chips.chips)


def test_a_project_of_one_class_becomes_one_of_several(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    project = window.ctx.store.create(tmp_path / "one", "One", "text-classification")
    window.ctx.store.added(
        project.add_items(
            [NewItem("text", str(n), text=f"text number {n} {'z' * n}", label="ab"[n % 2]) for n in range(4)]
        ).added
    )
    page = data_page(window)
    assert page.offer.isVisible() and not page.bars.isVisible()
    qtbot.mouseClick(page.offer.button, LEFT)
    assert "only one so far" in page.banner.text.text() and project.task_id == "text-classification"
    agree = next(b for b in page.banner.findChildren(QPushButton) if b.text() == "Change this project")
    qtbot.mouseClick(agree, LEFT)
    assert project.task_id == "text-tags" and [s for s, _ in state(project)] == ["a", "b", "a", "b"]
    assert page.bars.isVisible() and not page.offer.isVisible()
    page.view.go_to(0)
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_2)
    assert state(project)[0] == ("a b", True)
    window.ctx.store.undo_stack.undo()
    window.ctx.store.undo_stack.undo()
    assert project.task_id == "text-classification" and all(i.class_id for i in project.items(project.item_ids()))
    assert page.offer.isVisible() and not page.bars.isVisible()
    page.view.go_to(0)
    qtbot.keyClick(page.view, Qt.Key.Key_2)
    assert project.items(project.item_ids())[0].class_id == project.classes()[1].id


def test_the_import_asks_how_labels_are_parted(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    from workbench.data.importers import sniff
    from workbench.engine.journey import tasks_for_plan

    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(
            [
                ["text", "topics", "urgent", "angry"],
                ["one text", "a;b", "1", "0"],
                ["two texts", "", "0", "1"],
                ["three", "b;a", "0", "0"],
            ]
        )
    dialog = ImportDialog(sniff([path]), True, tasks_for_plan)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.label_column.currentText() == "topics" and dialog.several.currentData() == ";"
    assert dialog.task_id == "text-tags" and dialog.several.isVisible() and dialog.empty.isVisible()
    assert "2 labels: a, b" in dialog.summary.text() and "not done" in dialog.banner.text.text()
    dialog.empty.setChecked(True)
    assert dialog.plan.choice.empty_is_none  # type: ignore[attr-defined]
    dialog.label_column.setCurrentText("(a column per label, with 1 and 0)")
    assert dialog.plan.label_counts == {"urgent": 1, "angry": 1} and not dialog.several.isVisible()
    dialog.label_column.setCurrentText("topics")
    dialog.several.setCurrentIndex(0)
    assert dialog.plan.marks == "classes" and dialog.task_id == "text-classification" and not dialog.empty.isVisible()


def answers(project: Project) -> list[Answered]:
    names = {c.id: c.name for c in project.classes()}
    found = []
    said = ({"delivery": 0.9}, {"price": 0.8, "delivery": 0.7}, {}, {"price": 0.6})
    for item, given in zip(project.items(project.item_ids()), said, strict=True):
        top = [Score(n, given.get(n, 0.1), i, 0.5) for i, n in enumerate(CLASSES)]
        top.sort(key=lambda s: (not s.counts, -s.value))
        marks = tuple(tags_of(project.annotations(item.id)))
        record = to_record(Scores(tuple(top), several=True))
        found.append(
            Answered(item, ItemPrediction(item.id, Split.TEST, "", "", (), record), marks,
                     tuple(names[a.class_id or 0] for a in marks))
        )  # fmt: skip
    return found


def test_results_lead_from_every_number_to_its_items(ctx: AppContext, qtbot: QtBot, tmp_path: Path) -> None:
    project = ctx.store.create(tmp_path / "p", "P", "text-tags")
    truth = (("delivery",), ("price", "staff"), (), ("delivery",))
    for name in CLASSES:
        project.add_class(name)
    project.add_items(
        [NewItem("text", f"t{n}", text=f"text <{n}> {'w' * n}", annotations=tuple(NewAnnotation(Whole(), c) for c in names))
         for n, names in enumerate(truth)]
    )  # fmt: skip
    ids = project.item_ids()
    e: Any = judge("tags", CLASSES, answers(project))
    view = View(ctx)
    tabs = view.tabs()
    view.setParent(tabs[0][0])  # as on the page: it goes with its widgets
    for widget, _title in tabs:
        qtbot.addWidget(widget)
        widget.resize(1000, 500)
        widget.show()
    view.show(e, project.items(view.look_up(e)))
    assert view.whole.text.toPlainText().startswith("text <3>")
    assert view.titles(e)[2] == "Mistakes (2 items)" and view.list.count() == 2
    assert "missed staff; wrongly given delivery" in view.list.item(1).text()
    row = next(r for r in range(3) if view.table.item(r, 0).text() == "delivery")
    view.table.selectRow(row)
    assert view.heading.text() == "delivery" and view.missed.text() == "Missed (1)"
    assert view.label_items.ids == [ids[3]]
    qtbot.mouseClick(view.wrong, LEFT)
    assert view.label_items.ids == [ids[1]] and "wrongly given" in view.label_words.text()
    assert "(as it is)" in view.threshold_words.text() and "1 wrongly given, 1 missed" in view.threshold_words.text()
    view.slider.setValue(80)
    assert "From 80%" in view.threshold_words.text() and "0 wrongly given, 1 missed" in view.threshold_words.text()
    # The matrix: what was given instead of what, and what goes together.
    names = list(e.names)
    view.matrix.at = (names.index("staff"), names.index("delivery"))
    qtbot.mouseClick(view.matrix, LEFT, pos=view.matrix.centre_of(*view.matrix.at))
    assert view.cell_items.ids == [ids[1]] and "“staff” missed and “delivery” wrongly given" in view.cell_words.text()
    view.which.setCurrentIndex(1)
    qtbot.mouseClick(view.matrix, LEFT, pos=view.matrix.centre_of(1, 2))
    assert view.cell_items.ids == [ids[1]] and "together" in view.cell_words.text()
    page = parts_html([*sections(project, e), *failures(project, e, None)])
    assert "missed staff; wrongly given delivery" in page and "&lt;1&gt;" in page and "<1>" not in page


def test_bars_show_where_a_label_begins_to_count(qtbot: QtBot) -> None:
    bars = ScoreBars()
    qtbot.addWidget(bars)
    scores = [Score(f"label {n}", 0.9 - n * 0.05, n, 0.3) for n in range(7)] + [Score("rare", 0.1, 7, 0.3)]
    bars.show_prediction(Scores(tuple(scores), several=True))
    bars.show()
    assert len(bars.bars.scores) == 7 and bars.more.isVisible()
    assert bars.best.text().startswith("label 0, label 1") and "threshold" in bars.bars.toolTip()
    none = Scores((Score("a", 0.2, 0, 0.5), Score("b", 0.1, 1, 0.5)), several=True)
    bars.show_prediction(none)
    assert bars.best.text() == "none of them" and "none of them" in bars.accessibleName()


def test_a_task_no_published_model_does_says_so_on_the_try_page(window: MainWindow, qtbot: QtBot) -> None:
    from workbench.tasks.registry import get_task

    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(get_task("image-tags"))
    assert page.picker.card is None and "teach one" in page.picker.why.text()
    assert not page.correct.isVisible()
    page._show_task(get_task("text-classification"))
    assert page.picker.card is not None and page.correct.isVisible()
