"""A map of texts: what means something alike lies near each other, in groups named by their keywords.

The layout is t-SNE (van der Maaten and Hinton 2008; with interpolation by Linderman et al. 2019) from exact nearest neighbours
by cosine. The groups are k-means on the vectors, their number being that with the best mean silhouette (Rousseeuw 1987).
The same texts give the same map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.engine.document_index import DocumentIndex, Passage
from workbench.engine.keywords import group_keywords
from workbench.errors import UserError
from workbench.tasks.keywords import DIVERSITY, Keyword

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

MOST_POINTS = 20_000
_FEWEST = 3
_PERPLEXITY = 30.0
_BLOCK = 1024
_DIMENSIONS = 50  # groups are sought in so many principal components
_NUMBERS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20)
_JUDGED = 1500  # points whose silhouette is measured
_READ = 200  # texts of a group that are read for its keywords, those nearest to its middle
# As openTSNE's own: rounds in which groups first find together, and rounds in all.
_EARLY, _ROUNDS = 250, 500
_SHOWN_EVERY = 5
_FIRST_WIDTH = 1e-4
_MANY = 3000
# Among so few, t-SNE has no neighbourhoods to keep: the first two principal components are drawn.
_FEW = 30


@dataclass(frozen=True)
class Group:
    """Texts that belong together. `places`: of its points, the one nearest to its middle first."""

    name: str
    keywords: tuple[Keyword, ...]
    places: tuple[int, ...]


@dataclass(frozen=True)
class TextMap:
    """A map.

    Attributes:
        passages: what each point stands for.
        xy: float32 [N, 2], within -1..1.
        groups: the largest first. group_of: int64 [N], place of each point's group.
        total: points there would be; more than there are when only a sample is shown.
    """

    passages: tuple[Passage, ...]
    xy: Vectors
    groups: tuple[Group, ...]
    group_of: npt.NDArray[np.int64]
    total: int

    @property
    def note(self) -> str:
        """What a person must know, or ""."""
        if self.total <= len(self.passages):
            return ""
        return (
            f"Shown are {len(self.passages):,} of {self.total:,}, evenly taken: more make a map slow and no clearer. All of"
            " them are found by the search."
        )


def make_map(
    index: DocumentIndex, by_document: bool = False, diversity: float = DIVERSITY, control: Control | None = None
) -> TextMap:
    """The map of an index.

    Args:
        by_document: a point is a document, else a passage.

    Raises:
        UserError: when there are fewer than three points.
        Cancelled: when asked to stop.
    """
    import numpy as np

    control = control or Control()
    control.progress(0, 0, "Reading what is known of the documents")
    points = index.points(by_document, control)
    total = len(points.passages)
    if total < _FEWEST:
        raise UserError(
            f"A map needs at least {_FEWEST} {'documents' if by_document else 'passages'}.", "Add more documents."
        )
    chosen = np.unique(np.linspace(0, total - 1, min(total, MOST_POINTS)).round().astype(np.int64))
    vectors = points.vectors[chosen]
    passages = tuple(points.passages[n] for n in chosen)
    group_of, centres = grouped(vectors, control)
    order = [np.flatnonzero(group_of == g) for g in range(len(centres))]
    order = [places[np.argsort(-(vectors[places] @ centres[g]), kind="stable")] for g, places in enumerate(order)]
    control.progress(0, 0, "Naming the groups")
    texts = [[passages[n].text for n in places[:_READ]] for places in order]
    with index.model(control) as model:
        names = group_keywords(texts, centres, model, diversity=diversity, control=control)
    xy = laid_out(vectors, control)
    groups = tuple(
        Group(
            ", ".join(k.text for k in found[:3]) or f"Group {g + 1}", tuple(found), tuple(int(n) for n in places)
        )
        for g, (found, places) in enumerate(zip(names, order, strict=True))
    )  # fmt: skip
    return TextMap(passages, xy, groups, group_of, total)


def grouped(vectors: Vectors, control: Control | None = None) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Groups of vectors of length 1, the largest first: int64 [N], and their middles float32 [G, F] of length 1.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import silhouette_score

    control = control or Control()
    count = len(vectors)
    reduced = vectors
    if min(count - 1, vectors.shape[1]) > _DIMENSIONS:
        reduced = PCA(_DIMENSIONS, random_state=0, svd_solver="randomized").fit_transform(vectors)
    judged = np.unique(np.linspace(0, count - 1, min(count, _JUDGED)).round().astype(np.int64))
    best, labels = -2.0, np.zeros(count, np.int64)
    # More groups than that are a list, no map.
    for number in [n for n in _NUMBERS if n <= count**0.5] or [1]:
        control.check()
        control.progress(0, 0, f"Looking for groups: {number}")
        found = MiniBatchKMeans(number, random_state=0, n_init=5, batch_size=2048).fit_predict(reduced)
        some = found[judged]
        if number > 1 and len(set(some.tolist())) < 2:
            continue
        score = float(silhouette_score(reduced[judged], some)) if number > 1 else -1.0
        if score > best:
            best, labels = score, found.astype(np.int64)
    sizes = np.bincount(labels)
    ranked = sorted(np.flatnonzero(sizes).tolist(), key=lambda g: (-sizes[g], g))
    new = np.zeros(len(sizes), np.int64)
    new[ranked] = np.arange(len(ranked))
    labels = new[labels]
    centres = np.stack([vectors[labels == g].mean(axis=0) for g in range(len(ranked))])
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    return labels, centres.astype(np.float32)


def laid_out(vectors: Vectors, control: Control | None = None) -> Vectors:
    """Places float32 [N, 2] within -1..1 of vectors of length 1. Raises: Cancelled: when asked to stop."""
    import numpy as np
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from sklearn.decomposition import PCA

    control = control or Control()
    count = len(vectors)
    first = PCA(2, random_state=0).fit_transform(vectors) if count > 3 and vectors.std(axis=0).max() > 1e-6 else None
    if first is None:
        # Three, or all the same: on a circle.
        turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
        return np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    if count <= _FEW:
        return _scaled(first)
    perplexity = min(_PERPLEXITY, (count - 1) / 3)
    neighbours, distances = _nearest(vectors, min(count - 1, int(3 * perplexity)), control)
    control.check()
    # Few points are done before several threads have found together.
    jobs = -1 if count > _MANY else 1
    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(neighbours, distances), n_jobs=jobs, random_state=0
    )
    control.check()
    begun = first / first[:, 0].std() * _FIRST_WIDTH + np.random.default_rng(0).normal(
        0, _FIRST_WIDTH / 100, first.shape
    )
    layout: Any = TSNEEmbedding(begun, affinities, n_jobs=jobs, random_state=0, negative_gradient_method=_method(count))
    # Its optimizer stops when a callback says so; what is left then is not looked at.
    done = 0

    def went_on(rounds: int, _error: float, _layout: Any) -> bool:
        control.progress(done + rounds, _EARLY + _ROUNDS, "Drawing the map")
        return control.cancelled

    def optimised(rounds: int, **how: Any) -> Any:
        found = layout.optimize(rounds, callbacks=[went_on], callbacks_every_iters=_SHOWN_EVERY, **how)
        control.check()
        return found

    layout = optimised(_EARLY, exaggeration=12, momentum=0.5)
    done = _EARLY
    layout = optimised(_ROUNDS, momentum=0.8)
    return _scaled(np.asarray(layout))


def _scaled(places: npt.NDArray[np.floating[Any]]) -> Vectors:
    """Into -1..1, with the same scale both ways."""
    import numpy as np

    middle = places - (places.max(axis=0) + places.min(axis=0)) / 2
    found: Vectors = (middle / max(float(np.abs(middle).max()), 1e-12)).astype(np.float32)
    return found


def _method(count: int) -> str:
    """Exact sums for few points, interpolated ones for many, as openTSNE would choose."""
    return "bh" if count < 10_000 else "fft"


def _nearest(vectors: Vectors, keep: int, control: Control) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Nearest others of each, int64 [N, K], and their distances (Euclidean, of vectors of length 1), nearest first."""
    import numpy as np

    count = len(vectors)
    neighbours = np.empty((count, keep), np.int64)
    distances = np.empty((count, keep), np.float32)
    for start in range(0, count, _BLOCK):
        control.check()
        control.progress(start, count, "Comparing texts")
        part = slice(start, min(count, start + _BLOCK))
        close = vectors[part] @ vectors.T
        close[np.arange(len(close)), np.arange(part.start, part.stop)] = -np.inf  # not with itself
        near = np.argpartition(-close, keep - 1, axis=1)[:, :keep]
        likeness = np.take_along_axis(close, near, axis=1)
        order = np.argsort(-likeness, axis=1, kind="stable")
        neighbours[part] = np.take_along_axis(near, order, axis=1)
        nearest = np.take_along_axis(likeness, order, axis=1)
        distances[part] = np.sqrt(np.maximum(2 - 2 * nearest, 0))
    return neighbours, distances


def group_table(found: TextMap) -> Sequence[dict[str, object]]:
    """One row per group: for a table or JSON."""
    return [
        {
            "group": group.name,
            "texts": len(group.places),
            "keywords": [{"keyword": k.text, "score": round(k.score, 4)} for k in group.keywords],
        }
        for group in found.groups
    ]
