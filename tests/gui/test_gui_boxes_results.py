"""Results of finding things, as they are shown: mistakes by kind, their picture, and the curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from shapes_set import new_items

from workbench.data.project import Project
from workbench.data.types import ItemPrediction, RunRecord, Split
from workbench.gui.main_window import MainWindow
from workbench.tasks.predictions import Box, Boxes, to_record


@pytest.fixture
def judged(window: MainWindow, tmp_path: Path) -> Project:
    """Six pictures; the model misses one thing, calls one by another name and finds one that is not there."""
    project = Project.create(tmp_path / "p", "shapes", "object-detection")
    project.add_items(new_items(tmp_path / "pictures", 6, size=(320, 240)))
    names = {c.id: c.name for c in project.classes()}
    kept = []
    for number, item in enumerate(project.items(project.item_ids())):
        boxes = []
        for place, a in enumerate(project.annotations(item.id)):
            name = names[a.class_id or 0]
            if number == 0 and place == 0:
                continue
            if number == 1 and place == 0:
                name = next(n for n in names.values() if n != name)
            boxes.append(Box(a.shape.x0, a.shape.y0, a.shape.x1, a.shape.y1, name, 0.9))  # type: ignore[union-attr]
        if number == 2:
            boxes.append(Box(1, 1, 9, 9, next(iter(names.values())), 0.8))
        said = Boxes(tuple(boxes), item.width, item.height)
        kept.append(ItemPrediction(item.id, Split.TEST, "", "", (), to_record(said)))
    folder = project.runs_folder / "r1"
    folder.mkdir(parents=True, exist_ok=True)
    metrics = {"model_id": "mine", "score": 0.8, "metric": "mAP@.5", "n": 6}
    config = {"classes": list(names.values()), "task": "object-detection"}
    project.save_run(RunRecord("r1", "my run", "done", "2026-01-01T00:00", config, metrics, folder))
    project.save_predictions("r1", kept)
    window.ctx.store.adopt(project)
    return project


def test_every_kind_of_mistake_is_listed_and_shown(window: MainWindow, judged: Project, qtbot: QtBot) -> None:
    window.show_page("results", {"run_id": "r1"})
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.evaluation is not None and page.evaluation.kind == "boxes", timeout=20_000)
    view = page._views["boxes"]
    assert [view.kind.itemText(i) for i in range(3)] == [
        "Missed (1)", "Where nothing is (1)", "Taken for something else (1)",
    ]  # fmt: skip
    assert view.list.count() == 1 and "was missed" in view.list.item(0).text()
    qtbot.waitUntil(lambda: not view.scene._picture.isNull(), timeout=10_000)
    first = judged.items(judged.item_ids())[0]
    assert view.scene._scale == pytest.approx(view.scene._picture.width() / first.width)
    view.kind.setCurrentIndex(2)
    assert "was called" in view.list.item(0).text()
    page.tabs.setCurrentIndex(2)
    recall, precision, _score = zip(*page.evaluation.curve(), strict=True)
    drawn = view._plot.getPlotItem().listDataItems()[0].getData()
    assert list(drawn[0]) == list(recall) and list(drawn[1]) == list(precision)
    assert page.number.text() == f"{page.evaluation.headline()['score']:.0%}"
    view.open.click()
    assert window.current_page_id == "data"


def test_boxes_are_judged_by_group_too(window: MainWindow, judged: Project, qtbot: QtBot) -> None:
    ids = judged.item_ids()
    window.ctx.store.set_groups("place", {i: "ab"[n % 2] for n, i in enumerate(ids)})
    window.show_page("results", {"run_id": "r1"})
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: len(page.by_group.bars.rows) == 2)
    assert "too small to say" in page.by_group.sentence.text()
    assert page.by_group.rates.isHidden() and page.by_group.swap.isHidden()
    scores = page.evaluation.per_item()
    row = page.by_group.bars.rows[0]
    assert row.verdict() == "too few to say"
    assert row.score.score == pytest.approx(sum(scores[i] for i in row.score.ids) / 3)
