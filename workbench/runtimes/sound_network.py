"""Networks that give pooled features of recordings: what sounds are sorted by can be taught on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.catalog.card import ModelCard
from workbench.runtimes.fast_body import computed
from workbench.runtimes.network import FEATURES, Network

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch, Floats

# Windows that are looked at together where nothing is learnt: it bounds the memory of long recordings.
_AT_ONCE = 16


class SoundNetwork(Network):
    """A `Network` for recordings of any length: they are cut into windows, whose features are averaged.

    Args:
        inputs_of: one window, float32 [T] mono in -1..1 at `sample_rate`, to the network's input (without batch axis).
        window_features: backbone and inputs [W, …] in, float [W, F] out. Where inputs are of different lengths they are
            given in groups of one length, so that nothing is filled up.
        sample_rate: Hz. window_seconds: length of a window.
        fills: shorter recordings fill a window, by being repeated (very short ones: with silence); else they are given
            as they are.
    """

    # Windows are cut and averaged outside the network.
    stands_alone = False
    fast_as_a_whole = False

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
        fills: bool = True,
    ) -> None:
        def heard(body: nn.Module, windows: torch.Tensor) -> torch.Tensor:
            return computed(body, {"windows": windows}, lambda: {FEATURES: window_features(body, windows)})[FEATURES]

        def pooled(body: nn.Module, batch: Batch) -> torch.Tensor:
            """Mean over the windows of each recording; `owner` int64 [W] says whose each is, `lengths` how long."""
            import torch

            if "owner" not in batch:  # every window for itself
                return heard(body, batch["windows"]).float()
            features = _in_groups(body, heard, batch["windows"], batch["lengths"]).float()
            owner = batch["owner"]
            count = int(owner.max()) + 1
            sums = torch.zeros(count, features.shape[1], device=features.device).index_add_(0, owner, features)
            return sums / torch.bincount(owner, minlength=count)[:, None].to(sums.dtype)

        super().__init__(card, labels, backbone, pooled, head, feature_width, None, learning_rate)
        self._inputs_of = inputs_of
        self.fills = fills
        # Its inputs may be made of less than a window.
        self.any_length = not fills
        self.sample_rate = sample_rate
        self.window_seconds = window_seconds

    @property
    def window_size(self) -> int:
        """Samples of a window."""
        return int(self.sample_rate * self.window_seconds)

    def cut(self, sound: Floats) -> list[Floats]:
        """A recording float32 [T] as windows side by side, the last one drawn back to end with it."""
        import numpy as np

        size = self.window_size
        if len(sound) < size:
            if not self.fills:
                return [sound]
            # Repeated rather than silent: a short call shall fill the window as a long one does.
            return [np.resize(sound, size) if len(sound) >= size // 8 else np.pad(sound, (0, size - len(sound)))]
        starts = list(range(0, len(sound) - size + 1, size))
        if starts[-1] + size < len(sound):
            starts.append(len(sound) - size)
        return [sound[s : s + size] for s in starts]

    def windows_of(self, sound: Floats) -> list[torch.Tensor]:
        """The network's inputs for all windows of a recording float32 [T]."""
        return [self._inputs_of(window) for window in self.cut(sound)]

    def input_of(self, sound: Floats) -> torch.Tensor:
        """A short piece float32 [T] as one input (without batch axis); repeated where the network needs a whole window."""
        import numpy as np

        if not self.any_length:
            sound = np.resize(sound, self.window_size)
        return self._inputs_of(sound)

    def together(self, recordings: Sequence[Sequence[torch.Tensor]]) -> dict[str, torch.Tensor]:
        """The windows of several recordings as one batch on the model's device."""
        import torch

        pieces = [window for windows in recordings for window in windows]
        owner = torch.repeat_interleave(torch.tensor([len(windows) for windows in recordings]))
        return {
            "windows": torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True).to(self.device),
            "lengths": torch.tensor([len(p) for p in pieces]),
            "owner": owner.to(self.device),
        }

    def example(self) -> Batch:
        import numpy as np

        sound = np.random.default_rng(0).normal(0, 0.1, self.window_size).astype(np.float32)
        return self.alone(self.together([self.windows_of(sound)[:1]]))

    def alone(self, batch: Batch) -> Batch:
        """The windows, each for itself."""
        return {"windows": batch["windows"]}

    def each_window(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Logits float [W, C] of every window of a batch by itself."""
        import torch

        alone = {**batch, "owner": torch.arange(len(batch["owner"]), device=batch["owner"].device)}
        return self.logits(alone)


def _in_groups(
    body: nn.Module,
    features: Callable[[nn.Module, torch.Tensor], torch.Tensor],
    windows: torch.Tensor,
    lengths: torch.Tensor,
) -> torch.Tensor:
    """Features [W, F] of windows that are filled up to the longest of them, each taken at its own length."""
    import torch

    learning = torch.is_grad_enabled() and any(p.requires_grad for p in body.parameters())
    made: list[torch.Tensor] = []
    order: list[torch.Tensor] = []
    for length in sorted(set(lengths.tolist())):
        rows = (lengths == length).nonzero().flatten()
        for part in (rows,) if learning else rows.split(_AT_ONCE):
            made.append(features(body, windows[part.to(windows.device)][:, :length]))
            order.append(part)
    back = torch.cat(order).argsort()
    return torch.cat(made)[back.to(windows.device)]
