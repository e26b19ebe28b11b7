"""Judging forecasts: numbers by hand, blocks, the paired test, and words that say what they mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.types import Item, ItemPrediction, Split
from workbench.tasks.occasions import moments, parts_of, steps_for
from workbench.tasks.predictions import FORECAST_LEVELS, Forecast, Occasion, from_record, to_record
from workbench.trust.judge_forecast import ForecastJudgement, blocks, judge
from workbench.trust.judging import Answered, compare, parts_within

NAN = float("nan")


def around(middle: list[float], width: float) -> tuple[tuple[float, ...], ...]:
    """Levels spread evenly: 10 % at middle - width, 90 % at middle + width."""
    return tuple(tuple(m + width * (q - 0.5) / 0.4 for m in middle) for q in FORECAST_LEVELS)


def answered(given_: list[Occasion], scale: float = 2.0, item: int = 1) -> Answered:
    forecast = Forecast((), given=(1.0, 2.0), given_dates=("a", "b"), season=12, scale=scale, occasions=tuple(given_))
    said = ItemPrediction(item, Split.TEST, "", "", (), to_record(forecast))
    return Answered(Item(item, "series", f"series {item}"), said)


def test_a_forecast_is_kept_whole() -> None:
    occasion = Occasion(7, "test", (1.0, 2.0), around([1.0, 2.0], 1.0), (), around([0.0, 0.0], 2.0))
    forecast = Forecast(
        ((1.0, 2.0, 3.0),), ("2024-01",), (1.0,), ("2023-12",), 5, "month", 12, 1.5, (occasion,), "note"
    )
    assert from_record(to_record(forecast)) == forecast


def test_measures_by_hand() -> None:
    occasion = Occasion(10, "test", (3.0, NAN, 8.0), around([2.0, 5.0, 4.0], 2.0), around([1.0, 5.0, 0.0], 2.0))
    found = judge((), [answered([occasion])], "test")
    assert isinstance(found, ForecastJudgement) and found.n == 1 and found.split == "test"
    mine = found.totals["said"]
    # Errors 1 and 4 of two known steps, in units of 2.
    assert mine.steps == 2 and mine.mase == pytest.approx((1 + 4) / 2 / 2)
    assert found.gain == pytest.approx(1 - (1 + 4) / (2 + 8)) and found.headline()["score"] == pytest.approx(0.5)
    # 3 lies within 0 and 4, 8 not within 2 and 6.
    assert mine.coverage == 0.5
    losses = [
        2 * max(q * (y - v), (q - 1) * (y - v))
        for y, m in ((3.0, 2.0), (8.0, 4.0))
        for q in FORECAST_LEVELS
        for v in [m + 2 * (q - 0.5) / 0.4]
    ]
    assert mine.scaled_quantile_loss == pytest.approx(np.mean(losses) / 2)
    assert mine.weighted_quantile_loss == pytest.approx(np.sum(losses) / 9 / 11)
    assert "ets" not in found.totals and "On 1 past occasion, each 3 steps ahead, it was 50% closer" in found.sentence()
    assert "say little" in found.sentence()
    assert found.by_step()["said"][0] == pytest.approx(0.5) and found.by_step()["said"][1] != found.by_step()["said"][1]
    assert found.per_item() == {1: pytest.approx(10 / 15)}


def test_each_part_is_judged_by_itself_and_nothing_is_a_sentence() -> None:
    assert parts_within("forecast") and not parts_within("classes")
    given_ = [
        Occasion(5, "validation", (1.0,), around([0.0], 1.0), around([0.0], 1.0)),
        Occasion(9, "test", (1.0,), around([1.0], 1.0), around([0.0], 1.0)),
    ]
    assert judge((), [answered(given_)], "validation").n == 1
    assert judge((), [answered(given_)], "test").headline()["score"] == 1.0
    nothing = judge((), [answered([])], "test")
    assert nothing.n == 0 and nothing.headline() == {"split": "test", "n": 0} and "long enough" in nothing.sentence()
    unknown = Occasion(9, "test", (NAN,), around([1.0], 1.0), around([0.0], 1.0))
    assert judge((), [answered([unknown])], "test").n == 0


def several(error: float, count: int = 40, steps: int = 4, seed: int = 0) -> list[Occasion]:
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        truth = rng.normal(size=steps)
        found.append(
            Occasion(
                100 + i, "test", tuple(truth), around(list(truth + error * rng.normal(size=steps)), 1.2816),
                around([0.0] * steps, 1.2816), around([0.0] * steps, 1.2816),
            )
        )  # fmt: skip
    return found


def test_occasions_that_overlap_are_taken_in_blocks() -> None:
    found = judge((), [answered(several(1.0))], "test")
    cut = blocks(found.series)
    assert [len(b) for b in cut] == [4] * 10
    low, high = found.intervals["naive"]["coverage"]
    # A normal range around a normal truth holds 80 %.
    assert low <= 0.8 <= high and low < found.totals["naive"].coverage < high
    assert "ets" in found.totals and "exponential smoothing" in found.sentence()


def test_two_models_on_the_same_occasions() -> None:
    better = judge((), [answered(several(0.2))], "test")
    worse = judge((), [answered(several(2.0))], "test")
    found = compare(better, worse)
    assert "the first is" in found.sentence("the first", "the second") and "unlikely to be chance" in found.sentence()
    assert found.only_a == (1,) and found.only_b == ()
    assert "may well be chance" in compare(better, better).sentence()
    other = judge((), [answered(several(0.2), item=2)], "test")
    assert "not asked on the same occasions" in compare(better, other).sentence()


@given(st.integers(16, 5000), st.integers(1, 400), st.integers(1, 60))
def test_nothing_later_than_its_part_is_ever_asked_about(length: int, wanted: int, most: int) -> None:
    parts = parts_of(length)
    assert 0 < parts.validation < parts.test < parts.end == length
    steps = steps_for(1, [length], wanted)
    for begin, end in ((parts.validation, parts.test), (parts.test, parts.end)):
        at = moments(begin, end, steps, most)
        assert at and len(at) <= most and at == sorted(set(at))
        assert at[0] >= begin and at[-1] + steps <= end
    assert steps_for(12, [length]) <= max(12, 1)


def test_a_range_that_held_too_seldom_is_warned_of() -> None:
    """The promise is 80 %; what is said hangs on what held on many such occasions, not on these alone."""
    narrow = [replace(o, said=around([0.0] * 4, 0.3)) for o in several(1.0)]
    found = judge((), [answered(narrow)], "test")
    assert found.too_narrow and "too narrow" in found.sentence()
    assert found.headline()["coverage_high"] < 0.8
    right = judge((), [answered([replace(o, said=o.naive) for o in several(1.0)])], "test")
    assert not right.too_narrow and "too narrow" not in right.sentence() and "wider" not in right.sentence()
    wide = judge((), [answered([replace(o, said=around([0.0] * 4, 9.0)) for o in several(1.0)])], "test")
    assert "wider than it need be" in wide.sentence() and not wide.too_narrow
