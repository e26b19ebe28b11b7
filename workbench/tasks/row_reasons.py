"""Why a model says what it says of a row: how much each column moved the answer away from what is usual (Shapley values).

By drawing orders of the columns at random and putting the row's cells one by one into rows made up of usual cells, each drawn
from the training rows by itself (Štrumbelj & Kononenko 2014, doi 10.1007/s10115-013-0679-x). Every order is gone through backwards
too, which halves the noise (Mitchell et al. 2022, "Sampling permutations for Shapley value estimation"). The columns' parts and
what is usual add up to the answer exactly. Works for every model that takes rows, whatever is inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.tasks.predictions import figure
from workbench.tasks.table_features import Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

METHOD = "Shapley values by sampling"
# Orders of the columns, each gone through in both directions; and usual rows kept with a model.
_ORDERS = 48
USUAL = 128
_AT_ONCE = 4_096


@dataclass(frozen=True)
class Part:
    """One column of a row.

    Attributes:
        amount: by how much its cell moves the answer: a probability (of classes), or in the answer's unit.
        doubt: standard error of `amount`, from the drawing alone.
    """

    column: str
    cell: str
    amount: float
    doubt: float


@dataclass(frozen=True)
class RowReasons:
    """
    Attributes:
        usual: the answer for a row of which nothing is known: the mean over usual rows. `said`: for this row.
        parts: all columns, those that moved the answer most first. Their amounts and `usual` add up to `said`.
        share: amounts are probabilities.
    """

    usual: float
    said: float
    parts: tuple[Part, ...]
    share: bool = True
    unit: str = ""

    def words(self, amount: float) -> str:
        """ "+12 points", "-3,400 €"."""
        if self.share:
            return f"{amount * 100:+.1f} points"
        return f"{'+' if amount >= 0 else '-'}{figure(abs(amount))} {self.unit}".strip()

    def whole(self, value: float) -> str:
        return f"{value:.0%}" if self.share else f"{figure(value)} {self.unit}".strip()

    def telling(self, most: int = 12) -> tuple[Part, ...]:
        """The parts that say something: beyond what the drawing may have made, and not next to nothing."""
        largest = max((abs(p.amount) for p in self.parts), default=0.0)
        return tuple(p for p in self.parts if abs(p.amount) > max(0.02 * largest, 2 * p.doubt))[:most]

    def sentence(self) -> str:
        """The two strongest columns on each side, in plain words."""
        found = self.telling()
        up = [f"{p.column} ({p.cell or 'not known'})" for p in found if p.amount > 0][:2]
        down = [f"{p.column} ({p.cell or 'not known'})" for p in found if p.amount < 0][:2]
        words = f"Without knowing anything of the row it would say {self.whole(self.usual)}; it says {self.whole(self.said)}."
        if up:
            words += f" Raised most by {' and '.join(up)}."
        if down:
            words += f" Lowered most by {' and '.join(down)}."
        if not found:
            words += " No column moved it much."
        return f"{words} This says what the model goes by, not what causes it."


def usual_rows(table: Table, rows: Matrix, seed: int = 0) -> Matrix:
    """At most 128 rows of usual cells, float64 [n, F]: every column is drawn by itself, so none of them is anybody's row. The
    numbers that one cell becomes stay together."""
    import numpy as np

    rng = np.random.default_rng(seed)
    count = min(USUAL, len(rows))
    drawn = [rows[rng.permutation(len(rows))[:count], part] for part in _places(table)]
    return np.concatenate(drawn, 1).reshape(count, -1)


def _places(table: Table) -> list[slice]:
    """Which of a row's numbers belong to each column."""
    found, at = [], 0
    for f in table.features:
        found.append(slice(at, at + f.width))
        at += f.width
    return found


def row_reasons(
    table: Table,
    cells: dict[str, str],
    row: npt.NDArray[np.float64],
    usual: Matrix,
    ask: Callable[[Matrix], Sequence[float]],
    control: Control,
    share: bool = True,
    seed: int = 0,
) -> RowReasons:
    """
    Args:
        row: float64 [F], the cells as the model sees them. usual: float64 [n, F]. ask: rows float64 [B, F] to the number that is explained, one each.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    places = _places(table)
    count = len(places)
    amounts: list[Matrix] = []
    bases: list[float] = []
    waiting: list[Matrix] = []
    orders: list[npt.NDArray[np.int64]] = []

    def flush() -> None:
        if not waiting:
            return
        values = np.asarray(ask(np.concatenate(waiting)), np.float64).reshape(len(waiting), count + 1)
        for order, line in zip(orders, values, strict=True):
            found = np.zeros(count)
            found[order] = np.diff(line)
            amounts.append(found)
            bases.append(float(line[0]))
        waiting.clear()
        orders.clear()

    for _ in range(_ORDERS):
        control.check()
        order = rng.permutation(count)
        start = usual[rng.integers(0, len(usual))]
        for direction in (order, order[::-1]):
            steps = np.repeat(start[None], count + 1, 0)
            for step, column in enumerate(direction, 1):
                steps[step:, places[column]] = row[places[column]]
            waiting.append(steps)
            orders.append(np.asarray(direction))
        if sum(map(len, waiting)) >= _AT_ONCE:
            flush()
    flush()
    all_amounts = np.array(amounts)
    mean = all_amounts.mean(0)
    # Both directions of an order are one draw.
    pairs = all_amounts.reshape(-1, 2, count).mean(1)
    doubt = pairs.std(0, ddof=1) / np.sqrt(len(pairs))
    parts = [
        Part(f.column.name, f.column.brief(cells.get(f.column.name, "")), float(a), float(d))
        for f, a, d in zip(table.features, mean, doubt, strict=True)
    ]
    base = float(np.mean(bases))
    parts.sort(key=lambda p: -abs(p.amount))
    return RowReasons(base, base + float(mean.sum()), tuple(parts), share, table.unit)
