"""Each format, out and in again: the same annotations, classes and parts of the data come back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from marked_sets import Kept, Picture, blob, brought_in, exported, project_of, there_and_back, told

from workbench.data.annotations import NewAnnotation
from workbench.data.exporters.formats import all_formats, formats_for
from workbench.data.importers import sniff
from workbench.data.shapes import BoxShape, Polygon, bounds, class_map, shape_bits
from workbench.data.types import Split
from workbench.errors import UserError

SIZE = (64, 48)
CLASSES = ("cat", "Ein Hund", "naïve ü 猫", "never seen")
STARRED = Polygon((((3.25, 4.5), (20.125, 6.0), (11.0, 30.75)), ((40.0, 5.0), (60.0, 5.0), (50.0, 20.0))))


def boxes() -> list[Picture]:
    third = BoxShape(1 / 3, 2 / 3, 63.99999999999999, 47.1)
    return [
        ("a.png", Split.TRAIN, (NewAnnotation(BoxShape(0, 0, 64, 48), "cat"), NewAnnotation(third, "Ein Hund"))),
        ("ünï cödé 猫.png", Split.VALIDATION, (NewAnnotation(BoxShape(10.5, 3.25, 30.75, 40.125), "naïve ü 猫"),)),
        ('with space & <sign> \'n "q".png', Split.TEST, (NewAnnotation(BoxShape(300.3 / 9, 1.1, 53.7, 47.9), "cat"),)),
        ("nothing here.png", Split.TRAIN, ()),
    ]


def areas() -> list[Picture]:
    return [
        ("a.png", Split.TRAIN, (NewAnnotation(blob(1), "cat"), NewAnnotation(STARRED, "Ein Hund"))),
        ("b.png", Split.VALIDATION, (NewAnnotation(BoxShape(1, 2, 30.5, 20.25), "cat"), NewAnnotation(blob(2), "naïve ü 猫"))),
        ("c.png", Split.TEST, (NewAnnotation(Polygon((((1.1, 2.2), (33.3, 4.4), (5.5, 46.6)),)), "cat"),)),
        ("d.png", Split.TRAIN, ()),
    ]  # fmt: skip


def wanted(pictures: list[Picture]) -> Kept:
    from workbench.data.exporters.marked import safe_name

    return {safe_name(Path(name).stem): (split, marks) for name, split, marks in pictures}


EXACT = ("coco", "createml", "labelme", "cvat")


@pytest.mark.parametrize("format_id", EXACT)
def test_boxes_come_back_to_the_last_bit(format_id: str, tmp_path: Path) -> None:
    with project_of(tmp_path, boxes(), CLASSES) as project:
        plan, kept = there_and_back(project, tmp_path / "out", format_id)
    assert kept == wanted(boxes())
    assert plan.marks == "boxes" and not plan.problems and not plan.repairs
    assert sum(plan.label_counts.values()) == 4
    # Create ML has no list of its classes: they come in the order in which they are met.
    assert list(plan.classes) == (
        [c for c in CLASSES if c != "never seen"] if format_id in ("createml", "labelme") else list(CLASSES)
    )


@pytest.mark.parametrize(("format_id", "off"), [("yolo", 5e-7), ("label-studio", 5e-7), ("voc", 0.5)])
def test_boxes_come_back_within_what_the_format_holds(format_id: str, off: float, tmp_path: Path) -> None:
    with project_of(tmp_path, boxes(), CLASSES) as project:
        plan, kept = there_and_back(project, tmp_path / "out", format_id)
    assert not plan.problems and not plan.repairs
    for name, (split, marks) in wanted(boxes()).items():
        assert kept[name][0] == split
        assert marks is not None and kept[name][1] is not None
        for before, after in zip(marks, kept[name][1] or (), strict=True):
            assert (before.label, before.ignored) == (after.label, after.ignored)
            np.testing.assert_allclose(bounds(after.shape), bounds(before.shape), rtol=0, atol=off)
    assert brought_in(sniff([tmp_path / "out"])) == kept


@pytest.mark.parametrize("format_id", ["yolo", "label-studio", "voc"])
def test_whole_pixels_come_back_exactly_everywhere(format_id: str, tmp_path: Path) -> None:
    pictures: list[Picture] = [
        ("a.png", None, (NewAnnotation(BoxShape(3, 0, 64, 47), "cat"), NewAnnotation(BoxShape(1, 2, 3, 4), "cat")))
    ]
    with project_of(tmp_path, pictures) as project:
        _, kept = there_and_back(project, tmp_path / "out", format_id)
    assert kept == {"a": (None, pictures[0][2])}


@pytest.mark.parametrize("format_id", ["coco", "labelme", "cvat"])
def test_areas_come_back_to_the_last_bit(format_id: str, tmp_path: Path) -> None:
    ignored = NewAnnotation(blob(5), "cat", ignored=True)
    pictures = [*areas(), ("crowd.png", Split.TEST, (ignored,))]
    with project_of(tmp_path, pictures, CLASSES) as project:
        plan, kept = there_and_back(project, tmp_path / "out", format_id)
    assert kept == wanted(pictures)
    assert plan.marks == "regions" and plan.serves("boxes") and not plan.problems and not plan.repairs


@pytest.mark.parametrize("format_id", ["yolo-segmentation", "label-studio"])
def test_areas_come_back_with_the_same_pixels(format_id: str, tmp_path: Path) -> None:
    with project_of(tmp_path, areas(), CLASSES) as project:
        plan, kept = there_and_back(project, tmp_path / "out", format_id)
    assert plan.marks == "regions" and not plan.problems
    for name, (split, marks) in wanted(areas()).items():
        assert kept[name][0] == split
        for before, after in zip(marks or (), kept[name][1] or (), strict=True):
            assert before.label == after.label
            np.testing.assert_array_equal(shape_bits(before.shape, *SIZE), shape_bits(after.shape, *SIZE))


@pytest.mark.parametrize("format_id", ["masks", "masks-colour", "voc-segmentation"])
def test_masks_come_back_pixel_by_pixel(format_id: str, tmp_path: Path) -> None:
    ignored = NewAnnotation(blob(5), "", ignored=True)
    pictures = [*areas(), ("crowd.png", Split.TEST, (NewAnnotation(blob(9), "cat"), ignored))]
    with project_of(tmp_path, pictures, CLASSES) as project:
        exported(project, tmp_path / "out", format_id)
        numbers = {c.name: n for n, c in enumerate(project.classes(), 1)} | {"": 255}
    plan = sniff([tmp_path / "out"])
    kept = brought_in(plan, "regions")
    assert plan.serves("regions") and not plan.problems and list(plan.classes) == list(CLASSES)
    for name, (split, marks) in wanted(pictures).items():
        assert kept[name][0] == split
        drawn = [
            class_map([(m.shape, numbers[m.label]) for m in given or ()], *SIZE) for given in (marks, kept[name][1])
        ]
        np.testing.assert_array_equal(drawn[0], drawn[1])
        assert all(m.ignored == (m.label == "") for m in kept[name][1] or ())


@pytest.mark.parametrize("format_id", ["createml", "voc-boxes", "yolo-boxes"])
def test_areas_become_boxes_where_the_format_has_only_boxes_and_it_says_so(format_id: str, tmp_path: Path) -> None:
    with project_of(tmp_path, areas(), CLASSES) as project:
        count, problems = exported(project, tmp_path / "out", format_id)
    assert count == 4 and "4 areas are saved as the box around it." in told(problems)
    kept = brought_in(sniff([tmp_path / "out"]))
    for name, (_, marks) in wanted(areas()).items():
        for before, after in zip(marks or (), kept[name][1] or (), strict=True):
            assert isinstance(after.shape, BoxShape)
            np.testing.assert_allclose(bounds(after.shape), bounds(before.shape), rtol=0, atol=0.5)


@pytest.mark.parametrize("known", [f for f in all_formats() if {"boxes", "regions"} & set(f.marks)], ids=lambda f: f.id)
def test_what_is_not_done_is_left_out_and_counted(known: object, tmp_path: Path) -> None:
    pictures: list[Picture] = [
        ("a.png", None, (NewAnnotation(BoxShape(1, 1, 9, 9), "cat"),)),
        ("b.png", None, None),
        ("c.png", None, None),
    ]
    with project_of(tmp_path, pictures) as project:
        count, problems = exported(project, tmp_path / "out", known.id)  # type: ignore[attr-defined]
        assert count == 1
        assert "2 pictures: They are not done yet and are left out." in told(problems)
        # A second time: the folder holds something, and stays as it is.
        before = sorted(p.name for p in (tmp_path / "out").rglob("*"))
        with pytest.raises(UserError, match="is not empty"):
            exported(project, tmp_path / "out", known.id)  # type: ignore[attr-defined]
        assert sorted(p.name for p in (tmp_path / "out").rglob("*")) == before
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("format_id", ["coco", "createml", "labelme", "cvat", "label-studio"])
def test_pictures_may_stay_where_they_are(format_id: str, tmp_path: Path) -> None:
    from workbench.control import Control
    from workbench.data.exporters.formats import format_by_id

    with project_of(tmp_path, boxes(), CLASSES) as project:
        known = format_by_id(format_id)
        assert getattr(known, "may_refer", False)
        known.write(project, tmp_path / "out", Control(), copy_pictures=False)  # type: ignore[call-arg]
    assert not [p for p in (tmp_path / "out").rglob("*") if p.suffix == ".png"]
    plan = sniff([tmp_path / "out"])
    assert plan.total == 4 and sum(plan.label_counts.values()) == 4
    assert "lie outside of this folder; they are used from there" in " ".join(plan.warnings)


def test_every_format_is_offered_where_it_fits() -> None:
    assert {f.id for f in formats_for("boxes")} >= {
        "coco",
        "yolo",
        "voc",
        "createml",
        "labelme",
        "cvat",
        "label-studio",
    }
    assert {f.id for f in formats_for("regions")} >= {
        "coco",
        "yolo-segmentation",
        "masks",
        "masks-colour",
        "voc-segmentation",
    }
    assert not formats_for("classes")


@pytest.mark.parametrize("format_id", ["coco", "cvat", "createml", "label-studio"])
def test_one_file_for_all_pictures_is_written_in_flat_memory(
    format_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five times as many pictures need no more memory: no more than a page of them is held."""
    import tracemalloc

    from workbench.data.exporters import marked

    monkeypatch.setattr(marked, "_PAGE", 2)
    peaks = []
    for count in (6, 30):
        marks = tuple(NewAnnotation(BoxShape(n % 50, 1, n % 50 + 3.3, 9), "cat") for n in range(200))
        with project_of(tmp_path / str(count), [(f"{n}.png", None, marks) for n in range(count)]) as project:
            exported(project, tmp_path / str(count) / "warm", format_id)
            tracemalloc.start()
            exported(project, tmp_path / str(count) / "out", format_id)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.6 * peaks[0], peaks


