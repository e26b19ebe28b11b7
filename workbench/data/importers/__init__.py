"""From whatever a person drops to items of a project: look first (`sniff`), then read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import Column, ColumnChoice, ImportPlan, Question
from workbench.errors import UserError

__all__ = ["Column", "ColumnChoice", "ImportPlan", "Question", "sniff"]


def sniff(paths: Sequence[str | Path], control: Control | None = None, rows: bool | None = None) -> ImportPlan:
    """Find out what was dropped: a format that brings labels on pieces of items, a folder (per class or plain), a table, or
    files.

    Args:
        rows: of a table: whether its rows are items by all their columns (True), or texts or files with a label each (False);
            None: as it looks.

    Raises:
        UserError: when there is nothing usable; the sentence says why.
    """
    from workbench.data.importers import formats
    from workbench.data.importers.folders import plan_files, plan_folder
    from workbench.data.importers.tables import SUFFIXES, plan_table

    control = control or Control()
    given = [Path(p).absolute() for p in paths]
    if not given:
        raise UserError("Nothing was dropped.", "Drop a folder, pictures, or a table.")
    for path in given:
        if not path.exists():
            raise UserError(f"“{path.name}” is not there.", "Check the name.")
    if len(given) == 1 and given[0].is_file() and rows is not False:
        from workbench.data.importers import rows as tables

        if rows or (given[0].suffix.lower() in (".parquet", ".pq")):
            return tables.plan_rows(given[0], control)
    marked = formats.plan_of(given, control)
    if marked is not None:
        return marked
    if len(given) == 1:
        path = given[0]
        if path.is_dir():
            return plan_folder(path, control)
        if path.suffix.lower() in SUFFIXES:
            if rows is None and tables.looks_like_rows(path, control):
                return tables.plan_rows(path, control)
            return plan_table(path, control)
        return plan_files(given)
    folders = [p for p in given if p.is_dir()]
    if folders:
        return _several_folders(folders, [p for p in given if p not in folders], control)
    return plan_files(given)


def _several_folders(folders: list[Path], files: list[Path], control: Control) -> ImportPlan:
    """Several folders dropped together: each is a class."""
    from workbench.data.importers.base import Entry, FilesPlan
    from workbench.data.importers.folders import plan_folder

    plans = [plan_folder(folder, control) for folder in folders]
    media = max({p.media for p in plans}, key=lambda kind: sum(p.total for p in plans if p.media == kind))
    entries = [
        Entry(e.path, f"{plan.title}/{e.name}", e.label or plan.title, e.split)
        for plan in plans
        if plan.media == media
        for e in plan.entries
    ]
    whole = FilesPlan("folders", media, folders[0].parent.name, folders[0].parent, entries=entries)
    if files:
        whole.warnings.append(f"{len(files)} single files beside the folders are left out.")
    return whole.settle()
