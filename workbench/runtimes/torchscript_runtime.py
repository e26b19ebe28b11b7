"""A person's own TorchScript file: a picture classifier.

`torch.jit.load` runs no Python, and nothing of this file is unpickled as Python objects. But a TorchScript archive is a
program, not just numbers: torch's own interpreter runs it, and its operations can, for example, read files. So such a
file is only opened after the person has said that they trust where it comes from (`workbench.runtimes.recognise` asks).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.file_classifier import FileClassifier
from workbench.runtimes.untrusted import open_script

if TYPE_CHECKING:
    import torch


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the person did not agree, or the file is damaged or no picture classifier."""
    if not card.options.get("trusted"):
        raise UserError(
            f"“{card.name}” is a program and was not agreed to.", "Open its file again and say that you trust it."
        )
    module: Any = open_script(path)
    module.eval()

    import torch

    def answer(pixels: torch.Tensor) -> torch.Tensor:
        first = next(module.parameters(), None)
        try:
            found = module(pixels if first is None else pixels.to(first.device, first.dtype))
        except (RuntimeError, TypeError) as error:
            raise UserError(
                f"“{card.name}” cannot look at pictures of {pixels.shape[-1]} x {pixels.shape[-2]} points.",
                "Open its file again and give another size.",
            ) from error
        while isinstance(found, tuple | list) and found:
            found = found[0]
        if not isinstance(found, torch.Tensor) or found.ndim < 2 or len(found) != len(pixels):
            raise UserError(f"“{card.name}” is no picture classifier.", "Choose another file.")
        return found.detach().float().cpu().flatten(1)

    return FileClassifier(card, answer, 0, module)
