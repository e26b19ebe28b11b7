"""Run elsewhere: asked for in the wizard, made in a job, and brought back by a drop on the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.engine.elsewhere import write
from workbench.engine.elsewhere.execute import run_training
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.elsewhere_dialog import ElsewhereDialog

LEFT = Qt.MouseButton.LeftButton
Drop = Callable[..., None]


@pytest.fixture
def project(
    window: MainWindow, digits_folder: Callable[..., Path], make_project: Callable[[Path], Project], qtbot: QtBot
) -> Project:
    made = make_project(digits_folder(each=6))
    folder = made.folder
    made.close()
    window.ctx.store.open(folder)
    return window.ctx.store.require()


def asked(window: MainWindow, qtbot: QtBot) -> ElsewhereDialog:
    window.show_page("train")
    page: Any = window.page("train")
    qtbot.waitUntil(page.setup.away.isEnabled)
    qtbot.mouseClick(page.setup.away, LEFT)
    dialog = window.findChild(ElsewhereDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.isVisible() and "MB" in dialog.size_words.text())
    return dialog


def test_taken_elsewhere_run_and_dropped_on_the_window(
    window: MainWindow, project: Project, qtbot: QtBot, tmp_path: Path, drop: Drop
) -> None:
    dialog = asked(window, qtbot)
    assert dialog.size_words.text().startswith("18 pictures") and dialog.model.isHidden()
    with_copies = dialog.size_words.text()
    assert project.item_ids()
    target = tmp_path / "sent"
    dialog.folder.setText(str(target))
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: dialog.show_folder.isVisible())
    assert with_copies and "18 examples" in dialog.banner.text.text() and (target / "README.txt").is_file()
    assert not dialog.findChild(QPushButton, "elsewhere-go").isVisible()
    qtbot.mouseClick(dialog.closing, LEFT)
    # Dropped too soon, it is said what is missing.
    told: list[str] = []
    window.ctx.notice.connect(lambda text, _kind: told.append(text))
    drop(window, [target])
    qtbot.waitUntil(lambda: any("not finished" in text for text in told))
    list(run_training(target))
    drop(window, [target / "result"])
    qtbot.waitUntil(lambda: any("among your models" in text for text in told))
    qtbot.waitUntil(lambda: window.current_page_id == "results")
    (run,) = project.runs()
    assert run.status == "done" and run.metrics["model_id"] in [c.id for c in window.ctx.catalog.own()]
    results: Any = window.page("results")
    qtbot.waitUntil(lambda: results.evaluation is not None)


def test_without_a_project_it_is_said_what_to_open(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, drop: Drop
) -> None:
    (tmp_path / "result.json").write_text("{}")
    told: list[str] = []
    window.ctx.notice.connect(lambda text, _kind: told.append(text))
    drop(window, [tmp_path])
    qtbot.waitUntil(lambda: told != [])
    assert "Open its project" in told[0]


def test_closed_on_the_way_it_stops(
    window: MainWindow, project: Project, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[bool] = []

    def slow(*arguments: Any) -> None:
        control = arguments[-1]
        waiting.append(True)
        while True:
            control.check()

    monkeypatch.setattr(write, "write_bundle", slow)
    dialog = asked(window, qtbot)
    dialog.folder.setText(str(tmp_path / "sent"))
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: waiting != [])
    assert dialog.progress.isVisible() and not dialog.go.isEnabled()
    qtbot.mouseClick(dialog.closing, LEFT)
    qtbot.waitUntil(lambda: not window.ctx.jobs.running())
