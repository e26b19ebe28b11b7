"""What comes of swapping words in texts: does a model answer differently when only names and pronouns change?

A counterfactual test (Kusner et al. 2017; Garg et al. 2019): the label of a text rarely depends on such words, so an answer that
does is worth a look. Where it leans to one side, that is tested by flipping signs (Fisher 1935), corrected over the classes
(Holm 1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from workbench.trust.groups import ALPHA, holm
from workbench.trust.metrics import wilson

_FLIPS = 10_000
_BLOCK = 500
# Fewer texts with such words than this are too few to be sure.
FEWEST = 20
# A lean of less than a point of probability is of no weight, however sure.
_LEAST_LEAN = 0.01
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class SwapPair:
    """One text before and after.

    Attributes:
        place: of the text among those given.
        side: on which side its words were; "" when on both.
        before, after: the answers; `moved`: how far the probability of the answer before moved, -1..1.
        first, second: the probabilities of all classes, before and after.
    """

    place: int
    text: str
    swapped: str
    side: Literal["a", "b", ""]
    before: str
    after: str
    moved: float
    first: Mapping[str, float]
    second: Mapping[str, float]

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Lean:
    """A class that is likelier on one side: `mean` is its probability with words of side b less that with words of a."""

    name: str
    mean: float
    n: int
    adjusted: float

    @property
    def real(self) -> bool:
        return self.adjusted < ALPHA and abs(self.mean) >= _LEAST_LEAN


@dataclass(frozen=True)
class SwapResult:
    """See the module.

    Attributes:
        given: number of texts looked at; `n` of them have such words.
        low, high: 95 % interval (Wilson) of `share`, the share of answers that change.
        mean_change: mean of how far the probability of the answer moves, in 0..1.
        pairs: texts, those that changed most first.
        leans: classes, the strongest lean first.
        left_out: texts that have such words and were left out, since swapping them would have made their grammar wrong.
        limits: in plain words what the test cannot tell in this language.
    """

    title: str
    a: str
    b: str
    given: int
    n: int
    changed: int
    share: float
    low: float
    high: float
    mean_change: float
    leans: tuple[Lean, ...]
    pairs: tuple[SwapPair, ...]
    left_out: int = 0
    limits: str = ""

    @property
    def lean(self) -> Lean | None:
        """The strongest lean that is unlikely to be chance."""
        return next((lean for lean in self.leans if lean.real), None)

    @property
    def matters(self) -> bool:
        """True when these words move its answers beyond chance."""
        return self.lean is not None or self.low > _LEAST_SHARE

    def sentence(self) -> str:
        """What was found, in plain words, honest about few texts."""
        if not self.n and self.left_out:
            return f"{self._left_out()} None is left that the words could be swapped in, so nothing can be said."
        if not self.n:
            return f"None of the {self.given:,} texts has any of these words, so nothing can be said."
        texts = "text" if self.n == 1 else "texts"
        answers = "the answer changes" if self.changed == 1 else "the answers change"
        text = (
            f"{self.changed:,} of {self.n:,} {texts} with such words get another answer when only these words are swapped"
            f" ({self.share:.0%}; on more such texts expect {self.low:.0%} to {self.high:.0%})."
            if self.changed
            else f"None of the {self.n:,} {texts} with such words gets another answer when only these words are swapped (on"
            f" more such texts {answers} at most {self.high:.0%} of the time)."
        )
        text += f" The probability of the answer moves by {self.mean_change * 100:.1f} points on average."
        lean = self.lean
        if lean is not None:
            more, less = (self.b, self.a) if lean.mean > 0 else (self.a, self.b)
            text += (
                f" “{lean.name}” is {abs(lean.mean) * 100:.0f} points likelier with {more} than with {less}; that is unlikely"
                " to be chance."
            )
        elif self.matters:
            text += " It does not lean to one side as a whole, but single answers depend on these words."
        else:
            text += " There is no sign that it treats the two sides differently."
        if self.n < FEWEST:
            text += f" Only {self.n} {texts} could be tested: too few to be sure."
        return f"{text} {self._left_out()}".strip()

    def _left_out(self) -> str:
        if not self.left_out:
            return ""
        many = "text with such words was" if self.left_out == 1 else "texts with such words were"
        return f"{self.left_out:,} {many} left out, since swapping would have made the grammar wrong."

    def to_json(self, most: int = 50) -> dict[str, Any]:
        """Everything, for other programs; of the texts the first ones."""
        whole = asdict(self)
        return {
            **{k: v for k, v in whole.items() if k not in ("pairs", "leans")},
            "matters": self.matters,
            "sentence": self.sentence(),
            "leans": [{**asdict(lean), "unlikely_to_be_chance": lean.real} for lean in self.leans],
            "pairs": [
                {k: v for k, v in pair.items() if k not in ("first", "second")} for pair in whole["pairs"][:most]
            ],
        }


def swap_result(
    title: str, a: str, b: str, given: int, pairs: Sequence[SwapPair], left_out: int = 0, limits: str = ""
) -> SwapResult:
    """Count. `given`: number of all texts looked at."""
    n, changed = len(pairs), sum(p.changed for p in pairs)
    low, high = wilson(changed, n)
    order = sorted(pairs, key=lambda p: (not p.changed, -abs(p.moved), p.place))
    mean = sum(abs(p.moved) for p in pairs) / n if n else 0.0
    return SwapResult(
        title, a, b, given, n, changed, changed / n if n else 0.0, low, high, mean, _leans(pairs), tuple(order), left_out,
        limits,
    )  # fmt: skip


def _leans(pairs: Sequence[SwapPair]) -> tuple[Lean, ...]:
    """Every class's lean. Of texts with words of both sides nothing can be said."""
    import numpy as np

    told = [p for p in pairs if p.side]
    names = list(dict.fromkeys(name for p in told for name in p.first))
    if not told:
        return ()
    moves = np.array(
        [[(p.second.get(c, 0.0) - p.first.get(c, 0.0)) * (1.0 if p.side == "a" else -1.0) for c in names] for p in told]
    )
    means = moves.mean(axis=0)
    rng = np.random.default_rng(0)
    hits = np.zeros(len(names))
    for _ in range(_FLIPS // _BLOCK):
        signs = rng.choice((-1.0, 1.0), (_BLOCK, len(told)))
        hits += (np.abs(signs @ moves) / len(told) >= np.abs(means) - 1e-12).sum(axis=0)
    adjusted = holm([float(h + 1) / (_FLIPS + 1) for h in hits])
    found = [Lean(name, float(m), len(told), p) for name, m, p in zip(names, means, adjusted, strict=True)]
    return tuple(sorted(found, key=lambda lean: (not lean.real, -abs(lean.mean))))
