"""A model listens to a recording of any length, or to the microphone: what is heard when.

The sound is heard in windows that overlap; a moment's shares are the mean over the windows it lies in, so that what is heard
does not flicker. Never more than a few windows are in memory; of each moment its most likely classes are kept.
"""

from __future__ import annotations

import io
import threading
import time
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.exporters.label_track import write_label_track
from workbench.data.microphone import Recorder
from workbench.data.sound import resampled, seconds_of, sound_blocks
from workbench.data.types import Sample
from workbench.data.video import clock
from workbench.engine.pool import ModelPool, shared_pool
from workbench.engine.prediction_log import recorder_for
from workbench.engine.timeline import Event, event_rows, write_tables
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.tasks.base import Ear, HearingTask, Task
from workbench.tasks.live_rule import LiveRule
from workbench.tasks.predictions import Score, Scores

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

WINDOW_SECONDS, STEP_SECONDS = 2.0, 0.5
_SHORTEST_USUAL, _LONGEST_USUAL = 0.5, 10.0
THRESHOLD = 0.5
# Of each moment so many classes are kept.
_KEPT = 5
_NAMED, _SILENT = 1, 2
# So many windows at most are looked at together; fewer where that takes longer than this: it must be possible to stop within
# a second.
_AT_ONCE, _BATCH_SECONDS = 16, 0.25
# So many windows at most of what came meanwhile, when the model is slower than the microphone.
_AT_ONCE_LIVE = 4
COLUMNS = ("time", "clock", "label", "score")
_ENDINGS = (".csv", ".json", ".txt")


@dataclass(frozen=True)
class Pace:
    """How a stream is listened to: `window` seconds at a time (the model's own at most), a new one every `step` seconds.

    Raises:
        UserError: when one of them makes no sense.
    """

    window: float = WINDOW_SECONDS
    step: float = STEP_SECONDS

    def __post_init__(self) -> None:
        if not 0.1 <= self.step <= 60:
            raise UserError(
                "The time between two answers must lie between 0.1 and 60 seconds.", "Half a second is usual."
            )
        if not 0.2 <= self.window <= 60:
            raise UserError("A piece to listen to must be 0.2 to 60 seconds long.", "Two seconds are usual.")


@dataclass(frozen=True)
class Heard:
    """A moment whose answer is settled, from `begins` to `ends` seconds; its shares float32 [C]; `strangeness`: how far it is
    from what the model learnt from (above 1 it is unlike that), -1 where that is not known."""

    begins: float
    ends: float
    shares: Floats
    strangeness: float = -1.0


@dataclass(frozen=True)
class News:
    """What came of listening a little further.

    Attributes:
        newest: shares float32 [C] of the last window.
        heard: moments that are settled now, in order.
        until: seconds listened to so far.
        strangeness: of the last window, see `Heard`.
    """

    newest: Floats
    heard: tuple[Heard, ...]
    until: float
    strangeness: float = -1.0


def usual_pace(card: ModelCard, window: float = 0.0) -> Pace:
    """In pieces as long as the examples the model was taught, where that is known (`window` 0), else as long as asked for."""
    if not window:
        known = card.options.get("example_seconds")
        window = (
            min(_LONGEST_USUAL, max(_SHORTEST_USUAL, float(known)))
            if isinstance(known, int | float)
            else WINDOW_SECONDS
        )
    return Pace(window, min(STEP_SECONDS, window / 2))


