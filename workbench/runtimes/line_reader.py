"""Reading lines of text whose place in a picture is known: cut out, turned upright, read, and cut into words.

The network that reads is PP-OCR's (Li et al. 2022, arXiv 2206.03001), trained with CTC (Graves et al. 2006): it says at
which step of a line it saw each letter, and so where each word stands. The small network that tells upright lines from
those upside down is right about one line but not about every line, so a page's lines vote, and a line that comes out
doubtful is read the other way round as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.runtimes.base import Word
from workbench.runtimes.reading_order import rows
from workbench.runtimes.words import runs_to_the_left, word_spans

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats, Pixels

# A line so many times longer than wide stands, or lies.
_LONG = 1.5
# A line so short may be turned any way: a single letter or number.
_SHORT = 2.5
# Read this surely, a line was read the right way round. Upside down, print comes out at 0.6 to 0.85.
_SURE = 0.9
_CLEARLY = 0.05
# Where more are doubtful, most are no text at all: the longest are tried again.
_MOST_TRIES = 120
_BATCH = 6
# The network looks at 48 points of height; more than twice that is only made smaller by it, and badly.
_TALLEST = 96
_MOST_ASPECT = 80
# Words closer than this many times their height stand in one line.
_WORD_GAP = 1.0


@dataclass(frozen=True)
class ReadLine:
    """A line that was read. `corners`: float [4, 2], upper left, upper right, lower right, lower left as it is read."""

    text: str
    score: float
    corners: Floats
    words: tuple[Word, ...]


class LineReader:
    """Reads lines.

    Args:
        turner: rapidocr's `TextClassifier`.
        letters: rapidocr's `TextRecognizer`.
    """

    def __init__(self, turner: Any, letters: Any) -> None:
        self._turner = turner
        self._letters = letters

    def read(self, picture: Pixels, quads: Floats, control: Control) -> list[ReadLine]:
        """Read the lines at these places, in the order given; a place where nothing can be read gives the text "".

        Args:
            quads: float [N, 4, 2], corners clockwise from the upper left one of the line as it stands in the picture.
        """
        import numpy as np

        if not len(quads):
            return []
        # The library takes pictures in OpenCV's order of colours.
        picture = np.ascontiguousarray(picture[:, :, ::-1])
        lying = [laid_down(quad) for quad in np.asarray(quads, np.float32)]
        standing = _standing(quads, lying)
        corners = [np.roll(quad, -1, 0) if up else quad for quad, up in zip(quads, standing, strict=True)]
        strips = [cut_out(picture, quad) for quad in corners]
        control.check()
        for group in (True, False):
            members = [i for i, up in enumerate(standing) if up == group]
            if self._upside_down([strips[i] for i in members]):
                for i in members:
                    corners[i], strips[i] = np.roll(corners[i], -2, 0), _turned(strips[i])
        lines = self._read_strips(strips, corners, control)
        self._read_doubtful_again(picture, lines, strips, control)
        return lines

    def _upside_down(self, strips: Sequence[Any]) -> bool:
        """What most of them seem to be; long lines tell more."""
        if not strips:
            return False
        verdicts = self._turner(list(strips)).cls_res
        votes = (
            (1 if "180" in name else -1) * float(sure) * strip.shape[1] / strip.shape[0]
            for (name, sure), strip in zip(verdicts, strips, strict=True)
        )
        return bool(sum(votes) > 0)

    def _read_strips(self, strips: Sequence[Any], corners: Sequence[Any], control: Control) -> list[ReadLine]:
        from rapidocr.ch_ppocr_rec.typings import TextRecInput

        found: dict[int, ReadLine] = {}
        # Strips of like length share a batch: the shorter ones are padded.
        order = sorted(range(len(strips)), key=lambda i: strips[i].shape[1] / strips[i].shape[0])
        for start in range(0, len(order), _BATCH):
            control.check()
            batch = order[start : start + _BATCH]
            answer = self._letters(TextRecInput(img=[strips[i] for i in batch], return_word_box=True))
            for i, text, score, places in zip(batch, answer.txts, answer.scores, answer.word_results, strict=True):
                score = float(score) if text.strip() else 0.0
                found[i] = ReadLine(str(text), score, corners[i], words_in(str(text), score, places, corners[i]))
        return [found[i] for i in range(len(strips))]

    def _read_doubtful_again(
        self, picture: Any, lines: list[ReadLine], strips: Sequence[Any], control: Control
    ) -> None:
        """Other ways round for lines that were not read surely; the surest reading stays."""
        import numpy as np

        tries: list[tuple[int, Any, Any]] = []
        doubtful = [i for i, line in enumerate(lines) if line.score < _SURE]
        for i in sorted(doubtful, key=lambda i: -strips[i].shape[1] / strips[i].shape[0]):
            line = lines[i]
            if len(tries) >= _MOST_TRIES:
                break
            tries.append((i, _turned(strips[i]), np.roll(line.corners, -2, 0)))
            if strips[i].shape[1] < _SHORT * strips[i].shape[0]:
                for quarter in (-1, -3):
                    corners = np.roll(line.corners, quarter, 0)
                    tries.append((i, cut_out(picture, corners), corners))
        again = self._read_strips([strip for _, strip, _ in tries], [corners for _, _, corners in tries], control)
        for (i, _, _), line in zip(tries, again, strict=True):
            if line.score > lines[i].score + _CLEARLY:
                lines[i] = line


def laid_down(quad: Any) -> bool:
    """True for a line that lies (is wider than high, or about as wide as high)."""
    wide, high = _sides(quad)
    return bool(high < _LONG * wide)


def _sides(quad: Any) -> tuple[float, float]:
    """Width and height of a quadrilateral: the longer of the opposite sides."""
    import numpy as np

    edges = np.linalg.norm(np.roll(quad, -1, 0) - quad, axis=1)
    return float(max(edges[0], edges[2])), float(max(edges[1], edges[3]))


def _standing(quads: Any, lying: Sequence[bool]) -> list[bool]:
    """Which lines run up or down the picture. On a page that lies on its side, the short ones (numbers) do so too."""
    sizes = [_sides(quad) for quad in quads]
    length = {True: 0.0, False: 0.0}
    for (wide, high), flat in zip(sizes, lying, strict=True):
        length[flat] += max(wide, high)
    on_side = length[False] > length[True]
    return [not flat or (on_side and wide < _LONG * high) for (wide, high), flat in zip(sizes, lying, strict=True)]


def from_upper_left(quad: Any) -> Any:
    """Four corners in any order, clockwise from the upper left one: float32 [4, 2]. Its first side runs the nearest to
    the right."""
    import numpy as np

    quad = np.asarray(quad, np.float32)
    around = quad - quad.mean(0)
    # The picture's y runs down, so growing angles run clockwise.
    quad = quad[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
    edges = np.roll(quad, -1, 0) - quad
    level = edges[:, 0] / np.maximum(np.linalg.norm(edges, axis=1), 1e-6)
    return np.roll(quad, -int(np.argmax(level)), 0)


def widened(quad: Any, share: float) -> Any:
    """Four corners moved outwards by a share of the line's height."""
    import numpy as np

    along, down = quad[1] - quad[0], quad[3] - quad[0]
    high = max(1e-6, float(np.linalg.norm(down)))
    x, y = along / max(1e-6, float(np.linalg.norm(along))) * share * high, down * share
    return quad + np.array([-x - y, x - y, x + y, -x + y], np.float32)


