"""A series as a small curve, for lists."""

from __future__ import annotations

import io
from pathlib import Path

from workbench.data.series import read_series

# Readable on light and dark grounds.
_COLOUR = (45, 135, 170, 255)
_FINE = 3


def sparkline(path: Path, side: int) -> bytes:
    """A PNG `side` wide and a quarter of it high, with nothing behind the curve. Where more numbers than points fall on a place, the
    lowest and the highest of them are drawn. Raises: UserError as `read_series`."""
    import numpy as np
    from PIL import Image, ImageDraw

    values = read_series(path).values
    width, height = side * _FINE, round(side * 0.25) * _FINE
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    known = values[~np.isnan(values)]
    if len(known):
        low, high = float(known.min()), float(known.max())
        room = (high - low) or 1.0
        edge = 2 * _FINE
        points: list[tuple[float, float]] = []
        for part in np.array_split(np.arange(len(values)), min(len(values), width // 2)):
            there = values[part][~np.isnan(values[part])]
            if not len(there):
                continue
            x = edge + (width - 2 * edge) * float(part[0]) / max(1, len(values) - 1)
            ends = [there[0]] if len(there) == 1 else sorted((there.min(), there.max()), key=lambda v: v != there.min())
            points += [(x, edge + (height - 2 * edge) * (1 - (float(v) - low) / room)) for v in ends]
        if len(points) > 1:
            ImageDraw.Draw(picture).line(points, fill=_COLOUR, width=round(1.3 * _FINE), joint="curve")
    picture = picture.resize((width // _FINE, height // _FINE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
