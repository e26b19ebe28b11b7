"""Looking for the quickest way to use a model: every way is prepared, held against the layers, and timed in turns."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.app_paths import AppPaths
from workbench.control import Control
from workbench.engine.speed import remembered
from workbench.engine.speed.agreement import agreement, made_up, stacked
from workbench.engine.speed.candidates import ALL, Candidate, digest
from workbench.engine.speed.measuring import Timing, in_turns
from workbench.engine.speed.remembered import Choice, Row, Way
from workbench.errors import Cancelled, UserError
from workbench.runtimes.fast_body import Compute, Core, Outputs
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    from workbench.runtimes.base import Batch, Loaded

log = logging.getLogger(__name__)

# Items it is checked on at most.
MOST_SAMPLES = 12
_FEWEST, _SECONDS_ASKING = 3, 5.0
_SECONDS_ONE, _SECONDS_MANY = 5.0, 8.0
_BATCHES = (1, 2, 4, 8, 16, 32)
_GROWTH_ROUNDS = 3
# A batch that takes longer is not grown further: a stop must be answered soon.
_LONGEST_PASS = 1.0
# A larger batch must be so much quicker per item to be worth its memory; another way so much to be worth changing.
_WORTH_BATCH, _WORTH_WAY = 1.03, 1.05
# Much more, where the layers' own weights stay in memory beside the engine's.
_WORTH_TWICE = 1.2
# Two numbers of threads whose times are so near each other are the same.
_ALIKE = 0.85
# Memory that stays free beside a second copy of the weights and a batch's activations.
_SPARE_BYTES = 400_000_000
_USUAL_BATCH = 16


@dataclass
class _Tried:
    candidate: Candidate
    way: Way
    compute: Compute
    row: Row


def search(
    model: Loaded,
    examples: Sequence[Batch],
    control: Control | None = None,
    paths: AppPaths | None = None,
    *,
    candidates: Sequence[Candidate] = ALL,
) -> Choice:
    """Find, check and remember the quickest engine. Takes some seconds; for large networks some minutes.

    Args:
        model: on the processor; nobody else uses it meanwhile.
        examples: single items of the person's, as the model's core takes them.

    Raises:
        UserError: when there is too little memory, it runs on another device, or its kind runs as it is.
        Cancelled: when asked to stop; nothing is remembered.
    """
    control = control or Control()
    core = core_of(model)
    core.module.eval()
    _check_room(model)
    key = remembered.key_of(model, core)
    folder = remembered.folder(paths)
    folder.mkdir(parents=True, exist_ok=True)
    control.progress(0, 4, "Asking the model itself")
    examples, reference = _asked(core, list(examples)[:MOST_SAMPLES], control)
    tried: list[_Tried] = []
    rows: list[Row] = []
    for number, candidate in enumerate(candidates):
        control.check()
        control.progress(1 + number / len(candidates), 4, f"Trying {candidate.title}")
        found, lost = _try(candidate, model, core, examples, reference, folder, key, control)
        tried += found
        rows += lost
    control.progress(2, 4, "Measuring single items")
    _time_one(tried, examples, control)
    if core.several:
        control.progress(3, 4, "Measuring many items")
        _time_many(tried, examples, control)
    choice = _chosen(tried, rows, model, core, folder, key)
    control.check()
    remembered.remember(key, choice, paths)
    _drop_unused(choice, folder, key)
    for row in choice.rows:
        if row.reason:
            log.info("%s does not run with %s: %s", model.card.id, row.way.kind, row.reason)
    control.progress(4, 4, "Done")
    return choice


def core_of(model: Loaded) -> Core:
    """What of a model may be computed by something quicker. Raises: UserError when nothing may."""
    core = model.core()
    if core is None:
        raise UserError(f"“{model.card.name}” runs as it is: nothing quicker is known for its kind.", "")
    return core


def _check_room(model: Loaded) -> None:
    import psutil

    if model.device.type != "cpu":
        raise UserError("On a graphics card the model runs as it is.", "")
    wanted = 3 * model.memory_bytes() + _SPARE_BYTES
    if psutil.virtual_memory().available < wanted:
        raise UserError("There is too little memory free to look for a quicker way.", "Close other programs.")


def thread_counts(cores: int) -> list[int]:
    """1, 2, 4 … and all cores."""
    counts = [1]
    while counts[-1] * 2 < cores:
        counts.append(counts[-1] * 2)
    return counts if cores == 1 else [*counts, cores]


def _try(
    candidate: Candidate,
    model: Loaded,
    core: Core,
    examples: Sequence[Batch],
    reference: Sequence[Outputs],
    folder: Path,
    key: str,
    control: Control,
) -> tuple[list[_Tried], list[Row]]:
    """With every number of threads; and why not, where it cannot be had or gives other answers."""
    way = Way(candidate.kind, 1)
    found: list[_Tried] = []
    try:
        file = candidate.prepare(core, examples, folder, key)
        noise, wanted = _asked(core, made_up(core), control)
        for threads in thread_counts(remembered.cores()):
            control.check()
            way = Way(candidate.kind, threads)
            compute = candidate.open(core, file, threads)
            seen = agreement(model, core, reference, compute, examples)
            row = Row(way, samples=seen.samples, same=seen.same, score=seen.score, number=seen.number)
            if seen.holds():
                seen = agreement(model, core, wanted, compute, noise)
            if not seen.holds():
                # It is no question of threads.
                return [], [replace(row, reason=seen.sentence())]
            found.append(_Tried(candidate, way, compute, row))
    except Cancelled:
        raise
    except Exception as error:  # exporters and engines raise whatever they like
        words = str(error).strip().splitlines() or [type(error).__name__]
        log.info("%s cannot be had for %s", candidate.title, model.card.id, exc_info=True)
        return [], [Row(way, f"it cannot be made for this network ({words[0][:160]})")]
    return found, []


def _asked(core: Core, batches: Sequence[Batch], control: Control) -> tuple[list[Batch], list[Outputs]]:
    """What the layers make of the items; of fewer of them (at least a few) where each takes long."""
    import torch

    until = time.monotonic() + _SECONDS_ASKING
    asked: list[Batch] = []
    found: list[Outputs] = []
    with torch.inference_mode():
        for batch in batches:
            control.check()
            found.append(core.layers(batch))
            asked.append(batch)
            if len(asked) >= _FEWEST and time.monotonic() > until:
                break
    return asked, found


def _before() -> int:
    """With how many threads the layers run when nothing was chosen."""
    import torch

    return int(torch.get_num_threads())


def _reference(tried: Sequence[_Tried]) -> _Tried:
    """As it runs when nothing is chosen."""
    torches = [t for t in tried if t.way.kind == "torch"]
    return min(torches, key=lambda t: abs(t.way.threads - _before()))


def _named(tried: Sequence[_Tried], batch: Batch) -> dict[str, Callable[[], object]]:
    import torch

    def asking(one: _Tried) -> Callable[[], object]:
        def ask() -> object:
            with torch.inference_mode():
                return one.compute(batch)

        return ask

    first = _reference(tried)
    return {_name(one.way): asking(one) for one in [first, *(t for t in tried if t is not first)]}


def _name(way: Way) -> str:
    return f"{way.kind}/{way.threads}"


def _time_one(tried: list[_Tried], examples: Sequence[Batch], control: Control) -> None:
    times = in_turns(_named(tried, examples[0]), _SECONDS_ONE, control)
    for one in tried:
        found = times[_name(one.way)]
        one.row = replace(one.row, one=found.ratio, seconds=found.seconds)


def _time_many(tried: list[_Tried], examples: Sequence[Batch], control: Control) -> None:
    """The best batch of each kind's quickest number of threads, by growing it; then these in turns."""
    first = _reference(tried)
    kinds = {t.way.kind for t in tried}
    finalists = [min((t for t in tried if t.way.kind == kind), key=lambda t: t.row.seconds) for kind in sorted(kinds)]
    racing = [first, *(t for t in finalists if t is not first)]
    best = {_name(one.way): _grown(one, examples, control) for one in finalists}
    ways: dict[str, Callable[[], object]] = {}
    sizes: dict[str, int] = {}
    for one in racing:
        # What is used now gives them 16 at a time.
        sizes[_name(one.way)] = size = _USUAL_BATCH if one is first else best[_name(one.way)]
        ways[_name(one.way)] = _asking(one, _of_size(examples, size))
    times = in_turns(ways, _SECONDS_MANY, control)
    base = sizes[_name(first.way)]
    for one in racing:
        name = _name(one.way)
        size = sizes[name]
        one.row = replace(
            one.row, many=_per_item(times[name], size / base), many_seconds=times[name].seconds / size, batch=size
        )


