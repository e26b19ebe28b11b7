"""The Talk page by clicks and keys, with a small random model of the tests on the disk and the whole real path."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from own_time import Watch
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.data import microphone
from workbench.engine.conversation import Conversation, Source, Turn
from workbench.engine.conversation_store import ConversationStore, Entry
from workbench.gui.main_window import MainWindow
from workbench.gui.talk.bubble import Bubble
from workbench.gui.talk.source_dialog import SourceDialog
from workbench.gui.talk.talks_list import TalksList
from workbench.gui.talk.words import WordsView

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from talk_models import own_talker
from voices import FakeMicrophones, real_voice, say

LEFT = Qt.MouseButton.LeftButton
LONG = 60_000


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> Any:
    own_talker(window.ctx.catalog)
    window.show_page("talk")
    made: Any = window.page("talk")
    assert made.settings.picker.card.id == "small-talker"
    return made


def ask(page: Any, qtbot: QtBot, text: str, length: float = 20) -> None:
    page.settings.controls.set_value("length", length)
    turns = len(page.talk.turns)
    QTest.keyClicks(page.question, text)
    qtbot.keyClick(page.question, Qt.Key.Key_Return)
    assert page.answering and page.question.toPlainText() == ""
    done(page, qtbot)
    assert len(page.talk.turns) == turns + 2


def done(page: Any, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not page.answering, timeout=LONG)


def click(page: Any, qtbot: QtBot, name: str, inside: Any = None) -> None:
    kinds = (QPushButton, QToolButton)

    def found() -> list[Any]:
        all_of_them = [w for kind in kinds for w in (inside or page).findChildren(kind, name)]
        return [w for w in all_of_them if w.isVisible() and w.isEnabled()]

    qtbot.waitUntil(lambda: bool(found()), timeout=LONG)
    qtbot.mouseClick(found()[0], LEFT)


def bubbles(page: Any) -> list[Bubble]:
    found: list[Bubble] = page.thread_view.bubbles
    return found


def test_a_conversation_is_typed_answered_and_there_again_in_another_window(page: Any, qtbot: QtBot) -> None:
    assert page.warning.isVisible() and page.warning.text() == "Answers may be wrong. Not medical or legal advice."
    ask(page, qtbot, "What is a lamp?")
    ask(page, qtbot, "And a moon?")
    assert [b.own for b in bubbles(page)] == [True, False, True, False]
    assert bubbles(page)[3].words.words == page.talk.turns[3].text != ""
    assert bubbles(page)[1].who.text().startswith("Small talker")
    qtbot.waitUntil(lambda: page.talks.names() == ["What is a lamp?"], timeout=LONG)
    again = MainWindow(page.ctx)
    qtbot.addWidget(again)
    again.reopen()
    assert again.current_page_id == "talk"
    other: Any = again.page("talk")
    qtbot.waitUntil(lambda: other.talk == page.talk, timeout=LONG)


def test_stop_is_heard_at_once_and_what_was_said_stays(page: Any, qtbot: QtBot) -> None:
    page.settings.controls.set_value("length", 700)
    page.question.setPlainText("Go on and on")
    click(page, qtbot, "send")
    qtbot.waitUntil(
        lambda: page.talk.turns[-1].role == "assistant" and len(page.talk.turns[-1].text) > 20, timeout=LONG
    )
    assert page.stop_button.isVisible() and not page.send_button.isVisible()
    click(page, qtbot, "stop")
    done(page, qtbot)
    print(f"stopped {page.stop_ms} ms after the click")
    assert 0 <= page.stop_ms < 200
    last = page.talk.turns[-1]
    assert last.state == "stopped" and bubbles(page)[-1].foot.text() == "Stopped."
    assert page.store.load(page.talk.id).turns == page.talk.turns
    # Escape does the same.
    click(page, qtbot, "turn-again", bubbles(page)[-1])
    qtbot.waitUntil(lambda: page.talk.turns[-1].state == "writing" and page.talk.turns[-1].text != "", timeout=LONG)
    qtbot.keyClick(page.question, Qt.Key.Key_Escape)
    done(page, qtbot)
    assert page.talk.turns[-1].state == "stopped"


def test_again_edit_copy_and_undo(page: Any, qtbot: QtBot) -> None:
    ask(page, qtbot, "First")
    ask(page, qtbot, "Second")
    first = page.talk.turns[3].text
    click(page, qtbot, "turn-again", bubbles(page)[3])
    done(page, qtbot)
    assert len(page.talk.turns) == 4 and page.talk.turns[3].text != first  # other words are drawn
    assert not [b for b in bubbles(page)[1].findChildren(QToolButton, "turn-again") if b.isVisible()]
    click(page, qtbot, "turn-copy", bubbles(page)[1])
    assert QApplication.clipboard().text() == page.talk.turns[1].text
    click(page, qtbot, "copy-all")
    assert "Second" in QApplication.clipboard().text() and "Not medical" in QApplication.clipboard().text()
    before = page.talk
    click(page, qtbot, "turn-edit", bubbles(page)[0])
    assert page.question.toPlainText() == "First"
    qtbot.keyClick(page.question, Qt.Key.Key_Escape)
    assert page.question.toPlainText() == "" and page.talk == before
    click(page, qtbot, "turn-edit", bubbles(page)[0])
    QTest.keyClicks(page.question, "Other")
    qtbot.keyClick(page.question, Qt.Key.Key_Return)
    done(page, qtbot)
    assert [t.text for t in page.talk.turns if t.role == "user"] == ["Other"] and len(bubbles(page)) == 2
    assert page.banner.text.text() == "3 messages after it were taken out."
    qtbot.mouseClick(next(b for b in page.banner.findChildren(QPushButton) if b.text() == "Undo"), LEFT)
    qtbot.waitUntil(lambda: page.talk.turns == before.turns, timeout=LONG)
    qtbot.waitUntil(lambda: page.store.load(page.talk.id).turns == before.turns, timeout=LONG)


def test_conversations_are_renamed_deleted_and_taken_back(page: Any, qtbot: QtBot, tmp_path: Path) -> None:
    ask(page, qtbot, "One")
    click(page, qtbot, "new-talk")
    assert page.talk.turns == () and page.title.text() == "New conversation"
    ask(page, qtbot, "Two")
    qtbot.waitUntil(lambda: sorted(page.talks.names()) == ["One", "Two"], timeout=LONG)
    one = next(i for i in range(2) if page.talks.topLevelItem(i).text(0) == "One")
    qtbot.mouseClick(page.talks.viewport(), LEFT, pos=page.talks.visualItemRect(page.talks.topLevelItem(one)).center())
    qtbot.waitUntil(lambda: page.title.text() == "One", timeout=LONG)
    page.talks.topLevelItem(one).setText(0, "  About  one ")
    qtbot.waitUntil(lambda: page.title.text() == "About one", timeout=LONG)
    qtbot.waitUntil(lambda: sorted(page.talks.names()) == ["About one", "Two"], timeout=LONG)
    page.ask_save_path = lambda: str(tmp_path / "one.md")
    click(page, qtbot, "save-talk")
    qtbot.waitUntil((tmp_path / "one.md").exists, timeout=LONG)
    assert (tmp_path / "one.md").read_text().startswith("# About one\n")
    qtbot.waitUntil(lambda: page.talks.current_id() == page.talk.id, timeout=LONG)
    gone = page.talk
    page.talks.setFocus()
    qtbot.keyClick(page.talks, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.talks.names() == ["Two"], timeout=LONG)
    assert page.talk.turns == () and "deleted" in page.banner.text.text()
    qtbot.mouseClick(next(b for b in page.banner.findChildren(QPushButton) if b.text() == "Undo"), LEFT)
    qtbot.waitUntil(lambda: page.talk == gone, timeout=LONG)
    qtbot.waitUntil(lambda: sorted(page.talks.names()) == ["About one", "Two"], timeout=LONG)


EVIL = (
    "<script>alert(1)</script><img src=http://127.0.0.1:9/x.png> <b>no</b> [go](http://127.0.0.1:9) ![p](file:///etc/passwd)"
    "\n**bold** 2*3*4 `x < y`\n```\n<i>code</i>\n```\n# Head\n- مصباح one"
)


def test_a_models_words_never_become_html_links_or_pictures(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    view = WordsView()
    qtbot.addWidget(view)
    monkeypatch.setattr(WordsView, "loadResource", lambda _self, _kind, url: asked.append(url))
    view.show_words(EVIL, formatted=True)
    view.show()
    shown = view.toPlainText()
    for literal in ("<script>alert(1)</script>", "<img src=http://127.0.0.1:9/x.png>", "<b>no</b>", "[go](http://127.0.0.1:9)",
                    "![p](file:///etc/passwd)", "2*3*4", "<i>code</i>", "• مصباح one"):  # fmt: skip
        assert literal in shown
    assert "**" not in shown and "`" not in shown and "# Head" not in shown
    document: QTextDocument = view.document()
    block = document.begin()
    while block.isValid():
        fragment = block.begin()
        while not fragment.atEnd():
            form = fragment.fragment().charFormat()
            assert not form.isAnchor() and not form.isImageFormat() and not form.anchorHref()
            fragment += 1
        block = block.next()
    assert asked == []
    view.show_words("مرحبا", formatted=True)
    assert document.begin().textDirection() == Qt.LayoutDirection.RightToLeft
    view.show_words(EVIL, formatted=False)
    assert view.toPlainText() == EVIL
    view.selectAll()
    mime = view.createMimeDataFromSelection()
    assert mime.text() == EVIL and not mime.hasHtml()


def test_a_line_of_ten_megabytes_is_one_sentence(page: Any, qtbot: QtBot) -> None:
    mime = QMimeData()
    mime.setText("x" * 10_000_000)
    watch = Watch()
    page.question.insertFromMimeData(mime)
    assert watch.seconds < 0.5
    assert page.question.toPlainText() == ""
    assert page.banner.text.text().startswith("This is too long to be asked: 10,000,000 letters")


def test_what_no_longer_fits_and_where_it_was_sent_is_said(page: Any, qtbot: QtBot) -> None:
    turn = Turn("assistant", "Yes", left_out=6, note="10 tokens sent.", sent_to="https://a.example/v1", model="Far")
    bubble = Bubble(turn)
    qtbot.addWidget(bubble)
    assert (
        bubble.foot.text()
        == "The model no longer sees the first 6 messages. 10 tokens sent. Sent to https://a.example/v1."
    )
    page.settings.picker.choose("hosted-openai")
    assert page.warning.text().endswith("What you write is sent to https://api.openai.com/v1.")
    assert "leaves this computer" in page.settings.remote.text.text() and not page.settings.remote.isHidden()
    page.settings.picker.choose("small-talker")
    assert page.settings.remote.isHidden() and "sent" not in page.warning.text()
    assert page.settings_button.text() == " Small talker"


def test_a_long_conversation_shows_its_end_first(page: Any, qtbot: QtBot) -> None:
    turns = tuple(Turn("user" if n % 2 == 0 else "assistant", f"number {n}") for n in range(300))
    watch = Watch()
    page._show_talk(Conversation.new(turns=turns))
    assert watch.seconds < 1 and len(bubbles(page)) < 100
    assert bubbles(page)[-1].words.words == "number 299"
    click(page, qtbot, "show-earlier")
    texts = [b.words.words for b in bubbles(page)]
    assert texts == [f"number {n}" for n in range(300 - len(texts), 300)] and len(texts) == 80


def test_the_try_page_leads_here_with_what_was_typed(page: Any, window: MainWindow, qtbot: QtBot) -> None:
    from workbench.tasks.registry import get_task

    window.show_page("try")
    tried: Any = window.page("try")
    tried._show_task(get_task("chat"), "small-talker")
    tried.text.setPlainText("What of lamps?")
    click(tried, qtbot, "own-page")
    assert window.current_page_id == "talk" and page.question.toPlainText() == "What of lamps?"
    assert page.settings.picker.card.id == "small-talker"
    tried._show_task(get_task("image-classification"))
    assert tried.own_page.isHidden()


CHILD = """
import sys
from PySide6.QtWidgets import QApplication
from workbench.gui.context import AppContext
from workbench.gui.main_window import MainWindow
app = QApplication([])
window = MainWindow(AppContext())
window.show()
window.reopen()
window.show_page("talk")
page = window.page("talk")
page.settings.controls.set_value("length", 2000)
page.question.setPlainText("Write on for ever")
page.send()
flush = page._flush
page._flush = lambda: (flush(), print(len(page.talk.turns[-1].text), flush=True))
page._timer.timeout.disconnect()
page._timer.timeout.connect(page._flush)
app.exec()
"""


def test_killed_while_an_answer_streams_the_next_window_shows_it(catalog: Catalog, qtbot: QtBot, request: Any) -> None:
    own_talker(catalog, context=8192)
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    store = ConversationStore(app_paths().conversations)

    def kept() -> bool:
        """Part of the answer is on the disk, which comes about twice a second."""
        return any(len(turns := store.load(e.id).turns) == 2 and turns[-1].text for e in store.listed())

    said, began = 0, 0.0
    try:
        for line in child.stdout:
            said = int(line)
            began = began or time.monotonic()
            if said > 100 and time.monotonic() - began > 1.5 and kept():
                break
    finally:
        child.kill()  # as kill -9
        child.wait()
    window = MainWindow(request.getfixturevalue("ctx"))
    qtbot.addWidget(window)
    window.reopen()
    assert window.current_page_id == "talk"
    page: Any = window.page("talk")
    qtbot.waitUntil(lambda: len(page.talk.turns) == 2, timeout=LONG)
    last = page.talk.turns[-1]
    assert last.state == "broken" and len(last.text) > 0 and bubbles(page)[-1].foot.text() == "Broken off."
    page.settings.controls.set_value("length", 10)
    page.again()
    done(page, qtbot)
    assert page.talk.turns[-1].state == "whole"


# Documents -------------------------------------------------------------------------------------------------------------


def test_without_a_model_the_answer_is_read_from_ones_documents(
    window: MainWindow, qtbot: QtBot, drop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "rent.txt").write_text("The tenant pays 850 euros of rent each month, due on the third working day.")
    (folder / "soup.txt").write_text("For the tomato soup fry two onions in butter and cook for twenty minutes.")
    window.show_page("talk")
    page: Any = window.page("talk")
    assert not page.settings.picker.is_ready()  # no chat model comes with the app
    page.question.setPlainText("How much is the rent?")
    click(page, qtbot, "send")
    assert "not on this computer yet" in page.banner.text.text() and not page.answering
    drop(window, [folder])
    qtbot.waitUntil(lambda: "2 documents" in page.settings.documents_words.text(), timeout=LONG)
    click(page, qtbot, "send")
    done(page, qtbot)
    answer = page.talk.turns[-1]
    assert "850 euros" in answer.text and answer.note == "Read from your documents: no model wrote this."
    assert bubbles(page)[-1].who.text().startswith("Your documents")
    click(page, qtbot, "source-1", bubbles(page)[-1])
    dialog = page.findChild(SourceDialog)
    assert dialog.isVisible() and "850 euros" in dialog.text.toPlainText()
    opened: list[QUrl] = []
    monkeypatch.setattr(
        "workbench.gui.talk.source_dialog.QDesktopServices.openUrl", lambda url: opened.append(url) or True
    )
    click(page, qtbot, "open-document", dialog)
    assert opened[0].toLocalFile() == str(folder / "rent.txt")
    dialog.close()
    ask(page, qtbot, "Who won the world cup?")
    assert page.talk.turns[-1].text == "Nothing in your documents fits this question."
    click(page, qtbot, "no-documents")
    assert page.settings.documents == ""


def test_only_documents_are_opened_and_one_that_is_gone_is_told(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = SourceDialog(Source(1, str(tmp_path / "gone.pdf"), "gone.pdf", "page 1", "text"))
    qtbot.addWidget(dialog)
    dialog._open()
    assert dialog.state.text() == "The document is not where it was."
    program = tmp_path / "run.sh"
    program.write_text("#!/bin/sh")
    monkeypatch.setattr("workbench.gui.talk.source_dialog.QDesktopServices.openUrl", lambda _url: pytest.fail("opened"))
    other = SourceDialog(Source(1, str(program), "run.sh", "", "text"))
    qtbot.addWidget(other)
    other._open()
    assert other.state.text()


def test_names_and_passages_are_no_html_in_tool_tips_either(qtbot: QtBot) -> None:
    evil = "<img src=http://127.0.0.1:9/x.png><b>R&D</b>"
    bubble = Bubble(Turn("assistant", "x", sources=(Source(1, "/d/R&D.pdf", "R&D.pdf", evil, evil),)))
    qtbot.addWidget(bubble)
    made = bubble.findChild(QPushButton, "source-1")
    assert "<img" not in made.toolTip() and "&lt;img" in made.toolTip() and "R&&D.pdf" in made.text()
    listed = TalksList()
    qtbot.addWidget(listed)
    listed.show_entries([Entry("1", evil, "2026-01-01T10:00:00")], "")
    assert "<img" not in listed.topLevelItem(0).toolTip(0) and listed.names() == [evil]


# Voice -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def microphones(monkeypatch: pytest.MonkeyPatch) -> FakeMicrophones:
    made = FakeMicrophones()
    monkeypatch.setattr(microphone, "sound_devices", lambda: made)
    return made


@pytest.fixture
def spoken(page: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Qt's own stand-in for a voice, and what it was given to say."""
    found: list[str] = []
    page.voice.speaker.engines = lambda: ["mock"]
    say_it = page.voice.speaker.say
    page.voice.speaker.say = lambda sentence: (found.append(sentence), say_it(sentence))
    return found


