"""How often a change of the data is reported where there is none, and how small a change is caught.

    python benchmarks/drift.py [--seeds 200]

On scikit-learn's digits 0 to 4 as pictures, and on the sample messages, with the starter's features and Quick's head: each
seed divides the items anew into those taught, validated, tested and "of now". Printed: the share of seeds with an alarm
where the items of now are of the same set, and where a share of them comes from another set (digits 5 to 9, faces; sentences of
licences), or the pictures are darker.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

import numpy as np
import torch
from PIL import Image, ImageEnhance
from unlike import sets

from workbench.catalog.catalog import Catalog
from workbench.data.types import Item
from workbench.engine.drift import compare
from workbench.engine.familiar import certainties
from workbench.engine.features import compute_features
from workbench.engine.head import fit_path
from workbench.engine.pool import shared_pool
from workbench.runtimes.familiar import fit_familiar
from workbench.tasks.registry import get_pooled
from workbench.trust.metrics import wilson

NOW = 60


def darker(items: list[Item]) -> list[Item]:
    """The same pictures at 60 % of their brightness."""
    folder = Path(tempfile.mkdtemp())
    made = []
    for item in items:
        assert item.path is not None
        ImageEnhance.Brightness(Image.open(item.path)).enhance(0.6).save(folder / item.path.name)
        made.append(Item(item.id, "picture", item.name, path=folder / item.path.name, content_hash=f"dark {item.id}"))
    return made


def alarms(
    name: str, others: tuple[str, ...], seeds: int, shares: tuple[float, ...] = (0.1, 0.25, 0.5), planted: int = 40
) -> dict[str, list[bool]]:
    """Whether each seed gave an alarm, by what had changed; planted changes are tried with the first seeds only."""
    found, catalog = sets(), Catalog.load()
    task_id, items, classes = found[name]
    task, truth = get_pooled(task_id), torch.tensor(classes)
    with shared_pool().use_network(catalog.suggest(task_id)[0]) as model:
        features = {n: compute_features(found[n][1], model, task).matrix for n in (name, *others)}
        if items[0].kind == "picture":
            features["darker"] = compute_features(darker(items), model, task).matrix
        counts: dict[str, list[bool]] = {}
        for seed in range(seeds):
            generator = torch.Generator().manual_seed(seed)
            order = torch.randperm(len(items), generator=generator)
            now, train, validation, test = order.split([NOW, rest := len(items) - NOW - 80, 40, 40])
            assert rest > 0
            own = features[name]
            best = None
            for step in fit_path(
                own[train], truth[train], own[validation], truth[validation], max(classes) + 1, None, None,
                strengths=(1.0, 0.1, 0.01), objective=task,
            ):  # fmt: skip
                best = step if best is None or step.is_best else best
            assert best is not None
            taught = model.with_head([str(c) for c in range(max(classes) + 1)], best.weight, best.bias)
            sure = certainties(task, taught, own[torch.cat([validation, test])])
            known = fit_familiar(own[train], own[validation], own[test], sure, frozen=True, seed=seed)
            assert known is not None
            sides = {"nothing": own[now]}
            for other in others:
                for share in shares:
                    many = round(NOW * share)
                    drawn = torch.randperm(len(features[other]), generator=generator)[:many]
                    sides[f"{share:.0%} {other}"] = torch.cat([own[now[many:]], features[other][drawn]])
            if "darker" in features:
                sides["all darker"] = features["darker"][now]
            for what, side in sides.items():
                if what == "nothing" or seed < planted:
                    result = compare(known, side, certainties(task, taught, side))
                    counts.setdefault(what, []).append(result.found)
    return counts


def measure(name: str, others: tuple[str, ...], seeds: int) -> None:
    print(f"\n{name}: {NOW} items of now")
    for what, rows in alarms(name, others, seeds).items():
        low, high = wilson(sum(rows), len(rows))
        print(
            f"  changed: {what:16} alarms {np.mean(rows):6.1%} of {len(rows)} (95 % interval {low:.1%} to {high:.1%})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    count = parser.parse_args().seeds
    measure("digits 0-4", ("digits 5-9", "faces"), count)
    measure("messages", ("licences",), count)
