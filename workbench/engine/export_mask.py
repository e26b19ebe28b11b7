"""Models that colour areas as ONNX: pixels in, logits of every point out, with free batch size, height and width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export_check import OnnxCheck, making_onnx, write_note, write_onnx
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.runtimes.fast_body import engines
from workbench.tasks.pictures import sized_pixels

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.areas import AreaNetwork

_LARGEST = 4096
_MAX_CHECKED = 8
# Largest difference of a logit that rounding alone explains, relative to the largest logit; and how many points on the edge
# between two classes may fall to the other side by it.
_TOLERANCE = 1e-3
_AGREEMENT = 0.999


def export_onnx(card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> OnnxCheck:
    """Write `target`/ID.onnx and ID.json (labels, and how pictures are to be scaled), and check it with ONNX Runtime against
    the original on real samples. The exported network scales brightness by itself: it takes RGB in 0..1.

    Raises:
        UserError: when the place cannot be written or the model cannot be exported.
        Cancelled: when asked to stop; no half file stays.
    """
    from workbench.runtimes.areas import AreaNetwork

    with making_onnx(card, target) as (file, path), shared_pool().use(card, "cpu", control) as model:
        if not isinstance(model, AreaNetwork) or not model.labels:
            raise UserError(f"“{card.name}” cannot be exported as ONNX.", "Export its folder instead.")
        pictures = _looked_at(samples, model)
        control.progress(0, 0, "Exporting")
        _write(model, file)
        control.check()
        note = {
            "labels": list(model.labels), "inputs": ["pixels"], "output": "logits",
            "pixels": "float32 [batch, 3, height, width], RGB in 0..1, scaled as the example says",
            "logits": "float32 [batch, classes, height, width]; the largest one is the class of the point",
            "multiple": model.multiple, "preparation": asdict(model.preparation),
            "example": {"picture": [1200, 900], "scaled_to": list(reversed(model.network_size(900, 1200)))},
        }  # fmt: skip
        write_note(file, card, note)
        control.progress(0, 0, "Checking the exported model")
        return _compare(model, file, path, pictures, control)


def _looked_at(samples: Sequence[Sample], model: AreaNetwork) -> list[torch.Tensor]:
    """The samples that can be read, float32 [1, 3, h, w] in 0..1 at the network's size."""
    from torch.nn.functional import interpolate

    from workbench.runtimes.pictures import as_tensor

    found = []
    for sample in samples[:_MAX_CHECKED]:
        try:
            pixels, _size = sized_pixels(sample, _LARGEST)
        except UserError:
            continue  # the check goes on with the others; how many were used is said with its result
        size = model.network_size(*pixels.shape[:2])
        whole = as_tensor(pixels, model.device)[None]
        found.append(interpolate(whole, size=size, mode="bilinear", align_corners=False, antialias=True).clamp(0, 1))
    return found


def _network(model: AreaNetwork) -> Any:
    from torch import nn

    class Logits(nn.Module):
        """RGB in 0..1 to logits, sizes free."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = model.module

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return model.classify(model.trunk(model.normalised(pixels)), (pixels.shape[-2], pixels.shape[-1]))

    return Logits().eval()


def _write(model: AreaNetwork, path: Path) -> None:
    import torch

    # A size that a network takes, not square, so that height and width cannot be mistaken for each other.
    step = max(32, model.multiple)
    example = torch.rand(2, 3, 2 * step, 3 * step)
    axes = {0: "batch", 2: "height", 3: "width"}
    write_onnx(_network(model), [example], path, ["pixels"], ["logits"], {"pixels": axes, "logits": axes})


def _compare(
    model: AreaNetwork, file: Path, final: Path, pictures: Sequence[torch.Tensor], control: Control
) -> OnnxCheck:
    """Agreement: the share of all points that fall to the same class."""
    import numpy as np
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    biggest, scale, same, points = 0.0, 1e-6, 0, 0
    network = _network(model)
    for pixels in pictures:
        control.check()
        with engines("torch"), torch.inference_mode():  # the original itself, not what computes in its place
            wanted = network(pixels).numpy()
        got = session.run(None, {"pixels": pixels.numpy()})[0]
        biggest = max(biggest, float(np.abs(wanted - got).max()))
        scale = max(scale, float(np.abs(wanted).max()))
        same += int((wanted.argmax(1) == got.argmax(1)).sum())
        points += wanted[:, 0].size
    agreement = same / points if points else 0.0
    passed = bool(points) and agreement >= _AGREEMENT and biggest <= _TOLERANCE * max(1.0, scale)
    return OnnxCheck(final, len(pictures), biggest, agreement, passed)
