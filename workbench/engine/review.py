"""The review queue: answers of a model at work that are worth a look. What a person corrects becomes a label of the model's
project: most of it teaches the next version, the rest is kept apart to judge it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState, NewAnnotation
from workbench.data.media import read_text_file
from workbench.data.project import Project
from workbench.data.project_reviewed import BY_LOT, part_for
from workbench.data.shapes import Whole
from workbench.data.store import DATABASE
from workbench.data.types import WRITTEN, ItemFilter, LabelState, NewItem, Sample, Split
from workbench.engine.prediction_log import Decision, Logged, PredictionLog, content_hash, require_log
from workbench.engine.usual import read_usual
from workbench.engine.watching import Week, look_at_week, week_of, weeks_of
from workbench.errors import UserError
from workbench.tasks.base import MarkingTask, TaskInfo
from workbench.tasks.decision import close_call, decision_of
from workbench.tasks.predictions import Prediction, Scores, from_record
from workbench.tasks.registry import get_task

UNSURE, UNLIKE, DRIFTED = "unsure", "unlike", "drifted"
RIGHT, CORRECTED, NOT_MINE, IN_EDITOR = "right", "corrected", "not mine", "in the editor"
MOST = 200
# Of a week in which something changed: so many drawn by lot, and so many of the most unusual.
_DRAWN = 15
# Of any other week so many are drawn by lot: only these speak for everything that was asked.
_BY_LOT = 5
_WORDS = {
    UNLIKE: "unlike all it learnt from",
    UNSURE: "unsure",
    DRIFTED: "from a week in which something changed",
    BY_LOT: "drawn by lot",
}
_USUAL_LIMIT = 0.6


@dataclass(frozen=True)
class Waiting:
    """One answer that waits for a look. `why`: reasons, the weightiest first; `times`: how often the content came."""

    row: Logged
    why: tuple[str, ...]
    times: int

    @property
    def reason(self) -> str:
        """What is noted with the label: drawn by lot wins, because only that says something about all answers."""
        return BY_LOT if BY_LOT in self.why else self.why[0]

    def words(self) -> str:
        return ", ".join(_WORDS[w] for w in self.why)


@dataclass(frozen=True)
class Kept:
    """What came of a decision: all that is needed to take it back.

    Attributes:
        item_id: the item in the project; None when none came into it. made: it was not in the project before.
        part: what it does there. labels: its label of before, where it was there already.
    """

    decision: Decision
    item_id: int | None = None
    made: bool = False
    part: Split | None = None
    before: LabelState | None = None

    def sentence(self) -> str:
        """What happened, in plain words."""
        if self.item_id is None:
            return "It is set aside and will not come again."
        role = (
            "kept apart, to judge the next version on" if self.part is Split.NEW else "the next version learns from it"
        )
        return f"It is in the project now ({role})."


def queue(card: ModelCard, project: Project | None = None, control: Control | None = None) -> list[Waiting]:
    """What waits for a look, the weightiest first, each content once: what is unlike all the model learnt from, what it was
    unsure of (the least sure tenth of what is usual, or close to a threshold that was decided), of weeks in which something
    changed a sample and the most unusual ones, and of each other week a few drawn by lot.

    Args:
        project: what is labelled in it already does not wait.

    Raises:
        UserError: when it is no own model or its log cannot be read. Cancelled: when asked to stop.
    """
    log = require_log(card)
    rows = log.rows()
    latest: dict[str, Logged] = {}
    times: dict[str, int] = {}
    for row in rows:
        latest[row.hash] = row
        times[row.hash] = times.get(row.hash, 0) + 1
    done = set(log.decisions())
    if project is not None:
        done |= {item.content_hash for item in project.items(project.item_ids(ItemFilter(labelled=True)))}
    reasons: dict[str, list[str]] = {content: [] for content in latest}
    unsure_below = _unsure_below(card)
    decision = decision_of(card.options, label_names(card))
    for content, row in latest.items():
        if content in done:
            continue
        if row.unlike:
            reasons[content].append(UNLIKE)
        if row.certainty < unsure_below or (decision is not None and _close(log, row, decision)):
            reasons[content].append(UNSURE)
    for week in weeks_of(log):
        report = look_at_week(card, week, control)
        # Drawn among all of the week, so that a lot that was looked at is not replaced by another one.
        _of_week(report, [r for r in latest.values() if _in(r, report)], reasons)
    rank = {UNLIKE: 0, DRIFTED: 1, UNSURE: 2, BY_LOT: 3}
    found = [
        Waiting(latest[content], tuple(sorted(why, key=lambda w: rank[w])), times[content])
        for content, why in reasons.items()
        if why and content not in done
    ]
    found.sort(key=lambda w: (rank[w.why[0]], -w.row.strangeness if w.row.unlike else w.row.certainty, w.row.id))
    return found[:MOST]


def _unsure_below(card: ModelCard) -> float:
    low = read_usual(card).low()
    return min(0.95, low) if low >= 0 else _USUAL_LIMIT


def _close(log: PredictionLog, row: Logged, decision: Any) -> bool:
    record = log.record(row.id)
    said = from_record(record) if record else None
    return isinstance(said, Scores) and close_call(said, decision)


def _in(row: Logged, week: Week) -> bool:
    return week_of(row.at) == week.id


def _of_week(week: Week, rows: Sequence[Logged], reasons: dict[str, list[str]]) -> None:
    # By content: which ones are drawn does not depend on when the queue is opened, only on what came.
    drawn = sorted(rows, key=lambda r: zlib.crc32(f"{week.id}/{r.hash}".encode()))
    if not week.changed:
        for row in drawn[:_BY_LOT] if week.over else []:
            reasons[row.hash].append(BY_LOT)
        return
    for row in drawn[:_DRAWN]:
        reasons[row.hash] += [DRIFTED, BY_LOT]
    unusual = sorted(rows, key=lambda r: (-r.strangeness, r.certainty))
    for row in unusual[:_DRAWN]:
        if DRIFTED not in reasons[row.hash]:
            reasons[row.hash].append(DRIFTED)


# The item ------------------------------------------------------------------------------------------------------------


def material(log: PredictionLog, row: Logged, folder: Path) -> Sample:
    """The item itself: where it lies still, else the copy that was kept, put into `folder`.

    Raises:
        UserError: when it is gone, or is not the same any more.
    """
    copy = log.copy_of(row.hash)
    if row.kind in WRITTEN and copy is not None:
        return Sample(row.kind, row.name, text=copy[1].decode("utf-8", "replace"))
    if row.path is not None and Path(row.path).is_file():
        sample = _sample(row, Path(row.path))
        if content_hash(sample) == row.hash:
            return sample
        if copy is None:
            raise UserError("The file is not what it was when it was asked about.", "Skip it, or say “not mine”.")
    if copy is None:
        what = "no copy of it was kept" if row.path is None else f"“{Path(row.path).name}” is not there any more"
        raise UserError(f"It cannot be shown: {what}.", "Skip it, or say “not mine”. Keeping copies can be agreed to.")
    target = folder / f"{row.hash[:32]}{copy[0]}"
    if not target.exists():
        target.write_bytes(copy[1])
    return _sample(row, target)


def _sample(row: Logged, path: Path) -> Sample:
    kind: Any = row.kind
    if kind == "text":
        return Sample("text", row.name or path.name, path=path, text=read_text_file(path))
    return Sample(kind, row.name or path.name, path=path)


def answer(log: PredictionLog, row: Logged) -> Prediction | None:
    """What the model had said, where it was kept."""
    record = log.record(row.id)
    return from_record(record) if record else None


# Deciding ------------------------------------------------------------------------------------------------------------


def takes_labels(info: TaskInfo) -> bool:
    """Whether a label is chosen by its name alone; else an item is corrected in the task's editor."""
    return info.editor in ("classes", "tags")


