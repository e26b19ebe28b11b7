"""Series over time: dates of all manners, even steps, what is odd said beside each series, and large ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.dates import read_dates
from workbench.data.importers import sniff
from workbench.data.importers.series import SeriesPlan, decimal_comma, number_of
from workbench.data.project import Project
from workbench.data.series import Series, Step, even_steps, from_text, guess_season, read_series, to_text
from workbench.data.series_sample import samples_in, series_of
from workbench.data.types import Sample
from workbench.data.verify import verify
from workbench.engine.journey import project_from_plan
from workbench.errors import UserError


def table(path: Path, rows: list[str]) -> SeriesPlan:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    plan = sniff([path])
    assert isinstance(plan, SeriesPlan)
    return plan


def months(count: int, start: int = 2015) -> list[str]:
    return [f"{start + i // 12}-{i % 12 + 1:02}" for i in range(count)]


# Dates ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "year", "month", "day"),
    [
        ("2024-03-05", 2024, 3, 5), ("2024/3/5", 2024, 3, 5), ("2024-03", 2024, 3, 1), ("05.03.2024", 2024, 3, 5),
        ("25/12/99", 1999, 12, 25), ("12/25/2024", 2024, 12, 25), ("5 March 2024", 2024, 3, 5), ("Mar 2024", 2024, 3, 1),
        ("March 5, 2024", 2024, 3, 5), ("5. März 2024", 2024, 3, 5), ("2024Q2", 2024, 4, 1), ("Q2 2024", 2024, 4, 1),
        ("2024M11", 2024, 11, 1), ("20240305", 2024, 3, 5), ("1958", 1958, 1, 1),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(cell: str, year: int, month: int, day: int) -> None:
    assert read_dates([cell]).times == (datetime(year, month, day),)


def test_times_and_zones() -> None:
    found = read_dates(
        ["2024-03-05T14:30:00+02:00", "2024-03-05 2:30 pm", "2024-03-05T14:30:15.25Z", "31.02.2024", "x"]
    )
    assert found.times == (
        datetime(2024, 3, 5, 12, 30), datetime(2024, 3, 5, 14, 30), datetime(2024, 3, 5, 14, 30, 15), None, None,
    )  # fmt: skip


def test_day_or_month_first_is_told_by_the_cells_or_asked() -> None:
    assert read_dates(["01/02/2024", "13/02/2024"]).order == "day"
    assert read_dates(["01/02/2024", "02/13/2024"]).order == "month"
    asked = read_dates(["01/02/2024", "02/02/2024"])
    assert asked.ambiguous and asked.order == "day"
    assert read_dates(["01/02/2024"], "month").times == (datetime(2024, 1, 2),)
    # With points between them the day always comes first.
    assert not read_dates(["01.02.2024"]).ambiguous


# Steps ------------------------------------------------------------------------------------------------------------------

_STEPS = st.sampled_from(
    [
        Step("second", 60), Step("second", 900), Step("second", 3600), Step("day"), Step("day", 7), Step("month"),
        Step("month", 3), Step("month", 12),
    ]
)  # fmt: skip


@given(
    _STEPS,
    st.datetimes(datetime(1900, 1, 1), datetime(2050, 1, 1)).map(
        lambda t: t.replace(minute=0, second=0, microsecond=0)
    ),
    st.sets(st.integers(0, 80), min_size=12, max_size=60),
)
def test_the_grid_of_any_dates_gives_these_dates_again(step: Step, start: datetime, places: set[int]) -> None:
    start = start.replace(day=1, hour=0) if step.unit == "month" else start
    series = Series(np.zeros(200), start, step)
    # Several neighbours, so that the step can be known.
    wanted = sorted(places | {p + 1 for p in places})
    wanted = [p - wanted[0] for p in wanted]
    times = [t for p in wanted if (t := series.when(p)) is not None]
    found, grid = even_steps(times)
    again = Series(np.zeros(1), times[0], found)
    assert [again.when(p) for p in grid] == times
    assert found == step or found.count % step.count == 0 or step.count % found.count == 0


def test_working_days_month_ends_and_uneven_times() -> None:
    days = [datetime(2024, 1, 1) + timedelta(days=d) for d in range(30)]
    step, places = even_steps([d for d in days if d.weekday() < 5 and d.day != 16])
    assert step == Step("workday") and places[-1] == len([d for d in days if d.weekday() < 5]) - 1
    ends = [datetime(2023, 1, 31), datetime(2023, 2, 28), datetime(2023, 3, 31), datetime(2023, 4, 30)]
    assert even_steps(ends) == (Step("month"), [0, 1, 2, 3])
    assert Series(np.zeros(1), ends[0], Step("month")).when(1) == ends[1]
    odd = [datetime(2024, 1, 1) + timedelta(hours=h) for h in (0, 2, 4, 6, 7, 9, 11)]
    with pytest.raises(UserError, match="not evenly spaced"):
        even_steps(odd)


@given(st.lists(st.one_of(st.none(), st.floats(-1e20, 1e20)), min_size=1, max_size=60), _STEPS)
def test_a_series_file_holds_all_of_it(values: list[float | None], step: Step) -> None:
    series = Series(np.array([np.nan if v is None else v for v in values]), datetime(2001, 1, 1, 6), step)
    again = from_text(to_text(series))
    assert np.array_equal(again.values, series.values, equal_nan=True)
    assert (again.start, again.step) == (series.start, series.step)


@pytest.mark.parametrize("text", ["", "hello", "# series 1; from x; step 1 day\n1\n", "# series 1; from -; step 1 day\n1e99\n", "# series 1; from -; step 1 none\nx\n"])  # fmt: skip
def test_a_damaged_series_file_is_a_sentence(text: str) -> None:
    with pytest.raises(UserError):
        from_text(text)


def test_seasons_are_guessed_from_steps_and_numbers() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(240)
    yearly = 10 + 0.05 * t + np.sin(2 * np.pi * t / 12) + 0.1 * rng.normal(size=240)
    assert guess_season(Series(yearly, datetime(2001, 1, 1), Step("month"))) == 12
    assert guess_season(Series(np.cumsum(rng.normal(size=240)), datetime(2001, 1, 1), Step("month"))) == 1
    nine = Series(np.sin(2 * np.pi * t / 9) + 0.1 * rng.normal(size=240))
    assert guess_season(nine) % 9 == 0
    assert guess_season(Series(rng.normal(size=240))) == 1


# Tables -----------------------------------------------------------------------------------------------------------------


def test_a_wide_table_and_what_is_odd_about_each_series(tmp_path: Path) -> None:
    rows = ["month,good,constant,words,short"]
    for i, month in enumerate(months(40)):
        good = "" if i == 7 else f"{i % 12 + i / 10}"
        words = "closed" if i % 6 == 0 else str(i)
        rows.append(f"{month},{good},5,{words},{i * i if i < 10 else ''}")
    plan = table(tmp_path / "wide.csv", rows)
    assert [name for name, _, _ in plan.made] == ["good"] and plan.made[0][2] == 12
    said = {p.where: p.message for p in plan.problems}
    assert "always the same number" in said["constant"]
    assert "“closed” in row 2" in said["words"]
    assert "only 10 numbers" in said["short"]
    assert "1 month has no number" in plan.repairs[0].message and plan.repairs[0].where == "good"
    project, result = project_from_plan(plan)
    with project:
        assert project.task_id == "forecasting" and len(result.added) == 1 and len(result.problems) == 3
        item = project.items(project.item_ids())[0]
        assert item.width == 40 and item.marked and item.text is None
        assert item.path is not None and item.path.parent == project.folder / "media"
        assert read_series(item.path).label(39) == "2018-04"
        assert [a.text for a in project.annotations(item.id)] == ["12"]
        folder = project.folder
    assert not verify(folder).troubles  # what is kept is what its hash says


def test_a_long_table_out_of_order_with_repeats_and_two_truths(tmp_path: Path) -> None:
    rows = ["shop;day;sold"]
    for shop in ("north", "south", "west"):
        rows += [f"{shop};{1 + i:02}.01.2024;{1000 + i * 3},5" for i in reversed(range(30))]
    rows.append("south;05.01.2024;1012,5")  # the same again
    rows.append("west;05.01.2024;7,0")  # another number for the same day
    plan = table(tmp_path / "long.csv", rows)
    assert [(name, len(s), s.step.words) for name, s, _ in plan.made] == [("north", 30, "day"), ("south", 30, "day")]
    assert plan.made[0][1].values[0] == 1000.5 and plan.made[0][1].label(0) == "2024-01-01"
    assert "two different numbers for 2024-01-05" in plan.problems[0].message and plan.problems[0].where == "west"
    assert any("one is kept" in r.message and r.where == "south" for r in plan.repairs)


def test_dates_that_can_be_read_in_two_ways_are_asked(tmp_path: Path) -> None:
    # The first to the twelfth of a month, or the first of each month: both go on evenly.
    rows = ["date,sales", *(f"{m:02}/{d:02}/2023,{m * d % 7 + d}" for m in range(1, 4) for d in range(1, 13))]
    plan = table(tmp_path / "two.csv", rows)
    assert [q.id for q in plan.questions()] == ["dates"] and "Change it" in plan.warnings[0]
    plan.say("dates", "month")
    assert plan.questions()[0].chosen == "month"
    assert not plan.made or plan.made[0][1].label(0) == "2023-01-01"
    with pytest.raises(UserError, match="not asked"):
        plan.say("dates", "year")


def test_excel_years_quarters_and_working_days(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["when", "price"])
    for d in range(60):
        day = datetime(2024, 1, 1) + timedelta(days=d)
        if day.weekday() < 5:
            sheet.append([day, 10 + d * 0.5])
    book.save(tmp_path / "prices.xlsx")
    plan = sniff([tmp_path / "prices.xlsx"])
    assert isinstance(plan, SeriesPlan) and plan.made[0][1].step == Step("workday")
    rows = ["year,quarter,gdp", *(f"{1990 + i // 4}.0,{i % 4 + 1}.0,{100 + i}" for i in range(40))]
    plan = table(tmp_path / "quarters.csv", rows)
    assert [(n, s.step.words, s.label(5)) for n, s, _ in plan.made] == [("gdp", "quarter", "1991-04")]
    plan = table(tmp_path / "years.csv", ["YEAR,SPOTS", *(f"{1900 + i},{i % 11}" for i in range(60))])
    assert plan.made[0][1].label(59) == "1959" and plan.made[0][2] == 11


@pytest.mark.parametrize(
    "rows",
    [
        ["text,label", *(f"this is text {i},good" for i in range(30))],
        ["height,weight,kind", *(f"{i},{i * 2},{'ab'[i % 2]}" for i in range(30))],
        ["a,b,c", *(f"{i},{i * 2},{i * 3}" for i in range(30))],
        ["date,remark,kind,value", *(f"2024-01-{i + 1:02},words {i},x,{i}" for i in range(30))],
        # The same day again and again, and nothing that tells series apart: rows of a list, not series.
        ["date,a,b", *(f"2024-01-{i % 5 + 1:02},{i},{i}" for i in range(30))],
    ],
)
def test_other_tables_are_left_to_others(tmp_path: Path, rows: list[str]) -> None:
    (tmp_path / "t.csv").write_text("\n".join(rows))
    try:
        plan = sniff([tmp_path / "t.csv"])
    except UserError:
        return  # no reader of tables knows it either
    assert not isinstance(plan, SeriesPlan)


def test_numbers_of_all_manners() -> None:
    assert [number_of(c) for c in ("1,234.5", "€ 12", "-3", "1 234", "1e3", "50%")] == [1234.5, 12, -3, 1234, 1000, 50]
    assert number_of("1.234,5", comma=True) == 1234.5 and number_of("x") is None
    assert np.isnan(number_of("n/a") or 0.0)
    assert decimal_comma(["1,5", "2,25"]) and not decimal_comma(["1,234", "2,345"]) and not decimal_comma(["1,234.5"])


def test_thousands_of_series_and_a_million_numbers(tmp_path: Path, make_project: Callable[[Path], Project]) -> None:
    names = [f"s{i}" for i in range(120)]
    rows = ["month," + ",".join(names)]
    rows += [f"{m}," + ",".join(str((i * j) % 17 + j / 1000) for j in range(120)) for i, m in enumerate(months(24))]
    (tmp_path / "many.csv").write_text("\n".join(rows))
    project = make_project(tmp_path / "many.csv")
    assert project.counts().labelled == 112
    assert all(i.text is None for i in project.items(project.item_ids()))  # a list holds no numbers
    begin = datetime(2020, 1, 1)
    values = np.sin(np.arange(300_000) / 24)
    text = to_text(Series(values, begin, Step("second", 60)))
    began = time.perf_counter()
    assert np.array_equal(from_text(text).values, values)
    print(f"300,000 numbers read in {time.perf_counter() - began:.2f} s")


# What is tried ----------------------------------------------------------------------------------------------------------


def test_a_table_that_is_tried_has_dates_and_all_its_series(tmp_path: Path) -> None:
    rows = ["month,a,b", *(f"{m},{i % 12},{i % 7}" for i, m in enumerate(months(30)))]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    sample = Sample("series", "t.csv", path=tmp_path / "t.csv")
    series, odd = series_of(sample)
    assert series.label(30) == "2017-07" and "Of 2 series in this table this is “b”" in odd[0]
    several = samples_in(sample)
    assert [s.name for s in several] == ["a", "b"]
    assert series_of(several[0])[0].values[13] == 1 and series_of(several[0])[1] == []
    assert samples_in(Sample("series", text="1 2 3")) == [Sample("series", text="1 2 3")]
