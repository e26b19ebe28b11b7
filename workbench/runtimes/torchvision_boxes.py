"""Teaching torchvision's detectors: new last layers for other classes, and their own losses on features seen before.

Everything that counts is torchvision's code; it is only called in two steps, the eyes and the rest, where its `forward`
does both in one.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.box_learner import BoxTarget, Seen, keep_limit
from workbench.runtimes.fast_body import Core, Output, computed
from workbench.runtimes.network import stage_parameters
from workbench.runtimes.pictures import as_tensor, sampled

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.catalog.card import ModelCard
    from workbench.runtimes.base import Batch, Pixels
    from workbench.runtimes.fast_body import Outputs

# Height and width of a picture that is made up to compare engines on.
_SMALL = (128, 160)
# A picture with so many times as many points as the network sees is not read as a whole.
_LARGE = 4
# How torchvision's names of what is said of the features begin: classes, places, nearness to the middle.
_SAID = ("cls_", "bbox_")


@dataclass(frozen=True)
class _Way:
    """What differs between the families: learning rates for AdamW, and whether class 0 stands for "nothing"."""

    head_rate: float
    body_rate: float
    clip_norm: float
    background: bool


_WAYS = {
    "FasterRCNN": _Way(3e-4, 5e-5, 10.0, True),
    "SSD": _Way(1e-3, 1e-4, 10.0, True),
    "RetinaNet": _Way(3e-4, 5e-5, 10.0, False),
    "FCOS": _Way(3e-4, 5e-5, 10.0, False),
}


class TorchvisionDetector(Loaded):
    """A `Detector` and a `BoxLearner`. torchvision's networks scale and normalise the pictures themselves.

    Args:
        labels: of a published network all its outputs, "nothing" among them where it has one; of a taught one its classes.
        taught: the outputs stand for `labels` alone.
    """

    def __init__(self, card: ModelCard, module: nn.Module, labels: Sequence[str], taught: bool = False) -> None:
        super().__init__(card, module, labels)
        way = _WAYS[type(module).__name__]
        self.head_rate, self.body_rate, self.clip_norm = way.head_rate, way.body_rate, way.clip_norm
        self._background = way.background
        # Faster R-CNN looks at a thousand places again.
        self.little_beside = self._judges is not None
        # Where the first of `labels` stands among the outputs.
        self.first_label = int(taught and way.background)

    @property
    def module(self) -> Any:
        return self._module

    @property
    def eyes(self) -> nn.Module:
        eyes: nn.Module = self.module.backbone
        return eyes

    @property
    def _judges(self) -> nn.Module | None:
        """What says of every point that the eyes saw what is there and where, in one go; None of Faster R-CNN."""
        found: nn.Module | None = getattr(self.module, "head", None)
        return found

    @property
    def head(self) -> nn.Module:
        """What tells the classes."""
        heads = getattr(self.module, "roi_heads", None)
        found: nn.Module = heads.box_predictor if heads is not None else self.module.head.classification_head
        return found

    # Using -----------------------------------------------------------------------------------------------------------

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        import torch

        self.limit(threshold)
        # What torchvision goes by is their sizes alone; the pixels come from `_seen`.
        sizes = [torch.empty(3, *p.shape[:2], device="meta") for p in pictures]
        with torch.inference_mode(), self._quickly(), self._seeing(pictures):
            answers = self.module(sizes)
        return [self._detections(answer, threshold) for answer in answers]

    @property
    def heart(self) -> nn.Module:
        whole: nn.Module = self.module
        return self.eyes if self._judges is None else whole

    def core(self) -> Core:
        """Pictures to features at several sizes, and what is said of every point of them. What is made of
        that takes little (but for Faster R-CNN), and stays torchvision's."""
        import torch

        height, width = self.module.transform.fixed_size or _SMALL
        pixels = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            says = {name: _output(name, value) for name, value in self._in_layers({"pixels": pixels}).items()}
        return Core(
            self.heart, self._in_layers, says, {"pixels": pixels}, {"pixels": (2, 3)}, several=False,
            identity=f"{self.card.runtime}/{self.card.arch}",
        )  # fmt: skip

    def _in_layers(self, batch: Batch) -> Outputs:
        """By the layers: features at several sizes, and what is said of them by torchvision's names."""
        backbone = self.module.backbone
        found = OrderedDict(type(backbone).forward(backbone, batch["pixels"]))
        judges = self._judges
        if judges is not None:
            found.update(type(judges).forward(judges, list(found.values())))
        return found

    @contextmanager
    def _quickly(self) -> Iterator[None]:
        """Inside, torchvision's own code has the backbone, and what is said of what it gives, computed by what is quickest."""
        backbone: Any = self.module.backbone
        judges: Any = self._judges
        said: dict[str, torch.Tensor] = {}

        def look(pixels: torch.Tensor) -> Any:
            batch = {"pixels": pixels}
            found = OrderedDict(computed(self.heart, batch, lambda: self._in_layers(batch)))
            said.clear()
            said.update({name: found.pop(name) for name in [*found] if name.startswith(_SAID)})
            return found

        backbone.forward = look
        if judges is not None:
            judges.forward = lambda _features: dict(said)
        try:
            yield
        finally:
            del backbone.forward
            if judges is not None:
                del judges.forward

    @contextmanager
    def _seeing(self, pictures: Sequence[Pixels]) -> Iterator[None]:
        """Inside, torchvision's own code is given these pictures, one after the other, as the network sees them."""
        transform: Any = self.module.transform
        given = iter(pictures)
        transform.normalize = lambda image: image
        transform.resize = lambda _image, target: (self._seen(next(given)), target)
        try:
            yield
        finally:
            del transform.normalize, transform.resize

    def _seen(self, picture: Pixels) -> torch.Tensor:
        """uint8 [H, W, 3] as torchvision makes it: float32 [3, h, w], normalised and in the network's size. Of each point it makes only
        the four nearest count, so that of a large picture few do."""
        import torch

        transform = self.module.transform
        kind = type(transform)
        high, wide = picture.shape[:2]
        empty = torch.empty(3, high, wide, device="meta")
        height, width = kind.resize(transform, empty, None)[0].shape[-2:]
        if high * wide < _LARGE * height * width:
            own = kind.normalize(transform, as_tensor(picture, self.device))
            seen: torch.Tensor = kind.resize(transform, own, None)[0]
        else:
            pixels = torch.from_numpy(sampled(picture, (height, width))).to(self.device)
            seen = kind.normalize(transform, pixels.permute(2, 0, 1).contiguous())
        return seen

    def limit(self, threshold: float) -> None:
        """Drop what it is less sure of. Each kind has a limit of its own (FCOS 0.2); here the caller's counts."""
        getattr(self.module, "roi_heads", self.module).score_thresh = threshold

    def _detections(self, answer: Mapping[str, torch.Tensor], threshold: float) -> Detections:
        keep = answer["scores"] >= threshold
        return Detections(
            answer["boxes"][keep].cpu().numpy(),
            answer["labels"][keep].cpu().numpy() - self.first_label,
            answer["scores"][keep].cpu().numpy(),
        )

    # Being taught ----------------------------------------------------------------------------------------------------

    def set_classes(self, labels: Sequence[str]) -> None:
        before = {_key(name): number + self.first_label for number, name in enumerate(self.labels)}
        kept = [before.get(_key(name), -1) for name in labels]
        if self._background:
            kept = [0 if before else -1, *kept]
        replace_outputs(self.module, kept)
        self.module.to(self.device)
        self.weights_changed()
        self.labels = tuple(labels)
        self.first_label = int(self._background)
        keep_limit(self.module)

    def set_size(self, side: int) -> None:
        transform = self.module.transform
        if transform.fixed_size is not None:
            if side != transform.fixed_size[0]:
                raise UserError(
                    f"“{self.card.name}” looks at pictures of {transform.fixed_size[0]} points only.",
                    "Leave the size as it is, or choose another model.",
                )
            return
        longest = round(transform.max_size * side / transform.min_size[-1])
        transform.min_size, transform.max_size = (side,), longest

    @property
    def size(self) -> int:
        """The shorter side in which it looks at pictures."""
        fixed = self.module.transform.fixed_size
        return int(fixed[0] if fixed is not None else self.module.transform.min_size[-1])

    def seen_size(self, width: int, height: int) -> tuple[int, int]:
        transform = self.module.transform
        if transform.fixed_size is not None:
            return int(transform.fixed_size[0]), int(transform.fixed_size[1])
        scale = min(transform.min_size[-1] / min(width, height), transform.max_size / max(width, height))
        return max(1, int(width * scale)), max(1, int(height * scale))

    def look(self, pictures: Sequence[torch.Tensor]) -> Seen:
        images, _ = self.module.transform(list(pictures), None)
        features = self.eyes(images.tensors)
        values = features.values() if isinstance(features, Mapping) else features
        return Seen(tuple(values), tuple((int(h), int(w)) for h, w in images.image_sizes), _frame(images.tensors))

    def pyramid(self, features: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
        """What the heads look at, of what the eyes saw."""
        return list(features)

    def loss(self, seen: Seen, targets: Sequence[BoxTarget]) -> torch.Tensor:
        losses = self._losses(seen, self.pyramid(seen.features), targets)
        total: torch.Tensor = sum(losses.values())  # type: ignore[assignment]
        return total

    def losses(self, seen: Seen, targets: Sequence[BoxTarget]) -> list[float]:
        if hasattr(self.module, "roi_heads"):
            return []  # would draw proposals at random, and costs as much as a training step
        pyramid = self.pyramid(seen.features)
        found = []
        for place, target in enumerate(targets):
            one = [level[place : place + 1] for level in pyramid]
            part = Seen((), (seen.sizes[place],), seen.frame)
            found.append(float(sum(self._losses(part, one, [target]).values())))
        return found

    def found(self, seen: Seen, threshold: float) -> list[Detections]:
        import numpy as np

        self.limit(threshold)
        module, images, pyramid = self.module, self._images(seen), self.pyramid(seen.features)
        if hasattr(module, "roi_heads"):
            features = _named(pyramid)
            proposals, _ = module.rpn(images, features, None)
            answers, _ = module.roi_heads(features, proposals, images.image_sizes, None)
        else:
            outputs = module.head(pyramid)
            anchors = module.anchor_generator(images, pyramid)
            if type(module).__name__ == "SSD":
                answers = module.postprocess_detections(outputs, anchors, images.image_sizes)
            else:
                answers = self._per_level(outputs, anchors, pyramid, images.image_sizes)
        result = []
        for answer, (height, width) in zip(answers, seen.sizes, strict=True):
            given = self._detections(answer, threshold)
            shares = given.boxes / np.array([width, height, width, height], np.float32)
            result.append(Detections(shares, given.labels, given.scores))
        return result

    def _per_level(self, outputs: Any, anchors: Any, pyramid: list[torch.Tensor], sizes: Any) -> Any:
        cells = [level.shape[2] * level.shape[3] for level in pyramid]
        per_cell = outputs["cls_logits"].shape[1] // sum(cells)
        counts = [n * per_cell for n in cells]
        split = {name: list(values.split(counts, dim=1)) for name, values in outputs.items()}
        return self.module.postprocess_detections(split, [list(a.split(counts)) for a in anchors], sizes)

    def _losses(self, seen: Seen, pyramid: list[torch.Tensor], targets: Sequence[BoxTarget]) -> dict[str, torch.Tensor]:
        """torchvision's own losses, by name."""
        import torch
        from torchvision.ops import box_iou

        module, images = self.module, self._images(seen)
        wanted = [
            {
                "boxes": t.boxes * torch.tensor([w, h, w, h], dtype=torch.float32, device=t.boxes.device),
                "labels": t.labels + int(self._background),
            }
            for t, (h, w) in zip(targets, seen.sizes, strict=True)
        ]
        if hasattr(module, "roi_heads"):
            features = _named(pyramid)
            proposals, first = module.rpn(images, features, wanted)
            _, second = module.roi_heads(features, proposals, images.image_sizes, wanted)
            return {**second, **first}
        outputs = module.head(pyramid)
        anchors = module.anchor_generator(images, pyramid)
        kind = type(module).__name__
        found: dict[str, torch.Tensor]
        if kind == "FCOS":
            counts = [level.shape[2] * level.shape[3] for level in pyramid]
            found = module.compute_loss(wanted, outputs, anchors, counts)
        elif kind == "RetinaNet":
            found = module.compute_loss(wanted, outputs, anchors)
        else:
            matched = [
                module.proposal_matcher(box_iou(t["boxes"], a))
                if len(t["boxes"])
                else torch.full((len(a),), -1, dtype=torch.int64, device=a.device)
                for t, a in zip(wanted, anchors, strict=True)
            ]
            found = module.compute_loss(wanted, outputs, anchors, matched)
        return found

    def _images(self, seen: Seen) -> Any:
        """The frame and the sizes in it as torchvision wants them; it looks at no pixel of it."""
        import torch
        from torchvision.models.detection.image_list import ImageList

        nothing = torch.zeros((), device=self.device).expand(len(seen.sizes), 1, *seen.frame)
        return ImageList(nothing, list(seen.sizes))

    def stages(self) -> list[list[nn.Parameter]]:
        body = stage_parameters(self.eyes)
        inside = {id(p) for stage in body for p in stage}
        return [[p for p in self.module.parameters() if id(p) not in inside], *reversed(body)]


def _output(name: str, value: torch.Tensor) -> Output:
    """What counts as the same: features are maps of any size; of every point of them comes a row."""
    if not name.startswith(_SAID):
        return Output(free=tuple(range(2, value.dim())))
    return Output("scores" if name.startswith("cls_") else "numbers", free=(1,))


def _frame(tensors: torch.Tensor) -> tuple[int, int]:
    return int(tensors.shape[-2]), int(tensors.shape[-1])


def _named(pyramid: Sequence[torch.Tensor]) -> OrderedDict[str, torch.Tensor]:
    """The levels as torchvision's Faster R-CNN calls them: the last one is pooled from the one before."""
    names = [*(str(n) for n in range(len(pyramid) - 1)), "pool"]
    return OrderedDict(zip(names, pyramid, strict=True))


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


# New last layers -------------------------------------------------------------------------------------------------------


def replace_outputs(module: Any, kept: Sequence[int]) -> None:
    """Give a detector other outputs, leaving everything before them.

    Args:
        kept: for each new output the old one whose weights it goes on with; -1 for one that is made anew.
    """
    kind = type(module).__name__
    outputs = len(kept)
    if kind == "FasterRCNN":
        _replace_box_predictor(module, kept)
    elif kind == "SSD":
        head = module.head.classification_head
        per_place = module.anchor_generator.num_anchors_per_location()
        for number, anchors in enumerate(per_place):
            part = head.module_list[number]
            old = part if not hasattr(part, "__len__") else part[-1]  # SSDlite: a block that ends with the layer
            # Scaled as torchvision scales them in the two kinds.
            spread = None if old is part else 0.03
            new = _with_outputs(old, kept, anchors, spread)
            if old is part:
                head.module_list[number] = new
            else:
                part[-1] = new
        head.num_columns = outputs
    else:
        head = module.head.classification_head
        head.cls_logits = _with_outputs(head.cls_logits, kept, head.num_anchors, 0.01, -math.log((1 - 0.01) / 0.01))
        head.num_classes = outputs


def _with_outputs(old: Any, kept: Sequence[int], anchors: int, spread: float | None, bias: float = 0.0) -> nn.Module:
    """A convolution with `anchors` times len(kept) outputs, rows of known classes copied."""
    import torch
    from torch import nn

    new = nn.Conv2d(old.in_channels, anchors * len(kept), old.kernel_size, old.stride, old.padding)
    with torch.no_grad():
        if spread is None:
            nn.init.xavier_uniform_(new.weight)
        else:
            nn.init.normal_(new.weight, std=spread)
        assert new.bias is not None
        nn.init.constant_(new.bias, bias)
        before = old.out_channels // anchors
        for anchor in range(anchors):
            for place, source in enumerate(kept):
                if 0 <= source < before:
                    new.weight[anchor * len(kept) + place] = old.weight[anchor * before + source]
                    new.bias[anchor * len(kept) + place] = old.bias[anchor * before + source]
    return new


def _replace_box_predictor(module: Any, kept: Sequence[int]) -> None:
    import torch
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor

    old = module.roi_heads.box_predictor
    new = FastRCNNPredictor(old.cls_score.in_features, len(kept))
    with torch.no_grad():
        for place, source in enumerate(kept):
            if not 0 <= source < old.cls_score.out_features:
                continue
            new.cls_score.weight[place] = old.cls_score.weight[source]
            new.cls_score.bias[place] = old.cls_score.bias[source]
            for n in range(4):
                new.bbox_pred.weight[place * 4 + n] = old.bbox_pred.weight[source * 4 + n]
                new.bbox_pred.bias[place * 4 + n] = old.bbox_pred.bias[source * 4 + n]
    module.roi_heads.box_predictor = new


def with_frozen_norms(module: nn.Module, eps: float, kind: Callable[[int, float], nn.Module]) -> None:
    """Put another kind of batch norm in the place of every one in a network."""
    from torch import nn

    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, kind(child.num_features, eps))
        else:
            with_frozen_norms(child, eps, kind)
