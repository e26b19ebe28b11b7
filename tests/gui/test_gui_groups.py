"""Groups in the window: made by keys and clicks, filtered, imported, judged, undone; and words swapped in texts."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.data.types import ItemPrediction, NewItem, RunRecord, Split
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.group_bars import GroupRow
from workbench.gui.widgets.group_dialog import GroupDialog
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.gui.widgets.swap_dialog import SwapDialog

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def project(window: MainWindow, tmp_path: Path) -> Project:
    """Eighty texts of two sources; what the model said is wrong on many of the second one."""
    made = Project.create(tmp_path / "p", "letters", "text-classification")
    said = ("She praised the warm bread", "He hated the cold soup")
    new = [
        NewItem("text", f"{'north' if n < 50 else 'south'}/{n}.txt", text=f"{said[n % 2]} on day {n}", label=("good", "bad")[n % 2], split=Split.TEST)
        for n in range(80)
    ]  # fmt: skip
    ids = made.add_items(new).added
    kept = []
    for n, item_id in enumerate(ids):
        truth = ("good", "bad")[n % 2]
        wrong = n % 3 == 0 if n >= 50 else n == 7
        called = {"good": "bad", "bad": "good"}[truth] if wrong else truth
        kept.append(ItemPrediction(item_id, Split.TEST, truth, called, (0.9, 0.1)))
    folder = made.runs_folder / "r1"
    folder.mkdir(parents=True, exist_ok=True)
    metrics = {"model_id": "mine", "score": 0.8, "metric": "accuracy", "n": 80}
    made.save_run(RunRecord("r1", "my run", "done", "2026-01-01T00:00", {"classes": ["good", "bad"]}, metrics, folder))
    made.save_predictions("r1", kept)
    window.ctx.store.adopt(made)
    return made


def dialog_of(qtbot: QtBot, window: MainWindow, kind: type[Any]) -> Any:
    found: list[Any] = []

    def there() -> bool:
        found[:] = [d for d in window.findChildren(kind) if d.isVisible()]
        return bool(found)

    qtbot.waitUntil(there)
    return found[-1]


def press(qtbot: QtBot, parent: QWidget, name: str) -> None:
    wanted = parent.findChild(QPushButton, name)
    assert isinstance(wanted, QPushButton)
    qtbot.waitUntil(lambda: wanted.isVisible() and wanted.isEnabled())
    qtbot.mouseClick(wanted, LEFT)


def test_groups_are_made_filtered_and_taken_back(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    window.show_page("data")
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 80)
    assert page.filter_bar.group_box.isHidden()
    # By hand, on what is selected, with the keys.
    page.view.go_to(2)
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    dialog = dialog_of(qtbot, window, GroupDialog)
    assert dialog.which.currentText() == "only the selected one"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert "no name" in dialog.banner.text.text() and dialog.isVisible()
    dialog.kind.setEditText("reader")
    dialog.value.setFocus()
    qtbot.keyClicks(dialog.value.lineEdit(), "Kim")
    qtbot.keyClick(dialog.value.lineEdit(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: project.groups() == {"reader": {"Kim": 1}})
    box = page.filter_bar.group_box
    assert box.isVisible() and [box.itemText(n) for n in range(3)] == ["All groups", "reader: Kim (1)", "No reader"]
    box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    box.setCurrentIndex(0)
    # From the folders, on all.
    page.view.clearSelection()
    press(qtbot, page, "to-group")
    dialog = dialog_of(qtbot, window, GroupDialog)
    qtbot.waitUntil(dialog.by_folder.isEnabled)
    assert dialog.level.currentText() == "north, south"
    dialog.kind.setEditText("place")
    dialog.by_folder.click()
    press(qtbot, dialog, "group-ok")
    qtbot.waitUntil(lambda: project.groups().get("place") == {"north": 50, "south": 30})
    window.ctx.store.undo_stack.undo()
    assert set(project.groups()) == {"reader"}
    window.ctx.store.undo_stack.undo()
    assert project.groups() == {} and box.isHidden()
    window.ctx.store.undo_stack.redo()
    assert project.groups() == {"reader": {"Kim": 1}}


def test_results_by_group(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    window.show_page("results", {"run_id": "r1"})
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.evaluation is not None)
    tab = page.by_group
    page.tabs.setCurrentWidget(tab)
    assert tab.stack.currentWidget() is tab.empty
    ids = project.item_ids()
    window.ctx.store.set_groups("place", {i: "north" if n < 50 else "south" for n, i in enumerate(ids)})
    qtbot.waitUntil(lambda: len(tab.bars.rows) == 2)
    assert "place “south” it is right 67%" in tab.sentence.text()
    assert "unlikely to be chance" in tab.sentence.text()
    north, south = tab.bars.rows
    assert south.verdict() == "worse than the others" and north.verdict() == ""
    assert "south" in south.accessibleName() and "30 items" in south.accessibleName()
    # Judged once more (as after coming back to the page), it keeps what is looked at.
    page.shown()
    qtbot.waitUntil(lambda: not window.ctx.jobs.running(), timeout=60_000)
    north, south = tab.bars.rows
    # Its mistakes, by a click and by the keys.
    qtbot.mouseClick(south, LEFT)
    assert "10 mistakes on place “south”" in tab.items_words.text() and len(tab.items.ids) == 10
    south.setFocus()
    qtbot.keyClick(south, Qt.Key.Key_Up)
    assert isinstance(window.focusWidget(), GroupRow)
    qtbot.keyClick(north, Qt.Key.Key_Return)
    assert tab.items.ids == [ids[7]]
    window.ctx.store.set_groups("hand", {ids[0]: "left"})
    qtbot.waitUntil(lambda: len(tab.results) == 2)
    assert tab.kind.currentText() == "place" and tab.items.ids == [ids[7]]
    assert tab.items_words.text() == "1 mistake on place “north”"
    tab.which.setCurrentIndex(1)
    assert len(tab.items.ids) == 50 and tab.items.ids[0] == ids[7]
    assert tab.rates.rowCount() == 4 and "differ most" in tab.spreads.text()
    press(qtbot, tab, "group-to-data")
    assert window.current_page_id == "data"
    data: Any = window.page("data")
    qtbot.waitUntil(lambda: data.model.rowCount() == 50)


def test_words_are_swapped_and_the_list_is_edited(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "q", "meals", "text-classification")
    said = ("{} praised the warm bread", "{} hated the cold soup")
    project.add_items(
        NewItem("text", f"{n}", text=f"{said[n % 2].format(who)} {when}", label=("good", "bad")[n % 2], split=list(Split)[n % 3])
        for n, (who, when) in enumerate(itertools.product(("She", "He", "Anna", "Peter"), ("today", "again", "at home") * 2))
    )  # fmt: skip
    events = fit(new_config(project, window.ctx.catalog.get("text-starter"), How.QUICK), project, window.ctx.catalog)
    assert any(isinstance(e, Finished) for e in events)
    count = len(project.item_ids())
    window.ctx.store.adopt(project)
    window.show_page("results")
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.evaluation is not None)
    page.tabs.setCurrentWidget(page.by_group)
    press(qtbot, page, "swap-test")
    dialog: SwapDialog = dialog_of(qtbot, window, SwapDialog)
    press(qtbot, dialog, "swap-edit")
    dialog.words.setPlainText("nonsense")
    press(qtbot, dialog, "swap-go")
    assert "is no pair of words" in dialog.banner.text.text()
    dialog.words.setPlainText("warm = cold\nbread = soup\npraised = hated")
    press(qtbot, dialog, "swap-go")
    qtbot.waitUntil(lambda: dialog.result_ is not None and dialog.go.isEnabled())
    result = dialog.result_
    assert result is not None and result.n == count and result.matters
    assert dialog.sentence.text() == result.sentence() and dialog.table.rowCount() > 0
    assert dialog.table.item(0, 0).text() == " ".join(result.pairs[0].text.split())
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not any(d.isVisible() for d in window.findChildren(SwapDialog)))


def test_columns_of_a_table_are_groups(window: MainWindow, qtbot: QtBot, tmp_path: Path, drop: Any) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "text,label,device,shift\n"
        + "".join(
            f"the words of row {n},{'ab'[n % 2]},{'xy'[n % 2]},{'early' if n < 6 else 'late'}\n" for n in range(12)
        )
    )
    window.show_page("data")
    drop(window, [table])
    dialog: ImportDialog = dialog_of(qtbot, window, ImportDialog)
    assert dialog.groups.chosen() == ("device",) and dialog.groups.text() == "device"
    ticks = {str(a.data()): a for a in dialog.groups.ticks.actions() if a.isVisible()}
    assert set(ticks) == {"device", "shift"}
    ticks["shift"].trigger()
    ticks["device"].trigger()
    assert dialog.ok.isEnabled()
    qtbot.mouseClick(dialog.ok, LEFT)
    qtbot.waitUntil(lambda: window.ctx.store.project is not None)
    assert window.ctx.store.require().groups() == {"shift": {"early": 6, "late": 6}}
