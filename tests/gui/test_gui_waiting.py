"""A training that waits for its pictures to be read says so while it runs."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from workbench.engine.events import Advice, EpochDone, Started
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.train_live import TrainLive


def test_waiting_is_said_where_it_matters(window: MainWindow, qtbot: QtBot) -> None:
    live = TrainLive(window.ctx)
    qtbot.addWidget(live)
    live.feed(Started("run", 40, 10, 5, "cpu"))
    live.feed(EpochDone(1, 0.5, 0.8, 0.4, 0.9, True, 3.0, waiting=0.02))
    assert "waiting" not in live.detail.text() and "90%" in live.detail.text()
    live.feed(EpochDone(2, 0.5, 0.8, 0.4, 0.9, True, 3.0, waiting=0.43))
    assert "43% of the time waiting for reading" in live.detail.text()
    live.feed(Advice("waiting", "While it learnt, the processor waited 43% of the time for the pictures to be read."))
    assert not live.advice.isHidden()
