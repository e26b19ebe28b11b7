"""What the tasks on pictures share: reading, and writing the new ones."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats, Loaded, Pixels

FILES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


@contextmanager
def stoppable(model: Loaded, control: Control) -> Iterator[None]:
    """Inside, a torch network can be paused and stopped between its layers: one picture may take it many seconds."""
    control.check()
    network = model.network
    leaves = [] if network is None else [part for part in network.modules() if not any(True for _ in part.children())]
    hooks = [part.register_forward_pre_hook(lambda *_: control.check()) for part in leaves]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def pixels_of(sample: Sample, max_side: int = 0) -> Pixels:
    """uint8 [H, W, 3] in the picture's own size; at most `max_side` when that is given. Raises: UserError."""
    return sized_pixels(sample, max_side)[0]


def sized_pixels(sample: Sample, max_side: int = 0, max_pixels: int = 0) -> tuple[Pixels, tuple[int, int]]:
    """As `pixels_of`, with the picture's own width and height; at most `max_pixels` when that is given.

    Raises:
        UserError: when it cannot be read.
    """
    import numpy as np

    from workbench.data.media import open_picture

    picture = open_picture(sample)
    size = picture.size
    if max_side and max(size) > max_side:
        picture.thumbnail((max_side, max_side))
    if max_pixels and picture.width * picture.height > max_pixels:
        scale = (max_pixels / (picture.width * picture.height)) ** 0.5
        picture.thumbnail((max(1, int(picture.width * scale)), max(1, int(picture.height * scale))))
    return np.asarray(picture), size


def as_png(pixels: Any) -> bytes:
    """uint8 [H, W], [H, W, 3] or [H, W, 4] as PNG."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def to_bytes(picture: Floats) -> Any:
    """float32 [3, H, W] in 0..1 to uint8 [H, W, 3]."""
    import numpy as np

    return (np.clip(picture, 0, 1).transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)


def to_floats(pixels: Any) -> Floats:
    """uint8 [H, W, 3] to float32 [3, H, W] in 0..1."""
    import numpy as np

    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32) / 255.0
