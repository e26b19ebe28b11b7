"""Letting what was found quickest stand in for a network's layers, checked anew each time it is chosen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from workbench.app_paths import AppPaths
from workbench.engine.speed import remembered, settings
from workbench.engine.speed.agreement import agreement, made_up
from workbench.engine.speed.candidates import digest, opened
from workbench.engine.speed.remembered import Choice, Way
from workbench.runtimes.fast_body import Compute, FastBody, fast_body, put_fast_body
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch, Loaded

log = logging.getLogger(__name__)

_USUAL_BATCH = 16
_going_in: WeakKeyDictionary[Network, threading.Thread] = WeakKeyDictionary()

Restore = Callable[[], Mapping[str, "torch.Tensor"]]


def example_of(network: Network) -> Batch:
    """Something of the kind it takes, made of noise: by itself, without batch mates."""
    import numpy as np
    import torch

    from workbench.runtimes.sound_network import SoundNetwork

    noise = np.random.default_rng(0)
    if network.tokenizer is not None:
        found = network.tokenizer(["A text as people write it, with a few words."], return_tensors="pt")
        return {key: found[key] for key in ("input_ids", "attention_mask")}
    if isinstance(network, SoundNetwork):
        sound = noise.normal(0, 0.1, network.window_size).astype(np.float32)
        return dict(network.alone(network.together([network.windows_of(sound)[:1]])))
    side = network.preparation.size
    return {"pixels": torch.from_numpy(noise.normal(0, 1, (1, 3, side, side)).astype(np.float32))}


def attach(network: Network, restore: Restore | None = None, paths: AppPaths | None = None) -> Choice | None:
    """Let what is remembered for a network compute from its next batch on. None where nothing is, or it is switched off.

    What cannot be opened or gives other answers than the layers is forgotten, and found anew in time.

    Args:
        restore: the backbone's weights anew; with it they need not stay in memory beside the engine's own.
    """
    set_so = settings.load(paths)
    if not set_so.on or network.device.type != "cpu":
        return None
    network.evaluating()
    example = example_of(network)
    key = remembered.key_of(network, example)
    choice = remembered.recall(key, paths)
    if choice is None:
        return None
    place = remembered.folder(paths)
    try:
        if any(digest(place / name) != known for name, known in choice.files.items()):
            raise ValueError("its file was changed")
        parts = {way: opened(network, way, place, key) for way in {choice.one, choice.many}}
        rough = opened(network, choice.rough, place, key) if choice.rough is not None and set_so.rough else None
        batches = made_up(network, example, seed=1)
        for way, part in parts.items():
            _check(network, part.compute, batches, way)
    except Exception as error:  # a damaged file makes an engine raise whatever it likes
        log.warning("the engine remembered for %s is not taken: %s", network.card.id, error, exc_info=True)
        remembered.remember(key, None, paths)
        for name in choice.files:
            (place / name).unlink(missing_ok=True)
        return None
    put_fast_body(network.body, FastBody(parts[choice.one], parts[choice.many], rough, choice.batch, restore))
    if network.card.id not in choice.cards:
        choice = replace(choice, cards=(*choice.cards, network.card.id))
        remembered.remember(key, choice, paths)
    log.info("%s runs with %s from now on", network.card.id, choice.one.kind)
    return choice


def _check(network: Network, compute: Compute, batches: list[dict[str, torch.Tensor]], way: Way) -> None:
    import torch

    with torch.inference_mode():
        reference = [network.alone_in_layers(batch) for batch in batches]
    found = agreement(network, reference, compute, batches)
    if not found.holds(exact=True):
        raise ValueError(f"{way.kind}: {found.sentence(exact=True)}")


def attach_later(model: Loaded, restore: Restore | None = None, paths: AppPaths | None = None) -> None:
    """As `attach`, while the model answers already; at once where there is nothing to attach."""
    if not isinstance(model, Network) or fast_body(model.body) is not None:
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


def attached(network: Network) -> FastBody | None:
    """What stands in for a network's layers, once it has been seen whether anything does."""
    thread = _going_in.pop(network, None)
    if thread is not None:
        thread.join()
    return fast_body(network.body)


def detach(network: Network) -> None:
    """The layers compute again."""
    attached(network)
    put_fast_body(network.body, None)


def best_batch(model: Loaded) -> int:
    """How many items a model is best given at once."""
    body = fast_body(model.body) if isinstance(model, Network) else None
    return body.batch if body is not None else _USUAL_BATCH


def rest(model: Loaded) -> None:
    """Put the layers' weights out of memory where the engine does without them; they come back when they are asked for.

    Only for who has the model for themselves and holds nothing of its layers.
    """
    body = fast_body(model.body) if isinstance(model, Network) else None
    if body is not None and body.may_sleep():
        assert isinstance(model, Network)
        body.sleep(model.body)
