"""A model's weights, unwrapped, with its name in the sentence when they cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import UserError
from workbench.runtimes.untrusted import HoldsProgramError, read_tensors

if TYPE_CHECKING:
    import torch

# Under these names publishers wrap the tensors; averaged weights are the better ones.
_WRAPPERS = ("state_dict", "params_ema", "params", "model_state_dict", "model")


def read_state(path: Path, name: str) -> dict[str, torch.Tensor]:
    """A file's tensors by key, on the CPU.

    Args:
        name: the model's name, for the sentence.

    Raises:
        UserError: when the file is missing, cut off, or holds anything but tensors.
    """
    import torch

    try:
        state = read_tensors(path)
    except HoldsProgramError:
        raise
    except UserError as error:
        raise UserError(
            f"The weights of “{name}” are missing or damaged.", "Delete the model and download or import it again."
        ) from error
    for key in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise UserError(f"The file of “{name}” holds something else than weights.", "Choose another file.")
    return state
