"""Find: alike pictures and near-duplicates, with real drops, clicks and keys."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QListWidget,
    QMenu,
    QMessageBox,
    QPushButton,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.types import ItemFilter
from workbench.engine.journey import project_from_plan
from workbench.gui.files import keep_best
from workbench.gui.main_window import MainWindow
from workbench.gui.pages.similar_page import SimilarPage
from workbench.gui.widgets.item_view import ItemView

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SAMPLES = resources() / "samples"


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Two photos, the flower three times, six zeros and ones, and a broken file."""
    made = tmp_path / "album"
    (made / "digits").mkdir(parents=True)
    for name in ("china.jpg", "flower.jpg"):
        shutil.copy(SAMPLES / "try" / name, made / name)
    flower = Image.open(made / "flower.jpg")
    flower.resize((flower.width // 2, flower.height // 2)).save(made / "small flower.jpg")
    shutil.copy(made / "flower.jpg", made / "second flower.jpg")
    for digit in ("zero", "one"):
        for file in sorted((SAMPLES / "digits" / digit).glob("*.png"))[:3]:
            shutil.copy(file, made / "digits" / f"{digit} {file.name}")
    (made / "broken.png").write_bytes(b"no picture")
    return made


def click(qtbot: QtBot, window: QWidget, name: str) -> None:
    found = window.findChild(QPushButton, name)
    assert found is not None and found.isVisible() and found.isEnabled(), f"{name} cannot be clicked"
    qtbot.mouseClick(found, LEFT)


def names(view: ItemView) -> list[str]:
    return [view.model().index(row, 0).data().split(" – ")[0] for row in range(view.model().rowCount())]


def choose(qtbot: QtBot, view: ItemView, name: str, *, button: Qt.MouseButton = LEFT) -> QPoint:
    """Click on a tile."""
    at = view.model().index(names(view).index(name), 0)
    view.scrollTo(at)
    middle = view.visualRect(at).center()
    qtbot.mouseClick(view.viewport(), button, pos=middle)
    return middle


def pick(qtbot: QtBot, view: ItemView, at: QPoint, words: str) -> None:
    """Choose in the context menu as it is on the screen."""
    view.customContextMenuRequested.emit(at)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(a for a in menu.actions() if a.text() == words)
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def opened(window: MainWindow, qtbot: QtBot, drop: Callable[..., None], album: Path) -> SimilarPage:
    window.show_page("similar")
    page = window.page("similar")
    assert isinstance(page, SimilarPage)
    drop(page.drop, [album])
    qtbot.waitUntil(lambda: page.subtitle.text() == "10 pictures", timeout=60_000)
    return page


def test_alike_pictures_by_drop_by_tile_and_by_menu(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], album: Path, tmp_path: Path
) -> None:
    page = opened(window, qtbot, drop, album)
    view = page.alike.view
    assert names(view)[:2] == ["china.jpg", "flower.jpg"] and len(names(view)) == 10
    assert page.banner.isVisible() and "broken.png" in page.banner.text.text()

    # A picture from elsewhere, dropped on the tray.
    elsewhere = tmp_path / "mine.png"
    Image.open(album / "flower.jpg").crop((30, 20, 600, 400)).save(elsewhere)
    drop(page.alike.tray.drop, [elsewhere])
    qtbot.waitUntil(lambda: page.alike.model.sorted_by_likeness, timeout=30_000)
    assert set(names(view)[:3]) == {"flower.jpg", "second flower.jpg", "small flower.jpg"}
    tip = view.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert ("cosine similarity 0.9" in tip and "640 × 427" in tip) or "320 × 213" in tip
    # The slider hides what is less alike.
    bound = window.findChild(QSlider, "at-least")
    assert bound is not None and bound.isVisible()
    bound.setValue(80)
    assert len(names(view)) == 3
    bound.setValue(0)
    assert len(names(view)) == 10

    # A tile becomes the only example, by its menu; another one a counter-example, by the button.
    at = choose(qtbot, view, "digits/zero zero-01.png")
    pick(qtbot, view, at, "Find more like this")
    qtbot.waitUntil(lambda: names(view)[0] == "digits/zero zero-01.png" and len(names(view)) == 10)
    assert page.alike.tray.like.count() == 1
    before = names(view).index("china.jpg")
    choose(qtbot, view, "china.jpg")
    click(qtbot, window, "less-like")
    qtbot.waitUntil(lambda: page.alike.tray.unlike.count() == 1 and names(view)[-1] == "china.jpg")
    assert before <= 9
    # The same picture is never on both sides; Delete takes it out again.
    unlike = page.alike.tray.unlike
    unlike.setFocus()
    unlike.setCurrentRow(0)
    qtbot.keyClick(unlike, Qt.Key.Key_Delete)
    assert unlike.count() == 0 and not unlike.isVisible()
    click(qtbot, window, "examples-clear")
    qtbot.waitUntil(lambda: not page.alike.model.sorted_by_likeness and names(view)[0] == "china.jpg")


def test_double_click_opens_large_and_arrows_go_on(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], album: Path
) -> None:
    page = opened(window, qtbot, drop, album)
    view = page.alike.view
    at = choose(qtbot, view, "china.jpg")
    qtbot.mouseDClick(view.viewport(), LEFT, pos=at)
    qtbot.waitUntil(lambda: window.findChild(QDialog, "large-picture") is not None)
    dialog = window.findChild(QDialog, "large-picture")
    assert dialog is not None
    qtbot.waitUntil(lambda: not dialog.picture.pixmap().isNull())  # type: ignore[attr-defined]
    assert "china.jpg" in dialog.caption.text() and "1 of 10" in dialog.caption.text()  # type: ignore[attr-defined]
    qtbot.keyClick(dialog, Qt.Key.Key_Right)
    assert "2 of 10" in dialog.caption.text()  # type: ignore[attr-defined]
    dialog.close()


