"""Teaching a text network to find the place that answers a question: a beginning and an end among the passage's tokens, the
first token for "not answered here" (Devlin et al. 2019, section 4.2-4.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.data.questions import Question, questions_of, tight
from workbench.errors import UserError
from workbench.runtimes.answer_places import Scored, allowed, decoded, kept, token_places
from workbench.tasks.answer_scores import Sure, best_margin, exact_and_f1
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.predictions import Prediction, Text
from workbench.tasks.question_answering import said_of

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.transformers_text_runtime import PassageAnswerer

EPOCHS = {How.QUICK: 40, How.BALANCED: 12, How.THOROUGH: 12}
_HEAD_RATE = {How.QUICK: 5e-3, How.BALANCED: 1e-3, How.THOROUGH: 5e-4}
# A head that has learnt already is changed as gently as the network behind it.
_KEPT_HEAD_RATE = {How.QUICK: 5e-4, How.BALANCED: 5e-5, How.THOROUGH: 5e-5}
# Tokens that go through the network in one step (a long passage with many questions has far more), and when looking only.
_TOKENS = 8_192
# What Quick keeps of the frozen network's vectors, in bytes; beyond that they are computed each time.
_MOST_KEPT = 600_000_000
MARGIN = "no_answer_margin"
FEWEST = 10


@dataclass(frozen=True)
class Prepared:
    """One window: its inputs, the characters behind each token, which question, and the tokens of the answer (0, 0: not in
    this window)."""

    inputs: Mapping[str, Sequence[int]]
    offsets: Sequence[tuple[int, int] | None]
    question: int
    target: tuple[int, int]

    @property
    def length(self) -> int:
        return len(self.offsets)


class AnswerLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`. Quick learns the last layer on token vectors that are computed once."""

    judged_by = "score"
    batch = 4
    weight_decay = 0.01
    clip_norm = 1.0

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.transformers_text_runtime import PassageAnswerer, answerer_from

        self._answerer: PassageAnswerer = answerer_from(material.model, material.seed)
        keeps_head = isinstance(material.model, PassageAnswerer)
        # A published model may know it all already: what it says untaught is what teaching must beat.
        self.checks_first = keeps_head
        self._how = material.how
        self._control = material.control
        self._vectors: dict[str, torch.Tensor] = {}
        self._bytes = 0
        taught = [q for example in material.train for q in questions_of(example.annotations) if not q.open]
        says_none = bool(self._answerer.card.options.get("no_answer")) or any(not q.places for q in taught)
        self._options = {**self._answerer.card.options, "no_answer": says_none}
        self._margin = float(self._options.get(MARGIN, 0.0)) if keeps_head else 0.0
        self._set_margin(self._margin)
        self.epochs = EPOCHS[material.how]
        self.head_rate = (_KEPT_HEAD_RATE if keeps_head else _HEAD_RATE)[material.how]
        self.body_rate = 5e-5
        self._adapters = bool(material.options.get("lora")) and material.how is not How.QUICK
        if self._adapters:
            from workbench.tasks.lora import add_adapters

            add_adapters(self._answerer.body, seed=material.seed)
            self.body_rate = 5e-4

    @property
    def module(self) -> nn.Module:
        net: nn.Module = self._answerer.net
        return net

    def notes(self) -> list[str]:
        if self.checks_first or self._how is How.THOROUGH:
            return []
        changed = "its last layer: expect very little" if self._how is How.QUICK else "its last layers: expect little"
        return [
            f"This model has not learnt to answer questions yet, and this way of training only changes {changed} from some"
            " hundred questions. Choose Thorough, or begin with a model that answers questions already."
        ]

    def stages(self) -> list[list[nn.Parameter]]:
        from workbench.runtimes.network import stage_parameters
        from workbench.tasks.pooled_lesson import trained_stages

        head = self._answerer.head_parameters()
        if self._adapters:
            from workbench.tasks.lora import adapter_parameters

            return [head, adapter_parameters(self._answerer.body)]
        body = [list(unit) for unit in reversed(stage_parameters(self._answerer.body))]
        return trained_stages([head, *body], self._how)

    def training_mode(self) -> None:
        self._answerer.net.train(self._how is not How.QUICK)

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """All questions of the text, each in its windows. Of several right answers the first in a window is taught."""
        from workbench.tasks.texts import text_of

        text = text_of(example.item.sample())
        questions = [q for q in questions_of(example.annotations) if not q.open]
        windows: list[Prepared] = []
        for number, question in enumerate(questions):
            for window in self._answerer.windows(question.text, text, self._control):
                target = next(
                    (
                        t
                        for t in (token_places(window.offsets, *tight(text, *p)) for p in question.places)
                        if t != (0, 0)
                    ),
                    (0, 0),
                )
                windows.append(Prepared(window.inputs, window.offsets, number, target))
        return {"text": text, "questions": questions, "windows": windows}

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        """A step looks at as many windows as fit; where there are more, some are drawn (torch's generator is part of a
        checkpoint, so that a resumed training draws the same)."""
        import torch

        windows = [window for sample in prepared for window in sample["windows"]]
        if not windows:
            return Step(torch.zeros(()))
        most = max(1, _TOKENS // max(w.length for w in windows))
        if len(windows) > most and self._how is not How.QUICK:
            windows = [windows[i] for i in torch.randperm(len(windows))[:most].tolist()]
        return Step(self._losses(windows, *self._logits(windows)).mean())

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        found: list[Prediction] = []
        losses = []
        with torch.inference_mode():
            for sample in prepared:
                scored: list[list[Scored]] = [[] for _ in sample["questions"]]
                total = 0.0
                for part in _portions(sample["windows"]):
                    self._control.check()
                    starts, ends = self._logits(part)
                    total += float(self._losses(part, starts, ends).sum())
                    for window, begin, end in zip(part, starts, ends, strict=True):
                        at = window.length
                        scored[window.question].append(Scored(window.offsets, begin[:at], end[:at]))
                losses.append(total / max(1, len(sample["windows"])))
                said = [self._answerer.decided(decoded(s, sample["text"], 3)) for s in scored]
                found.append(said_of(sample["text"], [q.text for q in sample["questions"]], said))
        return Checked(found, losses)

    def settle(self, examples: Sequence[Example], found: Sequence[Prediction]) -> list[Prediction]:
        """On what validation items came out as: choose from which margin on an answer is given. See `Lesson`."""
        if not self._options["no_answer"]:
            return list(found)
        sure = []
        for example, said in zip(examples, found, strict=True):
            questions = {q.text: q for q in questions_of(example.annotations) if not q.open}
            assert isinstance(said, Text)
            sure += [
                _sure(said.text, questions[asked.question], asked.start, asked.end, asked.margin)
                for asked in said.asked
                if asked.question in questions and asked.start >= 0
            ]
        self._set_margin(best_margin(sure))
        again = []
        for said in found:
            assert isinstance(said, Text)
            places = [self._answerer.decided(asked.places()) for asked in said.asked]
            again.append(said_of(said.text, [a.question for a in said.asked], places))
        return [*again]

    def state(self) -> dict[str, torch.Tensor]:
        """The weights, and beside them the margin that belongs to them."""
        import torch

        return {**self._answerer.net.state_dict(), MARGIN: torch.tensor(self._margin, dtype=torch.float64)}

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._answerer.net.load_state_dict({k: v for k, v in state.items() if k != MARGIN})
        self._set_margin(float(state[MARGIN]))

    def result(self) -> PassageAnswerer:
        if self._adapters:
            from workbench.tasks.lora import merge_adapters

            merge_adapters(self._answerer.body)
            self._adapters = False
        return self._answerer

    # Computing -----------------------------------------------------------------------------------------------------

    def _set_margin(self, margin: float) -> None:
        self._margin = margin
        self._answerer.card = replace(self._answerer.card, options={**self._options, MARGIN: margin})

    def _logits(self, windows: Sequence[Prepared]) -> tuple[torch.Tensor, torch.Tensor]:
        """For the beginning and for the end, each float [B, T]."""
        import torch

        if self._how is not How.QUICK:
            out = self._answerer.net(**self._answerer.padded([w.inputs for w in windows]))
            return out.start_logits, out.end_logits
        longest = max(w.length for w in windows)
        hidden = torch.zeros(len(windows), longest, self._answerer.width)
        for row, vectors in enumerate(self._hidden(windows)):
            hidden[row, : len(vectors)] = vectors
        logits = self._answerer.logits_of(hidden.to(self._answerer.device))
        return logits[..., 0], logits[..., 1]

    def _losses(self, windows: Sequence[Prepared], starts: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        """float [B]: mean of the losses of beginning and end, over the tokens that could be it."""
        import torch
        from torch.nn.functional import cross_entropy

        mask = torch.zeros(starts.shape, dtype=torch.bool)
        for row, window in enumerate(windows):
            mask[row, : window.length] = torch.tensor(allowed(window.offsets))
        mask = mask.to(starts.device)
        targets = torch.tensor([w.target for w in windows], device=starts.device)
        loss: torch.Tensor = (
            cross_entropy(kept(starts, mask), targets[:, 0], reduction="none")
            + cross_entropy(kept(ends, mask), targets[:, 1], reduction="none")
        ) / 2
        return loss

    def _hidden(self, windows: Sequence[Prepared]) -> list[torch.Tensor]:
        """Token vectors float32 [T, F] of each window; the network is asked once for each, as far as memory goes."""
        import torch

        keys = [hashlib.sha256(repr(w.inputs["input_ids"]).encode()).hexdigest() for w in windows]
        fresh = {k: w for k, w in zip(keys, windows, strict=True) if k not in self._vectors}
        made: dict[str, torch.Tensor] = {}
        with torch.no_grad():
            self._answerer.net.eval()
            for part in _portions(list(fresh.items()), lambda entry: entry[1].length):
                hidden = self._answerer.hidden([w.inputs for _, w in part]).float().cpu()
                for (key, window), vectors in zip(part, hidden, strict=True):
                    made[key] = vectors[: window.length].clone()
        for key, vectors in made.items():
            size = vectors.numel() * vectors.element_size()
            if self._bytes + size <= _MOST_KEPT:
                self._vectors[key] = vectors
                self._bytes += size
        return [self._vectors[k] if k in self._vectors else made[k] for k in keys]


def _portions(entries: Sequence[Any], length: Any = lambda w: w.length) -> Iterator[list[Any]]:
    """Windows of about one length together, as many as the network takes at once; each comes once, in any order."""
    part: list[Any] = []
    for entry in entries:
        if part and max(length(entry), *(length(e) for e in part)) * (len(part) + 1) > _TOKENS:
            yield part
            part = []
        part.append(entry)
    if part:
        yield part


def _sure(text: str, question: Question, start: int, end: int, margin: float) -> Sure:
    said = text[start:end] if start >= 0 else ""
    _exact, f1 = exact_and_f1(said, [text[a:b] for a, b in question.places])
    return Sure(margin, f1, bool(question.places))


def check_answered(answered: int, nouns: str) -> None:
    """Raises: UserError when there is nothing to learn from. `answered`: questions that have an answer in their text."""
    if not answered:
        raise UserError(
            f"No question has an answer in the {nouns} yet.",
            "Open a text on the Data page, type a question and mark its answer.",
        )
    if answered < FEWEST:
        raise UserError(
            f"There are too few answered questions to learn from ({answered}).",
            "Ask at least ten, better some hundreds.",
        )
