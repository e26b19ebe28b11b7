"""What the card of a model that marks pieces of texts has beside the general part: what went wrong, and the worst texts."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.trust.card.items import NO_MISTAKES, Show, some_of
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Paragraph, Part, Words, table
from workbench.trust.judge_spans import SpanCase, SpanJudgement

_LONGEST, _AROUND = 700, 80


def sections(_project: Project, found: SpanJudgement) -> list[Part]:
    """What the numbers say in detail."""
    borders = sum(c.borders for c in found.cases)
    confused = sum(c.confused for c in found.cases)
    wrong = found.total.wrong
    rows = [
        ("overlaps a right one, begins or ends elsewhere", str(borders)),
        ("right place, another class", str(confused)),
        ("marked where nothing is", str(wrong - borders - confused)),
        ("missed", str(found.total.missed)),
    ]
    return [
        Paragraph(
            "A piece counts as found when its place and its class are exactly right (CoNLL 2003; seqeval's strict mode)."
            " Precision: of the pieces it marked, how many are right. Recall: of the pieces there are, how many it found.",
            soft=True,
        ),
        table(["what went wrong", "pieces"], rows),
    ]


def failures(_project: Project, found: SpanJudgement, _show: Show | None) -> list[Part]:
    """The texts with most wrong and missed pieces."""
    examples = tuple(_case(c) for c in found.mistakes[:MOST_EXAMPLES])
    if not examples:
        return [Paragraph(NO_MISTAKES)]
    return [
        Paragraph("Green: right; orange: missed; red: marked wrongly.", soft=True),
        Gallery(examples),
        *some_of(len(examples), len(found.mistakes)),
    ]


def _case(case: SpanCase) -> Example:
    pieces = sorted((*case.truth, *(case.found - case.truth)))
    words: list[Words] = []
    at = max(0, pieces[0][0] - _AROUND) if pieces else 0
    begins = at
    for piece in pieces:
        start, end, name = piece
        if start - begins > _LONGEST:
            break
        words.append(Words(case.text[at:start] if at <= start else " "))
        tone = "good" if piece in case.truth & case.found else "warn" if piece in case.truth else "bad"
        words += [Words(case.text[start:end], tone=tone), Words(f" [{name}]", "soft")]  # type: ignore[arg-type]
        at = max(at, end)
    words.append(Words(case.text[at : at + _AROUND]))
    right, wrong, missed = case.counts
    return Example(f"{case.name}: {right} right, {wrong} wrong, {missed} missed", case.name, None, tuple(words))