def test_the_others_go_to_the_trash_after_a_question(
    window: MainWindow,
    qtbot: QtBot,
    drop: Callable[..., None],
    album: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trash = tmp_path / "trash"
    trash.mkdir()

    def moved(path: Path) -> bool:
        """The computer's own trash stays as it is."""
        shutil.move(path, trash / path.name)
        return True

    monkeypatch.setattr("workbench.gui.files.move_one", moved)
    page = opened(window, qtbot, drop, album)
    page.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: page.same.groups > 0, timeout=30_000)
    groups = window.findChild(QListWidget, "duplicate-groups")
    assert groups is not None
    # The flowers take most room, so they come first; two of them are the same file.
    assert set(names(page.same.view)) == {"flower.jpg", "second flower.jpg", "small flower.jpg"}
    assert page.same.view.model().index(0, 0).data().startswith("flower.jpg – stays")
    # The person knows better.
    choose(qtbot, page.same.view, "second flower.jpg")
    click(qtbot, window, "keep-this")
    # Refused first: nothing happens.
    click(qtbot, window, "keep-best")
    question = window.findChild(QMessageBox, "trash-question")
    assert (
        question is not None and "2 pictures" in question.text() and "second flower.jpg" in question.informativeText()
    )
    qtbot.keyClick(question, Qt.Key.Key_Escape)
    qtbot.wait(100)
    assert (album / "flower.jpg").exists() and not list(trash.iterdir())
    click(qtbot, window, "keep-best")
    qtbot.waitUntil(lambda: window.findChild(QPushButton, "trash-ok") is not None)
    click(qtbot, window, "trash-ok")
    qtbot.waitUntil(lambda: page.subtitle.text() == "8 pictures", timeout=30_000)
    assert sorted(p.name for p in trash.iterdir()) == ["flower.jpg", "small flower.jpg"]
    assert (album / "second flower.jpg").exists() and (album / "china.jpg").exists()
    assert "2 pictures moved to the trash" in page.banner.text.text()
    assert "flower.jpg" not in " ".join(names(page.same.view))
    # What is no duplicate is left out of the list.
    left = page.same.groups
    while left:
        click(qtbot, window, "leave-group")
        assert page.same.groups == left - 1
        left = page.same.groups
    assert "No pictures" in page.same.summary.text()


def test_from_the_data_page_to_a_label_for_all_that_are_alike(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], digits_folder: Callable[..., Path]
) -> None:
    folder = digits_folder(("one", "zero"), 6)
    for file in sorted((SAMPLES / "digits" / "zero").glob("*.png"))[20:23]:
        shutil.copy(file, folder / f"new {file.name}")
    drop(window, [folder])
    qtbot.waitUntil(lambda: window.current_page_id == "data", timeout=20_000)
    project = window.ctx.store.require()
    data = window.findChild(ItemView, "item-view")
    assert data is not None and project.counts().unlabelled == 3
    (new, *_) = project.item_ids(ItemFilter(labelled=False))
    data.go_to(data.model().ids.index(new))  # type: ignore[attr-defined]
    pick(qtbot, data, data.visualRect(data.currentIndex()).center(), "Find more like this")
    assert window.current_page_id == "similar"
    page = window.page("similar")
    assert isinstance(page, SimilarPage)
    qtbot.waitUntil(lambda: page.alike.model.sorted_by_likeness, timeout=60_000)
    view = page.alike.view
    assert names(view)[0] == project.item(new).name
    # All that are new get their label at once.
    view.setFocus()
    for name in names(view):
        if name.startswith("new"):
            at = view.model().index(names(view).index(name), 0)
            view.scrollTo(at)
            qtbot.mouseClick(
                view.viewport(), LEFT, Qt.KeyboardModifier.ControlModifier, pos=view.visualRect(at).center()
            )
    click(qtbot, window, "add-found")
    dialog = window.findChild(QDialog, "add-pictures")
    assert dialog is not None
    box = dialog.findChild(QComboBox, "add-label")
    assert box is not None and [box.itemText(n) for n in range(box.count())] == ["one", "zero"]
    qtbot.keyClicks(box.lineEdit(), "zero")
    click(qtbot, dialog, "add-ok")
    qtbot.waitUntil(lambda: project.counts().unlabelled == 0, timeout=20_000)
    zero = next(c.id for c in project.classes() if c.name == "zero")
    assert len(project.item_ids(ItemFilter(class_ids=(zero,)))) == 9
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert project.counts().unlabelled == 3


