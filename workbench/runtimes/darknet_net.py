"""Darknet's networks (YOLOv3 and its kin) from their own .cfg and .weights files.

The file formats are Darknet's (J. Redmon, 2013-2018; YOLOv3: arXiv 1804.02767, YOLOv4: arXiv 2004.10934): the .cfg is an
INI-like list of layers; the .weights is a header (three int32 of version, then the number of pictures seen) followed
by float32 values, per convolution: biases (with batch norm: beta, gamma, mean, variance), then the kernel.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import nn

_MOST_LAYERS = 2000
_MOST_CFG_BYTES = 1_000_000
_MOST_WEIGHTS = 1_000_000_000
# In the batch norm's division. Darknet adds 1e-6 to the deviation, OpenCV's reader of its files to the variance.
_EPSILON = 1e-6
Section = tuple[str, dict[str, str]]
# Settings that change what a layer computes and that this reader does not have, with the values that do not matter.
_NOT_DONE: dict[str, dict[str, tuple[str, ...]]] = {
    "convolutional": {"dilation": ("0", "1"), "antialiasing": ("0",), "binary": ("0",), "xnor": ("0",), "flipped": ("0",)},
    "maxpool": {"maxpool_depth": ("0",), "antialiasing": ("0",)},
    "shortcut": {"weights_type": ("0", "none")},
    "yolo": {"new_coords": ("0",)},
}  # fmt: skip


def read_cfg(path: Path) -> list[Section]:
    """The sections of a .cfg in order. Raises: UserError when it is none."""
    try:
        if path.stat().st_size > _MOST_CFG_BYTES:
            raise ValueError("too large")
        return parse_cfg(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError) as error:
        raise UserError(f"“{path.name}” is no Darknet network.", "Choose the .cfg file that came with it.") from error


def parse_cfg(text: str) -> list[Section]:
    """See `read_cfg`. Raises: ValueError."""
    sections: list[Section] = []
    for raw in text.splitlines():
        line = raw.split("#")[0].split(";")[0].strip()
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            sections.append((line[1:-1].strip(), {}))
        elif "=" in line and sections:
            key, _, value = line.partition("=")
            sections[-1][1][key.strip()] = value.strip()
        else:
            raise ValueError(f"not understood: {line[:60]}")
    if not sections or sections[0][0] not in ("net", "network") or len(sections) > _MOST_LAYERS:
        raise ValueError("no network")
    return sections


def cfg_text(sections: Sequence[Section]) -> str:
    """Sections as the text of a .cfg; `parse_cfg` gives them back."""
    blocks = [
        "\n".join([f"[{kind}]", *(f"{key}={value}" for key, value in options.items())]) for kind, options in sections
    ]
    return "\n\n".join(blocks) + "\n"


def with_classes(sections: Sequence[Section], classes: int) -> list[Section]:
    """The same network for another number of classes: every yolo layer, and the convolution right before it.

    Raises:
        UserError: when something else stands before a yolo layer.
    """
    made = [(kind, dict(options)) for kind, options in sections]
    for number, (kind, options) in enumerate(made):
        if kind != "yolo":
            continue
        options["classes"] = str(classes)
        # Other programs do not count the anchors themselves.
        options.setdefault("num", str(len(options["anchors"].split(",")) // 2))
        before, head = made[number - 1]
        if before != "convolutional":
            raise UserError("This Darknet network cannot be given other classes.", "Choose YOLOv3 or YOLOv4.")
        head["filters"] = str(len(_list(options["mask"])) * (5 + classes))
    return made


def _whole(options: Mapping[str, str], key: str, default: int) -> int:
    return int(options.get(key, default))


def _list(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part.strip()]


def build(sections: Sequence[Section]) -> Any:
    """The torch network. Raises: UserError for a layer this app does not know."""
    import torch
    from torch import nn

    class Mish(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * torch.tanh(nn.functional.softplus(x))

    acts: dict[str, Any] = {
        "leaky": lambda: nn.LeakyReLU(0.1),
        "mish": Mish,
        "relu": nn.ReLU,
        "logistic": nn.Sigmoid,
        "swish": nn.SiLU,
        "linear": nn.Identity,
    }

    class Darknet(nn.Module):
        """Layers by index; routes and shortcuts look back at earlier outputs."""

        def __init__(self) -> None:
            super().__init__()
            net = sections[0][1]
            self.width, self.height = _whole(net, "width", 416), _whole(net, "height", 416)
            if not (0 < self.width <= 4096 and 0 < self.height <= 4096):
                raise ValueError("size")
            self.kinds: list[str] = []
            self.looks: list[list[int]] = []
            self.groups: list[tuple[int, int]] = []
            self.heads: dict[int, dict[str, Any]] = {}
            self.layers = nn.ModuleList()
            widths: list[int] = []
            inside = _whole(net, "channels", 3)
            for index, (kind, options) in enumerate(sections[1:]):
                looks, group = [], (1, 0)
                layer: nn.Module = nn.Identity()
                if any(options.get(key, "0") not in values for key, values in _NOT_DONE.get(kind, {}).items()):
                    raise KeyError(f"{kind} with {', '.join(_NOT_DONE[kind])}")
                if kind == "convolutional":
                    outside, size = int(options["filters"]), _whole(options, "size", 1)
                    pad = size // 2 if _whole(options, "pad", 0) else _whole(options, "padding", 0)
                    normed = _whole(options, "batch_normalize", 0) == 1
                    layer = nn.Sequential()
                    layer.add_module(
                        "conv",
                        nn.Conv2d(
                            inside, outside, size, _whole(options, "stride", 1), pad,
                            groups=_whole(options, "groups", 1), bias=not normed,
                        ),
                    )  # fmt: skip
                    if normed:
                        layer.add_module("norm", nn.BatchNorm2d(outside, eps=_EPSILON))
                    activation = options.get("activation", "linear")
                    layer.add_module("act", acts[activation]())
                    inside = outside
                elif kind == "maxpool":
                    stride = _whole(options, "stride", 1)
                    size = _whole(options, "size", stride)
                    extra = _whole(options, "padding", size - 1)
                    # Darknet pads half of it before, the rest behind.
                    before = extra // 2
                    layer = nn.Sequential(
                        nn.ZeroPad2d(0) if extra == 0 else _LowPad(before, extra - before), nn.MaxPool2d(size, stride)
                    )
                elif kind == "upsample":
                    layer = nn.Upsample(scale_factor=_whole(options, "stride", 2), mode="nearest")
                elif kind == "shortcut":
                    looks = [i if i >= 0 else index + i for i in _list(options["from"])]
                    layer = acts[options.get("activation", "linear")]()
                elif kind == "route":
                    looks = [i if i >= 0 else index + i for i in _list(options["layers"])]
                    group = (_whole(options, "groups", 1), _whole(options, "group_id", 0))
                    inside = sum(widths[i] // group[0] for i in looks)
                elif kind == "yolo":
                    numbers = [float(v) for v in options["anchors"].split(",")]
                    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
                    self.heads[index] = {
                        "anchors": [pairs[m] for m in _list(options["mask"])],
                        "classes": int(options["classes"]),
                        "scale": float(options.get("scale_x_y", "1")),
                        "ignore": float(options.get("ignore_thresh", "0.7")),
                        "also": float(options.get("iou_thresh", "1")),
                    }
                elif kind not in ("dropout",):
                    raise KeyError(kind)
                if any(not 0 <= i < index for i in looks):
                    raise ValueError("looks ahead")
                self.layers.append(layer)
                self.kinds.append(kind)
                self.looks.append(looks)
                self.groups.append(group)
                widths.append(inside)
            self.kept = {i for looks in self.looks for i in looks}
            self.split = self._neck()
            # Of the layers before the split, those that are needed after it; the last one always is.
            behind = {i for looks in self.looks[self.split :] for i in looks}
            self.carried = sorted({i for i in behind if i < self.split} | ({self.split - 1} if self.split else set()))

        def _neck(self) -> int:
            """The first layer of the branch that ends in the first yolo layer: what is before it is the backbone."""
            first = min(self.heads, default=len(self.kinds))
            while first > 0 and self.kinds[first - 1] == "convolutional":
                first -= 1
            return first

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            """float32 [B, 3, H, W] in 0..1 to what each yolo layer gets: [B, anchors * (5 + classes), h, w]."""
            outputs: dict[int, torch.Tensor] = {}
            return self._run(x, outputs, 0, len(self.layers))

        def look(self, x: torch.Tensor) -> list[torch.Tensor]:
            """As `forward`, as far as the backbone goes: the outputs of the layers `carried`."""
            outputs: dict[int, torch.Tensor] = {}
            self._run(x, outputs, 0, self.split)
            return [outputs[i] for i in self.carried]

        def rest(self, seen: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            """From what `look` gave to what `forward` gives."""
            outputs = dict(zip(self.carried, seen, strict=True))
            return self._run(seen[-1], outputs, self.split, len(self.layers))

        def _run(self, x: torch.Tensor, outputs: dict[int, torch.Tensor], start: int, stop: int) -> list[torch.Tensor]:
            found = []
            for index in range(start, stop):
                layer = self.layers[index]
                kind, looks = self.kinds[index], self.looks[index]
                if kind == "route":
                    groups, part = self.groups[index]
                    parts = [outputs[i].chunk(groups, 1)[part] for i in looks]
                    x = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
                elif kind == "shortcut":
                    for i in looks:
                        x = x + outputs[i]
                    x = layer(x)
                elif kind == "yolo":
                    found.append(x)
                else:
                    x = layer(x)
                if index in self.kept or index == self.split - 1:
                    outputs[index] = x
            return found

        @property
        def yolo(self) -> list[dict[str, Any]]:
            return [self.heads[i] for i in sorted(self.heads)]

    class _LowPad(nn.Module):
        """Padding that never wins a maximum."""

        def __init__(self, before: int, behind: int) -> None:
            super().__init__()
            self.sides = (before, behind, before, behind)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.pad(x, self.sides, value=float("-inf"))

    try:
        # First without memory: a wrong description shows here, whatever sizes it speaks of.
        with torch.device("meta"):
            plan = Darknet()
            seen = plan(torch.empty(1, 3, plan.height, plan.width))
        for out, head in zip(seen, plan.yolo, strict=True):
            if out.shape[1] != len(head["anchors"]) * (5 + head["classes"]):
                raise ValueError("a yolo layer that does not fit the layer before it")
        if sum(t.numel() for t in _tensors(plan)) > _MOST_WEIGHTS:
            raise ValueError("too large")
        return Darknet().eval()
    except (LookupError, ValueError, ArithmeticError, RuntimeError, TypeError) as error:
        raise UserError(
            "This Darknet network has a layer this app does not know.", f"It knows YOLOv3 and YOLOv4 ({error})."
        ) from error


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    """A network's weights in the order of the file."""
    from torch import nn

    found: list[torch.Tensor] = []
    for layer in network.layers:  # type: ignore[union-attr]
        conv = getattr(layer, "conv", None)
        if not isinstance(conv, nn.Conv2d):
            continue
        norm = getattr(layer, "norm", None)
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None and norm.running_var is not None
            found += [norm.bias, norm.weight, norm.running_mean, norm.running_var]
        else:
            assert conv.bias is not None
            found.append(conv.bias)
        found.append(conv.weight)
    return found


