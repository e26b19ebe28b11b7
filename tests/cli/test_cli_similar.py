"""Alike pictures and near-duplicates on the command line."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from workbench.app_paths import resources
from workbench.cli.app import FAILED, OK, PARTLY, run

SAMPLES = resources() / "samples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos, one of them three times, and some digits below."""
    made = tmp_path / "album"
    (made / "digits").mkdir(parents=True)
    for name in ("china.jpg", "flower.jpg"):
        shutil.copy(SAMPLES / "try" / name, made / name)
    flower = Image.open(made / "flower.jpg")
    flower.resize((flower.width // 2, flower.height // 2)).save(made / "small flower.png")
    shutil.copy(made / "flower.jpg", made / "copy of flower.jpg")
    for digit in ("zero", "one"):
        for file in sorted((SAMPLES / "digits" / digit).glob("*.png"))[:3]:
            shutil.copy(file, made / "digits" / f"{digit} {file.name}")
    return made


def test_similar_finds_the_others_of_a_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flower = str(folder / "flower.jpg")
    assert run(["similar", flower, "--in", str(folder), "--top", "3", "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert {r["picture"] for r in found} == {"flower.jpg", "copy of flower.jpg", "small flower.png"}
    assert found[0]["likeness"] == pytest.approx(1, abs=0.002) and found[2]["likeness"] > 0.9
    digits = sorted((SAMPLES / "digits" / "zero").glob("*.png"))
    assert run(["similar", str(digits[9]), str(digits[8]), "--not", flower, "--in", str(folder), "--csv"]) == OK
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 10 and rows[0]["picture"].startswith("digits/zero") and "flower" in rows[-1]["picture"]
    assert run(["similar", flower, "--in", str(folder)]) == OK
    said = capsys.readouterr()
    assert "0 of them looked at for the first time" in said.err and "100.0%" in said.out


def test_similar_tells_what_is_wrong(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = folder / "broken.jpg"
    broken.write_bytes(b"nothing")
    assert run(["similar", str(folder / "china.jpg"), "--in", str(folder), "--top", "1"]) == PARTLY
    said = capsys.readouterr()
    assert "china.jpg" in said.out and "broken.jpg" in said.err
    assert run(["similar", str(broken), "--in", str(folder)]) == FAILED
    assert "broken.jpg" in capsys.readouterr().err
    assert run(["similar", str(folder / "china.jpg"), "--in", str(tmp_path / "nowhere")]) == FAILED
    assert "is not there" in capsys.readouterr().err


def test_duplicates_names_the_best_and_deletes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.rglob("*"))
    assert run(["duplicates", str(folder), "--json"]) == OK
    rows = json.loads(capsys.readouterr().out)
    flowers = [r for r in rows if "flower" in r["picture"]]
    assert {r["picture"] for r in flowers} == {"flower.jpg", "copy of flower.jpg", "small flower.png"}
    assert len({r["group"] for r in flowers}) == 1 and "china.jpg" not in {r["picture"] for r in rows}
    assert [r["picture"] for r in flowers if r["keep"]] == ["flower.jpg"]
    assert run(["duplicates", str(folder), "--copies-only"]) == OK
    said = capsys.readouterr()
    assert "best  flower.jpg" in said.out and "groups among 10 pictures" in said.err
    assert run(["duplicates", str(folder), "--csv"]) == OK
    assert capsys.readouterr().out.startswith("group,keep,picture,width,height,bytes,path")
    assert sorted(folder.rglob("*")) == before
