"""Reliability of several labels: against scikit-learn and planted truths."""

from __future__ import annotations

import random

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from workbench.tasks.tag_calibration import TagCalibration
from workbench.trust.certainty import answering_of, cheapest
from workbench.trust.judge_tags import TagCase, TagJudgement
from workbench.trust.tag_certainty import (
    answers_of,
    known_labels,
    label_costs,
    reliability_of,
    sure_and_right,
    tag_certainty,
)


def judgement(cases: list[TagCase], classes: tuple[str, ...] = ("a", "b")) -> TagJudgement:
    return TagJudgement(classes, tuple(cases), (), 0.0, 1.0, 0.0, (), "test")


def planted(count: int, seed: int = 0) -> list[TagCase]:
    """Says p of "a" and it is there with p; says p of "b" and it is there with p squared."""
    rng = random.Random(seed)
    cases = []
    for n in range(count):
        a, b = rng.random(), rng.random()
        truth = frozenset([*(["a"] if rng.random() < a else []), *(["b"] if rng.random() < b * b else [])])
        cases.append(TagCase(n, str(n), truth, frozenset(), {"a": a, "b": b}))
    return cases


def test_the_reliability_is_that_of_scikit_learn() -> None:
    cases = planted(700)
    for names in (["a"], ["b"], ["a", "b"]):
        pairs = answers_of(cases, names)
        found = reliability_of(pairs)
        said, there = [p for p, _ in pairs], [int(t) for _, t in pairs]
        share, mean = calibration_curve(there, said, n_bins=10, strategy="uniform")
        full = [b for b in found.bins if b.count]
        assert [b.share for b in full] == pytest.approx(share.tolist())
        assert [b.said for b in full] == pytest.approx(mean.tolist())
        assert found.brier == pytest.approx(brier_score_loss(there, said))
        weights = np.array([b.count for b in full]) / len(pairs)
        assert found.error == pytest.approx(float((weights * np.abs(share - mean)).sum()))
        assert found.n == len(pairs)


def test_what_is_true_is_called_true_and_what_is_not_is_not() -> None:
    cases = planted(4000)
    honest, boaster = (reliability_of(answers_of(cases, [name])) for name in ("a", "b"))
    assert honest.error < 0.03 and "Nowhere" in honest.sentence()
    # The mean of p - p*p over 0..1 is a sixth.
    assert boaster.error == pytest.approx(1 / 6, abs=0.02) and "the label is there" in boaster.sentence()
    assert "Too few" in reliability_of([]).sentence()


def test_before_and_after_are_told_apart_label_by_label() -> None:
    right = planted(2000)
    # The network itself was twice as sure of "a" as it should have been, and that was set right.
    calibration = TagCalibration((0.5, 1.0), (0.0, 0.0))
    found = tag_certainty(judgement(right), ("a", "b"), calibration, 60)
    before, after = found.labels["a"]
    assert after.error < 0.03 < 0.06 < before.error
    assert found.labels["b"][0].error == pytest.approx(found.labels["b"][1].error)
    assert found.before.error > found.after.error and "one by one" in found.change()
    told = found.to_json()
    assert told["labels"]["a"]["calibration_error_before"] == before.error and told["answers"] == 4000
    assert "at least 30" in tag_certainty(judgement(right), ("a", "b"), None, 12).sentence()
    assert "more truthful" in tag_certainty(judgement(right), ("a", "b"), None, 50).sentence()
    alike = tag_certainty(judgement(right), ("a", "b"), TagCalibration((0.5, 0.5), (0.0, 0.0)), 60)
    assert "temperature 2.00" in alike.change()
    # Items of which no certainties are kept are left out.
    assert known_labels(judgement([TagCase(1, "1", frozenset({"a"}), frozenset())])) == ()


def test_the_cheapest_threshold_of_a_label_is_the_one_of_its_cost() -> None:
    pairs = answers_of(planted(4000), ["a"])
    for cost in (0.25, 1.0, 9.0):
        found = cheapest(pairs, cost)
        assert found is not None and found == pytest.approx(1 / (1 + cost), abs=0.08)
        here = label_costs(pairs, "a", found, cost)
        assert all(here.total <= label_costs(pairs, "a", t / 100, cost).total for t in range(1, 100))
        assert here.there == sum(t for _, t in pairs) and here.n == 4000
    usual = label_costs(pairs, "a", 0.5, 9.0)
    now = label_costs(pairs, "a", 0.1, 9.0)
    assert (
        now.missed < usual.missed
        and now.wrong > usual.wrong
        and "threshold the training chose (50%)" in now.beside(usual)
    )
    assert "did not pay off" in usual.beside(now)


def test_saying_nothing_leaves_the_doubtful_items_out() -> None:
    answers = sure_and_right(planted(3000), {"a": 0.5, "b": 0.5})
    every, some = answering_of(answers, 0.0), answering_of(answers, 0.6)
    assert every.answered == 3000 and 0 < some.answered < 3000 and some.share_right > every.share_right + 0.1
