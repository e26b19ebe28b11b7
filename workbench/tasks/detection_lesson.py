"""The lesson of all detectors that can be taught (`workbench.runtimes.box_learner.BoxLearner`)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.data.shapes import PICTURE_SHAPES, bounds
from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.box_learner import BoxLearner, BoxTarget, Seen, keep_limit, limit_of, together
from workbench.tasks.augment import EYE, Look, chosen, vary
from workbench.tasks.found_things import Scene, Thing, best_limit
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.pictures import shrunk, sized_pixels
from workbench.tasks.pooled_lesson import keep_statistics, trained_stages
from workbench.tasks.predictions import Box, Boxes
from workbench.tasks.seen_store import SeenStore

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats, Pixels

# What `options` of a run may say beside `augment`: the size in which pictures are looked at (0: the model's own), and
# whether batch norms go on counting ("learn") or keep what they have ("keep").
SIZE, NORMS = "size", "norms"
LOWEST, MOST_BOXES = 0.05, 100
# Steps that each way of training takes in all, and the fewest between two looks at the validation pictures.
_STEPS = {How.QUICK: 1200, How.BALANCED: 1500, How.THOROUGH: 2000}
_ROUND_STEPS = 40
_FEWEST_ROUNDS, _MOST_ROUNDS = 10, 40
_BATCH = 8
# For the estimate: share of the examples that are learnt from, of the rounds that are usually needed, and of a forward pass
# that is spent outside the eyes.
_TRAIN_SHARE, _USUAL_SHARE, _HEAD = 0.7, 0.6, 0.2
# So many versions of each picture are kept for Quick: the plain one and varied ones.
_VERSIONS = 4
_VERSION = 1


def rounds_for(how: How, examples: int) -> tuple[int, int]:
    """How many times a round goes through so many examples, and how many rounds there are at most."""
    steps = max(1, math.ceil(examples / min(_BATCH, max(2, examples // 4))))
    repeats = max(1, math.ceil(_ROUND_STEPS / steps))
    return repeats, min(_MOST_ROUNDS, max(_FEWEST_ROUNDS, round(_STEPS[how] / (steps * repeats))))


def passes_for(how: How, examples: int, epochs: int = 0) -> float:
    """The work of a training that usually stops by itself before the last round, in forward passes of whole networks."""
    repeats, most = rounds_for(how, round(examples * _TRAIN_SHARE))
    rounds = (epochs or most) * _USUAL_SHARE
    learning, judging = examples * _TRAIN_SHARE * repeats, examples * (1 - _TRAIN_SHARE) / 2
    if how is How.QUICK:
        return examples * _VERSIONS * _TRAIN_SHARE + rounds * _HEAD * (learning * 3 + judging)
    return rounds * (learning * (3.0 if how is How.THOROUGH else 2.0) + judging)


class DetectionLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`."""

    checks_whole = True
    checks_first = False
    judged_by = "score"
    batch = _BATCH
    weight_decay = 0.01

    def __init__(self, material: Material) -> None:
        model = material.model
        if not isinstance(model, BoxLearner):
            raise UserError(f"“{model.card.name}” cannot be taught to find things.", "Choose another model.")
        self._model: BoxLearner = model
        self._loaded: Loaded = model
        self._how = material.how
        self._device = material.device
        self._classes = material.classes
        self._choices = chosen(material.options)
        self._norms = str(material.options.get(NORMS, "keep"))
        size = int(material.options.get(SIZE, 0) or 0)
        if size:
            model.set_size(size)
        if self._loaded.labels != material.classes:
            _seeded(material.seed, lambda: model.set_classes(material.classes))
        keep_limit(model.module)
        self.head_rate, self.body_rate, self.clip_norm = model.head_rate, model.body_rate, model.clip_norm
        self.repeats, self.epochs = rounds_for(material.how, len(material.train))
        self._balanced = material.class_weights is not None
        self._examples = len(material.train)
        # What was found in the validation pictures of this round, for the score from which boxes are shown.
        self._scenes: list[Scene] = []
        self._store: SeenStore | None = None
        self._views = ""
        if self._how is How.QUICK:
            self._store = SeenStore(material.features / "views")
            self._views = _views_key(model)

    @property
    def module(self) -> nn.Module:
        return self._model.module

    def stages(self) -> list[list[nn.Parameter]]:
        return trained_stages(self._model.stages(), self._how)

    def training_mode(self) -> None:
        self._scenes = []
        if self._norms == "learn":
            self.module.train()
        else:
            keep_statistics(self.module)
        if self._how is How.QUICK:
            self._model.eyes.eval()

    def notes(self) -> list[str]:
        """What the person should know about the way it learns."""
        found = []
        if self._balanced:
            found.append(
                "For finding things, rare kinds do not count more than common ones: the setting has no effect here."
            )
        if self._store is not None:
            import torch

            with torch.no_grad():
                seen = self._model.look([torch.zeros(3, 480, 640, device=self._loaded.device)])
            wanted = sum(f.numel() * 2 for f in seen.features) * self._examples * _VERSIONS
            if wanted > self._store.room:
                found.append(
                    f"What this model sees of your pictures needs {wanted / 1e9:.0f} GB, and {self._store.room / 1e9:.0f} GB"
                    " may be kept, so some pictures are looked at again in every round. It takes longer; the result is the"
                    " same."
                )
        return found

    # Examples ----------------------------------------------------------------------------------------------------------

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """ "pixels" or (Quick) what was "seen" of them, "target" (a `BoxTarget`), "size" of the picture, and "truths"."""
        import torch

        boxes, marked = marked_boxes(example)
        kinds = torch.tensor(marked, dtype=torch.int64)
        if self._store is None:
            return self._read(example, boxes, kinds, augment_seed)
        version = 0 if augment_seed is None else augment_seed % _VERSIONS
        key = self._key(example, version, boxes)
        kept = self._store.get(key)
        if kept is not None:
            seen, beside = kept
            return {
                "seen": seen, "key": key, "size": tuple(beside["size"].tolist()), "item": example.item.id,
                "target": _target(beside["boxes"], kinds[beside["kept"]]), "truths": self._truths(boxes, kinds),
            }  # fmt: skip
        # Which version it is says how it is varied, not when it was first asked for: a resumed run sees the same.
        seed = None if version == 0 else int(key[:12], 16)
        return {**self._read(example, boxes, kinds, seed), "key": key}

    def _read(self, example: Example, boxes: Floats, kinds: torch.Tensor, augment_seed: int | None) -> dict[str, Any]:
        import torch

        view = viewed(example, boxes, self._model.seen_size, augment_seed, self._choices)
        shares, kept = view.shares, torch.tensor(view.kept, dtype=torch.int64)
        flat = torch.tensor(shares, dtype=torch.float32).reshape(-1, 4).clamp(0, 1)
        return {
            "pixels": view.pixels, "size": view.size, "item": example.item.id, "kept": kept, "boxes": flat,
            "target": _target(flat, kinds[kept]), "truths": self._truths(boxes, kinds),
        }  # fmt: skip

    def _truths(self, boxes: Floats, kinds: torch.Tensor) -> tuple[Thing, ...]:
        return tuple(
            Thing((x0, y0, x1, y1), self._classes[kind] if kind >= 0 else "", ignored=kind < 0)
            for (x0, y0, x1, y1), kind in zip(boxes.tolist(), kinds.tolist(), strict=True)
        )

    def _key(self, example: Example, version: int, boxes: Floats) -> str:
        parts = [self._views, example.item.content_hash or str(example.item.id), str(version), boxes.tobytes().hex()]
        if version:
            parts.append(",".join(sorted(self._choices)))
        return hashlib.sha256("/".join(parts).encode()).hexdigest()

    # Steps -------------------------------------------------------------------------------------------------------------

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        seen = self._seen(prepared)
        return Step(self._model.loss(seen, [_on(p["target"], self._device) for p in prepared]))

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        with torch.inference_mode():
            seen = self._seen(prepared, alone=True)
            found: list[Detections] = []
            losses: list[float] = []
            for part, p in zip(seen, prepared, strict=True):
                found += self._model.found(part, LOWEST)
                losses += self._model.losses(part, [_on(p["target"], self._device)])
        predictions = [self._boxes(given, p) for given, p in zip(found, prepared, strict=True)]
        for p, boxes in zip(prepared, predictions, strict=True):
            things = tuple(Thing((b.x0, b.y0, b.x1, b.y1), b.label, b.score) for b in boxes.boxes)
            self._scenes.append(Scene(int(p["item"]), p["truths"], things))
        return Checked([*predictions], losses)

    def _seen(self, prepared: Sequence[Mapping[str, Any]], alone: bool = False) -> Any:
        """What is seen of some examples: together, or (`alone`) one by one, as they are when they are looked at later."""
        if self._store is None and not alone:
            return self._model.look([self._tensor(p) for p in prepared])
        parts = []
        for p in prepared:
            part = p.get("seen")
            if part is None and self._store is not None:
                # It may have been looked at since it was read: a small set comes round while batches are read ahead.
                kept = self._store.get(str(p["key"]))
                part = kept[0] if kept is not None else None
            if part is None:
                part = self._look_once(p)
            parts.append(_moved(part, self._device))
        return parts if alone else together(parts)

    def _look_once(self, p: Mapping[str, Any]) -> Seen:
        import torch

        with torch.no_grad():
            seen = self._model.look([self._tensor(p)])
        if self._store is None:
            return seen
        # Rounded whether it is kept or not, so that it makes no difference which pictures there was room for.
        rounded = Seen(tuple(f.half().cpu() for f in seen.features), seen.sizes, seen.frame)
        beside = {"boxes": p["boxes"], "kept": p["kept"], "size": torch.tensor(p["size"], dtype=torch.int64)}
        self._store.put(str(p["key"]), rounded, beside)
        return Seen(tuple(f.float() for f in rounded.features), seen.sizes, seen.frame)

    def _tensor(self, p: Mapping[str, Any]) -> torch.Tensor:
        from workbench.runtimes.pictures import as_tensor

        return as_tensor(p["pixels"], self._loaded.device)

    def _boxes(self, found: Detections, p: Mapping[str, Any]) -> Boxes:
        width, height = p["size"]
        boxes = tuple(
            Box(x0 * width, y0 * height, x1 * width, y1 * height, self._classes[kind], score)
            for (x0, y0, x1, y1), kind, score in zip(
                found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True
            )
        )
        return Boxes(boxes[:MOST_BOXES], width, height, threshold=limit_of(self.module))

    # Weights -----------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, torch.Tensor]:
        if self._scenes:
            keep_limit(self.module, best_limit(self._scenes))
        return self._loaded.state()

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._loaded.load_state(state)

    def result(self) -> Loaded:
        return self._loaded


