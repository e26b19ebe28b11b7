"""Models that find things as ONNX: a picture in, boxes with labels and scores out, everything between inside the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export_check import OnnxCheck, making_onnx, write_note, write_onnx
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.runtimes.box_learner import limit_of
from workbench.runtimes.fast_body import engines
from workbench.tasks.registry import get_task

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.torchvision_boxes import TorchvisionDetector

_MAX_CHECKED = 8
_LOWEST = 0.05
# Two boxes are the same when their edges (in pixels) and their scores differ by no more than rounding explains.
_SAME_PLACE, _SAME_SCORE = 0.5, 5e-3
_AGREEMENT = 0.99


def export_onnx(card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> OnnxCheck:
    """Write `target`/ID.onnx and ID.json (labels, and the score from which boxes count), and check it with ONNX Runtime
    against the original on real samples. The file takes a picture of any size, RGB in 0..1; it scales and normalises by
    itself and gives boxes in pixels of that picture.

    Raises:
        UserError: when the place cannot be written or the model cannot be exported.
        Cancelled: when asked to stop; no half file stays.
    """
    from workbench.runtimes.torchvision_boxes import TorchvisionDetector

    with making_onnx(card, target) as (file, path), shared_pool().use(card, "cpu", control) as model:
        if not isinstance(model, TorchvisionDetector) or not model.labels:
            raise UserError(
                f"“{card.name}” cannot be exported as ONNX.",
                "Export its folder instead; YOLO models also as Darknet's own files.",
            )
        pictures = _looked_at(samples, model, card)
        control.progress(0, 0, "Exporting")
        _write(model, file)
        control.check()
        note = {
            "labels": list(model.labels), "inputs": ["pixels"], "outputs": ["boxes", "labels", "scores"],
            "pixels": "float32 [3, height, width], RGB in 0..1, any size",
            "boxes": "float32 [n, 4], x0 y0 x1 y1 in pixels, the most certain first",
            "show_from_score": limit_of(model.module),
        }  # fmt: skip
        write_note(file, card, note)
        control.progress(0, 0, "Checking the exported model")
        return _compare(model, file, path, pictures, control)


def _looked_at(samples: Sequence[Sample], model: TorchvisionDetector, card: ModelCard) -> list[torch.Tensor]:
    """The samples that can be read, float32 [3, H, W] in 0..1, as the task prepares them."""
    from workbench.runtimes.pictures import as_tensor

    task = get_task(card.main_task)
    found = []
    for sample in samples[:_MAX_CHECKED]:
        try:
            found.append(as_tensor(task.prepare(sample, model)["pixels"], model.device))
        except UserError:
            continue  # the check goes on with the others; how many were used is said with its result
    return found


def _network(model: TorchvisionDetector) -> Any:
    from torch import nn

    class Finder(nn.Module):
        """One picture to its boxes; labels are places in the note's list."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = model.module

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            answer = self.inner([pixels])[0]
            return answer["boxes"], answer["labels"] - model.first_label, answer["scores"]

    return Finder().eval()


def _write(model: TorchvisionDetector, path: Path) -> None:
    import torch

    model.limit(_LOWEST)
    # Not square, and smaller than it is seen, so that scaling becomes part of the file.
    example = torch.rand(3, 200, 300)
    axes = {"pixels": {1: "height", 2: "width"}, **{name: {0: "found"} for name in ("boxes", "labels", "scores")}}
    try:
        write_onnx(_network(model), [example], path, ["pixels"], ["boxes", "labels", "scores"], axes)
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise UserError(f"“{model.card.name}” cannot be exported as ONNX.", "Export its folder instead.") from error


def _compare(
    model: TorchvisionDetector, file: Path, final: Path, pictures: Sequence[torch.Tensor], control: Control
) -> OnnxCheck:
    """Agreement: the share of boxes, of both together, that the other has as well. Of the many that are far too uncertain
    to be shown, rounding alone decides which of two that lie on each other stays, so they are not compared."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of shapes it finds out only when it runs
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    network, biggest, same, total = _network(model), 0.0, 0, 0
    least = limit_of(model.module) / 2
    for pixels in pictures:
        control.check()
        with engines("torch"), torch.inference_mode():  # the original itself, not what computes in its place
            wanted = _certain([t.numpy() for t in network(pixels)], least)
        got = _certain(session.run(None, {"pixels": pixels.numpy()}), least)
        matched, differs = _matched(wanted, got)
        same += 2 * matched
        total += len(wanted[0]) + len(got[0])
        biggest = max(biggest, differs)
    agreement = same / total if total else 1.0
    return OnnxCheck(final, len(pictures), biggest, agreement, bool(pictures) and agreement >= _AGREEMENT)


def _certain(found: Sequence[Any], least: float) -> list[Any]:
    """Boxes, labels and scores of what is at least this certain."""
    return [part[found[2] >= least] for part in found]


def _matched(wanted: Sequence[Any], got: Sequence[Any]) -> tuple[int, float]:
    """How many boxes have one of the same class, place and score in the other, and the largest difference of a score."""
    free = list(range(len(got[0])))
    matched, differs = 0, 0.0
    for box, label, score in zip(*(part.tolist() for part in wanted), strict=True):
        for place in free:
            near = got[1][place] == label and abs(float(got[2][place]) - score) <= _SAME_SCORE
            if near and max(abs(a - b) for a, b in zip(box, got[0][place].tolist(), strict=True)) <= _SAME_PLACE:
                differs = max(differs, abs(float(got[2][place]) - score))
                free.remove(place)
                matched += 1
                break
    return matched, differs
