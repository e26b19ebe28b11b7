"""Models kept warm: the second prediction does not wait for the first one's loading."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.speed.background import shared_searcher
from workbench.engine.speed.standing import Restore, attach, attach_later, detach
from workbench.errors import UserError
from workbench.hub.store import files
from workbench.runtimes.base import Loaded
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    import torch

_SHARE_OF_FREE_MEMORY = 0.4


class _Slot:
    def __init__(self, folder: Path | None) -> None:
        self.lock = threading.Lock()
        self.model: Loaded | None = None
        self.folder = folder  # of a model that lies in one of its own

    @property
    def gone(self) -> bool:
        """Its folder was deleted: nobody will ask for it again."""
        return self.folder is not None and not self.folder.is_dir()


class ModelPool:
    """Loaded models by card and device. The least recently used go first when `budget_bytes` is overstepped.

    Args:
        budget_bytes: for all weights together; 0 means 40 % of the memory that is free now.
    """

    def __init__(self, budget_bytes: int = 0) -> None:
        if budget_bytes <= 0:
            import psutil

            budget_bytes = int(psutil.virtual_memory().available * _SHARE_OF_FREE_MEMORY)
        self._budget = budget_bytes
        self._slots: OrderedDict[tuple[str, str, str], _Slot] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def use(
        self, card: ModelCard, device: str = "auto", control: Control | None = None, paths: AppPaths | None = None
    ) -> Iterator[Loaded]:
        """A loaded model, for this caller alone until the block ends.

        Raises:
            UserError: when its files are missing or damaged.
            Cancelled: when asked to stop while another job uses the model.
        """
        from workbench.runtimes import torch_threads
        from workbench.runtimes.devices import best_device
        from workbench.runtimes.registry import open_model

        torch_threads.begin()
        device = best_device(device)
        # An own model that was trained again under the same id has another folder.
        key = (card.id, card.source.ref, device)
        folder = Path(card.source.ref) if card.source.kind == "folder" else None
        with self._lock:
            slot = self._slots.setdefault(key, _Slot(folder))
            self._slots.move_to_end(key)
            self._drop_deleted(key)
        while not slot.lock.acquire(timeout=0.1):
            if control is not None:
                control.check()
        try:
            if slot.model is None:
                slot.model = open_model(card, files(card, paths), device)
                self._make_room(slot)
                # It answers at once, and more quickly as soon as that is ready.
                attach_later(slot.model, restore(slot.model, paths), paths)
            yield slot.model
        finally:
            slot.lock.release()

    @contextmanager
    def use_network(
        self, card: ModelCard, device: str = "auto", control: Control | None = None, paths: AppPaths | None = None
    ) -> Iterator[Network]:
        """As `use`, for models with a backbone and a head. Raises also: UserError when this one has none."""
        with self.use(card, device, control, paths) as model:
            if not isinstance(model, Network):
                raise UserError(f"“{card.name}” cannot be taught.", "Choose another model.")
            yield model

    def warm(self, card: ModelCard, device: str = "auto") -> None:
        """Load a model ahead of its use."""
        with self.use(card, device):
            return

    def loaded(self) -> list[str]:
        """Ids of the models in memory."""
        with self._lock:
            return [key[0] for key, slot in self._slots.items() if slot.model is not None]

    def release(self, model_id: str) -> None:
        """Forget a model (before its folder is deleted); one in use goes when its user is done."""
        with self._lock:
            for key in [k for k in self._slots if k[0] == model_id]:
                del self._slots[key]

    def keep_only(self, wanted: Callable[[ModelCard], bool]) -> None:
        """Forget all others; one in use goes when its user is done."""
        with self._lock:
            for key in [k for k, slot in self._slots.items() if slot.model is None or not wanted(slot.model.card)]:
                del self._slots[key]

    def clear(self) -> None:
        with self._lock:
            self._slots.clear()

    def networks(self) -> list[Network]:
        """Those in memory that have a backbone, also while they are in use."""
        with self._lock:
            return [slot.model for slot in self._slots.values() if isinstance(slot.model, Network)]

    def change_engines(self, paths: AppPaths | None = None) -> None:
        """The settings of speed were changed: they hold from now on, also for models that answer at the moment."""
        shared_searcher().forget()
        with self._lock:
            models = [slot.model for slot in self._slots.values() if slot.model is not None]
        for model in models:
            detach(model)
            attach(model, restore(model, paths), paths)

    def _drop_deleted(self, wanted: tuple[str, str, str]) -> None:
        """Who deletes a model need not know this pool. Of one in use its user keeps the last hold. Under the lock."""
        for key in [k for k, slot in self._slots.items() if k != wanted and slot.gone]:
            del self._slots[key]

    def _make_room(self, newest: _Slot) -> None:
        with self._lock:
            slots = list(self._slots.items())
            total = sum(s.model.memory_bytes() for _, s in slots if s.model is not None)
            for key, slot in slots:
                if total <= self._budget:
                    return
                if slot is newest or slot.model is None or slot.lock.locked():
                    continue
                total -= slot.model.memory_bytes()
                del self._slots[key]


def restore(model: Loaded, paths: AppPaths | None = None) -> Restore | None:
    """How a network's weights come back that were put out of memory (see `workbench.runtimes.fast_body`); None for models whose
    layers are asked for in other ways than by `Network.backbone`, so that they stay."""
    return partial(_weights, model.card, paths) if isinstance(model, Network) else None


def _weights(card: ModelCard, paths: AppPaths | None) -> Mapping[str, torch.Tensor]:
    from workbench.runtimes.registry import open_network

    return open_network(card, files(card, paths), "cpu").backbone_state()


@cache
def shared_pool() -> ModelPool:
    """The one pool of this process."""
    return ModelPool()
