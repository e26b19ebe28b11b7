"""Pictures and texts beside columns (a section of `benchmarks/tables.py`): planted sets in which neither tells the answer alone.

The pictures are the 400 sample digits, the texts the sample messages; the column beside them is drawn at random. Each set is learnt
three times by the app (all of it, without the picture or text, without the column), and by scikit-learn used directly on the very
vectors of the frozen starter and the same rows in the same parts.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_LIMITS = {"complaint": 30, "question": 60, "praise": 90}
HEADING = "## Pictures and texts beside columns"
WAYS = ("scores", "axes", "both")
WHO = ("joined", "column", "seen", "sk_all", "sk_pca")


def planted(seed: int) -> Iterator[tuple[str, list[tuple[str, float, str]], bool]]:
    """(name, rows of (picture or text, number, answer), is it an amount)."""
    import numpy as np

    from workbench.app_paths import resources

    samples = resources() / "samples"
    rng = np.random.default_rng(seed)
    pictures = [
        (str(f), d) for d, name in enumerate(_DIGITS) for f in sorted((samples / "digits" / name).glob("*.png"))
    ]
    numbers = rng.integers(0, 10, len(pictures))
    yield (
        "digit + number ≥ 10",
        [(p, float(n), "yes" if d + n >= 10 else "no") for (p, d), n in zip(pictures, numbers, strict=True)], False,
    )  # fmt: skip
    amounts, noise = rng.normal(0, 3, len(pictures)), rng.normal(0, 0.5, len(pictures))
    yield (
        "2 · digit + 3 · number",
        [(p, float(n), repr(float(2 * d + 3 * n + e))) for (p, d), n, e in zip(pictures, amounts, noise, strict=True)], True,
    )  # fmt: skip
    with (samples / "reviews.csv").open(encoding="utf-8") as stream:
        texts = [(r["text"], r["label"]) for r in csv.DictReader(stream)]
    sums = rng.uniform(0, 120, len(texts))
    yield (
        "message above its limit",
        [(t, float(n), "yes" if n > _LIMITS[k] else "no") for (t, k), n in zip(texts, sums, strict=True)], False,
    )  # fmt: skip


def measure(folder: Path, name: str, rows: list[tuple[str, float, str]], amount: bool, seed: int) -> dict[str, float]:
    """Accuracy, or R² of amounts, by who learnt."""
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.metrics import r2_score

    from workbench.catalog.catalog import Catalog
    from workbench.data.importers import sniff
    from workbench.data.project_columns import columns_of, set_columns
    from workbench.data.rows import cells_of
    from workbench.data.types import Split
    from workbench.engine.events import Finished
    from workbench.engine.fit import fit, new_config
    from workbench.engine.journey import project_from_plan

    file = folder / f"joined {seed}.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("shown", "number", "target"), *rows])
    catalog = Catalog.load()
    project, _ = project_from_plan(sniff([file], rows=True), folder / f"{name} {seed}")
    found: dict[str, float] = {"rows": float(len(rows))}
    kind = HistGradientBoostingRegressor if amount else HistGradientBoostingClassifier

    def score(truth: Any, said: Any) -> float:
        return float(r2_score(truth, said)) if amount else float(np.mean(np.array(truth) == np.array(said)))

    with project:
        project.ensure_splits(seed=seed)
        card, _why = catalog.suggest(project.task_id, to_teach=True)
        given = columns_of(project)
        parts: dict[Split, tuple[Any, Any, Any]] = {}
        ids: list[int] = []
        for split in (Split.TRAIN, Split.TEST):
            items = project.split_items(split)
            cells = [cells_of(i.text or "{}") for i in items]
            truth = [float(c["target"]) if amount else c["target"] for c in cells]
            number = np.array([[float(c["number"])] for c in cells])
            parts[split] = _vectors([c["shown"] for c in cells], given[0].kind), number, truth
            ids = [i.id for i in items]
        for who, left_out in (("joined", ""), ("column", "shown"), ("seen", "number")):
            set_columns(project, [replace(c, role="ignored") if c.name == left_out else c for c in given])
            config = new_config(project, card, seed=seed)
            finished = [e for e in fit(config, project, catalog) if isinstance(e, Finished)][-1]
            said = {p.item_id: p for p in project.predictions(finished.run_id) if p.split is Split.TEST}
            answers = [float((said[i].record or {})["value"]) if amount else said[i].predicted_class for i in ids]
            found[who] = score(parts[Split.TEST][2], answers)
        found |= _ways(project, parts, given, folder, amount, seed)
    (seen, number, truth), (new, new_number, right) = parts[Split.TRAIN], parts[Split.TEST]
    plain = kind(random_state=seed).fit(np.hstack([seen, number]), truth)
    found["sk_all"] = score(right, plain.predict(np.hstack([new, new_number])))
    axes = PCA(16, random_state=seed).fit(seen)
    small = kind(random_state=seed).fit(np.hstack([axes.transform(seen), number]), truth)
    found["sk_pca"] = score(right, small.predict(np.hstack([axes.transform(new), new_number])))
    return found


def _ways(project: Any, parts: Any, given: Any, folder: Path, amount: bool, seed: int) -> dict[str, float]:
    """The same trees on the scores alone, on the components alone, and on both, as the app has them: accuracy or R²."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    from workbench.control import Control
    from workbench.data.rows import cells_of
    from workbench.data.types import Split
    from workbench.tasks.seen_columns import Sight

    rows = {s: [cells_of(i.text or "{}") for i in project.split_items(s)] for s in parts}
    truth, right = (parts[s][2] for s in (Split.TRAIN, Split.TEST))
    aims = np.array(truth) if amount else np.array([float(t == "yes") for t in truth])
    sight = Sight(folder / "vectors", Control())
    here = np.stack([r["shown"] for r in sight.learn(given, rows[Split.TRAIN], aims, 0 if amount else 2, seed)])
    there = np.stack([r["shown"] for r in sight.of(rows[Split.TEST])])
    kind = HistGradientBoostingRegressor if amount else HistGradientBoostingClassifier
    scores = len(sight.lenses["shown"].bias)
    found = {}
    for who, part in (("scores", slice(0, scores)), ("axes", slice(scores, None)), ("both", slice(None))):
        model = kind(random_state=seed).fit(np.hstack([here[:, part], parts[Split.TRAIN][1]]), truth)
        found[who] = float(model.score(np.hstack([there[:, part], parts[Split.TEST][1]]), right))
    return found


