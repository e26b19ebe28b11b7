"""Areas in the window: results beside the truth, on the Try page, and while a model learns."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.data.types import ItemPrediction, RunRecord, Split
from workbench.engine.events import SamplePredicted
from workbench.gui.main_window import MainWindow
from workbench.gui.theme import theme
from workbench.gui.widgets.report_dialog import ReportDialog
from workbench.gui.widgets.train_live import SampleTile
from workbench.tasks.masks import truth_map
from workbench.tasks.pictures import as_png
from workbench.tasks.predictions import Mask, thumbnail_record, to_record

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
import shapes_set  # noqa: E402

LEFT = Qt.MouseButton.LeftButton
CLASSES = ("circle", "star")
LABELS = ("background", *CLASSES)


def mask_of(values: np.ndarray, **more: Any) -> Mask:
    shares = tuple(float((values == i).mean()) for i in range(len(LABELS)))
    return Mask(as_png(values.astype(np.uint8)), values.shape[1], values.shape[0], LABELS, shares, **more)


@pytest.fixture
def judged(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Project:
    """A project with a finished training: right on the first test picture, nothing on the second, all “circle” on the third."""
    store = window.ctx.store
    project = store.create(tmp_path / "shapes", "shapes", "semantic-segmentation")
    items = shapes_set.new_items(tmp_path / "pictures", 3, marks="regions", classes=CLASSES, size=(80, 60))
    project.add_items([replace(i, split=Split.TEST) for i in items])
    names = {c.id: c.name for c in project.classes()}
    said = []
    for number, item in enumerate(project.split_items(Split.TEST)):
        marks = project.annotations(item.id)
        truth = truth_map(marks, [1 + CLASSES.index(names[a.class_id or 0]) for a in marks], 80, 60)
        answer = (truth, np.zeros_like(truth), np.ones_like(truth))[number]
        said.append(ItemPrediction(item.id, Split.TEST, "", "", (), to_record(mask_of(answer))))
    folder = project.runs_folder / "r1"
    folder.mkdir(parents=True)
    config = {"classes": list(CLASSES), "model": "area-starter", "how": "quick", "seed": 0}
    metrics = {"model_id": "gone", "n": 3, "score": 0.5, "metric": "mean overlap"}
    project.save_run(RunRecord("r1", "my run", "done", "2026-01-01T00:00", config, metrics, folder))
    project.save_predictions("r1", said)
    store.runs_changed.emit()
    return project


def test_results_show_truth_answer_and_difference(window: MainWindow, judged: Project, qtbot: QtBot) -> None:
    window.show_page("results", {"run_id": "r1"})
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.evaluation is not None and page.evaluation.n == 3, timeout=20_000)
    assert [page.tabs.tabText(i) for i in range(3)] == ["Class by class", "Least right (3)", "What was taken for what"]
    view = page._views["mask"]
    table = view.table
    assert [table.item(r, 0).text() for r in range(3)] == ["nothing", *CLASSES]
    score = page.evaluation.per_class[1]
    assert table.item(1, 1).text() == f"{score.iou:.0%}" and table.item(1, 5).text() == f"{score.share_true:.1%}"
    assert "covers" in page.sentence.text() and page.number.text() == f"{page.evaluation.mean_iou:.0%}"
    assert view.confusion.item(0, 0).text().endswith("%") and view.confusion.verticalHeaderItem(1).text() == "is circle"
    page.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(view.pictures._delegate.layers) == 3, timeout=20_000)
    worst = page.evaluation.worst()
    listed = [view.pictures.list.item(r).data(Qt.ItemDataRole.AccessibleTextRole) for r in range(3)]
    assert "overlap 0%" in listed[0] and "overlap 100%" in listed[2]
    # The best one: truth and answer are drawn alike, and all of the difference is right.
    layers = view.pictures._delegate.layers[worst[-1]]
    assert layers.truth == layers.said
    seen = {layers.difference.pixelColor(x, y).name() for x in range(80) for y in range(60) if layers.difference.pixelColor(x, y).alpha()}  # fmt: skip
    assert seen == {"#0072b2"}
    colours = {c.name: c.colour for c in judged.classes()}
    drawn = {layers.truth.pixelColor(x, y).name() for x in range(80) for y in range(60) if layers.truth.pixelColor(x, y).alpha()}  # fmt: skip
    assert drawn <= set(colours.values()) and drawn
    before = view.pictures.list.viewport().grab().toImage()
    view.pictures.slider.setValue(0)
    qtbot.waitUntil(lambda: view.pictures.list.viewport().grab().toImage() != before)
    went: list[Any] = []
    window.ctx.go = lambda page_id, **intent: went.append((page_id, intent))  # type: ignore[method-assign]
    view.pictures.list.setCurrentRow(1)
    qtbot.mouseClick(view.pictures.show_item, LEFT)
    view.pictures.list.itemActivated.emit(view.pictures.list.item(0))
    assert [(p, i["item_ids"]) for p, i in went] == [("data", [worst[1]]), ("data", [worst[1]])]
    for widget in (table, view.confusion, view.pictures.list, view.pictures.slider):
        assert widget.accessibleName()
    theme().set_choice("dark")  # drawn again in the other colours
    qtbot.wait(50)
    theme().set_choice("light")


def test_the_report_of_areas_is_saved(window: MainWindow, judged: Project, qtbot: QtBot, tmp_path: Path) -> None:
    window.show_page("results", {"run_id": "r1"})
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.evaluation is not None and page.evaluation.n == 3, timeout=20_000)
    make = window.findChild(QPushButton, "make-report")
    assert make is not None
    qtbot.mouseClick(make, LEFT)
    dialog = window.findChild(ReportDialog)
    assert dialog is not None
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.pdf.setChecked(False)
    assert dialog.explanations.isHidden()  # there is no way to explain areas
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: page.banner.isVisible() and "The report is in the folder" in page.banner.text.text())
    (file,) = (tmp_path / "out").iterdir()
    text = file.read_text(encoding="utf-8")
    assert "mean overlap" in text and "Where it fails" in text and text.count("data:image/png;base64,") == 2
    assert sum(score < 1 for score in page.evaluation.scores.values()) == 2  # of three pictures


@pytest.fixture
def mine(window: MainWindow) -> str:
    """A model of one's own, taught nothing much: its areas are chance."""
    from workbench.app_paths import app_paths
    from workbench.hub.store import files
    from workbench.runtimes.folder import save_folder
    from workbench.runtimes.registry import open_model

    card = window.ctx.catalog.get("area-starter")
    model: Any = open_model(card, files(card))
    model.set_classes(CLASSES, seed=3)
    folder = app_paths().models / "mine"
    own = replace(card, id="mine", name="mine", tasks=card.trainable_for, label_names=CLASSES, starter=False,
                  created="2026-01-01", source=replace(card.source, kind="folder", ref=str(folder)))  # fmt: skip
    save_folder(model, own, folder)
    window.ctx.catalog.refresh()
    return "mine"


