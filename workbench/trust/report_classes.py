"""What the card of a classifier has beside the general part: confusion matrix, how sure it is, and mistakes."""

from __future__ import annotations

from workbench.catalog.card import ModelCard
from workbench.data.project import Project
from workbench.tasks.decision import decision_of
from workbench.tasks.temperature import temperature_of
from workbench.trust.card.items import Show, called, gallery
from workbench.trust.card.parts import Heading, Paragraph, Part, Picture, matrix, table
from workbench.trust.card.plots import reliability_png
from workbench.trust.certainty import answering, consequences, reliability, without_temperature
from workbench.trust.metrics import Evaluation


def sections(_project: Project, e: Evaluation) -> list[Part]:
    """What the numbers say in detail."""
    return [
        Paragraph(
            "Precision: of the items it called so, how many were. Recall: of the items that were so, how many it"
            f" found. AUC: how often an item of the class gets a higher score for it than one of another, whatever the threshold"
            f" (50% is guessing). Calibration error {e.calibration_error:.1%}: how far its certainty is from its accuracy. The model knows"
            " only these classes and always names one of them.",
            soft=True,
        ),
        Heading("What was taken for what"),
        *matrix("Is ↓ called →", e.classes, e.confusion),
        *_certainty(e),
    ]


def failures(project: Project, e: Evaluation, show: Show | None) -> list[Part]:
    """The most confident mistakes."""
    captions = ((p.item_id, called(p.predicted_class, max(p.scores, default=0.0), p.true_class)) for p in e.mistakes)
    return gallery(project, captions, show, len(e.mistakes))


def _certainty(e: Evaluation) -> list[Part]:
    """How sure it says it is against how often it is right."""
    known = [p for p in e.predictions if p.scores]
    if not known:
        return []
    width = len(known[0].scores)
    found = reliability([p for p in known if len(p.scores) == width], e.classes[:width])
    rows = [
        (
            f"{b.low:.0%} to {b.high:.0%}", f"{b.said:.0%}", f"{b.share:.0%}",
            f"{b.interval()[0]:.0%} to {b.interval()[1]:.0%}", str(b.count),
        )
        for b in found.bins
        if b.count
    ]  # fmt: skip
    return [
        Heading("How sure it is"),
        Paragraph(f"{found.sentence()} Brier score {found.brier:.3f} (0 is best)."),
        Picture(
            reliability_png(found.bins),
            "Reliability diagram: how often it is right over how sure it says it is",
            "Reliability diagram. On the straight line it is right as often as it says; below, it is too sure. The larger a"
            " dot, the more answers; the pale bars are 95 % intervals.",
        ),
        table(["certainty", "it says", "it is right", "95 % interval", "answers"], rows),
    ]


def decided(e: Evaluation, model: ModelCard) -> list[Part]:
    """What was chosen on validation items, and what it leads to here."""
    parts: list[Part] = []
    classes = model.label_names
    known = [p for p in e.predictions if len(p.scores) == len(classes)]
    temperature = temperature_of(model.options)
    if temperature != 1.0 and known:
        before, now = reliability(without_temperature(known, temperature), classes), reliability(known, classes)
        parts.append(
            Paragraph(
                f"Its percentages were set right on items kept aside for steering (temperature {temperature:.2f}): they are off"
                f" by {now.error:.1%} on average, {before.error:.1%} before."
            )
        )
    decision = decision_of(model.options, classes)
    if decision is None:
        return parts
    parts += [Heading("What was decided"), Paragraph(decision.sentence())]
    if decision.name and known:
        chosen = consequences(known, classes, decision.name, decision.threshold, decision.cost)
        usual = consequences(known, classes, decision.name, None, decision.cost)
        parts.append(Paragraph(f"{chosen.sentence()} {chosen.beside(usual)}"))
    if decision.sure_from > 0 and known:
        parts.append(Paragraph(answering(known, decision.sure_from).sentence()))
    return parts
