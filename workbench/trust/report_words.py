"""What the card of a model that writes down words has beside the general part: confusions and the worst items."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.trust.card.items import NO_MISTAKES, Show, picture_of, some_of
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Heading, Paragraph, Part, Tone, Words, table
from workbench.trust.judge_words import WordsCase, WordsJudgement

_CONFUSED, _LONGEST = 20, 150
_GROUND: dict[str, Tone] = {"changed": "bad", "missing": "warn", "extra": "other"}


def sections(_project: Project, _found: WordsJudgement) -> list[Part]:
    """What the numbers say in detail."""
    return [
        Paragraph(
            "Word error rate: words changed, left out or made up, divided by the words there are; it can exceed"
            " 100 %. Capitals and punctuation do not count.",
            soft=True,
        )
    ]


def failures(project: Project, found: WordsJudgement, show: Show | None) -> list[Part]:
    """Words taken for others, and the items with most wrong words."""
    parts: list[Part] = []
    if found.confused:
        rows = [(a, b, str(n)) for a, b, n in found.confused[:_CONFUSED]]
        parts += [
            Heading("Words taken for others"),
            table(["it is", "was written", "times"], rows, numbers=False),
            Heading("The worst ones"),
        ]
    wanted = found.mistakes[:MOST_EXAMPLES]
    items = {i.id: i for i in project.items([c.item_id for c in wanted])} if show is not None else {}
    examples = tuple(_case(c, picture_of(items[c.item_id], show) if c.item_id in items else None) for c in wanted)
    if not examples:
        return [*parts, Paragraph(NO_MISTAKES)]
    return [*parts, Gallery(examples), *some_of(len(examples), len(found.mistakes))]


def _case(case: WordsCase, picture: bytes | None) -> Example:
    words: list[Words] = []
    for kind, right, given in case.comparison.words.pieces():
        if kind == "same":
            words.append(Words(f"{' '.join(right)} "))
        elif kind == "changed":
            for a, b in zip(right, given, strict=True):
                words += [Words(a, "struck"), Words(" "), Words(b, tone="bad"), Words(" ")]
        else:
            for word in right if kind == "missing" else given:
                words += [Words(word, "struck" if kind == "missing" else "", _GROUND[kind]), Words(" ")]
        if len(words) > _LONGEST:
            words.append(Words("…"))
            break
    counts = case.words
    caption = (Words(case.name, "strong"), Words(f" {counts.errors} of {counts.units} words wrong", "soft"))
    return Example(caption, case.name, picture, tuple(words))
