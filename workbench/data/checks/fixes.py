"""What can be done about a finding: each fix is a plan of changes to the project, and every change can be taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.data.annotations import AnnotationState
from workbench.data.checks import marks
from workbench.data.checks.finding import Finding
from workbench.data.columns import Role
from workbench.data.project import Project
from workbench.data.project_columns import columns_of, set_columns
from workbench.data.types import Item, LabelState, Split
from workbench.errors import UserError


@dataclass(frozen=True)
class Change:
    """What shall become of items: taken out or brought back, labelled, moved to a part of the data; `columns`: what columns of a
    table are for."""

    remove: tuple[int, ...] = ()
    restore: tuple[int, ...] = ()
    labels: Mapping[int, LabelState] = field(default_factory=dict)
    splits: Mapping[int, Split | None] = field(default_factory=dict)
    marks: Mapping[int, AnnotationState] = field(default_factory=dict)
    columns: Mapping[str, Role] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Items, or columns, that it concerns."""
        if self.columns:
            return len(self.columns)
        return len({*self.remove, *self.restore, *self.labels, *self.splits, *self.marks})


@dataclass(frozen=True)
class Fix:
    """One thing that can be done.

    Attributes:
        id: for the command line.
        title: on the button; `tip`: what it does, in a sentence.
        done: what was done, with {n} for the number of items; names the step for undo too.
        plan: the change; empty when there is nothing to do.
    """

    id: str
    title: str
    tip: str
    done: str
    plan: Callable[[Project, Finding], Change]


def apply(project: Project, change: Change) -> Change:
    """Do it, all or nothing. Returns the change that takes it back. Raises: UserError."""
    with project.changing():
        back_labels = project.label_states(list(change.labels))
        back_splits = {i.id: i.split for i in project.items(list(change.splits))}
        project.restore_labels(change.labels)
        project.set_splits(change.splits)
        back_marks = project.set_annotations(change.marks)
        project.remove_items(change.remove)
        project.restore_items(change.restore)
        back_columns: dict[str, Role] = {}
        if change.columns:
            known = columns_of(project)
            back_columns = {c.name: c.role for c in known if c.name in change.columns}
            set_columns(project, [replace(c, role=change.columns.get(c.name, c.role)) for c in known])
    return Change(change.restore, change.remove, back_labels, back_splits, back_marks, back_columns)


def fix_by_id(fix_id: str) -> Fix:
    """Raises: UserError when there is none of this name."""
    found = FIXES.get(fix_id)
    if found is None:
        raise UserError(f"There is no fix “{fix_id}”.", f"There are: {', '.join(FIXES)}.")
    return found


def _groups(project: Project, finding: Finding) -> list[list[Item]]:
    items = {i.id: i for i in project.present([i for g in finding.groups for i in g])}
    found = [[items[i] for i in g if i in items] for g in finding.groups]
    return [g for g in found if len(g) > 1]


def _worth(item: Item) -> tuple[bool, int, int, int]:
    """The greatest is kept: what is labelled, then the larger picture, then more text, then what came first."""
    return item.labelled, item.width * item.height, len(item.text or ""), -item.id


def _keep_one(project: Project, finding: Finding) -> Change:
    spare: list[int] = []
    for group in _groups(project, finding):
        best = max(group, key=_worth)
        spare += [i.id for i in group if i is not best]
    return Change(remove=tuple(spare))


def _one_split(project: Project, finding: Finding) -> Change:
    moved: dict[int, Split | None] = {}
    for group in _groups(project, finding):
        given = Counter(i.split for i in group if i.split is not None)
        if len(given) < 2:
            continue
        most = max(given.values())
        # Where as many stand on both sides, learning gets them: a test is fair with fewer items too.
        home = next(s for s in Split if given[s] == most)
        moved |= {i.id: home for i in group if i.split not in (None, home)}
    return Change(splits=moved)


def _same_label(project: Project, finding: Finding) -> Change:
    labels: dict[int, LabelState] = {}
    for group in _groups(project, finding):
        given = Counter(i.class_id for i in group if i.class_id is not None).most_common(2)
        if len(given) == 2 and given[0][1] > given[1][1]:
            wanted = LabelState(given[0][0], "person")
            labels |= {i.id: wanted for i in group if i.class_id is not None and i.class_id != given[0][0]}
    return Change(labels=labels)


def _accept(project: Project, finding: Finding) -> Change:
    known = {c.id for c in project.classes()}
    there = {i.id for i in project.present(list(finding.suggested))}
    wanted = {i: c for i, c in finding.suggested.items() if c in known and i in there}
    return Change(labels={i: LabelState(c, "person") for i, c in wanted.items()})


def _exclude(project: Project, finding: Finding) -> Change:
    return Change(remove=tuple(i.id for i in project.present(finding.item_ids)))


def _ignore(project: Project, finding: Finding) -> Change:
    features = {c.name for c in columns_of(project) if c.role == "feature"}
    return Change(columns={name: "ignored" for name in finding.columns if name in features})


def _without(unwanted: Callable[[AnnotationState], set[int]]) -> Callable[[Project, Finding], Change]:
    """A plan that takes marks off items, by their ids."""

    def plan(project: Project, finding: Finding) -> Change:
        ids = [i.id for i in project.present(finding.item_ids)]
        changed = {}
        for item_id, state in project.annotation_states(ids).items():
            gone = unwanted(state)
            if gone:
                left = tuple(a for a in state.annotations if a.id not in gone)
                changed[item_id] = AnnotationState(left, state.marked)
        return Change(marks=changed)

    return plan


_ALL: Sequence[Fix] = (
    Fix(
        "keep-one", "Keep one of each", "Takes the copies out of the project; of each group the best stays",
        "take {n} copies out", _keep_one,
    ),
    Fix(
        "one-split", "Put copies on one side", "Each group goes whole to where most of it is (training or test split)",
        "move {n} copies to one side", _one_split,
    ),
    Fix(
        "same-label", "Give copies one label", "Each group gets the label that most of it have; ties stay as they are",
        "give {n} copies the label of the others", _same_label,
    ),
    Fix(
        "accept-labels", "Accept all suggestions", "Gives every one of these the label the check suggests",
        "accept {n} suggested labels", _accept,
    ),
    Fix("exclude", "Take them out", "Takes these out of the project; the files stay where they are",
        "take {n} items out", _exclude),
    Fix(
        "ignore-columns", "Leave out", "Nothing is learnt from these columns any more; their cells stay (Columns … takes it back)",
        "leave {n} columns out", _ignore,
    ),
    Fix(
        "drop-specks", "Delete the specks", "Deletes boxes and areas too small to be anything",
        "delete specks on {n} items", _without(lambda s: {a.id for a in s.annotations if marks.is_speck(a)}),
    ),
    Fix(
        "drop-twins", "Keep one mark of each", "Deletes marks of one class on the same place as an earlier one",
        "delete double marks on {n} items", _without(marks.twins_in),
    ),
    Fix(
        "drop-classless", "Delete them", "Deletes marks without a class",
        "delete marks without a class on {n} items", _without(lambda s: {a.id for a in s.annotations if marks.is_classless(a)}),
    ),
)  # fmt: skip
FIXES: dict[str, Fix] = {fix.id: fix for fix in _ALL}


def done_words(fix: Fix, count: int) -> str:
    """What was done, in words."""
    return fix.done.format(n=f"{count:,}").replace("1 copies", "1 copy").replace("1 items", "1 item").replace(
        "1 columns", "1 column"
    ) if count == 1 else (
        fix.done.format(n=f"{count:,}")
    )  # fmt: skip
