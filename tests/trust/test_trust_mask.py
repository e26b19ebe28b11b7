"""Judging areas, held against scikit-learn and segmentation-models-pytorch."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, Polygon, Region, class_map, region_from_bits, shape_bits
from workbench.data.types import Item, ItemPrediction, NewItem, Split
from workbench.engine.save import save_prediction
from workbench.errors import UserError
from workbench.tasks.masks import IGNORED, regions_of, truth_map, values_of
from workbench.tasks.predictions import Mask, to_record
from workbench.trust import report_mask
from workbench.trust.card.html import parts_html
from workbench.trust.judge_mask import MISSED, RIGHT, AreaEvaluation, compared, judge
from workbench.trust.judging import Answered, compare

CLASSES = ("sky", "tree", "cat")


def mask_of(values: np.ndarray, labels: tuple[str, ...] = ("background", *CLASSES), **more: Any) -> Mask:
    stream = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(stream, "PNG")
    shares = tuple(float((values == i).mean()) for i in range(len(labels)))
    return Mask(stream.getvalue(), values.shape[1], values.shape[0], labels, shares, **more)


def marked(truth: np.ndarray) -> tuple[tuple[Annotation, ...], tuple[str, ...]]:
    """A class map as the painted areas a person would have made."""
    found, names = [], []
    for number in np.unique(truth[truth > 0]):
        region = region_from_bits(truth == number)
        assert region is not None
        found.append(Annotation(region, 1, ignored=bool(number == IGNORED)))
        names.append("" if number == IGNORED else CLASSES[number - 1])
    return tuple(found), tuple(names)


def answered(item_id: int, truth: np.ndarray, said: np.ndarray, **more: Any) -> Answered:
    annotations, names = marked(truth)
    kept = ItemPrediction(item_id, Split.TEST, "", "", (), to_record(mask_of(said, **more)))
    return Answered(Item(item_id, "picture", f"{item_id}.png", marked=True), kept, annotations, names)


def pictures(seed: int, count: int = 6, kinds: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        truth = rng.integers(0, kinds + 1, (rng.integers(5, 20), rng.integers(5, 20))).astype(np.uint8)
        truth[rng.random(truth.shape) < 0.1] = IGNORED
        said = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, kinds + 1, truth.shape))
        said[truth == IGNORED] = rng.integers(0, kinds + 1)
        made.append((truth, said.astype(np.uint8)))
    return made


def judged(pairs: list[tuple[np.ndarray, np.ndarray]]) -> AreaEvaluation:
    return judge(CLASSES, [answered(i, t, s) for i, (t, s) in enumerate(pairs, 1)], "test")


@pytest.mark.parametrize("kinds", [1, 3])
def test_overlap_dice_precision_and_recall_are_scikit_learns(kinds: int) -> None:
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, jaccard_score, precision_score, recall_score

    pairs = pictures(3, kinds=kinds)
    e = judged(pairs)
    truth = np.concatenate([t[t != IGNORED] for t, _ in pairs])
    said = np.concatenate([s[t != IGNORED] for t, s in pairs])
    there = list(range(kinds + 1))
    rows = e.per_class[: kinds + 1]
    for wanted, got in (
        (jaccard_score(truth, said, average=None, labels=there), [c.iou for c in rows]),
        (f1_score(truth, said, average=None, labels=there), [c.dice for c in rows]),
        (precision_score(truth, said, average=None, labels=there), [c.precision for c in rows]),
        (recall_score(truth, said, average=None, labels=there), [c.recall for c in rows]),
    ):
        assert got == pytest.approx(list(wanted))
    assert e.mean_iou == pytest.approx(jaccard_score(truth, said, average="macro", labels=there[1:]))
    assert e.mean_iou_all == pytest.approx(jaccard_score(truth, said, average="macro", labels=there))
    assert e.mean_dice == pytest.approx(f1_score(truth, said, average="macro", labels=there[1:]))
    assert e.point_accuracy == pytest.approx(accuracy_score(truth, said))
    assert (np.array(e.confusion)[: kinds + 1, : kinds + 1] == confusion_matrix(truth, said, labels=there)).all()
    for number, (t, s) in enumerate(pairs, 1):
        seen = np.union1d(t[t != IGNORED], s[t != IGNORED])
        alone = jaccard_score(t[t != IGNORED], s[t != IGNORED], average="macro", labels=seen[seen > 0])
        assert e.per_item()[number] == pytest.approx(alone)


def test_one_kind_against_the_rest_is_segmentation_models_pytorchs() -> None:
    import torch
    from segmentation_models_pytorch import metrics

    pairs = pictures(4, kinds=1)
    e = judged(pairs)
    truth = torch.from_numpy(np.concatenate([t[t != IGNORED] for t, _ in pairs]).astype(np.int64))[None, None]
    said = torch.from_numpy(np.concatenate([s[t != IGNORED] for t, s in pairs]).astype(np.int64))[None, None]
    counted = metrics.get_stats(said, truth, mode="binary")
    assert e.per_class[1].iou == pytest.approx(float(metrics.iou_score(*counted, reduction="micro")))
    assert e.per_class[1].dice == pytest.approx(float(metrics.f1_score(*counted, reduction="micro")))
    assert e.mean_iou == e.per_class[1].iou  # one class: its overlap is the score
    assert [c.iou for c in e.per_class[2:]] == [None, None]


def test_the_interval_holds_the_score_and_narrows_with_more_pictures() -> None:
    few, many = judged(pictures(5, 5)), judged(pictures(5, 60))
    assert few.low <= few.mean_iou <= few.high and many.low <= many.mean_iou <= many.high
    assert many.high - many.low < few.high - few.low
    assert judged(pictures(5, 5)).low == few.low  # drawn from a fixed seed


def test_the_simplest_answer_is_the_largest_area_everywhere() -> None:
    truth = np.zeros((10, 10), np.uint8)
    truth[:4], truth[4:5] = 1, 2
    e = judged([(truth, truth)])
    # All “sky” has 40 of 100 points of one class and none of the other.
    assert (e.baseline, e.baseline_class) == (pytest.approx(0.2), "sky")
    assert e.mean_iou == e.mean_dice == e.point_accuracy == 1.0
    everywhere = judged([(truth, np.full_like(truth, 1))])
    assert everywhere.mean_iou == pytest.approx(e.baseline)
    assert "not clearly better than the simplest answer" in everywhere.sentence()
    assert "not clearly better" not in e.sentence() and "Only 1 pictures were tested" in e.sentence()


def test_the_sentence_says_what_is_covered() -> None:
    truth, said = np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8)
    truth[:5], said[:4], said[9] = 1, 1, 1
    e = judged([(truth, said)] * 40)
    words = e.sentence()
    assert "covers 80% of “sky”" in words and "overlap is 67%" in words and "80% of all points are right" in words
    numbers = e.headline()
    assert numbers["score"] == pytest.approx(2 / 3) and numbers["n"] == 40 and numbers["low"] <= numbers["score"]
    assert e.to_json()["per_class"][1]["dice"] == pytest.approx(0.8)
    headings, rows = e.table()
    assert headings[0] == "class" and rows[0][0] == "nothing" and rows[1][:3] == ["sky", "66.7%", "80.0%"]
    assert rows[2][1] == "–"


def test_nothing_to_find_and_nothing_found() -> None:
    empty = np.zeros((8, 8), np.uint8)
    e = judged([(empty, empty)])
    assert e.mean_iou == 1.0 and e.per_item() == {1: 1.0} and "nothing to find" in e.sentence()
    wrong = empty.copy()
    wrong[0, 0] = 1
    assert judged([(empty, wrong)]).mean_iou == 0.0
    none = judge(CLASSES, [], "test")
    assert none.headline() == {"split": "test", "n": 0} and none.sentence() == "There was nothing to test on."


def test_a_class_the_model_does_not_know_counts_as_not_found_and_what_it_calls_otherwise_as_nothing() -> None:
    truth = np.zeros((6, 6), np.uint8)
    truth[:3], truth[3:5] = 1, 3
    said = np.zeros((6, 6), np.uint8)
    said[:3], said[3:5] = 2, 1
    answer = answered(1, truth, said, labels=("void", "bus", "sky"), background=0)
    e = judge(("sky",), [answer], "test")
    assert e.classes == ("sky", "cat")
    assert [c.iou for c in e.per_class] == [pytest.approx(6 / 18), 1.0, 0.0]
    with pytest.raises(UserError, match="more than 254"):
        judge([f"c{i}" for i in range(255)], [], "test")


def test_annotations_without_a_class_and_ignored_ones_count_neither_way() -> None:
    said = np.ones((4, 4), np.uint8)
    kept = ItemPrediction(1, Split.TEST, "", "", (), to_record(mask_of(said)))
    shapes = (Annotation(BoxShape(0, 0, 4, 2), 5), Annotation(BoxShape(0, 2, 4, 3)), Annotation(BoxShape(0, 3, 4, 4), 5, ignored=True))  # fmt: skip
    answer = Answered(Item(1, "picture", "a"), kept, shapes, ("sky", "", "sky"))
    e = judge(CLASSES, [answer], "test")
    assert e.confusion[1][1] == 8 and sum(map(sum, e.confusion)) == 8


def test_two_models_are_compared_picture_by_picture() -> None:
    pairs = pictures(8, 20)
    good, bad = judged([(t, np.where(t == IGNORED, 0, t)) for t, _ in pairs]), judged(pairs)
    found = compare(good, bad)
    assert "is better" in found.sentence("this one", "the other") and not found.only_b


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 30))
def test_shapes_drawn_in_their_windows_are_the_whole_shapes(seed: int, width: int, height: int) -> None:
    rng = random.Random(seed)
    shapes: list[tuple[Any, int]] = []
    for number in range(1, 5):
        points = [(rng.uniform(-5, width + 5), rng.uniform(-5, height + 5)) for _ in range(4)]
        (x0, y0), (x1, y1) = points[:2]
        w, h = rng.randint(1, 9), rng.randint(1, 9)
        runs = (rng.randint(0, w * h),)
        shapes += [
            (BoxShape(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), number),
            (Polygon((tuple(points),)), number + 10),
            (Region(rng.randint(-4, width), rng.randint(-4, height), w, h, (*runs, w * h - runs[0])), number + 20),
        ]
    wanted = np.zeros((height, width), np.uint8)
    for shape, number in shapes:
        wanted[shape_bits(shape, width, height)] = number
    assert (class_map(shapes, width, height) == wanted).all()


def test_what_was_found_becomes_painted_areas_without_specks() -> None:
    said = np.zeros((100, 120), np.uint8)
    said[10:40, 10:50], said[60:90, 60:100], said[50:60, 5:9], said[0, 0] = 1, 1, 3, 2
    mask = mask_of(said, sure=(0.9, 0.8, 0.2, 0.7))
    found = regions_of(mask, {"sky": 7, "cat": 9})
    assert [(a.class_id, a.source, a.score) for a in found] == [(7, "model", 0.8), (7, "model", 0.8), (9, "model", 0.7)]
    number = {7: 1, 9: 3}
    drawn = truth_map(found, [number[a.class_id or 0] for a in found], 120, 100)
    assert (drawn == np.where(said == 2, 0, said)).all() and (values_of(mask) == said).all()
    assert mask.certainty == pytest.approx(sum(a * b for a, b in zip(mask.shares, mask.sure, strict=True)))


def test_the_report_and_the_window_show_what_was_missed(tmp_path: Path) -> None:
    pairs = pictures(9, 3)
    e = judged(pairs)
    truth, said = pairs[0]
    seen = compared(e.answers[1], e.classes)
    assert seen is not None
    found = np.asarray(Image.open(io.BytesIO(seen.difference)))
    assert ((found == RIGHT) == ((truth == said) & (truth > 0) & (truth != IGNORED))).all()
    assert ((found == MISSED) == ((said == 0) & (truth > 0) & (truth != IGNORED))).all()
    assert not found[truth == IGNORED].any()
    assert (np.asarray(Image.open(io.BytesIO(seen.truth))) == truth).all()
    with Project.create(tmp_path / "p", "p", "semantic-segmentation") as project:
        path = tmp_path / "1.png"
        Image.fromarray(said * 60).resize((40, 40)).save(path)
        project.add_items([NewItem("picture", "a <b> picture", path=path, annotations=())])
        page = parts_html([*report_mask.sections(project, e), *report_mask.failures(project, e, None)])
    assert "Is ↓ called →" in page and f"{e.mean_iou_all:.1%}" in page
    assert "a &lt;b&gt; picture" in page and page.count("data:image/png;base64,") == 1


def test_a_mask_is_saved_with_its_colours_and_its_areas_as_a_table(tmp_path: Path) -> None:
    values = np.zeros((20, 30), np.uint8)
    values[:10], values[10:15, :15] = 1, 3
    mask = mask_of(values)
    save_prediction(mask, tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.mode == "P" and (np.asarray(picture) == values).all()
        shown = np.asarray(picture.convert("RGB"))
    assert tuple(shown[0, 0]) == (0x00, 0x72, 0xB2) and tuple(shown[19, 29]) == (0, 0, 0)
    save_prediction(mask, tmp_path / "m.csv")
    rows = list(csv.DictReader((tmp_path / "m.csv").open(encoding="utf-8-sig", newline="")))
    assert rows[0] == {"area": "sky", "value": "1", "share": "0.5", "square_pixels": "300"}
    assert rows[1]["area"] == "cat" and rows[1]["square_pixels"] == "75" and len(rows) == 2
    assert mask.to_json()["areas"][1]["square_pixels"] == 75 and "(300 square pixels)" in mask.lines()[0]
