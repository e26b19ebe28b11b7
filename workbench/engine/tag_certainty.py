"""How sure a run's model of several labels says it is, and what a person may decide about its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.certainty import own_card
from workbench.engine.evaluate import evaluate
from workbench.errors import UserError
from workbench.tasks.several import USUAL, thresholds_of
from workbench.tasks.tag_calibration import tag_calibration_of
from workbench.tasks.tag_decision import LabelRule, TagDecision, tag_decision_of
from workbench.trust.certainty import Answering, answering_curve_of, answering_of, cheapest
from workbench.trust.judge_tags import TagJudgement
from workbench.trust.tag_certainty import (
    LabelCosts,
    TagCertainty,
    answers_of,
    label_costs,
    sure_and_right,
    tag_certainty,
)


@dataclass(frozen=True)
class TagSureness:
    """What there is to look at and to choose by.

    Attributes:
        labels: of the model, in the order of its logits.
        validation: to choose by; `test`: to see what it leads to.
        usual: label to the threshold the training chose.
        decision: what is kept with the model; None when nothing was decided.
        model_id: "" when the model is gone.
    """

    labels: tuple[str, ...]
    validation: TagJudgement
    test: TagJudgement
    certainty: TagCertainty
    usual: Mapping[str, float]
    decision: TagDecision | None
    model_id: str

    def rule(self, name: str, cost: float) -> LabelRule | None:
        """The cheapest threshold of a label on the validation items; None where it would be luck."""
        threshold = cheapest(answers_of(self.validation.cases, [name]), cost)
        return None if threshold is None else LabelRule(threshold, cost)

    def costs(self, name: str, rule: LabelRule) -> tuple[LabelCosts, LabelCosts]:
        """What a rule leads to on the test items, and what the training's threshold does."""
        pairs = answers_of(self.test.cases, [name])
        usual = self.usual.get(name, USUAL)
        return label_costs(pairs, name, rule.threshold, rule.cost), label_costs(pairs, name, usual, rule.cost)

    def thresholds(self, decision: TagDecision) -> dict[str, float]:
        return {**self.usual, **{name: rule.threshold for name, rule in decision.labels.items()}}

    def curve(self, decision: TagDecision) -> list[Answering]:
        """On the validation items: how many it answers against how often all labels are right."""
        return answering_curve_of(sure_and_right(self.validation.cases, self.thresholds(decision)))

    def answering(self, decision: TagDecision, split: Split = Split.TEST) -> Answering:
        """What `decision.sure_from` leads to."""
        cases = (self.validation if split is Split.VALIDATION else self.test).cases
        return answering_of(sure_and_right(cases, self.thresholds(decision)), decision.sure_from)


def tag_sureness(
    project: Project, run_id: str, catalog: Catalog | None = None, control: Control | None = None
) -> TagSureness:
    """Of a run that gives several labels, by the labels its items have now.

    Raises:
        UserError: when it gives no several labels, or made no model.
    """
    record = project.run(run_id)
    labels = tuple(str(c) for c in record.config.get("classes", ()))
    found = {}
    for split in (Split.VALIDATION, Split.TEST):
        judged = evaluate(project, run_id, split, catalog, control)
        if not isinstance(judged, TagJudgement):
            raise UserError("This model does not give several labels.", "Choose a training whose model does.")
        found[split] = judged
    card = own_card(record, catalog)
    options: Mapping[str, Any] = record.metrics if card is None else card.options
    calibration = tag_calibration_of(options, len(labels))
    usual = thresholds_of({"multi_label": True, **options}, len(labels)) or (USUAL,) * len(labels)
    test, validation = found[Split.TEST], found[Split.VALIDATION]
    return TagSureness(
        labels,
        validation,
        test,
        tag_certainty(test, labels, calibration, validation.n),
        dict(zip(labels, usual, strict=True)),
        None if card is None else tag_decision_of(card.options, card.label_names),
        "" if card is None else card.id,
    )
