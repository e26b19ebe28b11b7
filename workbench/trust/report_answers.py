"""What the card of a model that answers questions has beside the general part: how the questions came out, and the worst."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.trust.card.items import NO_MISTAKES, Show, some_of
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Heading, Paragraph, Part, Tone, Words, table
from workbench.trust.judge_answers import OUTCOMES, AnswerCase, AnswersJudgement, Place

_AROUND = 160


def sections(_project: Project, found: AnswersJudgement) -> list[Part]:
    """What the numbers say in detail."""
    return [
        Paragraph(
            "Counted as in SQuAD: capitals, punctuation and English articles make no difference, and of several"
            " right answers the nearest counts. Where the text holds no answer, only saying so is right.",
            soft=True,
        ),
        Heading("How the questions came out"),
        table(["outcome", "questions"], [(OUTCOMES[kind], str(n)) for kind, n in found.outcomes().items()]),
    ]


def failures(_project: Project, found: AnswersJudgement, _show: Show | None) -> list[Part]:
    """The worst answers."""
    examples = tuple(_case(case) for case in found.mistakes[:MOST_EXAMPLES])
    if not examples:
        return [Paragraph(NO_MISTAKES)]
    return [Gallery(examples), *some_of(len(examples), len(found.mistakes))]


def _case(case: AnswerCase) -> Example:
    right = "; ".join(case.words(place) for place in case.truths) or "(not answered in this text)"
    said = case.words(case.found) if case.found else "(nothing)"
    around = _around(case, case.truths[0], "good") if case.truths else ()
    if case.found and case.found not in case.truths:
        around += _around(case, case.found, "bad")
    caption = (
        Words(f"{OUTCOMES[case.outcome]}; in {case.name}. Right: "), Words(right, "strong"), Words(" Said: "),
        Words(said, "strong"), Words(f" ({case.sure:.0%})"),
    )  # fmt: skip
    return Example(caption, case.name, None, (Words(f"{case.question} ", "strong"), *around))


def _around(case: AnswerCase, place: Place, tone: Tone) -> tuple[Words, ...]:
    start, end = place
    before, after = case.text[max(0, start - _AROUND) : start], case.text[end : end + _AROUND]
    return (
        Words(f"{'…' if start > _AROUND else ''}{before}", "soft"),
        Words(case.text[start:end], tone=tone),
        Words(f"{after}{'…' if end + _AROUND < len(case.text) else ''} ", "soft"),
    )
