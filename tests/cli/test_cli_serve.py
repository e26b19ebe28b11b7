"""workbench serve and workbench watch-folder, as processes of their own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from own_time import Watch

from workbench.app_paths import app_paths, resources
from workbench.cli.app import run

CHINA = resources() / "samples" / "try" / "china.jpg"


def test_served_with_a_token_of_a_file_until_it_is_stopped(tmp_path: Path, workbench_home: Path) -> None:
    file = tmp_path / "token"
    command = [sys.executable, "-m", "workbench", "serve", "picture-starter", "--port", "0", "--token-file", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("Serving picture-starter at http://127.0.0.1:"), line
        address = line.split()[-1]
        told = process.stdout.readline() + process.stdout.readline()
        assert f"{address}/docs" in told and f"Token: in {file}" in told
        token = file.read_text().strip()
        answer = requests.post(
            f"{address}/v1/predict/picture-starter", files={"file": CHINA.open("rb")},
            headers={"Authorization": f"Bearer {token}"}, timeout=100,
        )  # fmt: skip
        assert answer.json()["summary"] == "palace"
        watch = Watch(process.pid)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
        assert process.returncode == 0 and "Stopped." in errors and watch.seconds < 10
        assert token not in told + said + errors
    finally:
        process.kill()
    logs = "".join(p.read_text() for p in app_paths().logs.glob("*"))
    assert token not in logs


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "nobody"),
        (["picture-starter", "--waiting", "0"], "cannot be taken"),
        (["picture-starter", "--origin", "*"], "not the address of a web page"),
        (["whisper-tiny-en"], "is not on this computer"),
        (["picture-starter", "--host", "203.0.113.9"], "cannot listen"),
    ],
)
def test_what_cannot_be_served(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_examples_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "picture-starter", "--port", "9000", "--examples"]) == 0
    said = capsys.readouterr().out
    assert "http://127.0.0.1:9000/v1/predict/picture-starter" in said and "curl" in said and "requests.post" in said


def test_a_folder_is_sorted_and_put_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(CHINA, folder / "temple.jpg")
    (folder / "broken.png").write_bytes(b"x")
    target = tmp_path / "out"
    shared = ["watch-folder", str(folder), "--action", "move", "--target", str(target)]
    watch = [*shared, "--model", "picture-starter", "--once", "--every", "0.1"]
    assert run([*watch, "--json"]) == 3
    out = capsys.readouterr().out
    decoder, deeds, place = json.JSONDecoder(), [], 0
    while place < len(out.rstrip()):
        deed, place = decoder.raw_decode(out, place)
        place += len(out[place:]) - len(out[place:].lstrip())
        deeds.append(deed)
    assert {d["answer"] for d in deeds} == {"palace", ""} and {d["verb"] for d in deeds} == {"moved"}
    assert (target / "palace" / "temple.jpg").is_file() and (target / "could not be read" / "broken.png").is_file()
    assert run(watch) == 0, "there is nothing more to do"
    assert run([*shared, "--put-back"]) == 0
    assert "2 put back" in capsys.readouterr().out
    assert sorted(p.name for p in folder.iterdir()) == ["broken.png", "temple.jpg"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "Which model"),
        (["--model", "text-starter", "--task", "style-transfer"], "cannot do this"),
        (["--model", "picture-starter", "--every", "0"], "ten times a second"),
        (["--model", "dictation-starter", "--action", "move", "--once"], "no names for folders"),
    ],
)
def test_rules_that_make_no_sense(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["watch-folder", str(tmp_path), *more]) == 1
    assert words in capsys.readouterr().err
