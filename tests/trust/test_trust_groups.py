"""Scores by group: planted gaps are found, chance is not taken for one, and the rates are fairlearn's."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.types import ItemPrediction, Split
from workbench.trust.groups import (
    FEWEST,
    by_groups,
    class_rates,
    difference_interval,
    fisher_exact,
    holm,
    interval,
    permutation,
)
from workbench.trust.judging import Judgement
from workbench.trust.metrics import Evaluation, evaluation_from_predictions


def judged(right: Mapping[int, bool]) -> Evaluation:
    said = [
        ItemPrediction(i, Split.TEST, "ab"[i % 2], "ab"[i % 2] if ok else "ab"[1 - i % 2], (0.5, 0.5))
        for i, ok in right.items()
    ]
    return evaluation_from_predictions(("a", "b"), said)


class Graded:
    """A judgement of scores between 0 and 1, as boxes and words have."""

    kind, split = "language", "test"

    def __init__(self, scores: Mapping[int, float]) -> None:
        self.scores = scores
        self.n = len(scores)

    def per_item(self) -> Mapping[int, float]:
        return self.scores

    def headline(self) -> dict[str, Any]:
        return {"split": "test", "n": self.n, "score": 0.5, "metric": "overlap"}

    def sentence(self) -> str:
        return ""

    def to_json(self) -> dict[str, Any]:
        return {}

    def table(self) -> tuple[list[str], list[list[str]]]:
        return [], []


def test_a_planted_gap_is_found_and_told() -> None:
    rng = random.Random(1)
    device = {i: "A" if i % 4 else "B" for i in range(240)}
    right = {i: rng.random() < (0.95 if device[i] == "A" else 0.65) for i in device}
    place = {i: rng.choice("xyz") for i in range(200)}
    by_device, by_place = by_groups(judged(right), {"device": device, "place": place})
    gap = by_device.largest
    assert gap is not None and gap.group == "B" and gap.real and gap.low <= gap.difference <= gap.high < 0
    assert by_device.comparisons == 4  # one of two devices, three places
    assert "device “B” it is right" in by_device.sentence() and "unlikely to be chance" in by_device.sentence()
    assert not any(g.real for g in by_place.gaps) and "may well be chance" in by_place.sentence()
    assert by_place.without == 40 and "Holm" in by_place.note()
    group = next(g for g in by_device.groups if g.name == "B")
    assert set(group.wrong) == {i for i in device if device[i] == "B" and not right[i]}
    assert group.ids[: len(group.wrong)] == group.wrong
    told = by_device.to_json()
    assert told["largest"] == "B" and told["gaps"][0]["unlikely_to_be_chance"]


def test_small_groups_are_not_judged() -> None:
    device = {i: "A" if i < 30 else "B" for i in range(30 + FEWEST - 1)}
    (by,) = by_groups(judged({i: i < 30 for i in device}), {"device": device})
    assert by.largest is None and "too small to say" in by.sentence()
    assert by.table()[1][1][-1] == "too few to say"
    (by,) = by_groups(judged(dict.fromkeys(device, True)), {"device": dict.fromkeys(device, "A")})
    assert "nothing to compare" in by.sentence()
    (by,) = by_groups(judged(dict.fromkeys(range(60), True)), {"device": {i: str(i) for i in range(60)}})
    assert by.too_many == 60 and "too many" in by.sentence() and not by.groups
    assert by_groups(judged({}), {"device": {}}) == ()


@pytest.mark.parametrize("graded", [False, True])
def test_where_nothing_differs_a_gap_is_seldom_told(graded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 5 % of data sets without any gap show one, however many groups are compared (4 groups and 3)."""
    monkeypatch.setattr("workbench.trust.groups._ROUNDS", 600)
    monkeypatch.setattr("workbench.trust.groups._LEAST", 600)
    rng = random.Random(5)
    rounds, false = (20, 0) if graded else (400, 0)
    for _ in range(rounds):
        ids = range(120)
        members = {"device": {i: rng.choice("ABCD") for i in ids}, "place": {i: rng.choice("xyz") for i in ids}}
        judgement: Judgement = (
            Graded({i: rng.betavariate(4, 2) for i in ids}) if graded else judged({i: rng.random() < 0.8 for i in ids})
        )
        false += any(gap.real for by in by_groups(judgement, members) for gap in by.gaps)
    # Three standard errors above 5 %.
    assert false / rounds <= 0.05 + 3 * (0.05 * 0.95 / rounds) ** 0.5


