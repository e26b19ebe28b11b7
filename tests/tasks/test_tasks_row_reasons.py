"""Reasons for a row add up to its answer, name what mattered, and are those of the textbook where it can be computed."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.columns import TableColumn
from workbench.errors import Cancelled
from workbench.tasks.row_reasons import RowReasons, row_reasons, usual_rows
from workbench.tasks.table_features import Table, fit_table

NAMES = ("a", "b", "c", "d")


def table_and_rows(n: int = 300) -> tuple[Table, np.ndarray]:
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (n, 4))
    columns = [TableColumn(name, "number", unit="") for name in NAMES]
    table = fit_table(columns, [{n: repr(float(v)) for n, v in zip(NAMES, r, strict=True)} for r in rows])
    return table, rows


def model(rows: np.ndarray) -> list[float]:
    return (3 * rows[:, 0] - 2 * rows[:, 1] * rows[:, 2] + 0.0 * rows[:, 3]).tolist()


def exact(row: np.ndarray, usual: np.ndarray) -> list[float]:
    """Shapley (1953) by its definition: the mean over all sets of the other columns, and over all usual rows."""
    count = len(row)

    def worth(known: tuple[int, ...]) -> float:
        rows = usual.copy()
        rows[:, list(known)] = row[list(known)]
        return float(np.mean(model(rows)))

    found = []
    for column in range(count):
        others = [i for i in range(count) if i != column]
        total = 0.0
        for size in range(count):
            for known in itertools.combinations(others, size):
                weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
                total += weight * (worth((*known, column)) - worth(known))
        found.append(total)
    return found


def reasons(seed: int = 0) -> tuple[RowReasons, np.ndarray, np.ndarray]:
    table, rows = table_and_rows()
    usual = usual_rows(table, rows)
    row = np.array([1.5, -1.0, 2.0, 0.3])
    cells = {n: repr(float(v)) for n, v in zip(NAMES, row, strict=True)}
    return row_reasons(table, cells, row, usual, model, Control(), share=False, seed=seed), row, usual


def test_parts_add_up_and_are_those_of_the_definition() -> None:
    found, row, usual = reasons()
    assert found.usual + sum(p.amount for p in found.parts) == pytest.approx(found.said)
    assert found.said == pytest.approx(model(row[None])[0])
    wanted = dict(zip(NAMES, exact(row, usual), strict=True))
    for part in found.parts:
        assert abs(part.amount - wanted[part.column]) < 4 * part.doubt + 1e-9, part
    assert {p.column: p.amount for p in found.parts}["d"] == 0
    assert "d" not in {p.column for p in found.telling()}
    assert found.parts[0].column == "a" and "not what causes it" in found.sentence()
    assert reasons()[0] == found  # the same question has the same answer


def test_usual_rows_are_nobodys() -> None:
    rows = np.arange(400.0).reshape(100, 4)
    usual = usual_rows(table_and_rows()[0], rows)
    known = {tuple(r) for r in rows.tolist()}
    assert usual.shape == (100, 4) and sum(tuple(r) in known for r in usual.tolist()) <= 2
    assert sorted(usual[:, 1]) == sorted(rows[:, 1])


def test_it_can_be_stopped() -> None:
    table, rows = table_and_rows(30)
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        row_reasons(table, {"a": "1"}, rows[0], usual_rows(table, rows), model, control)
