"""Features of a frozen backbone, computed once per content and kept on disk: ten new photos cost ten forward passes.

They are kept by weights, preparation and content, not by engine: see `workbench.engine.speed.of_run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.types import Item
from workbench.engine.readers import reader_threads
from workbench.errors import Problem, UserError
from workbench.runtimes.network import Network
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import PooledTask
from workbench.tasks.feature_cache import FeatureCache, prefix_of

if TYPE_CHECKING:
    import torch

__all__ = ["FeatureCache", "Features", "compute_features", "known_prefix", "looked_with", "prefix_of"]

# Small, so that a stop is answered within a second on a slow computer.
_BATCH = 8
_READERS = 2


@dataclass(frozen=True)
class Features:
    """`matrix` float32 [N, F], one row per id of `ids`; items that could not be read are in `problems`, by id."""

    matrix: torch.Tensor
    ids: tuple[int, ...]
    problems: Mapping[int, Problem]
    computed: int


def looked_with(cache: FeatureCache, model_id: str, task_id: str, prefix: str) -> None:
    """Note a model's prefix, so that without loading it an estimate knows what is computed already."""
    cache.put({f"prefix/{task_id}/{model_id}": prefix.encode()})


def known_prefix(cache: FeatureCache, model_id: str, task_id: str) -> str:
    """What was noted; "" when nothing was."""
    key = f"prefix/{task_id}/{model_id}"
    return cache.get([key]).get(key, b"").decode("utf-8", "replace")


def compute_features(
    items: Sequence[Item],
    model: Network,
    task: PooledTask,
    control: Control | None = None,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Features of all items that can be read, from the cache where it has them.

    Raises:
        Cancelled: when asked to stop; what was computed is in the cache.
    """
    import numpy as np
    import torch

    control = control or Control()
    prefix = prefix_of(model, task)
    known = cache.get([prefix + i.content_key for i in items]) if cache is not None else {}
    rows: dict[int, bytes] = {i.id: known[prefix + i.content_key] for i in items if prefix + i.content_key in known}
    # Texts of like lengths together: a short one beside a long one is computed as if it were long.
    missing = sorted((i for i in items if i.id not in rows), key=lambda i: -len(i.text or ""))
    problems: dict[int, Problem] = {}
    done = len(rows)
    model.evaluating()
    with reader_threads(_READERS) as readers:
        futures = {}
        for start in range(0, len(missing), _BATCH):
            control.check()
            # One batch is read ahead while another is computed.
            for item in missing[start : start + 2 * _BATCH]:
                if item.id not in futures:
                    futures[item.id] = readers.submit(task.prepare, item.sample(), model)
            batch = missing[start : start + _BATCH]
            prepared = []
            for item in batch:
                try:
                    prepared.append((item, futures.pop(item.id).result()))
                except UserError as error:
                    problems[item.id] = Problem.of(item.name, error, str(item.path or ""))
            if prepared:
                with torch.inference_mode(), between_layers(model.network, control):
                    values = model.features(task.collate([p for _, p in prepared], model)).cpu().numpy()
                fresh = {i.id: v.astype(np.float32).tobytes() for (i, _), v in zip(prepared, values, strict=True)}
                rows |= fresh
                if cache is not None:
                    cache.put({prefix + i.content_key: fresh[i.id] for i, _ in prepared})
            done += len(batch)
            control.progress(done, len(items), f"Looking at {task.info.nouns}: {done} of {len(items)}")
            if on_progress is not None:
                on_progress(done, len(items))
    ids = tuple(i.id for i in items if i.id in rows)
    flat = np.frombuffer(b"".join(rows[i] for i in ids), np.float32).reshape(len(ids), model.feature_width)
    return Features(torch.from_numpy(flat.copy()), ids, problems, len(missing) - len(problems))