def test_a_gap_of_graded_scores_is_found() -> None:
    rng = random.Random(2)
    device = {i: "AB"[i % 2] for i in range(120)}
    scores = {i: min(1.0, rng.betavariate(6, 2) if v == "A" else rng.betavariate(3, 3)) for i, v in device.items()}
    (by,) = by_groups(Graded(scores), {"device": device})
    gap = by.largest
    assert gap is not None and gap.group == "B" and gap.real and gap.high < 0
    assert "it reaches" in by.sentence() and "overlap" in by.sentence() and by.rates == ()


def test_rates_are_those_of_fairlearn() -> None:
    import fairlearn.metrics as fair

    rng = random.Random(3)
    for count in range(20):
        n = rng.randrange(80, 300)
        truth = {i: rng.choice("ab") for i in range(n)}
        values = {i: rng.choice("XYZ") for i in range(n)}
        said = {i: truth[i] if rng.random() < (0.9 if values[i] == "X" else 0.7) else "b" for i in range(n)}
        of, called, group = [t == "a" for t in truth.values()], [s == "a" for s in said.values()], list(values.values())
        rates = class_rates("a", truth, said, values, sorted(set(group)))
        frame = fair.MetricFrame(
            metrics={
                "missed": fair.false_negative_rate, "alarms": fair.false_positive_rate, "called": fair.selection_rate,
            },
            y_true=of, y_pred=called, sensitive_features=group,
        )  # fmt: skip
        for name in "XYZ":
            assert rates.missed[name] == pytest.approx(frame.by_group["missed"][name])
            assert rates.false_alarms[name] == pytest.approx(frame.by_group["alarms"][name])
            assert rates.called[name] == pytest.approx(frame.by_group["called"][name])
        assert rates.parity == pytest.approx(fair.demographic_parity_difference(of, called, sensitive_features=group))
        assert rates.odds == pytest.approx(fair.equalized_odds_difference(of, called, sensitive_features=group)), count


def test_what_has_no_share_is_left_out() -> None:
    rates = class_rates("a", {0: "a", 1: "b"}, {0: "a", 1: "a"}, {0: "X", 1: "Y"}, ["X", "Y"])
    assert rates.missed == {"X": 0.0, "Y": None} and rates.false_alarms == {"X": None, "Y": 1.0}
    assert rates.odds is None and rates.parity == 0.0


sides = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=25)


@settings(deadline=None, max_examples=60)
@given(sides, sides)
def test_fisher_is_scipys(a: list[float], b: list[float]) -> None:
    from scipy.stats import fisher_exact as judge

    table = [[sum(a), len(a) - sum(a)], [sum(b), len(b) - sum(b)]]
    assert fisher_exact(a, b) == pytest.approx(min(1.0, judge(table).pvalue), rel=1e-6)


def test_newcombe_is_that_of_the_paper() -> None:
    """Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10."""
    for (x, n), (y, m), wanted in (((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090))):
        a, b = [1.0] * x + [0.0] * (n - x), [1.0] * y + [0.0] * (m - y)
        assert difference_interval(a, b) == pytest.approx(wanted, abs=6e-5)


shares = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@settings(deadline=None, max_examples=25)
@given(shares, shares)
def test_intervals_hold_their_means(a: list[float], b: list[float]) -> None:
    mean = sum(a) / len(a)
    low, high = interval(a)
    assert 0 <= low <= mean + 1e-9 and mean - 1e-9 <= high <= 1
    low, high = difference_interval(a, b)
    other = -difference_interval(b, a)[1], -difference_interval(b, a)[0]
    assert -1 <= low <= high <= 1
    assert (low, high) == pytest.approx(other, abs=0.2)
    wider = difference_interval(a, b, 0.999)
    assert wider[0] <= low + 1e-12 and wider[1] >= high - 1e-12


@settings(deadline=None, max_examples=5)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.lists(st.floats(0, 1), min_size=3, max_size=12))
def test_permutation_is_scipys(a: list[float], b: list[float]) -> None:
    import numpy as np
    from scipy.stats import permutation_test

    found = permutation(a, b)
    told = permutation_test(
        (a, b), lambda x, y, axis: abs(np.mean(x, axis=axis) - np.mean(y, axis=axis)), vectorized=True, n_resamples=4000,
        alternative="greater", rng=np.random.default_rng(1),
    ).pvalue  # fmt: skip
    assert found == pytest.approx(told, abs=0.05)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    assert [adjusted[k] for k in order] == sorted(adjusted)
    if p_values:
        assert min(adjusted) == min(1.0, len(p_values) * min(p_values))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
