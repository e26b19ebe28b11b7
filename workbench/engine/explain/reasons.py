"""Ask why: one item, one answer, what spoke for it, and whether that can be relied on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.explain import boxes, molecule, picture, sound, text
from workbench.engine.explain.asked import Asked, ask, ask_number
from workbench.engine.explain.kinds import Explanation
from workbench.engine.explain.picture import PLACES, POINTS
from workbench.engine.explain.sanity import compare, shuffled
from workbench.engine.pool import ModelPool, shared_pool
from workbench.errors import UserError
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import PooledNumber, PooledTask, ReasonsTask, Task, TryOptions
from workbench.tasks.predictions import Box
from workbench.tasks.row_reasons import METHOD as ROW_METHOD

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

__all__ = ["METHODS", "explain", "explain_box", "explaining"]

# What a person may choose between, and its technical name.
METHODS = {"places": PLACES, "points": POINTS}
# A shuffled detector mostly finds nothing; a few covers show it.
_CHECK_MASKS = 48
_LARGEST = 1000


def explain(
    sample: Sample,
    card: ModelCard,
    task: Task,
    options: TryOptions | None = None,
    target: str = "",
    method: str = "places",
    pool: ModelPool | None = None,
    control: Control | None = None,
    device: str = "auto",
    check: bool = True,
) -> Explanation:
    """As `explaining`; the last one. `check`: also find out whether it can be relied on."""
    found = None
    for found in explaining(sample, card, task, options, target, method, pool, control, device):  # noqa: B007
        if not check:
            break
    assert found is not None
    return found


def explaining(
    sample: Sample,
    card: ModelCard,
    task: Task,
    options: TryOptions | None = None,
    target: str = "",
    method: str = "places",
    pool: ModelPool | None = None,
    control: Control | None = None,
    device: str = "auto",
) -> Iterator[Explanation]:
    """What spoke for a class: a map of a picture or recording, or shares of a text's words.

    Args:
        target: the class; "" for the one the model finds likeliest.
        method: a key of `METHODS`; texts, and networks without a map, have one way only.

    Yields:
        The explanation; then the same with what comes of checking it against a copy with shuffled weights.

    Raises:
        UserError: when the item cannot be read, or the model gives no reasons.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    if isinstance(task, ReasonsTask):
        with (pool or shared_pool()).use(card, device, control) as model:
            name, row = task.reasons(sample, model, target, control)
        yield Explanation(name, row.said, ROW_METHOD, note=row.sentence(), row=row)
        return
    with _asking(sample, card, task, options or TryOptions(), target, pool or shared_pool(), control, device) as asked:
        kind = next((k for k in _KINDS if k in asked.prepared), None)
        if kind is None:
            raise UserError(f"“{card.name}” cannot say why.", "Choose another model.")
        found, values = _KINDS[kind](asked, sample, METHODS.get(method, PLACES), control)
        yield found
        _other, without = _KINDS[kind](asked.without_knowledge(), sample, found.method, control)
        yield replace(found, sanity=compare(values, without))


@contextmanager
def _asking(
    sample: Sample, card: ModelCard, task: Task, options: TryOptions, target: str, pool: ModelPool, control: Control, device: str
) -> Iterator[Asked]:  # fmt: skip
    """What is explained, while its network is this caller's."""
    if isinstance(task, PooledTask):
        with (
            pool.use_network(card, device, control) as model,
            between_layers(model.network, control, learning=True),
        ):
            control.check()
            yield ask(task, model, sample, options, target)
    elif isinstance(task, PooledNumber):
        with pool.use(card, device, control) as whole:
            network, _step = task.pooled_number(whole)
            with between_layers(network.network, control, learning=True):
                control.check()
                yield ask_number(task, whole, sample, options)
    else:
        raise UserError("Answers of this kind cannot be explained.", "Choose a model that sorts into classes.")


