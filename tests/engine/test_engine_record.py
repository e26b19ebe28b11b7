"""What is kept of a run: curves that never go back, and no number where nothing was tested."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.data.types import RunRecord
from workbench.engine.events import EpochDone, RunEvent, StepDone, event_to_json
from workbench.engine.run import EVENTS, read_events
from workbench.trust.metrics import evaluation_from_predictions


def _step(number: int, loss: float) -> StepDone:
    return StepDone(number, number / 2, loss, 0.1)


def _epoch(number: int, loss: float) -> EpochDone:
    return EpochDone(number, loss, 0.5, loss, 0.5, False, 1.0)


def test_what_a_resumed_run_did_again_is_drawn_once(tmp_path: Path) -> None:
    given: list[RunEvent] = [_step(1, 9), _step(2, 8), _epoch(1, 8), _step(3, 7), _step(4, 6)]
    again: list[RunEvent] = [_step(3, 5), _step(4, 4), _epoch(2, 4)]
    lines = [json.dumps(event_to_json(e)) for e in [*given, *again]]
    (tmp_path / EVENTS).write_text("\n".join([*lines, '{"kind": "ste']), encoding="utf-8")
    events = read_events(RunRecord("r", "r", "done", "", {}, {}, tmp_path))
    assert [(e.step, e.loss) for e in events if isinstance(e, StepDone)] == [(1, 9), (2, 8), (3, 5), (4, 4)]
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [1, 2]


def test_nothing_tested_states_no_accuracy() -> None:
    assert evaluation_from_predictions(("a", "b"), []).headline() == {"split": "test", "n": 0}
