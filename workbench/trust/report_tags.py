"""What the card of a model that gives several labels has beside the general part: what was given instead of what, what
goes together, and the items that are most wrong."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.tasks.predictions import NONE_OF_THEM
from workbench.trust.card.items import Show, gallery
from workbench.trust.card.parts import Heading, Paragraph, Part, matrix
from workbench.trust.judge_tags import TagJudgement


def sections(_project: Project, e: TagJudgement) -> list[Part]:
    """What the numbers say in detail."""
    always = ", ".join(e.baseline_set) or NONE_OF_THEM
    return [
        Paragraph(
            "Precision: of the items it gave this label, how many have it. Recall: of the items that have it, how"
            " many it found. AP: average precision, whatever the threshold. The score is the F1 over all labels together (micro);"
            f" the mean over the labels (macro) is {e.macro_f1:.1%}. {e.exact:.1%} of the items have exactly the right labels"
            f" (subset accuracy); {e.hamming_loss:.1%} of all single decisions are wrong (Hamming loss). Always answering"
            f" “{always}” reaches {e.baseline:.1%}. Thresholds were chosen on the validation items.",
            soft=True,
        ),
        Heading("What was given instead of what"),
        *matrix("Missed ↓ given →", e.names, e.confusion),
        Heading("What goes together"),
        *matrix("Has ↓ has also →", e.classes, e.co_occurrence),
    ]


def failures(project: Project, e: TagJudgement, show: Show | None) -> list[Part]:
    """The items that are most wrong."""
    return gallery(project, ((c.item_id, c.sentence()) for c in e.mistakes), show, len(e.mistakes))
