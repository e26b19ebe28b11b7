"""Judging boxes, against pycocotools' own evaluation of the same things."""

from __future__ import annotations

import io
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_time import Watch
from PIL import Image
from shapes_set import new_items

from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, Polygon, Whole
from workbench.data.types import Item, ItemPrediction, Split
from workbench.tasks.found_things import LOOSE, NOTHING, TWICE, Scene, Thing, best_limit, sort_out
from workbench.tasks.predictions import Box, Boxes, to_record
from workbench.trust.card.html import parts_html
from workbench.trust.card.parts import Gallery, Heading
from workbench.trust.judging import Answered, Compared, compare, judge
from workbench.trust.report_boxes import failures, sections

NAMES = ("cat", "dog", "owl")


def answered(item_id: int, truths: list[tuple[Any, str, bool]], found: list[Box], sure: float = 0.5) -> Answered:
    said = ItemPrediction(item_id, Split.TEST, "", "", (), to_record(Boxes(tuple(found), 200, 200, threshold=sure)))
    return Answered(
        Item(item_id, "picture", f"{item_id}.png"),
        said,
        tuple(Annotation(shape, 1, ignored=ignored) for shape, _, ignored in truths),
        tuple(name for _, name, _ in truths),
    )


def random_answers(seed: int, pictures: int = 25) -> list[Answered]:
    """Things, some of them to be ignored, and found boxes near them, twice, wrongly named, or anywhere."""
    rng = random.Random(seed)
    result = []
    for number in range(pictures):
        truths: list[tuple[Any, str, bool]] = []
        found: list[Box] = []
        for _ in range(rng.randrange(6)):
            x, y, w, h = rng.uniform(0, 140), rng.uniform(0, 140), rng.uniform(8, 60), rng.uniform(8, 60)
            name = rng.choice(NAMES)
            truths.append((BoxShape(x, y, x + w, y + h), name, rng.random() < 0.15))
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                dx, dy = rng.gauss(0, w * 0.12), rng.gauss(0, h * 0.12)
                said = name if rng.random() < 0.85 else rng.choice(NAMES)
                # Few different scores, so that there are ties.
                found.append(Box(x + dx, y + dy, x + w + dx, y + h + dy, said, rng.randrange(1, 100) / 100))
        for _ in range(rng.randrange(3)):
            x, y = rng.uniform(0, 150), rng.uniform(0, 150)
            found.append(Box(x, y, x + 30, y + 30, rng.choice(NAMES), rng.randrange(1, 80) / 100))
        found.sort(key=lambda b: -b.score)
        result.append(answered(number + 1, truths, found))
    return result


