"""How well faults in data are found, and how the time grows.

    python benchmarks/data_health.py [--items 10000]

Prints: precision and recall of wrong labels (every twentieth changed) by each method of the paper, on scikit-learn's digits as
pictures and on the sample texts; of near-duplicates by meaning among reworded texts; of outliers, with the false alarms on
clean data; and the time of each part for 1,250 … ITEMS items with features of the pictures' width, as ratios for twice as
many.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

from workbench.app_paths import resources
from workbench.control import Control
from workbench.data import personal
from workbench.data.types import Item
from workbench.engine.health.cross import out_of_sample
from workbench.engine.health.looked import look_at
from workbench.engine.health.outliers import outliers
from workbench.engine.similarity import alike_pairs, nearest
from workbench.trust import confident

SEEDS = (1, 2, 3)
REWORDED = {
    "waiter": "server", "arrived": "came", "parcel": "package", "room": "bedroom", "years": "ages", "coat": "jacket",
    "small": "little", "Can I": "May I", "How long": "How much time", "price": "cost", "my ": "our ", "good": "fine",
    "The ": "This ", "because": "since", "after": "following",
}  # fmt: skip
ODD = (
    "SELECT name FROM users WHERE id = 4;", "asdf jkl qwer uiop zxcv", "def add(a, b): return a + b",
    "f(x) = x^2 + 3 x + 5 is a polynomial of degree two.", "The mitochondrion is the powerhouse of the cell.",
    "Der Zug nach Hamburg hat heute leider zwanzig Minuten Verspätung.", "Napoleon was beaten near Waterloo in 1815.",
    "Gradient descent converges linearly for strongly convex functions.",
)  # fmt: skip


def digits(count: int) -> tuple[torch.Tensor, list[int]]:
    data = load_digits()
    folder = Path(tempfile.mkdtemp())
    items = []
    for n in range(count):
        path = folder / f"{n}.png"
        grey = Image.fromarray((255 - data.images[n] * 15.9).astype(np.uint8))
        grey.resize((64, 64), Image.Resampling.BICUBIC).save(path)
        items.append(Item(n, "picture", path.name, path=path, content_hash=f"digit {n}"))
    looked = look_at(items, Control())
    assert looked is not None
    return looked.vectors, data.target[:count].tolist()


def seen(texts: Sequence[str]) -> torch.Tensor:
    looked = look_at([Item(n, "text", str(n), text=t, content_hash=t) for n, t in enumerate(texts)], Control())
    assert looked is not None
    return looked.vectors


def wrong_labels(title: str, vectors: torch.Tensor, truth: list[int]) -> None:
    classes = max(truth) + 1
    methods: dict[str, Callable[[np.ndarray, np.ndarray], Sequence[int]]] = {
        "off-diagonal (2)": confident.off_diagonal,
        "by class (3)": confident.by_class,
        "by noise rate (4)": confident.by_noise_rate,
        "as in the app": lambda p, y: [s.place for s in confident.suspects(p, y)],
    }
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    right = []
    for seed in SEEDS:
        rng = random.Random(seed)
        given = list(truth)
        bad = set(rng.sample(range(len(truth)), len(truth) // 20))
        for place in bad:
            given[place] = rng.choice([c for c in range(classes) if c != truth[place]])
        probabilities = out_of_sample(vectors, given, range(len(truth)), classes)
        right.append(float((probabilities.argmax(1) == np.array(truth)).mean()))
        for name, method in methods.items():
            found = {int(p) for p in method(probabilities, np.array(given))}
            scores[name].append((len(found & bad) / max(1, len(found)), len(found & bad) / len(bad)))
    print(f"wrong labels, {title}: {len(truth)} items, 5 % changed, head right on {np.mean(right):.1%}")
    for name, values in scores.items():
        precision, recall = np.mean(values, axis=0)
        print(f"  {name:18} precision {precision:.2f}  recall {recall:.2f}")


def same_meaning(rows: Sequence[str]) -> None:
    rng = random.Random(0)
    chosen = rng.sample(range(len(rows)), 60)
    new = []
    for place in chosen:
        text = rows[place]
        for old, other in REWORDED.items():
            text = text.replace(old, other)
        new.append(f"{rng.choice(['Hello, ', 'Hi! ', 'Just so you know: '])}{text}{rng.choice(['', ' Thanks.'])}")
    vectors = torch.nn.functional.normalize(seen([*rows, *new]), dim=1)
    found = {frozenset(p) for p in alike_pairs(*nearest(vectors, Control()))}
    true = {frozenset((place, len(rows) + n)) for n, place in enumerate(chosen)}
    print(
        f"the same in other words: precision {len(found & true) / max(1, len(found)):.2f},"
        f" recall {len(found & true) / len(true):.2f} of {len(true)} reworded texts"
    )


def false_copies(title: str, vectors: torch.Tensor) -> None:
    """Among items of which none is a copy, as far as people have looked."""
    unit = torch.nn.functional.normalize(vectors, dim=1)
    found = {i for pair in alike_pairs(*nearest(unit, Control())) for i in pair}
    print(f"the same though changed, clean {title}: {len(found) / len(vectors):.2%} of the items are taken for copies")


def strange(title: str, clean: torch.Tensor, labels: Sequence[int], odd: torch.Tensor) -> None:
    def found(vectors: torch.Tensor, given: Sequence[int]) -> set[int]:
        unit = torch.nn.functional.normalize(vectors, dim=1)
        return {o.place for o in outliers(unit, nearest(unit, Control())[1], given)}

    alarms = found(clean, labels)
    both = found(torch.cat([clean, odd]), [*labels, *[0] * len(odd)])
    hits = sum(p >= len(clean) for p in both)
    print(
        f"outliers, {title}: {hits} of {len(odd)} found; false alarms on clean data {len(alarms) / len(clean):.2%},"
        f" beside planted ones {sum(p < len(clean) for p in both) / len(clean):.2%}"
    )


def growth(most: int) -> None:
    """On made-up features: ten clouds in 1,280 dimensions, as wide as the pictures' features."""
    sizes = [most // 8, most // 4, most // 2, most]
    spent: dict[str, list[float]] = {}
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 1280)).astype(np.float32)
    text = "The parcel for order 1842 came on day 3, call me at 030 901820 or write to anna{n}@example.org soon."
    for size in sizes:
        labels = rng.integers(0, 10, size)
        cloud = centres[labels] + rng.normal(size=(size, 1280)).astype(np.float32) * 2
        vectors = torch.from_numpy(cloud.astype(np.float32))
        unit = torch.nn.functional.normalize(vectors, dim=1)
        near: list[np.ndarray] = []
        parts: dict[str, Callable[[], object]] = {
            "comparing all with all": lambda unit=unit, near=near: near.extend(nearest(unit, Control())),
            "outliers": lambda unit=unit, near=near, labels=labels: outliers(unit, near[1], labels.tolist()),
            "wrong labels": lambda v=vectors, y=labels: out_of_sample(v, y.tolist(), range(len(y)), 10),
            "personal data": lambda size=size: [personal.find(text.format(n=n)) for n in range(size)],
        }
        for name, work in parts.items():
            began = time.perf_counter()
            work()
            spent.setdefault(name, []).append(time.perf_counter() - began)
    print(f"time for {', '.join(f'{s:,}' for s in sizes)} items, and how many times as long for twice as many")
    for name, times in spent.items():
        ratios = ", ".join(f"{b / a:.1f}" for a, b in pairwise(times))
        print(f"  {name:24} {', '.join(f'{t:.1f} s' for t in times)}; ratios {ratios}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--digits", type=int, default=600)
    options = parser.parse_args()
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    texts, names = [r["text"] for r in rows], sorted({r["label"] for r in rows})
    pictures, numbers = digits(options.digits)
    wrong_labels("digits", pictures, numbers)
    text_vectors, text_labels = seen(texts), [names.index(r["label"]) for r in rows]
    wrong_labels("texts", text_vectors, text_labels)
    same_meaning(texts)
    false_copies("texts", text_vectors)
    false_copies("digits", pictures)
    strange("texts", text_vectors, text_labels, seen(ODD))
    import skimage.data

    photos = [
        Path(skimage.data.__file__).parent / f"{n}.png" for n in ("astronaut", "coffee", "chelsea", "brick", "cell")
    ]
    looked = look_at([Item(n, "picture", p.name, path=p, content_hash=p.name) for n, p in enumerate(photos)], Control())
    assert looked is not None
    strange("digits, photos among them", pictures, numbers, looked.vectors)
    if options.items:
        growth(options.items)


if __name__ == "__main__":
    main()
