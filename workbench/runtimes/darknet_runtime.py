"""Darknet detectors: YOLOv3, YOLOv3-tiny and YOLOv4 from .cfg and .weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.box_learner import BoxTarget, Seen, keep_limit
from workbench.runtimes.darknet_loss import yolo_loss
from workbench.runtimes.darknet_net import Section, cfg_text, read_cfg, read_weights, with_classes
from workbench.runtimes.darknet_net import build as build_network
from workbench.runtimes.network import stage_parameters
from workbench.runtimes.pictures import as_tensor

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Pixels

CFG = "network.cfg"
_OVERLAP = 0.45


class DarknetDetector(Loaded):
    """A `Detector` and a `BoxLearner`. Pictures are stretched to the network's size, as OpenCV's reader of these files does.

    Args:
        sections: the network's description.
    """

    head_rate, body_rate, clip_norm = 1e-3, 1e-4, 10.0

    def __init__(self, card: ModelCard, network: Any, labels: Sequence[str], sections: Sequence[Section]) -> None:
        super().__init__(card, network, labels)
        self.sections = list(sections)

    @property
    def module(self) -> Any:
        return self._module

    @property
    def eyes(self) -> nn.Module:
        from torch import nn

        return nn.ModuleList(self.module.layers[: self.module.split])

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        import torch

        found = []
        for picture in pictures:
            height, width = picture.shape[:2]
            with torch.inference_mode():
                outputs = self.module(self._stretched(as_tensor(picture, self.device)))
                rows = _all_rows(outputs, self.module)[0]
            found.append(_kept(rows, threshold, width, height))
        return found

    def _stretched(self, picture: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import interpolate

        return interpolate(picture[None], size=(self.module.height, self.module.width), mode="bilinear")

    # Being taught ----------------------------------------------------------------------------------------------------

    def set_classes(self, labels: Sequence[str]) -> None:
        import torch

        before = {name.casefold(): number for number, name in enumerate(self.labels)}
        kept = [before.get(name.casefold(), -1) for name in labels]
        self.sections = with_classes(self.sections, len(labels))
        old, new = self.module, build_network(self.sections)
        heads = {index - 1 for index in new.heads}
        with torch.no_grad():
            for index, (mine, other) in enumerate(zip(new.layers, old.layers, strict=True)):
                if index in heads:
                    _new_outputs(mine.conv, other.conv, len(new.heads[index + 1]["anchors"]), kept)
                else:
                    mine.load_state_dict(other.state_dict())
        new.width, new.height = old.width, old.height
        self._module = new.to(self.device)
        self.labels = tuple(labels)
        keep_limit(self.module)

    def set_size(self, side: int) -> None:
        if side % 32:
            raise UserError(
                "This network's size must be a multiple of 32.", f"Choose {max(32, round(side / 32) * 32)}."
            )
        self.module.width = self.module.height = side
        kind, options = self.sections[0]
        self.sections[0] = (kind, {**options, "width": str(side), "height": str(side)})

    def seen_size(self, width: int, height: int) -> tuple[int, int]:
        return int(self.module.width), int(self.module.height)

    def look(self, pictures: Sequence[torch.Tensor]) -> Seen:
        import torch

        pixels = torch.cat([self._stretched(p) for p in pictures])
        size = (int(self.module.height), int(self.module.width))
        return Seen(tuple(self.module.look(pixels)), (size,) * len(pictures), size)

    def loss(self, seen: Seen, targets: Sequence[BoxTarget]) -> torch.Tensor:
        return yolo_loss(self.module.rest(seen.features), self.module, targets).mean()

    def losses(self, seen: Seen, targets: Sequence[BoxTarget]) -> list[float]:
        values: list[float] = yolo_loss(self.module.rest(seen.features), self.module, targets).tolist()
        return values

    def found(self, seen: Seen, threshold: float) -> list[Detections]:
        rows = _all_rows(self.module.rest(seen.features), self.module)
        return [_kept(part, threshold, 1, 1) for part in rows]

    def stages(self) -> list[list[nn.Parameter]]:
        body = stage_parameters(self.eyes)
        inside = {id(p) for stage in body for p in stage}
        return [[p for p in self.module.parameters() if id(p) not in inside], *reversed(body)]


def _new_outputs(new: nn.Conv2d, old: nn.Conv2d, anchors: int, kept: Sequence[int]) -> None:
    """The last convolution before a yolo layer: where and whether there is a thing it goes on with what it knows, and so
    with classes it had; the others begin anew, as unlikely as they are."""
    import torch

    assert new.bias is not None and old.bias is not None
    torch.nn.init.normal_(new.weight, std=0.01)
    new.bias.fill_(-math.log(99))
    rows, before = 5 + len(kept), old.out_channels // anchors
    for anchor in range(anchors):
        pairs = [(n, n) for n in range(5)]
        pairs += [(5 + place, 5 + source) for place, source in enumerate(kept) if source >= 0]
        for mine, other in pairs:
            new.weight[anchor * rows + mine] = old.weight[anchor * before + other]
            new.bias[anchor * rows + mine] = old.bias[anchor * before + other]


def _all_rows(outputs: Sequence[torch.Tensor], network: Any) -> torch.Tensor:
    import torch

    return torch.cat([rows_of(o, h, network) for o, h in zip(outputs, network.yolo, strict=True)], 1)


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
    sections = read_cfg(_only(card, path, "cfg"))
    network = build_network(sections)
    read_weights(network, _only(card, path, "weights"))
    classes = max(head["classes"] for head in network.yolo) if network.yolo else 0
    labels = label_names(card)
    if not classes:
        raise UserError(f"“{card.name}” is a Darknet network, but none that finds things.", "Choose a YOLO network.")
    if len(labels) != classes:
        labels = tuple(f"kind {n + 1}" for n in range(classes))
    return DarknetDetector(card, network, labels, sections)


def build(card: ModelCard, folder: Path) -> DarknetDetector:
    """The bare network of an own model; its weights are loaded by the caller."""
    sections = read_cfg(folder / CFG)
    network = build_network(sections)
    if {head["classes"] for head in network.yolo} != {len(card.label_names)}:
        raise UserError(f"The classes of “{card.name}” do not fit its network.", "Export or train the model again.")
    keep_limit(network)
    return DarknetDetector(card, network, card.label_names, sections)


def save_extras(model: DarknetDetector, folder: Path) -> None:
    """What such a model needs beside its weights: its description, in Darknet's own words."""
    (folder / CFG).write_text(cfg_text(model.sections), encoding="utf-8")
