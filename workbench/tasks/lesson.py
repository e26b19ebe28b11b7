"""A lesson: one model being taught one task. The training loop (`workbench.engine.finetune`) knows nothing else of them.

The loop owns epochs, batches, optimiser, learning-rate schedule, early stopping, checkpoints, resuming, pausing and
memory that runs short; a lesson owns what differs between tasks and architectures. A lesson is used by one thread at a
time, but for `prepare`, which reader threads call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.types import Item, Split
from workbench.tasks.predictions import Prediction

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Loaded


class How(StrEnum):
    """How deeply a model is changed (see `workbench.engine.fit`)."""

    QUICK = "quick"
    BALANCED = "balanced"
    THOROUGH = "thorough"


@dataclass(frozen=True)
class Example:
    """One labelled item.

    Attributes:
        target: index of its class among the material's classes; -1 where the answer is not one class.
        annotations: labels on pieces of it, without proposals, in order.
        classes: index among the material's classes of each annotation; -1 for one without a class or with a class that
            is not taught.
    """

    item: Item
    target: int = -1
    annotations: tuple[Annotation, ...] = ()
    classes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Material:
    """What a lesson is made of.

    Attributes:
        model: opened, on its device, with the weights training starts from.
        classes: names to be taught, in order.
        how: how deeply. Quick trains the head only, on features of the frozen part where they can be kept.
        train: the examples to learn from (for a closed-form start, for class shares).
        class_weights: float32 [C], the weight of each class in the loss; None when they count the same.
        features: a folder where a lesson may keep what the frozen part computes; safe to delete at any time.
        options: what the person set beside the common settings, by name.
    """

    model: Loaded
    classes: tuple[str, ...]
    how: How
    device: str
    control: Control
    train: tuple[Example, ...]
    features: Path
    class_weights: torch.Tensor | None = None
    augment: bool = True
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One forward pass with gradients.

    Attributes:
        loss: scalar tensor, the mean over the examples.
        right: of how many examples the answer was right (where that can be said from the pass itself; else -1).
        weight: what the loss is a mean over, where examples do not count the same; -1: the number of examples.
    """

    loss: torch.Tensor
    right: int = -1
    weight: float = -1.0


@dataclass(frozen=True)
class Checked:
    """What the model says of examples it is not learning from; one entry each.

    Attributes:
        losses: a number per example whose mean is the validation loss; empty when this kind has none.
    """

    predictions: list[Prediction]
    losses: list[float] = field(default_factory=list)


