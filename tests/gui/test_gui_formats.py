"""Sets with boxes and areas by drops and menus: the import dialog, what does not fit, and the Export menu."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from workbench.data.importers import sniff
from workbench.engine import journey
from workbench.gui.main_window import MainWindow
from workbench.gui.pages import data_page
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.tasks import registry
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).parent.parent / "data"))

from marked_sets import make_picture

Drop = Callable[..., None]


@dataclass
class Named:
    """A task in so far as the window asks here."""

    info: Any

    def check(self, project: object) -> None:
        return None


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding things and areas stand as they are taught, whatever this version can teach; no editor is opened."""
    found = dict(registry._tasks())
    for task_id, editor in (("object-detection", "boxes"), ("semantic-segmentation", "regions")):
        found[task_id] = Named(replace(get_task(task_id).info, editor=editor, trainable=True))  # type: ignore[assignment]
    monkeypatch.setattr(registry, "_tasks", lambda: found)
    known = [found["semantic-segmentation"], found["object-detection"], found["image-classification"]]
    monkeypatch.setattr(journey, "trainable_tasks", lambda: known)
    monkeypatch.setattr(data_page, "get_trainable", lambda task_id: found[task_id])


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    folder = tmp_path / "street"
    for name in ("a", "b", "c"):
        make_picture(folder / "images" / f"{name}.png")
    outline = [[5, 5, 40, 5, 40, 30]]
    given = {
        "images": [{"id": n, "file_name": f"{name}.png", "width": 64, "height": 48} for n, name in enumerate(("a", "b", "gone"))],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 1, "bbox": [5, 5, 35, 25], "segmentation": outline},
            {"id": 2, "image_id": 1, "category_id": 2, "bbox": [60, 40, 30, 30]},
        ],
        "categories": [{"id": 1, "name": "car"}, {"id": 2, "name": "sign"}],
    }  # fmt: skip
    (folder / "set.json").write_text(json.dumps(given))
    return folder


def drop_set(window: MainWindow, qtbot: QtBot, drop: Drop, folder: Path) -> ImportDialog:
    window.ctx.go("data")
    page = window.page("data")
    page.import_paths([str(folder)])
    qtbot.waitUntil(lambda: bool(page.findChildren(ImportDialog)), timeout=20_000)
    return page.findChildren(ImportDialog)[0]


def actions(menu: Any) -> dict[str, QAction]:
    menu.fill()
    return {a.text().removesuffix(" …"): a for a in menu.actions() if a.text()}


def test_the_import_dialog_shows_what_is_in_a_set_and_what_is_odd(
    window: MainWindow, qtbot: QtBot, drop: Drop, coco: Path
) -> None:
    dialog = drop_set(window, qtbot, drop, coco)
    assert dialog.summary.text() == "COCO: 3 pictures with 1 box and 1 outlined area of 2 kinds: car, sign."
    words = dialog.banner.text.text()
    assert (
        "1 label reached over the edge" in words and "1 thing is left out: gone.png: The picture is not there." in words
    )
    toggle = dialog.findChild(QPushButton, "import-oddities")
    assert toggle.text() == "Show the 2 oddities one by one"
    toggle.click()
    listed = dialog.findChild(QPushButton, "import-oddities").parent().list
    assert not listed.isHidden() and toggle.text().startswith("Hide")
    assert [listed.item(n).text().split(".")[0] for n in range(2)] == ["Left out", "Mended"]
    # The choice of what it shall learn says what is lost by it.
    assert "become the boxes around them" not in words
    dialog.task.setCurrentIndex(dialog.task.findData("object-detection"))
    assert "become the boxes around them" in dialog.banner.text.text()
    dialog.accept()
    qtbot.waitUntil(lambda: window.ctx.store.project is not None, timeout=20_000)
    project = window.ctx.store.require()
    qtbot.waitUntil(lambda: project.counts().total == 3, timeout=20_000)
    assert project.task_id == "object-detection" and project.counts().labelled == 2
    assert [c.name for c in project.classes()] == ["car", "sign"]
    page = window.page("data")
    qtbot.waitUntil(lambda: "gone.png" in page.banner.text.text(), timeout=20_000)


def test_what_is_exported_can_be_dropped_again(
    window: MainWindow, qtbot: QtBot, drop: Drop, coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = drop_set(window, qtbot, drop, coco)
    dialog.accept()
    qtbot.waitUntil(lambda: window.ctx.store.project is not None, timeout=20_000)
    page = window.page("data")
    menu = page.export.menu()
    offered = actions(menu)
    assert "COCO (JSON)" in offered and "Masks (PNG with numbers)" in offered
    assert "A folder per class" not in offered and "Labels as a table (CSV)" in offered
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(tmp_path))
    offered["COCO (JSON)"].trigger()
    made = tmp_path / "street coco"
    qtbot.waitUntil(made.is_dir, timeout=20_000)
    qtbot.waitUntil(lambda: "2 written to" in page.banner.text.text(), timeout=20_000)
    assert "1 picture: It is not done yet and is left out." in page.banner.text.text()
    assert sniff([made]).label_counts == {"car": 1, "sign": 1}
    assert len(list((made / "images").glob("*.png"))) == 2
    # Again, without copies: another folder, which names the pictures where they lie.
    offered = actions(menu)
    offered["Copy the pictures along"].trigger()
    actions(menu)["COCO (JSON)"].trigger()
    again = tmp_path / "street coco 2"
    qtbot.waitUntil(again.is_dir, timeout=20_000)
    assert not (again / "images").exists()
    assert str(coco / "images" / "a.png") in (again / "annotations" / "instances_default.json").read_text()


def test_a_set_that_does_not_fit_the_open_project_offers_a_new_one(
    window: MainWindow, qtbot: QtBot, drop: Drop, coco: Path, digits_folder: Callable[..., Path]
) -> None:
    drop(window, [digits_folder(("one", "two"), 3)])
    qtbot.waitUntil(lambda: window.ctx.store.project is not None, timeout=20_000)
    page = window.page("data")
    offered = actions(page.export.menu())
    assert set(offered) == {"Labels as a table (CSV)", "A folder per class", "Leave out personal data"}
    page.import_paths([str(coco)])
    qtbot.waitUntil(lambda: "of another kind" in page.banner.text.text(), timeout=20_000)
    assert not page.findChildren(ImportDialog)
