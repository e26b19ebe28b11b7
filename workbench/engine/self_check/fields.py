"""Tables, molecules and series: each taught from a sample by what comes with the app, and asked once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.app_paths import resources
from workbench.engine.self_check.base import Failed, Place, Step, expect

if TYPE_CHECKING:
    from workbench.data.types import Sample

_ROWS = 150


def _taught(place: Place, path: Path, model_id: str, asked: Sample) -> str:
    """Import, teach the quick way, judge, and ask; gives the headline and the answer."""
    from workbench.data.importers import sniff
    from workbench.engine.events import Finished
    from workbench.engine.fit import fit, new_config
    from workbench.engine.journey import project_from_plan

    project, _ = project_from_plan(sniff([path]))
    with project:
        finished = None
        for event in fit(new_config(project, place.catalog.get(model_id)), project, place.catalog):
            finished = event if isinstance(event, Finished) else finished
        if finished is None:
            raise Failed("the training ended without a model")
        words = str(finished.metrics.get("words", "")) or f"score {float(finished.metrics.get('score', 0)):.2f}"
        answer = place.ask(finished.model_id, project.task_id, asked).summary()
    expect(answer, "there was no answer")
    return f"{words} Asked once: {answer}"


def _table(place: Place) -> str:
    """A table with a number, a category and empty cells, whose answer follows from them; as Parquet, so that its reader works."""
    import random

    import pyarrow as pa
    from pyarrow import parquet

    from workbench.data.types import Sample

    drawn = random.Random(0)
    ages = [drawn.randrange(18, 80) for _ in range(_ROWS)]
    towns = [drawn.choice(("Ulm", "Bonn", "Kiel")) for _ in range(_ROWS)]
    stays = ["yes" if age > 45 or town == "Kiel" else "no" for age, town in zip(ages, towns, strict=True)]
    path = place.folder / "customers.parquet"
    parquet.write_table(
        pa.table({"age": [None if n % 20 == 0 else a for n, a in enumerate(ages)], "town": towns, "stays": stays}), path
    )
    return _taught(place, path, "trees-starter", Sample("row", "one", text='{"age": "70", "town": "Ulm"}'))


def _beginning(lines: int, name: str) -> Callable[[Place], Path]:
    def made(place: Place) -> Path:
        text = (resources() / "samples" / name).read_text(encoding="utf-8").splitlines()
        path = place.folder / name
        path.write_text("\n".join(text[: lines + 1]) + "\n", encoding="utf-8")
        return path

    return made


def _molecules(place: Place) -> str:
    from workbench.data.types import Sample

    path = _beginning(_ROWS, "molecules.csv")(place)
    return _taught(place, path, "molecule-fingerprints", Sample("molecule", "ethanol", text="CCO"))


def _series(place: Place) -> str:
    from workbench.data.types import Sample

    path = _beginning(240, "co2.csv")(place)
    return _taught(place, path, "exponential-smoothing", Sample("series", path.name, path=path))


STEPS = (
    Step("rows", "A table, taught by trees", _table),
    Step("molecules", "Molecules, by fingerprints", _molecules),
    Step("series", "A series, by smoothing", _series),
)
