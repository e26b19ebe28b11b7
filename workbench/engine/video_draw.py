"""Draws what a model said into a picture of a video: boxes, areas, or the best answers as a caption."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from workbench.app_paths import resources
from workbench.data.labels import COLOURS
from workbench.engine.timeline import Colours
from workbench.tasks.predictions import Box, Boxes, Mask, Prediction, Scores

if TYPE_CHECKING:
    from workbench.data.video import Pixels

_LONGEST = 40
_ANSWERS = 3
_MOST_NAMES = 60
_DARK = (24, 26, 28)


def draw(
    pixels: Pixels, prediction: Prediction, colours: Colours, threshold: float | None = None, opacity: float = 0.55
) -> Pixels:
    """A new picture with the prediction drawn in; the given one stays as it is.

    Args:
        pixels: uint8 [H, W, 3], RGB.
        colours: the same one for the whole video, so that a label keeps its colour.
        threshold: score from which boxes are drawn; None: the prediction's own.
        opacity: of areas, 0..1.
    """
    picture = pixels.copy()
    if isinstance(prediction, Boxes):
        _boxes(picture, prediction, colours, threshold)
    elif isinstance(prediction, Mask):
        _areas(picture, prediction, opacity)
    elif isinstance(prediction, Scores):
        _caption(picture, prediction, colours)
    return picture


def _unit(picture: Pixels) -> int:
    """Height of the letters in pixels: readable in any size."""
    height, width = picture.shape[:2]
    return int(max(10, min(height, width) // 24))


def _boxes(picture: Pixels, prediction: Boxes, colours: Colours, threshold: float | None) -> None:
    import cv2
    import numpy as np

    unit = _unit(picture)
    scale = picture.shape[1] / max(1, prediction.width)
    shown = prediction.above(threshold)
    for box in shown:
        corners = np.array([[x * scale, y * scale] for x, y in _corners(box)])
        # OpenCV cannot place points that are far outside.
        points = np.clip(corners, -32_000, 32_000).round().astype(np.int32)
        colour = _rgb(colours.of("text" if prediction.reading else box.label))
        cv2.polylines(picture, [points], True, colour, max(2, unit // 8), cv2.LINE_AA)
    if len(shown) > _MOST_NAMES:
        return  # names would hide what they name
    for box in shown:
        words = box.label if prediction.reading else f"{box.label} {box.score:.0%}"
        tag = _tag(words, colours.of("text" if prediction.reading else box.label), unit)
        left = min(x for x, _ in _corners(box)) * scale
        top = min(y for _, y in _corners(box)) * scale
        _put(picture, tag, left, top - tag.shape[0])


def _corners(box: Box) -> tuple[tuple[float, float], ...]:
    return box.polygon or ((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1))


def _areas(picture: Pixels, prediction: Mask, opacity: float) -> None:
    import cv2
    import numpy as np

    grey = cv2.imdecode(np.frombuffer(prediction.png, np.uint8), cv2.IMREAD_GRAYSCALE)
    height, width = picture.shape[:2]
    if grey is None:
        return
    if grey.shape != (height, width):
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_NEAREST)
    table = np.array([_rgb(COLOURS[value % len(COLOURS)]) for value in range(256)], np.uint8)
    strength = np.full(256, min(1.0, max(0.0, opacity)), np.float32)
    if 0 <= prediction.background < 256:
        strength[prediction.background] = 0.0
    share = strength[grey][..., None]
    picture[:] = (picture * (1 - share) + table[grey] * share + 0.5).astype(np.uint8)
    unit = _unit(picture)
    top = unit // 2
    for place, name, area in prediction.present()[:_ANSWERS]:
        tag = _tag(f"{name} {area:.0%}", COLOURS[place % len(COLOURS)], unit)
        _put(picture, tag, unit // 2, top)
        top += tag.shape[0] + unit // 4


def _caption(picture: Pixels, prediction: Scores, colours: Colours) -> None:
    """The best answers at the lower left, each with a bar as long as its probability; what counts is bold."""
    unit = _unit(picture)
    shown = prediction.first(_ANSWERS)[: _ANSWERS * 2]
    line = round(unit * 2.1)
    width = min(picture.shape[1], unit * 16)
    top = picture.shape[0] - line * len(shown) - unit // 2
    ground = picture[max(0, top - unit // 4) :, :width]
    ground[:] = (ground * 0.3 + 0.7 * 24).astype(ground.dtype)
    for number, score in enumerate(shown):
        at = top + number * line
        best = score in prediction.chosen
        text = _text(f"{score.name}", unit, bold=best)
        value = _text(f"{score.value:.0%}", unit)
        room = max(1, width - value.shape[1] - 2 * unit)
        _blend(picture, text[:, :room], unit // 2, at)
        _blend(picture, value, width - value.shape[1] - unit // 2, at)
        high = max(2, unit // 5)
        low = at + round(unit * 1.5)
        full = width - unit
        picture[low : low + high, unit // 2 : unit // 2 + full] = (70, 74, 78)
        filled = round(full * max(0.0, min(1.0, score.value)))
        colour = _rgb(colours.of(score.name)) if best else (170, 176, 182)
        picture[low : low + high, unit // 2 : unit // 2 + filled] = colour


@lru_cache(maxsize=2048)
def _tag(words: str, colour: str, unit: int) -> Any:
    """Words on their colour: uint8 [h, w, 3]. Kept: the same few come back picture after picture."""
    import numpy as np

    ground = _rgb(colour)
    bright = 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2] > 150
    letters = _text(words, unit)[..., None].astype(np.float32) / 255.0
    pad = max(2, unit // 4)
    letters = np.pad(letters, ((pad // 2, pad // 2), (pad, pad), (0, 0)))
    ink = np.array(_DARK if bright else (255, 255, 255), np.float32)
    return (np.array(ground, np.float32) * (1 - letters) + ink * letters + 0.5).astype(np.uint8)


@lru_cache(maxsize=2048)
def _text(words: str, unit: int, bold: bool = False) -> Any:
    """White letters on nothing: how much ink, uint8 [h, w]."""
    import numpy as np
    from PIL import Image, ImageDraw

    font = _font(unit, bold)
    shown = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
    shown = " ".join(shown.split()) or " "
    up, down = font.getmetrics()
    picture = Image.new("L", (max(1, round(font.getlength(shown)) + 2), up + down))
    ImageDraw.Draw(picture).text((1, 0), shown, 255, font=font)
    return np.asarray(picture)


@lru_cache(maxsize=32)
def _font(unit: int, bold: bool) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(resources() / "fonts" / f"Inter-{'SemiBold' if bold else 'Medium'}.otf"), unit)


def _put(picture: Pixels, tag: Any, left: float, top: float) -> None:
    """Lay a tag onto the picture, moved inside where it would hang over the edge."""
    height, width = picture.shape[:2]
    tag = tag[:height, :width]
    x = int(max(0, min(left, width - tag.shape[1])))
    y = int(max(0, min(top, height - tag.shape[0])))
    picture[y : y + tag.shape[0], x : x + tag.shape[1]] = tag


def _blend(picture: Pixels, ink: Any, left: int, top: int) -> None:
    """White letters onto the picture; what hangs over is cut."""
    top, left = max(0, top), max(0, left)
    place = picture[top : top + ink.shape[0], left : left + ink.shape[1]]
    share = ink[: place.shape[0], : place.shape[1], None] / 255.0
    place[:] = (place * (1 - share) + 255 * share).astype(place.dtype)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
