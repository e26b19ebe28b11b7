"""Checkpoints are plain safetensors, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.engine.checkpoint import read_tensors, write_tensors
from workbench.errors import UserError


def test_what_is_written_is_read_by_the_library_as_it_was(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    torch.manual_seed(0)
    tensors = {
        "weight": torch.randn(3, 4, 2, 2).to(memory_format=torch.channels_last),
        "step": torch.tensor(7.0),
        "count": torch.tensor(5),
        "random": torch.get_rng_state(),
        "half": torch.randn(3).to(torch.bfloat16),
        "empty": torch.zeros(0, 4),
        "turned": torch.arange(6.0).reshape(2, 3).T,
    }
    write_tensors(tmp_path / "a.safetensors", tensors, {"position": "{}"})
    plain = load_file(tmp_path / "a.safetensors")
    mine, note = read_tensors(tmp_path / "a.safetensors")
    assert note == {"position": "{}"}
    for name, tensor in tensors.items():
        assert plain[name].equal(tensor) and mine[name].equal(tensor), name
        assert plain[name].dtype == tensor.dtype
    assert [f.name for f in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_damaged_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"12345678rubbish")
    with pytest.raises(UserError, match="missing or damaged"):
        read_tensors(tmp_path / "a.safetensors")
