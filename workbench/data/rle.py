"""Painted areas as other programs write them down: COCO's runs down the columns, Label Studio's packed bits.

COCO (Lin et al. 2014; the Mask API of its authors): runs over the whole picture column by column, not painted first;
in its compressed form each run is the difference to the one before the last, in groups of five bits with a sign, as
characters from "0" on. Label Studio: the four channels of an RGBA picture row by row, packed as thi.ng/rle-pack does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.data.media import MAX_PIXELS
from workbench.data.shapes import Region, bits_of_runs, region_bits, region_from_bits
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_DAMAGED = ("A painted area is damaged.", "Save it again in the program it comes from.")


def coco_counts(region: Region, height: int) -> list[int]:
    """COCO's runs of a region in a picture of this height, up to the last painted pixel's run.

    The last run (not painted) is left out as it needs the width; see `coco_runs`.
    """
    import numpy as np

    bits = bits_of_runs(region.runs, region.width * region.height).reshape(region.height, region.width)
    # One column after the other, each with an empty end, so that no run reaches into the next column.
    columns = np.zeros((region.width, region.height + 1), np.int8)
    columns[:, :-1] = bits.T
    steps = np.diff(columns.reshape(-1), prepend=np.int8(0))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)

    def whole(index: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        column, row = np.divmod(index, region.height + 1)
        return ((region.x + column) * height + region.y + row).astype(np.int64)

    first, last = whole(starts), whole(ends)
    # Where an area reaches from a column's foot to the next one's head, it is one run.
    apart = first[1:] != last[:-1]
    first, last = first[np.concatenate(([True], apart))], last[np.concatenate((apart, [True]))]
    return [int(v) for v in np.diff(np.stack((first, last), 1).reshape(-1), prepend=0)]


def coco_runs(region: Region, width: int, height: int) -> list[int]:
    """All runs of a region that lies inside a picture of this size; they sum to width * height."""
    counts = coco_counts(region, height)
    rest = width * height - sum(counts)
    return [*counts, rest] if rest else counts


def packed(counts: Sequence[int]) -> str:
    """COCO's compressed form of runs."""
    letters: list[str] = []
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            group = value & 0x1F
            value >>= 5
            more = value != -1 if group & 0x10 else value != 0
            letters.append(chr((group | 0x20 if more else group) + 48))
    return "".join(letters)


def unpacked(text: str) -> list[int]:
    """What `packed` was given. Raises: UserError when the text is none."""
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        code = ord(letter) - 48
        if not 0 <= code < 64 or shift > 60:
            raise UserError(*_DAMAGED)
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value |= -1 << shift
        if len(counts) > 2:
            value += counts[-2]
        counts.append(value)
        value = shift = 0
    if shift:
        raise UserError(*_DAMAGED)
    return counts


def region_of_coco(counts: Sequence[int], width: int, height: int) -> Region | None:
    """A region from COCO's runs in a picture of this size; None when nothing is painted.

    Raises:
        UserError: when the runs do not fill the picture.
    """
    import numpy as np

    if width <= 0 or height <= 0 or width * height > MAX_PIXELS:
        raise UserError(*_DAMAGED)
    try:
        lengths = np.fromiter((int(c) for c in counts), np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(*_DAMAGED) from error
    if lengths.size and (int(lengths.min()) < 0 or int(lengths.max()) > width * height):
        raise UserError(*_DAMAGED)
    if int(lengths.sum()) != width * height:
        raise UserError("A painted area is not of its picture's size.", "Save it again in the program it comes from.")
    edges = np.cumsum(lengths)
    painted = np.flatnonzero(lengths[1::2]) * 2 + 1
    if not painted.size:
        return None
    left = int(edges[painted[0] - 1]) // height
    right = (int(edges[painted[-1]]) - 1) // height + 1
    # Only the columns that hold something are spread out.
    begin, end = left * height, right * height
    inside = np.clip(np.concatenate(([0], edges)), begin, end) - begin
    bits = bits_of_runs(np.diff(inside).tolist(), end - begin)
    return region_from_bits(np.ascontiguousarray(bits.reshape(right - left, height).T), left, 0)


# Label Studio ------------------------------------------------------------------------------------------------------


def brush_of_region(region: Region, width: int, height: int) -> list[int]:
    """A region as Label Studio's brush keeps it: bytes of a packed RGBA picture, painted pixels 255 in all channels."""
    import numpy as np

    bits = region_bits(region, width, height).reshape(-1)
    changes = np.flatnonzero(np.diff(bits)) + 1
    edges = np.concatenate(([0], changes, [bits.size])) * 4
    stream = _Bits()
    stream.put(bits.size * 4, 32)
    stream.put(8 - 1, 5)
    sizes = (4, 8, 12, 16)
    for size in sizes:
        stream.put(size - 1, 4)
    value = bool(bits[0])
    for length in np.diff(edges).tolist():
        while length:
            # A block says how many values it stands for, less one.
            piece = min(length, 1 << sizes[-1])
            kind = next(i for i, size in enumerate(sizes) if piece <= 1 << size)
            stream.put(1, 1)
            stream.put(kind, 2)
            stream.put(piece - 1, sizes[kind])
            stream.put(255 if value else 0, 8)
            length -= piece
        value = not value
    return stream.bytes()


def region_of_brush(data: Sequence[int], width: int, height: int) -> Region | None:
    """A region from Label Studio's bytes: a pixel is painted where its alpha is not 0; None when nothing is.

    Raises:
        UserError: when the bytes are damaged or of another size.
    """
    import numpy as np

    if width <= 0 or height <= 0 or width * height > MAX_PIXELS:
        raise UserError(*_DAMAGED)
    try:
        stream = _Reader(bytes(data))
    except (TypeError, ValueError) as error:
        raise UserError(*_DAMAGED) from error
    total = stream.take(32)
    if total != width * height * 4:
        raise UserError("A painted area is not of its picture's size.", "Save it again in the program it comes from.")
    word = stream.take(5) + 1
    sizes = [stream.take(4) + 1 for _ in range(4)]
    values = np.zeros(total, np.uint8)
    at = 0
    while at < total:
        repeated = stream.take(1)
        length = stream.take(sizes[stream.take(2)]) + 1
        if at + length > total:
            raise UserError(*_DAMAGED)
        if repeated:
            values[at : at + length] = min(255, stream.take(word))
        else:
            for place in range(at, at + length):
                values[place] = min(255, stream.take(word))
        at += length
    return region_from_bits(values.reshape(height, width, 4)[:, :, 3] > 0)


class _Bits:
    """Bits one after the other, high ones first."""

    def __init__(self) -> None:
        self._done: list[int] = []
        self._held = self._count = 0

    def put(self, value: int, bits: int) -> None:
        self._held = self._held << bits | value
        self._count += bits
        while self._count >= 8:
            self._count -= 8
            self._done.append(self._held >> self._count & 0xFF)
        self._held &= (1 << self._count) - 1

    def bytes(self) -> list[int]:
        """All so far; the last byte filled up with 0."""
        return [*self._done, self._held << (8 - self._count)] if self._count else list(self._done)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, bits: int) -> int:
        """The next bits as a number. Raises: UserError when there are no more."""
        first, last = self._at // 8, (self._at + bits + 7) // 8
        if last > len(self._data):
            raise UserError(*_DAMAGED)
        value = int.from_bytes(self._data[first:last], "big") >> (last * 8 - self._at - bits)
        self._at += bits
        return value & ((1 << bits) - 1)
