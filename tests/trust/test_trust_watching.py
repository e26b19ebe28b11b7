"""A model at work is watched with a stated rate of false alarms; what is planted is found."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbench.control import Control
from workbench.errors import Cancelled
from workbench.trust import watching
from workbench.trust.watching import (
    LOOKS_AT,
    WEEKS,
    YEAR_RATE,
    Look,
    Reference,
    Seen,
    look,
    more_often,
    sequential,
    stability,
)

WIDTH, CLASSES = 16, 4


class World:
    """Items of four classes with features and a model that is more or less sure of them; things may change in it."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.centres = self.rng.normal(size=(CLASSES, WIDTH))
        learnt = self.draw(300)[0]
        self.learnt = learnt
        held = self.draw(200)
        limit = np.sort(self.distance(self.draw(200)[0]))[int(0.95 * 201) - 1]
        self.limit = limit
        self.reference = Reference(
            np.concatenate([learnt, held[0]]), held[1], held[2], 200, int((self.distance(held[0]) > limit).sum())
        )

    def distance(self, x: np.ndarray) -> np.ndarray:
        away = ((x[:, None] - self.learnt[None]) ** 2).sum(-1)
        return np.sqrt(np.sort(away, axis=1)[:, 4])

    def draw(self, n: int, move: float = 0.0, mix: tuple[float, ...] | None = None, doubt: float = 1.0) -> tuple:
        which = self.rng.choice(CLASSES, n, p=mix)
        x = self.centres[which] + 0.6 * self.rng.normal(size=(n, WIDTH)) + move
        scores = -((x[:, None] - self.centres[None]) ** 2).sum(-1) / (4 * doubt)
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        return unit, p.max(1), tuple(f"class {c}" for c in p.argmax(1))

    def week(self, n: int, **change: object) -> Seen:
        x, sure, answers = self.draw(n, **change)  # type: ignore[arg-type]
        return Seen(x, sure, answers, self.distance(x) / self.limit)


def test_nothing_changes_and_no_alarm_is_raised() -> None:
    """Five seeds of two weeks each, looked at three times a week: benchmarks/after_deployment.py has 200 years."""
    alarms = looks = 0
    for seed in range(5):
        world = World(seed)
        for week in range(2):
            seen = world.week(210)
            for count in (*LOOKS_AT, 210):
                one = look(world.reference, seen.first(count), f"{seed}/{week}/{count}")
                assert set(one.p) == set(watching.TESTS)
                looks += 1
                alarms += bool(one.changed)
    # At the stated rate 0.01 alarms are expected of 30 looks; two or more would have a chance of 1 in 20,000.
    assert looks == 30 and alarms <= 1


def test_the_limit_is_the_stated_rate_shared_out() -> None:
    world = World(0)
    one = look(world.reference, world.week(60), "x")
    assert one.limit * len(one.p) * WEEKS * (len(LOOKS_AT) + 1) == pytest.approx(YEAR_RATE)
    # Fewer tests share it among them.
    fewer = look(replace(world.reference, features=None, answers=()), world.week(60), "x")
    assert set(fewer.p) == {"certainty", "unlike"} and fewer.limit == pytest.approx(2 * one.limit)
    # A limit that no number of divisions could reach would mean that nothing is ever found.
    assert one.limit > 1 / (watching.DIVISIONS + 1)


@pytest.mark.parametrize(
    ("change", "test"),
    [
        ({"move": 1.0}, "features"),
        ({"doubt": 4.0}, "certainty"),
        ({"move": 2.5}, "unlike"),
        ({"mix": (0.0, 0.0, 0.1, 0.9)}, "classes"),
    ],
)
def test_what_is_planted_is_found_at_the_first_look(change: dict[str, object], test: str) -> None:
    world = World(0)
    found = look(world.reference, world.week(LOOKS_AT[0], **change), "planted")
    assert test in found.changed, found


def test_small_changes_are_found_later() -> None:
    """A change that 50 items do not show is found with more of them."""
    world = World(3)
    week = world.week(250, move=0.3)
    assert "features" not in look(world.reference, week.first(50), "early").changed
    assert "features" in look(world.reference, week, "late").changed


def test_without_features_certainty_is_watched_alone() -> None:
    rng = np.random.default_rng(1)
    reference = Reference(None, rng.beta(8, 2, 200), ())
    usual = Seen(None, rng.beta(8, 2, 100), (), np.full(100, -1.0))
    odd = Seen(None, rng.beta(2, 2, 100), (), np.full(100, -1.0))
    assert list(look(reference, usual, "a").p) == ["certainty"] and not look(reference, usual, "a").changed
    assert look(reference, odd, "b").changed == ("certainty",)
    nothing = look(Reference(None, np.zeros(0), ()), odd, "c")
    assert not nothing.p and not nothing.changed


def test_the_same_look_finds_the_same() -> None:
    world = World(5)
    seen = world.week(80)
    first = look(world.reference, seen, "k")
    assert look(world.reference, seen, "k") == first == Look.from_json(first.to_json())


def test_a_stop_is_obeyed() -> None:
    control, world = Control(), World(0)
    control.cancel()
    with pytest.raises(Cancelled):
        look(world.reference, world.week(60), "k", control)


# Against scipy ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 40), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_more_often_is_fishers_test(hits: int, n: int, before: int, n_before: int) -> None:
    hits, before = min(hits, n), min(before, n_before)
    table = [[hits, n - hits], [before, n_before - before]]
    assert more_often(hits, n, before, n_before) == pytest.approx(
        stats.fisher_exact(table, alternative="greater").pvalue, abs=1e-9
    )


def test_random_divisions_come_near_the_exact_tests() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=90), rng.normal(0.45, 1, size=70)
    exact = stats.ks_2samp(a, b, method="exact").pvalue
    found = watching._certainty(a, b, np.random.default_rng(0), Control())
    assert found == pytest.approx(exact, rel=0.5) and 0.001 < exact < 0.2
    before, now = ["x"] * 60 + ["y"] * 40 + ["z"] * 20, ["x"] * 30 + ["y"] * 40 + ["z"] * 15
    counts = np.array(watching.counted(before, now))
    assert counts.tolist() == [[60, 40, 20], [30, 40, 15]] or counts.sum() == 205
    asymptotic = stats.chi2_contingency(counts, correction=False).pvalue
    found = watching._classes(before, now, np.random.default_rng(0), Control())
    assert found == pytest.approx(asymptotic, rel=0.5)


def test_sequential_p_is_valid() -> None:
    """Of p found where nothing differs, at most a share of x lies at or below x (with room for chance)."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        true = rng.uniform()
        found.append(sequential(lambda count, true=true: int(rng.binomial(count, true)), Control(), 999))
    for limit in (0.02, 0.05, 0.2, 0.5):
        assert np.mean(np.array(found) <= limit) <= limit + 3 * math.sqrt(limit * (1 - limit) / 400)


def test_stability_index() -> None:
    same = ["a"] * 50 + ["b"] * 50
    assert stability(same, same) == 0 and stability([], same) == 0
    # By hand: shares 80.2 % and 19.8 % against 50 % each.
    p, q = [80.5 / 101, 20.5 / 101], [0.5, 0.5]
    by_hand = sum((y - x) * math.log(y / x) for x, y in zip(p, q, strict=True))
    assert stability(["a"] * 80 + ["b"] * 20, same) == pytest.approx(by_hand)
    many = [str(n) for n in range(500)]
    first, second = watching.counted(many, many[:250])
    assert len(first) == len(second) == 50 and sum(first) == 500 and sum(second) == 250
