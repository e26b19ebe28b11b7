"""Where somebody speaks in a recording: Silero's voice activity detector (MIT licence), which arrives in its own package.

Of that package only the network's file is used. It hears 32 thousandths of a second at a time, each with a little of the
sound before it, and carries the state of its recurrent layer along; so a recording of any length takes no more memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.sound_windows import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

RATE = 16_000
FRAME = 512
_BEFORE = 64
_AT_ONCE = 512
_WIDTH = 128
_PACKAGE, _FILE = "silero_vad", "data/silero_vad_16k_sequence.onnx"
# Speech begins above the first and ends below the second probability; shorter stretches and pauses do not count (seconds).
BEGINS_ABOVE, ENDS_BELOW = 0.5, 0.35
SHORTEST, SHORTEST_PAUSE = 0.25, 0.1
# Of a window that is handed to a recogniser: what it is given around the speech, and the longest pause inside it.
_AROUND, _LONGEST_PAUSE = 0.25, 1.5


@dataclass(frozen=True)
class Stretch:
    """Somebody speaks from `begins` to `ends` (seconds)."""

    begins: float
    ends: float


class SpeechFinder:
    """Probabilities of speech, frame by frame; one recording at a time.

    Raises:
        UserError: when the package is not there.
    """

    def __init__(self) -> None:
        import numpy as np
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(str(_network()), options, providers=["CPUExecutionProvider"])
        self._rest = np.zeros(0, np.float32)
        self._before = np.zeros(_BEFORE, np.float32)
        self._hidden = self._cell = np.zeros((1, 1, _WIDTH), np.float32)

    def hear(self, samples: Floats, last: bool = False) -> Floats:
        """The probability of speech in each further whole frame, float32 [n].

        Args:
            samples: what follows, mono float32 in -1..1 at 16,000 Hz, of any length.
            last: nothing follows; a frame that is not full is filled with silence.
        """
        import numpy as np

        held = np.concatenate([self._rest, samples.astype(np.float32, copy=False)])
        if last and len(held) % FRAME:
            held = np.pad(held, (0, FRAME - len(held) % FRAME))
        count = len(held) // FRAME
        self._rest = held[count * FRAME :]
        found = [np.zeros(0, np.float32)]
        for start in range(0, count, _AT_ONCE):
            frames = held[start * FRAME : min(count, start + _AT_ONCE) * FRAME].reshape(-1, FRAME)
            before = np.concatenate([self._before[None], frames[:-1, -_BEFORE:]])
            given = {"input": np.concatenate([before, frames], axis=1), "h": self._hidden, "c": self._cell}
            shares, self._hidden, self._cell = self._session.run(["speech_probs", "hn", "cn"], given)
            self._before = frames[-1, -_BEFORE:]
            found.append(shares.reshape(-1))
        whole: Floats = np.concatenate(found)
        return whole


class Stretches:
    """From probabilities to stretches of speech, as they come."""

    def __init__(self) -> None:
        self.frame = 0
        self.since = -1.0  # when the stretch that is still going on began; -1 when nobody speaks
        self._quiet = -1.0
        self._goes_on = False  # it was cut, so what is left of it counts however short it is

    @property
    def now(self) -> float:
        """Seconds heard so far."""
        return self.frame * FRAME / RATE

    def add(self, share: float) -> Stretch | None:
        """The next frame's probability; a stretch when one has just ended."""
        at = self.now
        self.frame += 1
        if share >= BEGINS_ABOVE:
            self._quiet = -1.0
            if self.since < 0:
                self.since = at
        elif share < ENDS_BELOW and self.since >= 0:
            if self._quiet < 0:
                self._quiet = at
            if at - self._quiet >= SHORTEST_PAUSE:
                return self._close(self._quiet)
        return None

    def end(self, seconds: float) -> Stretch | None:
        """Nothing follows: the recording is this long."""
        return self._close(seconds) if self.since >= 0 else None

    def cut(self, seconds: float) -> Stretch:
        """End the stretch that is going on at this moment; the next one begins there."""
        found = Stretch(self.since, seconds)
        self.since, self._goes_on = seconds, True
        return found

    def _close(self, ends: float) -> Stretch | None:
        begins, whole = self.since, self._goes_on or ends - self.since > SHORTEST
        self.since, self._quiet, self._goes_on = -1.0, -1.0, False
        return Stretch(begins, ends) if whole and ends > begins else None


def speech_in(sound: Iterable[Floats], control: Control | None = None) -> Iterator[Stretch]:
    """Where somebody speaks in blocks of mono sound at 16,000 Hz, in order. Raises: Cancelled."""
    finder, stretches = SpeechFinder(), Stretches()
    heard = 0
    for block in sound:
        heard += len(block)
        for share in finder.hear(block):
            if control is not None:
                control.check()
            found = stretches.add(float(share))
            if found is not None:
                yield found
    last = stretches.end(heard / RATE)
    if last is not None:
        yield last


