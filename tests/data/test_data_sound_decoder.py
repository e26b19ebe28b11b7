"""M4A files and the sound of videos: the same voice as in the WAV they were made from, kept so that it can be searched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.app_paths import app_paths
from workbench.control import Control
from workbench.data import sound_decoder
from workbench.data.sound import FILES, WITH_VIDEOS, piece_blocks, read_sound, sound_blocks, sound_info
from workbench.data.sound_decoder import DecodedSound, decodes, kept_copy, make_copy
from workbench.data.types import Sample
from workbench.errors import Cancelled, UserError

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))
from make_sound_fixtures import voice  # noqa: E402
from video_files import moving_square, write_video  # noqa: E402

HERE = Path(__file__).resolve().parent


def sample(name: str) -> Sample:
    return Sample("sound", name, path=HERE / name)


@pytest.mark.parametrize(
    ("name", "rate", "channels"), [("voice.m4a", 44_100, 2), ("voice.mp4", 24_000, 1), ("voice.webm", 48_000, 1)]
)
def test_the_voice_in_the_file_is_the_one_that_was_put_in(name: str, rate: int, channels: int) -> None:
    info = sound_info(sample(name))
    assert (info.rate, info.channels) == (rate, channels) and info.seconds == pytest.approx(7.18, abs=0.3)
    found = np.concatenate(list(sound_blocks(sample(name), 16_000)))
    wanted = voice()
    assert len(found) == pytest.approx(len(wanted), abs=16_000 * 0.3)
    # The encoders put a moment of silence in front, and throw away what is not heard.
    shifts = [
        float(np.corrcoef(found[s : s + 80_000], wanted[: len(found[s : s + 80_000])])[0, 1]) for s in range(0, 3000, 4)
    ]
    assert max(shifts) > 0.8


def test_what_was_read_whole_is_kept_and_searched(tmp_path: Path) -> None:
    first = np.concatenate(list(sound_blocks(sample("voice.m4a"), 44_100)))
    copy = kept_copy(HERE / "voice.m4a")
    assert copy is not None and copy.is_relative_to(app_paths().cache)
    again = np.concatenate(list(sound_blocks(sample("voice.m4a"), 44_100)))
    np.testing.assert_allclose(first, again, atol=1e-4)
    rate, blocks = piece_blocks(sample("voice.m4a"), 3.0, 3.5)
    np.testing.assert_allclose(np.concatenate(list(blocks)), first[3 * rate : 3 * rate + rate // 2], atol=1e-4)
    # A piece of a file that was never read: it is decoded once for that.
    _rate, blocks = piece_blocks(sample("voice.mp4"), 1.0, 1.5)
    assert sum(map(len, blocks)) == 12_000 and kept_copy(HERE / "voice.mp4") is not None
    # Changed under the same name, it is another recording.
    moving = tmp_path / "a.m4a"
    moving.write_bytes((HERE / "voice.m4a").read_bytes())
    make_copy(moving)
    assert kept_copy(moving) is not None
    os.utime(moving, (1, 1))
    assert kept_copy(moving) is None


def test_reading_only_the_beginning_keeps_nothing_and_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def noted(*args: object, **more: object) -> subprocess.Popen[bytes]:
        begun.append(real(*args, **more))  # type: ignore[call-overload]
        return begun[-1]

    monkeypatch.setattr(sound_decoder.subprocess, "Popen", noted)
    sound, cut = read_sound(sample("voice.m4a"), 16_000, 1.0)
    assert len(sound) == 16_000 and cut
    assert begun and all(p.poll() is not None for p in begun)
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        make_copy(HERE / "voice.webm", control)
    assert all(p.poll() is not None for p in begun) and kept_copy(HERE / "voice.webm") is None
    assert not list((app_paths().cache / "sounds").glob("*.part"))


def test_broken_files_and_videos_without_sound_are_sentences(tmp_path: Path) -> None:
    whole = (HERE / "voice.m4a").read_bytes()
    cases = {
        "empty.m4a": (b"", "empty"),
        "words.m4a": (b"these are only words", "not a recording"),
        "list.m4a": (b"#EXTM3U\n/etc/passwd\n", "not a recording"),
        "cut.m4a": (whole[:2000], "damaged|no sound"),
        "head.mp4": (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 5000, "damaged|no sound"),
    }
    for name, (data, words) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError, match=words):
            list(sound_blocks(Sample("sound", name, path=tmp_path / name), 16_000))
    silent = write_video(tmp_path / "silent.mp4", moving_square(10))
    with pytest.raises(UserError, match="no sound in this file"):
        sound_info(Sample("sound", path=silent))


def test_a_decoder_that_is_missing_or_stuck_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_decoder, "program", lambda: [str(tmp_path / "nothing")])
    with pytest.raises(UserError, match="lacks a part"):
        DecodedSound(HERE / "voice.m4a")
    script = tmp_path / "stuck.py"
    script.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(sound_decoder, "program", lambda: [sys.executable, str(script)])
    monkeypatch.setattr(sound_decoder, "_LONGEST_WAIT", 0.5)
    with pytest.raises(UserError, match="No sound can be read"):
        DecodedSound(HERE / "voice.m4a")
    script.write_text('print(\'{"rate": 0, "channels": 1, "form": "<i2", "seconds": 1}\')\n')
    monkeypatch.setattr(sound_decoder, "_LONGEST_WAIT", 20)
    with pytest.raises(UserError, match="No sound can be read"):
        DecodedSound(HERE / "voice.m4a")


def test_old_copies_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []
    for number in range(3):
        file = tmp_path / f"{number}.m4a"
        file.write_bytes((HERE / "voice.m4a").read_bytes())
        os.utime(file, (number + 1, number + 1))
        copies.append(make_copy(file))
        os.utime(copies[-1], (1000 + number, 1000 + number))
        if number == 1:
            monkeypatch.setattr(sound_decoder, "_KEPT_BYTES", int(copies[0].stat().st_size * 2.5))
    assert [c.is_file() for c in copies] == [False, True, True]


def test_endings() -> None:
    assert ".m4a" in FILES and ".mp4" not in FILES and ".mp4" in WITH_VIDEOS and len(set(FILES)) == len(FILES)
    assert (
        decodes(HERE / "voice.m4a")
        and not decodes(HERE / "missing.m4a")
        and not decodes(HERE / "make_sound_fixtures.py")
    )
