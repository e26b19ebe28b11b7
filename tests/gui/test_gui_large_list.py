"""A project of very many items in the window: only what is seen is read, and changes of all of them are made in a job."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.data.types import Counts, Item
from workbench.gui.app import PROBE_VARIABLE
from workbench.gui.main_window import MainWindow
from workbench.gui.models.item_model import dropped_ids
from workbench.gui.workers import Stack

COUNT, SOME = 100_000, 8_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("many") / "p", COUNT)


@pytest.fixture(scope="module")
def fewer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Still so many that changes of all of them are long."""
    return build(tmp_path_factory.mktemp("some") / "p", SOME)


def build(folder: Path, count: int) -> Path:
    with Project.create(folder, "many", "image-classification") as project:
        for name in ("one", "two", "three"):
            project.add_class(name)
        with project._store.transaction() as sql:
            sql.executemany(
                "INSERT INTO items (kind, name, path, copied, class_id, content_hash) VALUES ('picture', ?, '/nowhere', 0, ?, ?)",
                ((f"picture {n}", 1 + n % 2 if n % 4 else None, str(n)) for n in range(count)),
            )
    return folder


def opened(window: MainWindow, qtbot: QtBot, folder: Path, count: int) -> Any:
    assert window.open_project(folder)
    window.show_page("data")
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == count)
    return page


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot, made: Path) -> Any:
    return opened(window, qtbot, made, COUNT)