def coco_numbers(answers: list[Answered], capsys: pytest.CaptureFixture[str]) -> tuple[list[float], Any]:
    """pycocotools' summary and its precision table [T, R, K, A, M]."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truths, found = [], []
    for a in answers:
        for annotation, name in zip(a.annotations, a.names, strict=True):
            s = annotation.shape
            assert isinstance(s, BoxShape)
            truths.append({"id": len(truths) + 1, "image_id": a.item.id, "category_id": NAMES.index(name) + 1,
                           "bbox": [s.x0, s.y0, s.x1 - s.x0, s.y1 - s.y0], "area": (s.x1 - s.x0) * (s.y1 - s.y0),
                           "iscrowd": int(annotation.ignored)})  # fmt: skip
        assert a.said.record is not None
        found += [
            {"image_id": a.item.id, "category_id": NAMES.index(b["label"]) + 1, "score": b["score"],
             "bbox": [b["x0"], b["y0"], b["x1"] - b["x0"], b["y1"] - b["y0"]]}
            for b in a.said.record["boxes"]
        ]  # fmt: skip
    truth = COCO()
    truth.dataset = {"info": {}, "images": [{"id": a.item.id} for a in answers], "annotations": truths,
                     "categories": [{"id": n + 1, "name": name} for n, name in enumerate(NAMES)]}  # fmt: skip
    truth.createIndex()
    reference = COCOeval(truth, truth.loadRes(found), "bbox")
    reference.evaluate()
    reference.accumulate()
    reference.summarize()
    capsys.readouterr()
    return list(reference.stats), reference.eval["precision"]


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_are_pycocotools(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    answers = random_answers(seed)
    stats, table = coco_numbers(answers, capsys)
    e = judge("boxes", NAMES, answers)
    assert e.map == pytest.approx(stats[0], abs=1e-9)
    assert e.map50 == pytest.approx(stats[1], abs=1e-9)
    assert e.recall == pytest.approx(stats[8], abs=1e-9)
    for number, result in enumerate(e.per_class):
        assert result.ap50 == pytest.approx(float(table[0, :, number, 0, 2].mean()), abs=1e-9)
        assert result.ap == pytest.approx(float(table[:, :, number, 0, 2].mean()), abs=1e-9)
    assert e.headline()["score"] == e.map50 and e.headline()["metric"] == "mAP@.5"
    assert capsys.readouterr().out == ""


def test_the_interval_holds_the_value_narrows_with_more_pictures_and_is_cheap() -> None:
    few, many = judge("boxes", NAMES, random_answers(1, 12)), judge("boxes", NAMES, random_answers(1, 200))
    watch = Watch()
    widths = []
    for e in (few, many):
        low, high = e.interval
        assert 0 <= low < e.map50 < high <= 1
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
    assert watch.seconds < 5
    # The interval is that of the plain way: judge each drawn set anew.
    rng = np.random.default_rng(0)
    answers = random_answers(1, 12)
    values = []
    for _ in range(120):
        drawn = [answers[i] for i in rng.integers(0, 12, 12)]
        values.append(judge("boxes", NAMES, drawn).map50)
    low, high = np.percentile(values, [2.5, 97.5])
    assert few.interval == pytest.approx((low, high), abs=0.06)


def test_every_thing_and_every_box_is_sorted_out_once() -> None:
    for answer in random_answers(7, 40):
        e = judge("boxes", NAMES, [answer])
        scene = e.scenes[0]
        sure = [f for f in scene.found if f.score >= scene.sure]
        real = [t for t in scene.truths if not t.ignored]
        out = sort_out(scene)
        assert len(out.right) + len(out.confused) + len(out.missed) == len(real) == e.things
        assert len(out.right) + len(out.confused) + len(out.wrong) <= len(sure)
        assert e.per_item() == {answer.item.id: out.f1}


def test_missed_wrong_and_confused_are_told_apart() -> None:
    truths = [
        (BoxShape(0, 0, 40, 40), "cat", False),
        (BoxShape(60, 0, 100, 40), "dog", False),
        (BoxShape(0, 60, 40, 100), "owl", False),
        (BoxShape(60, 60, 100, 100), "cat", False),
        (BoxShape(120, 0, 200, 80), "dog", True),
    ]
    found = [
        Box(1, 1, 41, 41, "cat", 0.9),  # right
        Box(0, 2, 40, 42, "cat", 0.8),  # the same again
        Box(60, 0, 100, 40, "owl", 0.7),  # a dog called owl
        Box(75, 75, 115, 115, "cat", 0.65),  # near a cat, not near enough
        Box(150, 150, 190, 190, "owl", 0.6),  # nothing
        Box(130, 10, 150, 30, "dog", 0.9),  # in a part that does not count
        Box(0, 60, 40, 100, "owl", 0.4),  # right, but not certain enough
    ]
    e = judge("boxes", NAMES, [answered(5, truths, found)])
    assert (e.things, e.found, e.drawn) == (4, 1, 5)
    assert {(m.true, m.box) for m in e.missed} == {("owl", (0, 60, 40, 100)), ("cat", (60, 60, 100, 100))}
    assert [(m.said, m.true) for m in e.confused] == [("owl", "dog")]
    assert [(m.said, m.why) for m in e.wrong] == [("cat", TWICE), ("cat", LOOSE), ("owl", NOTHING)]
    assert "found 1 of 4 things" in e.sentence() and "1 of the 5 boxes" in e.sentence()
    assert e.headline()["words"] == "Finds 1 of 4 things in pictures it had not seen; 1 of 5 boxes it draws are right."
    assert e.curve()[0] == (0.25, 1.0, 0.9) and e.curve("owl")[-1][0] == 1.0


def test_outlines_count_by_their_bounds_and_whole_labels_do_not_matter() -> None:
    outline = Polygon((((10, 10), (50, 12), (30, 60)),))
    found = [Box(10, 10, 50, 60, "cat", 0.9)]
    e = judge("boxes", NAMES, [answered(1, [(outline, "cat", False), (Whole(), "cat", False)], found)])
    assert e.map == 1.0 and e.things == 1
    # A thing without a class counts neither as found nor as missed.
    e = judge("boxes", NAMES, [answered(1, [(BoxShape(0, 0, 9, 9), "", False)], [])])
    assert e.things == 0 and e.headline()["score"] == 1.0


def test_a_class_the_model_does_not_know_is_missed() -> None:
    e = judge("boxes", ("cat",), [answered(1, [(BoxShape(0, 0, 20, 20), "eel", False)], [])])
    assert e.classes == ("cat", "eel") and e.map50 == 0 and len(e.missed) == 1
    cat = e.per_class[0]
    assert math.isnan(cat.ap50) and e.to_json()["per_class"][0]["ap50"] is None
    assert e.table()[1][0][3] == "-"


def test_nothing_to_judge_is_said() -> None:
    e = judge("boxes", NAMES, [])
    assert e.headline() == {"split": "test", "n": 0} and e.sentence() == "There was nothing to test on."


def test_the_best_limit_lies_between_right_and_wrong_boxes() -> None:
    truth = Thing((0, 0, 20, 20), "cat")
    scenes = [
        Scene(n, (truth,), (Thing((0, 0, 20, 20), "cat", 0.3 + n / 100), Thing((100, 100, 120, 120), "cat", 0.2)))
        for n in range(8)
    ]
    assert 0.2 < best_limit(scenes) <= 0.31
    assert best_limit(scenes[:3]) == 0.5
    assert best_limit([Scene(n, (truth,), ()) for n in range(9)]) == 0.5


def test_two_detectors_are_compared_picture_by_picture() -> None:
    good, bad = random_answers(2, 30), []
    for a in good:
        assert a.said.record is not None
        bad.append(answered(a.item.id, [], []))
    bad = [Answered(a.item, b.said, a.annotations, a.names) for a, b in zip(good, bad, strict=True)]
    found: Compared = compare(judge("boxes", NAMES, good), judge("boxes", NAMES, bad))
    assert found.only_a and "this one is better" in found.sentence("this one", "the other").lower()


def test_the_report_shows_curve_and_mistakes(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "Shapes <b>", "object-detection") as project:
        project.add_items(new_items(tmp_path / "pictures", 3))
        items = project.items(project.item_ids())
        names = {c.id: c.name for c in project.classes()}
        answers = []
        for item in items:
            kept = tuple(project.annotations(item.id))
            said = Boxes((Box(0, 0, 5, 5, "<i>ghost", 0.9),), 160, 160)
            record = ItemPrediction(item.id, Split.TEST, "", "", (), to_record(said))
            answers.append(Answered(item, record, kept, tuple(names[a.class_id or 0] for a in kept)))
        e = judge("boxes", [*names.values(), "<i>ghost"], answers)
        parts = [*sections(project, e), *failures(project, e, lambda _item: _picture())]
        page = parts_html(parts)
    assert "alt='Precision over recall'" in page and "&lt;i&gt;ghost" in page and "<i>ghost" not in page
    assert page.count(" missed</figcaption>") == min(6, e.things) and "nothing is there" in page
    # Each is framed on its picture, in the colour of its kind.
    for kind, colour in (
        ("Missed", (0x00, 0x72, 0xB2)),
        ("Boxes where nothing is, or not well placed", (0xD5, 0x5E, 0x00)),
    ):
        place = next(n for n, p in enumerate(parts) if isinstance(p, Heading) and p.text == kind)
        gallery = parts[place + 1]
        assert isinstance(gallery, Gallery) and gallery.examples[0].picture is not None
        with Image.open(io.BytesIO(gallery.examples[0].picture)) as framed:
            pixels = np.asarray(framed.convert("RGB")).astype(int)
        assert (np.abs(pixels - colour).sum(-1) < 100).sum() > 8


def _picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (80, 80), "white").save(stream, "PNG")
    return stream.getvalue()
