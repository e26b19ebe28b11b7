"""A set that looks real and whose truth is known: textured shapes with shadows on pieces of photographs.

Rendered from a seed alone, with boxes, outlines and class maps; `packaging/make_shapes.py` writes it as files.
"""

from __future__ import annotations

import colorsys
import math
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from workbench.app_paths import resources
from workbench.data.shapes import BoxShape, Point, Polygon, area, bounds, checked, class_map

CLASSES = ("circle", "square", "triangle", "star")
_PHOTOS = ("china.jpg", "flower.jpg")
# Drawn so many times larger, then made smaller: smooth edges.
_FINE = 3
_MOST_OVERLAP = 0.1


@dataclass(frozen=True)
class Scene:
    """One picture and all that is on it, later things on top.

    Attributes:
        pixels: uint8 [H, W, 3].
        names: the class of each thing; `outlines`: its polygon; both in the same order.
    """

    pixels: Any
    names: tuple[str, ...]
    outlines: tuple[Polygon, ...]
    classes: tuple[str, ...] = CLASSES

    @property
    def boxes(self) -> list[BoxShape]:
        return [BoxShape(*bounds(outline)) for outline in self.outlines]

    @property
    def class_map(self) -> Any:
        """uint8 [H, W]: 0 where there is nothing, else 1 + the place in `classes`."""
        height, width = self.pixels.shape[:2]
        numbers = (1 + self.classes.index(name) for name in self.names)
        return class_map(zip(self.outlines, numbers, strict=True), width, height)


def render(
    seed: int,
    size: tuple[int, int] = (160, 160),
    classes: tuple[str, ...] = CLASSES,
    most: int = 4,
    share: tuple[float, float] = (0.18, 0.42),
) -> Scene:
    """One scene.

    Args:
        size: width and height in pixels.
        most: one to so many things.
        share: smallest and largest diameter of a thing as a share of the picture's shorter side.
    """
    rng = random.Random(f"shapes/{seed}")
    width, height = size
    picture = _ground(rng, size)
    names: list[str] = []
    outlines: list[Polygon] = []
    for _ in range(rng.randint(1, most)):
        for _try in range(20):
            name = rng.choice(classes)
            radius = rng.uniform(*share) * min(size) / 2
            centre = (rng.uniform(radius * 0.9, width - radius * 0.9), rng.uniform(radius * 0.9, height - radius * 0.9))
            outline = checked(Polygon((_outline(name, centre, radius, rng.uniform(-25, 25)),)), width, height)
            assert isinstance(outline, Polygon)
            if all(_overlap(outline, other) <= _MOST_OVERLAP for other in outlines):
                picture = _drawn(picture, outline, radius, rng)
                names.append(name)
                outlines.append(outline)
                break
    return Scene(np.asarray(picture), tuple(names), tuple(outlines), classes)


def scenes(count: int, first: int = 0, **how: Any) -> list[Scene]:
    """Scenes of the seeds `first`, `first` + 1, …"""
    return [render(seed, **how) for seed in range(first, first + count)]


