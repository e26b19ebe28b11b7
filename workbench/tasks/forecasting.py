"""Forecasting: how a row of numbers may go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Table

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


STEPS = Option(
    "steps", "How far ahead, in steps", "number", 24, "As many steps of the same length as your numbers have", 1, 512, 1
)
_QUANTILES = (0.1, 0.5, 0.9)
_COLUMNS = ("low (10 %)", "middle", "high (90 %)")
_MOST_VALUES = 1_000_000
_SHOWN = 512


class Forecasting(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="forecasting",
        title="Look ahead",
        summary="Goes on with a row of numbers: sales, visits, temperatures. It gives a range, not a promise.",
        media="series",
        noun="row of numbers",
        nouns="rows of numbers",
        icon="trending-up",
        result="table",
        file_suffixes=(".csv", ".tsv"),
        options=(STEPS,),
        group="Numbers",
        question="look ahead: how numbers over time may go on",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        return {"values": numbers_of(sample), "note": ""}

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Forecaster, require

        values = sample["values"]
        found = require(model, Forecaster).forecast(values, int(options.number(STEPS)), _QUANTILES, control)
        rows = tuple(tuple(float(v) for v in column) for column in found.T)
        note = "In eight of ten cases the number should lie between low and high, if the future is like the past."
        yield Table(_COLUMNS, rows, tuple(float(v) for v in values[-_SHOWN:]), note)


def numbers_of(sample: Sample) -> Any:
    """The numbers of a text or of a table's last column with numbers; float32 [T], NaN where a cell is empty.

    Raises:
        UserError: when there are fewer than three.
    """
    import csv
    import io

    import numpy as np

    if sample.text is None and sample.path is not None:
        from workbench.data.media import read_text_file

        text = read_text_file(sample.path)
    else:
        text = sample.text or ""
    lines = text.strip().splitlines()
    first = lines[0] if lines else ""
    separator = next((s for s in ("\t", ";", ",") if s in first), ",")
    rows = list(csv.reader(io.StringIO(text.strip()), delimiter=separator))
    if len(rows) <= 1 or max(len(r) for r in rows) == 1:  # one number after the other, however they are parted
        values = [_number(part) for part in text.replace(";", " ").replace(",", " ").split()]
        values = values[1:] if values and values[0] != values[0] else values
    else:
        width = max(len(r) for r in rows)
        columns = [[_number(r[c]) if c < len(r) else float("nan") for r in rows] for c in range(width)]
        full = [c for c in columns if sum(v == v for v in c) > len(c) // 2]
        values = full[-1] if full else []
        values = values[1:] if values and values[0] != values[0] else values
    if sum(v == v for v in values) < 3:
        raise UserError("There are not enough numbers.", "Give at least three, in their order in time.")
    if len(values) > _MOST_VALUES:
        raise UserError("There are more than a million numbers.", "Give the newest ones.")
    return np.array(values, np.float32)


def _number(cell: str) -> float:
    try:
        return float(cell.strip().replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        return float("nan")


TASK = Forecasting()
