"""A journey done again and again leaves nothing alive: no widget, no job, no connection, no thread, no open file, no model."""

from __future__ import annotations

import gc
import sys
import threading
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from workbench.app_paths import resources
from workbench.data.backup import back_up
from workbench.data.importers import sniff
from workbench.engine.events import How
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.gui.main_window import MainWindow
from workbench.gui.rail import PAGES
from workbench.tasks.registry import get_task

# Asked for by the kinds that a journey makes. A library may keep a few for itself; what grows with each round is ours.
_ROUNDS = 4


def alive(window: MainWindow) -> Counter[str]:
    """What there is now, by kind."""
    QApplication.sendPostedEvents(None, 0)
    QApplication.processEvents()
    for _ in range(2):
        gc.collect()
    found: Counter[str] = Counter()
    for one in gc.get_objects():
        kind = type(one)
        if issubclass(kind, QObject):
            if isValid(one):
                found[f"Qt: {kind.__module__}.{kind.__name__}"] += 1
        elif kind.__name__ in ("_Connection", "Connection", "Project", "Change", "InferenceSession"):
            found[f"{kind.__module__}.{kind.__name__}"] += 1
        elif kind.__name__ in ("Tensor", "Parameter"):
            found[f"torch: {kind.__name__}"] += 1
    found["widgets"] = len(QApplication.allWidgets())
    found["windows"] = len(QApplication.topLevelWidgets())
    found["children of the window"] = len(window.findChildren(QObject))
    found["threads"] = sum(not t.daemon for t in threading.enumerate())
    found["warm models"] = len(shared_pool().loaded())
    if sys.platform == "linux":
        found["open files"] = psutil.Process().num_fds()
        found["processes"] = len(psutil.Process().children(recursive=True))
    return found


def grown(after_each: list[Counter[str]]) -> dict[str, list[int]]:
    """Kinds that became more in each of the last rounds."""
    kinds = set().union(*after_each)
    rows = {kind: [counted[kind] for counted in after_each] for kind in kinds}
    return {k: row for k, row in rows.items() if all(b > a for a, b in pairwise(row[1:]))}


@pytest.fixture
def projects(tmp_path: Path, digits_folder: Callable[..., Path]) -> list[Path]:
    made = []
    for source in (digits_folder(("one", "two"), 10), resources() / "samples" / "reviews.csv"):
        project, _ = project_from_plan(sniff([source]), tmp_path / f"P{len(made)}", "P")
        made.append(project.folder)
        project.close()
    return made


def test_looking_around_and_labelling(window: MainWindow, qtbot: QtBot, projects: list[Path]) -> None:
    """All pages, dialogs, another project, labels and steps taken back, a backup."""

    def journey() -> None:
        for folder in projects:
            assert window.open_project(folder)
            store = window.ctx.store
            project = store.require()
            for entry in PAGES:
                window.show_page(entry.id)
                QApplication.processEvents()
            ids = project.item_ids()
            for number, one in enumerate(project.classes()):
                store.set_label(ids[number : number + 3], one.id)
            while store.undo_stack.canUndo():
                store.undo_stack.undo()
            for command in ("help.open", "help.palette", "view.electricity", "help.licences", "help.check"):
                _close_what_opens()
                window.actions_by_id[command].trigger()
            window.ctx.jobs.start("Backing up", lambda control, folder=folder: back_up(folder, control))
            qtbot.waitUntil(lambda: not window.ctx.jobs.running())

    counted = []
    for _ in range(_ROUNDS):
        journey()
        counted.append(alive(window))
    assert grown(counted) == {}


def _close_what_opens() -> None:
    """As a person does with Escape, once there is a dialog."""

    def close() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is None:
            QTimer.singleShot(10, close)
        else:
            dialog.close()

    QTimer.singleShot(0, close)


def test_teaching_asking_and_deleting(window: MainWindow, qtbot: QtBot, projects: list[Path]) -> None:
    """A model is taught, asked and deleted; neither it nor what it was taught with stays in memory."""
    ctx = window.ctx
    shared_pool().clear()  # other tests of this process have left their models warm
    assert window.open_project(projects[0])
    project = ctx.store.require()
    card, _ = ctx.catalog.suggest(project.task_id, to_teach=True)
    samples = [i.sample() for i in project.items(project.item_ids()[:4])]
    task = get_task(project.task_id)

    def do(title: str, work: Callable[..., object]) -> None:
        job = ctx.jobs.start_stream(title, work)  # type: ignore[arg-type]
        failed: list[object] = []
        job.failed.connect(failed.append)
        qtbot.waitUntil(lambda: job not in ctx.jobs.running(), timeout=200_000)
        assert not failed

    def journey() -> None:
        do("Teaching", lambda control: fit(new_config(project, card, How.QUICK), project, ctx.catalog, control))
        (mine,) = ctx.catalog.own()
        do("Asking", lambda control: predict(samples, mine, task, control=control))
        ctx.catalog.remove_own(mine.id)
        for run in project.runs():
            project.delete_run(run.id)
        # Whoever asks next finds the deleted one gone.
        do("Asking", lambda control: predict(samples, card, task, control=control))

    counted = []
    for _ in range(_ROUNDS):
        journey()
        counted.append(alive(window))
    assert grown(counted) == {}
    assert len(shared_pool().loaded()) <= 2


def test_the_count_notices_what_is_left(window: MainWindow) -> None:
    kept: list[QWidget] = []
    counted = []
    for _ in range(_ROUNDS):
        kept.append(QWidget())
        counted.append(alive(window))
    assert "widgets" in grown(counted)
    for one in kept:
        one.deleteLater()