class HeardLog:
    """What was heard so far. Some 55 bytes a moment: a day of half-seconds takes ten megabytes. Safe from any thread.

    Args:
        rule: what counts of a moment (see `workbench.tasks.live_rule`).
    """

    def __init__(self, labels: Sequence[str], several: bool = False, rule: LiveRule | None = None) -> None:
        self.labels = tuple(labels)
        self.several = several
        self.rule = rule or LiveRule()
        self._kept = min(_KEPT, len(self.labels))
        self._times = array("d")  # begin and end, of every moment
        self._places = array("H")  # the most likely classes of every moment
        self._shares = array("f")
        self._flags = array("B")  # of every moment: _NAMED, _SILENT
        self._strange = array("f")
        self._lock = threading.RLock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._times) // 2

    @property
    def until(self) -> float:
        """Seconds up to the last moment's end."""
        with self._lock:
            return self._times[-1] if self._times else 0.0

    def add(self, moments: Sequence[Heard]) -> None:
        for moment in moments:
            order, flags = self._judged(moment.shares)
            with self._lock:
                self._flags.append(flags)
                self._strange.append(moment.strangeness)
                self._times.extend((moment.begins, moment.ends))
                self._places.extend(int(p) for p in order)
                self._shares.extend(float(moment.shares[p]) for p in order)

    def _judged(self, shares: Floats) -> tuple[list[int], int]:
        """The places that are kept of a moment, what counts first, and its flags."""
        order: list[int] = [int(p) for p in shares.argsort(kind="stable")[::-1]]
        values: list[float] = shares.tolist()
        if self.several:
            limits = self.rule.limits
            if not limits:
                return order[: self._kept], 0
            counting = [p for p in order if values[p] >= limits[p]]
            rest = [p for p in order if values[p] < limits[p]]
            return [*counting, *rest][: self._kept], _SILENT if self.rule.silent(values) else 0
        place, named, silent = self.rule.answer(values, self.labels)
        kept = [place, *(p for p in order if p != place)][: self._kept]
        return kept, (_NAMED if named else 0) | (_SILENT if silent else 0)

    def at(self, seconds: float) -> Scores | None:
        """What was heard at a moment, the most likely first; None where nobody listened."""
        with self._lock:
            place = bisect_right(range(len(self)), seconds + 1e-9, key=lambda n: self._times[2 * n]) - 1
            if place < 0 or seconds >= self._times[2 * place + 1]:
                return None
            return self._scores(place)

    def _scores(self, place: int) -> Scores:
        first = place * self._kept
        return Scores(
            tuple(
                Score(self.labels[p], v, p)
                for p, v in zip(
                    self._places[first : first + self._kept], self._shares[first : first + self._kept], strict=True
                )
            ),
            unsure=bool(self._flags[place] & _SILENT),
            strangeness=self._strange[place],
        )

    def first(self, shares: Floats) -> tuple[int, bool]:
        """The place of the class a moment is answered with (-1 where several can be), and whether nothing is said."""
        kept, flags = self._judged(shares)
        return -1 if self.several or not kept else kept[0], bool(flags & _SILENT)

    def now(self, news: News, threshold: float | None = THRESHOLD) -> str:
        """What is heard at this moment, in words; "" for nothing."""
        kept, flags = self._judged(news.newest)
        if flags & _SILENT or not kept:
            return ""
        if self.several:
            limits = self.rule.limits if threshold is None else ()
            least = THRESHOLD if threshold is None else threshold
            here = [p for p in kept if news.newest[p] >= (limits[p] if limits else least)]
        else:
            least = THRESHOLD if threshold is None else threshold
            here = kept[:1] if flags & _NAMED or news.newest[kept[0]] >= least else []
        words = ", ".join(self.labels[p] for p in here)
        return f"{words} (unlike what it learnt from)" if words and news.strangeness > 1 else words

    @property
    def compared(self) -> bool:
        """Whether moments were held against what the model learnt from."""
        with self._lock:
            return any(v >= 0 for v in self._strange)

    def remark(self) -> str:
        """What a person must know of all that was heard; "" when there is nothing."""
        with self._lock:
            count = len(self._flags)
            silent = sum(1 for f in self._flags if f & _SILENT)
            unlike = sum(1 for v in self._strange if v > 1)
        parts = []
        if unlike:
            parts.append(
                f"{unlike:,} of {count:,} moments are unlike what the model learnt from: do not rely on what is said of them."
            )
        if silent:
            parts.append(f"Of {silent:,} it says nothing, as was decided for this model.")
        return " ".join(parts)

    def events(self, threshold: float | None = THRESHOLD) -> list[Event]:
        """What was there from when to when, in order of beginning: of every moment the most likely class where it reaches the
        threshold, of models that hear several at once every class that does.

        What was decided for the model holds: a class that has a threshold of its own needs no other, and where nothing is
        to be said there is nothing.

        Args:
            threshold: None for the thresholds that each label got when the model was taught, where it has such.
        """
        import numpy as np

        with self._lock:
            if not self._times:
                return []
            times = np.array(self._times).reshape(-1, 2)
            places = np.array(self._places).reshape(-1, self._kept)
            shares = np.array(self._shares).reshape(-1, self._kept)
            flags = np.array(self._flags)
        if not self.several:
            places, shares = places[:, :1], shares[:, :1]
        if threshold is None and self.rule.limits:
            there = shares >= np.array(self.rule.limits, np.float32)[places]
        else:
            there = shares >= (THRESHOLD if threshold is None else threshold)
        there = (there | ((flags & _NAMED) > 0)[:, None]) & ((flags & _SILENT) == 0)[:, None]
        # A hole in time ends what was heard before it.
        holes = np.concatenate([[True], times[1:, 0] > times[:-1, 1] + 1e-6])
        found = []
        for label in np.unique(places[there]).tolist():
            hit = there & (places == label)
            on = hit.any(1)
            value = np.where(hit, shares, 0).max(1)
            begins = np.flatnonzero(on & (holes | ~np.concatenate([[False], on[:-1]])))
            ends = np.flatnonzero(on & np.concatenate([holes[1:] | ~on[1:], [True]]))
            found += [
                Event(
                    self.labels[label], float(times[a, 0]), float(times[b, 1]), b - a + 1, float(value[a : b + 1].max())
                )
                for a, b in zip(begins.tolist(), ends.tolist(), strict=True)
            ]
        return sorted(found, key=lambda e: (e.begins, e.label))

    def rows(self, top: int = 1) -> Iterator[dict[str, Any]]:
        """The table of all moments, with so many answers each."""
        compared = self.compared
        for place in range(len(self)):
            begins = self._times[2 * place]
            scores = self._scores(place)
            for score in scores.top[:top]:
                yield {
                    "time": round(begins, 3), "clock": clock(begins), "label": score.name,
                    "score": round(score.value, 6), **({"unlike": int(scores.unlike)} if compared else {}),
                }  # fmt: skip

    def write(self, path: Path, threshold: float | None = THRESHOLD, top: int = 1) -> list[Path]:
        """Write atomically: a table of moments and beside it one of events (.csv), both in one (.json), or the events as a
        label track for Audacity (.txt).

        Returns:
            The files written.

        Raises:
            UserError: when one cannot be written, or of another kind is asked for.
        """
        if path.suffix.lower() not in _ENDINGS:
            raise UserError(
                f"What was heard cannot be written as “{path.suffix}”.", "Use .csv, .json or .txt (Audacity)."
            )
        found = self.events(threshold)
        if path.suffix.lower() == ".txt":
            write_label_track(path, [(e.begins, e.ends, e.label) for e in found])
            return [path]
        columns = (*COLUMNS, "unlike") if self.compared else COLUMNS
        return write_tables(path, list(self.rows(top)), found, columns)

    def to_json(self, threshold: float | None = THRESHOLD, top: int = 1) -> dict[str, Any]:
        remark = self.remark()
        return {
            "looks": list(self.rows(top)), "events": event_rows(self.events(threshold)),
            **({"note": remark} if remark else {}),
        }  # fmt: skip


