"""Series in the window: the sample, its editor, training a formula as it is, going through occasions, trying and saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.data.importers import sniff
from workbench.data.types import Item, ItemPrediction, Split
from workbench.engine.events import How
from workbench.gui.editors.season import Editor
from workbench.gui.main_window import MainWindow
from workbench.gui.results import view_for
from workbench.gui.theme import theme
from workbench.gui.widgets.forecast_part import ForecastPart
from workbench.gui.widgets.forecast_plot import Ahead, ForecastPlot
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.tasks.forecasting import NO_PROMISE
from workbench.tasks.predictions import FORECAST_LEVELS, Forecast, Occasion, to_record
from workbench.trust.judging import Answered, judge


def forecast(steps: int = 4) -> Forecast:
    given = tuple(float(v) for v in 10 + np.sin(np.arange(60) / 2))
    dates = tuple(f"2020-{i:02}" for i in range(60))

    def rows(middle: float) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(middle + 2 * (q - 0.5) for _ in range(steps)) for q in FORECAST_LEVELS)

    occasions = tuple(
        Occasion(at, "test", given[at : at + steps], rows(10.0), rows(10.6), rows(10.2)) for at in range(48, 57)
    )
    ahead = tuple((9.0, 10.0, 11.0) for _ in range(steps))
    return Forecast(ahead, ("a", "b", "c", "d")[:steps], given, dates, 0, "month", 12, 1.0, occasions, NO_PROMISE)


def test_the_curve_is_read_with_the_keyboard_and_in_both_themes(window: MainWindow, qtbot: QtBot) -> None:
    plot = ForecastPlot()
    qtbot.addWidget(plot)
    plot.resize(700, 360)
    plot.show()
    values = np.arange(30.0)
    values[4] = np.nan
    plot.show_series(values, lambda i: f"t{i}", 0, Ahead(30, [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]), ((20, "here"),))
    assert "at the end 3, from 2 to 4" in plot.accessibleDescription()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.told.text() == "t30  ·  the model says 2, from 1 to 3  ·  what comes is not known"
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.told.text() == "t29  ·  29"
    plot.tell(4)
    assert plot.told.text() == "t4  ·  no number"
    before = plot._item.vb.viewRange()[0]
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    after = plot._item.vb.viewRange()[0]
    assert after[1] - after[0] < before[1] - before[0]
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    assert plot._item.vb.viewRange()[0][0] <= 0
    theme().set_choice("dark")
    assert plot.told.text() == "t4  ·  no number"


def test_a_forecast_as_an_answer_has_dates_and_is_saved_with_them(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    part = ForecastPart()
    qtbot.addWidget(part)
    part.show_prediction(forecast())
    assert [part.table.item(0, c).text() for c in range(4)] == ["a", "9", "10", "11"]
    assert part.plot._label_of(60) == "a" and part.plot._label_of(59) == "2020-59"
    from workbench.engine.save import save_prediction

    save_prediction(forecast(), tmp_path / "f.csv")
    lines = (tmp_path / "f.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "when,low (10 %),middle,high (90 %),note" and lines[2] == "b,9.0,10.0,11.0,"
    assert lines[1].startswith("a,9.0,10.0,11.0,") and "no promise" in lines[1]


def test_occasions_are_gone_through_and_the_warning_stands_below(window: MainWindow, qtbot: QtBot) -> None:
    kept = ItemPrediction(1, Split.TEST, "", "", (), to_record(forecast()))
    judged = judge("forecast", [], [Answered(Item(1, "series", "sales", marked=True), kept)])
    view = view_for("forecast", window.ctx)
    tabs = view.tabs()
    assert [title for _, title in tabs] == ["Occasions", "Error by step", "Beside the yardsticks"]
    for widget, _ in tabs:
        qtbot.addWidget(widget)
    view.show(judged, [])
    assert view.slider.maximum() == 8 and "Occasion 1 of 9: from 2020-48 on," in view.words.text()  # type: ignore[attr-defined]
    view.step(1)  # type: ignore[attr-defined]
    assert "Occasion 2 of 9: from 2020-49 on," in view.words.text()  # type: ignore[attr-defined]
    assert set(view.plot._ahead.others) == {"naive", "ets"} and len(view.plot._ahead.truth) == 4  # type: ignore[attr-defined]
    assert "no promise" in view.warning.text()  # type: ignore[attr-defined]
    assert view.plain is not None and view.plain.rowCount() == 3
    assert "at the last step" in view.steps.accessibleDescription()  # type: ignore[attr-defined]
    view.show(judge("forecast", [], []), [])
    assert "long enough" in view.words.text()  # type: ignore[attr-defined]


def test_ambiguous_dates_are_asked_in_the_import_dialog(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    rows = [f"{m:02}/{d:02}/2023,{m * d % 7 + d}" for m in range(1, 4) for d in range(1, 13)]
    (tmp_path / "two.csv").write_text("date,sales\n" + "\n".join(rows))
    plan = sniff([tmp_path / "two.csv"])
    dialog = ImportDialog(plan, False, lambda _plan: [])
    qtbot.addWidget(dialog)
    box = dialog.findChild(QComboBox, "question-dates")
    assert isinstance(box, QComboBox) and box.currentData() == "month"  # which has fewer gaps
    first = dialog.summary.text()
    box.setCurrentIndex(box.findData("day"))
    box.activated.emit(box.currentIndex())
    assert dialog.summary.text() != first and plan.questions()[0].chosen == "day"


def test_the_sample_from_home_to_a_judged_formula(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.runtimes.ets_runtime.FORMS", (("add", False, "add"),))
    monkeypatch.setattr("workbench.tasks.occasions.MOST", 5)
    window.page("home").open_sample("co2")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: window.ctx.store.project is not None and window.current_page_id == "data")
    data = window.page("data")
    project = window.ctx.store.require()
    qtbot.waitUntil(lambda: data.model.rowCount() == 1)  # type: ignore[attr-defined]
    data._open_item(0)  # type: ignore[attr-defined]
    editor = data.stack.currentWidget()  # type: ignore[attr-defined]
    assert isinstance(editor, Editor)
    qtbot.waitUntil(lambda: "526 numbers, one per month, 5 of them missing" in editor.about.text())
    assert editor.season.value() == 12 and "guessed" in editor.who.text()
    editor.season.setValue(6)
    assert [a.text for a in project.annotations(project.item_ids()[0])] == ["6"] and editor.who.text() == "as you said"
    window.ctx.store.undo_stack.undo()
    assert editor.season.value() == 12
    editor.closed.emit()
    train = window.page("train")
    window.show_page("train")
    qtbot.waitUntil(lambda: train.setup._card is not None)  # type: ignore[attr-defined]
    assert train.setup._card.id == "exponential-smoothing"  # type: ignore[attr-defined]
    hows = {how: words.text() for how, words in train.setup._how_words.items()}  # type: ignore[attr-defined]
    assert "nothing is learnt" in hows[How.QUICK]
    assert "same as Quick" in hows[How.BALANCED] and hows[How.BALANCED] == hows[How.THOROUGH]
    assert train.setup.fits.isHidden()  # type: ignore[attr-defined]
    train.setup.show_step(3)  # type: ignore[attr-defined]
    assert "learns from 1 series" in train.setup._summary.text()  # type: ignore[attr-defined]
    assert "nothing that came later" in train.setup._summary.text() and "no promise" in train.setup._summary.text()  # type: ignore[attr-defined]
    qtbot.waitUntil(train.setup.start.isEnabled)  # type: ignore[attr-defined]
    train.setup.start.click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: train.live.progress.finished is not None and not train.running)  # type: ignore[attr-defined]
    window.show_page("results")
    results = window.page("results")
    qtbot.waitUntil(lambda: "past occasions" in results.sentence.text())  # type: ignore[attr-defined]
    assert "closer than repeating the last season" in results.number_words.text()  # type: ignore[attr-defined]
    assert results.number_words.text().endswith("test occasions")  # type: ignore[attr-defined]
    assert "was off by where it learnt (MASE)" in results.sentence.text()  # type: ignore[attr-defined]
    nothing = train.live.curves.nothing  # type: ignore[attr-defined]
    assert not nothing.isHidden() and train.live.curves.loss.isHidden()  # type: ignore[attr-defined]
    results._try()  # type: ignore[attr-defined]
    shown = window.page("try")
    shown.accept_drop([str(resources() / "samples" / "co2.csv")])
    qtbot.waitUntil(lambda: isinstance(shown.view.prediction, Forecast))  # type: ignore[attr-defined]
    assert shown.view.prediction.dates[0] == "2002-01" and "no promise" in shown.view.note.text()  # type: ignore[attr-defined]
    # What was dropped is named, and the curve has more room than the numbers that go in.
    assert shown.input.text.placeholderText().startswith("co2.csv\n")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: shown.view.width() > shown.input.width())  # type: ignore[attr-defined]


def test_a_small_curve_stands_on_the_ground_of_its_row(window: MainWindow, qtbot: QtBot) -> None:
    window.page("home").open_sample("co2")  # type: ignore[attr-defined]
    data = window.page("data")
    qtbot.waitUntil(lambda: data.model.rowCount() == 1, timeout=60_000)  # type: ignore[attr-defined]
    item = data.model.item_at(0)  # type: ignore[attr-defined]
    thumbnails = window.ctx.thumbnails
    qtbot.waitUntil(lambda: thumbnails.pixmap(item.path, None, QSize(190, 40)) is not None, timeout=60_000)
    picture = thumbnails.pixmap(item.path, None, QSize(190, 40)).toImage()  # type: ignore[union-attr]
    assert picture.pixelColor(0, 0).alpha() == 0
    assert any(picture.pixelColor(picture.width() // 2, y).alpha() for y in range(picture.height()))


def test_where_there_is_little_room_the_curve_stands_alone(qtbot: QtBot) -> None:
    part = ForecastPart()
    qtbot.addWidget(part)
    part.show_prediction(Forecast(((1.0, 2.0, 3.0),), ("2020-02",), (1.0, 2.0), ("2019-12", "2020-01"), season=1))
    part.resize(400, 400)
    part.show()
    assert part.table.isVisible() and part.plot.isVisible()
    part.resize(400, 165)
    assert not part.table.isVisible() and part.plot.plot.height() >= 105
    qtbot.waitUntil(lambda: part.plot.told.geometry().top() >= part.plot.plot.geometry().bottom())


def test_numbers_at_uneven_times_are_brought_together_and_seen_before_they_come_in(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    rows = [f"2021-{i // 56 + 1:02}-{i // 2 % 28 + 1:02},{i}" for i in range(112)]
    (tmp_path / "visits.csv").write_text("date,visits\n" + "\n".join(rows))
    dialog = ImportDialog(sniff([tmp_path / "visits.csv"]), False, lambda _plan: [])
    qtbot.addWidget(dialog)
    dialog.show()
    assert "0 series" in dialog.summary.text() and not dialog.ok.isEnabled() and not dialog.preview.isVisible()
    box = dialog.findChild(QComboBox, "question-each")
    assert isinstance(box, QComboBox) and box.accessibleName() == "How shall numbers be brought to even times?"
    box.setCurrentIndex(box.findData("sum day"))
    box.activated.emit(box.currentIndex())
    assert dialog.ok.isEnabled() and "1 series of 59 numbers, a number per day" in dialog.summary.text()
    last = dialog.preview.rowCount() - 1
    assert [dialog.preview.item(last, c).text() for c in (0, 1)] == ["2021-02-28", "221"]  # 110 and 111
    assert "oddit" in dialog.oddities.toggle.text()
    assert any("sum of each day" in dialog.oddities.list.item(i).text() for i in range(dialog.oddities.list.count()))
    box.setCurrentIndex(box.findData("as they are"))
    box.activated.emit(box.currentIndex())
    assert not dialog.ok.isEnabled() and "two different numbers" in dialog.banner.text.text()
