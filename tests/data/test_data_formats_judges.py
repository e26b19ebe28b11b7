"""Other programs read what we write, and we read what they write: pycocotools (COCO's own), torchvision's Pascal VOC, globox
(COCO, YOLO, VOC, labelme, CVAT), Pillow for palettes."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from marked_sets import Picture, blob, brought_in, exported, make_picture, project_of
from PIL import Image

from workbench.data.annotations import NewAnnotation
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.rle import coco_runs, packed, region_of_coco, unpacked
from workbench.data.shapes import BoxShape, Polygon, Region, bounds, region_from_bits, shape_bits
from workbench.data.types import Split

SIZE = (64, 48)
CLASSES = ("cat", "dog", "naïve 猫")
BOXES: list[Picture] = [
    ("a.png", Split.TRAIN, (NewAnnotation(BoxShape(3.5, 4.25, 30, 40), "cat"), NewAnnotation(BoxShape(0, 0, 64, 48), "dog"))),
    ("b.png", Split.TRAIN, (NewAnnotation(BoxShape(10, 11, 21, 33), "naïve 猫", ignored=True),)),
    ("c.png", Split.TRAIN, ()),
]  # fmt: skip
AREAS: list[Picture] = [
    ("a.png", Split.TRAIN, (NewAnnotation(blob(1), "cat"), NewAnnotation(blob(3), "dog", ignored=True))),
    (
        "b.png", Split.TRAIN,
        (NewAnnotation(Polygon((((5.5, 5.5), (60.25, 9), (30, 44.5)), ((1, 30), (9, 30), (5, 46)))), "naïve 猫"),),
    ),
]  # fmt: skip


@pytest.fixture
def boxes(tmp_path: Path) -> Project:
    return project_of(tmp_path / "boxes", BOXES, CLASSES)


@pytest.fixture
def areas(tmp_path: Path) -> Project:
    return project_of(tmp_path / "areas", AREAS, CLASSES)


def corners(pictures: list[Picture]) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    return {name: [(m.label, bounds(m.shape)) for m in marks or ()] for name, _, marks in pictures}


def near(found: dict[str, list[tuple[str, tuple[float, ...]]]], wanted: list[Picture], off: float) -> None:
    expected = corners(wanted)
    assert set(found) == set(expected)
    for name, marks in expected.items():
        assert [label for label, _ in found[name]] == [label for label, _ in marks]
        for (_, a), (_, b) in zip(found[name], marks, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=off)


# COCO --------------------------------------------------------------------------------------------------------------


def coco(path: Path):  # type: ignore[no-untyped-def]
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_pycocotools_reads_our_boxes(boxes: Project, tmp_path: Path) -> None:
    exported(boxes, tmp_path / "out", "coco")
    judge = coco(tmp_path / "out" / "annotations" / "instances_train.json")
    assert [c["name"] for c in judge.loadCats(judge.getCatIds())] == list(CLASSES)
    found = {}
    for image in judge.loadImgs(judge.getImgIds()):
        assert (image["width"], image["height"]) == SIZE
        assert (tmp_path / "out" / "images" / image["file_name"]).is_file()
        marks = judge.loadAnns(judge.getAnnIds(imgIds=image["id"]))
        found[image["file_name"]] = [
            (
                judge.cats[m["category_id"]]["name"],
                (m["bbox"][0], m["bbox"][1], m["bbox"][0] + m["bbox"][2], m["bbox"][1] + m["bbox"][3]),
            )
            for m in marks
        ]
        assert all(m["area"] == m["bbox"][2] * m["bbox"][3] for m in marks)
    near(found, BOXES, 1e-12)
    assert [a["iscrowd"] for a in judge.loadAnns(judge.getAnnIds())] == [0, 0, 1]


def test_pycocotools_draws_our_areas_as_we_do(areas: Project, tmp_path: Path) -> None:
    exported(areas, tmp_path / "out", "coco")
    judge = coco(tmp_path / "out" / "annotations" / "instances_train.json")
    names = {image["file_name"]: image["id"] for image in judge.loadImgs(judge.getImgIds())}
    for name, _, marks in AREAS:
        drawn = judge.loadAnns(judge.getAnnIds(imgIds=names[name]))
        for given, mark in zip(drawn, marks or (), strict=True):
            theirs = judge.annToMask(given).astype(bool)
            ours = shape_bits(mark.shape, *SIZE)
            if isinstance(mark.shape, Region):
                np.testing.assert_array_equal(theirs, ours)
            else:
                # Outlines are drawn by another rule along the edge.
                assert (theirs & ours).sum() / (theirs | ours).sum() > 0.9


def test_coco_runs_are_pycocotools_own_both_ways() -> None:
    from pycocotools import mask

    rng = np.random.default_rng(5)
    for number in range(150):
        height, width = (int(v) for v in rng.integers(1, 40, 2))
        bits = rng.random((height, width)) < (1.0 if number % 10 == 0 else rng.random())
        region = region_from_bits(bits)
        if region is None:
            continue
        theirs = mask.encode(np.asfortranarray(bits.astype(np.uint8)))["counts"].decode()
        assert packed(coco_runs(region, width, height)) == theirs
        assert region_of_coco(unpacked(theirs), width, height) == region


def test_an_evaluation_of_our_file_against_itself_is_perfect(boxes: Project, tmp_path: Path) -> None:
    from pycocotools.cocoeval import COCOeval

    exported(boxes, tmp_path / "out", "coco")
    with contextlib.redirect_stdout(io.StringIO()):
        judge = coco(tmp_path / "out" / "annotations" / "instances_train.json")
        answers = [
            {"image_id": a["image_id"], "category_id": a["category_id"], "bbox": a["bbox"], "score": 1.0}
            for a in judge.loadAnns(judge.getAnnIds())
        ]
        evaluation = COCOeval(judge, judge.loadRes(answers), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


# Pascal VOC --------------------------------------------------------------------------------------------------------


def as_devkit(folder: Path) -> Path:
    """Our folder where torchvision looks for the set of 2012, with its list for training."""
    home = folder.parent / "VOCdevkit" / "VOC2012"
    home.parent.mkdir()
    folder.rename(home)
    return folder.parent


def test_torchvision_reads_our_voc(tmp_path: Path) -> None:
    from torchvision.datasets import VOCDetection

    pictures: list[Picture] = [(name.replace(".png", ".jpg"), split, marks) for name, split, marks in BOXES]
    with project_of(tmp_path / "p", pictures, CLASSES, kind="JPEG") as project:
        exported(project, tmp_path / "out", "voc")
    judge = VOCDetection(str(as_devkit(tmp_path / "out")), year="2012", image_set="train")
    assert len(judge) == 3
    found = {}
    for picture, sheet in judge:
        assert picture.size == SIZE
        things = sheet["annotation"].get("object", [])
        found[sheet["annotation"]["filename"]] = [
            (
                t["name"],
                (int(t["bndbox"]["xmin"]) - 1, int(t["bndbox"]["ymin"]) - 1, int(t["bndbox"]["xmax"]), int(t["bndbox"]["ymax"])),
            )
            for t in things
        ]  # fmt: skip
    near(found, pictures, 0.5)
    assert judge[1][1]["annotation"]["object"][0]["difficult"] == "1"


def test_torchvision_and_pillow_read_our_masks(tmp_path: Path) -> None:
    from torchvision.datasets import VOCSegmentation

    with project_of(tmp_path / "p", AREAS, CLASSES, kind="JPEG") as project:
        exported(project, tmp_path / "out", "voc-segmentation")
    judge = VOCSegmentation(str(as_devkit(tmp_path / "out")), year="2012", image_set="train")
    assert len(judge) == 2
    _, mask = judge[0]
    assert mask.mode == "P" and mask.getpalette()[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
    assert mask.getpalette()[765:] == [224, 224, 192]
    first, second = (shape_bits(m.shape, *SIZE) for m in AREAS[0][2] or ())
    values = np.asarray(mask)
    np.testing.assert_array_equal(values == 255, second)
    np.testing.assert_array_equal(values == 1, first & ~second)


def test_our_coloured_masks_have_the_colours_their_list_names(areas: Project, tmp_path: Path) -> None:
    exported(areas, tmp_path / "out", "masks-colour")
    listed = {}
    for line in (tmp_path / "out" / "label_colors.txt").read_text(encoding="utf-8").splitlines():
        colour, name = line.split("\t")
        listed[name] = tuple(map(int, colour.split()))
    assert list(listed) == ["background", *CLASSES, "void"]
    pixels = np.asarray(Image.open(tmp_path / "out" / "masks" / "b.png"))
    ours = shape_bits((AREAS[1][2] or ())[0].shape, *SIZE)
    np.testing.assert_array_equal((pixels == listed["naïve 猫"]).all(-1), ours)
    np.testing.assert_array_equal((pixels == listed["background"]).all(-1), ~ours)


# globox ------------------------------------------------------------------------------------------------------------


def from_globox(found, names: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    return {
        Path(a.image_id).name: [
            (names[int(b.label)] if names else b.label, (b.xmin, b.ymin, b.xmax, b.ymax)) for b in a.boxes
        ]
        for a in found
    }


def test_globox_reads_our_files(boxes: Project, tmp_path: Path) -> None:
    from globox import AnnotationSet

    for format_id in ("coco", "cvat", "labelme", "voc"):
        exported(boxes, tmp_path / format_id, format_id)
    near(from_globox(AnnotationSet.from_coco(tmp_path / "coco/annotations/instances_train.json")), BOXES, 1e-12)
    near(from_globox(AnnotationSet.from_cvat(tmp_path / "cvat/annotations.xml")), BOXES, 0)
    near(from_globox(AnnotationSet.from_labelme(tmp_path / "labelme/train")), BOXES, 0)
    # It takes VOC's numbers as they stand: the first pixel is 1 there.
    voc = from_globox(AnnotationSet.from_pascal_voc(tmp_path / "voc/Annotations"))
    near({k: [(n, (a - 1, b - 1, c, d)) for n, (a, b, c, d) in v] for k, v in voc.items()}, BOXES, 0.5)


def test_globox_reads_our_yolo(tmp_path: Path) -> None:
    from globox import AnnotationSet

    pictures: list[Picture] = [(n, s, tuple(m for m in marks or () if not m.ignored)) for n, s, marks in BOXES]
    with project_of(tmp_path / "p", pictures, CLASSES) as project:
        exported(project, tmp_path / "yolo", "yolo")
    found = AnnotationSet.from_yolo_v5(
        tmp_path / "yolo/labels/train", image_folder=tmp_path / "yolo/images/train", image_extension=".png"
    )
    near(from_globox(found, CLASSES), pictures, 1e-9)


@pytest.mark.parametrize("kind", ["coco", "cvat", "yolo", "voc", "labelme"])
def test_we_read_what_globox_writes(kind: str, tmp_path: Path) -> None:
    from globox import Annotation, AnnotationSet, BoundingBox

    given = AnnotationSet()
    wanted: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    for number in range(3):
        name = f"p{number}.png"
        make_picture(tmp_path / "set" / name)
        sides = [(1 + number, 2, 30, 40), (5, 6, 7 + number, 9)]
        wanted[f"p{number}"] = [("cat", sides[0]), ("dog", sides[1])]
        boxes = [
            BoundingBox(label=label, xmin=a, ymin=b, xmax=c, ymax=d) for label, (a, b, c, d) in wanted[f"p{number}"]
        ]
        given.add(Annotation(name, image_size=SIZE, boxes=boxes))
    folder = tmp_path / "set"
    if kind == "coco":
        given.save_coco(folder / "set.json", auto_ids=True)
    elif kind == "cvat":
        given.save_cvat(folder / "set.xml")
    elif kind == "yolo":
        given.save_yolo_v5(folder, label_to_id={"cat": 0, "dog": 1})
        (folder / "classes.txt").write_text("cat\ndog\n")
    elif kind == "voc":
        given.save_pascal_voc(folder)
    else:
        given.save_labelme(folder)
    plan = sniff([folder])
    first = 1 if kind == "voc" else 0
    found = {
        name: sorted(
            (m.label, tuple(v + o for v, o in zip(bounds(m.shape), (first, first, 0, 0), strict=True)))
            for m in marks or ()
        )
        for name, (_, marks) in brought_in(plan, "boxes").items()
    }
    assert not plan.problems
    for name, marks in wanted.items():
        for (label, sides), (other, theirs) in zip(found[name], marks, strict=True):
            assert label == other
            np.testing.assert_allclose(sides, theirs, rtol=0, atol=1e-4)


# Files as other programs write them --------------------------------------------------------------------------------


def test_masks_of_label_studios_brush_are_read() -> None:
    """The bytes that label-studio-sdk's `encode_rle` gives for a small picture."""
    from workbench.data.rle import brush_of_region, region_of_brush

    stored = json.loads((Path(__file__).parent / "formats" / "brush.json").read_text())
    bits = np.array(stored["mask"], bool)
    height, width = bits.shape
    region = region_from_bits(bits)
    assert region is not None
    assert region_of_brush(stored["rle"], width, height) == region
    assert region_of_brush(brush_of_region(region, width, height), width, height) == region
