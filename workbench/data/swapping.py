"""Words of two sides (she and he, Anna and Peter) swapped in a text, everything else left as it is.

The words of each language lie in `resources/swaps/LANGUAGE.toml`; the file says how it is written.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from workbench.app_paths import resources
from workbench.data.documents.words import stop_words, words_of
from workbench.errors import UserError

Side = Literal["a", "b"]
LANGUAGES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French"}
_MOST_PAIRS = 2000
_LONGEST = 60
# Of running text, a quarter to a half of the words are stop words of its language, and some are of others, too.
_LEAST_SHARE, _LEAD, _MUCH = 0.15, 1.2, 20_000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# A possessive ending is no part of the word: "Anna's".
_ENDING = re.compile(r"['’]s$", re.I)


@dataclass(frozen=True)
class Unsure:
    """A word with two meanings: "her" is "his" before a word that it belongs to, else "him"."""

    word: str
    before: str
    alone: str
    side: Side


@dataclass(frozen=True)
class SwapSet:
    """Two sides and their words.

    Attributes:
        a, b: what the sides are called.
        pairs: (word of a, word of b). A pair in which both begin with a capital is swapped only where it is written so.
        one_way: (word, what stands for it, side of the word).
        stops: words before which an unsure word stands alone.
        language: its code; limits: in plain words what is left out so that swapped texts stay right.
        only_after: words are swapped only right after one of these; a text where one stands elsewhere is left out.
        not_after: a text is left out where a word stands right after one of these.
        leave_out, endings: a text is left out when one of these words is in it, or a capitalised word that ends so.

    In languages where adjectives, participles or articles agree with a person, swapping more than this would make texts
    wrong, and a model would answer to the wrong grammar and not to the person.
    """

    id: str
    title: str
    a: str
    b: str
    pairs: tuple[tuple[str, str], ...]
    one_way: tuple[tuple[str, str, Side], ...] = ()
    unsure: tuple[Unsure, ...] = ()
    stops: frozenset[str] = frozenset()
    language: str = "en"
    limits: str = ""
    only_after: frozenset[str] = frozenset()
    not_after: frozenset[str] = frozenset()
    leave_out: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    _table: dict[str, tuple[str, Side]] = field(default_factory=dict, compare=False, repr=False, init=False)

    def __post_init__(self) -> None:
        # The first pair of a word stands: "dad" is "mum", though "mom" is "dad" too.
        for first, second in self.pairs:
            named = first[:1].isupper() and second[:1].isupper()
            one, other = (first, second) if named else (first.lower(), second.lower())
            self._table.setdefault(one, (other, "a"))
            self._table.setdefault(other, (one, "b"))
        for word, other, side in self.one_way:
            self._table.setdefault(word, (other, side))

    def swap(self, text: str) -> Swapped | None:
        """The text with all words on the other side; None when there is none of them in it, or it must be left out."""
        unsure = {u.word: u for u in self.unsure}
        parts: list[str] = []
        sides: set[Side] = set()
        at = 0
        found = list(_WORD.finditer(text))
        if any(self._stands_in_the_way(match[0]) for match in found):
            return None
        for place, match in enumerate(found):
            ending = _ENDING.search(match[0])
            word = match[0][: ending.start()] if ending else match[0]
            if word.lower() in unsure:
                rule = unsure[word.lower()]
                follower = found[place + 1] if place + 1 < len(found) else None
                joined = follower is not None and not text[match.end() : follower.start()].strip(" \t\n\r-")
                alone = follower is None or not joined or follower[0].lower() in self.stops
                other, side = (rule.alone if alone else rule.before), rule.side
            elif (hit := self._look_up(word)) is not None:
                other, side = hit
                if not self._may_stand(text, found, place):
                    return None
            else:
                continue
            parts += [text[at : match.start()], _as_written(other, word), match[0][len(word) :]]
            at = match.end()
            sides.add(side)
        if not sides:
            return None
        whole: Literal["a", "b", ""] = sides.pop() if len(sides) == 1 else ""
        return Swapped("".join([*parts, text[at:]]), whole)

    def touches(self, text: str) -> bool:
        """Whether any of the words is in it, even where it must be left out."""
        known = {u.word for u in self.unsure}
        return any(self._look_up(w) is not None or w.lower() in known for w in _bare_words(text))

    def _stands_in_the_way(self, word: str) -> bool:
        if word.lower() in self.leave_out:
            return True
        ends_so = word[:1].isupper() and bool(self.endings) and word.lower().endswith(self.endings)
        return ends_so and self._look_up(word) is None

    def _may_stand(self, text: str, found: Sequence[re.Match[str]], place: int) -> bool:
        """Whether the word before this one allows it to be swapped."""
        if not (self.only_after or self.not_after):
            return True
        before = ""
        if place and not text[found[place - 1].end() : found[place].start()].strip():
            before = found[place - 1][0].lower()
        return before not in self.not_after and (not self.only_after or before in self.only_after)

    def _look_up(self, word: str) -> tuple[str, Side] | None:
        if word in self._table:
            return self._table[word]
        if word.isupper() and len(word) > 1 and word.capitalize() in self._table:
            return self._table[word.capitalize()]
        return self._table.get(word.lower())

    def with_pairs(self, pairs: Sequence[tuple[str, str]]) -> SwapSet:
        """The same with other pairs; rules for words with two meanings stay where their words still matter."""
        known = {word.lower() for pair in pairs for word in pair}
        keep = "he" in known or "she" in known or not self.unsure
        none: tuple[tuple[tuple[str, str, Side], ...], tuple[Unsure, ...]] = ((), ())
        rules = (self.one_way, self.unsure) if keep else none
        return replace(self, pairs=tuple(pairs), one_way=rules[0], unsure=rules[1])

    def to_text(self) -> str:
        """The pairs as a person edits them: one in a line, "Anna = Peter"."""
        return "\n".join(f"{a} = {b}" for a, b in self.pairs)


@dataclass(frozen=True)
class Swapped:
    """A text after the swap. `side`: on which side all its words had been; "" when on both."""

    text: str
    side: Literal["a", "b", ""]


def _as_written(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Read what a person wrote: "Anna = Peter", one pair in a line; empty lines and lines after # are left out.

    Raises:
        UserError: for a line that is no pair, and when there is none or there are too many.
    """
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        parts = [part.strip() for part in said.split("=")]
        if len(parts) != 2 or not all(_WORD.fullmatch(p) and len(p) <= _LONGEST for p in parts):
            raise UserError(
                f"Line {number} is no pair of words: “{said[:40]}”.", "Write one pair in a line, such as: Anna = Peter"
            )
        if parts[0].lower() == parts[1].lower():
            raise UserError(f"Line {number} swaps “{parts[0]}” for itself.", "Write two different words.")
        pairs.append((parts[0], parts[1]))
        if len(pairs) > _MOST_PAIRS:
            raise UserError(f"These are more than {_MOST_PAIRS:,} pairs.", "Take some out.")
    if not pairs:
        raise UserError("There is no pair of words to swap.", "Write one in a line, such as: Anna = Peter")
    return pairs


