"""Picture networks of transformers: the DETR family, segmenters, and classifiers that can be taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workbench.catalog.card import ModelCard, Preparation
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.box_learner import keep_limit
from workbench.runtimes.fast_body import Core, Output, computed
from workbench.runtimes.hf_loading import load_network, load_part
from workbench.runtimes.network import Network, split_last_linear
from workbench.runtimes.pictures import to_classes, writable
from workbench.runtimes.transformers_boxes import TAUGHT, DetrLearner, TransformersDetector

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch, Pixels
    from workbench.runtimes.fast_body import Outputs

CLASSIFIER = "AutoModelForImageClassification"
DETECTOR = "AutoModelForObjectDetection"


class TransformersSegmenter(Loaded):
    """A `Segmenter`."""

    little_beside = True

    def __init__(self, card: ModelCard, module: Any, labels: Sequence[str], processor: Any) -> None:
        super().__init__(card, module, labels)
        self._processor = processor

    @property
    def heart(self) -> nn.Module | None:
        return self._module

    def core(self) -> Core:
        """A picture in the processor's size to logits, in a size of their own."""
        import numpy as np

        assert self._module is not None
        noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
        return Core(
            self._module, self._logits, {"logits": Output("scores", axis=1)}, self._inputs(noise), several=False,
            identity=f"{self.card.runtime}/{self.card.arch}",
        )  # fmt: skip

    def _inputs(self, picture: Pixels) -> Batch:
        inputs = self._processor(images=writable(picture), return_tensors="pt", input_data_format="channels_last")
        return {name: value.to(self.device) for name, value in inputs.items()}

    def _logits(self, batch: Batch) -> Outputs:
        module: Any = self._module
        return {"logits": module(**batch).logits}

    def segment(self, pictures: Sequence[Pixels]) -> list[Any]:
        import torch

        found = []
        for picture in pictures:
            with torch.inference_mode():
                logits = self._quickly(self._inputs(picture))[0]
            found.append(to_classes(logits, picture.shape[:2]))
        return found

    def _quickly(self, inputs: Batch) -> torch.Tensor:
        assert self._module is not None
        return computed(self._module, inputs, lambda: self._logits(inputs))["logits"]


def _before_head(backbone: nn.Module, batch: Batch) -> torch.Tensor:
    """What the last linear layer saw: the layer is an identity by now."""
    answer: Any = backbone(pixel_values=batch["pixels"])
    return cast("torch.Tensor", answer.logits)


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config, image processor and weights; no code of others is run.

    Raises:
        UserError: when the folder is incomplete, damaged, or of an architecture that is not known.
    """
    processor = load_part("AutoImageProcessor", path, card.name)
    model = load_network(card.arch, path, card.name)
    labels = _labels(card, model.config)
    if card.arch == CLASSIFIER:
        head = split_last_linear(model, int(model.config.num_labels))
        if head is None:
            raise UserError(f"“{card.name}” has no classes of its own.", "Choose another model.")
        prepared = replace(card, preparation=_preparation(processor, card.preparation))
        return Network(prepared, labels, model, _before_head, head, head.in_features, None, 5e-5)
    if card.arch == DETECTOR:
        taught = model.config.model_type in TAUGHT
        return (DetrLearner if taught else TransformersDetector)(card, model, labels, processor)
    return TransformersSegmenter(card, model, labels, processor)


def build(card: ModelCard, folder: Path) -> Loaded:
    """The bare network of an own model; its weights are loaded by the caller."""
    import transformers

    kind = DETECTOR if card.arch == DETECTOR else CLASSIFIER
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = getattr(transformers, kind).from_config(config)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    if kind == DETECTOR:
        keep_limit(model)
        return DetrLearner(card, model, card.label_names, load_part("AutoImageProcessor", folder, card.name))
    head = split_last_linear(model, int(config.num_labels))
    if head is None:
        raise UserError(f"“{card.name}” has no classes of its own.", "Choose another model.")
    return Network(card, (), model, _before_head, None, head.in_features, None, 5e-5)


def save_extras(model: Network | DetrLearner, folder: Path) -> None:
    """What such a model needs beside its weights: its config; a detector also what prepares its pictures."""
    if isinstance(model, DetrLearner):
        model.module.config.save_pretrained(folder)
        model.processor.save_pretrained(folder)
        return
    backbone: Any = model.backbone
    backbone.config.save_pretrained(folder)


def _labels(card: ModelCard, config: Any) -> tuple[str, ...]:
    known = label_names(card)
    if known and len(known) == config.num_labels:
        return known
    return tuple(str(config.id2label.get(i, f"kind {i}")) for i in range(config.num_labels))


def _preparation(processor: Any, given: Preparation) -> Preparation:
    """What the image processor does, in our words, so that training and prediction prepare alike."""
    size = dict(getattr(processor, "size", None) or {})
    crop = dict(getattr(processor, "crop_size", None) or {}) if getattr(processor, "do_center_crop", False) else {}
    shorter = int(size.get("shortest_edge") or size.get("height") or given.size)
    side = int(crop.get("height") or size.get("height") or shorter)
    share = float(getattr(processor, "crop_pct", None) or side / shorter)
    if "shortest_edge" in size and not crop and getattr(processor, "crop_pct", None):
        side = shorter  # ConvNeXt: resized to size / crop_pct, then cropped to size; from 384 on not cropped
        share = 1.0 if side >= 384 else share
    bicubic = int(getattr(processor, "resample", None) or 2) == 3
    normal = bool(getattr(processor, "do_normalize", True))
    mean = tuple(processor.image_mean) if normal and processor.image_mean else (0.0, 0.0, 0.0)
    std = tuple(processor.image_std) if normal and processor.image_std else (1.0, 1.0, 1.0)
    return replace(
        given,
        size=side,
        crop=min(1.0, share),
        interpolation="bicubic" if bicubic else "bilinear",
        mean=cast("tuple[float, float, float]", mean),
        std=cast("tuple[float, float, float]", std),
    )
