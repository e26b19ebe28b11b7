"""Judging a run or a model on items whose answers are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog, label_names
from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, ItemPrediction, NewItem, Sample, Split
from workbench.engine.predict import predict
from workbench.engine.run import MOST_JUDGED
from workbench.errors import Problem, UserError
from workbench.tasks.base import CasesTask, TryOptions
from workbench.tasks.predictions import Prediction, Scores, to_record
from workbench.tasks.registry import get_task
from workbench.trust.groups import ByGroup, by_groups
from workbench.trust.judging import Answered, Judgement, compare, judge, judge_of, parts_within
from workbench.trust.metrics import Comparison, Evaluation, evaluation_from_predictions
from workbench.trust.overlap_judgement import judged

__all__ = [
    "Comparison", "Evaluation", "Judgement", "compare", "evaluate", "evaluate_items", "evaluate_samples",
    "evaluation_from_predictions", "judge_by_groups", "judge_kept",
]  # fmt: skip


def evaluate(
    project: Project,
    run_id: str,
    split: Split = Split.TEST,
    catalog: Catalog | None = None,
    control: Control | None = None,
) -> Judgement:
    """A run's evaluation. What it did not predict at its end (it was stopped) is predicted now and kept.

    Items whose label has changed since are judged by the label they have now; removed ones are left out.

    Raises:
        UserError: when the run or its model is gone.
        Cancelled: when asked to stop.
    """
    record = project.run(run_id)
    known = project.predictions(run_id)
    classes = [str(c) for c in record.config.get("classes", ())]
    kind = get_task(project.task_id).info.judge
    within = get_task(project.task_id).info.parts_within
    if not (known if within else any(p.split is split for p in known)):
        model_id = str(record.metrics.get("model_id", ""))
        if not model_id:
            raise UserError(
                "This training made no model, so there is nothing to judge.", "Go on with it, or start anew."
            )
        card = (catalog or Catalog.load()).get(model_id)
        task = get_task(project.task_id)
        if isinstance(task, CasesTask):
            asked = task.cases(project, 0, control)[split]
        elif within:
            asked = project.items(project.item_ids(ItemFilter(labelled=True, problems=False)))[:MOST_JUDGED]
        else:
            asked = project.split_items(split)
        known += predict_items(project, card, asked, split, control)
        if not project.read_only:
            project.save_predictions(run_id, known)
    return judge_kept(project, kind, classes, known, split)


def judge_by_groups(project: Project, judgement: Judgement, control: Control | None = None) -> tuple[ByGroup, ...]:
    """A judgement of a project's items by every property by which they are grouped. Raises: Cancelled."""
    return by_groups(judgement, project.group_members(list(judgement.per_item())), control)


def judge_kept(
    project: Project, kind: str, classes: Sequence[str], known: Sequence[ItemPrediction], split: Split
) -> Judgement:
    """Judge what was predicted of a split's items by the labels they have now."""
    # Where every item holds its own parts, the judge takes the part from what is kept of the item.
    wanted = [p for p in known if p.split is split or parts_within(kind)]
    gather = getattr(judge_of(kind), "gather", None)
    if gather is not None:
        return judge(kind, classes, gather(project, wanted), split.value)
    names = {c.id: c.name for c in project.classes()}
    ids = project.item_ids(ItemFilter(ids=tuple(p.item_id for p in wanted), labelled=True))
    items = {i.id: i for i in project.items(ids)}
    states = project.annotation_states(ids)
    answers = []
    for p in wanted:
        item = items.get(p.item_id)
        if item is None:
            continue
        kept = tuple(a for a in states[item.id].annotations if not a.is_proposal)
        now = replace(p, true_class=names.get(item.class_id or -1, ""))
        answers.append(Answered(item, now, kept, tuple(names.get(a.class_id or -1, "") for a in kept)))
    return judge(kind, classes, answers, split.value)


def predict_items(
    project: Project, card: ModelCard, given: Sequence[Item], split: Split, control: Control | None = None
) -> list[ItemPrediction]:
    """What a model says of a project's items of one split, as it is kept with a run; those that cannot be asked about are
    left out. Raises: UserError, Cancelled."""
    names = {c.id: c.name for c in project.classes()}
    task = get_task(project.task_id)
    states = project.annotation_states([i.id for i in given])
    items: list[Item] = []
    samples: list[Sample] = []
    for item in given:
        try:
            samples.append(task.sample_of(item, [a for a in states[item.id].annotations if not a.is_proposal]))
        except UserError:
            continue  # nothing is asked about it, so there is nothing to judge
        items.append(item)
    order = label_names(card)
    found = []
    for result in predict(samples, card, task, control=control):
        item = items[result.index]
        if result.prediction is None:
            continue
        if isinstance(result.prediction, Scores) and item.class_id is not None:
            best, scores = _scores(result.prediction, order)
            found.append(ItemPrediction(item.id, split, names[item.class_id], best, scores))
        else:
            found.append(ItemPrediction(item.id, split, "", "", (), to_record(result.prediction)))
    return found


