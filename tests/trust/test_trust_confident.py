"""Confident learning against a second, plain reading of the paper, and against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.trust import confident


def test_an_example_by_hand() -> None:
    # Thresholds: class 0: (0.9 + 0.6 + 0.2) / 3 = 17/30; class 1: (0.8 + 0.3 + 0.7) / 3 = 0.6.
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.2, 0.8], [0.7, 0.3], [0.3, 0.7]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    assert confident.thresholds(probabilities, labels) == pytest.approx([17 / 30, 0.6])
    assert confident.confident_joint(probabilities, labels).tolist() == [[2, 1], [1, 2]]
    assert confident.estimated_joint(probabilities, labels) == pytest.approx(np.array([[2, 1], [1, 2]]) / 6)
    assert confident.self_confidence(probabilities, labels) == pytest.approx([0.9, 0.6, 0.2, 0.8, 0.3, 0.7])
    assert confident.margins(probabilities, labels) == pytest.approx([0.8, 0.2, -0.6, 0.6, -0.4, 0.4])
    for chosen in (confident.off_diagonal, confident.by_class, confident.by_noise_rate):
        assert chosen(probabilities, labels).tolist() == [2, 4]
    found = confident.suspects(probabilities, labels)
    assert [(s.place, s.given, s.likely) for s in found] == [(2, 0, 1), (4, 1, 0)]
    assert [s.margin for s in found] == pytest.approx([-0.6, -0.4])


def test_a_row_in_which_nobody_is_confident_is_as_given() -> None:
    # Class 1 is never reached by its own item alone: the row of class 0 is scaled, the diagonal of class 1 filled.
    probabilities = np.array([[0.5, 0.5, 0.0], [0.6, 0.4, 0.0], [0.3, 0.3, 0.4]])
    joint = confident.estimated_joint(probabilities, np.array([0, 0, 2]))
    assert joint.sum() == pytest.approx(1) and joint[2].sum() == pytest.approx(1 / 3) and joint[1].sum() == 0


def second_reading(probabilities: list[list[float]], labels: list[int]) -> dict[str, object]:
    """The paper's definitions, one item at a time."""
    count, classes = len(labels), len(probabilities[0])
    limits = {}
    for j in range(classes):
        own = [probabilities[n][j] for n in range(count) if labels[n] == j]
        if own:
            limits[j] = float(np.mean(np.array(own)))
    joint = [[0] * classes for _ in range(classes)]
    off = []
    for n in range(count):
        reached = [j for j in limits if probabilities[n][j] >= limits[j]]
        if reached:
            best = max(reached, key=lambda j: (probabilities[n][j], -j))
            joint[labels[n]][best] += 1
            if best != labels[n]:
                off.append(n)
    estimated = [[0.0] * classes for _ in range(classes)]
    for i in range(classes):
        given_i = sum(label == i for label in labels)
        for j in range(classes):
            total = sum(joint[i])
            estimated[i][j] = joint[i][j] / total * given_i / count if total else (given_i / count if i == j else 0.0)
    return {"joint": joint, "estimated": estimated, "off": off}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 40))
def test_as_a_second_reading_of_the_paper(seed: int, classes: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.7), count)
    labels = rng.integers(0, classes, count)
    wanted = second_reading(probabilities.tolist(), labels.tolist())
    assert confident.confident_joint(probabilities, labels).tolist() == wanted["joint"]
    assert confident.estimated_joint(probabilities, labels) == pytest.approx(np.array(wanted["estimated"]))
    assert confident.off_diagonal(probabilities, labels).tolist() == wanted["off"]
    estimated = np.array(wanted["estimated"])
    # PBC: n times the off-diagonal mass of each row, those of lowest self-confidence.
    chosen = set()
    for i in range(classes):
        rows = sorted((n for n in range(count) if labels[n] == i), key=lambda n: (probabilities[n][i], n))
        chosen |= set(rows[: round(count * float(estimated[i].sum() - estimated[i, i]))])
    assert set(confident.by_class(probabilities, labels).tolist()) == chosen
    # PBNR: n times each off-diagonal entry, those of greatest p(j) - p(i).
    other = set()
    for i in range(classes):
        for j in range(classes):
            if i != j:
                rows = [n for n in range(count) if labels[n] == i]
                rows.sort(key=lambda n: (-(probabilities[n][j] - probabilities[n][i]), n))
                other |= set(rows[: round(count * float(estimated[i, j]))])
    assert set(confident.by_noise_rate(probabilities, labels).tolist()) == other
    found = confident.suspects(probabilities, labels)
    assert {s.place for s in found} == {n for n in chosen if probabilities[n].argmax() != labels[n]}
    assert [s.margin for s in found] == sorted(s.margin for s in found)
