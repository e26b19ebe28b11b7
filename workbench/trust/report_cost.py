"""What a training cost, for the report: pure functions of a run's record."""

from __future__ import annotations

from workbench.data.types import RunRecord
from workbench.trust.cost import rates, records, words

HEADINGS = ("", "Expected", "Took", "Off by")


def table(run: RunRecord) -> list[tuple[str, str, str, str]]:
    """Rows under `HEADINGS`; none for a run made before costs were kept."""
    record = records.read(run.folder)
    return words.rows(record, rates.load()) if record is not None else []


def sentences(run: RunRecord) -> list[str]:
    """What was said and what came, how long items were waited for, how it was found, and where the CO2 comes from."""
    record = records.read(run.folder)
    took = record.measured if record is not None else None
    if record is None or took is None:
        return []
    prices = rates.load()
    compared = f"That is {words.like(took.watt_hours)}; {words.rest(took)}"
    waited = str(run.metrics.get("waited", ""))
    return [
        words.after(record),
        compared,
        *([waited] if waited else []),
        f"{words.method(took)} {words.source(prices)}",
    ]
