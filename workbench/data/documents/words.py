"""Words of a text, in any script, as they are looked up and counted; and the words that say little by themselves."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from workbench.app_paths import resources

# Scripts without blanks between words: Han, Kana, Thai, Lao, Khmer, Burmese. Each letter counts as a word; what is looked
# up is a row of them.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARK = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u200c\u200d"
_LETTER = rf"(?![{_UNSPACED}])[^\W_]"
_WORD = re.compile(rf"[{_UNSPACED}]|{_LETTER}(?:{_LETTER}|[{_MARK}])*(?:['’](?![{_UNSPACED}])[^\W\d_]+)*")
_ALONE = re.compile(rf"[{_UNSPACED}]")
# A language counts as used when so large a share of the words are stop words of it.
_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a text.

    Attributes:
        start, end: its characters.
        folded: as it is compared: without case and accents.
        unspaced: a single letter of a script without blanks.
    """

    start: int
    end: int
    folded: str
    unspaced: bool = False


def folded(text: str) -> str:
    """Without case, accents and differences of width (NFKD, then case folding)."""
    parts = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in parts if not unicodedata.combining(c)).replace("’", "'")


def words_of(text: str, start: int = 0, end: int | None = None) -> Iterator[Word]:
    """All words of (a part of) a text, in order."""
    for found in _WORD.finditer(text, start, len(text) if end is None else end):
        compared = folded(found[0])
        if compared:
            yield Word(found.start(), found.end(), compared, _ALONE.match(found[0]) is not None)


@cache
def stop_words() -> dict[str, frozenset[str]]:
    """Stop words by language (Snowball's lists), as they are compared."""
    found = {}
    for file in sorted((resources() / "stopwords").glob("*.txt")):
        found[file.stem] = frozenset(folded(w) for w in file.read_text("utf-8").split())
    return found


def stop_words_of(words: Sequence[str]) -> frozenset[str]:
    """Stop words of the language a text is in; of English when none fits."""
    counts = Counter(words)
    total = sum(counts.values())
    shares = {
        language: sum(n for word, n in counts.items() if word in listed) / max(1, total)
        for language, listed in stop_words().items()
    }
    best = max(shares, key=lambda language: shares[language])
    return stop_words()[best if shares[best] >= _SHARE else "en"]
