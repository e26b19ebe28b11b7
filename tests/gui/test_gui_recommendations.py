"""Recommendations in the window: columns put right, a list with reasons, people it was tested on, lists for everybody."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QDateEdit, QLabel, QListWidget, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from tests.likes import write_likes
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.project_interactions import LikesSplit
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.gui.main_window import MainWindow
from workbench.gui.results.ranking import View
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.gui.widgets.prediction_view import PredictionView
from workbench.tasks.predictions import Pick, Ranking


def test_columns_are_asked_about_and_what_hangs_on_an_answer_follows(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = write_likes(tmp_path / "films")
    window.page("home").begin([str(folder)])

    def dialogs() -> list[ImportDialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, ImportDialog) and w.isVisible()]

    qtbot.waitUntil(lambda: len(dialogs()) == 1)
    dialog = dialogs()[0]
    assert dialog.summary.text().startswith("600 ratings by 60 people")

    def box(name: str) -> QComboBox:
        found = dialog.findChild(QComboBox, f"question-{name}")
        assert found is not None and found.accessibleName()
        return found

    def answer(name: str, choice: str) -> None:
        box(name).setCurrentIndex(box(name).findData(choice))
        box(name).activated.emit(box(name).currentIndex())

    assert box("liked").isVisible() and box("liked").currentText() == "4"
    answer("strength", "none")
    assert not box("liked").isVisible() and not box("meaning").isVisible()
    answer("strength", "rating")
    answer("liked", "5")
    answer("person", "movieId")  # which is the thing already
    assert box("person").currentData() == "userId" and "two things" in dialog.banner.text.text()
    answer("time", "none")
    assert "without times" in dialog.summary.text() and "drawn at random" in dialog.banner.text.text()
    dialog.ok.click()
    store = window.ctx.store
    qtbot.waitUntil(lambda: store.project is not None and window.current_page_id == "data")
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: "likes by 60 people" in page.subtitle.text())
    assert store.project is not None and store.project.task_id == "recommendation"
    assert store.project.interaction_counts().timed == 0
    assert page.train.isEnabled()


@pytest.fixture
def taught(window: MainWindow, tmp_path: Path) -> str:
    """A project with a recommender; the run's id."""
    project, _ = project_from_plan(sniff([write_likes(tmp_path / "films")]), tmp_path / "p")
    with project:
        card = window.ctx.catalog.get("recommend-together")
        events = list(fit(new_config(project, card, How.QUICK), project, window.ctx.catalog))
    window.ctx.store.open(tmp_path / "p")
    return next(e.run_id for e in events if isinstance(e, Finished))


def test_results_show_people_and_recommend_to_anybody(
    window: MainWindow, qtbot: QtBot, taught: str, tmp_path: Path
) -> None:
    window.ctx.go("results", run_id=taught)
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.findChild(QListWidget, "ranking-people") is not None)
    people = page.findChild(QListWidget, "ranking-people")
    qtbot.waitUntil(lambda: people.count() == 60)
    assert "foretold" in people.item(0).text()
    listed, chosen = page.findChild(QTableWidget, "ranking-said"), page.findChild(QLabel, "ranking-next")
    assert listed.rowCount() == 10 and chosen.text().startswith("Chose next: The ")
    hit = [listed.item(row, 1).text() for row in range(10) if listed.item(row, 2).text()]
    assert hit and hit[0] in chosen.text()

    view = page._views["ranking"]
    assert isinstance(view, View)
    tab = view.anybody
    page.tabs.setCurrentWidget(tab)
    qtbot.waitUntil(lambda: tab.people.count() == 60 and tab.part.table.rowCount() == 10)
    tab.search.setText("u17")
    qtbot.waitUntil(lambda: tab.people.count() == 1 and tab.people.currentItem() is not None)
    qtbot.waitUntil(lambda: tab.part.table.item(0, 1).text().startswith("The garden"))
    assert tab.part.table.item(0, 2).text().startswith("The garden")
    tab.count.setValue(3)
    qtbot.waitUntil(lambda: tab.part.table.rowCount() == 3)

    target = tmp_path / "lists.csv"
    tab.ask_path = lambda: str(target)  # type: ignore[method-assign]
    everybody = page.findChild(QPushButton, "ranking-everybody")
    everybody.click()
    qtbot.waitUntil(lambda: everybody.isEnabled() and target.is_file())
    with target.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 180
    assert "Lists for 60 people" in tab.banner.text.text()


def test_a_list_is_drawn_with_its_reasons(qtbot: QtBot) -> None:
    view = PredictionView()
    qtbot.addWidget(view)
    view.show_prediction(Ranking((Pick("Alien", 0.9, ("Aliens", "Moon")), Pick("Up", 0.1)), note="Not known: “x”."))
    table = view.findChild(QTableWidget, "ranking-list")
    assert table is not None and table.accessibleName()
    assert [table.item(0, c).text() for c in range(3)] == ["1", "Alien", "Aliens, Moon"]
    assert view.note.text() == "Not known: “x”." and "Alien" in view.answer_text()
    view.show_prediction(Ranking((Pick("Up", 0.1),)))
    assert table.isColumnHidden(2)