_SEEN: dict[str, Any] = {}


def _vectors(cells: list[str], kind: Any) -> Any:
    """What the frozen starter gives for cells, rows of length 1."""
    import numpy as np

    from workbench.control import Control
    from workbench.tasks.seen_columns import Eyes, unit

    missing = [c for c in dict.fromkeys(cells) if c not in _SEEN]
    if missing:
        eyes = Eyes()
        for cell in missing:
            _SEEN[cell] = unit(eyes.vectors(kind, [eyes.prepare(kind, cell)], Control()))[0]
    return np.stack([_SEEN[c] for c in cells])


def section(all_found: dict[str, list[dict[str, float]]]) -> str:
    """The section of the page."""

    def mean(found: list[dict[str, float]], who: str) -> str:
        values = [f[who] for f in found]
        spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
        return f"{statistics.mean(values):.3f}{spread}"

    seeds = len(next(iter(all_found.values())))
    lines = [
        HEADING,
        "",
        "Planted sets in which a picture (the 400 sample digits) or a text (the sample messages) and a random number decide together;"
        f" {seeds} draws and splits each, Quick training, judged on the same test rows: accuracy, of the second set R². *Joined* learns"
        " from both columns, *number* and *picture or text* from one alone; all three are trainings in the app. *scikit-learn, all* is"
        " HistGradientBoosting with its defaults on all numbers that the frozen starter gives, beside the random one; *scikit-learn,"
        " 16 axes* the same on the first 16 principal components of them, fitted on the training rows.",
        "",
        "| set | rows | joined | number | picture or text | scikit-learn, all | scikit-learn, 16 axes |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in all_found.items():
        lines.append(f"| {name} | {found[0]['rows']:.0f} | " + " | ".join(mean(found, who) for who in WHO) + " |")
    lines += [
        "",
        "In the app a column of pictures or texts becomes one linear score for each class (or for the number), learnt on the training"
        " rows and for these taken from models that did not see the row (five folds), and the first 16 principal components. What"
        " each part does, by HistGradientBoosting with its defaults on them beside the number (of each draw the same rows; the app uses"
        " both, which was chosen by looking at these sets):",
        "",
        "| set | scores alone | 16 axes alone | both |",
        "|---|---|---|---|",
        *(f"| {name} | " + " | ".join(mean(found, who) for who in WAYS) + " |" for name, found in all_found.items()),
        "",
    ]
    return "\n".join(lines)
