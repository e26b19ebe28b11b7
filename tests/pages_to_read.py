"""Pages of text, drawn, and the same as a photo would show them: what is written on them is known."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from workbench.app_paths import resources

LINES = (
    "The lighthouse keeper wrote down every ship that passed",
    "the island. On clear mornings he counted 23 sails, in",
    "winter hardly three. His books, bound in brown leather,",
    "fill a whole shelf of the harbour office today.",
    "In 1884 a storm tore off the roof of the tower, and for",
    "eleven nights the lamp was carried by hand, 142 steps",
    "up and down, so that no captain should miss the light.",
    "The repair cost 3,250 crowns; the letter is still kept.",
)
TRUTH = "\n".join(LINES)
LEFT = (
    "The first column tells of a boat that three brothers built in the spring; none of them had ever seen the sea,"
    " and they launched it on the pond behind the mill, where it sank at once to the joy of all who watched."
)
RIGHT = (
    "The second column is about the price of barley in the northern towns between the wars and says little of boats,"
    " except that one of them was sold at a loss to a miller, who kept his hens in it for many years."
)


def font(size: int) -> Any:
    return ImageFont.truetype(str(resources() / "fonts" / "Inter-Regular.otf"), size)


def page(lines: tuple[str, ...] = LINES, size: int = 26, width: int = 900) -> Image.Image:
    """Black on white; a wider step after the fourth line."""
    picture = Image.new("RGB", (width, round(size * (1.7 * len(lines) + 6))), "white")
    for number, line in enumerate(lines):
        at = (size * 3, round(size * (2.5 + 1.7 * number + (number > 3))))
        ImageDraw.Draw(picture).text(at, line, "black", font=font(size))
    return picture


def two_columns() -> tuple[Image.Image, str]:
    """A heading across two columns that stand at different heights, and what is written there."""
    picture = Image.new("RGB", (1000, 560), "white")
    pen = ImageDraw.Draw(picture)
    heading = "Of boats and of barley: a heading across both"
    pen.text((50, 30), heading, "black", font=font(36))
    words = [heading]
    for x, y, text in ((50, 120, LEFT), (530, 131, RIGHT)):
        for line in textwrap.wrap(text, 34):
            pen.text((x, y), line, "black", font=font(24))
            y += 38
            words.append(line)
    return picture, "\n".join(words)


def photographed(picture: Image.Image, seed: int = 0) -> Image.Image:
    """As a careless photo shows it: seen from the side, lit from the left, a little blurred and noisy, on a table."""
    import cv2

    rng = np.random.default_rng(seed)
    flat = np.asarray(picture)
    high, wide = flat.shape[:2]
    h, w = round(high * 1.2), round(wide * 1.25)
    corners = np.float32([[0, 0], [wide, 0], [wide, high], [0, high]])  # type: ignore[arg-type]
    seen = np.float32([[0.15, 0.10], [0.90, 0.03], [0.97, 0.95], [0.05, 0.88]]) * (w, h)  # type: ignore[arg-type]
    seen = (seen + rng.normal(0, 0.006 * w, (4, 2))).astype(np.float32)
    turn = cv2.getPerspectiveTransform(corners, seen)
    image = cv2.warpPerspective(flat, turn, (w, h), flags=cv2.INTER_AREA, borderValue=(96, 74, 52)).astype(np.float32)
    y, x = np.mgrid[0:h, 0:w]
    light = 0.5 + 0.5 * np.exp(-(((x - w * 0.3) / (w * 0.7)) ** 2) - ((y - h * 0.35) / (h * 0.7)) ** 2)
    image = cv2.GaussianBlur(image * light[..., None] * (1, 0.96, 0.88), (0, 0), 0.8)
    return Image.fromarray((image + rng.normal(0, 7, image.shape)).clip(0, 255).astype(np.uint8))
