"""What trainings are expected to cost against what they take, before and after past ones are learnt from.

    python benchmarks/cost.py [--rounds 3]

Small trainings of the picture and the text starter, Quick and Balanced, each time on another part of the bundled samples (so
that no features are known already) and of another size. Prints each estimate with its interval and what came; at the end how
far off the estimates were, as a factor (1.00: right; the geometric mean of the larger by the smaller), in the first round,
which knows only this computer's speed, and in the later ones; and how many of the times lay in their intervals.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

import csv
from collections import defaultdict
from pathlib import Path

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.engine.cost.expect import expected
from workbench.engine.estimate import measure
from workbench.engine.events import How
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.trust.cost import records

# How many examples of each class in each round: another size each time.
_SIZES = (10, 16, 13)


def pictures(number: int) -> Path:
    """Digits of three classes, others in each round."""
    folder = Path(tempfile.mkdtemp()) / "digits"
    first, each = sum(_SIZES[:number]), _SIZES[number % len(_SIZES)]
    for name in ("one", "two", "three"):
        (folder / name).mkdir(parents=True)
        for file in sorted((resources() / "samples" / "digits" / name).glob("*.png"))[first : first + each]:
            (folder / name / file.name).write_bytes(file.read_bytes())
    return folder


def texts(number: int) -> Path:
    """Reviews, others in each round."""
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        head, *rows = list(csv.reader(stream))
    first, count = 6 * sum(_SIZES[:number]), 6 * _SIZES[number % len(_SIZES)]
    file = Path(tempfile.mkdtemp()) / "reviews.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows[first : first + count]])
    return file


def one(project: Project, catalog: Catalog, how: How) -> tuple[dict[str, float], bool]:
    """Train. Returns measured by expected for "time", "memory" and "energy", and whether the time lay in its interval."""
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    measure(project, card)
    told = expected(project, card, how)
    config = new_config(project, card, how)
    for _event in fit(config, project, catalog):
        pass
    record = records.read(project.run(config.run_id).folder)
    took = record.measured if record is not None else None
    if took is None:
        raise SystemExit("the cost of a run was not kept")
    print(
        f"  {project.task_id:22s} {how.value:9s} {project.counts().labelled:4d} items |"
        f" time {told.seconds:6.1f} s ({told.seconds_low:.1f} to {told.seconds_high:.1f}), took {took.seconds:6.1f} |"
        f" memory {told.memory_bytes / 1e6:5.0f} MB, took {took.memory_on(told.device) / 1e6:5.0f} |"
        f" energy {told.watt_hours:.4f} Wh, took {took.watt_hours:.4f} ({took.processor_method})",
        flush=True,
    )
    off = {
        "time": took.seconds / told.seconds,
        "memory": took.memory_on(told.device) / told.memory_bytes,
        "energy": took.watt_hours / told.watt_hours,
    }
    return off, told.seconds_low <= took.seconds <= told.seconds_high


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = min(len(_SIZES), parser.parse_args().rounds)
    catalog = Catalog.load()
    began = time.perf_counter()
    off: dict[tuple[str, str], list[float]] = defaultdict(list)
    inside: dict[str, list[bool]] = defaultdict(list)
    for number in range(rounds):
        stage = "first" if number == 0 else "later"
        print(
            f"Round {number + 1}: {'only this computer’s speed is known' if number == 0 else 'corrected by those before'}"
        )
        for source in (pictures, texts):
            project, _ = project_from_plan(sniff([source(number)]))
            with project:
                for how in (How.QUICK, How.BALANCED):
                    ratios, within = one(project, catalog, how)
                    inside[stage].append(within)
                    for name, ratio in ratios.items():
                        off[stage, name].append(abs(math.log(ratio)))
    for stage in ("first", "later"):
        found = {
            n: math.exp(sum(off[stage, n]) / len(off[stage, n])) for n in ("time", "memory", "energy") if off[stage, n]
        }
        if found:
            print(
                f"{stage:6s} off by a factor of: "
                + ", ".join(f"{n} {factor:.2f}" for n, factor in found.items())
                + f"; in the interval of time: {sum(inside[stage])} of {len(inside[stage])}"
            )
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
