"""The window does one thing at a time: what takes a while is done in turns, and nothing is done twice or for nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.engine.events import EpochDone, SamplePredicted, StageChanged, Started, StepDone
from workbench.gui.main_window import MainWindow
from workbench.gui.models.runs_progress import RunProgress
from workbench.gui.pages import data_page
from workbench.gui.rail import PAGES
from workbench.gui.widgets.certainty_plots import ReliabilityPlot
from workbench.gui.widgets.curves import TrainingCurves
from workbench.gui.widgets.later import in_turn

# Of its own and of being put into the page it is styled; a few more times where it is part of what Qt puts together.
_MOST_STYLED = 3.2


def test_one_thing_is_done_in_a_turn(qtbot: QtBot) -> None:
    done: list[str] = []
    owner, gone = QObject(), QObject()

    def first() -> None:
        in_turn(owner, lambda: done.append("asked for meanwhile"))
        done.append("first")

    in_turn(owner, first)
    in_turn(gone, lambda: done.append("of nobody"))
    in_turn(owner, lambda: done.append("second"))
    gone.deleteLater()
    QCoreApplication.sendPostedEvents(gone, QEvent.Type.DeferredDelete)
    assert done == []
    qtbot.waitUntil(lambda: len(done) == 3, timeout=60_000)
    assert done == ["first", "second", "asked for meanwhile"]


class _Styled(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.times += event.type() == QEvent.Type.StyleChange
        return False


@pytest.mark.parametrize("page_id", [p.id for p in PAGES if p.id != "home"])
def test_pages_are_built_from_the_outside_in(window: MainWindow, page_id: str) -> None:
    app = QApplication.instance()
    assert app is not None
    seen = _Styled()
    app.installEventFilter(seen)
    try:
        page = window.page(page_id)
    finally:
        app.removeEventFilter(seen)
    widgets = page.findChildren(QWidget)
    assert len(widgets) > 30
    assert seen.times / len(widgets) < _MOST_STYLED, "what is put into another later, is styled anew with all in it"


def test_what_a_training_tells_is_shown_at_once_and_in_order(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page: Any = window.page("train")
    shown: list[tuple[Any, ...]] = []
    feed = page.live.feed
    monkeypatch.setattr(page.live, "feed", lambda *events: (shown.append(events), feed(*events)))
    told = [Started("run", 40, 10, 5, "cpu"), StageChanged("Learning"), StepDone(1, 0.1, 0.5, 2.0)]
    told += [EpochDone(1, 0.5, 0.8, 0.4, 0.9, True, 3.0)]
    for event in told:
        page._event(event)
    assert shown == []
    qtbot.waitUntil(lambda: bool(shown), timeout=60_000)
    assert shown == [tuple(told)]
    assert page.live.stage.text() == "Learning" and "90%" in page.live.detail.text()
    page._event(StepDone(2, 0.2, 0.4, 1.0))
    page._ended()
    assert len(shown) == 2, "what is left is shown when it ends"


def test_of_an_example_only_what_was_said_last_is_drawn(window: MainWindow, tmp_path: Path, monkeypatch: Any) -> None:
    with Project.create(tmp_path / "p", "p", "text-classification") as made:
        made.add_class("cat")
    window.open_project(tmp_path / "p")
    page: Any = window.page("train")
    drawn: list[str] = []
    monkeypatch.setattr(page.live, "_sample", lambda event: drawn.append(event.predicted_class))
    said = [SamplePredicted(1, 7, "cat", word, 0.5) for word in ("dog", "cow", "cat")]
    page.live.feed(*said, SamplePredicted(1, 8, "cat", "sheep", 0.5))
    assert drawn == ["cat", "sheep"]


def test_a_paused_training_says_so(window: MainWindow) -> None:
    page: Any = window.page("train")
    page.live.pause.click()
    page.live.feed(StageChanged("Learning"))
    assert page.live.stage.text() == "Paused"
    page.live.pause.click()
    page.live.feed(StageChanged("Learning"))
    assert page.live.stage.text() == "Learning"


def test_curves_are_seen_once_both_are_there(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.show()
    progress = RunProgress()
    progress.feed(EpochDone(1, 0.5, 0.8, 0.4, 0.9, True, 3.0))
    curves.show_progress(progress)
    plots = lambda: [w for w in curves.children() if isinstance(w, QWidget) and w is not curves.nothing]  # noqa: E731
    assert not plots()
    qtbot.waitUntil(lambda: [p.isVisible() for p in plots()] == [True, True], timeout=60_000)
    assert curves.accuracy.points("validation") == ([1.0], [0.9])
    assert plots() == [curves.loss, curves.accuracy]


def test_curves_that_are_asked_for_are_there_at_once(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    progress = RunProgress()
    progress.feed(EpochDone(1, 0.5, 0.8, 0.4, 0.9, True, 3.0))
    curves.show_progress(progress)
    assert curves.loss.points("train") == ([1.0], [0.5])


def test_a_plot_is_made_and_drawn_in_turns_and_drawn_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = ReliabilityPlot.draw
    monkeypatch.setattr(ReliabilityPlot, "draw", lambda self: (drawn.append(1), draw(self)))
    plot = ReliabilityPlot()
    qtbot.addWidget(plot)
    plot.redraw()
    assert plot._plot is None and not drawn
    height = plot.sizeHint().height()
    qtbot.waitUntil(lambda: bool(drawn), timeout=60_000)
    assert plot._plot is not None and plot.item.listDataItems()
    assert plot.sizeHint().height() == height, "its place was kept"


def test_a_page_that_is_not_looked_at_does_not_follow_models(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.show_page("models")
    page: Any = window.page("models")
    looked: list[int] = []
    found = page.found
    monkeypatch.setattr(page, "found", lambda: (looked.append(1), found())[1])
    window.ctx.models_changed.emit()
    assert len(looked) == 1 and page.detail.card is not None
    window.show_page("home")
    window.ctx.models_changed.emit()
    assert len(looked) == 1
    window.show_page("models")
    assert len(looked) == 2


def test_of_many_items_it_is_counted_after_the_last_label(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.data.types import NewItem

    with Project.create(tmp_path / "p", "p", "text-classification") as made:
        made.add_class("cat")
        made.add_items([NewItem("text", f"t{n}", text=f"Text {n}") for n in range(12)])
    monkeypatch.setattr(data_page, "_AT_ONCE", 5)
    assert window.open_project(tmp_path / "p")
    window.show_page("data")
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 12 and not window.ctx.jobs.running(), timeout=60_000)
    counted: list[int] = []
    count = page._counts_changed
    page._count_soon.timeout.disconnect()
    page._count_soon.timeout.connect(lambda: (counted.append(1), count()))
    page.view.setFocus()
    for row in range(3):
        page.view.go_to(row)
        QTest.keyClick(page.view, Qt.Key.Key_1)
    labelled = window.ctx.store.require().counts().labelled
    assert labelled == 3, "on disk at once"
    qtbot.waitUntil(lambda: "3 with a label" in page.subtitle.text(), timeout=60_000)
    assert counted
