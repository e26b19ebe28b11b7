"""The area under the ROC curve, held against scikit-learn; and how often its interval holds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from workbench.data.types import ItemPrediction, Split
from workbench.trust.auc import auc
from workbench.trust.metrics import evaluation_from_predictions


def test_it_is_scikit_learns_also_with_equal_scores() -> None:
    rng = np.random.default_rng(0)
    for digits in (1, 6):
        right = rng.random(200) < 0.3
        scores = np.round(rng.normal(size=200) + right, digits)
        found = auc(scores.tolist(), right.tolist())
        assert found is not None and found.value == pytest.approx(roc_auc_score(right, scores))
        assert found.low < found.value < found.high
    assert auc([0.1, 0.2], [True, True]) is None and auc([], []) is None


def test_its_interval_holds_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    shift = 1.4657  # so far apart two bells have an area of 0.85
    inside = 0
    for _ in range(400):
        scores = np.concatenate([rng.normal(shift, 1, 25), rng.normal(0, 1, 50)])
        found = auc(scores.tolist(), [True] * 25 + [False] * 50)
        assert found is not None
        inside += found.low <= 0.85 <= found.high
    assert 0.92 <= inside / 400 <= 0.985


def test_few_items_say_little_even_when_all_is_right() -> None:
    small, large = (
        auc([1.0] * 3 + [0.0] * 3, [True] * 3 + [False] * 3),
        auc([1.0] * 90 + [0.0] * 90, [True] * 90 + [False] * 90),
    )
    assert small is not None and large is not None
    assert small.value == small.high == large.value == 1.0
    assert small.low < 0.65 < 0.95 < large.low


def test_each_class_of_an_evaluation_is_told_from_the_others() -> None:
    rng = np.random.default_rng(2)
    names = ["a", "b", "c"]
    said, truths, rows = [], [], []
    for place in range(90):
        row = rng.dirichlet(np.ones(3) + 3 * (np.arange(3) == place % 3))
        rows.append(row)
        truths.append(place % 3)
        best = names[int(row.argmax())]
        said.append(ItemPrediction(place, Split.TEST, names[place % 3], best, tuple(map(float, row))))
    found = evaluation_from_predictions(names, said)
    for at, score in enumerate(found.per_class):
        assert score.auc is not None
        assert score.auc.value == pytest.approx(roc_auc_score(np.array(truths) == at, np.array(rows)[:, at]))
    assert found.auc == pytest.approx(np.mean([c.auc.value for c in found.per_class if c.auc is not None]))
    heads, lines = found.table()
    assert heads[-1] == "items" and "AUC" in heads and all("%" in line[heads.index("AUC")] for line in lines)
    assert found.headline()["auc"] == found.auc
    bare = evaluation_from_predictions(names, [ItemPrediction(1, Split.TEST, "a", "a")])
    assert bare.auc is None and "auc" not in bare.headline()
