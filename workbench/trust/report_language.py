"""What the card of a model that goes on with texts has beside the general part: the texts that surprised it most."""

from __future__ import annotations

import math

from workbench.data.project import Project
from workbench.trust.card.items import Show
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Paragraph, Part, Words
from workbench.trust.judge_language import LanguageJudgement

_LONGEST = 400


def sections(_project: Project, _found: LanguageJudgement) -> list[Part]:
    """What the numbers say in detail."""
    return [
        Paragraph(
            "Perplexity: among how many equally likely pieces of words it would choose; 1 is best. It says how well the manner of"
            " the texts is known, not whether what is written is true.",
            soft=True,
        )
    ]


def failures(_project: Project, found: LanguageJudgement, _show: Show | None) -> list[Part]:
    """The texts that it foresaw least."""
    worst = sorted(found.cases, key=lambda c: -c.surprise)[:MOST_EXAMPLES]
    examples = tuple(
        Example(
            (Words(f"perplexity {math.exp(min(50.0, c.surprise)):,.1f}. It wrote: "), Words(c.written[:_LONGEST] or "(nothing)", "soft")),
            "", None, (Words(f"{c.given[-_LONGEST:]} ", "soft"), Words(c.wanted[:_LONGEST])),
        )
        for c in worst
    )  # fmt: skip
    return [Gallery(examples)] if examples else [Paragraph("Nothing was tested.")]