def test_areas_are_shown_hidden_and_saved(window: MainWindow, mine: str, qtbot: QtBot, tmp_path: Path) -> None:
    picture = shapes_set.write(tmp_path / "pictures", 1, classes=CLASSES, size=(96, 64))[0][0]
    window.show_page("try", {"model_id": mine})
    page: Any = window.page("try")
    page.try_paths([str(picture)])
    qtbot.waitUntil(lambda: page._result is not None and isinstance(page._result.prediction, Mask), timeout=60_000)
    mask: Mask = page._result.prediction
    part = page.view.areas
    present = mask.present()
    assert present and part.list.rowCount() == len(present)
    value, name, share = present[0]
    assert part.list.item(0, 0).text() == name
    assert part.list.item(0, 1).text() == f"{share:.1%}" and part.list.item(0, 2).text() == f"{mask.points(share):,}"
    canvas = page.input.picture

    def covered() -> int:
        overlay: QImage = canvas._overlay
        return sum(
            overlay.pixelColor(x, y).alpha() > 0 for x in range(overlay.width()) for y in range(overlay.height())
        )

    qtbot.waitUntil(lambda: covered() == sum(mask.points(s) for _v, _n, s in present), timeout=10_000)
    part.list.item(0, 0).setCheckState(Qt.CheckState.Unchecked)
    assert part.hidden() == {value}
    qtbot.waitUntil(lambda: covered() == sum(mask.points(s) for _v, _n, s in present[1:]), timeout=10_000)
    part.slider.setValue(20)
    assert canvas._opacity == pytest.approx(0.2)
    assert not page.correct.isVisible()  # a class of the whole picture is not what is asked here
    for ending in (".png", ".csv", ".json"):
        page.view.ask_path = lambda _endings, e=ending: str(tmp_path / f"areas{e}")
        qtbot.mouseClick(page.view.save, LEFT)
        qtbot.waitUntil(lambda e=ending: (tmp_path / f"areas{e}").is_file())
    with Image.open(tmp_path / "areas.png") as saved, Image.open(io.BytesIO(mask.png)) as given:
        assert saved.mode == "P" and (np.asarray(saved) == np.asarray(given)).all()
    rows = list(csv.DictReader((tmp_path / "areas.csv").open(encoding="utf-8-sig", newline="")))
    assert [r["area"] for r in rows] == [n for _v, n, _s in present]
    qtbot.mouseClick(page.view.copy, LEFT)
    from PySide6.QtWidgets import QApplication

    assert "square pixels" in QApplication.clipboard().text()


