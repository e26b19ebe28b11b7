"""Recordings as items of a project: taken in, told apart, split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import Split

RATE = 16_000


def write(path: Path, seed: int, seconds: float = 1.0, rate: int = RATE) -> Path:
    """A warbling tone of its own, with some noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    low, high, speed = rng.uniform(200, 900), rng.uniform(1000, 5000), rng.uniform(1, 12)
    wave = 0.3 * np.sin(2 * np.pi * (low + high * np.sin(2 * np.pi * speed * t) ** 2) * t) + 0.01 * rng.normal(
        size=t.size
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate)
    return path


def test_a_folder_of_recordings_becomes_a_project(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path / "birds" / ("wren" if number % 2 else "owl") / f"{number}.wav", number, 1 + number / 10)
    again = write(tmp_path / "birds" / "owl" / "zz-again.flac", 4, 1.4)
    (tmp_path / "birds" / "owl" / "broken.wav").write_bytes(b"RIFF nothing at all")
    plan = sniff([tmp_path / "birds"])
    assert plan.media == "sound" and plan.total == 14 and "recordings" in plan.summary
    with Project.create(tmp_path / "p", "p", "sound-classification") as project:
        result = project.add_items(plan.read())
        assert len(result.added) == 13
        assert [p.where for p in result.problems] == ["owl/broken.wav"] and "recording" in str(result.problems[0])
        items = project.items(list(result.added))
        assert {round(i.seconds, 1) for i in items} == {round(1 + n / 10, 1) for n in range(12)}
        project.ensure_splits()
        splits = {i.name: i.split for i in project.items(list(result.added))}
        assert all(splits.values()) and set(splits.values()) == set(Split) - {Split.NEW}
        # The same sound in another format stands on the same side.
        assert splits[f"owl/{again.name}"] == splits["owl/4.wav"]


def test_a_table_of_recordings(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.wav", number)
    table = tmp_path / "clips.csv"
    table.write_text("clip,label\n" + "".join(f"{n}.wav,{'ab'[n % 2]}\n" for n in range(4)))
    plan = sniff([table])
    assert plan.media == "sound" and plan.label_counts == {"a": 2, "b": 2}
    items = [i for i in plan.read() if not hasattr(i, "message")]
    assert [getattr(i, "kind", "") for i in items] == ["sound"] * 4


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_length_is_in_seconds_at_any_rate(tmp_path: Path, rate: int) -> None:
    from workbench.data.sound import portrait
    from workbench.data.types import Sample

    seconds, picture = portrait(Sample("sound", path=write(tmp_path / "a.wav", 1, 2.5, rate)))
    assert seconds == pytest.approx(2.5, abs=0.01)
    assert picture.size[1] == 32 and picture.size[0] > 60
