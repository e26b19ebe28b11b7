"""Recommendations are judged on people: means, intervals, popularity beside them, and the shares of things that are shown."""

from __future__ import annotations

import random

import numpy as np
import pytest

from workbench.data.people import Case, as_item
from workbench.data.types import ItemPrediction, Split
from workbench.tasks.predictions import Pick, Ranking, to_record
from workbench.trust.judge_ranking import RankingJudgement
from workbench.trust.judging import Answered, Paired, compare, judge


def answered(person: int, said: list[int], usual: list[int], wanted: list[int], things: int = 40) -> Answered:
    item = as_item(person, f"p{person}", Split.TEST, Case(((1, 1.0),), (), tuple(wanted)))
    picks = tuple(Pick(f"t{i}", 1.0, (), i) for i in said)
    record = to_record(Ranking(picks, tuple(usual), things))
    return Answered(item, ItemPrediction(item.id, Split.TEST, "", "", (), record))


def judged(answers: list[Answered], split: str = "test") -> RankingJudgement:
    found = judge("ranking", (), answers, split)
    assert isinstance(found, RankingJudgement)
    return found


def test_means_coverage_and_words() -> None:
    popular = list(range(1, 11))
    found = judged(
        [
            answered(1, [20, *popular], popular, [20, 30]),
            answered(2, [21, *popular], popular, [3]),
            answered(3, [22], popular, []),
        ]
    )
    assert found.n == 2  # of whom nothing is known to come, nothing can be said
    ideal = 1 + 1 / np.log2(3)
    assert found.means == pytest.approx((0.75, (1 / ideal + 1 / np.log2(5)) / 2, 0.5, (0 + 1 / np.log2(4)) / 2))
    assert found.coverage == (11 / 40, 10 / 40)
    assert found.headline()["metric"] == "NDCG@10" and "2 of 2 people" in found.sentence()
    assert "Only 2 people" in found.sentence()
    assert found.table()[1][1][0] == "what most people like"


def test_the_better_one_is_named_only_when_it_is_no_chance() -> None:
    rng = random.Random(0)
    popular = list(range(1, 11))
    good = [answered(p, [20 + p % 10, *popular[:9]], popular, [20 + p % 10]) for p in range(60)]
    assert "the model is better" in judged(good).sentence()
    assert (
        "popularity itself"
        in judged([answered(p, popular, popular, [rng.randint(1, 20)]) for p in range(60)]).sentence()
    )
    bad = [answered(p, [30], popular, [1]) for p in range(60)]
    assert "use popularity" in judged(bad).sentence()
    even = [answered(p, popular[::-1], popular, [rng.randint(1, 10)]) for p in range(60)]
    assert "may well be chance" in judged(even).sentence()
    both = compare(judged(good), judged(bad))
    assert isinstance(both, Paired) and both.p_value < 0.001 and both.n == 60


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """One thing is hit with the same chance for everybody, at the first place: the mean is a share."""
    held = 0
    for trial in range(40):
        rng = random.Random(trial)
        said = [answered(p, [5 if rng.random() < 0.4 else 6], [6], [5]) for p in range(80)]
        low, high = judged(said).intervals[1]
        held += low <= 0.4 <= high
    assert held >= 35


def test_nobody_and_the_steering_part() -> None:
    assert judged([]).headline() == {"split": "test", "n": 0} and "nobody" in judged([]).sentence()
    assert "flatters" in judged([answered(1, [1], [2], [1])], "validation").sentence()
