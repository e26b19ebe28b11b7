"""When a training stops by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from workbench.control import Control
from workbench.engine import finetune
from workbench.engine.checkpoint import Position
from workbench.engine.events import Advice, EpochDone, How
from workbench.engine.finetune import Training
from workbench.engine.judging import Verdict
from workbench.engine.together import Together
from workbench.engine.waiting import Waiting
from workbench.tasks.registry import get_task


@pytest.mark.parametrize(("varies", "last"), [(False, 3), (True, 6)])
def test_rounds_are_counted_as_bad_while_they_can_tell(
    varies: bool, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten rounds only the first is any good, and two bad ones are enough: but with varied examples none of the first half
    counts, while the rates are high."""
    config = SimpleNamespace(patience=2, how=How.THOROUGH, augment=varies)
    run: Any = SimpleNamespace(
        config=config, control=Control(), together=Together(), task=get_task("image-classification"), examples={},
        usable=lambda _split: range(8),
    )  # fmt: skip
    lesson: Any = SimpleNamespace(varies=varies, module=torch.nn.Linear(1, 1), judged_by="loss", repeats=1)
    nothing: Any = None
    training = Training(run, lesson, nothing, [], 10, 4, Position(), 0.0, 0.0, Waiting(run.control))

    def one_epoch(_training: Training) -> Iterator[Any]:
        at = training.position
        training.position = replace(at, step=at.step + training.steps_per_epoch, seen=8)
        yield from ()

    losses = iter([1.0] + [2.0] * 9)
    monkeypatch.setattr(finetune, "_one_epoch", one_epoch)
    monkeypatch.setattr(finetune, "_validated", lambda _training: ([1], [None], [0.0]))
    monkeypatch.setattr(finetune, "verdict", lambda *_given: Verdict(next(losses), 0.5, "accuracy"))
    monkeypatch.setattr(finetune, "live_samples", lambda *_given: [])
    monkeypatch.setattr(Training, "save", lambda _training: None)
    monkeypatch.setattr(Training, "save_best", lambda _training: None)
    events = list(finetune._epochs(training))
    rounds = [e.epoch for e in events if isinstance(e, EpochDone)]
    assert rounds == list(range(1, last + 1))
    assert [e.is_best for e in events if isinstance(e, EpochDone)] == [True] + [False] * (last - 1)
    (told,) = [e.text for e in events if isinstance(e, Advice) and e.code == "plateau"]
    assert f"after round {last}. The version of round 1 is kept" in told
