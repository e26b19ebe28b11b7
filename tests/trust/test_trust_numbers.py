"""Estimated numbers are judged as scikit-learn counts them, with intervals that hold, and ranges that keep their promise."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from workbench.data import splits
from workbench.data.annotations import Annotation
from workbench.data.numbers import decimal_of, number
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import Item, ItemPrediction, Split
from workbench.tasks.intervals import half_width, ranged, settle_interval
from workbench.tasks.predictions import Number, figure, from_record, to_record
from workbench.trust import report_numbers
from workbench.trust.card.parts import Gallery, Picture
from workbench.trust.judge_numbers import NumberCase, NumbersJudgement, by_size, measure, sign_flips
from workbench.trust.judging import Answered, compare, judge


def answered(truths: list[float], said: list[Number]) -> list[Answered]:
    return [
        Answered(
            Item(i, "row", f"row {i}"),
            ItemPrediction(i, Split.TEST, "", "", (), to_record(s)),
            (Annotation(Whole(), text=repr(t)),),
            ("",),
        )
        for i, (t, s) in enumerate(zip(truths, said, strict=True))
    ]


def judged(truths: list[float], said: list[Number]) -> NumbersJudgement:
    found = judge("numbers", (), answered(truths, said))
    assert isinstance(found, NumbersJudgement)
    return found


def noisy(n: int, sd: float = 1.0, seed: int = 0) -> tuple[list[float], list[Number]]:
    rng = np.random.default_rng(seed)
    truths = rng.normal(50, 10, n)
    return truths.tolist(), [Number(float(v), unit="kg") for v in truths + rng.normal(0, sd, n)]


def test_measures_are_scikit_learns() -> None:
    truths, said = noisy(300, 4)
    found = judged(truths, said)
    values = [s.value for s in said]
    assert found.rmse.value == pytest.approx(root_mean_squared_error(truths, values))
    assert found.mae.value == pytest.approx(mean_absolute_error(truths, values))
    assert found.r2 is not None and found.r2.value == pytest.approx(r2_score(truths, values))
    assert found.rmse_guess == pytest.approx(root_mean_squared_error(truths, [np.mean(truths)] * 300))
    assert found.mae_guess == pytest.approx(mean_absolute_error(truths, [np.median(truths)] * 300))
    assert found.rmse.low < found.rmse.value < found.rmse.high
    numbers = found.headline()
    assert numbers["score"] == pytest.approx(found.r2.value) and numbers["metric"] == "R²" and numbers["unit"] == "kg"
    assert numbers["low"] <= numbers["score"] <= numbers["high"]
    assert "kg" in found.sentence() and "it had not seen" in found.sentence()


def test_the_interval_of_the_mean_error_holds_the_true_one_about_as_often_as_it_says() -> None:
    expected = 3 * math.sqrt(2 / math.pi)  # of normal errors with a standard deviation of 3
    held = sum(f.mae.low <= expected <= f.mae.high for f in (judged(*noisy(120, 3, seed)) for seed in range(40)))
    assert 34 <= held <= 40


def test_no_better_than_guessing_is_said_so() -> None:
    rng = np.random.default_rng(1)
    truths = rng.normal(0, 1, 100).tolist()
    found = judged(truths, [Number(float(v)) for v in rng.normal(0, 1, 100)])
    assert found.score == 0 and "no better" in found.sentence()
    same = judged([5.0] * 40, [Number(5.5)] * 40)
    assert same.r2 is None and "all true numbers are the same" in same.sentence().lower()
    assert judge("numbers", (), []).sentence() == "There was nothing to test on."


def test_items_without_a_true_number_are_left_out() -> None:
    given = answered([1.0, 2.0], [Number(1.0), Number(2.0)])
    without = Answered(given[0].item, given[0].said, (Annotation(Whole(), text="about two"),), ("",))
    assert judge("numbers", (), [without, given[1]]).n == 1


def test_how_right_an_item_is() -> None:
    found = measure([NumberCase(1, "", 0, 0), NumberCase(2, "", 10, 15), NumberCase(3, "", 20, 120)])
    scores = found.per_item()
    assert scores[1] == 1 and scores[1] > scores[2] > scores[3] > 0
    assert [c.item_id for c in found.worst] == [3, 2, 1]


def test_two_runs_are_compared_on_the_same_items() -> None:
    truths, good = noisy(80, 1)
    _, bad = noisy(80, 6, seed=0)
    bad = [Number(t + 3 * (b.value - t)) for t, b in zip(truths, bad, strict=True)]
    found = compare(judged(truths, good), judged(truths, bad))
    assert "unlikely to be chance" in found.sentence("A", "B") and found.sentence("A", "B").count("A") >= 2
    assert found.only_a and not found.only_b
    again = compare(judged(truths, good), judged(truths, good))
    assert "may well be chance" in again.sentence()


def test_sign_flips_are_exact_for_few_and_alike_for_many() -> None:
    assert sign_flips([1, 1, 1, 1]) == pytest.approx(2 / 16)
    assert sign_flips([]) == 1.0
    from scipy.stats import permutation_test

    values = np.random.default_rng(3).normal(0.3, 1, 40)
    reference = permutation_test((values,), np.mean, permutation_type="samples", n_resamples=20_000, rng=0)
    assert sign_flips(values.tolist()) == pytest.approx(reference.pvalue, abs=0.02)


def test_errors_by_size_tell_where_it_leans() -> None:
    found = measure([NumberCase(i, "", i, i * 1.5 if i > 50 else i - 1 + 2 * (i % 2)) for i in range(100)])
    bands = by_size(found)
    assert len(bands) == 5 and sum(b.n for b in bands) == 100
    assert bands[0].lean(found) == "about even" and bands[-1].lean(found).startswith("too large by")


def test_the_range_keeps_its_promise() -> None:
    """Coverage over many draws of validation and test items, as the theory says: at least the stated share on average."""
    rng = random.Random(0)
    shares = []
    for _ in range(200):
        errors = [rng.gauss(0, 1) ** 3 for _ in range(120)]  # heavy tails: nothing is assumed of the errors
        width = half_width(errors[:60], 0.9)
        assert width is not None
        shares.append(sum(abs(e) <= width for e in errors[60:]) / 60)
    assert 0.895 <= sum(shares) / len(shares) <= 0.935
    assert half_width([1.0] * 8, 0.9) is None and half_width([1.0] * 9, 0.9) == 1.0 and half_width([]) is None


def test_a_range_is_settled_and_shown() -> None:
    options = settle_interval({"other": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [0] * 10)
    said = ranged(Number(100, unit="€"), options)
    assert (said.low, said.high, said.coverage) == (90, 110, 0.9) and options["other"] == 1
    assert said.range_words() == "in 9 of 10 cases between 90 and 110 €"
    assert from_record(to_record(said)) == said
    assert ranged(Number(1), settle_interval(options, [1], [2])) == Number(1)  # too few: the old range is gone
    assert ranged(Number(1), {"interval": "x", "interval_coverage": 0.9}) == Number(1)
    covered = judged([100.0, 500.0] * 10, [said] * 20)
    assert covered.covered is not None and covered.covered.value == 0.5 and covered.stated == 0.9
    assert "50% lie in the range it gives, 90% should" in covered.sentence()


def test_figures_are_readable() -> None:
    assert [figure(v) for v in (310_000, 1234.6, 0.123456, 3.0, 12.345, -250.04, 0.00012346, float("nan"))] == [
        "310,000", "1,235", "0.123", "3", "12.35", "-250", "0.0001235", "no number",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1,234.5", ".", 1234.5), ("1.234,5", ",", 1234.5), ("12 %", ".", 12.0), ("(12.50)", ".", -12.5), ("€ 30", ".", 30.0),
        ("1e-3", ".", 0.001), ("1 234,5", ",", 1234.5), ("−5", ".", -5.0), ("12-3", ".", None), ("", ".", None),
        ("nan", ".", None), ("inf", ".", None), ("1e999", ".", None), ("٣", ".", None), ("1.2.3", ".", None), ("1,23", ".", None),
        ("9" * 100, ".", None), (".", ".", None), ("0x10", ".", None),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell: str, decimal: str, value: float | None) -> None:
    assert number(cell, decimal) == value  # type: ignore[arg-type]


def test_the_decimal_sign_of_a_column() -> None:
    assert decimal_of(["1,5", "2,25", "3"]) == "," and decimal_of(["1.5", "2"]) == "." and decimal_of(["1,234"]) == "."
    assert decimal_of(["1.234,5", "7"]) == ","


def test_splits_have_numbers_of_all_sizes(tmp_path: Path) -> None:
    found = splits.bands({i: float(i // 3) for i in range(200)})
    assert len(set(found.values())) == 10
    assert all(found[i] == found[i // 3 * 3] for i in range(200))  # equal numbers are together
    rows = [splits.SplitRow(i, band, i) for i, band in found.items()]
    given = splits.assign(rows)
    for split in (Split.TRAIN, Split.VALIDATION, Split.TEST):
        part = [i // 3 for i, s in given.items() if s is split]
        assert min(part) < 7 and max(part) > 59 and abs(np.mean(part) - 33) < 4


def test_the_report_shows_the_points_and_the_worst(tmp_path: Path) -> None:
    found = judged(*noisy(60, 2))
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        parts = report_numbers.sections(project, found)
        assert any(isinstance(p, Picture) and p.data.startswith(b"\x89PNG") for p in parts)
        failures = report_numbers.failures(project, found, None)
        assert isinstance(failures[0], Gallery) and len(failures[0].examples) == 12
        assert all("row" not in str(e) for e in failures[0].examples)  # no item is shown in what is passed on
