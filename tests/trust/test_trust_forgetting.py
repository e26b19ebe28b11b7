"""Two versions of a model on the same items: what was forgotten is named, and what may be chance is not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.trust.forgetting import Change, Forgetting, by_class, change, difference, holm

NONE = change("none", {}, {})


def scores(right: dict[int, bool]) -> dict[int, float]:
    return {i: float(v) for i, v in right.items()}


def test_a_forgotten_class_is_named_with_its_items() -> None:
    classes = {i: ("owl",) if i < 20 else ("wren",) if i < 60 else ("crow",) for i in range(90)}
    old = scores({i: i % 10 != 0 for i in classes})
    new = old | dict.fromkeys(range(14), 0.0)
    found = by_class(old, new, classes)
    assert [c.name for c in found if c.worse] == ["owl"] and found[0].name == "owl"
    assert found[0].lost == tuple(i for i in range(14) if i % 10) and not found[0].gained
    assert found[0].high < 0 and found[0].low < found[0].after - found[0].before < found[0].high
    whole = Forgetting(change("test", old, new), NONE, NONE, found)
    assert whole.advice == "old" and "forgotten some of “owl”" in whole.sentence()
    assert "owl" in "\n".join(whole.lines()) and whole.to_json()["forgotten"] == ["owl"]


def test_chance_is_not_called_forgetting() -> None:
    """Two versions that are equally good and err on different items: of 200 such pairs few say that a class was forgotten."""
    alarms = 0
    for seed in range(200):
        rng = random.Random(seed)
        classes = {i: (f"c{i % 5}",) for i in range(100)}
        old, new = ({i: float(rng.random() < 0.8) for i in classes} for _ in range(2))
        alarms += any(c.worse for c in by_class(old, new, classes))
    assert alarms <= 10  # Holm keeps any at all below 5 %, one-sided below half of that


def test_what_is_recommended() -> None:
    old = scores({i: i % 2 == 0 for i in range(60)})
    better = dict.fromkeys(range(60), 1.0)
    same = change("test", old, old)
    assert Forgetting(same, change("new", old, better), NONE, ()).advice == "new"
    assert Forgetting(same, change("new", better, old), NONE, ()).advice == "old"
    assert Forgetting(change("test", better, old), change("new", old, better), NONE, ()).advice == "old"
    # Better on new data, but three of nine test items lost: that may be chance, and still one should look first.
    nine = dict.fromkeys(range(9), 1.0)
    doubtful = Forgetting(change("test", nine, nine | {0: 0.0, 1: 0.0, 2: 0.0}), change("new", old, better), NONE, ())
    assert doubtful.advice == "more" and doubtful.sentence().startswith("Look before you decide")
    few = {i: old[i] for i in range(6)}
    undecided = Forgetting(same, change("new", few, few), NONE, ())
    assert undecided.advice == "more" and "only 6 reviewed items" in undecided.sentence()
    assert Forgetting(same, change("new", old, old), NONE, ()).sentence().startswith("No difference")
    assert Forgetting(same, NONE, NONE, ()).lines()[1].startswith("There are no items")


def test_newcombes_interval() -> None:
    """Against Newcombe's own example of unpaired shares, 56/70 and 48/80: 0.0524 to 0.3339 (1998b, table II, method 10); for
    equal numbers of items this is the same formula."""
    from workbench.trust.metrics import wilson

    (l1, u1), (l2, u2) = wilson(56, 70), wilson(48, 80)
    gap = 56 / 70 - 48 / 80
    assert gap - ((56 / 70 - l1) ** 2 + (u2 - 48 / 80) ** 2) ** 0.5 == pytest.approx(0.0524, abs=1e-4)
    assert gap + ((u1 - 56 / 70) ** 2 + (48 / 80 - l2) ** 2) ** 0.5 == pytest.approx(0.3339, abs=1e-4)
    (l1, u1), (l2, u2) = wilson(40, 50), wilson(25, 50)
    low, high = difference(0.8, 0.5, 50)
    assert low == pytest.approx(-0.3 - ((0.5 - l2) ** 2 + (u1 - 0.8) ** 2) ** 0.5)
    assert high == pytest.approx(-0.3 + ((u2 - 0.5) ** 2 + (0.8 - l1) ** 2) ** 0.5)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 300))
def test_intervals_hold_the_difference(before: float, after: float, n: int) -> None:
    low, high = difference(before, after, n)
    assert -1 <= low <= high <= 1
    assert n == 0 or low - 1e-9 <= after - before <= high + 1e-9


def test_holm() -> None:
    # From Holm's rule by hand: 0.01 x 4, 0.02 x 3, 0.03 x 2 (not below the one before), 0.5.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([]) == []


def test_an_item_of_several_classes_counts_for_each() -> None:
    found = by_class({1: 1.0, 2: 1.0}, {1: 0.0, 2: 1.0, 9: 1.0}, {1: ("a", "b"), 2: ("b",)})
    assert {c.name: (c.n, c.lost) for c in found} == {"a": (1, (1,)), "b": (2, (1,))}
    assert isinstance(found[0], Change)
