"""Predicting: one sample or a hundred thousand, each answered or told why not."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.media import is_picture
from workbench.data.microphone import Recorder
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool, restore, shared_pool
from workbench.engine.prediction_log import AnswerRecorder, recorder_for
from workbench.engine.read_ahead import Asked, Prepared, ReadAhead
from workbench.engine.speed.background import shared_searcher
from workbench.engine.speed.standing import best_batch, little_torch, rest, without_layers
from workbench.errors import Problem, UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import LiveTask, Prediction, Task, TryOptions

_USUAL_BATCH = 16
# The first answer shall come soon, the later ones fast: from the first one on as many at once as are likely ready so soon.
_SOON_SECONDS = 0.1
# Of items that differ in length so many batches are sorted together, unless that would keep answers waiting longer than so.
_WINDOW, _PART_SECONDS = 4, 1.0


@dataclass(frozen=True)
class PredictResult:
    """One sample's answer: a prediction, or the problem that kept it from one.

    Attributes:
        index: place of the sample among those given, from 0.
        seconds: time spent on it (its share of its batch).
    """

    index: int
    sample: Sample
    prediction: Prediction | None
    problem: Problem | None
    seconds: float


def predict(
    samples: Iterable[Sample],
    card: ModelCard,
    task: Task,
    options: TryOptions | None = None,
    pool: ModelPool | None = None,
    control: Control | None = None,
    device: str = "auto",
    source: str = "",
    at_once: int = 0,
    recorder: AnswerRecorder | None = None,
) -> Iterator[PredictResult]:
    """Answer samples in the order given. A sample that cannot be read becomes a problem; the rest goes on.

    Args:
        source: where it is asked ("try", "command line", …): answers of an own model whose log is on are kept under it;
            "" keeps nothing (`workbench.engine.prediction_log`).
        at_once: so many are computed together from the beginning, where the task does so; 0: few first, so that the first
            answer comes soon.
        recorder: what keeps the answers, in place of the one for `source`.

    Raises:
        UserError: when the model itself cannot be used.
        Cancelled: when asked to stop; results so far have been given.
    """
    control = control or Control()
    numbered = enumerate(samples)
    with (pool or shared_pool()).use(card, device, control) as model:
        asking = _Asking(model, task, options or TryOptions(), control, recorder or recorder_for(card, source))
        sizes = _Sizes(model, at_once)
        with ReadAhead(asking.prepare, elsewhere=model.device.type != "cpu") as readers:
            pending: list[Asked] = []

            def read_ahead(count: int) -> None:
                for index, sample in itertools.islice(numbered, count):
                    pending.append(Asked(index, sample))
                    readers.begin(pending[-1])

            read_ahead(1)
            while pending:
                readers.decide()
                taken, size = sizes.next() if _in_batches(task) else (1, 1)
                # Where it is read while the network computes, the next batch is begun before this one is computed.
                more = (max(taken, _USUAL_BATCH) if _in_batches(task) else 1) if readers.ahead else 1
                read_ahead(taken + more - len(pending))
                window, pending[:] = pending[:taken], pending[taken:]
                control.check()
                try:
                    began = time.perf_counter()
                    prepared = readers.ready(window, pending)
                    waited = (time.perf_counter() - began) / len(window)
                    yield from asking.answers(window, prepared, waited, size, sizes)
                finally:
                    if control.cancelled:
                        readers.drop(pending)
                rest(model)
                shared_searcher().consider(model, restore(model), over=not pending)


class _Sizes:
    """How many items are computed at once: few first, so that the first answer comes soon, later what suits the engine; that may be
    swapped for a quicker one on the way.

    Items of several lengths are looked at in windows of several batches, so that those of like lengths are computed together.

    Args:
        at_once: so many from the beginning; 0: as above.
    """

    def __init__(self, model: Loaded, at_once: int = 0) -> None:
        self._model, self._at_once = model, at_once
        self._size, self._each, self._per_length = 0, 0.0, 0.0

    def next(self) -> tuple[int, int]:
        """Items to be taken now, and of these so many at once."""
        if self._at_once:
            return self._at_once, self._at_once
        best = best_batch(self._model)
        soon = int(_SOON_SECONDS / self._each) if self._each else 1
        self._size = min(best, max(2 * self._size, soon))
        window = _WINDOW if self._per_length and self._size == best else 1
        return self._size * window, self._size

    def took(self, seconds: float, items: int, length: int) -> None:
        """To be told of every batch; `length`: of all its items together."""
        self._each, self._per_length = seconds / items, seconds / length if length else 0.0

    def parts(self, lengths: Sequence[int]) -> Iterator[slice]:
        """A window in parts, one after the other, each of which is soon over (or a batch)."""
        timed = self._per_length > 0 and not self._at_once
        most = _PART_SECONDS / self._per_length if timed else float("inf")
        begin, held = 0, 0
        for place, length in enumerate(lengths):
            if place - begin >= self._size and held + length > most:
                yield slice(begin, place)
                begin, held = place, 0
            held += length
        yield slice(begin, len(lengths))


class _Asking:
    """One model that is asked for one task."""

    def __init__(
        self, model: Loaded, task: Task, options: TryOptions, control: Control, recorder: AnswerRecorder | None
    ) -> None:
        self._model, self._task, self._options = model, task, options
        self._control, self._recorder = control, recorder

    def prepare(self, samples: Sequence[Sample]) -> list[Prepared]:
        """Raises: Cancelled when asked to stop."""
        readable = [sample for sample in samples if sample.broken is None]
        with little_torch(self._model):
            found = iter(self._task.prepare_several(readable, self._model, self._control))
        return [next(found) if s.broken is None else UserError(s.broken.message, s.broken.hint) for s in samples]

    def answers(
        self, window: Sequence[Asked], prepared: Sequence[Prepared], waited: float, size: int, sizes: _Sizes
    ) -> Iterator[PredictResult]:
        """In the order of the window, whatever the order in which they are computed.

        Args:
            waited: seconds that preparing took of each.
            size: so many are computed at once.
        """
        lengths = [0 if isinstance(one, UserError) else self._task.length(one) for one in prepared]
        for part in sizes.parts(lengths):
            yield from self._part(window[part], prepared[part], lengths[part], waited, size, sizes)

    def _part(
        self,
        asked: Sequence[Asked],
        prepared: Sequence[Prepared],
        lengths: Sequence[int],
        waited: float,
        size: int,
        sizes: _Sizes,
    ) -> Iterator[PredictResult]:
        problems = {n: _problem(asked[n], one) for n, one in enumerate(prepared) if isinstance(one, UserError)}
        said: dict[int, tuple[Prediction, float]] = {}
        good = [n for n in range(len(asked)) if n not in problems]
        if len(good) > size:
            good.sort(key=lambda n: lengths[n])
        for start in range(0, len(good), size):
            batch = good[start : start + size]
            self._control.check()
            began = time.perf_counter()
            try:
                found = self._said([one for one in (prepared[n] for n in batch) if not isinstance(one, UserError)])
            except UserError as error:  # too large, too long: it concerns this item alone
                if _in_batches(self._task):
                    raise
                problems[batch[0]] = _problem(asked[batch[0]], error)
                continue
            seconds = time.perf_counter() - began
            sizes.took(seconds + waited * len(batch), len(batch), sum(lengths[n] for n in batch))
            said |= {n: (one, seconds / len(batch)) for n, one in zip(batch, found, strict=True)}
            if self._recorder is not None:
                self._recorder.note([asked[n].sample for n in batch], found)
        for n, one in enumerate(asked):
            prediction, seconds = said.get(n, (None, 0.0))
            yield PredictResult(one.index, one.sample, prediction, problems.get(n), waited + seconds)

    def _said(self, prepared: Sequence[dict[str, Any]]) -> list[Prediction]:
        model, recorder = self._model, self._recorder
        # Of one item it is over before a person can say "stop", and what computes in the layers' place does not ask.
        watched = model.network if len(prepared) > 1 and not without_layers(model) else None
        with (
            shared_searcher().looking_on(model),
            little_torch(model),
            between_layers(watched, self._control),
            nullcontext() if recorder is None else recorder.watching(model),
        ):
            return self._task.predict_batch(prepared, model, self._options, self._control)


def _problem(one: Asked, error: UserError) -> Problem:
    sample = one.sample
    return Problem.of(sample.name or f"item {one.index + 1}", error, str(sample.path or ""))


def _in_batches(task: Task) -> bool:
    """Scores and numbers are cheap and small; everything else is made and handed over one by one."""
    return task.info.result in ("scores", "number")


def predict_live(
    sample: Sample,
    card: ModelCard,
    task: Task,
    options: TryOptions | None = None,
    pool: ModelPool | None = None,
    control: Control | None = None,
    device: str = "auto",
    source: str = "",
) -> Iterator[PredictResult]:
    """One sample (`source` as in `predict`); the prediction as it grows (words as they are written, previews of a picture), the last one whole.

    Raises:
        UserError: when the sample cannot be read, or the model cannot be used or cannot do it.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    with (pool or shared_pool()).use(card, device, control) as model:
        started = time.perf_counter()
        if sample.broken is not None:
            raise UserError(sample.broken.message, sample.broken.hint)
        prepared = task.prepare(sample, model)
        control.check()
        last: Prediction | None = None
        for last in task.predict_stream(prepared, model, options or TryOptions(), control):
            control.check()
            yield PredictResult(0, sample, last, None, time.perf_counter() - started)
        recorder = recorder_for(card, source)
        if recorder is not None and last is not None:
            recorder.note([sample], [last])


