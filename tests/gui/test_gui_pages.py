"""The pages by clicks, keys and drops: data, try, use, models, train."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QItemSelectionModel, QMimeData, Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.data.types import ItemFilter, NewItem, RunRecord
from workbench.engine.events import How
from workbench.engine.fit import fit, new_config
from workbench.gui.main_window import MainWindow
from workbench.gui.models.item_model import ItemModel
from workbench.gui.widgets.correct_dialog import CorrectDialog
from workbench.gui.widgets.import_dialog import ImportDialog

LEFT = Qt.MouseButton.LeftButton
CHINA = resources() / "samples" / "try" / "china.jpg"
Drop = Callable[..., None]
Digits = Callable[..., Path]


def open_digits(window: MainWindow, qtbot: QtBot, drop: Drop, folder: Path) -> Any:
    """Drop a folder of digits on the window; gives the Data page."""
    drop(window, [folder])
    qtbot.waitUntil(lambda: window.current_page_id == "data", timeout=20_000)
    return window.page("data")


# Data ----------------------------------------------------------------------------------------------------------------


def test_classes_by_hand_and_everything_undone(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits
) -> None:
    page = open_digits(window, qtbot, drop, digits_folder(("one", "two"), 4))
    project = window.ctx.store.require()
    stack = window.ctx.store.undo_stack
    qtbot.keyClicks(page.classes.new_name, "neither")
    qtbot.keyClick(page.classes.new_name, Qt.Key.Key_Return)
    assert [c.name for c in project.classes()] == ["one", "two", "neither"]
    one, two, neither = project.classes()
    page.view.selectAll()
    page.view.setFocus()
    qtbot.keyClicks(page.view, "3")
    assert project.counts().per_class == {neither.id: 8}
    assert page.classes.list.item(2).data(Qt.ItemDataRole.UserRole + 2) == 8
    qtbot.keyClick(page.view, Qt.Key.Key_Delete)
    assert project.counts().total == 0
    stack.undo()
    stack.undo()
    assert project.counts().per_class == {one.id: 4, two.id: 4}
    window.ctx.store.rename_class(one.id, "uno")
    window.ctx.store.merge_classes(two.id, one.id)
    assert project.counts().per_class == {one.id: 8}
    window.ctx.store.remove_class(one.id)
    assert project.counts().labelled == 0
    while stack.canUndo():
        stack.undo()
    assert [c.name for c in project.classes()] == ["one", "two"]
    assert project.counts().per_class == {one.id: 4, two.id: 4}
    while stack.canRedo():
        stack.redo()
    assert project.counts().labelled == 0 and [c.name for c in project.classes()] == ["neither"]


def test_items_dropped_on_a_class_are_labelled(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits
) -> None:
    page = open_digits(window, qtbot, drop, digits_folder(("one", "two"), 3))
    project = window.ctx.store.require()
    mime = page.model.mimeData([page.model.index(0), page.model.index(1)])
    assert len(mime.urls()) == 2, "pictures can be dragged to other programs"
    two = project.classes()[1]
    rect = page.classes.list.visualItemRect(page.classes.list.item(1))
    drop(page.classes.list.viewport(), mime, rect.center())
    assert project.counts().per_class[two.id] == 5


def test_suggestions_are_accepted_with_enter(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits
) -> None:
    page = open_digits(window, qtbot, drop, digits_folder(("one", "zero"), 10))
    project = window.ctx.store.require()
    ids = project.item_ids()
    window.ctx.store.set_label(ids[6:10] + ids[16:], None)
    qtbot.mouseClick(page.suggest, LEFT)
    qtbot.waitUntil(lambda: project.suggestions_count() == 8, timeout=60_000)
    qtbot.waitUntil(lambda: page.model.rowCount() == 8)
    scores = [page.model.item_at(row).suggestion_score for row in range(8)]
    assert scores == sorted(scores)
    first = page.model.item_at(0)
    qtbot.keyClick(page.view, Qt.Key.Key_Return)
    assert project.item(first.id).class_id == first.suggestion
    assert page.view.currentIndex().row() == 1


def test_a_table_lets_columns_be_chosen_and_tells_broken_rows(
    window: MainWindow, qtbot: QtBot, drop: Drop, tmp_path: Path
) -> None:
    table = tmp_path / "t.jsonl"
    rows = [
        f'{{"title": "title {n} of it", "words": "the words of row {n} are these", "kind": "k{n % 2}"}}'
        for n in range(6)
    ]
    table.write_text("\n".join([*rows, "rubbish"]))
    window.show_page("data")
    drop(window, [table])
    dialogs: list[ImportDialog] = []

    def asked() -> bool:
        dialogs[:] = [d for d in window.findChildren(ImportDialog) if d.isVisible()]
        return bool(dialogs)

    qtbot.waitUntil(asked, timeout=10_000)
    dialog = dialogs[0]
    assert "1 row or file cannot be used" in dialog.banner.text.text()
    dialog.label_column.setCurrentText("words")
    assert not dialog.ok.isEnabled() or dialog.content.currentText() != "words"
    dialog.content.setCurrentText("title")
    dialog.label_column.setCurrentText("kind")
    qtbot.mouseClick(dialog.ok, LEFT)
    qtbot.waitUntil(lambda: window.ctx.store.project is not None, timeout=10_000)
    project = window.ctx.store.require()
    assert project.items(project.item_ids())[0].text == "title 0 of it"
    page = window.page("data")
    qtbot.waitUntil(lambda: "row 7" in page.banner.text.text())  # type: ignore[attr-defined]


def test_the_list_reads_only_what_is_painted(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    project = window.ctx.store.create(tmp_path / "big", "big", "text-classification")
    with project._store.transaction() as sql:
        sql.executemany(
            "INSERT INTO items (kind, name, copied, text, content_hash) VALUES ('text', ?, 0, ?, ?)",
            [(f"n{n}", f"text number {n}", f"h{n}") for n in range(100_000)],
        )
    model = ItemModel(window.ctx.store)
    asked: list[int] = []
    real = project.items

    def items(ids: Any) -> Any:
        if threading.current_thread() is threading.main_thread():  # jobs that look at the data may read all of it
            asked.append(len(ids))
        return real(ids)

    project.items = items  # type: ignore[method-assign]
    model.show_ids(project.item_ids())
    assert model.rowCount() == 100_000 and asked == []
    assert model.data(model.index(70_000)).startswith("text number 70000")
    for row in range(70_000, 70_020):
        model.data(model.index(row))
    assert sum(asked) <= 256
    window.show_page("data")
    window.ctx.store.items_changed.emit()
    qtbot.waitUntil(lambda: window.page("data").model.rowCount() == 100_000)  # type: ignore[attr-defined]
    assert sum(asked) < 2000


# Try -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def trying(window: MainWindow) -> Any:
    window.show_page("try")
    return window.page("try")


def best(window: MainWindow) -> str:
    found = window.findChild(QLabel, "best-answer")
    assert found is not None
    return found.text() if found.isVisible() else ""


def test_a_batch_fills_and_is_saved(window: MainWindow, trying: Any, qtbot: QtBot, drop: Drop, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(30):
        Image.new("RGB", (20, 20), (n * 8, 0, 255 - n * 8)).save(folder / f"{n:02}.png")
    for n in (3, 7, 20):
        (folder / f"{n:02}.png").write_bytes(b"broken")
    drop(trying.input.drop, [folder])
    qtbot.waitUntil(lambda: trying.table.rowCount() == 30, timeout=60_000)
    qtbot.waitUntil(lambda: "27 of 30 answered, 3 could not be read" in trying.batch_state.text())
    problems = [trying.table.index(r, 1).data() for r in (3, 7, 20)]
    assert all("not a picture" in p for p in problems)
    trying.table.sort(2, Qt.SortOrder.DescendingOrder)
    assert trying.table.index(29, 1).data() == problems[0]
    for suffix in ("csv", "json"):
        target = tmp_path / f"answers.{suffix}"
        trying.ask_export_path = lambda t=target: str(t)
        save = window.findChild(QPushButton, "save-answers")
        assert save is not None
        qtbot.mouseClick(save, LEFT)
        qtbot.waitUntil(target.is_file, timeout=10_000)
    assert (tmp_path / "answers.csv").read_text("utf-8-sig").splitlines()[1].startswith("00.png,")


def test_pasted_pictures_and_links(window: MainWindow, trying: Any, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QApplication

    QApplication.clipboard().setImage(QImage(str(CHINA)))
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: best(window) == "palace", timeout=60_000)
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/picture.jpg")])
    trying._take(mime)
    assert "does not go to the internet" in trying.banner.text.text()


def test_a_wrong_answer_is_corrected_into_a_project(window: MainWindow, trying: Any, qtbot: QtBot, drop: Drop) -> None:
    drop(trying.input.drop, [CHINA])
    qtbot.waitUntil(lambda: best(window) == "palace", timeout=60_000)
    button = window.findChild(QPushButton, "correct")
    assert button is not None
    qtbot.mouseClick(button, LEFT)
    dialog = window.findChild(CorrectDialog)
    assert dialog is not None and not dialog.ok.isEnabled()
    dialog.choice.setCurrentText("temple")
    qtbot.mouseClick(dialog.ok, LEFT)
    qtbot.waitUntil(lambda: window.ctx.store.project is not None and window.ctx.store.require().counts().labelled == 1)
    qtbot.waitUntil(lambda: window.ctx.store.undo_stack.count() == 1)  # the window has been told as well
    project = window.ctx.store.require()
    assert [c.name for c in project.classes()] == ["temple"]
    item = project.items(project.item_ids())[0]
    assert item.path is not None and item.path.parent == project.folder / "media"


def test_typing_is_answered_and_labels_can_be_changed(window: MainWindow, trying: Any, qtbot: QtBot) -> None:
    trying.tasks.choose("text-classification")
    labels = trying.picker.labels
    labels.setFocus()
    labels.selectAll()
    qtbot.keyClicks(labels, "cooking, astronomy")
    qtbot.keyClick(labels, Qt.Key.Key_Return)
    qtbot.keyClicks(trying.text, "Saturn has rings of ice")
    qtbot.waitUntil(lambda: best(window) == "astronomy", timeout=60_000)
    trying.text.clear()
    qtbot.waitUntil(lambda: best(window) == "")


def test_a_model_that_is_not_here_offers_its_download(window: MainWindow, trying: Any) -> None:
    trying.picker.box.setCurrentIndex(trying.picker.box.findData("resnet50"))
    assert "not on this computer" in trying.picker.banner.text.text()
    assert any(b.text() == "Download" for b in trying.picker.banner.findChildren(QPushButton))


# Models --------------------------------------------------------------------------------------------------------------


def test_models_are_searched_filtered_and_explained(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("models")
    page: Any = window.page("models")
    everything = page.cards.rowCount()
    assert everything > 50
    chip = window.findChild(QPushButton, "chip-offline")
    assert chip is not None
    qtbot.mouseClick(chip, LEFT)
    assert page.cards.rowCount() == sum(c.starter for c in window.ctx.catalog.cards())
    qtbot.mouseClick(chip, LEFT)
    qtbot.keyClicks(page.search, "densenet")
    wanted = len(window.ctx.catalog.search("densenet"))
    qtbot.waitUntil(lambda: page.cards.rowCount() == wanted)
    assert 2 < wanted < 20
    # The detail follows when the typing pauses.
    qtbot.waitUntil(lambda: any(w.text().startswith("DenseNet") for w in page.findChildren(QLabel, "model-name")))
    download = page.findChildren(QPushButton, "model-download")
    assert download and "MB" in download[-1].text()
    qtbot.keyClicks(page.search, " nothing like this")
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1)
    qtbot.waitUntil(lambda: page.count.text() == "0 models")


# Train and Use ---------------------------------------------------------------------------------------------------------


def test_nothing_to_train_on_says_what_is_missing(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.show_page("train")
    page: Any = window.page("train")
    assert page.stack.currentWidget() is page.empty
    project = window.ctx.store.create(tmp_path / "p", "p", "text-classification")
    project.add_items([NewItem("text", f"{n}", text=f"words {n} here", label="only") for n in range(5)])
    window.show_page("train")
    assert not page.setup.start.isEnabled()
    assert "nothing to tell apart" in page.setup.banner.text.text()


def test_add_ons_are_offered_where_models_can_take_them(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits, tmp_path: Path
) -> None:
    open_digits(window, qtbot, drop, digits_folder(("one", "two"), 4))
    window.show_page("train")
    page: Any = window.page("train")
    page.setup.show_step(2)
    qtbot.mouseClick(page.setup.more, LEFT)
    assert not page.setup.adapters.isVisible() and "lora" not in page.setup.config().options
    project = window.ctx.store.create(tmp_path / "p", "p", "text-classification")
    project.add_items([NewItem("text", f"{n}", text=f"words {n}", label=f"{n % 2}") for n in range(8)])
    window.show_page("train")
    page.setup.show_step(2)
    qtbot.waitUntil(page.setup.adapters.isVisible)
    assert "lora" not in page.setup.config().options
    qtbot.keyClick(page.setup.adapters, Qt.Key.Key_Space)
    assert page.setup.config().options["lora"] == 1


def test_a_training_is_paused_stopped_and_keeps_its_model(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits
) -> None:
    open_digits(window, qtbot, drop, digits_folder(("one", "two"), 14))
    window.show_page("train")
    page: Any = window.page("train")
    page.setup.show_step(2)
    qtbot.mouseClick(page.setup._how_cards[How.BALANCED], LEFT)
    assert page.setup.how is How.BALANCED
    qtbot.mouseClick(page.setup.start, LEFT)
    qtbot.waitUntil(lambda: len(page.live.progress.steps) >= 2, timeout=60_000)
    # The project stays open while it is learnt from.
    held = window.ctx.store.require()
    window.actions_by_id["file.close"].trigger()
    assert window.ctx.store.project is held
    assert "A training is running" in window.notice.text.text()
    qtbot.mouseClick(page.live.pause, LEFT)
    seen: list[int] = []
    # The step that was under way when the button was pressed still ends; then there are no more.
    while len(seen) < 80 and (len(seen) < 4 or len(set(seen[-4:])) > 1):
        qtbot.wait(500)
        seen.append(len(page.live.progress.steps))
    steps = seen[-1]
    assert len(set(seen[-4:])) == 1, "it went on while paused"
    qtbot.mouseClick(page.live.pause, LEFT)
    qtbot.waitUntil(lambda: len(page.live.progress.steps) > steps, timeout=20_000)
    qtbot.mouseClick(page.live.stop, LEFT)
    qtbot.waitUntil(lambda: not page.running, timeout=20_000)
    assert "Stopped" in page.live.stage.text()
    assert len(window.ctx.catalog.own()) == 1
    # The Results page tests it now.
    window.show_page("results", {"run_id": page._finished.run_id})
    results: Any = window.page("results")
    qtbot.waitUntil(lambda: results.evaluation is not None and results.evaluation.n > 0, timeout=30_000)


def test_an_interrupted_training_is_offered_again(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits
) -> None:
    open_digits(window, qtbot, drop, digits_folder(("one", "two"), 8))
    project = window.ctx.store.require()
    card, _ = window.ctx.catalog.suggest(project.task_id)
    config = new_config(project, card, How.BALANCED, epochs=1)
    (project.runs_folder / config.run_id).mkdir()
    project.save_run(
        RunRecord(
            config.run_id,
            config.name,
            "running",
            "2026-01-01",
            config.to_json(),
            {},
            project.runs_folder / config.run_id,
        )
    )
    window.show_page("train")
    page: Any = window.page("train")
    qtbot.waitUntil(lambda: "was interrupted" in page.banner.text.text() and page.banner.isVisible(), timeout=10_000)
    go_on = next(b for b in page.banner.findChildren(QPushButton) if b.text() == "Go on")
    qtbot.mouseClick(go_on, LEFT)
    qtbot.waitUntil(lambda: page._finished is not None, timeout=60_000)
    assert page._finished.run_id == config.run_id and project.run(config.run_id).status == "done"


def test_an_own_model_runs_on_a_folder_and_travels(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits, tmp_path: Path
) -> None:
    folder = digits_folder(("one", "two"), 8)
    open_digits(window, qtbot, drop, folder)
    project = window.ctx.store.require()
    card, _ = window.ctx.catalog.suggest(project.task_id)
    list(fit(new_config(project, card), project, window.ctx.catalog))
    window.show_page("use")
    page: Any = window.page("use")
    assert page.current is not None and page.cards.rowCount() == 1
    target = tmp_path / "answers.csv"
    page.ask_save_path = lambda _suggestion: str(target)
    drop(page.drop, [folder])
    qtbot.waitUntil(target.is_file, timeout=30_000)
    qtbot.waitUntil(lambda: "16 answers" in page.banner.text.text())
    assert len(target.read_text("utf-8-sig").splitlines()) == 17
    page.ask_folder = lambda _title: str(tmp_path / "out")
    for name, words in (("export-folder", "Exported to"), ("export-onnx", "same answers")):
        button = window.findChild(QPushButton, name)
        assert button is not None
        qtbot.mouseClick(button, LEFT)
        qtbot.waitUntil(lambda w=words: w in page.export_words.text(), timeout=60_000)  # type: ignore[misc]
    exported = next(p for p in (tmp_path / "out").iterdir() if p.is_dir())
    drop(window, [exported])
    qtbot.waitUntil(lambda: page.cards.rowCount() == 2, timeout=30_000)


def test_a_read_only_project_refuses_changes_with_a_sentence(
    window: MainWindow, qtbot: QtBot, drop: Drop, digits_folder: Digits
) -> None:
    page = open_digits(window, qtbot, drop, digits_folder(("one", "two"), 3))
    project = window.ctx.store.require()
    project._store.read_only = True
    page.view.selectionModel().select(page.model.index(0), QItemSelectionModel.SelectionFlag.Select)
    qtbot.keyClicks(page.view, "2")
    assert "reading only" in page.banner.text.text()
    assert len(project.item_ids(ItemFilter(class_ids=(project.classes()[0].id,)))) == 3
    window.ctx.store.add_class("new")
    assert "reading only" in window.notice.text.text()
