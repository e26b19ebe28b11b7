"""Letting what was found quickest stand in for a network's layers, checked anew each time it is chosen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from workbench.app_paths import AppPaths
from workbench.engine.speed import remembered, settings
from workbench.engine.speed.agreement import agreement, made_up
from workbench.engine.speed.candidates import digest, opened
from workbench.engine.speed.remembered import Choice, Way
from workbench.runtimes.fast_body import Compute, Core, FastBody, fast_body, put_fast_body
from workbench.runtimes.torch_threads import torch_threads

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Loaded

log = logging.getLogger(__name__)

_USUAL_BATCH = 16
_going_in: WeakKeyDictionary[Loaded, threading.Thread] = WeakKeyDictionary()

Restore = Callable[[], Mapping[str, "torch.Tensor"]]


def attach(model: Loaded, restore: Restore | None = None, paths: AppPaths | None = None) -> Choice | None:
    """Let what is remembered for a model compute from its next batch on. None where nothing is, or it is switched off.

    What cannot be opened or gives other answers than the layers is forgotten, and found anew in time.

    Args:
        restore: the core's weights anew; with it they need not stay in memory beside the engine's own.
    """
    core = model.core() if settings.load(paths).on and model.device.type == "cpu" else None
    if core is None:
        return None
    core.module.eval()
    key = remembered.key_of(model, core)
    choice = remembered.recall(key, paths)
    if choice is None:
        return None
    place = remembered.folder(paths)
    try:
        if any(digest(place / name) != known for name, known in choice.files.items()):
            raise ValueError("its file was changed")
        parts = {way: opened(core, way, place, key) for way in {choice.one, choice.many}}
        batches = made_up(core, seed=1)
        for way, part in parts.items():
            _check(model, core, part.compute, batches, way)
    except Exception as error:  # a damaged file makes an engine raise whatever it likes
        log.warning("the engine remembered for %s is not taken: %s", model.card.id, error, exc_info=True)
        remembered.remember(key, None, paths)
        for name in choice.files:
            (place / name).unlink(missing_ok=True)
        return None
    put_fast_body(core.module, FastBody(parts[choice.one], parts[choice.many], choice.batch, restore))
    if model.card.id not in choice.cards:
        choice = replace(choice, cards=(*choice.cards, model.card.id))
        remembered.remember(key, choice, paths)
    log.info("%s runs with %s from now on", model.card.id, choice.one.kind)
    return choice


def _check(model: Loaded, core: Core, compute: Compute, batches: list[dict[str, torch.Tensor]], way: Way) -> None:
    import torch

    with torch.inference_mode():
        reference = [core.layers(batch) for batch in batches]
    found = agreement(model, core, reference, compute, batches)
    if not found.holds():
        raise ValueError(f"{way.kind}: {found.sentence()}")


def attach_later(model: Loaded, restore: Restore | None = None, paths: AppPaths | None = None) -> None:
    """As `attach`, while the model answers already; at once where there is nothing to attach."""
    if model.heart is None or fast_body(model.heart) is not None:
        return
    if not (remembered.folder(paths) / remembered.FILE).is_file():
        return

    def work() -> None:
        try:
            attach(model, restore, paths)
        except Exception:  # the model answers by its layers as before
            log.exception("nothing quicker could be attached to %s", model.card.id)

    thread = threading.Thread(target=work, name="attach an engine")
    _going_in[model] = thread
    thread.start()


def attached(model: Loaded) -> FastBody | None:
    """What stands in for a model's layers, once it has been seen whether anything does."""
    thread = _going_in.pop(model, None)
    if thread is not None:
        thread.join()
    return _standing(model)


def detach(model: Loaded) -> None:
    """The layers compute again."""
    attached(model)
    if model.heart is not None:
        put_fast_body(model.heart, None)


def best_batch(model: Loaded) -> int:
    """How many items a model is best given at once."""
    body = _standing(model)
    return body.batch if body is not None else _USUAL_BATCH


def without_layers(model: Loaded) -> bool:
    """Whether something else computes whatever a model is asked."""
    body = _standing(model)
    return body is not None and body.own_weights


@contextmanager
def little_torch(model: Loaded) -> Iterator[None]:
    """Inside, torch keeps to one thread where something else computes and torch has little to do beside it: its other threads would
    wait busily on the cores that are computed on. Never leave it open over a `yield`."""
    if not (model.little_beside and without_layers(model)):
        yield
        return
    with torch_threads(1):
        yield


def rest(model: Loaded) -> None:
    """Put the layers' weights out of memory where the engine does without them; they come back when they are asked for.

    Only for who has the model for themselves and holds nothing of its layers.
    """
    body = _standing(model)
    if body is not None and body.may_sleep():
        assert model.heart is not None
        body.sleep(model.heart)


def _standing(model: Loaded) -> FastBody | None:
    return fast_body(model.heart) if model.heart is not None else None
