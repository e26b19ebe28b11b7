"""What a task is, and what comes out of it.

One module per task under `workbench.tasks`; the registry finds it. Adding a task is adding one module: pages,
engine and command line ask the task, they never ask which task it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from workbench.catalog.card import ModelCard
from workbench.data.types import MediaKind, Sample

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch, LoadedModel


@dataclass(frozen=True)
class Score:
    """One class with its probability in 0..1. `name` is readable; `index` is its place among the logits."""

    name: str
    value: float
    index: int = -1


@dataclass(frozen=True)
class Scores:
    """A `Prediction` of the kind "how much of each class", most likely first.

    Attributes:
        top: the classes, sorted by falling probability; all of them, or the first 20 of a long list.
        note: a plain sentence the person must see with it ("Only the first 256 words were read."), or "".
    """

    top: tuple[Score, ...]
    note: str = ""
    kind: ClassVar[str] = "scores"

    @property
    def best(self) -> Score:
        return self.top[0]

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "scores": [{"label": s.name, "score": round(s.value, 6)} for s in self.top],
            "note": self.note,
        }

    def summary(self) -> str:
        """One line for a table cell: "tabby cat (87 %)"."""
        return f"{self.best.name} ({self.best.value:.0%})"


# The closed family of predictions grows with the tasks: Boxes, Mask, Text, Picture, Vector, Table.
Prediction = Scores


@dataclass(frozen=True)
class TryOptions:
    """What a person may set before a prediction. `labels` is used by models without a head of their own."""

    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskInfo:
    """A task in words. `noun` is what one item is called ("picture"), `nouns` its plural."""

    id: str
    title: str
    summary: str
    media: MediaKind
    noun: str
    nouns: str
    icon: str
    editor: str = "classes"
    import_formats: tuple[str, ...] = field(default=())
    file_suffixes: tuple[str, ...] = field(default=())


class Task(Protocol):
    """One thing a model can do. Stateless; all methods may be called from any thread."""

    info: TaskInfo

    def prepare(self, sample: Sample, model: LoadedModel, *, augment_seed: int | None = None) -> dict[str, Any]:
        """One sample's input tensors without the batch dimension, plus "note": str.

        Args:
            augment_seed: when given, a random augmentation drawn from exactly this seed is applied (training).

        Raises:
            UserError: when the sample cannot be read; the sentence says why.
        """

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: LoadedModel) -> Batch:
        """Stack (pictures) or pad (texts) into one batch on the model's device."""

    def needs_labels(self, card: ModelCard) -> bool:
        """True when this model has no head for this task and answers only for labels the person types."""

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: LoadedModel, options: TryOptions
    ) -> list[Prediction]:
        """Prepared samples in, one prediction each. Deterministic; no gradients."""

    def decode(self, logits: torch.Tensor, labels: Sequence[str], notes: Sequence[str]) -> list[Prediction]:
        """Logits float [B, C] to predictions."""

    def loss(self, logits: torch.Tensor, targets: torch.Tensor, class_weights: torch.Tensor | None) -> torch.Tensor:
        """Mean training loss: logits float [B, C], targets int64 [B]."""

    def preparation_key(self, model: LoadedModel) -> str:
        """Hash of everything in `prepare` that changes the features: part of the feature cache's key."""