def joined(lines: Sequence[ReadLine]) -> list[ReadLine]:
    """Words that were found one by one, put together to the lines they stand in."""
    import numpy as np

    if not lines:
        return []
    to_left = runs_to_the_left(line.text for line in lines)
    found: list[ReadLine] = []
    for row in rows(np.array([line.corners for line in lines]), to_left):
        group = [lines[row[0]]]
        for index in row[1:]:
            line = lines[index]
            left, right = (line, group[-1]) if to_left else (group[-1], line)
            gap = float(np.linalg.norm(left.corners[1:3].mean(0) - right.corners[[0, 3]].mean(0)))
            if gap < _WORD_GAP * _sides(line.corners)[1]:
                group.append(line)
            else:
                found.append(_as_one(group, to_left))
                group = [line]
        found.append(_as_one(group, to_left))
    return found


def _as_one(parts: list[ReadLine], to_left: bool) -> ReadLine:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    left, right = (parts[-1], parts[0]) if to_left else (parts[0], parts[-1])
    words: list[Word] = []
    for part in parts:
        words += [replace(word, blank_after=word.blank_after or word is part.words[-1]) for word in part.words]
    if words:
        words[-1] = replace(words[-1], blank_after=False)
    letters = [max(1, len(part.text)) for part in parts]
    return ReadLine(
        " ".join(part.text for part in parts),
        float(np.average([part.score for part in parts], weights=letters)),
        np.array([left.corners[0], right.corners[1], right.corners[2], left.corners[3]], np.float32),
        tuple(words),
    )


