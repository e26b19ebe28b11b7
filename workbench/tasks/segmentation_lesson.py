"""How networks that colour areas are taught (`workbench.runtimes.areas.AreaNetwork`).

Every point of a picture is one small question: the loss is the mean cross-entropy of all points that count, on request with
the soft Dice loss beside it (Milletari et al. 2016, arXiv 1606.04797). Quick trains the classifier on what the frozen rest
of the network sees, which is computed once for each picture and some fixed variations of it and kept on disk; Balanced also
trains the last stages, Thorough everything, on pictures varied anew each round. It is judged at the pictures' own size.
"""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.tasks import augment
from workbench.tasks.kept_features import KeptFeatures
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.masks import IGNORED, MOST_CLASSES, resized, shares_of, truth_map
from workbench.tasks.pictures import as_png, sized_pixels
from workbench.tasks.pooled_lesson import trained_stages
from workbench.tasks.predictions import Mask, Prediction

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.areas import AreaNetwork
    from workbench.tasks.masks import Map

LARGEST = 4096
# A new classifier wants so many steps; few pictures are gone through more often for it.
_STEPS = {How.QUICK: 600, How.BALANCED: 800, How.THOROUGH: 1000}
_FEWEST_EPOCHS, _MOST_EPOCHS = 20, 60
# Small batches while there are few pictures: more steps for the same work.
_BATCH, _FEW, _SMALL_BATCH = 8, 200, 4
# Fixed variations of each picture that Quick learns from, beside the picture itself.
_VARIATIONS = 3
# Part of the kept features' key: raised when what is computed changes.
_VERSION = 1
_DICE = 2.0
# A class is weighed by no more than so many times the usual, however rare.
_MOST_WEIGHT = 10.0
# Pictures are varied at up to this many times the size at which the network looks at them.
_ROOM = 1.5


def batch_for(pictures: int) -> int:
    """Pictures per step."""
    return _SMALL_BATCH if pictures < _FEW else _BATCH


def epochs_for(how: How, pictures: int) -> int:
    """At most so many rounds through so many pictures."""
    wanted = _STEPS[how] * batch_for(pictures) / max(1, pictures)
    return max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, round(wanted)))


class SegmentationLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`. Options: "dice" (weight of the Dice loss beside the cross-entropy, 0 for none),
    "augment" (see `workbench.tasks.augment`)."""

    checks_first = False
    judged_by = "score"
    weight_decay = 1e-4
    clip_norm = 0.0

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.areas import AreaNetwork

        if not isinstance(material.model, AreaNetwork):
            raise UserError(f"“{material.model.card.name}” cannot be taught areas.", "Choose another model.")
        if len(material.classes) > MOST_CLASSES:
            raise UserError(f"There are more than {MOST_CLASSES} kinds of areas.", "Use fewer classes.")
        self._model: AreaNetwork = material.model
        self._how = material.how
        self._device = material.device
        self._fresh = _never_trained(self._model.module)
        whole = len(self._fresh) == len(_norms(self._model.module)) > 0
        self._model.set_classes(material.classes, material.seed)
        self._model.module.eval()
        self.batch = batch_for(len(material.train))
        self.epochs = epochs_for(material.how, len(material.train))
        self.head_rate = self._model.head_rate
        # A network that has learnt nothing yet has nothing to be careful with.
        self.body_rate = self.head_rate if whole else self._model.learning_rate
        self._dice = _weight(material.options.get("dice", _DICE))
        self._choices = augment.chosen(material.options)
        self._weights = None if material.class_weights is None else _weights(material).to(material.device)
        self._head = _together(self._model.head_parts())
        self._truths: dict[tuple[int, int], tuple[bytes, tuple[int, int], tuple[int, int]]] = {}
        self._notes: list[str] = []
        self._views = 1
        self._kept: KeptFeatures | None = None
        if self._how is How.QUICK:
            self._keep(material)

    # What the loop asks --------------------------------------------------------------------------------------------------

    @property
    def module(self) -> nn.Module:
        return self._head if self._how is How.QUICK else self._model.module

    def notes(self) -> list[str]:
        """Sentences the person should read when the training starts."""
        return self._notes

    def stages(self) -> list[list[nn.Parameter]]:
        return trained_stages(self._model.stages(), self._how)

    def training_mode(self) -> None:
        """Norms whose statistics come from a far larger training keep them; new ones learn theirs."""
        self.module.train()
        for norm in _norms(self.module):
            if id(norm) not in self._fresh:
                norm.eval()

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        if self._how is How.QUICK:
            # The first view is the picture as it is; the others are varied, always in the same way.
            view = 0 if augment_seed is None else random.Random(augment_seed).randrange(self._views)
            known = self._known(example, view)
            if known is not None:
                return known
            seed = (
                None
                if view == 0
                else int(hashlib.sha256(f"{example.item.content_hash}/{view}".encode()).hexdigest()[:12], 16)
            )
            read = self._as_it_is(example) if seed is None else self._varied(example, seed)
            truth: Map = read["truth"]
            self._truths[example.item.id, view] = zlib.compress(truth.tobytes(), 1), truth.shape, read["size"]
            # Seen in an earlier training, perhaps: then the pixels are not needed.
            return self._known(example, view) or {**read, "name": self._name(example, view)}
        return self._as_it_is(example) if augment_seed is None else self._varied(example, augment_seed)

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        import torch

        # Norms that learn their statistics cannot learn them from a single value.
        given = [prepared[0], prepared[0]] if len(prepared) == 1 and self._fresh else list(prepared)
        truth = self._truth(given)
        half = self._device == "cuda" and torch.cuda.is_bf16_supported()
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half):
            outputs = (
                [(self._classified(given), 1.0)] if self._how is How.QUICK else self._model.learn(self._pixels(given))
            )
        if not bool((truth != IGNORED).any()):
            return Step(outputs[0][0].sum() * 0.0)
        loss = torch.zeros((), device=truth.device)
        for logits, weight in outputs:
            loss = loss + weight * area_loss(logits, truth, self._weights, self._dice)
        return Step(loss)

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        found: list[Prediction] = []
        losses: list[float] = []
        for one in prepared:
            with torch.inference_mode():
                logits = self._classified([one]) if self._how is How.QUICK else self._model.logits(self._pixels([one]))
                truth = self._truth([one])
                if bool((truth != IGNORED).any()):
                    losses.append(float(area_loss(logits, truth, None, self._dice)))
                else:
                    losses.append(0.0)
                found.append(self._mask(logits[0], one["size"]))
        return Checked(found, losses)

    def state(self) -> dict[str, torch.Tensor]:
        return dict(self.module.state_dict()) if self._how is How.QUICK else self._model.state()

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        if self._how is How.QUICK:
            self._head.load_state_dict(dict(state))
        else:
            self._model.load_state(state)

    def result(self) -> AreaNetwork:
        return self._model

    # Reading -----------------------------------------------------------------------------------------------------------------

    def _as_it_is(self, example: Example) -> dict[str, Any]:
        """The picture as a prediction looks at it: "pixels" float32 [3, h, w], "truth" uint8 [h, w], "size" of the picture
        (width, height)."""
        pixels, size = sized_pixels(example.item.sample(), LARGEST)
        seen = self._model.seen(pixels)
        return {"pixels": seen, "truth": _drawn(example, size, seen.shape[-1], seen.shape[-2]), "size": size}

    def _varied(self, example: Example, seed: int) -> dict[str, Any]:
        """The same, varied at random; set into the frame of the picture as it is, so that batches need no filling up."""
        import numpy as np
        import torch
        from PIL import Image

        varied, taken, size = varied_areas(example, self._model.network_size, seed, self._choices)
        assert varied.classes is not None
        height, width = self._model.network_size(size[1], size[0])
        # Width and height are stretched as they are when the whole picture is looked at.
        wide, high = varied.pixels.shape[1] * width / taken[0], varied.pixels.shape[0] * height / taken[1]
        scale = min(width / wide, height / high)
        inside = min(width, max(1, round(wide * scale))), min(height, max(1, round(high * scale)))
        small = Image.fromarray(varied.pixels).resize(inside, Image.Resampling.BILINEAR)
        values = torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255.0
        # What lies outside has the picture's mean, so that it says nothing.
        pixels = torch.zeros(3, height, width) + values.mean((1, 2))[:, None, None]
        pixels[:, : inside[1], : inside[0]] = values
        truth = np.full((height, width), IGNORED, np.uint8)
        truth[: inside[1], : inside[0]] = resized(varied.classes, *inside)
        return {"pixels": self._model.normalised(pixels), "truth": truth, "size": size}

    # Features that are kept --------------------------------------------------------------------------------------------------

    def _keep(self, material: Material) -> None:
        """Decide how many variations of the pictures are looked at, and whether what is seen in them finds room."""
        import torch

        views = 1 + (_VARIATIONS if material.augment else 0)
        sizes = [self._model.network_size(e.item.height or 512, e.item.width or 512) for e in material.train]
        if not sizes:
            return
        with torch.inference_mode():
            made = self._model.trunk(torch.zeros(1, 3, *sizes[0], device=self._device))
        points = sizes[0][0] * sizes[0][1]
        each = sum(f.numel() * 2 for f in made) / points
        once = sum(each * h * w for h, w in sizes)
        text = f"{_VERSION}/{sorted(asdict(self._model.preparation).items())}/{sorted(self._choices)}"
        key = hashlib.sha256(f"{self._model.trunk_hash()}/{text}".encode()).hexdigest()[:32]
        kept = KeptFeatures(material.features / "areas", key)
        # Validation and test pictures take about half as much again, in one view.
        while views > 1 and not kept.make_room(int(once * (views + 0.5))):
            views -= 1
        self._views = views
        if kept.make_room(int(once * (views + 0.5))):
            self._kept = kept
            return
        self._notes.append(
            f"What the model sees in your pictures would take {once * 1.5 / 1e9:.1f} GB of disk, more than there is room for, so"
            " it looks at them anew in every round. That takes longer; the result is the same."
        )

    def _name(self, example: Example, view: int) -> str:
        return f"{example.item.content_hash}-{view}"

    def _known(self, example: Example, view: int) -> dict[str, Any] | None:
        """A picture whose features are kept and whose truth has been drawn in this training."""
        import numpy as np

        truth = self._truths.get((example.item.id, view))
        features = self._kept.get(self._name(example, view)) if truth is not None and self._kept is not None else None
        if truth is None or features is None:
            return None
        packed, shape, size = truth
        return {
            "features": features,
            "truth": np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape),
            "size": size,
        }

    def _classified(self, prepared: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        """Logits float [B, classes, H, W] from what the trunk saw."""
        sizes = [(int(p["truth"].shape[0]), int(p["truth"].shape[1])) for p in prepared]
        size = max(h for h, _ in sizes), max(w for _, w in sizes)
        seen = {id(one): self._features(one) for one in {id(p): p for p in prepared}.values()}
        features = [seen[id(one)] for one in prepared]
        if len(set(sizes)) == 1 or self._model.multiple > 1:
            whole = tuple(_stacked([f[i] for f in features]) for i in range(len(features[0])))
            return self._model.classify(whole, size)
        # Features of pictures of other sizes do not lie on one grid: each is enlarged by itself.
        alone = [self._model.classify(tuple(f[None] for f in fs), s) for fs, s in zip(features, sizes, strict=True)]
        return _stacked([logits[0] for logits in alone])

    def _features(self, one: Mapping[str, Any]) -> tuple[torch.Tensor, ...]:
        """Of one picture, float32 [C, h, w] each; what is not kept yet is computed, and kept."""
        import torch

        features = one.get("features")
        if features is None:
            with torch.no_grad(), self._trunk_at_rest():
                seen = self._model.trunk(one["pixels"][None].to(self._device))
            features = tuple(f[0].half() for f in seen)  # as it will be read again: both ways give the same
            if self._kept is not None:
                self._kept.put(one["name"], features)
        return tuple(f.to(self._device).float() for f in features)

    @contextmanager
    def _trunk_at_rest(self) -> Iterator[None]:
        """The trunk in evaluation mode, whatever mode the classifier is in."""
        training = [part for part in self._head.modules() if part.training]
        self._model.module.eval()
        try:
            yield
        finally:
            for part in training:
                part.training = True

    # Batches -----------------------------------------------------------------------------------------------------------------

    def _pixels(self, prepared: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        import torch

        pixels = _stacked([p["pixels"] for p in prepared]).to(self._device)
        return pixels.contiguous(memory_format=torch.channels_last)

    def _truth(self, prepared: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        """uint8 class maps as int64 [B, H, W]; what fills up a smaller picture counts neither way."""
        import torch

        maps = [torch.from_numpy(p["truth"].copy()).long() for p in prepared]
        return _stacked(maps, IGNORED).to(self._device)

    def _mask(self, logits: torch.Tensor, size: tuple[int, int]) -> Mask:
        values, sure = self._model.answer(logits, (size[1], size[0]))
        labels = self._model.labels
        return Mask(as_png(values), *size, labels, shares_of(values, len(labels)), 0, "", sure)


def _weight(value: Any) -> float:
    """Raises: UserError when it is no number from 0 to 10."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10:
        raise UserError(f"The weight of the Dice loss cannot be “{value}”.", "Give a number from 0 to 10.")
    return float(value)


def area_loss(logits: torch.Tensor, truth: torch.Tensor, weights: torch.Tensor | None, dice: float) -> torch.Tensor:
    """Mean cross-entropy of all points that count, and `dice` times the soft Dice loss.

    Args:
        logits: float [B, C, H, W].
        truth: int64 [B, H, W]; `IGNORED` does not count.
        weights: float [C] of the classes, or None.
    """
    from torch.nn.functional import cross_entropy

    logits = logits.float()
    loss = cross_entropy(logits, truth, weight=weights, ignore_index=IGNORED)
    return loss + dice * dice_loss(logits, truth) if dice > 0 else loss


def dice_loss(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """1 minus the mean over the classes that are there of 2 sum(p g) / (sum(p^2) + sum(g^2)), with probabilities p and
    truth g of all points of the batch (Milletari et al. 2016, equation 3, here for several classes)."""
    import torch

    counts = (truth != IGNORED).unsqueeze(1)
    p = torch.softmax(logits, 1) * counts
    g = torch.nn.functional.one_hot(truth.masked_fill(~counts[:, 0], 0), logits.shape[1]).permute(0, 3, 1, 2) * counts
    both = (p * g).sum((0, 2, 3))
    sizes = (p * p).sum((0, 2, 3)) + g.sum((0, 2, 3))
    present = g.sum((0, 2, 3)) > 0
    return 1.0 - (2 * both / sizes.clamp(min=1e-6))[present].mean()


def _weights(material: Material) -> torch.Tensor:
    """float32 [1 + classes]: how much a point of each class counts, by median frequency (Eigen & Fergus 2015, arXiv
    1411.4734): the areas of rare classes more, those of common ones less."""
    import numpy as np
    import torch

    areas = np.zeros(len(material.classes) + 1)
    whole = np.zeros(len(material.classes) + 1)
    for example in material.train:
        # A small drawing is enough to measure shares by.
        width, height = example.item.width or 512, example.item.height or 512
        values = _drawn(example, (width, height), max(1, round(width * 128 / max(width, height))), max(1, round(height * 128 / max(width, height))))  # fmt: skip
        counts = np.bincount(values[values != IGNORED].reshape(-1), minlength=len(areas))[: len(areas)]
        areas += counts
        whole += counts.sum() * (counts > 0)
    share = np.where(whole > 0, areas / np.maximum(whole, 1), np.nan)
    middle = np.nanmedian(share) if np.isfinite(share).any() else 1.0
    weights = np.where(np.isfinite(share), middle / np.maximum(share, 1e-9), 1.0)
    return torch.tensor(weights.clip(1 / _MOST_WEIGHT, _MOST_WEIGHT), dtype=torch.float32)


def _drawn(example: Example, size: tuple[int, int], width: int, height: int) -> Map:
    """What was marked, drawn at the picture's own size (width, height), as a class map [height, width]."""
    return resized(truth_map(example.annotations, [c + 1 for c in example.classes], *size), width, height)


def varied_areas(
    example: Example, network_size: Callable[[int, int], tuple[int, int]], seed: int, choices: Collection[str]
) -> tuple[augment.Varied, tuple[int, int], tuple[int, int]]:
    """An example's picture and class map, varied; the width and height it was varied at, and those of the picture itself.

    Args:
        network_size: from a picture's height and width to those at which the network looks at it.

    Raises:
        UserError: when it cannot be read.
    """
    import numpy as np

    picture, size = _smaller(example, network_size)
    classes = _drawn(example, size, picture.width, picture.height)
    varied = augment.vary(np.asarray(picture), classes=classes, seed=seed, choices=choices)
    return varied, picture.size, size


def look(example: Example, seed: int | None, options: Mapping[str, Any]) -> augment.Look:
    """An example as a training varies it, in a size for the eye; see `workbench.tasks.base.VaryingTask`."""
    import numpy as np

    if seed is None:
        picture, size = _smaller(example, _for_the_eye)
        return augment.Look(np.asarray(picture), classes=_drawn(example, size, picture.width, picture.height))
    varied, _taken, _size = varied_areas(example, _for_the_eye, seed, augment.chosen(options))
    return augment.Look(varied.pixels, classes=varied.classes)


def _for_the_eye(height: int, width: int) -> tuple[int, int]:
    scale = augment.EYE / max(width, height)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _smaller(example: Example, network_size: Callable[[int, int], tuple[int, int]]) -> tuple[Any, tuple[int, int]]:
    """The picture, no larger than it is worth while to vary it, and its own width and height."""
    from PIL import Image

    from workbench.data.media import open_picture

    item = example.item
    known = item.width > 0 and item.height > 0
    wanted = LARGEST
    if known:
        wanted = round(max(network_size(item.height, item.width)) * _ROOM)
    picture = open_picture(item.sample(), max_side=wanted if known else None)
    size = picture.size
    if known:
        # The file's own words about its size do not know how the camera was held.
        size = (item.width, item.height)
        if (size[0] > size[1]) != (picture.width > picture.height) and size[0] != size[1]:
            size = (item.height, item.width)
    if max(picture.size) > wanted:
        picture.thumbnail((wanted, wanted), Image.Resampling.BILINEAR)
    return picture, size


def _stacked(tensors: Sequence[torch.Tensor], fill: float = 0.0) -> torch.Tensor:
    """Tensors [..., h, w] as one [B, ..., H, W], smaller ones filled up below and at the right."""
    import torch
    from torch.nn.functional import pad

    height, width = (max(int(t.shape[d]) for t in tensors) for d in (-2, -1))
    return torch.stack(
        [
            t
            if t.shape[-2:] == (height, width)
            else pad(t, (0, width - t.shape[-1], 0, height - t.shape[-2]), value=fill)
            for t in tensors
        ]
    )


def _norms(module: nn.Module) -> list[Any]:
    from torch.nn.modules.batchnorm import _BatchNorm

    return [part for part in module.modules() if isinstance(part, _BatchNorm)]


def _never_trained(module: nn.Module) -> set[int]:
    """Ids of the batch norms whose statistics are still those they were made with."""
    return {
        id(norm)
        for norm in _norms(module)
        if norm.running_mean is not None and not bool(norm.running_mean.any()) and bool((norm.running_var == 1).all())
    }


def _together(parts: Sequence[nn.Module]) -> nn.Module:
    from torch import nn

    return nn.ModuleList(parts)
