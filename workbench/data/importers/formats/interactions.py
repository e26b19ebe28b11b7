"""Who liked what: a table with a column of people and one of things (or a column for each thing), alone or together with a table
or a folder of the things.

See `workbench.data.importers.interactions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.interactions import Roles, plan_interactions, roles_of
from workbench.data.importers.likes_matrix import RATING, THING, as_deeds
from workbench.data.importers.table_files import TableFile, open_table
from workbench.data.media import PICTURE_SUFFIXES
from workbench.errors import Problem, UserError

_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".jsonl", ".ndjson")
_BARE = ("u.data", "ratings.dat")
_LOOK = 200
_MOST_FILES = 12


class InteractionsTable:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Who liked what"
    order = 40

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        folders = [p for p in paths if p.is_dir()]
        files = [p for p in paths if not p.is_dir()]
        if len(paths) == 1 and folders:
            inside = [p for p in islice(folders[0].iterdir(), 2000) if not p.name.startswith(".")]
            files = sorted(p for p in inside if p.is_file() and _is_table(p))
            folders = [p for p in inside if p.is_dir()]
            if any(p.is_file() and p.suffix.lower() in PICTURE_SUFFIXES for p in inside):
                folders = []
        tables = [p for p in files if _is_table(p)]
        if not 1 <= len(tables) <= _MOST_FILES or len(folders) > 1:
            return None
        found: list[tuple[TableFile, Roles]] = []
        others: list[TableFile] = []
        for path in tables:
            try:
                table = open_table(path, control)
            except UserError:
                continue
            head = [r[1] for r in islice(table.read(control), _LOOK) if not isinstance(r, Problem)]
            roles = roles_of(table.names, head, path.name)
            if roles is not None:
                found.append((table, roles))
            elif (matrix := _matrix(table, head)) is not None:
                found.append(matrix)
            else:
                others.append(table)
        if not found:
            return None
        # Of several (ratings and tags of films) the one with ratings; a table of things has one row for each of them.
        table, roles = max(found, key=lambda f: (f[1].meaning == "rating", bool(f[1].time), f[0].path.stat().st_size))
        named = [t for t in others if roles.thing in t.names]
        things = next(iter(named or (others if len(others) == 1 else [])), None)
        pictures = _pictures(folders[0]) if folders else []
        return plan_interactions(table, roles, control, things, pictures)


def _matrix(table: TableFile, head: Sequence[Sequence[str]]) -> tuple[TableFile, Roles] | None:
    """One with a row for each person and a column for each thing, its deeds one by one."""
    deeds = as_deeds(table, head)
    if deeds is None:
        return None
    rated = RATING in deeds.names
    return deeds, Roles(deeds.names[0], THING, RATING if rated else "", meaning="rating" if rated else "count")


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in _TABLES or path.name in _BARE


def _pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())


FORMAT = InteractionsTable()
