"""Rows of a table as numbers for a model: what was fitted on the training rows is plain data, kept on the model's card.

Categories become whole numbers in the order of their frequency (the trees take them as categories, not as amounts), dates their
day and what comes again with them (month, day of the week, hour), and what cannot be read is missing. Nothing is filled in. Whole texts
and pictures become what their lens makes of them (`workbench.tasks.seen_columns`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.data.columns import SEEN, TableColumn, features_of, target_of
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

# Under this name a card's options have the table; under the second how many features the model sees.
TABLE, FEATURES = "table", "features"
# Histogram gradient boosting has 255 bins; one is left for what is missing.
MOST_CATEGORIES = 254
_MOST_SEEN = 1_000
_DATE_PARTS = ("day", "month", "weekday", "hour")
_DAY = 86_400.0


@dataclass(frozen=True)
class Feature:
    """One column as a model learnt it.

    Attributes:
        column: how its cells are read.
        values: of a category: those that were seen in training, the most frequent first.
        low, high: of a number: the smallest and largest of training.
        clock: a date with times of day.
        seen: of texts and pictures: how many numbers a cell becomes.
        middle: what stands for a cell where a model wants a whole row: the median, or the most frequent value.
    """

    column: TableColumn
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    clock: bool = False
    middle: float = 0.0
    seen: int = 0

    @property
    def categorical(self) -> bool:
        return self.column.kind == "category"

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        if self.column.kind in SEEN:
            return self.seen
        return (4 if self.clock else 3) if self.column.kind == "date" else 1

    def names(self) -> list[str]:
        """What each of its numbers is called."""
        if self.column.kind in SEEN:
            return [f"{self.column.name} ({number})" for number in range(1, self.seen + 1)]
        if self.column.kind == "date":
            return [f"{self.column.name} ({part})" for part in _DATE_PARTS[: self.width]]
        return [self.column.name]


@dataclass(frozen=True)
class Table:
    """All columns a model learnt from, categories first (as scikit-learn orders them), and what it finds out.

    Attributes:
        target, unit: name of the column to be found out, and the unit of its numbers.
        ignored: names of the table's other columns, which are not asked for. order: the learnt ones as the file has them.
    """

    features: tuple[Feature, ...]
    target: str = ""
    unit: str = ""
    ignored: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    _places: dict[str, dict[str, int]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def width(self) -> int:
        return sum(f.width for f in self.features)

    @property
    def categories(self) -> int:
        """So many of the first numbers are categories."""
        return sum(f.categorical for f in self.features)

    def as_given(self) -> list[Feature]:
        """The features in the order of the file."""
        place = {name: n for n, name in enumerate(self.order)}
        return sorted(self.features, key=lambda f: place.get(f.column.name, len(place)))

    def names(self) -> list[str]:
        return [name for f in self.features for name in f.names()]

    def to_options(self) -> dict[str, Any]:
        return {
            "columns": [
                {
                    **f.column.to_json(), "values": list(f.values), "low": f.low, "high": f.high, "clock": f.clock,
                    "middle": f.middle, "seen": f.seen,
                }
                for f in self.features
            ],
            "target": self.target, "unit": self.unit, "ignored": list(self.ignored),
            "order": list(self.order),
        }  # fmt: skip

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Table:
        """What a taught model's card says. Raises: UserError when it says nothing of a table, or it is damaged."""
        try:
            given = options[TABLE]
            features = tuple(
                Feature(
                    TableColumn.from_json(c), tuple(str(v) for v in c.get("values", ())), float(c.get("low", 0)),
                    float(c.get("high", 0)), bool(c.get("clock", False)), float(c.get("middle", 0)),
                    min(max(0, int(c.get("seen", 0))), _MOST_SEEN),
                )
                for c in given["columns"]
            )  # fmt: skip
            return cls(
                features,
                str(given["target"]),
                str(given["unit"]),
                tuple(str(n) for n in given["ignored"]),
                tuple(str(n) for n in given.get("order", ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError("This model's columns cannot be read.", "Train it again.") from error

    def looked_at(self) -> list[tuple[TableColumn, int]]:
        """The columns of texts and pictures, and how many numbers each becomes."""
        return [(f.column, f.seen) for f in self.features if f.column.kind in SEEN]

    def numbers(self, cells: Mapping[str, str], seen: Mapping[str, Iterable[float]] | None = None) -> list[float]:
        """A row as this model sees it: NaN where a cell is missing, cannot be read, or names what was never seen.

        Args:
            seen: what its texts and pictures became, by column; one that is not in it is missing.
        """
        found: list[float] = []
        for f in self.features:
            if f.column.kind in SEEN:
                looked = None if seen is None else seen.get(f.column.name)
                found += [math.nan] * f.seen if looked is None else [float(v) for v in looked]
                continue
            cell = cells.get(f.column.name, "")
            value = f.column.value(cell) if cell else None
            if f.column.kind == "date":
                found += _date_parts(value, f.width)
            elif f.categorical:
                if f.column.name not in self._places:
                    self._places[f.column.name] = {v: i for i, v in enumerate(f.values)}
                place = self._places[f.column.name].get(value) if isinstance(value, str) else None
                found.append(math.nan if place is None else float(place))
            else:
                found.append(float(value) if isinstance(value, float) else math.nan)
        return found

    def oddities(self, cells: Mapping[str, str], most: int = 2, more: Sequence[str] = ()) -> str:
        """What of a row the model has never seen the like of, in one sentence, after what is known already (`more`); "" when
        nothing is."""
        found = list(more)
        for f in self.features:
            cell = cells.get(f.column.name, "").strip()
            value = f.column.value(cell) if cell else None
            if (
                cell
                and value is None
                and f.column.kind in ("number", "date", "yes-no")
                and cell.casefold() not in ("", "na", "nan")
            ):
                words = {"number": "number", "date": "date"}.get(f.column.kind, "yes or no")
                found.append(f"“{cell[:30]}” in “{f.column.name}” is no {words}, so it counts as missing")
            elif isinstance(value, float) and f.column.kind == "number" and not f.low <= value <= f.high:
                found.append(
                    f"“{f.column.name}” ({cell[:20]}) is outside what it learnt from ({f.column.figure(f.low)} to"
                    f" {f.column.figure(f.high)})"
                )
            elif isinstance(value, str) and f.column.kind == "category" and value not in f.values:
                found.append(f"it has never seen “{value[:30]}” in “{f.column.name}”")
        if not found:
            return ""
        rest = f" and {len(found) - most} more" if len(found) > most else ""
        words = "; ".join(found[:most]) + rest
        return f"{words[:1].upper()}{words[1:]}."


def fit_table(
    columns: Sequence[TableColumn], rows: Sequence[Mapping[str, str]], seen: Mapping[str, int] | None = None
) -> Table:
    """See what the training rows have in their columns.

    Args:
        seen: how many numbers each column of texts or pictures becomes; others of this kind are left out.

    Raises:
        UserError: when none of the columns says anything about these rows.
    """
    features = []
    for column in features_of(columns):
        if column.kind in SEEN:
            if width := (seen or {}).get(column.name, 0):
                features.append(Feature(column, seen=width))
            continue
        values = [column.value(cells.get(column.name, "")) for cells in rows]
        known = [v for v in values if v is not None]
        if not known:
            continue
        numbers = sorted(v for v in known if isinstance(v, float))
        if column.kind == "category":
            counts = Counter(str(v) for v in known)
            ordered = sorted(counts, key=lambda v: (-counts[v], v))[:MOST_CATEGORIES]
            if len(counts) > 1 or len(known) < len(values):
                features.append(Feature(column, tuple(ordered)))
        elif numbers and (numbers[0] < numbers[-1] or len(known) < len(values)):
            clock = column.kind == "date" and any(v % _DAY for v in numbers)
            features.append(
                Feature(column, low=numbers[0], high=numbers[-1], clock=clock, middle=numbers[len(numbers) // 2])
            )
    if not features:
        raise UserError(
            "No column says anything that differs between the rows.",
            "Choose other columns to learn from, or correct what kind they are.",
        )
    order = tuple(f.column.name for f in features)
    features.sort(key=lambda f: not f.categorical)
    target = target_of(columns)
    used = {f.column.name for f in features}
    return Table(
        tuple(features), target.name if target is not None else "", target.unit if target is not None else "",
        tuple(c.name for c in columns if c.name not in used and c.role != "target"), order,
    )  # fmt: skip


def matrix(table: Table, rows: Sequence[Sequence[float]]) -> Matrix:
    """Rows of `Table.numbers` as float64 [N, F]."""
    import numpy as np

    return np.array(rows, np.float64).reshape(len(rows), table.width)


def _date_parts(value: Any, width: int) -> list[float]:
    """Days since 1970, month, day of the week (Monday is 0), hour."""
    if not isinstance(value, float):
        return [math.nan] * width
    day = datetime.fromtimestamp(value, UTC)
    return [value / _DAY, float(day.month), float(day.weekday()), day.hour + day.minute / 60][:width]