def evaluate_samples(
    card: ModelCard, samples: Iterable[tuple[Sample, str]], task_id: str, control: Control | None = None
) -> tuple[Evaluation, list[Problem]]:
    """Judge a model on samples with their true labels (a folder per class, a table). Item ids are places from 0.

    Raises:
        UserError: when none of the labels is one the model knows.
    """
    pairs = list(samples)
    order = label_names(card)
    spelling = {labels.key(name): name for name in order}
    if not any(labels.key(label) in spelling for _, label in pairs):
        raise UserError(
            "None of the labels is one this model knows.",
            f"It knows: {', '.join(order[:12])}{'…' if len(order) > 12 else ''}.",
        )
    found, problems = [], []
    for result in predict([s for s, _ in pairs], card, get_task(task_id), control=control):
        if result.prediction is None:
            if result.problem is not None:
                problems.append(result.problem)
            continue
        label = pairs[result.index][1]
        best, scores = _scores(result.prediction, order)
        true = spelling.get(labels.key(label), label)
        found.append(ItemPrediction(result.index, Split.TEST, true, best, scores))
    return evaluation_from_predictions(order, found), problems


def evaluate_items(
    card: ModelCard,
    items: Iterable[NewItem],
    task_id: str,
    control: Control | None = None,
    options: TryOptions | None = None,
) -> tuple[Judgement, list[Problem]]:
    """Judge a model on items with labels on pieces of them (boxes, areas, words …). Item ids are places from 0.

    A model that knows more than the labels speak of (a published one) is judged by the labelled classes alone.

    Raises:
        UserError: when none of the items is labelled, or none of the labels is one the model knows.
    """
    given = [i for i in items if i.annotations is not None]
    if not given:
        raise UserError("None of these is labelled.", "Choose data with labels of the kind the model gives.")
    order = label_names(card)
    spelling = {labels.key(name): name for name in order}
    names = [[spelling.get(labels.key(a.label), a.label) for a in i.annotations or ()] for i in given]
    there = {name for found in names for name in found if name}
    if there and order and not there & set(order):
        raise UserError(
            "None of the labels is one this model knows.",
            f"It knows: {', '.join(order[:12])}{'…' if len(order) > 12 else ''}.",
        )
    classes = order if card.is_own else tuple(name for name in order if name in there)
    answers, problems = [], []
    task = get_task(task_id)
    marked = [[Annotation(a.shape, None, text=a.text, ignored=a.ignored) for a in i.annotations or ()] for i in given]
    places: list[int] = []
    samples: list[Sample] = []
    for place, new in enumerate(given):
        try:
            samples.append(task.sample_of(Item(place, new.kind, new.name, new.path, new.text), marked[place]))
        except UserError:
            continue  # nothing is asked about it, so there is nothing to judge
        places.append(place)
    for result in predict(samples, card, task, options or TryOptions(), control=control):
        if control is not None:
            control.progress(result.index + 1, len(samples), "Judging")
        if result.prediction is None:
            if result.problem is not None:
                problems.append(result.problem)
            continue
        place = places[result.index]
        new = given[place]
        size = (int(getattr(result.prediction, "width", 0)), int(getattr(result.prediction, "height", 0)))
        item = Item(place, new.kind, new.name, new.path, new.text, width=size[0], height=size[1], marked=True)
        said = ItemPrediction(place, Split.TEST, "", "", (), to_record(result.prediction))
        answers.append(Answered(item, said, tuple(marked[place]), tuple(names[place])))
    if task.info.overlaps:  # of texts that were written, whatever the model's own training is judged by
        return judged(task.info.judge, task.info.overlaps, answers, Split.TEST.value), problems
    return judge(task.info.judge, classes, answers, Split.TEST.value), problems


def _scores(prediction: Prediction, order: Sequence[str]) -> tuple[str, tuple[float, ...]]:
    """The best class and the probabilities in this order. Raises: UserError when it is no prediction of classes."""
    if not isinstance(prediction, Scores):
        raise UserError("Only models that sort into classes can be judged here.", "Choose another model.")
    by_name = {s.name: s.value for s in prediction.top}
    return prediction.best.name, tuple(by_name.get(name, 0.0) for name in order)
