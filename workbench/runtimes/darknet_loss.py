"""What a YOLO network is taught by (Redmon and Farhadi 2018, arXiv 1804.02767, sections 2.1 to 2.3).

For every thing the anchor that fits its size best, among those of all yolo layers, is responsible, in the cell in which
its middle lies. Such a place learns where the thing is, that there is one, and of which class; all other places learn
that there is none, but for those whose box lies over a thing well enough already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.runtimes.box_learner import BoxTarget

if TYPE_CHECKING:
    import torch


def yolo_loss(outputs: Sequence[torch.Tensor], network: Any, targets: Sequence[BoxTarget]) -> torch.Tensor:
    """The loss of each picture, float32 [B]: sums over its places, as Darknet has it.

    Args:
        outputs: what each yolo layer gets, float32 [B, A * (5 + C), h, w].
        network: with `yolo`, `width` and `height` (see `darknet_net`).
    """
    import torch

    total = torch.zeros(len(targets), device=outputs[0].device)
    responsible = _responsible(network, targets)
    for layer, (output, head) in enumerate(zip(outputs, network.yolo, strict=True)):
        batch, _, high, wide = output.shape
        anchors = torch.tensor(head["anchors"], device=output.device)
        cells = output.view(batch, len(anchors), -1, high, wide).permute(0, 1, 3, 4, 2)
        counts = _counts_as_nothing(cells.detach(), anchors, head, network, targets)
        wanted = torch.zeros_like(cells[..., 4])
        owners: dict[tuple[int, int, int, int], int] = {}
        for picture, thing, anchor in responsible[layer]:
            x, y, _, _ = _middle(targets[picture].boxes[thing])
            # Two things in one place: the later one stands, as in Darknet.
            owners[picture, anchor, min(high - 1, int(y * high)), min(wide - 1, int(x * wide))] = thing
        for place, thing in owners.items():
            picture, anchor, row, column = place
            target = targets[picture]
            x, y, w, h = _middle(target.boxes[thing])
            total[picture] += _of_place(
                cells[place], (x * wide - column, y * high - row, w * network.width, h * network.height),
                anchors[anchor], int(target.labels[thing]), head["scale"], 2.0 - w * h,
            )  # fmt: skip
            wanted[place] = 1.0
            counts[place] = True
        there = torch.nn.functional.binary_cross_entropy_with_logits(cells[..., 4], wanted, reduction="none")
        total = total + (there * counts).sum((1, 2, 3))
    return total


def _responsible(network: Any, targets: Sequence[BoxTarget]) -> list[list[tuple[int, int, int]]]:
    """For each yolo layer (picture, thing, anchor): the best fitting anchor of all layers, and those that fit well enough
    where the layer says so (Darknet's `iou_thresh`)."""
    import torch

    heads = network.yolo
    sizes = torch.tensor([pair for head in heads for pair in head["anchors"]])
    owners = [(layer, n) for layer, head in enumerate(heads) for n in range(len(head["anchors"]))]
    result: list[list[tuple[int, int, int]]] = [[] for _ in heads]
    for picture, target in enumerate(targets):
        if not len(target.boxes):
            continue
        boxes = target.boxes.cpu()
        sides = (boxes[:, 2:] - boxes[:, :2]) * torch.tensor([float(network.width), float(network.height)])
        shared = torch.minimum(sides[:, None], sizes[None]).prod(2)
        overlap = shared / (sides.prod(1)[:, None] + sizes.prod(1)[None] - shared)
        best = overlap.argmax(1).tolist()
        for thing in range(len(boxes)):
            for number, (layer, anchor) in enumerate(owners):
                if number == best[thing] or float(overlap[thing, number]) > heads[layer]["also"]:
                    result[layer].append((picture, thing, anchor))
    return result


def _middle(box: torch.Tensor) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box.tolist()
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def _of_place(
    values: torch.Tensor, truth: tuple[float, float, float, float], anchor: torch.Tensor, label: int, scale: float,
    weight: float,
) -> torch.Tensor:  # fmt: skip
    """Of one responsible place: centre by cross-entropy, size by half the squared error of its logarithm, both weighed up
    for small things, and every class by cross-entropy.

    Args:
        values: what the place says: x, y, w, h, objectness, classes.
        truth: centre in the cell (0..1), width and height in pixels.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    x, y, w, h = truth
    # With a scale the centre may reach over the cell's edge (YOLOv4): led back to what the sigmoid shall be.
    shift = (scale - 1) / 2
    centre = torch.tensor([(x + shift) / scale, (y + shift) / scale], device=values.device).clamp(0, 1)
    size = torch.log(torch.tensor([max(w, 1e-3), max(h, 1e-3)], device=values.device) / anchor)
    classes = torch.zeros_like(values[5:])
    classes[label] = 1.0
    where = binary_cross_entropy_with_logits(values[:2], centre, reduction="sum")
    where = where + ((values[2:4] - size) ** 2).sum() / 2
    what = binary_cross_entropy_with_logits(values[5:], classes, reduction="sum")
    return weight * where + what


def _counts_as_nothing(
    cells: torch.Tensor, anchors: torch.Tensor, head: dict[str, Any], network: Any, targets: Sequence[BoxTarget]
) -> torch.Tensor:
    """Which places learn that there is nothing, bool [B, A, h, w]: not those that lie over a thing well, and not those
    whose middle is in a part that counts neither way."""
    import torch
    from torchvision.ops import box_iou

    batch, count, high, wide, _ = cells.shape
    ys, xs = torch.meshgrid(
        torch.arange(high, device=cells.device), torch.arange(wide, device=cells.device), indexing="ij"
    )
    shift = (head["scale"] - 1) / 2
    x = (cells[..., 0].sigmoid() * head["scale"] - shift + xs) / wide
    y = (cells[..., 1].sigmoid() * head["scale"] - shift + ys) / high
    shape = (1, count, 1, 1)
    w = cells[..., 2].clamp(max=10).exp() * anchors[:, 0].view(shape) / network.width
    h = cells[..., 3].clamp(max=10).exp() * anchors[:, 1].view(shape) / network.height
    boxes = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], -1)
    counts = torch.ones(batch, count, high, wide, dtype=torch.bool, device=cells.device)
    for picture, target in enumerate(targets):
        if len(target.boxes):
            best = box_iou(boxes[picture].reshape(-1, 4), target.boxes).amax(1).view(count, high, wide)
            counts[picture] &= best <= head["ignore"]
        for x0, y0, x1, y1 in target.ignored.tolist():
            inside = (x[picture] >= x0) & (x[picture] <= x1) & (y[picture] >= y0) & (y[picture] <= y1)
            counts[picture] &= ~inside
    return counts
