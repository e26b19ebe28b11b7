"""Which score tells best what is unlike all that a model learnt from, and how often it warns without reason.

    python benchmarks/unlike.py

Taught on each of four real sets (scikit-learn's digits 0 to 4, scikit-image's faces and other small pictures, pieces of its
photos of grass, gravel and bricks, the sample messages), Quick's head on the starter's features, ten draws of the
three parts. Asked about held-out items of the same set and about other sets. Printed for each score: how well it ranks
(area under the ROC curve), the share of others that is found, and the share of false alarms on test items with a limit set
on validation items for 5 %. Scores: distance to the k-th nearest neighbour (Sun et al. 2022), Mahalanobis distance
to the nearest class (Lee et al. 2018, covariance shrunk after Ledoit and Wolf 2004), energy (Liu et al. 2020).

Measured: all together the nearest neighbour (k=5) and Mahalanobis on features of length 1 are alike (area 0.975 both; 85 and
87 % found; false alarms 4.0 and 4.4 %), Mahalanobis on plain features is worse (0.893), and energy fails for things that
are quite different (0.612). The neighbours were taken: they need neither classes (several labels) nor a covariance matrix, and
their vectors serve the comparison of today's data, too.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

import numpy as np
import skimage.data
import torch
from PIL import Image
from sklearn.covariance import ledoit_wolf
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.data.types import Item
from workbench.engine.features import compute_features
from workbench.engine.head import fit_path
from workbench.engine.pool import shared_pool
from workbench.runtimes.familiar import distances, limit_of, unit
from workbench.tasks.registry import get_pooled

DRAWS = 10
RNG = np.random.default_rng(0)


def pictures(arrays: list[np.ndarray], folder: Path) -> list[Item]:
    """Saved as pictures of 64 x 64."""
    folder.mkdir(parents=True)
    items = []
    for n, array in enumerate(arrays):
        Image.fromarray(array).convert("RGB").resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{n}.png")
        items.append(Item(n, "picture", str(n), path=folder / f"{n}.png", content_hash=f"{folder.name} {n}"))
    return items


def pieces(name: str, count: int) -> list[np.ndarray]:
    photo = getattr(skimage.data, name)()
    made = []
    for _ in range(count):
        y, x = RNG.integers(0, photo.shape[0] - 96), RNG.integers(0, photo.shape[1] - 96)
        made.append(photo[y : y + 96, x : x + 96])
    return made


def texts(lines: list[str]) -> list[Item]:
    return [Item(n, "text", str(n), text=t, content_hash=t) for n, t in enumerate(lines)]


def sets() -> dict[str, tuple[str, list[Item], list[int]]]:
    """Name to task, items and classes (-1: never taught)."""
    folder = Path(tempfile.mkdtemp())
    data, faces = load_digits(), skimage.data.lfw_subset()
    grey = [(255 - image * 15.9).astype(np.uint8) for image in data.images[:700]]
    low = [n for n in range(700) if data.target[n] < 5]
    high = [n for n in range(700) if data.target[n] >= 5]
    people = [(f * 255).astype(np.uint8) for f in faces]
    ground = [piece for name in ("grass", "gravel", "brick") for piece in pieces(name, 80)]
    photos = [p for name in ("astronaut", "chelsea", "coffee", "rocket", "retina") for p in pieces(name, 40)]
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    kinds = sorted({r[1] for r in rows})
    code = [line.strip() for line in Path(tempfile.__file__).read_text("utf-8").splitlines() if len(line.strip()) > 30]
    law = [s.strip() for s in (resources() / "starter" / "upscalerjs-MIT.txt").read_text("utf-8").split(",")]
    for file in sorted((resources() / "licences").rglob("*.txt")):
        law += [
            s.strip() for s in file.read_text("utf-8", "replace").replace("\n", " ").split(". ") if 30 < len(s) < 300
        ]
    picture, text = "image-classification", "text-classification"
    return {
        "digits 0-4": (picture, pictures([grey[n] for n in low], folder / "low"), [int(data.target[n]) for n in low]),
        "digits 5-9": (picture, pictures([grey[n] for n in high], folder / "high"), []),
        "faces": (picture, pictures(people, folder / "faces"), [0] * 100 + [1] * 100),
        "ground": (picture, pictures(ground, folder / "ground"), [n // 80 for n in range(240)]),
        "photos": (picture, pictures(photos, folder / "photos"), []),
        "messages": (text, texts([r[0] for r in rows]), [kinds.index(r[1]) for r in rows]),
        "code": (text, texts(code[:200]), []),
        "licences": (text, texts(law[:200]), []),
    }


def mahalanobis(train: torch.Tensor, target: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    means = torch.stack([train[target == c].mean(0) for c in range(int(target.max()) + 1)])
    covariance, _ = ledoit_wolf((train - means[target]).numpy())
    inverse = torch.linalg.inv(torch.from_numpy(covariance).double())

    def score(features: torch.Tensor) -> torch.Tensor:
        apart = (features[:, None] - means[None]).double()
        return torch.einsum("bcf,fg,bcg->bc", apart, inverse, apart).min(1).values.float()

    return score


def scores_of(train: torch.Tensor, target: torch.Tensor, validation: torch.Tensor, right: torch.Tensor, task: object):  # type: ignore[no-untyped-def]
    learnt = unit(train)
    best = None
    for step in fit_path(train, target, validation, right, int(target.max()) + 1, None, None, objective=task):
        best = step if best is None or step.is_best else best
    near = torch.nn.functional.normalize
    return {
        "nearest (k=1)": lambda f: distances(f, learnt, 1),
        "nearest (k=5)": lambda f: distances(f, learnt, 5),
        "nearest (k=10)": lambda f: distances(f, learnt, 10),
        "mahalanobis": mahalanobis(train, target),
        "mahalanobis, length 1": (lambda m: lambda f: m(near(f)))(mahalanobis(near(train), target)),
        "energy": lambda f: -torch.logsumexp(f @ best.weight.T + best.bias, 1),
    }


def main() -> None:
    """Measure and print."""
    catalog, found = Catalog.load(), sets()
    features = {}
    for name, (task_id, items, _) in found.items():
        with shared_pool().use_network(catalog.suggest(task_id)[0]) as model:
            features[name] = compute_features(items, model, get_pooled(task_id)).matrix
    totals: dict[str, list[tuple[float, float, float]]] = {}
    for name, (task_id, _, classes) in found.items():
        if not classes:
            continue
        own, truth = features[name], torch.tensor(classes)
        others = [n for n, (t, _, _) in found.items() if n != name and t == task_id]
        table: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
        for draw in range(DRAWS):
            order = torch.randperm(len(own), generator=torch.Generator().manual_seed(draw))
            train, validation, test = order.split([n := round(len(own) * 0.6), m := len(own) // 5, len(own) - n - m])
            made = scores_of(own[train], truth[train], own[validation], truth[validation], get_pooled(task_id))
            for kind, score in made.items():
                limit, _ = limit_of(score(own[validation]))
                if kind.startswith(("energy", "mahal")):
                    # `limit_of` keeps a distance above zero; an energy is below it.
                    values = score(own[validation]).sort().values
                    limit = float(values[min(len(values), int(np.ceil((len(values) + 1) * 0.95))) - 1])
                inside = score(own[test])
                for other in others:
                    outside = score(features[other])
                    area = roc_auc_score([0] * len(inside) + [1] * len(outside), torch.cat([inside, outside]).numpy())
                    row = (float(area), float((outside > limit).float().mean()), float((inside > limit).float().mean()))
                    table.setdefault((kind, other), []).append(row)
                    totals.setdefault(kind, []).append(row)
        print(f"\ntaught: {name} ({len(own)} items)")
        for (kind, other), rows in table.items():
            area, recall, alarms = np.mean(rows, 0)
            print(f"  {kind:22} asked: {other:12} area {area:.3f}  found {recall:6.1%}  false alarms {alarms:5.1%}")
    print("\nall together")
    for kind, rows in totals.items():
        area, recall, alarms = np.mean(rows, 0)
        print(f"  {kind:22} area {area:.3f}  found {recall:6.1%}  false alarms {alarms:5.1%}")


if __name__ == "__main__":
    main()
