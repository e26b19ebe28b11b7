"""Percentages of several labels set right: against scikit-learn and a planted truth; and what is decided about them."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from workbench.tasks.decision import DECISION
from workbench.tasks.predictions import Score, Scores
from workbench.tasks.tag_answers import tag_answers, tag_thresholds
from workbench.tasks.tag_calibration import (
    TagCalibration,
    as_it_came,
    platt,
    set_right,
    settle_tags,
    tag_calibration_of,
)
from workbench.tasks.tag_decision import LabelRule, TagDecision, sure_of_all, tag_decision_of


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def planted(count: int, scales: list[float], shifts: list[float]) -> tuple[list[list[float]], list[frozenset[int]]]:
    """Probabilities a network gives whose true ones are sigmoid(scale * logit + shift)."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (count, len(scales)))
    true = rng.random(logits.shape) < sigmoid(logits * np.array(scales) + np.array(shifts))
    return sigmoid(logits).tolist(), [frozenset(np.flatnonzero(row).tolist()) for row in true]


def test_platt_is_the_logistic_regression_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 400)
    labels = (rng.random(400) < sigmoid(0.4 * logits - 1)).astype(float)
    positives, negatives = labels.sum(), (1 - labels).sum()
    wanted = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    # Soft targets are both labels of each example, weighed.
    model = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000)
    model.fit(np.r_[logits, logits][:, None], np.r_[np.ones(400), np.zeros(400)], np.r_[wanted, 1 - wanted])
    assert platt(logits, labels) == pytest.approx((model.coef_[0, 0], model.intercept_[0]), abs=1e-4)


def test_a_planted_temperature_is_found_and_nothing_where_nothing_is_wrong() -> None:
    found = tag_calibration_of(settle_tags(*planted(1500, [0.5, 0.5, 0.5], [0.0, 0.0, 0.0]), 3), 3)
    assert found is not None
    assert all(0.43 < scale < 0.58 for scale in found.scales) and all(abs(s) < 0.3 for s in found.shifts)
    # One label is off in a way of its own; it gets a line, the others keep theirs.
    options = settle_tags(*planted(1500, [1.0, 1.0, 0.3], [0.0, 0.0, -1.5]), 3)
    found = tag_calibration_of(options, 3)
    assert found is not None and found.temperature is None and options["calibrated_on"] == 1500
    assert found.scales[2] == pytest.approx(0.3, abs=0.06) and found.shifts[2] == pytest.approx(-1.5, abs=0.2)
    # With few examples nothing is decided, and with few of a label it has no line of its own.
    assert settle_tags(*planted(29, [0.3], [0.0]), 1) == {}
    values, truth = planted(200, [0.4, 0.4], [0.0, -8.0])
    rare = sum(1 in row for row in truth)
    assert rare < 20
    few = tag_calibration_of(settle_tags(values, truth, 2), 2)
    assert few is None or few.shifts[1] == 0.0


def test_it_helps_on_examples_it_was_not_found_on_or_is_left() -> None:
    values, truth = planted(1200, [0.4, 0.4], [0.5, -0.5])
    found = tag_calibration_of(settle_tags(values[:600], truth[:600], 2), 2)
    assert found is not None

    def loss(right: TagCalibration | None) -> float:
        total = 0.0
        for row, labels in zip(values[600:], truth[600:], strict=True):
            for c, value in enumerate(row):
                p = right.value(c, value) if right is not None else value
                total -= math.log(p if c in labels else 1 - p)
        return total

    assert loss(found) < 0.9 * loss(None)


@given(
    st.lists(st.floats(1e-4, 1 - 1e-4), min_size=3, max_size=3), st.lists(st.floats(0.1, 2), min_size=3, max_size=3),
    st.lists(st.floats(-2, 2), min_size=3, max_size=3),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_setting_right_can_be_taken_back(values: list[float], scales: list[float], shifts: list[float]) -> None:
    calibration = TagCalibration(tuple(scales), tuple(shifts))
    given_ = Scores(tuple(Score(f"l{c}", v, c, 0.5) for c, v in enumerate(values)), several=True)
    back = as_it_came(set_right(given_, calibration), calibration)
    assert isinstance(back, Scores)
    found = {s.index: s.value for s in back.top}
    assert [found[c] for c in range(3)] == pytest.approx(values, abs=1e-6)
    # The same as on logits.
    logits = torch.tensor([values], dtype=torch.float64).logit()
    right = set_right(given_, calibration)
    assert isinstance(right, Scores)
    by_place = {s.index: s.value for s in right.top}
    assert [by_place[c] for c in range(3)] == pytest.approx(calibration.logits(logits).sigmoid()[0].tolist(), abs=1e-6)


def test_damaged_options_change_nothing() -> None:
    for scales, shifts in (
        (None, None), ([1.0], [0.0]), ([1.0, "x"], [0.0, 0.0]), ([1.0, math.nan], [0.0, 0.0]), ([True, 1.0], [0, 0]),
        ([1.0, 1.0], [0.0, 0.0]),
    ):  # fmt: skip
        assert tag_calibration_of({"scales": scales, "shifts": shifts}, 2) is None
    assert tag_decision_of({DECISION: {"labels": {"gone": {"threshold": 0.2}}}}, ["a"]) is None
    assert tag_decision_of({DECISION: {"labels": {"a": {"threshold": 7}}, "sure_from": "much"}}, ["a"]) is None
    assert tag_decision_of({DECISION: "yes"}, ["a"]) is None


def test_what_is_decided_is_what_is_answered() -> None:
    labels = [f"l{c}" for c in range(30)]
    decision = TagDecision({"l1": LabelRule(0.2, 8.0)}, 0.0)
    options = {"multi_label": True, "thresholds": [0.5] * 30, DECISION: decision.to_options()}
    assert tag_decision_of(options, labels) == decision
    assert tag_thresholds(options, labels) == (0.5, 0.2, *[0.5] * 28)
    logits = torch.full((1, 30), -6.0, dtype=torch.float64)
    logits[0, 0], logits[0, 1] = 3.0, -1.0
    (said,) = tag_answers(logits, labels, options, keep=5)
    assert [s.name for s in said.chosen] == ["l0", "l1"] and len(said.top) == 5
    assert "“l1” from 20%" in decision.sentence() and "8 times" in decision.sentence()
    # How sure it is that all 30 are right is asked before some are left out of the list.
    whole = float(np.prod([sigmoid(np.array(3.0)), sigmoid(np.array(-1.0)), *[sigmoid(np.array(6.0))] * 28]))
    for limit, unsure in ((whole - 0.001, False), (whole + 0.001, True)):
        options[DECISION] = TagDecision(decision.labels, limit).to_options()
        (said,) = tag_answers(logits, labels, options, keep=5)
        assert said.unsure == unsure and len(said.top) == 5
    assert said.chosen == () and said.summary() == "not sure (perhaps l0, l1)"
    assert said.lines()[0] == said.summary() and said.to_json()["labels"] == []
    # A model whose labels exclude each other has no such thresholds.
    assert tag_thresholds({}, labels) is None


def test_sure_of_all_is_how_often_all_are_right() -> None:
    rng = random.Random(0)
    sums = hits = 0.0
    for _ in range(4000):
        values = [rng.random() for _ in range(3)]
        top = [Score(str(c), v, c, 0.5) for c, v in enumerate(values)]
        truth = [rng.random() < v for v in values]
        sums += sure_of_all(top)
        hits += all(s.counts == t for s, t in zip(top, truth, strict=True))
    assert hits / 4000 == pytest.approx(sums / 4000, abs=0.025)
