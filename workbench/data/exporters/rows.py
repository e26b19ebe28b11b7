"""The rows of a project as the table they came from, with what they are labelled now."""

from __future__ import annotations

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
    to be found out), the split, and groups that are no columns. Pictures are named from the table on, where they lie below it.

    Returns:
        The number of rows.

    Raises:
        UserError: when it cannot be written. Cancelled: when asked to stop.
    """
    control = control or Control()
    columns = columns_of(project)
    target, names = target_of(columns), {c.id: c.name for c in project.classes()}
    heads = dict.fromkeys(c.name for c in columns)
    found: list[dict[str, str]] = []
    properties = [name for name in project.groups() if name not in heads]
    ids = project.item_ids()
    told = target.name if target is not None else ""
    for start in range(0, len(ids), _PAGE):
        control.check()
        control.progress(start, len(ids), "Writing rows")
        page = ids[start : start + _PAGE]
        states, groups = project.annotation_states(page), project.groups_of(page)
        for item in project.items(page):
            cells = cells_of(item.text or "{}")
            for name, file in picture_cells(item.text or "").items():
                if file.is_relative_to(path.parent.absolute()):
                    cells[name] = file.relative_to(path.parent.absolute()).as_posix()
            heads |= dict.fromkeys(cells)
            amount = _amount(states[item.id])
            if item.class_id is not None and item.class_id in names:
                cells[told or "label"] = names[item.class_id]
            elif amount is not None and (target is None or _differs(target, cells.get(told, ""), amount)):
                cells[told or "number"] = (
                    str(int(amount)) if amount.is_integer() and abs(amount) < 1e15 else repr(amount)
                )
            given = groups.get(item.id, {})
            cells |= {name: given.get(name, "") for name in properties}
            found.append(cells | {_SPLIT: item.split or ""})
    own = [n for n in ("label", "number") if n not in heads and any(n in cells for cells in found)]
    split = "split" if "split" not in heads else "split (of the project)"
    for cells in found:
        cells[split] = cells.pop(_SPLIT)
    write_csv(path, found, [*heads, *own, *properties, split])
    return len(found)


# No column is called so.
_SPLIT = "\0split"


def _amount(state: AnnotationState) -> float | None:
    return next((v for a in state.annotations if not a.is_proposal and (v := number(a.text)) is not None), None)


def _differs(target: TableColumn, cell: str, amount: float) -> bool:
    """A cell that says the same stays as it was written."""
    return target.value(cell) != amount
