"""A prediction says so when what was asked about is unlike all that the model learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.tasks.base import TaskInfo
from workbench.tasks.predictions import Scores

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded
    from workbench.runtimes.familiar import Familiar


def familiar_of(model: Loaded) -> Familiar | None:
    """What a taught model knows of what it learnt from; None where it knows nothing."""
    found: Familiar | None = getattr(model, "familiar", None)
    return found


def unlike_sentence(info: TaskInfo) -> str:
    return f"This {info.noun} is unlike those it learnt from: do not rely on the answer."


def flagged(said: Sequence[Scores], strangeness: Sequence[float], info: TaskInfo) -> list[Scores]:
    """Predictions with how far each is from what was learnt, and the sentence where that is too far."""
    found = []
    for prediction, value in zip(said, strangeness, strict=True):
        note = f"{unlike_sentence(info)} {prediction.note}".strip() if value > 1 else prediction.note
        found.append(replace(prediction, note=note, strangeness=value))
    return found
