"""Pictures on the command line: one into a file, many into a folder, and how near they come to the true ones."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.app_paths import resources
from workbench.cli.app import FAILED, OK, PARTLY, run
from workbench.data.whole_picture import open_whole

PHOTO = resources() / "samples" / "try" / "china.jpg"
TASK = ("--task", "super-resolution")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Small pictures, one of them broken, and the true ones under the same names."""
    small, true = tmp_path / "small", tmp_path / "true"
    (small / "sub").mkdir(parents=True)
    (true / "sub").mkdir(parents=True)
    photo = Image.open(PHOTO).convert("RGB")
    for name, x in (("a.png", 200), ("sub/b.png", 260)):
        whole = photo.crop((x, 110, x + 48, 142))
        whole.save(true / name)
        whole.resize((24, 16), Image.Resampling.BICUBIC).save(small / name)
    (small / "broken.png").write_bytes(b"no picture")
    return small, true


def test_a_folder_into_a_folder_with_the_truth_beside(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, true = folders
    out = tmp_path / "new" / "folder"
    assert run(["predict", str(small), *TASK, "--output", str(out), "--truth", str(true)]) == PARTLY
    said = capsys.readouterr()
    assert sorted(f.relative_to(out).as_posix() for f in out.rglob("*.png")) == ["a.png", "sub/b.png"]
    assert open_whole(out / "a.png").width == 48
    assert said.out.count("against the true picture: PSNR ") == said.out.count("plain (bicubic) enlarging: PSNR ") == 2
    assert "broken.png: This is not a picture" in said.err and "Mean of 2 pictures" in said.err
    # What lies there already is not written over.
    assert run(["predict", str(small / "a.png"), *TASK, "--output", str(out), "--json"]) == OK
    row = json.loads(capsys.readouterr().out)[0]
    assert row["file"] == str(out / "a (2).png") and (out / "a (2).png").is_file()


def test_numbers_for_machines(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    small, true = folders
    files = [str(small / "a.png"), str(small / "sub" / "b.png")]
    assert run(["predict", files[0], *TASK, "--truth", str(true), "--json"]) == OK
    found = json.loads(capsys.readouterr().out)[0]["truth"]
    assert found["made"]["psnr"] > found["plain"]["psnr"] > 10 and 0 < found["plain"]["ssim"] <= 1
    assert run(["predict", *files, *TASK, "--truth", str(true), "--csv"]) == OK
    said = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert float(rows[0]["psnr"]) == pytest.approx(found["made"]["psnr"]) and rows[1]["psnr"] == ""
    assert "no picture named “b”" in said.err  # given by name it lies in no folder "sub"


def test_one_picture_into_a_file_of_any_kind(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, true = folders
    Image.fromarray(np.asarray(Image.open(small / "a.png").convert("L")).astype(np.uint16) * 257).save(
        tmp_path / "d.png"
    )
    for suffix, bits in ((".png", 16), (".tif", 16), (".jpg", 8)):
        target = tmp_path / f"large{suffix}"
        assert run(["predict", str(tmp_path / "d.png"), *TASK, "--output", str(target)]) == OK
        found = open_whole(target)
        assert (found.bits, found.is_grey, found.width) == (bits, True, 48)
    assert (
        run(["predict", str(small / "a.png"), *TASK, "--output", str(tmp_path / "x.png"), "--truth", str(true)]) == OK
    )
    assert "against the true picture" in capsys.readouterr().out


def test_what_makes_no_sense_is_a_sentence(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, true = folders
    two = [str(small / "a.png"), str(small / "sub" / "b.png")]
    assert run(["predict", *two, *TASK, "--output", str(tmp_path / "one.png")]) == FAILED
    assert "do not fit into one file" in capsys.readouterr().err and not (tmp_path / "one.png").exists()
    assert run(["predict", str(PHOTO), "--task", "image-classification", "--truth", str(true)]) == FAILED
    assert "no true picture" in capsys.readouterr().err
    (tmp_path / "file").write_bytes(b"x")
    assert run(["predict", two[0], *TASK, "--output", str(tmp_path / "file" / "folder")]) == FAILED
    assert "Nothing can be written" in capsys.readouterr().err
