"""Sounds in recordings as a person marks, tries and judges them: by mouse and by keys, undone, and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import Clip
from workbench.data.types import ItemFilter, ItemPrediction, NewItem, Sample, Split
from workbench.gui.editors.clips import Editor
from workbench.gui.main_window import MainWindow
from workbench.gui.results.clips import View
from workbench.gui.widgets.clip_canvas import Block, ClipCanvas, laned
from workbench.tasks.predictions import Event, Events, to_record
from workbench.tasks.registry import get_task
from workbench.trust.judge_clips import judge
from workbench.trust.judging import Answered

RATE, SECONDS = 8000, 20.0
Played = list[tuple[float, float]]


def recording(path: Path, seed: int, seconds: float = SECONDS) -> Path:
    """Noise with a tone from 5 to 6 and one from 12 to 13 seconds."""
    t = np.arange(int(seconds * RATE)) / RATE
    sound = np.random.default_rng(seed).normal(size=t.size) * 0.01
    for begins in (5.0, 12.0):
        sound += (t >= begins) * (t < begins + 1) * 0.5 * np.sin(2 * np.pi * 1000 * t)
    soundfile.write(path, sound, RATE)
    return path


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """What would be heard; nothing sounds."""
    heard: Played = []
    monkeypatch.setattr(
        "workbench.gui.sound_playing.SoundPlaying.play",
        lambda _self, begins, ends=float("inf"): heard.append((round(begins, 2), round(ends, 2))),
    )
    return heard


@pytest.fixture
def editor(window: MainWindow, qtbot: QtBot, tmp_path: Path, played: Played) -> Editor:
    project = Project.create(tmp_path / "dawn", "dawn", "sound-events")
    project.add_items([NewItem("sound", f"{n}.wav", path=recording(tmp_path / f"{n}.wav", n)) for n in range(3)])
    for name in ("wren", "owl"):
        project.add_class(name)
    window.ctx.store.adopt(project)
    window.show_page("data")
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 3, timeout=60_000)
    page.view.setFocus()
    page.view.go_to(0)
    QTest.keyClick(page.view, Qt.Key.Key_Space)
    found = page.stack.currentWidget()
    assert isinstance(found, Editor)
    qtbot.waitUntil(lambda: bool(found.canvas.spectrum.levels) and found.canvas.seconds == SECONDS, timeout=60_000)
    return found


def marks(editor: Editor) -> list[tuple[float, float, str]]:
    project = editor.ctx.store.require()
    names = {c.id: c.name for c in project.classes()}
    assert editor.item is not None
    return sorted(
        (round(a.shape.begins, 1), round(a.shape.ends, 1), names[a.class_id or 0])
        for a in project.annotations(editor.item.id)
        if isinstance(a.shape, Clip) and not a.is_proposal
    )


def drag(canvas: ClipCanvas, begins: float, ends: float, y: int = 80) -> None:
    left, right = QPoint(round(canvas.x_of(begins)), y), QPoint(round(canvas.x_of(ends)), y)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, left)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(canvas, left + (right - left) * share)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, right)


def close(found: list[tuple[float, float, str]], wanted: list[tuple[float, float, str]], room: float = 0.15) -> bool:
    return len(found) == len(wanted) and all(
        a[2] == b[2] and abs(a[0] - b[0]) <= room and abs(a[1] - b[1]) <= room
        for a, b in zip(found, wanted, strict=True)
    )


def test_by_mouse(editor: Editor, window: MainWindow, played: Played) -> None:
    canvas = editor.canvas
    drag(canvas, 5.0, 6.0)
    assert close(marks(editor), [(5.0, 6.0, "wren")]) and editor.selected
    QTest.keyClick(canvas, Qt.Key.Key_2)
    drag(canvas, 5.5, 8.0)
    assert close(marks(editor), [(5.0, 6.0, "owl"), (5.5, 8.0, "owl")])
    assert {b.lane for b in canvas.blocks} == {0, 1}  # they overlap
    # The edge of the chosen one is dragged, then its whole bar.
    drag(canvas, 8.0, 9.0)
    assert close(marks(editor), [(5.0, 6.0, "owl"), (5.5, 9.0, "owl")])
    block = canvas.block(editor.selected)
    assert block is not None
    drag(canvas, 7.0, 9.0, round(canvas.lane_rect(block).center().y()))
    assert close(marks(editor), [(5.0, 6.0, "owl"), (7.5, 11.0, "owl")])
    for expected in ([(5.0, 6.0, "owl"), (5.5, 9.0, "owl")], [(5.0, 6.0, "owl"), (5.5, 8.0, "owl")]):
        window.ctx.store.undo_stack.undo()
        assert close(marks(editor), expected)
    # A click puts the cursor there and chooses nothing; a bar is chosen by a click, heard by two.
    QTest.mouseClick(
        canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(round(canvas.x_of(15.0)), 80)
    )
    assert editor.selected == 0 and canvas.position == pytest.approx(15.0, abs=0.1)
    # A click within one chooses it; B, a click and E make one, too.
    QTest.mouseClick(
        canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(round(canvas.x_of(5.2)), 80)
    )
    assert editor.selected == canvas.blocks[0].id
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseClick(
        canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(round(canvas.x_of(15.0)), 80)
    )
    QTest.keyClick(canvas, Qt.Key.Key_B)
    QTest.mouseClick(
        canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(round(canvas.x_of(16.0)), 80)
    )
    QTest.keyClick(canvas, Qt.Key.Key_E)
    assert close(marks(editor)[2:], [(15.0, 16.0, "owl")])
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    bar = canvas.lane_rect(canvas.blocks[0]).center().toPoint()
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, bar)
    assert played and played[-1] == pytest.approx((5.0, 6.0), abs=0.15)
    # On disk, and not done: what is not marked says nothing yet.
    with Project.open(editor.ctx.store.require().folder, read_only=True) as seen:
        item = seen.item(editor.item.id)  # type: ignore[union-attr]
        assert item.marks == 2 and not item.marked


def test_all_by_keyboard(editor: Editor, played: Played) -> None:
    canvas = editor.canvas
    assert canvas.hasFocus()
    press = lambda key, modifier=Qt.KeyboardModifier.NoModifier: QTest.keyClick(canvas, key, modifier)  # noqa: E731
    step = canvas.step_seconds()
    for _ in range(10):
        press(Qt.Key.Key_Right)
    press(Qt.Key.Key_B)
    for _ in range(5):
        press(Qt.Key.Key_Right)
    press(Qt.Key.Key_E)
    assert close(marks(editor), [(10 * step, 15 * step, "wren")], 0.06)
    press(Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    press(Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert close(marks(editor), [(9 * step, 16 * step, "wren")], 0.06)
    press(Qt.Key.Key_2)
    press(Qt.Key.Key_P)
    assert marks(editor)[0][2] == "owl" and played[-1] == pytest.approx((9 * step, 16 * step), abs=0.06)
    press(Qt.Key.Key_L)
    assert editor.loop.isChecked()
    press(Qt.Key.Key_L)
    press(Qt.Key.Key_Escape)
    assert editor.selected == 0 and not editor.loop.isChecked()
    press(Qt.Key.Key_Tab)
    assert editor.selected
    before = canvas.ends - canvas.begins
    press(Qt.Key.Key_Z)
    assert canvas.ends - canvas.begins < before
    press(Qt.Key.Key_F)
    assert (canvas.begins, canvas.ends) == (0.0, SECONDS)
    press(Qt.Key.Key_Plus)
    assert canvas.ends - canvas.begins < SECONDS
    press(Qt.Key.Key_Delete)
    assert marks(editor) == []
    press(Qt.Key.Key_Return)
    assert editor.row == 1
    press(Qt.Key.Key_N)
    assert editor.row == 2
    project = editor.ctx.store.require()
    assert len(project.item_ids(ItemFilter(labelled=True))) == 2
    press(Qt.Key.Key_PageUp)
    assert editor.row == 1 and editor.again.isVisible()
    press(Qt.Key.Key_U)
    assert len(project.item_ids(ItemFilter(labelled=True))) == 1 and not editor.again.isVisible()
    press(Qt.Key.Key_Escape)
    assert not editor.isVisible()


def test_edges_go_to_the_silence_and_the_wheel_looks_closer(editor: Editor, qtbot: QtBot) -> None:
    canvas = editor.canvas
    editor.make(4.8, 6.3)
    QTest.keyClick(canvas, Qt.Key.Key_S)
    assert close(marks(editor), [(5.0, 6.0, "wren")], 0.11)
    at = QPointF(canvas.x_of(12.5), 100)
    wheel = QWheelEvent(
        at, canvas.mapToGlobal(at), QPoint(), QPoint(0, 1200), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, wheel)
    assert canvas.begins < 12.5 < canvas.ends and canvas.ends - canvas.begins < 3
    canvas.repaint()
    qtbot.waitUntil(lambda: len(canvas._pieces) > 0, timeout=60_000)  # the fine picture of what is seen
    editor.overview.asked.emit(2.0)
    assert canvas.begins < 2.0 < canvas.ends


def test_suggestions_are_taken_over_or_thrown_away(editor: Editor) -> None:
    project = editor.ctx.store.require()
    wren = project.class_by_name("wren")
    assert editor.item is not None and wren is not None
    made = [Annotation(Clip(b, b + 1), wren.id, score=s) for b, s in ((5.0, 0.9), (8.0, 0.3), (12.0, 0.8))]
    project.set_proposals({editor.item.id: made})
    editor.review()
    assert editor.selected == made[1].id  # the least certain first
    QTest.keyClick(editor.canvas, Qt.Key.Key_R)
    assert editor.selected == made[2].id
    QTest.keyClick(editor.canvas, Qt.Key.Key_A)
    assert marks(editor) == [(12.0, 13.0, "wren")] and editor.selected == made[0].id
    editor.choose(0)
    assert "1 suggested" in editor.accept.text()
    QTest.keyClick(editor.canvas, Qt.Key.Key_A)
    assert close(marks(editor), [(5.0, 6.0, "wren"), (12.0, 13.0, "wren")]) and not editor.accept.isVisible()


def test_a_name_is_asked_for_when_there_is_none(window: MainWindow, editor: Editor, qtbot: QtBot) -> None:
    store = window.ctx.store
    for found in list(store.require().classes()):
        store.remove_class(found.id)
    drag(editor.canvas, 5.0, 6.0)
    assert marks(editor) == [] and editor.banner.isVisible() and editor.canvas.marked is not None
    store.add_class("frog")
    QTest.keyClick(editor.canvas, Qt.Key.Key_1)
    assert close(marks(editor), [(5.0, 6.0, "frog")])


def test_marked_sounds_become_items(editor: Editor, window: MainWindow, qtbot: QtBot) -> None:
    project = editor.ctx.store.require()
    editor.make(5.0, 6.0)
    editor.make(12.0, 12.5, project.class_by_name("owl").id)  # type: ignore[union-attr]
    editor.cut_into_project()
    qtbot.waitUntil(lambda: project.counts().total == 5, timeout=60_000)
    qtbot.waitUntil(lambda: "added to this project" in editor.banner.text.text(), timeout=60_000)
    items = project.items(project.item_ids())[3:]
    names = {c.id: c.name for c in project.classes()}
    assert [names[i.class_id or 0] for i in items] == ["wren", "owl"]
    assert [round(i.seconds, 2) for i in items] == [1.0, 0.5] and all(i.path is not None for i in items)
    assert items[0].path is not None and items[0].path.is_relative_to(project.folder)
    sound, rate = soundfile.read(items[0].path)
    whole, _ = soundfile.read(editor.item.path, start=5 * RATE, frames=RATE)  # type: ignore[union-attr]
    assert rate == RATE and np.abs(sound - whole).max() < 1e-4
    window.ctx.store.undo_stack.undo()
    assert project.counts().total == 3
    editor.cut_into_new()
    qtbot.waitUntil(lambda: "in the new project" in editor.banner.text.text(), timeout=60_000)
    with Project.open(window.ctx.paths.projects / "dawn, single sounds", read_only=True) as made:
        assert made.task_id == "sound-classification" and made.counts().labelled == 2


def test_every_control_has_a_name(editor: Editor) -> None:
    for widget in editor.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            named = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            assert named, widget


def test_lanes() -> None:
    blocks = [Block(n, b, e, "x", "#000000") for n, (b, e) in enumerate([(0, 5), (1, 2), (2, 3), (5, 6), (1.5, 4)], 1)]
    lanes = {b.id: b.lane for b in laned(blocks)}
    assert lanes == {1: 0, 2: 1, 5: 2, 3: 1, 4: 0}


def test_what_was_heard_on_the_try_page(window: MainWindow, qtbot: QtBot, tmp_path: Path, played: Played) -> None:
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(get_task("sound-events"))
    assert page.picker.card is None and "no ready-made model" in page.picker.why.text()
    sample = Sample("sound", "dawn", path=recording(tmp_path / "dawn.wav", 1))
    page.sound.show_samples([sample])
    events = (Event(5.0, 6.0, "wren", 0.9), Event(5.5, 7.0, "owl", 0.6), Event(12.0, 13.0, "wren", 0.8))
    page._show_answer(Events(events[:1], 7.0, ("wren", "owl"), finished=False))
    # What is put into a window that is open appears with the loop's next turn.
    qtbot.waitUntil(lambda: page.sound.canvas.isVisible())
    assert not page.sound.strip.isVisible()
    assert "listened to" in page.view.events.summary.text() and not page.view.save.isVisible()
    page._show_answer(Events(events, SECONDS, ("wren", "owl")))
    qtbot.waitUntil(lambda: bool(page.sound.canvas.spectrum.levels), timeout=60_000)
    found = page.view.events
    assert found.summary.text() == "2 wren, 1 owl" and found.list.count() == 3
    QTest.mouseClick(
        found.list.viewport(), Qt.MouseButton.LeftButton, pos=found.list.visualItemRect(found.list.item(1)).center()
    )
    assert played[-1] == pytest.approx((5.5 - 0.08, 7.08))
    block = page.sound.canvas.blocks[2]
    bar = page.sound.canvas.lane_rect(block).center().toPoint()
    QTest.mouseClick(page.sound.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, bar)
    assert found.list.currentRow() == block.id - 1
    prediction = page.view.prediction
    from workbench.engine.save import endings, save_prediction

    for ending in endings(prediction):
        save_prediction(prediction, tmp_path / f"out{ending}")
    assert (tmp_path / "out.txt").read_text().splitlines()[0] == "5.000000\t6.000000\twren"
    assert "begins,ends,label,score" in (tmp_path / "out.csv").read_text("utf-8-sig")
    page._show_answer(None)
    assert page.sound.strip.isVisible()


def test_results_to_click_and_hear(window: MainWindow, qtbot: QtBot, editor: Editor, played: Played) -> None:
    project = window.ctx.store.require()
    item = project.items(project.item_ids())[0]
    said = Events((Event(5.0, 6.0, "wren", 0.9), Event(16.0, 17.0, "owl", 0.6)), SECONDS)
    kept = ItemPrediction(item.id, Split.TEST, "", "", (), to_record(said))
    truth = (Annotation(Clip(5.0, 6.0), 1), Annotation(Clip(12.0, 13.0), 1))
    judgement = judge(("wren", "owl"), [Answered(item, kept, truth, ("wren", "wren"))], "test")
    view = View(window.ctx)
    view.setParent(window)  # as on the page: it goes with the window
    tabs = view.tabs()
    qtbot.addWidget(tabs[0][0])
    tabs[0][0].resize(1000, 500)
    tabs[0][0].show()
    view.show(judgement, [item])
    assert view.titles(judgement) == ["Mistakes (2)"] and view.list.count() == 2
    assert view.list.item(0).text().startswith("wren missed") and len(view.canvas.blocks) == 3
    view.list.setCurrentRow(1)
    QTest.keyClick(view.list, Qt.Key.Key_Return)
    assert played[-1] == pytest.approx((15.7, 17.3))
    qtbot.waitUntil(lambda: bool(view.canvas.spectrum.levels), timeout=60_000)
    assert view.canvas.begins <= 16.0 and view.canvas.ends >= 17.0
    assert view.plain is not None and view.plain.item(2, 0).text() == "all"
