"""Everything that is known of a model, for its card."""

from __future__ import annotations

from dataclasses import replace

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.checks import Finding
from workbench.data.project import Project, now
from workbench.data.types import RunRecord, Split
from workbench.engine.certainty import own_card
from workbench.engine.evaluate import evaluate, judge_by_groups
from workbench.engine.familiar import sentence_of
from workbench.engine.report.choices import Choices
from workbench.engine.report.pictures import shower
from workbench.engine.report.provenance import items_hash, noted, weights_hash
from workbench.engine.report.reasons import reasons_of
from workbench.tasks.registry import get_task
from workbench.trust.card.compose import compose
from workbench.trust.card.given import DataTerms, Given, Reason
from workbench.trust.card.parts import Card
from workbench.trust.groups import by_groups
from workbench.trust.judging import Judgement
from workbench.trust.report import remembered

# Comparing all items with each other is left out where there are more than a person would wait for.
_MOST_COMPARED = 50_000
_MOST_BASES = 10


def given_of_run(
    project: Project,
    run_id: str,
    catalog: Catalog,
    choices: Choices,
    control: Control | None = None,
    split: Split = Split.TEST,
    paths: AppPaths | None = None,
) -> Given:
    """What there is to say of a run's model, judged by the labels its items have now.

    Raises:
        UserError: when the run is gone, or it was never judged and its model is gone.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    run = project.run(run_id)
    model = own_card(run, catalog) or _remembered(project, run, catalog)
    control.progress(0, 0, "Judging the model")
    judgement = evaluate(project, run_id, split, catalog, control)
    given = _given(project, run, model, judgement, catalog, control)
    reasons: tuple[Reason, ...] = ()
    note = ""
    if choices.explanations and choices.examples:
        reasons, note = reasons_of(project, judgement, model, control)
    elif choices.explanations:
        note = "Explanations show items, so they are left out of a card that is passed on."
    control.progress(0, 0, "Looking at the data")
    return replace(
        given,
        examples=choices.examples,
        show=shower(paths) if choices.examples else None,
        by_groups=judge_by_groups(project, judgement, control),
        findings=_findings(project, control),
        alike=_alike(project, control),
        reasons=reasons,
        reasons_note=note,
    )


def card_to_keep(
    project: Project, run: RunRecord, model: ModelCard, judgement: Judgement, catalog: Catalog, control: Control
) -> Card:
    """The card that goes with a model at the end of its training: nothing of the person's items in it, and nothing that
    takes long. Raises: UserError. Cancelled."""
    given = _given(project, run, model, judgement, catalog, control)
    members = project.group_members(list(judgement.per_item()))
    return compose(replace(given, examples=False, by_groups=by_groups(judgement, members, control)), control)


def card_of_model(model: ModelCard, catalog: Catalog | None = None, control: Control | None = None) -> Card:
    """What its own card says, where nothing else is known of a model. Raises: Cancelled."""
    control = control or Control()
    info = get_task(model.main_task).info
    digest = weights_hash(model, control)
    given = Given(
        model=model, bases=bases_of(model, catalog), noun=info.noun, nouns=info.nouns, examples=False, made=now(),
        unlike=sentence_of(model.metrics, model.main_task), hashes={"Weights (sha256)": digest} if digest else {},
    )  # fmt: skip
    return compose(given, control)


def bases_of(model: ModelCard, catalog: Catalog | None = None) -> tuple[ModelCard, ...]:
    """The models it was taught on from, the nearest first, as far as they are known here."""
    known = {c.id: c for c in (catalog or Catalog.load()).cards()}
    found: list[ModelCard] = []
    base = known.get(model.base)
    while base is not None and base not in found and len(found) < _MOST_BASES:
        found.append(base)
        base = known.get(base.base)
    return tuple(found)


def _given(
    project: Project, run: RunRecord, model: ModelCard, judgement: Judgement, catalog: Catalog, control: Control
) -> Given:
    info = get_task(project.task_id).info
    hashes = {}
    if digest := weights_hash(model, control):
        hashes["Weights (sha256)"] = digest
    if digest := items_hash(project, project.split_items(Split.TEST), control):
        hashes["Test items (sha256)"] = digest
    return Given(
        model=model, bases=bases_of(model, catalog), project=project, run=run, judgement=judgement, noun=info.noun,
        nouns=info.nouns, data_terms=DataTerms.of(project),
        unlike=str(run.metrics.get("unlike", "")) or sentence_of(model.metrics, project.task_id),
        made_with=noted(run.metrics), hashes=hashes, made=now(),
    )  # fmt: skip


def _remembered(project: Project, run: RunRecord, catalog: Catalog) -> ModelCard:
    """What is still known of a run's model that was deleted."""
    base = next((c for c in catalog.cards() if c.id == str(run.config.get("model", ""))), None)
    found = remembered(project, run, base)
    return replace(found, summary=f"{found.summary} The model itself was deleted.")


def _findings(project: Project, control: Control) -> tuple[Finding, ...]:
    from workbench.engine.health.check import known_health

    return tuple(known_health(project, control))


def _alike(project: Project, control: Control) -> int:
    ids = project.item_ids()
    if len(ids) > _MOST_COMPARED:
        return -1
    groups = project.near_groups(ids, control)
    sizes: dict[int, int] = {}
    for first in groups.values():
        sizes[first] = sizes.get(first, 0) + 1
    return sum(size for size in sizes.values() if size > 1)