def test_an_export_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    from workbench.control import Control
    from workbench.data.exporters.formats import format_by_id
    from workbench.errors import Cancelled

    class Stopping(Control):
        def progress(self, done: float, total: float, text: str = "") -> None:
            self.cancel()

    with project_of(tmp_path, boxes(), CLASSES) as project:
        for known in all_formats():
            if not {"boxes", "regions"} & set(known.marks):
                continue
            with pytest.raises(Cancelled):
                format_by_id(known.id).write(project, tmp_path / "out", Stopping())
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "workbench-home") == ["project", "source"]


def test_names_are_fit_for_every_system() -> None:
    from workbench.data.exporters.marked import Names

    names = Names()
    given = [
        "a.png",
        "A.png",
        "a.png",
        "con.png",
        "x/../y/b?.png",
        "images/train/c.png",
        "ends. .png",
        "e\u0301.png",
        "\u00e9.png",
    ]
    assert [names.give(name, ".png", "images/train") for name in given] == [
        "a.png", "A-2.png", "a-3.png", "_con.png", "x/y/b_.png", "c.png", "ends.png", "e\u0301.png", "\u00e9-2.png",
    ]  # fmt: skip
    assert Names().give("x/a.png", ".png", "JPEGImages", flat=True) == "x_a.png"
    assert Names().give("l" * 300 + ".png", ".png") == "l" * 120 + ".png"


