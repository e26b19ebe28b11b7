"""workbench watch as people and scripts use it."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from workbench.__main__ import main
from workbench.data.video import VideoReader

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from video_files import moving_square, panned, write_video

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("videos") / "tour.mp4", panned(("china", "flower"), 50))


def test_events_on_the_screen_and_as_data(tour: Path, capsys: Capture) -> None:
    assert main(["watch", str(tour), "--model", "picture-starter"]) == 0
    lines = capsys.readouterr().out.splitlines()
    palace = next(line for line in lines if line.endswith("palace"))
    assert 0 <= float(palace.split()[0]) < 1 and palace.split()[3] == "2.00"
    assert main(["watch", str(tour), "--pictures", "30", "--top", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [look["frame"] for look in found["looks"]] == [1, 1, 31, 31, 61, 61, 91, 91]
    assert found["looks"][2]["label"] == "palace" and {e["label"] for e in found["events"]} >= {"palace"}


def test_a_table_and_a_copy(tour: Path, tmp_path: Path, capsys: Capture) -> None:
    table, copy = tmp_path / "seen.csv", tmp_path / "copy.mp4"
    assert main(["watch", str(tour), "--every", "1", "--csv", str(table), "--output", str(copy)]) == 0
    shown = capsys.readouterr()
    assert shown.out == "" and "The copy has no sound." in shown.err and "seen events.csv" in shown.err
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["clock"] for row in rows] == ["0:00", "0:01", "0:02", "0:03"] and rows[1]["label"] == "palace"
    assert (tmp_path / "seen events.csv").exists()
    with VideoReader(copy) as video:
        assert (video.info.width, video.info.height, video.info.count) == (480, 360, 100)


def test_what_goes_wrong_is_a_sentence(tour: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "text.mp4").write_text("no video " * 50)
    write_video(tmp_path / "ok.mp4", moving_square(3))
    for arguments, words in (
        (["gone.mp4"], "not there any more"),
        ([str(tmp_path / "text.mp4")], "not a video the app can read"),
        ([str(tour), "--output", str(tmp_path / "copy.txt")], "cannot be written as “.txt”"),
        ([str(tour), "--output", str(tour)], "overwrite the video itself"),
        ([str(tour), "--model", "text-starter"], "does not work with videos"),
        ([str(tour), "--task", "super-resolution"], "does not work with videos"),
        ([str(tour), "--every", "-1"], "cannot be less than nothing"),
        ([str(tour), "--set", "nothing=1"], "cannot be set"),
    ):
        assert main(["watch", *arguments]) == 1
        shown = capsys.readouterr()
        assert words in shown.err and shown.out == "", shown.err
    assert main(["watch", str(tour), "--every", "1", "--pictures", "2"]) == 2
