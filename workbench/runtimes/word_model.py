"""Which words usually follow each other: n-grams, read from an ARPA file or learnt from any text.

Their logarithms of probabilities help a recogniser to choose between words that sound alike.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from workbench.errors import UserError

SUFFIXES = (".arpa", ".lm", ".txt")
_LN_10 = math.log(10)
_MOST = 5_000_000
_MOST_BYTES = 1_000_000_000
_LONGEST_LINE = 100_000
_ORDER = 3
_SHORT_LINE = 50
_UNKNOWN = "<unk>"
_BEGIN, _END = "<s>", "</s>"
_NOWHERE = -7.0 * _LN_10  # of a word an ARPA file does not know and gives no number for
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class WordModel:
    """Probabilities of words after others; letter case does not count.

    Args:
        shares: words in order (1 to `order` of them) to (natural logarithm of the last one's probability after the
            others, natural logarithm of the weight of shorter histories after all of them).
    """

    def __init__(self, shares: Mapping[tuple[str, ...], tuple[float, float]], order: int) -> None:
        self._shares = shares
        self.order = order
        self._unknown = shares.get((_UNKNOWN,), (_NOWHERE, 0.0))[0]

    def __len__(self) -> int:
        return len(self._shares)

    def knows(self, word: str) -> bool:
        return (word.casefold(),) in self._shares

    def share(self, history: Sequence[str], word: str) -> float:
        """Natural logarithm of the probability of `word` after `history` (whose beginning is that of the text).

        By backing off (Katz 1987): what was never seen after a long history is looked up after a shorter one.
        """
        told = [h.casefold() for h in history]
        context = tuple(told if len(told) >= self.order - 1 else [_BEGIN, *told])[-(self.order - 1) :]
        word = word.casefold()
        context = context if self.order > 1 else ()
        weight = 0.0
        while True:
            found = self._shares.get((*context, word))
            if found is not None:
                return weight + found[0]
            if not context:
                return weight + self._unknown
            weight += self._shares.get(context, (0.0, 0.0))[1]
            context = context[1:]


def read_word_model(path: Path) -> WordModel:
    """An ARPA file, or any text in the language to be recognised.

    Raises:
        UserError: when it is neither, too large, or cannot be read.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError("The file of usual words is too large.", "Use a smaller one; a few megabytes are plenty.")
        with path.open("rb") as stream:
            beginning = stream.read(4096)
        data = b"\\data\\" in beginning
        if b"\0" in beginning:
            raise UserError(f"“{path.name}” holds no words.", "Choose a text file, or n-grams in the ARPA format.")
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            model = read_arpa(lines, path.name) if data else learn(sentences(lines))
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read.", "Check that it is there and that you may read it.") from error
    if not len(model):
        raise UserError(f"“{path.name}” holds no words.", "Choose a text file, or n-grams in the ARPA format.")
    return model


_kept: list[tuple[Path, int, int, WordModel]] = []


def kept_word_model(path: Path) -> WordModel:
    """As `read_word_model`; the last file is kept as long as it does not change. Raises: UserError."""
    try:
        state = path.stat()
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read.", "Check that it is there and that you may read it.") from error
    for known, size, changed, model in _kept:
        if (known, size, changed) == (path, state.st_size, state.st_mtime_ns):
            return model
    model = read_word_model(path)
    _kept[:] = [(path, state.st_size, state.st_mtime_ns, model)]
    return model


def read_arpa(lines: Iterable[str], name: str = "the file") -> WordModel:
    r"""The ARPA format: after "\data\" the counts, then "\1-grams:" and so on, "\end\"; logarithms to the base 10.

    Raises:
        UserError: when it is damaged or too large.
    """
    shares: dict[tuple[str, ...], tuple[float, float]] = {}
    order = size = 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("\\"):
            heading = re.fullmatch(r"\\(\d)-grams:", text)
            size = int(heading[1]) if heading else 0
            order = max(order, size)
            continue
        if not text or not size:
            continue
        parts = text.split()
        try:
            share, words, rest = float(parts[0]), tuple(parts[1 : size + 1]), parts[size + 1 :]
            weight = float(rest[0]) if rest else 0.0
        except (ValueError, IndexError):
            words = ()
        if len(words) != size or not math.isfinite(share) or not math.isfinite(weight):
            raise UserError(f"“{name}” is damaged (line {number}).", "Copy it again from where it came from.")
        key = tuple(w.casefold() for w in words)
        if key not in shares or shares[key][0] < share * _LN_10:  # of two spellings the more usual one
            shares[key] = share * _LN_10, weight * _LN_10
        if len(shares) > _MOST:
            raise UserError(f"“{name}” has more than {_MOST:,} entries.", "Use a smaller one.")
    return WordModel(shares, max(1, order))


def sentences(lines: Iterable[str]) -> Iterator[list[str]]:
    """A text's sentences as words without punctuation. The end of a short line ends one too: a list has a phrase a line,
    and a long line is one of a paragraph that goes on."""
    words: list[str] = []
    for line in lines:
        for part in re.split(r"(?<=[.!?…。])\s", line[:_LONGEST_LINE]):
            words += [w.replace("’", "'") for w in _WORD.findall(part.casefold())]
            if part.rstrip().endswith((".", "!", "?", "…", "。")) and words:
                yield words
                words = []
        if words and len(line) < _SHORT_LINE:
            yield words
            words = []
    if words:
        yield words


def learn(text: Iterable[Sequence[str]], order: int = _ORDER) -> WordModel:
    """From sentences, each a list of words: the interpolated smoothing of Witten & Bell (1991), a history's unseen words
    weighing as much as it has different followers."""
    counts: Counter[tuple[str, ...]] = Counter()
    for sentence in text:
        words = (_BEGIN, *sentence, _END)
        for place in range(1, len(words)):
            for size in range(1, min(order, place + 1) + 1):
                counts[words[place - size + 1 : place + 1]] += 1
        if len(counts) > _MOST:
            break  # what came so far tells enough
    if not counts:
        return WordModel({}, 1)
    totals: Counter[tuple[str, ...]] = Counter()
    followers: Counter[tuple[str, ...]] = Counter()
    for gram, count in counts.items():
        totals[gram[:-1]] += count
        followers[gram[:-1]] += 1
    kinds_of_words = len([g for g in counts if len(g) == 1]) + 1  # and the unknown one
    shares: dict[tuple[str, ...], float] = {}

    def shorter(gram: tuple[str, ...]) -> float:
        return shares[gram[1:]] if len(gram) > 1 else 1 / kinds_of_words

    for gram in sorted(counts, key=len):
        history = gram[:-1]
        kinds = followers[history]
        shares[gram] = (counts[gram] + kinds * shorter(gram)) / (totals[history] + kinds)
    nothing = followers[()] / kinds_of_words / (totals[()] + followers[()])
    made = {gram: (math.log(share), _weight(gram, totals, followers)) for gram, share in shares.items()}
    made[(_UNKNOWN,)] = math.log(nothing), 0.0
    for history in totals:  # a sentence's beginning is a history and never a word
        if history and history not in made:
            made[history] = -math.inf, _weight(history, totals, followers)
    return WordModel(made, order)


def _weight(history: tuple[str, ...], totals: Counter[tuple[str, ...]], followers: Counter[tuple[str, ...]]) -> float:
    kinds = followers[history]
    return math.log(kinds / (totals[history] + kinds)) if kinds else 0.0