def predict_recording(
    recorder: Recorder,
    card: ModelCard,
    task: LiveTask,
    options: TryOptions | None = None,
    pool: ModelPool | None = None,
    control: Control | None = None,
    device: str = "auto",
) -> Iterator[PredictResult]:
    """What the microphone hears, answered while it is recorded; ends with the recording, with the whole answer.

    Raises:
        UserError: when the model cannot be used or cannot do it.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    sample = Sample("sound", recorder.path.name, path=recorder.path)
    with (pool or shared_pool()).use(card, device, control) as model:
        blocks = recorder.blocks(control)
        for prediction in task.dictate(blocks, recorder.rate, model, options or TryOptions(), control):
            control.check()
            yield PredictResult(0, sample, prediction, None, recorder.seconds)


def _as_counted(path: Path) -> list[tuple[int, str]]:
    """By which names are sorted as a person counts: "page 2" before "page 10"."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(int(part), "") if part.isdecimal() and len(part) < 1000 else (-1, part) for part in parts]


def suits(path: Path, task: Task) -> bool:
    """Is it a file of the task's kind: by its ending, or (DICOM files often have none) by its first bytes?"""
    if path.suffix.lower() in task.info.file_suffixes:
        return True
    return task.info.media == "picture" and is_picture(path)


def _several_in(path: Path, task: Task, control: Control) -> list[Sample]:
    """What a file holds; a file that cannot be read is told when it is predicted."""
    try:
        return list(task.samples_in(path, control))
    except UserError:
        return [Sample(task.info.media, path.name, path=path)]


def collect_samples(paths: Iterable[str | Path], task: Task, control: Control | None = None) -> list[Sample]:
    """Files as they are, and all files in folders (below too) whose ending suits the task, in order of name
    (numbers as one counts).

    A file given by name is taken whatever its ending, so that the person is told when it cannot be read.

    Raises:
        UserError: when a path is missing or a folder has nothing suitable.
    """
    control = control or Control()
    found: list[Sample] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = []
            for file in sorted(path.rglob("*"), key=_as_counted):
                control.check()
                hidden = any(part.startswith((".", "__MACOSX")) for part in file.relative_to(path).parts)
                if suits(file, task) and not hidden and file.is_file():
                    inside += [
                        replace(one, name=file.relative_to(path).as_posix()) if one.path == file else one
                        for one in _several_in(file, task, control)
                    ]
            if not inside:
                raise UserError(f"The folder “{path.name}” holds no {task.info.nouns}.", "Choose another folder.")
            found += inside
        elif path.exists():
            found += _several_in(path, task, control)
        else:
            raise UserError(f"“{given}” is not there.", "Check the name.")
    return found
