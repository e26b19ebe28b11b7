"""Tables against scikit-learn used directly, on the same rows in the same parts: breast cancer, wine, diabetes, digits.

The data comes with scikit-learn, so nothing is fetched. For each set and seed: our splits are taken, our training is run (Quick), and
scikit-learn's own HistGradientBoosting is fitted on the same training rows, once as it is and once with its own early stopping on our
validation rows. All are judged on the same test rows. Then pictures and texts beside columns (`benchmarks/joined.py`).

    python benchmarks/tables.py [--write] [--seeds 3] [--only tables|joined]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

# From this heading on the page is written by people.
BY_HAND = "## Which pre-trained models"
PAGE = Path(__file__).parents[1] / "docs" / "tables.md"


def frames() -> dict[str, Any]:
    """Name to (table with its target last, is it an amount)."""
    from sklearn import datasets

    found = {}
    for name, load, amount in (
        ("breast cancer", datasets.load_breast_cancer, False), ("wine", datasets.load_wine, False),
        ("digits", datasets.load_digits, False), ("diabetes", datasets.load_diabetes, True),
    ):  # fmt: skip
        table = load(as_frame=True).frame
        if not amount:
            table["target"] = [f"class {v}" for v in table["target"]]
        found[name] = table, amount
    return found


def measure(folder: Path, name: str, table: Any, amount: bool, seed: int) -> dict[str, float]:
    """One set with one seed."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.metrics import log_loss, mean_absolute_error, r2_score, roc_auc_score

    from workbench.catalog.catalog import Catalog
    from workbench.data.importers import sniff
    from workbench.data.rows import cells_of
    from workbench.data.types import Split
    from workbench.engine.events import Finished
    from workbench.engine.fit import fit, new_config
    from workbench.engine.journey import project_from_plan

    file = folder / f"{name}.csv"
    table.to_csv(file, index=False)
    catalog = Catalog.load()
    plan = sniff([file], rows=True)
    project, _ = project_from_plan(plan, folder / f"{name} {seed}")
    with project:
        project.ensure_splits(seed=seed)
        card, _why = catalog.suggest(project.task_id, to_teach=True)
        began = time.perf_counter()
        finished = [e for e in fit(new_config(project, card, seed=seed), project, catalog) if isinstance(e, Finished)][
            -1
        ]
        ours_seconds = time.perf_counter() - began
        classes = [c.name for c in project.classes()]
        parts: dict[Split, tuple[Any, Any, list[int]]] = {}
        names = [c for c in table.columns if c != "target"]
        for split in (Split.TRAIN, Split.VALIDATION, Split.TEST):
            items = project.split_items(split)
            rows = [cells_of(i.text or "{}") for i in items]
            x = np.array([[float(r.get(n, "nan")) for n in names] for r in rows])
            y = np.array([float(r["target"]) if amount else classes.index(r["target"]) for r in rows])
            parts[split] = x, y, [i.id for i in items]
        said = {p.item_id: p for p in project.predictions(finished.run_id) if p.split is Split.TEST}
        config = next(r for r in project.runs() if r.id == finished.run_id).config
    x, y, _ = parts[Split.TRAIN]
    checked, checked_truth, _ = parts[Split.VALIDATION]
    test, truth, ids = parts[Split.TEST]
    kind = HistGradientBoostingRegressor if amount else HistGradientBoostingClassifier
    began = time.perf_counter()
    plain = kind(random_state=seed).fit(x, y)
    plain_seconds = time.perf_counter() - began
    began = time.perf_counter()
    stopping = kind(random_state=seed, max_iter=1000, early_stopping=True, n_iter_no_change=50).fit(
        x, y, X_val=checked, y_val=checked_truth
    )
    stopping_seconds = time.perf_counter() - began
    found = {
        "rows": float(len(table)),
        "test": float(len(truth)),
        "ours_s": ours_seconds,
        "plain_s": plain_seconds,
        "stopping_s": stopping_seconds,
    }
    if amount:
        ours = np.array([said[i].record["value"] for i in ids])
        for who, values in (("ours", ours), ("plain", plain.predict(test)), ("stopping", stopping.predict(test))):
            found |= {f"{who}_score": r2_score(truth, values), f"{who}_loss": mean_absolute_error(truth, values)}
        inside = [said[i].record["low"] <= t <= said[i].record["high"] for i, t in zip(ids, truth, strict=True)]
        found["covered"] = sum(inside) / len(inside)
        return found
    order = [list(config["classes"]).index(c) for c in classes]
    ours = np.array([said[i].scores for i in ids])[:, order]
    for who, shares in (
        ("ours", ours),
        ("plain", plain.predict_proba(test)),
        ("stopping", stopping.predict_proba(test)),
    ):
        shares = shares / shares.sum(1, keepdims=True)
        auc = (
            roc_auc_score(truth, shares[:, 1]) if len(classes) == 2 else roc_auc_score(truth, shares, multi_class="ovr")
        )
        found |= {
            f"{who}_score": float((shares.argmax(1) == truth).mean()), f"{who}_auc": float(auc),
            f"{who}_loss": log_loss(truth, shares.clip(1e-15, 1)),
        }  # fmt: skip
    return found


