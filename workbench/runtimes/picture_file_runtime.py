"""Picture classifiers of a file that holds the whole network: ONNX, TFLite or TorchScript."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.onnx_session import Session, open_session

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch


class SessionClassifier(Loaded):
    """A `Classifier` through ONNX Runtime or LiteRT. Values that add up to one are taken for probabilities."""

    def __init__(self, card: ModelCard, session: Session, labels: Sequence[str], size: int) -> None:
        super().__init__(card, None, labels, size)
        self._session = session
        (self._name, self._shape), *_ = session.inputs.items()

    def logits(self, batch: Batch) -> torch.Tensor:
        import numpy as np
        import torch

        pixels = batch["pixels"].cpu().numpy()
        if self._shape[-1] == 3:
            pixels = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
        if self._shape[0] == 1:
            rows = [self._session.run({self._name: p[None]})[0].reshape(1, -1) for p in pixels]
            values = np.concatenate(rows)
        else:
            values = self._session.run({self._name: pixels})[0].reshape(len(pixels), -1)
        return _as_logits(torch.from_numpy(np.asarray(values, np.float32)))


class ScriptClassifier(Loaded):
    """A `Classifier` of TorchScript."""

    def logits(self, batch: Batch) -> torch.Tensor:
        assert self._module is not None
        return _as_logits(self._module(batch["pixels"]).float())


def _as_logits(values: torch.Tensor) -> torch.Tensor:
    """Probabilities become their logarithms, so that a softmax gives them back."""
    sums = values.sum(-1)
    if bool((values >= 0).all()) and bool(((sums - 1).abs() < 1e-2).all()):
        return values.clamp(min=1e-12).log()
    return values


def open_script(path: Path, name: str) -> Any:
    """TorchScript holds its own small language, run by torch's interpreter without Python; the person was asked.

    Raises:
        UserError: when it is damaged or none.
    """
    import torch

    try:
        return torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(f"The file of “{name}” is damaged, or is no TorchScript.", "Choose another file.") from error


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """By the file's kind. Raises: UserError when it is damaged or its classes do not fit."""
    labels = label_names(card)
    if card.arch == "torchscript":
        return ScriptClassifier(card, open_script(path, card.name), labels)
    session = open_session(path)
    shape = next(iter(session.output_shapes.values()))
    if shape and shape[-1] > 0 and shape[-1] != len(labels):
        raise UserError(
            f"“{card.name}” has {shape[-1]} classes, and {len(labels)} names are given.", "Import it again."
        )
    return SessionClassifier(card, session, labels, path.stat().st_size)