def test_a_live_sample_shows_its_areas(window: MainWindow, judged: Project, qtbot: QtBot) -> None:
    item = judged.split_items(Split.TEST)[0]
    tile = SampleTile(window.ctx)
    qtbot.addWidget(tile)
    tile.resize(300, 84)
    tile.show()
    assert item.path is not None
    qtbot.waitUntil(lambda: window.ctx.thumbnails.pixmap(item.path) is not None, timeout=10_000)

    def sample(values: np.ndarray) -> SamplePredicted:
        mask = mask_of(values, sure=(0.9, 0.8, 0.7))
        return SamplePredicted(1, item.id, "circle", mask.summary(), mask.certainty, True, thumbnail_record(mask))

    tile.show_sample(item, sample(np.zeros((60, 80))))
    plain = tile.grab().toImage()
    tile.show_sample(item, sample(np.ones((60, 80))))
    covered = tile.grab().toImage()
    point = 41, 42  # the middle of the thumbnail
    blue = QColor("#0072b2")
    before, after = plain.pixelColor(*point), covered.pixelColor(*point)
    for channel in ("red", "green", "blue"):
        wanted = 0.4 * getattr(before, channel)() + 0.6 * getattr(blue, channel)()
        assert abs(getattr(after, channel)() - wanted) < 12
    # A record of a newer version is told in words alone.
    tile.show_sample(item, replace(sample(np.ones((60, 80))), record={"kind": "mask", "png": 3}))
    assert tile.grab().toImage().pixelColor(*point) == before


def test_training_areas_is_offered_offline(window: MainWindow, judged: Project, qtbot: QtBot) -> None:
    window.show_page("train")
    page: Any = window.page("train")
    setup = page.setup
    qtbot.waitUntil(lambda: setup.models.count() > 0, timeout=10_000)
    assert setup.models.currentItem().data(Qt.ItemDataRole.UserRole).id == "area-starter"
    setup.show_step(3)
    words = " ".join(w.text() for w in setup.stack.currentWidget().findChildren(QLabel))
    assert "Colours areas of pictures: circle, star" in words
