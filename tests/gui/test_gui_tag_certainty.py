"""How sure a model of several labels is, what its errors cost and when it says nothing, by clicks on the Results page; and
what an untaught model says beside a taught one."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import write_card
from workbench.data.tags import tags_of
from workbench.data.types import ItemPrediction, NewItem, RunRecord, Split
from workbench.gui.main_window import MainWindow
from workbench.tasks.predictions import Score, Scores, to_record
from workbench.trust.untaught import Untaught, keep_untaught

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tag_sentences import PIECES, messages

LEFT = Qt.MouseButton.LeftButton
LABELS = tuple(PIECES)
WAIT = 60_000


def taught(window: MainWindow, folder: Path) -> str:
    """A project with a run whose model is fairly right, and boasts: it need not be learnt to be looked at."""
    project = window.ctx.store.create(folder / "p", "Messages", "text-tags")
    project.add_items(messages(160))
    ids = project.item_ids()
    project.set_splits({i: (Split.VALIDATION, Split.TEST)[n % 2] for n, i in enumerate(ids)})
    place = {name: n for n, name in enumerate(LABELS)}
    names = {c.id: c.name for c in project.classes()}
    rng = random.Random(0)
    said = []
    for n, (item, state) in enumerate(project.annotation_states(ids).items()):
        truth = {names[a.class_id or 0] for a in tags_of(state.annotations)}
        top = []
        for name in LABELS:
            sure = rng.betavariate(4, 2) if name in truth else rng.betavariate(2, 4)
            top.append(Score(name, sure, place[name], 0.5))
        scores = Scores(tuple(sorted(top, key=lambda s: (not s.counts, -s.value))), several=True)
        said.append(ItemPrediction(item, (Split.VALIDATION, Split.TEST)[n % 2], "", "", (), to_record(scores)))
    own = app_paths().models / "own"
    own.mkdir(parents=True)
    card = ModelCard(
        "own", "Own", ("text-tags",), "own", "transformers-text", Source("folder", str(own)), label_names=LABELS,
        options={"multi_label": True, "thresholds": [0.5] * 4, "scales": [0.5] * 4, "shifts": [0.0] * 4},
    )  # fmt: skip
    write_card(card, own)
    window.ctx.catalog.refresh()
    run = RunRecord(
        "r1", "Messages (Quick)", "done", "2026-01-01T00:00:00", {"task": "text-tags", "classes": list(LABELS)},
        {"model_id": "own", "score": 0.8, "n": 80}, project.runs_folder / "r1",
    )  # fmt: skip
    run.folder.mkdir(parents=True)
    project.save_run(run)
    project.save_predictions("r1", said)
    return run.id


def shown(window: MainWindow, qtbot: QtBot, run_id: str, kind: str) -> Any:
    window.show_page("results", {"run_id": run_id})
    results: Any = window.page("results")
    qtbot.waitUntil(lambda: results.evaluation is not None and results._shown_kind == kind, timeout=WAIT)
    return results


def chosen(qtbot: QtBot, box: QComboBox, text: str) -> None:
    """By arrow keys and not by letters: whether these are one word or two depends on how fast they come."""
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(text)):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == text


def test_certainty_costs_and_silence_label_by_label(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    results = shown(window, qtbot, taught(window, tmp_path), "tags")
    panel = results._views["tags"].certainty
    qtbot.waitUntil(lambda: panel.seen is not None, timeout=WAIT)
    results.tabs.setCurrentIndex(results.tabs.indexOf(panel))
    assert results.tabs.tabText(results.tabs.indexOf(panel)) == "How sure it is"
    words = panel.findChild(QLabel, "tag-certainty-words")
    assert words.text() == panel.seen.certainty.sentence() and "temperature 2.00" in words.text()
    # One label alone.
    which = panel.findChild(QComboBox, "tag-certainty-which")
    chosen(qtbot, which, "price")
    before, after = panel.seen.certainty.labels["price"]
    assert after.sentence() in words.text() and f"{before.error:.1%}" in words.text()
    assert panel.reliability.shown == after

    # A missed "food" costs twenty times as much as a wrongly given one.
    box, cost = panel.findChild(QComboBox, "tag-cost-label"), panel.findChild(QDoubleSpinBox, "tag-cost")
    use, keep = panel.findChild(QPushButton, "tag-set-rule"), panel.findChild(QPushButton, "keep-tag-decision")
    forget = panel.findChild(QPushButton, "forget-tag-decision")
    assert not keep.isEnabled() and forget.isHidden()
    chosen(qtbot, box, "food")
    cost.selectAll()
    qtbot.keyClicks(cost, "20")
    qtbot.keyClick(cost, Qt.Key.Key_Return)
    said = panel.findChild(QLabel, "tag-costs-words").text()
    assert "“food” given from" in said and "wrongly" in said and "threshold the training chose (50%)" in said
    qtbot.mouseClick(use, LEFT)
    assert panel.decision().labels["food"].cost == 20 and panel.decision().labels["food"].threshold < 0.4
    assert panel.findChild(QLabel, "tag-waiting").text() == "Not kept yet: food" and not use.isEnabled()
    # Another label keeps its own.
    chosen(qtbot, box, "staff")
    assert cost.value() == 5.0 and use.isEnabled()
    # And nothing is said when it is not sure of all labels.
    slider = panel.findChild(QSlider, "tag-silence")
    slider.setValue(30)
    assert "answers" in panel.findChild(QLabel, "tag-silence-words").text()
    qtbot.waitUntil(keep.isEnabled, timeout=WAIT)
    qtbot.mouseClick(keep, LEFT)
    qtbot.waitUntil(lambda: panel.seen.decision is not None, timeout=WAIT)
    kept = window.ctx.catalog.get("own").options["decision"]
    assert set(kept["labels"]) == {"food"} and kept["sure_from"] == 0.3
    assert "Kept with the model: It gives “food”" in panel.findChild(QLabel, "tag-kept-words").text()
    assert not keep.isEnabled() and not forget.isHidden()

    # One label goes back to what the training chose; then all.
    qtbot.keyClicks(box, "food")
    assert cost.value() == 20
    qtbot.mouseClick(panel.findChild(QPushButton, "tag-drop-rule"), LEFT)
    assert panel.decision().labels == {} and keep.isEnabled()
    qtbot.mouseClick(forget, LEFT)
    qtbot.waitUntil(lambda: panel.seen.decision is None, timeout=WAIT)
    assert "decision" not in window.ctx.catalog.get("own").options and slider.value() == 0


def test_what_an_untaught_model_says_stands_beside(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    project = window.ctx.store.create(tmp_path / "p", "Moods", "text-classification")
    texts = [f"{word} number {n}" for n in range(20) for word in ("good", "bad")]
    project.add_items([NewItem("text", t, text=t, label=t.split()[0]) for t in texts])
    ids = project.item_ids()
    # Twenty to test on, the others for steering.
    splits = {i: Split.TEST if n < 20 else Split.VALIDATION for n, i in enumerate(ids)}
    project.set_splits(splits)
    names = {c.id: c.name for c in project.classes()}
    truth = {i.id: names[i.class_id or 0] for i in project.items(ids)}
    run = RunRecord(
        "r2", "Moods (Quick)", "done", "2026-01-01T00:00:00",
        {"task": "text-classification", "classes": ["good", "bad"]}, {"model_id": "gone", "score": 1.0, "n": 40},
        project.runs_folder / "r2",
    )  # fmt: skip
    run.folder.mkdir(parents=True)
    project.save_run(run)
    project.save_predictions("r2", [ItemPrediction(i, splits[i], truth[i], truth[i], (0.5, 0.5)) for i in ids])
    keep_untaught(run.folder, Untaught("names", "A starter", 0, dict.fromkeys(ids, "good")))
    results = shown(window, qtbot, "r2", "classes")
    label = results.findChild(QLabel, "untaught")
    qtbot.waitUntil(lambda: not label.isHidden(), timeout=WAIT)
    assert "50% would be right" in label.text() and "Your model is better" in label.text()
    assert "50% right" in label.toolTip() and "your model is right 100%" in label.toolTip()
    # On the steering items nothing was asked.
    results.split_box.setCurrentIndex(1)
    qtbot.waitUntil(label.isHidden, timeout=WAIT)
