"""Two sets, the same or not: planted changes are caught, and nothing is seen where nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import Cancelled
from workbench.trust.drift import MOST, discrepancy, drift


def sets(seed: int, shift: float = 0.0, count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(60, 16)), generator.normal(size=(count, 16)) + shift


def sure(seed: int, high: float = 1.0, count: int = 60) -> np.ndarray:
    return np.random.default_rng(seed + 10_000).uniform(0.4, high, count)


def test_no_alarm_without_a_change_but_at_the_stated_rate() -> None:
    alarms = [drift(*sets(s), sure(s), sure(s + 500, count=40), s, divisions=199).found for s in range(100)]
    # 5 in 100 are expected; more than 12 have a chance of 0.2 %.
    assert sum(alarms) <= 12


def test_a_planted_change_is_caught() -> None:
    caught = [drift(*sets(s, 0.6), sure(s), sure(s + 500), s, divisions=199) for s in range(20)]
    assert all(d.features_moved for d in caught) and sum(d.certainty_moved for d in caught) <= 4
    doubtful = [drift(*sets(s), sure(s), sure(s + 500, 0.7), s, divisions=199) for s in range(20)]
    assert all(d.certainty_moved for d in doubtful) and doubtful[0].certainty_now < doubtful[0].certainty_before


def test_the_discrepancy_is_the_plain_sum_over_pairs() -> None:
    x, y = sets(3, 0.3)
    pooled = np.concatenate([x, y])
    width = np.median([((a - b) ** 2).sum() for n, a in enumerate(pooled) for b in pooled[n + 1 :]])

    def mean(p: np.ndarray, q: np.ndarray) -> float:
        return float(np.mean([[np.exp(-((a - b) ** 2).sum() / width) for b in q] for a in p]))

    found, _ = discrepancy(x, y, np.random.default_rng(0), Control(), 9)
    assert found == pytest.approx(mean(x, x) + mean(y, y) - 2 * mean(x, y), abs=1e-9)


def test_degenerate_sets() -> None:
    same = drift(np.ones((20, 4)), np.ones((30, 4)), np.ones(20), np.ones(30))
    assert not same.found and same.p_features == 1 and same.p_certainty == 1
    nothing = drift(np.ones((20, 4)), np.zeros((0, 4)), np.ones(0), np.ones(0))
    assert not nothing.found and nothing.p_features == -1 and nothing.certainty_now == -1
    with pytest.raises(ValueError, match="finite"):
        drift(np.full((9, 4), np.nan), np.ones((9, 4)), np.ones(9), np.ones(9))
    with pytest.raises(ValueError, match="width"):
        drift(np.ones((9, 3)), np.ones((9, 4)), np.ones(9), np.ones(9))


def test_large_sets_are_drawn_from_and_it_can_be_stopped() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, MOST + 200, 4))
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        drift(x, y, np.ones(5), np.ones(5), control=control)
    assert drift(x, y, np.ones(5), np.ones(5), divisions=19).before == MOST
