"""A made picture held against the true one, and plain enlarging beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.data.whole_picture import on_white, open_whole
from workbench.errors import UserError
from workbench.tasks.predictions import Picture
from workbench.trust.picture_quality import Quality, cut_alike, decibels, quality


@dataclass(frozen=True)
class Comparison:
    """How near the model came to the true picture, and plain (bicubic) enlarging; None where nothing was enlarged."""

    made: Quality
    plain: Quality | None = None

    def lines(self) -> list[str]:
        """In words, the model first."""
        lines = [f"against the true picture: {self.made.words()}"]
        if self.plain is not None:
            lines.append(f"plain (bicubic) enlarging: {self.plain.words()}")
        return lines

    def verdict(self) -> str:
        """What the numbers say, in a sentence; "" when there is nothing to compare with."""
        if self.plain is None:
            return ""
        nearer = [self.made.psnr > self.plain.psnr, self.made.ssim > self.plain.ssim]
        if all(nearer):
            return "The model came nearer to the true picture than plain enlarging."
        if not any(nearer):
            return "Plain enlarging came nearer to the true picture. Sharp detail that is invented costs such points."
        name = "PSNR" if nearer[0] else "SSIM"
        return f"By {name} the model came nearer to the true picture, by {'SSIM' if nearer[0] else 'PSNR'} plain enlarging."

    def to_json(self) -> dict[str, Any]:
        return {"made": self.made.to_json(), "plain": self.plain.to_json() if self.plain else None}


def mean_words(found: Sequence[Comparison]) -> str:
    """The means of several, model and plain enlarging; pictures that are equal have no PSNR and are left out of it."""

    def mean(of: Sequence[Quality]) -> str:
        finite = [q.psnr for q in of if q.psnr != float("inf")]
        psnr = decibels(fmean(finite)) if finite else decibels(float("inf"))
        return f"PSNR {psnr}, SSIM {fmean(q.ssim for q in of):.3f}"

    words = f"Mean of {len(found)} pictures: {mean([c.made for c in found])}"
    plain = [c.plain for c in found if c.plain is not None]
    return f"{words}; plain enlarging: {mean(plain)}" if len(plain) == len(found) else words


def compare(prediction: Picture, sample: Sample, truth: Path, control: Control | None = None) -> Comparison:
    """Both pictures on white. A few rows or columns that one of them lacks are left out.

    Raises:
        UserError: when a picture cannot be read, or the true one has another size.
    """
    control = control or Control()
    try:
        made = on_white(open_whole(prediction.data())).pixels
    except OSError as error:
        raise UserError("The new picture is not there any more.", "Make it again.") from error
    control.check()
    true = on_white(open_whole(truth)).pixels
    control.check()
    given = on_white(open_whole(sample)).pixels
    scale = max(1, round(made.shape[1] / given.shape[1]))
    first = quality(*cut_alike(made, true, scale))
    control.check()
    if scale == 1:
        return Comparison(first)
    return Comparison(first, quality(*cut_alike(bicubic(given, made.shape[1], made.shape[0]), true, scale)))


def bicubic(pixels: Any, width: int, height: int) -> Any:
    """uint8 or uint16 [H, W] or [H, W, 3] in another size by Keys's cubic convolution (1981), a = -0.5."""
    import numpy as np
    from PIL import Image

    high = np.iinfo(pixels.dtype).max
    made = np.empty((height, width, *pixels.shape[2:]), pixels.dtype)
    planes = [(pixels, made)] if pixels.ndim == 2 else [(pixels[..., c], made[..., c]) for c in range(3)]
    for plane, target in planes:
        large = Image.fromarray(plane.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
        target[...] = (np.asarray(large) + 0.5).clip(0, high)
    return made


def truth_of(sample: Sample, truth: Path) -> Path:
    """The true picture of a sample: the file itself, or the one of the same name in a folder, whatever its ending.

    Raises:
        UserError: when there is none, or several.
    """
    if not truth.is_dir():
        if not truth.is_file():
            raise UserError(f"“{truth}” is not there.", "Check the name of the true picture.")
        return truth
    name = Path(sample.name)
    if (truth / name).is_file():
        return truth / name
    place = truth / name.parent
    found = [f for f in sorted(place.iterdir()) if f.stem == name.stem and f.is_file()] if place.is_dir() else []
    if len(found) != 1:
        words = "no" if not found else "more than one"
        raise UserError(
            f"The folder “{truth.name}” holds {words} picture named “{name.stem}”.", "Give it the same name."
        )
    return found[0]
