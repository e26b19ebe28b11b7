"""A copy of a video with what a model says drawn into it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.video import VideoReader, as_bgr, open_writer
from workbench.engine.pool import ModelPool
from workbench.engine.timeline import Colours
from workbench.engine.video import Looked, Looker, Pace, say_progress
from workbench.engine.video_draw import draw
from workbench.errors import UserError
from workbench.tasks.base import Task, TryOptions

# By ending: encoders that FFmpeg brings itself or that are free to use, never x264 or x265 (GPL). MPEG-4 part 2 opens
# with a double click on every system, VP8 plays in every web browser, MJPEG everywhere, in large files.
CODECS = {".mp4": "mp4v", ".webm": "VP80", ".avi": "MJPG"}
NO_SOUND = "The copy has no sound."
_LARGEST_SIDE = 4096
_LOOK_AHEAD = 120
_FASTEST = 240.0
_LONGEST_SECONDS = 24 * 3600
_ROOM_BYTES = 50_000_000
_ROOM_EVERY = 100


@dataclass(frozen=True)
class Annotated:
    """What came of it. `note`: sentences a person must see."""

    path: Path
    pictures: int
    seconds: float
    looks: int
    note: str

    def sentence(self) -> str:
        return f"{self.pictures:,} pictures written to {self.path}. {self.note}".strip()


def annotate(
    path: Path,
    card: ModelCard,
    task: Task,
    out: Path,
    options: TryOptions | None = None,
    pace: Pace | None = None,
    control: Control | None = None,
    *,
    threshold: float | None = None,
    opacity: float = 0.55,
    seen: Callable[[Looked], None] | None = None,
    pool: ModelPool | None = None,
    device: str = "auto",
    source: str = "",
) -> Annotated:
    """Write a copy with every picture of the video; what was said last is drawn on those between two looks.

    The copy runs as long as the video. Pictures that are shown for different times (as phones film) are repeated or left
    out, because the file has one rate throughout. The file appears when it is whole, and not at all when it is stopped.

    Args:
        seen: called with each answer.
        source: answers are kept under it (see `workbench.engine.predict`).

    Raises:
        UserError: when the video cannot be read, the model cannot do it, or the copy cannot be written.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    looker = Looker(card, task, options, pool, device, source)
    codec = _codec(out, path)
    temporary = atomic.part_of(out, keep_ending=True)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with VideoReader(path) as video:
            film = _Film(temporary, codec, video, steady_rate(path))
            try:
                looks = _write(video, film, looker, pace or Pace(0.0), control, threshold, opacity, seen)
            finally:
                film.close()
            cut = video.cut_short
        _check(temporary, film.written)
        atomic.put(temporary, out)
    except OSError as error:
        raise _unwritable(out) from error
    finally:
        with suppress(OSError):  # there was no folder to write into
            temporary.unlink(missing_ok=True)
    note = " ".join(part for part in (NO_SOUND, cut) if part)
    return Annotated(out, film.written, film.written / film.rate, looks, note)


def _write(
    video: VideoReader,
    film: _Film,
    looker: Looker,
    pace: Pace,
    control: Control,
    threshold: float | None,
    opacity: float,
    seen: Callable[[Looked], None] | None,
) -> int:
    colours = Colours()
    current: Looked | None = None
    due, looks = 0.0, 0
    while (frame := video.read()) is not None:
        control.check()
        if current is None or pace.chosen(frame.index, frame.time, due, video.info.rate):
            due = pace.next_due(frame.time + 0.5 / video.info.rate, due)
            current = looker.look([frame], control)[0]
            looks += 1
            if seen is not None:
                seen(current)
        film.add(draw(frame.scaled(_LARGEST_SIDE), current.prediction, colours, threshold, opacity), video, control)
        say_progress(video, frame.time, control)
    return looks


class _Film:
    """A file being written, at one rate throughout."""

    def __init__(self, path: Path, codec: str, video: VideoReader, rate: float) -> None:
        info = video.info
        scale = min(1.0, _LARGEST_SIDE / max(info.width, info.height))
        # Encoders want even sides; one row or column less is not seen.
        self._size = tuple(max(2, round(side * scale) // 2 * 2) for side in (info.width, info.height))
        self.rate = rate
        self.written = 0
        self._path = path
        self._uneven = False
        self._writer: Any = open_writer(path, codec, rate, (self._size[0], self._size[1]))

    def add(self, pixels: Any, video: VideoReader, control: Control) -> None:
        """A picture, as often as it takes until the next one is due. Raises: UserError when the disk is full."""
        times = self._times(video)
        picture = as_bgr(pixels, (self._size[0], self._size[1]))
        for number in range(times):
            if number % _ROOM_EVERY == 0:
                control.check()
            if self.written % _ROOM_EVERY == 0 and shutil.disk_usage(self._path.parent).free < _ROOM_BYTES:
                raise UserError("The disk is full.", "Make room, or choose another place.")
            self._writer.write(picture)
            self.written += 1

    def _times(self, video: VideoReader) -> int:
        """How often the picture just read is written."""
        begins = self.written / self.rate
        if video.upcoming is not None:
            if video.upcoming - begins > _LONGEST_SECONDS:
                raise UserError(
                    "The video says that it is longer than a day.", "Copy it again from where it came from."
                )
            times = round(video.upcoming * self.rate) - self.written
            self._uneven = self._uneven or times != 1
            return max(0, times)
        # The last one: in a film with one rate it is shown once; else for as long as the file says.
        rest = round(video.info.seconds * self.rate) - self.written
        return max(1, rest) if self._uneven and not video.cut_short else 1

    def close(self) -> None:
        self._writer.release()


def steady_rate(path: Path) -> float:
    """The rate a copy is written at: the video's own, or one that fits the shortest of its first pictures.

    Raises: UserError when the video cannot be read.
    """
    with VideoReader(path) as video:
        times: list[float] = []
        while video.upcoming is not None and len(times) < _LOOK_AHEAD:
            times.append(video.upcoming)
            video.skip()
        rate = video.info.rate
    steps = [b - a for a, b in pairwise(times)]
    # A millisecond of rounding is in most files; half a step more or less is another rate.
    if steps and max(steps) > 1.5 * min(steps):
        rate = max(rate, min(60.0, max(10.0, 1 / max(min(steps), 1e-3))))
    rate = min(_FASTEST, max(0.1, rate))
    # MPEG-4 counts in at most 65,535 parts of a second.
    return round(rate, 3 if rate < 65 else 1)


def _codec(out: Path, source: Path) -> str:
    codec = CODECS.get(out.suffix.lower())
    if codec is None:
        raise UserError(f"A video cannot be written as “{out.suffix or out.name}”.", f"Use {', '.join(CODECS)}.")
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError("The copy would overwrite the video itself.", "Choose another name.")
    return codec


def _check(path: Path, written: int) -> None:
    """Was everything written? The encoder does not say. Raises: UserError when not."""
    try:
        with VideoReader(path) as video:
            count = video.info.count
    except (UserError, OSError) as error:
        raise _unwritable(path) from error
    if abs(count - written) > 1:
        raise _unwritable(path)


def _unwritable(path: Path) -> UserError:
    name = path.name.removeprefix(".").replace(".part", "")
    return UserError(f"“{name}” could not be written.", "Make room on the disk, or choose another place.")
