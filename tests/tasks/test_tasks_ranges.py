"""How wide ranges are set: each step by itself, never narrower, and eight of ten hold on what comes later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trust.test_trust_forecast import around
from workbench.catalog.card import ModelCard, Source
from workbench.tasks.forecasting import range_words, rescaled
from workbench.tasks.predictions import HIGH, LOW, MIDDLE, Occasion
from workbench.tasks.ranges import FACTOR, Widths, followed, settle_widths, widened, widths_of

_NORMAL = 1.2816  # of a normal distribution 80 % lie within


def _occasions(spread: list[float], count: int, seed: int = 0, apart: int = 0) -> list[Occasion]:
    """What came is drawn with `spread` at each step; the range says 1."""
    rng = np.random.default_rng(seed)
    steps = len(spread)
    return [
        Occasion(
            i * (apart or steps), "validation", tuple(rng.normal(size=steps) * spread), around([0.0] * steps, _NORMAL)
        )
        for i in range(count)
    ]


def _held(occasions: list[Occasion]) -> float:
    pairs = [(lo, t, hi) for o in occasions for lo, t, hi in zip(o.said[LOW], o.truth, o.said[HIGH], strict=True)]
    return float(np.mean([lo <= t <= hi for lo, t, hi in pairs]))


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 5.0), st.integers(0, 50))
def test_eight_of_ten_hold_on_what_it_was_not_set_by(spread: float, seed: int) -> None:
    widths = settle_widths({"sales": _occasions([spread] * 5, 200, seed)})
    later = _occasions([spread] * 5, 400, seed + 1000)
    after = _held([rescaled(o, widths.at("sales", 5)) for o in later])
    assert after == pytest.approx(0.8, abs=0.05)


def test_each_step_has_its_own_width_and_a_calm_stretch_narrows_nothing() -> None:
    found = settle_widths({"sales": _occasions([0.2, 0.2, 0.2, 3.0, 3.0, 3.0], 200)}).at("sales", 8)
    assert found[:2] == (1.0, 1.0) and found[4:6] == pytest.approx((3.0, 3.0), rel=0.15)
    assert found[6:] == (found[5],) * 2  # farther than was looked at, the last one goes on
    assert 1.0 < found[2] < found[4]  # neighbours go together, so there are no teeth


def test_few_occasions_want_more_and_too_few_say_nothing() -> None:
    assert settle_widths({"sales": _occasions([1.0] * 3, 3)}) == Widths()
    overlapping = _occasions([3.0] * 5, 15, apart=1)  # fifteen, of which three do not overlap
    assert settle_widths({"sales": overlapping}) == Widths()
    assert Widths().at("sales", 3) == (1.0, 1.0, 1.0)
    # The finite-sample allowance: with five apart 96 of 100, not 80.
    five = _occasions([2.0] * 2, 5)
    scores = sorted(abs(t) for o in five for t in o.truth)
    assert settle_widths({"sales": five}).at("sales", 1)[0] == pytest.approx(scores[-1] / _NORMAL)


def test_series_go_by_their_own_where_they_can_and_by_all_otherwise() -> None:
    found = settle_widths(
        {"wild": _occasions([4.0] * 2, 60), "calm": _occasions([1.0] * 2, 60), "short": _occasions([1.0] * 2, 4)}
    )
    assert found.at("wild", 2)[0] > 3 > 1.4 > found.at("calm", 2)[0]
    assert found.at("short", 2) == found.at("another table's", 2) == found.usual
    assert found.at("calm", 2)[0] < found.usual[0] < found.at("wild", 2)[0]


def test_what_a_card_keeps_comes_back_and_older_cards_still_count() -> None:
    found = settle_widths({"a": _occasions([2.0] * 2, 40), "b": _occasions([1.0] * 2, 40)})
    again = widths_of(found.to_options())
    assert again.at("a", 2) == pytest.approx(found.at("a", 2), abs=1e-6) and set(again.of) == {"a", "b"}
    assert widths_of({FACTOR: 1.5}).at("a", 2) == (1.5, 1.5)
    assert widths_of({}).at("a", 1) == (1.0,)
    for damaged in ([0.0], ["2"], [float("nan")], [1e9], 3):
        assert widths_of({"interval_widths": damaged}).at("a", 1) == (1.0,)


def test_a_gap_and_a_range_without_width_are_no_obstacle() -> None:
    flat = [Occasion(i, "validation", (0.0, float("nan")), around([0.0, 0.0], 0.0)) for i in range(0, 20, 2)]
    assert settle_widths({"flat": flat}).at("flat", 2) == (1.0, 1.0)
    rows = widened(np.array([[0.0], [2.0], [4.0]]), (3.0,))
    assert rows.tolist() == [[-4.0], [2.0], [8.0]] and len(around([0.0], 1.0)) > MIDDLE


def test_a_model_whose_range_held_too_seldom_says_so_with_every_answer() -> None:
    def card(**metrics: float) -> ModelCard:
        return ModelCard("m", "m", ("forecasting",), "ets", "ets", Source("bundled", ""), metrics=metrics)

    assert "8 of 10 cases the number should lie" in range_words(card())
    assert "8 of 10 cases the number should lie" in range_words(card(coverage=0.75, coverage_high=0.82))
    assert "too narrow" in range_words(card(coverage=0.5, coverage_high=0.62)) and "50%" in range_words(
        card(coverage=0.5, coverage_high=0.62)
    )


def _held_so(occasions: list[Occasion], rows: list[tuple[float, ...]]) -> float:
    return _held([rescaled(o, row) for o, row in zip(occasions, rows, strict=True)])


def test_the_range_follows_numbers_that_become_wilder_and_comes_back() -> None:
    before = _occasions([1.0] * 3, 60)
    settled = settle_widths({"sales": before}).at("sales", 3)
    wilder = _occasions([3.0] * 3, 80, seed=5)
    rows, newest = followed(before, wilder, settled)
    assert rows[0] == settled  # nothing had come yet
    assert _held_so(wilder, [settled] * 80) < 0.55
    assert _held_so(wilder[20:], rows[20:]) == pytest.approx(0.8, abs=0.06)
    assert min(newest) > 2 * max(settled)
    calm = [Occasion(o.at + 1000, "test", tuple(0.1 * t for t in o.truth), o.said) for o in wilder]
    back = followed(before, calm, newest)[1]
    assert all(1.0 <= b < n for b, n in zip(back, newest, strict=True))  # back, and never narrower than the model's own


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 30), st.integers(0, 20))
def test_only_numbers_that_were_known_count(apart: int, place: int, seed: int) -> None:
    before = _occasions([1.0] * 4, 12, seed)
    later = [Occasion(o.at + 100, "test", o.truth, o.said) for o in _occasions([2.0] * 4, 31, seed + 1, apart=apart)]
    widths = settle_widths({"sales": before}).at("sales", 4)
    rows, _ = followed(before, later, widths)
    moment = later[place].at
    # Whatever comes from a moment on, what was said up to it stays.
    changed = [
        Occasion(o.at, "test", tuple(1e6 if o.at + i >= moment else t for i, t in enumerate(o.truth)), o.said)
        for o in later
    ]
    assert followed(before, changed, widths)[0][: place + 1] == rows[: place + 1]


def test_what_was_followed_is_kept_for_answers_and_little_is_not_followed() -> None:
    widths = Widths((1.2, 1.4), {"a": (2.0, 2.0)})
    alone = widths.after({"a": (3.0, 3.5)})
    assert alone.now("a", 3) == (3.0, 3.5, 3.5) == alone.now("another", 3) and alone.at("a", 1) == (2.0,)
    several = widths.after({"a": (3.0, 3.0), "b": (1.0, 1.0), "c": (2.0, 2.0)})
    assert several.now("b", 1) == (1.0,) and several.now("another", 1) == (2.0,)
    again = widths_of(several.to_options())
    assert again == several
    assert widths_of(widths.to_options()).now("a", 1) == (2.0,)  # older models: as settled
    few = _occasions([5.0] * 2, 3)
    assert followed(few, _occasions([5.0] * 2, 20, 3), (1.0,)) == ([(1.0, 1.0)] * 20, (1.0, 1.0))
    assert followed(_occasions([1.0], 9), [], (1.5,)) == ([], (1.5,))
