"""A model looks at a video: at some of its pictures, one after the other, or at the newest one while it runs."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.data.video import Frame, VideoReader, clock
from workbench.engine.newest import Newest
from workbench.engine.pool import ModelPool, shared_pool
from workbench.engine.prediction_log import recorder_for
from workbench.engine.speed.standing import little_torch
from workbench.errors import UserError
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import Task, TryOptions
from workbench.tasks.predictions import Boxes, Prediction

# No model looks closer than this at a moving picture; it bounds memory and saves time. Classifiers look at the whole.
_LARGEST = 1920
_LARGEST_TO_SORT = 1024
_MOST_AT_ONCE = 16
# Batches grow while one takes no longer than this: it must be possible to stop within a second.
_BATCH_SECONDS = 0.25


@dataclass(frozen=True)
class Looked:
    """What a model said of one picture.

    Attributes:
        index, time: of the picture (see `workbench.data.video.Frame`).
        prediction: boxes are in pixels of the video's own pictures.
        seconds: how long it took.
    """

    index: int
    time: float
    prediction: Prediction
    seconds: float


@dataclass(frozen=True)
class Pace:
    """How often the model looks.

    Attributes:
        seconds: between two looks; 0 for every picture.
        pictures: every so many pictures instead, when it is above 0.
    """

    seconds: float = 0.5
    pictures: int = 0

    def chosen(self, index: int, moment: float, due: float, rate: float) -> bool:
        """Shall this picture be looked at, when the next look is due at `due` seconds?"""
        if self.pictures > 0:
            return index % self.pictures == 0
        # The picture nearest to the moment due: half a picture early is as good as half a picture late.
        return moment >= due - 0.5 / rate

    def next_due(self, moment: float, due: float) -> float:
        """When to look after a look at `moment`: on the beat, whatever was missed."""
        if self.seconds <= 0:
            return moment
        beats = max(0, int((moment - due) / self.seconds)) + 1
        return due + beats * self.seconds


class Moment(Protocol):
    """A picture of a video or of a camera."""

    @property
    def index(self) -> int: ...

    @property
    def time(self) -> float: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def sample(self, name: str = "", max_side: int = 0) -> Sample:
        """The picture for a task; may take some milliseconds."""


class Looker:
    """A model and what it is asked, ready to look at pictures.

    Raises:
        UserError: when this task cannot look at a video, or the model lies on a server.
    """

    def __init__(
        self,
        card: ModelCard,
        task: Task,
        options: TryOptions | None = None,
        pool: ModelPool | None = None,
        device: str = "auto",
        source: str = "",
    ) -> None:
        if not task.info.watches:
            raise UserError(f"{task.info.title} does not work with videos.", "Choose another task.")
        if card.is_remote:
            raise UserError(
                f"“{card.name}” is not on this computer: the video would be sent away picture by picture.",
                "Choose a model that runs here.",
            )
        self.card, self.task, self.options = card, task, options or TryOptions()
        self._pool, self._device = pool, device
        self._recorder = recorder_for(card, source)

    @property
    def in_batches(self) -> bool:
        """Scores are small; boxes and areas are made one by one."""
        return self.task.info.result == "scores"

    def look(self, moments: Sequence[Moment], control: Control) -> list[Looked]:
        """One answer each. The model is taken for this call alone, so that a film and a live picture can share it.

        Raises:
            UserError: when the model cannot be used or cannot do it.
            Cancelled: when asked to stop; a torch network stops between its layers.
        """
        with (self._pool or shared_pool()).use(self.card, self._device, control) as model:
            began = time.perf_counter()
            with between_layers(model.network, control), little_torch(model):
                side = _LARGEST_TO_SORT if self.in_batches else _LARGEST
                samples = [m.sample(max_side=side) for m in moments]
                prepared = [self.task.prepare(sample, model) for sample in samples]
                with nullcontext() if self._recorder is None else self._recorder.watching(model):
                    answers = self.task.predict_batch(prepared, model, self.options, control)
            if self._recorder is not None:
                self._recorder.note([_kept(s, m.time) for s, m in zip(samples, moments, strict=True)], answers)
            share = (time.perf_counter() - began) / len(moments)
        return [
            Looked(m.index, m.time, _in_full(answer, m.size), share) for m, answer in zip(moments, answers, strict=True)
        ]


def _kept(sample: Sample, moment: float) -> Sample:
    """A picture of a video as the log keeps it: small, since there are many."""
    from PIL import Image

    assert sample.data is not None
    stream = io.BytesIO()
    Image.open(io.BytesIO(sample.data)).convert("RGB").save(stream, "JPEG", quality=85)
    return Sample("picture", f"{clock(moment)}, {sample.name}", data=stream.getvalue())


def watch(
    path: Path,
    card: ModelCard,
    task: Task,
    options: TryOptions | None = None,
    pace: Pace | None = None,
    control: Control | None = None,
    *,
    remark: Callable[[str], None] | None = None,
    pool: ModelPool | None = None,
    device: str = "auto",
    source: str = "",
) -> Iterator[Looked]:
    """Look at a video from its beginning to its end, in order of time.

    Args:
        remark: called with a sentence a person must see: that the video is cut off.
        source: answers are kept under it (see `workbench.engine.predict`).

    Raises:
        UserError: when the video cannot be read, or the model cannot be used or cannot do it.
        Cancelled: when asked to stop; answers so far have been given.
    """
    control = control or Control()
    looker = Looker(card, task, options, pool, device, source)
    with VideoReader(path) as video:
        waiting: list[Frame] = []
        size = 1
        for frame in chosen_frames(video, pace or Pace(), control):
            waiting.append(frame)
            if len(waiting) < size:
                continue
            answers = looker.look(waiting, control)
            yield from answers
            took = sum(a.seconds for a in answers)
            waiting = []
            if looker.in_batches:
                size = min(_MOST_AT_ONCE, size * 2) if took < _BATCH_SECONDS / 2 else size
                size = max(1, size // 2) if took > _BATCH_SECONDS else size
            say_progress(video, frame.time, control)
        if waiting:
            yield from looker.look(waiting, control)
        if video.cut_short and remark is not None:
            remark(video.cut_short)


def chosen_frames(video: VideoReader, pace: Pace, control: Control) -> Iterator[Frame]:
    """The pictures to look at; the others are only decoded."""
    due = index = 0.0
    while video.upcoming is not None:
        control.check()
        moment = video.upcoming
        if pace.chosen(int(index), moment, due, video.info.rate):
            due = pace.next_due(moment + 0.5 / video.info.rate, due)
            frame = video.read()
            if frame is not None:
                yield frame
        else:
            video.skip()
        index += 1


def say_progress(video: VideoReader, moment: float, control: Control) -> None:
    """How far into the video."""
    whole = video.info.seconds
    control.progress(moment, whole, f"At {clock(moment)}" + (f" of {clock(whole)}" if whole else ""))


def watch_live(looker: Looker, newest: Newest[Any], control: Control, patience: float = 1.0) -> Iterator[Looked]:
    """Look at whatever is newest, again and again; what came meanwhile is never looked at.

    Ends when nothing new came for `patience` seconds.

    Raises:
        UserError: when the model cannot be used or cannot do it.
        Cancelled: when asked to stop.
    """
    while (moment := newest.wait(control, patience)) is not None:
        yield from looker.look([moment], control)


def _in_full(prediction: Prediction, size: tuple[int, int]) -> Prediction:
    """Boxes found in a smaller copy, in pixels of the whole picture."""
    if not isinstance(prediction, Boxes) or not prediction.width or (prediction.width, prediction.height) == size:
        return prediction
    sx, sy = size[0] / prediction.width, size[1] / max(1, prediction.height)
    boxes = tuple(
        replace(
            b, x0=b.x0 * sx, y0=b.y0 * sy, x1=b.x1 * sx, y1=b.y1 * sy,
            polygon=tuple((x * sx, y * sy) for x, y in b.polygon),
        )
        for b in prediction.boxes
    )  # fmt: skip
    return replace(prediction, boxes=boxes, width=size[0], height=size[1])
