"""Choosing by measurement: LogME as in the paper, and models of this computer ranked on a project's own examples."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.cli.app import run
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Sample, Split
from workbench.engine.select import SAMPLE, examples_from, examples_of, ordered, rank
from workbench.engine.transferability import log_evidence
from workbench.errors import Cancelled, UserError

RNG = np.random.default_rng(0)


def made(n: int, width: int, classes: int, strength: float, seed: int = 0) -> tuple[Any, Any]:
    """Features in which the classes lie `strength` deviations apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = rng.normal(size=(classes, width))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return strength * centres[labels] + rng.normal(size=(n, width)), labels


def slowly(features: Any, target: Any) -> float:
    """The largest evidence over a fine grid of alpha and beta, by the plain formula with its matrices (paper, eq. 2)."""
    f = features / np.sqrt((features**2).mean())
    n, d = f.shape
    best = -math.inf
    for alpha in np.logspace(-4, 5, 91):
        for beta in np.logspace(-2, 4, 121):
            a = alpha * np.eye(d) + beta * f.T @ f
            m = beta * np.linalg.solve(a, f.T @ target)
            value = (
                n / 2 * math.log(beta) + d / 2 * math.log(alpha) - n / 2 * math.log(2 * math.pi)
                - beta / 2 * float(((f @ m - target) ** 2).sum()) - alpha / 2 * float(m @ m)
                - np.linalg.slogdet(a)[1] / 2
            )  # fmt: skip
            best = max(best, value / n)
    return best


@pytest.mark.parametrize("shape", [(40, 5), (12, 30)])
def test_logme_is_the_largest_evidence(shape: tuple[int, int]) -> None:
    features, labels = made(*shape, 2, 3.0)
    wanted = np.mean([slowly(features, (labels == c).astype(float)) for c in (0, 1)])
    assert log_evidence(features, labels) == pytest.approx(float(wanted), abs=5e-3)


def test_logme_prefers_informative_features_to_noise() -> None:
    scores = [log_evidence(*made(200, 64, 4, strength)) for strength in (0.0, 1.0, 2.0, 4.0)]
    assert scores == sorted(scores) and scores[-1] > scores[0] + 0.1
    many = [log_evidence(*made(60, 300, 3, strength)) for strength in (0.0, 8.0)]
    assert many[1] > many[0]


def test_logme_orders_features_as_a_classifier_on_them_does() -> None:
    from scipy.stats import spearmanr
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    scores, accuracies = [], []
    for place, strength in enumerate((0.0, 0.7, 1.2, 1.7, 2.3, 3.0)):
        features, labels = made(240, 40, 4, strength, seed=place)
        scores.append(log_evidence(features, labels))
        accuracies.append(cross_val_score(LogisticRegression(max_iter=500), features, labels, cv=4).mean())
    assert spearmanr(scores, accuracies).statistic > 0.9


def test_logme_does_not_depend_on_unit_direction_order_or_names() -> None:
    features, labels = made(80, 20, 3, 2.0)
    wanted = log_evidence(features, labels)
    rotation, _ = np.linalg.qr(RNG.normal(size=(20, 20)))
    order = RNG.permutation(80)
    for f, y in (
        (features * 1000.0, labels),
        (features / 1000.0, labels),
        (features @ rotation, labels),
        (features[order], labels[order]),
        (features, np.array([7, 3, 5])[labels]),
        (features.astype(np.float32), labels),
    ):
        assert log_evidence(f, y) == pytest.approx(wanted, abs=1e-3)


def test_logme_of_degenerate_features_is_a_number() -> None:
    labels = np.array([0, 1] * 10)
    for features in (np.zeros((20, 4)), np.ones((20, 4)), labels[:, None] * np.ones((1, 6)), RNG.normal(size=(20, 1))):
        assert math.isfinite(log_evidence(features, labels))
    for wrong in (
        (np.zeros((1, 3)), np.zeros(1)),
        (np.zeros((3, 3)), np.zeros(2)),
        (np.full((4, 2), np.nan), np.zeros(4)),
    ):
        with pytest.raises(ValueError, match="features must be"):
            log_evidence(*wrong)
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        log_evidence(np.zeros((4, 2)), np.array([0, 1, 0, 1]), control)