def speech_windows(sound: Iterable[Floats], longest: float, control: Control | None = None) -> Iterator[Window]:
    """Only the parts of a recording where somebody speaks, as windows of at most `longest` seconds, cut in pauses.

    Blocks are mono sound at 16,000 Hz. Where somebody speaks for longer without a pause, the cut is where it sounds least
    like speech. Never more than a window and a block are in memory. Raises: Cancelled.
    """
    import numpy as np

    cutter = Cutter(longest)
    finder = SpeechFinder()
    for block in sound:
        cutter.held = np.concatenate([cutter.held, block.astype(np.float32, copy=False)])
        for share in finder.hear(block):
            if control is not None:
                control.check()
            yield from cutter.add(float(share))
        cutter.forget()
    for share in finder.hear(np.zeros(0, np.float32), last=True):
        yield from cutter.add(float(share))
    yield from cutter.end()


class Cutter:
    """Gathers stretches into windows, and holds the sound that may still be needed.

    Args:
        longest: seconds of a window at most.
        pause: a longer one ends a window.

    Attributes:
        held: samples float32; what comes is appended here, then `add` is told of each of its frames.
    """

    def __init__(self, longest: float, pause: float = _LONGEST_PAUSE) -> None:
        import numpy as np

        self.held = np.zeros(0, np.float32)
        self._pause = pause
        self._origin = 0  # place in the recording of the first sample held
        self._longest = longest - 2 * _AROUND
        self._stretches = Stretches()
        self._window: Stretch | None = None
        self._given = 0  # up to this sample everything has been given or left out
        self._shares: list[float] = []  # since the stretch that is going on began

    def add(self, share: float) -> Iterator[Window]:
        """The probability of speech in the next frame; windows that are whole."""
        stretches = self._stretches
        found = stretches.add(share)
        if found is not None:
            yield from self._gather(found)
        since, now = stretches.since, stretches.now
        if since < 0:
            self._shares.clear()
            if self._window is not None and now - self._window.ends > self._pause:
                yield from self._give()
            return
        self._shares.append(share)
        if self._window is not None and now - self._window.begins > self._longest:
            yield from self._give(before=since)
        if now - since > self._longest:
            at = self._quietest()
            yield from self._gather(stretches.cut(at))
            yield from self._give(before=at)
            self._shares = self._shares[-round((now - at) * RATE / FRAME) :] if now > at else []

    def waiting(self) -> Window | None:
        """What belongs to the window that is being gathered, up to now; None when nobody speaks."""
        since = self._window.begins if self._window is not None else self._stretches.since
        if since < 0:
            return None
        first = max(self._given, self._origin, round((since - _AROUND) * RATE))
        return Window(self.held[first - self._origin :].copy(), first / RATE, 0.0, float("inf"))

    def end(self) -> Iterator[Window]:
        """Nothing follows: the last windows."""
        found = self._stretches.end((self._origin + len(self.held)) / RATE)
        if found is not None:
            yield from self._gather(found)
        yield from self._give()

    def forget(self) -> None:
        """Let go of sound that will not be asked for."""
        waiting = [self._stretches.now, self._stretches.since, self._window.begins if self._window else -1.0]
        first = min(w for w in waiting if w >= 0) - 2 * _AROUND - FRAME / RATE
        drop = max(0, int(first * RATE) - self._origin)
        self.held = self.held[drop:]
        self._origin += drop

    def _gather(self, found: Stretch) -> Iterator[Window]:
        if self._window is not None:
            if found.ends - self._window.begins <= self._longest and found.begins - self._window.ends <= self._pause:
                self._window = Stretch(self._window.begins, found.ends)
                return
            yield from self._give(before=found.begins)
        self._window = found

    def _give(self, before: float | None = None) -> Iterator[Window]:
        """Hand out the window. `before`: speech goes on there, so what lies between is shared."""
        window, self._window = self._window, None
        if window is None:
            return
        ends = window.ends + _AROUND
        if before is not None:
            ends = min(ends, (window.ends + before) / 2)
        first = max(self._given, self._origin, round((window.begins - _AROUND) * RATE))
        last = min(self._origin + len(self.held), round(ends * RATE))
        self._given = max(self._given, last)
        if last > first:
            samples = self.held[first - self._origin : last - self._origin].copy()
            yield Window(samples, first / RATE, 0.0, float("inf"))

    def _quietest(self) -> float:
        """The moment in the later half of the stretch going on that sounds least like speech."""
        count = len(self._shares)
        least = min(range(count // 2, count), key=lambda place: (self._shares[place], -place))
        return self._stretches.now - (count - least - 0.5) * FRAME / RATE


def _network() -> Path:
    spec = find_spec(_PACKAGE)
    for base in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (Path(base) / _FILE).is_file():
            return Path(base) / _FILE
    raise UserError("The part that finds speech is missing.", "Install the app again.")
