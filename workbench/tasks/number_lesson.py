"""Teaching a network with pooled features to estimate a number: ridge regression on its features, then deeper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.data.numbers import number
from workbench.errors import UserError
from workbench.runtimes.number_runtime import MIDDLE, NAME, STEP, NumberNetwork, number_network
from workbench.tasks import ridge
from workbench.tasks.intervals import COVERAGE, USUAL_COVERAGE, WIDTH, ranged, settle_interval
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.pooled_lesson import keep_statistics, trained_stages
from workbench.tasks.predictions import Number, Prediction

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.tasks.molecule_property import MoleculeProperty

# Quick is fitted before its one round, which only judges it.
_EPOCHS = {How.QUICK: 1, How.BALANCED: 12, How.THOROUGH: 20}
_HEAD_RATE, _HIGHEST_BODY_RATE = 1e-3, 5e-5
_AT_ONCE = 32
_LONGEST_NAME = 200
_SETTLED = "settled.interval"


class NumberLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`. Everything is learnt in steps from the middle of the training numbers."""

    checks_first = False
    judged_by = "loss"
    batch = 16
    weight_decay = 0.01
    clip_norm = 1.0

    def __init__(self, task: MoleculeProperty, material: Material) -> None:
        import torch

        self._task = task
        self._model: NumberNetwork = number_network(material.model)
        self._how = material.how
        self._device = material.device
        self.epochs = _EPOCHS[material.how]
        self.head_rate = 0.0 if material.how is How.QUICK else _HEAD_RATE
        # Higher ones were tried for classes only.
        self.body_rate = min(_HIGHEST_BODY_RATE, self._model.pooled.learning_rate)
        known = {e.item.id: value for e in material.train if (value := truth_of(e)) is not None}
        if len(set(known.values())) < 2:
            raise UserError("All numbers to learn from are the same.", "Add items with other numbers.")
        wanted = torch.tensor(list(known.values()), dtype=torch.float64)
        self._middle, self._step = float(wanted.mean()), float(wanted.std(unbiased=False).clamp(min=1e-9))
        self._interval: float | None = None
        self._name = str(material.options.get(NAME, ""))[:_LONGEST_NAME]
        self._fit(material, [e for e in material.train if e.item.id in known])

    def _fit(self, material: Material, examples: Sequence[Example]) -> None:
        """The head in closed form, on what the backbone makes of the training items as it is."""
        import torch

        pooled = self._model.pooled
        pooled.evaluating()
        rows, used = [], []
        for start in range(0, len(examples), _AT_ONCE):
            material.control.check()
            material.control.progress(
                start, len(examples), f"Looking at {self._task.info.nouns}: {start} of {len(examples)}"
            )
            part = []
            for example in examples[start : start + _AT_ONCE]:
                try:
                    part.append((example, self._task.prepare(example.item.sample(), self._model)))
                except UserError:  # the training loop says so beside the item
                    continue
            if part:
                with torch.inference_mode():
                    rows.append(pooled.features(self._task.collate([p for _, p in part], self._model)).cpu())
                used += [e for e, _ in part]
        if len(used) < 2:
            raise UserError(f"None of the {self._task.info.nouns} can be read.", "Look at them on the Data page.")
        group = {e.item.id: e.item.id for e in used}
        for together in self._task.kept_together([e.item for e in used], material.control):
            group |= dict.fromkeys(together, together[0])
        weight, constant, _strength = ridge.fit(
            torch.cat(rows).clone(), self._targets(used).cpu(), [group[e.item.id] for e in used], material.control
        )
        pooled.set_head(("number",), weight[None], constant[None])

    @property
    def module(self) -> nn.Module:
        return self._model.pooled.module

    def stages(self) -> list[list[nn.Parameter]]:
        return trained_stages(self._model.pooled.stages(), self._how)

    def training_mode(self) -> None:
        keep_statistics(self.module)

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        found = self._task.prepare(example.item.sample(), self._model, augment_seed=augment_seed)
        return {**found, "example": example}

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        from torch.nn.functional import mse_loss

        targets = self._targets([p["example"] for p in prepared])
        return Step(mse_loss(self._outputs(prepared), targets))

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        with torch.inference_mode():
            outputs = self._outputs(prepared)
            losses = (outputs - self._targets([p["example"] for p in prepared])).square().tolist()
        said: list[Prediction] = [self._ranged(Number(v)) for v in (outputs * self._step + self._middle).tolist()]
        return Checked(said, losses)

    def settle(self, examples: Sequence[Example], answers: Sequence[Prediction]) -> list[Prediction]:
        """How far off it usually is, by its errors on the validation examples."""
        pairs = [
            (a.value, t) for e, a in zip(examples, answers, strict=True) if isinstance(a, Number) and (t := truth_of(e)) is not None
        ]  # fmt: skip
        found = settle_interval({}, [said for said, _ in pairs], [truth for _, truth in pairs])
        self._interval = found.get(WIDTH)
        return [self._ranged(replace(a, low=None, high=None)) if isinstance(a, Number) else a for a in answers]

    def state(self) -> dict[str, torch.Tensor]:
        import torch

        width = -1.0 if self._interval is None else self._interval
        return {**self._model.pooled.state(), _SETTLED: torch.tensor(width, dtype=torch.float64)}

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        width = float(state[_SETTLED]) if _SETTLED in state else -1.0
        self._interval = width if width >= 0 else None
        self._model.pooled.load_state({name: tensor for name, tensor in state.items() if name != _SETTLED})

    def result(self) -> NumberNetwork:
        self._model.card = replace(self._model.card, options={**self._model.card.options, **self._options()})
        return self._model

    # Computing ---------------------------------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        interval = {} if self._interval is None else {WIDTH: self._interval, COVERAGE: USUAL_COVERAGE}
        named = {NAME: self._name} if self._name else {}
        return {MIDDLE: self._middle, STEP: self._step, **interval, **named}

    def _ranged(self, prediction: Number) -> Number:
        return ranged(prediction, self._options())

    def _outputs(self, prepared: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        return self._model.outputs(self._task.collate(prepared, self._model))

    def _targets(self, examples: Sequence[Example]) -> torch.Tensor:
        """float32 [N], in steps from the middle."""
        import torch

        values = [truth_of(e) for e in examples]
        told = [self._middle if v is None else v for v in values]
        return torch.tensor([(v - self._middle) / self._step for v in told], dtype=torch.float32).to(self._device)


def truth_of(example: Example) -> float | None:
    """The number an item is labelled with; None where that is none."""
    return next((v for a in example.annotations if (v := number(a.text)) is not None), None)
