"""Checks for the columns of a table: what says nothing, what only names rows, and what gives the answer away.

A column gives the answer away when it alone tells it for rows that were not looked at: its values (numbers in fifty bands) are
matched with answers on every other row, and tried on the rows between.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from workbench.control import Control
from workbench.data.checks.finding import Finding
from workbench.data.columns import TableColumn, features_of, names_picture, target_of
from workbench.data.project import Project
from workbench.data.project_columns import cells_of_items, columns_of
from workbench.data.types import ItemFilter

_LOOKED_AT = 4_000
_FEWEST = 40
# Of what guessing gets wrong, the share that a column alone gets right.
_GIVEN_AWAY, _NAMED_GIVEN_AWAY = 0.98, 0.6
_BANDS = 50
_MOSTLY_MISSING = 0.6
_MANY = 100


def check(project: Project, control: Control) -> Iterator[Finding]:
    """Findings about columns; none where the items are no rows. Raises: Cancelled."""
    columns = columns_of(project)
    features = features_of(columns)
    if not features:
        return
    target = target_of(columns)
    if target is not None and (leaks := _leaks(project, features, target, control)):
        yield Finding(
            "column-leak", "bad", leak_words(leaks, target),
            "Will you know it before the answer is known? If not, leave it out: the model would look perfect and be of no use.",
            fixes=("ignore-columns",), columns=tuple(c.name for c, _ in leaks),
        )  # fmt: skip
    pictures = [c for c in features if c.kind == "picture"]
    if pictures and (gone := _without_pictures(project, pictures, control)):
        lacking = "1 row lacks a picture" if len(gone) == 1 else f"{len(gone):,} rows lack pictures"
        yield Finding(
            "row-pictures", "warn", f"{lacking}: files that are named in {', '.join(f'“{c.name}”' for c in pictures)} are not there.",
            "Put them beside the table and import the table again: the rows get them, and nothing comes in twice.", gone,
        )  # fmt: skip
    empty = [c for c in features if c.missing >= _MOSTLY_MISSING]
    if empty:
        yield Finding(
            "column-missing", "info", f"{_names(empty)} {_say(empty)} nothing in most rows.",
            "Fill it in, or leave it out: what is rarely known rarely helps.",
            fixes=("ignore-columns",), columns=tuple(c.name for c in empty),
        )  # fmt: skip
    same = [c for c in features if c.distinct <= 1 and c.missing < _MOSTLY_MISSING and not c.missing]
    if same:
        yield Finding(
            "column-constant", "info", f"{_names(same)} {_say(same)} the same in every row.",
            "It teaches nothing; leave it out.", fixes=("ignore-columns",), columns=tuple(c.name for c in same),
        )  # fmt: skip
    total = project.counts().total
    many = [c for c in features if c.kind == "category" and c.distinct > max(_MANY, total // 2)]
    if many:
        yield Finding(
            "column-many", "warn", f"{_names(many)} {_say(many)} something else in nearly every row.",
            "A model learns such values by heart. Leave it out, or say that it is a number, a date or the name of the row.",
            fixes=("ignore-columns",), columns=tuple(c.name for c in many),
        )  # fmt: skip


def _without_pictures(project: Project, columns: Sequence[TableColumn], control: Control) -> tuple[int, ...]:
    """Rows that name a picture which is not there."""
    found = []
    for item_id, cells in cells_of_items(project, project.item_ids(), control):
        named = (cells.get(c.name, "") for c in columns)
        if any(names_picture(cell) and not os.path.isfile(cell) for cell in named):  # noqa: PTH113 - a hundred thousand of them
            found.append(item_id)
    return tuple(found)


def _leaks(
    project: Project, features: Sequence[TableColumn], target: TableColumn, control: Control
) -> list[tuple[TableColumn, float]]:
    ids = project.item_ids(ItemFilter(labelled=True, problems=False))
    # Spread over the whole table, always the same ones.
    ids = ids[:: max(1, len(ids) // _LOOKED_AT)][:_LOOKED_AT]
    if len(ids) < _FEWEST:
        return []
    names = {c.id: c.name for c in project.classes()}
    classes = {i.id: names.get(i.class_id or -1, "") for i in project.items(ids)}
    amounts = not any(classes.values())
    truths: list[float | str] = []
    rows: list[Mapping[str, str]] = []
    for item_id, cells in cells_of_items(project, ids, control):
        truth = target.value(cells.get(target.name, "")) if amounts else classes[item_id]
        if truth not in (None, ""):
            truths.append(truth)
            rows.append(cells)
    return leaks_among(rows, truths, features, target, control)


def leak_words(leaks: Sequence[tuple[TableColumn, float]], target: TableColumn) -> str:
    """Which columns give the target away, and how far, in one sentence."""
    names = _names([c for c, _ in leaks])
    gives = "gives" if len(leaks) == 1 else "give"
    return f"{names} alone {gives} “{target.name}” away ({_shares(leaks)} of what guessing gets wrong)."


def leaks_among(
    rows: Sequence[Mapping[str, str]],
    truths: Sequence[float | str],
    features: Sequence[TableColumn],
    target: TableColumn,
    control: Control,
) -> list[tuple[TableColumn, float]]:
    """Columns that give the target away among these rows, each with the share that it tells; none where there are too few rows.

    Args:
        truths: what is right for each row: classes, or amounts.

    Raises:
        Cancelled: when asked to stop.
    """
    if len(rows) < _FEWEST:
        return []
    amounts = not any(isinstance(t, str) for t in truths)
    found = []
    for column in features:
        control.check()
        keys = _keys(column, [cells.get(column.name, "") for cells in rows])
        told = (
            _told_amounts(keys, [float(t) for t in truths])
            if amounts
            else _told_classes(keys, [str(t) for t in truths])
        )
        if told >= _GIVEN_AWAY or (told >= _NAMED_GIVEN_AWAY and _named_after(column.name, target.name)):
            found.append((column, told))
    return found


def _keys(column: TableColumn, cells: Sequence[str]) -> list[str]:
    """What tells rows apart by this column: its value, or the band of a number."""
    values = [column.value(c) for c in cells]
    numbers = sorted(v for v in values if isinstance(v, float))
    if len(set(numbers)) <= _BANDS:
        return [str(v) for v in values]
    edges = sorted({numbers[len(numbers) * k // _BANDS] for k in range(1, _BANDS)})
    from bisect import bisect_right

    return [str(bisect_right(edges, v)) if isinstance(v, float) else "" for v in values]


def _told_classes(keys: Sequence[str], truths: Sequence[str]) -> float:
    """The share of what guessing the commonest class gets wrong that the column alone gets right."""
    known: dict[str, Counter[str]] = defaultdict(Counter)
    for key, truth in zip(keys[::2], truths[::2], strict=True):
        known[key][truth] += 1
    usual = Counter(truths[::2]).most_common(1)[0][0]
    tried = list(zip(keys[1::2], truths[1::2], strict=True))
    right = sum((known[k].most_common(1)[0][0] if k in known else usual) == t for k, t in tried)
    guessed = sum(t == usual for _, t in tried)
    return (right - guessed) / (len(tried) - guessed) if len(tried) > guessed else 0.0


def _told_amounts(keys: Sequence[str], truths: Sequence[float]) -> float:
    """The share of the spread of the amounts that the column alone explains (R²)."""
    known: dict[str, list[float]] = defaultdict(list)
    for key, truth in zip(keys[::2], truths[::2], strict=True):
        known[key].append(truth)
    usual = fmean(truths[::2])
    tried = list(zip(keys[1::2], truths[1::2], strict=True))
    off = sum((fmean(known[k]) - t) ** 2 if k in known else (usual - t) ** 2 for k, t in tried)
    spread = sum((usual - t) ** 2 for _, t in tried)
    return 1 - off / spread if spread > 0 else 0.0


def _named_after(name: str, target: str) -> bool:
    """The target's name is a word of the column's."""
    words = re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())
    wanted = re.sub(r"[^a-z0-9]+", "", target.casefold())
    return len(wanted) > 2 and (wanted in words or wanted in "".join(words)) and "".join(words) != wanted


def _names(columns: Sequence[TableColumn]) -> str:
    shown = [f"“{c.name}”" for c in columns[:4]]
    more = f" and {len(columns) - 4} more" if len(columns) > 4 else ""
    words = ", ".join(shown) if more or len(shown) < 2 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{'The column' if len(columns) == 1 else 'The columns'} {words}{more}"


def _say(columns: Sequence[TableColumn]) -> str:
    return "says" if len(columns) == 1 else "say"


def _shares(leaks: Sequence[tuple[TableColumn, float]]) -> str:
    low, high = min(s for _, s in leaks), max(s for _, s in leaks)
    return f"{high:.0%}" if round(low, 2) == round(high, 2) else f"{low:.0%} to {high:.0%}"
