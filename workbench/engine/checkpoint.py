"""Everything needed to go on exactly where a training stopped, in one file written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from workbench import atomic
from workbench.errors import UserError

if TYPE_CHECKING:
    import torch

_KINDS = {
    "float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "uint8": "U8",
    "bool": "BOOL",
}  # fmt: skip
LAST, BEST = "last.safetensors", "best.safetensors"


@dataclass(frozen=True)
class Position:
    """Where a training stands.

    Attributes:
        epoch: the epoch it is in, from 1.
        step_in_epoch: optimiser steps of this epoch that are done.
        step: optimiser steps done in all.
        loss_sum, right, seen: of this epoch so far, for its averages.
        best_loss, best_score, best_epoch, bad_epochs: for early stopping; best_loss counts what it began with.
        least_loss: the lowest of a round. start_score: a round that is less right than this is not the best; -1: any may be.
        micro_batch: items at once; smaller than the batch after memory ran out.
        seconds: time spent before.
    """

    epoch: int = 1
    step_in_epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    right: int = 0
    seen: int = 0
    best_loss: float = float("inf")
    best_score: float = -1.0
    best_epoch: int = 0
    bad_epochs: int = 0
    least_loss: float = float("inf")
    start_score: float = -1.0
    micro_batch: int = 0
    seconds: float = 0.0


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], note: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file atomically. Raises: UserError when there is no room."""
    try:
        with atomic.binary(path) as stream:
            _stream(stream, tensors, dict(note or {}))
    except OSError as error:
        raise UserError(
            "The training could not be saved: the disk is full or the project's folder cannot be written.",
            "Make room, then go on with the training.",
        ) from error


def _stream(stream: BinaryIO, tensors: Mapping[str, torch.Tensor], note: dict[str, str]) -> None:
    """The safetensors format (header length, JSON header, the tensors' bytes), tensor by tensor.

    The library writes the whole file in one call that lets no other thread run, and the window would stand still for
    it; written piece by piece, the window goes on.
    """
    import torch

    header: dict[str, object] = {"__metadata__": note}
    offset = 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        kind = _KINDS[str(tensor.dtype).removeprefix("torch.")]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    stream.write(len(head).to_bytes(8, "little") + head)
    for tensor in tensors.values():
        flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        stream.write(flat.numpy().data)


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and note of a file. Raises: UserError when it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(
            "The saved state of this training is missing or damaged.", "Start the training anew."
        ) from error


def save(
    folder: Path,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    position: Position,
    random: Sequence[Mapping[str, torch.Tensor]] = (),
) -> None:
    """Write the last state: weights, optimiser, random numbers, position. The schedule follows from the position.

    Args:
        random: `random_states` of each process that trains together; empty for one alone.
    """
    import torch

    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    state: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    for number, values in state.items():
        tensors |= {f"optimiser.{number}.{k}": v for k, v in values.items() if isinstance(v, torch.Tensor)}
    for rank, states in enumerate(random or [random_states()]):
        tensors |= {f"{name}.{rank}" if rank else name: value for name, value in states.items()}
    write_tensors(folder / LAST, tensors, {"position": json.dumps(asdict(position))})


def random_states() -> dict[str, torch.Tensor]:
    """Where the sources of chance of this process stand."""
    import torch

    states = {"random": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def put_random_states(states: Mapping[str, torch.Tensor], own: str = "") -> None:
    """Back to where `random_states` was asked. `own`: what their names end with."""
    import torch

    if f"random{own}" in states:
        torch.set_rng_state(states[f"random{own}"])
    if torch.cuda.is_available() and f"random.cuda{own}" in states:
        torch.cuda.set_rng_state(states[f"random.cuda{own}"])


def load(
    folder: Path,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    found: tuple[dict[str, torch.Tensor], dict[str, str]] | None = None,
    rank: int = 0,
) -> Position:
    """Bring back what `save` wrote. Raises: UserError when it is missing, damaged or does not fit.

    Args:
        found: what `read_tensors` gave, where another process read it.
        rank: which of the processes that train together this is. One that was not there then begins its chance anew.
    """
    tensors, note = read_tensors(folder / LAST) if found is None else found
    own = f".{rank}" if rank else ""
    try:
        model.load_state_dict({k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")})
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, number, name = key.split(".", 2)
                state.setdefault(int(number), {})[name] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        put_random_states(tensors, own)
        return Position(**json.loads(note["position"]))
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        raise UserError("The saved state of this training does not fit.", "Start the training anew.") from error
