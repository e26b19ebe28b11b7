"""Neural style: a picture repainted until a VGG-19 sees the content of one and the style of another.

Gatys, Ecker and Bethge 2015 (arXiv 1508.06576). The weights are the classifier's; only its first layers are used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.pictures import normalised
from workbench.runtimes.weights import read_state

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats

_STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
_CONTENT = ("conv4_2",)
_STEPS = 150
_PREVIEW_EVERY = 10
_STEP_SIZE = 0.03
# How much style weighs against content at strength 0 and 1, as powers of ten.
_WEAKEST, _STRONGEST = 3.0, 7.0


class NeuralStyle(Loaded):
    """A `Stylizer` by optimisation: slow, and the same every time."""

    def __init__(self, card: ModelCard, features: nn.Module) -> None:
        super().__init__(card, features)
        for parameter in features.parameters():
            parameter.requires_grad_(False)
        self.losses: list[float] = []  # of the last picture, a value per step
        self._control = Control()

    def stylise(
        self,
        content: Floats,
        style: Floats,
        strength: float,
        control: Control,
        preview: Callable[[Floats], None] | None = None,
    ) -> Floats:
        import torch

        self._control = control
        steps = int(self.card.options.get("steps", _STEPS))
        given = torch.from_numpy(content).to(self.device)[None]
        wanted = [_gram(f) for f in self._features(torch.from_numpy(style).to(self.device)[None], _STYLE)]
        kept = [f.detach() for f in self._features(given, _CONTENT)]
        weight = 10.0 ** (_WEAKEST + (_STRONGEST - _WEAKEST) * strength)
        # The picture is held before a sigmoid, so that it stays between black and white by itself.
        picture = given.clamp(0.01, 0.99).logit().detach().requires_grad_(True)
        optimiser = torch.optim.Adam([picture], lr=_STEP_SIZE * 4)
        self.losses = []
        for step in range(steps):
            control.check()
            control.progress(step, steps, "Painting")
            optimiser.zero_grad()
            seen = self._features(picture.sigmoid(), (*_STYLE, *_CONTENT))
            styles, contents = seen[: len(_STYLE)], seen[len(_STYLE) :]
            loss = sum(
                (torch.nn.functional.mse_loss(c, k) for c, k in zip(contents, kept, strict=True)),
                torch.zeros((), device=self.device),
            )
            for found, target in zip(styles, wanted, strict=True):
                loss = loss + weight / len(wanted) * torch.nn.functional.mse_loss(_gram(found), target)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            self.losses.append(float(loss.detach()))
            if preview is not None and step % _PREVIEW_EVERY == _PREVIEW_EVERY - 1:
                preview(picture.detach().sigmoid()[0].cpu().numpy())
        result: Floats = picture.detach().sigmoid()[0].cpu().numpy()
        return result

    def _features(self, pixels: torch.Tensor, names: tuple[str, ...]) -> list[torch.Tensor]:
        """Outputs of the named convolutions, in the order of the network."""
        layers: Any = self._module
        x = normalised(pixels, self.preparation.mean, self.preparation.std)
        found: dict[str, torch.Tensor] = {}
        group, number = 1, 1
        for layer in layers:
            # A step of a large picture takes seconds: it can be stopped between layers, on the way back as well.
            self._control.check()
            kind = type(layer).__name__
            x = layer(x)
            if x.requires_grad:
                x.register_hook(lambda _: self._control.check())
            if kind == "Conv2d":
                found[f"conv{group}_{number}"] = x
                number += 1
            elif kind == "MaxPool2d":
                group, number = group + 1, 1
            if all(name in found for name in names):
                break
        return [found[name] for name in names]


def _gram(features: torch.Tensor) -> torch.Tensor:
    """Which features appear together, [C, C], wherever they are: what the paper calls style."""
    _, channels, height, width = features.shape
    flat = features.reshape(channels, height * width)
    return flat @ flat.T / (channels * height * width)


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
