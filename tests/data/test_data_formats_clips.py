"""Marked sounds come in from Audacity, Raven, tables and Label Studio, go out again, and whatever is odd is told."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.__main__ import main
from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.exporters.formats import format_by_id, formats_for
from workbench.data.importers import ImportPlan, sniff
from workbench.data.importers.clips import moment
from workbench.data.project import Project
from workbench.data.shapes import Clip
from workbench.data.types import ItemFilter, NewItem
from workbench.engine.journey import add_plan, tasks_for_plan
from workbench.errors import UserError

Told = dict[str, list[tuple[float, float, str]] | None]


def sound(path: Path, seconds: float = 4.0, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).normal(size=int(8000 * seconds)) * 0.1, 8000)
    return path


def told(plan: ImportPlan) -> Told:
    found: Told = {}
    for item in plan.read():
        if isinstance(item, NewItem):
            assert item.kind == "sound" and item.path is not None and item.path.is_file()
            marks = item.annotations
            found[item.name] = None if marks is None else [_row(m) for m in marks]
    return found


def _row(mark: NewAnnotation) -> tuple[float, float, str]:
    assert isinstance(mark.shape, Clip)
    return round(mark.shape.begins, 4), round(mark.shape.ends, 4), mark.label


def test_audacity_beside_recordings(tmp_path: Path) -> None:
    for name in ("dawn.wav", "noon.wav", "dusk.wav"):
        sound(tmp_path / "field" / name, seed=len(name) + ord(name[1]))
    text = (
        "0.5\t1.25\tWren\r\n\\\t2000.0\t8000.0\r\n3.0\t2.0\tOwl\r\n-0.2\t0.3\tWren\r\n3.5\t9.0\tFrog\r\n"
        "7.0\t8.0\tFrog\r\n1.0\t1.0\tWren\r\n2.0\t2.5\t\r\n"
    )
    (tmp_path / "field" / "dawn.txt").write_text(text)
    (tmp_path / "field" / "noon.txt").write_bytes("1,5\t2,5\tGrünling\n".encode("cp1252"))
    (tmp_path / "field" / "gone.txt").write_text("1.0\t2.0\tWren\n")
    plan = sniff([tmp_path / "field"])
    assert (
        plan.marks == "clips" and plan.format == "Audacity labels" and tasks_for_plan(plan)[0].info.id == "sound-events"
    )
    found = told(plan)
    assert found["dawn.wav"] == [(0.5, 1.25, "Wren"), (2.0, 3.0, "Owl"), (0.0, 0.3, "Wren"), (3.5, 4.0, "Frog")]
    assert found["noon.wav"] == [(1.5, 2.5, "Grünling")] and found["dusk.wav"] is None
    first = next(i for i in plan.read() if isinstance(i, NewItem))
    assert first.annotations is not None and first.annotations[0].shape == Clip(0.5, 1.25, 2000.0, 8000.0)
    words = [str(p) for p in plan.problems]
    assert len(words) == 4 and any("gone" in w for w in words) and any("beyond the end" in w for w in words)
    assert any("moment without length" in w for w in words) and any("no class" in w for w in words)
    mended = [str(p) for p in plan.repairs]
    assert len(mended) == 3 and any("line 3" in w and "exchanged" in w for w in mended)
    assert any("come in as done" in w for w in plan.warnings) and any("has no labels" in w for w in plan.warnings)


def test_a_label_track_alone_and_texts_that_are_none(tmp_path: Path) -> None:
    sound(tmp_path / "a.flac")
    (tmp_path / "a.txt").write_text("0.5\t1.5\tWren\n")
    assert told(sniff([tmp_path / "a.txt"])) == {"a.flac": [(0.5, 1.5, "Wren")]}
    assert told(sniff([tmp_path / "a.flac", tmp_path / "a.txt"])) == {"a.flac": [(0.5, 1.5, "Wren")]}
    # A text of what is said beside a recording is another thing.
    sound(tmp_path / "said" / "b.wav")
    (tmp_path / "said" / "b.txt").write_text("Good morning to you all.")
    assert sniff([tmp_path / "said"]).marks == "words"
    (tmp_path / "lost.txt").write_text("0.5\t1.5\tWren\n")
    with pytest.raises(UserError, match="None of the recordings"):
        sniff([tmp_path / "lost.txt"])


def test_raven_tables(tmp_path: Path) -> None:
    sound(tmp_path / "r" / "one.wav")
    sound(tmp_path / "r" / "two.wav", seed=2)
    head = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
    (tmp_path / "r" / "one.Table.1.selections.txt").write_text(
        f"{head}Species\n1\tWaveform 1\t1\t0.5\t1.0\t500\t900\tWren\n1\tSpectrogram 1\t1\t0.5\t1.0\t500\t900\tWren\n"
        "2\tSpectrogram 1\t1\tx\t1.0\t500\t900\tWren\n"
    )
    plan = sniff([tmp_path / "r"])
    assert plan.format == "Raven selections"
    assert told(plan) == {"one.wav": [(0.5, 1.0, "Wren")], "two.wav": None} and len(plan.problems) == 1
    # Several recordings opened as one: each selection says its file and where it begins in it.
    (tmp_path / "r" / "one.Table.1.selections.txt").unlink()
    (tmp_path / "r" / "all.txt").write_text(
        f"{head}Begin File\tFile Offset (s)\tAnnotation\n1\tS\t1\t0.5\t1.0\t500\t900\tone.wav\t0.5\tWren\n"
        "2\tS\t1\t5.0\t6.5\t500\t900\ttwo.wav\t1.0\tOwl\n"
    )
    assert told(sniff([tmp_path / "r"])) == {"one.wav": [(0.5, 1.0, "Wren")], "two.wav": [(1.0, 2.5, "Owl")]}


def test_tables(tmp_path: Path) -> None:
    sound(tmp_path / "sounds" / "one.wav")
    sound(tmp_path / "sounds" / "two.wav", seed=2)
    (tmp_path / "list.csv").write_text(
        "file;start;end;label\nsounds/one.wav;0,5;1,5;Wren\none.wav;2;3;=SUM(1)\ntwo.wav;;;\n../secret.wav;1;2;Wren\n",
        encoding="utf-8",
    )
    plan = sniff([tmp_path / "list.csv"])
    assert told(plan) == {"sounds/one.wav": [(0.5, 1.5, "Wren"), (2.0, 3.0, "=SUM(1)")], "sounds/two.wav": []}
    assert len(plan.problems) == 1 and "secret" in str(plan.problems[0])
    (tmp_path / "strong.tsv").write_text("filename\tonset\toffset\tevent_label\none.wav\t0:00:01.0\t1.5\tDog\n")
    assert told(sniff([tmp_path / "strong.tsv"])) == {"sounds/one.wav": [(1.0, 1.5, "Dog")]}
    # A table of recordings with a class each stays what it is.
    (tmp_path / "classes.csv").write_text("file,label\nsounds/one.wav,Wren\n")
    assert sniff([tmp_path / "classes.csv"]).marks == "classes"


def test_label_studio(tmp_path: Path) -> None:
    sound(tmp_path / "ls" / "one.wav")
    value = {"start": 0.5, "end": 1.5, "channel": 0, "labels": ["Wren", "Wind"]}
    tasks = [
        {"data": {"audio": "/data/upload/3/1b2c3d4e-one.wav"}, "annotations": [{"result": [{"type": "labels", "value": value}]}]},
        {"data": {"audio": "http://localhost/none.wav"}, "annotations": [{"result": []}]},
    ]  # fmt: skip
    (tmp_path / "ls" / "export.json").write_text(json.dumps(tasks))
    plan = sniff([tmp_path / "ls"])
    assert plan.format == "Label Studio" and len(plan.problems) == 1
    assert told(plan) == {"one.wav": [(0.5, 1.5, "Wren"), (0.5, 1.5, "Wind")]}


@pytest.mark.parametrize("format_id", [f.id for f in formats_for("clips")])
def test_out_and_in_again(tmp_path: Path, format_id: str) -> None:
    marks = (NewAnnotation(Clip(0.123456, 1.5), "Wren, young"), NewAnnotation(Clip(0.5, 3.25, 500.0, 2000.0), "Owl"))
    items = [
        NewItem("sound", "a/one.wav", path=sound(tmp_path / "s" / "one.wav"), annotations=marks),
        NewItem("sound", "two.wav", path=sound(tmp_path / "s" / "two.wav", seed=2), annotations=()),
        NewItem("sound", "three.wav", path=sound(tmp_path / "s" / "three.wav", seed=3)),
    ]
    known = format_by_id(format_id)
    with Project.create(tmp_path / "p", "p", "sound-events") as project:
        project.add_items(items)
        target = tmp_path / f"out{known.suffix}"
        count, problems = known.write(project, target, Control())
        assert count == 2 and len(problems) == 1 and "not done" in problems[0].message
    plan = sniff([target])
    with Project.create(tmp_path / "q", "q", "sound-events") as again:
        add_plan(again, plan, False, Control())
        ids = again.item_ids(ItemFilter(labelled=True))
        names = {c.id: c.name for c in again.classes()}
        kept = {
            Path(again.item(i).name).name.split("_")[-1]: [
                (a.shape, names[a.class_id or 0]) for a in again.annotations(i)
            ]
            for i in ids
        }
    band = (0.0, 0.0) if format_id == "label-studio-clips" else (500.0, 2000.0)
    assert kept["one.wav"] == [(Clip(0.123456, 1.5), "Wren, young"), (Clip(0.5, 3.25, *band), "Owl")]
    # Audacity and Raven keep an empty file for a recording in which nothing is marked.
    assert kept.get("two.wav", []) == []


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound(tmp_path / "field" / "dawn.wav")
    (tmp_path / "field" / "dawn.txt").write_text("0.5\t1.25\tWren\n3.0\t2.0\tOwl\n")
    assert main(["project", "import", str(tmp_path / "p"), str(tmp_path / "field")]) == 0
    said = capsys.readouterr().out
    assert "2 marked sounds" in said and "mended: " in said
    assert main(["project", "export", str(tmp_path / "p"), str(tmp_path / "out.csv"), "--format", "clips-csv"]) == 0
    assert "Wren" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert main(["project", "export", str(tmp_path / "p"), "--format"]) == 0
    assert "audacity" in capsys.readouterr().out
    assert main(["project", "cut", str(tmp_path / "p"), str(tmp_path / "single")]) == 0
    assert "2 recordings" in capsys.readouterr().out
    with Project.open(tmp_path / "single", read_only=True) as made:
        assert {c.name: made.counts().per_class[c.id] for c in made.classes()} == {"Wren": 1, "Owl": 1}


LINES = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(exclude_characters="\r\n"), max_size=20),
        st.tuples(
            st.sampled_from(["0", "1.5", "-3", "1e300", "nan", "inf", "1,5", "9:9:9:9", ""]),
            st.sampled_from(["2", "0.5", "1e-300", "x", "", "3:00"]),
            st.text(max_size=5),
            st.sampled_from(["a.wav", "b.wav", "../a.wav", "/etc/passwd", "http://x/a.wav", "//srv/a.wav", "\\\\srv\\a.wav", ""]),
        ).map("\t".join),
    ),
    max_size=8,
)  # fmt: skip
HEADS = st.sampled_from(
    ["", "0.5\t1.0\tWren\n", "file\tstart\tend\tlabel\n", "start\tend\tlabel\tfilename\n", "Selection\tBegin Time (s)\tEnd Time (s)\tTags\n",
     "Begin Time (s)\tEnd Time (s)\tAnnotation\tBegin File\n", "\ufeff0\t1\t\n"]
)  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(HEADS, LINES, st.sampled_from([".txt", ".csv", ".tsv"]), st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-7"]))
def test_text_files_may_hold_anything(head: str, lines: list[str], suffix: str, encoding: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound(folder / "a.wav", 1.0)
        (folder / f"a{suffix}").write_bytes((head + "\n".join(lines)).encode(encoding, "replace"))
        _sane(folder)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=5), st.sampled_from(["a.wav", "labels", "../a.wav"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["data", "audio", "annotations", "result", "type", "value", "start", "end", "labels", "was_cancelled"]),
            inner, max_size=5,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES, VALUES, VALUES)
def test_json_may_hold_anything(annotations: object, value: object, task: object) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound(folder / "a.wav", 1.0)
        sane = {"data": {"audio": "a.wav"}, "annotations": [{"result": [{"type": "labels", "value": value}]}]}
        (folder / "a.json").write_text(
            json.dumps([sane, {"data": {"audio": "a.wav"}, "annotations": annotations}, task])
        )
        _sane(folder)


def _sane(folder: Path) -> None:
    try:
        plan = sniff([folder])
        items = list(plan.read())
    except UserError:
        return
    for item in items:
        if isinstance(item, NewItem):
            assert item.path is None or item.path.parent == folder.absolute()
            for mark in item.annotations or ():
                if isinstance(mark.shape, Clip):
                    assert 0 <= mark.shape.begins < mark.shape.ends <= 1.0 and mark.label.strip()


def test_moments() -> None:
    assert [moment(v) for v in ("1.5", "1,5", "1:01.5", "1:00:01", 2, 0.25)] == [1.5, 1.5, 61.5, 3601.0, 2.0, 0.25]
    assert [moment(v) for v in ("", "x", None, True, math.inf, "1:2:3:4", "9" * 50)] == [None] * 7
