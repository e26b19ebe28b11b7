"""The numbers against scikit-learn's, and against published values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.types import ItemPrediction, Split
from workbench.trust.metrics import compare, evaluation_from_predictions, wilson

NAMES = ("a", "b", "c")


def predictions(pairs: list[tuple[str, str]], certainty: float = 0.8) -> list[ItemPrediction]:
    rest = (1 - certainty) / 2
    return [
        ItemPrediction(n, Split.TEST, true, said, tuple(certainty if name == said else rest for name in NAMES))
        for n, (true, said) in enumerate(pairs)
    ]


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=60))
def test_counts_agree_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    from sklearn import metrics

    true, said = [t for t, _ in pairs], [s for _, s in pairs]
    e = evaluation_from_predictions(NAMES, predictions(pairs))
    assert e.accuracy == pytest.approx(metrics.accuracy_score(true, said))
    assert [list(row) for row in e.confusion] == metrics.confusion_matrix(true, said, labels=list(NAMES)).tolist()
    p, r, f, s = metrics.precision_recall_fscore_support(true, said, labels=list(NAMES), zero_division=0)
    assert [c.precision for c in e.per_class] == pytest.approx(list(p))
    assert [c.recall for c in e.per_class] == pytest.approx(list(r))
    assert [c.f1 for c in e.per_class] == pytest.approx(list(f))
    assert [c.support for c in e.per_class] == list(s)
    assert e.low <= e.accuracy <= e.high
    assert len(e.mistakes) == e.n - sum(t == g for t, g in pairs)
    assert sum(len(e.cell(t, g)) for t in NAMES for g in NAMES) == e.n


def test_wilson_interval_of_the_textbook() -> None:
    # 8 of 10: Agresti and Coull (1998) give (0.490, 0.943).
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.490, abs=1e-3)
    assert high == pytest.approx(0.943, abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)


def test_calibration_error_is_the_gap_between_certainty_and_truth() -> None:
    half_right = predictions([("a", "a"), ("a", "b")] * 10, certainty=0.9)
    assert evaluation_from_predictions(NAMES, half_right).calibration_error == pytest.approx(0.4)


def test_two_models_are_compared_on_the_items_only_one_got_right() -> None:
    truth = ["a"] * 20
    good = evaluation_from_predictions(NAMES, predictions([(t, "a") for t in truth]))
    bad = evaluation_from_predictions(NAMES, predictions([(t, "a" if n < 10 else "b") for n, t in enumerate(truth)]))
    found = compare(good, bad)
    assert found.only_a == tuple(range(10, 20)) and found.only_b == ()
    assert found.p_value == pytest.approx(2 * 0.5**10)
    assert "unlikely to be chance" in found.sentence()
    assert compare(good, good).p_value == 1.0
    assert "may well be chance" in compare(good, good).sentence()


def test_a_tiny_test_and_a_guessing_model_are_called_so() -> None:
    e = evaluation_from_predictions(NAMES, predictions([("a", "a"), ("a", "b"), ("b", "a"), ("c", "c")]))
    assert "not clearly better than guessing" in e.sentence()
    assert "Only 4 items" in e.sentence()
