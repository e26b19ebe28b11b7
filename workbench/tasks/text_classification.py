"""Text classification: which of its classes a text belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import Prediction, TaskInfo, TryOptions
from workbench.tasks.classification import Classification, as_network
from workbench.tasks.unlike import familiar_of, flagged

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Loaded
    from workbench.runtimes.network import Network

# It bounds the tokenizer's work; what lies beyond is said.
_MAX_CHARACTERS = 500_000
# Letters that are given to the tokenizer together: some tenths of a second.
_LETTERS_AT_ONCE = 200_000
# How sharply nearness of meaning becomes a share; cosines of sentence embedders lie close together.
_TEMPERATURE = 0.05
# Windows over a long text share this part of their length; more than so many are not read.
_SHARED, _MOST_WINDOWS = 0.25, 64
_BATCH, _MOST_AT_ONCE = 16, 32
_LONGER = "The text is longer than the model reads at once: it was read"
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
        adapters=True,
        judge="classes",
        trainable=True,
        learns_beginnings=True,
        first=True,
        group="Texts",
        question="sort texts, or tell how they sound",
        several="text-tags",
        untaught="names",
        import_formats=("table", "folders", "files"),
        file_suffixes=(".txt", ".md"),
    )

    as_they_are = True

    def needs_labels(self, card: ModelCard) -> bool:
        return card.arch == "AutoModel" and not label_names(card)

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        """Also "more": the ids of the windows after the first one, where the text is longer than the model reads at once."""
        return self._windows([text_of(sample)], model)[0]

    def prepare_several(
        self, samples: Sequence[Sample], model: Loaded, control: Control
    ) -> list[dict[str, Any] | UserError]:
        """The tokenizer is asked for many texts at once, but never for so many letters that a stop would have to wait."""
        read: list[str | UserError] = []
        for sample in samples:
            control.check()
            try:
                read.append(text_of(sample))
            except UserError as error:
                read.append(error)
        made: list[dict[str, Any]] = []
        for part in _portions([text for text in read if isinstance(text, str)]):
            control.check()
            made += self._windows(part, model)
        prepared = iter(made)
        return [one if isinstance(one, UserError) else next(prepared) for one in read]

    def length(self, prepared: Mapping[str, Any]) -> int:
        """In tokens."""
        return len(prepared["input_ids"]) + sum(len(ids) for ids in prepared.get("more", ()))

    def _windows(self, texts: Sequence[str], model: Loaded) -> list[dict[str, Any]]:
        longest, fast = model.preparation.max_tokens, bool(model.tokenizer.is_fast)
        found = model.tokenizer(
            [text[:_MAX_CHARACTERS] for text in texts], truncation=True, max_length=longest, return_offsets_mapping=fast,
            return_overflowing_tokens=fast, **({"stride": int(longest * _SHARED)} if fast else {}),
        )  # fmt: skip
        ids, masks = found["input_ids"], found["attention_mask"]
        if not fast:
            return [
                {"input_ids": i, "attention_mask": m, "more": [], "note": ""} for i, m in zip(ids, masks, strict=True)
            ]
        rows: list[list[int]] = [[] for _ in texts]
        for row, text in enumerate(found["overflow_to_sample_mapping"]):
            rows[text].append(row)
        made = []
        for text, own in zip(texts, rows, strict=True):
            own = own[:_MOST_WINDOWS]
            end = max(end for _, end in found["offset_mapping"][own[-1]])
            made.append({
                "input_ids": ids[own[0]],
                "attention_mask": masks[own[0]],
                "more": [ids[row] for row in own[1:]],
                "note": _windows_note(text, end, len(own)),
            })  # fmt: skip
        return made

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Loaded) -> Mapping[str, torch.Tensor]:
        """As the tokenizer's `pad`, which takes half a millisecond for it."""
        import torch

        longest = max(len(p["input_ids"]) for p in prepared)
        left, filling = model.tokenizer.padding_side == "left", int(model.tokenizer.pad_token_id or 0)

        def filled(values: Sequence[int], with_what: int) -> list[int]:
            more = [with_what] * (longest - len(values))
            return [*more, *values] if left else [*values, *more]

        rows = {
            "input_ids": [filled(p["input_ids"], filling) for p in prepared],
            "attention_mask": [filled(p["attention_mask"], 0) for p in prepared],
        }
        return {name: torch.tensor(values, dtype=torch.int64).to(model.device) for name, values in rows.items()}

    def averaged(
        self,
        samples: Sequence[Mapping[str, Any]],
        model: Network,
        ask: Callable[[Mapping[str, torch.Tensor]], torch.Tensor],
        control: Control | None = None,
    ) -> torch.Tensor:
        """What `ask` says of each whole text: the mean over its windows, float [B, …]. No gradients."""
        import torch

        if len(samples) <= _MOST_AT_ONCE and not any(s.get("more") for s in samples):
            if control is not None:
                control.check()
            with torch.inference_mode():
                return ask(self.collate(samples, model))
        windows = [
            (n, ids) for n, s in enumerate(samples) for ids in ([int(i) for i in s["input_ids"]], *s.get("more", ()))
        ]
        rows: list[list[torch.Tensor]] = [[] for _ in samples]
        with torch.inference_mode():
            for start in range(0, len(windows), _BATCH):
                if control is not None:
                    control.check()
                part = windows[start : start + _BATCH]
                given = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for _, ids in part]
                for (n, _ids), row in zip(part, ask(self.collate(given, model)), strict=True):
                    rows[n].append(row)
            return torch.stack([torch.stack(found).mean(0) for found in rows])

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        """A text longer than the model reads at once is read in windows that overlap; their logits are averaged."""
        network = as_network(model)
        notes = [str(s.get("note", "")) for s in samples]
        if network.labels:
            familiar = familiar_of(network)
            if familiar is None:
                return [*self.said(self.averaged(samples, network, network.class_logits, control), network, notes)]
            both = self.averaged(samples, network, network.features_and_logits, control)
            features, logits = both[:, : network.feature_width], both[:, network.feature_width :]
            return [*flagged(self.said(logits, network, notes), familiar.strangeness(features), self.info)]
        labels = list(dict.fromkeys(name.strip() for name in options.labels if name.strip()))
        if len(labels) < 2:
            raise UserError(
                f"“{model.card.name}” has no classes of its own.",
                "Type at least two labels to choose between, or train it on examples.",
            )
        import torch

        given = self.averaged(samples, network, network.features, control)
        named = [self.prepare(Sample("text", text=n), network) for n in labels]
        wanted = self.averaged(named, network, network.features, control)
        cosine = torch.nn.functional.normalize(given) @ torch.nn.functional.normalize(wanted).T
        return [*self.decode(cosine / _TEMPERATURE, labels, [f"{_NEARNESS_NOTE} {note}".strip() for note in notes])]


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


def _portions(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, in parts of a bounded number of letters (or of one text)."""
    part: list[str] = []
    letters = 0
    for text in texts:
        if part and letters + len(text) > _LETTERS_AT_ONCE:
            yield part
            part, letters = [], 0
        part.append(text)
        letters += min(len(text), _MAX_CHARACTERS)
    if part:
        yield part


def _windows_note(text: str, end: int, windows: int) -> str:
    """What was read of a text, and how; `end`: characters that were read."""
    if not text[end:].strip():
        return "" if windows == 1 else f"{_LONGER} in {windows} overlapping parts, and the answers were averaged."
    read, whole = len(text[:end].split()), len(text.split())
    return f"{_LONGER} in {windows} parts, and only its first {read:,} of {whole:,} words; the answers were averaged."


TASK = TextClassification()
