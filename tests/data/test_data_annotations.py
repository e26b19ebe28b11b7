"""Labels on pieces of items: kept, undone, counted, brought along by imports, and older projects brought up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workbench.data import shapes
from workbench.data.annotations import Annotation, AnnotationState, NewAnnotation
from workbench.data.project import Project
from workbench.data.schema import INDEXES, UPDATES, VERSION
from workbench.data.shapes import BoxShape, Clip, Polygon, Region, TextSpan, Whole
from workbench.data.types import ItemFilter, NewItem
from workbench.errors import UserError


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project.create(tmp_path / "p", "p", "object-detection")
    items = []
    for number in range(12):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (40, 60, 3), np.uint8)).save(path)
        marks = tuple(NewAnnotation(BoxShape(i, i, i + 10.5, i + 9), ("cat", "dog")[i % 2]) for i in range(number % 3))
        items.append(NewItem("picture", path.name, path=path, annotations=marks if number < 9 else None))
    found.add_items(items)
    return found


def test_an_import_brings_boxes_and_says_what_is_done(project: Project) -> None:
    counts = project.counts()
    names = {c.name: c.id for c in project.classes()}
    assert counts.labelled == 9 and counts.unlabelled == 3
    assert counts.per_class == {names["cat"]: 6, names["dog"]: 3}
    first = project.items(project.item_ids())[0]
    assert first.marked and first.marks == 0 and first.labelled
    assert len(project.item_ids(ItemFilter(class_ids=(names["dog"],)))) == 3
    assert len(project.item_ids(ItemFilter(labelled=False))) == 3


def test_changes_are_undone_to_the_same_ids_and_order(project: Project) -> None:
    item = project.item_ids()[2]
    cat = project.class_by_name("cat")
    assert cat is not None
    start = project.annotation_states([item])[item]
    extra = Annotation(Polygon((((0, 0), (5, 0), (5, 5)),)), cat.id)
    wanted = AnnotationState((extra, *reversed(start.annotations)), True)
    before = project.set_annotations({item: wanted})
    assert before[item] == start
    assert project.annotation_states([item])[item] == wanted
    project.set_annotations(before)
    assert project.annotation_states([item])[item] == start


def test_removing_and_merging_classes_keeps_annotations_for_undo(project: Project) -> None:
    cat, dog = (project.class_by_name(n) for n in ("cat", "dog"))
    assert cat is not None and dog is not None
    third = project.add_class("bird")
    before = project.annotation_counts()
    project.remove_class(dog.id)
    assert project.annotation_counts() == {cat.id: 6}
    project.restore_class(dog.id)
    assert project.annotation_counts() == before
    project.merge_classes(cat.id, dog.id)
    project.merge_classes(dog.id, third.id)
    assert project.annotation_counts() == {third.id: 9}
    project.restore_class(dog.id)
    assert project.annotation_counts() == {dog.id: 9}
    project.restore_class(cat.id)
    assert project.annotation_counts() == before


def test_proposals_do_not_count_until_they_are_accepted(project: Project) -> None:
    waiting = project.item_ids(ItemFilter(labelled=False))
    cat = project.class_by_name("cat")
    assert cat is not None
    project.set_proposals(
        {i: [Annotation(BoxShape(1, 1, 9, 9), cat.id, score=0.9 - 0.2 * n)] for n, i in enumerate(waiting)}
    )
    assert project.proposals_count() == 3
    assert project.counts().labelled == 9
    assert project.item_ids(ItemFilter(order="uncertain"))[:3] == waiting[::-1]
    item = project.item(waiting[0])
    assert (item.marks, item.proposals) == (0, 1)
    project.clear_proposals()
    assert project.proposals_count() == 0


def test_splits_are_given_to_items_that_are_done(project: Project) -> None:
    project.ensure_splits()
    given_splits = [i.split for i in project.items(project.item_ids())]
    assert all(given_splits[:9]) and not any(given_splits[9:])
    assert len(set(given_splits[:9])) == 3


def test_a_project_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    Project.create(folder, "old", "image-classification").close()
    database = folder / "project.db"
    sql = sqlite3.connect(database)
    for statement in (
        *(f"DROP INDEX {name}" for name in INDEXES),
        "DROP TABLE item_groups", "DROP TABLE annotations", "DROP TABLE merged", "ALTER TABLE items DROP COLUMN marked",
        "ALTER TABLE items DROP COLUMN seconds",
        "ALTER TABLE predictions DROP COLUMN payload", "PRAGMA user_version=1",
    ):  # fmt: skip
        sql.execute(statement)
    sql.execute(
        "INSERT INTO items (kind, name, copied, text, content_hash) VALUES ('text', 'a', 0, 'hello there', 'x')"
    )
    sql.commit()
    sql.close()
    with pytest.raises(UserError, match="older version"):
        Project.open(folder, read_only=True)
    with Project.open(folder) as project:
        item = project.item_ids()[0]
        project.add_annotations({item: [Annotation(TextSpan(0, 5))]})
        assert project.item(item).marks == 1
    assert sorted(UPDATES) == list(range(1, VERSION))


POINT = st.tuples(st.integers(-20, 80), st.integers(-20, 80))


@given(
    st.one_of(
        st.builds(BoxShape, *[st.integers(-20, 80)] * 4),
        st.builds(lambda p: Polygon((tuple(p),)), st.lists(POINT, min_size=3, max_size=8)),
        st.builds(TextSpan, st.integers(-3, 50), st.integers(-3, 50)),
        st.builds(Clip, st.floats(-1, 9), st.floats(-1, 9)),
        st.just(Whole()),
    )
)
def test_shapes_survive_being_kept_and_are_put_inside(shape: shapes.Shape) -> None:
    assert shapes.from_record(shapes.to_record(shape)) == shape
    try:
        inside = shapes.checked(shape, 60, 40, 30)
    except UserError:
        return
    if isinstance(inside, shapes.PICTURE_SHAPES):
        x0, y0, x1, y1 = shapes.bounds(inside)
        assert 0 <= x0 <= x1 <= 60 and 0 <= y0 <= y1 <= 40
        assert shapes.area(inside) > 0


@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(0, 5))
def test_painted_pixels_survive(seed: int, x: int, y: int) -> None:
    bits = np.random.default_rng(seed).random((7, 9)) < 0.4
    region = shapes.region_from_bits(bits, x, y)
    if region is None:
        assert not bits.any()
        return
    whole = shapes.region_bits(region, 20, 16)
    assert (whole[y : y + 7, x : x + 9] == bits).all() and whole.sum() == bits.sum() == shapes.area(region)
    assert shapes.from_record(shapes.to_record(region)) == region


def test_filling_an_outline_agrees_with_shapely() -> None:
    import shapely

    points = ((3.0, 4.0), (50.0, 9.0), (38.0, 44.0), (25.0, 20.0), (6.0, 40.0))
    bits = shapes.shape_bits(Polygon((points,)), 60, 50)
    xs, ys = np.meshgrid(np.arange(60) + 0.5, np.arange(50) + 0.5)
    assert (shapely.contains_xy(shapely.Polygon(points), xs, ys) == bits).mean() > 0.999
    assert abs(shapely.Polygon(points).area - shapes.area(Polygon((points,)))) < 1e-9


def test_a_damaged_region_is_a_sentence() -> None:
    with pytest.raises(UserError, match="damaged"):
        shapes.checked(Region(0, 0, 4, 4, (3, 5)))
    with pytest.raises(UserError):
        shapes.from_record(["blob", 1])


def test_slips_in_marking_are_found(project: Project) -> None:
    from workbench.data.checks import check_project

    cat = project.class_by_name("cat")
    assert cat is not None
    ids = project.item_ids()
    project.add_annotations(
        {
            ids[0]: [Annotation(BoxShape(1, 1, 3, 30), cat.id)],
            ids[3]: [Annotation(BoxShape(5, 5, 25, 25), cat.id), Annotation(BoxShape(5, 5.5, 25, 25), cat.id)],
            ids[6]: [Annotation(BoxShape(5, 5, 25, 25))],
        }
    )
    project.set_proposals({ids[10]: [Annotation(BoxShape(5, 5, 25, 25), cat.id, score=0.5)]})
    found = {f.code: f.item_ids for f in check_project(project)}
    assert found["specks"] == (ids[0],)
    assert found["marked-twice"] == (ids[3],)
    assert found["no-class"] == (ids[6],)
    assert "proposals" in found
