"""Networks that give pooled features of recordings: what sounds are sorted by can be taught on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from workbench.catalog.card import ModelCard
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch, Floats


class SoundNetwork(Network):
    """A `Network` for recordings of any length: they are cut into windows, whose features are averaged.

    Args:
        inputs_of: one window, float32 [T] mono in -1..1 at `sample_rate`, to the network's input (without batch axis).
        window_features: backbone and inputs [W, …] in, float [W, F] out.
        sample_rate: Hz. window_seconds: length of a window; shorter recordings are filled up with silence.
    """

    # Windows are cut and averaged outside the network.
    stands_alone = False
    # Its inputs may be made of less than a window.
    any_length = False

    def __init__(
        self,
        card: ModelCard,
        labels: Iterable[str],
        backbone: nn.Module,
        window_features: Callable[[nn.Module, torch.Tensor], torch.Tensor],
        inputs_of: Callable[[Floats], torch.Tensor],
        feature_width: int,
        sample_rate: int,
        window_seconds: float,
        head: nn.Linear | None = None,
        learning_rate: float = 1e-4,
    ) -> None:
        def pooled(body: nn.Module, batch: Batch) -> torch.Tensor:
            """Mean over the windows of each recording; `owner` int64 [W] says whose each is."""
            import torch

            features = window_features(body, batch["windows"]).float()
            owner = batch["owner"]
            count = int(owner.max()) + 1
            sums = torch.zeros(count, features.shape[1], device=features.device).index_add_(0, owner, features)
            return sums / torch.bincount(owner, minlength=count)[:, None].to(sums.dtype)

        super().__init__(card, labels, backbone, pooled, head, feature_width, None, learning_rate)
        self._inputs_of = inputs_of
        self.sample_rate = sample_rate
        self.window_seconds = window_seconds

    def windows_of(self, sound: Floats) -> torch.Tensor:
        """A recording float32 [T] as inputs [W, …]: windows side by side, the last one drawn back to end with it."""
        import numpy as np
        import torch

        size = int(self.sample_rate * self.window_seconds)
        if len(sound) < size:
            # Repeated rather than silent: a short call shall fill the window as a long one does.
            sound = np.resize(sound, size) if len(sound) >= size // 8 else np.pad(sound, (0, size - len(sound)))
        starts = list(range(0, len(sound) - size + 1, size))
        if starts[-1] + size < len(sound):
            starts.append(len(sound) - size)
        return torch.stack([self._inputs_of(sound[s : s + size]) for s in starts])

    def input_of(self, sound: Floats) -> torch.Tensor:
        """A short piece float32 [T] as one input (without batch axis); repeated where the network needs a whole window."""
        import numpy as np

        if not self.any_length:
            sound = np.resize(sound, int(self.sample_rate * self.window_seconds))
        return self._inputs_of(sound)
