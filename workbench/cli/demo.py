"""workbench demo: the main job in a terminal, on the bundled samples."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, out


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("demo", help="predict a sample, fine-tune on a sample project", description=__doc__)
    command.add_argument("--out", type=Path, help="where the report goes (default: the run's own folder)")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Predict, fine-tune Quick, print the result and where the report lies."""
    from workbench.app_paths import resources
    from workbench.catalog.catalog import Catalog
    from workbench.cli.train import open_data
    from workbench.cli.training import report, watch
    from workbench.data.types import Sample
    from workbench.engine.fit import new_config
    from workbench.engine.predict import predict
    from workbench.tasks.registry import get_task

    samples = resources() / "samples"
    catalog = Catalog.load()
    task = get_task("image-classification")
    card, why = catalog.suggest(task.info.id, to_teach=True)
    photo = samples / "try" / "china.jpg"
    if not options.json:
        out(f"1. What is on {photo.name}? Asking “{card.name}”. {why}")
    first = next(predict([Sample("picture", photo.name, path=photo)], card, task))
    assert first.prediction is not None
    if not options.json:
        for line in first.prediction.lines()[:3]:
            out(f"   {line}")
        out("2. Teaching it handwritten digits, the quick way.")
    with open_data(samples / "digits") as project:
        finished = watch(new_config(project, card), project, catalog)
        target = (options.out or project.run(finished.run_id).folder) / "report.html"
        result = report(project, catalog, finished, target)
    result["photo"] = first.prediction.summary()
    if options.json:
        as_json(result)
        return 0
    out(f"3. {result['sentence']}")
    out(
        f"   The model is called {finished.model_id}; use it with: workbench predict PICTURE --model {finished.model_id}"
    )
    out(f"   The report lies here: {result['report']}")
    return 0