def test_typed_names_are_answered_on_the_try_page(window: MainWindow, qtbot: QtBot, taught: str) -> None:
    project = window.ctx.store.project
    assert isinstance(project, Project)
    window.ctx.models_changed.emit()
    window.ctx.go("try", model_id=str(project.run(taught).metrics["model_id"]))
    page: Any = window.page("try")
    page.input.text.setPlainText("The robot number 1\nThe robot number 6")
    qtbot.waitUntil(page.go.isEnabled)
    page.go.click()
    qtbot.waitUntil(lambda: page.findChild(QTableWidget, "ranking-list") is not None)
    table = page.findChild(QTableWidget, "ranking-list")
    qtbot.waitUntil(lambda: table.rowCount() == 10)
    assert table.item(0, 1).text().startswith("The robot")


def test_the_shop_from_home_by_the_wizard_to_lists_where_models_are_used(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.page("home").open_sample("shop")  # type: ignore[attr-defined]
    store = window.ctx.store
    qtbot.waitUntil(lambda: store.project is not None and window.current_page_id == "data", timeout=60_000)
    data: Any = window.page("data")
    qtbot.waitUntil(lambda: "likes by 150 people" in data.subtitle.text())
    # What means nothing for things that are only chosen among is not there.
    for widget in (data.suggest, data.filter_bar.show_box, data.filter_bar.to_group, data.classes):
        assert not widget.isVisible()
    data.export_menu.fill()
    assert not any("folder per class" in action.text() for action in data.export_menu.actions())

    window.show_page("train")
    setup: Any = window.page("train").setup
    qtbot.waitUntil(lambda: setup._card is not None)
    told = " ".join(w.text() for w in setup.stack.widget(0).findChildren(QLabel))
    assert "1,678 likes by 150 people of 96 things to learn from" in told
    box, date = (
        setup.findChild(kind, name) for kind, name in ((QComboBox, "likes-split"), (QDateEdit, "likes-split-date"))
    )
    assert box.isVisible() and box.isEnabled() and box.currentData() == "last" and not date.isVisible()
    box.setCurrentIndex(box.findData(0.2))
    box.activated.emit(box.currentIndex())
    assert store.require().likes_split() == LikesSplit("date", 0.2)
    box.setCurrentIndex(box.findData("from"))
    box.activated.emit(box.currentIndex())
    assert date.isVisible()
    date.setDate(QDate(2024, 11, 1))
    date.editingFinished.emit()
    assert store.require().likes_split().since == 1730419200.0
    setup.show_step(1)
    for row in range(setup.models.count()):
        if setup.models.item(row).data(Qt.ItemDataRole.UserRole).id == "recommend-popular":
            setup.models.setCurrentRow(row)
    assert not setup.tokens.isVisible() and not setup.fits.isVisible() and "seen before" not in setup._which.text()
    setup.show_step(2)
    setup.more.click()
    assert setup.seed.isVisible()
    for widget in (setup.epochs, setup.rate, setup.augment, setup.balance, setup.adapters):
        assert not widget.isVisible()
    assert "settings" in setup._how_words[How.QUICK].text()
    setup.show_step(3)
    words = setup._summary.text()
    assert (
        "learns from 1,678 likes" in words
        and "What was liked from 2024-11-01 on tests" in words
        and "70 %" not in words
    )
    qtbot.waitUntil(setup.start.isEnabled)
    setup.start.click()
    train: Any = window.page("train")
    qtbot.waitUntil(lambda: train.live.progress.finished is not None and not train.running, timeout=60_000)

    train._show_setup()
    setup.show_step(0)
    qtbot.waitUntil(lambda: not box.isEnabled())
    assert "decided at the first training" in setup.findChild(QLabel, "likes-split-words").text()

    window.show_page("use")
    use: Any = window.page("use")
    qtbot.waitUntil(lambda: use.current is not None)
    about = " ".join(w.text() for w in use.findChildren(QLabel))
    assert (
        "something they chose next stands among the first 10" in about and "likes by 150 people of 96 things" in about
    )
    assert "a thing a line" in use.drop.text.text() and "150 people of the open project" in use.lists.words.text()
    target = tmp_path / "lists.csv"
    use.ask_save_path = lambda _suggestion: str(target)
    use.lists.count.setValue(4)
    use.lists.save.click()
    qtbot.waitUntil(lambda: use.lists.save.isEnabled() and target.is_file(), timeout=60_000)
    with target.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 600
    store.close()
    qtbot.waitUntil(lambda: not use.lists.save.isEnabled())
    assert "Open the project" in use.lists.words.text()
