"""The columns of a project whose items are rows: what they are, and what follows when a person corrects them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.columns import META, TableColumn, from_meta, target_of, to_meta
from workbench.data.numbers import is_missing
from workbench.data.project import Project
from workbench.data.rows import cells_of
from workbench.data.shapes import Whole
from workbench.errors import UserError

_AT_ONCE = 1_000


def columns_of(project: Project) -> tuple[TableColumn, ...]:
    """The project's columns, in the order of the file; none where its items are no rows. Raises: UserError when damaged."""
    kept = project.get_meta(META)
    return () if kept is None else from_meta(kept)


def set_columns(project: Project, columns: Sequence[TableColumn]) -> None:
    """Keep them as they are now. Raises: UserError when the project cannot be written."""
    project.set_meta(META, to_meta(columns))


def merge_columns(project: Project, new: Sequence[TableColumn]) -> None:
    """Columns of another table that comes in: what is known stays as it is, new names are added."""
    known = columns_of(project)
    names = {c.name for c in known}
    added = [c if not known or c.role != "target" else replace(c, role="feature") for c in new if c.name not in names]
    if added or not known:
        set_columns(project, [*known, *added])


def cells_of_items(
    project: Project, ids: Sequence[int], control: Control | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """(item id, its cells), a thousand rows in memory at a time."""
    for start in range(0, len(ids), _AT_ONCE):
        for item in project.items(ids[start : start + _AT_ONCE]):
            if control is not None:
                control.check()
            if item.kind == "row" and item.text is not None:
                yield item.id, cells_of(item.text)


def relabel(project: Project, numbers: bool, control: Control | None = None) -> int:
    """Give every row the label that its target cell says: after another column was chosen, or its kind corrected.

    What a person labelled by hand since stays where the cell says nothing.

    Args:
        numbers: labels are numbers (annotations), not classes.

    Returns:
        How many rows have a label now.

    Raises:
        UserError: when no target is chosen. Cancelled: when asked to stop; labels stay as they were.
    """
    control = control or Control()
    target = target_of(columns_of(project))
    if target is None:
        raise UserError("No column to be found out is chosen.", "Choose one.")
    ids = project.item_ids()
    given = 0
    with project.changing():
        classes: dict[str, int] = {}
        by_class: dict[int | None, list[int]] = {}
        states: dict[int, AnnotationState] = {}
        for done, (item_id, cells) in enumerate(cells_of_items(project, ids, control)):
            cell = cells.get(target.name, "")
            if numbers:
                value = target.value(cell)
                if isinstance(value, float):
                    states[item_id] = AnnotationState((Annotation(Whole(), text=repr(value), source="import"),), True)
                    given += 1
                else:
                    states[item_id] = AnnotationState((), False)
            elif not is_missing(cell):
                name = labels.clean(cell)[: labels.MAX_LENGTH]
                if name not in classes:
                    classes[name] = project.add_class(name).id
                by_class.setdefault(classes[name], []).append(item_id)
                given += 1
            else:
                by_class.setdefault(None, []).append(item_id)
            control.progress(done + 1, len(ids), f"Labelling: {done + 1:,}")
        for class_id, members in by_class.items():
            project.set_label(members, class_id, "import")
        if states:
            project.set_annotations(states)
        # What was shared out by other labels is shared out anew.
        project.set_splits(dict.fromkeys(ids, None))
    return given
