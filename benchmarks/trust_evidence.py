"""What may be believed of what the app says about trust: every number held against a reference or a planted truth.

    python benchmarks/trust_evidence.py [--seeds 200] [--write docs/trust_evidence.md]

Prints one table: what was measured, what it is held against, and whether it holds (the limits stand in this file). With `--write` the same table goes into a page. Some minutes on two cores. cleanlab is compared with where
it happens to be installed; it is no part of the app (its licence is the AGPL).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

import numpy as np
import torch
from data_health import digits, seen
from drift import alarms
from PIL import Image
from torch import nn

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.checks.twins import check as twins
from workbench.data.importers import sniff
from workbench.data.types import ItemFilter, ItemPrediction, NewItem, Split
from workbench.engine.certainty import sureness
from workbench.engine.events import Finished
from workbench.engine.explain.attribution import STEPS, grad_cam, integrated_gradients
from workbench.engine.explain.reasons import explain
from workbench.engine.explain.sanity import TOO_ALIKE, compare
from workbench.engine.fit import fit, new_config
from workbench.engine.health.cross import out_of_sample
from workbench.engine.journey import project_from_plan
from workbench.runtimes.familiar import RATE, fit_familiar
from workbench.tasks.registry import get_task
from workbench.tasks.tag_calibration import platt, settle_tags, tag_calibration_of
from workbench.tasks.temperature import fit_temperature, tempered
from workbench.trust import confident
from workbench.trust.certainty import reliability
from workbench.trust.groups import class_rates
from workbench.trust.judge_tags import average_precision, f1
from workbench.trust.judging import bootstrap, paired
from workbench.trust.metrics import evaluation_from_predictions, wilson
from workbench.trust.tag_certainty import reliability_of
from workbench.trust.untaught import beside

_FLIPPED = (1, 2, 3)
_NAMES = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Row:
    """One line of the table. `holds`: None where there is nothing it could fail by."""

    about: str
    measured: str
    against: str
    holds: bool | None


# Wrong labels --------------------------------------------------------------------------------------------------------


def wrong_labels() -> Iterator[Row]:
    vectors, truth = digits(600)
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    names = sorted({r["label"] for r in rows})
    sets = {
        "pictures of digits": (vectors, truth),
        "sample texts": (seen([r["text"] for r in rows]), [names.index(r["label"]) for r in rows]),
    }
    for title, (features, labels) in sets.items():
        scores, draws = [], []
        for seed in _FLIPPED:
            rng = random.Random(seed)
            given, classes = list(labels), max(labels) + 1
            bad = set(rng.sample(range(len(given)), len(given) // 20))
            for place in bad:
                given[place] = rng.choice([c for c in range(classes) if c != labels[place]])
            said = out_of_sample(features, given, range(len(given)), classes)
            found = {s.place for s in confident.suspects(said, np.array(given))}
            scores.append((len(found & bad) / max(1, len(found)), len(found & bad) / len(bad)))
            draws.append((said, np.array(given), bad))
        precision, recall = np.mean(scores, axis=0)
        yield Row(
            f"5 % wrong labels planted in {len(labels)} {title}, three draws",
            f"found: precision {precision:.2f}, recall {recall:.2f}",
            "planted; chance would be right 5 % of the time; recall at least 0.75, precision at least eight times chance",
            bool(precision >= 0.4 and recall >= 0.75),
        )
        if find_spec("cleanlab") is not None:
            yield from _cleanlab(title, draws, float(precision), float(recall))


def _cleanlab(
    title: str, draws: list[tuple[np.ndarray, np.ndarray, set[int]]], precision: float, recall: float
) -> Iterator[Row]:
    from cleanlab.filter import find_label_issues

    known = f"cleanlab {version('cleanlab')}"
    rates = []
    for said, given, bad in draws:
        found = set(np.flatnonzero(find_label_issues(given, said, n_jobs=1)).tolist())
        rates.append((len(found & bad) / max(1, len(found)), len(found & bad) / len(bad)))
    theirs = np.mean(rates, axis=0)
    yield Row(
        f"The same planted wrong labels in {title}: the app beside cleanlab as it comes",
        f"precision {precision:.2f} beside {theirs[0]:.2f}, recall {recall:.2f} beside {theirs[1]:.2f}",
        f"{known}; F1 not lower by more than 0.05", _f(precision, recall) >= _f(*theirs) - 0.05,
    )  # fmt: skip
    shares = {}
    for ours, method in (
        (confident.off_diagonal, "confident_learning"), (confident.by_class, "prune_by_class"),
        (confident.by_noise_rate, "prune_by_noise_rate"),
    ):  # fmt: skip
        both, either = 0, 0
        for said, given, _ in draws:
            mine = {int(p) for p in ours(said, given)}
            other = set(np.flatnonzero(find_label_issues(given, said, filter_by=method, n_jobs=1)).tolist())
            both, either = both + len(mine & other), either + len(mine | other)
        shares[method] = both / max(1, either)
    words = ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for name, share in shares.items())
    yield Row(
        f"The same suspects as cleanlab's three ways, {title}", f"in both of those in either: {words}",
        f"{known}; at least 80 %", min(shares.values()) >= 0.8,
    )  # fmt: skip


def _f(precision: float, recall: float) -> float:
    return 2 * precision * recall / max(1e-9, precision + recall)


# Copies on both sides of the test ------------------------------------------------------------------------------------


def leakage() -> Iterator[Row]:
    project, _ = project_from_plan(sniff([resources() / "samples" / "digits"]))
    project.ensure_splits()
    clean = [f for f in twins(project, Control()) if f.code == "leakage"]
    rng, folder = random.Random(0), Path(tempfile.mkdtemp())
    copied = rng.sample(project.split_items(Split.TRAIN), 30)
    new = []
    for item in copied:
        assert item.path is not None
        # Another size, another format: another file that shows the same.
        with Image.open(item.path) as picture:
            larger = picture.convert("RGB").resize((picture.width * 3 // 2, picture.height * 3 // 2))
            larger.save(folder / f"{item.id}.jpg", quality=80)
        new.append(NewItem("picture", f"{item.id}.jpg", folder / f"{item.id}.jpg"))
    before = set(project.item_ids(ItemFilter()))
    project.add_items(new)
    added = [i for i in project.item_ids(ItemFilter()) if i not in before]
    project.set_splits(dict.fromkeys(added, Split.TEST))
    found = [f for f in twins(project, Control()) if f.code == "leakage"]
    ids = {i for f in found for i in f.item_ids}
    hits = len(ids & set(added))
    project.close()
    yield Row(
        "30 copies (larger, as JPEG) planted on the other side of the test",
        f"{hits} of {len(added)} found; before, {sum(len(f.item_ids) for f in clean)} were reported",
        "planted; all but one, none before",
        hits >= len(added) - 1 and not clean,
    )


# Drift ---------------------------------------------------------------------------------------------------------------


def drift(name: str, others: tuple[str, ...], seeds: int) -> Iterator[Row]:
    counts = alarms(name, others, seeds, shares=(0.25, 0.5), planted=20)
    quiet = counts.pop("nothing")
    low, high = wilson(sum(quiet), len(quiet))
    yield Row(
        f"Alarms about data that has not changed, {name}, {len(quiet)} seeds",
        f"{sum(quiet) / len(quiet):.1%} (95 % interval {low:.1%} to {high:.1%})", "stated rate: 5 %", low <= 0.05,
    )  # fmt: skip
    for what, rows in counts.items():
        sure = what.startswith("50%")
        yield Row(
            f"Caught in {name}: {what} among 60 items of now, {len(rows)} seeds",
            f"{sum(rows) / len(rows):.0%}", "planted; at least 95 %" if sure else "planted",
            sum(rows) / len(rows) >= 0.95 if sure else None,
        )  # fmt: skip


# Percentages ---------------------------------------------------------------------------------------------------------


def percentages(catalog: Catalog) -> Iterator[Row]:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 4))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = [int(rng.choice(4, p=p)) for p in shares]
    boasting = np.exp(2.5 * logits) / np.exp(2.5 * logits).sum(1, keepdims=True)
    found = fit_temperature(boasting[:2000].tolist(), truth[:2000])

    def error(rows: list[tuple[float, ...]], right: list[int]) -> float:
        said = [
            ItemPrediction(n, Split.TEST, _NAMES[t], _NAMES[int(np.argmax(r))], r)
            for n, (r, t) in enumerate(zip(rows, right, strict=True))
        ]
        return reliability(said, _NAMES).error

    before = error([tuple(r) for r in boasting[2000:].tolist()], truth[2000:])
    after = error([tempered(r, found) for r in boasting[2000:].tolist()], truth[2000:])
    yield Row(
        "Temperature of a classifier made 2.5 times too sure", f"{found:.2f}; error (ECE) {before:.1%}, then {after:.1%}",
        "planted: 2.50; error below 2.5 %", abs(found - 2.5) < 0.15 and after < 0.025,
    )  # fmt: skip
    values = rng.normal(0, 3, (3000, 3))
    lines = np.array([[0.4, 0.5], [0.4, 0.5], [1.2, -1.0]])
    there = rng.random(values.shape) < 1 / (1 + np.exp(-(values * lines[:, 0] + lines[:, 1])))
    raw = 1 / (1 + np.exp(-values))
    labels = [frozenset(np.flatnonzero(row).tolist()) for row in there]
    right = tag_calibration_of(settle_tags(raw[:1500].tolist(), labels[:1500], 3), 3)
    assert right is not None

    def off(set_right: bool) -> float:
        return reliability_of(
            [
                (right.value(c, v) if set_right else v, c in labels[1500 + n])
                for n, row in enumerate(raw[1500:].tolist())
                for c, v in enumerate(row)
            ]
        ).error

    yield Row(
        "Several labels, each off in its own way: set right by a line each",
        f"error over all labels (ECE) {off(False):.1%}, then {off(True):.1%}",
        "planted; then below 2 %", off(True) < 0.02 < off(False),
    )  # fmt: skip
    for name, path in (("digits", "digits"), ("reviews", "reviews.csv")):
        project, _ = project_from_plan(sniff([resources() / "samples" / path]))
        card, _ = catalog.suggest(project.task_id)
        finished = list(fit(new_config(project, card), project, catalog))[-1]
        assert isinstance(finished, Finished)
        known = sureness(project, finished.run_id, catalog).certainty
        kept = "kept" if known.temperature != 1 else "not kept: it did not help on steering items"
        yield Row(
            f"Temperature of Quick on the sample {name}, {known.after.n} test items",
            f"{known.temperature:.2f} ({kept}); error (ECE) {known.before.error:.1%}, then {known.after.error:.1%}",
            "not worse by more than two points", known.after.error <= known.before.error + 0.02,
        )  # fmt: skip
        judged = _judged(project, finished.run_id, catalog)
        held = beside(project.run(finished.run_id).folder, judged, get_task(project.task_id).info.nouns)
        assert held is not None
        yield Row(
            f"Quick on the sample {name} beside a model that was taught nothing ({held.untaught.way})",
            f"{held.compared.accuracy_a:.0%} against {held.share:.0%} right, p {held.compared.p_value:.2g}",
            "McNemar's exact test; taught is better", held.compared.p_value < 0.05 or held.share >= 0.95,
        )  # fmt: skip
        yield from _explanations(project, catalog, finished.model_id, name)
        project.close()


def _judged(project, run_id: str, catalog: Catalog):  # type: ignore[no-untyped-def]
    from workbench.engine.evaluate import evaluate

    return evaluate(project, run_id, Split.TEST, catalog)


# Explanations --------------------------------------------------------------------------------------------------------


def _explanations(project, catalog: Catalog, model_id: str, name: str) -> Iterator[Row]:  # type: ignore[no-untyped-def]
    """Of a taught model: with its weights shuffled another explanation must come out."""
    card, task = catalog.get(model_id), get_task(project.task_id)
    alike = []
    for item in project.split_items(Split.TEST)[:12]:
        told = explain(item.sample(), card, task)
        if told.sanity is not None:
            alike.append(told.sanity.likeness)
    failed = sum(a < TOO_ALIKE for a in alike)
    yield Row(
        f"Explanations of {len(alike)} sample {name} against those of the same network with shuffled weights",
        f"mean rank correlation {np.mean(alike):.2f}; {failed} of {len(alike)} differ",
        f"they must differ (below {TOO_ALIKE}); at least 80 %", failed >= 0.8 * len(alike),
    )  # fmt: skip


def attribution() -> Iterator[Row]:
    import captum.attr
    import torchvision

    torch.manual_seed(0)
    small = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 5),
    ).eval()  # fmt: skip
    pixels = torch.randn(1, 3, 32, 32)
    theirs = captum.attr.IntegratedGradients(small).attribute(pixels, target=3, n_steps=STEPS)[0]
    ours = integrated_gradients(lambda x: small(x)[:, 3], pixels[0], torch.zeros(3, 32, 32), Control())
    apart = float((ours - theirs).abs().max() / theirs.abs().max())
    yield Row("Integrated gradients", f"largest difference {apart:.1e} of the largest value", "captum", apart < 1e-4)
    network, larger = torchvision.models.resnet18(weights=None).eval(), torch.randn(1, 3, 96, 96)
    theirs = captum.attr.LayerGradCam(network, network.layer4).attribute(larger, target=7, relu_attributions=True)[:, 0]
    found = grad_cam(network, lambda: network(larger)[:, 7], network.layer4)
    assert found is not None
    apart = float((found - theirs).abs().max() / theirs.abs().max())
    yield Row("Grad-CAM of a ResNet-18", f"largest difference {apart:.1e} of the largest value", "captum", apart < 1e-4)
    # What never looks at the weights is no explanation: edges of the picture, whatever the network.
    edges = (larger[0].mean(0)[1:] - larger[0].mean(0)[:-1]).abs().numpy()
    sanity = compare(edges, edges)
    yield Row(
        "An edge detector in place of an explanation", f"rank correlation {sanity.likeness:.2f} after shuffling: refused",
        "planted; it must be refused", not sanity.depends,
    )  # fmt: skip


# Measures ------------------------------------------------------------------------------------------------------------


def measures(rounds: int = 40) -> Iterator[Row]:
    from sklearn.calibration import calibration_curve
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import (
        accuracy_score,
        average_precision_score,
        brier_score_loss,
        f1_score,
        precision_recall_fscore_support,
    )

    rng = np.random.default_rng(0)
    worst = dict.fromkeys(("accuracy, precision, recall, F1", "average precision", "reliability and Brier"), 0.0)
    for _ in range(rounds):
        shares = rng.dirichlet(np.ones(4), 150)
        truth, said = rng.integers(0, 4, 150), shares.argmax(1)
        found = evaluation_from_predictions(
            _NAMES,
            [
                ItemPrediction(n, Split.TEST, _NAMES[t], _NAMES[s], tuple(p))
                for n, (t, s, p) in enumerate(zip(truth, said, shares.tolist(), strict=True))
            ],
        )
        theirs = precision_recall_fscore_support(truth, said, labels=range(4), zero_division=0)
        ours = [[getattr(c, part) for c in found.per_class] for part in ("precision", "recall", "f1")]
        gap = max(
            abs(found.accuracy - accuracy_score(truth, said)), abs(found.macro_f1 - f1_score(truth, said, average="macro")),
            float(np.abs(np.array(ours) - np.array(theirs[:3])).max()),
        )  # fmt: skip
        _raise(worst, "accuracy, precision, recall, F1", gap)
        is_a = (truth == 0).tolist()
        pairs = list(zip(shares[:, 0].round(2).tolist(), is_a, strict=True))
        _raise(
            worst, "average precision",
            abs(average_precision(pairs) - average_precision_score(is_a, [p for p, _ in pairs])),
        )  # fmt: skip
        share, mean = calibration_curve(is_a, shares[:, 0], n_bins=10)
        curve = reliability_of(list(zip(shares[:, 0].tolist(), is_a, strict=True)))
        full = [b for b in curve.bins if b.count]
        _raise(
            worst, "reliability and Brier",
            max(
                float(np.abs(np.array([b.share for b in full]) - share).max()),
                float(np.abs(np.array([b.said for b in full]) - mean).max()),
                abs(curve.brier - brier_score_loss(is_a, shares[:, 0])),
            ),
        )  # fmt: skip
    for name, gap in worst.items():
        yield Row(
            f"{name[:1].upper()}{name[1:]}",
            f"largest difference {gap:.1e} in {rounds} random sets",
            "scikit-learn",
            gap < 1e-9,
        )
    logits = rng.normal(0, 2, 400)
    labels = (rng.random(400) < 1 / (1 + np.exp(-(0.4 * logits - 1)))).astype(float)
    plus, minus = labels.sum(), (1 - labels).sum()
    wanted = np.where(labels > 0, (plus + 1) / (plus + 2), 1 / (minus + 2))
    model = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(
        np.r_[logits, logits][:, None], np.r_[np.ones(400), np.zeros(400)], np.r_[wanted, 1 - wanted]
    )
    gap = float(np.abs(np.array(platt(logits, labels)) - [model.coef_[0, 0], model.intercept_[0]]).max())
    yield Row("Platt's line", f"largest difference {gap:.1e}", "scikit-learn's logistic regression", gap < 1e-4)


def groups(rounds: int = 40) -> Iterator[Row]:
    from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

    rng, worst = np.random.default_rng(1), 0.0
    for _ in range(rounds):
        truth, said, group = rng.integers(0, 2, 120), rng.integers(0, 2, 120), rng.integers(0, 3, 120)
        found = class_rates(
            "1", {n: str(v) for n, v in enumerate(truth)}, {n: str(v) for n, v in enumerate(said)},
            {n: str(v) for n, v in enumerate(group)}, ("0", "1", "2"),
        )  # fmt: skip
        worst = max(
            worst,
            abs((found.parity or 0) - demographic_parity_difference(truth, said, sensitive_features=group)),
            abs((found.odds or 0) - equalized_odds_difference(truth, said, sensitive_features=group)),
        )
    yield Row(
        "Differences between groups (parity, equalised odds)", f"largest difference {worst:.1e} in {rounds} random sets",
        "fairlearn", worst < 1e-9,
    )  # fmt: skip


def _raise(worst: dict[str, float], name: str, value: float) -> None:
    worst[name] = max(worst[name], float(value))


# Intervals and tests -------------------------------------------------------------------------------------------------


def intervals(rounds: int) -> Iterator[Row]:
    """How often a 95 % interval holds the true value, and how often a test of equal models finds a difference."""
    rng = random.Random(0)
    hits = 0
    for _ in range(10 * rounds):
        low, high = wilson(sum(rng.random() < 0.8 for _ in range(60)), 60)
        hits += low <= 0.8 <= high
    yield _coverage("The interval of a share (Wilson), 60 items", hits, 10 * rounds)
    # The true F1 of a model that finds three labels of four and is right two times of three.
    hits, chances = 0, (0.45, 0.225, 0.15)
    true = f1(*chances)  # type: ignore[arg-type]
    for seed in range(rounds):
        counts = [tuple(int(rng.random() < c) for c in chances) for _ in range(80)]
        low, high = bootstrap(counts, lambda drawn: f1(*(sum(v) for v in zip(*drawn, strict=True))), 400, seed)
        hits += low <= true <= high
    yield _coverage("The bootstrap interval of F1, 80 items", hits, rounds)
    found = 0
    for _ in range(rounds):
        first = {n: float(rng.random() < 0.8) for n in range(60)}
        second = {n: float(rng.random() < 0.8) for n in range(60)}
        found += paired(first, second, "score").p_value < 0.05
    low, high = wilson(found, rounds)
    yield Row(
        f"Two equally good models called different by the paired test, {rounds} draws",
        f"{found / rounds:.1%} (95 % interval {low:.1%} to {high:.1%})", "stated: at most 5 %", low <= 0.05,
    )  # fmt: skip


def _coverage(what: str, hits: int, rounds: int) -> Row:
    low, high = wilson(hits, rounds)
    return Row(
        f"{what}: how often it holds the true value, {rounds} draws",
        f"{hits / rounds:.1%} (95 % interval {low:.1%} to {high:.1%})", "stated: 95 %; at least 91 %",
        hits / rounds >= 0.91,
    )  # fmt: skip


def unlike(draws: int = 60) -> Iterator[Row]:
    """The warning about things unlike what was learnt: how often it comes without reason."""
    vectors, _ = digits(400)
    alarms_, tested = 0, 0
    for seed in range(draws):
        order = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(seed))
        train, validation, test = (vectors[part] for part in order.split([240, 80, 80]))
        known = fit_familiar(train, validation, test, torch.ones(160), frozen=True, seed=seed)
        assert known is not None
        alarms_, tested = alarms_ + known.alarms, tested + known.tested
    yield Row(
        f"False alarms of “unlike what it learnt from”, digits, {draws} draws of 80 test items",
        f"{alarms_ / tested:.1%}", f"stated: {RATE:.0%}; at most 6 %", alarms_ / tested <= 0.06,
    )  # fmt: skip


# The table -----------------------------------------------------------------------------------------------------------


def page(rows: list[Row], seconds: float, left: list[str]) -> str:
    """The table as Markdown, with what it was made by; `left`: parts that were not measured."""
    known = []
    for name in ("torch", "scikit-learn", "captum", "fairlearn", "cleanlab"):
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            known.append(f"{name} not installed")
    made = datetime.now(UTC).date().isoformat()
    mark = {True: "yes", False: "**no**", None: "–"}
    lines = [
        "# What the numbers about trust are worth",
        "",
        "Every method that tells a person whether to rely on a model is held against a reference implementation or against a"
        " truth that was planted. Written by `python benchmarks/trust_evidence.py --write docs/trust_evidence.md`.",
        "",
        f"Made on {made} in {seconds / 60:.1f} minutes of processor time; Python {platform.python_version()}, {', '.join(known)}.",
        "",
        "| What | Measured | Held against | Holds |",
        "|---|---|---|---|",
        *(f"| {r.about} | {r.measured} | {r.against} | {mark[r.holds]} |" for r in rows),
        "",
        *([f"Not measured this time: {', '.join(n.replace('_', ' ') for n in left)}.", ""] if left else []),
    ]
    return "\n".join(lines)


def _measured(name: str, part: Callable[[], Iterator[Row]], kept: Path | None) -> tuple[list[Row], float]:
    """A part's rows, printed as they come, and the processor's seconds they took; from `kept` where they are there."""
    file = kept / f"{name}.json" if kept is not None else None
    if file is not None and file.is_file():
        told = json.loads(file.read_text("utf-8"))
        rows = [Row(**row) for row in told["rows"]]
        for row in rows:
            _print(row)
        return rows, float(told["seconds"])
    began, rows = time.process_time(), []
    for row in part():
        # numpy's truth is none that JSON knows.
        rows.append(replace(row, holds=None if row.holds is None else bool(row.holds)))
        _print(row)
    took = time.process_time() - began
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"rows": [asdict(row) for row in rows], "seconds": took}), encoding="utf-8")
    return rows, took


def _print(row: Row) -> None:
    mark = "   " if row.holds is None else "ok " if row.holds else "NO "
    print(f"{mark} {row.about}\n      {row.measured}   [{row.against}]", flush=True)


def main() -> int:
    """Measure and print. Returns 1 when something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only", default="", help="one part: its name")
    parser.add_argument("--kept", type=Path, help="a folder with a file per part: what is there is not measured again")
    parser.add_argument(
        "--known", action="store_true", help="measure nothing anew; the page says which parts are missing"
    )
    options = parser.parse_args()
    catalog = Catalog.load()
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "wrong_labels": wrong_labels, "leakage": leakage,
        "drift_pictures": lambda: drift("digits 0-4", ("digits 5-9", "faces"), options.seeds),
        "drift_texts": lambda: drift("messages", ("licences",), options.seeds),
        "percentages": lambda: percentages(catalog), "attribution": attribution, "measures": measures, "groups": groups,
        "intervals": lambda: intervals(options.seeds), "unlike": unlike,
    }  # fmt: skip
    rows, seconds, left = [], 0.0, []
    for name, part in parts.items():
        if options.only and name != options.only:
            continue
        if options.known and not (options.kept is not None and (options.kept / f"{name}.json").is_file()):
            left.append(name)
            continue
        made, took = _measured(name, part, options.kept)
        rows += made
        seconds += took
        print(f"    ({name}: {took:.0f} s)", file=sys.stderr, flush=True)
    if options.write:
        options.write.write_text(page(rows, seconds, left), encoding="utf-8")
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
