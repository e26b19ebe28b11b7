"""Object detection: what is where in a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape, checked
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.runtimes.stopping import between_layers
from workbench.tasks.augment import VARIATIONS
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.pictures import FILES, shrunk, sized_pixels
from workbench.tasks.predictions import Box, Boxes, Prediction

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.data.project import Project
    from workbench.runtimes.base import Detections, Loaded
    from workbench.tasks.augment import Look
    from workbench.tasks.lesson import Example, How, Lesson, Material

# Detectors look at no more than this anyway; it bounds memory.
_LARGEST = 4096
_LOWEST = 0.05
_FEWEST, _FEWEST_PICTURES = 2, 4


class ObjectDetection(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="object-detection",
        title="Find things in pictures",
        summary="Draws a box around every thing it knows, and counts them.",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="target",
        result="boxes",
        file_suffixes=FILES,
        group="Pictures",
        question="find and count things in pictures",
        editor="boxes",
        judge="boxes",
        trainable=True,
        import_formats=("marked", "folders", "files"),
    )

    variations = VARIATIONS

    def check(self, project: Project) -> None:
        counts = project.counts()
        if not counts.labelled:
            raise UserError(
                "No picture is marked yet.", "Draw boxes around things on the Data page, or import a set with boxes."
            )
        taught = [c for c in project.classes() if counts.per_class.get(c.id)]
        if not taught:
            raise UserError("There is no box in any picture yet.", "Draw boxes around the things to be found.")
        lonely = [c.name for c in taught if counts.per_class[c.id] < _FEWEST]
        if lonely:
            raise UserError(
                f"There is only one example of “{lonely[0]}”.",
                f"Mark at least {_FEWEST} (better twenty or more) of each kind.",
            )
        if counts.labelled < _FEWEST_PICTURES:
            raise UserError(
                f"Only {counts.labelled} pictures are marked.",
                f"Mark at least {_FEWEST_PICTURES}, better fifty or more.",
            )

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.detection_lesson import DetectionLesson

        return DetectionLesson(material)

    def varies(self, how: How) -> bool:
        """Every way does."""
        return True

    def look(self, example: Example, card: ModelCard, seed: int | None, options: Mapping[str, Any]) -> Look:
        """See `workbench.tasks.base.VaryingTask`."""
        from workbench.tasks.detection_lesson import look

        return look(example, seed, options)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            f"Finds these things in pictures and draws boxes around them: {', '.join(classes)}.",
            "Finds only these things; what is small, hidden or crowded is missed more often.",
        )

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float:
        """The work of a training in forward passes, for the estimate."""
        from workbench.tasks.detection_lesson import passes_for

        return passes_for(how, items, epochs)

    def annotations_of(self, prediction: Prediction, class_ids_by_name: Mapping[str, int]) -> list[Annotation]:
        """What a model found as proposals for a person to correct: what is certain enough to be shown; what has no class id
        is left out."""
        if not isinstance(prediction, Boxes):
            return []
        by_key = {labels.key(name): class_id for name, class_id in class_ids_by_name.items()}
        made = []
        for box in prediction.above():
            class_id = by_key.get(labels.key(box.label))
            if class_id is None:
                continue
            try:
                shape = checked(BoxShape(box.x0, box.y0, box.x1, box.y1), prediction.width, prediction.height)
            except UserError:
                continue  # nothing of it lies inside the picture
            made.append(Annotation(shape, class_id, source="model", score=box.score))
        return made

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.runtimes.box_learner import BoxLearner, is_taught

        pixels, (width, height) = sized_pixels(sample, _LARGEST)
        if isinstance(model, BoxLearner) and is_taught(model.module):
            # Published ones scale as their makers did.
            pixels = shrunk(pixels, *model.seen_size(width, height))
        return {"pixels": pixels, "size": (width, height), "note": ""}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        from workbench.runtimes.base import Detector, require
        from workbench.runtimes.box_learner import USUAL_LIMIT, limit_of

        control = control or Control()
        detector = require(model, Detector)
        found: list[Prediction] = []
        for sample in samples:
            pixels = sample["pixels"]
            with between_layers(model.network, control):
                answer = detector.detect([pixels], _LOWEST)[0]
            width, height = sample["size"]
            boxes = boxes_of(answer, model.labels, width / pixels.shape[1])
            limit = USUAL_LIMIT if model.network is None else limit_of(model.network)
            found.append(Boxes(boxes, width, height, str(sample["note"]), limit))
        return found


def boxes_of(answer: Detections, names: Sequence[str], scale: float = 1.0) -> tuple[Box, ...]:
    """A model's detections as boxes with names, in the model's order; `scale` leads back to the original picture."""
    found = []
    for index, (box, label, score) in enumerate(
        zip(answer.boxes.tolist(), answer.labels.tolist(), answer.scores.tolist(), strict=True)
    ):
        name = names[label] if 0 <= label < len(names) else f"kind {label}"
        words = answer.texts[index] if answer.texts else name
        corners = tuple((x * scale, y * scale) for x, y in answer.polygons[index]) if answer.polygons else ()
        x0, y0, x1, y1 = (v * scale for v in box)
        pieces = tuple(
            replace(word, corners=tuple((x * scale, y * scale) for x, y in word.corners))
            for word in (answer.words[index] if answer.words else ())
        )
        block = answer.blocks[index] if answer.blocks else -1
        found.append(Box(x0, y0, x1, y1, words, score, corners, pieces, block))
    return tuple(found)


TASK = ObjectDetection()