def clip() -> Any:
    """A person's voice at the fake microphone's rate."""
    import numpy as np

    from workbench.data.sound import resampled

    sound, rate = real_voice()
    return np.concatenate(list(resampled(iter([sound.astype(np.float32)]), rate, 16_000)))


def test_held_down_one_speaks_and_the_answer_is_read_aloud(
    page: Any, qtbot: QtBot, microphones: FakeMicrophones, spoken: list[str]
) -> None:
    page.settings.controls.set_value("length", 20)
    qtbot.mouseClick(page.voice.aloud, LEFT)
    assert page.voice.aloud.isChecked() and page.voice.languages.count() > 1 and page.voice.voices.count() > 1
    page.voice.button.setFocus()
    qtbot.keyPress(page.voice.button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: page.voice.listener.recorder is not None, timeout=LONG)
    assert page.voice.button.text() == " Listening …" and page.voice.meter.isVisible()
    microphones.give(say("seven nine", 3))
    microphones.give(clip())
    QTest.qWait(400)  # held for longer than a click
    qtbot.keyRelease(page.voice.button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(page.talk.turns) == 2 and not page.answering, timeout=LONG)
    assert page.talk.turns[0].text and page.talk.turns[0].role == "user"
    qtbot.waitUntil(lambda: bool(spoken), timeout=LONG)
    assert " ".join(spoken).replace(" ", "") == page.talk.turns[1].text.replace(" ", "")
    assert page.voice.listener.recorder is None
    recordings = page.ctx.paths.cache / "recordings"
    qtbot.waitUntil(lambda: not list(recordings.glob("*.wav")), timeout=LONG)  # what was said is not kept
    page.voice.be_quiet()
    assert not page.voice.speaker.busy


