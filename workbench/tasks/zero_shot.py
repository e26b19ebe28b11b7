"""Zero-shot classification: a text sorted by labels nobody taught the model, as statements that follow from it or do not.

Each label is put into a sentence, and a network for natural language inference says how far it follows from the text (Yin,
Hay & Roth 2019, arXiv 1909.00161).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Score, Scores
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


_GAP = "{}"
SENTENCE = Option(
    "sentence", "Sentence each label is put into", "text", "This text is about {}.",
    "{} stands for the label (hypothesis template)",
)  # fmt: skip
SEVERAL = Option(
    "several", "How many labels fit", "choice", "one",
    "One: their shares add up to 1. Several: each is judged by itself (multi-label)",
    choices=(("one", "one of them"), ("several", "several, or none")),
)  # fmt: skip


class ZeroShot(TextTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="zero-shot-classification",
        title="Sort by your own labels",
        summary="Says which of the labels you type fits a text, without being taught.",
        media="text",
        noun="text",
        nouns="texts",
        icon="tags",
        result="scores",
        file_suffixes=FILES,
        options=(SENTENCE, SEVERAL),
        group="Texts",
        question="sort texts by labels of my own without examples",
    )

    def needs_labels(self, card: ModelCard) -> bool:
        return True

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        import torch

        from workbench.runtimes.base import Entailer, require

        labels = list(dict.fromkeys(name.strip() for name in options.labels if name.strip()))
        several = options.text(SEVERAL) == "several"
        if len(labels) < (1 if several else 2):
            raise UserError("There are too few labels to choose between.", "Type at least two labels.")
        sentence = options.text(SENTENCE) or str(SENTENCE.default)
        if _GAP not in sentence:
            raise UserError(f"The sentence has no place for the label ({_GAP}).", f"For example: {SENTENCE.default}")
        statements = [sentence.replace(_GAP, name) for name in labels]
        logits, windows = require(model, Entailer).entailment(sample["text"], statements, control)
        shares = torch.softmax(logits, -1)[:, 1] if several else torch.softmax(logits[:, 1], 0)
        values, order = shares.sort(descending=True, stable=True)
        top = tuple(Score(labels[i], v, i) for v, i in zip(values.tolist(), order.tolist(), strict=True))
        notes = ["The model was not taught your labels: try other words for them when it is wrong."]
        if windows > 1:
            notes.append(
                f"The text is longer than the model reads at once: it was read in {windows} overlapping parts, and the"
                " answers were averaged."
            )
        yield Scores(top, " ".join(notes))


TASK = ZeroShot()
