"""Tables in the window: what columns mean is seen and put right, rows are a table, a row is tried by filling in a form, numbers are
judged and explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.importers.rows import plan_rows
from workbench.data.project_columns import columns_of
from workbench.data.rows import cells_of
from workbench.data.types import AddResult
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan, tasks_for_plan
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.importing import result_sentence
from workbench.gui.main_window import MainWindow
from workbench.gui.models.results_table import RESULT_ROLE
from workbench.gui.results.numbers import View
from workbench.gui.theme import theme
from workbench.gui.widgets.columns_dialog import ColumnsDialog, open_columns
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.gui.widgets.item_viewer import ItemViewer
from workbench.gui.widgets.number_part import NumberPart
from workbench.gui.widgets.row_form import RowForm
from workbench.gui.widgets.row_head import RowHead
from workbench.gui.widgets.why_dialog import WhyDialog
from workbench.tasks.base import Field
from workbench.tasks.predictions import Number
from workbench.tasks.registry import get_task
from workbench.trust.judge_numbers import NumberCase, measure


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "customers.csv"
    lines = [
        f"K{i:03},{20 + i * 7 % 50},{('Oslo', 'Bergen')[i % 2]},{i * 3 % 100},{('no', 'yes')[i * 7 % 50 > 25]}"
        for i in range(120)
    ]
    file.write_text("customer,age,city,orders,churn\n" + "\n".join(lines))
    return file


def test_before_the_rows_come_in_the_target_is_chosen(qtbot: QtBot, table: Path) -> None:
    plan = sniff([table])
    dialog = ImportDialog(plan, True, tasks_for_plan)
    qtbot.addWidget(dialog)
    assert dialog.rows is not None and dialog.rows.target.currentText() == "churn"
    assert dialog.task_id == "tabular-classification"
    dialog.rows.target.setCurrentText("orders")
    assert dialog.task_id == "tabular-regression" and "to be estimated: “orders”" in dialog.summary.text()
    assert dialog.copy.isHidden()


def test_columns_are_put_right(qtbot: QtBot, table: Path) -> None:
    given = plan_rows(table, Control()).given
    dialog = ColumnsDialog(given)
    qtbot.addWidget(dialog)
    assert dialog.columns == given
    kind = dialog.table.cellWidget(1, 1)
    role = dialog.table.cellWidget(2, 2)
    assert isinstance(kind, QComboBox) and isinstance(role, QComboBox)
    assert kind.accessibleName() == "Kind of “age”"
    kind.setCurrentIndex(kind.findData("category"))
    role.setCurrentIndex(role.findData("target"))
    found = {c.name: c for c in dialog.columns}
    assert found["age"].kind == "category" and not found["age"].guessed and found["orders"].guessed
    assert found["city"].role == "target" and found["churn"].role == "feature" and dialog.target.currentText() == "city"
    dialog.target.setCurrentText("orders")
    assert dialog.unit.isVisibleTo(dialog) and {c.name for c in dialog.columns if c.role == "target"} == {"orders"}
    fixed = ColumnsDialog(given, fixed_kind=False)
    qtbot.addWidget(fixed)
    fixed.target.setCurrentText("orders")
    assert not fixed.ok.isEnabled() and "new project" in fixed.banner.text.text()


def test_rows_are_a_table_and_a_correction_follows_through(
    window: MainWindow, ctx: AppContext, qtbot: QtBot, table: Path
) -> None:
    project, _ = project_from_plan(sniff([table]))
    ctx.store.adopt(project)
    page = window.page("data")
    ctx.go("data")
    head = page.view.head
    assert isinstance(head, RowHead) and [c.name for c in head.columns] == ["customer", "age", "city", "orders"]
    assert page.columns.isVisibleTo(page) and page.model.rowCount() == 120
    qtbot.waitUntil(lambda: page.view.grab().width() > 0)
    page.view.go_to(3)
    qtbot.keyClick(page.view, Qt.Key.Key_2)
    name = {c.id: c.name for c in project.classes()}
    assert name[page.model.item_at(3).class_id or 0] == project.classes()[1].name
    dialog = open_columns(ctx, page)
    dialog.target.setCurrentText("city")
    dialog.accept()
    qtbot.waitUntil(lambda: "Oslo" in {c.name for c in project.classes()})
    qtbot.waitUntil(lambda: [c.name for c in page.view.head.columns] == ["customer", "age", "orders", "churn"])
    assert next(c for c in columns_of(project) if c.role == "target").name == "city"


def test_a_row_is_filled_in_tried_and_explained(window: MainWindow, ctx: AppContext, qtbot: QtBot, table: Path) -> None:
    project, _ = project_from_plan(sniff([table]))
    ctx.store.adopt(project)
    card, _why = ctx.catalog.suggest(project.task_id, to_teach=True)
    finished = list(fit(new_config(project, card), project, ctx.catalog))[-1]
    assert isinstance(finished, Finished)
    ctx.go("try", model_id=finished.model_id)
    page = window.page("try")
    form = page.input.row_side
    qtbot.waitUntil(lambda: [f.name for f in form.fields] == ["age", "city", "orders"])
    assert page.input.currentWidget() is form and set(form.fields[1].choices) == {"Bergen", "Oslo"}
    form.fill({"age": "60", "city": "Oslo"})
    qtbot.waitUntil(lambda: page.view.prediction is not None)
    assert page.view.prediction.best.name == "yes"
    assert page.why.isVisibleTo(page)
    page._why()
    why = next(w for w in page.findChildren(WhyDialog))
    qtbot.waitUntil(lambda: why.shown is not None)
    assert why.row.bars.shown.parts[0].column == "age" and "not what causes it" in why.checked.text.text()
    assert "age 60" in why.row.bars.accessibleDescription()
    why.row.bars.grab()
    why.accept()
    form.clear()
    assert form.text() == "" and form.cells() == {}
    # A table is dropped: the row that is looked at stands in the form, to be changed and asked again.
    page.try_paths([str(table)])
    qtbot.waitUntil(lambda: len(page.table.results) == 120)
    page.table_view.selectRow(4)
    given = cells_of(page.table.data(page.table.index(4, 0), RESULT_ROLE).sample.text)
    assert form.cells() == {name: given[name] for name in ("age", "city", "orders")}
    assert len(page.table.results) == 120


def test_a_row_is_shown_as_its_cells(window: MainWindow, ctx: AppContext, qtbot: QtBot, table: Path) -> None:
    project, _ = project_from_plan(sniff([table]))
    ctx.store.adopt(project)
    ctx.go("data")
    page = window.page("data")
    viewer = ItemViewer(ctx, page.model, 0, window)
    viewer.show()
    assert viewer.stack.currentWidget() is viewer.cells
    cells = cells_of(project.item(page.model.ids[0]).text or "")
    assert viewer.cells.words.splitlines() == [f"{c.name}: {cells.get(c.name) or '–'}" for c in columns_of(project)]
    assert "{" not in page.model.data(page.model.index(0), Qt.ItemDataRole.ToolTipRole)
    qtbot.keyClick(viewer, Qt.Key.Key_Right)
    assert viewer.cells.words.splitlines()[0] != f"{columns_of(project)[0].name}: {next(iter(cells.values()))}"
    before = viewer.cells.table.item(0, 0).foreground().color()
    theme().set_choice("dark")
    assert viewer.cells.table.item(0, 0).foreground().color() != before
    viewer.close()
    viewer.deleteLater()
    qtbot.waitUntil(lambda: not isValid(viewer))
    theme().set_choice("light")  # what is gone is not painted anew


def test_the_form_keeps_what_was_typed_when_the_model_changes(qtbot: QtBot) -> None:
    form = RowForm()
    qtbot.addWidget(form)
    assert form.empty.isVisibleTo(form) and not form.text()
    form.show_fields((Field("age", (), "a number"), Field("city", ("Oslo", "Bergen"))))
    form.fill({"age": "5", "city": "Rome"})
    form.show_fields((Field("city", ("Oslo",)), Field("income")))
    assert form.cells() == {"city": "Rome"}


def test_numbers_are_judged_on_the_page(qtbot: QtBot, ctx: AppContext) -> None:
    view = View(ctx)
    widgets = [widget for widget, _title in view.tabs()]
    for widget in widgets:
        qtbot.addWidget(widget)
    judged = measure(
        [NumberCase(i, f"row {i}", float(i), i + (i % 5) * 1.5, i - 4.0, i + 4.0) for i in range(60)],
        unit="kg",
        stated=0.9,
    )
    view.show(judged, [])
    assert view.titles(judged)[1] == "Farthest off (60)"
    assert view.worst.item(0, 3).text() == "+6 kg" and view.open.isEnabled()
    assert view.sizes.rowCount() == 5 and "off by" in view.scatter.accessibleDescription()
    assert view.plain is not None and view.plain.item(0, 0).text().startswith("off by on average")
    for widget in widgets:
        widget.grab()
    view.show(measure([]), [])
    assert view.worst.rowCount() == 0 and view.scatter.accessibleDescription() == "Nothing was tested."


def test_a_number_with_its_range_is_drawn(qtbot: QtBot) -> None:
    part = NumberPart()
    qtbot.addWidget(part)
    part.show_prediction(Number(120, 100, 140, unit="€", name="price"))
    assert part.value.text() == "120 €" and part.words.text() == "In 9 of 10 cases between 100 and 140 €."
    part.grab()
    part.show_prediction(Number(120))
    assert "not known" in part.words.text() and not part.bar.isVisibleTo(part)


def test_numbers_are_typed_in_by_keys(window: MainWindow, ctx: AppContext, qtbot: QtBot, table: Path) -> None:
    from workbench.data.columns import with_target

    plan = plan_rows(table, Control())
    plan.set_columns(with_target(plan.given, "orders"))
    project, _ = project_from_plan(plan)
    ctx.store.adopt(project)
    ctx.go("data")
    page = window.page("data")
    assert not page.classes.isVisibleTo(page)
    page._open_item(2)
    editor = page.stack.currentWidget()
    assert (
        editor.field.text() == "6"
        and "orders" not in editor.given.toPlainText()
        and "age: " in editor.given.toPlainText()
    )
    assert editor.looks.currentWidget() is editor.cells
    assert "age: " in editor.cells.words and "orders" not in editor.cells.words
    editor.field.setText("many")
    qtbot.keyClick(editor.field, Qt.Key.Key_Return)
    assert "not a number" in editor.banner.text.text() and editor.row == 2
    editor.field.setText("1.234,5")
    qtbot.keyClick(editor.field, Qt.Key.Key_Return)
    assert editor.row == 3
    assert project.annotations(page.model.ids[2])[0].text == "1234.5"
    editor.move_by(-1)
    editor.field.setText("")
    qtbot.keyClick(editor.field, Qt.Key.Key_Return)
    assert not project.item(page.model.ids[2]).marked


def test_a_row_that_came_in_is_not_said_to_be_of_no_use() -> None:
    missing = Problem("row 7", "The picture is not there.", "The row is in, without it.", stays=True)
    broken = Problem("row 9", "This row has 5 cells, the table has 4 columns.")
    info = get_task("tabular-classification").info
    assert result_sentence(AddResult((1, 2), 0, (missing,)), info) == "2 rows added, 1 with something missing."
    both = result_sentence(AddResult((1,), 0, (missing, broken, broken)), info)
    assert both == "1 row added, 2 could not be used, 1 with something missing."
