"""Does an engine give the answers that the layers give? On real items, each alone and several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.runtimes.fast_body import Compute
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import get_pooled
from workbench.tasks.several import thresholds_of
from workbench.tasks.temperature import temperature_of

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch
    from workbench.runtimes.network import Network

# Largest difference of a score, and of a feature as a share of the largest one, that full precision may make.
SCORE_TOLERANCE = 1e-3
FEATURE_TOLERANCE = 1e-3
# In reduced precision at least so many first answers must stay.
ROUGH_AGREEMENT = 0.9
# Items made up beside the person's own, so that an export that holds for one shape only is found out.
_MADE_UP = 2


@dataclass(frozen=True)
class Agreement:
    """Attributes as of `remembered.Row`."""

    samples: int
    same: int
    score: float
    feature: float

    def holds(self, exact: bool) -> bool:
        """Good enough to take the layers' place."""
        if not exact:
            return self.samples > 0 and self.same >= ROUGH_AGREEMENT * self.samples
        close = self.score <= SCORE_TOLERANCE and self.feature <= FEATURE_TOLERANCE
        return self.same == self.samples and close

    def sentence(self, exact: bool) -> str:
        """Why it does not hold."""
        if self.feature == float("inf"):
            return "it does not take these items"
        if exact and self.same == self.samples:
            return f"its numbers are off by up to {max(self.feature, self.score):.2g}"
        return f"only {self.same} of {self.samples} first answers are the same"


def agreement(
    network: Network, reference: Sequence[torch.Tensor], compute: Compute, batches: Sequence[Batch]
) -> Agreement:
    """Hold an engine against the layers.

    Args:
        reference: features [1, F] of each of `batches` (single items, as the network takes them by itself).
    """
    import torch

    found: list[torch.Tensor] = []
    with torch.inference_mode():
        for batch in batches:
            one = compute(batch)
            if one is None:
                return Agreement(len(batches), 0, float("inf"), float("inf"))
            found.append(one.float())
        wanted, got = torch.cat(list(reference)).float(), torch.cat(found)
        if wanted.shape != got.shape or not bool(torch.isfinite(got).all()):
            return Agreement(len(batches), 0, float("inf"), float("inf"))
        scale = max(1e-6, float(wanted.abs().max()))
        feature = float((wanted - got).abs().max()) / scale
        # Several at once: an export may have frozen their number, or mix them up.
        several = [*batches[:3], batches[0]]
        whole = stacked(several)
        together, plain = compute(whole), network.alone_in_layers(whole)
        if together is None or together.shape != plain.shape:
            return Agreement(len(batches), 0, float("inf"), float("inf"))
        feature = max(feature, float((plain - together).abs().max()) / scale)
        if network.head is None:
            same = len(batches) if feature <= FEATURE_TOLERANCE else _nearly(wanted, got)
            return Agreement(len(batches), same, 0.0, feature)
        first, second = network.head_logits(wanted), network.head_logits(got)
        task: PooledTask = get_pooled(network.card.main_task)
        options = network.card.options
        same = int(task.agree(first, second, options))
        if thresholds_of(options, len(network.labels)) is not None:
            score = float((first.sigmoid() - second.sigmoid()).abs().max())
        else:
            warmth = temperature_of(options)
            score = float(((first / warmth).softmax(-1) - (second / warmth).softmax(-1)).abs().max())
    return Agreement(len(batches), same, score, feature)


def _nearly(wanted: torch.Tensor, got: torch.Tensor) -> int:
    """Of how many rows the direction stays (cosine of at least 0.99)."""
    import torch

    return int((torch.nn.functional.cosine_similarity(wanted, got) >= 0.99).sum())


def stacked(batches: Sequence[Batch]) -> dict[str, torch.Tensor]:
    """Single items as one batch: rows of whole numbers are filled up with zeros (no tokens), waves cut to the shortest."""
    import torch

    made: dict[str, torch.Tensor] = {}
    for name in batches[0]:
        values = [batch[name] for batch in batches]
        if values[0].dim() == 2:
            lengths = [v.shape[1] for v in values]
            if values[0].is_floating_point():
                values = [v[:, : min(lengths)] for v in values]
            else:
                values = [torch.nn.functional.pad(v, (0, max(lengths) - v.shape[1])) for v in values]
        made[name] = torch.cat(values)
    return made


def made_up(network: Network, example: Batch, seed: int = 0) -> list[dict[str, torch.Tensor]]:
    """Items that look like `example` to the network, of noise: what needs no item of a person's to be held against."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    found = []
    for number in range(_MADE_UP):
        item: dict[str, torch.Tensor] = {}
        for name, value in example.items():
            shape = list(value.shape)
            if len(shape) == 2 and not value.is_floating_point():
                shape[1] = max(4, shape[1] // 2) + number
            if name == "input_ids":
                item[name] = torch.randint(5, max(6, len(network.tokenizer)), shape, generator=generator)
            elif not value.is_floating_point():
                item[name] = torch.ones(shape, dtype=value.dtype)
            else:
                spread = float(value.std()) or 1.0
                item[name] = torch.randn(shape, generator=generator) * spread + float(value.mean())
        found.append(item)
    return found
