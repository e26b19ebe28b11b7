"""Keywords: the words and short phrases that say best what a text is about, and that differ from each other.

Candidates are rows of words that neither begin nor end with a little word ("of", "the") and lie in one sentence. They are
ranked by the likeness of their vector to the text's (as KeyBERT does: Grootendorst 2020), each further one by Maximal
Marginal Relevance (Carbonell and Goldstein 1998): how near it is to the text, less how near to those chosen already.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.documents.base import Block, assembled
from workbench.data.documents.passages import passages, sentences
from workbench.data.documents.words import Word, stop_words_of, words_of
from workbench.errors import UserError
from workbench.tasks.text_vectors import budget, counter, embed_texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.runtimes.network import Network

    Vectors = npt.NDArray[np.float32]

DIVERSITY = 0.4
_LONGEST = 3  # words of a phrase
_LONGEST_UNSPACED = 4  # letters of a phrase in a script without blanks
_SHORTEST = 3  # letters of a word
MOST_CANDIDATES = 300
_CHOSEN_FROM, _CHOSEN_FROM_AT_LEAST = 4, 20
_MOST_PASSAGES = 64  # a long text's vector is the mean of so many passages, evenly spread
_MOST_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword.

    Attributes:
        text: as it is mostly written in the text.
        score: cosine of its vector and the text's, 0..1.
        spans: where it stands: characters (start, end).
    """

    text: str
    score: float
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phrase that may be a keyword. `folded`: as it is compared; `length`: in words."""

    folded: str
    text: str
    spans: tuple[tuple[int, int], ...]
    length: int


def keywords(
    text: str, model: Network, top: int = 10, diversity: float = DIVERSITY, control: Control | None = None
) -> list[Keyword]:
    """Keywords of one text, the nearest to it first.

    Args:
        diversity: 0: those nearest to the text, though they say the same; 1: as different as can be.

    Raises:
        UserError: when there is nothing in the text, or too much.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    if len(text) > _MOST_CHARACTERS:
        raise UserError("This text is too long for keywords.", "Add it as a document, or cut it into parts.")
    found = candidates(text, control)
    if not found:
        return []
    vectors = embed_texts([c.text for c in found], model, control)
    return chosen_keywords(found, vectors, text_vector(text, model, control), top, diversity)


def text_vector(text: str, model: Network, control: Control | None = None) -> Vectors:
    """float32 [F] of length 1: what a text of any length is about. Raises: UserError, Cancelled."""
    import numpy as np

    document = assembled(Path("text"), "text", [Block(text)], control)
    cuts = list(passages(document, counter(model), budget(model), control))
    step = max(1, math.ceil(len(cuts) / _MOST_PASSAGES))
    vectors = embed_texts([document.text[c.start : c.end] for c in cuts[::step]], model, control)
    mean = vectors.mean(axis=0)
    vector: Vectors = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return vector


def candidates(text: str, control: Control | None = None, most: int = MOST_CANDIDATES) -> list[Candidate]:
    """Phrases of a text, in the order they first stand in it.

    Args:
        most: of a long text, those that stand in it most often; 0: all.

    Raises:
        Cancelled: when asked to stop.
    """
    control = control or Control()
    little = stop_words_of([w.folded for w in words_of(text, 0, min(len(text), 20_000))])
    spans: dict[str, list[tuple[int, int]]] = {}
    lengths: dict[str, int] = {}
    for number, (start, end) in enumerate(sentences(text)):
        if number % 100 == 0:
            control.check()
        for phrase in _phrases(text, list(words_of(text, start, end)), little):
            folded = ("" if phrase[0].unspaced else " ").join(w.folded for w in phrase)
            spans.setdefault(folded, []).append((phrase[0].start, phrase[-1].end))
            lengths[folded] = len(phrase)
    kept = _kept(spans, lengths)
    if most and len(kept) > most:
        # Longer phrases are rarer: weighed, so that not only single words are left.
        kept = sorted(sorted(kept, key=lambda f: -len(spans[f]) * lengths[f] ** 0.5)[:most], key=lambda f: spans[f][0])
    return [
        Candidate(f, usual_spelling(Counter(text[s:e] for s, e in spans[f])), tuple(spans[f]), lengths[f]) for f in kept
    ]


def marginal_relevance(near: Vectors, alike: Vectors, top: int, diversity: float) -> list[int]:
    """Maximal Marginal Relevance: places of the chosen, in order.

    Args:
        near: float32 [N], likeness to what is sought.
        alike: float32 [N, N], likeness to each other.
    """
    import numpy as np

    chosen: list[int] = []
    left = np.ones(len(near), bool)
    closest = np.full(len(near), -np.inf, np.float32)
    while len(chosen) < min(top, len(near)):
        worth = near if not chosen else (1 - diversity) * near - diversity * closest
        best = int(np.argmax(np.where(left, worth, -np.inf)))
        chosen.append(best)
        left[best] = False
        closest = np.maximum(closest, alike[:, best])
    return chosen


def chosen_keywords(
    found: Sequence[Candidate], vectors: Vectors, centre: Vectors, top: int, diversity: float
) -> list[Keyword]:
    """Keywords out of candidates and their vectors [N, F], for what is meant [F], all of length 1; the nearest first."""
    import numpy as np

    near = vectors @ centre
    # What is far from the text differs from everything: only the nearest are chosen from.
    first = np.argsort(-near, kind="stable")[: max(_CHOSEN_FROM * top, _CHOSEN_FROM_AT_LEAST)]
    found, vectors, near = [found[n] for n in first], vectors[first], near[first]
    order = marginal_relevance(near, vectors @ vectors.T, max(0, top), min(1.0, max(0.0, diversity)))
    order.sort(key=lambda n: -near[n])
    return [Keyword(found[n].text, min(1.0, max(0.0, float(near[n]))), found[n].spans) for n in order]


def _phrases(text: str, words: Sequence[Word], little: frozenset[str]) -> Iterator[Sequence[Word]]:
    """Rows of words with nothing but blanks or hyphens between them."""
    for first in range(len(words)):
        longest = _LONGEST_UNSPACED if words[first].unspaced else _LONGEST
        for last in range(first, min(len(words), first + longest)):
            row = words[first : last + 1]
            if last > first and (
                text[row[-2].end : row[-1].start].strip(" -‐‑\t\n\u00a0") or row[-1].unspaced != row[0].unspaced
            ):
                break
            if row[0].unspaced:
                if len(row) > 1 and row[-1].end - row[0].start == len(row):
                    yield row
            elif _says(row[0].folded, little) and _says(row[-1].folded, little):
                yield row


def _says(word: str, little: frozenset[str]) -> bool:
    return len(word) >= _SHORTEST and word not in little and not word.isdigit()


def _kept(spans: Mapping[str, Sequence[tuple[int, int]]], lengths: Mapping[str, int]) -> list[str]:
    """Rows of letters without blanks only when they come again, and not as part of a longer one that comes as often."""
    longer: dict[str, int] = {}
    for folded, own in spans.items():
        if lengths[folded] > 1 and " " not in folded:
            for part in (folded[:-1], folded[1:]):
                longer[part] = max(longer.get(part, 0), len(own))
    return [
        f for f in spans
        if " " in f or lengths[f] == 1 or (len(spans[f]) > 1 and longer.get(f, 0) < len(spans[f]))
    ]  # fmt: skip


def usual_spelling(written: Counter[str]) -> str:
    """The commonest way it is written; of equally common ones the first in the alphabet, without breaks of lines."""
    return " ".join(min(written, key=lambda w: (-written[w], w)).split())
