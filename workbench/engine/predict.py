"""Predicting: one sample or a hundred thousand, each answered or told why not."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
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
from workbench.engine.read_ahead import ReadAhead
from workbench.engine.speed.background import Searcher, shared_searcher
from workbench.engine.speed.standing import best_batch, rest
from workbench.errors import Problem, UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import LiveTask, Prediction, Task, TryOptions

# Sizes of the first batches: the first answer shall come soon, the later ones fast.
_RAMP = (1, 2, 4, 8, 16)


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
    options = options or TryOptions()
    pool = pool or shared_pool()
    numbered = enumerate(samples)
    recorder = recorder or recorder_for(card, source)
    with pool.use(card, device, control) as model, ReadAhead() as readers:
        sizes = _sizes(model, at_once) if _in_batches(task) else itertools.repeat(1)
        searcher = shared_searcher()
        pending: list[tuple[int, Sample, Future[dict[str, Any]]]] = []

        def read_ahead(count: int) -> None:
            for index, sample in itertools.islice(numbered, count):
                pending.append((index, sample, readers.submit(_prepared, task, sample, model)))

        read_ahead(1)
        for size in sizes:
            if not pending:
                return
            readers.decide()
            # The next batch is read while this one is computed.
            more = (max(size, _RAMP[-1]) if _in_batches(task) else 1) if readers.ahead else 1
            read_ahead(size + more - len(pending))
            batch, pending[:] = pending[:size], pending[size:]
            control.check()
            try:
                yield from _answer(batch, model, task, options, control, searcher, recorder)
            finally:
                if control.cancelled:
                    for _, _, future in pending:
                        future.cancel()
            rest(model)
            searcher.consider(model, restore(model), over=not pending)


def _prepared(task: Task, sample: Sample, model: Loaded) -> dict[str, Any]:
    """Raises: UserError when it cannot be read."""
    if sample.broken is not None:
        raise UserError(sample.broken.message, sample.broken.hint)
    return task.prepare(sample, model)


def _answer(
    batch: Sequence[tuple[int, Sample, Future[dict[str, Any]]]],
    model: Loaded,
    task: Task,
    options: TryOptions,
    control: Control,
    searcher: Searcher,
    recorder: AnswerRecorder | None = None,
) -> Iterator[PredictResult]:
    started = time.perf_counter()
    prepared: list[dict[str, Any]] = []
    problems: dict[int, Problem] = {}
    for index, sample, future in batch:
        control.check()
        try:
            prepared.append(future.result())
        except UserError as error:
            problems[index] = Problem.of(sample.name or f"item {index + 1}", error, str(sample.path or ""))
    said: list[Prediction] = []
    if prepared and _in_batches(task):
        with searcher.looking_on(model):
            said = _said(prepared, model, task, options, control, recorder)
    elif prepared:
        index, sample, _ = batch[0]
        try:
            with searcher.looking_on(model):
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
    # Of one item it is over before a person can say "stop".
    watched = model.network if len(prepared) > 1 else None
    with between_layers(watched, control), nullcontext() if recorder is None else recorder.watching(model):
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
        prepared = _prepared(task, sample, model)
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
