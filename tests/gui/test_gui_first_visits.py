"""What a page needs is made when it is needed, so that its first visit is short."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from workbench import garbage
from workbench.app_paths import resources
from workbench.gui import app, icons
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.later import Later
from workbench.gui.widgets.live_view import LiveView
from workbench.gui.widgets.prediction_view import PredictionView
from workbench.gui.widgets.sound_panel import SoundPanel
from workbench.gui.widgets.train_live import TrainLive
from workbench.gui.widgets.train_setup import STEPS
from workbench.tasks.predictions import Box, Boxes, Text


def test_a_part_is_made_once_and_told_of(qtbot: QtBot) -> None:
    told: list[QWidget] = []
    part = Later(QWidget)
    part.then(told.append)
    assert part.made is None and not told
    made = part()
    qtbot.addWidget(made)
    assert part() is made is part.made and told == [made]
    part.then(told.append)
    assert told == [made, made]


def test_a_view_of_an_answer_is_made_with_the_first_of_its_kind(qtbot: QtBot) -> None:
    view = PredictionView()
    qtbot.addWidget(view)
    view.show()
    assert view.stack.count() == 1, "only the bars are there"
    view.show_prediction(Text("a word"))
    assert view.stack.count() == 2 and view.text.view.toPlainText() == "a word"
    drawn: list[Any] = []
    view.boxes_shown.connect(drawn.append)
    view.show_prediction(Boxes((Box(0, 0, 5, 5, "cat", 0.9),), 10, 10))
    assert view.stack.count() == 3 and view.stack.currentWidget() is view.boxes
    assert [b.label for b in drawn[-1]] == ["cat"]
    view.show_prediction(Text("another"))
    assert view.stack.count() == 3 and view.stack.currentWidget() is view.text


def test_trying_pictures_brings_neither_sound_nor_video(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("try")
    page: Any = window.page("try")
    assert not page.findChildren(SoundPanel) and not page.findChildren(LiveView)
    card = next(c for c in window.ctx.catalog.cards() if c.main_task == "sound-classification")
    page.receive({"model_id": card.id})
    assert len(page.findChildren(SoundPanel)) == 1 and page.input.sound is page.sound
    assert not page.findChildren(LiveView)
    assert page.live.isHidden() or page.live.parent() is not None
    assert len(page.findChildren(LiveView)) == 1 and page.input.live is page.live


def test_the_live_view_is_there_before_a_training_starts(window: MainWindow, qtbot: QtBot) -> None:
    import pyqtgraph  # noqa: F401 - as the start of the app does

    window.show_page("train")
    page: Any = window.page("train")
    page.setup.stack.setCurrentIndex(1)
    qtbot.waitUntil(lambda: not window.ctx.jobs.running())
    assert not page.findChildren(TrainLive)
    page.setup.stack.setCurrentIndex(len(STEPS) - 1)
    qtbot.waitUntil(lambda: len(page.findChildren(TrainLive)) == 1)
    assert page.live is page.findChildren(TrainLive)[0]


def test_a_model_that_was_deleted_is_not_the_chosen_one(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("try")
    page: Any = window.page("try")
    page.picker.box.addItem("gone", "own/gone")
    page.picker.box.setCurrentIndex(page.picker.box.count() - 1)
    assert page.picker.card is None and not page.picker.is_ready()
    window.ctx.models_changed.emit()
    qtbot.waitUntil(lambda: page.picker.box.findData("own/gone") < 0)
    assert page.picker.card is not None


def test_icons_are_drawn_before_they_are_needed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = QObject()
    names = [file.stem for file in (resources() / "icons").glob("*.svg")]
    assert "play" in names and len(names) > 100
    icons._image.cache_clear()
    icons._pixmap.cache_clear()
    icons.draw_usual(owner)
    qtbot.waitUntil(lambda: icons._image.cache_info().currsize >= 3 * len(names))

    def not_now(_data: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(icons, "QSvgRenderer", not_now)
    for name in names:
        for colour in ("text", "accent"):
            found = icons.icon(name, colour).pixmap(20, 20)
            assert not found.isNull(), name


def test_garbage_is_looked_for_once_all_is_ready(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(app, "warm_up", lambda _ctx, _control: told.append("ready"))
    monkeypatch.setattr(garbage, "settle", lambda: told.append("settled"))
    app.after_first_paint(window)
    qtbot.waitUntil(lambda: told == ["ready", "settled"])
