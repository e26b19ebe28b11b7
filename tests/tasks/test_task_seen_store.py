"""What eyes saw is kept within its room, survives damage, and never costs a training its own pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from workbench.runtimes.box_learner import Seen
from workbench.tasks.seen_store import SeenStore


def seen(value: float = 1.0) -> Seen:
    return Seen((torch.full((1, 2, 3, 4), value), torch.full((1, 1, 2, 2), value)), ((24, 30),), (32, 32))


def test_what_is_put_comes_back_with_what_lies_beside(tmp_path: Path) -> None:
    store = SeenStore(tmp_path)
    assert store.get("ab12") is None
    store.put("ab12", seen(0.1), {"boxes": torch.tensor([[0.0, 0.25, 0.5, 1.0]])})
    found = SeenStore(tmp_path).get("ab12")
    assert found is not None
    kept, beside = found
    assert kept.sizes == ((24, 30),) and kept.frame == (32, 32)
    assert [f.dtype for f in kept.features] == [torch.float32] * 2
    assert torch.equal(kept.features[0], seen(0.1).features[0].half().float())
    assert beside["boxes"].tolist() == [[0.0, 0.25, 0.5, 1.0]]


def test_a_damaged_file_is_looked_at_again(tmp_path: Path) -> None:
    store = SeenStore(tmp_path)
    store.put("ab12", seen(), {})
    file = next(tmp_path.rglob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:40])
    assert store.get("ab12") is None and not file.exists()


def test_old_ones_make_room_and_its_own_stay(tmp_path: Path) -> None:
    first = SeenStore(tmp_path)
    for number in range(4):
        first.put(f"0{number}", seen(), {})
    size = next(tmp_path.rglob("*.safetensors")).stat().st_size
    for number, file in enumerate(sorted(tmp_path.rglob("*.safetensors"))):
        os.utime(file, (1000 + number, 1000 + number))
    second = SeenStore(tmp_path, most_bytes=size * 4 + 10)
    assert second.get("00") is not None  # asked for, though it is the oldest
    second.put("new1", seen(), {})
    assert second.get("new1") is not None and second.get("00") is not None
    assert SeenStore(tmp_path).get("01") is None and SeenStore(tmp_path).get("03") is not None
    for number in range(2, 9):
        second.put(f"new{number}", seen(), {})
    kept = {f.stem for f in tmp_path.rglob("*.safetensors")}
    assert len(kept) == 4 and {"00", "new1", "new2", "new3"} == kept


def test_a_full_disk_only_means_that_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    store = SeenStore(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    store.put("ab12", seen(), {})
    assert store.get("ab12") is None and not list(tmp_path.rglob("*.part"))
