"""Items as lines that travel: nothing is lost, and nothing is believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from workbench.data.annotations import NewAnnotation
from workbench.data.project import Project
from workbench.data.project_manifest import ManifestLine
from workbench.data.shapes import BoxShape, Polygon, Region, TextSpan, Whole
from workbench.data.types import NewItem, Split
from workbench.errors import UserError

SHAPES = (
    BoxShape(1, 2, 30.5, 40),
    Polygon((((0.0, 0.0), (20.0, 0.0), (20.0, 20.0)),)),
    Region(2, 3, 4, 2, (2, 3, 3)),
    Whole(),
)


def test_items_are_made_again_with_their_ids_labels_and_marks(tmp_path: Path) -> None:
    Image.new("RGB", (60, 50), "red").save(tmp_path / "a.png")
    with Project.create(tmp_path / "one", "One", "object-detection") as project:
        gone = NewItem("text", "gone", text="gone", label="x")
        project.add_items([gone])
        project.remove_items(project.item_ids())
        marks = tuple(
            NewAnnotation(shape, "cat" if n % 2 else "dog", f"words {n}", n == 1) for n, shape in enumerate(SHAPES)
        )
        project.add_items(
            [
                NewItem("picture", "a.png", tmp_path / "a.png", annotations=marks, split=Split.TEST, groups=(("phone", "A"),)),
                NewItem("text", "b", text="Grüße \ud83d\ude00 an alle", label="dog", split=Split.TRAIN),
                NewItem("text", "c", text="a name in it", annotations=(NewAnnotation(TextSpan(2, 6), "cat"),), split=Split.NEW),
            ]
        )  # fmt: skip
        ids = project.item_ids()
        project.note_reviewed(ids[2], "m", "said", "unsure")
        before = project.items(ids)
        lines = list(project.manifest(before))
        states = project.annotation_states(ids)
        names = {c.id: c.name for c in project.classes()}
    assert ids[0] > 1  # ids are kept, not given anew
    travelled = [ManifestLine.from_json(json.loads(json.dumps(line_with_file(n.to_json())))) for n in lines]
    with Project.create(tmp_path / "two", "Two", "object-detection") as other:
        assert other.take_manifest(travelled, tmp_path) == 3
        after = other.items(ids)
        for one, again in zip(before, after, strict=True):
            keep = ("id", "kind", "name", "path", "text", "split", "content_hash", "marked", "marks", "width", "height")
            assert [getattr(one, k) for k in keep] == [getattr(again, k) for k in keep]
        again_names = {c.id: c.name for c in other.classes()}
        assert again_names[after[1].class_id or 0] == "dog"
        for item_id, state in other.annotation_states(ids).items():
            said = [(a.shape, again_names.get(a.class_id or 0), a.text, a.ignored) for a in state.annotations]
            assert said == [
                (a.shape, names.get(a.class_id or 0), a.text, a.ignored) for a in states[item_id].annotations
            ]
        assert other.groups_of(ids)[ids[0]] == {"phone": "A"} and set(other.reviewed()) == {ids[2]}
        with pytest.raises(UserError, match="came before"):
            other.take_manifest(travelled[:1], tmp_path)


def line_with_file(line: dict[str, Any]) -> dict[str, Any]:
    return line if "text" in line else line | {"file": "a.png"}


GOOD = {"id": 1, "kind": "text", "name": "n", "sha256": "a" * 64, "split": "train", "text": "t"}


@pytest.mark.parametrize(
    "change",
    [
        {"id": True}, {"id": -1}, {"id": 2**70}, {"kind": "program"}, {"split": "all"}, {"sha256": "A" * 64}, {"text": None},
        {"file": "x"}, {"name": 3}, {"name": "n" * 3000}, {"marks": [["box", 1]]}, {"marks": [[[], 1, "", False]]},
        {"groups": {"a": 1}}, {"width": -1}, {"seconds": "1"}, {"width": 1e300}, {"run": "rm"},
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    assert ManifestLine.from_json(GOOD).to_json() == GOOD
    with pytest.raises(UserError, match="cannot be used"):
        ManifestLine.from_json({**GOOD, **change})


@pytest.mark.parametrize(
    "shape",
    [
        ["box", 0, 0, "x", 1],
        ["region", 0, 0, 10**9, 10**9, [10**18]],
        ["box", 0, 0, 1e999, 1],
        ["polygon", ["a", "b"]],
        ["x"],
    ],
)
def test_a_place_that_cannot_be_is_refused(shape: list[Any], tmp_path: Path) -> None:
    line = ManifestLine.from_json({**GOOD, "marks": [[shape, "cat", "", False]]})
    with Project.create(tmp_path / "p", "P", "object-detection") as project, pytest.raises(UserError):
        project.take_manifest([line], tmp_path)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(key=st.sampled_from(sorted(ManifestLine.__dataclass_fields__)), value=values)
def test_whatever_a_line_holds_it_is_read_or_refused(key: str, value: Any) -> None:
    try:
        line = ManifestLine.from_json({**GOOD, key: value})
    except UserError:
        return
    assert ManifestLine.from_json(json.loads(json.dumps(line.to_json()))) == line