def decide(
    card: ModelCard,
    project: Project | None,
    waiting: Waiting,
    decision: str,
    labels: Sequence[str] = (),
    folder: Path | None = None,
) -> Kept:
    """Note what a person says of an answer; on disk when this returns.

    Args:
        decision: `RIGHT` (the model's answer is the label), `CORRECTED` (then `labels`; one, or for several labels per item
            any number), `IN_EDITOR` (it comes into the project with the model's answer as a proposal) or `NOT_MINE`
            (it comes into no project).
        project: where the label goes; not needed for `NOT_MINE`.
        folder: where a copy of the item may be put for the while.

    Raises:
        UserError: when the item is gone, or the project is of another kind or cannot be written.
    """
    log = require_log(card)
    row = waiting.row
    if decision == NOT_MINE:
        kept = Kept(Decision(row.hash, NOT_MINE))
        log.decide(kept.decision)
        return kept
    if project is None or project.task_id not in card.tasks:
        raise UserError(
            f"A label needs a project for {get_task(card.main_task).info.title.lower()}.",
            "Open the project this model was taught with.",
        )
    if project.read_only:
        raise UserError("This project is open for reading only.", "Copy its folder.")
    if folder is None:
        import tempfile

        with tempfile.TemporaryDirectory() as place:
            return _into_project(card, project, log, waiting, decision, labels, Path(place))
    return _into_project(card, project, log, waiting, decision, labels, folder)


