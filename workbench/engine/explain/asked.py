"""The number that is explained: how strongly a network answers with one class, or the number that it estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.data.types import Sample
from workbench.engine.explain.sanity import shuffled
from workbench.errors import UserError
from workbench.tasks.base import PooledNumber, PooledTask, TryOptions
from workbench.tasks.predictions import Number, Scores

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Loaded
    from workbench.runtimes.network import Network


@dataclass(frozen=True)
class Asked:
    """One prepared item, the network, and the class.

    Attributes:
        index: of the class among the network's labels; -1 where classes are told apart by what their names mean.
        name: the class; `score`: the model's probability of it.
        meaning: float32 [1, F], the features of the name, of length 1; None where the network has a head.
        number: what was estimated, where it is a number: `name` says what it is, and `step` how much 1 of the output means.
    """

    task: PooledTask | PooledNumber
    model: Network
    prepared: Mapping[str, Any]
    index: int
    name: str
    score: float
    meaning: torch.Tensor | None = None
    number: Number | None = None
    step: float = 1.0

    def numbers(self, features: torch.Tensor) -> torch.Tensor:
        """Features float [B, F] to the class's logits [B], to cosines where names are compared, or to the estimated number but
        for a constant, in its unit."""
        import torch

        if self.meaning is None:
            return self.model.head_logits(features)[:, self.index] * self.step
        return (torch.nn.functional.normalize(features) @ self.meaning.to(features).T)[:, 0]

    def batch(self) -> dict[str, torch.Tensor]:
        return dict(self.task.collate([self.prepared], self.model))

    def without_knowledge(self) -> Asked:
        """The same asked of a copy with shuffled weights."""
        other = copy(self.model)
        other._module = shuffled(self.model.module)
        return replace(self, model=other)


def ask(task: PooledTask, model: Network, sample: Sample, options: TryOptions, target: str = "") -> Asked:
    """Let the model answer, and choose the class that is explained: `target`, or the one it finds likeliest.

    Raises:
        UserError: when the item cannot be read, the model has no classes, or none is called so.
    """
    import torch

    prepared = task.prepare(sample, model)
    said = task.predict_batch([prepared], model, options)[0]
    if not isinstance(said, Scores) or not said.top:
        raise UserError("Only answers of classes can be explained.", "Choose another model.")
    chosen = said.best if not target else next((s for s in said.top if s.name == target), None)
    labels: Sequence[str] = model.labels
    if chosen is None and target in labels:
        with torch.inference_mode():
            logits = model.logits(task.collate([prepared], model))
        share = float(torch.softmax(logits[0].float(), -1)[labels.index(target)])
        return Asked(task, model, prepared, labels.index(target), target, share)
    if chosen is None:
        raise UserError(f"The model knows no class “{target}”.", "Choose one of its classes.")
    if labels:
        return Asked(task, model, prepared, chosen.index, chosen.name, chosen.value)
    with torch.inference_mode():
        named = task.prepare(Sample("text", text=chosen.name), model)
        meaning = torch.nn.functional.normalize(model.features(task.collate([named], model)))
    return Asked(task, model, prepared, -1, chosen.name, chosen.value, meaning.clone())


def ask_number(task: PooledNumber, model: Loaded, sample: Sample, options: TryOptions) -> Asked:
    """Let the model estimate, and explain that number.

    Raises:
        UserError: when the item cannot be read, or the model estimates no number.
    """
    network, step = task.pooled_number(model)
    prepared = task.prepare(sample, model)
    said = task.predict_batch([prepared], model, options)[0]
    if not isinstance(said, Number):
        raise UserError("Only classes and numbers can be explained.", "Choose another model.")
    return Asked(task, network, prepared, 0, said.name, 0.0, number=said, step=step)
