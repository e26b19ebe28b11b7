"""The rows of a project as the table they came from, with what they are labelled now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.annotations import AnnotationState
from workbench.data.columns import TableColumn, target_of
from workbench.data.exporters.tables import write_csv
from workbench.data.numbers import number
from workbench.data.project import Project
from workbench.data.project_columns import columns_of
from workbench.data.row_pictures import picture_cells
from workbench.data.rows import cells_of

_PAGE = 1000


def export_rows(project: Project, path: Path, control: Control | None = None) -> int:
    """All rows as CSV: their columns with the one to be found out as it is labelled now (a column "label" or "number" where none is
    to be found out), the split, and groups that are no columns. Pictures are named from the table on, where they lie below it. Gone
    through twice, once to see which columns there are; never in memory whole.

    Returns:
        The number of rows.

    Raises:
        UserError: when it cannot be written. Cancelled: when asked to stop.
    """
    control = control or Control()
    columns = columns_of(project)
    known = dict.fromkeys(c.name for c in columns)
    properties = [name for name in project.groups() if name not in known]
    heads, used = dict(known), set[str]()
    for cells in _rows(project, path, columns, properties, control, "Looking at rows"):
        heads |= dict.fromkeys(
            name for name in cells if name not in (_LABEL, _NUMBER, _SPLIT) and name not in properties
        )
        used |= cells.keys() & {_LABEL, _NUMBER}
    own = {mark: name for mark, name in ((_LABEL, "label"), (_NUMBER, "number")) if mark in used}
    own[_SPLIT] = "split" if "split" not in heads else "split (of the project)"
    made = _rows(project, path, columns, properties, control, "Writing rows")
    named = ({own.get(name, name): cell for name, cell in cells.items()} for cells in made)
    extra = [name for mark, name in own.items() if mark != _SPLIT and name not in heads]
    return write_csv(path, named, [*heads, *extra, *properties, own[_SPLIT]])


def _rows(
    project: Project,
    path: Path,
    columns: Sequence[TableColumn],
    properties: Sequence[str],
    control: Control,
    words: str,
) -> Iterator[dict[str, str]]:
    """The cells of each row, with what it is labelled in the column to be found out, else under `_LABEL` or `_NUMBER`; and `_SPLIT`."""
    target, names = target_of(columns), {c.id: c.name for c in project.classes()}
    told = target.name if target is not None else ""
    ids = project.item_ids()
    for start in range(0, len(ids), _PAGE):
        control.check()
        control.progress(start, len(ids), words)
        page = ids[start : start + _PAGE]
        states, groups = project.annotation_states(page), project.groups_of(page)
        for item in project.items(page):
            cells = cells_of(item.text or "{}")
            for name, file in picture_cells(item.text or "").items():
                if file.is_relative_to(path.parent.absolute()):
                    cells[name] = file.relative_to(path.parent.absolute()).as_posix()
            amount = _amount(states[item.id])
            if item.class_id is not None and item.class_id in names:
                cells[told or _LABEL] = names[item.class_id]
            elif amount is not None and (target is None or _differs(target, cells.get(told, ""), amount)):
                cells[told or _NUMBER] = (
                    str(int(amount)) if amount.is_integer() and abs(amount) < 1e15 else repr(amount)
                )
            given = groups.get(item.id, {})
            cells |= {name: given.get(name, "") for name in properties}
            yield cells | {_SPLIT: item.split or ""}


# No columns are called so.
_LABEL, _NUMBER, _SPLIT = "\0label", "\0number", "\0split"


def _amount(state: AnnotationState) -> float | None:
    return next((v for a in state.annotations if not a.is_proposal and (v := number(a.text)) is not None), None)


def _differs(target: TableColumn, cell: str, amount: float) -> bool:
    """A cell that says the same stays as it was written."""
    return target.value(cell) != amount
