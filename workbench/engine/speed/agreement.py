"""Does an engine give the answers that the layers give? On real items, each alone and, where that happens, several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.runtimes.fast_body import Compute, Core, Output, Outputs
from workbench.runtimes.network import FEATURES, Network
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import get_task
from workbench.tasks.several import thresholds_of
from workbench.tasks.temperature import temperature_of

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch, Loaded

# Largest difference of a score (0..1), and of any other number as a share of the largest one.
SCORE_TOLERANCE = 1e-3
NUMBER_TOLERANCE = 1e-3
# Items made up beside the person's own, so that an export that holds for one shape only is found out.
_MADE_UP = 2
_NOWHERE_NEAR = float("inf")


@dataclass(frozen=True)
class Agreement:
    """Attributes as of `remembered.Row`."""

    samples: int
    same: int
    score: float
    number: float

    def holds(self) -> bool:
        """Good enough to take the layers' place."""
        return self.same == self.samples and self.score <= SCORE_TOLERANCE and self.number <= NUMBER_TOLERANCE

    def sentence(self) -> str:
        """Why it does not hold."""
        if self.number == _NOWHERE_NEAR:
            return "it does not take these items"
        if self.same == self.samples:
            return f"its numbers are off by up to {max(self.number, self.score):.2g}"
        return f"only {self.same} of {self.samples} first answers are the same"


def agreement(
    model: Loaded, core: Core, reference: Sequence[Outputs], compute: Compute, batches: Sequence[Batch]
) -> Agreement:
    """Hold an engine against the layers.

    Args:
        core: the model's.
        reference: what the layers make of each of `batches` (single items, as the core takes them).
    """
    import torch

    with torch.inference_mode():
        found = [compute(batch) for batch in batches]
        pairs = list(zip(reference, found, strict=True))
        if core.several:
            # An export may have frozen their number, or mix them up.
            whole = stacked([*batches[:3], batches[0]])
            pairs.append((core.layers(whole), compute(whole)))
        scales = {name: max(1e-12, *(float(r[name].abs().max()) for r in reference)) for name in core.outputs}
        score, number, same = 0.0, 0.0, 0
        for place, (wanted, got) in enumerate(pairs):
            if got is None or not _complete(wanted, got, core.outputs):
                return Agreement(len(batches), 0, _NOWHERE_NEAR, _NOWHERE_NEAR)
            alike = True
            for name, output in core.outputs.items():
                if output.kind == "scores":
                    off, equal = _scores(wanted[name], got[name], output.axis)
                    score, alike = max(score, off), alike and equal
                # Scores as well: a model that wavers between all classes would hide anything.
                scale = 1.0 if output.kind == "shares" else scales[name]
                number = max(number, float((wanted[name] - got[name]).abs().max()) / scale)
            same += alike and place < len(batches)
        if not isinstance(model, Network):
            return Agreement(len(batches), same, score, number)
        return _by_the_head(model, reference, [f for f in found if f is not None], number)


def _complete(wanted: Outputs, got: Outputs, outputs: Mapping[str, Output]) -> bool:
    return all(
        name in got and got[name].shape == wanted[name].shape and bool(got[name].isfinite().all()) for name in outputs
    )


def _scores(wanted: torch.Tensor, got: torch.Tensor, axis: int) -> tuple[float, bool]:
    """By how much the likeliest difference of a class is off, and whether the first answer of every place is the same. Places
    at which the layers themselves waver between two by less than the tolerance count as the same."""
    first, second = wanted.float().softmax(axis), got.float().softmax(axis)
    same = first.argmax(axis) == second.argmax(axis)
    if first.shape[axis] > 1 and not bool(same.all()):
        two = first.topk(2, axis).values
        same |= (two.select(axis, 0) - two.select(axis, 1)) < SCORE_TOLERANCE
    return float((first - second).abs().max()), bool(same.all())


def _by_the_head(network: Network, reference: Sequence[Outputs], found: Sequence[Outputs], number: float) -> Agreement:
    """What a network with a head finally says of the items, as its card has it said."""
    import torch

    count = len(reference)
    if network.head is None:
        return Agreement(count, count if number <= NUMBER_TOLERANCE else 0, 0.0, number)
    first, second = (network.head_logits(torch.cat([f[FEATURES].float() for f in side])) for side in (reference, found))
    task = get_task(network.card.main_task)
    options = network.card.options
    if isinstance(task, PooledTask):
        same = int(task.agree(first, second, options))
    else:  # a head may also be asked of many moments of an item
        same = int((first.argmax(-1) == second.argmax(-1)).sum())
    if thresholds_of(options, len(network.labels)) is not None:
        score = float((first.sigmoid() - second.sigmoid()).abs().max())
    else:
        warmth = temperature_of(options)
        score = float(((first / warmth).softmax(-1) - (second / warmth).softmax(-1)).abs().max())
    return Agreement(count, same, score, number)


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


def made_up(core: Core, seed: int = 0) -> list[dict[str, torch.Tensor]]:
    """Items that look like the core's example, of noise: what needs no item of a person's to be held against."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    found = []
    for number in range(_MADE_UP):
        item: dict[str, torch.Tensor] = {}
        for name, value in core.example.items():
            shape = list(value.shape)
            if len(shape) == 2 and not value.is_floating_point():
                shape[1] = max(4, shape[1] // 2) + number
            if name == "input_ids":
                item[name] = torch.randint(5, max(6, core.many_kinds), shape, generator=generator)
            elif not value.is_floating_point():
                item[name] = torch.full(shape, int(value.max()), dtype=value.dtype)
            else:
                spread = float(value.std()) or 1.0
                item[name] = torch.randn(shape, generator=generator) * spread + float(value.mean())
        found.append(item)
    return found
