"""Collections of recordings as they are published: folders per class, tables beside or inside, splits, and what is odd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import NewItem, Split


def write(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).normal(scale=0.1, size=4000).astype(np.float32), 8000)
    return path


def labels(plan: Any) -> dict[str, tuple[str | None, Split | None]]:
    """File name to class and split, of what comes in."""
    return {
        i.path.name: (i.label, i.split) for i in plan.read() if isinstance(i, NewItem) and i.path and i.path.is_file()
    }


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_audiofolder_with_its_table_inside(kind: str, tmp_path: Path) -> None:
    rows = [{"file_name": f"clips/{n}.wav", "label": ("dog", "bell")[n % 2]} for n in range(4)]
    rows.append({"file_name": "gone.wav", "label": "dog"})
    for n in range(5):
        write(tmp_path / "set" / "clips" / f"{n}.wav", n)
    if kind == "csv":
        text = "file_name,label\n" + "".join(f"{r['file_name']},{r['label']}\n" for r in rows)
    else:
        text = "".join(json.dumps(r) + "\n" for r in rows) + "no json at all\n"
    (tmp_path / "set" / f"metadata.{kind}").write_text(text)
    plan = sniff([tmp_path / "set"])
    assert plan.media == "sound" and plan.label_counts == {"dog": 3, "bell": 2}
    assert any("does not name" in w for w in plan.warnings)
    assert labels(plan) == {f"{n}.wav": (("dog", "bell")[n % 2] if n < 4 else None, None) for n in range(5)}
    with Project.create(tmp_path / "p", "p", "sound-classification") as project:
        result = project.add_items(plan.read())
        assert len(result.added) == 5
        wanted = ["gone.wav"] if kind == "csv" else ["gone.wav", "row 6"]
        assert sorted(p.where for p in result.problems) == wanted


def test_an_audiofolder_with_a_table_in_each_split(tmp_path: Path) -> None:
    for place, split in enumerate(("train", "test")):
        for n in range(2):
            write(tmp_path / "set" / split / f"{split}{n}.wav", 10 * place + n)
        (tmp_path / "set" / split / "metadata.csv").write_text(
            f"file_name,label\n{split}0.wav,dog\n{split}1.wav,bell\n"
        )
    assert labels(sniff([tmp_path / "set"])) == {
        "train0.wav": ("dog", Split.TRAIN), "train1.wav": ("bell", Split.TRAIN),
        "test0.wav": ("dog", Split.TEST), "test1.wav": ("bell", Split.TEST),
    }  # fmt: skip


def test_train_and_test_folders_with_a_folder_per_class(tmp_path: Path) -> None:
    for place, (split, name) in enumerate([("train", "dog"), ("train", "bell"), ("val", "dog"), ("test", "bell")]):
        write(tmp_path / "set" / split / name / f"{place}.flac", place)
    assert labels(sniff([tmp_path / "set"])) == {
        "0.flac": ("dog", Split.TRAIN), "1.flac": ("bell", Split.TRAIN), "2.flac": ("dog", Split.VALIDATION),
        "3.flac": ("bell", Split.TEST),
    }  # fmt: skip


def test_esc_50s_table_lies_in_a_folder_beside_the_recordings(tmp_path: Path) -> None:
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for n in range(6):
        name = f"{n % 5 + 1}-10003{n}-A-{n % 2}.wav"
        write(tmp_path / "ESC-50" / "audio" / name, n)
        rows.append(f"{name},{n % 5 + 1},{n % 2},{('dog', 'chirping_birds')[n % 2]},True,10003{n},A")
    (tmp_path / "ESC-50" / "meta").mkdir()
    (tmp_path / "ESC-50" / "meta" / "esc50.csv").write_text("\n".join(rows))
    plan = sniff([tmp_path / "ESC-50" / "meta" / "esc50.csv"])
    choice = plan.guess()
    assert choice is not None and (choice.content, choice.label) == ("filename", "category")
    assert plan.media == "sound" and plan.label_counts == {"dog": 3, "chirping_birds": 3}
    found = labels(plan)
    assert len(found) == 6 and found["1-100030-A-0.wav"] == ("dog", None)


def test_urbansound8ks_table_names_no_folders(tmp_path: Path) -> None:
    rows = ["slice_file_name,fsID,start,end,salience,fold,classID,class"]
    for n in range(6):
        write(tmp_path / "UrbanSound8K" / "audio" / f"fold{n % 3 + 1}" / f"10003{n}-3-0-0.wav", n)
        rows.append(f"10003{n}-3-0-0.wav,10003{n},0.0,0.317551,1,{n % 3 + 1},{n % 2},{('dog_bark', 'siren')[n % 2]}")
    (tmp_path / "UrbanSound8K" / "metadata").mkdir()
    (tmp_path / "UrbanSound8K" / "metadata" / "UrbanSound8K.csv").write_text("\n".join(rows))
    plan = sniff([tmp_path / "UrbanSound8K" / "metadata" / "UrbanSound8K.csv"])
    choice = plan.guess()
    assert choice is not None and (choice.content, choice.label) == ("slice_file_name", "class")
    assert len(labels(plan)) == 6 and plan.label_counts == {"dog_bark": 3, "siren": 3}


def test_a_column_of_splits_is_kept_and_two_files_of_one_name_are_not_guessed_between(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 0)
    write(tmp_path / "one" / "b.wav", 1)
    write(tmp_path / "two" / "b.wav", 2)
    (tmp_path / "list.csv").write_text("file,label,split\na.wav,dog,train\nb.wav,bell,test\n")
    plan = sniff([tmp_path / "list.csv"])
    assert any("“split” says" in w for w in plan.warnings)
    assert labels(plan) == {"a.wav": ("dog", Split.TRAIN)}
    with Project.create(tmp_path / "p", "p", "sound-classification") as project:
        result = project.add_items(plan.read())
        assert len(result.added) == 1 and [p.where for p in result.problems] == ["b.wav"]
    # Other words in it, and it is a column like any other.
    (tmp_path / "list.csv").write_text("file,label,split\na.wav,dog,first\n")
    assert labels(sniff([tmp_path / "list.csv"])) == {"a.wav": ("dog", None)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_of_any_encoding_name_their_files(encoding: str, tmp_path: Path) -> None:
    rows = ["file;label"]
    for n, name in enumerate(("Türe", "Glöckchen", "Hündin", "Möwe")):
        write(tmp_path / f"{name}.wav", n)
        rows.append(f"{name}.wav;{('Gebell', 'Geräusch')[n % 2]}")
    (tmp_path / "liste.csv").write_bytes("\n".join(rows).encode(encoding))
    assert labels(sniff([tmp_path / "liste.csv"])) == {
        "Türe.wav": ("Gebell", None), "Glöckchen.wav": ("Geräusch", None), "Hündin.wav": ("Gebell", None),
        "Möwe.wav": ("Geräusch", None),
    }  # fmt: skip


def test_names_from_right_to_left_and_broken_files_beside_good_ones(tmp_path: Path) -> None:
    for n, name in enumerate(("כלב", "قطة")):
        for k in range(2):
            write(tmp_path / "set" / name / f"צליל {k}.wav", 10 * n + k)
    (tmp_path / "set" / "כלב" / "broken.wav").write_bytes(b"RIFF....WAVE but no more")
    (tmp_path / "set" / "כלב" / "empty.flac").write_bytes(b"")
    (tmp_path / "set" / "notes.txt").write_text("read me")
    plan = sniff([tmp_path / "set"])
    assert plan.label_counts == {"כלב": 4, "قطة": 2}
    with Project.create(tmp_path / "p", "p", "sound-classification") as project:
        result = project.add_items(plan.read())
        assert len(result.added) == 4
        assert sorted(Path(p.where).name for p in result.problems) == ["broken.wav", "empty.flac"]
        assert {c.name for c in project.classes()} == {"כלב", "قطة"}