def test_hands_free_hears_the_end_and_speaking_interrupts_it(
    page: Any, qtbot: QtBot, microphones: FakeMicrophones, spoken: list[str]
) -> None:
    import numpy as np

    still = np.zeros(32_000, np.float32)
    page.settings.controls.set_value("length", 700)
    qtbot.mouseClick(page.voice.aloud, LEFT)
    qtbot.mouseClick(page.voice.hands_free, LEFT)
    qtbot.waitUntil(lambda: page.voice.listener.recorder is not None, timeout=LONG)
    microphones.give(np.concatenate([still[:8000], clip(), still]))
    qtbot.waitUntil(lambda: page.answering, timeout=LONG)  # nobody pressed anything
    qtbot.waitUntil(lambda: page.talk.turns[-1].role == "assistant" and page.talk.turns[-1].text != "", timeout=LONG)
    page.voice.speaker.say("One very long sentence that goes on for a while.")
    assert page.voice.speaker.busy
    interrupted = False
    # Whoever is not heard (the microphone was just being opened anew) says it again.
    for _ in range(5):
        qtbot.waitUntil(lambda: page.voice.listener.recorder is not None, timeout=LONG)
        interrupted = page.answering
        microphones.give(np.concatenate([clip(), still]))
        qtbot.waitUntil(lambda: not page.voice.speaker.busy, timeout=LONG)  # silent while the person still speaks
        waited = 0
        while len(page.talk.turns) < 3 and waited < 200:
            qtbot.wait(100)
            waited += 1
        if len(page.talk.turns) >= 3:
            break
    assert len(page.talk.turns) >= 3 and page.talk.turns[2].role == "user"
    assert not interrupted or page.talk.turns[1].state == "stopped"
    qtbot.keyClick(page.question, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not page.answering and not page.voice.listener.active, timeout=LONG)
    assert not page.voice.hands_free.isChecked()


