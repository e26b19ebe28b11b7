"""Judging several labels per item, against scikit-learn on the same data."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from workbench.data.annotations import Annotation
from workbench.data.shapes import Whole
from workbench.data.types import Item, ItemPrediction, Split
from workbench.tasks.predictions import Score, Scores, to_record
from workbench.tasks.several import best_thresholds, several_scores, thresholds_of, with_thresholds
from workbench.trust.judge_tags import TagJudgement
from workbench.trust.judging import Answered, compare, judge

CLASSES = ("a", "b", "c", "d")


def answered(truth: set[str], scores: dict[str, float], limit: float = 0.5, number: int = 1) -> Answered:
    top = sorted(
        (Score(n, v, CLASSES.index(n), limit) for n, v in scores.items()), key=lambda s: (not s.counts, -s.value)
    )
    said = ItemPrediction(number, Split.TEST, "", "", (), to_record(Scores(tuple(top), several=True)))
    marks = tuple(Annotation(Whole(), 1) for _ in truth)
    return Answered(Item(number, "text", f"n{number}", marked=True), said, marks, tuple(sorted(truth)))


def judged(rows: list[tuple[set[str], dict[str, float]]], limit: float = 0.5) -> TagJudgement:
    found = judge("tags", CLASSES, [answered(t, s, limit, n) for n, (t, s) in enumerate(rows)])
    assert isinstance(found, TagJudgement)
    return found


ROW = st.tuples(
    st.sets(st.sampled_from(CLASSES)),
    st.fixed_dictionaries({n: st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.5, 0.7, 0.9, 1.0]) for n in CLASSES}),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12))
def test_all_numbers_are_those_of_scikit_learn(rows: list[tuple[set[str], dict[str, float]]]) -> None:
    found = judged(rows)
    truth = np.array([[n in t for n in CLASSES] for t, _ in rows])
    values = np.array([[s[n] for n in CLASSES] for _, s in rows])
    said = values >= 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        micro = metrics.f1_score(truth, said, average="micro", zero_division=0)
        assert found.headline()["score"] == pytest.approx(micro)
        precision, recall, each, support = metrics.precision_recall_fscore_support(truth, said, zero_division=0)
        for c, one in enumerate(found.per_class):
            assert (one.precision, one.recall, one.f1) == pytest.approx((precision[c], recall[c], each[c]))
            assert one.support == support[c]
            if support[c]:
                expected = metrics.average_precision_score(truth[:, c], values[:, c])
                assert one.average_precision == pytest.approx(expected)
            else:
                assert one.average_precision == -1
        occurring = (truth | said).any(0)
        assert found.macro_f1 == pytest.approx(each[occurring].mean() if occurring.any() else 0.0)
        assert found.exact == pytest.approx(metrics.accuracy_score(truth, said))
        assert found.hamming_loss == pytest.approx(metrics.hamming_loss(truth, said))
        # No answer that is always the same beats the baseline, among all sixteen.
        for bits in range(16):
            always = np.tile([bool(bits >> c & 1) for c in range(4)], (len(rows), 1))
            reached = metrics.f1_score(truth, always, average="micro", zero_division=0)
            assert reached <= found.baseline + 1e-9
    assert 0 <= found.low <= found.high <= 1
    assert found.at("a", 0.5) == type(found.per_class[0])(
        "a", found.per_class[0].right, found.per_class[0].wrong, found.per_class[0].missed, threshold=0.5
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(60, 940).map(lambda v: v / 1000), st.booleans()), min_size=10, max_size=40).filter(
        lambda rows: 5 <= sum(t for _, t in rows) <= len(rows) - 5
    )
)
def test_no_other_threshold_has_a_better_f1(rows: list[tuple[float, bool]]) -> None:
    (chosen,) = best_thresholds([[v] for v, _ in rows], [frozenset({0} if t else set()) for _, t in rows], 1)
    truth = [t for _, t in rows]

    def reached(limit: float) -> float:
        return float(metrics.f1_score(truth, [v >= limit for v, _ in rows], zero_division=0))

    # The precision of what is typed down, and candidates between any two values.
    best = max(reached(v) for v, _ in rows)
    assert reached(chosen) == pytest.approx(best)


def test_a_class_with_few_examples_takes_the_threshold_of_all() -> None:
    values = [[0.2 + 0.01 * n, 0.9] for n in range(10)] + [[0.1, 0.05] for _ in range(10)]
    truth = [frozenset({0}) for _ in range(10)] + [frozenset() for _ in range(9)] + [frozenset({1})]
    own, common = best_thresholds(values, truth, 2)
    assert 0.1 < own <= 0.2 and common == best_thresholds([[v] for row in values for v in row],
        [frozenset({0} if c in t else set()) for t in truth for c in range(2)], 1)[0]  # fmt: skip
    assert best_thresholds([], [], 3) == [0.5, 0.5, 0.5]


def test_thresholds_come_from_the_card_and_broken_ones_are_the_usual() -> None:
    assert thresholds_of({}, 2) is None and thresholds_of({"multi_label": False}, 2) is None
    assert thresholds_of({"multi_label": True}, 2) == (0.5, 0.5)
    assert thresholds_of({"multi_label": True, "thresholds": [0.2, 7]}, 2) == (0.2, 1.0)
    assert thresholds_of({"multi_label": True, "thresholds": [0.2]}, 2) == (0.5, 0.5)
    assert thresholds_of({"multi_label": True, "thresholds": "x"}, 2) == (0.5, 0.5)


def test_what_counts_comes_first_and_is_never_left_out() -> None:
    import torch

    logits = torch.tensor([[2.0, -1.0, 0.5, -5.0]])
    (said,) = several_scores(logits, CLASSES, (0.95, 0.2, 0.5, 0.5), keep=1)
    assert [s.name for s in said.chosen] == ["c", "b"] and [s.name for s in said.top] == ["c", "b"]
    assert said.summary() == "c, b" and 0.5 <= said.certainty <= 1
    (whole,) = several_scores(logits, CLASSES, (0.95, 0.2, 0.5, 0.5))
    assert [s.name for s in whole.top] == ["c", "b", "a", "d"]
    none = with_thresholds(whole, (1.0, 1.0, 1.0, 1.0))
    assert none.chosen == () and none.summary() == "none of them" and none.best.name == "a"
    assert [s["label"] for s in none.to_json()["scores"]] == ["a", "c", "b", "d"] and none.to_json()["labels"] == []


def test_it_says_what_it_is_worth_and_where_it_fails() -> None:
    rows: list[tuple[set[str], dict[str, float]]] = [
        ({"a"}, {"a": 0.9, "b": 0.1, "c": 0.0, "d": 0.0}),
        ({"a", "b"}, {"a": 0.8, "b": 0.2, "c": 0.7, "d": 0.0}),
        (set(), {"a": 0.1, "b": 0.1, "c": 0.1, "d": 0.0}),
    ]
    found = judged(rows)
    assert found.missed("b") == [1] and found.wrongly_given("c") == [1] and found.instead("b", "c") == [1]
    assert found.rightly_given("a") == [0, 1] and found.together("a", "b") == [1] and found.together("a", "c") == []
    assert [c.item_id for c in found.mistakes] == [1]
    assert found.mistakes[0].sentence() == "missed b; wrongly given c"
    assert "gave 2 of 3 labels rightly and 1 wrongly" in found.sentence() and "67% of the items" in found.sentence()
    assert found.baseline == pytest.approx(2 / 3) and found.baseline_set == ("a",)
    assert "Always answering “a” would reach 67%" in found.sentence() and "not sure" in found.sentence()
    assert found.per_item() == {0: 1.0, 1: 0.5, 2: 1.0}
    headings, table = found.table()
    assert len(table) == 5 and all(len(row) == len(headings) for row in table)
    better = judged([(t, {n: float(n in t) for n in CLASSES}) for t, _ in rows])
    assert compare(better, found).only_a == (1,)
    assert judge("tags", CLASSES, []).headline() == {"split": "test", "n": 0}


def test_a_run_of_one_class_per_item_is_judged_as_one_label() -> None:
    """A project that became one of several labels keeps its old runs."""
    old = ItemPrediction(1, Split.TEST, "", "a", (0.7, 0.3))
    marks = (Annotation(Whole(), 1), Annotation(Whole(), 2))
    found = judge("tags", ("a", "b"), [Answered(Item(1, "text", "x"), old, marks, ("a", "b"))])
    assert isinstance(found, TagJudgement) and found.total.right == 1 and found.total.missed == 1
    assert found.per_class[0].average_precision == -1
