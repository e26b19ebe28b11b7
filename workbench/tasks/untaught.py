"""What a model answers that was not taught anything: beside it one sees what the teaching was worth.

`TaskInfo.untaught` says which of these makes sense for a task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.types import Sample

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.network import Network
    from workbench.tasks.base import PooledTask

# Of each class so many examples are shown for look-alikes.
EXAMPLES = 5


def by_names(
    task: PooledTask, model: Network, features: torch.Tensor, classes: Sequence[str], control: Control
) -> list[int]:
    """Each text gets the class whose name is nearest to it in meaning (cosine of sentence embeddings): zero-shot
    classification as Yin, Hay and Roth 2019 compare it.

    Args:
        features: float [N, F].

    Returns:
        Places among `classes`, [N].
    """
    import torch

    control.check()
    named = [task.prepare(Sample("text", name, text=name), model) for name in classes]
    with torch.inference_mode():
        wanted = model.features(task.collate(named, model)).cpu()
    return nearest(features, wanted)


def by_look_alikes(features: torch.Tensor, shown: torch.Tensor, targets: Sequence[int], classes: int) -> list[int]:
    """Each item gets the class whose few shown examples it is most like: the nearest class mean by the cosine (Snell,
    Swersky and Zemel 2017, "Prototypical networks for few-shot learning", without their training).

    Args:
        features: float [N, F]. shown: float [K, F] with their classes, `targets` [K].
    """
    import torch

    unit = torch.nn.functional.normalize(shown.float(), dim=1)
    means = torch.zeros(classes, shown.shape[1])
    means.index_add_(0, torch.tensor(list(targets)), unit)
    return nearest(features, means)


def nearest(features: torch.Tensor, wanted: torch.Tensor) -> list[int]:
    """Of each row of float [N, F] the place of the row of float [C, F] in the most similar direction."""
    import torch

    normal = torch.nn.functional.normalize
    found: list[int] = (normal(features.float(), dim=1) @ normal(wanted.float(), dim=1).T).argmax(1).tolist()
    return found
