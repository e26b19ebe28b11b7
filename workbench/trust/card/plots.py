"""Small drawings for a card as PNG: black on white, so that they print."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from workbench.app_paths import resources
from workbench.trust.certainty import Bin

_WIDE, _HIGH = 960, 720
_LEFT, _RIGHT, _TOP, _BOTTOM = 130, 40, 40, 120
_INK, _SOFT, _GRID, _ACCENT, _PALE = "#1f2328", "#5a5f66", "#e2ded5", "#1f6f5c", "#bcd6ce"
_SIZE = 26


class _Plot:
    """Axes from 0 to 1 both ways, with a grid of fifths; `percent`: written as shares."""

    def __init__(self, across: str, upwards: str, percent: bool = True) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self.picture = Image.new("RGB", (_WIDE, _HIGH), "white")
        self.pen: Any = ImageDraw.Draw(self.picture)
        self.font = font = ImageFont.truetype(str(resources() / "fonts" / "Inter-Regular.otf"), _SIZE)
        for step in range(6):
            value = step / 5
            x, y = self.at(value, value)
            self.pen.line((x, _TOP, x, _HIGH - _BOTTOM), fill=_GRID, width=2)
            self.pen.line((_LEFT, y, _WIDE - _RIGHT, y), fill=_GRID, width=2)
            if percent:
                self.pen.text((x, _HIGH - _BOTTOM + 12), f"{value:.0%}", _SOFT, font, "ma")
                self.pen.text((_LEFT - 12, y), f"{value:.0%}", _SOFT, font, "rm")
        self.pen.text(((_LEFT + _WIDE - _RIGHT) / 2, _HIGH - 20), across, _INK, font, "ms")
        words = Image.new("RGB", (_HIGH - _BOTTOM, _SIZE + 14), "white")
        ImageDraw.Draw(words).text((words.width / 2, words.height / 2), upwards, _INK, font, "mm")
        self.picture.paste(words.rotate(90, expand=True), (2, 0))

    def ends(self, low: float, high: float) -> None:
        """Write what the ends of both axes stand for."""
        for value, place in ((low, 0.0), (high, 1.0)):
            x, y = self.at(place, place)
            words = f"{value:,.4g}" if abs(value) < 1e6 else f"{value:.3g}"
            self.pen.text((x, _HIGH - _BOTTOM + 12), words, _SOFT, self.font, "ma" if place == 0 else "ra")
            self.pen.text((_LEFT - 12, y), words, _SOFT, self.font, "rm")

    def at(self, x: float, y: float) -> tuple[float, float]:
        return _LEFT + x * (_WIDE - _RIGHT - _LEFT), _HIGH - _BOTTOM - y * (_HIGH - _BOTTOM - _TOP)

    def png(self) -> bytes:
        stream = io.BytesIO()
        self.picture.quantize(64).save(stream, "PNG", optimize=True)
        return stream.getvalue()


def reliability_png(bins: Sequence[Bin]) -> bytes:
    """How often it is right (with its 95 % interval) over how sure it says it is; on the diagonal both agree."""
    plot = _Plot("how sure it says it is", "how often it is right")
    plot.pen.line((*plot.at(0, 0), *plot.at(1, 1)), fill=_SOFT, width=3)
    known = [b for b in bins if b.count]
    for one in known:
        low, high = one.interval()
        plot.pen.line((*plot.at(one.said, low), *plot.at(one.said, high)), fill=_PALE, width=14)
    plot.pen.line([plot.at(b.said, b.share) for b in known], fill=_ACCENT, width=5, joint="curve")
    most = max((b.count for b in known), default=1)
    for one in known:
        x, y = plot.at(one.said, one.share)
        radius = 7 + 11 * (one.count / most) ** 0.5
        plot.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_ACCENT, outline="white", width=2)
    return plot.png()


def curve_png(points: Sequence[tuple[float, float]], across: str, upwards: str) -> bytes:
    """A line through (x, y) in 0..1."""
    plot = _Plot(across, upwards)
    if len(points) > 2_000:
        step = len(points) // 2_000 + 1
        points = [*points[::step], points[-1]]
    if len(points) > 1:
        plot.pen.line([plot.at(x, y) for x, y in points], fill=_ACCENT, width=5, joint="curve")
    elif points:
        x, y = plot.at(*points[0])
        plot.pen.ellipse((x - 9, y - 9, x + 9, y + 9), fill=_ACCENT)
    return plot.png()


def scatter_png(points: Sequence[tuple[float, float]], across: str, upwards: str) -> bytes:
    """Points (x, y) of the same kind of number, and the line on which both are the same. Both axes have the same range; it is
    written at their ends."""
    plot = _Plot(across, upwards, percent=False)
    values = [v for point in points for v in point]
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    plot.ends(low, high)
    plot.pen.line((*plot.at(0, 0), *plot.at(1, 1)), fill=_SOFT, width=3)
    step = max(1, len(points) // 3_000)
    for first, second in points[::step]:
        x, y = plot.at((first - low) / (high - low), (second - low) / (high - low))
        plot.pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=_ACCENT, outline="white")
    return plot.png()