def cut_out(picture: Any, corners: Any) -> Any:
    """The part between four corners, straightened: uint8 [h, w, 3], at most 96 high."""
    import cv2
    import numpy as np

    wide, high = _sides(corners)
    height = max(1, min(round(high), _TALLEST))
    width = max(1, min(round(wide * height / max(high, 1.0)), _MOST_ASPECT * height))
    # First in its own size: a straight cut to a smaller one would skip points.
    full = (max(width, min(round(wide), 8192)), max(height, min(round(high), 4096)))
    target = np.array([[0, 0], [full[0], 0], [full[0], full[1]], [0, full[1]]], np.float32)
    map_ = cv2.getPerspectiveTransform(np.asarray(corners, np.float32), target)
    strip = cv2.warpPerspective(picture, map_, full, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if full != (width, height):
        strip = cv2.resize(strip, (width, height), interpolation=cv2.INTER_AREA)
    return strip


def _turned(strip: Any) -> Any:
    """Upside down."""
    import numpy as np

    return np.ascontiguousarray(strip[::-1, ::-1])


def words_in(text: str, score: float, places: Any, corners: Any) -> tuple[Word, ...]:
    """The words of a line with their corners, from the steps at which the network saw the letters.

    Args:
        places: rapidocr's `WordInfo`: `word_cols` (steps of all letters but blanks, in order), `line_txt_len` (steps
            the line is long) and `confs` (of all letters, blanks among them).
        corners: float [4, 2] of the line.
    """
    import numpy as np

    spans = word_spans(text)
    steps = [float(step) + 0.5 for word in places.word_cols for step in word]
    letters = [place for place, character in enumerate(text) if not character.isspace()]
    if not spans or len(steps) != len(letters) or not places.line_txt_len:
        return ()
    at = np.full(len(text), np.nan)
    at[letters] = np.clip(np.array(steps) / float(places.line_txt_len), 0, 1)
    sure = list(places.confs) if len(places.confs) == len(text) else [score] * len(text)
    # How wide a letter usually is, as a share of the line.
    inside = [at[i + 1] - at[i] for start, end in spans for i in range(start, end - 1)]
    usual = float(np.median(inside)) if inside else min(0.5, 1.0 / len(text))
    edges: list[list[float]] = [[at[start] - 0.6 * usual, at[end - 1] + 0.6 * usual] for start, end in spans]
    edges[0][0], edges[-1][1] = min(edges[0][0], 0.02), max(edges[-1][1], 0.98)
    for left, right in pairwise(edges):
        if left[1] > right[0]:  # they share the space between their letters
            left[1] = right[0] = (left[1] + right[0]) / 2
    map_ = _into_picture(corners)
    found = []
    for (start, end), (begins, ends) in zip(spans, edges, strict=True):
        found.append(
            Word(
                text[start:end],
                float(np.mean(sure[start:end])),
                map_(max(0.0, begins), min(1.0, max(ends, begins + 1e-3))),
                end < len(text) and text[end].isspace(),
            )
        )
    return tuple(found)


def _into_picture(corners: Any) -> Any:
    """A function from a stretch of a line (0..1) to its four corners in the picture, perspective and all."""
    import cv2
    import numpy as np

    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(square, np.asarray(corners, np.float32))

    def place(begins: float, ends: float) -> tuple[tuple[float, float], ...]:
        asked = np.array([[[begins, 0], [ends, 0], [ends, 1], [begins, 1]]], np.float32)
        return tuple((float(x), float(y)) for x, y in cv2.perspectiveTransform(asked, matrix)[0])

    return place
