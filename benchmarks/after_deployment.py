"""Watching a model at work: how often it cries wolf, how soon it notices, and whether forgetting is found.

    python benchmarks/after_deployment.py [--seeds 200] [--weeks 52]

Features are drawn, not computed: four classes as clouds in 16 dimensions, a model that is as sure as the clouds allow, a
reference of 100 learnt and 100 held-out items, 60 different items a week. Each week is looked at as the app does it: after
its 50th item and at its end.

1. No change: of `seeds` years how many bring any false alarm (stated: at most 5 %), and which share of single tests lies
   at or below 1, 5 and 20 % (a valid test: at most that).
2. Planted changes of several sizes: the share of 20 seeds that is noticed at 50, at 200 and at 400 items.
3. Planted forgetting: a linear head on real features of the sample digits goes on learning a new class alone, and with the
   old items beside it; which classes the comparison names.

Measured: of 200 years without change 2 bring a false alarm (1.0 %, 95 % interval 0.3 to 3.6 %; stated: at most 5 %), of 20,800
looks; of their tests 2.7 to 4.9 % lie at or below 5 %. Noticed at 50 / 200 / 400 items: features moved by 0.2 (in every
dimension; a third of the spread within a class): 0 / 15 / 80 %, by 0.4: 50 / 100 / 100 %, by 0.8: always; twice as doubtful: always; classes 40/30/20/10
instead of equal shares: 0 / 60 / 90 %, 70/10/10/10: always. Learning the new class alone, all four old ones are found to be
forgotten (93 to 0 %, 78 of 84 items lost); with the old items beside it none (93 and 92 %).
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("WORKBENCH_HOME", tempfile.mkdtemp())

import numpy as np

from workbench.trust.forgetting import Forgetting, by_class, change
from workbench.trust.metrics import wilson
from workbench.trust.watching import TESTS, WEEKS, YEAR_RATE, Look, look

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "trust"))
from test_trust_watching import World

A_WEEK = 60
CHANGES: tuple[tuple[str, dict[str, object]], ...] = (
    ("features moved by 0.2", {"move": 0.2}),
    ("features moved by 0.4", {"move": 0.4}),
    ("features moved by 0.8", {"move": 0.8}),
    ("twice as doubtful", {"doubt": 2.0}),
    ("four times as doubtful", {"doubt": 4.0}),
    ("classes 40/30/20/10", {"mix": (0.4, 0.3, 0.2, 0.1)}),
    ("classes 70/10/10/10", {"mix": (0.7, 0.1, 0.1, 0.1)}),
)


def smaller(world: World) -> World:
    """With less kept, so that two hundred years take minutes."""
    kept = world.reference
    assert kept.features is not None
    features = np.concatenate([kept.features[:100], kept.features[300:400]])
    world.reference = replace(
        kept, features=features, certainty=kept.certainty[:100], answers=kept.answers[:100], tested=100,
        alarms=int((world.distance(kept.features[300:400]) > world.limit).sum()),
    )  # fmt: skip
    return world


def no_change(seeds: int, weeks: int) -> None:
    began, alarms, looks = time.monotonic(), 0, 0
    found: dict[str, list[float]] = {name: [] for name in TESTS}
    by_test = dict.fromkeys(TESTS, 0)
    for seed in range(seeds):
        world, cried = smaller(World(seed)), False
        for week in range(weeks):
            seen = world.week(A_WEEK)
            for count in (50, A_WEEK):
                one = look(world.reference, seen.first(count), f"{seed}/{week}/{count}")
                looks += 1
                for name, p in one.p.items():
                    found[name].append(p)
                for name in one.changed:
                    by_test[name] += 1
                cried = cried or bool(one.changed)
        alarms += cried
    low, high = wilson(alarms, seeds)
    print(f"1. No change: {alarms} of {seeds} times {weeks} weeks bring a false alarm ({alarms / seeds:.1%}, 95 % interval"
          f" {low:.1%} to {high:.1%}; stated: at most {YEAR_RATE * weeks / WEEKS:.2%}), of {looks:,} looks; by test {by_test};"
          f" {time.monotonic() - began:.0f} s")  # fmt: skip
    for name, values in found.items():
        shares = ", ".join(f"{np.mean(np.array(values) <= at):.1%} at or below {at:.0%}" for at in (0.01, 0.05, 0.2))
        print(f"   {name:10} {shares} (p of {len(values):,} tests)")


def planted() -> None:
    print("2. Planted changes: share of 20 seeds noticed at 50, 200 and 400 items, and by which test")
    for words, how in CHANGES:
        hits: list[str] = []
        names: set[str] = set()
        for count in (50, 200, 400):
            noticed = 0
            for seed in range(20):
                world = World(1000 + seed)
                one: Look = look(world.reference, world.week(count, **how), f"{seed}/{count}")
                noticed += bool(one.changed)
                names |= set(one.changed)
            hits.append(f"{noticed / 20:4.0%}")
        print(f"   {words:24} {' '.join(hits)}   {', '.join(sorted(names)) or '-'}")


def forgetting() -> None:
    """Real features; the head goes on by steps of gradient descent from where it was."""
    import torch

    from workbench.app_paths import resources
    from workbench.catalog.catalog import Catalog
    from workbench.data.types import Item
    from workbench.engine.features import compute_features
    from workbench.engine.pool import shared_pool
    from workbench.tasks.registry import get_pooled

    names = ("zero", "one", "two", "three", "seven")
    items: list[Item] = []
    for place, name in enumerate(names):
        for file in sorted((resources() / "samples" / "digits" / name).glob("*.png")):
            items.append(Item(len(items), "picture", file.name, path=file, class_id=place, content_hash=file.name))
    random.Random(1).shuffle(items)
    task, card = get_pooled("image-classification"), Catalog.load().suggest("image-classification")[0]
    with shared_pool().use_network(card) as model:
        found = compute_features(items, model, task)
    x = torch.nn.functional.normalize(found.matrix, dim=1) * 10
    y = torch.tensor([i.class_id for i in items])
    test = torch.arange(len(items)) >= len(items) // 2
    old, new = ~test & (y < 4), ~test & (y == 4)
    torch.manual_seed(0)
    head = torch.nn.Linear(x.shape[1], len(names))

    def learn(chosen: torch.Tensor, rounds: int) -> None:
        optimiser = torch.optim.SGD(head.parameters(), lr=0.5)
        for _ in range(rounds):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(head(x[chosen]), y[chosen]).backward()
            optimiser.step()

    def right() -> dict[int, float]:
        with torch.no_grad():
            said = head(x).argmax(1)
        return {int(n): float(said[n] == y[n]) for n in torch.nonzero(test & (y < 4)).flatten()}

    learn(old, 300)
    before, kept = right(), {k: v.clone() for k, v in head.state_dict().items()}
    classes = {n: (names[int(y[n])],) for n in before}
    print("3. Planted forgetting: a head that knows four digits learns the seven")
    for words, chosen in (("the seven alone", new), ("with the old items beside it", old | new)):
        head.load_state_dict(kept)
        learn(chosen, 300)
        after = right()
        beside = Forgetting(change("test", before, after), change("new", {}, {}), change("lot", {}, {}),
                            by_class(before, after, classes))  # fmt: skip
        print(f"   {words}: {beside.test.sentence('test items')}")
        print(f"   forgotten: {', '.join(c.name for c in beside.forgotten) or 'none'}; {len(beside.test.lost)} items lost;"
              f" advice: {beside.advice}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--weeks", type=int, default=52)
    options = parser.parse_args()
    forgetting()
    planted()
    no_change(options.seeds, options.weeks)


if __name__ == "__main__":
    main()
