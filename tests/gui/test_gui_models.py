"""The Models, Storage and Try pages as a person uses them: with a hub on loopback, by clicks, keys and drops."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QMessageBox, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.architecture_dialog import ArchitectureDialog
from workbench.gui.widgets.endpoint_dialog import EndpointDialog
from workbench.gui.widgets.find_dialog import FindDialog
from workbench.hub import net_settings
from workbench.hub.cache import Stored
from workbench.hub.store import is_present
from workbench.tasks.predictions import Boxes, Forecast, Mask, Picture, Scores, Span, Text, Vector

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "catalog")]
from hub_server import Hub, serving  # noqa: E402
from small_copies import served  # noqa: E402

LEFT = Qt.MouseButton.LeftButton
PHOTO = resources() / "samples" / "try" / "china.jpg"
Drop = Callable[..., None]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as running:
        for name in ("WORKBENCH_TORCHVISION_URL", "HF_ENDPOINT", "WORKBENCH_URL_BASE"):
            monkeypatch.setenv(name, running.url)
        yield running


def button(owner: Any, name: str) -> QPushButton:
    """The visible button of this name; what is just being built anew is waited for."""
    for _ in range(60):
        QApplication.processEvents()
        found = [b for b in owner.findChildren(QPushButton, name) if b.isVisible()]
        if found:
            return found[-1]
        QTest.qWait(50)
    raise AssertionError(f"no button {name}")


def yes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    def question(_parent: Any, _title: str, text: str, *_more: Any) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "question", question)
    return asked


@pytest.fixture
def models(window: MainWindow) -> Any:
    window.show_page("models")
    return window.page("models")


def put_in_catalogue(window: MainWindow, card: ModelCard) -> None:
    """The catalogue's entry with the size and hash of the small copy the hub serves."""
    catalog = window.ctx.catalog
    catalog._bundled = [card if c.id == card.id else c for c in catalog._bundled]


def test_a_look_at_the_disk_leaves_what_is_selected(window: MainWindow, models: Any, qtbot: QtBot) -> None:
    """It comes by itself when a job ends; the person may be about to press a button."""
    window.show_page("storage")
    storage: Any = window.page("storage")
    qtbot.waitUntil(lambda: not window.ctx.jobs.running())
    rows = [
        Stored(name, name, "model", Path(name), size) for name, size in (("apple", 30), ("berry", 20), ("cherry", 10))
    ]
    storage._came((rows, 10**9))
    storage.table.selectRow(1)
    storage._came(([replace(row, pinned=True) for row in rows], 10**9))
    assert [s.id for s in storage.chosen()] == ["berry"] and storage.chosen()[0].pinned
    storage.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert [s.id for s in storage.model.rows] == ["cherry", "berry", "apple"]
    storage.table.selectRow(0)
    storage.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert [s.id for s in storage.model.rows] == ["apple", "berry", "cherry"]
    assert [s.id for s in storage.chosen()] == ["cherry"]
    storage._came((rows[1:], 10**9))
    assert [s.id for s in storage.model.rows] == ["berry", "cherry"] and [s.id for s in storage.chosen()] == ["cherry"]
    assert button(storage, "stored-delete").isEnabled()