# Anything goes -----------------------------------------------------------------------------------------------------

X, Y = st.floats(0, 64, allow_subnormal=False), st.floats(0, 48, allow_subnormal=False)
FEW = {"max_examples": 12, "deadline": None, "suppress_health_check": list(HealthCheck)}
NAME = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda t: bool(t.strip())
)


def _box(a: float, b: float, c: float, d: float) -> BoxShape | None:
    found = BoxShape(min(a, b), min(c, d), max(a, b), max(c, d))
    return found if found.x1 - found.x0 > 1e-3 and found.y1 - found.y0 > 1e-3 else None


BOX = st.builds(_box, X, X, Y, Y).filter(bool)
TRIANGLE = st.tuples(X, Y, X, Y, X, Y).map(lambda v: Polygon((((v[0], v[1]), (v[2], v[3]), (v[4], v[5])),)))
AREA = TRIANGLE.filter(lambda p: float(np.ptp([x for x, _ in p.parts[0]])) > 1 and abs(_twice(p)) > 1)
PAINTED = st.integers(0, 10_000).map(blob)


def _twice(polygon: Polygon) -> float:
    (a, b), (c, d), (e, f) = polygon.parts[0]
    return (c - a) * (f - b) - (e - a) * (d - b)


@pytest.mark.parametrize("format_id", ["coco", "cvat", "labelme"])
@settings(**FEW)
@given(
    st.dictionaries(
        NAME,
        st.lists(st.tuples(st.one_of(BOX, AREA, PAINTED), NAME, st.booleans()), max_size=4),
        min_size=1,
        max_size=3,
    )
)
@example({"\xa00": [], "a\xa0": [(BoxShape(1, 2, 3, 4), "\xa0 x", False)]})
def test_any_shape_and_any_name_come_back(format_id: str, drawn: dict[str, list]) -> None:  # type: ignore[type-arg]
    pictures = [
        (f"{name}.png", None, tuple(NewAnnotation(s, c, ignored=i) for s, c, i in marks))
        for name, marks in drawn.items()
    ]
    with tempfile.TemporaryDirectory() as folder, project_of(Path(folder), pictures) as project:
        names = {c.id: c.name for c in project.classes()}
        before = [
            [(a.shape, names[a.class_id or 0], a.ignored) for a in project.annotations(i)] for i in project.item_ids()
        ]
        plan, kept = there_and_back(project, Path(folder) / "out", format_id)
        assert not plan.problems, told(plan.problems)
        after = [[(a.shape, a.label, a.ignored) for a in marks or ()] for _, marks in kept.values()]
    assert sorted(map(repr, after)) == sorted(map(repr, before))