def _into_project(
    card: ModelCard,
    project: Project,
    log: PredictionLog,
    waiting: Waiting,
    decision: str,
    labels: Sequence[str],
    folder: Path,
) -> Kept:
    row, task = waiting.row, get_task(project.task_id)
    sample, said = material(log, row, folder), answer(log, row)
    by_name = takes_labels(task.info)
    if decision == RIGHT and by_name:
        labels = (
            [row.answer]
            if not isinstance(said, Scores)
            else [s.name for s in said.chosen] or ([] if said.several else [row.answer])
        )
    own_copy = sample.path is not None and sample.path.parent == folder
    part = part_for(row.hash)
    several = task.info.editor == "tags"
    marks = tuple(NewAnnotation(Whole(), label=name) for name in labels) if several and by_name else None
    one = labels[0] if by_name and not several else None
    path = None if sample.kind in WRITTEN else sample.path
    new = NewItem(
        sample.kind, sample.name or "reviewed", path, sample.text, split=part, annotations=marks, own_copy=own_copy
    )  # fmt: skip
    with project.changing():
        result = project.add_items([new])
        if result.problems:
            raise UserError(result.problems[0].message, result.problems[0].hint)
        made = bool(result.added)
        item_id = result.added[0] if made else project.id_of_content(row.hash)
        if item_id is None:
            raise UserError("The file is not what it was when it was asked about.", "Skip it, or say “not mine”.")
        before = None if made else project.label_states([item_id])[item_id]
        if made:
            part = _beside_its_like(project, item_id, part)
            project.set_splits({item_id: part})
        else:
            kept_part = project.item(item_id).split
            if kept_part is None:
                project.set_splits({item_id: part})
            part = kept_part or part
        if one is not None:
            project.set_label([item_id], project.add_class(one).id, "review")
        elif not by_name:
            _propose(project, item_id, said, accept=decision == RIGHT)
        project.note_reviewed(item_id, card.id, row.answer, waiting.reason)
    kept = Kept(Decision(row.hash, decision, tuple(labels), item_id), item_id, made, part, before)
    log.decide(kept.decision)
    return kept


def _propose(project: Project, item_id: int, said: Prediction | None, accept: bool) -> None:
    """The model's answer as labels of an item: as they are, or to be corrected in the editor."""
    task = get_task(project.task_id)
    made: list[Annotation] = []
    if isinstance(task, MarkingTask) and said is not None:
        made = task.annotations_of(said, {c.name: c.id for c in project.classes()})
    if not accept:
        project.set_proposals({item_id: made})
    elif said is None or not isinstance(task, MarkingTask):
        raise UserError("The answer itself was not kept, so it cannot become a label.", "Correct it in the editor.")
    else:
        state = AnnotationState(tuple(replace(a, source="person", score=1.0) for a in made), True)
        project.set_annotations({item_id: state})


def _beside_its_like(project: Project, item_id: int, part: Split) -> Split:
    """Where an item that is nearly the same has its place already, this one goes there too, but never into the frozen test:
    what is like a test item must not be learnt from, and what is like a training item judges nothing."""
    others = [i.id for s in Split for i in project.items(project.item_ids(ItemFilter(split=s))) if i.id != item_id]
    if not others:
        return part
    groups = project.near_groups([*others, item_id])
    like = {i.split for i in project.items([o for o in others if groups[o] == groups[item_id]])}
    if Split.TEST in like or Split.NEW in like:
        return Split.NEW
    return Split.TRAIN if like else part


def take_back(card: ModelCard, project: Project | None, kept: Kept) -> None:
    """Undo a decision: the item goes out of the project again, or has the label it had."""
    if project is not None and kept.item_id is not None:
        if kept.made:
            project.remove_items([kept.item_id])
        elif kept.before is not None:
            project.restore_labels({kept.item_id: kept.before})
    require_log(card).undecide(kept.decision.hash)


def do_again(card: ModelCard, project: Project | None, kept: Kept) -> None:
    """Redo a decision that was taken back."""
    if project is not None and kept.item_id is not None:
        if kept.made:
            project.restore_items([kept.item_id])
        elif kept.decision.labels:
            project.set_label([kept.item_id], project.add_class(kept.decision.labels[0]).id, "review")
    require_log(card).decide(kept.decision)


# The project ---------------------------------------------------------------------------------------------------------


def belongs_to(card: ModelCard, project: Project) -> bool:
    """Whether a model was taught with a project."""
    return any(run.metrics.get("model_id") == card.id for run in project.runs())


def project_folder_of(card: ModelCard, paths: AppPaths | None = None) -> Path | None:
    """The project a model was taught with, among those in the usual place; None where it is not found there."""
    parent = (paths or app_paths()).projects
    folders = sorted(parent.iterdir()) if parent.is_dir() else []
    for folder in folders:
        if not (folder / DATABASE).is_file():
            continue
        try:
            with Project.open(folder, read_only=True) as project:
                if belongs_to(card, project):
                    return folder
        except UserError:
            continue  # damaged or of another version: it is said where it is opened
    return None
