"""Teaching a model that reads one text and writes another (T5, BART, Marian, NLLB) by pairs of texts.

Quick and Balanced learn small add-ons (LoRA), Thorough all weights. The loss is the mean negative log-likelihood of the right
text's tokens, each foreseen from the right ones before it (teacher forcing: Williams & Zipser 1989). The decoder begins as
it does at use: with its start, and the mark of the language it shall write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.runtimes.base import Writing
from workbench.tasks.language_lesson import pair_of
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.predictions import NOT_WRITTEN, Prediction, Text

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.transformers_writer_runtime import TextChanger

_EPOCHS = {How.QUICK: 5, How.BALANCED: 8, How.THOROUGH: 5}
_RANKS = {How.QUICK: 8, How.BALANCED: 16}
_ADAPTER_RATE, _WHOLE_RATE = 5e-4, 5e-5
_NOT_COUNTED = -100
# So many texts are written out each time the model is looked at, and of those kept aside for the test; writing takes far
# longer than reading.
_WRITTEN, _WRITTEN_OF_TEST = 16, 100
_LONGEST_WRITTEN = 200


class ChangingLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`. What the model wrote before it was taught is kept beside what it writes after.

    Of the material's options, "source" and "target" name the languages where the model knows several.
    """

    judged_by = "loss"
    checks_first = True
    batch = 8
    weight_decay = 0.01
    clip_norm = 1.0

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.transformers_writer_runtime import TextChanger

        if not isinstance(material.model, TextChanger):
            raise UserError(
                f"“{material.model.card.name}” cannot be taught to change texts.",
                "Choose a model that translates or sums up.",
            )
        self._writer: TextChanger = material.model
        self._how = self._languages(material.options)
        self._control = material.control
        self._rank = _RANKS.get(material.how, 0)
        if not self._rank and material.options.get("lora"):
            self._rank = _RANKS[How.BALANCED]
        if self._rank:
            from workbench.tasks.lora import add_adapters

            add_adapters(self._writer.net, self._rank)
        self.epochs = _EPOCHS[material.how]
        self.head_rate = self.body_rate = _ADAPTER_RATE if self._rank else _WHOLE_RATE
        self._before: dict[int, tuple[float, str]] = {}
        self._shown: dict[str, set[int]] = {}
        self._train = material.train

    def _languages(self, options: Mapping[str, Any]) -> Writing:
        """Languages as asked for; the taught model keeps to them."""
        card = self._writer.card
        asked = {}
        for name, listed in (("source", card.options.get("sources")), ("target", None)):
            known = [str(code) for code, _ in listed or card.options.get("languages", ())]
            chosen = str(options.get(name, "") or card.options.get(name, ""))
            if len(known) > 1 and chosen not in known:
                which = "of your texts" if name == "source" else "it shall write"
                raise UserError(
                    f"“{card.name}” needs to know the language {which}.", f"Choose it; the option is called “{name}”."
                )
            asked[name] = chosen or (known[0] if known else "")
        if any(asked.values()):
            kept = {k: v for k, v in card.options.items() if k not in ("languages", "sources")}
            self._writer.card = replace(card, options={**kept, **asked})
        return Writing(max_tokens=_LONGEST_WRITTEN, source=asked["source"], target=asked["target"])

    @property
    def module(self) -> nn.Module:
        net: nn.Module = self._writer.net
        return net

    def notes(self) -> list[str]:
        """How many of the examples are longer than the model reads at once."""
        cut = sum(1 for e in self._train if self._too_long(pair_of(e)[0]))
        if not cut:
            return []
        texts = "1 of your texts is" if cut == 1 else f"{cut:,} of your texts are"
        return [f"{texts} longer than the model reads at once: it learns from the beginning."]

    def _too_long(self, given: str) -> bool:
        room = self._writer.reads_at_once
        # A token is at least a byte: short texts need no counting.
        if len(given.encode("utf-8", "replace")) + 64 <= room:
            return False
        return len(self._writer.tokenizer(self._writer.prefix(self._how) + given, verbose=False)["input_ids"]) > room

    def stages(self) -> list[list[nn.Parameter]]:
        if self._rank:
            from workbench.tasks.lora import adapter_parameters

            return [adapter_parameters(self._writer.net)]
        return [list(self._writer.net.parameters())]

    def training_mode(self) -> None:
        self._writer.net.train()

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """What the encoder is given, what the decoder begins with and goes on from, and what it must foresee."""
        given, wanted = pair_of(example)
        if not given.strip() or not wanted.strip():
            raise UserError("There is no right answer to learn from here.", "Write what the model shall make of it.")
        ids = self._writer.given_tokens(given, self._how)["input_ids"][0].tolist()
        first = self._writer.first_tokens(self._how)
        after = self._writer.wanted_tokens(wanted)[: self._writer.reads_at_once - len(first)]
        split = str(example.item.split or "")
        return {
            "item_id": example.item.id,
            "split": split,
            "given": given,
            "wanted": wanted,
            "ids": ids,
            "begins": [*first, *after[:-1]],
            "labels": [*(_NOT_COUNTED for _ in first[1:]), *after],
        }

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        nats, counts = self._nats(prepared)
        return Step(nats.sum() / max(1, int(counts.sum())))

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        self._control.check()
        with torch.inference_mode():
            nats, counts = self._nats(prepared)
        losses = (nats / counts.clamp(min=1)).tolist()
        found: list[Prediction] = []
        for sample, loss in zip(prepared, losses, strict=True):
            self._control.check()
            written = self._write(sample)
            before = self._before.setdefault(sample["item_id"], (loss, written or ""))
            note = NOT_WRITTEN if written is None else ""
            found.append(Text(written or "", note=note, surprise=loss, surprise_before=before[0], before=before[1]))
        return Checked(found, losses)

    def state(self) -> dict[str, torch.Tensor]:
        return dict(self._writer.net.state_dict())

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._writer.net.load_state_dict(dict(state))

    def result(self) -> TextChanger:
        if self._rank:
            from workbench.tasks.lora import merge_adapters

            merge_adapters(self._writer.net)
            self._rank = 0
        return self._writer

    def _nats(self, prepared: Sequence[Mapping[str, Any]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each example: summed negative log-likelihood of the right text's tokens float [B], and their number [B]."""
        import torch
        from torch.nn.functional import cross_entropy

        device = self._writer.device
        pad = self._writer.tokenizer.pad_token_id or 0

        def filled(key: str, value: int) -> torch.Tensor:
            longest = max(len(p[key]) for p in prepared)
            rows = [[*p[key], *[value] * (longest - len(p[key]))] for p in prepared]
            return torch.tensor(rows, device=device)

        lengths = torch.tensor([len(p["ids"]) for p in prepared], device=device)
        ids = filled("ids", pad)
        mask = (torch.arange(ids.shape[1], device=device)[None] < lengths[:, None]).long()
        labels = filled("labels", _NOT_COUNTED)
        logits = self._writer.net(
            input_ids=ids, attention_mask=mask, decoder_input_ids=filled("begins", pad), use_cache=False
        ).logits
        each = cross_entropy(logits.float().transpose(1, 2), labels, ignore_index=_NOT_COUNTED, reduction="none")
        return each.sum(1), (labels != _NOT_COUNTED).sum(1)

    def _write(self, sample: Mapping[str, Any]) -> str | None:
        """What the model writes of its own accord; None for texts beyond the first ones."""
        shown = self._shown.setdefault(sample["split"], set())
        most = _WRITTEN_OF_TEST if sample["split"] == "test" else _WRITTEN
        if sample["item_id"] not in shown:
            if len(shown) >= most:
                return None
            shown.add(sample["item_id"])
        messages = [{"role": "user", "content": sample["given"]}]
        longest = min(_LONGEST_WRITTEN, 2 * len(sample["labels"]) + 20)
        return "".join(self._writer.write(messages, replace(self._how, max_tokens=longest), self._control)).strip()
