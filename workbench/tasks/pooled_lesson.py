"""The lesson of all models with a backbone, pooled features and a linear head (`workbench.runtimes.network.Network`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.tasks.kept_features import KeptFeatures
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.predictions import Prediction
from workbench.tasks.tag_calibration import SCALES, SHIFTS
from workbench.tasks.temperature import CALIBRATED_ON, TEMPERATURE

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.network import Network
    from workbench.runtimes.recomputed import Recomputed
    from workbench.tasks.base import PooledTask

_EPOCHS = {How.QUICK: 1, How.BALANCED: 12, How.THOROUGH: 20}
_HEAD_RATE = 1e-3
# Add-ons learn so many times faster than whole weights do well with (Schulman et al. 2025, "LoRA Without Regret").
_ADAPTERS_FASTER = 10
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


class PooledLesson(Lesson):
    """See `workbench.tasks.lesson.KeepingLesson`. The head must be set before (`Network.set_head`)."""

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
            self.body_rate = _ADAPTERS_FASTER * self._model.learning_rate
        # Validation must ask what has been learnt, not an engine that was found for the weights of before.
        self._model.layers_only()
        self.varies = material.augment and not task.as_they_are
        part = material.how is How.BALANCED and not self._adapters
        learning = [p for stage in self.stages() for p in stage] if part else [*self._model.backbone.parameters()]
        self._frozen = self._model.frozen_part(learning)
        self._recomputed: Recomputed | None = None
        self._kept: KeptFeatures | None = None
        self._uses_kept = False
        self._kept_in = material.features / "frozen"
        self._weights_key = self._model.weights_hash if self._frozen.parts else ""
        self._blank: dict[str, torch.Tensor] | None = None

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
        for part in self._frozen.parts:
            part.eval()  # what stays as it is drops nothing either, whether it is computed anew or was kept

    def length(self, example: Example) -> float:
        return float(len(example.item.text or ""))

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        known = self._kept if self._uses_kept and (augment_seed is None or not self.varies) else None
        kept = known.get(_name(example)) if known is not None else None
        if kept is not None and self._blank is not None:
            return {"kept": kept[0], "note": "", "example": example}
        prepared = self._task.prepare(example.item.sample(), self._model, augment_seed=augment_seed)
        return {**prepared, "example": example} | ({} if kept is None else {"kept": kept[0]})

    def spare_memory(self) -> bool:
        from workbench.runtimes.recomputed import Recomputed

        if self._recomputed is not None:
            return False
        self._recomputed = Recomputed(self._model.backbone)
        return self._recomputed.parts > 0

    # What stays as it is, computed once ------------------------------------------------------------------------------

    def begin_keeping(self, prepared: Sequence[Mapping[str, Any]], count: int) -> bool:
        batch = self._task.collate(prepared, self._model)
        if not self._model.stands_alone or not self._frozen.found(batch):
            return False
        if "attention_mask" in batch and self._model.tokenizer.padding_side != "right":
            return False
        size = sum(k.numel() * k.element_size() for k in self._fronts(prepared)) // len(prepared)
        text = f"{self._weights_key}/{self._task.preparation_key(self._model)}/{len(self._frozen.parts)}"
        self._kept = KeptFeatures(self._kept_in, hashlib.sha256(text.encode()).hexdigest()[:32], half=False)
        if not self._kept.make_room(size * count):
            self._kept = None
            return False
        if all(value.is_floating_point() for value in batch.values()):
            self._blank = self._frozen.stand_in({key: value[:1] for key, value in batch.items()})
        return True

    def lacks(self, example: Example) -> bool:
        return self._kept is None or self._kept.get(_name(example)) is None

    def keep(self, prepared: Sequence[Mapping[str, Any]]) -> None:
        assert self._kept is not None
        for one, front in zip(prepared, self._fronts(prepared), strict=True):
            self._kept.put(_name(one["example"]), (front,))

    def use_kept(self) -> None:
        self._uses_kept = True

    def _fronts(self, prepared: Sequence[Mapping[str, Any]]) -> list[torch.Tensor]:
        """What the frozen part gives for each: float [...], for texts [T, …] without what they were filled up with."""
        batch = self._task.collate(prepared, self._model)
        rows = list(self._frozen.front(batch))
        if "attention_mask" in batch:
            rows = [row[: int(mask.sum())] for row, mask in zip(rows, batch["attention_mask"], strict=True)]
        return [row.clone() for row in rows]

    def _logits(self, prepared: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        import torch

        if all("kept" not in p for p in prepared):
            return self._model.logits(self._task.collate(prepared, self._model))
        # Of some there is nothing any more, where somebody made room on the disk.
        fronts = [p["kept"] if "kept" in p else self._fronts([p])[0] for p in prepared]
        if self._blank is not None:
            batch: Mapping[str, torch.Tensor] = {
                k: v.new_zeros((len(prepared), *v.shape[1:])) for k, v in self._blank.items()
            }
            front = torch.stack(fronts)
        else:
            batch = self._task.collate(prepared, self._model)
            front = torch.nn.utils.rnn.pad_sequence(fronts, batch_first=True)
        front = front.to(self._device)
        if front.ndim == 4:
            front = front.contiguous(memory_format=torch.channels_last)
        return self._model.head_logits(self._frozen.back(front, batch).float())

    # -------------------------------------------------------------------------------------------------------------------

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        import torch

        targets = self._targets(prepared)
        half = self._device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        # In half precision where the device is made for it.
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half):
            logits = self._logits(prepared)
        loss = self._task.loss(logits, targets, self._weights)
        # With weights cross-entropy is a mean over weights, not over examples.
        one_class = self._weights is not None and targets.ndim == 1
        weight = float(self._weights[targets].sum()) if one_class and self._weights is not None else -1.0
        return Step(loss, self._task.right(logits.detach(), targets), weight)

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        with torch.inference_mode():
            logits = self._logits(prepared)
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
        if self._recomputed is not None:
            self._recomputed.undo()
        if self._adapters:
            from workbench.tasks.lora import merge_adapters

            merge_adapters(self._model.backbone)
            self._model.weights_changed()
            self._adapters = False
        self._model.card = replace(self._model.card, options=self._options)
        return self._model

    def _targets(self, prepared: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        return self._task.targets([p["example"] for p in prepared], self._classes).to(self._device)


def _name(example: Example) -> str:
    """Names a content as it is read, in letters every disk takes."""
    return hashlib.sha256(example.item.content_key.encode()).hexdigest()
