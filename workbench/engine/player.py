"""Plays a video file by the clock: whoever shows the pictures always gets the newest one, never a late one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench.control import Control
from workbench.data.video import Frame, VideoInfo, VideoReader
from workbench.engine.newest import Newest

_SIDE = 1280
_WAIT_SECONDS = 0.1
# A computer too slow for a video plays it slower, instead of showing a picture now and then.
_MOST_BEHIND = 1.0
_AT_LEAST_EVERY = 0.2


@dataclass(frozen=True)
class Shown:
    """A picture to show: `frame` whole, for the model, and `rgb` (3 bytes a point, `width` by `height`) for the eyes."""

    frame: Frame
    rgb: bytes
    width: int
    height: int


Word = Literal["shown", "stopped"]


class Player:
    """Decodes and waits in `run`; everything else may be called from any thread.

    Args:
        clock: seconds that grow evenly.

    Attributes:
        shown: the newest picture, to be taken when `run` gives "shown".
        problem: what a person must know of the file when "stopped" came: that it is cut off; else "".
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.shown: Newest[Shown] = Newest()
        self.problem = ""
        self._clock = clock
        self._changed = threading.Condition()
        self._playing = False
        self._ended = False
        self._wanted: float | None = None

    @property
    def playing(self) -> bool:
        with self._changed:
            return self._playing

    def play(self) -> None:
        """Go on, from the beginning when it had come to its end."""
        with self._changed:
            if self._ended and self._wanted is None:
                self._wanted = 0.0
            self._playing = True
            self._changed.notify()

    def pause(self) -> None:
        with self._changed:
            self._playing = False
            self._changed.notify()

    def seek(self, moment: float) -> None:
        """Show this moment; the last one asked for counts."""
        with self._changed:
            self._wanted = max(0.0, moment)
            self._changed.notify()

    def run(self, control: Control) -> Iterator[VideoInfo | Word]:
        """Open the file and play it until the control says stop.

        Gives what the file is, then "shown" when a picture lies in `shown` (once, until it is taken), and "stopped" when
        the end was reached.

        Raises:
            UserError: when the video cannot be read.
            Cancelled: when asked to stop.
        """
        with VideoReader(self.path) as video:
            yield video.info
            first = video.read()
            yield from self._show(first)
            position = first.time if first is not None else 0.0  # of what is on the screen
            began = last_shown = self._clock()  # when the video was at `at`
            at = position
            ran = False
            while True:
                control.check()
                with self._changed:
                    wanted, self._wanted = self._wanted, None
                    playing = self._playing
                    if wanted is None and not playing:
                        ran = False
                        self._changed.wait(_WAIT_SECONDS)
                        continue
                if wanted is not None:
                    frame = video.seek(wanted)
                    self._ended = frame is None
                    position = frame.time if frame is not None else wanted
                    began, at = self._clock(), position
                    yield from self._show(frame)
                    continue
                if not ran:
                    began, at, ran = self._clock(), position, True
                now = self._clock()
                due = at + now - began
                upcoming = video.upcoming
                if upcoming is None:
                    yield from self._end(video)
                elif upcoming > due:
                    self._wait(upcoming - due)
                elif upcoming + 1 / video.info.rate <= due and now - last_shown < _AT_LEAST_EVERY:
                    video.skip()
                    position = upcoming
                else:
                    if due - upcoming > _MOST_BEHIND:
                        began, at = now, upcoming
                    last_shown, position = now, upcoming
                    yield from self._show(video.read())

    def _wait(self, seconds: float) -> None:
        with self._changed:
            if self._playing and self._wanted is None:
                self._changed.wait(min(seconds, _WAIT_SECONDS))

    def _end(self, video: VideoReader) -> Iterator[Word]:
        with self._changed:
            if self._wanted is not None:
                return
            self._playing, self._ended = False, True
        self.problem = video.cut_short
        yield "stopped"

    def _show(self, frame: Frame | None) -> Iterator[Word]:
        if frame is None:
            return
        small = frame.scaled(_SIDE)
        shown = Shown(frame, small.tobytes(), int(small.shape[1]), int(small.shape[0]))
        if self.shown.put(shown):
            yield "shown"
