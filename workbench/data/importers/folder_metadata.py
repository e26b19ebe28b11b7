"""Folders of recordings or pictures whose classes stand in a table inside: Hugging Face's "audiofolder" and "imagefolder"
(metadata.csv or metadata.jsonl with a column `file_name`, in the folder or in each of its train and test folders)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import Entry, FilesPlan
from workbench.data.importers.folders import SPLITS, media_of
from workbench.data.types import NewItem, Split
from workbench.errors import Problem, UserError

_NAMES = ("metadata.csv", "metadata.jsonl", "metadata.tsv")
_COLUMN = "file_name"


def plan_metadata(folder: Path, files: Sequence[Path], control: Control) -> FilesPlan | None:
    """A plan when tables in the folder name its files and their classes, else None.

    Args:
        files: all files below the folder.
    """
    from workbench.data.importers.tables import TablePlan, plan_table

    tables: list[TablePlan] = []
    for file in files:
        if file.name.lower() not in _NAMES or file.parent not in (folder, *(f for f in folder.iterdir() if f.is_dir())):
            continue
        try:
            plan = plan_table(file, control)
        except UserError:
            continue  # some other table: the folder is read without it
        choice = plan.choice
        if _COLUMN in plan.names and choice is not None and choice.is_path and choice.label:
            tables.append(plan)
    if not tables:
        return None
    media = tables[0].media
    entries: list[Entry] = []
    problems: list[Problem] = []
    for plan in tables:
        split = SPLITS.get(plan.source.parent.name.lower()) if plan.source.parent != folder else None
        for new in plan.read(control):
            if isinstance(new, Problem):
                problems.append(new)
                continue
            found = _entry(new, plan.source, folder)
            entries.append(Entry(found.path, found.name, new.label, new.split or split or _split_of(found)))
    known = {e.path for e in entries}
    rest = [f.absolute() for f in files if media_of(f) == media and f.absolute() not in known]
    entries += [Entry(f, f.relative_to(folder.absolute()).as_posix(), None, None) for f in rest]
    made = FilesPlan("folders", media, folder.name, folder, entries=entries, problems=problems)
    names = " and ".join(dict.fromkeys(plan.source.name for plan in tables))
    made.warnings.append(f"The classes are those of {names}.")
    if rest:
        many = (
            "1 file it does"
            if len(rest) == 1
            else f"{len(rest):,} files they do"
            if len(tables) > 1
            else f"{len(rest):,} files it does"
        )
        made.warnings.append(f"{many} not name come in without a label.")
    return made.settle()


def _entry(new: NewItem, table: Path, folder: Path) -> Entry:
    path = new.path or table.parent / new.name
    inside = path.is_relative_to(folder.absolute())
    return Entry(path, path.relative_to(folder.absolute()).as_posix() if inside else new.name)


def _split_of(entry: Entry) -> Split | None:
    """By the folder it lies in: train/…, test/…"""
    first = Path(entry.name).parts[0].lower() if len(Path(entry.name).parts) > 1 else ""
    return SPLITS.get(first)
