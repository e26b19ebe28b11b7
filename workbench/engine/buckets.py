"""Batches of items of like lengths: a short text beside a long one is filled up to its length, and computed as if it were."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.data.types import Item
from workbench.tasks.lesson import Example, Lesson

if TYPE_CHECKING:
    import torch

Length = Callable[[Item], float]
# Lengths are sorted within pools of at most so many batches, and there are at least so many pools: with whom an item comes
# together must stay a matter of chance.
_MOST_BATCHES, _FEWEST_POOLS = 50, 4


def length_of(lesson: Lesson, examples: Mapping[int, Example]) -> Length:
    """How much of an item the lesson's network reads; the same of all where it does not say."""
    return lambda item: lesson.length(examples[item.id])


def drawn_batches(items: Sequence[Item], size: int, generator: torch.Generator, length: Length) -> list[list[Item]]:
    """All items in random order, in batches of `size` (the last may be smaller). The same generator gives the same ones.

    Where the lengths differ, a batch is of items of like lengths, and the batches come in random order.
    """
    import torch

    order = [items[i] for i in torch.randperm(len(items), generator=generator).tolist()]
    pool = size * max(1, min(_MOST_BATCHES, len(items) // (size * _FEWEST_POOLS)))
    lengths = {item.id: length(item) for item in order}
    if pool == size or len(set(lengths.values())) < 2:
        return [order[i : i + size] for i in range(0, len(order), size)]
    ordered: list[Item] = []
    for start in range(0, len(order), pool):
        ordered += sorted(order[start : start + pool], key=lambda item: lengths[item.id])
    batches = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def by_length(items: Sequence[Item], size: int, length: Length) -> list[list[Item]]:
    """The items from short to long (as they come where they are alike), in batches."""
    ordered = sorted(items, key=length)
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]
