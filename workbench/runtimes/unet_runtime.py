"""U-Nets (Ronneberger et al. 2015, arXiv 1505.04597): the public one for brain pictures, and those of
segmentation-models-pytorch."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.errors import UserError
from workbench.runtimes.areas import NOTHING, AreaNetwork, own_random
from workbench.runtimes.base import Loaded
from workbench.runtimes.network import stage_parameters
from workbench.runtimes.pictures import load_strictly
from workbench.runtimes.signatures import meta_layers
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.areas import Features

# U-Nets halve a picture several times: its sides must be multiples of this.
_MULTIPLE = 32
_LARGEST = 1024
_DESCRIPTION = "config.json"
# Beside "encoder_…": what the library's networks are made of.
_SETTINGS = (
    "classes", "in_channels", "decoder_channels", "decoder_attention_type", "decoder_use_norm", "decoder_interpolation",
)  # fmt: skip


class UNetSegmenter(AreaNetwork):
    """A U-Net's classifier is its decoder: Quick trains it on what the encoder sees at each size.

    A published network with a single output is read as "there or not" (sigmoid); several are classes (softmax).
    """

    head_rate = 2e-3
    multiple = _MULTIPLE

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        side = self.preparation.size
        scale = side / max(height, width) if side else 1.0
        if not side or not self.card.options.get("enlarge", True):
            scale = min(1.0, (side or _LARGEST) / max(height, width))
        return (
            max(1, round(height * scale / _MULTIPLE)) * _MULTIPLE,
            max(1, round(width * scale / _MULTIPLE)) * _MULTIPLE,
        )

    def decoded(self, features: Features) -> torch.Tensor:
        """Features of the encoder to what the last layer goes by."""
        raise NotImplementedError

    def last(self, decoded: torch.Tensor) -> torch.Tensor:
        """The last layer: logits."""
        raise NotImplementedError

    def classify(self, features: Features, size: tuple[int, int]) -> torch.Tensor:
        import torch
        from torch.nn.functional import interpolate

        logits = self.last(self.decoded(features))
        if logits.shape[1] == 1:
            # Its rival "not there" is the constant that makes softmax the sigmoid.
            logits = torch.cat([torch.zeros_like(logits), logits], 1)
        if logits.shape[-2:] != torch.Size(size):
            logits = interpolate(logits, size=size, mode="bilinear", align_corners=False)
        return logits


class SmpSegmenter(UNetSegmenter):
    """A network of segmentation-models-pytorch. `network_options` is what it was made of."""

    def __init__(
        self, card: ModelCard, module: nn.Module, labels: Sequence[str], network_options: Mapping[str, Any]
    ) -> None:
        super().__init__(card, module, labels)
        self.network_options = dict(network_options)

    def trunk(self, pixels: torch.Tensor) -> Features:
        return tuple(self._net.encoder(pixels))

    def decoded(self, features: Features) -> torch.Tensor:
        return cast("torch.Tensor", self._net.decoder(list(features)))

    def last(self, decoded: torch.Tensor) -> torch.Tensor:
        return cast("torch.Tensor", self._net.segmentation_head(decoded))

    def head_parts(self) -> list[nn.Module]:
        return [self._net.decoder, self._net.segmentation_head]

    def body_stages(self) -> list[list[nn.Parameter]]:
        return list(reversed(stage_parameters(self._net.encoder)))

    def make_head(self, classes: int) -> None:
        from segmentation_models_pytorch.base import initialization

        old = self._net.segmentation_head[0]
        from torch import nn

        self._net.segmentation_head[0] = nn.Conv2d(old.in_channels, classes, old.kernel_size, padding=old.padding)
        initialization.initialize_head(self._net.segmentation_head)
        if not self.labels:  # the decoder has never learnt anything either
            initialization.initialize_decoder(self._net.decoder)
        self.network_options["classes"] = classes

    def last_layers(self) -> list[nn.Conv2d]:
        return [self._net.segmentation_head[0]]

    @property
    def _net(self) -> Any:
        return self._module


class BrainSegmenter(UNetSegmenter):
    """The public U-Net for brain pictures. Medical pictures have no fixed brightness: each is brought to mean 0 and
    deviation 1 by itself."""

    def normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        mean, std = pixels.mean((-2, -1)), pixels.std((-2, -1)).clamp(min=1e-6)
        return (pixels - mean[..., None, None]) / std[..., None, None]

    def trunk(self, pixels: torch.Tensor) -> Features:
        return cast("Features", self._net.encoded(pixels))

    def decoded(self, features: Features) -> torch.Tensor:
        return cast("torch.Tensor", self._net.decoded(features))

    def last(self, decoded: torch.Tensor) -> torch.Tensor:
        return cast("torch.Tensor", self._net.conv(decoded))

    def head_parts(self) -> list[nn.Module]:
        net = self._net
        return [*(getattr(net, f"{part}{level}") for level in range(1, 5) for part in ("upconv", "decoder")), net.conv]

    def body_stages(self) -> list[list[nn.Parameter]]:
        parts = [self._net.bottleneck, *(getattr(self._net, f"encoder{level}") for level in range(4, 0, -1))]
        return [list(part.parameters()) for part in parts]

    def make_head(self, classes: int) -> None:
        from torch import nn

        self._net.conv = nn.Conv2d(self._net.conv.in_channels, classes, 1)

    def last_layers(self) -> list[nn.Conv2d]:
        return [self._net.conv]

    @property
    def _net(self) -> Any:
        return self._module


def brain_unet(classes: int = 1) -> nn.Module:
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
        """float32 [B, 3, H, W] to probabilities [B, classes, H, W]."""

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
            self.conv = nn.Conv2d(width, classes, 1)

        def encoded(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            """What is seen at each size, the smallest last."""
            seen = []
            for level in range(1, 5):
                x = getattr(self, f"encoder{level}")(x)
                seen.append(x)
                x = self.pool(x)
            return (*seen, self.bottleneck(x))

        def decoded(self, seen: Sequence[torch.Tensor]) -> torch.Tensor:
            x = seen[-1]
            for level in range(4, 0, -1):
                x = torch.cat((getattr(self, f"upconv{level}")(x), seen[level - 1]), 1)
                x = getattr(self, f"decoder{level}")(x)
            return x

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sigmoid(self.conv(self.decoded(self.encoded(x))))

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


def _described(card: ModelCard, folder: Path) -> dict[str, Any]:
    """What a network is made of, by its folder's own description. Raises: UserError when that cannot be read."""
    try:
        described = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        return {k: v for k, v in described.items() if not k.startswith("_")}
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"The files of “{card.name}” are incomplete.", "Download the model again.") from error


