"""What the formats of questions and answers share: passages gathered with their questions, each answer held against its
passage before it is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.questions import Question, clean, marks_of, tight
from workbench.data.types import NewItem, Split
from workbench.errors import Problem

_MOST_QUESTION = 2_000  # characters


@dataclass
class Passage:
    """A passage as it will be kept (no blanks at its ends), and its questions with the places of their answers.

    Attributes:
        lead: characters cut off its beginning.
        questions: a question to its places; without one: the passage does not answer it.
    """

    name: str
    text: str
    lead: int
    split: Split | None = None
    questions: dict[str, set[tuple[int, int]]] = field(default_factory=dict)


@dataclass
class AnswersPlan(ImportPlan):
    """Passages in their order, by their text: the same passage twice is one with all questions."""

    passages: dict[str, Passage] = field(default_factory=dict)

    def passage(self, text: str, name: str, split: Split | None = None) -> Passage:
        """The passage of this text, made when it is new."""
        text = _writable(text)
        kept = text.strip()
        lead = len(text) - len(text.lstrip())
        found = self.passages.get(kept)
        if found is None:
            found = self.passages[kept] = Passage(name, kept, lead, split)
        # The same passage may stand with other blanks before it.
        found.lead = lead
        return found

    def ask(self, passage: Passage, question: Any, where: str) -> str:
        """A question of the passage; "" when it is none."""
        text = clean(_writable(question)) if isinstance(question, str) else ""
        if not text:
            self.left_out(where, "This question is empty.")
            return ""
        if len(text) > _MOST_QUESTION:
            self.left_out(where, "This question is too long to be one.")
            return ""
        passage.questions.setdefault(text, set())
        return text

    def answer(self, passage: Passage, question: str, words: Any, start: Any, where: str, only: bool = False) -> bool:
        """Note an answer; where its place is missing or wrong, it is looked for. True when it could be kept.

        Args:
            start: character of the passage as the file has it; None when the file says nothing.
            only: the question has no other, so that it is left out with it.
        """
        lost = "The question is left out." if only else "The answer is left out."
        if not isinstance(words, str) or not words.strip():
            self.left_out(where, "An answer is empty.", lost)
            return False
        words = _writable(words)
        kept, text = words.strip(), passage.text
        told = isinstance(start, int) and not isinstance(start, bool)
        if told:
            at = start - passage.lead + len(words) - len(words.lstrip())
            if at >= 0 and text[at : at + len(kept)] == kept:
                passage.questions[question].add((at, at + len(kept)))
                return True
        found = list(_places(text, kept))
        if not found:
            folded = list(_places(text.lower(), kept.lower())) if len(text.lower()) == len(text) else []
            found = folded if len(folded) == 1 and len(kept.lower()) == len(kept) else []
        short = kept if len(kept) <= 60 else f"{kept[:60]}…"
        if len(found) == 1:
            passage.questions[question].add(tight(text, found[0], found[0] + len(kept)))
            if start is not None or text[found[0] : found[0] + len(kept)] != kept:
                self.repairs.append(
                    Problem(where, f"“{short}” does not stand where the file says.", "It is taken where it does stand.")
                )
            return True
        if found:
            reason = f"“{short}” stands {'several times' if start is None else 'elsewhere, and more than once,'} in the text."
            self.left_out(where, reason, "Say at which character it begins (answer_start).")
        else:
            self.left_out(where, f"“{short}” does not stand in the text.", lost)
        return False

    def left_out(self, where: str, message: str, hint: str = "The question is left out.") -> None:
        self.problems.append(Problem(where, message, hint, str(self.source)))

    def settled(self) -> AnswersPlan:
        """Count when all is read."""
        self.total = len(self.passages)
        return self

    @property
    def counts(self) -> tuple[int, int]:
        """Questions, and how many of them have no answer in their text."""
        all_of = [places for p in self.passages.values() for places in p.questions.values()]
        return len(all_of), sum(not places for places in all_of)

    @property
    def brings_labels(self) -> bool:
        return any(p.questions for p in self.passages.values())

    @property
    def summary(self) -> str:
        questions, without = self.counts
        if not questions:
            return f"{self.total:,} {self.noun} without questions."
        many = "1 question" if questions == 1 else f"{questions:,} questions"
        none = f", {without:,} of them not answered in their text" if without else ""
        return f"{self.total:,} {self.noun} with {many}{none}."

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        for passage in self.passages.values():
            control.check()
            marks = marks_of([Question(text, tuple(sorted(places))) for text, places in passage.questions.items()])
            yield NewItem(
                "text", passage.name, text=passage.text, split=passage.split, annotations=marks if marks else None
            )
        yield from self.problems


def _writable(text: str) -> str:
    """Half characters (lone surrogates), which no file can hold, as question marks; as long as before."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _places(text: str, words: str) -> Iterator[int]:
    """Where words begin in a text; the first two places are enough to know whether there is only one."""
    at = -1
    for _ in range(2):
        at = text.find(words, at + 1)
        if at < 0:
            return
        yield at
