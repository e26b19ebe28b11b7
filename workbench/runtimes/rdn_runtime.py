"""Residual dense networks that make pictures larger, as the ISR library of idealo trained them.

"RDN": Zhang et al. 2018, Residual Dense Network for Image Super-Resolution (arXiv 1802.08797), with the library's own
way up: three convolutions, every point repeated, one more convolution. "RRDN": the generator of ESRGAN, Wang et al. 2018
(arXiv 1809.00219). Both take and give float32 RGB in 0..1. How many blocks and how wide stands in the card's `options`:

    scale     times wider and higher
    width     feature maps between the blocks (G0 in the papers)
    growth    feature maps that a layer inside a block adds (G)
    layers    such layers in a dense block (C)
    blocks    dense blocks one after the other (RDN: D; RRDN: D inside each residual block)
    groups    residual blocks (RRDN only: T)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats

# How much of what a block found is added to what it was given (ESRGAN, section 3.1).
_BETA = 0.2
# Widths of the three convolutions on the way up in an RDN.
_UP = (64, 32)
# Whole numbers of 8 bits lie in the file under the weight's name; under the name with this ending lie two float64, the
# step and the least value: weight = number * step + least.
RANGE = ".range"


class DenseEnlarger(Loaded):
    """An `Enlarger`."""

    def __init__(self, card: ModelCard, module: nn.Module, scale: int) -> None:
        import torch

        super().__init__(card, module.to(memory_format=torch.channels_last))
        self._scale = scale

    @property
    def scale(self) -> int:
        return self._scale

    def enlarge(self, tile: Floats) -> Floats:
        import numpy as np
        import torch

        assert self.network is not None
        pixels = torch.from_numpy(np.ascontiguousarray(tile, dtype=np.float32))[None].to(self.device)
        with torch.inference_mode():
            large = self.network(pixels.contiguous(memory_format=torch.channels_last))[0].clamp(0, 1)
        result: Floats = large.contiguous().cpu().numpy()
        return result


def build(arch: str, options: dict[str, Any]) -> nn.Module:
    """The network of a card, with random weights. Raises: UserError for an architecture or numbers that are not known."""
    try:
        sizes = {key: int(options[key]) for key in ("scale", "width", "growth", "layers", "blocks")}
        groups = int(options.get("groups", 0))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("The card does not say how its network is built.", "Install the app again.") from error
    if arch == "RDN":
        return _rdn(**sizes)
    if arch == "RRDN" and groups > 0:
        return _rrdn(**sizes, groups=groups)
    raise UserError(f"“{arch}” is no residual dense network that this app knows.", "Install the app again.")


def _conv(channels: int, filters: int, side: int = 3) -> nn.Module:
    from torch import nn

    return nn.Conv2d(channels, filters, side, padding=side // 2)


def _dense(width: int, growth: int, layers: int, fuse: int) -> nn.Module:
    """A dense block: each layer sees what all before it found. `fuse`: side of the convolution that sums it up."""
    import torch
    from torch import nn

    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(_conv(width + growth * n, growth) for n in range(layers))
            self.fuse = _conv(width + growth * layers, width, fuse)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = torch.cat([x, layer(x).relu()], 1)
            fused: torch.Tensor = self.fuse(x)
            return fused

    return Dense()


def _rdn(scale: int, width: int, growth: int, layers: int, blocks: int) -> nn.Module:
    import torch
    from torch import nn

    class Rdn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = _conv(3, width), _conv(width, width)
            self.blocks = nn.ModuleList(_dense(width, growth, layers, 1) for _ in range(blocks))
            self.join, self.smooth = _conv(width * blocks, width, 1), _conv(width, width)
            self.up = nn.ModuleList((_conv(width, _UP[0], 5), _conv(*_UP), _conv(_UP[1], 3 * scale**2)))
            self.last = _conv(3 * scale**2, 3)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            early = self.first(pixels)
            x = self.second(early)
            found = []
            for block in self.blocks:
                x = x + block(x)
                found.append(x)
            x = early + self.smooth(self.join(torch.cat(found, 1)))
            x = self.up[2](self.up[1](self.up[0](x).relu()).relu())
            # Every point is repeated; what differs between the copies is the last convolution's work.
            x = nn.functional.interpolate(x, scale_factor=scale, mode="nearest")
            made: torch.Tensor = self.last(x)
            return made

    return Rdn()


def _rrdn(scale: int, width: int, growth: int, layers: int, blocks: int, groups: int) -> nn.Module:
    from torch import nn

    class Rrdn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.smooth = _conv(3, width), _conv(width, width)
            self.groups = nn.ModuleList(
                nn.ModuleList(_dense(width, growth, layers, 3) for _ in range(blocks)) for _ in range(groups)
            )
            self.up, self.last = _conv(width, 3 * scale**2), _conv(3, 3)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            early = x = self.first(pixels)
            for group in self.groups:
                inner = x
                for block in group.children():
                    inner = inner + _BETA * block(inner)
                x = x + _BETA * inner
            x = self.up(early + self.smooth(x))
            made: torch.Tensor = self.last(_unfold(x, scale))
            return made

    return Rrdn()


def _unfold(x: torch.Tensor, scale: int) -> torch.Tensor:
    """[B, scale² * C, H, W] to [B, C, H * scale, W * scale]. The places come before the colours (TensorFlow's
    depth_to_space); torch's own pixel_shuffle has the colours first."""
    batch, channels, height, width = x.shape
    colours = channels // scale**2
    x = x.reshape(batch, scale, scale, colours, height, width).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(batch, colours, height * scale, width * scale)


def expanded(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of 8 bits as float32; see `RANGE`. Raises: UserError when a range is missing or has another shape."""
    import torch

    whole: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        if name.endswith(RANGE):
            continue
        if tensor.dtype == torch.uint8:
            span = state.get(name + RANGE)
            if span is None or span.shape != (2,):
                raise UserError("The weights are missing or damaged.", "Install the app again.")
            step, least = span.double()
            tensor = (tensor.double() * step + least).float()
        whole[name] = tensor
    return whole


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """Raises: UserError when the file is damaged or is of another network."""
    import torch

    with torch.device("meta"):  # no memory and no time for the random weights it is born with
        network = build(card.arch, card.options)
    try:
        network.load_state_dict(expanded(read_state(path, card.name)), strict=True, assign=True)
    except RuntimeError as error:
        raise UserError(f"The weights of “{card.name}” do not fit its network.", "Install the app again.") from error
    return DenseEnlarger(card, network, int(card.options["scale"]))
