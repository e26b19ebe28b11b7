"""Judging texts in the window: one against its right one, many from a table; and how a model reads texts before it learns."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from workbench.data.importers import sniff
from workbench.data.types import Item, ItemPrediction, Split
from workbench.engine.journey import project_from_plan
from workbench.gui.main_window import MainWindow
from workbench.gui.results import view_for
from workbench.gui.widgets.compare_text_dialog import CompareTextDialog
from workbench.gui.widgets.judge_table_dialog import JudgeTableDialog
from workbench.gui.widgets.option_controls import OptionControls
from workbench.gui.widgets.train_setup import TrainSetup
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import NOT_WRITTEN, Text, to_record
from workbench.tasks.registry import get_task
from workbench.trust.judging import Answered, judge

sys.path[:0] = [
    str(Path(__file__).resolve().parent.parent),
    str(Path(__file__).resolve().parent.parent / "catalog"),
]
from hub_server import serving  # noqa: E402
from small_copies import served  # noqa: E402

LEFT = Qt.MouseButton.LeftButton
LONG = 60_000


def test_a_translation_is_compared_by_word_groups(window: MainWindow, qtbot: QtBot) -> None:
    dialog = CompareTextDialog(
        window.ctx, "A dog runs in the park today", window, get_task("translation").info.overlaps
    )
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.overlaps.isHidden() and dialog.parting.isVisible()
    dialog.right.setPlainText("A dog ran through the park today")
    qtbot.waitUntil(lambda: bool(dialog.scores), timeout=LONG)
    wanted = sacrebleu.sentence_bleu("A dog runs in the park today", ["A dog ran through the park today"]).score
    assert dialog.scores[0].value == pytest.approx(wanted) and dialog.overlaps.isVisible()
    dialog.parting.setCurrentIndex(dialog.parting.findData("char"))
    qtbot.waitUntil(lambda: bool(dialog.scores) and "tok:char" in dialog.scores[0].signature, timeout=LONG)
    dialog.right.clear()
    qtbot.waitUntil(lambda: not dialog.scores and dialog.overlaps.isHidden(), timeout=LONG)
    plain = CompareTextDialog(window.ctx, "x", window)
    qtbot.addWidget(plain)
    plain.show()
    assert not plain.parting.isVisible()


@pytest.fixture
def translator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, window: MainWindow) -> Iterator[Any]:
    from workbench.hub.store import download

    # Random weights hardly ever end a text by themselves.
    monkeypatch.setattr("workbench.tasks.translation._LONGEST", 12)
    with serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        card = window.ctx.catalog.get("opus-mt-en-de")
        download(served(card, hub, tmp_path / "copy"))
        yield card


def test_many_texts_are_judged_from_a_table(window: MainWindow, qtbot: QtBot, tmp_path: Path, translator: Any) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("text,translation\na house,ein Haus\na dog,ein Hund\na cat,eine Katze\n", encoding="utf-8")
    task = get_task("translation")
    dialog = JudgeTableDialog(window.ctx, translator, task, TryOptions(), window)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.ask_file = lambda: str(tmp_path / "gone.csv")  # type: ignore[method-assign]
    dialog._choose()
    qtbot.waitUntil(lambda: dialog.banner.isVisible(), timeout=LONG)
    dialog.ask_file = lambda: str(table)  # type: ignore[method-assign]
    dialog._choose()
    qtbot.waitUntil(dialog.go.isVisible, timeout=LONG)
    assert (dialog.content.currentText(), dialog.words.currentText()) == ("text", "translation")
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: dialog.judgement is not None, timeout=LONG)
    judged = dialog.judgement
    assert judged is not None and judged.n == 3 and dialog.table.rowCount() == 3 and dialog.scores.isVisible()
    wanted = sacrebleu.corpus_chrf([c.written for c in judged.cases], [[c.wanted for c in judged.cases]]).score
    assert judged.scores[1].value == pytest.approx(wanted)
    dialog.ask_save_path = lambda: str(tmp_path / "out.csv")  # type: ignore[method-assign]
    qtbot.waitUntil(dialog.save.isEnabled, timeout=LONG)
    qtbot.mouseClick(dialog.save, LEFT)
    qtbot.waitUntil(lambda: (tmp_path / "out.csv").is_file(), timeout=LONG)
    assert "ein Haus" in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_a_language_is_found_by_typing(window: MainWindow, qtbot: QtBot) -> None:
    controls = OptionControls()
    qtbot.addWidget(controls)
    controls.show_options(get_task("translation"), window.ctx.catalog.get("nllb-600m"))
    controls.show()
    box = controls.findChild(QComboBox, "option-target")
    assert box is not None and box.isEditable() and box.accessibleName() == "Into"
    edit = box.lineEdit()
    assert edit is not None
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, "ukr")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: controls.values()["target"] == "ukr_Cyrl", timeout=LONG)
    edit.selectAll()
    QTest.keyClicks(edit, "no such language")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: edit.text() == "Ukrainian", timeout=LONG)
    assert controls.values()["target"] == "ukr_Cyrl"


def test_before_training_the_texts_are_looked_at(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [f"the film was {'good' if n % 2 else 'bad'} in many ways {n},{n % 2}" for n in range(20)]
    table.write_text("\n".join(["text,label", *rows, f"{'word ' * 900},1"]), encoding="utf-8")
    project, _ = project_from_plan(sniff([table]))
    folder = project.folder
    project.close()
    window.ctx.store.open(folder)
    qtbot.waitUntil(lambda: window.ctx.store.project is not None, timeout=LONG)
    setup = TrainSetup(window.ctx)
    qtbot.addWidget(setup)
    setup.resize(1000, 760)
    setup.show()
    opened = window.ctx.store.project
    assert opened is not None
    setup.show_project(opened)
    setup.show_step(1)
    qtbot.waitUntil(lambda: setup.tokens.found is not None and setup.tokens.isVisible(), timeout=LONG)
    found = setup.tokens.found
    assert found is not None and found.texts == 21 and found.cut == 1
    assert "does not see" in setup.tokens.words.text() and "What to do" in setup.tokens.advice.text()


def test_what_a_taught_translator_wrote_is_shown(window: MainWindow, qtbot: QtBot) -> None:
    from workbench.data.annotations import Annotation
    from workbench.data.shapes import Whole

    def answered(number: int, text: Text) -> Answered:
        item = Item(number, "text", str(number), text=f"text <{number}>", marked=True)
        said = ItemPrediction(number, Split.TEST, "", "", (), to_record(text))
        return Answered(item, said, (Annotation(Whole(), None, text="the right words here"),), ("",))

    texts = [
        Text("the right words here", surprise=1.0, surprise_before=3.0, before="nothing like it"),
        Text("quite other", surprise=2.0, surprise_before=3.0, before="<b>"),
        Text("", note=NOT_WRITTEN, surprise=1.5, surprise_before=3.0),
    ]
    judged = judge("translation", [], [answered(n, t) for n, t in enumerate(texts)])
    assert judged.n == 2 and judged.headline()["perplexity_before"] == pytest.approx(20.0855, rel=1e-3)
    for kind in ("translation", "summary"):
        view: Any = view_for(kind, window.ctx)
        tabs = view.tabs()
        for widget, _title in tabs:
            qtbot.addWidget(widget)
        view.look_up(judged)
        view.show(judged, [])
        shown = view.page.toPlainText()
        assert shown.index("quite other") < shown.index("nothing like it") and "<b>" in shown and "text <0>" in shown