def _per_item(timing: Timing, share: float) -> tuple[float, float, float]:
    middle, low, high = timing.ratio
    return middle * share, low * share, high * share


def _asking(one: _Tried, batch: Batch) -> Callable[[], object]:
    import torch

    def ask() -> object:
        with torch.inference_mode():
            return one.compute(batch)

    return ask


def _of_size(examples: Sequence[Batch], size: int) -> Batch:
    return stacked([examples[i % len(examples)] for i in range(size)])


def _grown(one: _Tried, examples: Sequence[Batch], control: Control) -> int:
    """Items at once from which on more bring nothing."""
    import psutil

    best, quickest = 1, float("inf")
    for size in _BATCHES:
        control.check()
        free = psutil.virtual_memory().available
        try:
            ask = _asking(one, _of_size(examples, size))
            found = in_turns({"it": ask}, 0.0, control, rounds=_GROWTH_ROUNDS)["it"].seconds / size
        except (MemoryError, RuntimeError) as error:
            log.info("%d items at once are too many for %s: %s", size, one.way.kind, error)
            break
        if found * _WORTH_BATCH < quickest:
            best, quickest = size, found
        elif size >= 4 * best:
            break
        if found * size > _LONGEST_PASS:
            break
        if free - psutil.virtual_memory().available > psutil.virtual_memory().available / 4:
            break  # twice as many would take a good part of what is left
    return best


