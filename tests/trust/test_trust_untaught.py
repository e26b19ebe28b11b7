"""What needs no teaching, and the taught model beside it: against scikit-learn, and by planted answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestCentroid

from workbench.data.types import ItemPrediction, Split
from workbench.tasks.registry import all_tasks, get_task
from workbench.tasks.untaught import by_look_alikes
from workbench.trust.metrics import evaluation_from_predictions
from workbench.trust.untaught import FILE, Untaught, beside, keep_untaught, kept_untaught


def judgement(right: list[bool], split: str = "test"):  # type: ignore[no-untyped-def]
    said = [
        ItemPrediction(n, Split.TEST, "ab"[n % 2], "ab"[n % 2] if ok else "ab"[1 - n % 2], (0.5, 0.5))
        for n, ok in enumerate(right)
    ]
    return evaluation_from_predictions(("a", "b"), said, split)


def test_look_alikes_are_the_nearest_class_means_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 16))
    shown = np.concatenate([centres[c] + 0.5 * rng.normal(size=(5, 16)) for c in range(4)])
    targets = np.repeat(range(4), 5)
    asked = centres[rng.integers(0, 4, 200)] + 0.8 * rng.normal(size=(200, 16))

    def unit(rows: np.ndarray) -> np.ndarray:
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    found = by_look_alikes(torch.tensor(asked), torch.tensor(shown), targets.tolist(), 4)
    # The cosine to a mean is the distance to it once all means have length 1.
    judged = NearestCentroid().fit(unit(shown), targets)
    judged.centroids_ = unit(judged.centroids_)
    assert found == judged.predict(unit(asked)).tolist()


def test_taught_beside_untaught_on_the_same_items(tmp_path: Path) -> None:
    taught = judgement([n % 10 != 0 for n in range(80)])
    # The untaught one says "a" always; it was asked about the first 60 only.
    keep_untaught(tmp_path, Untaught("names", "A starter", 0, dict.fromkeys(range(60), "a")))
    found = beside(tmp_path, taught, "texts")
    assert found is not None and (found.n, found.right) == (60, 30) and found.share == 0.5
    assert found.interval()[0] < 0.5 < found.interval()[1]
    # By hand: of 60, taught alone is right on 30 - 0 items ("b"), untaught alone on 6 (each tenth is an "a").
    assert (len(found.compared.only_a), len(found.compared.only_b)) == (30, 6) and found.compared.p_value < 0.001
    text = found.sentence()
    assert "nearest to the name of a class" in text and "50% right" in text and "unlikely to be chance" in text
    assert found.to_json()["p_value"] == found.compared.p_value
    # A label that was corrected since counts as it is now.
    corrected = evaluation_from_predictions(
        ("a", "b"), [ItemPrediction(p.item_id, p.split, "a", p.predicted_class, p.scores) for p in taught.predictions]
    )
    again = beside(tmp_path, corrected, "texts")
    assert again is not None and again.right == 60
    keep_untaught(tmp_path, Untaught("look-alikes", "A starter", 5, {1: "a"}))
    shown = beside(tmp_path, taught, "pictures")
    assert shown is not None and "by look-alikes" in shown.sentence() and "5 shown examples" in shown.sentence()


def test_nothing_to_compare_says_nothing(tmp_path: Path) -> None:
    taught = judgement([True] * 20)
    assert beside(tmp_path, taught, "texts") is None
    keep_untaught(tmp_path, Untaught("names", "A starter", 0, dict.fromkeys(range(20), "a")))
    assert beside(tmp_path, judgement([True] * 20, "validation"), "texts") is None
    for damaged in (
        "",
        "[]",
        '{"said": []}',
        json.dumps({"way": "names", "model": "", "examples": "x", "said": {"1": "a"}}),
    ):
        (tmp_path / FILE).write_text(damaged)
        assert kept_untaught(tmp_path) is None and beside(tmp_path, taught, "texts") is None


@pytest.mark.parametrize("kind", ["names", "look-alikes"])
def test_tasks_say_whether_there_is_a_way_without_teaching(kind: str) -> None:
    wanted = {"names": ["text-classification"], "look-alikes": ["image-classification", "sound-classification"]}
    assert sorted(t.info.id for t in all_tasks() if t.info.untaught == kind) == wanted[kind]
    assert get_task("text-tags").info.untaught == ""
