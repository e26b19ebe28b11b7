"""How a model's tokenizer takes a person's texts: how long they are for it, what it cuts off, what it does not know.

Looked at before anything is learnt, because a model that does not know the letters of a language, or sees a third of each
text, learns badly whatever else is done.
"""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemFilter
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.words import word_spans
from workbench.tasks.registry import get_task

# So many texts, drawn at random, say enough of all of them; of a long one its beginning.
_MOST_TEXTS = 2000
_MOST_CHARACTERS = 200_000
_MOST_SHOWN = 12
_BINS = 40
# Usual are 1.1 to 1.8 pieces a word in a language the model was made for; beyond these it is another one's.
_MANY_PIECES, _TOO_MANY_PIECES = 2.5, 4.0
# Letters of a script hardly any model was made for: what is not cut to unknowns here never is.
_RARE = "\U00010380\U00013000\U0001e900"


@dataclass(frozen=True)
class TokenCheck:
    """What was found. Numbers are of the texts that were looked at.

    Attributes:
        texts: how many were looked at; `of` there are.
        lengths: tokens of each text, special ones included.
        limit: what the model sees at once; 0 when there is no such limit.
        in_parts: longer texts are read in parts, so nothing is lost.
        cut: texts longer than the limit; `words_lost` of `words` lie beyond it.
        unknown: tokens that stand for something the model does not know, of `tokens` in all.
        unknown_letters, unknown_words: the most frequent, with how often.
        knows_all: its tokens are bytes: there is nothing it does not know, but it may take many for a word.
    """

    texts: int
    of: int
    lengths: tuple[int, ...]
    limit: int
    in_parts: bool
    cut: int
    words: int
    words_lost: int
    tokens: int
    unknown: int
    unknown_letters: tuple[tuple[str, int], ...]
    unknown_words: tuple[tuple[str, int], ...]
    knows_all: bool

    @property
    def pieces(self) -> float:
        """Tokens per word, special ones left out."""
        return self.tokens / self.words if self.words else 0.0

    @property
    def middle(self) -> int:
        """The median length in tokens."""
        return sorted(self.lengths)[len(self.lengths) // 2] if self.lengths else 0

    @property
    def worry(self) -> bool:
        """Something should be done about it."""
        return self._cut_matters or self._unknown_matters or self.pieces > _MANY_PIECES

    @property
    def _cut_matters(self) -> bool:
        return not self.in_parts and bool(self.cut)

    @property
    def _unknown_matters(self) -> bool:
        return bool(self.unknown) and self.unknown >= 0.001 * self.tokens

    def histogram(self) -> tuple[list[float], list[int]]:
        """Edges (one more than counts) and counts of the lengths; the last bin holds what is longer still."""
        if not self.lengths:
            return [0.0, 1.0], [0]
        ordered = sorted(self.lengths)
        end = max(float(ordered[min(len(ordered) - 1, round(0.98 * len(ordered)))]), self.limit * 1.15, 10.0)
        width = end / _BINS
        counts = [0] * _BINS
        for length in ordered:
            counts[min(_BINS - 1, int(length / width))] += 1
        return [n * width for n in range(_BINS + 1)], counts

    def lines(self) -> list[str]:
        """In plain words: lengths, what is cut off, what is not known, whether the language fits."""
        if not self.texts:
            return ["There are no texts to look at."]
        some = "" if self.texts == self.of else f" (of {self.texts:,} of your {self.of:,} texts)"
        limit = f"; the model sees {self.limit:,} at once" if self.limit else ""
        found = [f"Half of your texts are longer than {self.middle:,} tokens{limit}{some}."]
        if self.cut:
            share, lost = self.cut / self.texts, self.words_lost / max(1, self.words)
            longer = f"{_percent(share)} of your texts are longer than that"
            found.append(
                f"{longer}; they are read in parts, so nothing is lost."
                if self.in_parts
                else f"{longer}: when it learns, it does not see {_percent(lost)} of all words."
            )
        elif self.limit:
            found.append("None is longer than that.")
        if self.knows_all:
            found.append("It knows every letter: it reads bytes.")
        elif not self.unknown:
            found.append("It knows all your words.")
        else:
            letters = " ".join(_shown(c) for c, _ in self.unknown_letters)
            what = f"these letters: {letters}" if letters else f"these words: {self._words()}"
            found.append(f"This model does not know {what} ({_percent(self.unknown / self.tokens)} of all tokens).")
        words = f"A word is cut into {self.pieces:.1f} pieces on average"
        if self.pieces > _TOO_MANY_PIECES:
            words += ": it was made for another language or script."
        elif self.pieces > _MANY_PIECES:
            words += ", which is much: your language or your special words may not be what it was made for."
        else:
            words += ", as is usual where the language fits."
        return [*found, words]

    def advice(self) -> str:
        """What to do; "" when all is well."""
        found = []
        if self._cut_matters:
            found.append(
                "choose a model that reads more at once, or put what matters at the beginning of each text"
                if self.words_lost > 0.02 * self.words
                else "leave it as it is: little is lost"
            )
        if self._unknown_matters or self.pieces > _MANY_PIECES:
            found.append("choose a model made for your language (a multilingual one)")
        text = "; ".join(found)
        return f"{text[:1].upper()}{text[1:]}." if text else ""

    def to_json(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "limit": self.limit,
            "median_length": self.middle,
            "longest": max(self.lengths, default=0),
            "cut": self.cut,
            "read_in_parts": self.in_parts,
            "words": self.words,
            "words_lost": self.words_lost,
            "tokens": self.tokens,
            "unknown_tokens": self.unknown,
            "unknown_letters": dict(self.unknown_letters),
            "unknown_words": dict(self.unknown_words),
            "pieces_per_word": round(self.pieces, 4),
            "sentences": self.lines(),
            "advice": self.advice(),
        }

    def _words(self) -> str:
        return ", ".join(f"“{word}”" for word, _ in self.unknown_words[:6])


def check_project(project: Project, card: ModelCard, control: Control | None = None) -> TokenCheck:
    """A project's texts and the tokenizer of a model it might start from.

    Raises:
        UserError: when the model is not there, or is none for texts.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    ids = project.item_ids(ItemFilter(problems=False))
    chosen = random.Random(0).sample(ids, _MOST_TEXTS) if len(ids) > _MOST_TEXTS else ids
    texts = [item.text or "" for item in project.items(chosen)]
    in_parts = not get_task(project.task_id).info.learns_beginnings
    with shared_pool().use(card, "auto", control) as model:
        return check_texts(texts, model, in_parts=in_parts, of=len(ids), control=control)


def check_texts(
    texts: Sequence[str], model: Loaded, *, in_parts: bool = False, of: int = 0, control: Control | None = None
) -> TokenCheck:
    """What a model's tokenizer makes of texts.

    Args:
        in_parts: longer texts are read in parts.
        of: how many texts there are in all; 0: these.

    Raises:
        UserError: when the model has no tokenizer.
        Cancelled: when asked to stop.
    """
    tokenizer = model.tokenizer
    if tokenizer is None:
        raise UserError(f"“{model.card.name}” does not read texts.", "Choose a text model.")
    control = control or Control()
    limit = model.reads_at_once
    eyes = _Eyes(tokenizer, limit)
    for number, text in enumerate(texts):
        control.check()
        if number % 50 == 0:
            control.progress(number, len(texts), "Looking at how the model reads your texts")
        eyes.look(text[:_MOST_CHARACTERS])
    return TokenCheck(
        len(texts), of or len(texts), tuple(eyes.lengths), limit, in_parts, eyes.cut, eyes.words, eyes.words_lost,
        eyes.tokens, eyes.unknown, tuple(eyes.letters.most_common(_MOST_SHOWN)),
        tuple(eyes.unknown_words.most_common(_MOST_SHOWN)), eyes.knows_all,
    )  # fmt: skip


class _Eyes:
    """Counts over texts."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        self._tokens = tokenizer
        self._limit = limit
        self._special = int(tokenizer.num_special_tokens_to_add())
        self._unknown_id = tokenizer.unk_token_id
        self._known: dict[str, bool] = {}
        self.knows_all = not self._unknown_in(_RARE)
        self.lengths: list[int] = []
        self.cut = self.words = self.words_lost = self.tokens = self.unknown = 0
        self.letters: Counter[str] = Counter()
        self.unknown_words: Counter[str] = Counter()

    def look(self, text: str) -> None:
        words = word_spans(text)
        fast = bool(self._tokens.is_fast)
        more: dict[str, Any] = {"return_offsets_mapping": True} if fast else {}
        found = self._tokens(text, add_special_tokens=False, verbose=False, **more)
        ids = found["input_ids"]
        length = len(ids) + self._special
        self.lengths.append(length)
        self.tokens += len(ids)
        self.words += len(words)
        if self._limit and length > self._limit:
            self.cut += 1
            room = max(0, self._limit - self._special)
            end = found["offset_mapping"][room][0] if fast else len(text) * room // len(ids)
            self.words_lost += sum(1 for start, _ in words if start >= end)
        if self._unknown_id is None or self.knows_all or self._unknown_id not in ids:
            return
        self.unknown += ids.count(self._unknown_id)
        for start, end in words:
            word = text[start:end]
            if self._unknown_in(word):
                self.unknown_words[word[:40]] += 1
                self.letters.update(c for c in word if not self._knows(c))

    def _knows(self, letter: str) -> bool:
        if letter not in self._known:
            self._known[letter] = not self._unknown_in(letter)
        return self._known[letter]

    def _unknown_in(self, word: str) -> bool:
        ids = self._tokens(word, add_special_tokens=False, verbose=False)["input_ids"]
        return self._unknown_id is not None and self._unknown_id in ids


def _percent(share: float) -> str:
    return "less than 1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")


def _shown(letter: str) -> str:
    """A letter, or its name where it cannot be seen by itself."""
    if letter.isprintable() and not unicodedata.combining(letter) and not letter.isspace():
        return letter
    return unicodedata.name(letter, f"U+{ord(letter):04X}").lower()
