"""Semantic segmentation: to what every point of a picture belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.runtimes.stopping import between_layers
from workbench.tasks.augment import VARIATIONS
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.lesson import How
from workbench.tasks.masks import MOST_CLASSES, regions_of, resized, shares_of
from workbench.tasks.pictures import FILES, as_png, sized_pixels
from workbench.tasks.predictions import Mask, Prediction

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.data.annotations import Annotation
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded
    from workbench.tasks.augment import Look
    from workbench.tasks.lesson import Example, Lesson, Material

_LARGEST = 4096
_NOTHING = ("background", "__background__", "void")
# Of an estimate: forward and backward in forward passes, the share of the pictures that are learnt from, the share of the
# rounds until it usually stops by itself, and how many variations of a picture are looked at.
_TRAINING_WORK, _TRAIN_SHARE, _USUAL_SHARE, _VIEWS = 3.0, 0.7, 0.7, 4


class SemanticSegmentation(BaseTask):
    """See `workbench.tasks.base.TrainableTask`."""

    info = TaskInfo(
        id="semantic-segmentation",
        title="Colour areas of pictures",
        summary="Says for every point of a picture what it belongs to, and how large each area is.",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="shapes",
        result="mask",
        editor="regions",
        judge="mask",
        trainable=True,
        import_formats=("masks", "coco", "files"),
        file_suffixes=FILES,
        group="Pictures",
        question="mark areas of a picture and measure them",
    )

    variations = VARIATIONS

    # Predicting ----------------------------------------------------------------------------------------------------------

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        pixels, size = sized_pixels(sample, _LARGEST)
        return {"pixels": pixels, "size": size, "note": ""}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        from workbench.runtimes.areas import AreaNetwork
        from workbench.runtimes.base import Segmenter, require

        control = control or Control()
        segmenter = require(model, Segmenter)
        found: list[Prediction] = []
        for sample in samples:
            with between_layers(model.network, control):
                sure: tuple[float, ...] = ()
                if isinstance(model, AreaNetwork):
                    classes, sure = model.segment_surely([sample["pixels"]])[0]
                else:
                    classes = segmenter.segment([sample["pixels"]])[0]
            width, height = sample["size"]
            classes = resized(classes, width, height)  # a very large picture was looked at smaller
            background = next((i for i, name in enumerate(model.labels) if name in _NOTHING), -1)
            shares = shares_of(classes, len(model.labels))
            note = str(sample["note"])
            found.append(Mask(as_png(classes), width, height, model.labels, shares, background, note, sure))
        return found

    # Teaching ----------------------------------------------------------------------------------------------------------------

    def check(self, project: Project) -> None:
        counts = project.counts()
        if not counts.labelled:
            raise UserError(
                "In none of the pictures the areas are marked as done.",
                "Paint or outline them on the Data page, and say of each picture that it is done.",
            )
        used = [c for c in project.classes() if counts.per_class.get(c.id)]
        if not used:
            raise UserError("No area has been marked yet.", "Paint or outline some on the Data page.")
        if len(used) > MOST_CLASSES:
            raise UserError(f"There are more than {MOST_CLASSES} kinds of areas.", "Bring some of them together.")
        if counts.labelled < 2:
            raise UserError(
                "Only one picture has its areas marked.",
                "Mark at least two (better ten or more), so that one can be kept aside for testing.",
            )

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.segmentation_lesson import SegmentationLesson

        return SegmentationLesson(material)

    def varies(self, how: How) -> bool:
        """Every way does."""
        return True

    def look(self, example: Example, card: ModelCard, seed: int | None, options: Mapping[str, Any]) -> Look:
        """See `workbench.tasks.base.VaryingTask`."""
        from workbench.tasks.segmentation_lesson import look

        return look(example, seed, options)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        kinds = f"these {len(classes)} kinds" if len(classes) > 1 else "this one kind"
        return (
            f"Colours areas of pictures: {', '.join(classes)}; and measures them.",
            f"Knows only {kinds} of areas and calls all else background. Edges are a few points off, and what is very thin or"
            " small is missed, because large pictures are looked at smaller.",
        )

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float:
        from workbench.tasks.segmentation_lesson import epochs_for

        rounds = (epochs or epochs_for(how, items)) * _USUAL_SHARE
        # A U-Net's classifier is about half of it; torchvision's are a layer.
        head = 0.5 if card.runtime == "unet" else 0.05
        if how is How.QUICK:
            return items * (_VIEWS * (1 - head) + rounds * head * _TRAINING_WORK * _TRAIN_SHARE)
        work = _TRAINING_WORK if how is How.THOROUGH else (_TRAINING_WORK + 1) / 2
        return items * rounds * (_TRAIN_SHARE * work + (1 - _TRAIN_SHARE) / 2)

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        import torch

        from workbench.runtimes.areas import AreaNetwork
        from workbench.runtimes.base import require

        network = require(model, AreaNetwork)
        with torch.inference_mode():
            network.logits(network.seen(prepared["pixels"], network.device)[None])

    def annotations_of(self, prediction: Prediction, class_ids_by_name: Mapping[str, int]) -> list[Annotation]:
        """What a model found as proposals for a person to correct; what has no class id is left out."""
        return regions_of(prediction, class_ids_by_name) if isinstance(prediction, Mask) else []


TASK = SemanticSegmentation()
