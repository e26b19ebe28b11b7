"""What is known of things and how they are liked, and what follows for one person. Nothing here knows people: what a person likes is
given with every question, so a model can be passed on without anybody's history in it.

- By popularity: how many people liked it.
- By content: the mean of the vectors of what the person liked, and the cosine of each thing to it (Rocchio 1971; Pazzani & Billsus
  2007, doi 10.1007/978-3-540-72079-9_10).
- Together ("people who liked this also liked"): factors of things from alternating least squares on implicit feedback; a person's
  own are the half step of the same method on what they liked (Hu, Koren & Volinsky 2008, doi 10.1109/ICDM.2008.22, equation 4),
  and so is what each liked thing contributes to a score (equation 7).
- Both: a weighted sum of the two, each brought to mean 0 and standard deviation 1 over all things first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]

POPULAR, CONTENT, TOGETHER, BOTH = "popular", "content", "als", "hybrid"
WAYS = (POPULAR, CONTENT, TOGETHER, BOTH)
# What is said to speak for a thing must make at least this share of what speaks for it.
_WORTH_SAYING = 0.05


def confidence(strengths: Sequence[float] | Doubles, alpha: float) -> Doubles:
    """How sure it is that these are liked: 1 + alpha * log2(1 + strength); a thing that was not touched has 1."""
    import numpy as np

    return 1.0 + alpha * np.log2(1.0 + np.maximum(np.asarray(strengths, np.float64), 0.0))


@dataclass
class Taste:
    """One model's knowledge of N things.

    Attributes:
        way: one of `WAYS`.
        popularity: float32 [N], how many people liked each.
        content: float32 [N, F], rows of length 1, or 0 for a thing without content; None where the model does not look at it.
        factors: float32 [N, D]; rows of zeros for things nobody liked; None where it has none.
        mix: weight of the factors against the content, 0..1.
    """

    way: str
    popularity: Floats
    content: Floats | None = None
    factors: Floats | None = None
    regularisation: float = 0.1
    alpha: float = 10.0
    mix: float = 0.5

    @cached_property
    def _gram(self) -> Doubles:
        """Y'Y + lambda I, float64 [D, D]."""
        import numpy as np

        assert self.factors is not None
        wide = self.factors.astype(np.float64)
        return wide.T @ wide + self.regularisation * np.eye(wide.shape[1])

    def __len__(self) -> int:
        return len(self.popularity)

    def scores(self, liked: Sequence[int], strengths: Sequence[float], extra: Floats | None = None) -> Doubles:
        """float64 [N], higher is better. With nothing to go by: the popularity.

        Args:
            liked: places of things, `strengths` one of each.
            extra: float32 [M, F], vectors of liked things that the model does not know.
        """
        import numpy as np

        by_content = self._by_content(liked, strengths, extra) if self.way in (CONTENT, BOTH) else None
        by_factors = self._by_factors(liked, strengths) if self.way in (TOGETHER, BOTH) else None
        if by_content is not None and by_factors is not None:
            return (1 - self.mix) * _standard(by_content) + self.mix * _standard(by_factors)
        if by_factors is not None:
            return by_factors
        if by_content is not None:
            return by_content
        return self.popularity.astype(np.float64)

    def mixed_scores(self, liked: Sequence[int], strengths: Sequence[float], mixes: Sequence[float]) -> list[Doubles]:
        """As `scores` of a model that goes by both, with each of these weights of the factors in turn."""
        by_content, by_factors = self._by_content(liked, strengths, None), self._by_factors(liked, strengths)
        if by_content is None or by_factors is None:
            return [self.scores(liked, strengths)] * len(mixes)
        content, factors = _standard(by_content), _standard(by_factors)
        return [(1 - mix) * content + mix * factors for mix in mixes]

    def knows(self, liked: Sequence[int], extra: Floats | None = None) -> bool:
        """Whether there is anything to go by."""
        if self.way == POPULAR:
            return True
        content = self.way in (CONTENT, BOTH) and self._centre(liked, [1.0] * len(liked), extra) is not None
        return content or (self.way in (TOGETHER, BOTH) and self._person(liked, [1.0] * len(liked)) is not None)

    def best(self, scores: Doubles, leave_out: Sequence[int], count: int) -> list[int]:
        """Places of the best things, equal ones in order of place."""
        import numpy as np

        kept = scores.copy()
        if len(leave_out):
            kept[list(leave_out)] = -np.inf
        order = np.argsort(-kept, kind="stable")[:count]
        return [int(i) for i in order if np.isfinite(kept[i])]

    def because(
        self,
        places: Sequence[int],
        liked: Sequence[int],
        strengths: Sequence[float],
        extra: Floats | None = None,
        most: int = 3,
    ) -> list[list[int]]:
        """Of each of these things: which liked ones speak most for it, the strongest first, counted among those of `liked` and
        behind them those of `extra`."""
        import numpy as np

        more = 0 if extra is None else len(extra)
        if not len(liked) + more or not len(places) or self.way == POPULAR:
            return [[] for _ in places]
        # As in `scores`: where one side knows nothing, the other counts alone.
        content = self.way in (CONTENT, BOTH) and self._centre(liked, strengths, extra) is not None
        factors = self.way in (TOGETHER, BOTH) and self._person(liked, strengths) is not None
        mix = self.mix if content and factors else float(factors)
        total = np.zeros((len(places), len(liked) + more))
        if content and self.content is not None:
            rows = self.content[list(liked)] if extra is None else np.concatenate([self.content[list(liked)], extra])
            near = self.content[list(places)] @ rows.T
            total += (1 - mix) * _shared(_weights([*strengths, *[1.0] * more]) * near)
        if factors:
            total[:, : len(liked)] += mix * _shared(self.contributions(places, liked, strengths))
        found = []
        for row in total:
            order = np.argsort(-row, kind="stable")[:most]
            found.append([int(i) for i in order if row[i] > _WORTH_SAYING * row[row > 0].sum()])
        return found

    def contributions(self, places: Sequence[int], liked: Sequence[int], strengths: Sequence[float]) -> Doubles:
        """What each liked thing adds to each of these things' scores by factors; they sum to it. float64 [P, L]."""
        import numpy as np

        assert self.factors is not None
        sure = confidence(strengths, self.alpha)
        rows = self.factors[list(liked)].astype(np.float64)
        weighed = np.linalg.solve(self._system(rows, sure), self.factors[list(places)].astype(np.float64).T)
        return np.asarray((sure[:, None] * (rows @ weighed)).T, np.float64)

    def _by_factors(self, liked: Sequence[int], strengths: Sequence[float]) -> Doubles | None:
        person = self._person(liked, strengths)
        return None if person is None or self.factors is None else (self.factors @ person).astype("float64")

    def _person(self, liked: Sequence[int], strengths: Sequence[float]) -> Doubles | None:
        """A person's factors, float64 [D]; None where nothing they liked has any."""
        import numpy as np

        if self.factors is None or not len(liked):
            return None
        rows = self.factors[list(liked)].astype(np.float64)
        if not rows.any():
            return None
        sure = confidence(strengths, self.alpha)
        return np.asarray(np.linalg.solve(self._system(rows, sure), rows.T @ sure), np.float64)

    def _system(self, rows: Doubles, sure: Doubles) -> Doubles:
        return self._gram + rows.T @ ((sure - 1.0)[:, None] * rows)

    def _by_content(self, liked: Sequence[int], strengths: Sequence[float], extra: Floats | None) -> Doubles | None:
        import numpy as np

        centre = self._centre(liked, strengths, extra)
        return None if centre is None or self.content is None else (self.content @ centre).astype(np.float64)

    def _centre(self, liked: Sequence[int], strengths: Sequence[float], extra: Floats | None) -> Floats | None:
        """The direction of what is liked, float32 [F] of length 1; None where there is none."""
        import numpy as np

        if self.content is None:
            return None
        found: Floats = (
            _weights(strengths).astype(np.float32) @ self.content[list(liked)]
            if len(liked)
            else np.zeros(self.content.shape[1], np.float32)
        )
        if extra is not None and len(extra):
            found = (found + extra.sum(0)).astype(np.float32)
        length = float(np.linalg.norm(found))
        return (found / length).astype(np.float32) if length > 0 else None


def _weights(strengths: Sequence[float]) -> Doubles:
    import numpy as np

    return np.log2(1.0 + np.maximum(np.asarray(strengths, np.float64), 0.0))


def _standard(values: Doubles) -> Doubles:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else values * 0.0


def _shared(values: Doubles) -> Doubles:
    """Each row as shares of the sum of its sizes."""
    import numpy as np

    total = np.abs(values).sum(1, keepdims=True)
    found: Doubles = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    return found