@cache
def swap_sets(language: str = "en") -> Mapping[str, SwapSet]:
    """The sets of a language by id. Raises: UserError when there are none for it."""
    file = resources() / "swaps" / f"{language}.toml"
    if language not in languages():
        raise UserError(
            f"There are no words to swap for the language “{language}”.", f"There are: {', '.join(languages())}."
        )
    found = {}
    whole = tomllib.loads(file.read_text("utf-8"))
    for entry in whole["set"]:
        one_way: list[tuple[str, str, Side]] = [(w, o, "a") for w, o in entry.get("to_b", ())]
        one_way += [(w, o, "b") for w, o in entry.get("to_a", ())]
        found[entry["id"]] = SwapSet(
            entry["id"], entry["title"], entry["a"], entry["b"],
            _tuples([*entry["pairs"], *entry["names"], *_owning(entry["names"], str(entry.get("owning", "")))]),
            tuple(one_way), tuple(Unsure(*u) for u in entry.get("unsure", ())), frozenset(entry.get("stops", ())),
            language, str(entry.get("limits", "")), frozenset(entry.get("only_after", ())),
            frozenset(entry.get("not_after", ())), frozenset(entry.get("leave_out", ())),
            tuple(entry.get("endings", ())),
        )  # fmt: skip
    return found


def languages() -> tuple[str, ...]:
    """Languages for which there are words."""
    return tuple(sorted(file.stem for file in (resources() / "swaps").glob("*.toml")))


def language_of(texts: Iterable[str]) -> str:
    """Code of the language most of the words are stop words of, of those that have words to swap; "" when none fits."""
    counts = Counter(word.folded for text in texts for word in words_of(text[:_MUCH]))
    total = counts.total()
    shares = {code: sum(counts[w] for w in listed) / max(1, total) for code, listed in stop_words().items()}
    best, second = sorted(shares.items(), key=lambda pair: -pair[1])[:2]
    clear = best[1] >= _LEAST_SHARE and best[1] >= _LEAD * second[1]
    return best[0] if clear and best[0] in languages() else ""


def _owning(names: Sequence[Sequence[str]], ending: str) -> list[tuple[str, str]]:
    """Pairs as owners ("Annas", "Peters"), where the language has that by an ending and both names take it."""
    return [(a + ending, b + ending) for a, b in names if ending and _takes(a) and _takes(b)]


def _takes(name: str) -> bool:
    return name[-1].lower() not in "sßxz"


def _bare_words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        yield _ENDING.sub("", match[0])


def _tuples(pairs: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a, b in pairs)
