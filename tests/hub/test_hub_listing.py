"""What is in a folder is known without reading it again, and never wrong for long."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from workbench.hub import listing, net_settings
from workbench.hub.net_settings import NetSettings

_TICK = 1000.0


@pytest.fixture(autouse=True)
def long_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this computer is, all that a test does comes within one tick."""
    monkeypatch.setattr(listing, "_TICK_NS", int(_TICK * 1e9))


def aged(path: Path) -> None:
    """As if it had been changed long ago."""
    then = time.time_ns() - int(5 * _TICK * 1e9)
    os.utime(path, ns=(then, then))


def test_a_folder_is_read_once_and_again_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights"
    assert not listing.has(folder, "a")
    folder.mkdir()
    (folder / "a").touch()
    aged(folder)
    read: list[str] = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda key: read.append(key) or real(key))
    assert [listing.has(folder, name) for name in ("a", "b", "a", "c")] == [True, False, True, False]
    assert len(read) == 1
    (folder / "b").touch()
    assert listing.has(folder, "b")
    (folder / "a").unlink()
    assert not listing.has(folder, "a")


@pytest.mark.parametrize("tick", [0, 10_000_000])
def test_what_comes_within_one_tick_of_the_file_system_s_clock_is_seen(tmp_path: Path, tick: int) -> None:
    """On many file systems a second change a moment later has the same time."""
    folder = tmp_path / "weights"
    folder.mkdir()
    noted = folder.stat().st_mtime_ns
    noted -= noted % tick if tick else 0
    os.utime(folder, ns=(noted, noted))
    assert not listing.has(folder, "model")
    (folder / "model").touch()
    os.utime(folder, ns=(noted, noted))
    assert listing.has(folder, "model")


def test_settings_that_were_saved_twice_within_one_tick_are_the_last(workbench_home: Path) -> None:
    net_settings.save(NetSettings(endpoint="https://one.example"))
    (file,) = (workbench_home / "settings").rglob("*net*")
    noted = file.stat().st_mtime_ns
    assert net_settings.load().endpoint == "https://one.example"
    net_settings.save(NetSettings(endpoint="https://two.example"))
    os.utime(file, ns=(noted, noted))
    assert net_settings.load().endpoint == "https://two.example"
    aged(file)
    assert [net_settings.load().endpoint for _ in range(2)] == ["https://two.example"] * 2
