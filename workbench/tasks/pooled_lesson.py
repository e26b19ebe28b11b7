"""The lesson of all models with a backbone, pooled features and a linear head (`workbench.runtimes.network.Network`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.tasks.lesson import Checked, Example, How, Material, Step
from workbench.tasks.predictions import Prediction
from workbench.tasks.tag_calibration import SCALES, SHIFTS
from workbench.tasks.temperature import CALIBRATED_ON, TEMPERATURE

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.network import Network
    from workbench.tasks.base import PooledTask

_EPOCHS = {How.QUICK: 1, How.BALANCED: 12, How.THOROUGH: 20}
_HEAD_RATE = 1e-3
_ADAPTER_RATE = 5e-4
# Beside the weights, in the state of a model: what was settled on the validation examples.
_SETTLED = {name: f"settled.{name}" for name in ("thresholds", TEMPERATURE, SCALES, SHIFTS, CALIBRATED_ON)}


def trained_stages(stages: Sequence[list[nn.Parameter]], how: How) -> list[list[nn.Parameter]]:
    """Those of a network's stages (the head first) that a way of training changes: Quick the head, Balanced also the
    last third of the backbone, Thorough everything."""
    if how is How.QUICK:
        return list(stages[:1])
    return list(stages if how is How.THOROUGH else stages[: 1 + max(1, len(stages[1:]) // 3)])


def keep_statistics(module: nn.Module) -> None:
    """Training mode, but batch norms keep the statistics of their first, far larger training."""
    from torch.nn.modules.batchnorm import _BatchNorm

    module.train()
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.eval()


class PooledLesson:
    """See `workbench.tasks.lesson.Lesson`. The head must be set before (`Network.set_head`)."""

    checks_first = False
    judged_by = "loss"
    batch = 16
    head_rate = _HEAD_RATE
    weight_decay = 0.01
    clip_norm = 0.0

    def __init__(self, task: PooledTask, material: Material) -> None:
        from workbench.runtimes.network import Network

        if not isinstance(material.model, Network):
            raise UserError(f"“{material.model.card.name}” cannot be taught.", "Choose another model.")
        self._task = task
        self._classes = len(material.classes)
        self._before = dict(material.model.card.options)
        self._options = task.settle(self._before, (), (), self._classes)
        self._model: Network = material.model
        self._how = material.how
        self._device = material.device
        weights = material.class_weights
        self._weights = None if weights is None else weights.to(material.device)
        self.epochs = _EPOCHS[material.how]
        self.body_rate = self._model.learning_rate
        wanted = bool(material.options.get("lora")) and material.how is not How.QUICK
        self._adapters = wanted and self._model.tokenizer is not None  # those of texts are made of attention
        if self._adapters:
            from workbench.tasks.lora import add_adapters

            add_adapters(self._model.backbone, seed=material.seed)
            self._model.to(material.device)
            self.body_rate = _ADAPTER_RATE

    @property
    def module(self) -> nn.Module:
        return self._model.module

    def stages(self) -> list[list[nn.Parameter]]:
        if self._adapters:
            from workbench.tasks.lora import adapter_parameters

            return [self._model.stages()[0], adapter_parameters(self._model.backbone)]
        return trained_stages(self._model.stages(), self._how)

    def training_mode(self) -> None:
        keep_statistics(self._model.module)

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        prepared = self._task.prepare(example.item.sample(), self._model, augment_seed=augment_seed)
        return {**prepared, "example": example}

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        import torch

        targets = self._targets(prepared)
        half = self._device == "cuda" and torch.cuda.is_bf16_supported()
        # In half precision where the device is made for it.
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half):
            logits = self._model.logits(self._task.collate(prepared, self._model))
        loss = self._task.loss(logits, targets, self._weights)
        # With weights cross-entropy is a mean over weights, not over examples.
        one_class = self._weights is not None and targets.ndim == 1
        weight = float(self._weights[targets].sum()) if one_class and self._weights is not None else -1.0
        return Step(loss, self._task.right(logits.detach(), targets), weight)

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        with torch.inference_mode():
            logits = self._model.logits(self._task.collate(prepared, self._model))
            targets = self._targets(prepared)
            losses = [float(self._task.loss(logits[i : i + 1], targets[i : i + 1], None)) for i in range(len(prepared))]
        said = self._task.answers(logits.cpu(), self._model.labels)
        return Checked([self._task.settled(p, self._options) for p in said], losses)

    def settle(self, examples: Sequence[Example], answers: Sequence[Prediction]) -> list[Prediction]:
        """What the task decides on the validation examples; goes on the taught model's card."""
        # `check` has answered as it was settled before; it is settled anew from what the network itself says.
        plain = [self._task.unsettled(p, self._options) for p in answers]
        self._options = self._task.settle(self._before, examples, plain, self._classes)
        return [self._task.settled(p, self._options) for p in plain]

    def state(self) -> dict[str, torch.Tensor]:
        import torch

        kept = {
            key: torch.tensor(self._options[name], dtype=torch.float64)
            for name, key in _SETTLED.items()
            if name in self._options
        }
        return {**self._model.state(), **kept}

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        left = {name: value for name, value in self._options.items() if name not in _SETTLED}
        self._options = left | {name: state[key].tolist() for name, key in _SETTLED.items() if key in state}
        settled = set(_SETTLED.values())
        self._model.load_state({name: tensor for name, tensor in state.items() if name not in settled})

    def result(self) -> Network:
        if self._adapters:
            from workbench.tasks.lora import merge_adapters

            merge_adapters(self._model.backbone)
            self._model.weights_changed()
            self._adapters = False
        self._model.card = replace(self._model.card, options=self._options)
        return self._model

    def _targets(self, prepared: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        return self._task.targets([p["example"] for p in prepared], self._classes).to(self._device)