@dataclass(frozen=True)
class View:
    """A picture as a detector that learns looks at it.

    Attributes:
        pixels: uint8 [H, W, 3].
        shares: float32 [M, 4], the boxes in shares of its width and height.
        kept: which of the boxes they are.
        size: width and height of the picture itself.
    """

    pixels: Pixels
    shares: Floats
    kept: tuple[int, ...]
    size: tuple[int, int]


def marked_boxes(example: Example) -> tuple[Floats, list[int]]:
    """Boxes float32 [N, 4] in pixels, and for each its class, or -1 where it shall count neither way."""
    import numpy as np

    boxes, kinds = [], []
    for annotation, kind in zip(example.annotations, example.classes, strict=True):
        if isinstance(annotation.shape, PICTURE_SHAPES):
            boxes.append(bounds(annotation.shape))
            kinds.append(-1 if annotation.ignored else kind)
    return np.asarray(boxes, np.float32).reshape(-1, 4), kinds


def viewed(
    example: Example,
    boxes: Floats,
    seen_size: Callable[[int, int], tuple[int, int]],
    augment_seed: int | None,
    choices: Collection[str],
) -> View:
    """Read an example's picture in the size in which it is looked at, varied when there is a seed.

    Args:
        boxes: float32 [N, 4] in pixels of the picture.
        seen_size: from a picture's width and height to those in which it is looked at.

    Raises:
        UserError: when it cannot be read.
    """
    pixels, (width, height) = sized_pixels(example.item.sample())
    wide, high = seen_size(width, height)
    # Varied pictures are made from more points than are seen in the end: a part of them may be cut out.
    room = 1.0 if augment_seed is None else 1.5
    pixels = shrunk(pixels, round(wide * room), round(high * room))
    shares, kept = boxes / _extent((width, height)), tuple(range(len(boxes)))
    if augment_seed is not None:
        varied = vary(pixels, shares * _extent(pixels.shape[1::-1]), seed=augment_seed, choices=choices)
        high, wide = varied.pixels.shape[:2]
        shares, kept = varied.boxes / _extent((wide, high)), tuple(varied.kept.tolist())
        pixels = shrunk(varied.pixels, *seen_size(wide, high))
    return View(pixels, shares, kept, (width, height))


