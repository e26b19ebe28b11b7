"""Varying pictures with labels on pieces of them while a model learns, so that it does not learn examples by heart.

What is drawn depends on the seed alone, never on other threads or on what else is random, and each variation draws for
itself: switching one off leaves the others as they were. The pixels are moved by torchvision's transforms v2, which move
boxes and class maps along.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats, Pixels

OPTION = "augment"
# A box of which less than this share is still to be seen is not asked for any more.
_SEEN = 0.35
_SMALLEST = 2.0
_TRIES = 10
# In a class map: points that no picture is behind; they count neither as right nor as wrong.
OUTSIDE = 255
# The longer side of pictures that are made to be looked at by a person.
EYE = 320


@dataclass(frozen=True)
class Variation:
    """One way of varying, as data: the window and the command line make a switch of it.

    Attributes:
        id: key in a run's `options["augment"]`.
        title: in plain words; `tip` says more, with the technical term.
        usual: on when nothing is said.
    """

    id: str
    title: str
    tip: str
    usual: bool


VARIATIONS = (
    Variation("flip", "Mirrored left to right", "Half of the pictures are mirrored (horizontal flip). Switch it off where left and right matter, for writing or for left and right shoes.", True),
    Variation("flip_vertical", "Upside down", "Half of the pictures are turned over (vertical flip). For pictures taken straight from above: plates, slides, aerial photos.", False),
    Variation("zoom", "Closer or further away", "A part of the picture is cut out, or the picture is set into a larger ground (random crop and zoom out).", True),
    Variation("stretch", "A little wider or taller", "Width and height change by up to a fifth each (scale and aspect jitter).", True),
    Variation("rotate", "Turned a little", "Turned by up to 10 degrees (rotation). Upright boxes around turned things become a little loose.", False),
    Variation("light", "Brighter, darker, other contrast", "Brightness and contrast change by up to 30 % (photometric jitter).", True),
    Variation("colour", "Stronger, paler, slightly other colours", "Saturation changes by up to 40 %, the hue a little (colour jitter). Switch it off where the colour says what a thing is.", True),
    Variation("blur", "Blurred or grainy", "Some pictures are blurred or get noise (Gaussian blur and noise), as from a shaky or weak camera.", False),
)  # fmt: skip


@dataclass(frozen=True)
class Varied:
    """What came of it, as it was given.

    Attributes:
        pixels: uint8 [H', W', 3].
        boxes: float32 [M, 4], x0 y0 x1 y1 inside the new picture.
        kept: int64 [M], which of the given boxes they are; the others left the picture.
        classes: uint8 [H', W'], or None when none was given; `OUTSIDE` where there was no picture.
    """

    pixels: Pixels
    boxes: Floats
    kept: Any
    classes: Pixels | None = None


@dataclass(frozen=True)
class Look:
    """One picture as a training looks at it, with its labels, for the eye.

    Attributes:
        pixels: uint8 [H, W, 3].
        boxes: x0, y0, x1, y1 in shares of the picture's width and height; `kinds`: for each its place among the classes, -1
            for one that counts neither way.
        classes: uint8 [H, W], 0 for nothing, 1 and up the classes in their order, `OUTSIDE` where it counts neither way;
            None where areas are not what is taught.
    """

    pixels: Pixels
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    kinds: tuple[int, ...] = ()
    classes: Pixels | None = None


def chosen(options: Mapping[str, Any]) -> frozenset[str]:
    """The variations a run's `options` ask for; those it says nothing about are as usual. Unknown ones do not matter."""
    said = options.get(OPTION)
    wanted = said if isinstance(said, Mapping) else {}
    return frozenset(v.id for v in VARIATIONS if bool(wanted.get(v.id, v.usual)))