def _chosen(tried: Sequence[_Tried], rows: Sequence[Row], model: Loaded, core: Core, folder: Path, key: str) -> Choice:
    first, sleeps = _reference(tried), isinstance(model, Network)
    one = _quickest(first, tried, lambda row: row.one, sleeps)
    many = _quickest(first, tried, lambda row: row.many, sleeps) if core.several else one
    if one.way.kind == many.way.kind and many.row.one[0] >= _ALIKE * one.row.one[0]:
        one = many  # one network in memory is enough
    files = {}
    for kept in {t.way.kind: t for t in (one, many)}.values():
        if kept.candidate.own_weights:
            file = folder / f"{key}-{kept.way.kind}.onnx"
            files[file.name] = digest(file)
    return Choice(
        one.way, many.way, many.row.batch or _USUAL_BATCH, (*(t.row for t in tried), *rows), files, (model.card.id,),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def _quickest(
    first: _Tried, tried: Sequence[_Tried], ratio: Callable[[Row], tuple[float, float, float]], sleeps: bool
) -> _Tried:
    """The way that is surely worth it: also a quarter of its worse rounds were quicker than before."""

    def least(one: _Tried) -> float:
        return _WORTH_TWICE if one.candidate.own_weights and not sleeps else _WORTH_WAY

    worth = [t for t in tried if ratio(t.row)[1] >= least(t)]
    return max(worth, key=lambda t: ratio(t.row)[0], default=first)


def _drop_unused(choice: Choice, folder: Path, key: str) -> None:
    for file in folder.glob(f"{key}-*"):
        if file.name not in choice.files:
            file.unlink(missing_ok=True)
