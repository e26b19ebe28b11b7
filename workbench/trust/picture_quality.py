"""How near a made picture comes to the true one: PSNR and SSIM.

PSNR: ten times the decimal logarithm of (1 / mean squared difference), values in 0..1, over all points and the three
colours together. 1 dB more is a fifth less squared difference; above 40 dB hardly anyone sees one.

SSIM: Wang, Bovik, Sheikh and Simoncelli 2004, Image Quality Assessment: From Error Visibility to Structural Similarity
(doi 10.1109/TIP.2003.819861), as published: a Gaussian window of 11 x 11 points with standard deviation 1.5,
K1 = 0.01, K2 = 0.03, population (not sample) variances, the mean over all places where the window lies wholly inside
the picture. For colours: the mean of the three channels' values.

Both are given for RGB and for brightness alone. Brightness is Y of ITU-R BT.601 in 16..235 as in MATLAB's rgb2ycbcr,
which the papers on enlarging report; its range counts as 0..255 there, and does here. No border is cut off.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

_WINDOW, _SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03
_LUMA = (65.481 / 255, 128.553 / 255, 24.966 / 255)
_BLACK = 16 / 255
# Rows that are looked at together: large pictures need no more memory than this.
_BAND = 256


@dataclass(frozen=True)
class Quality:
    """Of one picture. PSNR in dB, infinite when both are the same; SSIM at most 1."""

    psnr: float
    ssim: float
    psnr_brightness: float
    ssim_brightness: float

    def to_json(self) -> dict[str, Any]:
        """Rounded; JSON knows no infinity, so that two equal pictures have None."""
        return {k: None if v == float("inf") else round(v, 4) for k, v in asdict(self).items()}

    def words(self) -> str:
        """ "PSNR 31.24 dB, SSIM 0.912 (brightness alone: 32.61 dB, 0.934)"."""
        return (
            f"PSNR {decibels(self.psnr)}, SSIM {self.ssim:.3f} "
            f"(brightness alone: {decibels(self.psnr_brightness)}, {self.ssim_brightness:.3f})"
        )


def decibels(value: float) -> str:
    """ "31.24 dB"; equal pictures have no such number."""
    return "no difference" if value == float("inf") else f"{value:.2f} dB"


def quality(made: Any, true: Any) -> Quality:
    """Compare two pictures, uint8 or uint16 [H, W] or [H, W, 3] of the same height and width.

    Raises:
        UserError: when their sizes differ or they are smaller than the window.
    """
    if made.shape[:2] != true.shape[:2]:
        raise UserError(
            f"The true picture has {true.shape[1]:,} x {true.shape[0]:,} points, "
            f"the made one {made.shape[1]:,} x {made.shape[0]:,}.",
            "Choose the same picture in this size.",
        )
    height, width = made.shape[:2]
    if min(height, width) < _WINDOW:
        raise UserError("The pictures are too small to be compared.", f"Both sides need {_WINDOW} points or more.")
    squares = [0.0, 0.0]
    likeness = [0.0, 0.0]
    inside = height - _WINDOW + 1
    for first in range(0, inside, _BAND):
        last = min(inside, first + _BAND)
        rows = slice(first, last + _WINDOW - 1)
        # Each row counts once among the squares, though neighbouring bands share the window's rows.
        own = slice(0, (height if last == inside else last) - first)
        one, other = _colours(made[rows]), _colours(true[rows])
        pairs = ((one, other), (_brightness(one), _brightness(other)))
        for place, (a, b) in enumerate(pairs):
            squares[place] += float(((a[:, own] - b[:, own]) ** 2).sum()) / len(a)
            likeness[place] += float(_ssim_map(a, b).sum()) / len(a)
    points = height * width
    places = inside * (width - _WINDOW + 1)
    psnr, psnr_brightness = (_decibels(total / points) for total in squares)
    ssim, ssim_brightness = (total / places for total in likeness)
    return Quality(psnr, ssim, psnr_brightness, ssim_brightness)


def cut_alike(made: Any, true: Any, scale: int) -> tuple[Any, Any]:
    """Both without the few last rows and columns that one of them lacks.

    A picture whose sides `scale` does not divide loses the rest when it is made small; so does the one made from it.

    Args:
        scale: how many times larger the made picture is than what it was made from.
    """
    height, width = (min(a, b) for a, b in zip(made.shape[:2], true.shape[:2], strict=True))
    lacking = max(abs(a - b) for a, b in zip(made.shape[:2], true.shape[:2], strict=True))
    if lacking >= max(2, scale):
        return made, true  # not the same picture: `quality` says so
    return made[:height, :width], true[:height, :width]


def _decibels(mean_square: float) -> float:
    import math

    return math.inf if mean_square == 0 else -10 * math.log10(mean_square)


def _colours(rows: Any) -> Values:
    """float64 [3, H, W] in 0..1."""
    import numpy as np

    values = np.asarray(rows, np.float64) / np.iinfo(rows.dtype).max
    return np.repeat(values[None], 3, 0) if values.ndim == 2 else np.ascontiguousarray(values.transpose(2, 0, 1))


def _brightness(colours: Values) -> Values:
    """float64 [1, H, W]."""
    import numpy as np

    return _BLACK + np.tensordot(np.array(_LUMA), colours, 1)[None]


def _ssim_map(a: Values, b: Values) -> Values:
    """SSIM at every place of the window inside [C, H, W]: [C, H - 10, W - 10]."""
    c1, c2 = _K1**2, _K2**2
    mean_a, mean_b = _blurred(a), _blurred(b)
    spread_a = _blurred(a * a) - mean_a**2
    spread_b = _blurred(b * b) - mean_b**2
    together = _blurred(a * b) - mean_a * mean_b
    likeness: Values = ((2 * mean_a * mean_b + c1) * (2 * together + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2)
    )
    return likeness


def _blurred(values: Values) -> Values:
    """The window's weighted mean, where it lies inside."""
    import numpy as np
    from scipy.ndimage import correlate1d

    places = np.arange(_WINDOW) - _WINDOW // 2
    weights = np.exp(-(places**2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    rim = _WINDOW // 2
    down = correlate1d(values, weights, axis=1)[:, rim:-rim]
    blurred: Values = correlate1d(down, weights, axis=2)[:, :, rim:-rim]
    return blurred
