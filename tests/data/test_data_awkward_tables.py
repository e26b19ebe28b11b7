"""Tables as people have them: a title above, headings twice or not at all, units behind numbers, weeks, times side by side, several
numbers for one time, clocks that are put back."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.columns import TableColumn, target_of
from workbench.data.dates import read_dates
from workbench.data.importers import sniff
from workbench.data.importers.rows import RowsPlan, plan_rows
from workbench.data.importers.series import SeriesPlan
from workbench.data.importers.table_files import open_table
from workbench.data.numbers import decimal_of, unit_of
from workbench.data.types import NewItem
from workbench.engine.journey import project_from_plan
from workbench.errors import Problem, UserError


def _written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# Heads ------------------------------------------------------------------------------------------------------------------


def test_a_title_above_the_table_is_no_row_of_it(tmp_path: Path) -> None:
    rows = [f"F{i};{1000 + i},5{i % 10};{500 + i % 7},25;{('high', 'low')[i % 2]}" for i in range(40)]
    file = _written(tmp_path / "report.csv", "Sales 2023;;;", ";;;", "Branch;Sales;Cost;Profit", *rows)
    table = open_table(file)
    assert table.names == ("Branch", "Sales", "Cost", "Profit") and table.above == 1
    plan = sniff([file])
    assert isinstance(plan, RowsPlan) and set(plan.label_counts) == {"high", "low"} and plan.total == 40
    assert "A line above the names of the columns is left out." in plan.warnings
    assert {c.name: c.kind for c in plan.given}["Sales"] == "number"
    dated = _written(tmp_path / "s.csv", "Sales of the shop", "date;sales", *[f"2020-{m:02};{m * 7 % 5},5" for m in range(1, 13)] * 1, *[f"2021-{m:02};{m},5" for m in range(1, 13)])  # fmt: skip
    series = sniff([dated])
    assert isinstance(series, SeriesPlan) and [n for n, _, _ in series.made] == ["sales"]


@pytest.mark.parametrize(
    "lines",
    [
        ("text,label", "good,", "bad,no", "so,yes", "la,no", "li,yes"),
        ("good", "bad,no", "so,yes", "la,no", "li,yes", "lo,no"),  # no names: the first one has no label
        ("a,b,c", "1,,", "2,,", "3,,", "4,5,6", "5,6,7"),
    ],
)
def test_a_first_row_with_little_in_it_stays(tmp_path: Path, lines: tuple[str, ...]) -> None:
    table = open_table(_written(tmp_path / "a.csv", *lines))
    assert table.above == 0
    assert any(lines[1].split(",")[0] in r[1] for r in table.read(Control()) if not isinstance(r, Problem))


def test_a_name_twice_and_a_missing_one_are_no_row(tmp_path: Path) -> None:
    rows = [f"{i / 7:.3f},{i / 9:.3f},{i},{i % 5},{'pq'[i % 2]}" for i in range(40)]
    plan = sniff([_written(tmp_path / "a.csv", "a,a,,b,label", *rows)])
    assert isinstance(plan, RowsPlan)
    assert [c.name for c in plan.given] == ["a", "a (2)", "column 3", "b", "label"]
    assert set(plan.label_counts) == {"p", "q"}  # "label" is no class


# Columns ----------------------------------------------------------------------------------------------------------------


def test_a_unit_behind_numbers_is_read_and_kept(tmp_path: Path) -> None:
    rows = [f"{40 + i} m2;{1 + i % 9},{i % 10} kg;{('wahr', 'falsch')[i % 2]};{i * 1000 % 7777}" for i in range(60)]
    plan = plan_rows(_written(tmp_path / "a.csv", "area;weight;new;price", *rows), Control())
    by_name = {c.name: c for c in plan.given}
    area, weight = by_name["area"], by_name["weight"]
    assert (area.kind, area.unit, area.value("85 m2"), area.value("85")) == ("number", "m2", 85.0, 85.0)
    assert (weight.kind, weight.decimal, weight.value("12,5 kg")) == ("number", ",", 12.5)
    assert weight.figure(12.5) == "12,5 kg" and weight.value("12 g") is None  # another unit is another number
    assert by_name["new"].kind == "yes-no" and by_name["new"].value("falsch") == 0.0
    again = TableColumn.from_json(area.to_json())
    assert again == area and area.edges
    mixed = [f"{i} kg;{i % 7};{i}" if i % 2 else f"{i} g;{i % 7};{i}" for i in range(60)]
    plan = plan_rows(_written(tmp_path / "b.csv", "weight;rooms;price", *mixed), Control())
    assert {c.name: c.kind for c in plan.given}["weight"] != "number"


def test_what_a_unit_is() -> None:
    told = {
        "85 m²": "m²",
        "5.000 km/h": "km/h",
        "20 °C": "°C",
        "30min": "min",
        "K100": "",
        "ab": "",
        "12e5": "",
        "4x4": "",
    }
    assert {c: unit_of(c) for c in told} == told


# Series -----------------------------------------------------------------------------------------------------------------


def test_weeks_are_dates(tmp_path: Path) -> None:
    times = read_dates(["2020-W01", "2021W53", "KW 7/2022", "week 7 2022"]).times
    assert times == (datetime(2019, 12, 30), None, datetime(2022, 2, 14), datetime(2022, 2, 14))
    rows = [f"{2021 + i // 52}-W{i % 52 + 1:02},{i * 7 % 11}" for i in range(104)]
    plan = sniff([_written(tmp_path / "w.csv", "week,sales", *rows)])
    assert isinstance(plan, SeriesPlan) and plan.made[0][1].step.words == "week" and len(plan.made[0][1]) == 104


@pytest.mark.parametrize("years", [True, False])
def test_times_side_by_side_are_a_series_in_each_row(tmp_path: Path, years: bool) -> None:
    heads = [str(1980 + i) if years else f"{2019 + i // 12}-{i % 12 + 1:02}" for i in range(24)]
    rows = [f"{land},{code}," + ",".join(str(k * 100 + i * 7 % 11) for i in range(24)) for k, (land, code) in enumerate((("Chad", "TD"), ("Peru", "PE"), ("Oman", "OM")))]  # fmt: skip
    plan = sniff([_written(tmp_path / "a.csv", "Country,Code," + ",".join(heads), *rows)])
    assert isinstance(plan, SeriesPlan)
    assert [n for n, _, _ in plan.made] == ["Chad TD", "Peru PE", "Oman OM"]
    _name, series, _ = plan.made[1]
    assert series.step.words == ("year" if years else "month") and series.values[:3].tolist() == [100, 107, 103]
    assert len([i for i in plan.read() if isinstance(i, NewItem)]) == 3


def test_two_columns_tell_series_apart_together(tmp_path: Path) -> None:
    rows = [f"{datetime(2021, 1, 1) + timedelta(days=i):%d.%m.%Y};{i * 7 % 13};{shop};{what}" for i in range(60) for shop in ("North", "South") for what in ("bread", "milk")]  # fmt: skip
    plan = sniff([_written(tmp_path / "a.csv", "date;sold;shop;what", *rows)])
    assert isinstance(plan, SeriesPlan)
    assert [n for n, _, _ in plan.made] == ["North bread", "North milk", "South bread", "South milk"]
    assert all(len(s) == 60 for _, s, _ in plan.made)


def test_rows_with_a_date_and_what_is_known_of_them_stay_rows(tmp_path: Path) -> None:
    rows = [
        f"2021-{i % 12 + 1:02}-{i * 7 % 28 + 1:02},{'abc'[i % 3]},{'xyz'[i * 5 % 7 % 3]},{i * 31 % 97}"
        for i in range(120)
    ]
    assert isinstance(sniff([_written(tmp_path / "a.csv", "date,city,kind,price", *rows)]), RowsPlan)


def test_several_numbers_for_one_time_are_asked_about(tmp_path: Path) -> None:
    days = [datetime(2021, 1, 1) + timedelta(days=i // 2) for i in range(80)]
    plan = sniff([_written(tmp_path / "a.csv", "date,visits", *[f"{d:%Y-%m-%d},{i * 7 % 11 + 1}" for i, d in enumerate(days)])])  # fmt: skip
    assert isinstance(plan, SeriesPlan) and not plan.made and "two different numbers" in plan.problems[0].message
    (asked,) = plan.questions()
    assert asked.id == "each" and asked.chosen == "as they are"
    plan.say("each", "sum day")
    numbers = [i * 7 % 11 + 1 for i in range(80)]
    assert plan.made[0][1].values.tolist() == [a + b for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    assert plan.questions()[0].chosen == "sum day" and "sum of each day" in plan.repairs[0].message
    plan.say("each", "mean week")
    assert plan.problems and "only" in plan.problems[0].message  # six weeks are too few
    with pytest.raises(UserError, match="not asked"):
        plan.say("each", "sum year")


def test_a_sum_needs_a_whole_month_and_makes_up_nothing(tmp_path: Path) -> None:
    days = [datetime(2020, 1, 20) + timedelta(days=i) for i in range(800)]
    kept = [d for d in days if (d.year, d.month) != (2021, 3)]
    file = _written(
        tmp_path / "a.csv", "date,n", *[f"{d:%Y-%m-%d},{2 if d.day > 1 else 3}" for d in kept], "2021-07-04,9"
    )
    plan = sniff([file])
    assert isinstance(plan, SeriesPlan) and not plan.made
    plan.say("each", "sum month")
    _, series, _ = plan.made[0]
    assert series.label(0) == "2020-02" and series.values[0] == 29 * 2 + 1  # January is not whole
    assert math.isnan(series.values[13]) and "2020-01-01 left out: too few" in " ".join(r.message for r in plan.repairs)


def test_when_clocks_are_put_back_an_hour_comes_twice(tmp_path: Path) -> None:
    begin = datetime(2023, 10, 20)
    # Berlin's clocks: after 02:59 comes 02:00 once more.
    clock = [begin + timedelta(hours=i if i < 219 else i - 1) for i in range(400)]
    assert clock[218] == clock[219] == datetime(2023, 10, 29, 2)
    rows = [f"{t:%Y-%m-%d %H:%M},{i % 24 + i / 1000}" for i, t in enumerate(clock)]
    plan = sniff([_written(tmp_path / "load.csv", "time,load", *rows)])
    assert isinstance(plan, SeriesPlan) and len(plan.made[0][1]) == 399
    assert plan.made[0][1].values[218] == pytest.approx((2.218 + 3.219) / 2)
    assert "clocks were put back" in plan.repairs[0].message and not plan.questions()
    # A day or a month has no hour that comes twice; the first of March 2015 was a Sunday.
    months = [f"{2014 + i // 12}-{i % 12 + 1:02},{i * 7 % 11}" for i in range(30)]
    plan = sniff([_written(tmp_path / "m.csv", "month,load", *months, "2015-03,99")])
    assert isinstance(plan, SeriesPlan) and "two different numbers" in plan.problems[0].message


def test_times_a_little_beside_even_ones_count_as_these(tmp_path: Path) -> None:
    begin = datetime(2024, 1, 1, 0, 2)
    late = [(0, 60, -60, 180)[i * 7 % 4] if i % 5 else 0 for i in range(200)]
    rows = [f"{begin + timedelta(minutes=15 * i, seconds=s):%Y-%m-%d %H:%M:%S},{i % 11}" for i, s in enumerate(late)]
    plan = sniff([_written(tmp_path / "t.csv", "time,temp", *rows)])
    assert isinstance(plan, SeriesPlan)
    _, series, _ = plan.made[0]
    assert series.step.words == "15 minutes" and series.start == begin
    assert np.array_equal(series.values, np.arange(200) % 11)
    assert f"{sum(map(bool, late))} times lie a little beside" in plan.repairs[0].message
    daily = [
        f"{datetime(2024, 1, 1, 8) + timedelta(days=i, minutes=i * 37 % 50):%Y-%m-%d %H:%M},{i % 11}" for i in range(60)
    ]
    plan = sniff([_written(tmp_path / "d.csv", "time,temp", *daily)])
    assert isinstance(plan, SeriesPlan) and plan.made[0][1].step.words == "day" and len(plan.made[0][1]) == 60
    wild = [f"{begin + timedelta(minutes=15 * i + i * i % 13):%Y-%m-%d %H:%M},{i % 11}" for i in range(120)]
    plan = sniff([_written(tmp_path / "u.csv", "time,temp", *wild)])
    assert isinstance(plan, SeriesPlan) and not plan.made and plan.questions()[0].id == "each"
    plan.say("each", "mean hour")
    assert plan.made and plan.made[0][1].step.words == "hour"


def test_a_target_with_a_unit_is_an_amount(tmp_path: Path) -> None:
    rows = [f"{i % 7},{i % 5},{20 + i * 3 % 40} km" for i in range(60)]
    plan = plan_rows(_written(tmp_path / "a.csv", "a,b,distance", *rows), Control())
    target = target_of(plan.given)
    assert plan.marks == "number" and target is not None and target.unit == "km"
    items = [i for i in plan.read() if isinstance(i, NewItem)]
    assert [i.annotations[0].text for i in items[:2] if i.annotations] == ["20.0", "23.0"] and len(items) == 60


# Out again --------------------------------------------------------------------------------------------------------------


def test_rows_are_written_as_they_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.data.exporters import rows as exporter

    file = _written(tmp_path / "a.csv", "area,rooms,sold", *[f"{i} m2,{i % 7},{('yes', 'no')[i % 2]}" for i in range(2500)])  # fmt: skip
    project, _ = project_from_plan(plan_rows(file, Control()))
    with project:
        assert exporter.export_rows(project, tmp_path / "b.csv") == 2500
        lines = (tmp_path / "b.csv").read_text("utf-8-sig").splitlines()
        assert lines[0] == "area,rooms,sold,split" and lines[2500] == "2499 m2,0,no,"
        pages: list[int] = []

        class Watched(Control):
            def progress(self, done: int, total: int, words: str = "") -> None:
                pages.append(done)

        def written(_path: Path, given: object, _columns: object) -> int:
            pages.clear()
            next(given)  # type: ignore[call-overload]
            assert pages == [0]  # of three pages one was read
            return 1

        monkeypatch.setattr(exporter, "write_csv", written)
        assert exporter.export_rows(project, tmp_path / "c.csv", Watched()) == 1


def test_a_number_may_be_typed_with_the_other_sign(tmp_path: Path) -> None:
    rows = [f"{20 + i % 50};{i % 9},{i % 10} %;{('m', 'w')[i % 2]};{('ja', 'nein')[i * 7 % 5 > 2]}" for i in range(60)]
    plan = plan_rows(_written(tmp_path / "a.csv", "Alter;Zins;Geschlecht;default", *rows), Control())
    by_name = {c.name: c for c in plan.given}
    rate = by_name["Zins"]
    assert [rate.value(c) for c in ("4,6 %", "4.6", "1.234", "1.234,5")] == [4.6, 4.6, 1234.0, 1234.5]
    assert rate.figure(4.6) == "4,6" and by_name["Alter"].figure(30.5) == "30.5"
    # Results are compared by what people must not be treated differently for.
    assert by_name["Alter"].compared and by_name["Geschlecht"].compared and not rate.compared


def test_thousands_with_a_point_are_no_fractions(tmp_path: Path) -> None:
    assert decimal_of(["75.000 €", "120.000 €", "8.500 €"]) == ","
    assert decimal_of(["75.000", "120.000"]) == "." and decimal_of(["75.000", "120.000"], ",") == ","
    assert decimal_of(["0.750 €", "1.250 €"]) == "." and decimal_of(["12.50 €", "3.000 €"]) == "."
    rows = [f"{i % 9},{i % 10};{10 + i}.{i % 10}00;{50 + i}.000 €" for i in range(60)]
    plan = plan_rows(_written(tmp_path / "a.csv", "size;people;price", *rows), Control())
    by_name = {c.name: c for c in plan.given}
    assert by_name["people"].value("12.200") == 12_200 and by_name["price"].value("75.000 €") == 75_000
    plain = [f"{i % 9},{10 + i}.{i % 10}00,{i}" for i in range(60)]
    plan = plan_rows(_written(tmp_path / "b.csv", "size,weight,price", *plain), Control())
    assert {c.name: c for c in plan.given}["weight"].value("12.200") == 12.2
    months = [f"2020-{m:02};{70 + m}.000 €" for m in range(1, 13)] + [
        f"2021-{m:02};{70 + m}.500 €" for m in range(1, 13)
    ]
    series = sniff([_written(tmp_path / "c.csv", "month;sales", *months)])
    assert isinstance(series, SeriesPlan) and series.made[0][1].values[:2].tolist() == [71_000, 72_000]
