"""A model at work as a person sees it: agreeing to keep answers, reviewing by keys, updating, going back."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.prediction_log import PredictionLog, flush
from workbench.gui.at_work.dialog import AtWorkDialog
from workbench.gui.main_window import MainWindow
from workbench.gui.models.item_model import ItemModel

DIGITS = resources() / "samples" / "digits"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def taught(window: MainWindow, make_project: Callable[[Path], Project], tmp_path: Path) -> tuple[str, Path]:
    """A model of ones and zeros; what comes later, sevens among it, lies in "later"."""
    for name in ("one", "zero", "seven"):
        files = sorted((DIGITS / name).glob("*.png"))
        random.Random(3).shuffle(files)
        for folder, part in (("learnt", files[:12]), ("later", files[12 : 18 if name == "seven" else 14])):
            if name == "seven" and folder == "learnt":
                continue
            for file in part:
                to = (
                    tmp_path / folder / name / file.name
                    if folder == "learnt"
                    else tmp_path / folder / f"{name} {file.name}"
                )
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, to)
    project = make_project(tmp_path / "learnt")
    catalog = window.ctx.catalog
    *_, done = fit(new_config(project, catalog.suggest(project.task_id)[0]), project, catalog)
    assert isinstance(done, Finished)
    project.close()
    window.ctx.models_changed.emit()
    return done.model_id, project.folder


def strange(log: PredictionLog) -> None:
    """The sevens are unlike what was learnt. (So few examples are not enough for the model to tell that itself.)"""
    sql = sqlite3.connect(log.file)
    with sql:
        sql.execute("UPDATE predictions SET strangeness = 2 WHERE name LIKE 'seven%'")
    sql.close()


def the(parent: Any, name: str) -> QPushButton:
    found = parent.findChild(QPushButton, name)
    assert isinstance(found, QPushButton), name
    return found


def test_from_the_first_kept_answer_to_going_back(
    window: MainWindow, taught: tuple[str, Path], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id, folder = taught
    ctx = window.ctx
    ctx.go("use", model_id=model_id)
    page: Any = window.page("use")
    assert "not kept" in page.at_work.words.text()
    monkeypatch.setattr(page, "ask_save_path", lambda _name: str(tmp_path / "answers.csv"))
    log = PredictionLog(model_id)
    page.run_on([str(tmp_path / "later")])
    qtbot.waitUntil(lambda: (tmp_path / "answers.csv").exists() and not ctx.jobs.running())
    assert not log.exists  # off at first

    # The person agrees; then the same is kept.
    qtbot.mouseClick(page.at_work.open_button, LEFT)
    dialog = window.findChild(AtWorkDialog)
    assert dialog is not None and dialog.tabs.currentWidget() is dialog.kept
    qtbot.keyClick(dialog.kept.on, Qt.Key.Key_Space)
    assert log.settings().on and not log.settings().copies and dialog.kept.copies.isEnabled()
    qtbot.waitUntil(lambda: not ctx.jobs.running())
    qtbot.mouseClick(the(dialog, "at-work-close"), LEFT)
    (tmp_path / "answers.csv").unlink()
    page.run_on([str(tmp_path / "later")])
    qtbot.waitUntil(lambda: (tmp_path / "answers.csv").exists() and not ctx.jobs.running())
    flush()
    count = len(list((tmp_path / "later").iterdir()))
    assert log.count() == count and log.rows()[0].source == "use"
    strange(log)

    qtbot.waitUntil(lambda: window.findChild(AtWorkDialog) is None)
    qtbot.mouseClick(page.at_work.open_button, LEFT)
    dialog = window.findChild(AtWorkDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.weeks.week is not None and bool(dialog.review.waiting))
    assert dialog.weeks.week is not None and dialog.weeks.week.answers == count
    sheet = tmp_path / "sheet.html"
    monkeypatch.setattr(dialog.weeks, "ask_path", lambda _name: str(sheet))
    qtbot.mouseClick(the(dialog, "week-save"), LEFT)
    qtbot.waitUntil(sheet.exists)

    # Nothing can be labelled before the project is open: it is offered.
    review: Any = dialog.review
    dialog.tabs.setCurrentWidget(review)
    qtbot.waitUntil(
        lambda: review.banner.isVisible() and "the project this model was taught with" in review.banner.text.text()
    )
    open_it = next(b for b in review.banner.findChildren(QPushButton) if "Open it" in b.text())
    qtbot.mouseClick(open_it, LEFT)
    qtbot.waitUntil(lambda: ctx.store.project is not None and not ctx.jobs.running() and not review.banner.isVisible())
    project = ctx.store.require()
    assert project.folder == folder
    frozen = {i.id for i in project.split_items(Split.TEST)}
    before = len(project.item_ids())

    waiting = len(review.waiting)
    sevens = sum(w.row.name.startswith("seven") for w in review.waiting)
    assert sevens >= 3, [w.row.name for w in review.waiting]
    assert dialog.tabs.tabText(1) == f"Review ({waiting})"
    names = {"one": Qt.Key.Key_1, "zero": Qt.Key.Key_2}
    assert [c.name for c in project.classes()] == ["one", "zero"]
    undone = False
    while any(w.row.hash not in review._done for w in review.waiting):
        one, done = review.current, len(review._done)
        truth = one.row.name.split()[0]
        qtbot.waitUntil(lambda: not review._busy)
        if truth in names and one.row.answer == truth:
            qtbot.keyClick(review, Qt.Key.Key_Return)
        elif truth in names:
            qtbot.keyClick(review, names[truth])
        else:  # a class that is new
            review.other.setCurrentText(truth)
            qtbot.keyClick(review.other.lineEdit(), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda done=done: len(review._done) == done + 1 and not review._busy)
        names = {c.name: Qt.Key(int(Qt.Key.Key_1) + n) for n, c in enumerate(project.classes())}
        if not undone:  # once: taken back, it is out of the project and waits again
            undone = True
            qtbot.keyClick(review, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
            assert len(project.item_ids()) == before and not log.decisions() and review.current.row.hash == one.row.hash
            assert dialog.tabs.tabText(1) == f"Review ({waiting})"
    assert len(project.item_ids()) == before + waiting and dialog.tabs.tabText(1) == "Review"
    assert "All have been looked at" in review.banner.text.text()
    assert {i.id for i in project.split_items(Split.TEST)} == frozen
    assert len(project.reviewed()) == waiting
    tips = ItemModel(ctx.store)
    tips.show_ids(list(project.reviewed()))
    told = [str(tips.index(n, 0).data(Qt.ItemDataRole.ToolTipRole)) for n in range(waiting)]
    assert all("learn from" in t or "kept apart to judge" in t for t in told)

    versions: Any = dialog.versions
    dialog.tabs.setCurrentWidget(versions)
    qtbot.waitUntil(lambda: versions.update_button.isEnabled() and not ctx.jobs.running())
    qtbot.mouseClick(versions.update_button, LEFT)
    # It is not lost by closing the window.
    assert versions.running and not dialog.close() and dialog.isVisible() and versions.banner.isVisible()
    qtbot.waitUntil(lambda: versions.beside is not None and versions._job is None and not ctx.jobs.running())
    assert versions.result.isVisible() and versions.verdict.text.text() == versions.beside.sentence()
    assert versions.table.rowCount() == len(versions.beside.classes)
    card = next(c for c in ctx.catalog.own() if c.name.endswith("v2"))
    qtbot.mouseClick(versions.use_new, LEFT)
    qtbot.waitUntil(lambda: not ctx.jobs.running())
    assert PredictionLog(card.id).settings().on and not log.settings().on
    qtbot.mouseClick(the(versions, "version-use-1"), LEFT)
    qtbot.waitUntil(lambda: not ctx.jobs.running())
    assert log.settings().on and not PredictionLog(card.id).settings().on
    qtbot.mouseClick(the(versions, "version-compare-2"), LEFT)
    qtbot.waitUntil(lambda: versions.result.isVisible() and not ctx.jobs.running())

    # Everything that was kept can be deleted; the labels stay.
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    dialog.tabs.setCurrentWidget(dialog.kept)
    qtbot.waitUntil(lambda: dialog.kept.delete.isEnabled())
    qtbot.mouseClick(dialog.kept.delete, LEFT)
    qtbot.waitUntil(lambda: log.count() == 0 and not ctx.jobs.running())
    assert not log.decisions() and len(project.reviewed()) == waiting
    dialog.close()


def test_a_file_that_is_gone_is_said_so(
    window: MainWindow, taught: tuple[str, Path], qtbot: QtBot, tmp_path: Path
) -> None:
    from dataclasses import replace

    from workbench.engine.predict import collect_samples, predict
    from workbench.tasks.registry import get_task

    model_id, _folder = taught
    ctx = window.ctx
    card = ctx.catalog.get(model_id)
    log = PredictionLog(model_id)
    log.set_settings(replace(log.settings(), on=True))
    task = get_task(card.main_task)
    list(predict(collect_samples([tmp_path / "later"], task), card, task, source="test"))
    flush()
    strange(log)
    shutil.rmtree(tmp_path / "later")
    dialog = AtWorkDialog(ctx, card, window)
    dialog.open()
    review: Any = dialog.review
    dialog.tabs.setCurrentWidget(review)
    qtbot.waitUntil(lambda: bool(review.waiting) and "is not there any more" in review.pane.picture.text())
    # Skipped by a key; “not mine” needs neither the file nor a project.
    first = review.current
    qtbot.keyClick(review, Qt.Key.Key_Space)
    assert review.at == min(1, len(review.waiting) - 1)
    qtbot.keyClick(review, Qt.Key.Key_Left)
    qtbot.keyClick(review, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: first.row.hash in log.decisions() and not review._busy)
    assert log.decisions()[first.row.hash].decision == "not mine"
    qtbot.keyClick(review, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not log.decisions() and review.current is first
    dialog.close()
    qtbot.waitUntil(lambda: not ctx.jobs.running())
