"""What picture and text classification share: from logits to scores, and the loss."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.control import Control
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, TryOptions
from workbench.tasks.decision import DECISION, decided, decision_of
from workbench.tasks.predictions import Prediction, Score, Scores
from workbench.tasks.several import thresholds_of
from workbench.tasks.tag_answers import tag_answers
from workbench.tasks.tag_calibration import SCALES, SHIFTS
from workbench.tasks.temperature import (
    CALIBRATED_ON,
    TEMPERATURE,
    at_temperature,
    settle_temperature,
    temperature_of,
)
from workbench.tasks.unlike import familiar_of, flagged

if TYPE_CHECKING:
    import torch

    from workbench.data.project import Project
    from workbench.runtimes.base import Classifier, Loaded
    from workbench.runtimes.network import Network
    from workbench.tasks.lesson import Example, Lesson, Material

_LONGEST_LIST = 20
# What is settled for one set of classes, and says nothing of another.
_OF_THE_CLASSES = frozenset(("multi_label", "thresholds", TEMPERATURE, SCALES, SHIFTS, CALIBRATED_ON, DECISION))


class Softmax:
    """An `workbench.tasks.base.Objective`: every example is of exactly one class. Targets int64 [N]."""

    metric: ClassVar[str] = "accuracy"

    def loss(self, logits: torch.Tensor, targets: torch.Tensor, class_weights: torch.Tensor | None) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits.float(), targets, weight=class_weights)

    def score(self, logits: torch.Tensor, targets: torch.Tensor) -> float:
        return float((logits.argmax(1) == targets).float().mean()) if len(targets) else 0.0


class Classification(Softmax, BaseTask):
    """Base of the classification tasks; see `workbench.tasks.base.PooledTask` for the methods' meaning."""

    # Part of the feature cache's key: raised when `prepare` changes what it computes.
    version = 1
    # Tasks that prepare their items in the same way share features: the id of the first of them.
    prepared_as = ""
    as_they_are = False

    def check(self, project: Project) -> None:
        counts = project.counts()
        nouns = self.info.nouns
        used = [c for c in project.classes() if counts.per_class.get(c.id)]
        if not counts.labelled:
            raise UserError(f"None of the {nouns} has a label yet.", "Label some on the Data page.")
        if len(used) < 2:
            raise UserError(
                f"All labelled {nouns} are “{used[0].name}”, so there is nothing to tell apart.",
                "Label examples of at least one more class.",
            )
        lonely = [c.name for c in used if counts.per_class[c.id] < 2]
        if lonely:
            raise UserError(
                f"There is only one example of “{lonely[0]}”.",
                "Label at least two (better ten or more) examples of each class.",
            )

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.pooled_lesson import PooledLesson

        return PooledLesson(self, material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            f"Sorts {self.info.nouns} into: {', '.join(classes)}.",
            f"Knows only these {len(classes)} classes and always names one of them, even when none fits.",
        )

    # Any: texts ask for a network, pictures for no more than what every loaded model has.
    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Any) -> Mapping[str, torch.Tensor]:
        raise NotImplementedError

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        import torch

        sorter, familiar = as_classifier(model), familiar_of(model)
        notes = [str(s.get("note", "")) for s in samples]
        with torch.inference_mode():
            if familiar is None:
                return [*self.said(sorter.class_logits(self.collate(samples, model)), model, notes)]
            network = as_network(model)
            features = network.features(self.collate(samples, model))
            said = self.said(network.head_logits(features), model, notes)
        return [*flagged(said, familiar.strangeness(features), self.info)]

    def said(self, logits: torch.Tensor, model: Loaded, notes: Sequence[str]) -> list[Scores]:
        """Logits float [B, C] as this model means them: one class, or several that count each by itself."""
        options = model.card.options
        if thresholds_of(options, len(model.labels)) is not None:
            return tag_answers(logits, model.labels, options, notes, _LONGEST_LIST)
        found = self.decode(logits.float() / temperature_of(options), model.labels, notes)
        decision = decision_of(options, model.labels)
        return found if decision is None else [decided(scores, decision) for scores in found]

    def decode(self, logits: torch.Tensor, labels: Sequence[str], notes: Sequence[str]) -> list[Scores]:
        import torch

        values, order = torch.softmax(logits.float(), dim=-1).sort(dim=-1, descending=True, stable=True)
        keep = min(_LONGEST_LIST, len(labels))
        return [
            Scores(tuple(Score(labels[i], v, i) for v, i in zip(vs[:keep], ids[:keep], strict=True)), note)
            for vs, ids, note in zip(values.tolist(), order.tolist(), notes, strict=True)
        ]

    def targets(self, examples: Sequence[Example], classes: int) -> torch.Tensor:
        import torch

        return torch.tensor([e.target for e in examples], dtype=torch.int64)

    def right(self, logits: torch.Tensor, targets: torch.Tensor) -> int:
        return int((logits.argmax(1) == targets).sum())

    def class_weights(self, examples: Sequence[Example], classes: int) -> torch.Tensor:
        import torch

        counts = Counter(e.target for e in examples)
        total = counts.total()
        return torch.tensor([total / (classes * max(1, counts[c])) for c in range(classes)])

    def answers(self, logits: torch.Tensor, labels: Sequence[str]) -> list[Prediction]:
        import torch

        values, order = torch.softmax(logits.double(), -1).sort(dim=-1, descending=True, stable=True)
        return [
            Scores(tuple(Score(labels[i], v, i) for v, i in zip(vs, ids, strict=True)))
            for vs, ids in zip(values.tolist(), order.tolist(), strict=True)
        ]

    def settle(
        self, options: Mapping[str, Any], examples: Sequence[Example], answers: Sequence[Prediction], classes: int
    ) -> dict[str, Any]:
        # What was settled for the base's classes says nothing of these.
        kept = {name: value for name, value in options.items() if name not in _OF_THE_CLASSES}
        return kept | settle_temperature(answers, [e.target for e in examples], classes)

    def settled(self, prediction: Prediction, options: Mapping[str, Any]) -> Prediction:
        return at_temperature(prediction, temperature_of(options))

    def unsettled(self, prediction: Prediction, options: Mapping[str, Any]) -> Prediction:
        return at_temperature(prediction, 1 / temperature_of(options))

    def agree(self, first: torch.Tensor, second: torch.Tensor, options: Mapping[str, Any]) -> int:
        return int((first.argmax(1) == second.argmax(1)).sum())

    def preparation_key(self, model: Network) -> str:
        text = f"{self.prepared_as or self.info.id}/{self.version}/{sorted(asdict(model.preparation).items())}"
        return hashlib.sha256(text.encode()).hexdigest()


def as_classifier(model: Loaded) -> Classifier:
    """Raises: UserError when the model has no classes to sort into."""
    from workbench.runtimes.base import Classifier

    if not isinstance(model, Classifier):
        raise UserError(f"“{model.card.name}” cannot sort into classes.", "Choose another model.")
    return model


def as_network(model: Loaded) -> Network:
    """Raises: UserError when the model gives no pooled features."""
    from workbench.runtimes.network import Network

    if not isinstance(model, Network):
        raise UserError(f"“{model.card.name}” cannot sort into classes.", "Choose another model.")
    return model
