"""Greys deeper than a screen shows (16 bits, floating point, X-ray and CT values): which part of them becomes 0..255.

The part is a window: its centre ("level") and its width, in the picture's own unit. DICOM PS3.3 C.11.2 says how a window
maps values to greys; a picture that brings no window is shown from the 1st to the 99th percentile of its values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from workbench.data.types import Window
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

MAX_DEEP_PIXELS = 100_000_000
Curve = Literal["linear", "exact", "sigmoid"]
# Values looked at for percentiles, and worked on at once.
_SAMPLE = 1_000_000
_BAND = 4_000_000
# What radiologists commonly begin with, in Hounsfield units (centre, width).
CT_WINDOWS: tuple[tuple[str, Window], ...] = (
    ("Soft tissue", (40.0, 400.0)),
    ("Lung", (-600.0, 1500.0)),
    ("Bone", (400.0, 1800.0)),
    ("Brain", (40.0, 80.0)),
)


@dataclass(frozen=True)
class Deep:
    """One grey picture with all its values.

    Attributes:
        values: [H, W] of any real type, as stored.
        slope, intercept: value in its own unit = stored * slope + intercept.
        unit: "HU" (Hounsfield units) of a CT; "" when it has none a person would know.
        window: what it is shown with unless another is given, in its own unit.
        low, high: smallest and largest value, in its own unit.
        curve: how values become greys inside the window.
        inverted: the smallest value is the brightest (MONOCHROME1, "white is zero").
        table: greys 0..255, uint8 [H, W], ready-made by the file's own table (VOI LUT); used while no window is given.
        presets: (words, window) a person may choose from.
    """

    values: npt.NDArray[Any]
    window: Window
    low: float
    high: float
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    curve: Curve = "exact"
    inverted: bool = False
    table: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    presets: tuple[tuple[str, Window], ...] = ()

    def greys(self, window: Window | None = None) -> Image:
        """As a grey picture of 8 bits, through this window or its own."""
        from PIL import Image

        ready = self.table if window is None else None
        shown = ready if ready is not None else self._through(window or self.window)
        return Image.fromarray(255 - shown if self.inverted else shown)

    def _through(self, window: Window) -> npt.NDArray[np.uint8]:
        import numpy as np

        if self.values.dtype.kind in "ui" and self.values.dtype.itemsize <= 2:
            # Few different values: each is worked out once.
            every = np.arange(1 << (8 * self.values.dtype.itemsize)).astype(f"u{self.values.dtype.itemsize}")
            table = self._map(every.view(self.values.dtype), window)
            found: npt.NDArray[np.uint8] = table[np.ascontiguousarray(self.values).view(every.dtype)]
            return found
        shown = np.empty(self.values.shape, np.uint8)
        rows = max(1, _BAND // max(1, self.values.shape[1]))
        for first in range(0, len(shown), rows):
            shown[first : first + rows] = self._map(self.values[first : first + rows], window)
        return shown

    def _map(self, stored: npt.NDArray[Any], window: Window) -> npt.NDArray[np.uint8]:
        """Stored values to greys."""
        import numpy as np

        centre, width = window
        x = stored.astype(np.float64) * self.slope + self.intercept
        if stored.dtype.kind == "f":
            x = np.nan_to_num(x, nan=self.low, posinf=self.high, neginf=self.low)
        if self.curve == "sigmoid":
            share = 1 / (1 + np.exp(np.clip(-4 * (x - centre) / max(width, 1e-9), -60, 60)))
        elif self.curve == "linear" and width > 1:
            # Whole numbers stand for their middle: C.11.2.1.2.1.
            share = (x - (centre - 0.5)) / (width - 1) + 0.5
        else:
            share = (x - centre) / max(width, 1e-9) + 0.5
        return (np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)


def window_from(text: str) -> Window:
    """“40,400” (centre, width). Raises: UserError when it is no window."""
    import math

    try:
        centre, width = (float(part) for part in text.split(","))
    except ValueError:
        centre = width = math.nan
    if not (math.isfinite(centre) and math.isfinite(width) and width > 0):
        raise UserError(f"“{text}” is no window.", "Give its centre and its width, for example 40,400.")
    return centre, width


def deep(values: npt.NDArray[Any], *, aside: npt.NDArray[np.bool_] | None = None, **more: Any) -> Deep:
    """A `Deep` of [H, W] values, its range and (unless `window` is given) its window found from them.

    Args:
        aside: bool [H, W]: values that are no part of the picture (padding around it).
        more: fields of `Deep`.
    """
    import numpy as np

    seen = values[~aside] if aside is not None and not aside.all() else values
    flat = seen.reshape(-1)
    flat = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    flat = flat[np.isfinite(flat)]
    slope, intercept = float(more.get("slope", 1.0)), float(more.get("intercept", 0.0))
    if not flat.size:
        flat = np.zeros(1)
    flat = flat * slope + intercept
    low, high = float(flat.min()), float(flat.max())
    if more.get("window") is None:
        dark, bright = (float(v) for v in np.percentile(flat, (1, 99)))
        if bright <= dark:  # a few bright points on black, or the other way round
            dark, bright = low, high
        if bright <= dark:  # one value everywhere: shown as it stands in the range of its type
            dark, bright = _whole_range(values)
        more["window"] = ((dark + bright) / 2, bright - dark)
    return Deep(values, low=low, high=high, **more)


def _whole_range(values: npt.NDArray[Any]) -> tuple[float, float]:
    import numpy as np

    if values.dtype.kind in "ui" and values.dtype.itemsize <= 2:
        limits = np.iinfo(values.dtype)
        return float(limits.min), float(limits.max)
    value = float(values.flat[0]) if values.size else 0.0
    return value - 0.5, value + 0.5