def write(folder: Path, count: int, first: int = 0, **how: Any) -> list[tuple[Path, Scene]]:
    """Scenes as PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, scene in enumerate(scenes(count, first, **how), start=first):
        path = folder / f"scene-{number:04d}.png"
        Image.fromarray(scene.pixels).save(path)
        found.append((path, scene))
    return found


def new_items(folder: Path, count: int, first: int = 0, marks: str = "boxes", **how: Any) -> list[Any]:
    """Scenes as `NewItem`s with annotations. `marks`: "boxes" or "regions" (outlines)."""
    from workbench.data.annotations import NewAnnotation
    from workbench.data.types import NewItem

    return [
        NewItem(
            "picture",
            path.name,
            path=path,
            annotations=tuple(
                NewAnnotation(shape, name)
                for name, shape in zip(scene.names, scene.boxes if marks == "boxes" else scene.outlines, strict=True)
            ),
        )
        for path, scene in write(folder, count, first, **how)
    ]


@cache
def _photo(name: str) -> Image.Image:
    return Image.open(resources() / "samples" / "try" / name).convert("RGB")


def _ground(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """A piece of a photograph, mirrored, lit and coloured at random."""
    photo = _photo(rng.choice(_PHOTOS))
    ratio = size[0] / size[1]
    wide = rng.uniform(0.3, 0.85) * min(photo.width, photo.height * ratio)
    high = wide / ratio
    left, top = rng.uniform(0, photo.width - wide), rng.uniform(0, photo.height - high)
    piece = photo.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + wide, top + high))
    if rng.random() < 0.5:
        piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhancer, low, high_ in ((ImageEnhance.Brightness, 0.7, 1.15), (ImageEnhance.Color, 0.3, 1.2)):
        piece = enhancer(piece).enhance(rng.uniform(low, high_))
    return piece


def _outline(name: str, centre: Point, radius: float, degrees: float) -> tuple[Point, ...]:
    """The corners of a shape of this radius, turned."""
    x, y = centre

    def corner(angle: float, at: float = 1.0) -> Point:
        turned = math.radians(angle + degrees)
        return x + radius * at * math.cos(turned), y + radius * at * math.sin(turned)

    if name == "circle":
        return tuple(corner(360 * n / 40) for n in range(40))
    if name == "square":
        return tuple(corner(45 + 90 * n) for n in range(4))
    if name == "triangle":
        return tuple(corner(-90 + 120 * n) for n in range(3))
    if name == "star":
        return tuple(corner(-90 + 36 * n, 1.0 if n % 2 == 0 else 0.42) for n in range(10))
    raise ValueError(name)


def _overlap(a: Polygon, b: Polygon) -> float:
    """Of the boxes, as a share of the smaller one."""
    ax0, ay0, ax1, ay1 = bounds(a)
    bx0, by0, bx1, by1 = bounds(b)
    wide, high = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / min((ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0))


def _drawn(picture: Image.Image, outline: Polygon, radius: float, rng: random.Random) -> Image.Image:
    """A shape with its shadow on a picture."""
    width, height = picture.size
    mask = Image.new("L", (width * _FINE, height * _FINE))
    ImageDraw.Draw(mask).polygon([(px * _FINE, py * _FINE) for px, py in outline.parts[0]], fill=255)
    mask = mask.resize(picture.size, Image.Resampling.BOX)
    shadow = Image.new("L", picture.size)
    shadow.paste(mask, (round(radius * rng.uniform(0.05, 0.2)), round(radius * rng.uniform(0.08, 0.22))))
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(1.0, radius * 0.12))).point(lambda v: int(v * 0.55))
    picture = Image.composite(Image.new("RGB", picture.size), picture, shadow)
    return Image.composite(_texture(picture.size, outline, rng), picture, mask)


def _texture(size: tuple[int, int], outline: Polygon, rng: random.Random) -> Image.Image:
    """A colour with a light from one side, plain, striped, spotted or grained."""
    width, height = size
    x0, y0, x1, y1 = bounds(outline)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    hue, strong, bright = rng.random(), rng.uniform(0.35, 0.95), rng.uniform(0.45, 0.95)
    base = np.array(colorsys.hsv_to_rgb(hue, strong, bright), np.float32)
    other = np.array(colorsys.hsv_to_rgb((hue + rng.uniform(0.1, 0.9)) % 1, strong * 0.8, bright), np.float32)
    step = max(3.0, (x1 - x0) * rng.uniform(0.12, 0.3))
    kind = rng.choice(("plain", "stripes", "spots", "grain"))
    if kind == "stripes":
        angle = rng.uniform(0, math.pi)
        mix = (np.sin((xs * math.cos(angle) + ys * math.sin(angle)) * 2 * math.pi / step) > 0.2).astype(np.float32)
    elif kind == "spots":
        mix = (np.hypot((xs - x0) % step - step / 2, (ys - y0) % step - step / 2) < step * 0.28).astype(np.float32)
    elif kind == "grain":
        mix = np.random.default_rng(rng.randrange(2**32)).random((height, width), np.float32) * 0.5
    else:
        mix = np.zeros((height, width), np.float32)
    colour = base * (1 - mix[..., None]) + other * mix[..., None]
    turn = rng.uniform(0, 2 * math.pi)
    across = ((xs - x0) / max(1.0, x1 - x0) - 0.5) * math.cos(turn) + ((ys - y0) / max(1.0, y1 - y0) - 0.5) * math.sin(
        turn
    )
    lit = np.clip(colour * (1 + 0.5 * across[..., None]), 0, 1)
    return Image.fromarray((lit * 255).astype(np.uint8))


def total_area(scene: Scene) -> float:
    """Square pixels of all outlines."""
    return sum(area(outline) for outline in scene.outlines)
