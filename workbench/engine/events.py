"""A fine-tuning run as plain data: its configuration, and the events it gives off.

`fit(config, project, control)` is a generator of these events; the window draws them, the command line prints
them, the run folder keeps them as JSON lines.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.errors import UserError
from workbench.tasks.lesson import How

__all__ = [
    "Advice", "CheckpointSaved", "EpochDone", "Finished", "How", "RunConfig", "RunEvent", "SamplePredicted", "StageChanged",
    "Started", "StepDone", "event_from_json", "event_to_json",
]  # fmt: skip

CONFIG_VERSION = 1


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's outcome.

    Attributes:
        run_id: unique; also the name of the run's folder.
        task: task id.
        model: card id of the pre-trained model it starts from.
        how: Quick, Balanced or Thorough.
        classes: class names in the order of the logits; fixed when the run is made.
        seed: seeds everything random; the same config on the same data on CPU gives the same numbers.
        epochs: at most this many; 0 lets `how` decide.
        learning_rate: of the head; 0 lets `how` decide.
        batch_size: items per optimiser step; 0 lets `how` and the memory decide.
        patience: epochs without a better validation loss before it stops by itself; where examples are varied, only those of
            the second half count.
        augment: random crops, flips and colour changes while training (pictures).
        balance_classes: weigh rare classes up in the loss.
        device: "auto", "cpu", "cuda", "mps".
        options: what is special to the task or the model, by name (plain JSON values).
    """

    task: str
    model: str
    how: How = How.QUICK
    classes: tuple[str, ...] = ()
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    name: str = ""
    seed: int = 0
    epochs: int = 0
    learning_rate: float = 0.0
    batch_size: int = 0
    patience: int = 5
    augment: bool = True
    balance_classes: bool = False
    device: str = "auto"
    options: dict[str, Any] = field(default_factory=dict)
    version: int = CONFIG_VERSION

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "how": self.how.value, "classes": list(self.classes)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RunConfig:
        """Raises: UserError when it was written by a newer version of the app or is not a run at all."""
        if int(data.get("version", 0)) > CONFIG_VERSION:
            raise UserError(
                "This training was set up by a newer version of Model Workbench.",
                "Update the app to open it.",
            )
        known = {k: v for k, v in data.items() if k in cls.__dataclass_fields__}
        try:
            known["how"] = How(known.get("how", "quick"))
            known["classes"] = tuple(known.get("classes", ()))
            return cls(**known)
        except (TypeError, ValueError) as error:
            raise UserError("This training's settings cannot be read.", "Start a new training.") from error


@dataclass(frozen=True)
class Started:
    """The run begins (or goes on: `resumed_epoch` > 0). Counts are items."""

    run_id: str
    train_items: int
    validation_items: int
    epochs: int
    device: str
    resumed_epoch: int = 0
    kind: str = "started"


@dataclass(frozen=True)
class StageChanged:
    """A new stage in plain words: "Looking at your pictures", "Learning", "Checking"."""

    text: str
    kind: str = "stage"


@dataclass(frozen=True)
class StepDone:
    """One optimiser step (Quick: one pass of the head's optimiser). `step` counts from 1 over the whole run.

    Attributes:
        epoch: position in epochs, as a fraction (x axis of the curves).
        seconds_left: estimate for the whole run; -1 when not known yet.
    """

    step: int
    epoch: float
    loss: float
    learning_rate: float
    seconds_left: float = -1.0
    kind: str = "step"


@dataclass(frozen=True)
class EpochDone:
    """One epoch, measured on training and validation items.

    Attributes:
        train_loss, validation_loss: means over the items (cross-entropies are in nats); validation_loss is -1 where the
            task has none.
        train_score, validation_score: `metric` in 0..1, higher is better; train_score is -1 where it is not measured.
        waiting: share of the learning, 0..1, in which the next items had not been read yet; -1 where it is not measured.
    """

    epoch: int
    train_loss: float
    train_score: float
    validation_loss: float
    validation_score: float
    is_best: bool
    seconds: float
    metric: str = "accuracy"
    waiting: float = field(default=-1.0, compare=False)
    kind: str = "epoch"


@dataclass(frozen=True)
class SamplePredicted:
    """What the learning model says now of a few validation items: live samples.

    Attributes:
        true_class, predicted_class: the truth and the answer in a few words.
        score: certainty of the answer in 0..1.
        right: whether the answer will do; None where it is right when the words are the same.
        record: the prediction as plain data, small enough to draw on a thumbnail; None where the words say it all.
    """

    epoch: int
    item_id: int
    true_class: str
    predicted_class: str
    score: float
    right: bool | None = None
    record: dict[str, Any] | None = None
    kind: str = "sample"


@dataclass(frozen=True)
class Advice:
    """One sentence in plain words, e.g. that it overfits. `code`: "overfitting", "plateau", "skipped-items",
    "memory-halved", "memory-spared", "tiny-validation", "waiting", "how-it-learns", "familiar", "untaught", "as-before"."""

    code: str
    text: str
    kind: str = "advice"


@dataclass(frozen=True)
class CheckpointSaved:
    epoch: int
    step: int
    is_best: bool
    kind: str = "checkpoint"


@dataclass(frozen=True)
class Finished:
    """The run ended and its model is a card among the person's own.

    Attributes:
        reason: "done", "stopped-early" (validation stopped improving) or "cancelled" (best kept).
        model_id: card id of the result.
        metrics: headline numbers on the test split (see engine.evaluate).
    """

    run_id: str
    reason: str
    model_id: str
    best_epoch: int
    metrics: dict[str, Any]
    seconds: float
    kind: str = "finished"


RunEvent = Started | StageChanged | StepDone | EpochDone | SamplePredicted | Advice | CheckpointSaved | Finished

_KINDS: dict[str, type[Any]] = {
    str(cls.__dataclass_fields__["kind"].default): cls
    for cls in (Started, StageChanged, StepDone, EpochDone, SamplePredicted, Advice, CheckpointSaved, Finished)
}


def event_to_json(event: RunEvent) -> dict[str, Any]:
    return asdict(event)


def event_from_json(data: dict[str, Any]) -> RunEvent:
    """Raises: KeyError when the kind is not known."""
    cls = _KINDS[data["kind"]]
    event: RunEvent = cls(**{k: v for k, v in data.items() if k in cls.__dataclass_fields__})
    return event
