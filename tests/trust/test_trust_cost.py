"""Costs in words, and what electricity emits and costs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.app_paths import app_paths
from workbench.data.types import RunRecord
from workbench.errors import UserError
from workbench.trust import report_cost
from workbench.trust.cost import rates, records, words
from workbench.trust.cost.rates import Electricity
from workbench.trust.cost.records import CostEstimate, CostMeasured, CostRecord

TOLD = CostEstimate(120, 60, 180, 1_100_000_000, 800_000_000, 1_500_000_000, 30, 100, 1_000_000_000, 30)
TOOK = CostMeasured(144, 200, 900_000_000, 0, 0.9, 0.4, 0, "tdp", "", "a chip", 28, 1)


def record_of(folder: Path, record: CostRecord) -> RunRecord:
    folder.mkdir(exist_ok=True)
    records.write(folder, record)
    return RunRecord("r", "A run", "done", "2026-11-25T12:00:00", {}, {}, folder)


def test_what_was_told_and_what_it_took() -> None:
    assert words.after(CostRecord(TOLD, (TOOK,), ended=True)) == (
        "You were told about 2 minutes and 1.1 GB; it took 2.4 minutes and 900 MB."
    )
    longer = CostMeasured(400, memory_bytes=1)
    assert words.after(CostRecord(TOLD, (longer,), ended=True)).endswith("6.7 minutes and 0 MB, longer than expected.")
    assert words.after(CostRecord(TOLD, (TOOK,))) == "It took 2.4 minutes and 900 MB."
    assert words.after(CostRecord(None, (TOOK,), ended=True)).startswith("It took") and words.after(CostRecord()) == ""


def test_errors_are_measured_by_what_was_told() -> None:
    off = CostRecord(TOLD, (TOOK,), ended=True).error()
    assert off is not None
    assert off["seconds"] == pytest.approx(0.2) and off["memory"] == pytest.approx(-2 / 11)
    assert off["energy"] == pytest.approx(1.3 / (120 * 30 / 3600) - 1)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (60, 180, "1 to 3 minutes"), (2, 7, "a few seconds"), (20, 50, "20 to 50 seconds"), (62, 63, "about 1 minute"),
        (40, 130, "40 seconds to 2 minutes"), (3000, 9000, "50 minutes to 2.5 hours"), (3600, 3700, "about 1 hour"),
        (36_000, 72_000, "10 to 20 hours"), (4, 30, "4 to 30 seconds"),
    ],
)  # fmt: skip
def test_intervals_in_words(low: float, high: float, said: str) -> None:
    assert words.span(low, high) == said


@given(st.floats(0, 1e6), st.floats(1, 10))
def test_an_interval_never_ends_before_it_begins(low: float, factor: float) -> None:
    said = words.span(low, low * factor)
    assert re.search(r"(?<![\d.])0 (second|minute|hour)", said) is None
    assert said == "a few seconds" or said.startswith("about ") or " to " in said


def test_comparisons_are_true() -> None:
    # 10 W for 3 minutes are half a watt-hour; a litre of water needs 4186 J/(kg K) x 80 K = 93 Wh.
    assert words.like(0.5) == "as much as a 10 W lamp takes in 3 minutes"
    assert words.like(30) == "as much as a 10 W lamp takes in 3 hours"
    assert words.like(4186 * 80 / 3600 * 2) == "as much as brings 2.0 litres of water from 20 °C to the boil"


def test_small_amounts_are_not_rounded_to_nothing() -> None:
    assert words.energy(0.0042) == "0.0042 Wh" and words.energy(1300) == "1.3 kWh" and words.grams(2500) == "2.5 kg"
    assert words.money(0.00012, "EUR") == "0.00012 EUR" and words.money(3.456, "€") == "3.46 €"
    assert words.memory(120e6) == "120 MB" and words.memory(2.34e9) == "2.3 GB"


def test_before_it_starts() -> None:
    time, energy, rests = words.before(TOLD, Electricity("FR", 0.2, "EUR"))
    assert time == "It will take 1 to 3 minutes and up to 1.5 GB of memory."
    assert energy == (
        "Energy: about 1.0 Wh, as much as a 10 W lamp takes in 6 minutes; that is 0.056 g of CO2, 0.0002 EUR."
    )
    assert "rough guess" in rests
    assert "EUR" not in words.before(TOLD, Electricity())[1]
    assert words.room(TOLD, 16 * 10**9) == "" and words.room(TOLD, 10**9).startswith("This may need up to 1.5 GB")
    assert words.room(TOLD, 10**8).startswith("This needs ")


def test_how_it_was_measured_is_said() -> None:
    assert "codecarbon" in words.method(TOOK) and "28 W" in words.method(TOOK)
    measured = words.method(CostMeasured(processor_method="rapl", gpu_method="nvml"))
    assert "RAPL" in measured and "whatever else ran" in measured and "graphics card's is measured" in measured
    assert "energy is missing" in words.method(CostMeasured(processor_method="tdp", gpu_method="not-counted"))


def test_the_table_of_grids_has_its_source_and_sense() -> None:
    found = rates.grids()
    assert len(found) > 200 and next(iter(found)) == "" and found["DE"].name == "Germany"
    assert all(0 <= g.grams < 1400 and 2000 < g.year < 2027 for g in found.values())
    assert found["FR"].grams < found[""].grams < found["PL"].grams
    assert Electricity("DE").grams(1000) == found["DE"].grams and Electricity().money(5) is None
    assert Electricity("??").grid is found[""], "a country that is no longer in the table"


def test_the_choice_is_kept_and_checked() -> None:
    assert rates.load() == Electricity()
    rates.save(Electricity(" de", 0.35, "  EUR "))
    assert rates.load() == Electricity("DE", 0.35, "EUR")
    for wrong in (Electricity("QX"), Electricity("DE", -1), Electricity("DE", float("nan"))):
        with pytest.raises(UserError):
            rates.save(wrong)
    file = app_paths().settings / "electricity.json"
    for damage in ("{", "[]", '{"country": "QX", "price": 1, "currency": ""}'):
        file.write_text(damage)
        assert rates.load() == Electricity()


def test_the_country_is_only_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "pt_BR.UTF-8")
    guess = rates.guessed()
    assert guess is not None and guess.name == "Brazil" and rates.load().country == ""
    for name in ("LC_ALL", "LC_MONETARY", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    assert rates.guessed() is None


def test_the_report_has_it(tmp_path: Path) -> None:
    chip = CostMeasured(
        144, 200, 9, processor_wh=0.9, processor_method="tdp", processor="<b>chip</b>", processor_watts=28
    )
    run = record_of(tmp_path / "run", CostRecord(TOLD, (chip,), ended=True))
    assert "2.4 minutes" in report_cost.sentences(run)[0]
    assert any("<b>chip</b>" in line for line in report_cost.sentences(run))  # the writers of reports escape
    assert [row[0] for row in report_cost.table(run)] == ["Time", "Memory", "Energy", "CO2"]
    rates.save(Electricity("DE", 0.35, "EUR"))
    assert report_cost.table(run)[-1][0] == "Money"
    (tmp_path / "empty").mkdir()
    old = RunRecord("o", "Old", "done", "", {}, {}, tmp_path / "empty")
    assert report_cost.sentences(old) == [] and report_cost.table(old) == []
