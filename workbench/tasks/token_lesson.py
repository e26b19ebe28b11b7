"""Teaching a text network to mark pieces of texts: one label per token, B-/I- of each class or O (Ramshaw & Marcus 1995)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.data.shapes import TextSpan
from workbench.errors import UserError
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.predictions import Prediction, Span, Text

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.transformers_text_runtime import TextTagger

_EPOCHS = {How.QUICK: 40, How.BALANCED: 12, How.THOROUGH: 12}
_HEAD_RATE = {How.QUICK: 5e-3, How.BALANCED: 1e-3, How.THOROUGH: 5e-4}
_NOT_COUNTED = -100


def token_labels(classes: Sequence[str]) -> tuple[str, ...]:
    """ "O", then B- and I- of every class."""
    return ("O", *(f"{prefix}-{name}" for name in classes for prefix in ("B", "I")))


class TokenLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`. Quick learns the last layer on token vectors that are computed once."""

    checks_first = False
    judged_by = "score"
    batch = 8
    weight_decay = 0.01
    clip_norm = 1.0

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.transformers_text_runtime import tagger_from

        self._tagger: TextTagger = tagger_from(material.model, token_labels(material.classes))
        self._how = material.how
        self._classes = material.classes
        self._control = material.control
        self._kept: dict[str, Any] = {}
        self._weights = self._class_weights(material)
        self.epochs = _EPOCHS[material.how]
        self.head_rate = _HEAD_RATE[material.how]
        self.body_rate = 5e-5
        self._adapters = bool(material.options.get("lora")) and material.how is not How.QUICK
        if self._adapters:
            from workbench.tasks.lora import add_adapters

            add_adapters(self._tagger.body)
            self.body_rate = 5e-4

    @property
    def module(self) -> nn.Module:
        net: nn.Module = self._tagger.net
        return net

    def stages(self) -> list[list[nn.Parameter]]:
        from workbench.runtimes.network import stage_parameters
        from workbench.tasks.pooled_lesson import trained_stages

        head = list(self._tagger.classifier.parameters())
        if self._adapters:
            from workbench.tasks.lora import adapter_parameters

            return [head, adapter_parameters(self._tagger.body)]
        body = [list(unit) for unit in reversed(stage_parameters(self._tagger.body))]
        return trained_stages([head, *body], self._how)

    def training_mode(self) -> None:
        self._tagger.net.train(self._how is not How.QUICK)

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """The text in windows, each with a label per token."""
        from workbench.tasks.texts import text_of

        text = text_of(example.item.sample())
        spans = [
            (a.shape.start, a.shape.end, c)
            for a, c in zip(example.annotations, example.classes, strict=True)
            if isinstance(a.shape, TextSpan) and c >= 0
        ]
        windows = []
        for window in self._tagger.windows(text, self._control):
            labels = [_label(text, span, spans) for span in window.offsets]
            windows.append({**window.inputs, "labels": labels})
        return {"text": text, "windows": windows}

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        return Step(self._loss(self._windows(prepared)))

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        found: list[Prediction] = []
        losses = []
        with torch.inference_mode():
            for sample in prepared:
                losses.append(float(self._loss(self._windows([sample]))))
                tags = self._tagger.tag(sample["text"], self._control)
                found.append(
                    Text(sample["text"], tuple(Span(t.start, t.end, t.label, t.score) for t in tags), marked=True)
                )
        return Checked(found, losses)

    def state(self) -> dict[str, torch.Tensor]:
        return dict(self._tagger.net.state_dict())

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._tagger.net.load_state_dict(dict(state))

    def result(self) -> TextTagger:
        if self._adapters:
            from workbench.tasks.lora import merge_adapters

            merge_adapters(self._tagger.body)
            self._adapters = False
        return self._tagger

    # Computing -----------------------------------------------------------------------------------------------------

    def _class_weights(self, material: Material) -> torch.Tensor | None:
        """A class's weight counts for its B- and I-; O counts once."""
        if material.class_weights is None:
            return None
        import torch

        return torch.cat([torch.ones(1), material.class_weights.repeat_interleave(2)]).to(material.device)

    @staticmethod
    def _windows(prepared: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [window for sample in prepared for window in sample["windows"]]

    def _loss(self, windows: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        import torch
        from torch.nn.functional import cross_entropy

        longest = max(len(w["labels"]) for w in windows)
        labels = torch.full((len(windows), longest), _NOT_COUNTED, dtype=torch.int64)
        for row, window in enumerate(windows):
            labels[row, : len(window["labels"])] = torch.tensor(window["labels"])
        if self._how is How.QUICK:
            hidden = torch.zeros(len(windows), longest, self._tagger.width)
            for row, window in enumerate(windows):
                hidden[row, : len(window["labels"])] = self._hidden_of(window)
            logits = self._tagger.classifier(hidden.to(self._tagger.device))
        else:
            logits = self._tagger.net(**self._tagger.padded(windows)).logits
        labels = labels.to(logits.device)
        if not (labels >= 0).any():
            nothing: torch.Tensor = logits.sum() * 0
            return nothing
        loss: torch.Tensor = cross_entropy(
            logits.float().flatten(0, 1), labels.flatten(), weight=self._weights, ignore_index=_NOT_COUNTED
        )
        return loss

    def _hidden_of(self, window: Mapping[str, Any]) -> torch.Tensor:
        """Token vectors float32 [T, F] of one window; the network is asked once for each."""
        import torch

        key = hashlib.sha256(repr(window["input_ids"]).encode()).hexdigest()
        if key not in self._kept:
            with torch.no_grad():
                self._tagger.net.eval()
                self._kept[key] = self._tagger.hidden([window])[0].half().cpu()
        kept: torch.Tensor = self._kept[key]
        return kept.float()


def _label(text: str, span: tuple[int, int] | None, pieces: Sequence[tuple[int, int, int]]) -> int:
    """The label of a token: where it stands in the text decides. Only a word's first token counts."""
    if span is None or span[0] == span[1]:
        return _NOT_COUNTED
    start, end = span
    while start < end and text[start].isspace():  # some tokenizers take the blank before a word along
        start += 1
    if start > 0 and start < len(text) and text[start - 1].isalnum() and text[start].isalnum():
        return _NOT_COUNTED
    for first, last, number in pieces:
        if first < end and start < last:
            begins = not text[first:start].strip() if start >= first else True
            return 1 + 2 * number + (0 if begins else 1)
    return 0


def check_spans(classes: int, pieces: int, nouns: str) -> None:
    """Raises: UserError when there is nothing to learn from."""
    if not pieces:
        raise UserError(f"Nothing is marked in the {nouns} yet.", "Open a text on the Data page and mark some words.")
    if pieces < 2 * classes:
        raise UserError(
            "There are too few marked pieces to learn from.", "Mark at least two (better twenty or more) of each class."
        )