def _options(card: ModelCard) -> dict[str, Any]:
    """Of the card's options those that the library takes."""
    return {k: v for k, v in card.options.items() if k.startswith("encoder_") or k in _SETTINGS}


def open_pretrained(card: ModelCard, path: Path) -> UNetSegmenter:
    """`arch` "brain-unet", or "smp:Unet" (a file with `options`, or a folder in the library's own form). With the option
    "beginning" the file is a classifier's, whose weights become the encoder's; the rest is made when it is taught.

    Raises:
        UserError: when the weights do not fit.
    """
    labels = label_names(card)
    if card.arch == "brain-unet":
        module = brain_unet()
        load_strictly(card, module, path)
        return BrainSegmenter(card, module, labels or (NOTHING, "marked"))
    options = _options(card)
    weights = path
    if path.is_dir():
        options = _described(card, path) | options
        weights = path / "model.safetensors"
    if card.options.get("beginning"):
        return _beginning(card, weights, options)
    module = smp_network(card.arch.removeprefix("smp:"), options)
    load_strictly(card, module, weights)
    return SmpSegmenter(card, module, _labels(labels, int(options.get("classes", 1))), options)


def _labels(given: tuple[str, ...], classes: int) -> tuple[str, ...]:
    if classes == 1:
        return given if len(given) == 2 else (NOTHING, "marked")
    return given if len(given) == classes else tuple(f"kind {n}" for n in range(classes))


def _beginning(card: ModelCard, path: Path, options: dict[str, Any]) -> SmpSegmenter:
    """A U-Net around the weights of a classifier of timm, matched by name, or in order with every shape checked."""
    import timm

    name = str(options["encoder_name"]).removeprefix("tu-")
    state = read_state(path, card.name)
    with meta_layers():
        own = timm.create_model(name, pretrained=False).state_dict()
    if set(state) != set(own):
        if [t.shape for t in state.values()] != [t.shape for t in own.values()]:
            raise UserError(f"The weights of “{card.name}” do not fit its network.", "Install the app again.")
        state = dict(zip(own, state.values(), strict=True))
    with own_random(0):
        module: Any = smp_network(card.arch.removeprefix("smp:"), options)
    wanted = module.encoder.state_dict()
    # A classifier's last layers have no place in an encoder; all others must be there.
    found = {key: state[key.removeprefix("model.")] for key in wanted if key.removeprefix("model.") in state}
    try:
        module.encoder.load_state_dict(found, strict=True)
    except RuntimeError as error:
        raise UserError(f"The weights of “{card.name}” do not fit its network.", "Install the app again.") from error
    return SmpSegmenter(card, module, (), options)


def build(card: ModelCard, folder: Path) -> UNetSegmenter:
    """The bare network of an own model; its weights are loaded by the caller. Raises: UserError when it cannot be built."""
    labels = (NOTHING, *card.label_names)
    if card.arch == "brain-unet":
        return BrainSegmenter(card, brain_unet(len(labels)), labels)
    options = {**_options(card), **(_described(card, folder) if (folder / _DESCRIPTION).is_file() else {})}
    options["classes"] = len(labels)
    return SmpSegmenter(card, smp_network(card.arch.removeprefix("smp:"), options), labels, options)


def save_extras(model: Loaded, folder: Path) -> None:
    """What the network is made of, beside its weights."""
    if isinstance(model, SmpSegmenter):
        (folder / _DESCRIPTION).write_text(json.dumps(model.network_options, indent=1), encoding="utf-8")


def bare(card: ModelCard) -> UNetSegmenter:
    """As it would be opened, without its numbers. Raises: UserError when only its files say how it is built."""
    if card.source.kind == "folder":
        return build(card, Path(card.source.ref))
    if card.arch == "brain-unet":
        return BrainSegmenter(card, brain_unet(), label_names(card) or (NOTHING, "marked"))
    options = _options(card)
    if "encoder_name" not in options:
        raise UserError(f"How “{card.name}” is built can be seen once it is on this computer.", "Download it first.")
    made = smp_network(card.arch.removeprefix("smp:"), options)
    labels = () if card.options.get("beginning") else _labels(label_names(card), int(options.get("classes", 1)))
    return SmpSegmenter(card, made, labels, options)
