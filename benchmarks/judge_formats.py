"""Programs that are too heavy for the tests, as judges of the formats of labels: labelme's own reader, supervision, datumaro.

    python benchmarks/judge_formats.py make FOLDER       with the app's own Python: writes sets in every format
    python benchmarks/judge_formats.py judge FOLDER      with a Python that has labelme, supervision and datumaro

The second prints a line for each judge: what it read and how far its numbers lie from ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZE = (64, 48)
CLASSES = ["cat", "dog", "bird"]


def make(folder: Path) -> None:
    """Two projects, of boxes and of areas, in every format, and what is in them as truth.json."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "data")]
    from marked_sets import Picture, blob, exported, project_of

    from workbench.data.annotations import NewAnnotation
    from workbench.data.exporters.formats import formats_for
    from workbench.data.shapes import BoxShape, Polygon, bounds, shape_bits
    from workbench.data.types import Split

    boxes: list[Picture] = [
        (f"p{n}.jpg", Split.TRAIN, (NewAnnotation(BoxShape(1 + n, 2, 30.5, 40), "cat"), NewAnnotation(BoxShape(3, 4, 50, 20.25), "dog")))
        for n in range(4)
    ]  # fmt: skip
    outline = Polygon((((5.5, 5.5), (60.25, 9), (30, 44.5)),))
    areas: list[Picture] = [
        (f"p{n}.jpg", Split.TRAIN, (NewAnnotation(blob(n), "cat"), NewAnnotation(outline, "dog"))) for n in range(4)
    ]
    truth = {}
    for marks, pictures in (("boxes", boxes), ("regions", areas)):
        with project_of(folder / marks, pictures, CLASSES, kind="JPEG") as project:
            for known in formats_for(marks):
                exported(project, folder / marks / known.id, known.id)
        truth[marks] = {
            Path(name).stem: [
                [m.label, list(bounds(m.shape)), int(shape_bits(m.shape, *SIZE).sum())] for m in given or ()
            ]
            for name, _, given in pictures
        }
    (folder / "truth.json").write_text(json.dumps(truth))


def judge(folder: Path) -> None:
    """Ask every judge."""
    truth = json.loads((folder / "truth.json").read_text())

    def off(name: str, found: dict[str, list[tuple[str, list[float]]]], wanted: dict[str, list]) -> None:  # type: ignore[type-arg]
        assert set(found) == set(wanted), (name, set(found), set(wanted))
        worst = 0.0
        for stem, marks in wanted.items():
            theirs = sorted(found[stem], key=lambda m: (m[0], m[1]))
            ours = sorted(((label, sides) for label, sides, _ in marks), key=lambda m: (m[0], m[1]))
            assert [label for label, _ in theirs] == [label for label, _ in ours], (name, stem, theirs)
            worst = max(
                [
                    worst,
                    *(
                        abs(a - b)
                        for (_, s), (_, t) in zip(theirs, ours, strict=True)
                        for a, b in zip(s, t, strict=True)
                    ),
                ]
            )
        print(
            f"{name}: {sum(map(len, wanted.values()))} labels, classes equal, sides off by at most {worst:.2g} pixels"
        )

    _labelme(folder, truth, off)
    _supervision(folder, truth, off)
    _datumaro(folder, truth, off)


def _labelme(folder: Path, truth, off) -> None:  # type: ignore[no-untyped-def]
    from labelme._label_file import read_label_file

    found = {}
    for file in sorted((folder / "boxes/labelme/train").glob("*.json")):
        sheet = read_label_file(str(file))
        found[file.stem] = [(s["label"], [v for p in s["points"] for v in p]) for s in sheet.shapes]
    off("labelme, boxes", found, truth["boxes"])
    for file in sorted((folder / "regions/labelme/train").glob("*.json")):
        shapes = read_label_file(str(file)).shapes
        painted = next(s for s in shapes if s["shape_type"] == "mask")
        (x0, y0), (x1, y1) = painted["points"]
        assert painted["mask"].shape == (y1 - y0 + 1, x1 - x0 + 1)
        assert int(painted["mask"].sum()) == truth["regions"][file.stem][0][2], file
    print("labelme, areas: every painted area has its pixels and lies where its points say")