def test_the_space_bar_is_for_speaking_where_nothing_is_typed(
    page: Any, qtbot: QtBot, microphones: FakeMicrophones
) -> None:
    ask(page, qtbot, "One two")
    assert page.talk.turns[0].text == "One two" and not microphones.opened  # typed, it is a blank
    words = bubbles(page)[0].words
    words.setFocus()
    qtbot.keyPress(words, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: page.voice.listener.recorder is not None, timeout=LONG)
    qtbot.keyRelease(words, Qt.Key.Key_Space)
    qtbot.keyClick(page.question, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not page.voice.listener.active, timeout=LONG)
    assert len(page.talk.turns) == 2


def test_the_microphone_goes_off_when_the_page_is_left(
    page: Any, window: MainWindow, qtbot: QtBot, microphones: FakeMicrophones, spoken: list[str]
) -> None:
    qtbot.mouseClick(page.voice.aloud, LEFT)
    qtbot.mouseClick(page.voice.hands_free, LEFT)
    qtbot.waitUntil(lambda: page.voice.listener.recorder is not None, timeout=LONG)
    page.voice.speaker.say("A long sentence that is being read aloud.")
    window.show_page("home")
    assert not page.voice.speaker.busy and not page.voice.hands_free.isChecked()
    qtbot.waitUntil(lambda: not page.voice.listener.active, timeout=LONG)


