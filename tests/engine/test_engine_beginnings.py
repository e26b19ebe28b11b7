"""Where a classifier's backbone begins to learn further: from a head that does not know its examples by heart."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine import finetune
from workbench.engine.checkpoint import Position
from workbench.engine.events import EpochDone, Finished, How, RunConfig, StepDone
from workbench.engine.finetune import to_begin_with
from workbench.engine.fit import fit, new_config
from workbench.engine.head import HeadStep, fit_path
from workbench.engine.judging import Verdict
from workbench.runtimes.transformers_runtime import _rate
from workbench.tasks.registry import get_pooled

MakeProject = Callable[[Path], Project]


def path_of(*losses: tuple[float, float]) -> list[HeadStep]:
    """Steps with these losses on examples and on unseen items."""
    least = float("inf")
    steps = []
    for index, (train, validation) in enumerate(losses):
        is_best, least = validation < least, min(least, validation)
        empty = torch.zeros(0)
        steps.append(HeadStep(index, 1.0, empty, empty, train, 0.0, validation, 0.0, is_best))
    return steps


def best_of(steps: list[HeadStep]) -> HeadStep:
    return [s for s in steps if s.is_best][-1]


def test_it_begins_as_wrong_on_its_examples_as_the_best_is_on_unseen_items() -> None:
    steps = path_of((1.0, 1.1), (0.7, 0.8), (0.5, 0.6), (0.2, 0.5), (0.1, 0.7))
    assert best_of(steps).index == 3
    assert to_begin_with(steps, best_of(steps)).index == 2
    # What is learnt from is no easier than the unseen: the best head itself.
    assert to_begin_with(steps := path_of((1.0, 1.1), (0.6, 0.5)), best_of(steps)).index == 1
    # However strict, it is less wrong than on unseen items: the strictest.
    assert to_begin_with(steps := path_of((0.4, 1.1), (0.3, 1.0)), best_of(steps)).index == 0


def test_without_anything_to_check_on_it_begins_with_the_head_that_is_kept() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(20, 4, generator=generator)
    steps = list(fit_path(features, (features[:, 0] > 0).long(), features[:0], torch.zeros(0, dtype=torch.long), 2))
    best = best_of(steps)
    assert to_begin_with(steps, best) is best


def test_a_round_better_than_all_before_is_no_bad_one_even_if_quick_is_still_better() -> None:
    lesson = SimpleNamespace(judged_by="loss")

    def asked(loss: float, least: float, score: float = 0.5) -> tuple[bool, bool]:
        position = Position(best_loss=0.4, least_loss=least, start_score=0.5)
        run = SimpleNamespace(task=get_pooled("text-classification"))
        training: Any = SimpleNamespace(position=position, lesson=lesson, run=run)
        return finetune._better(training, Verdict(loss, score, "accuracy"), True)

    assert asked(0.9, float("inf")) == (False, True)
    assert asked(0.8, 0.9) == (False, True)
    assert asked(0.9, 0.8) == (False, False)
    assert asked(0.3, 0.8) == (True, True)
    # Less wrong only because it is less sure: it is not kept, but has moved.
    assert asked(0.3, 0.8, score=0.4) == (False, True)


def test_narrow_text_networks_learn_faster_within_bounds() -> None:
    assert _rate(768) == pytest.approx(1e-4)
    assert _rate(384) == pytest.approx(2e-4)
    assert _rate(1024) < _rate(768)
    assert _rate(32) == _rate(384)


def test_what_is_stopped_before_a_round_is_over_is_quick_itself(
    tmp_path: Path, make_project: MakeProject, catalog: Catalog
) -> None:
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows[:91])
    project = make_project(path)
    card, _ = catalog.suggest(project.task_id)

    def weights(config: RunConfig, stop: bool) -> tuple[dict[str, torch.Tensor], list[Any]]:
        control, events = Control(), []
        for event in fit(config, project, catalog, control):
            events.append(event)
            if stop and isinstance(event, StepDone):
                control.cancel()
        finished = events[-1]
        assert isinstance(finished, Finished)
        catalog.refresh()
        return load_file(Path(catalog.get(finished.model_id).source.ref) / "model.safetensors"), events

    quick, before = weights(new_config(project, card, How.QUICK), stop=False)
    stopped, events = weights(new_config(project, card, How.THOROUGH), stop=True)
    assert all(quick[name].equal(stopped[name]) for name in quick)
    # But it had begun from another head, which left it something to learn.
    first = next(e for e in events if isinstance(e, StepDone))
    kept = [e for e in before if isinstance(e, EpochDone) and e.is_best][-1]
    assert first.loss > kept.train_loss
