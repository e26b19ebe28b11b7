"""Reading the answers of networks taught by CTC (Graves et al. 2006, doi:10.1145/1143844.1143891): for every moment how
likely each letter is, with one sign more, the blank, for "nothing new"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.runtimes.word_model import WordModel

    Floats = npt.NDArray[np.float32]

# What is less likely than this (natural logarithm) at a moment is not followed up by the search.
_FLOOR = -9.0
_MOST_LETTERS = 12
_BEAM = 40
# Weight of the words' usual order, and what each word more is worth, in the search.
WORDS_WEIGHT, WORD_BONUS = 0.5, 0.6


@dataclass(frozen=True)
class Letters:
    """What the network's outputs stand for.

    Attributes:
        texts: of each output; "" for signs that are no text.
        blank: index of the blank; `gap`: of the sign between words, -1 where there is none.
    """

    texts: tuple[str, ...]
    blank: int
    gap: int = -1


@dataclass(frozen=True)
class Word:
    """Its outputs in order, the first and the last moment at which they were heard, and a certainty in 0..1."""

    tokens: tuple[int, ...]
    first: int
    last: int
    score: float


def best_path(shares: Floats, letters: Letters) -> list[Word]:
    """The likeliest output of each moment; what is repeated is one, and blanks part what is not.

    Args:
        shares: natural logarithms of the probabilities, float [T, V].
    """
    ids = shares.argmax(-1).tolist()
    heard = [
        (token, place)
        for place, (token, before) in enumerate(zip(ids, [letters.blank, *ids], strict=False))
        if token not in (before, letters.blank)
    ]
    ends = [place for place in range(len(ids)) if place + 1 == len(ids) or ids[place + 1] != ids[place]]
    last_of = dict(zip([0, *(e + 1 for e in ends)], ends, strict=False))
    return _words([(token, place, last_of[place]) for token, place in heard], shares, letters)


def _words(heard: Sequence[tuple[int, int, int]], shares: Floats, letters: Letters) -> list[Word]:
    """(output, first moment, last moment) in order, as words."""
    import numpy as np

    found: list[list[tuple[int, int, int]]] = [[]]
    for entry in heard:
        if entry[0] == letters.gap:
            found.append([])
        elif letters.texts[entry[0]]:
            found[-1].append(entry)
    return [
        Word(
            tuple(token for token, _, _ in word),
            word[0][1],
            word[-1][2],
            float(np.exp(np.mean([shares[first : last + 1, token].max() for token, first, last in word]))),
        )
        for word in found
        if word
    ]


def likeliest_words(shares: Floats, letters: Letters, model: WordModel, beam: int = _BEAM) -> list[Word]:
    """As `best_path`, but the words' usual order counts too: prefix beam search (Hannun et al. 2014, arXiv 1408.2873).

    What is looked for is the text with the largest log P(text | sound) + 0.5 log P(text | model) + 0.6 words.
    """
    tokens = search(shares, letters, model, beam)
    places = align(shares, tokens, letters.blank)
    return _words([(t, *p) for t, p in zip(tokens, places, strict=True)], shares, letters)


@dataclass
class _Prefix:
    """A beginning of the text in the search; shared by all ways to say it.

    Attributes:
        history: the words before the one that is being spelt; `word`: that one's letters so far.
        usual: what the words' order has given so far.
    """

    parent: _Prefix | None
    token: int
    history: tuple[str, ...]
    word: str
    usual: float
    following: dict[int, _Prefix] = field(default_factory=dict)


def search(
    shares: Floats,
    letters: Letters,
    model: WordModel,
    beam: int = _BEAM,
    weight: float = WORDS_WEIGHT,
    bonus: float = WORD_BONUS,
) -> list[int]:
    """The outputs of the text that scores best, in order, gaps among them."""
    import numpy as np

    ended = -np.inf
    start = _Prefix(None, letters.blank, (), "", 0.0)
    # Natural logarithm of the probability of each beginning, with a blank last and with its own last letter last.
    alive: dict[int, tuple[_Prefix, float, float]] = {id(start): (start, 0.0, ended)}

    def go_on(prefix: _Prefix, token: int) -> _Prefix:
        known = prefix.following.get(token)
        if known is None:
            known = prefix.following[token] = _following(prefix, token, letters, model, weight, bonus)
        return known

    for row in shares:
        order = np.argsort(row)[::-1][:_MOST_LETTERS]
        likely = [(int(t), float(row[t])) for t in order if row[t] > _FLOOR or t == order[0]]
        fresh: dict[int, list[Any]] = {}

        def add(prefix: _Prefix, blank: float, letter: float, fresh: dict[int, list[Any]] = fresh) -> None:
            entry = fresh.setdefault(id(prefix), [prefix, ended, ended])
            entry[1] = np.logaddexp(entry[1], blank)
            entry[2] = np.logaddexp(entry[2], letter)

        for prefix, by_blank, by_letter in alive.values():
            both = float(np.logaddexp(by_blank, by_letter))
            for token, share in likely:
                if token == letters.blank:
                    add(prefix, both + share, ended)
                    continue
                if token == prefix.token and prefix.parent is not None:
                    add(prefix, ended, by_letter + share)  # held on
                    add(go_on(prefix, token), ended, by_blank + share)  # said again
                else:
                    add(go_on(prefix, token), ended, both + share)
        ranked = sorted(fresh.values(), key=lambda e: -(np.logaddexp(e[1], e[2]) + e[0].usual))
        alive = {id(e[0]): (e[0], float(e[1]), float(e[2])) for e in ranked[:beam] if e[1] > ended or e[2] > ended}

    def whole(entry: tuple[_Prefix, float, float]) -> float:
        prefix, by_blank, by_letter = entry
        last = weight * model.share(prefix.history, prefix.word) + bonus if prefix.word else 0.0
        return float(np.logaddexp(by_blank, by_letter)) + prefix.usual + last

    best: _Prefix | None = max(alive.values(), key=whole)[0]
    tokens: list[int] = []
    while best is not None and best.parent is not None:
        tokens.append(best.token)
        best = best.parent
    return tokens[::-1]


def _following(prefix: _Prefix, token: int, letters: Letters, model: WordModel, weight: float, bonus: float) -> _Prefix:
    if token != letters.gap or not prefix.word:
        word = prefix.word if token == letters.gap else prefix.word + letters.texts[token]
        return _Prefix(prefix, token, prefix.history, word, prefix.usual)
    usual = prefix.usual + weight * model.share(prefix.history, prefix.word) + bonus
    history = (*prefix.history, prefix.word)[-max(0, model.order - 1) :] if model.order > 1 else ()
    return _Prefix(prefix, token, history, "", usual)


def align(shares: Floats, tokens: Sequence[int], blank: int) -> list[tuple[int, int]]:
    """When each of these outputs is heard: (first, last) moment of each on the likeliest way through (Viterbi).

    An empty list of places where the sound is too short for them all.
    """
    import numpy as np

    if not tokens:
        return []
    # A blank before, between and after all of them.
    states = np.full(2 * len(tokens) + 1, blank, np.int64)
    states[1::2] = tokens
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    score = np.full(len(states), -np.inf)
    score[:2] = shares[0, states[:2]]
    came = np.zeros((len(shares), len(states)), np.int8)
    for moment in range(1, len(shares)):
        ways = np.full((3, len(states)), -np.inf)
        ways[0] = score
        ways[1, 1:] = score[:-1]
        ways[2, 2:] = np.where(may_skip[2:], score[:-2], -np.inf)
        came[moment] = ways.argmax(axis=0)
        score = ways.max(axis=0) + shares[moment, states]
    state = len(states) - 1 if score[-1] >= score[-2] else len(states) - 2
    if not np.isfinite(score[state]):
        return [(0, max(0, len(shares) - 1))] * len(tokens)
    places: list[list[int]] = [[] for _ in tokens]
    for moment in range(len(shares) - 1, -1, -1):
        if state % 2:
            places[state // 2].append(moment)
        state -= int(came[moment, state])
    return [(p[-1], p[0]) for p in places]
