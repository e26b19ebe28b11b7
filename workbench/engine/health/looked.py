"""What a project's items look like to the built-in network of their kind: kept features, computed in small turns so that
nobody who wants the network meanwhile has to wait."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Item, MediaKind
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.pool import shared_pool
from workbench.errors import Cancelled, UserError
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import trainable_tasks

if TYPE_CHECKING:
    import torch

_TURN = 8
_ASKED = 1000
# Between two turns another thread may take the network.
_PAUSE = 0.01


@dataclass(frozen=True)
class Looked:
    """`vectors` float32 [N, F], one row per id of `ids`; items that could not be read are left out."""

    ids: tuple[int, ...]
    vectors: torch.Tensor


class _Turn(Control):
    """Stops when the whole work is stopped, but is never paused: the network is not held while nothing happens."""

    def __init__(self, whole: Control) -> None:
        super().__init__()
        self._whole = whole

    def check(self) -> None:
        if self._whole.cancelled:
            raise Cancelled


def looker(media: MediaKind) -> tuple[PooledTask, ModelCard] | None:
    """The task and the built-in model whose features stand for items of this kind; None where there is none."""
    catalog = Catalog.load()
    for task in trainable_tasks():
        if isinstance(task, PooledTask) and task.info.media == media:
            try:
                card, _why = catalog.suggest(task.info.id, to_teach=True)
            except UserError:
                continue
            if card.starter:
                return task, card
    return None


def look_at(items: Sequence[Item], control: Control, paths: AppPaths | None = None) -> Looked | None:
    """Features of items of one kind; only new contents are computed.

    Returns:
        None where no built-in model looks at such items.

    Raises:
        UserError: when the network's files are missing. Cancelled: when asked to stop; what was computed is kept.
    """
    import numpy as np
    import torch

    found = looker(items[0].kind) if items else None
    if found is None:
        return None
    task, card = found
    paths = paths or app_paths()
    cache = FeatureCache(paths.cache / "features")
    with shared_pool().use_network(card, "auto", _Turn(control), paths) as model:
        prefix, width = f"{model.weights_hash}/{task.preparation_key(model)}/", model.feature_width
    known: dict[int, bytes] = {}
    for start in range(0, len(items), _ASKED):
        control.check()
        page = items[start : start + _ASKED]
        values = cache.get([prefix + i.content_key for i in page])
        known |= {i.id: values[prefix + i.content_key] for i in page if prefix + i.content_key in values}
    missing = [i for i in items if i.id not in known]
    for start in range(0, len(missing), _TURN):
        control.check()
        done = len(items) - len(missing) + start
        control.progress(done, len(items), f"Looking at {task.info.nouns}: {done:,} of {len(items):,}")
        turn = missing[start : start + _TURN]
        with shared_pool().use_network(card, "auto", _Turn(control), paths) as model:
            fresh = compute_features(turn, model, task, _Turn(control), cache)
        known |= {i: row.numpy().astype(np.float32).tobytes() for i, row in zip(fresh.ids, fresh.matrix, strict=True)}
        time.sleep(_PAUSE)
    ids = tuple(i.id for i in items if i.id in known)
    flat = np.frombuffer(b"".join(known[i] for i in ids), np.float32).reshape(len(ids), width)
    return Looked(ids, torch.from_numpy(flat.copy()))
