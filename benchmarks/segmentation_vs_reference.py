"""Teaching areas beside a plain loop in the manner of torchvision's references/segmentation, on the same pictures, first
weights and seed; and the starter's ways beside each other. By hand; minutes.

    python benchmarks/segmentation_vs_reference.py [--arch lraspp_mobilenet_v3_large ...] [--pictures 120] [--epochs 20]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
ARCHS = ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"]
CLASSES = ("circle", "star")


def make_project(folder: Path, pictures: int, side: int, classes: tuple[str, ...]) -> Any:
    """Two thirds to learn from, a sixth to steer by, a sixth to test on."""
    import shapes_set

    from workbench.data.project import Project
    from workbench.data.types import Split

    items: list[Any] = []
    for number, (count, split) in enumerate(
        ((pictures * 2 // 3, Split.TRAIN), (pictures // 6, Split.VALIDATION), (pictures // 6, Split.TEST))
    ):
        new = shapes_set.new_items(
            folder / split.value, count, 10_000 * number, marks="regions", size=(side, side), classes=classes
        )
        items += [replace(i, split=split) for i in new]
    project = Project.create(folder / "project", "shapes", "semantic-segmentation")
    project.add_items(items)
    return project


def beside(project: Any, catalog: Any, arch: str, side: int, epochs: int, batch: int, seed: int) -> None:
    """The app's loop and the plain one, from the same random weights."""
    import torch
    from plain_segmentation import MEAN, STD, Plain, plain_loop

    from workbench.app_paths import app_paths
    from workbench.catalog.card import ModelCard, Preparation, Source
    from workbench.engine.events import EpochDone, Finished, How, StepDone
    from workbench.engine.fit import fit, new_config
    from workbench.runtimes.folder import save_folder
    from workbench.runtimes.torchvision_segmentation_runtime import build

    folder = app_paths().models / arch
    card = ModelCard(
        arch, arch, ("semantic-segmentation",), "torchvision_segmentation", arch, Source("folder", str(folder)),
        trainable_for=("semantic-segmentation",), label_names=CLASSES, preparation=Preparation(size=side, mean=MEAN, std=STD),
    )  # fmt: skip
    torch.manual_seed(seed)
    save_folder(build(card, Path()), card, folder)
    catalog.refresh()
    began = time.perf_counter()
    events = list(
        fit(
            new_config(
                project, card, How.THOROUGH, epochs=epochs, batch_size=batch, seed=seed, augment=False, patience=10**6,
                options={"dice": 0.0},
            ),
            project, catalog,
        )
    )  # fmt: skip
    ours = time.perf_counter() - began
    losses = [e.loss for e in events if isinstance(e, StepDone)]
    scores = [e.validation_score for e in events if isinstance(e, EpochDone)]
    assert isinstance(events[-1], Finished)
    plain = Plain(arch, folder / "model.safetensors", CLASSES, side, epochs, batch, seed=seed)
    for how in (plain, replace(plain, recipe="torchvision", rates=(0.02, 0.02))):
        began = time.perf_counter()
        told = plain_loop(project, how)
        took = time.perf_counter() - began
        if how is plain:
            apart = max(abs(a - b) / b for a, b in zip(losses, told.losses, strict=True))
            print(f"{arch}: the app {ours:.0f} s, the plain loop {took:.0f} s; losses apart by at most {apart:.2%}")
            worst = max(abs(a - b) for a, b in zip(scores, told.mean_iou, strict=True))
            print(
                f"  mean IoU after the last round: {scores[-1]:.3f} and {told.mean_iou[-1]:.3f}; at most {worst:.3f} apart"
            )
        else:
            print(
                f"  with torchvision's own recipe (SGD, polynomial): {max(told.mean_iou):.3f} at best, the app {max(scores):.3f}"
            )


def starter(project: Any, catalog: Any) -> None:
    """The three ways on the starter, as a person has them."""
    from workbench.engine.events import EpochDone, Finished, How
    from workbench.engine.fit import fit, new_config

    card = catalog.get("area-starter")
    for how in How:
        began = time.perf_counter()
        events = list(fit(new_config(project, card, how), project, catalog))
        done = events[-1]
        assert isinstance(done, Finished)
        rounds = sum(isinstance(e, EpochDone) for e in events)
        m = done.metrics
        print(
            f"starter, {how.value}: mean IoU {m['score']:.3f} ({m['low']:.3f} to {m['high']:.3f}), simplest answer"
            f" {m['baseline']:.3f}; {rounds} rounds, {time.perf_counter() - began:.0f} s"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", nargs="*", default=ARCHS)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-starter", action="store_true")
    options = parser.parse_args()
    os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()
    from workbench.catalog.catalog import Catalog

    catalog = Catalog.load()
    folder = Path(tempfile.mkdtemp())
    with make_project(folder / "two", options.pictures, options.side, CLASSES) as project:
        for arch in options.arch:
            beside(project, catalog, arch, options.side, options.epochs, options.batch, options.seed)
    if not options.no_starter:
        import shapes_set

        with make_project(folder / "four", options.pictures, options.side, shapes_set.CLASSES) as project:
            starter(project, catalog)


if __name__ == "__main__":
    main()
