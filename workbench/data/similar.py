"""Finding items that are nearly the same, so that they never stand on both sides of a test.

Pictures: difference hash (Krawetz 2013) for candidates, a 16 x 16 grey miniature to confirm. Texts: MinHash of the set
of words (Broder 1997) for candidates, the true Jaccard similarity to confirm.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workbench.control import Control

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BITS = 4
MAX_GREY_DIFFERENCE = 5.0
MIN_JACCARD = 0.85
_LARGEST_BUCKET = 150
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


def equal_groups(keys: Sequence[str]) -> list[int]:
    """Group of each key: the place of the first that is equal to it."""
    first: dict[str, int] = {}
    return [first.setdefault(k, place) for place, k in enumerate(keys)]


def picture_groups(signatures: Sequence[bytes | None], control: Control | None = None) -> list[int]:
    """Group of each picture. None stands alone."""
    import numpy as np

    groups = Groups(len(signatures))
    known = [i for i, s in enumerate(signatures) if s is not None and len(s) == 264]
    if not known:
        return groups.ids()
    data = np.frombuffer(b"".join(signatures[i] or b"" for i in known), np.uint8).reshape(len(known), 264)
    bits = np.unpackbits(data[:, :8], axis=1)
    grey = data[:, 8:].astype(np.int16)
    # At most MAX_BITS differ, so of MAX_BITS + 1 bands at least one is equal.
    for band in np.array_split(np.arange(64), MAX_BITS + 1):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        for row, value in enumerate(np.packbits(bits[:, band], axis=1)):
            buckets[value.tobytes()].append(row)
        for rows in buckets.values():
            if control is not None:
                control.check()
            if len(rows) > 1:
                _join_near(rows, bits, grey, known, groups)
    return groups.ids()


def _join_near(rows: list[int], bits: object, grey: object, known: list[int], groups: Groups) -> None:
    import numpy as np

    all_bits, all_grey = np.asarray(bits), np.asarray(grey)
    if len(rows) > _LARGEST_BUCKET:
        # Plain pictures fall into one bucket by the thousand: sorted by their miniature, near ones are neighbours.
        rows = sorted(rows, key=lambda r: all_grey[r].tobytes())
    for place, row in enumerate(rows):
        others = rows[place + 1 : place + 1 + _LARGEST_BUCKET]
        if not others:
            continue
        different = (all_bits[others] != all_bits[row]).sum(axis=1)
        distance = np.abs(all_grey[others] - all_grey[row]).mean(axis=1)
        for other, bits_off, off in zip(others, different, distance, strict=True):
            if bits_off <= MAX_BITS and off <= MAX_GREY_DIFFERENCE:
                groups.join(known[row], known[other])


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
