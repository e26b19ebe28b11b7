"""Oddities in files of labels, each with the sentence a person reads: mended where that is safe, left out otherwise."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from marked_sets import brought_in, make_picture, picture_bytes, told
from PIL import Image

from workbench.data.annotations import NewAnnotation
from workbench.data.importers import ImportPlan, sniff
from workbench.data.importers.marked import MarkedPlan, said
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, Polygon, Region, shape_bits
from workbench.data.types import NewItem, Split
from workbench.errors import UserError

Write = Callable[..., Path]


def shapes(plan: ImportPlan, name: str, editor: str = "") -> list[NewAnnotation]:
    marks = brought_in(plan, editor)[name][1]
    assert marks is not None
    return list(marks)


def marked(path: Path) -> MarkedPlan:
    plan = sniff([path])
    assert isinstance(plan, MarkedPlan)
    return plan


# COCO --------------------------------------------------------------------------------------------------------------


def coco_set(folder: Path, annotations: list[dict[str, Any]], **more: Any) -> Path:
    make_picture(folder / "images" / "a.png")
    make_picture(folder / "images" / "b.png")
    given = {
        "images": [
            {"id": 1, "file_name": "a.png", "width": 64, "height": 48},
            {"id": 2, "file_name": "b.png", "width": 64, "height": 48},
        ],
        "annotations": annotations,
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
    } | more
    (folder / "set.json").write_text(json.dumps(given))
    return folder


def ann(number: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": number, "image_id": 1, "category_id": 3, "bbox": [1, 2, 10, 10]} | more


@pytest.mark.parametrize(
    ("annotation", "sentence"),
    [
        (ann(image_id=99), "annotation 1 (set.json): It belongs to picture 99, which the file does not list."),
        (ann(bbox=[1, 2, 0, 5]), "annotation 1 (a.png): A box has no area inside its picture."),
        (ann(bbox=[100, 100, 5, 5]), "annotation 1 (a.png): A box has no area inside its picture."),
        (ann(bbox=[1, 2, -4, 5]), "annotation 1 (a.png): Its box has a negative width or height."),
        (ann(bbox=[float("nan"), 2, 4, 5]), "annotation 1 (a.png): It has neither a box nor an outline."),
        (ann(bbox=None), "annotation 1 (a.png): It has neither a box nor an outline."),
        (ann(segmentation={"size": [48, 64], "counts": "!!"}), "annotation 1 (a.png): A painted area is damaged."),
        (ann(segmentation={"size": [48, 64], "counts": [5, 5]}), "annotation 1 (a.png): A painted area is not of its picture's size."),
        (ann(segmentation={"size": [4, 4], "counts": [8, 8]}), "annotation 1 (a.png): Its painted area is of 4 × 4 pixels, its picture of 64 × 48."),
        (ann(segmentation={"counts": [1]}), "annotation 1 (a.png): Its painted area has no size."),
    ],
)  # fmt: skip
def test_coco_leaves_out_and_says_so(annotation: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    plan = marked(coco_set(tmp_path, [annotation, ann(2, image_id=2)]))
    assert sentence in told(plan.problems)
    assert shapes(plan, "b") == [NewAnnotation(BoxShape(1, 2, 11, 12), "cat")]
    # The rest goes on: a project is made, and the problem comes back with the result.
    with Project.create(tmp_path / "p", "p", "object-detection") as project:
        result = project.add_items(plan.read())
        assert len(result.added) == 2 and sentence in told(result.problems)


@pytest.mark.parametrize(
    ("annotations", "sentence", "summary", "wanted"),
    [
        (
            [ann(bbox=[60, 40, 10, 20])], "annotation 1 (a.png): It reached over the edge of its picture and is cut off there.",
            "1 label reached over the edge of its picture and is cut off there.", [BoxShape(60, 40, 64, 48)],
        ),
        (
            [ann(category_id=5)], "Its class 5 is not in the file; it is called “class 5”.",
            "1 label is of a class that the file does not name", [BoxShape(1, 2, 11, 12)],
        ),
        (
            [ann(), ann(bbox=[3, 3, 3, 3])], "Another label has the same id; both are taken.",
            "1 label has the id of another one; all are taken.", [BoxShape(1, 2, 11, 12), BoxShape(3, 3, 6, 6)],
        ),
        (
            [ann(), ann()], "It is in the file twice, with the same id and place; it is taken once.",
            "1 label is in the file twice and taken once.", [BoxShape(1, 2, 11, 12)],
        ),
        (
            [ann(keypoints=[1, 2, 2])], "Its key points have no place here and are left out.",
            "1 label has key points; these are left out.", [BoxShape(1, 2, 11, 12)],
        ),
        (
            [ann(segmentation=[[1, 1, 5, 5]])], "One of its outlines has fewer than three points, or half a point; it is left out.",
            "1 outline has fewer than three points, or half a point, and is left out.", [BoxShape(1, 2, 11, 12)],
        ),
    ],
)  # fmt: skip
def test_coco_mends_and_says_so(
    annotations: list[dict[str, Any]], sentence: str, summary: str, wanted: list[BoxShape], tmp_path: Path
) -> None:
    plan = marked(coco_set(tmp_path, annotations))
    assert sentence in told(plan.repairs) and summary in "\n".join(plan.warnings)
    assert not plan.problems
    assert [m.shape for m in shapes(plan, "a")] == wanted


def test_coco_crowds_do_not_count_and_come_as_painted(tmp_path: Path) -> None:
    runs = [48 * 10 + 5, 10, 48 * 54 - 15]
    plan = marked(
        coco_set(tmp_path, [ann(iscrowd=1, segmentation={"size": [48, 64], "counts": runs}), ann(2, iscrowd="1")])
    )
    crowd, box = shapes(plan, "a")
    assert crowd.ignored and box.ignored
    assert isinstance(crowd.shape, Region) and (
        crowd.shape.x,
        crowd.shape.y,
        crowd.shape.width,
        crowd.shape.height,
    ) == (10, 5, 1, 10)
    # For a project of boxes the file's own box counts, not the one around the area.
    assert shapes(plan, "a", "boxes")[0].shape == BoxShape(1, 2, 11, 12)
    assert plan.loss("boxes") == "Only boxes fit here: outlines and painted areas become the boxes around them."
    assert plan.loss("regions") == ""


def test_coco_ids_may_be_anything(tmp_path: Path) -> None:
    images = [{"id": 2**40, "file_name": "a.png"}, {"id": "b", "file_name": "b.png"}, {"id": [1], "file_name": "c.png"}]
    given = [ann(2**70, image_id=2**40), ann("x", image_id="b", category_id="7"), ann(None, image_id=float(2**40))]
    plan = marked(coco_set(tmp_path, given, images=images))
    assert len(shapes(plan, "a")) == 2 and shapes(plan, "b")[0].label == "dog"
    assert (
        told(plan.problems)
        == "c.png: The picture is not there. Put it beside the labels, or drop the folder that holds both."
    )


def test_coco_pictures_that_are_missing_twice_or_without_name(tmp_path: Path) -> None:
    images = [
        {"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}, {"id": 3, "file_name": "a.png"},
        {"id": 4, "file_name": "gone.png"}, {"id": 5},
    ]  # fmt: skip
    plan = marked(coco_set(tmp_path, [ann(), ann(2, image_id=3, bbox=[0, 0, 4, 4]), ann(3, image_id=4)], images=images))
    assert [m.shape for m in shapes(plan, "a")] == [BoxShape(1, 2, 11, 12), BoxShape(0, 0, 4, 4)]
    text = told(plan.problems)
    assert "b.png (id 1): Two pictures have this id; labels with it go to “a.png”." in text
    assert "gone.png: The picture is not there." in text
    assert "picture 5: It has no file name." in text
    assert "a.png: The file lists this picture more than once; the labels are put together." in told(plan.repairs)
    # The picture that nothing speaks of comes in without labels.
    assert brought_in(plan)["b"][1] is None
    assert "1 picture has no labels yet and comes in without." in plan.warnings


def test_coco_without_any_of_its_pictures_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "set.json").write_text(json.dumps({"images": [{"id": 1, "file_name": "gone.png"}], "annotations": []}))
    with pytest.raises(UserError, match=r"None of the pictures that “set\.json” speaks of can be used"):
        sniff([tmp_path / "set.json"])


def test_coco_files_without_places_are_said_plainly(tmp_path: Path) -> None:
    coco_set(tmp_path, [])
    (tmp_path / "set.json").write_text(
        json.dumps(
            {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"id": 1, "image_id": 1, "caption": "a cat"}]}
        )
    )
    with pytest.raises(UserError, match="in words or points"):
        sniff([tmp_path])
    (tmp_path / "set.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "a.png"}],
                "annotations": [{"image_id": 1, "id": 1, "segments_info": []}],
            }
        )
    )
    with pytest.raises(UserError, match="panoptic"):
        sniff([tmp_path])


def test_coco_parts_come_from_the_files_names(tmp_path: Path) -> None:
    for part in ("train", "val"):
        make_picture(tmp_path / f"{part}2017" / f"{part}.png")
        images = [{"id": 1, "file_name": f"{part}.png"}]
        (tmp_path / "annotations").mkdir(exist_ok=True)
        (tmp_path / "annotations" / f"instances_{part}2017.json").write_text(
            json.dumps({"images": images, "annotations": [ann()], "categories": [{"id": 3, "name": "cat"}]})
        )
        (tmp_path / "annotations" / f"person_keypoints_{part}2017.json").write_text(
            json.dumps({"images": images, "annotations": [ann()], "categories": [{"id": 3, "name": "cat"}]})
        )
    plan = marked(tmp_path)
    kept = brought_in(plan)
    assert (kept["train"][0], kept["val"][0]) == (Split.TRAIN, Split.VALIDATION)
    assert len(kept["train"][1] or ()) == 1
    assert "The parts of the data stay as the files say: 1 train, 1 validation." in plan.warnings


def test_a_class_in_two_spellings_is_one(tmp_path: Path) -> None:
    given = [{"id": 3, "name": "Cat"}, {"id": 7, "name": " cat "}, {"id": 7, "name": "other"}, {"id": 9, "name": ""}]
    plan = marked(coco_set(tmp_path, [ann(), ann(2, category_id=7)], categories=given))
    assert [m.label for m in shapes(plan, "a")] == ["Cat", "Cat"]
    assert "The classes “Cat” and “cat” are taken as one." in plan.warnings
    assert "Two classes have this id" in told(plan.repairs)
    assert plan.classes == ["Cat", "class 9"]


def test_roboflows_name_of_the_whole_set_is_no_class(tmp_path: Path) -> None:
    given = [
        {"id": 0, "name": "animals", "supercategory": "none"},
        {"id": 3, "name": "cat", "supercategory": "animals"},
    ]
    assert marked(coco_set(tmp_path, [ann()], categories=given)).classes == ["cat"]


# Where pictures are --------------------------------------------------------------------------------------------------


def test_pictures_are_found_beside_when_the_path_is_of_another_computer(tmp_path: Path) -> None:
    images = [
        {"id": 1, "file_name": "C:\\Users\\me\\set\\a.png"}, {"id": 2, "file_name": "/home/you/b.png"},
    ]  # fmt: skip
    plan = marked(coco_set(tmp_path, [ann(), ann(2, image_id=2)], images=images))
    assert not plan.problems and plan.total == 2
    assert "2 pictures were found by name in another folder than the file says." in plan.warnings


@pytest.mark.parametrize("name", ["../secret.png", "images/../../secret.png", "..\\secret.png"])
def test_paths_that_lead_out_of_the_folder_are_not_followed(name: str, tmp_path: Path) -> None:
    make_picture(tmp_path / "secret.png")
    plan = marked(
        coco_set(tmp_path / "set", [], images=[{"id": 1, "file_name": name}, {"id": 2, "file_name": "b.png"}])
    )
    assert f"{name}: Its path leads out of the folder and is not followed." in told(plan.problems)
    assert "secret" not in brought_in(plan)


def test_no_other_computer_is_asked_for_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = Path.is_file

    def noted(self: Path) -> bool:
        asked.append(str(self))
        return real(self)

    monkeypatch.setattr(Path, "is_file", noted)
    images = [
        {"id": 1, "file_name": r"\\server\share\x.png"},
        {"id": 3, "file_name": "http://host/y.png"},
        {"id": 2, "file_name": "b.png"},
    ]
    plan = marked(coco_set(tmp_path, [], images=images))
    assert len(plan.problems) == 2
    assert not [p for p in asked if "server" in p and p.startswith(("//", "\\\\"))]


def test_of_several_pictures_of_a_name_the_folders_decide(tmp_path: Path) -> None:
    make_picture(tmp_path / "x" / "one" / "p.png")
    make_picture(tmp_path / "x" / "two" / "p.png")
    images = [{"id": 1, "file_name": "/far/two/p.png"}, {"id": 2, "file_name": "/far/three/p.png"}]
    plan = marked(coco_set(tmp_path, [ann()], images=images))
    assert "Several pictures have this name, and the file does not say which one is meant." in told(plan.problems)
    names = [i.name for i in plan.read() if isinstance(i, NewItem) and i.annotations]
    assert names == ["x/two/p.png"]


def test_a_picture_with_another_ending_and_letters_taken_apart(tmp_path: Path) -> None:
    make_picture(tmp_path / "images" / "cafe\u0301.png")
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "caf\u00e9.png"}]
    plan = marked(coco_set(tmp_path, [ann(), ann(2, image_id=2)], images=images))
    assert not plan.problems
    assert "a.jpg: The picture was found with another ending." in told(plan.repairs)


def test_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    coco_set(tmp_path, [ann()])
    (tmp_path / "images" / "a.png").write_bytes(b"no picture")
    assert "a.png: This is not a picture the app can read." in told(marked(tmp_path).problems)


# Sizes and orientation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("painted", [False, True])
def test_labels_on_the_stored_pixels_are_turned_with_the_picture(turn: int, painted: bool, tmp_path: Path) -> None:
    """The truth is in the picture: a white patch that is labelled on the stored pixels."""
    from workbench.data.media import open_picture

    pixels = np.zeros((48, 80, 3), np.uint8)
    pixels[10:20, 5:35] = 255
    exif = Image.Exif()
    exif[0x0112] = turn
    (tmp_path / "images").mkdir()
    Image.fromarray(pixels).save(tmp_path / "images" / "a.png", exif=exif)
    bits = np.zeros((48, 80), bool)
    bits[10:20, 5:35] = True
    flat = bits.T.reshape(-1)
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    record = ann(bbox=[5, 10, 30, 10]) | ({"segmentation": {"size": [48, 80], "counts": runs}} if painted else {})
    images = [{"id": 1, "file_name": "a.png", "width": 80, "height": 48}]
    (tmp_path / "set.json").write_text(json.dumps({"images": images, "annotations": [record], "categories": []}))
    plan = marked(tmp_path)
    shown = open_picture(tmp_path / "images" / "a.png")
    (mark,) = shapes(plan, "a")
    if turn >= 5:
        assert "a.png: The camera turned this picture; its labels are turned with it." in told(plan.repairs)
    if turn in (1, 5, 6, 7, 8):
        np.testing.assert_array_equal(shape_bits(mark.shape, *shown.size), np.asarray(shown)[..., 0] > 0)


def test_labels_made_on_the_shown_picture_stay(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture_bytes(1, 80, 48, turn=6))
    images = [{"id": 1, "file_name": "a.png", "width": 48, "height": 80}]
    (tmp_path / "set.json").write_text(json.dumps({"images": images, "annotations": [ann(bbox=[1, 60, 5, 15])]}))
    plan = marked(tmp_path)
    assert not [r for r in plan.repairs if "turned" in str(r)]
    assert shapes(plan, "a")[0].shape == BoxShape(1, 60, 6, 75)


def test_labels_of_another_size_are_scaled_or_left_out(tmp_path: Path) -> None:
    images = [
        {"id": 1, "file_name": "a.png", "width": 128, "height": 96}, {"id": 2, "file_name": "b.png", "width": 100, "height": 100},
    ]  # fmt: skip
    plan = marked(coco_set(tmp_path, [ann(bbox=[10, 20, 30, 40]), ann(2, image_id=2)], images=images))
    assert shapes(plan, "a")[0].shape == BoxShape(5, 10, 20, 30)
    assert "a.png: The labels were made on 128 × 96 pixels, the picture has 64 × 48; they are scaled." in told(
        plan.repairs
    )
    assert (
        "b.png: Its labels were made for 100 × 100 pixels, but the picture has 64 × 48. It comes in without labels."
        in told(plan.problems)
    )
    assert brought_in(plan)["b"][1] is None


# Pascal VOC ----------------------------------------------------------------------------------------------------------


def voc_set(folder: Path, things: str, name: str = "a.png", size: str = "<width>64</width><height>48</height>") -> Path:
    make_picture(folder / "JPEGImages" / "a.png")
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    (folder / "Annotations" / "a.xml").write_text(
        f"<annotation><filename>{name}</filename><size>{size}</size>{things}</annotation>", encoding="utf-8"
    )
    return folder


def thing(*sides: object, name: str = "cat", more: str = "") -> str:
    box = "".join(f"<{n}>{v}</{n}>" for n, v in zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=False))
    return f"<object><name>{name}</name>{more}<bndbox>{box}</bndbox></object>"


def test_voc_counts_from_one_unless_a_zero_says_otherwise(tmp_path: Path) -> None:
    plan = marked(voc_set(tmp_path / "one", thing(1, 1, 64, 48)))
    assert shapes(plan, "a")[0].shape == BoxShape(0, 0, 64, 48)
    plan = marked(voc_set(tmp_path / "zero", thing(0, 5, 64, 48) + thing(3, 4, 5, 6)))
    assert [m.shape for m in shapes(plan, "a")] == [BoxShape(0, 5, 64, 48), BoxShape(3, 4, 5, 6)]
    assert "These boxes count pixels from 0, not from 1 as Pascal VOC does; they are read so." in plan.warnings


def test_voc_oddities(tmp_path: Path) -> None:
    things = "".join(
        (
            thing(10, 10, 20, 20, more="<difficult>1</difficult><truncated>1</truncated>"), thing(30.5, 8, 2, 40),
            thing("x", 1, 2, 3), thing(1, 2, 3), thing(50, 40, 90, 90), thing(5, 5, 9, 9, name=""),
            thing(2, 2, 8, 8, more="<part><name>head</name></part>"),
        )
    )  # fmt: skip
    plan = marked(voc_set(tmp_path, things))
    first, swapped, cut, nameless, _ = shapes(plan, "a")
    assert first.ignored and swapped.shape == BoxShape(1, 7, 30.5, 40) and cut.shape == BoxShape(49, 39, 64, 48)
    assert nameless.label == "without a name"
    assert told(plan.problems).count("Its box has a side that is missing or no number.") == 2
    assert "Annotations/a.xml, object 3: Its box has a side that is missing or no number." in told(plan.problems)
    for sentence in (
        "object 2: The ends of its box are the wrong way round; they are exchanged.",
        "object 5: It reached over the edge of its picture and is cut off there.",
        "object 6: It has no class; it is called “without a name”.",
        "object 7: The parts of its body are left out.",
    ):
        assert sentence in told(plan.repairs)
    assert "“Truncated”, “occluded” and “pose” have no place here and are left out." in plan.warnings


def test_voc_finds_pictures_by_the_sheets_name_when_the_sheet_is_wrong(tmp_path: Path) -> None:
    plan = marked(voc_set(tmp_path, thing(1, 1, 9, 9), name="renamed long ago.jpg"))
    assert plan.total == 1 and len(shapes(plan, "a")) == 1
    assert "found by its name" in told(plan.repairs)


def test_voc_sizes_of_zero_are_no_sizes_and_turned_ones_are_turned(tmp_path: Path) -> None:
    plan = marked(voc_set(tmp_path / "zero", thing(1, 1, 9, 9), size="<width>0</width><height>0</height>"))
    assert not plan.problems and not plan.repairs
    folder = voc_set(tmp_path / "turned", thing(1, 1, 20, 10))
    (folder / "JPEGImages" / "a.png").write_bytes(picture_bytes(3, 64, 48, turn=6))
    assert shapes(marked(folder), "a")[0].shape == BoxShape(38, 0, 48, 20)


def test_voc_outlines_beside_boxes_are_read(tmp_path: Path) -> None:
    outline = "<polygon><x1>5</x1><y1>5</y1><x2>30</x2><y2>6</y2><x3>10</x3><y3>40</y3></polygon>"
    plan = marked(voc_set(tmp_path, thing(6, 6, 30, 40, more=outline)))
    assert isinstance(shapes(plan, "a", "regions")[0].shape, Polygon)
    assert shapes(plan, "a", "boxes")[0].shape == BoxShape(5, 5, 30, 40)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><annotation><filename>&y;</filename></annotation>',
            "defines entities, with which a file can fill the memory; it is not read",
        ),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>', "defines entities"),
        ("<annotation><filename>a.png</filename>", "is not readable XML"),
    ],
)  # fmt: skip
def test_dangerous_and_broken_xml_is_not_read(text: str, sentence: str, tmp_path: Path) -> None:
    voc_set(tmp_path, thing(1, 1, 9, 9))
    (tmp_path / "Annotations" / "b.xml").write_text(text)
    plan = marked(tmp_path)
    assert sentence in told(plan.problems) and plan.total == 1


# YOLO ----------------------------------------------------------------------------------------------------------------


def yolo_set(folder: Path, lines: str, names: str | None = "cat\ndog\n") -> Path:
    make_picture(folder / "images" / "train" / "a.png", 100, 50)
    (folder / "labels" / "train").mkdir(parents=True, exist_ok=True)
    (folder / "labels" / "train" / "a.txt").write_text(lines)
    if names is not None:
        (folder / "classes.txt").write_text(names)
    return folder


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0 0.5 0.5 0.2", "line 2: This line is not a class and four numbers, or a class and an outline."),
        ("cat 0.5 0.5 0.2 0.2", "line 2: This line is not a class and four numbers"),
        ("0 nan 0.5 0.2 0.2", "line 2: This line is not a class and four numbers"),
        ("-1 0.5 0.5 0.2 0.2", "line 2: This line is not a class and four numbers"),
        ("0 0.5 0.5 0.2 0.2 0.3 0.4 0.9", "line 2: Its outline has half a point."),
        ("0 50 25 20 10", "line 2: Its numbers are no fractions of the picture's width and height."),
        ("0 0.5 0.5 -0.2 0.2", "line 2: Its width or height is negative."),
        ("0 0.5 0.5 0 0.2", "line 2: A box has no area inside its picture."),
        ("0 1.8 1.8 0.1 0.1", "line 2: A box has no area inside its picture."),
    ],
)
def test_yolo_leaves_out_and_says_so(line: str, sentence: str, tmp_path: Path) -> None:
    plan = marked(yolo_set(tmp_path, f"1 0.5 0.5 0.2 0.4\n{line}\n"))
    assert f"labels/train/a.txt, {sentence}" in told(plan.problems)
    assert shapes(plan, "a") == [NewAnnotation(BoxShape(40, 15, 60, 35), "dog")]


def test_yolo_mends_and_says_so(tmp_path: Path) -> None:
    make_picture(tmp_path / "images" / "train" / "no labels.png")
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "nowhere.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    plan = marked(
        yolo_set(tmp_path, "0 0.95 0.5 0.3 0.2\n5 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.1 0.1 0.87\n0 0.5 0.5 0.1 0.1 0.87\n")
    )
    cut, unknown, sure = shapes(plan, "a")
    assert (
        cut.shape == BoxShape(80, 20, 100, 30)
        and unknown.label == "class 5"
        and sure.shape == BoxShape(45, 22.5, 55, 27.5)
    )
    for sentence in (
        "line 1: It reached over the edge of its picture and is cut off there.",
        "line 2: There is no name for its class 5; it is called “class 5”.",
        "line 4: The same line comes twice; it is taken once.",
    ):
        assert sentence in told(plan.repairs)
    assert "nowhere.txt: There is no picture of this name." in told(plan.problems)
    assert brought_in(plan)["no labels"] == (Split.TRAIN, None)


def test_yolo_without_names_calls_classes_by_number(tmp_path: Path) -> None:
    plan = marked(yolo_set(tmp_path, "1 0.5 0.5 0.2 0.2\n", None))
    assert (
        "No file says what the classes are called (classes.txt, data.yaml); they are called by their numbers."
        in plan.warnings
    )
    assert list(plan.label_counts) == ["class 1"]


def test_yolo_with_ultralytics_settings(tmp_path: Path) -> None:
    yolo_set(tmp_path, "0 0.1 0.1 0.5 0.1 0.3 0.6\n", None)
    make_picture(tmp_path / "valid" / "images" / "b.png")
    (tmp_path / "valid" / "labels").mkdir()
    (tmp_path / "valid" / "labels" / "b.txt").write_text("")
    (tmp_path / "data.yaml").write_text(
        "path: /somewhere/else\ntrain: images/train\nval: ../valid/images\ntest: ../test/images\nnames: {0: cat, 2: 'a dog'}\n"
    )
    plan = marked(tmp_path)
    assert plan.classes == ["cat", "class 1", "a dog"] and plan.marks == "regions"
    kept = brought_in(plan)
    assert kept["b"] == (Split.VALIDATION, ()) and kept["a"][0] == Split.TRAIN
    assert "“../test/images” is named for a part of the data, but it is not here." in plan.warnings
    assert brought_in(sniff([tmp_path / "data.yaml"])) == kept


def test_yolo_key_points_are_left_out(tmp_path: Path) -> None:
    yolo_set(tmp_path, "0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.4 0.4 2\n", None)
    (tmp_path / "data.yaml").write_text("train: images/train\nnames: [person]\nkpt_shape: [2, 3]\n")
    plan = marked(tmp_path)
    assert shapes(plan, "a")[0].shape == BoxShape(40, 20, 60, 30)
    assert "Its key points have no place here and are left out." in told(plan.repairs)


def test_yolo_of_darknet(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_picture(tmp_path / "obj_train_data" / f"{name}.jpg", 100, 50)
        (tmp_path / "obj_train_data" / f"{name}.txt").write_text("1 0.5 0.5 0.2 0.4\n")
    (tmp_path / "obj.names").write_text("cat\ndog\n")
    (tmp_path / "obj.data").write_text(
        "classes = 2\ntrain = data/train.txt\nvalid = data/test.txt\nnames = data/obj.names\nbackup = backup/\n"
    )
    (tmp_path / "train.txt").write_text("data/obj_train_data/a.jpg\ndata/obj_train_data/gone.jpg\n")
    (tmp_path / "test.txt").write_text("/far/away/obj_train_data/b.jpg\ndata/obj_train_data/a.jpg\n")
    plan = marked(tmp_path)
    kept = brought_in(plan)
    assert {n: s for n, (s, _) in kept.items()} == {"a": Split.TRAIN, "b": Split.VALIDATION}
    assert shapes(plan, "a")[0].label == "dog"
    assert "data/obj_train_data/gone.jpg (in train.txt): The picture is not there." in told(plan.problems)
    assert "It is listed for “train” and for “validation”; the first counts." in told(plan.repairs)


# Create ML, labelme, CVAT, Label Studio ------------------------------------------------------------------------------


def test_create_ml_oddities(tmp_path: Path) -> None:
    make_picture(tmp_path / "a.png")
    make_picture(tmp_path / "b.png")

    def box(*sides: Any, label: Any = "cat") -> dict[str, Any]:
        return {"label": label, "coordinates": dict(zip(("x", "y", "width", "height"), sides, strict=False))}

    (tmp_path / "_annotations.createml.json").write_text(
        json.dumps(
            [
                {"image": "a.png", "annotations": [box(10, 10, 4, 6), box(1, 2, 3), box(5, 5, -1, 2), box(62, 40, 10, 4, label=3)]},
                {"image": "b.png", "annotations": [box(0.5, 0.5, 0.25, 0.5)]},
                {"image": "a.png", "annotations": [box(30, 30, 2, 2)]},
                {"image": "gone.png", "annotations": []},
                "nonsense",
            ]
        )
    )  # fmt: skip
    plan = marked(tmp_path)
    assert [m.shape for m in shapes(plan, "a")] == [
        BoxShape(8, 7, 12, 13),
        BoxShape(57, 38, 64, 42),
        BoxShape(29, 29, 31, 31),
    ]
    assert shapes(plan, "b")[0].shape == BoxShape(24, 12, 40, 36)
    problems, repairs = told(plan.problems), told(plan.repairs)
    assert "a.png, box 2: Its box has a side that is missing or no number." in problems
    assert "a.png, box 3: Its box has a negative width or height." in problems
    assert "entry 5: It is no entry for a picture." in problems and "gone.png: The picture is not there." in problems
    assert "b.png: Its boxes are fractions of the picture, not pixels; they are read so." in repairs
    assert "a.png: The file lists this picture more than once; the labels are put together." in repairs
    assert shapes(plan, "a")[1].label == "without a name"


def labelme_sheet(shapes_of: list[dict[str, Any]], **more: Any) -> str:
    return json.dumps(
        {"version": "5.5.0", "flags": {}, "shapes": shapes_of, "imagePath": "a.png", "imageData": None, "imageHeight": 48, "imageWidth": 64}
        | more
    )  # fmt: skip


def test_labelme_kinds_of_shapes(tmp_path: Path) -> None:
    make_picture(tmp_path / "a.png")

    def one(kind: str, *points: tuple[float, float], **more: Any) -> dict[str, Any]:
        return {"label": "cat", "shape_type": kind, "points": [list(p) for p in points], "group_id": None} | more

    given = [
        one("rectangle", (30, 40), (10, 20)), one("circle", (20, 20), (25, 20)), one("point", (1, 1)), one("line", (1, 1), (2, 2)),
        one("linestrip", (1, 1), (2, 2)), one("polygon", (1, 1), (9, 1), (1, 9), group_id=4, flags={"ignored": True}),
        one("polygon", (20, 1), (29, 1), (20, 9), group_id=4), one("polygon", (1, 1), (2, 2)), one("spline", (1, 1)),
        one("polygon", (1, 1), (9, "x"), (1, 9)), one("oriented_rectangle", (1, 1), (5, 1), (5, 5), (1, 5)),
        {"label": None, "points": [[40, 30], [70, 30], [40, 45]], "shape_type": "polygon"}, "nonsense",
    ]  # fmt: skip
    (tmp_path / "a.json").write_text(labelme_sheet(given))
    plan = marked(tmp_path)
    box, circle, grouped, oriented, cut = shapes(plan, "a")
    assert box.shape == BoxShape(10, 20, 30, 40)
    assert isinstance(circle.shape, Polygon) and shape_bits(circle.shape, 64, 48).sum() == pytest.approx(
        np.pi * 25, rel=0.05
    )
    assert isinstance(grouped.shape, Polygon) and len(grouped.shape.parts) == 2 and grouped.ignored
    assert isinstance(oriented.shape, Polygon) and cut.label == "without a name"
    problems, repairs = told(plan.problems), told(plan.repairs)
    for sentence in (
        "a.json, shape 8: Its outline has fewer than three points.", "a.json, shape 9: This app does not know shapes of the kind “spline”.",
        "a.json, shape 10: One of its points is no pair of numbers.", "a.json, shape 13: It is no shape.",
    ):  # fmt: skip
        assert sentence in problems
    for sentence in (
        "a.json, shape 2: A circle becomes an outline with 64 corners.", "a.json, shape 3: A “point” has no area and is left out.",
        "a.json, shape 12: It reached over the edge of its picture and is cut off there.",
    ):  # fmt: skip
        assert sentence in repairs
    assert "3 points and lines have no area and are left out." in plan.warnings


def test_labelme_takes_the_picture_out_of_the_file_when_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    shape = {"label": "cat", "shape_type": "rectangle", "points": [[1, 1], [9, 9]]}
    data = base64.b64encode(picture_bytes(4)).decode()
    (tmp_path / "set" / "a.json").write_text(labelme_sheet([shape], imageData=data, imagePath="..\\raw\\a.png"))
    (tmp_path / "set" / "b.json").write_text(labelme_sheet([shape], imageData="###", imagePath="b.png"))
    plan = marked(tmp_path / "set")
    assert "1 picture is not there; the copy inside the label file is used." in plan.warnings
    assert "b.json: Its picture is not there, and the copy in the file is damaged." in told(plan.problems)
    with Project.create(tmp_path / "p", "p", "object-detection") as project:
        project.add_items(plan.read())
        del plan
        (item,) = project.items(project.item_ids())
        assert item.path is not None and item.path.is_relative_to(project.folder) and item.path.is_file()
        assert item.marks == 1


def cvat_file(folder: Path, inner: str, meta: str = "") -> Path:
    make_picture(folder / "a.png")
    (folder / "annotations.xml").write_text(f"<annotations><version>1.1</version>{meta}{inner}</annotations>")
    return folder


def test_cvat_kinds_of_shapes(tmp_path: Path) -> None:
    inner = """<image id="0" name="a.png" width="64" height="48">
    <box label="cat" xtl="1.5" ytl="2" xbr="9" ybr="9" occluded="1"/>
    <box label="cat" xtl="10" ytl="10" xbr="30" ybr="20" rotation="90"/>
    <ellipse label="cat" cx="20" cy="20" rx="5" ry="8"/>
    <polyline label="cat" points="1,1;2,2"/> <points label="cat" points="1,1"/> <tag label="sunny"/>
    <polygon label="cat" points="1,1;2,2"/> <polygon label="cat" points="1,1;2,x;3,3"/>
    <mask label="cat" rle="1, 2, 1" left="3" top="4" width="2" height="2"><attribute name="difficult">1</attribute></mask>
    <mask label="cat" rle="1, 2" left="3" top="4" width="2" height="2"/>
    <mask label="cat" rle="x" left="3" top="4" width="2" height="2"/>
    <box label="cat" xtl="1" ytl="2" xbr="9"/>
    </image>"""
    plan = marked(
        cvat_file(tmp_path, inner, "<meta><task><labels><label><name>dog</name></label></labels></task></meta>")
    )
    box, turned, ellipse, mask, short = shapes(plan, "a")
    assert box.shape == BoxShape(1.5, 2, 9, 9)
    assert isinstance(turned.shape, Polygon)
    np.testing.assert_allclose(sorted(turned.shape.parts[0]), [(15, 5), (15, 25), (25, 5), (25, 25)], atol=1e-9)
    assert (
        isinstance(ellipse.shape, Polygon)
        and mask.ignored
        and mask.shape == short.shape == Region(3, 4, 2, 2, (1, 2, 1))
    )
    assert plan.classes == ["dog", "cat"]
    problems, repairs = told(plan.problems), told(plan.repairs)
    assert problems.count("Its outline has fewer than three points.") == 1
    assert "One of its points is no pair of numbers." in problems and "A painted area is damaged." in problems
    assert "One of its sides is missing or no number." in problems
    assert (
        "A turned box becomes an outline with four corners." in repairs and "A “polyline” has no place here" in repairs
    )
    assert "1 label for whole pictures is left out." in plan.warnings


def test_cvat_videos_are_said_plainly(tmp_path: Path) -> None:
    cvat_file(tmp_path, '<track id="0" label="cat"><box frame="0" xtl="1" ytl="2" xbr="3" ybr="4"/></track>')
    with pytest.raises(UserError, match="follows things through a video, frame by frame, which this app does not read"):
        sniff([tmp_path])


def test_label_studio_oddities(tmp_path: Path) -> None:
    make_picture(tmp_path / "my cat.png")

    def result(kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"type": kind, "value": value, "original_width": 64, "original_height": 48, "id": kind} | more

    rectangle = {"x": 25, "y": 50, "width": 50, "height": 25, "rotation": 0, "rectanglelabels": ["cat"]}
    results = [
        result("rectanglelabels", rectangle), result("rectanglelabels", rectangle | {"rotation": 90}),
        result("ellipselabels", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 10, "ellipselabels": ["cat"]}),
        result("polygonlabels", {"points": [[1, 1], [2, 2]], "polygonlabels": ["cat"]}),
        result("brushlabels", {"format": "rle", "rle": [1, 2, 3], "brushlabels": ["cat"]}),
        result("keypointlabels", {"x": 1, "y": 1, "keypointlabels": ["nose"]}), "nonsense",
        result("rectanglelabels", {"x": None, "y": 1, "width": 2, "height": 3, "rectanglelabels": ["cat"]}, id="other"),
    ]  # fmt: skip
    tasks = [
        {
            "data": {"image": "/data/upload/3/1a2b3c4d-my%20cat.png"},
            "annotations": [{"result": results}, {"result": []}, {"result": [], "was_cancelled": True}],
        },
        {"data": {"text": "no picture"}, "annotations": []},
    ]
    (tmp_path / "project-1.json").write_text(json.dumps(tasks))
    plan = marked(tmp_path)
    box, turned, ellipse = shapes(plan, "my cat")
    assert box.shape == BoxShape(16, 24, 48, 36)
    assert isinstance(turned.shape, Polygon) and isinstance(ellipse.shape, Polygon)
    problems, repairs = told(plan.problems), told(plan.repairs)
    for sentence in (
        "label 4: Its outline has fewer than three points, or half a point.", "label 5: A painted area is damaged.", "label 7: It is no label.",
        "label 8: One of its numbers is missing or none.", "task 2: It is no task about a picture.",
    ):  # fmt: skip
        assert sentence in problems, problems
    for sentence in (
        "More than one person has labelled it; the first one's labels are taken.", "label 2: Another label has the same id; both are taken.",
        "label 6: A label of the kind “keypointlabels” has no place here and is left out.",
    ):  # fmt: skip
        assert sentence in repairs, repairs


# Masks ---------------------------------------------------------------------------------------------------------------


def save_mask(path: Path, values: np.ndarray[Any, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def two_fields(a: int, b: int) -> np.ndarray[Any, Any]:
    values = np.zeros((48, 64), np.uint8)
    values[5:20, 5:30] = a
    values[25:40, 20:60] = b
    return values


@pytest.mark.parametrize(
    ("legend", "wanted"),
    [
        (("labels.txt", "background\ncat\ndog\n"), ["cat", "dog"]),
        (("labels.txt", "__ignore__\n_background_\ncat\ndog\n"), ["cat", "dog"]),
        (("classes.txt", "cat\ndog\n"), ["cat", "dog"]),
        (("labels.txt", "0 background\n1 cat\n2 dog\n"), ["cat", "dog"]),
        (("classes.json", '{"background": 0, "cat": 1, "dog": 2}'), ["cat", "dog"]),
        (("classes.json", '{"1": "cat", "2": "dog"}'), ["cat", "dog"]),
        (("legend.json", '[{"id": 1, "name": "cat", "color": "#ff0000"}, {"id": 2, "name": "dog", "color": [0, 255, 0]}]'), ["cat", "dog"]),
        (None, ["class 1", "class 2"]),
    ],
)  # fmt: skip
def test_numbers_of_masks_have_their_names(legend: tuple[str, str] | None, wanted: list[str], tmp_path: Path) -> None:
    make_picture(tmp_path / "images" / "a.jpg")
    save_mask(tmp_path / "masks" / "a.png", two_fields(1, 2))
    if legend:
        (tmp_path / legend[0]).write_text(legend[1])
    plan = marked(tmp_path)
    found = shapes(plan, "a")
    assert [m.label for m in found] == wanted and plan.marks == "regions"
    np.testing.assert_array_equal(shape_bits(found[1].shape, 64, 48), two_fields(0, 1) > 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("label_colors.txt", "64 128 64\tcat\n192 0 128\tdog\n0 0 0\tVoid\n"),
        ("class_dict.csv", "name,r,g,b\ncat,64,128,64\ndog,192,0,128\n"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:64,128,64::\ndog:192,0,128::\n"),
        ("colors.json", '{"cat": [64, 128, 64], "dog": "#c00080"}'),
    ],
)
def test_colours_of_masks_have_their_names(name: str, text: str, tmp_path: Path) -> None:
    make_picture(tmp_path / "train" / "a.png")
    table = np.array([[0, 0, 0], [64, 128, 64], [192, 0, 128], [1, 2, 3]], np.uint8)
    values = two_fields(1, 2)
    values[0, :7] = 3
    save_mask(tmp_path / "trainannot" / "a.png", table[values])
    (tmp_path / name).write_text(text)
    plan = marked(tmp_path)
    found = [m for m in shapes(plan, "a") if not m.ignored]
    assert [m.label for m in found] == ["cat", "dog"]
    assert "7 pixels have a colour (1, 2, 3) that the list of colours does not name; they are left out." in told(
        plan.problems
    )
    assert brought_in(plan)["a"][0] == Split.TRAIN
    assert [m.ignored for m in shapes(plan, "a")].count(True) == ("Void" in text)


@pytest.mark.parametrize(
    "layout", ["beside", "one folder", "a folder per picture", "a folder per class", "as the data science bowl"]
)
def test_black_and_white_masks(layout: str, tmp_path: Path) -> None:
    picture = {"as the data science bowl": "a/images/a.png", "beside": "a.jpg"}.get(layout, "images/a.jpg")
    make_picture(tmp_path / picture)
    masks = {
        "beside": ["a_mask.png"], "one folder": ["masks/a.png"], "a folder per picture": ["masks/a/1.png", "masks/a/2.png"],
        "a folder per class": ["masks/cat/a.png", "masks/dog/a.png"], "as the data science bowl": ["a/masks/x1.png", "a/masks/x2.png"],
    }[layout]  # fmt: skip
    for number, mask in enumerate(masks):
        save_mask(tmp_path / mask, two_fields(0 if number else 255, 255 if number else 0))
    plan = marked(tmp_path)
    found = shapes(plan, "a")
    assert [m.label for m in found] == (["cat", "dog"] if "class" in layout else ["object"] * len(masks))
    np.testing.assert_array_equal(shape_bits(found[0].shape, 64, 48), two_fields(1, 0) > 0)
    assert plan.total == 1 and not any(m.ignored for m in found)


def test_masks_oddities(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        make_picture(tmp_path / "images" / f"{name}.jpg")
    save_mask(tmp_path / "masks" / "a.png", two_fields(1, 255))
    save_mask(tmp_path / "masks" / "b.png", np.zeros((10, 10), np.uint8))
    (tmp_path / "masks" / "c.png").write_bytes(b"broken")
    save_mask(tmp_path / "masks" / "d.png", np.kron(two_fields(1, 2), np.ones((2, 2), np.uint8)))
    plan = marked(tmp_path)
    assert [(m.label, m.ignored) for m in shapes(plan, "a")] == [("class 1", False), ("", True)]
    assert "c.png: The mask cannot be read." in told(plan.problems)
    assert "Its labels were made for 10 × 10 pixels, but the picture has 64 × 48." in told(plan.problems)
    np.testing.assert_array_equal(shape_bits(shapes(plan, "d")[1].shape, 64, 48), two_fields(0, 1) > 0)
    assert "they are scaled" in told(plan.repairs)


# What is none of it --------------------------------------------------------------------------------------------------


def test_tables_texts_and_plain_folders_are_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"text": "good", "label": "x"}, {"text": "bad", "label": "y"}]))
    assert sniff([tmp_path / "t.json"]).kind == "table"
    (tmp_path / "t.jsonl").write_text('{"text": "good", "label": "x"}\n')
    assert sniff([tmp_path / "t.jsonl"]).kind == "table"
    (tmp_path / "t.csv").write_text("image,label\na.png,cat\n")
    assert sniff([tmp_path / "t.csv"]).kind == "table"
    for name in ("cat/a.png", "cat/b.png", "dog/a.png"):
        make_picture(tmp_path / "folders" / name)
    (tmp_path / "folders" / "info.json").write_text('{"author": "me", "shapes": 3}')
    (tmp_path / "folders" / "readme.txt").write_text("12 pictures of cats\n")
    (tmp_path / "folders" / "feed.xml").write_text("<rss><item/></rss>")
    plan = sniff([tmp_path / "folders"])
    assert plan.kind == "folders" and set(plan.label_counts) == {"cat", "dog"}
    for name in ("masks/a.png", "no masks/b.png"):
        make_picture(tmp_path / "faces" / name)
    assert sniff([tmp_path / "faces"]).kind == "folders"
    for name in ("one.txt", "two.txt"):
        (tmp_path / "texts").mkdir(exist_ok=True)
        (tmp_path / "texts" / name).write_text("1 2 3 4 5\n")
    assert sniff([tmp_path / "texts"]).media == "text"


def test_archives_are_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"“set\.zip” is a packed archive\. Unpack it first, then drop the folder\."):
        sniff([tmp_path / "set.zip"])


def test_so_many_oddities_are_counted_after_some_hundred(tmp_path: Path) -> None:
    plan = marked(coco_set(tmp_path, [ann(n, bbox=[60, 40, 10, 20 + n]) for n in range(700)]))
    assert len(plan.repairs) == 501
    assert (
        str(plan.repairs[-1]) == "200 more: 700 labels reached over the edge of their pictures and are cut off there."
    )


def test_sentences_count() -> None:
    assert said("{n} [picture was|pictures were] found.", 1) == "1 picture was found."
    assert said("{n} [picture was|pictures were] found.", 1200) == "1,200 pictures were found."
