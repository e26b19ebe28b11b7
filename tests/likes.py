"""People and things with a planted taste: every person likes one kind of things, and now and then something else."""

from __future__ import annotations

import random
from pathlib import Path

KINDS = ("pasta", "robot", "garden", "murder", "football")


def write_likes(folder: Path, people: int = 60, things: int = 50, each: int = 9, seed: int = 0) -> Path:
    """`ratings.csv` and `films.csv` in a folder. Person u3 likes things 3, 8, 13 … best; times go up."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    count = len(KINDS)
    titles = ["movieId,title,genres"]
    titles += [f"{i},The {KINDS[i % count]} number {i},{KINDS[i % count]}|story {i // count}" for i in range(things)]
    rows = ["userId,movieId,rating,timestamp"]
    for person in range(people):
        own = [i for i in range(things) if i % count == person % count]
        rng.shuffle(own)
        chosen = [(i, rng.choice((4, 5))) for i in own[:each]] + [(rng.randrange(things), rng.choice((1, 2)))]
        rng.shuffle(chosen)
        rows += [f"u{person},{i},{stars},{1_000_000_000 + 100 * n}" for n, (i, stars) in enumerate(chosen)]
    (folder / "films.csv").write_text("\n".join(titles), encoding="utf-8")
    (folder / "ratings.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder
