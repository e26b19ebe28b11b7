"""A project's labels as a table, or its pictures as a folder per class."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from workbench import atomic
from workbench.control import Control
from workbench.data.annotations import AnnotationState
from workbench.data.exporters.rows import export_rows
from workbench.data.exporters.tables import write_csv
from workbench.data.exporters.words import file_name
from workbench.data.importers.several import joined, separator_for
from workbench.data.media import encode_png, holds_patient_data, open_picture
from workbench.data.numbers import number
from workbench.data.project import Project
from workbench.data.project_columns import columns_of
from workbench.data.tags import tags_of
from workbench.data.types import Item, ItemFilter
from workbench.errors import Problem, UserError

_PAGE = 1000
# What the column of what is written down is called, and of what numbers are measured.
_KEYS = {"molecule": "smiles"}
_MEASURED = ("molecule", "row")


def export_labels(project: Project, path: Path, control: Control | None = None) -> int:
    """All items with their labels as CSV: file (from the table on, where it lies below) or text (of a molecule: smiles and name),
    label (several in one cell) or number, split, and a column for each property by which items are grouped. Written row by row;
    rows of a table as `export_rows`. Returns the number of rows.

    Raises:
        UserError: when it cannot be written. Cancelled: when asked to stop; the table that was there before stays.
    """
    control = control or Control()
    if columns_of(project):
        return export_rows(project, path, control)
    ids = project.item_ids()
    properties = {name: _free_column(name) for name in project.groups()}
    first = project.items(ids[:1])
    kind = first[0].kind if first else ""
    named = ["name"] if kind == "molecule" else []
    numbers = ["number"] if kind in _MEASURED and _measures(project, ids, control) else []
    columns = [_key(first[0]) if first else "file", *named, "label", *numbers, "split", *properties.values()]
    return write_csv(path, _rows(project, ids, path, properties, control), columns)


def _key(item: Item) -> str:
    """What the column is called that holds the item itself."""
    return _KEYS.get(item.kind, "text") if item.text is not None else "file"


def _measures(project: Project, ids: Sequence[int], control: Control) -> bool:
    """Whether there is a number of any item."""
    for start in range(0, len(ids), _PAGE):
        control.check()
        states = project.annotation_states(ids[start : start + _PAGE])
        if any(number(_value(state)) is not None for state in states.values()):
            return True
    return False


def _value(state: AnnotationState) -> str:
    return next((a.text for a in state.annotations if a.text and not a.is_proposal), "")


def _rows(
    project: Project, ids: Sequence[int], path: Path, properties: Mapping[str, str], control: Control
) -> Iterator[dict[str, str]]:
    names = {c.id: c.name for c in project.classes()}
    separator = separator_for(names.values())
    for start in range(0, len(ids), _PAGE):
        control.check()
        control.progress(start, len(ids), "Writing labels")
        page = ids[start : start + _PAGE]
        states = project.annotation_states(page)
        groups = project.groups_of(page)
        for item in project.items(page):
            label = names.get(item.class_id or -1, "")
            has = names.keys() & {a.class_id for a in tags_of(states[item.id].annotations)}
            if item.marked and has:
                label = joined([name for class_id, name in names.items() if class_id in has], separator)
            content = item.text if item.text is not None else file_name(item, path)
            told = {properties[name]: value for name, value in groups.get(item.id, {}).items() if name in properties}
            value = _value(states[item.id])
            more = {"number": value} if item.kind in _MEASURED and number(value) is not None else {}
            yield {_key(item): content, "name": item.name, "label": label, **more, "split": item.split or "", **told}


def export_folders(project: Project, folder: Path, control: Control | None = None) -> tuple[int, list[Problem]]:
    """Copy every labelled item into FOLDER/CLASS/. Returns the number copied and what could not be.

    DICOM files become PNG as the project reads them: they hold the patient's name and more, which nobody asked for.

    Raises:
        UserError: when the folder cannot be written, or the items are not of one class each.
    """
    control = control or Control()
    problems: list[Problem] = []
    copied = 0
    ids = project.item_ids(ItemFilter(labelled=True, whole_classes=True, problems=False))
    if not ids and project.counts().labelled:
        raise UserError(
            "These items are not of one class each, so there is no folder for them.",
            "Choose a format of labels instead.",
        )
    homes: dict[int, Path] = {}
    try:
        for place, label in enumerate(project.classes()):
            safe = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", label.name).strip(" .") or f"class {place + 1}"
            homes[label.id] = folder / safe
            homes[label.id].mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder “{folder.name}” cannot be written.", "Choose another place.") from error
    for start in range(0, len(ids), _PAGE):
        for item in project.items(ids[start : start + _PAGE]):
            control.check()
            control.progress(copied, len(ids), "Copying")
            home = homes[item.class_id or -1]
            try:
                if item.path is not None and holds_patient_data(item.path):
                    picture = encode_png(open_picture(item.sample()))
                    atomic.write_bytes(_free(home / f"{item.path.stem}.png"), picture, lasting=False)
                elif item.path is not None:
                    with atomic.writing(_free(home / item.path.name), lasting=False) as part:
                        shutil.copy2(item.path, part)
                else:
                    atomic.write_text(_free(home / f"{item.id}.txt"), item.text or "", lasting=False)
                copied += 1
            except UserError as error:
                problems.append(Problem.of(item.name, error, str(item.path)))
            except OSError:
                problems.append(
                    Problem(item.name, "It could not be copied.", "Check that the file is still there.", str(item.path))
                )
    return copied, problems


def _free_column(name: str) -> str:
    """A property that is called as a column that is there anyway gets another name."""
    return f"{name} (group)" if name.casefold() in ("file", "text", "label", "split") else name


def _free(path: Path) -> Path:
    number, wanted = 1, path
    while wanted.exists():
        number += 1
        wanted = path.with_name(f"{path.stem} {number}{path.suffix}")
    return wanted
