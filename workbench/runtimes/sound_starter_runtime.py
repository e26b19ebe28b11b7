"""The sound starter: a recording's spectrogram, looked at by the picture starter's network.

Networks trained on photos tell spectrograms apart surprisingly well (Palanisamy et al. 2020, arXiv 2007.11154), so that
sounds can be learnt from few examples with no network trained on sounds at hand.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workbench.catalog.card import ModelCard
from workbench.runtimes.sound_network import SoundNetwork

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats

# As other programs get them, its networks make their spectrograms themselves (`WaveNetwork`).
TAKES_WAVES = True
RATE = 32_000
SECONDS = 5.0
_FRAME, _HOP = 1024, 320
_BANDS, _LOW, _HIGH = 128, 50.0, 14_000.0
_RANGE_DB = 80.0
_SIDE = 224


@cache
def mel_filters() -> Any:
    """Mel filters float32 [frequencies, bands] (Slaney's)."""
    import torch
    from transformers.audio_utils import mel_filter_bank

    bank = mel_filter_bank(_FRAME // 2 + 1, _BANDS, _LOW, _HIGH, RATE, norm="slaney", mel_scale="slaney")
    return torch.from_numpy(bank).float()


def spectrogram(sound: Floats) -> torch.Tensor:
    """A window float32 [T] as a picture float32 [3, 224, 224] in -1..1: time to the right, pitch upwards (log-mel), the
    loudest point 1 and 80 dB less -1."""
    import torch

    wave = torch.from_numpy(sound)
    waves = torch.stft(
        wave, _FRAME, _HOP, window=torch.hann_window(_FRAME), center=True, return_complex=True, pad_mode="constant"
    )
    # Not the square of their size: its root would be drawn first.
    power = waves.real.square() + waves.imag.square()
    decibels = 10 * torch.log10((power.T @ mel_filters()).T.clamp(min=1e-10))
    shown = ((decibels - decibels.max()) / _RANGE_DB).clamp(-1, 0) * 2 + 1
    square = torch.nn.functional.interpolate(
        shown.flip(0)[None, None], size=(_SIDE, _SIDE), mode="bilinear", align_corners=False, antialias=True
    )
    return square[0].expand(3, -1, -1)


def _features(backbone: nn.Module, windows: torch.Tensor) -> torch.Tensor:
    return cast("torch.Tensor", backbone(windows))


def open_pretrained(card: ModelCard, path: Path) -> SoundNetwork:
    """The picture starter's weights. Raises: UserError when they are missing or damaged."""
    from dataclasses import replace

    from workbench.runtimes import timm_runtime

    pictures = timm_runtime.open_pretrained(replace(card, labels="imagenet-1k"), path)
    return _network(card, pictures.backbone, pictures.feature_width)


def build(card: ModelCard, folder: Path) -> SoundNetwork:
    """The bare network of an own model; its weights are loaded by the caller."""
    from workbench.runtimes import timm_runtime

    bare = timm_runtime.build(card, folder)
    return _network(card, bare.backbone, bare.feature_width)


def _network(card: ModelCard, backbone: nn.Module, width: int) -> SoundNetwork:
    network = StarterNetwork(card, (), backbone, _features, spectrogram, width, RATE, SECONDS)
    network.any_length = True
    return network


class StarterNetwork(SoundNetwork):
    """A `SoundNetwork` that makes pictures of its windows outside of the network, or for other programs inside."""

    def standing_alone(self) -> WaveNetwork:
        return WaveNetwork(self)


class WaveNetwork(SoundNetwork):
    """The same network (shared, not copied) with the spectrogram as layers of its own: it takes the wave itself, a window
    float32 [160,000] mono in -1..1, so that another program needs nothing but to cut windows."""

    stands_alone = True

    def __init__(self, original: StarterNetwork) -> None:
        import torch

        layers = spectrogram_layers()

        def features(backbone: nn.Module, windows: torch.Tensor) -> torch.Tensor:
            return _features(backbone, layers(windows))

        super().__init__(
            original.card, original.labels, original.backbone, features, torch.from_numpy, original.feature_width,
            RATE, SECONDS, original.head,
        )  # fmt: skip
        self.familiar = original.familiar
        self.module.add_module("spectrogram", layers)
        self.module.eval()

    def beside(self, folder: Path) -> dict[str, Any]:
        return {
            "preparation": "inside the network: it takes mono samples in -1..1, a whole window each; shorter recordings"
            " are repeated until they fill one",
            "sample_rate": RATE, "window_seconds": SECONDS, "several_windows": "the mean of their logits counts",
        }  # fmt: skip


def spectrogram_layers() -> nn.Module:
    """`spectrogram` as a network [B, 160,000] -> [B, 3, 224, 224] of convolutions and products, which every format has: the
    Fourier transform as a convolution with windowed waves, the change of size as two matrices."""
    import torch
    from torch import nn
    from torch.nn.functional import conv1d, interpolate, pad

    places = torch.arange(_FRAME, dtype=torch.float64)
    turns = torch.outer(torch.arange(_FRAME // 2 + 1, dtype=torch.float64), places) * (2 * torch.pi / _FRAME)
    fade = torch.hann_window(_FRAME, dtype=torch.float64)
    waves = torch.cat([torch.cos(turns) * fade, torch.sin(turns) * fade])[:, None].float()
    frames = int(RATE * SECONDS) // _HOP + 1

    def sized(count: int) -> torch.Tensor:
        """float32 [224, count]: so many points to 224, as `interpolate` does it."""
        whole = torch.eye(count)[None, None]
        return interpolate(whole, size=(_SIDE, count), mode="bilinear", align_corners=False, antialias=True)[0, 0]

    class Layers(nn.Module):
        """See above."""

        waves: torch.Tensor
        bank: torch.Tensor
        up: torch.Tensor
        right: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("waves", waves, persistent=False)
            self.register_buffer("bank", mel_filters().T.contiguous(), persistent=False)
            # The pitches upwards: the lowest band is the lowest row.
            self.register_buffer("up", sized(_BANDS).flip(1), persistent=False)
            self.register_buffer("right", sized(frames).T.contiguous(), persistent=False)

        def forward(self, windows: torch.Tensor) -> torch.Tensor:
            padded = pad(windows[:, None], (_FRAME // 2, _FRAME // 2))
            both = conv1d(padded, self.waves, stride=_HOP).square()
            power = both[:, : _FRAME // 2 + 1] + both[:, _FRAME // 2 + 1 :]
            decibels = 10 * torch.log10(torch.matmul(self.bank, power).clamp(min=1e-10))
            loudest = decibels.amax((1, 2), keepdim=True)
            shown = ((decibels - loudest) / _RANGE_DB).clamp(-1, 0) * 2 + 1
            square = torch.matmul(torch.matmul(self.up, shown), self.right)
            return square[:, None].expand(-1, 3, -1, -1)

    return Layers().eval()