@pytest.fixture
def digits(make_project: Callable[[Path], Project], digits_folder: Callable[..., Path]) -> Project:
    return make_project(digits_folder(("one", "two", "three"), 12))


def test_candidates_on_this_computer_are_measured_and_told_apart(digits: Project) -> None:
    catalog = Catalog.load()
    starter = catalog.get("picture-starter")
    broken = replace(starter, id="broken", arch="no_such_network")
    rows = list(rank(digits, [catalog.get("resnet50"), broken, starter, catalog.get("text-starter")]))
    # What is not here, or cannot be taught this, is passed over; nothing is downloaded.
    assert [r.card.id for r in rows] == ["broken", "picture-starter"]
    assert rows[0].problem is not None and rows[0].judged == 0
    good = rows[1]
    assert good.problem is None and good.accuracy > 0.6 and good.right == round(good.accuracy * good.judged)
    assert math.isfinite(good.evidence) and 0 < good.seconds < 10
    assert good.memory_bytes > 10_000_000 and good.download_bytes == starter.source.size
    assert "right" in good.sentence()
    assert [r.card.id for r in ordered(rows)] == ["picture-starter", "broken"]


def test_test_items_are_never_touched_and_the_second_time_comes_from_the_cache(
    digits: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits.ensure_splits()
    examples = examples_of(digits)
    split = {i.id: digits.item(i.id).split for i in examples.items}
    assert set(split.values()) == {Split.TRAIN}
    assert examples.held_out and examples.held_out < set(split)
    held = {examples.targets[i] for i in examples.held_out}
    learning = {examples.targets[i.id] for i in examples.items if i.id not in examples.held_out}
    assert held == learning == {0, 1, 2}
    assert examples.warning()  # eight examples a class are few, and that is said
    assert examples_of(digits) == examples

    import workbench.engine.select as select

    counts: list[int] = []
    real = select.compute_features

    def counting(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        counts.append(found.computed)
        return found

    monkeypatch.setattr(select, "compute_features", counting)
    card = Catalog.load().get("picture-starter")
    first, second = (next(rank(digits, [card])) for _ in range(2))
    assert counts == [len(examples.items), 0]
    assert (first.accuracy, first.evidence) == (second.accuracy, second.evidence)


def test_texts_without_a_project(tmp_path: Path) -> None:
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:121]
    texts, labels = [r[0] for r in rows], [r[1] for r in rows]
    samples = [Sample("text", t[:20], text=t) for t in texts]
    # The same text twice must not lie on both sides.
    examples = examples_from([*samples, *samples[:20]], [*labels, *labels[:20]], "text-classification")
    sides: dict[str, set[bool]] = {}
    for item in examples.items:
        sides.setdefault(item.content_hash, set()).add(item.id in examples.held_out)
    assert all(len(side) == 1 for side in sides.values())
    (row,) = rank(examples, [Catalog.load().get("text-starter")])
    assert row.problem is None and row.accuracy > 0.5
    assert not examples.warning()


def test_large_projects_are_sampled_evenly() -> None:
    samples = [Sample("text", str(n), text=f"text {n}") for n in range(900)]
    labels = ["rare" if n < 30 else f"class {n % 3}" for n in range(900)]
    examples = examples_from(samples, labels, "text-classification")
    assert len(examples.items) == SAMPLE
    counts = [list(examples.targets.values()).count(c) for c in range(4)]
    assert min(counts) == 30 and max(counts) <= 60


def test_too_little_and_nothing_here_are_sentences(digits: Project) -> None:
    catalog = Catalog.load()
    with pytest.raises(UserError, match="None of these models"):
        next(rank(digits, [catalog.get("resnet50")]))
    with pytest.raises(UserError, match="too little labelled"):
        examples_from([Sample("text", "a", text="a")] * 3, ["x", "x", "y"], "text-classification")
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        next(rank(digits, [catalog.get("picture-starter")], control))


def test_a_model_that_fails_oddly_does_not_stop_the_others(digits: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import workbench.engine.select as select

    def odd(*_: Any, **__: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(select, "log_evidence", odd)
    (row,) = rank(digits, [Catalog.load().get("picture-starter")])
    assert row.problem is not None and "log" in row.problem.hint


def test_the_command_line_ranks_a_project(digits: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = digits.folder
    digits.close()
    assert run(["find", "--project", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "picture-starter" in shown.out and "LogME" in shown.out and "may be luck" in shown.err
