"""Neural style: a picture repainted until a VGG-19 sees the content of one and the style of another.

Gatys, Ecker and Bethge 2015 (arXiv 1508.06576). The weights are the classifier's; only its first layers are used.

From coarse to fine (Gatys et al. 2017, arXiv 1611.07865, section 6): first the picture is painted small, where large
strokes are cheap, then enlarged, given back its own detail, and painted on at twice the size, until it has its size.

A picture that is too large for memory is looked at in tiles, and still painted as one. Which features appear together
(the Gram matrices) is a sum over places, so it is summed up over the tiles first; then each tile passes its share of
the gradient back. That is the gradient of the whole picture, but for what a feature sees beyond a tile's rim.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.pictures import normalised, resized
from workbench.runtimes.tiles import time_left
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats

_STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
_CONTENT = ("conv4_2",)
_STEPS = 150
_STEP_SIZE = 0.12
# Seconds between two previews.
_PREVIEW_EVERY = 1.0
# How much style weighs against content just above strength 0 and at 1, as powers of ten.
_WEAKEST, _STRONGEST = 3.0, 7.0
# The coarsest picture is at most so wide; each size gets this share of the steps of the one before.
_COARSEST, _SHARE = 256, 0.6
# No side of a picture or of a style is made smaller than this: the poolings need something to look at.
_NARROWEST = 32
# So many points are looked at in one piece: the layers' outputs take about 2.5 kB per point.
_PIECE = 448 * 448
# Larger pictures are cut into tiles with a rim. conv5_1 sees 85 points far, little of it beyond 64. Both in multiples
# of 16 points, the grid of conv5_1.
_TILE, _RIM = 320, 64
# Six pictures and the wanted features are held at once, about 100 bytes per point.
_MOST_POINTS = 24_000_000


@dataclass(frozen=True)
class _Tile:
    """What is read of a picture (rim included), and what counts, in points: top, left, bottom, right."""

    read: tuple[int, int, int, int]
    core: tuple[int, int, int, int]
    height: int
    width: int

    def counting(self, features: torch.Tensor, stride: int) -> torch.Tensor:
        """The features [1, C, h, w] of `read` that lie in `core`; each place of the picture is in one tile's core."""
        top, left = ((c - r) // stride for c, r in zip(self.core[:2], self.read[:2], strict=True))
        bottom = None if self.core[2] == self.height else (self.core[2] - self.read[0]) // stride
        right = None if self.core[3] == self.width else (self.core[3] - self.read[1]) // stride
        return features[:, :, top:bottom, left:right]


def tiles_of(height: int, width: int) -> list[_Tile]:
    """One tile for a picture of at most `_PIECE` points."""
    if height * width <= _PIECE:
        return [_Tile((0, 0, height, width), (0, 0, height, width), height, width)]
    tile, rim = _TILE, _RIM
    tiles = []
    for top in range(0, max(tile, height - height % tile), tile):
        for left in range(0, max(tile, width - width % tile), tile):
            # A rest narrower than a tile belongs to the last one.
            bottom = height if top + 2 * tile > height else top + tile
            right = width if left + 2 * tile > width else left + tile
            read = max(0, top - rim), max(0, left - rim), min(height, bottom + rim), min(width, right + rim)
            tiles.append(_Tile(read, (top, left, bottom, right), height, width))
    return tiles


def sizes_of(height: int, width: int, steps: int) -> list[tuple[int, int, int]]:
    """(height, width, steps) from the coarsest size to the picture's own."""
    halvings = 0
    while max(height, width) / 2**halvings > _COARSEST and min(height, width) / 2**halvings >= 2 * _NARROWEST:
        halvings += 1
    shares = [_SHARE**n for n in range(halvings + 1)]
    return [
        (max(1, round(height / 2**n)), max(1, round(width / 2**n)), max(1, round(steps * share / sum(shares))))
        for n, share in zip(range(halvings, -1, -1), shares, strict=True)
    ]


class NeuralStyle(Loaded):
    """A `Stylizer` by optimisation: slow, and the same every time."""

    def __init__(self, card: ModelCard, features: nn.Module) -> None:
        super().__init__(card, features)
        for parameter in features.parameters():
            parameter.requires_grad_(False)
        self.losses: list[float] = []  # of the last picture, a value per step, from the coarsest size on
        self._control = Control()

    def stylise(
        self,
        content: Floats,
        style: Floats,
        strength: float,
        control: Control,
        preview: Callable[[Floats], None] | None = None,
    ) -> Floats:
        height, width = content.shape[1:]
        if height * width > _MOST_POINTS:
            raise UserError(
                f"This picture ({width:,} x {height:,} points) is too large to be painted in its own size.",
                "Set a size instead.",
            )
        self._control = control
        self.losses = []
        if strength <= 0:
            return content
        sizes = sizes_of(height, width, int(self.card.options.get("steps", _STEPS)))
        work = _Work(control, preview, sum(h * w * steps for h, w, steps in sizes))
        weight = 10.0 ** (_WEAKEST + (_STRONGEST - _WEAKEST) * strength)
        painted = before = None
        for h, w, steps in sizes:
            given = resized(content, w, h)
            start = given
            if painted is not None and before is not None:
                # The painting so far, and the detail that only this size of the picture has.
                start = resized(painted, w, h) + given - resized(before, w, h)
            # The style at the picture's size, so that its strokes keep their proportion to the picture.
            high, wide = style.shape[1:]
            smaller = min(1.0, max(max(h, w) / max(high, wide), _NARROWEST / min(high, wide)))
            wanted = self._grams(resized(style, max(1, round(wide * smaller)), max(1, round(high * smaller))))
            painted, before = self._paint(given, start, wanted, weight, steps, work), given
        assert painted is not None
        return painted

    def _paint(
        self,
        given: Floats,
        start: Floats,
        wanted: Sequence[torch.Tensor],
        weight: float,
        steps: int,
        work: _Work,
    ) -> Floats:
        import torch

        tiles = tiles_of(*given.shape[1:])
        kept = [self._content(_cut(given, tile), tile) for tile in tiles]
        places = sum(k.numel() for k in kept)
        # The picture is held before a sigmoid, so that it stays between black and white by itself.
        held = torch.from_numpy(start).clamp(0.01, 0.99).logit()[None].requires_grad_(True)
        optimiser = torch.optim.Adam([held], lr=_STEP_SIZE)
        for _ in range(steps):
            work.tell()
            optimiser.zero_grad()
            picture = held.detach().sigmoid()
            self.losses.append(self._pass_back(held, picture, tiles, kept, places, wanted, weight))
            optimiser.step()
            work.done(given.shape[1] * given.shape[2], held)
        result: Floats = held.detach().sigmoid()[0].numpy()
        return result

    def _pass_back(
        self,
        held: torch.Tensor,
        picture: torch.Tensor,
        tiles: Sequence[_Tile],
        kept: Sequence[torch.Tensor],
        places: int,
        wanted: Sequence[torch.Tensor],
        weight: float,
    ) -> float:
        """Put the loss's gradient into `held.grad`, and give the loss."""
        import torch

        one = len(tiles) == 1
        counts = [_places(tiles, stride) for stride in _strides()]
        whole = [] if one else self._sums(picture, tiles, counts)
        loss = weight / len(wanted) * sum(float(((g - a) ** 2).mean()) for g, a in zip(whole, wanted, strict=False))
        gradient = torch.zeros_like(held)
        for tile, target in zip(tiles, kept, strict=True):
            top, left, bottom, right = tile.read
            part = picture[:, :, top:bottom, left:right].to(self.device).requires_grad_(True)
            found = self._features(part, (*_STYLE, *_CONTENT))
            content = ((tile.counting(found[-1], 8) - target) ** 2).sum() / places
            aim = content
            for n, (features, stride) in enumerate(zip(found[:-1], _strides(), strict=True)):
                gram = _gram(tile.counting(features, stride), counts[n])
                if one:
                    term = weight / len(wanted) * ((gram - wanted[n]) ** 2).mean()
                    loss += float(term.detach())
                else:
                    # The derivative of the whole picture's loss by its Gram matrix, applied to this tile's share.
                    pull = 2 * weight / len(wanted) * (whole[n] - wanted[n]) / wanted[n].numel()
                    term = (pull * gram).sum()
                aim = aim + term
            loss += float(content.detach())
            aim.backward()  # type: ignore[no-untyped-call]
            assert part.grad is not None
            gradient[:, :, top:bottom, left:right] += part.grad.to(gradient.device)
        held.grad = gradient * picture * (1 - picture)  # of the sigmoid
        return loss

    def _sums(self, picture: torch.Tensor, tiles: Sequence[_Tile], counts: Sequence[int]) -> list[torch.Tensor]:
        """The whole picture's Gram matrices, tile by tile."""
        import torch

        sums: list[torch.Tensor] = []
        with torch.no_grad():
            for tile in tiles:
                top, left, bottom, right = tile.read
                found = self._features(picture[:, :, top:bottom, left:right].to(self.device), _STYLE)
                shares = [
                    _gram(tile.counting(f, stride), count)
                    for f, stride, count in zip(found, _strides(), counts, strict=True)
                ]
                sums = shares if not sums else [a + b for a, b in zip(sums, shares, strict=True)]
        return sums

    def _grams(self, style: Floats) -> list[torch.Tensor]:
        import torch

        tiles = tiles_of(*style.shape[1:])
        return self._sums(torch.from_numpy(style)[None], tiles, [_places(tiles, stride) for stride in _strides()])

    def _content(self, part: torch.Tensor, tile: _Tile) -> torch.Tensor:
        import torch

        with torch.no_grad():
            return tile.counting(self._features(part.to(self.device), _CONTENT)[0], 8).clone()

    def _features(self, pixels: torch.Tensor, names: tuple[str, ...]) -> list[torch.Tensor]:
        """Outputs of the named convolutions, in the order of the names."""
        layers: Any = self._module
        x = normalised(pixels, self.preparation.mean, self.preparation.std)
        found: dict[str, torch.Tensor] = {}
        group, number = 1, 1
        for layer in layers:
            # A step of a large picture takes seconds: it can be stopped between layers, on the way back as well.
            self._control.check()
            kind = type(layer).__name__
            if kind == "MaxPool2d" and min(x.shape[2:]) < 2:
                raise UserError("The picture is too small to be painted.", "Choose a larger one.")
            x = layer(x)
            if x.requires_grad:
                x.register_hook(lambda _: self._control.check())
            if kind == "Conv2d":
                name = f"conv{group}_{number}"
                if name in names:
                    found[name] = x
                number += 1
            elif kind == "MaxPool2d":
                group, number = group + 1, 1
            if len(found) == len(names):
                break
        return [found[name] for name in names]


class _Work:
    """Tells how far a painting is, and shows it now and then."""

    def __init__(self, control: Control, preview: Callable[[Floats], None] | None, whole: int) -> None:
        self._control, self._preview, self._whole = control, preview, whole
        self._done = 0
        self._started = time.monotonic()
        self._shown = 0.0

    def tell(self) -> None:
        self._control.check()
        words = "Painting" + time_left(self._started, self._done, self._whole)
        self._control.progress(self._done, self._whole, words)

    def done(self, points: int, held: torch.Tensor) -> None:
        """A step was made on so many points."""
        self._done += points
        now = time.monotonic()
        if self._preview is not None and now - self._shown >= _PREVIEW_EVERY:
            self._preview(held.detach().sigmoid()[0].numpy())
            self._shown = now


def _strides() -> tuple[int, ...]:
    """Points of the picture per place of each style layer: a pooling of two after each group."""
    return tuple(2 ** (int(name[4]) - 1) for name in _STYLE)


def _places(tiles: Sequence[_Tile], stride: int) -> int:
    """Of a layer in the whole picture; poolings leave out what is over."""
    return (tiles[0].height // stride) * (tiles[0].width // stride)


def _cut(picture: Floats, tile: _Tile) -> torch.Tensor:
    import torch

    top, left, bottom, right = tile.read
    return torch.from_numpy(picture[:, top:bottom, left:right])[None]


def _gram(features: torch.Tensor, places: int) -> torch.Tensor:
    """Which features appear together, [C, C], wherever they are: what the paper calls style.

    Args:
        places: of the whole picture, of which these features [1, C, h, w] may be a part.
    """
    channels = features.shape[1]
    flat = features.reshape(channels, -1)
    return flat @ flat.T / (channels * max(1, places))


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """`arch` "vgg19" or "vgg19_bn", from torchvision's weights. Raises: UserError when they do not fit."""
    import torch
    from torch import nn
    from torchvision import models

    state = read_state(path, card.name)
    try:
        with torch.device("meta"):  # no memory and no time for the random weights it is born with
            whole = models.get_model(card.arch, weights=None)
        whole.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise UserError(f"The weights of “{card.name}” do not fit its network.", "Download it again.") from error
    features: nn.Module = whole.features
    for part in features.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False  # the convolutions' outputs are looked at
    return NeuralStyle(card, features.eval())
