"""Plans with labels on pieces of pictures: which tasks they are for, and how they go into a project."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, Polygon
from workbench.engine import journey
from workbench.errors import UserError
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).parent.parent / "data"))

from marked_sets import make_picture


@dataclass
class Named:
    """A task in so far as the journey asks."""

    info: Any


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Named]:
    base = get_task("object-detection").info
    made = {
        "object-detection": Named(replace(base, editor="boxes", trainable=True)),
        "semantic-segmentation": Named(replace(base, id="semantic-segmentation", editor="regions", trainable=True)),
        "image-classification": Named(replace(base, id="image-classification", editor="classes", trainable=True)),
    }
    monkeypatch.setattr(journey, "trainable_tasks", lambda: list(made.values()))
    monkeypatch.setattr(journey, "get_task", lambda task_id: made[task_id])
    return made


@pytest.fixture
def outlines(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    make_picture(folder / "a.png")
    make_picture(folder / "b.png")
    mark = {"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 1, 8, 9], "segmentation": [[1, 1, 9, 1, 9, 9.5]]}
    given = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "annotations": [mark],
        "categories": [{"id": 1, "name": "zebra"}, {"id": 2, "name": "ant"}],
    }
    (folder / "set.json").write_text(json.dumps(given))
    return folder


def test_outlines_are_for_areas_first_and_for_boxes_too(outlines: Path) -> None:
    found = journey.tasks_for_plan(sniff([outlines]))
    assert [t.info.id for t in found] == ["semantic-segmentation", "object-detection"]


@pytest.mark.parametrize(
    ("task_id", "wanted"),
    [
        ("object-detection", BoxShape(1, 1, 9, 10)),
        ("semantic-segmentation", Polygon((((1.0, 1.0), (9.0, 1.0), (9.0, 9.5)),))),
        ("", Polygon((((1.0, 1.0), (9.0, 1.0), (9.0, 9.5)),))),
    ],
)
def test_labels_come_as_the_project_has_them_and_classes_in_the_files_order(
    task_id: str, wanted: Any, outlines: Path, tmp_path: Path
) -> None:
    project, result = journey.project_from_plan(sniff([outlines]), tmp_path / "p", task_id=task_id)
    with project:
        assert len(result.added) == 2 and not result.problems
        assert [c.name for c in project.classes()] == ["zebra", "ant"]
        (mark,) = project.annotations(result.added[0])
        assert mark.shape == wanted and mark.source == "import"
        assert project.counts().labelled == 2


def test_labels_of_another_kind_are_refused(outlines: Path, tmp_path: Path) -> None:
    with (
        Project.create(tmp_path / "p", "p", "image-classification") as project,
        pytest.raises(UserError, match="The labels of these are of another kind than this project's"),
    ):
        journey.add_plan(project, sniff([outlines]))


def test_an_import_that_is_repeated_changes_nothing(outlines: Path, tmp_path: Path) -> None:
    project, _ = journey.project_from_plan(sniff([outlines]), tmp_path / "p", task_id="object-detection")
    with project:
        before = [project.annotations(i) for i in project.item_ids()]
        again = journey.add_plan(project, sniff([outlines]))
        assert again.duplicates == 2 and not again.added
        assert [project.annotations(i) for i in project.item_ids()] == before
