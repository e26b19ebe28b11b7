"""What a training costs, in the window: before, while it runs, and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.engine.events import How
from workbench.gui.context import AppContext
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.cost_views import CostBefore, CostTab
from workbench.gui.widgets.electricity_dialog import ElectricityDialog
from workbench.trust.cost import rates
from workbench.trust.cost.rates import Electricity
from workbench.trust.cost.records import CostEstimate, CostMeasured, CostRecord

LEFT = Qt.MouseButton.LeftButton
GB = 10**9
TOLD = CostEstimate(120, 60, 180, 11 * GB // 10, 8 * GB // 10, 15 * GB // 10, 30, 100, GB, 30, measured=True)


def test_before_during_and_after_a_training(
    window: MainWindow, qtbot: QtBot, digits_folder: Callable[..., Path], make_project: Callable[[Path], Project]
) -> None:
    project = make_project(digits_folder(("one", "two"), 10))
    folder = project.folder
    project.close()
    assert window.open_project(folder)
    window.show_page("train")
    page = window.page("train")
    setup = page.setup  # type: ignore[attr-defined]
    known = lambda: set(setup._costs) == set(How) and setup._costs[How.QUICK].measured  # noqa: E731
    qtbot.waitUntil(lambda: setup._measuring is None and known())
    assert all("of memory" in setup._times[how].text() for how in How)
    qtbot.mouseClick(setup.findChild(QPushButton, "step-review"), LEFT)
    said = setup.cost.words.text()
    assert said.startswith("It will take ") and "Energy: about " in said and "CO2" in said
    assert "Set your price" in setup.cost.rests.text() and "speed on this computer" in setup.cost.rests.text()
    setup.choose_how(How.THOROUGH)
    assert setup.cost.words.text() != said
    setup.choose_how(How.QUICK)
    assert setup.cost.words.text() == said
    qtbot.mouseClick(setup.start, LEFT)
    live = page.live  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: live.cost.words.text().startswith("You were told "))
    qtbot.waitUntil(lambda: not page.running)  # type: ignore[attr-defined]
    window.show_page("results")
    results = window.page("results")
    qtbot.waitUntil(lambda: results.cost.table.rowCount() == 4)  # type: ignore[attr-defined]
    tab = results.cost  # type: ignore[attr-defined]
    assert tab.sentence.text() == live.cost.words.text()
    assert [tab.table.item(n, 0).text() for n in range(4)] == ["Time", "Memory", "Energy", "CO2"]
    assert all(tab.table.item(n, 3).text().endswith("%") for n in range(4))
    assert "modelled, not measured" in tab.notes.text() or "RAPL" in tab.notes.text()
    window.show_page("train")
    page._show_setup()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: How.QUICK in setup._costs and setup._costs[How.QUICK].learnt_from == 1)
    assert "Corrected by one training like this" in setup.cost.rests.text()


def test_the_line_grows_while_it_runs(ctx: AppContext, qtbot: QtBot, tmp_path: Path) -> None:
    from workbench.control import Control
    from workbench.engine.cost.meter import Meter
    from workbench.gui.widgets.cost_views import CostSoFar

    line = CostSoFar(ctx)
    qtbot.addWidget(line)
    line.watch("a-run")
    with Meter(Control()) as meter:
        meter.belongs_to("a-run", tmp_path, lambda: None, again=False)
        qtbot.waitUntil(lambda: line.words.text().startswith("So far: "))
        first = line.words.text()
        qtbot.waitUntil(lambda: line.words.text() != first)
    assert "Wh" in line.words.text() and "CO2" in line.words.text()
    line.stop()


def test_too_little_memory_is_said_before(ctx: AppContext, qtbot: QtBot) -> None:
    view = CostBefore(ctx)
    qtbot.addWidget(view)
    view.show()
    assert "not known yet" in view.words.text() and view.warning.isHidden()
    view.show_estimate(TOLD, 16 * GB)
    assert view.warning.isHidden() and "10 W lamp takes in 6 minutes" in view.words.text()
    view.show_estimate(TOLD, GB)
    assert view.warning.isVisible() and "may need up to 1.5 GB" in view.warning.text.text()
    view.show_estimate(None, 0)
    assert view.warning.isHidden()


def dialog_of(widget: QWidget, qtbot: QtBot) -> ElectricityDialog:
    qtbot.mouseClick(widget.findChild(QPushButton, "electricity"), LEFT)
    found = widget.findChild(ElectricityDialog)
    assert found is not None
    return found


def test_country_and_price_turn_energy_into_co2_and_money(
    ctx: AppContext, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    tab = CostTab(ctx)
    qtbot.addWidget(tab)
    tab.show()
    assert "was not kept" in tab.sentence.text()
    took = CostMeasured(144, 200, 9 * GB // 10, 0, 0.9, 0.4, 0, "tdp", "", "a chip", 28, 2)
    tab.show_record(CostRecord(TOLD, (took,), ended=True))
    assert "World average" in tab.notes.text() and tab.table.rowCount() == 4 and "2 sessions" in tab.notes.text()
    dialog = dialog_of(tab, qtbot)
    assert "set up for Germany" in dialog.suggestion.text.text() and dialog.country.currentData() == ""
    yes = next(b for b in dialog.suggestion.findChildren(QPushButton) if "Germany" in b.text())
    qtbot.mouseClick(yes, LEFT)
    assert dialog.country.currentText() == "Germany" and "381 g per kWh in 2023" in dialog.source.text()
    dialog.price.setValue(0.3)
    dialog.currency.setText("EUR")
    qtbot.mouseClick(dialog.ok, LEFT)
    assert rates.load() == Electricity("DE", 0.3, "EUR")
    assert tab.table.rowCount() == 5 and tab.table.item(4, 2).text() == "0.00039 EUR"
    assert "Germany" in tab.notes.text() and "Set your price" not in tab.notes.text()


def test_the_choice_is_reached_by_a_command(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(ElectricityDialog, "exec", lambda dialog: opened.append(dialog.country.accessibleName()))
    window.actions_by_id["view.electricity"].trigger()
    assert opened == ["Country"]
