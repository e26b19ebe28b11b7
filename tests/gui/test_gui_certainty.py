"""How sure a model is, by clicks on the Results page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from workbench.data.types import Split
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.gui.main_window import MainWindow
from workbench.gui.theme import theme
from workbench.trust.certainty import answering

Digits = Callable[..., Path]
LEFT = Qt.MouseButton.LeftButton


def test_certainty_costs_silence_and_the_learning_curve(
    window: MainWindow, qtbot: QtBot, digits_folder: Digits
) -> None:
    from workbench.data.importers import sniff
    from workbench.engine.predict import predict
    from workbench.tasks.registry import get_task

    project, _ = project_from_plan(sniff([digits_folder(("one", "two", "three", "four", "five"), 36)]))
    catalog = window.ctx.catalog
    card, _ = catalog.suggest(project.task_id)
    finished: Any = list(fit(new_config(project, card), project, catalog))[-1]
    sample = project.split_items(Split.TEST)[0].sample()
    folder = project.folder
    project.close()
    window.ctx.store.open(folder)
    window.show_page("results", {"run_id": finished.run_id})
    results: Any = window.page("results")
    qtbot.waitUntil(lambda: results.evaluation is not None and results._shown_kind == "classes")
    panel = results._views["classes"].certainty
    qtbot.waitUntil(lambda: panel.seen is not None)
    results.tabs.setCurrentIndex(results.tabs.indexOf(panel))
    assert results.tabs.tabText(results.tabs.indexOf(panel)) == "How sure it is"
    words = panel.findChild(QLabel, "certainty-words").text()
    assert words == panel.seen.certainty.sentence() and "items" in words
    assert "right" in panel.reliability.accessibleDescription()

    # A missed three costs twenty times as much as a false alarm.
    box, cost = panel.findChild(QComboBox, "cost-class"), panel.findChild(QDoubleSpinBox, "cost")
    keep, forget = panel.findChild(QPushButton, "keep-decision"), panel.findChild(QPushButton, "forget-decision")
    assert not keep.isEnabled() and forget.isHidden() and not cost.isEnabled()
    box.setFocus()
    qtbot.keyClicks(box, "three")
    assert box.currentText() == "three" and cost.isEnabled()
    cost.selectAll()
    qtbot.keyClicks(cost, "20")
    qtbot.keyClick(cost, Qt.Key.Key_Return)
    said = panel.findChild(QLabel, "costs-words").text()
    assert "Called “three” from" in said and "false alarms" in said

    # And nothing is said when it is not sure at all.
    slider = panel.findChild(QSlider, "silence")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert panel.decision().sure_from == 1.0
    # Some may be as sure as a number of 32 bits can say; what it says of them is told.
    told = panel.findChild(QLabel, "silence-words").text()
    assert told == answering(panel.seen.test, 1.0).sentence() and "25 test items" in told
    assert keep.isEnabled()
    qtbot.mouseClick(keep, LEFT)
    qtbot.waitUntil(lambda: panel.seen.decision is not None)
    qtbot.waitUntil(lambda: not keep.isEnabled() and not forget.isHidden())
    own = catalog.get(finished.model_id)
    assert own.options["decision"]["class"] == "three" and own.options["decision"]["cost"] == 20
    answer = next(iter(predict([sample], own, get_task("image-classification")))).prediction
    assert answer is not None and (answer.summary().split()[0] in ("three", "not") or answer.certainty == 1.0)

    # Taken back.
    qtbot.waitUntil(forget.isEnabled)
    qtbot.mouseClick(forget, LEFT)
    qtbot.waitUntil(lambda: panel.seen.decision is None)
    assert "decision" not in catalog.get(finished.model_id).options
    assert box.currentData() == "" and slider.value() == 0

    # Would more examples help?
    learn = panel.findChild(QPushButton, "learning-curve")
    qtbot.waitUntil(learn.isEnabled)
    qtbot.mouseClick(learn, LEFT)
    qtbot.waitUntil(lambda: panel.curve is not None)
    assert panel.findChild(QLabel, "curve-words").text().startswith(panel.curve.sentence())
    qtbot.waitUntil(learn.isEnabled)
    theme().set_choice("dark")
    qtbot.waitUntil(lambda: panel.reliability.shown is not None)
    theme().set_choice("light")