class Lesson(Protocol):
    """See the module. A lesson inherits from it: what a lesson may leave out is here as it is then.

    Attributes:
        epochs: how many epochs this way of training takes at most when nothing else is said.
        batch: examples per optimiser step when nothing else is said.
        repeats: how many times an epoch goes through the examples, each time in another order and
            varied anew: with few examples, looking at the validation items after each would take longer than learning.
        head_rate: peak learning rate of the first of `stages`; `body_rate` of the second; each further one is slower.
        weight_decay: of AdamW.
        clip_norm: gradients are scaled down to this norm when theirs is larger; 0 leaves them.
        checks_first: the untaught model is judged before the first epoch, so that before and after can be compared.
        tests_first: before the first epoch the test items are looked at as well.
        checks_whole: what `check` saw of all items is needed in one place, so processes that train
            together do not share them out.
        varies: examples are prepared in another way in each epoch.
        judged_by: "loss" (lower is better) or "score" (what the judge of the task's answers calls `score`): which
            decides what is the best epoch and when training stops by itself.
    """

    epochs: int
    batch: int
    head_rate: float
    body_rate: float
    weight_decay: float
    clip_norm: float
    checks_first: bool
    judged_by: str
    repeats: int = 1
    tests_first: bool = True
    checks_whole: bool = False
    varies: bool = False

    @property
    def module(self) -> nn.Module:
        """The network whose state is kept in checkpoints: everything that training changes."""

    def stages(self) -> list[list[nn.Parameter]]:
        """The parameters that this way of training changes, the head first; every one in exactly one stage."""

    def training_mode(self) -> None:
        """Switch the module to training; batch norms with statistics of a far larger training keep them."""

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """Read one example and its answer. With a seed: varied at random, drawn from exactly this seed.

        Raises:
            UserError: when the item cannot be read.
        """

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        """One forward pass in training mode; the loop calls backward on the loss."""

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        """No gradients, evaluation mode; predictions in the item's own coordinates."""

    def state(self) -> dict[str, torch.Tensor]:
        """The weights of the model as its folder keeps them."""

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take over what `state` gave."""

    def result(self) -> Loaded:
        """The model as taught, with its new classes."""

    def notes(self) -> list[str]:
        """Sentences the person should read when the training starts."""
        return []

    def length(self, example: Example) -> float:
        """How much of it the network reads; batches are made of examples of like lengths. The same of all: of any."""
        return 0.0

    def spare_memory(self) -> bool:
        """From now on need less memory for the same result, more slowly. False where nothing is gained."""
        return False

    def settle(self, examples: Sequence[Example], answers: Sequence[Prediction]) -> list[Prediction]:
        """After each epoch, with what `check` said of the validation items: choose what is chosen on them (a threshold) and give
        the answers as they are then. It is part of `state`."""
        return list(answers)

    def look_at(self, split: Split) -> None:
        """Where every item holds its own parts (`TaskInfo.parts_within`): which part `check` is asked about."""
        return


@runtime_checkable
class KeepingLesson(Lesson, Protocol):
    """A lesson of which a part of the network stays as it is: what that part gives for an item is computed once and kept
    (`workbench.engine.frozen`). What is kept may be lost at any time; then it is computed anew. Where it `varies`, nothing can be
    kept of the examples it learns from.
    """

    def begin_keeping(self, prepared: Sequence[Mapping[str, Any]], count: int) -> bool:
        """Look for what can be kept on some examples, and make room for so many. False where nothing can."""

    def lacks(self, example: Example) -> bool:
        """Whether nothing is kept of an example."""

    def keep(self, prepared: Sequence[Mapping[str, Any]]) -> None:
        """Compute and keep."""

    def use_kept(self) -> None:
        """From now on `prepare` gives what is kept where there is something."""


# Models that are not taught by steps -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """A model that learns in a way of its own has come a piece further.

    Attributes:
        number: from 1, over the whole training. of: how many there are at most, as far as that is known now.
        train_loss, validation_loss: means over the items; -1 where that is not known.
        train_score, validation_score: `metric` in 0..1, higher is better; -1 where it is not measured.
        is_best: what is known now is the best so far; it is what `Course.say` and `Course.result` give.
    """

    number: int
    of: int
    train_loss: float
    validation_loss: float
    validation_score: float
    metric: str
    is_best: bool
    train_score: float = -1.0


class Course(Protocol):
    """A model that is not taught by gradient steps through a network: trees that grow one after another, or a model that takes
    its examples along as they are. `workbench.engine.course` drives it; everything else is as for a `Lesson`.

    It must come to the same result from the same examples, as a run that was cut off is begun again.

    Attributes:
        rounds: how many there are at most.
        doing: what it is doing while it learns, in plain words.
    """

    @property
    def rounds(self) -> int: ...

    @property
    def doing(self) -> str: ...

    def prepare(self, example: Example) -> Any:
        """What it needs of an item, in memory at once for all of them. Raises: UserError when the item cannot be read."""

    def learn(
        self, train: Sequence[tuple[Example, Any]], validation: Sequence[tuple[Example, Any]], patience: int
    ) -> Iterator[Round]:
        """Learn. Ends by itself, `patience` rounds after the last one that was the best. Looks at its material's `control` at
        least every half second.

        Raises:
            UserError: when nothing can be learnt from these. Cancelled: when asked to stop; the best so far stands.
        """

    def say(self, prepared: Sequence[Any]) -> list[Prediction]:
        """What the best so far says."""

    def settle(self, examples: Sequence[Example], said: Sequence[Prediction]) -> list[Prediction]:
        """Decide on the validation items what is decided on them, and give their answers as they are then."""

    def result(self) -> Loaded:
        """The best so far, as a model."""

    def notes(self) -> list[str]:
        """Sentences the person should read when the training starts."""
        return []

    def remarks(self) -> list[str]:
        """What was met while it learnt, told at the end: cells that could not be read."""
        return []


@runtime_checkable
class CourseTask(Protocol):
    """A trainable task some of whose models learn by a `Course`."""

    def course(self, material: Material) -> Course | None:
        """None where this model is taught by a lesson. Raises: UserError when it cannot be taught this task."""