class Listener:
    """A model and how it listens, ready to be given sound.

    Raises:
        UserError: when this task does not listen, or the model lies on a server.
    """

    def __init__(
        self, card: ModelCard, task: Task, pace: Pace | None = None, pool: ModelPool | None = None, device: str = "auto",
        source: str = "",
    ) -> None:  # fmt: skip
        if not isinstance(task, HearingTask):
            raise UserError(f"{task.info.title} does not listen to a stream.", "Choose another task.")
        if card.is_remote:
            raise UserError(
                f"“{card.name}” is not on this computer: everything that is heard would be sent away.",
                "Choose a model that runs here.",
            )
        self.card, self.task, self.pace = card, task, pace or Pace()
        self._pool, self._device = pool, device
        self._recorder = recorder_for(card, source)

    def listen(self, sample: Sample, control: Control | None = None) -> Iterator[HeardLog | News]:
        """Listen to a recording (or to a video's sound) from its beginning to its end. First comes the log, which grows with
        the news that follow.

        Raises:
            UserError: when it cannot be read, or the model cannot be used or cannot do it.
            Cancelled: when asked to stop; what was heard so far has been given.
        """
        control = control or Control()
        whole = seconds_of(sample)
        with (self._pool or shared_pool()).use(self.card, self._device, control) as model:
            ear = self.task.ear(model)
            for news in self._hear(sound_blocks(sample, ear.rate), model, ear, control):
                if isinstance(news, News):
                    of = f" of {clock(whole)}" if whole else ""
                    control.progress(news.until, whole, f"Listened to {clock(news.until)}{of}")
                yield news

    def listen_live(self, recorder: Recorder, control: Control | None = None) -> Iterator[HeardLog | News]:
        """Listen to the microphone while it records; ends with the recording. A model that is too slow for every window
        leaves some out, evenly, and never lags behind.

        Raises:
            UserError: when the model cannot be used or cannot do it. Cancelled: when asked to stop.
        """
        control = control or Control()
        with (self._pool or shared_pool()).use(self.card, self._device, control) as model:
            ear = self.task.ear(model)
            sound = resampled(recorder.blocks(control), recorder.rate, ear.rate)
            yield from self._hear(sound, model, ear, control, live=True)

    def _hear(
        self, sound: Iterator[Floats], model: Loaded, ear: Ear, control: Control, live: bool = False
    ) -> Iterator[HeardLog | News]:
        log = HeardLog(ear.labels, ear.several, ear.rule)
        yield log
        step = max(1, int(self.pace.step * ear.rate))
        # A whole number of steps, so that moments begin and end where windows do.
        size = max(1, int(min(self.pace.window, ear.longest) * ear.rate / step + 1e-6)) * step
        settling = _Settling(size // step, step / ear.rate)
        counted = _Counted(sound)
        newest: Floats | None = None
        nearest = -1.0
        until = 0.0
        most = 1
        for windows, begun in _batches(iter(counted), size, step):
            chosen = _evenly(len(windows), _AT_ONCE_LIVE if live else len(windows))
            at = 0
            while at < len(chosen):
                control.check()
                part = chosen[at : at + most]
                at += len(part)
                began = time.perf_counter()
                shares, strange = self.task.hear_and_compare([windows[n] for n in part], model)
                took = time.perf_counter() - began
                most = min(_AT_ONCE, most * 2) if took < _BATCH_SECONDS / 2 else most
                most = max(1, most // 2) if took > _BATCH_SECONDS else most
                # Windows that were left out are as the next one that was not.
                first = chosen[at - len(part) - 1] + 1 if at > len(part) else 0
                made: list[Heard] = []
                for number in range(first, part[-1] + 1):
                    until = (begun + number * step + len(windows[number])) / ear.rate
                    at_part = bisect_left(part, number)
                    nearest = -1.0 if strange is None else float(strange[at_part])
                    made += settling.add(shares[at_part], until, nearest)
                if self._recorder is not None:
                    self._note(ear, [(begun + n * step, windows[n], shares[k], -1.0 if strange is None else float(strange[k]))
                                     for k, n in enumerate(part) if (begun + n * step) % size < step])  # fmt: skip
                newest = shares[-1]
                log.add(made)
                yield News(newest, tuple(made), until, nearest)
        if newest is not None:
            made = settling.rest(until, counted.samples / ear.rate)
            log.add(made)
            yield News(newest, tuple(made), counted.samples / ear.rate, nearest)

    def _note(self, ear: Ear, heard: Sequence[tuple[int, Floats, Floats, float]]) -> None:
        """Keep what was heard in windows that do not overlap: (first sample, the window, its shares, how strange it is)."""
        assert self._recorder is not None
        samples, said = [], []
        for begins, window, shares, strange in heard:
            order = [int(p) for p in shares.argsort(kind="stable")[::-1]]
            top = tuple(Score(ear.labels[p], float(shares[p]), p) for p in order)
            said.append(Scores(top, several=ear.several, strangeness=strange))
            samples.append(Sample("sound", f"at {clock(begins / ear.rate)}", data=_wav(window, ear.rate)))
        self._recorder.note(samples, said)


def _wav(window: Floats, rate: int) -> bytes:
    """Mono sound in -1..1 as a file of 16 bits."""
    import numpy as np
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, (window * 32767).clip(-32768, 32767).astype(np.int16), rate, format="WAV")
    return stream.getvalue()


class _Counted:
    """Blocks of sound, and how many samples there were."""

    def __init__(self, blocks: Iterator[Floats]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[Floats]:
        for block in self._blocks:
            self.samples += len(block)
            yield block


class _Settling:
    """From windows that overlap to moments one after the other: each moment is the mean of the windows it lies in.

    Args:
        across: in how many windows a moment lies. step: seconds of a moment.
    """

    def __init__(self, across: int, step: float) -> None:
        self._across, self._step = across, step
        self._last: deque[tuple[int, Floats, float]] = deque(maxlen=across)
        self._windows = self._moments = 0

    def add(self, shares: Floats, until: float, strangeness: float = -1.0) -> list[Heard]:
        """The next window, which ends at `until`. Window w reaches the moments from w on: moment w is settled with it."""
        self._last.append((self._windows, shares, strangeness))
        self._windows += 1
        return [self._moment(until)]

    def rest(self, until: float, end: float) -> list[Heard]:
        """There are no more windows: the moments of the last one, which ended at `until`. What is left to the end, less than
        a step, belongs to the last moment."""
        made = []
        while self._moments * self._step < until - 1e-6:
            made.append(self._moment(until))
        if made:
            made[-1] = replace(made[-1], ends=max(made[-1].ends, end))
        return made

    def _moment(self, until: float) -> Heard:
        import numpy as np

        begins = self._moments * self._step
        inside = [(shares, far) for window, shares, far in self._last if window > self._moments - self._across]
        self._moments += 1
        mean: Floats = np.mean(np.stack([shares for shares, _ in inside]), 0).astype(np.float32)
        far = float(np.mean([v for _, v in inside]))
        return Heard(begins, min(until, begins + self._step), mean, far)


def _batches(sound: Iterator[Floats], size: int, step: int) -> Iterator[tuple[list[Floats], int]]:
    """Windows of `size` samples, one every `step`, as many as there are each time, with the place of the first one's first
    sample. A sound shorter than a window is one shorter window."""
    import numpy as np

    held = np.zeros(0, np.float32)
    begun = 0  # of `held`
    for block in sound:
        held = np.concatenate([held, block.astype(np.float32, copy=False)])
        ready = (len(held) - size) // step + 1 if len(held) >= size else 0
        if ready:
            yield [held[n * step : n * step + size] for n in range(ready)], begun
            held = held[ready * step :]
            begun += ready * step
    if not begun and len(held):
        yield [held], 0


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of 0 … count - 1, the last among them."""
    if count <= most:
        return list(range(count))
    return [round((n + 1) * count / most) - 1 for n in range(most)]