def vary(
    pixels: Pixels,
    boxes: Floats | None = None,
    classes: Pixels | None = None,
    *,
    seed: int,
    choices: Collection[str] | None = None,
) -> Varied:
    """A picture with its labels, varied at random, drawn from exactly this seed. May be called from any thread.

    Args:
        pixels: uint8 [H, W, 3].
        boxes: float [N, 4], x0 y0 x1 y1 in pixels.
        classes: uint8 [H, W], the class of every point.
        choices: ids of `VARIATIONS`; None for the usual ones.
    """
    import numpy as np
    import torch
    from torchvision import tv_tensors

    wanted = chosen({}) if choices is None else choices
    size = pixels.shape[:2]
    given = np.zeros((0, 4), np.float32) if boxes is None else np.asarray(boxes, np.float32).reshape(-1, 4)
    scene = _Scene(
        tv_tensors.Image(torch.from_numpy(np.array(pixels, copy=True)).permute(2, 0, 1)),
        tv_tensors.BoundingBoxes(torch.from_numpy(given.copy()), format="XYXY", canvas_size=size),
        None if classes is None else tv_tensors.Mask(torch.from_numpy(np.array(classes, copy=True))[None]),
        torch.arange(len(given)),
    )
    for variation in VARIATIONS:
        if variation.id in wanted:
            _DO[variation.id](scene, random.Random(f"{seed}/{variation.id}"))
    sides = scene.boxes[:, 2:] - scene.boxes[:, :2]
    scene.keep((sides >= _SMALLEST).all(1))
    return Varied(
        np.ascontiguousarray(scene.picture.permute(1, 2, 0).numpy()),
        scene.boxes.as_subclass(torch.Tensor).numpy().astype(np.float32),
        scene.kept.numpy(),
        None if scene.classes is None else scene.classes[0].numpy(),
    )


class _Scene:
    """A picture with its boxes and class map on the way through the variations."""

    def __init__(self, picture: Any, boxes: Any, classes: Any, kept: torch.Tensor) -> None:
        self.picture, self.boxes, self.classes, self.kept = picture, boxes, classes, kept

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.picture.shape[-2]), int(self.picture.shape[-1])

    def move(self, function: Any, *args: Any, **kwargs: Any) -> None:
        """Apply one of torchvision's functions to everything that has a place."""
        self.picture = function(self.picture, *args, **kwargs)
        self.boxes = function(self.boxes, *args, **kwargs)
        if self.classes is not None:
            self.classes = function(self.classes, *args, **kwargs)

    def keep(self, which: torch.Tensor) -> None:
        from torchvision import tv_tensors

        if not bool(which.all()):
            self.boxes = tv_tensors.wrap(self.boxes[which], like=self.boxes)
            self.kept = self.kept[which]

    def fill(self) -> list[float]:
        """The picture's mean colour, for what lies outside of it."""
        return [float(v) for v in self.picture.float().mean((1, 2)).round()]


def _shares(boxes: Any, window: tuple[float, float, float, float]) -> Any:
    """Which share of each box's area lies in a window x0, y0, x1, y1: float [N]."""
    import torch

    flat = boxes.as_subclass(torch.Tensor)
    x0, y0, x1, y1 = window
    seen = torch.stack(
        [flat[:, 0].clamp(x0, x1), flat[:, 1].clamp(y0, y1), flat[:, 2].clamp(x0, x1), flat[:, 3].clamp(y0, y1)], 1
    )
    whole = ((flat[:, 2] - flat[:, 0]) * (flat[:, 3] - flat[:, 1])).clamp(min=1e-6)
    return (seen[:, 2] - seen[:, 0]) * (seen[:, 3] - seen[:, 1]) / whole


def _flip(scene: _Scene, rng: random.Random) -> None:
    from torchvision.transforms.v2 import functional

    if rng.random() < 0.5:
        scene.move(functional.horizontal_flip)


def _flip_vertical(scene: _Scene, rng: random.Random) -> None:
    from torchvision.transforms.v2 import functional

    if rng.random() < 0.5:
        scene.move(functional.vertical_flip)


def _zoom(scene: _Scene, rng: random.Random) -> None:
    """A window of the picture with at least one whole thing in it (Liu et al. 2016, SSD), or the picture on a larger
    ground."""
    draw = rng.random()
    if draw < 0.5:
        _cut(scene, rng)
    elif draw < 0.75:
        _set_back(scene, rng)


def _cut(scene: _Scene, rng: random.Random) -> None:
    from torchvision.transforms.v2 import functional

    height, width = scene.size
    for _ in range(_TRIES):
        share, ratio = rng.uniform(0.3, 1.0), rng.uniform(0.75, 1.333)
        wide = min(width, max(1, round(width * (share * ratio) ** 0.5)))
        high = min(height, max(1, round(height * (share / ratio) ** 0.5)))
        left, top = rng.randint(0, width - wide), rng.randint(0, height - high)
        shares = _shares(scene.boxes, (left, top, left + wide, top + high))
        if len(shares) and not bool((shares > 0.9).any()):
            continue
        scene.keep(shares >= _SEEN)
        scene.move(functional.crop, top, left, high, wide)
        scene.boxes = functional.clamp_bounding_boxes(scene.boxes)
        return


