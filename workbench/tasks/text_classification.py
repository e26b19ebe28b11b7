"""Text classification: which of its classes a text belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import Prediction, TaskInfo, TryOptions
from workbench.tasks.classification import Classification, as_network

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Loaded

# Beyond this no model here reads anyway; it bounds the tokenizer's work.
_MAX_CHARACTERS = 200_000
# How sharply nearness of meaning becomes a share; cosines of sentence embedders lie close together.
_TEMPERATURE = 0.05
_NEARNESS_NOTE = (
    "This model compares meanings; it was not trained on your labels. Train it for answers you can rely on."
)


class TextClassification(Classification):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="text-classification",
        title="Text classification",
        summary="Says which of your classes a text belongs to.",
        media="text",
        noun="text",
        nouns="texts",
        icon="message-square-text",
        editor="classes",
        judge="classes",
        trainable=True,
        first=True,
        group="Texts",
        question="sort texts, or tell how they sound",
        several="text-tags",
        import_formats=("table", "folders", "files"),
        file_suffixes=(".txt", ".md"),
    )

    def needs_labels(self, card: ModelCard) -> bool:
        return card.arch == "AutoModel" and not label_names(card)

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        text = text_of(sample)
        tokens = model.tokenizer(
            text[:_MAX_CHARACTERS],
            truncation=True,
            max_length=model.preparation.max_tokens,
            return_offsets_mapping=bool(model.tokenizer.is_fast),
        )
        ends = [end for _, end in tokens.get("offset_mapping", ())]
        note = _cut_note(text, max(ends)) if ends else ""
        return {"input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"], "note": note}

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Loaded) -> Mapping[str, torch.Tensor]:
        rows = [{"input_ids": p["input_ids"], "attention_mask": p["attention_mask"]} for p in prepared]
        padded = model.tokenizer.pad(rows, return_tensors="pt")
        return {key: padded[key].to(model.device) for key in ("input_ids", "attention_mask")}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        model = as_network(model)
        if model.labels:
            return super().predict_batch(samples, model, options, control)
        labels = list(dict.fromkeys(name.strip() for name in options.labels if name.strip()))
        if len(labels) < 2:
            raise UserError(
                f"“{model.card.name}” has no classes of its own.",
                "Type at least two labels to choose between, or train it on examples.",
            )
        import torch

        with torch.inference_mode():
            given = model.features(self.collate(samples, model))
            wanted = model.features(self.collate([self.prepare(Sample("text", text=n), model) for n in labels], model))
            cosine = torch.nn.functional.normalize(given) @ torch.nn.functional.normalize(wanted).T
        notes = [f"{_NEARNESS_NOTE} {s.get('note', '')}".strip() for s in samples]
        return [*self.decode(cosine / _TEMPERATURE, labels, notes)]


def text_of(sample: Sample) -> str:
    """A text, or what its file holds. Raises: UserError when there is nothing to read."""
    if sample.text is None and sample.path is not None:
        from workbench.data.media import read_text_file

        text = read_text_file(sample.path)
    else:
        text = sample.text or ""
    if not text.strip():
        raise UserError("This text is empty.", "Type or drop a text with at least one word.")
    return text


def _cut_note(text: str, end: int) -> str:
    if not text[end:].strip():
        return ""
    return f"Only the first {len(text[:end].split())} of {len(text.split())} words were read; the model sees no more at once."


TASK = TextClassification()
