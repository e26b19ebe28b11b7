"""U-Nets (Ronneberger et al. 2015, arXiv 1505.04597): the public one for brain pictures, and those of
segmentation-models-pytorch."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.pictures import as_tensor, load_strictly, normalised, to_classes

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Pixels

# U-Nets halve a picture several times: its sides must be multiples of this.
_MULTIPLE = 32
_LARGEST = 1024


class UNetSegmenter(Loaded):
    """A `Segmenter`. One output is read as "there or not" (sigmoid), several as classes (softmax)."""

    def __init__(self, card: ModelCard, module: nn.Module, labels: Sequence[str], *, standardise: bool) -> None:
        super().__init__(card, module, labels)
        # Medical pictures have no fixed brightness: each is brought to mean 0 and deviation 1 by itself.
        self._standardise = standardise

    def segment(self, pictures: Sequence[Pixels]) -> list[Any]:
        import torch
        from torch.nn.functional import interpolate

        assert self._module is not None
        found = []
        for picture in pictures:
            height, width = picture.shape[:2]
            side = self.preparation.size
            scale = min(1.0, _LARGEST / max(height, width)) if not side else side / max(height, width)
            size = tuple(max(1, round(v * scale / _MULTIPLE)) * _MULTIPLE for v in (height, width))
            pixels = interpolate(
                as_tensor(picture, self.device)[None], size=size, mode="bilinear", align_corners=False, antialias=True
            )
            if self._standardise:
                mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)).clamp(min=1e-6)
                pixels = (pixels - mean[:, None, None]) / std[:, None, None]
            else:
                pixels = normalised(pixels, self.preparation.mean, self.preparation.std)
            with torch.inference_mode():
                out = self._module(pixels)[0].float()
            # One output: above 0.5 is there. Its rival "not there" is the constant that makes argmax say so.
            found.append(to_classes(_two_sided(out) if out.shape[0] == 1 else out, (height, width)))
        return found


def _two_sided(out: torch.Tensor) -> torch.Tensor:
    """One map of probabilities [1, H, W] to two: "not there" first."""
    import torch

    return torch.cat([1 - out, out])


def brain_unet() -> nn.Module:
    """The network of mateuszbuda/brain-segmentation-pytorch (Buda et al. 2019, arXiv 1906.03720), under its names."""
    import torch
    from torch import nn

    def block(inside: int, width: int, name: str) -> nn.Sequential:
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        for number in (1, 2):
            parts[f"{name}conv{number}"] = nn.Conv2d(inside if number == 1 else width, width, 3, padding=1, bias=False)
            parts[f"{name}norm{number}"] = nn.BatchNorm2d(width)
            parts[f"{name}relu{number}"] = nn.ReLU()
        return nn.Sequential(parts)

    class BrainUNet(nn.Module):
        """float32 [B, 3, H, W] to probabilities [B, 1, H, W]."""

        def __init__(self, width: int = 32) -> None:
            super().__init__()
            self.pool = nn.MaxPool2d(2)
            inside = 3
            for level in range(1, 5):
                outside = width * 2 ** (level - 1)
                self.add_module(f"encoder{level}", block(inside, outside, f"enc{level}"))
                inside = outside
            self.bottleneck = block(inside, inside * 2, "bottleneck")
            for level in range(4, 0, -1):
                outside = width * 2 ** (level - 1)
                self.add_module(f"upconv{level}", nn.ConvTranspose2d(outside * 2, outside, 2, 2))
                self.add_module(f"decoder{level}", block(outside * 2, outside, f"dec{level}"))
            self.conv = nn.Conv2d(width, 1, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen = []
            for level in range(1, 5):
                x = getattr(self, f"encoder{level}")(x)
                seen.append(x)
                x = self.pool(x)
            x = self.bottleneck(x)
            for level in range(4, 0, -1):
                x = torch.cat((getattr(self, f"upconv{level}")(x), seen.pop()), 1)
                x = getattr(self, f"decoder{level}")(x)
            return torch.sigmoid(self.conv(x))

    return BrainUNet()


def smp_network(arch: str, options: dict[str, Any]) -> nn.Module:
    """A network of segmentation-models-pytorch by name ("Unet"), with no weights. Raises: UserError when unknown."""
    import segmentation_models_pytorch as smp

    known = {c.__name__.lower(): c for c in vars(smp).values() if isinstance(c, type)}
    made = known.get(arch.lower())
    if made is None:
        raise UserError(f"“{arch}” is no network of this app.", "Choose another model.")
    if int(options.get("in_channels", 3)) != 3 or options.get("aux_params"):
        raise UserError(f"The network “{arch}” is not made for colour pictures alone.", "Choose another model.")
    # Logits are wanted whatever the publisher put behind them, and nothing is to be downloaded.
    settings = {**options, "encoder_weights": None, "activation": None}
    try:
        network: nn.Module = made(**settings)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"The network “{arch}” cannot be built as described.", "Choose another model.") from error
    return network


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """`arch` "brain-unet", or "smp:Unet" (a file with `options`, or a folder in the library's own form).

    Raises:
        UserError: when the weights do not fit.
    """
    labels = label_names(card)
    if card.arch == "brain-unet":
        module = brain_unet()
        load_strictly(card, module, path)
        return UNetSegmenter(card, module, labels or ("background", "marked"), standardise=True)
    options = {
        k: v
        for k, v in card.options.items()
        if k.startswith("encoder") or k in ("classes", "in_channels", "decoder_channels", "decoder_attention_type")
    }
    weights = path
    if path.is_dir():
        try:
            described = json.loads((path / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"The files of “{card.name}” are incomplete.", "Download the model again.") from error
        options = {k: v for k, v in described.items() if not k.startswith("_")} | options
        weights = path / "model.safetensors"
    module = smp_network(card.arch.removeprefix("smp:"), options)
    load_strictly(card, module, weights)
    classes = int(options.get("classes", 1))
    if classes == 1:
        # The library's networks give logits; the rest of this runtime takes probabilities for a single output.
        from torch import nn

        module = nn.Sequential(module, nn.Sigmoid())
        labels = labels if len(labels) == 2 else ("background", "marked")
    elif len(labels) != classes:
        labels = tuple(f"kind {n}" for n in range(classes))
    return UNetSegmenter(card, module, labels, standardise=False)
