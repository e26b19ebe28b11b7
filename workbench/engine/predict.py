"""Predicting: one sample or a hundred thousand, each answered or told why not."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.media import is_picture
from workbench.data.microphone import Recorder
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool, restore, shared_pool
from workbench.engine.prediction_log import AnswerRecorder, recorder_for
from workbench.engine.readers import reader_threads
from workbench.engine.speed import settings as speed_settings
from workbench.engine.speed.background import shared_searcher
from workbench.engine.speed.standing import best_batch, rest
from workbench.errors import Problem, UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.fast_body import Allowed, engines
from workbench.tasks.base import LiveTask, Prediction, Task, TryOptions

# Sizes of the first batches: the first answer shall come soon, the later ones fast.
_RAMP = (1, 2, 4, 8, 16)
_READERS = 2


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
) -> Iterator[PredictResult]:
    """Answer samples in the order given. A sample that cannot be read becomes a problem; the rest goes on.

    Args:
        source: where it is asked ("try", "command line", …): answers of an own model whose log is on are kept under it;
            "" keeps nothing (`workbench.engine.prediction_log`).
        at_once: so many are computed together from the beginning, where the task does so; 0: few first, so that the first
            answer comes soon.

    Raises:
        UserError: when the model itself cannot be used.
        Cancelled: when asked to stop; results so far have been given.
    """
    control = control or Control()
    options = options or TryOptions()
    pool = pool or shared_pool()
    numbered = enumerate(samples)
    recorder = recorder_for(card, source)
    # A single item is read here: handing it to another thread and back would only take time.
    alone = isinstance(samples, Sequence) and len(samples) == 1
    with pool.use(card, device, control) as model, _Here() if alone else reader_threads(_READERS) as readers:
        sizes = _sizes(model, at_once) if _in_batches(task) else itertools.repeat(1)
        allowed: Allowed = "rough" if speed_settings.load().rough else "exact"
        searcher = shared_searcher()
        pending: list[tuple[int, Sample, Future[dict[str, Any]]]] = []

        def read_ahead(count: int) -> None:
            for index, sample in itertools.islice(numbered, count):
                pending.append((index, sample, readers.submit(task.prepare, sample, model)))

        read_ahead(1)
        for size in sizes:
            if not pending:
                return
            # The next batch is read while this one is computed.
            read_ahead(size + (max(size, _RAMP[-1]) if _in_batches(task) else 1) - len(pending))
            batch, pending[:] = pending[:size], pending[size:]
            control.check()
            try:
                yield from _answer(batch, model, task, options, control, allowed, recorder)
            finally:
                if control.cancelled:
                    for _, _, future in pending:
                        future.cancel()
            rest(model)
            if searcher.wants(model):
                done = [f.result() for _, _, f in batch if f.exception() is None]
                searcher.saw(model, task, done, restore(card), over=not pending)


class _Here(Executor):
    """Does everything in the thread that asks for the result."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return _Asked(partial(fn, *args, **kwargs))


class _Asked(Future[Any]):
    """Done when somebody asks."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            try:
                self.set_result(self._work())
            except Exception as error:  # noqa: BLE001 - it is raised below
                self.set_exception(error)
        return super().result(timeout)


def _answer(
    batch: Sequence[tuple[int, Sample, Future[dict[str, Any]]]],
    model: Loaded,
    task: Task,
    options: TryOptions,
    control: Control,
    allowed: Allowed,
    recorder: AnswerRecorder | None = None,
) -> Iterator[PredictResult]:
    started = time.perf_counter()
    prepared: list[dict[str, Any]] = []
    problems: dict[int, Problem] = {}
    for index, sample, future in batch:
        try:
            prepared.append(future.result())
        except UserError as error:
            problems[index] = Problem.of(sample.name or f"item {index + 1}", error, str(sample.path or ""))
    said: list[Prediction] = []
    if prepared and _in_batches(task):
        with engines(allowed):
            said = _said(prepared, model, task, options, control, recorder)
    elif prepared:
        index, sample, _ = batch[0]
        try:
            said = _said(prepared, model, task, options, control, recorder)
        except UserError as error:  # too large, too long: it concerns this item alone
            problems[index] = Problem.of(sample.name or f"item {index + 1}", error, str(sample.path or ""))
    share = (time.perf_counter() - started) / len(batch)
    if recorder is not None and said:
        recorder.note([sample for index, sample, _ in batch if index not in problems], said)
    predictions = iter(said)
    for index, sample, _ in batch:
        problem = problems.get(index)
        yield PredictResult(index, sample, None if problem else next(predictions), problem, share)


def _said(
    prepared: Sequence[dict[str, Any]],
    model: Loaded,
    task: Task,
    options: TryOptions,
    control: Control,
    recorder: AnswerRecorder | None,
) -> list[Prediction]:
    if recorder is None:
        return task.predict_batch(prepared, model, options, control)
    with recorder.watching(model):
        return task.predict_batch(prepared, model, options, control)


def _sizes(model: Loaded, at_once: int) -> Iterator[int]:
    """How many at once, growing to what suits the engine; that may be swapped for a quicker one on the way."""
    while at_once:
        yield at_once
    for size in _RAMP:
        if size < best_batch(model):
            yield size
    while True:
        yield best_batch(model)


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
                    inside.append(Sample(task.info.media, file.relative_to(path).as_posix(), path=file))
            if not inside:
                raise UserError(f"The folder “{path.name}” holds no {task.info.nouns}.", "Choose another folder.")
            found += inside
        elif path.exists():
            found.append(Sample(task.info.media, path.name, path=path))
        else:
            raise UserError(f"“{given}” is not there.", "Check the name.")
    return found