def _set_back(scene: _Scene, rng: random.Random) -> None:
    from torchvision.transforms.v2 import functional

    height, width = scene.size
    factor = rng.uniform(1.05, 1.6)
    more_x, more_y = round(width * (factor - 1)), round(height * (factor - 1))
    left, top = rng.randint(0, more_x), rng.randint(0, more_y)
    sides = [left, top, more_x - left, more_y - top]
    scene.picture = functional.pad(scene.picture, sides, fill=scene.fill())
    scene.boxes = functional.pad(scene.boxes, sides)
    if scene.classes is not None:
        scene.classes = functional.pad(scene.classes, sides, fill=OUTSIDE)


def _stretch(scene: _Scene, rng: random.Random) -> None:
    from torchvision.transforms.v2 import functional

    height, width = scene.size
    size = [max(1, round(height * rng.uniform(0.8, 1.2))), max(1, round(width * rng.uniform(0.8, 1.2)))]
    scene.move(functional.resize, size, antialias=True)


def _rotate(scene: _Scene, rng: random.Random) -> None:
    import math

    import torch
    from torchvision import tv_tensors
    from torchvision.transforms.v2 import InterpolationMode, functional

    angle = rng.uniform(-10.0, 10.0)
    height, width = scene.size
    scene.picture = functional.rotate(scene.picture, angle, interpolation=InterpolationMode.BILINEAR, fill=scene.fill())
    # Around the ellipse in each box and not around its corners, which few things fill (Kalra et al. 2021).
    flat = scene.boxes.as_subclass(torch.Tensor)
    middle = torch.tensor([width / 2, height / 2])
    centre, half = (flat[:, :2] + flat[:, 2:]) / 2 - middle, (flat[:, 2:] - flat[:, :2]) / 2
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    moved = torch.stack([cosine * centre[:, 0] + sine * centre[:, 1], cosine * centre[:, 1] - sine * centre[:, 0]], 1)
    sides = torch.stack(
        [torch.hypot(cosine * half[:, 0], sine * half[:, 1]), torch.hypot(sine * half[:, 0], cosine * half[:, 1])], 1
    )
    turned = torch.cat([moved + middle - sides, moved + middle + sides], 1)
    scene.boxes = tv_tensors.wrap(turned, like=scene.boxes)
    scene.keep(_shares(scene.boxes, (0, 0, width, height)) >= _SEEN)
    scene.boxes = functional.clamp_bounding_boxes(scene.boxes)
    if scene.classes is not None:
        scene.classes = functional.rotate(scene.classes, angle, fill=OUTSIDE)


def _light(scene: _Scene, rng: random.Random) -> None:
    from torchvision.transforms.v2 import functional

    scene.picture = functional.adjust_brightness(scene.picture, rng.uniform(0.7, 1.3))
    scene.picture = functional.adjust_contrast(scene.picture, rng.uniform(0.7, 1.3))


def _colour(scene: _Scene, rng: random.Random) -> None:
    from torchvision.transforms.v2 import functional

    scene.picture = functional.adjust_saturation(scene.picture, rng.uniform(0.6, 1.4))
    if rng.random() < 0.5:  # slow, and needed less
        scene.picture = functional.adjust_hue(scene.picture, rng.uniform(-0.03, 0.03))


def _blur(scene: _Scene, rng: random.Random) -> None:
    import torch
    from torchvision.transforms.v2 import functional

    draw = rng.random()
    if draw < 0.3:
        scene.picture = functional.gaussian_blur(scene.picture, [5, 5], [rng.uniform(0.4, 1.6)] * 2)
    elif draw < 0.6:
        own = torch.Generator().manual_seed(rng.randrange(2**31))
        noise = torch.randn(scene.picture.shape, generator=own) * rng.uniform(4.0, 14.0)
        noisy = (scene.picture.as_subclass(torch.Tensor).float() + noise).round().clamp(0, 255)
        scene.picture = noisy.to(torch.uint8)


_DO = {
    "flip": _flip, "flip_vertical": _flip_vertical, "zoom": _zoom, "stretch": _stretch, "rotate": _rotate, "light": _light,
    "colour": _colour, "blur": _blur,
}  # fmt: skip
