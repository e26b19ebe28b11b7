"""Writing the words of recordings and texts by keys, and looking at what a taught model wrote."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QPushButton, QTextBrowser
from pytestqt.qtbot import QtBot

from workbench.data import playback
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import Item, ItemPrediction, NewItem, Split
from workbench.gui.context import AppContext
from workbench.gui.editors.words import Editor
from workbench.gui.main_window import MainWindow
from workbench.gui.models.item_model import ItemModel
from workbench.gui.results.words import View, aligned
from workbench.tasks.predictions import Text, to_record
from workbench.trust.card.html import parts_html
from workbench.trust.judging import Answered, judge
from workbench.trust.report_words import failures, sections

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import RATE, Counter, OneModel, Speaker, saved

CTRL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    made = Speaker((RATE,), pace=0.005)
    monkeypatch.setattr(playback, "sound_devices", lambda: made)
    return made


def recordings(folder: Path, count: int) -> list[NewItem]:
    made = []
    for number in range(count):
        sound = np.zeros(RATE * 2, np.float32)
        sound[4000:9600] = 0.6 * np.sin(np.arange(5600) / (6 + number))
        made.append(NewItem("sound", f"{number}.wav", path=saved(folder / f"{number}.wav", sound).path))
    return made


@pytest.fixture
def project(window: MainWindow, tmp_path: Path, speaker: Speaker) -> Project:
    made = window.ctx.store.create(tmp_path / "p", "Talks", "speech-recognition")
    added = made.add_items(recordings(tmp_path / "clips", 4)).added
    window.ctx.store.added(added)
    return made


def opened(window: MainWindow, qtbot: QtBot, row: int = 0) -> Editor:
    window.show_page("data")
    page: Any = window.page("data")
    page._open_item(row)
    editor = page.stack.currentWidget()
    assert isinstance(editor, Editor) and editor.isVisible()
    qtbot.waitUntil(editor.words.hasFocus, timeout=5000)
    return editor


def texts(project: Project) -> list[tuple[str, bool]]:
    items = project.items(project.item_ids())
    states = project.annotation_states([i.id for i in items])
    return [(" | ".join(a.text for a in states[i.id].annotations), states[i.id].marked) for i in items]


def test_words_are_written_by_keys_alone(window: MainWindow, qtbot: QtBot, project: Project, speaker: Speaker) -> None:
    editor = opened(window, qtbot)
    qtbot.waitUntil(lambda: len(speaker.heard) > 5, timeout=5000)  # it is heard at once
    qtbot.keyClicks(editor.words, "good morning")
    qtbot.keyClick(editor.words, Qt.Key.Key_Return, CTRL)
    assert editor.row == 1 and editor.words.toPlainText() == "" and editor.words.hasFocus()
    assert texts(project)[0] == ("good morning", True)
    # What is not declared done is kept, and does not count.
    qtbot.keyClicks(editor.words, "half of")
    qtbot.keyClick(editor.words, Qt.Key.Key_PageDown)
    assert editor.row == 2 and texts(project)[1] == ("half of", False) and project.counts().labelled == 1
    qtbot.keyClick(editor.words, Qt.Key.Key_PageUp)
    assert editor.words.toPlainText() == "half of"
    # Playing and going back do not write anything.
    before = len(speaker.opened)
    editor.player.stop()
    qtbot.keyClick(editor.words, Qt.Key.Key_Space, CTRL)
    qtbot.waitUntil(lambda: len(speaker.opened) > before, timeout=5000)
    qtbot.keyClick(editor.words, Qt.Key.Key_B, CTRL)
    qtbot.keyClick(editor.words, Qt.Key.Key_Space, CTRL)
    assert editor.words.toPlainText() == "half of" and not editor.player.playing.playing
    # Nothing is said in the third.
    qtbot.keyClick(editor.words, Qt.Key.Key_PageDown)
    qtbot.mouseClick(editor.nothing, Qt.MouseButton.LeftButton)
    assert texts(project)[2] == ("", True) and editor.row == 3
    qtbot.keyClicks(editor.words, "the end")
    qtbot.keyClick(editor.words, Qt.Key.Key_Return, CTRL)
    assert "last one" in editor.banner.text.text()
    window.ctx.store.undo_stack.undo()
    assert texts(project)[3] == ("", False) and editor.words.toPlainText() == ""
    qtbot.keyClick(editor.words, Qt.Key.Key_Escape)
    page: Any = window.page("data")
    assert page.stack.currentWidget() is page.full and page.subtitle.text().startswith("4 recordings, 2")


def test_what_a_model_suggests_is_put_right(
    window: MainWindow, qtbot: QtBot, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = OneModel(Counter())
    monkeypatch.setattr("workbench.engine.predict.shared_pool", lambda: pool)
    editor = opened(window, qtbot)
    qtbot.keyClick(editor.words, Qt.Key.Key_G, CTRL)
    qtbot.waitUntil(lambda: editor.words.toPlainText() == "zero", timeout=20_000)
    qtbot.waitUntil(editor.suggest.isEnabled, timeout=5000)
    assert "suggests this" in editor.hint.text() and texts(project)[0] == ("", False)
    qtbot.keyClick(editor.words, Qt.Key.Key_Return, CTRL)
    assert texts(project)[0] == ("zero", True)
    # Proposals made for all items before are shown, and count only when they are accepted.
    second = project.item_ids()[1]
    project.set_proposals({second: [Annotation(Whole(), text="won", score=0.4)]})
    editor.show_row(1)
    assert editor.words.toPlainText() == "won" and "40% sure" in editor.hint.text()
    qtbot.keyClick(editor.words, Qt.Key.Key_PageDown)
    assert texts(project)[1] == ("won", False)
    editor.review()
    assert editor.row == 1
    editor.words.setPlainText("one")
    editor.words.document().setModified(True)
    qtbot.keyClick(editor.words, Qt.Key.Key_Return, CTRL)
    (annotation,) = project.annotations(second)
    assert annotation.text == "one" and annotation.source == "person"


def test_no_model_no_loudspeaker_read_only(
    window: MainWindow, qtbot: QtBot, project: Project, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker.there = False
    editor = opened(window, qtbot)
    qtbot.waitUntil(editor.banner.isVisible, timeout=5000)
    assert "no loudspeaker" in editor.banner.text.text() and not editor.at_once.isChecked()
    monkeypatch.setattr("workbench.engine.propose.proposers", lambda *_args: [])
    editor.ask_model()
    assert "No model" in editor.banner.text.text()
    monkeypatch.setattr(Project, "read_only", property(lambda _self: True))
    qtbot.keyClicks(editor.words, "words")
    qtbot.keyClick(editor.words, Qt.Key.Key_Return, CTRL)
    monkeypatch.undo()
    assert texts(project)[0] == ("", False)


def test_answers_to_texts_are_written_too(ctx: AppContext, qtbot: QtBot, tmp_path: Path) -> None:
    """Tasks that answer a text in words use the same editor: the text stands where the recording would be."""
    project = ctx.store.create(tmp_path / "p", "Questions", "text-classification")
    project.add_items(
        [NewItem("text", "q", text="What is the lamp made of?"), NewItem("text", "r", text="And its shade?")]
    )
    model = ItemModel(ctx.store)
    model.show_ids(project.item_ids())
    editor = Editor(ctx, model)
    qtbot.addWidget(editor)
    editor.show()
    editor.show_row(0)
    assert editor.given.isVisible() and editor.given.toPlainText() == "What is the lamp made of?"
    assert (
        not editor.player.isVisible() and not editor.suggest.isVisible() and editor.asked.text() == "The right answer"
    )
    editor.words.setPlainText("Of brass.\n\nSee page 2.")
    editor.done()
    assert texts(project)[0] == ("Of brass.\n\nSee page 2.", True)
    assert editor.given.toPlainText() == "And its shade?"


# Results ------------------------------------------------------------------------------------------------------------------


def judged(pairs: list[tuple[str, str]], items: list[Item]) -> Any:
    answers = []
    for item, (truth, said) in zip(items, pairs, strict=True):
        kept = ItemPrediction(item.id, Split.TEST, "", "", (), to_record(Text(said)))
        answers.append(Answered(item, kept, (Annotation(Whole(), text=truth),), ("",)))
    return judge("words", [], answers)


def test_mistakes_are_seen_word_by_word(
    window: MainWindow, qtbot: QtBot, project: Project, speaker: Speaker, tmp_path: Path
) -> None:
    items = project.items(project.item_ids())
    pairs = [("the cat sat", "the hat sat"), ("a <b> dog", "dog"), ("yes", "yes"), ("go on", "go on and on")]
    found = judged(pairs, items)
    view = View(window.ctx)
    view.setParent(window)  # as on the page: it goes with the window
    (page, _title), (confused, _other), (plain, _numbers) = view.tabs()
    for widget in (page, confused, plain):
        qtbot.addWidget(widget)
    page.resize(900, 500)
    page.show()
    assert view.titles(found)[0] == "Mistakes (3)"
    assert set(view.look_up(found)) == {items[0].id, items[1].id, items[3].id}
    view.show(found, items)
    rows = page.findChild(QListWidget, "words-mistakes")
    text = page.findChild(QTextBrowser, "words-alignment")
    assert rows is not None and text is not None and rows.count() == 3
    assert [rows.item(n).text() for n in range(3)] == [
        "3.wav\n2 wrong in 2 words", "1.wav\n2 wrong in 3 words", "0.wav\n1 wrong in 3 words"
    ]  # fmt: skip
    assert "go on and on" in " ".join(text.toPlainText().split())
    rows.setCurrentRow(1)
    assert "Right: a <b> dog" in text.toPlainText()
    qtbot.waitUntil(lambda: view.player.sample is not None, timeout=5000)
    rows.setCurrentRow(2)
    assert "the cat hat sat" in " ".join(text.toPlainText().split())
    assert confused.rowCount() == 1 and confused.item(0, 1).text() == "hat"  # type: ignore[attr-defined]
    sent: list[Any] = []
    window.ctx.navigation.connect(lambda page_id, intent: sent.append((page_id, intent)))
    button = page.findChild(QPushButton, "words-to-data")
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert sent == [("data", {"item_ids": [items[0].id], "title": "A mistake"})]
    page.grab()
    view.show(judged([("yes", "yes")], items[:1]), items)
    assert "No mistakes" in text.toPlainText()
    assert "&lt;b&gt;" in aligned(found.mistakes[1])
    report = parts_html([*sections(project, found), *failures(project, found, None)])
    assert "<b> dog" not in report and "<s class='soft'>cat</s>" in report and "hat" in report


def test_a_training_of_speech_is_set_up_in_the_window(
    window: MainWindow, qtbot: QtBot, project: Project, tmp_path: Path
) -> None:
    window.show_page("train")
    page: Any = window.page("train")
    qtbot.waitUntil(page.setup.banner.isVisible, timeout=5000)
    assert "For none of the recordings is written" in page.setup.banner.text.text()
    assert not page.setup.start.isEnabled()
