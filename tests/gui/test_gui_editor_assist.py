"""Assisted labelling: a model proposes; the person accepts, adjusts or rejects, and reviews the least certain first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from editor_driver import HEIGHT, SHIFT, WIDTH, Driver, new_project
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, Region, region_bits, region_from_bits
from workbench.data.types import ItemFilter
from workbench.errors import UserError
from workbench.gui.main_window import MainWindow

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton


class Proposer(ModuleType):
    """Stands in for `workbench.engine.propose`: proposes two boxes in every picture that is not done."""

    def __init__(self) -> None:
        super().__init__("workbench.engine.propose")
        self.__spec__ = ModuleSpec(self.__name__, None)
        self.asked: list[str] = []
        self.scores = (0.97, 0.6)
        self.error: UserError | None = None

    def proposers(self, project: Project, catalog: Catalog) -> list[ModelCard]:
        return [c for c in catalog.search(task="object-detection") if "object-detection" in c.tasks][:2]

    def propose(self, project: Project, card: ModelCard, control: Control) -> int:
        self.asked.append(card.id)
        if self.error is not None:
            raise self.error
        ids = project.item_ids(ItemFilter(labelled=False, problems=False))
        cat, dog = project.classes()[:2]
        for number, item_id in enumerate(ids):
            control.check()
            high, low = self.scores
            project.set_proposals(
                {
                    item_id: [
                        Annotation(BoxShape(20, 20, 80, 60), cat.id, score=high),
                        # The later ones are the less certain.
                        Annotation(BoxShape(110, 70, 180, 130), dog.id, score=low - 0.05 * number),
                    ]
                }
            )
        return 2 * len(ids)


@pytest.fixture
def proposer(monkeypatch: pytest.MonkeyPatch) -> Proposer:
    made = Proposer()
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


@pytest.fixture
def drive(window: MainWindow, qtbot: QtBot, tmp_path: Path, proposer: Proposer) -> Iterator[Driver]:
    project = new_project(window, tmp_path, "object-detection", ("cat", "dog", "bird"))
    yield Driver(window, qtbot, project)


def suggest(drive: Driver, qtbot: QtBot) -> None:
    """Click Suggest in the editor and wait until it is over."""
    card: Any = drive.editor.side.suggestions
    qtbot.waitUntil(lambda: bool(card.cards))
    qtbot.mouseClick(card.suggest, LEFT)
    qtbot.waitUntil(lambda: "suggestions." in drive.editor.banner.text.text(), timeout=60_000)
    qtbot.waitUntil(card.suggest.isEnabled, timeout=60_000)
    qtbot.waitUntil(lambda: bool(proposals(drive)), timeout=60_000)


def proposals(drive: Driver, item_id: int = 0) -> list[float]:
    return [a.score for a in drive.on_disk(item_id) if a.is_proposal]


def own(drive: Driver, item_id: int = 0) -> list[tuple[str, float, float, float, float]]:
    names = {c.id: c.name for c in drive.project.classes()}
    return [
        (names[a.class_id or 0], a.shape.x0, a.shape.y0, a.shape.x1, a.shape.y1)
        for a in drive.on_disk(item_id)
        if not a.is_proposal and isinstance(a.shape, BoxShape)
    ]


def test_enter_goes_from_one_to_the_next_and_on(drive: Driver, qtbot: QtBot, proposer: Proposer) -> None:
    drive.open()
    suggest(drive, qtbot)
    assert proposer.asked == [drive.editor.side.suggestions.cards[0].id]
    assert proposals(drive) == [0.97, 0.6] and not own(drive)
    drive.key(Key.Key_Return)
    assert [a.score for a in drive.editor.document.chosen_ones()] == [0.6], "the least certain is looked at first"
    drive.key(Key.Key_Return)
    assert own(drive) == [("dog", 110, 70, 180, 130)] and proposals(drive) == [0.97]
    drive.type("r")
    assert own(drive) == [("dog", 110, 70, 180, 130)] and proposals(drive) == []
    drive.undo()
    assert proposals(drive) == [0.97]
    drive.redo()
    first = drive.item_id
    drive.key(Key.Key_Return)
    assert drive.marked(first) and drive.item_id != first


def test_adjusting_is_accepting(drive: Driver, qtbot: QtBot) -> None:
    drive.open()
    suggest(drive, qtbot)
    drive.type("v")
    drive.drag((50, 40), (55, 45), (60, 50))
    assert own(drive) == [("cat", 30, 30, 90, 70)] and proposals(drive) == [0.6]
    drive.key(Key.Key_Escape)
    drive.click(150, 100)
    drive.type("3")
    assert own(drive)[1] == ("bird", 110, 70, 180, 130) and proposals(drive) == []
    drive.undo()
    assert proposals(drive) == [0.6]
    assert [a.source for a in drive.on_disk()] == ["person", "model"]


def test_all_at_once_and_the_threshold(drive: Driver, qtbot: QtBot) -> None:
    drive.open()
    suggest(drive, qtbot)
    card = drive.editor.side.suggestions
    card.least.setValue(80)
    assert [a.score for a in drive.editor.document.shown()] == [0.97]
    assert card.accept.text() == " Accept 1" and "1 hidden" in card.hint.text()
    drive.type("v")
    drive.click(150, 100)
    assert drive.editor.document.selection == (), "what is hidden is not met"
    drive.key(Key.Key_A, held=SHIFT)
    assert own(drive) == [("cat", 20, 20, 80, 60)] and proposals(drive) == [0.6]
    card.least.setValue(0)
    qtbot.mouseClick(card.reject, LEFT)
    assert proposals(drive) == [] and len(own(drive)) == 1
    drive.key(Key.Key_PageDown)
    drive.ready()
    second = drive.item_id
    drive.type("d")
    assert proposals(drive, second) == [] and own(drive, second) == [] and drive.marked(second)
    assert "2 suggestions not accepted" in drive.editor.banner.text.text() and drive.editor.banner.isVisible()
    drive.undo()
    assert len(proposals(drive, second)) == 2 and not drive.marked(second)


def test_the_review_goes_by_uncertainty(drive: Driver, qtbot: QtBot) -> None:
    drive.open()
    suggest(drive, qtbot)
    top = drive.editor.top
    qtbot.waitUntil(lambda: top.review.text() == " Review 4")
    qtbot.mouseClick(top.review, LEFT)
    assert drive.editor.route.queue == drive.ids[::-1], "the least certain first"
    assert drive.item_id == drive.ids[3] and top.review.text() == " 0 of 4 reviewed"
    drive.ready()
    drive.key(Key.Key_A, held=SHIFT)
    drive.type("d")
    assert drive.item_id == drive.ids[2] and top.review.text() == " 1 of 4 reviewed"
    drive.type("dd")
    drive.key(Key.Key_PageUp)
    drive.type("x")
    assert drive.item_id == drive.ids[0]
    drive.type("d")
    assert top.review.text() == " 4 of 4 reviewed" and "All 4 are reviewed" in drive.editor.banner.text.text()
    drive.type("q")
    assert drive.editor.route.queue == [] and drive.editor.route.model.ids == drive.ids
    assert not top.review.isEnabled()


def test_changes_while_the_model_works_are_kept(drive: Driver, qtbot: QtBot) -> None:
    """The editor knows nothing yet of what a job has just written."""
    drive.open()
    drive.drag((100, 10), (150, 40))
    cat = drive.project.classes()[0]
    drive.project.set_proposals({drive.item_id: [Annotation(BoxShape(20, 20, 80, 60), cat.id, score=0.9)]})
    drive.drag((20, 100), (60, 130))
    assert own(drive) == [("cat", 100, 10, 150, 40), ("cat", 20, 100, 60, 130)] and proposals(drive) == [0.9]


def test_a_model_that_cannot_says_why(drive: Driver, qtbot: QtBot, proposer: Proposer) -> None:
    drive.open()
    proposer.error = UserError("The model knows none of these classes.", "Choose another.")
    qtbot.waitUntil(lambda: bool(drive.editor.side.suggestions.cards))
    drive.type("w")
    qtbot.waitUntil(lambda: "knows none" in drive.editor.banner.text.text(), timeout=60_000)
    qtbot.waitUntil(lambda: drive.editor.side.suggestions.suggest.isEnabled(), timeout=60_000)


def test_suggestions_from_the_data_page(drive: Driver, qtbot: QtBot, proposer: Proposer) -> None:
    page = drive.page
    drive.window.show_page("data")
    proposer.scores = (0.97, 1.0)  # 1.00, 0.95, 0.90, 0.85: two pictures are sure throughout
    qtbot.mouseClick(page.suggest, LEFT)
    qtbot.waitUntil(lambda: "8 suggestions by" in page.banner.text.text(), timeout=20_000)
    buttons = {b.text(): b for b in page.banner.findChildren(QPushButton)}
    assert [page.model.data(page.model.index(r)).split(" – ")[1] for r in range(4)] == ["2 suggestions"] * 4
    qtbot.mouseClick(buttons["Accept all above 95%"], LEFT)
    qtbot.waitUntil(lambda: "6 suggestions accepted in 4 pictures" in page.banner.text.text(), timeout=20_000)
    assert [drive.marked(i) for i in drive.ids] == [True, True, False, False]
    with Project.open(drive.project.folder, read_only=True) as other:
        assert [len([a for a in other.annotations(i) if a.is_proposal]) for i in drive.ids] == [0, 0, 1, 1]
    drive.undo()
    with Project.open(drive.project.folder, read_only=True) as other:
        assert [len([a for a in other.annotations(i) if a.is_proposal]) for i in drive.ids] == [2, 2, 2, 2]
        assert not any(i.marked for i in other.items(drive.ids))
    drive.redo()
    page._review()
    editor = page.stack.currentWidget()
    assert editor.document.item.id == drive.ids[3] and editor.route.queue == [drive.ids[3], drive.ids[2]]


def test_without_a_model_the_page_says_so(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, proposer: Proposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposer, "proposers", lambda project, catalog: [])
    drive = Driver(window, qtbot, new_project(window, tmp_path, "object-detection", ("cat", "dog")))
    window.show_page("data")
    qtbot.mouseClick(drive.page.suggest, LEFT)
    qtbot.waitUntil(lambda: "No model can suggest" in drive.page.banner.text.text(), timeout=10_000)
    drive.open()
    drive.type("w")
    assert "No model can suggest" in drive.editor.banner.text.text()
    drive.type("q")
    assert "no suggestions to review" in drive.editor.banner.text.text()


def test_a_proposed_area_is_accepted_by_its_eraser(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, proposer: Proposer
) -> None:
    project = new_project(window, tmp_path, "semantic-segmentation", ("road", "tree"), 2)
    bits = np.zeros((HEIGHT, WIDTH), bool)
    bits[40:90, 30:150] = True
    found = region_from_bits(bits)
    assert found is not None
    project.set_proposals({project.item_ids()[0]: [Annotation(found, project.classes()[0].id, score=0.8)]})
    drive = Driver(window, qtbot, project).open()
    drive.type("e")
    drive.canvas.set_brush(10)
    drive.drag((60, 60), (80, 60))
    assert drive.on_disk()[0].is_proposal and drive.on_disk()[0].shape == found, "not chosen, it is not touched"
    drive.type("ae")
    drive.canvas.take(drive.editor.tools["eraser"])
    drive.editor.deeds.choose_proposal()
    drive.drag((60, 60), (80, 60))
    kept = drive.on_disk()[0]
    assert not kept.is_proposal and isinstance(kept.shape, Region)
    assert 0 < bits.sum() - region_bits(kept.shape, WIDTH, HEIGHT).sum() < 400
