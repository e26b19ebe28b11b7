"""The one shape all teachable networks that colour areas take here: a trunk that sees, and a classifier on what it saw.

The first label is always "nothing" (`NOTHING`); the person's classes follow. The trunk's features and the classifier are cut
where Quick cuts them: what lies in the trunk stays as it is, and its features may be kept on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.fast_body import Core, Output, computed
from workbench.runtimes.pictures import as_tensor, certainties, normalised, to_classes

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Pixels

    Features = tuple[torch.Tensor, ...]

NOTHING = "background"
# Points of the shorter side of a picture that is made up to compare engines on.
_SMALL = 64


class AreaNetwork(Loaded):
    """A `Segmenter` that can be taught. Subclasses say how the network is cut.

    Attributes:
        learning_rate: a good peak rate for the trunk when it is trained further (AdamW); `head_rate` for the classifier.
        multiple: the sides of what the network looks at are multiples of so many points.
    """

    learning_rate = 1e-4
    head_rate = 1e-3
    multiple = 1
    little_beside = True

    def __init__(self, card: ModelCard, module: nn.Module, labels: Sequence[str]) -> None:
        super().__init__(card, module, labels)
        self._module: nn.Module = module

    @property
    def module(self) -> nn.Module:
        return self._module

    # How the network is cut ------------------------------------------------------------------------------------------------

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """The height and width at which a picture of this size is looked at."""
        raise NotImplementedError

    def trunk(self, pixels: torch.Tensor) -> Features:
        """Normalised pixels float32 [B, 3, H, W] to what the classifier goes by, float [B, C, h, w] each."""
        raise NotImplementedError

    def classify(self, features: Features, size: tuple[int, int]) -> torch.Tensor:
        """Features to logits float [B, classes, H, W] at this size."""
        raise NotImplementedError

    def learn(self, pixels: torch.Tensor) -> list[tuple[torch.Tensor, float]]:
        """Logits [B, classes, H, W] with their weight in the loss: the answer, and those of helper heads."""
        return [(self.logits(pixels), 1.0)]

    def head_parts(self) -> list[nn.Module]:
        """What `classify` is made of: what Quick trains."""
        raise NotImplementedError

    def body_stages(self) -> list[list[nn.Parameter]]:
        """All other weights, from the classifier's side to the stem; every one in exactly one stage."""
        raise NotImplementedError

    def make_head(self, classes: int) -> None:
        """Replace the last layers by new ones for so many classes (and take over nothing)."""
        raise NotImplementedError

    def last_layers(self) -> list[nn.Conv2d]:
        """The layers with one row of weights for each class."""
        raise NotImplementedError

    # What follows from that ----------------------------------------------------------------------------------------------

    def stages(self) -> list[list[nn.Parameter]]:
        """All weights, the classifier's first (see `workbench.tasks.lesson.Lesson.stages`)."""
        return [[p for part in self.head_parts() for p in part.parameters()], *self.body_stages()]

    @property
    def head_layer(self) -> nn.Module:
        """The layer that tells the classes."""
        return self.last_layers()[0]

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised pixels float32 [B, 3, H, W] to logits float [B, classes, H, W]."""
        # Not as plain numbers: where the network is traced, its size stays free.
        return self.classify(self.trunk(pixels), (pixels.shape[-2], pixels.shape[-1]))

    def _quickly(self, pixels: torch.Tensor) -> torch.Tensor:
        return computed(self._module, {"pixels": pixels}, lambda: {"logits": self.logits(pixels)})["logits"]

    @property
    def heart(self) -> nn.Module:
        return self._module

    def core(self) -> Core:
        """Pixels of any size, as the network looks at them, to logits."""
        import torch

        side = self.multiple * -(-_SMALL // self.multiple)
        example = torch.randn(1, 3, side, 2 * side, generator=torch.Generator().manual_seed(0))
        return Core(
            self._module, lambda batch: {"logits": self.logits(batch["pixels"])},
            {"logits": Output("scores", axis=1, free=(2, 3))}, {"pixels": example}, {"pixels": (2, 3)}, several=False,
            identity=f"{self.card.runtime}/{self.card.arch}/{self.card.preparation.size}",
        )  # fmt: skip

    def normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels float32 [..., 3, H, W] in 0..1 as the network wants them."""
        return normalised(pixels, self.preparation.mean, self.preparation.std)

    def seen(self, picture: Pixels, device: torch.device | str = "cpu") -> torch.Tensor:
        """A picture uint8 [H, W, 3] as the network looks at it: float32 [3, h, w], scaled and normalised."""
        import torch
        from torch.nn.functional import interpolate

        size = self.network_size(*picture.shape[:2])
        pixels = as_tensor(picture, torch.device(device))[None]
        pixels = interpolate(pixels, size=size, mode="bilinear", align_corners=False, antialias=True)
        return self.normalised(pixels)[0]

    def answer(self, logits: torch.Tensor, size: tuple[int, int]) -> tuple[Any, tuple[float, ...]]:
        """Logits float [classes, h, w] as class indices uint8 [H, W] at `size` (H, W), and how certain it is of the points
        of each class: 0..1, 0 for a class without one."""
        return to_classes(logits, size), certainties(logits)

    def segment(self, pictures: Sequence[Pixels]) -> list[Any]:
        return [values for values, _sure in self.segment_surely(pictures)]

    def segment_surely(self, pictures: Sequence[Pixels]) -> list[tuple[Any, tuple[float, ...]]]:
        """As `segment`, with the certainty of each class's points (see `answer`)."""
        import torch

        self._taught()
        found = []
        for picture in pictures:
            with torch.inference_mode():
                logits = self._quickly(self.seen(picture, self.device)[None])[0]
            found.append(self.answer(logits, (picture.shape[0], picture.shape[1])))
        return found

    def _taught(self) -> None:
        if not self.labels:
            raise UserError(
                f"“{self.card.name}” has not been taught any areas yet.", "Train it on your own pictures first."
            )

    # Teaching ----------------------------------------------------------------------------------------------------------------

    def set_classes(self, names: Sequence[str], seed: int = 0) -> None:
        """Make the last layers anew for "nothing" and these classes; what the model knows already under the same name
        keeps its weights. What is new is drawn from `seed` alone."""
        import torch

        labels = (NOTHING, *names)
        old_labels = self.labels
        old = [layer_state(layer) for layer in self.last_layers()]
        with own_random(seed):
            self.make_head(len(labels))
        rows = _same_rows(old_labels, labels)
        with torch.no_grad():
            for layer, (weight, bias) in zip(self.last_layers(), old, strict=True):
                if len(old_labels) != weight.shape[0] or layer.weight.shape[1:] != weight.shape[1:]:
                    continue
                for to, start in rows:
                    layer.weight[to] = weight[start]
                    if layer.bias is not None and bias is not None:
                        layer.bias[to] = bias[start]
        self.labels = labels
        self._module.to(self.device)

    def trunk_hash(self) -> str:
        """sha256 (hex) of everything that decides the trunk's features."""
        parts = [*self.head_parts(), *self.last_layers()]
        head = {id(t) for part in parts for t in part.state_dict(keep_vars=True).values()}
        digest = hashlib.sha256()
        for name, tensor in sorted(self._module.state_dict(keep_vars=True).items()):
            if id(tensor) not in head:
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def layer_state(layer: nn.Conv2d) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Copies of a layer's weights."""
    return layer.weight.detach().clone(), None if layer.bias is None else layer.bias.detach().clone()


def _same_rows(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """(new place, old place) of the classes of the same name; "nothing" is each list's first."""
    if not old:
        return []
    place = {name.strip().casefold(): i for i, name in enumerate(old) if i}
    known = [
        (i, place[name.strip().casefold()]) for i, name in enumerate(new) if i and name.strip().casefold() in place
    ]
    return [(0, 0), *known] if known else []


@contextmanager
def own_random(seed: int) -> Iterator[None]:
    """Inside, torch draws from this seed; outside nothing has changed."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
