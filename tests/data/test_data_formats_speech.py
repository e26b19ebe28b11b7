"""Collections of speech come in as they are published, and go out again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.exporters.formats import format_by_id, formats_for
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import NewItem, Split
from workbench.errors import Problem

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import RATE, saved


def clip(path: Path, seed: int = 0) -> Path:
    saved(path, 0.3 * np.sin(np.arange(RATE // 2) / (5 + seed)))
    return path


def told(plan: object) -> list[tuple[str, str, Split | None]]:
    found = []
    for item in plan.read():  # type: ignore[attr-defined]
        if isinstance(item, NewItem):
            assert item.path is not None and item.path.is_file() and item.kind == "sound"
            found.append((item.path.name, item.annotations[0].text if item.annotations else "", item.split))
    return found


def test_ljspeech(tmp_path: Path) -> None:
    for number in range(3):
        clip(tmp_path / "LJ" / "wavs" / f"LJ001-000{number}.wav", number)
    (tmp_path / "LJ" / "metadata.csv").write_text(
        'LJ001-0000|He said "no" in 1930.|He said "no" in nineteen thirty.\n'
        "LJ001-0001|It's £5, really.|It's five pounds, really.\n"
        "LJ001-0002|Only two columns\n\nLJ001-0009|Missing|Missing\nnothing\n",
        encoding="utf-8",
    )
    for given in (tmp_path / "LJ", tmp_path / "LJ" / "metadata.csv"):
        plan = sniff([given])
        assert plan.marks == "words" and plan.media == "sound" and plan.format == "LJSpeech" and plan.total == 3
        assert told(plan) == [
            ("LJ001-0000.wav", 'He said "no" in nineteen thirty.', None),
            ("LJ001-0001.wav", "It's five pounds, really.", None),
            ("LJ001-0002.wav", "Only two columns", None),
        ]
        problems = [str(p) for p in plan.read() if isinstance(p, Problem)]
        assert "LJ001-0009: There is no recording" in problems[0] and "line 6" in problems[1]
        assert "3 recordings with their words" in plan.summary and plan.brings_labels


def test_common_voice(tmp_path: Path) -> None:
    home = tmp_path / "cv"
    for number in range(4):
        clip(home / "clips" / f"common_voice_en_{number}.flac", number)
    head = "client_id\tpath\tsentence\tup_votes\n"
    (home / "train.tsv").write_text(
        f'{head}a\tcommon_voice_en_0.flac\tShe said: "Hi.\t2\nb\tcommon_voice_en_1.flac\tTwo.\t2\n'
    )
    (home / "dev.tsv").write_text(f"{head}c\tcommon_voice_en_2.flac\tThree.\t2\n")
    (home / "test.tsv").write_text(f"{head}d\tcommon_voice_en_3.flac\tFour.\t2\nd\tgone.flac\tGone.\t2\n")
    (home / "validated.tsv").write_text(f"{head}d\tcommon_voice_en_3.flac\tFour.\t2\n")
    plan = sniff([home])
    assert plan.format == "Common Voice" and plan.total == 4
    assert told(plan) == [
        ("common_voice_en_0.flac", 'She said: "Hi.', Split.TRAIN),
        ("common_voice_en_1.flac", "Two.", Split.TRAIN),
        ("common_voice_en_2.flac", "Three.", Split.VALIDATION),
        ("common_voice_en_3.flac", "Four.", Split.TEST),
    ]
    assert [p.where for p in plan.read() if isinstance(p, Problem)] == ["gone.flac"]
    assert told(sniff([home / "validated.tsv"])) == [("common_voice_en_3.flac", "Four.", None)]


def test_librispeech(tmp_path: Path) -> None:
    chapter = tmp_path / "LibriSpeech" / "dev-clean" / "84" / "121123"
    other = tmp_path / "LibriSpeech" / "train-clean-100" / "7" / "8"
    for number in range(2):
        clip(chapter / f"84-121123-000{number}.flac", number)
    clip(other / "7-8-0000.flac", 5)
    (chapter / "84-121123.trans.txt").write_text("84-121123-0000 GO DO YOU HEAR\n84-121123-0001 BUT IN LESS\n")
    (other / "7-8.trans.txt").write_text("7-8-0000 YES\n")
    plan = sniff([tmp_path / "LibriSpeech"])
    assert plan.format == "LibriSpeech" and plan.total == 3
    assert set(told(plan)) == {
        ("84-121123-0000.flac", "GO DO YOU HEAR", Split.VALIDATION), ("84-121123-0001.flac", "BUT IN LESS", Split.VALIDATION),
        ("7-8-0000.flac", "YES", Split.TRAIN),
    }  # fmt: skip


def test_a_text_beside_each_recording(tmp_path: Path) -> None:
    for number in range(3):
        clip(tmp_path / "mine" / f"{number}.wav", number)
    (tmp_path / "mine" / "0.txt").write_bytes("Größe\nund mehr".encode("cp1252"))
    (tmp_path / "mine" / "1.txt").write_text("one", encoding="utf-8")
    clip(tmp_path / "mine" / "3.wav", 3)
    (tmp_path / "mine" / "3.txt").write_bytes(
        "Die Straße ist für Fußgänger schön, aber für Räder nicht.".encode("cp1252")
    )
    plan = sniff([tmp_path / "mine"])
    assert plan.marks == "words" and told(plan)[:2] == [("0.wav", "Größe und mehr", None), ("1.wav", "one", None)]
    assert "1 recordings have no text" in plan.warnings[0]
    files = [tmp_path / "mine" / n for n in ("1.wav", "1.txt", "3.wav", "3.txt")]
    assert [t[1][:10] for t in told(sniff(files))] == ["one", "Die Straße"]


@pytest.mark.parametrize("kind", ["words", "classes", "notes", "table"])
def test_other_things_are_left_to_others(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    if kind == "words":  # a table of another kind
        clip(folder / "a.wav")
        (folder / "t.csv").write_text("file,transcript\na.wav,hello there\na.wav,again\n")
        plan = sniff([folder / "t.csv"])
        assert plan.kind == "table" and plan.marks == "words"
    elif kind == "classes":
        for name in ("dog", "cat"):
            clip(folder / name / "1.wav", len(name))
            clip(folder / name / "2.wav", 9 + len(name))
        assert sniff([folder]).kind == "folders"
    elif kind == "notes":  # one read-me among many recordings
        for number in range(5):
            clip(folder / f"{number}.wav", number)
        (folder / "0.txt").write_text("About this folder.")
        assert sniff([folder]).kind == "files"
    else:
        folder.mkdir()
        (folder / "a.csv").write_text("text|label\ngood|1\nbad|0\n")
        assert sniff([folder / "a.csv"]).media == "text"


def test_what_goes_out_comes_back(tmp_path: Path) -> None:
    from workbench.data.annotations import NewAnnotation

    words = ["Hello, “there” – 5%", "", "zwei | drei", "=1+1"]
    with Project.create(tmp_path / "p", "p", "speech-recognition") as project:
        items = [
            NewItem(
                "sound",
                f"{n}",
                path=clip(tmp_path / "in" / f"{n}.wav", n),
                annotations=(NewAnnotation(text=w),) if w else (),
            )
            for n, w in enumerate(words)
        ]
        assert len(project.add_items(items).added) == 4
        undone = project.add_items([NewItem("sound", "u", path=clip(tmp_path / "in" / "u.wav", 9))]).added
        assert len(undone) == 1
        assert {f.id for f in formats_for("words")} == {"words-csv", "ljspeech"}
        count, problems = format_by_id("words-csv").write(project, tmp_path / "out.csv", Control())
        assert (count, problems) == (4, [])
        plan = sniff([tmp_path / "out.csv"])
        assert plan.marks == "words" and [w for _, w, _ in told(plan)] == [words[0], "", words[2], "'=1+1"]
        count, problems = format_by_id("ljspeech").write(project, tmp_path / "lj", Control())
        assert (count, problems) == (4, [])
        assert [w for _, w, _ in told(sniff([tmp_path / "lj"]))] == [words[0], "", "zwei drei", words[3]]