def _supervision(folder: Path, truth, off) -> None:  # type: ignore[no-untyped-def]
    import supervision as sv

    home = folder / "boxes"
    made = {
        "supervision, YOLO": lambda: sv.DetectionDataset.from_yolo(
            str(home / "yolo/images/train"), str(home / "yolo/labels/train"), str(home / "yolo/data.yaml")
        ),
        "supervision, COCO": lambda: sv.DetectionDataset.from_coco(
            str(home / "coco/images"), str(home / "coco/annotations/instances_train.json")
        ),
        "supervision, Create ML": lambda: sv.DetectionDataset.from_createml(
            str(home / "createml/train"), str(home / "createml/train/annotations.json")
        ),
        "supervision, labelme": lambda: sv.DetectionDataset.from_labelme(
            str(home / "labelme/train"), str(home / "labelme/train")
        ),
        "supervision, Pascal VOC": lambda: sv.DetectionDataset.from_pascal_voc(
            str(home / "voc/JPEGImages"), str(home / "voc/Annotations")
        ),
    }
    for name, make_one in made.items():
        read = make_one()
        found = {}
        for path, _, marks in read:
            found[Path(path).stem] = [
                (read.classes[c], [float(v) for v in box]) for c, box in zip(marks.class_id, marks.xyxy, strict=True)
            ]
        off(name, found, truth["boxes"])


def _datumaro(folder: Path, truth, off) -> None:  # type: ignore[no-untyped-def]
    import datumaro as dm
    import numpy as np

    for name, place, kind in (
        ("datumaro, COCO", "boxes/coco", "coco_instances"),
        ("datumaro, CVAT", "boxes/cvat", "cvat"),
        ("datumaro, Pascal VOC", "boxes/voc", "voc_detection"),
        ("datumaro, YOLO", "boxes/yolo", "yolo"),
    ):
        read = _cvat(folder / place) if kind == "cvat" else dm.Dataset.import_from(str(folder / place), kind)
        names = [c.name for c in read.categories()[dm.AnnotationType.label]]
        found = {}
        for item in read:
            boxes = [a for a in item.annotations if a.type == dm.AnnotationType.bbox]
            found[Path(item.id).stem] = [(names[a.label], [a.x, a.y, a.x + a.w, a.y + a.h]) for a in boxes]
        off(name, found, truth["boxes"])
    read = _cvat(folder / "regions/cvat")
    for item in read:
        masks = [a for a in item.annotations if a.type == dm.AnnotationType.mask]
        assert [int(np.asarray(a.image).sum()) for a in masks] == [truth["regions"][Path(item.id).stem][0][2]], item.id
    print("datumaro, CVAT masks: every painted area has its pixels")
    read = dm.Dataset.import_from(str(folder / "regions/coco"), "coco_instances")
    for item in read:
        masks = [a for a in item.annotations if a.type == dm.AnnotationType.mask]
        assert [int(np.asarray(a.image).sum()) for a in masks] == [truth["regions"][Path(item.id).stem][0][2]], item.id
    print("datumaro, COCO masks: every painted area has its pixels")


def _cvat(folder: Path):  # type: ignore[no-untyped-def]
    """Its reader takes one part of the data at a time, named as the pictures' `subset`."""
    import datumaro as dm
    from datumaro.plugins.data_formats.cvat.base import CvatBase

    return dm.Dataset.from_extractors(CvatBase(str(folder / "annotations.xml"), subset="train"))


if __name__ == "__main__":
    {"make": make, "judge": judge}[sys.argv[1]](Path(sys.argv[2]))
