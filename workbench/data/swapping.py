"""Words of two sides (she and he, Anna and Peter) swapped in a text, everything else left as it is.

The words of each language lie in `resources/swaps/LANGUAGE.toml`; the file says how it is written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from workbench.app_paths import resources
from workbench.errors import UserError

Side = Literal["a", "b"]
_MOST_PAIRS = 2000
_LONGEST = 60
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
    """

    id: str
    title: str
    a: str
    b: str
    pairs: tuple[tuple[str, str], ...]
    one_way: tuple[tuple[str, str, Side], ...] = ()
    unsure: tuple[Unsure, ...] = ()
    stops: frozenset[str] = frozenset()
    _table: dict[str, tuple[str, Side]] = field(default_factory=dict, compare=False, repr=False)

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
        """The text with all words on the other side; None when there is none of them in it."""
        unsure = {u.word: u for u in self.unsure}
        parts: list[str] = []
        sides: set[Side] = set()
        at = 0
        found = list(_WORD.finditer(text))
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
            else:
                continue
            parts += [text[at : match.start()], _as_written(other, word), match[0][len(word) :]]
            at = match.end()
            sides.add(side)
        if not sides:
            return None
        whole: Literal["a", "b", ""] = sides.pop() if len(sides) == 1 else ""
        return Swapped("".join([*parts, text[at:]]), whole)

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
        rules = (self.one_way, self.unsure) if keep else ((), ())
        return SwapSet(self.id, self.title, self.a, self.b, tuple(pairs), *rules, self.stops)

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
    for entry in tomllib.loads(file.read_text("utf-8"))["set"]:
        one_way: list[tuple[str, str, Side]] = [(w, o, "a") for w, o in entry.get("to_b", ())]
        one_way += [(w, o, "b") for w, o in entry.get("to_a", ())]
        found[entry["id"]] = SwapSet(
            entry["id"], entry["title"], entry["a"], entry["b"], _tuples([*entry["pairs"], *entry["names"]]),
            tuple(one_way), tuple(Unsure(*u) for u in entry.get("unsure", ())), frozenset(entry.get("stops", ())),
        )  # fmt: skip
    return found


def languages() -> tuple[str, ...]:
    """Languages for which there are words."""
    return tuple(sorted(file.stem for file in (resources() / "swaps").glob("*.toml")))


def _tuples(pairs: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a, b in pairs)
