"""Small pictures of items for a card: thumbnails, and spectrograms of recordings."""

from __future__ import annotations

import io
from typing import Any

from workbench.app_paths import AppPaths, app_paths
from workbench.data.thumbnails import ThumbnailCache
from workbench.data.types import Item
from workbench.trust.card.items import Show

SIDE = 240
_SOUND = (480, 150)


def shower(paths: AppPaths | None = None) -> Show:
    """Gives an item's small picture as JPEG; None for one that has none. The function raises UserError when the file cannot
    be read."""
    cache = ThumbnailCache((paths or app_paths()).cache / "thumbnails")

    def show(item: Item) -> bytes | None:
        if item.path is None:
            return None
        if item.kind == "sound":
            from workbench.engine.explain.drawing import ground

            return small_jpeg(ground(item.sample()), _SOUND)
        return cache.get(item.path, SIDE, item.window)

    return show


def small_jpeg(pixels: Any, size: tuple[int, int] = (SIDE * 2, SIDE * 2), keep_shape: bool = False) -> bytes:
    """Pixels uint8 [H, W, 3] as a JPEG of at most this width and height; stretched to it unless it keeps its shape."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    if keep_shape:
        picture.thumbnail(size)
    else:
        picture = picture.resize(size)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=82)
    return stream.getvalue()