def test_a_detector_goes_from_download_to_boxes(
    window: MainWindow, models: Any, hub: Hub, qtbot: QtBot, drop: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = served(window.ctx.catalog.get("yolov3-tiny"), hub, tmp_path / "copy")
    put_in_catalogue(window, card)
    models.select("yolov3-tiny")
    hub.slow = 0.3  # time enough to press a button
    qtbot.mouseClick(button(models, "model-download"), LEFT)
    qtbot.waitUntil(lambda: any(b.isVisible() for b in models.findChildren(QPushButton, "download-pause")))
    qtbot.waitUntil(lambda: (e := window.ctx.downloads.entry("yolov3-tiny")) is not None and e.done_bytes > 0)
    qtbot.mouseClick(button(models, "download-pause"), LEFT)
    qtbot.waitUntil(lambda: window.ctx.downloads.entry("yolov3-tiny").state == "paused")  # type: ignore[union-attr]
    hub.slow = 0.0
    qtbot.waitUntil(lambda: any(b.isVisible() for b in models.findChildren(QPushButton, "download-resume")))
    qtbot.mouseClick(button(models, "download-resume"), LEFT)
    qtbot.waitUntil(lambda: is_present(card), timeout=20_000)
    qtbot.waitUntil(lambda: any(b.isVisible() for b in models.findChildren(QPushButton, "model-try")))
    qtbot.mouseClick(button(models, "model-try"), LEFT)
    trying: Any = window.page("try")
    assert trying.tasks.task.info.id == "object-detection"
    drop(trying.input.drop, [PHOTO])
    qtbot.waitUntil(lambda: isinstance(trying.view.prediction, Boxes), timeout=60_000)
    trying.view.boxes.slider.setValue(5)
    shown = len(trying.input.picture._boxes)
    assert shown == len(trying.view.prediction.above(0.05))
    window.show_page("storage")
    storage: Any = window.page("storage")
    qtbot.waitUntil(lambda: [s.id for s in storage.model.rows] == ["yolov3-tiny"], timeout=10_000)
    storage.table.selectRow(0)
    qtbot.mouseClick(button(storage, "stored-pin"), LEFT)
    qtbot.waitUntil(lambda: storage.model.rows[0].pinned, timeout=10_000)
    asked = yes(monkeypatch)
    storage.table.selectRow(0)
    qtbot.mouseClick(button(storage, "stored-delete"), LEFT)
    qtbot.waitUntil(lambda: not storage.model.rows, timeout=10_000)
    assert "YOLOv3 tiny" in asked[0] and not is_present(card)


def test_a_model_found_online_is_fetched_and_kept(
    window: MainWindow, models: Any, hub: Hub, qtbot: QtBot, tmp_path: Path
) -> None:
    card = window.ctx.catalog.get("distilbert-sst2")
    served(replace(card, source=replace(card.source, ref="anna/film-mood")), hub, tmp_path / "copy")
    repo = hub.repos["anna/film-mood"]
    repo.pipeline_tag, repo.parameters = "text-classification", {"F32": 5000}
    qtbot.keyClicks(models.search, "film")
    qtbot.mouseClick(button(models, "search-online"), LEFT)
    qtbot.waitUntil(lambda: models.count.text() == "1 model online", timeout=10_000)
    assert "Nobody checked them" in models.banner.text.text()
    qtbot.waitUntil(lambda: models.detail.card is not None and models.detail.card.id == "hub:anna/film-mood")
    qtbot.mouseClick(button(models, "model-download"), LEFT)
    qtbot.waitUntil(lambda: any(c.id == "hub:anna/film-mood" for c in window.ctx.catalog.cards()), timeout=10_000)
    qtbot.waitUntil(lambda: is_present(window.ctx.catalog.get("hub:anna/film-mood")), timeout=20_000)
    window.show_page("try", {"model_id": "hub:anna/film-mood"})
    trying: Any = window.page("try")
    qtbot.keyClicks(trying.text, "a good film")
    qtbot.waitUntil(lambda: isinstance(trying.view.prediction, Scores), timeout=30_000)
    assert {s.name for s in trying.view.prediction.top} == {"LABEL_0", "LABEL_1"}


def test_pickles_and_dead_servers_are_told(
    window: MainWindow, models: Any, hub: Hub, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    import torch
    from safetensors.torch import load

    card = served(window.ctx.catalog.get("roberta-squad2"), hub, tmp_path / "copy")
    repo = hub.repos[card.source.ref]
    stream = io.BytesIO()
    torch.save(load(repo.files.pop("model.safetensors")), stream)
    repo.files["pytorch_model.bin"] = stream.getvalue()
    asked = yes(monkeypatch)
    models.select("roberta-squad2")
    qtbot.mouseClick(button(models, "model-download"), LEFT)
    qtbot.waitUntil(lambda: is_present(card), timeout=60_000)
    assert "old file format" in asked[0]
    models.select("gpt2")
    qtbot.mouseClick(button(models, "model-download"), LEFT)
    qtbot.waitUntil(lambda: "not found on its server" in models.banner.text.text(), timeout=60_000)


def test_find_me_a_model_in_three_answers(window: MainWindow, models: Any, qtbot: QtBot) -> None:
    qtbot.mouseClick(button(models, "find-model"), LEFT)
    dialog = window.findChild(FindDialog)
    assert dialog is not None
    dialog.goes_in.setCurrentIndex(dialog.goes_in.findData("text"))
    places = range(dialog.comes_out.count())
    dialog.comes_out.setCurrentIndex(next(i for i in places if dialog.comes_out.itemData(i)[0] == "translation"))
    dialog.matters.setCurrentIndex(dialog.matters.findData("size"))
    first: Any = dialog._places.itemAt(0).widget()
    wanted = first.accessibleName()
    qtbot.mouseClick(first, LEFT)
    assert models.current is not None and models.current.name == wanted and "translation" in models.current.tasks


def test_models_are_measured_on_the_open_project(
    window: MainWindow, models: Any, qtbot: QtBot, digits_folder: Callable[..., Path]
) -> None:
    from workbench.data.importers import sniff
    from workbench.engine.journey import project_from_plan

    project, _ = project_from_plan(sniff([digits_folder(("one", "two"), 15)]))
    folder = project.folder
    project.close()
    window.open_project(folder)
    qtbot.mouseClick(button(models, "find-model"), LEFT)
    dialog = window.findChild(FindDialog)
    assert dialog is not None and dialog.measured.isVisible()
    qtbot.mouseClick(dialog.measure, LEFT)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 1 and dialog.measure.isEnabled(), timeout=60_000)
    item = dialog.table.item(0, 0)
    assert item is not None and item.text() == "Picture starter"
    right = dialog.table.item(0, 1)
    assert right is not None and right.text().endswith("%") and int(right.text()[:-1]) > 50
    assert "never on your test items" in dialog.state.text()
    dialog.accept()


def test_how_a_model_is_built(window: MainWindow, models: Any, qtbot: QtBot) -> None:
    models.select("mobilenet-v3-small")
    qtbot.mouseClick(button(models, "model-built"), LEFT)
    dialog = window.findChild(ArchitectureDialog)
    assert dialog is not None
    tree: QTreeWidget = dialog.tree
    qtbot.waitUntil(lambda: tree.topLevelItemCount() == 1, timeout=60_000)
    top = tree.topLevelItem(0)
    assert top is not None and top.text(2) == "2,542,856" and top.childCount() > 1
    dialog.accept()


def test_a_hosted_model_is_connected_with_a_warning_and_sends_nothing_unasked(
    window: MainWindow, models: Any, hub: Hub, qtbot: QtBot
) -> None:
    models._connect()
    dialog = window.findChild(EndpointDialog)
    assert dialog is not None
    dialog.name.setText("My server")
    dialog.address.setText("http://example.org/v1")
    qtbot.mouseClick(dialog.ok, LEFT)
    assert "not a safe address" in dialog.banner.text.text()
    dialog.address.setText(f"{hub.url}/v1")
    qtbot.mouseClick(dialog.ok, LEFT)
    assert models.current is not None and models.current.is_remote and models.current.is_own
    labels = [w.text() for w in models.detail.findChildren(QLabel)]
    assert any("what you enter is sent to" in text for text in labels)
    window.show_page("try", {"model_id": models.current.id})
    trying: Any = window.page("try")
    assert trying.remote.isVisible() and "leaves this computer" in trying.remote.text.text()
    qtbot.keyClicks(trying.text, "hello there")
    qtbot.wait(700)
    assert not hub.asked and trying.go.isVisible()
    qtbot.mouseClick(trying.go, LEFT)
    qtbot.waitUntil(lambda: bool(trying.banner.text.text()), timeout=10_000)
    assert [path for path, _, _ in hub.asked] == [] or "refused" in trying.banner.text.text()


def test_offline_mode_is_one_click(window: MainWindow, hub: Hub, qtbot: QtBot) -> None:
    window.show_page("storage")
    storage: Any = window.page("storage")
    box = storage.findChild(QCheckBox, "offline-mode")
    qtbot.mouseClick(box, LEFT, pos=_inside())
    assert net_settings.load().offline
    window.show_page("models")
    page: Any = window.page("models")
    page.select("resnet18")
    qtbot.mouseClick(button(page, "model-download"), LEFT)
    qtbot.waitUntil(lambda: "offline mode" in page.banner.text.text(), timeout=10_000)
    assert not hub.asked


def _inside() -> Any:
    from PySide6.QtCore import QPoint

    return QPoint(8, 10)


def test_a_file_of_ones_own_is_opened_and_predicts(
    window: MainWindow, models: Any, qtbot: QtBot, drop: Drop, tmp_path: Path
) -> None:
    import torch
    from torchvision.models import mobilenet_v3_small

    from workbench.gui.widgets.adopt_dialog import AdoptDialog

    torch.manual_seed(0)
    file = tmp_path / "leaves.pth"
    torch.save(mobilenet_v3_small(num_classes=3).state_dict(), file)
    drop(window, [file])
    qtbot.waitUntil(lambda: window.findChild(AdoptDialog) is not None, timeout=60_000)
    dialog = window.findChild(AdoptDialog)
    assert dialog is not None
    qtbot.mouseClick(dialog.ok, LEFT)
    qtbot.waitUntil(lambda: "3" in dialog.banner.text.text(), timeout=10_000)
    dialog.labels.setPlainText("oak\nbeech\nbirch")
    qtbot.mouseClick(dialog.ok, LEFT)
    qtbot.waitUntil(lambda: bool(window.ctx.catalog.own()), timeout=30_000)
    own = window.ctx.catalog.own()[0]
    window.show_page("try", {"model_id": own.id, "paths": [str(PHOTO)]})
    trying: Any = window.page("try")
    qtbot.waitUntil(lambda: isinstance(trying.view.prediction, Scores), timeout=30_000)
    assert {s.name for s in trying.view.prediction.top} == {"oak", "beech", "birch"}


# How predictions are drawn -------------------------------------------------------------------------------------------------


def test_every_kind_of_prediction_is_drawn_and_saved(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    from PIL import Image

    window.show_page("try")
    view: Any = window.page("try").view  # type: ignore[attr-defined]
    grey, colour = tmp_path / "m.png", tmp_path / "p.png"
    Image.new("L", (20, 10), 1).save(grey)
    Image.new("RGB", (20, 10), "red").save(colour)
    marked = Text("Ann met 👩‍🚀 Bo in Oslo", (Span(0, 3, "person", 0.9), Span(18, 22, "place", 0.8)), marked=True)
    for prediction, suffix in (
        (Mask(grey.read_bytes(), 20, 10, ("background", "cat"), (0.0, 1.0)), ".png"),
        (Picture(colour.read_bytes(), 20, 10), ".png"),
        (Vector((0.6, 0.8)), ".csv"),
        (
            Forecast(((1.0, 2.0, 3.0), (2.0, 3.0, 4.0)), ("2024-01", "2024-02"), (1.0, 1.5), ("2023-11", "2023-12")),
            ".csv",
        ),
        (Text("written words"), ".txt"),
        (marked, ".json"),
    ):
        view.show_prediction(prediction)
        assert view.stack.isVisible() and view.save.isVisible()
        target = tmp_path / f"answer{suffix}"
        view.ask_path = lambda _endings, t=target: str(t)
        qtbot.mouseClick(view.save, LEFT)
        qtbot.waitUntil(lambda t=target: t.is_file() and t.stat().st_size > 0)
        target.unlink()
    selections = view.text.view.extraSelections()
    assert [s.cursor.selectedText() for s in selections] == ["Ann", "Oslo"]
    view.show_prediction(Text("grow", finished=False))
    view.show_prediction(Text("growing words", finished=False))
    assert view.text.view.toPlainText() == "growing words" and not view.save.isVisible()


def test_searching_a_thousand_cards_is_instant(window: MainWindow, models: Any, qtbot: QtBot) -> None:
    """Not a timing (those are in benchmarks/models_page.py): the answer is right for every keystroke."""
    catalog = window.ctx.catalog
    first = catalog._bundled[0]
    catalog._bundled += [replace(first, id=f"made-{n}", name=f"Madeup {n}", starter=False) for n in range(1000)]
    for typed, count in (("madeup", 1000), (" 99", 19), ("9", 1)):
        qtbot.keyClicks(models.search, typed)
        qtbot.waitUntil(lambda count=count: models.cards.rowCount() == count)
