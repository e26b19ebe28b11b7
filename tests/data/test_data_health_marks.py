"""Specks, double marks and marks without a class: found, deleted by a fix, and brought back."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from workbench.data.annotations import NewAnnotation
from workbench.data.checks import check_project
from workbench.data.checks.fixes import apply, fix_by_id
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, TextSpan
from workbench.data.types import NewItem


def test_marks_are_mended_and_the_rest_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.linear_gradient("L").save(file)
    given = (
        NewAnnotation(BoxShape(10, 10, 60, 60), "cat"),
        NewAnnotation(BoxShape(11, 10, 60, 60), "cat"),
        NewAnnotation(BoxShape(10, 10, 60, 60), "dog"),
        NewAnnotation(BoxShape(80, 80, 82, 90), "cat"),
        NewAnnotation(BoxShape(100, 100, 140, 150), ""),
        NewAnnotation(BoxShape(150, 150, 200, 200), "", text="a line of text"),
    )
    with Project.create(tmp_path / "p", "p", "object-detection") as project:
        [item_id] = project.add_items([NewItem("picture", "a", file, annotations=given)]).added
        before = project.annotation_states([item_id])
        first = before[item_id].annotations
        for code, gone in (("marked-twice", first[1]), ("specks", first[3]), ("no-class", first[4])):
            finding = next(f for f in check_project(project) if f.code == code)
            [fix_id] = finding.fixes
            change = fix_by_id(fix_id).plan(project, finding)
            back = apply(project, change)
            left = project.annotation_states([item_id])[item_id]
            assert left.annotations == tuple(a for a in first if a.id != gone.id) and left.marked
            assert code not in {f.code for f in check_project(project)}
            apply(project, back)
            assert project.annotation_states([item_id]) == before


def test_of_three_on_one_place_the_first_stays(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "p", "token-classification") as project:
        marks = tuple(NewAnnotation(TextSpan(0, 4), "place") for _ in range(3))
        new = NewItem("text", "a", text="Rome is old.", annotations=(*marks, NewAnnotation(TextSpan(0, 4), "city")))
        [item_id] = project.add_items([new]).added
        finding = next(f for f in check_project(project) if f.code == "marked-twice")
        before = project.annotations(item_id)
        apply(project, fix_by_id("drop-twins").plan(project, finding))
        assert project.annotations(item_id) == [before[0], before[3]]
    with Project.create(tmp_path / "q", "q", "object-detection") as project:
        file = tmp_path / "a.png"
        Image.linear_gradient("L").save(file)
        boxes = tuple(NewAnnotation(BoxShape(10 + n / 10, 10, 60, 60), "cat") for n in (2, 0, 1))
        [item_id] = project.add_items([NewItem("picture", "a", file, annotations=boxes)]).added
        before = project.annotations(item_id)
        finding = next(f for f in check_project(project) if f.code == "marked-twice")
        apply(project, fix_by_id("drop-twins").plan(project, finding))
        assert project.annotations(item_id) == [before[0]]
