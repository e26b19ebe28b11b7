"""What the card of a model that gives several labels has beside the general part: what was given instead of what, what
goes together, and the items that are most wrong."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.data.project import Project
from workbench.tasks.predictions import NONE_OF_THEM
from workbench.trust.card.items import Show, gallery
from workbench.trust.card.parts import Heading, Paragraph, Part, Picture, matrix, table
from workbench.trust.card.plots import reliability_png
from workbench.trust.judge_tags import TagJudgement

_CERTAINTY, _DECISION = "workbench.trust.tag_certainty", "workbench.tasks.tag_decision"


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
        *_certainty(e),
    ]


def failures(project: Project, e: TagJudgement, show: Show | None) -> list[Part]:
    """The items that are most wrong."""
    return gallery(project, ((c.item_id, c.sentence()) for c in e.mistakes), show, len(e.mistakes))


def decided(e: TagJudgement, model: ModelCard) -> list[Part]:
    """What was chosen label by label on validation items, where that is known."""
    if find_spec(_DECISION) is None:
        return []
    module: Any = import_module(_DECISION)
    decision = module.tag_decision_of(model.options, model.label_names)
    if decision is None or decision.empty:
        return []
    return [Heading("What was decided"), Paragraph(decision.sentence())]


def _certainty(e: TagJudgement) -> list[Part]:
    """How sure it says it is that a label is there against how often it is, where this app can tell."""
    if find_spec(_CERTAINTY) is None:
        return []
    module: Any = import_module(_CERTAINTY)
    pairs = {name: module.answers_of(e.cases, [name]) for name in module.known_labels(e)}
    found = module.reliability_of([p for each in pairs.values() for p in each])
    if not found.n:
        return []
    rows = [
        (
            f"{b.low:.0%} to {b.high:.0%}", f"{b.said:.0%}", f"{b.share:.0%}",
            f"{b.interval()[0]:.0%} to {b.interval()[1]:.0%}", str(b.count),
        )
        for b in found.bins
        if b.count
    ]  # fmt: skip
    each = [(name, module.reliability_of(p)) for name, p in pairs.items()]
    labels = [(name, f"{r.error:.1%}", f"{r.brier:.3f}", str(r.n)) for name, r in each]
    return [
        Heading("How sure it is"),
        Paragraph(f"{found.sentence()} Brier score {found.brier:.3f} (0 is best)."),
        Picture(
            reliability_png(found.bins),
            "Reliability diagram: how often a label is there over how sure it says it is",
            "Reliability diagram. On the straight line a label is there as often as it says; the larger a dot, the more"
            " answers; the pale bars are 95 % intervals.",
        ),
        table(["certainty", "it says", "the label is there", "95 % interval", "answers"], rows),
        table(["label", "calibration error", "Brier score", "answers"], labels, of="labels"),
    ]
