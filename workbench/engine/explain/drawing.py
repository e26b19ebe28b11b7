"""An explanation as a picture file: heat laid over what it explains."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.exporters.tables import write_bytes, write_csv
from workbench.data.types import Sample
from workbench.engine.explain.kinds import Explanation
from workbench.errors import UserError

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

_LARGEST = 1200
_RATE, _FRAME = 16_000, 512
_SOUND_COLUMNS, _SOUND_ROWS = 1200, 256
_LONGEST = 600.0
# What a network did not look at is shown this dark.
_UNSEEN = 0.45


def heat_pixels(explanation: Explanation, width: int, height: int) -> Any:
    """uint8 [height, width, 4]: the heat in colours, stronger where it is hotter; grey where nothing was looked at.

    Raises:
        UserError: when the explanation is one of words.
    """
    import cv2
    import numpy as np

    if explanation.heat is None:
        raise UserError("These reasons are words, not places.", "Copy them instead.")
    left, top, right, bottom = explanation.part
    x0, y0 = round(left * width), round(top * height)
    x1, y1 = max(x0 + 1, round(right * width)), max(y0 + 1, round(bottom * height))
    shown = np.zeros((height, width, 4), np.uint8)
    shown[..., 3] = round(255 * _UNSEEN)
    heat = cv2.resize(explanation.heat, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    # Turbo (Mikhailov 2019): blue, green, red, each a step the eye can tell.
    colours = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    shown[y0:y1, x0:x1, :3] = colours
    shown[y0:y1, x0:x1, 3] = (heat**0.8 * 220).astype(np.uint8)
    return shown


def ground(sample: Sample, window: tuple[float, float] | None = None) -> Any:
    """What heat is laid over, uint8 [H, W, 3]: the picture, or the spectrogram of a recording (its first ten minutes).

    Raises:
        UserError: when it cannot be read.
    """
    import numpy as np

    if sample.kind == "sound":
        return _spectrogram(sample)
    from workbench.data.media import open_picture

    picture = open_picture(sample, max_side=_LARGEST, window=window)
    picture.thumbnail((_LARGEST, _LARGEST))
    return np.asarray(picture)


def png(explanation: Explanation, ground_pixels: Any, opacity: float = 0.7) -> bytes:
    """Heat over the picture, as PNG."""
    import numpy as np
    from PIL import Image

    height, width = ground_pixels.shape[:2]
    heat = heat_pixels(explanation, width, height)
    share = heat[..., 3:].astype(np.float32) / 255 * opacity
    mixed = ground_pixels * (1 - share) + heat[..., :3] * share
    stream = io.BytesIO()
    Image.fromarray(mixed.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def structure(
    explanation: Explanation,
    size: tuple[int, int] = (900, 640),
    *,
    dark: bool = False,
    svg: bool = False,
    ground: bool = False,
) -> bytes:
    """The molecule with its atoms coloured: green spoke for the answer, red against it. PNG or SVG,
    with a see-through ground where none is wanted."""
    from workbench.data.molecules import drawing, read_molecule

    return drawing(
        read_molecule(explanation.structure), *size, dark=dark, atoms=explanation.atoms, svg=svg, ground=ground
    )


def endings(explanation: Explanation) -> tuple[str, ...]:
    """File endings that suit, the best one first."""
    if explanation.row is not None:
        return (".csv",)
    if explanation.structure:
        return (".png", ".svg")
    return (".html",) if explanation.words else (".png",)


def save(explanation: Explanation, path: Path, sample: Sample, text: str = "") -> None:
    """Write atomically: heat over a picture or recording as PNG, a text with its words coloured as HTML, a
    molecule with its atoms coloured as PNG or SVG, what each column of a row did as a table.

    Raises:
        UserError: when the ending does not suit, or it cannot be read or written.
    """
    wanted = endings(explanation)
    if path.suffix.lower() not in wanted:
        raise UserError(f"This cannot be saved as “{path.suffix or path.name}”.", f"Use {' or '.join(wanted)}.")
    if explanation.row is not None:
        rows = [{"column": p.column, "cell": p.cell, "amount": p.amount} for p in explanation.row.parts]
        usual, said = explanation.row.usual, explanation.row.said
        ends = (
            {"column": "(usual answer)", "amount": usual},
            {"column": f"(this answer: {explanation.target})", "amount": said},
        )
        write_csv(path, [ends[0], *rows, ends[1]], ("column", "cell", "amount"))
        return
    if explanation.structure:
        write_bytes(path, structure(explanation, svg=path.suffix.lower() == ".svg", ground=True))
        return
    write_bytes(path, html(explanation, text).encode() if explanation.words else png(explanation, ground(sample)))


def html(explanation: Explanation, text: str) -> str:
    """A text with its words coloured, as a small page of its own."""
    from html import escape

    pieces, at = [], 0
    for word in explanation.words:
        pieces.append(escape(text[at : word.start]))
        tone = "46,125,50" if word.share > 0 else "183,28,28"
        pieces.append(
            f'<span style="background:rgba({tone},{abs(word.share) * 0.6:.2f})" title="{word.share:+.2f}">'
            f"{escape(text[word.start : word.end])}</span>"
        )
        at = word.end
    pieces.append(escape(text[at:]))
    title = escape(f"Why “{explanation.target}” ({explanation.score:.0%})")
    checked = escape(explanation.sanity.sentence()) if explanation.sanity is not None else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title><body style="font:16px sans-serif;'
        f'max-width:46em;margin:2em auto;line-height:1.6"><h1>{title}</h1><p style="white-space:pre-wrap" dir="auto">'
        f"{''.join(pieces)}</p><p>Green words spoke for it, red ones against it ({escape(explanation.method)}). {checked}"
        "</p></body></html>\n"
    )


def _spectrogram(sample: Sample) -> Any:
    """Loudness of each pitch (up to 8 kHz, the highest first) over time, as grey."""
    import cv2
    import numpy as np

    from workbench.data.sound import read_sound

    sound, _cut = read_sound(sample, _RATE, _LONGEST)
    wave: Floats = np.pad(sound, (0, max(0, _FRAME - len(sound))))
    hop = max(_FRAME // 4, len(wave) // (4 * _SOUND_COLUMNS))
    starts = np.arange(0, len(wave) - _FRAME + 1, hop)
    frames = wave[starts[:, None] + np.arange(_FRAME)] * np.hanning(_FRAME).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)).T[::-1] ** 2
    decibels = 10 * np.log10(np.maximum(power, 1e-10))
    grey = ((decibels - decibels.max() + 80) / 80).clip(0, 1)
    shown = cv2.resize((grey * 255).astype(np.uint8), (_SOUND_COLUMNS, _SOUND_ROWS), interpolation=cv2.INTER_AREA)
    return np.repeat(shown[..., None], 3, 2)
