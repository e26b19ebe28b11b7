"""What a taught network learnt from, kept as vectors: the score, its limit, the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from sklearn.neighbors import NearestNeighbors

from workbench.errors import UserError
from workbench.runtimes.familiar import (
    FAMILIAR_FILE,
    FEWEST,
    MOST,
    Familiar,
    distances,
    fit_familiar,
    limit_of,
    open_familiar,
    unit,
)


def drawn(count: int, seed: int, width: int = 32, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed)) + shift


def fitted(train: int = 120, validation: int = 60, test: int = 60) -> Familiar:
    parts = [drawn(n, seed, shift=1.0) for seed, n in enumerate((train, validation, test))]
    found = fit_familiar(*parts, torch.rand(validation + test), frozen=True)
    assert found is not None
    return found


def test_distances_are_those_of_scikit_learn() -> None:
    learnt, asked = unit(drawn(50, 1)), drawn(20, 2)
    reference = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(learnt.float().numpy())
    right = reference.kneighbors(torch.nn.functional.normalize(asked).numpy())[0][:, -1]
    assert np.allclose(distances(asked, learnt).numpy(), right, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(9, 200), seed=st.integers(0, 1000))
def test_the_limit_leaves_no_more_beyond_it_than_is_stated(count: int, seed: int) -> None:
    scores = torch.rand(count, generator=torch.Generator().manual_seed(seed)) + 0.1
    limit, rate = limit_of(scores)
    # The chance that one more, equally likely to be at any place of the order, lies beyond.
    beyond = int((scores > limit).sum())
    assert (beyond + 1) / (count + 1) <= rate + 1e-9 and rate >= 0.05
    assert rate == pytest.approx(max(0.05, 1 / (count + 1)))


def test_false_alarms_are_near_the_stated_rate_and_other_things_are_found() -> None:
    alarms, found = [], []
    for seed in range(60):
        parts = [drawn(60, seed * 10 + n, shift=1.0) for n in range(3)]
        familiar = fit_familiar(*parts, torch.ones(120), frozen=True)
        assert familiar is not None
        alarms.append(familiar.alarms / familiar.tested)
        found.append(np.mean([v > 1 for v in familiar.strangeness(drawn(40, seed, shift=-1.0))]))
    assert 0.02 <= np.mean(alarms) <= 0.065
    assert np.mean(found) > 0.99


def test_it_is_opened_exactly_as_it_was(tmp_path: Path) -> None:
    familiar = fitted()
    familiar.save(tmp_path)
    again = open_familiar(tmp_path, 32, "x")
    assert again is not None
    for name in ("learnt", "held", "sure"):
        assert torch.equal(getattr(familiar, name), getattr(again, name))
    empty = torch.zeros(0)
    assert replace(familiar, learnt=empty, held=empty, sure=empty).limit == again.limit
    assert (familiar.rate, familiar.tested, familiar.alarms, familiar.frozen, familiar.neighbour) == (
        again.rate, again.tested, again.alarms, again.frozen, again.neighbour,
    )  # fmt: skip
    asked = drawn(30, 5)
    assert familiar.strangeness(asked) == again.strangeness(asked)
    assert open_familiar(tmp_path / "nowhere", 32, "x") is None


def test_it_is_bounded() -> None:
    familiar = fitted(train=MOST + 300, validation=20, test=0)
    assert len(familiar.learnt) == MOST and familiar.tested == 0
    wide = fit_familiar(*(torch.randn(n, 40_000) for n in (150, 12, 0)), torch.ones(12), frozen=False)
    assert wide is not None and wide.learnt.numel() <= 4_000_000 and not wide.frozen


def test_too_few_and_degenerate_features() -> None:
    few = [drawn(n, n) for n in (30, FEWEST - 1, 5)]
    assert fit_familiar(*few, torch.ones(FEWEST + 4), frozen=True) is None
    broken = [drawn(30, 1), drawn(20, 2), drawn(5, 3)]
    broken[1][3, 3] = float("nan")
    assert fit_familiar(*broken, torch.ones(25), frozen=True) is None
    same = fit_familiar(*(torch.ones(n, 8) for n in (30, 20, 10)), torch.ones(30), frozen=True)
    assert same is not None and same.alarms == 0
    assert same.strangeness(torch.ones(2, 8)) == pytest.approx([0.0, 0.0], abs=0.5)
    lost = same.strangeness(torch.tensor([[-1.0] * 8, [float("nan")] * 8, [0.0] * 8]))
    assert all(v > 1 and np.isfinite(v) for v in lost)


def test_shuffled_features_are_strange() -> None:
    """Every feature by itself is as usual; together they are not."""
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(300, 2, generator=generator) @ torch.randn(2, 32, generator=generator)
    familiar = fit_familiar(base[:200], base[200:250], base[250:], torch.ones(100), frozen=True)
    assert familiar is not None
    shuffled = torch.stack([column[torch.randperm(300, generator=generator)] for column in base.T], 1)
    assert np.mean([v > 1 for v in familiar.strangeness(shuffled)]) > 0.95


@pytest.mark.parametrize("fault", ["width", "cut", "limit", "missing", "type", "words"])
def test_a_file_that_is_something_else_is_told(tmp_path: Path, fault: str) -> None:
    fitted().save(tmp_path)
    path = tmp_path / FAMILIAR_FILE
    tensors = load_file(path)
    numbers = {"limit": "0.5", "neighbour": "5", "rate": "0.05", "tested": "9", "alarms": "1", "frozen": "1"}
    if fault == "limit":
        numbers["limit"] = "nan"
    elif fault == "missing":
        del tensors["held"]
    elif fault == "type":
        tensors["learnt"] = tensors["learnt"].double()
    elif fault == "words":
        numbers["alarms"] = "__import__('os')"
    save_file(tensors, path, numbers)
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged"):
        open_familiar(tmp_path, 31 if fault == "width" else 32, "x")
