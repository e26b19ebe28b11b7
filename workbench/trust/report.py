"""A run's card from its record and its judgement alone; the whole report, with its model and its files, is made by
`workbench.engine.report`."""

from __future__ import annotations

from workbench.catalog.card import ModelCard, Source
from workbench.data.project import Project
from workbench.data.types import RunRecord
from workbench.tasks.registry import get_task
from workbench.trust.card import html
from workbench.trust.card.compose import compose
from workbench.trust.card.given import DataTerms, Given
from workbench.trust.groups import by_groups
from workbench.trust.judging import Judgement


def render(project: Project, run: RunRecord, evaluation: Judgement) -> str:
    """The page, without anything of the person's items."""
    info = get_task(project.task_id).info
    given = Given(
        model=remembered(project, run), project=project, run=run, judgement=evaluation, noun=info.noun, nouns=info.nouns,
        data_terms=DataTerms.of(project), unlike=str(run.metrics.get("unlike", "")), examples=False,
        by_groups=by_groups(evaluation, project.group_members(list(evaluation.per_item()))),
    )  # fmt: skip
    return html.render(compose(given))


def remembered(project: Project, run: RunRecord, base: ModelCard | None = None) -> ModelCard:
    """What a run's record says of its model. `base`: what it was taught on from, where that is known."""
    info = get_task(project.task_id).info
    classes = tuple(str(c) for c in run.config.get("classes", ()))
    return ModelCard(
        id=str(run.metrics.get("model_id", run.id)), name=run.name, tasks=(project.task_id,),
        runtime=base.runtime if base else "unknown", arch=base.arch if base else "unknown", source=Source("folder", ""),
        licence=base.licence if base else "", label_names=classes,
        summary=f"{info.title}{': ' + ', '.join(classes) if classes else ''}.", base=str(run.config.get("model", "")),
        created=run.created, metrics=dict(run.metrics),
    )  # fmt: skip
