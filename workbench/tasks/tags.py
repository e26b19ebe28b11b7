"""Several labels per item (multi-label classification): what the tasks for texts, pictures and recordings share.

An item's labels are annotations of the whole item with a class each. Every class is a question of its own, answered by a
sigmoid: one linear head, binary cross-entropy per class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.shapes import Whole
from workbench.data.tags import tags_of
from workbench.errors import UserError
from workbench.tasks.base import TaskInfo, TryOptions
from workbench.tasks.classification import Classification
from workbench.tasks.lesson import Example
from workbench.tasks.predictions import Prediction, Scores
from workbench.tasks.several import USUAL, best_thresholds, several_scores, with_thresholds
from workbench.tasks.tag_answers import tag_logits, tag_thresholds
from workbench.tasks.tag_calibration import as_it_came, set_right, settle_tags, tag_calibration_of

if TYPE_CHECKING:
    import torch

    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded

# A class that is a hundred times rarer must not drown all others.
_HEAVIEST = 20.0


class Tags(Classification):
    """Put before a classification task, makes it one of several labels. See `workbench.tasks.base.PooledTask`."""

    metric: ClassVar[str] = "F1"

    def check(self, project: Project) -> None:
        nouns, done = self.info.nouns, project.counts().labelled
        counts = project.tag_counts()
        names = {c.id: c.name for c in project.classes()}
        if not done:
            raise UserError(f"None of the {nouns} is done yet.", "Give some their labels on the Data page.")
        if not counts:
            raise UserError(
                f"None of the {nouns} that are done has a label.", "Give some their labels on the Data page."
            )
        lonely = [names[c] for c, n in counts.items() if n < 2 and c in names]
        if lonely:
            raise UserError(
                f"There is only one example of “{lonely[0]}”.",
                "Give at least two (better ten or more) examples each label, or take it away.",
            )
        if done < 4 or all(n == done for n in counts.values()):
            raise UserError(
                f"There are too few {nouns} without a label to tell them from those with it.",
                f"Add {nouns} that lack some of the labels, or have none of them.",
            )

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            f"Gives {self.info.nouns} any of these labels, several at once or none: {', '.join(classes)}.",
            f"Knows only these {len(classes)} labels; each is decided for itself, by a threshold chosen on examples.",
        )

    def annotations_of(self, prediction: Prediction, class_ids: Mapping[str, int]) -> list[Annotation]:
        """Proposals of the labels that count, of the classes the project has."""
        if not isinstance(prediction, Scores) or not prediction.several:
            return []
        return [
            Annotation(Whole(), class_ids[s.name], source="model", score=s.value)
            for s in prediction.chosen
            if s.name in class_ids
        ]

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        if not model.labels:
            raise UserError(
                f"“{model.card.name}” has no labels of its own.",
                f"Train it on your {self.info.nouns}, or choose another model.",
            )
        return super().predict_batch(samples, model, options, control)

    # Learning ----------------------------------------------------------------------------------------------------------

    def targets(self, examples: Sequence[Example], classes: int) -> torch.Tensor:
        """float32 [N, C], 1 where the example has the class."""
        import torch

        found = torch.zeros(len(examples), classes)
        for row, example in enumerate(examples):
            for c in labels_of(example):
                found[row, c] = 1.0
        return found

    def loss(self, logits: torch.Tensor, targets: torch.Tensor, class_weights: torch.Tensor | None) -> torch.Tensor:
        """Binary cross-entropy, the mean over examples and classes; `class_weights` [C] weigh the positives."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(logits.float(), targets, pos_weight=class_weights)

    def score(self, logits: torch.Tensor, targets: torch.Tensor) -> float:
        """F1 over all labels of all examples (micro average), with the usual threshold."""
        said = logits > 0
        hits = float((said & (targets > 0)).sum())
        total = float(said.sum() + targets.sum())
        return 2 * hits / total if total else float(len(targets) > 0)

    def right(self, logits: torch.Tensor, targets: torch.Tensor) -> int:
        return -1

    def class_weights(self, examples: Sequence[Example], classes: int) -> torch.Tensor:
        positives = self.targets(examples, classes).sum(0)
        return ((len(examples) - positives) / positives.clamp(min=1.0)).clamp(1.0, _HEAVIEST)

    def answers(self, logits: torch.Tensor, labels: Sequence[str]) -> list[Prediction]:
        return [*several_scores(logits, labels, (USUAL,) * len(labels))]

    def settle(
        self, options: Mapping[str, Any], examples: Sequence[Example], answers: Sequence[Prediction], classes: int
    ) -> dict[str, Any]:
        """With the labels' percentages set right, and the threshold of each that is then best on these examples."""
        truth = [labels_of(e) for e in examples]
        right = settle_tags([_by_class(a, classes) for a in answers], truth, classes)
        calibration = tag_calibration_of(right, classes)
        rows = [_by_class(set_right(a, calibration), classes) for a in answers]
        chosen = best_thresholds(rows, truth, classes)
        # Each label is a question of its own, so nothing of one class among others is settled here.
        return super().settle(options, (), (), classes) | {
            "multi_label": True, "thresholds": [round(v, 6) for v in chosen], **right,
        }  # fmt: skip

    def settled(self, prediction: Prediction, options: Mapping[str, Any]) -> Prediction:
        if not isinstance(prediction, Scores):
            return prediction
        right = set_right(prediction, tag_calibration_of(options, len(prediction.top)))
        thresholds = options.get("thresholds")
        return with_thresholds(right, thresholds) if isinstance(right, Scores) and thresholds else right

    def unsettled(self, prediction: Prediction, options: Mapping[str, Any]) -> Prediction:
        if not isinstance(prediction, Scores):
            return prediction
        return as_it_came(prediction, tag_calibration_of(options, len(prediction.top)))

    def agree(self, first: torch.Tensor, second: torch.Tensor, options: Mapping[str, Any]) -> int:
        import torch

        places = [str(c) for c in range(first.shape[1])]
        limits = torch.tensor(tag_thresholds(options, places) or (USUAL,) * first.shape[1], dtype=torch.float64)
        one, other = (tag_logits(logits.double(), options).sigmoid() for logits in (first, second))
        return int(((one >= limits) == (other >= limits)).all(1).sum())


def tags_info(base: TaskInfo, **changed: Any) -> TaskInfo:
    """A classification task's words, for several labels per item."""
    return replace(
        base,
        editor="tags",
        judge="tags",
        first=False,
        several="",
        untaught="",
        import_formats=("table", "files"),
        **changed,
    )


def labels_of(example: Example) -> frozenset[int]:
    """The classes an example has, as places among those that are taught."""
    whole = {a.id for a in tags_of(example.annotations)}
    return frozenset(c for a, c in zip(example.annotations, example.classes, strict=True) if c >= 0 and a.id in whole)


def _by_class(prediction: Prediction, classes: int) -> list[float]:
    values = [0.0] * classes
    if isinstance(prediction, Scores):
        for score in prediction.top:
            values[score.index] = score.value
    return values
