"""Judging answers to questions about texts, as SQuAD does: exactly right (EM) and overlap of the words (F1), each at its best
over the right answers; for a question that the text does not answer, saying nothing is right and all else wrong
(Rajpurkar et al. 2016, 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.data.questions import questions_of, tight
from workbench.tasks.answer_scores import exact_and_f1
from workbench.tasks.predictions import Asked, Text, from_record
from workbench.trust.judging import Answered, bootstrap

Place = tuple[int, int]
# How a question came out, and what that is called.
RIGHT, PARTLY, WRONG, MISSED, MADE_UP = "right", "partly", "wrong", "missed", "made up"
OUTCOMES = {
    RIGHT: "right", PARTLY: "partly right", WRONG: "wrong place", MISSED: "answer not found",
    MADE_UP: "should have said nothing",
}  # fmt: skip


@dataclass(frozen=True)
class AnswerCase:
    """One question.

    Attributes:
        truths: the places that count as right; empty when the text does not answer it.
        found: the place the model gave; None when it said that the text does not say.
        sure: probability of what it said.
        exact, f1: 0..1.
    """

    item_id: int
    name: str
    text: str
    question: str
    truths: tuple[Place, ...]
    found: Place | None
    sure: float
    exact: float
    f1: float

    @property
    def outcome(self) -> str:
        if self.exact == 1:
            return RIGHT
        if not self.truths:
            return MADE_UP
        if self.found is None:
            return MISSED
        return PARTLY if self.f1 > 0 else WRONG

    def words(self, place: Place) -> str:
        """In one line."""
        return " ".join(self.text[slice(*place)].split())


@dataclass(frozen=True)
class AnswerCounts:
    """Means over some questions."""

    name: str
    exact: float
    f1: float
    number: int


@dataclass(frozen=True)
class AnswersJudgement:
    """See `workbench.trust.judging.Judgement`. The score is the mean F1 over all questions; its interval comes from drawing
    texts, since questions about one text stand or fall together.

    Attributes:
        cases: one per question.
        unasked: questions that were added after the model was asked, so that nothing is known of them.
    """

    cases: tuple[AnswerCase, ...]
    low: float
    high: float
    exact_low: float
    exact_high: float
    unasked: int = 0
    split: str = "test"
    kind: ClassVar[str] = "answers"
    table_title: ClassVar[str] = "In numbers"

    @property
    def n(self) -> int:
        return len({c.item_id for c in self.cases})

    @property
    def total(self) -> AnswerCounts:
        return _counts("all questions", self.cases)

    @property
    def answerable(self) -> AnswerCounts:
        """Of the questions that the text answers."""
        return _counts("answered in the text", [c for c in self.cases if c.truths])

    @property
    def unanswerable(self) -> AnswerCounts:
        """Of the questions that it does not answer."""
        return _counts("not answered in it", [c for c in self.cases if not c.truths])

    @property
    def mistakes(self) -> tuple[AnswerCase, ...]:
        """Questions that did not come out right, the worst first."""
        return tuple(sorted((c for c in self.cases if c.exact < 1), key=lambda c: (c.f1, -c.sure)))

    def outcomes(self) -> dict[str, int]:
        """How many questions came out how."""
        found = [c.outcome for c in self.cases]
        return {outcome: found.count(outcome) for outcome in OUTCOMES}

    def sentence(self) -> str:
        if not self.cases:
            return "There was nothing to test on."
        all_of, yes, no = self.total, self.answerable, self.unanswerable
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        many = "1 question" if all_of.number == 1 else f"{all_of.number} questions"
        text = (
            f"Of {many} about {self.n} {'text' if self.n == 1 else 'texts'} {unseen} it answered"
            f" {round(all_of.exact * all_of.number)} exactly right ({all_of.exact:.0%}). Counted by the words that agree (F1):"
            f" {all_of.f1:.0%}; on more such texts expect between {self.low:.0%} and {self.high:.0%}."
        )
        if yes.number and no.number:
            text += (
                f" Where the text holds the answer: {yes.exact:.0%} exactly right; where it does not, it rightly said nothing"
                f" in {no.exact:.0%} of {no.number}."
            )
        elif yes.number:
            text += (
                " All these questions are answered in their texts: whether it keeps silent where there is no answer is not"
                " known."
            )
        else:
            text += " None of these questions is answered in its text, so this says little."
        if self.n < 30:
            text += f" Only {self.n} texts were tested, so the true value may be quite different: add more examples."
        if self.unasked:
            text += f" {self.unasked} questions were added later and are not counted: judge the model again for them."
        return text

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        all_of, yes, no = self.total, self.answerable, self.unanswerable
        found: dict[str, Any] = {
            "split": self.split,
            "n": self.n,
            "questions": all_of.number,
            "score": all_of.f1,
            "metric": "F1",
            "low": self.low,
            "high": self.high,
            "words": (
                f"Answered {all_of.exact:.0%} of {all_of.number} questions exactly right (F1 {all_of.f1:.0%}, expect"
                f" {self.low:.0%} to {self.high:.0%})."
            ),
            "exact": all_of.exact,
            "exact_low": self.exact_low,
            "exact_high": self.exact_high,
        }
        if yes.number:
            found |= {"answerable_exact": yes.exact, "answerable_f1": yes.f1, "answerable": yes.number}
        if no.number:
            found |= {"unanswerable_exact": no.exact, "unanswerable": no.number}
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            **self.headline(),
            "outcomes": self.outcomes(),
            "cases": [
                {
                    "item": c.name,
                    "question": c.question,
                    "right": [c.words(place) for place in c.truths],
                    "said": None if c.found is None else c.words(c.found),
                    "exact": c.exact,
                    "f1": round(c.f1, 6),
                }
                for c in self.cases
            ],
            "sentence": self.sentence(),
        }

    def per_item(self) -> Mapping[int, float]:
        """Mean F1 of the questions about each text."""
        found: dict[int, list[float]] = {}
        for case in self.cases:
            found.setdefault(case.item_id, []).append(case.f1)
        return {item_id: sum(scores) / len(scores) for item_id, scores in found.items()}

    def table(self) -> tuple[list[str], list[list[str]]]:
        shown = [c for c in (self.answerable, self.unanswerable, self.total) if c.number]
        rows = [[c.name, f"{c.exact:.1%}", f"{c.f1:.1%}", str(c.number)] for c in shown]
        return ["questions", "exactly right (EM)", "words that agree (F1)", "number"], rows


def _counts(name: str, cases: Sequence[AnswerCase]) -> AnswerCounts:
    number = len(cases)
    if not number:
        return AnswerCounts(name, 0.0, 0.0, 0)
    return AnswerCounts(name, sum(c.exact for c in cases) / number, sum(c.f1 for c in cases) / number, number)


def judge(_classes: Sequence[str], answers: Sequence[Answered], split: str) -> AnswersJudgement:
    """See `workbench.trust.judging`."""
    cases: list[AnswerCase] = []
    unasked = 0
    for answer in answers:
        found, missing = _cases(answer)
        cases += found
        unasked += missing
    by_text: dict[int, list[AnswerCase]] = {}
    for case in cases:
        by_text.setdefault(case.item_id, []).append(case)
    sums = [(sum(c.f1 for c in of), sum(c.exact for c in of), len(of)) for of in by_text.values()]
    low, high = bootstrap(sums, lambda drawn: sum(d[0] for d in drawn) / sum(d[2] for d in drawn))
    exact = bootstrap(sums, lambda drawn: sum(d[1] for d in drawn) / sum(d[2] for d in drawn))
    return AnswersJudgement(tuple(cases), low, high, *exact, unasked, split)


def _cases(answer: Answered) -> tuple[list[AnswerCase], int]:
    """One per question that is answered and was asked, and how many were not asked."""
    text = answer.item.text or ""
    asked: dict[str, Asked] = {}
    if answer.said.record is not None:
        said = from_record(answer.said.record)
        if isinstance(said, Text):
            asked = {a.question: a for a in said.asked}
    cases: list[AnswerCase] = []
    unasked = 0
    for question in questions_of(answer.annotations):
        if question.open:
            continue
        given = asked.get(question.text)
        if given is None:
            unasked += 1
            continue
        found = tight(text, given.start, given.end) if given.answered else None
        truths = tuple(tight(text, *place) for place in question.places)
        exact, f1 = exact_and_f1(text[slice(*found)] if found else "", [text[slice(*place)] for place in truths])
        sure = given.score if found else given.nothing
        cases.append(AnswerCase(answer.item.id, answer.item.name, text, question.text, truths, found, sure, exact, f1))
    return cases, unasked
