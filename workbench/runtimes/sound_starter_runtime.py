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

RATE = 32_000
SECONDS = 5.0
_FRAME, _HOP = 1024, 320
_BANDS, _LOW, _HIGH = 128, 50.0, 14_000.0
_RANGE_DB = 80.0
_SIDE = 224


@cache
def _bank() -> Any:
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
    power = torch.stft(
        wave, _FRAME, _HOP, window=torch.hann_window(_FRAME), center=True, return_complex=True, pad_mode="constant"
    ).abs().square()  # fmt: skip
    decibels = 10 * torch.log10((power.T @ _bank()).T.clamp(min=1e-10))
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
    network = SoundNetwork(card, (), backbone, _features, spectrogram, width, RATE, SECONDS)
    network.any_length = True
    return network
