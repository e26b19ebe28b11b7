"""Teaching a language model to write like one's own texts, or to answer as in one's own pairs of question and answer.

Quick and Balanced learn small add-ons (LoRA), Thorough all weights. The loss is the mean negative log-likelihood of the
next token (of the answer's tokens only, where there is a question), its exponential the perplexity (Jelinek et al. 1977).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.predictions import Prediction, Text

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.transformers_writer_runtime import TextWriter

_EPOCHS = {How.QUICK: 3, How.BALANCED: 5, How.THOROUGH: 3}
_RANKS = {How.QUICK: 4, How.BALANCED: 16}
_ADAPTER_RATE, _WHOLE_RATE = 3e-4, 5e-5
_BLOCK = 512
_NOT_COUNTED = -100
# A few texts are written out, for the eye; it takes far longer than reading.
_WRITTEN = 4
_WORDS_WRITTEN = 40


def pair_of(example: Example) -> tuple[str, str]:
    """What is given and what is to be written; ("", text) where the text itself is to be learnt."""
    answer = next((a.text for a in example.annotations if a.text.strip()), "")
    text = example.item.text or ""
    return (text, answer) if answer else ("", text)


class LanguageLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`. What the model wrote before it was taught is kept beside what it writes after."""

    judged_by = "loss"
    checks_first = True
    batch = 4
    weight_decay = 0.01
    clip_norm = 1.0

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.transformers_writer_runtime import TextWriter

        if not isinstance(material.model, TextWriter):
            raise UserError(
                f"“{material.model.card.name}” cannot be taught to write.", "Choose a model that writes on."
            )
        self._writer: TextWriter = material.model
        if not self._writer.chats and any(pair_of(e)[0] for e in material.train):
            # So that a question is put at use as it was while learning.
            card = self._writer.card
            self._writer.card = replace(card, options={**card.options, "pairs": True})
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
        self._shown: list[int] = []

    @property
    def module(self) -> nn.Module:
        net: nn.Module = self._writer.net
        return net

    def stages(self) -> list[list[nn.Parameter]]:
        if self._rank:
            from workbench.tasks.lora import adapter_parameters

            return [adapter_parameters(self._writer.net)]
        return [list(self._writer.net.parameters())]

    def training_mode(self) -> None:
        self._writer.net.train()

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """Token blocks of at most 512 with what counts in them."""
        given, wanted = pair_of(example)
        if not wanted.strip():
            raise UserError("There is nothing to learn from here.", "Write what the answer shall be.")
        ids, counted = self._writer.tokens_of(given, wanted)
        blocks = []
        for start in range(0, len(ids), _BLOCK):
            part = ids[start : start + _BLOCK]
            labels = [i if c else _NOT_COUNTED for i, c in zip(part, counted[start : start + _BLOCK], strict=True)]
            # The first token of a block is seen, not foreseen.
            if any(v != _NOT_COUNTED for v in labels[1:]):
                blocks.append((part, labels))
        if not blocks:
            raise UserError("This text is too short to learn from.", "Use texts of at least a few words.")
        return {"item_id": example.item.id, "given": given, "wanted": wanted, "blocks": blocks}

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        blocks = [block for sample in prepared for block in sample["blocks"]]
        nats, count = self._nats(blocks)
        return Step(nats / max(1, count))

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        found: list[Prediction] = []
        losses: list[float] = []
        for sample in prepared:
            self._control.check()
            with torch.inference_mode():
                nats, count = self._nats(sample["blocks"])
            loss = float(nats) / max(1, count)
            written = self._write(sample)
            before = self._before.setdefault(sample["item_id"], (loss, written))
            losses.append(loss)
            found.append(Text(written, surprise=loss, surprise_before=before[0], before=before[1]))
        return Checked(found, losses)

    def state(self) -> dict[str, torch.Tensor]:
        return dict(self._writer.net.state_dict())

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._writer.net.load_state_dict(dict(state))

    def result(self) -> TextWriter:
        if self._rank:
            from workbench.tasks.lora import merge_adapters

            merge_adapters(self._writer.net)
            self._rank = 0
        return self._writer

    def _nats(self, blocks: Sequence[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, int]:
        """Summed negative log-likelihood of the counted tokens, and how many there are. A block at a time: batches of
        long texts would need much memory."""
        import torch
        from torch.nn.functional import cross_entropy

        net, device = self._writer.net, self._writer.device
        total, count = torch.zeros((), device=device), 0
        for ids, labels in blocks:
            logits = net(input_ids=torch.tensor([ids], device=device), use_cache=False).logits[0, :-1]
            targets = torch.tensor(labels[1:], device=device)
            total = total + cross_entropy(logits.float(), targets, ignore_index=_NOT_COUNTED, reduction="sum")
            count += int((targets != _NOT_COUNTED).sum())
        return total, count

    def _write(self, sample: Mapping[str, Any]) -> str:
        """What the model writes of its own accord, for the first few texts; "" for the others."""
        from workbench.runtimes.base import Writing

        if sample["item_id"] not in self._shown:
            if len(self._shown) >= _WRITTEN:
                return ""
            self._shown.append(sample["item_id"])
        beginning = sample["given"] or " ".join(sample["wanted"].split()[:6])
        messages = [{"role": "user", "content": beginning}]
        return "".join(self._writer.write(messages, Writing(max_tokens=_WORDS_WRITTEN), self._control)).strip()
