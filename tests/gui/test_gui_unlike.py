"""What is unlike all a model learnt from, and whether the data has changed since: as a person sees it."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import app_paths, resources
from workbench.data.project import Project
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.gui.main_window import MainWindow
from workbench.gui.models.results_table import RESULT_ROLE
from workbench.gui.widgets.drift_dialog import DriftDialog
from workbench.tasks.predictions import Scores

LEFT = Qt.MouseButton.LeftButton
LONG = 120_000
DIGITS = resources() / "samples" / "digits"
Drop = Callable[..., None]


@pytest.fixture
def model_id(window: MainWindow, make_project: Callable[[Path], Project], tmp_path: Path) -> str:
    """Taught on some of two digits; the rest of them lies in "rest", faces in "faces"."""
    (tmp_path / "rest").mkdir()
    for name in ("one", "zero"):
        files = sorted((DIGITS / name).glob("*.png"))
        random.Random(3).shuffle(files)
        (tmp_path / "learnt" / name).mkdir(parents=True)
        for number, file in enumerate(files):
            to = tmp_path / "learnt" / name / file.name if number < 30 else tmp_path / "rest" / f"{name} {file.name}"
            to.write_bytes(file.read_bytes())
    (tmp_path / "faces").mkdir()
    for n, face in enumerate(skimage.data.lfw_subset()[:10]):
        Image.fromarray((face * 255).astype(np.uint8)).resize((64, 64)).save(tmp_path / "faces" / f"face {n}.png")
    project = make_project(tmp_path / "learnt")
    catalog = window.ctx.catalog
    *_, done = fit(new_config(project, catalog.suggest(project.task_id)[0]), project, catalog)
    assert isinstance(done, Finished)
    project.close()
    window.ctx.models_changed.emit()
    return done.model_id


def test_the_try_page_warns_and_filters(
    window: MainWindow, model_id: str, qtbot: QtBot, drop: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.ctx.go("try", model_id=model_id)
    page: Any = window.page("try")
    drop(page.input.drop, [tmp_path / "faces" / "face 0.png"])
    qtbot.waitUntil(lambda: isinstance(page.view.prediction, Scores), timeout=LONG)
    bars = page.view.scores
    assert bars.warning.isVisible() and "unlike those it learnt from" in bars.warning.text.text()
    assert not bars.note.isVisible() and "unlike" in bars.accessibleName()

    drop(page.input.drop, [tmp_path / "rest", tmp_path / "faces"])
    total = len(list((tmp_path / "rest").iterdir())) + 10
    qtbot.waitUntil(lambda: len(page.table.results) == total and page._job is None, timeout=LONG)
    usual = next(r for r in page.table.results if isinstance(r.prediction, Scores) and not r.prediction.unlike)
    unlike = page.table.unlike()
    assert 10 <= unlike < total and page.only_unlike.isVisible() and str(unlike) in page.only_unlike.text()
    qtbot.mouseClick(page.only_unlike, LEFT, pos=page.only_unlike.rect().center() / 4)
    qtbot.waitUntil(lambda: page.table.rowCount() == unlike, timeout=LONG)
    index = page.table.index(0, 1)
    assert "do not rely" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert all(page.table.index(r, 0).data(RESULT_ROLE).prediction.unlike for r in range(unlike))
    page.table.sort(0, Qt.SortOrder.DescendingOrder)
    assert page.table.rowCount() == unlike

    # All answers are saved, whatever is shown.
    monkeypatch.setattr(page, "ask_export_path", lambda: str(tmp_path / "answers.csv"))
    qtbot.mouseClick(page.findChild(QPushButton, "save-answers"), LEFT)
    qtbot.waitUntil((tmp_path / "answers.csv").is_file, timeout=LONG)
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == total and sum(int(r["unlike"]) for r in rows) == unlike

    page.only_unlike.setFocus()
    qtbot.keyClick(page.only_unlike, Qt.Key.Key_Space)
    assert page.table.rowCount() == total and page.table.index(0, 0, QModelIndex()).isValid()
    names = [page.table.index(r, 0).data() for r in range(total)]
    assert names == sorted(names, key=str.casefold, reverse=True)
    row = next(r for r in range(total) if page.table.index(r, 0).data(RESULT_ROLE).index == usual.index)
    page.table_view.selectRow(row)
    qtbot.waitUntil(lambda: not bars.warning.isVisible(), timeout=LONG)


def test_the_use_page_tells_a_change(
    window: MainWindow, model_id: str, qtbot: QtBot, drop: Drop, tmp_path: Path
) -> None:
    window.ctx.go("use", model_id=model_id)
    page: Any = window.page("use")
    qtbot.waitUntil(page.changed.isVisible, timeout=LONG)
    texts = [page._about.itemAt(n).widget().text() for n in range(page._about.count())]
    assert any("unlike those it learnt from. Set for a false alarm" in t for t in texts)
    qtbot.mouseClick(page.changed, LEFT)
    dialog = page.findChild(DriftDialog)
    assert dialog is not None
    drop(dialog.drop, [tmp_path / "rest"])
    qtbot.waitUntil(lambda: dialog.report is not None and dialog._job is None, timeout=LONG)
    assert dialog.verdict.isVisible() and dialog.verdict.text.text().startswith("No change found")
    drop(dialog.drop, [tmp_path / "faces"])
    qtbot.waitUntil(lambda: "differ" in dialog.verdict.text.text(), timeout=LONG)
    assert "10 of 10" in dialog.details.text() and dialog.details.isVisible()
    qtbot.waitUntil(lambda: dialog._job is None, timeout=LONG)
    drop(dialog.drop, [tmp_path / "faces" / "face 0.png"])
    qtbot.waitUntil(lambda: "too few" in dialog.verdict.text.text(), timeout=LONG)
    qtbot.waitUntil(lambda: dialog._job is None, timeout=LONG)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)


def test_a_model_without_it_offers_nothing(
    window: MainWindow, make_project: Callable[[Path], Project], digits_folder: Callable[..., Path], qtbot: QtBot
) -> None:
    project = make_project(digits_folder(("one", "zero"), 6))
    catalog = window.ctx.catalog
    *_, done = fit(new_config(project, catalog.suggest(project.task_id)[0]), project, catalog)
    assert isinstance(done, Finished)
    window.ctx.models_changed.emit()
    window.ctx.go("use", model_id=done.model_id)
    page: Any = window.page("use")
    qtbot.waitUntil(lambda: page.current is not None and page.current.id == done.model_id, timeout=LONG)
    assert not page.changed.isVisible()


def test_the_results_page_says_how_often_it_warns_without_reason(
    window: MainWindow, model_id: str, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = Path(window.ctx.catalog.get(model_id).source.ref)
    assert (folder / "familiar.safetensors").is_file()
    project_folder = next(p.parent for p in app_paths().projects.rglob("project.db"))
    window.ctx.store.open(project_folder)
    window.show_page("results")
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: "unlike those it learnt from" in page.unlike.text(), timeout=LONG)
    assert page.unlike.isVisible() and "test pictures gave one" in page.unlike.text()


def test_before_training_it_is_measured_whether_the_model_fits(
    window: MainWindow, make_project: Callable[[Path], Project], digits_folder: Callable[..., Path], qtbot: QtBot
) -> None:
    project = make_project(digits_folder(("one", "zero"), 15))
    folder = project.folder
    project.close()
    window.ctx.store.open(folder)
    window.ctx.go("train")
    page: Any = window.page("train")
    qtbot.mouseClick(page.findChild(QPushButton, "step-model"), LEFT)
    ask = page.findChild(QPushButton, "fits-ask")
    qtbot.waitUntil(lambda: ask.isVisible() and ask.isEnabled(), timeout=LONG)
    ask.setFocus()
    qtbot.keyClick(ask, Qt.Key.Key_Space)
    fits = page.setup.fits
    qtbot.waitUntil(lambda: len(fits.remarks) == 3 and fits._job is None, timeout=LONG)
    assert fits.remarks[0].kind == "warn" and "less than half as large" in fits.remarks[0].text
    assert "always saying" in fits.remarks[1].text and fits._lines.count() == 3
