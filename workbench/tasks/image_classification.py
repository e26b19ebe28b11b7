"""Picture classification: which of its classes a picture shows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard, Preparation
from workbench.data.types import Sample
from workbench.tasks.augment import Look, Variation
from workbench.tasks.base import TaskInfo
from workbench.tasks.classification import Classification
from workbench.tasks.lesson import Example, How
from workbench.tasks.pictures import FILES

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from workbench.data.media import Opened
    from workbench.runtimes.base import Floats, Loaded


class ImageClassification(Classification):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="image-classification",
        title="Picture classification",
        summary="Says which of your classes a picture shows.",
        media="picture",
        noun="picture",
        nouns="pictures",
        icon="image",
        editor="classes",
        judge="classes",
        trainable=True,
        first=True,
        group="Pictures",
        question="say what a picture shows",
        several="image-tags",
        untaught="look-alikes",
        import_formats=("folders", "table", "files"),
        file_suffixes=FILES,
    )
    variations: tuple[Variation, ...] = ()
    # 2: greys deeper than 8 bits are read through a window.
    version = 2

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.data.media import read_picture

        preparation = model.preparation
        # Pictures far larger than needed are shrunk while decoding, which is much faster for JPEG.
        opened = read_picture(sample, max_side=preparation.size * 4, window=preparation.window)
        if augment_seed is None:
            return self.prepare_opened(opened, model)
        return {"pixels": _tensor(_varied(opened.picture, preparation, augment_seed), preparation), "note": opened.note}

    def prepare_opened(self, opened: Opened, model: Loaded) -> dict[str, Any]:
        """As `prepare`, for a picture that has been read already (not smaller than 4 times the network's side)."""
        preparation = model.preparation
        return {"pixels": _tensor(_centre(opened.picture, preparation), preparation), "note": opened.note}

    def varies(self, how: How) -> bool:
        """Quick learns from what the network sees in the pictures as they are."""
        return how is not How.QUICK

    def look(self, example: Example, card: ModelCard, seed: int | None, options: Mapping[str, Any]) -> Look:
        """See `workbench.tasks.base.VaryingTask`."""
        import numpy as np

        from workbench.data.media import read_picture

        preparation = card.preparation
        picture = read_picture(example.item.sample(), max_side=preparation.size * 4, window=preparation.window).picture
        seen = _centre(picture, preparation) if seed is None else _varied(picture, preparation, seed)
        return Look(np.asarray(seen))

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Loaded) -> Mapping[str, torch.Tensor]:
        import torch

        pixels = torch.stack([p["pixels"] for p in prepared]).to(model.device)
        return {"pixels": pixels.contiguous(memory_format=torch.channels_last)}


def _resampling(preparation: Preparation) -> Any:
    from PIL.Image import Resampling

    return Resampling.BICUBIC if preparation.interpolation == "bicubic" else Resampling.BILINEAR


def _centre(picture: Image, preparation: Preparation) -> Image:
    """Shorter side to size / crop, then the central square: what the network was trained to see."""
    size = preparation.size
    width, height = _scaled(picture.size, preparation)
    picture = picture.resize((width, height), _resampling(preparation))
    left, top = (width - size) // 2, (height - size) // 2
    return picture.crop((left, top, left + size, top + size))


def _scaled(size: tuple[int, int], preparation: Preparation) -> tuple[int, int]:
    """Width and height to which a picture is brought before its middle is cut out."""
    scale = round(preparation.size / preparation.crop) / min(size)
    width, height = (max(preparation.size, round(side * scale)) for side in size)
    return width, height


def seen_part(size: tuple[int, int], preparation: Preparation) -> tuple[float, float, float, float]:
    """What a network sees of a picture of this width and height: left, top, right, bottom in shares of them."""
    width, height = _scaled(size, preparation)
    side = preparation.size
    left, top = (width - side) // 2, (height - side) // 2
    return left / width, top / height, (left + side) / width, (top + side) / height


def _varied(picture: Image, preparation: Preparation, seed: int) -> Image:
    """A random crop (60-100 % of the area), mirrored half the time, brightness, contrast and colour varied a little.

    Drawn from `seed` alone, so that a resumed training sees the same pictures.
    """
    from PIL import ImageEnhance
    from PIL.Image import Transpose

    rng = random.Random(seed)
    width, height = picture.size
    share, ratio = rng.uniform(0.6, 1.0), rng.uniform(0.8, 1.25)
    area = width * height * share
    cut_width = min(width, max(1, round((area * ratio) ** 0.5)))
    cut_height = min(height, max(1, round((area / ratio) ** 0.5)))
    left, top = rng.randint(0, width - cut_width), rng.randint(0, height - cut_height)
    picture = picture.resize(
        (preparation.size, preparation.size),
        _resampling(preparation),
        box=(left, top, left + cut_width, top + cut_height),
    )
    if rng.random() < 0.5:
        picture = picture.transpose(Transpose.FLIP_LEFT_RIGHT)
    for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhancer(picture).enhance(rng.uniform(0.8, 1.2))
    return picture


def _tensor(picture: Image, preparation: Preparation) -> torch.Tensor:
    """float32 [3, H, W], normalised: each of the 256 values a point may have is looked up."""
    import numpy as np
    import torch

    points = np.asarray(picture)
    made = np.empty((3, *points.shape[:2]), np.float32)
    for channel, table in enumerate(_tables(tuple(preparation.mean), tuple(preparation.std))):
        np.take(table, points[..., channel], out=made[channel], mode="clip")
    return torch.from_numpy(made)


@lru_cache(16)
def _tables(mean: tuple[float, ...], std: tuple[float, ...]) -> Floats:
    """What 0..255 become, float32 [3, 256]."""
    import numpy as np

    values = np.arange(256, dtype=np.float32) / np.float32(255.0)
    centre, spread = (np.array(numbers, np.float32)[:, None] for numbers in (mean, std))
    made: Floats = (values - centre) / spread
    return made


TASK = ImageClassification()