def test_its_own_voice_does_not_count_as_the_person(page: Any, qtbot: QtBot) -> None:
    page.voice._echoes = "A lamp gives light at night."
    page.voice._heard("a lamp gives light", "")
    assert not page.voice.barge_in.isChecked() and page.talk.turns == ()
    assert "heard its own voice" in page.voice.banner.text.text()


def test_no_voice_no_microphone_and_silence_are_one_sentence_each(
    page: Any, qtbot: QtBot, microphones: FakeMicrophones
) -> None:
    import numpy as np

    page.voice.speaker.engines = list
    qtbot.mouseClick(page.voice.aloud, LEFT)
    assert not page.voice.aloud.isChecked()
    assert page.voice.banner.text.text().startswith("This computer has no voice to read aloud with")
    ask(page, qtbot, "Still here?")  # the text goes on
    microphones.listed.clear()
    qtbot.mouseClick(page.voice.button, LEFT)
    qtbot.waitUntil(lambda: "No microphone was found." in page.voice.banner.text.text(), timeout=LONG)
    qtbot.waitUntil(lambda: not page.voice.listener.active, timeout=LONG)
    microphones.listed.append({"name": "M", "max_input_channels": 1, "hostapi": 0})
    qtbot.mouseClick(page.voice.button, LEFT)
    qtbot.waitUntil(lambda: page.voice.listener.recorder is not None, timeout=LONG)
    microphones.give(np.ones(8000, np.float32))
    qtbot.waitUntil(lambda: "Too loud" in page.voice.banner.text.text(), timeout=LONG)
    qtbot.keyClick(page.question, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not page.voice.listener.active, timeout=LONG)
    qtbot.mouseClick(page.voice.button, LEFT)
    qtbot.waitUntil(lambda: page.voice.listener.recorder is not None, timeout=LONG)
    microphones.give(np.zeros(8000, np.float32))
    qtbot.mouseClick(page.voice.button, LEFT)
    qtbot.waitUntil(lambda: not page.voice.listener.active, timeout=LONG)
    assert page.voice.banner.isVisible() and len(page.talk.turns) == 2
    assert "silent" in page.voice.banner.text.text().lower() or "understood" in page.voice.banner.text.text()


def test_without_the_permission_nothing_is_recorded(
    page: Any, qtbot: QtBot, microphones: FakeMicrophones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.gui.microphone.ask_permission", lambda _owner, then: then(False))
    qtbot.mouseClick(page.voice.hands_free, LEFT)
    assert "may not use the microphone" in page.voice.banner.text.text()
    assert not page.voice.hands_free.isChecked() and not page.voice.listener.active and not microphones.opened


def test_everything_can_be_named_and_reached(page: Any, qtbot: QtBot) -> None:
    ask(page, qtbot, "One")
    page.settings_button.click()
    for kind in (QPushButton, QToolButton):
        for made in page.findChildren(kind):
            assert made.accessibleName() or made.text(), made.objectName()
