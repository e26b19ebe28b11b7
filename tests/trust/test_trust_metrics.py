"""The numbers agree with scikit-learn's on random data."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.types import ItemPrediction, Split
from workbench.trust.metrics import compare, evaluation_from_predictions, wilson

NAMES = ("a", "b", "c")
pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=60)


def _predictions(rows: list[tuple[str, str]]) -> list[ItemPrediction]:
    return [
        ItemPrediction(i, Split.TEST, t, p, tuple(0.8 if n == p else 0.1 for n in NAMES))
        for i, (t, p) in enumerate(rows)
    ]


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_counts_match_scikit_learn(rows: list[tuple[str, str]]) -> None:
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    e = evaluation_from_predictions(NAMES, _predictions(rows))
    true, said = zip(*rows, strict=True)
    assert e.accuracy == pytest.approx(accuracy_score(true, said))
    assert [list(r) for r in e.confusion] == confusion_matrix(true, said, labels=NAMES).tolist()
    p, r, f, s = precision_recall_fscore_support(true, said, labels=NAMES, zero_division=0)
    for i, c in enumerate(e.per_class):
        assert (c.precision, c.recall, c.f1, c.support) == pytest.approx((p[i], r[i], f[i], s[i]))
    assert e.low <= e.accuracy <= e.high
    assert {m.item_id for m in e.mistakes} == {i for i, (t, q) in enumerate(rows) if t != q}


def test_wilson_known_value() -> None:
    # 8 of 10, as in textbooks.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)


def test_mcnemar_matches_binomial_test() -> None:
    from scipy.stats import binomtest

    a = evaluation_from_predictions(NAMES, _predictions([("a", "a")] * 9 + [("b", "a")] * 2 + [("c", "c")] * 4))
    b = evaluation_from_predictions(NAMES, _predictions([("a", "b")] * 9 + [("b", "b")] * 2 + [("c", "c")] * 4))
    c = compare(a, b)
    assert (len(c.only_a), len(c.only_b), c.n) == (9, 2, 15)
    assert c.p_value == pytest.approx(binomtest(2, 11).pvalue)


def test_small_tests_are_said_to_be_small() -> None:
    assert "Only 3 items" in evaluation_from_predictions(NAMES, _predictions([("a", "a")] * 3)).sentence()
