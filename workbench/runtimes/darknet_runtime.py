"""Darknet detectors: YOLOv3, YOLOv3-tiny and YOLOv4 from .cfg and .weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.darknet_net import build, read_cfg, read_weights
from workbench.runtimes.pictures import as_tensor

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Pixels

_OVERLAP = 0.45


class DarknetDetector(Loaded):
    """A `Detector`. Pictures are stretched to the network's size, as OpenCV's reader of these files does."""

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        import torch
        from torch.nn.functional import interpolate

        network: Any = self._module
        found = []
        for picture in pictures:
            height, width = picture.shape[:2]
            pixels = interpolate(
                as_tensor(picture, self.device)[None], size=(network.height, network.width), mode="bilinear"
            )
            with torch.inference_mode():
                outputs = network(pixels)
                rows = torch.cat([rows_of(o, h, network) for o, h in zip(outputs, network.yolo, strict=True)], 1)[0]
            found.append(_kept(rows, threshold, width, height))
        return found


def rows_of(output: torch.Tensor, head: dict[str, Any], network: Any) -> torch.Tensor:
    """A yolo layer's output [B, A * (5 + C), h, w] to rows [B, A * h * w, 5 + C].

    A row is centre x, centre y, width, height as shares of the picture, objectness, and per class its probability
    times the objectness (YOLOv3, arXiv 1804.02767, section 2.1).
    """
    import torch

    anchors, classes, scale = head["anchors"], head["classes"], head["scale"]
    batch, _, height, width = output.shape
    cells = output.view(batch, len(anchors), 5 + classes, height, width).permute(0, 3, 4, 1, 2)
    ys, xs = torch.meshgrid(
        torch.arange(height, device=output.device), torch.arange(width, device=output.device), indexing="ij"
    )
    sizes = torch.tensor(anchors, device=output.device)
    shift = (scale - 1) / 2
    x = (cells[..., 0].sigmoid() * scale - shift + xs[..., None]) / width
    y = (cells[..., 1].sigmoid() * scale - shift + ys[..., None]) / height
    w = cells[..., 2].exp() * sizes[:, 0] / network.width
    h = cells[..., 3].exp() * sizes[:, 1] / network.height
    objectness = cells[..., 4].sigmoid()
    scores = cells[..., 5:].sigmoid() * objectness[..., None]
    rows = torch.cat([torch.stack([x, y, w, h, objectness], -1), scores], -1)
    return rows.reshape(batch, -1, 5 + classes)


def _kept(rows: torch.Tensor, threshold: float, width: int, height: int) -> Detections:
    import torch
    from torchvision.ops import batched_nms

    scores, labels = rows[:, 5:].max(1)
    sure = scores >= threshold
    rows, scores, labels = rows[sure], scores[sure], labels[sure]
    centre, half = rows[:, :2], rows[:, 2:4] / 2
    size = torch.tensor([width, height, width, height], device=rows.device)
    boxes = torch.cat([centre - half, centre + half], 1).clamp(0, 1) * size
    keep = batched_nms(boxes, scores, labels, _OVERLAP)
    return Detections(boxes[keep].cpu().numpy(), labels[keep].cpu().numpy(), scores[keep].cpu().numpy())


def _only(card: ModelCard, folder: Path, ending: str) -> Path:
    """The file with this ending: the one that `options` names, else the one there is."""
    named = str(card.options.get(ending, ""))
    found = [folder / Path(named).name] if named else sorted(folder.glob(f"*.{ending}"))
    if not found or not found[0].is_file():
        raise UserError(f"“{card.name}” needs a .cfg and a .weights file.", "Put both into one folder.")
    if len(found) > 1:
        raise UserError(
            f"There are several .{ending} files of “{card.name}”.", "Leave only those that belong together."
        )
    return found[0]


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder with one .cfg and one .weights, or those that `options` "cfg" and "weights" name.

    Raises: UserError when they are missing or do not fit together.
    """
    network = build(read_cfg(_only(card, path, "cfg")))
    read_weights(network, _only(card, path, "weights"))
    classes = max(head["classes"] for head in network.yolo) if network.yolo else 0
    labels = label_names(card)
    if not classes:
        raise UserError(f"“{card.name}” is a Darknet network, but none that finds things.", "Choose a YOLO network.")
    if len(labels) != classes:
        labels = tuple(f"kind {n + 1}" for n in range(classes))
    return DarknetDetector(card, network, labels)
