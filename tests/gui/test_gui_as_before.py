"""A result that the rounds of a training added nothing to says so on its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.data.types import ItemPrediction, NewItem, RunRecord, Split
from workbench.engine.events import Advice, Finished
from workbench.gui.main_window import MainWindow

_SAID = (
    "None of the 20 rounds was better on the texts that steer the training than Quick's result, with which it began."
)


@pytest.fixture
def project(window: MainWindow, tmp_path: Path) -> Project:
    """Two runs on the same four texts; nothing was better in the rounds of the first one."""
    made = Project.create(tmp_path / "p", "letters", "text-classification")
    new = [NewItem("text", f"{n}.txt", text=f"day {n}", label="ab"[n % 2], split=Split.TEST) for n in range(4)]
    ids = made.add_items(new).added
    for name, more in (("r1", {"as_before": _SAID}), ("r2", {})):
        folder = made.runs_folder / name
        folder.mkdir(parents=True, exist_ok=True)
        metrics = {"model_id": "mine", "score": 1.0, "metric": "accuracy", "n": 4, **more}
        made.save_run(RunRecord(name, name, "done", "2026-01-01T00:00", {"classes": ["a", "b"]}, metrics, folder))
        made.save_predictions(name, [ItemPrediction(i, Split.TEST, "a", "a", (0.9, 0.1)) for i in ids])
    window.ctx.store.adopt(made)
    return made


def test_results_say_it_of_the_run_that_is_shown(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    assert project.run("r1").metrics["as_before"]
    window.show_page("results", {"run_id": "r1"})
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.as_before.text() == _SAID and not page.as_before.isHidden(), timeout=60_000)
    page.run_box.setCurrentIndex(page.run_box.findData("r2"))
    qtbot.waitUntil(page.as_before.isHidden, timeout=60_000)


def test_the_end_of_the_training_says_it(window: MainWindow, project: Project) -> None:
    page: Any = window.page("train")
    page._event(Advice("as-before", _SAID))
    page._event(Advice("untaught", "Without any teaching it was right on half."))
    page._event(Finished("r1", "done", "mine", 0, {"n": 4, "words": "It was right on 4 of 4."}, 1.0))
    assert page.live.result.text.text() == f"It was right on 4 of 4. {_SAID}"