def read_weights(network: nn.Module, path: Path) -> None:
    """Fill a network from a .weights file. Raises: UserError when the file is too short or too long for it."""
    import numpy as np
    import torch

    tensors = _tensors(network)
    wanted = sum(t.numel() for t in tensors)
    try:
        with path.open("rb") as stream:
            major, minor, _revision = struct.unpack("<3i", stream.read(12))
            # Since version 0.2 the number of pictures seen has 64 bits.
            head = 20 if (major * 10 + minor) >= 2 else 16
            stream.seek(head)
            # No more is read than is wanted, however large the file is.
            values = np.fromfile(stream, dtype="<f4", count=wanted)
        there = (path.stat().st_size - head) / 4
    except (OSError, struct.error) as error:
        raise UserError(f"“{path.name}” cannot be read.", "Download or choose it again.") from error
    if there != wanted or values.size != wanted:
        raise UserError(
            f"“{path.name}” holds {max(0, int(there)):,} weights, and its network needs {wanted:,}.",
            "Choose the .cfg and .weights files that belong together.",
        )
    place = 0
    with torch.no_grad():
        for tensor in tensors:
            part = values[place : place + tensor.numel()]
            tensor.copy_(torch.from_numpy(part.copy()).view_as(tensor))
            place += tensor.numel()


def write_weights(network: nn.Module, path: Path) -> None:
    """Write a network's weights as Darknet does (version 0.2)."""
    with path.open("wb") as stream:
        stream.write(struct.pack("<3iq", 0, 2, 0, 0))
        for tensor in _tensors(network):
            stream.write(tensor.detach().cpu().contiguous().numpy().astype("<f4").tobytes())