@pytest.fixture
def changed(window: MainWindow, qtbot: QtBot, fewer: Path) -> Iterator[Any]:
    """The page of the smaller project, which is as it was when the test is over."""
    yield opened(window, qtbot, fewer, SOME)
    stack = window.ctx.store.undo_stack
    while stack.canUndo():
        stack.undo()
    qtbot.waitUntil(lambda: not window.ctx.store.changing)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the items that are read from the database."""
    asked: list[int] = []
    items = Project.items

    def counted(self: Project, ids: Sequence[int]) -> list[Item]:
        asked.extend(ids)
        return items(self, ids)

    monkeypatch.setattr(Project, "items", counted)
    return asked


def test_only_what_is_seen_is_read(page: Any, qtbot: QtBot, read: list[int]) -> None:
    bar = page.view.verticalScrollBar()
    for share in (0.25, 0.5, 1.0):
        bar.setValue(round(bar.maximum() * share))
        page.view.viewport().repaint()
        at = page.view.indexAt(page.view.viewport().rect().center()).row()
        assert abs(at - COUNT * share) < 500
        assert page.model.ids[at] in read
    # Three places, each a screen of tiles: at most two parts of the list each.
    assert len(read) <= 3 * 2 * 64
    read.clear()
    page.view.viewport().repaint()
    assert not read  # painted again from what is at hand


def test_choosing_all_of_them_reads_none(page: Any, qtbot: QtBot, read: list[int]) -> None:
    page.view.viewport().repaint()
    read.clear()
    page.view.selectAll()
    assert page.view.selected_rows() == list(range(COUNT))
    mime: QMimeData = page.model.mimeData([page.model.index(row) for row in (0, 5, 99_999)])
    assert dropped_ids(mime) == [1, 6, 100_000]
    qtbot.keyClicks(page.view, "p")
    assert len(set(read)) <= 4 * 128
    flags = page.model.flags(page.model.index(3))
    assert flags & Qt.ItemFlag.ItemIsDragEnabled and flags & Qt.ItemFlag.ItemIsSelectable


def test_who_rushes_past_has_no_thumbnails_made(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rushed: list[int] = []
    monkeypatch.setattr(page.ctx.thumbnails, "rush", lambda: rushed.append(1))
    bar, height = page.view.verticalScrollBar(), page.view.viewport().height()
    for turn in range(1, 5):
        bar.setValue(turn * height // 3)
    assert not rushed, "what was seen is still seen"
    bar.setValue(bar.value() + 5 * height)
    assert rushed == [1]


def test_what_is_not_asked_for_again_after_rushing_is_not_made(qtbot: QtBot) -> None:
    made: list[Hashable] = []
    stack = Stack(threads=1)
    stack.done.connect(lambda key, _result: made.append(key))
    stack.forget(rest=3600)
    stack.ask("rushed past", lambda: 1)
    stack.forget()
    stack.ask("looked at", lambda: 2)
    qtbot.waitUntil(lambda: made == ["looked at"])
    stack.stop()


def test_only_tiles_without_their_picture_are_painted_again(page: Any) -> None:
    page.view.viewport().repaint()
    late = page.view.itemDelegate().take_late()
    assert late == list(range(len(late))) and 10 < len(late) < 100, "there is no file, so all that are seen lack it"
    assert not page.view.itemDelegate().take_late(), "until they are painted again"


def test_groups_of_many_items_are_counted_in_a_job(page: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def counted(_self: Project) -> dict[str, dict[str, int]]:
        threads.append(threading.get_ident())
        return {"camera": {"old": 3, "new": 2}}

    monkeypatch.setattr(Project, "groups", counted)
    page.ctx.store.groups_changed.emit()
    qtbot.waitUntil(lambda: page.filter_bar.group_box.findText("camera: old (3)") >= 0)
    # Also when all have just been taken out: their groups are looked through all the same.
    monkeypatch.setattr(page.ctx.store.project, "counts", lambda: Counts(0, 0, 0, 0, {}, {}))
    page._groups_changed()
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threading.get_ident() not in threads


def test_all_are_labelled_in_a_job_and_taken_back(changed: Any, window: MainWindow, qtbot: QtBot) -> None:
    store, project = window.ctx.store, window.ctx.store.require()
    before = project.counts()
    changed.view.selectAll()
    changed.view.setFocus()
    qtbot.keyClick(changed.view, Qt.Key.Key_3)
    assert store.changing and store.undo_stack.canUndo()
    qtbot.waitUntil(lambda: not store.changing)
    assert project.counts().per_class == {3: SOME}
    qtbot.waitUntil(lambda: "8,000 with a label" in changed.subtitle.text())
    store.undo_stack.undo()
    qtbot.waitUntil(lambda: not store.changing)
    assert project.counts() == before
    # A change that follows at once waits for the long one, and comes after it.
    store.remove_items(project.item_ids())
    store.rename_class(1, "uno")
    assert project.counts().total == 0 and project.classes()[0].name == "uno"
    store.undo_stack.undo()
    store.undo_stack.undo()
    qtbot.waitUntil(lambda: not store.changing)
    assert project.counts() == before
    qtbot.waitUntil(lambda: changed.model.rowCount() == SOME and not changed.filling)


def test_a_long_change_is_whole_when_the_window_is_closed_at_once(
    changed: Any, window: MainWindow, fewer: Path
) -> None:
    store = window.ctx.store
    before = store.require().label_states(store.require().item_ids())
    store.set_label(list(before), 2)
    assert store.changing
    store.close()
    with Project.open(fewer) as project:
        assert project.counts().per_class == {2: SOME}
        project.restore_labels(before)


def test_the_list_that_was_asked_for_last_is_shown(page: Any, qtbot: QtBot) -> None:
    page.filter_bar.show_box.setCurrentIndex(1)
    page.filter_bar.show_box.setCurrentIndex(2)
    page.filter_bar.show_box.setCurrentIndex(1)
    assert page.filling
    qtbot.waitUntil(lambda: not page.filling)
    assert page.model.rowCount() == COUNT // 4
    page.filter_bar.order_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: not page.filling)
    assert page.model.item_at(1).name == "picture 100"
    page.filter_bar.clear()
    page.filter_bar.order_box.setCurrentIndex(0)
    qtbot.waitUntil(lambda: page.model.rowCount() == COUNT and not page.filling)


def test_the_first_window_brings_no_learning_library(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "workbench"], capture_output=True, text=True, check=False, timeout=100,
        env=os.environ | {PROBE_VARIABLE: "1", "QT_QPA_PLATFORM": "offscreen", "WORKBENCH_HOME": str(tmp_path)},
    )  # fmt: skip
    assert "interactive torch_imported=False" in done.stdout
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "import time:" in line
    }
    assert "PySide6" in imported
    assert not imported & {"torch", "transformers", "timm", "onnxruntime", "cv2", "pyqtgraph", "numpy", "PIL"}