def explain_box(
    sample: Sample,
    card: ModelCard,
    box: Box,
    pool: ModelPool | None = None,
    control: Control | None = None,
    device: str = "auto",
    check: bool = True,
) -> Iterator[Explanation]:
    """Which parts of a picture a model needed to find one thing; the explanation as it grows, the last one whole.

    Args:
        box: in pixels of the original picture, as it was found.

    Raises:
        UserError: when the picture cannot be read or the model finds nothing by itself. Cancelled: when asked to stop.
    """
    from workbench.runtimes.base import Detector, require
    from workbench.tasks.pictures import sized_pixels

    control = control or Control()
    pixels, (width, _height) = sized_pixels(sample, _LARGEST)
    scale = pixels.shape[1] / width
    small = replace(box, x0=box.x0 * scale, y0=box.y0 * scale, x1=box.x1 * scale, y1=box.y1 * scale)
    with (pool or shared_pool()).use(card, device, control) as model:
        finder = require(model, Detector)
        last: Explanation | None = None
        for heat in boxes.heat(finder, pixels, small, control):
            last = Explanation(box.label, box.score, boxes.METHOD, heat)
            yield last
        network = model.network
        if last is None or not check:
            return
        if network is None:
            yield replace(
                last, note="This model cannot be looked into, so the check with shuffled knowledge was left out."
            )
            return
        from copy import copy

        other = copy(model)
        other._module = shuffled(network)
        without = None
        for without in boxes.heat(require(other, Detector), pixels, small, control, _CHECK_MASKS):  # noqa: B007
            control.check()
        yield replace(last, sanity=compare(last.heat, without))


Kind = Callable[[Asked, Sample, str, Control], tuple[Explanation, "Floats"]]


def _of_picture(asked: Asked, sample: Sample, method: str, control: Control) -> tuple[Explanation, Floats]:
    from workbench.data.media import read_picture
    from workbench.tasks.image_classification import seen_part

    heat, used = picture.heat(asked, method, control)
    preparation = asked.model.preparation
    size = read_picture(sample, max_side=preparation.size * 4, window=preparation.window).picture.size
    return Explanation(
        asked.name, asked.score, used, _scaled(heat), seen_part(size, preparation), note=_note(asked)
    ), heat


def _of_text(asked: Asked, sample: Sample, _method: str, control: Control) -> tuple[Explanation, Floats]:
    from workbench.tasks.text_classification import text_of

    shares = text.token_shares(asked, control)
    words = text.word_shares(asked, text_of(sample), shares)
    return Explanation(asked.name, asked.score, text.METHOD, words=words, note=_note(asked)), shares.numpy()


def _of_sound(asked: Asked, sample: Sample, method: str, control: Control) -> tuple[Explanation, Floats]:
    from workbench.data.sound import seconds_of

    model: Any = asked.model
    seconds, window = seconds_of(sample), float(model.window_seconds)
    if seconds > (len(asked.prepared["windows"]) + 1) * window:
        # Only pieces of it were listened to, so there is no map of the whole.
        raise UserError("The recording is too long to say why.", "Cut out the part that you wonder about.")
    heard = min(seconds, len(asked.prepared["windows"]) * window)
    heat, used = sound.heat(asked, heard, method, control)
    return Explanation(asked.name, asked.score, used, _scaled(heat), note=_note(asked)), heat


def _of_molecule(asked: Asked, _sample: Sample, _method: str, control: Control) -> tuple[Explanation, Floats]:
    shares, used = molecule.atom_shares(asked, control)
    most = float(abs(shares).max()) if shares.size else 0.0
    atoms = tuple(float(s) / most if most else 0.0 for s in shares)
    found = Explanation(
        asked.name, asked.score, used, atoms=atoms, structure=asked.prepared["molecule"].parent, number=asked.number,
        amounts=tuple(map(float, shares)) if asked.number is not None else (),
    )  # fmt: skip
    meant = molecule.MEANING[used] if asked.number is not None else ""
    return replace(found, note=" ".join(n for n in (meant, _note(asked)) if n)), shares


# By what a task prepares for a network.
_KINDS: Mapping[str, Kind] = {
    "molecule": _of_molecule,
    "pixels": _of_picture,
    "input_ids": _of_text,
    "windows": _of_sound,
}


def _note(asked: Asked) -> str:
    return str(asked.prepared.get("note", ""))


def _scaled(heat: Floats) -> Floats:
    """0..1; all 0 where nothing spoke for the answer."""
    import numpy as np

    most = float(heat.max()) if heat.size else 0.0
    return np.asarray(heat / most if most > 0 else heat, np.float32)
