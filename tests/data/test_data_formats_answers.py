"""Questions and their answers in and out: SQuAD 1.1 and 2.0, and tables."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.exporters.formats import format_by_id, formats_for
from workbench.data.importers import sniff
from workbench.data.importers.answers import AnswersPlan
from workbench.data.project import Project
from workbench.data.questions import Question, marks_of, questions_of
from workbench.data.shapes import TextSpan, Whole
from workbench.data.types import NewItem, Split
from workbench.errors import Problem, UserError

TOWER = "Der Turm 🗼 wurde 1889 in Paris gebaut. Paris liegt an der Seine."
HEBREW = "שלום עולם. המגדל נבנה בפריז."
ASKED = [
    Question("When?", ((17, 21),)),
    Question("Where?", ((25, 30), (39, 44))),
    Question("Who built it?"),
]


def kept(project: Project) -> dict[str, list[Question]]:
    """Text to its questions, in order of their words."""
    found = {}
    for item in project.items(project.item_ids()):
        asked = questions_of(project.annotations(item.id))
        found[item.text or ""] = sorted(asked, key=lambda q: q.text)
    return found


def squad(*paragraphs: tuple[str, list[dict[str, Any]]], version: str = "v2.0") -> dict[str, Any]:
    made = [{"context": text, "qas": asked} for text, asked in paragraphs]
    return {"version": version, "data": [{"title": "Towers", "paragraphs": made}]}


def asked(number: str, question: str, *answers: tuple[str, int], **more: Any) -> dict[str, Any]:
    return {
        "id": number, "question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers], **more,
    }  # fmt: skip


def read(path: Path) -> AnswersPlan:
    plan = sniff([path])
    assert isinstance(plan, AnswersPlan) and plan.marks == "answers"
    return plan


@pytest.fixture
def project(tmp_path: Path) -> Project:
    assert (TOWER[17:21], TOWER[25:30], TOWER[39:44]) == ("1889", "Paris", "Paris")
    made = Project.create(tmp_path / "p", "p", "question-answering")
    made.add_items(
        [
            NewItem("text", "Tower", text=TOWER, annotations=marks_of(ASKED)),
            NewItem("text", "Formula", text="=SUM(1)\n'-3 is \"odd\"", annotations=marks_of([
                Question("=What?", ((0, 7),)), Question("'-Which?", ((8, 11),)), Question("-1", ()),
            ])),
            NewItem("text", "Hebrew", text=HEBREW, annotations=marks_of([Question("היכן?", ((22, 27),))])),
            NewItem("text", "Later", text="Nobody has asked anything yet."),
        ]
    )  # fmt: skip
    return made


def test_questions_are_kept_apart_from_answers_and_from_what_nobody_has_answered() -> None:
    marks = [
        Annotation(TextSpan(0, 3), text="a"), Annotation(TextSpan(5, 6), text="a"), Annotation(Whole(), text="b"),
        Annotation(Whole(), text="c", ignored=True), Annotation(TextSpan(1, 2), text="c", source="model"),
        Annotation(TextSpan(0, 2), 3), Annotation(Whole(), text="a", ignored=True),
    ]  # fmt: skip
    assert questions_of(marks) == [Question("a", ((0, 3), (5, 6))), Question("b"), Question("c", (), True)]
    assert questions_of(marks, proposals=True) == [Question("c", ((1, 2),))]


@pytest.mark.parametrize("format_id", ["squad", "answers-csv", "answers-tsv"])
def test_questions_come_back_as_they_went(project: Project, tmp_path: Path, format_id: str) -> None:
    known = format_by_id(format_id)
    assert known in formats_for("answers")
    target = tmp_path / f"out{known.suffix}"
    assert known.write(project, target, Control()) == (3, [])
    plan = read(target)
    assert not plan.problems and not plan.repairs and plan.counts == (7, 2)
    again = Project.create(tmp_path / "again", "again", "question-answering")
    again.add_items(plan.read())
    wanted = kept(project)
    del wanted["Nobody has asked anything yet."]
    assert kept(again) == wanted
    assert all(item.marked for item in again.items(again.item_ids()))


def test_squad_1_leaves_out_what_has_no_answer_and_says_so(project: Project, tmp_path: Path) -> None:
    count, problems = format_by_id("squad1").write(project, tmp_path / "one.json", Control())
    assert count == 3 and len(problems) == 2
    entries = json.loads((tmp_path / "one.json").read_text("utf-8"))
    assert entries["version"] == "1.1" and len(entries["data"]) == 3
    assert not any("is_impossible" in q for a in entries["data"] for p in a["paragraphs"] for q in p["qas"])
    assert read(tmp_path / "one.json").counts == (5, 0)


def test_the_places_written_hold_in_plain_python(project: Project, tmp_path: Path) -> None:
    format_by_id("squad").write(project, tmp_path / "two.json", Control())
    for article in json.loads((tmp_path / "two.json").read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                assert question["is_impossible"] == (not question["answers"])
                for answer in question["answers"]:
                    at = answer["answer_start"]
                    assert paragraph["context"][at : at + len(answer["text"])] == answer["text"]
    format_by_id("answers-csv").write(project, tmp_path / "t.csv", Control())
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row)


def test_what_is_off_is_mended_where_it_is_clear_and_else_told_one_by_one(tmp_path: Path) -> None:
    entries = squad(
        (f"  {TOWER}", [
            asked("1", "When?", ("1889", 19)),
            asked("2", "When was it built?", ("1889", 3)),
            asked("3", "Where?", ("Paris", 3)),
            asked("4", "What?", ("Eiffel", 3)),
            asked("5", "Which  river?", ("seine", 400)),
            asked("1", "Twice?", ("1889", 19)),
            asked("6", "Who?", is_impossible=True, plausible_answers=[{"text": "Paris", "answer_start": 27}]),
            asked("7", ""), asked("8", "Nothing?"), asked("9", "Odd?", ("", 0)),
        ]),
        ("   ", []),
    )  # fmt: skip
    (tmp_path / "dev.json").write_text(json.dumps(entries), "utf-8")
    plan = read(tmp_path / "dev.json")
    (item,) = [i for i in plan.read() if isinstance(i, NewItem)]
    assert item.text == TOWER and item.name == "Towers 1"
    found = {q.text: q.places for q in questions_of(item.annotations or ())}
    assert found == {
        "When?": ((17, 21),), "When was it built?": ((17, 21),), "Which river?": ((58, 63),), "Who?": (),
    }  # fmt: skip
    assert TOWER[58:63] == "Seine"
    assert len(plan.repairs) == 2
    told = " ".join(map(str, plan.problems))
    assert len(plan.problems) == 7, told
    for words in ("question 3", "question 4", "id came before", "no text", "question 7", "question 8", "question 9"):
        assert words in told
    assert plan.counts == (4, 1) and "4 questions, 1 of them not answered" in plan.summary


def test_files_of_a_folder_are_the_parts_of_the_data(tmp_path: Path) -> None:
    for name, text in (("train-v1.1", "Anna came home."), ("dev-v1.1", "Ben stayed.")):
        entries = squad((text, [asked(name, "Who?", (text.split()[0], 0))]), version="1.1")
        (tmp_path / f"{name}.json").write_text(json.dumps(entries), "utf-8")
    plan = read(tmp_path)
    assert {(i.text, i.split) for i in plan.read() if isinstance(i, NewItem)} == {
        ("Anna came home.", Split.TRAIN), ("Ben stayed.", Split.VALIDATION),
    }  # fmt: skip


def test_a_table_tells_its_places_or_they_are_looked_for(tmp_path: Path) -> None:
    rows = [
        "passage;query;answer", "Anna came home late.;Who came?;Anna", "Anna came home late.;Who came?;Anna came",
        "Anna came home late.;Why?;", "Ben saw Ben.;Who was seen?;Ben", ";Lost?;x", "Ben saw Ben.;;Ben",
    ]  # fmt: skip
    (tmp_path / "t.csv").write_text("\n".join(rows), "utf-8")
    plan = read(tmp_path / "t.csv")
    found = {i.text: questions_of(i.annotations or ()) for i in plan.read() if isinstance(i, NewItem)}
    assert found == {
        "Anna came home late.": [Question("Who came?", ((0, 4), (0, 9))), Question("Why?")], "Ben saw Ben.": [],
    }  # fmt: skip
    assert [p.where for p in plan.problems] == ["row 5", "row 6", "row 7"]
    assert "1 row has no answer" in plan.warnings[0]


def test_json_lines_as_data_sets_are_published(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "context": TOWER, "question": "Where?", "answers": {"text": ["Paris", "Paris"], "answer_start": [25, 39]}},
        {"id": "2", "context": TOWER, "question": "Why?", "answers": {"text": [], "answer_start": []}},
    ]  # fmt: skip
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n[1]\n", "utf-8")
    plan = read(tmp_path / "t.jsonl")
    (item,) = [i for i in plan.read() if isinstance(i, NewItem)]
    assert questions_of(item.annotations or ()) == [Question("Where?", ((25, 30), (39, 44))), Question("Why?")]
    assert [p.where for p in plan.problems] == ["line 3"]


def test_other_tables_and_other_json_are_not_taken_for_questions(tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("question,answer\nWhy?,Because.\nWho?,Anna.\n", "utf-8")
    assert sniff([tmp_path / "two.csv"]).marks == "words"
    (tmp_path / "other.json").write_text(json.dumps({"data": [{"context": "x", "qas": []}]}), "utf-8")
    assert sniff([tmp_path / "other.json"]).marks != "answers"


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70), st.floats(), st.text(max_size=8), st.just(TOWER), st.just("Paris")
)
_ANSWERS = st.fixed_dictionaries({}, optional={"text": _SCALARS, "answer_start": _SCALARS}) | _SCALARS
_QUESTIONS = (
    st.fixed_dictionaries(
        {},
        optional={
            "id": _SCALARS, "question": _SCALARS, "answers": st.lists(_ANSWERS, max_size=3) | _SCALARS,
            "is_impossible": _SCALARS, "plausible_answers": _SCALARS,
        },
    )
    | _SCALARS
)  # fmt: skip
_PARAGRAPHS = (
    st.fixed_dictionaries({"context": st.just(TOWER) | _SCALARS, "qas": st.lists(_QUESTIONS, max_size=3) | _SCALARS})
    | _SCALARS
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.fixed_dictionaries({"title": _SCALARS, "paragraphs": st.lists(_PARAGRAPHS, max_size=3)}) | _SCALARS, max_size=3))  # fmt: skip
def test_whatever_a_file_holds_only_places_in_the_text_come_out(tmp_path: Path, articles: list[Any]) -> None:
    file = tmp_path / "any.json"
    first = {"title": "t", "paragraphs": [{"context": "Anna came.", "qas": [asked("x", "Who?", ("Anna", 0))]}]}
    file.write_text(json.dumps({"version": "1", "data": [first, *articles]}), "utf-8")
    plan = read(file)
    for item in plan.read():
        if isinstance(item, Problem):
            continue
        assert item.text and item.text == item.text.strip()
        item.text.encode()
        for mark in item.annotations or ():
            assert mark.text and mark.text == " ".join(mark.text.split())
            if isinstance(mark.shape, TextSpan):
                words = item.text[mark.shape.start : mark.shape.end]
                assert words and words == words.strip() and 0 <= mark.shape.start < mark.shape.end <= len(item.text)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.binary(max_size=400))
def test_damaged_files_are_told_of_in_a_sentence(tmp_path: Path, tail: bytes) -> None:
    for name, head in (("d.json", json.dumps(squad((TOWER, [asked("1", "When?", ("1889", 17))])))[:-3].encode()),
                       ("d.csv", b"context,question,answer,answer_start\n"), ("d.jsonl", b'{"context": "a", "question": "b", "answers": null}\n')):  # fmt: skip
        (tmp_path / name).write_bytes(head + tail)
        try:
            list(sniff([tmp_path / name]).read())
        except UserError as error:
            assert error.message


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.data())
def test_any_text_and_any_places_come_back(tmp_path: Path, data: st.DataObject) -> None:
    alphabet = st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("\n\t'=-@\"")
    text = data.draw(st.text(alphabet, min_size=2, max_size=60).map(str.strip).filter(bool))
    words = data.draw(st.lists(st.text(alphabet, min_size=1, max_size=12).map(lambda t: " ".join(t.split())).filter(bool), unique=True, min_size=1, max_size=3))  # fmt: skip
    wanted = []
    for question in words:
        ends = data.draw(st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))), max_size=2))
        places = {(a, b) for a, b in ends if a < b and text[a:b] == text[a:b].strip() and text[a:b]}
        wanted.append(Question(question, tuple(sorted(places))))
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    with Project.create(folder / "p", "p", "question-answering") as project:
        project.add_items([NewItem("text", "x", text=text, annotations=marks_of(wanted))])
        for format_id in ("squad", "answers-csv", "answers-tsv"):
            known = format_by_id(format_id)
            target = folder / f"{format_id}{known.suffix}"
            known.write(project, target, Control())
            (item,) = [i for i in read(target).read() if isinstance(i, NewItem)]
            assert item.text == text
            assert questions_of(item.annotations or ()) == wanted