def look(example: Example, seed: int | None, options: Mapping[str, Any]) -> Look:
    """An example as a training shows it to a detector, in a size for the eye; see `workbench.tasks.base.VaryingTask`."""
    boxes, kinds = marked_boxes(example)
    view = viewed(example, boxes, _for_the_eye, seed, chosen(options))
    corners = tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in view.shares.clip(0, 1).tolist())
    return Look(view.pixels, corners, tuple(kinds[i] for i in view.kept))


def _for_the_eye(width: int, height: int) -> tuple[int, int]:
    scale = EYE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _views_key(model: BoxLearner) -> str:
    """Says what the eyes see of a picture: their weights and in which size they look."""
    digest = hashlib.sha256(f"{_VERSION}/{type(model).__name__}/{model.seen_size(1000, 1000)}".encode())
    digest.update(f"/{model.seen_size(1000, 4000)}".encode())
    for name, tensor in sorted(model.eyes.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _seeded(seed: int, make: Any) -> None:
    """New layers get the numbers of the run's seed, whatever was drawn before."""
    import torch

    torch.manual_seed(seed)
    make()


def _extent(size: Sequence[int]) -> Floats:
    """Width and height, twice: what boxes are divided by to become shares."""
    import numpy as np

    return np.array([*size, *size], np.float32)


def _target(boxes: torch.Tensor, kinds: torch.Tensor) -> BoxTarget:
    """Boxes as shares; those without area are left out, as no detector can learn from them."""
    real = ((boxes[:, 2:] - boxes[:, :2]) > 1e-4).all(1)
    counts = real & (kinds >= 0)
    return BoxTarget(boxes[counts], kinds[counts], boxes[real & (kinds < 0)])


def _on(target: BoxTarget, device: str) -> BoxTarget:
    return BoxTarget(target.boxes.to(device), target.labels.to(device), target.ignored.to(device))


def _moved(seen: Seen, device: str) -> Seen:
    return Seen(tuple(f.to(device) for f in seen.features), seen.sizes, seen.frame)