def test_found_pictures_make_a_project(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], album: Path
) -> None:
    page = opened(window, qtbot, drop, album)
    choose(qtbot, page.alike.view, "flower.jpg")
    click(qtbot, window, "add-found")
    dialog = window.findChild(QDialog, "add-pictures")
    assert dialog is not None
    box = dialog.findChild(QComboBox, "add-label")
    assert box is not None
    qtbot.keyClicks(box.lineEdit(), "flower")
    click(qtbot, dialog, "add-ok")
    qtbot.waitUntil(lambda: window.ctx.store.project is not None and window.ctx.store.require().counts().total == 1)
    project = window.ctx.store.require()
    assert [c.name for c in project.classes()] == ["flower"] and project.counts().labelled == 1
    assert page.stack.currentWidget() is page.full


def test_a_folder_without_pictures_is_told_and_a_stop_can_go_on(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], album: Path, tmp_path: Path
) -> None:
    window.show_page("similar")
    page = window.page("similar")
    assert isinstance(page, SimilarPage)
    bare = tmp_path / "bare"
    bare.mkdir()
    drop(page.drop, [bare])
    qtbot.waitUntil(lambda: "holds no pictures" in page.banner.text.text(), timeout=20_000)
    assert page.stack.currentWidget() is page.empty
    drop(page.drop, [album])
    click(qtbot, window, "similar-stop")
    qtbot.waitUntil(lambda: "goes on where it was" in page.banner.text.text(), timeout=20_000)
    (go_on,) = [b for b in page.banner.findChildren(QPushButton) if b.text() == "Go on"]
    qtbot.mouseClick(go_on, LEFT)
    qtbot.waitUntil(lambda: page.subtitle.text() == "10 pictures", timeout=60_000)


def test_in_a_project_the_others_are_only_taken_out(
    window: MainWindow, qtbot: QtBot, drop: Callable[..., None], album: Path
) -> None:
    (album / "broken.png").unlink()
    project, _ = project_from_plan(sniff([album]))
    window.ctx.store.adopt(project)
    before = project.counts().total
    window.show_page("similar")
    page = window.page("similar")
    assert isinstance(page, SimilarPage)
    click(qtbot, window, "similar-project")
    qtbot.waitUntil(lambda: page.subtitle.text() == f"{before} pictures", timeout=60_000)
    page.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: page.same.groups > 0, timeout=30_000)
    others = page.same.view.model().rowCount() - 1
    assert others >= 1 and any("flower" in name for name in names(page.same.view))
    click(qtbot, window, "keep-best")
    qtbot.waitUntil(lambda: page.subtitle.text() == f"{before - others} pictures", timeout=30_000)
    assert window.findChild(QMessageBox, "trash-question") is None
    assert project.counts().total == before - others and (album / "small flower.jpg").exists()
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert project.counts().total == before
    # Another project: what was found in this one is not shown any more.
    window.ctx.store.close()
    assert page.stack.currentWidget() is page.empty


def test_the_last_of_a_picture_never_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []

    def moved(path: Path) -> bool:
        tried.append(path)
        path.unlink()
        return True

    monkeypatch.setattr("workbench.gui.files.move_one", moved)
    best, copy, twin, alone = (tmp_path / f"{name}.png" for name in ("best", "copy", "twin", "alone"))
    for path in (best, copy, alone):
        path.write_bytes(b"x")
    twin.hardlink_to(best)
    gone, problems = keep_best([(best, [copy, twin]), (tmp_path / "away.png", [alone])], Control())
    assert gone == tried == [copy] and [p.where for p in problems] == ["twin.png", "alone.png"]
    assert best.exists() and twin.exists() and alone.exists()
    monkeypatch.setattr("workbench.gui.files.move_one", lambda _path: False)
    gone, problems = keep_best([(best, [alone])], Control())
    assert gone == [] and "stays where it is" in problems[0].message
    control = Control()
    control.cancel()
    assert keep_best([(best, [alone])], control) == ([], [])
