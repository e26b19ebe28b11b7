"""How right an answer is, as SQuAD counts (Rajpurkar et al. 2016, section 6.1; 2.0: Rajpurkar et al. 2018)."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_MARKS = str.maketrans("", "", string.punctuation)


def plain_words(text: str) -> list[str]:
    """The words by which answers are compared: small letters, without punctuation (ASCII) and English articles."""
    return _ARTICLES.sub(" ", text.lower().translate(_NO_MARKS)).split()


def exact_and_f1(said: str, truths: Sequence[str]) -> tuple[float, float]:
    """Of one answer, each at its best over the right ones: 1.0 when its words are the same, and the F1 of its words.

    Args:
        said: "" for "not answered here".
        truths: empty when the passage does not answer the question.
    """
    given = plain_words(said)
    right = [words for words in map(plain_words, truths) if words] or [[]]
    return max(float(given == words) for words in right), max(_overlap(given, words) for words in right)


def _overlap(given: list[str], right: list[str]) -> float:
    if not given or not right:
        return float(given == right)
    shared = sum((Counter(given) & Counter(right)).values())
    return 2 * shared / (len(given) + len(right))


@dataclass(frozen=True)
class Sure:
    """How a question came out.

    Attributes:
        margin: `Places.margin` of the best place.
        f1: of that place, were it given.
        answerable: the passage answers the question.
    """

    margin: float
    f1: float
    answerable: bool


def best_margin(asked: Sequence[Sure]) -> float:
    """The margin from which on a place shall be given, so that the mean F1 is the highest; 0, by which the likelier of
    both is said, where these questions cannot tell (all are answered, or none is).

    The middle between the two questions it parts; where several are equally good, the nearest to 0.
    """
    if len({a.answerable for a in asked}) < 2:
        return 0.0
    falling = sorted((a for a in asked if math.isfinite(a.margin)), key=lambda a: -a.margin)
    if not falling:
        return 0.0
    score = float(sum(not a.answerable for a in falling))
    best, margin = score, _between(math.inf, falling[0].margin)
    for place, a in enumerate(falling):
        score += a.f1 - (not a.answerable)
        below = falling[place + 1].margin if place + 1 < len(falling) else -math.inf
        if below == a.margin:
            continue
        found = _between(a.margin, below)
        if score > best + 1e-9 or (score > best - 1e-9 and abs(found) < abs(margin)):
            best, margin = max(best, score), found
    return margin


def _between(high: float, low: float) -> float:
    """A margin that parts two questions: above `low`, at most `high`; 0 where that lies between."""
    if low < 0 <= high:
        return 0.0
    if high == math.inf:
        return low + 1.0
    if low == -math.inf:
        return high - 1.0
    middle = (high + low) / 2
    return middle if middle > low else high
