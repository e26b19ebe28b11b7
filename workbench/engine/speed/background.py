"""Looking for the quickest engine while nobody waits: in a process of its own with low priority, on items that were answered
just now.

A process, because an export holds the interpreter for a second (the window would stutter), may take the whole program down
with it, and could not be stopped.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import write_card
from workbench.control import Control
from workbench.engine.child import run_child
from workbench.engine.speed import remembered, settings
from workbench.engine.speed.search import MOST_SAMPLES, search
from workbench.engine.speed.standing import attach, attached
from workbench.errors import UserError
from workbench.runtimes.fast_body import watching

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch, Loaded

log = logging.getLogger(__name__)

_CARD, _ITEMS = "card.json", "items.safetensors"
_LONGEST_SECONDS = 900.0
_MOST_BYTES = 50_000_000
# Who tries fewer items with a model waits for nothing that could be quicker.
_FEWEST = 3
# A command that answers fewer is over before anything is found.
_WORTH_ITEMS = 500


@dataclass
class _Seen:
    """What went into one model's core so far."""

    model: weakref.ref[Loaded]
    items: list[dict[str, torch.Tensor]] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Its items one by one, as many as are wanted; large ones only while they take little memory."""
        for row in range(len(next(iter(batch.values())))):
            item = {name: value[row : row + 1] for name, value in batch.items()}
            held = sum(v.nbytes for i in (*self.items, item) for v in i.values())
            if len(self.items) >= MOST_SAMPLES or held > _MOST_BYTES:
                return
            self.items.append({name: value.detach().clone() for name, value in item.items()})


class Searcher:
    """Watches what is answered, and looks for the quickest engine of each model once, one model at a time.

    It does nothing until `start` (the window calls it; a single command would be over before anything is found).
    """

    def __init__(self, paths: AppPaths | None = None) -> None:
        self._paths = paths
        self._on = False
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._looked: set[tuple[str, str]] = set()
        self._control: Control | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._on = True

    def stop(self) -> None:
        """Look no further, now; what was not found yet is not. Returns within a second."""
        self._on = False
        with self._lock:
            control, thread = self._control, self._thread
            self._seen.clear()
        if control is not None:
            control.cancel()
        if thread is not None:
            thread.join()

    @property
    def busy(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive()

    def forget(self) -> None:
        """Every model may be looked at again (the settings were changed)."""
        self._looked.clear()

    def wants(self, model: Loaded) -> bool:
        """Whether anything is still to be found for a model."""
        if not self._on or model.heart is None or model.device.type != "cpu":
            return False
        return (model.card.id, model.card.source.ref) not in self._looked

    @contextmanager
    def looking_on(self, model: Loaded) -> Iterator[None]:
        """Inside, what goes into the model's core is noted, where it is of use. Cheap. Never leave it open over a `yield`."""
        if not self.wants(model):
            yield
            return
        name = (model.card.id, model.card.source.ref)
        with self._lock:
            for old in [n for n, kept in self._seen.items() if kept.model() is None]:
                del self._seen[old]  # put out of memory before enough was seen of it
            seen = self._seen.get(name)
            if seen is None or seen.model() is not model:
                seen = self._seen[name] = _Seen(weakref.ref(model))
        noted = seen

        def note(module: nn.Module, batch: Batch) -> None:
            if module is model.heart:
                noted.add(batch)

        with watching(note):
            yield

    def consider(
        self, model: Loaded, restore: Callable[[], Mapping[str, torch.Tensor]] | None = None, *, over: bool = False
    ) -> None:
        """Look now, if enough was seen. `over`: no more will come soon, so what was seen has to do."""
        if not self.wants(model):
            return
        name = (model.card.id, model.card.source.ref)
        with self._lock:
            seen = self._seen.get(name)
            if seen is None:
                return
            enough = len(seen.items) >= MOST_SAMPLES or (over and len(seen.items) >= _FEWEST)
            if not enough or self.busy:
                return
            self._looked.add(name)
            del self._seen[name]
            self._control = Control()
            self._thread = threading.Thread(
                target=self._look, args=(seen, restore, self._control), name="quickest engine"
            )
            self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Until nothing is being looked for."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _look(self, seen: _Seen, restore: Callable[[], Mapping[str, torch.Tensor]] | None, control: Control) -> None:
        try:
            model = seen.model()
            core = model.core() if model is not None and settings.load(self._paths).on else None
            if model is None or core is None:
                return
            card, known = model.card, remembered.recall(remembered.key_of(model, core), self._paths)
            del core
            if known is None:
                attached(model)
                del model  # it may be put out of memory meanwhile
                look_apart(card, seen.items, control, self._paths)
            elif attached(model) is not None:
                return
            model = seen.model()
            if model is not None and not control.cancelled:
                attach(model, restore, self._paths)
        except Exception as error:  # nothing depends on it: the model goes on as it is
            if not control.cancelled:
                log.warning("no quicker engine was found: %s", error, exc_info=True)


def look_apart(
    card: ModelCard, items: Sequence[Batch], control: Control | None = None, paths: AppPaths | None = None
) -> None:
    """`search` in a process of its own; what it finds is remembered.

    Raises:
        UserError: when it fails or takes too long.
        Cancelled: when asked to stop; the process is ended.
    """
    from safetensors.torch import save_file

    control = control or Control()
    place = remembered.folder(paths)
    place.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="job-", dir=place))
    try:
        write_card(card, work, _CARD)
        tensors = {f"{n}.{name}": v.contiguous() for n, item in enumerate(items) for name, v in item.items()}
        save_file(tensors, str(work / _ITEMS))
        arguments = ["models", "speed", "--job", str(work)]
        if run_child(arguments, control, longest=_LONGEST_SECONDS, in_background=True):
            raise UserError(f"Looking for a quicker engine of “{card.name}” failed.", "The log says more.")
    except TimeoutError as error:
        raise UserError("Looking for a quicker engine took too long.", "") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def do_job(folder: Path) -> None:
    """What `look_apart` started: in this process, which is there for nothing else.

    Raises:
        UserError: when the model or its items cannot be read.
    """
    import json

    from safetensors.torch import load_file

    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model

    if sys.platform != "win32":
        os.nice(10)
    try:
        card = ModelCard.from_json(json.loads((folder / _CARD).read_text(encoding="utf-8")))
        tensors = load_file(str(folder / _ITEMS))
    except (OSError, ValueError) as error:
        raise UserError("What was to be measured cannot be read.", "") from error
    items: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        items.setdefault(int(number), {})[key] = value
    search(open_model(card, files(card), "cpu"), [items[n] for n in sorted(items)])


@contextmanager
def searching(items: int) -> Iterator[None]:
    """While a command answers so many items: look for a quicker engine where that will pay."""
    worth = items >= _WORTH_ITEMS
    if worth:
        shared_searcher().start()
    try:
        yield
    finally:
        if worth:
            shared_searcher().stop()


@cache
def shared_searcher() -> Searcher:
    """The one of this process."""
    return Searcher()