def page(all_found: dict[str, list[dict[str, float]]]) -> str:
    """The page of evidence."""

    def mean(name: str, key: str, digits: int = 3) -> str:
        values = [f[key] for f in all_found[name] if key in f]
        if not values:
            return ""
        spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
        return f"{statistics.mean(values):.{digits}f}{spread}"

    seeds = len(next(iter(all_found.values())))
    lines = [
        "# Tables: evidence",
        "",
        f"Written by `benchmarks/tables.py --write`: the four tables that come with scikit-learn, {seeds} different splits each (70 % to"
        " learn from, 15 % to steer, 15 % to judge), one processor thread. *Ours* is a Quick training in the app; *plain* is scikit-learn's"
        " HistGradientBoosting with its defaults on the same training rows; *stopping* is the same with its own early stopping on the same"
        " validation rows. All are judged on the same test rows; ± is the standard deviation over the splits.",
        "",
        "| table | rows | measure | ours | plain | stopping |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in all_found.items():
        rows = f"{found[0]['rows']:.0f}"
        amount = "covered" in found[0]
        kinds = (
            [("R²", "score"), ("mean absolute error", "loss")]
            if amount
            else [("accuracy", "score"), ("AUC", "auc"), ("log loss", "loss")]
        )
        for title, key in kinds:
            digits = 1 if title == "mean absolute error" else 3
            lines.append(
                f"| {name} | {rows} | {title} | {mean(name, f'ours_{key}', digits)} | {mean(name, f'plain_{key}', digits)} | {mean(name, f'stopping_{key}', digits)} |"
            )
    lines += ["", "## Time", "", "Seconds; ours is the whole training: reading rows, splits, trees, judging, saving, report.", "",
              "| table | ours | plain | stopping | ours / stopping |", "|---|---|---|---|---|"]  # fmt: skip
    for name, found in all_found.items():
        ours, stopping = (statistics.median(f[k] for f in found) for k in ("ours_s", "stopping_s"))
        lines.append(
            f"| {name} | {ours:.2f} | {statistics.median(f['plain_s'] for f in found):.2f} | {stopping:.2f} | {ours / stopping:.1f} |"
        )
    covered = [f["covered"] for found in all_found.values() for f in found if "covered" in f]
    lines += [
        "",
        "## Ranges",
        "",
        f"The range around an estimated number is promised to hold in 90 % of cases. On the diabetes test rows it held in"
        f" {statistics.mean(covered):.0%} (from {min(covered):.0%} to {max(covered):.0%} over the splits).",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure all, print, and with --write keep the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=("tables", "joined"), help="the other section of the page stays as it is")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
    import joined

    found: dict[str, list[dict[str, float]]] = {}
    seen: dict[str, list[dict[str, float]]] = {}
    before = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    before, _, by_hand = before.partition(BY_HAND)
    first, _, last = before.partition(joined.HEADING)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_HOME"] = f"{folder}/home"
        if options.only != "joined":
            for name, (table, amount) in frames().items():
                for seed in range(options.seeds):
                    found.setdefault(name, []).append(measure(Path(folder), name, table, amount, seed))
                    print(name, seed, json.dumps({k: round(v, 4) for k, v in found[name][-1].items()}), flush=True)
            first = page(found) + "\n"
        if options.only != "tables":
            for seed in range(options.seeds):
                for name, rows, amount in joined.planted(seed):
                    seen.setdefault(name, []).append(joined.measure(Path(folder), name, rows, amount, seed))
                    print(name, seed, json.dumps({k: round(v, 4) for k, v in seen[name][-1].items()}), flush=True)
            second = joined.section(seen)
        else:
            second = joined.HEADING + last if last else ""
    text = first.rstrip() + ("\n\n" + second if second else "\n")
    if by_hand:
        text = f"{text.rstrip()}\n\n{BY_HAND}{by_hand}"
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
