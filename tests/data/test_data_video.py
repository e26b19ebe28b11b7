"""Videos of many kinds, whole and broken, against what was written into them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.data import video as module
from workbench.data.importers import sniff
from workbench.data.media import open_picture
from workbench.data.video import VideoReader, clock, is_video
from workbench.errors import UserError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from video_files import jpeg_pictures, moving_square, mp4_facts, square_at, turned, uneven_gif, write_video


def corner_of(pixels: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(pixels[:, :, 0] > 128)
    return int(columns.min()), int(rows.min())


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi", ".mkv", ".mov"])
def test_every_picture_comes_once_in_its_place_and_time(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"v{suffix}", moving_square(50), 20.0)
    with VideoReader(path) as video:
        assert (video.info.width, video.info.height, video.info.rate) == (160, 120, 20.0)
        assert abs(video.info.count - 50) <= 1 and abs(video.info.seconds - 2.5) <= 0.06
        frames = list(video.frames())
        assert video.read() is None and video.cut_short == ""
    assert [f.index for f in frames] == list(range(50))
    np.testing.assert_allclose([f.time for f in frames], np.arange(50) / 20, atol=0.001)
    for frame in frames:
        x, y = corner_of(frame.pixels)
        wanted = square_at(frame.index)
        assert abs(x - wanted[0]) <= 1 and abs(y - wanted[1]) <= 1


def test_the_tests_own_readers_agree(tmp_path: Path) -> None:
    facts = mp4_facts(write_video(tmp_path / "v.mp4", moving_square(50), 20.0))
    assert facts == {"pictures": 50, "seconds": 2.5, "codec": "mp4v"}
    path = write_video(tmp_path / "v.avi", moving_square(9))
    with VideoReader(path) as video:
        for frame, picture in zip(video.frames(), jpeg_pictures(path), strict=True):
            # Two decoders of one JPEG may differ a little where they bring the colours up to size.
            assert np.abs(frame.pixels.astype(int) - picture).mean() < 1


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
def test_searching_finds_the_very_picture(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"v{suffix}", moving_square(60))
    with VideoReader(path) as video:
        frames = list(video.frames())
        rng = np.random.default_rng(0)
        for moment in (0.0, 0.04, 2.36, 99.0, *rng.uniform(0, 2.4, 15)):
            found = video.seek(float(moment))
            wanted = [f for f in frames if f.time <= moment + 1e-4][-1]
            assert found is not None and found.index == wanted.index
            np.testing.assert_array_equal(found.pixels, wanted.pixels)
        video.seek(1.0)
        following = video.read()
        assert following is not None and following.index == 26


def test_uneven_times_are_those_of_the_file(tmp_path: Path) -> None:
    shown = [100, 100, 500, 50, 50, 200, 1000, 30]
    path = uneven_gif(tmp_path / "v.gif", shown)
    begins = np.cumsum([0, *shown[:-1]]) / 1000
    with VideoReader(path) as video:
        frames = list(video.frames())
        np.testing.assert_allclose([f.time for f in frames], begins, atol=0.001)
        for moment in (0.15, 0.6, 0.72, 1.99, 2.01):
            found = video.seek(moment)
            place = int(np.nonzero(begins <= moment)[0][-1])
            assert found is not None and round(found.pixels.mean() / 20) == place


def test_a_turned_video_is_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", moving_square(5))
    with VideoReader(turned(path, tmp_path / "turned.mp4")) as video:
        assert (video.info.width, video.info.height) == (120, 160)
        frame = video.read()
    assert frame is not None and frame.pixels.shape == (160, 120, 3)
    # Turned clockwise, what was left is above, and what was above is right.
    x, y = square_at(0)
    assert corner_of(frame.pixels) == pytest.approx((120 - y - 24, x), abs=1)


def test_a_frame_becomes_a_sample(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", moving_square(3, 320, 240))
    with VideoReader(path) as video:
        frame = video.read()
    assert frame is not None
    np.testing.assert_array_equal(np.asarray(open_picture(frame.sample())), frame.pixels)
    small = open_picture(frame.sample(max_side=80))
    assert small.size == (80, 60)


def test_what_is_no_video_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = write_video(tmp_path / "good.mp4", moving_square(60)).read_bytes()

    def said(name: str, data: bytes | None) -> str:
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(UserError) as caught:
            VideoReader(path)
        assert caught.value.hint
        return caught.value.message

    assert said("gone.mp4", None) == "The video is not there any more."
    assert said("empty.mp4", b"") == "The video is empty."
    assert said("text.mp4", b"this is a text " * 100) == "This is not a video the app can read."
    # FFmpeg itself would open these and follow them to other files.
    assert said("list.mp4", b"ffconcat version 1.0\nfile good.mp4\n") == "This is not a video the app can read."
    assert said("play.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:5\ngood.mp4\n") == "This is not a video the app can read."
    sound = io.BytesIO(b"RIFF\x24\0\0\0WAVEfmt ")
    assert said("sound.avi", sound.getvalue()) == "This is not a video the app can read."
    assert said("half.mp4", good[: len(good) // 2]).startswith("No picture can be read from this video")
    assert said("noise.mp4", good[:32] + bytes(np.random.default_rng(0).bytes(5000))).startswith("No picture")
    (tmp_path / "folder.mp4").mkdir()
    assert said("folder.mp4", None) == "This is a folder, not a video."
    monkeypatch.setattr(module, "MAX_PIXELS", 100 * 100)
    assert said("large.mp4", good) == "The pictures of this video are too large (160 × 120)."


@pytest.mark.parametrize("suffix", [".webm", ".avi"])
def test_a_cut_off_video_gives_what_is_there_and_says_so(tmp_path: Path, suffix: str) -> None:
    data = write_video(tmp_path / f"v{suffix}", moving_square(60)).read_bytes()
    path = tmp_path / f"half{suffix}"
    path.write_bytes(data[: len(data) // 2])
    with VideoReader(path) as video:
        assert video.cut_short == ""
        count = len(list(video.frames()))
        assert 5 < count < 50
        assert video.cut_short.startswith(f"The video is cut off: only {count} of its 60 pictures")


def test_what_counts_as_a_video(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.MOV", "c.webm", "d.mkv", "e.avi", "f.m4v"):
        assert is_video(tmp_path / name)
    for name in ("a.jpg", "b.txt", "c", "gone.gif"):
        assert not is_video(tmp_path / name)
    Image.new("RGB", (8, 8)).save(tmp_path / "still.gif")
    (tmp_path / "broken.gif").write_bytes(b"GIF89a")
    assert not is_video(tmp_path / "still.gif") and not is_video(tmp_path / "broken.gif")
    assert is_video(uneven_gif(tmp_path / "moves.gif", [50, 50]))


def test_a_video_among_the_data_is_sent_to_its_place(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a video"):
        sniff([write_video(tmp_path / "v.mp4", moving_square(3))])


def test_a_clock_reads_as_people_write_it() -> None:
    assert [clock(s) for s in (-1, 0, 5.9, 75, 3723)] == ["0:00", "0:00", "0:05", "1:15", "1:02:03"]
