"""Marked texts in and out: CoNLL, spaCy, Prodigy, Doccano, Label Studio."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.exporters.formats import format_by_id, formats_for
from workbench.data.importers import sniff
from workbench.data.importers.formats.conll import joined, looks
from workbench.data.importers.formats.spans_json import SpansJson
from workbench.data.project import Project
from workbench.data.shapes import TextSpan
from workbench.data.types import NewItem
from workbench.errors import Problem, UserError

TEXT = "Über Anna Müller 😀 aus Wien, שלום."
PIECES = [(5, 16, "person"), (23, 27, "place")]


def marked(project: Project) -> list[tuple[str, set[tuple[int, int, str]]]]:
    names = {c.id: c.name for c in project.classes()}
    found = []
    for item in project.items(project.item_ids()):
        state = project.annotation_states([item.id])[item.id]
        found.append(
            (item.text or "", {(a.shape.start, a.shape.end, names[a.class_id or 0]) for a in state.annotations})
        )  # type: ignore[union-attr]
    return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "p", "p", "token-classification")
    marks = tuple(NewAnnotation(TextSpan(a, b), name) for a, b, name in PIECES)
    made.add_items(
        [
            NewItem("text", "one", text=TEXT, annotations=marks),
            NewItem("text", "two", text="Nothing here.", annotations=()),
            NewItem("text", "three", text="Not done yet."),
        ]
    )
    return made


@pytest.mark.parametrize("format_id", ["spacy", "doccano", "label-studio-spans"])
def test_json_formats_come_back_as_they_went(project: Project, tmp_path: Path, format_id: str) -> None:
    known = format_by_id(format_id)
    target = tmp_path / f"out{known.suffix}"
    assert known.write(project, target, Control()) == (2, [])
    plan = sniff([target])
    assert (plan.marks, plan.media, plan.label_counts) == ("spans", "text", {"person": 1, "place": 1})
    again = Project.create(tmp_path / "again", "again", "token-classification")
    again.add_items(plan.read())
    assert marked(again) == marked(project)[:2]
    assert [i.marked for i in again.items(again.item_ids())] == [True, True]


def test_all_four_are_offered() -> None:
    assert {f.id for f in formats_for("spans")} == {"spacy", "doccano", "label-studio-spans", "conll"}


def test_conll_keeps_words_and_tags(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "out.conll"
    format_by_id("conll").write(project, target, Control())
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["Über O", "Anna B-person", "Müller I-person"] and "Wien B-place" in lines
    plan = sniff([target])
    assert plan.format == "CoNLL" and plan.label_counts == {"person": 1, "place": 1}
    item = next(iter(plan.read()))
    assert isinstance(item, NewItem) and item.text is not None and item.annotations is not None
    said = [(item.text[a.shape.start : a.shape.end], a.label) for a in item.annotations]  # type: ignore[union-attr]
    assert said == [("Anna Müller", "person"), ("Wien", "place")]


def test_the_tag_schemes_of_conll() -> None:
    words = ["John", "Smith", "met", "Bob", ",", "Al"]
    for tags in (
        ["I-PER", "I-PER", "O", "I-PER", "O", "I-PER"],
        ["B-PER", "I-PER", "O", "B-PER", "O", "B-PER"],
        ["B-PER", "E-PER", "O", "S-PER", "O", "S-PER"],
        ["B-PER", "L-PER", "O", "U-PER", "O", "U-PER"],
    ):
        text, spans = joined(list(zip(words, tags, strict=True)))
        assert text == "John Smith met Bob, Al"
        assert [text[a:b] for a, b, _ in spans] == ["John Smith", "Bob", "Al"]


def test_what_is_no_conll_is_left_alone(tmp_path: Path) -> None:
    assert not looks("name\tlabel\ngood thing\tpraise\nbad thing\tcomplaint\n")
    table = tmp_path / "t.tsv"
    table.write_text("text\tlabel\nThe soup was cold\tbad\nNice place\tgood\nNice soup\tgood\n")
    assert sniff([table]).marks == "classes"
    records = tmp_path / "t.jsonl"
    records.write_text("".join(json.dumps({"text": f"text {n}", "label": "a"}) + "\n" for n in range(4)))
    assert sniff([records]).kind == "table"


def test_oddities_are_told_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(
        json.dumps({"text": "  Anna came", "entities": [[2, 6, "person"], [40, 50, "person"], ["x", 3, "person"], [0, 4, ""]]})
        + "\n" + json.dumps({"words": 1}) + "\n",
        encoding="utf-8",
    )  # fmt: skip
    plan = sniff([file])
    found = list(plan.read())
    item = found[0]
    assert isinstance(item, NewItem) and item.annotations == (NewAnnotation(TextSpan(0, 4), "person"),)
    words = [str(p.message) for p in found if isinstance(p, Problem)]
    assert words == [
        "A piece lies outside its text.", "A piece's place is no number.", "A piece has no class.",
        "This entry has no text with marked pieces.",
    ]  # fmt: skip


def test_prodigy_and_old_spacy_and_new_doccano(tmp_path: Path) -> None:
    for number, record in enumerate(
        (
            {"text": "Anna came", "spans": [{"start": 0, "end": 4, "label": "person"}]},
            ["Anna came", {"entities": [[0, 4, "person"]]}],
            {"text": "Anna came", "entities": [{"id": 1, "label": "person", "start_offset": 0, "end_offset": 4}]},
        )
    ):
        file = tmp_path / f"{number}.jsonl"
        file.write_text(json.dumps(record) + "\n" + json.dumps(record) + "\n")
        plan = sniff([file])
        item = next(iter(plan.read()))
        assert isinstance(item, NewItem) and item.annotations == (NewAnnotation(TextSpan(0, 4), "person"),)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode),
                 st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                              lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                                  st.sampled_from(["text", "entities", "label", "spans", "data", "annotations", "result", "value"]),
                                  inner, max_size=4), max_leaves=20).map(lambda v: json.dumps(v).encode())))  # fmt: skip
def test_anything_at_all_is_refused_or_read(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any.jsonl"
    file.write_bytes(content)
    try:
        plan = SpansJson().plan([file], Control())
    except UserError:
        return
    if plan is not None:
        list(plan.read())
