"""The health of the data in the window: seen, reviewed and mended by clicks and keys, and every step taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.project import Project
from workbench.data.types import NewItem, Split
from workbench.gui.health.badge import HealthBadge
from workbench.gui.health.panel import HealthPanel
from workbench.gui.health.review import ReviewDialog
from workbench.gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
MAIL = "anna.muster@example.org"


def texts(folder: Path) -> None:
    """Two topics; one text on both sides of the test, one with an address, one that came in under two labels."""
    with Project.create(folder, "texts", "text-classification") as project:
        said = ["The soup was cold and nobody came", "The bread was warm and the waiter kind"]
        new = [
            NewItem("text", f"{n}", text=f"{said[n % 2]} on day {n}", label=("bad", "good")[n % 2]) for n in range(12)
        ]
        long = "We waited an hour for the bill and the room was far too loud to speak with anyone at all"
        new.append(NewItem("text", "left", text=long, label="bad", split=Split.TRAIN))
        new.append(NewItem("text", "right", text=f"{long}!", label="bad", split=Split.TEST))
        new.append(NewItem("text", "mail", text=f"😀 Write to {MAIL}, please, about the bill.", label="bad"))
        project.add_items(new)
        project.add_items([NewItem("text", "again", text=new[1].text, label="bad")])


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Any:
    texts(tmp_path / "texts")
    window.ctx.store.open(tmp_path / "texts")
    window.show_page("data")
    page = window.page("data")
    # As when the person opens the list, but before it: everything is looked at once.
    page.health.runner.look_deep()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: page.health.runner.whole and not page.health.runner.is_working)  # type: ignore[attr-defined]
    return page


def wait_for(qtbot: QtBot, parent: QWidget, name: str) -> QPushButton:
    found: list[QPushButton] = []

    def there() -> bool:
        found[:] = [b for b in parent.findChildren(QPushButton, name) if b.isVisible() and b.isEnabled()]
        return bool(found)

    qtbot.waitUntil(there)
    return found[-1]


def opened(qtbot: QtBot, page: Any) -> HealthPanel:
    badge = page.findChild(HealthBadge, "health-badge")
    assert badge is not None and badge.isVisible()
    qtbot.mouseClick(badge, LEFT)
    panel: HealthPanel = page.health.panel
    qtbot.waitUntil(panel.isVisible)
    return panel


def codes(page: Any) -> set[str]:
    return {f.code for f in page.health.runner.findings}


def test_from_the_badge_to_a_mended_leak_and_back(window: MainWindow, page: Any, qtbot: QtBot) -> None:
    store = window.ctx.store
    assert {"leakage", "two-labels", "personal-data"} <= codes(page)
    badge = page.health.badge
    assert "to mend" in badge.accessibleName() and "good to know" in badge.accessibleName()
    panel = opened(qtbot, page)
    project = store.require()

    def sides() -> set[Split | None]:
        return {i.split for i in project.items(project.item_ids()) if i.name in ("left", "right")}

    assert sides() == {Split.TRAIN, Split.TEST}
    qtbot.mouseClick(wait_for(qtbot, panel, "one-split-leakage"), LEFT)
    assert sides() == {Split.TRAIN}
    qtbot.waitUntil(lambda: "leakage" not in codes(page) and panel.findChild(QWidget, "finding-leakage") is None)
    assert "takes it back" in page.banner.text.text()
    store.undo_stack.undo()
    assert sides() == {Split.TRAIN, Split.TEST}
    page.health.runner.look_again()
    qtbot.waitUntil(lambda: "leakage" in codes(page))

    # It is fine: not told any more, until that is taken back.
    qtbot.mouseClick(wait_for(qtbot, panel, "fine-leakage"), LEFT)
    qtbot.waitUntil(lambda: "leakage" not in codes(page))
    store.undo_stack.undo()
    qtbot.waitUntil(lambda: "leakage" in codes(page))
    qtbot.mouseClick(wait_for(qtbot, panel, "fine-leakage"), LEFT)
    qtbot.waitUntil(lambda: "leakage" not in codes(page))
    qtbot.mouseClick(wait_for(qtbot, panel, "health-forget"), LEFT)
    qtbot.waitUntil(lambda: "leakage" in codes(page))

    # Show: the very items, in the list.
    qtbot.mouseClick(wait_for(qtbot, panel, "show-leakage"), LEFT)
    assert not panel.isVisible()
    qtbot.waitUntil(lambda: page.model.rowCount() == 2)


def test_a_review_by_keys(window: MainWindow, page: Any, qtbot: QtBot) -> None:
    project = window.ctx.store.require()
    panel = opened(qtbot, page)
    qtbot.mouseClick(wait_for(qtbot, panel, "review-two-labels"), LEFT)
    review: ReviewDialog = page.health.review_dialog
    qtbot.waitUntil(review.isVisible)
    item = project.item(review.item_id)
    bad, good = project.classes()
    assert item.class_id == good.id and review.accept_button.text().strip() == "It is “bad” (Enter)"
    note = review.findChild(QLabel, "review-note")
    assert note is not None and note.text() == "Also came in as “bad”"
    assert review.pane.text.toPlainText() == item.text

    qtbot.keyClick(review, Qt.Key.Key_Return)
    assert project.item(item.id).class_id == bad.id
    qtbot.waitUntil(lambda: review.state.text() == "now “bad”" and not review.accept_button.isEnabled())
    qtbot.keyClick(review, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert project.item(item.id).class_id == good.id
    qtbot.keyClick(review, Qt.Key.Key_1)
    assert project.item(item.id).class_id == bad.id
    qtbot.keyClick(review, Qt.Key.Key_2)
    assert project.item(item.id).class_id == good.id

    qtbot.keyClick(review, Qt.Key.Key_Delete)
    assert item.id not in project.item_ids()
    qtbot.waitUntil(lambda: "taken out of the project" in review.pane.picture.text())
    qtbot.keyClick(review, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert item.id in project.item_ids()
    qtbot.waitUntil(lambda: review.pane.stack.currentWidget() is review.pane.text)

    qtbot.keyClick(review, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: "two-labels" not in codes(page))
    qtbot.keyClick(review, Qt.Key.Key_Escape)
    assert not review.isVisible()


def test_groups_are_gone_through_and_personal_data_is_marked(window: MainWindow, page: Any, qtbot: QtBot) -> None:
    panel = opened(qtbot, page)
    qtbot.mouseClick(wait_for(qtbot, panel, "review-leakage"), LEFT)
    review: ReviewDialog = page.health.review_dialog
    qtbot.waitUntil(review.isVisible)
    assert "group 1 of 1" in review.caption.text() and "1 of 2" in review.caption.text()
    # Both are seen side by side, each with its label and its side of the test.
    assert review.other.isVisible() and review.other.text.toPlainText() == f"{review.pane.text.toPlainText()}!"
    assert review.pane.caption.text() == "left   ·   bad   ·   learnt from"
    assert review.other.caption.text() == "right   ·   bad   ·   test"
    qtbot.keyClick(review, Qt.Key.Key_Right)
    assert "2 of 2" in review.caption.text() and review.pane.caption.text() == "right   ·   bad   ·   test"
    assert review.other.caption.text() == "left   ·   bad   ·   learnt from"
    qtbot.keyClick(review, Qt.Key.Key_Left)
    assert "1 of 2" in review.caption.text()
    qtbot.mouseClick(wait_for(qtbot, review, "review-close"), LEFT)

    qtbot.mouseClick(wait_for(qtbot, panel, "review-personal-data"), LEFT)
    review = page.health.review_dialog
    qtbot.waitUntil(review.isVisible)
    [mark] = review.pane.text.extraSelections()
    # The smiley before it counts twice in Qt.
    assert mark.cursor.selectedText() == MAIL
    assert mark.format.toolTip() == "e-mail address"


def test_a_copy_and_an_export_without_personal_data(
    window: MainWindow, page: Any, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(out))
    panel = opened(qtbot, page)
    qtbot.mouseClick(wait_for(qtbot, panel, "clean-copy-personal-data"), LEFT)
    copy = out / "texts without personal data"
    qtbot.waitUntil(lambda: str(copy) in page.banner.text.text())
    assert all(MAIL.encode() not in f.read_bytes() for f in copy.rglob("*") if f.is_file())
    panel.close()

    table = tmp_path / "labels.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(table), ""))
    menu = page.export_menu
    for leave_out in (False, True):
        menu.fill()
        switch = menu.findChild(QAction, "export-leave-out")
        assert switch is not None and switch.isChecked() is False
        if leave_out:
            switch.trigger()
        next(a for a in menu.actions() if a.text().startswith("Labels as a table")).trigger()
        qtbot.waitUntil(lambda: "15 written" in page.banner.text.text())
        text = table.read_text(encoding="utf-8-sig")
        assert (MAIL in text) is not leave_out and ("[E-MAIL 1]" in text) is leave_out
        page.banner.hide()
        page.banner.text.setText("")


def test_the_look_is_quiet_stops_at_once_and_makes_way(window: MainWindow, page: Any, qtbot: QtBot) -> None:
    runner = page.health.runner
    ran: list[str] = []
    window.ctx.jobs.started.connect(lambda job: ran.append(job.title if not job.quiet else ""))
    # A label changes: looked at again by itself, with nothing in the status bar.
    project = window.ctx.store.require()
    item = project.item(project.item_ids()[0])
    other = next(c.id for c in project.classes() if c.id != item.class_id)
    seen: list[list[Any]] = []
    runner.found.connect(seen.append)
    window.ctx.store.set_label([item.id], other)
    qtbot.waitUntil(lambda: bool(seen))
    assert set(ran) <= {""}
    # While something else runs, a look waits; stopped, it ends.
    hold: Callable[[Any], None] = lambda control: _until_cancelled(control)  # noqa: E731
    other_job = window.ctx.jobs.start("Something the person asked for", hold)
    runner.look_deep()
    job = runner._jobs[-1]
    assert job.control.paused
    job.cancel()
    with (
        qtbot.waitSignal(job.ended, timeout=5_000) if job in window.ctx.jobs.running() else qtbot.waitSignal(job.ended)
    ):
        pass
    other_job.cancel()
    qtbot.waitUntil(lambda: other_job not in window.ctx.jobs.running())


def _until_cancelled(control: Any) -> None:
    import time

    while True:
        control.check()
        time.sleep(0.01)
