"""Pictures that look alike: search by example, and groups of near-duplicates.

Likeness is the cosine of the angle between two vectors of features (see `engine.picture_index`), worked out exactly for
every picture, a block at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data import similar
from workbench.data.types import Sample
from workbench.engine.picture_index import Picture, PictureIndex, embed
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Vectors = npt.NDArray[np.float32]

_BLOCK = 4096
# Rocchio's weights (Rocchio 1971; as in Manning, Raghavan and Schuetze 2008, section 9.1.1).
_TOWARDS, _AWAY = 0.75, 0.15
# Two pictures are nearly the same when they are at least this much alike and markedly nearer to each other than either
# is to its eighth-nearest picture (the ratio test of Lowe 2004, with a farther neighbour because a group may be large):
# among digits or X-rays everything is much alike. Chosen on edited photos among digits and faces.
_ALIKE, _RATIO, _NEIGHBOUR = 0.85, 0.4, 8
# With fewer pictures than that, the eighth-nearest is taken to be this much alike.
_USUAL = 0.8
# So much alike, no comparison is needed.
_CERTAIN = 0.975
_CANDIDATES = 16
# Above so many pictures, candidates are found in fewer dimensions (Johnson and Lindenstrauss 1984).
_MANY, _FEWER = 20_000, 192
# What counts as large and as sharp as the best of a group.
_AS_LARGE, _AS_SHARP = 0.98, 0.6
_COMPARED_AT_ONCE = 50_000_000


@dataclass(frozen=True)
class Found:
    """All pictures of an index by likeness: places int64 [N], the most alike first, and their likeness float32 [N]."""

    places: npt.NDArray[np.int64]
    likeness: npt.NDArray[np.float32]


def query_vector(like: Vectors, unlike: Vectors | None = None) -> Vectors:
    """One vector, float32 [F] of length 1, out of examples [P, F] and counter-examples [N, F].

    Raises:
        UserError: when there is no example.
    """
    import numpy as np

    if not len(like):
        raise UserError("There is no picture to compare with.", "Choose one, or drop one.")
    wanted = like.mean(axis=0)
    if unlike is not None and len(unlike):
        wanted = _TOWARDS * wanted - _AWAY * unlike.mean(axis=0)
    found: Vectors = (wanted / max(float(np.linalg.norm(wanted)), 1e-12)).astype(np.float32)
    return found


def find_alike(
    index: PictureIndex, like: Vectors, unlike: Vectors | None = None, control: Control | None = None
) -> Found:
    """Sort an index by likeness to examples; equals come in their own order.

    Raises:
        UserError: when there is no example.
        Cancelled: when asked to stop.
    """
    import numpy as np

    control = control or Control()
    query = query_vector(like, unlike)
    every = np.empty(len(index.vectors), np.float32)
    for start in range(0, len(every), _BLOCK):
        control.check()
        every[start : start + _BLOCK] = index.vectors[start : start + _BLOCK].astype(np.float32) @ query
    likeness = every[index.rows()]
    places = np.argsort(-likeness, kind="stable")
    return Found(places, likeness[places])


def find_like(
    index: PictureIndex, like: Sequence[Sample], unlike: Sequence[Sample] = (), control: Control | None = None
) -> Found:
    """As `find_alike`, for pictures in the index or from anywhere.

    Raises:
        UserError: when there is no example, or one cannot be read.
        Cancelled: when asked to stop.
    """
    import numpy as np

    places = {picture.path: place for place, picture in enumerate(index.pictures)}
    both = [*like, *unlike]
    known = [places.get(s.path, -1) if s.path is not None else -1 for s in both]
    others = [s for s, place in zip(both, known, strict=True) if place < 0]
    fresh, problems = embed(others, control) if others else (None, [])
    if problems:
        raise UserError(f"“{problems[0].where}”: {problems[0].message}", problems[0].hint)
    rows, taken = [], 0
    for place in known:
        if place < 0 and fresh is not None:
            rows.append(fresh[taken])
            taken += 1
        else:
            rows.append(index.vectors_of([place])[0])
    vectors = np.array(rows, np.float32)
    return find_alike(index, vectors[: len(like)], vectors[len(like) :], control)


def likeness_words(likeness: float) -> str:
    """Plain words for a cosine."""
    for bound, words in ((0.9, "nearly the same"), (0.7, "very alike"), (0.5, "alike"), (0.3, "a little alike")):
        if likeness >= bound:
            return words
    return "hardly alike"


# Near-duplicates --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Pictures that are nearly the same: places in the index, the best one first.

    Attributes:
        largest, sharpest: places. The best is the largest that is not clearly less sharp than another as large; of
            several such, the one in the largest file (the least compressed).
        identical: all files hold the same bytes.
        spare_bytes: what all but the best take on the disk.
    """

    places: tuple[int, ...]
    largest: int
    sharpest: int
    identical: bool
    spare_bytes: int

    @property
    def best(self) -> int:
        return self.places[0]


