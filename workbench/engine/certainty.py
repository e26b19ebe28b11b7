"""How sure a run's model says it is, and what a person decides about its answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog, write_card
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemPrediction, RunRecord, Split
from workbench.engine.evaluate import evaluate
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.tasks.decision import DECISION, Decision, decision_of
from workbench.tasks.tag_decision import TagDecision
from workbench.tasks.temperature import temperature_of
from workbench.trust.certainty import Answering, Certainty, answering_curve, certainty
from workbench.trust.metrics import Evaluation


@dataclass(frozen=True)
class Sureness:
    """What there is to look at and to choose by.

    Attributes:
        classes: of the model, in the order of the predictions' scores.
        validation: to choose by; `test`: to see what it leads to.
        decision: what is kept with the model; None when nothing was decided.
        model_id: "" when the model is gone.
    """

    classes: tuple[str, ...]
    validation: tuple[ItemPrediction, ...]
    test: tuple[ItemPrediction, ...]
    certainty: Certainty
    decision: Decision | None
    model_id: str

    @cached_property
    def curve(self) -> list[Answering]:
        """Share answered against share right on the validation items; made once."""
        return answering_curve(self.validation)


def sureness(project: Project, run_id: str, catalog: Catalog | None = None, control: Control | None = None) -> Sureness:
    """Of a run that sorts into classes, by the labels its items have now.

    Raises:
        UserError: when it does not sort into classes, or made no model.
    """
    record = project.run(run_id)
    classes = tuple(str(c) for c in record.config.get("classes", ()))
    parts = {}
    for split in (Split.VALIDATION, Split.TEST):
        found = evaluate(project, run_id, split, catalog, control)
        if not isinstance(found, Evaluation):
            raise UserError("This model does not sort into classes.", "Choose a training whose model does.")
        parts[split] = tuple(p for p in found.predictions if len(p.scores) == len(classes))
    card = own_card(record, catalog)
    # The run notes it, too: its model may have been deleted.
    temperature = temperature_of(record.metrics if card is None else card.options)
    seen = certainty(parts[Split.TEST], classes, temperature, len(parts[Split.VALIDATION]))
    decision = None if card is None else decision_of(card.options, card.label_names)
    return Sureness(
        classes, parts[Split.VALIDATION], parts[Split.TEST], seen, decision, "" if card is None else card.id
    )


def own_card(record: RunRecord, catalog: Catalog | None = None) -> ModelCard | None:
    """The card of a run's model; None when the model is gone."""
    model_id = str(record.metrics.get("model_id", ""))
    return next((c for c in (catalog or Catalog.load()).cards() if c.id == model_id and c.is_own), None)


def keep_decision(card: ModelCard, decision: Decision | TagDecision | None, catalog: Catalog) -> ModelCard:
    """Keep with a model what was decided, so that every answer from now on follows it; None takes it back.

    Raises:
        UserError: when it is none of the person's own models, or its folder cannot be written.
    """
    if not card.is_own or card.source.kind != "folder":
        raise UserError(f"“{card.name}” is not one of your own models.", "Only those can be changed.")
    options = {name: value for name, value in card.options.items() if name != DECISION}
    if decision is not None and not decision.empty:
        options[DECISION] = decision.to_options()
    changed = replace(card, options=options)
    write_card(changed, Path(card.source.ref))
    shared_pool().release(card.id)
    catalog.refresh()
    return changed
