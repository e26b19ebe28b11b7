"""What the card of a model that writes texts has beside the general part: texts least like the right ones."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.trust.card.items import NO_MISTAKES, Show, some_of
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Paragraph, Part, Words
from workbench.trust.overlap_judgement import OverlapJudgement

_LONGEST = 400


def sections(_project: Project, found: OverlapJudgement) -> list[Part]:
    """What the numbers say in detail."""
    return [
        Paragraph(f"{found.remark()} The same can be said rightly in many ways: such scores compare models.", soft=True)
    ]


def failures(_project: Project, found: OverlapJudgement, _show: Show | None) -> list[Part]:
    """The texts that have least in common with the right ones."""
    each = found.per_item()
    worst = [c for c in found.worst() if each[c.item_id] < 100 and c.written.strip() != c.wanted.strip()]
    examples = tuple(
        Example(
            (Words("Wanted: "), Words(c.wanted[:_LONGEST], tone="good"), Words(" Written: "),
             Words(c.written[:_LONGEST] or "(nothing)", tone="bad")),
            "", None, c.given[:_LONGEST] or "(nothing given)",
        )
        for c in worst[:MOST_EXAMPLES]
    )  # fmt: skip
    if not examples:
        return [Paragraph(NO_MISTAKES)]
    return [Gallery(examples), *some_of(len(examples), len(worst))]
