"""What picture and text classification share: from logits to scores, and the loss."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.tasks.base import Prediction, Score, Scores, TaskInfo, TryOptions

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import LoadedModel

_LONGEST_LIST = 20


class Classification:
    """Base of the classification tasks; see `workbench.tasks.base.Task` for the methods' meaning."""

    info: TaskInfo
    # Part of the feature cache's key: raised when `prepare` changes what it computes.
    version = 1

    def needs_labels(self, card: ModelCard) -> bool:
        return False

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: LoadedModel) -> Mapping[str, torch.Tensor]:
        raise NotImplementedError

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: LoadedModel, options: TryOptions
    ) -> list[Prediction]:
        import torch

        with torch.inference_mode():
            logits = model.logits(self.collate(samples, model))
        return self.decode(logits, model.labels, [str(s.get("note", "")) for s in samples])

    def decode(self, logits: torch.Tensor, labels: Sequence[str], notes: Sequence[str]) -> list[Prediction]:
        import torch

        values, order = torch.softmax(logits.float(), dim=-1).sort(dim=-1, descending=True, stable=True)
        keep = min(_LONGEST_LIST, len(labels))
        return [
            Scores(tuple(Score(labels[i], v, i) for v, i in zip(vs[:keep], ids[:keep], strict=True)), note)
            for vs, ids, note in zip(values.tolist(), order.tolist(), notes, strict=True)
        ]

    def loss(self, logits: torch.Tensor, targets: torch.Tensor, class_weights: torch.Tensor | None) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits.float(), targets, weight=class_weights)

    def preparation_key(self, model: LoadedModel) -> str:
        text = f"{self.info.id}/{self.version}/{sorted(asdict(model.preparation).items())}"
        return hashlib.sha256(text.encode()).hexdigest()
