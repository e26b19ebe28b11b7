"""Finding items that are nearly the same, so that they never stand on both sides of a test.

Pictures: difference hash (Krawetz 2013) for candidates, a 16 x 16 grey miniature to confirm. Texts: MinHash of the set
of words (Broder 1997) for candidates, the true Jaccard similarity to confirm.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    Bytes = npt.NDArray[np.uint8]

MAX_BITS = 4
MAX_GREY_DIFFERENCE = 5.0
MIN_JACCARD = 0.85
_LARGEST_BUCKET = 150
_AT_ONCE = 20_000
_WORD = re.compile(r"\w+")


def signature(picture: Image) -> bytes:
    """8 bytes of difference hash and 256 bytes of 16 x 16 grey values."""
    import numpy as np
    from PIL.Image import Resampling

    grey = picture.convert("L")
    small = np.asarray(grey.resize((9, 8), Resampling.BOX)).astype(np.int16)
    bits = np.packbits((small[:, 1:] > small[:, :-1]).flatten())
    return bits.tobytes() + grey.resize((16, 16), Resampling.BOX).tobytes()


class Groups:
    """Union-find over positions 0..n-1."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, at: int) -> int:
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def join(self, a: int, b: int) -> None:
        first, second = sorted((self.find(a), self.find(b)))
        self._parent[second] = first

    def ids(self) -> list[int]:
        """The group of each position, named by its first member."""
        return [self.find(i) for i in range(len(self._parent))]


def equal_groups(keys: Sequence[str | bytes | None]) -> list[int]:
    """Group of each key: the place of the first that is equal to it. None stands alone."""
    first: dict[str | bytes, int] = {}
    return [place if key is None else first.setdefault(key, place) for place, key in enumerate(keys)]


def picture_groups(signatures: Sequence[bytes | None], control: Control | None = None) -> list[int]:
    """Group of each picture. None stands alone."""
    import numpy as np

    groups = Groups(len(signatures))
    known = [i for i, s in enumerate(signatures) if s is not None and len(s) == 264]
    if not known:
        return groups.ids()
    data = np.frombuffer(b"".join(signatures[i] or b"" for i in known), np.uint8).reshape(len(known), 264)
    bits, grey = np.unpackbits(data[:, :8], axis=1), data[:, 8:]
    # At most MAX_BITS differ, so of MAX_BITS + 1 bands at least one is equal.
    for band in np.array_split(np.arange(64), MAX_BITS + 1):
        for first, second in _near_pairs(bits, grey, band, control):
            groups.join(known[first], known[second])
    return groups.ids()


def _near_pairs(bits: Bytes, grey: Bytes, band: Any, control: Control | None) -> Iterator[tuple[int, int]]:
    """Pairs of rows that are equal in one band and near in the whole. All rows are compared at once with the one that lies
    1, 2, 3 … places further on in the order of the band, so the work is that of the largest bucket times the rows.

    Args:
        bits: uint8 [n, 64], each 0 or 1; grey: uint8 [n, 256]; band: int [k], places in the 64.
    """
    import numpy as np

    packed = np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)
    value = bits[:, band].astype(np.int64) @ (1 << np.arange(len(band), dtype=np.int64))
    order = np.argsort(value, kind="stable")
    _values, begins, sizes = np.unique(value[order], return_index=True, return_counts=True)
    # Plain pictures fall into one bucket by the thousand: sorted by their miniature, near ones are neighbours.
    for bucket in np.flatnonzero(sizes > _LARGEST_BUCKET):
        place = slice(begins[bucket], begins[bucket] + sizes[bucket])
        order[place] = sorted(order[place], key=lambda r: grey[r].tobytes())
    value = value[order]
    for distance in range(1, _LARGEST_BUCKET + 1):
        if control is not None:
            control.check()
        here = np.flatnonzero(value[distance:] == value[:-distance])
        if not len(here):
            return
        one, other = order[here], order[here + distance]
        near = np.bitwise_count(packed[one] ^ packed[other]) <= MAX_BITS
        one, other = one[near], other[near]
        for start in range(0, len(one), _AT_ONCE):
            rows, others = one[start : start + _AT_ONCE], other[start : start + _AT_ONCE]
            off = np.abs(grey[rows].astype(np.int16) - grey[others]).mean(axis=1)
            close = off <= MAX_GREY_DIFFERENCE
            yield from zip(rows[close].tolist(), others[close].tolist(), strict=True)


def normal_text(text: str) -> str:
    """Words only, lower case: equal for texts that differ by blanks, case and punctuation."""
    return " ".join(_WORD.findall(text.casefold()))


def text_groups(texts: Sequence[str], control: Control | None = None) -> list[int]:
    """Group of each text."""
    import zlib

    import numpy as np

    groups = Groups(len(texts))
    words = [frozenset(normal_text(t).split()) for t in texts]
    rng = np.random.default_rng(0)
    prime = (1 << 31) - 1
    scale = rng.integers(1, prime, (32, 1), dtype=np.int64)
    shift = rng.integers(0, prime, (32, 1), dtype=np.int64)
    bands: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for number, bag in enumerate(words):
        if control is not None and number % 500 == 0:
            control.check()
        if not bag:
            continue
        hashes = np.array([zlib.crc32(w.encode()) % prime for w in bag], np.int64)
        smallest = ((scale * hashes + shift) % prime).min(axis=1)
        for band, value in enumerate(smallest.reshape(8, 4)):
            bands[band, value.tobytes()].append(number)
    for members in bands.values():
        first = members[0]
        for place, a in enumerate(members[:_LARGEST_BUCKET]):
            for b in members[place + 1 : place + 1 + _LARGEST_BUCKET]:
                if _jaccard(words[a], words[b]) >= MIN_JACCARD:
                    groups.join(a, b)
        for other in members[_LARGEST_BUCKET:]:
            if _jaccard(words[first], words[other]) >= MIN_JACCARD:
                groups.join(first, other)
    return groups.ids()


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)


def members(groups: Iterable[int]) -> dict[int, list[int]]:
    """Positions of each group that has more than one."""
    found: dict[int, list[int]] = defaultdict(list)
    for position, group in enumerate(groups):
        found[group].append(position)
    return {g: ps for g, ps in found.items() if len(ps) > 1}