def duplicate_groups(index: PictureIndex, *, edited: bool = True, control: Control | None = None) -> list[Group]:
    """Groups of near-duplicates, those that free most of the disk first.

    Args:
        edited: also pictures that were cropped, turned, mirrored or brightened (by their features); without it only
            copies, other sizes and stronger compressions (by their perceptual hash).

    Raises:
        Cancelled: when asked to stop.
    """
    control = control or Control()
    control.progress(0, 0, "Comparing pictures")
    groups = similar.Groups(len(index.pictures))
    first: dict[str, int] = {}
    for place, picture in enumerate(index.pictures):
        groups.join(first.setdefault(picture.content_hash, place), place)
    for place, near in enumerate(similar.picture_groups([p.signature for p in index.pictures], control)):
        groups.join(place, near)
    if edited:
        for a, b in _near_pairs(index, control):
            groups.join(a, b)
    found = [_group(index.pictures, places) for places in similar.members(groups.ids()).values()]
    return sorted(found, key=lambda g: (-g.spare_bytes, g.best))


def _group(pictures: Sequence[Picture], places: Sequence[int]) -> Group:
    def area(place: int) -> int:
        return pictures[place].width * pictures[place].height

    def worth(place: int) -> tuple[object, ...]:
        large = area(place) >= _AS_LARGE * most
        clear = large and pictures[place].sharpness >= _AS_SHARP * sharp
        return not clear, not large, -pictures[place].size, -area(place), len(pictures[place].name), place

    most = max(map(area, places))
    sharp = max(pictures[p].sharpness for p in places if area(p) >= _AS_LARGE * most)
    ordered = tuple(sorted(places, key=worth))
    return Group(
        ordered,
        largest=max(ordered, key=area),
        sharpest=max(ordered, key=lambda p: pictures[p].sharpness),
        identical=len({pictures[p].content_hash for p in ordered}) == 1,
        spare_bytes=sum(pictures[p].size for p in ordered[1:]),
    )


def _near_pairs(index: PictureIndex, control: Control) -> list[tuple[int, int]]:
    """Pairs of places that pass the ratio test."""
    import numpy as np
    import torch

    if len(index.pictures) < 2:
        return []
    near, likeness = nearest(torch.from_numpy(np.asarray(index.vectors[index.rows()])), control)
    return alike_pairs(near, likeness)


def nearest(
    vectors: torch.Tensor, control: Control, nouns: str = "pictures"
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The nearest others of each vector (at most 16), the candidates of `alike_pairs`: places int64 [N, K] and their
    likeness float32 [N, K], in no order. Every pair is compared: four times the time for twice as many.

    Args:
        vectors: [N, F] of length 1, N at least 2.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np
    import torch

    count = len(vectors)
    screen = _screen(vectors)
    keep = min(_CANDIDATES, count - 1)
    near = np.empty((count, keep), np.int64)
    likeness = np.empty((count, keep), np.float32)
    step = max(16, min(512, _COMPARED_AT_ONCE // count))
    for start in range(0, count, step):
        control.check()
        control.progress(start, count, f"Comparing {nouns}: {start:,} of {count:,}")
        part = slice(start, start + step)
        close = screen[part] @ screen.T
        close[torch.arange(len(close)), torch.arange(start, start + len(close))] = -2.0  # not with itself
        candidates = close.topk(keep, dim=1).indices
        exact = torch.einsum("nkf,nf->nk", vectors[candidates].float(), vectors[part].float())
        near[part], likeness[part] = candidates.numpy(), exact.numpy()
    return near, likeness


def alike_pairs(near: npt.NDArray[np.int64], likeness: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
    """Pairs of places that are nearly the same by the ratio test or beyond any doubt."""
    import numpy as np

    count, keep = near.shape
    eighth = np.full(count, _USUAL, np.float32)
    if keep >= _NEIGHBOUR:
        eighth = -np.partition(-likeness, _NEIGHBOUR - 1, axis=1)[:, _NEIGHBOUR - 1]
    apart = 1 - np.minimum(eighth[:, None], 1.0)
    clear = (likeness >= _ALIKE) & (1 - likeness <= _RATIO * np.minimum(apart, apart[near][..., 0]))
    return [(int(a), int(near[a, k])) for a, k in zip(*np.nonzero(clear | (likeness >= _CERTAIN)), strict=True)]


def _screen(vectors: torch.Tensor) -> torch.Tensor:
    """float16 [N, F] to float32 of the same or, for many pictures, fewer dimensions in which angles are nearly kept."""
    import torch

    if len(vectors) <= _MANY:
        return vectors.float()
    random = torch.Generator().manual_seed(0)
    projection = torch.randn(vectors.shape[1], _FEWER, generator=random) / _FEWER**0.5
    starts = range(0, len(vectors), _BLOCK)
    narrow = torch.cat([vectors[start : start + _BLOCK].float() @ projection for start in starts])
    return torch.nn.functional.normalize(narrow, dim=1)
