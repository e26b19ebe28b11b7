"""The app's training of detectors beside a plain loop after torchvision's references/detection, on the same pictures, in the
same order, from the same first weights; and what the quick way of the starter reaches in how long.

    python benchmarks/detection_vs_reference.py [--count 120] [--side 160] [--epochs 6] [--threads 2]

The pictures are the synthetic set of packaging/make_shapes.py: 4 kinds of shapes on pieces of photographs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=("", "reference", "quick"), default="")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="detection-"))
    os.environ["WORKBENCH_HOME"] = str(home / "app")

    import torch
    from shapes_set import new_items

    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project

    torch.set_num_threads(options.threads)
    with Project.create(home / "shapes", "Shapes", "object-detection") as project:
        size = (options.side, options.side)
        project.add_items(new_items(home / "pictures", options.count, size=size))
        catalog = Catalog.load()
        if options.only != "quick":
            beside(project, catalog, options)
        if options.only != "reference":
            quick(project, catalog, options)


def beside(project: Any, catalog: Any, options: argparse.Namespace) -> None:
    """The starter, all of it taught, without variations."""
    from detection_reference import average_precision, reference_run

    from workbench.data.types import Split
    from workbench.engine.evaluate import evaluate
    from workbench.engine.events import EpochDone, Finished, How, StepDone
    from workbench.engine.fit import fit, new_config

    card, _ = catalog.suggest(project.task_id, to_teach=True)
    config = new_config(
        project, card, How.THOROUGH, epochs=options.epochs, batch_size=8, augment=False, patience=1000, learning_rate=1e-3,
        options={"size": options.side},
    )  # fmt: skip
    began = time.perf_counter()
    ours: list[float] = []
    scores: list[float] = []
    finished: Finished | None = None
    for event in fit(config, project, catalog):
        if isinstance(event, StepDone):
            ours.append(event.loss)
        elif isinstance(event, EpochDone):
            scores.append(event.validation_score)
            print(
                f"  app, round {event.epoch}: loss {event.train_loss:.4f}, mAP@.5 {event.validation_score:.3f}",
                flush=True,
            )
        elif isinstance(event, Finished):
            finished = event
    assert finished is not None
    spent = time.perf_counter() - began
    began = time.perf_counter()
    theirs, network, first = reference_run(project, config, card, len(ours))
    reference_seconds = time.perf_counter() - began
    per = len(ours) // options.epochs
    print("mean loss of each round, app and plain loop:")
    for n in range(options.epochs):
        a, b = (sum(x[n * per : (n + 1) * per]) / per for x in (ours, theirs))
        print(f"  {n + 1:3}  {a:.4f}  {b:.4f}  {abs(a - b) / b:7.2%}")
    last = scores[-1]
    print(f"mAP@.5 on validation after the last round: app {last:.3f},"
          f" plain loop {average_precision(project, network, first, Split.VALIDATION):.3f}")  # fmt: skip
    tested = evaluate(project, finished.run_id, Split.TEST, catalog)
    print(f"on the test pictures (app: the best round): app mAP@.5 {tested.map50:.3f}, mAP {tested.map:.3f}; plain loop"
          f" {average_precision(project, network, first, Split.TEST):.3f},"
          f" {average_precision(project, network, first, Split.TEST, 0):.3f}")  # fmt: skip
    print(f"seconds: app {spent:.0f} (with judging and saving), plain loop {reference_seconds:.0f}")


def quick(project: Any, catalog: Any, options: argparse.Namespace) -> None:
    """The starter's quick way, as the app does it by itself."""
    from workbench.data.types import Split
    from workbench.engine.evaluate import evaluate
    from workbench.engine.events import EpochDone, Finished, How
    from workbench.engine.fit import fit, new_config

    card, _ = catalog.suggest(project.task_id, to_teach=True)
    config = new_config(project, card, How.QUICK, options={"size": options.side})
    began, cpu = time.perf_counter(), time.process_time()
    for event in fit(config, project, catalog):
        if isinstance(event, EpochDone):
            print(f"  quick, round {event.epoch}: mAP@.5 {event.validation_score:.3f} after"
                  f" {time.perf_counter() - began:.0f} s ({time.process_time() - cpu:.0f} s of processor)", flush=True)  # fmt: skip
        elif isinstance(event, Finished):
            e = evaluate(project, event.run_id, Split.TEST, catalog)
            print(f"quick: {e.sentence()} mAP {e.map:.3f}")


if __name__ == "__main__":
    main()
