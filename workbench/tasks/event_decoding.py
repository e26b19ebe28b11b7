"""From how likely a sound is at each moment to sounds with a beginning and an end: a median filter, a threshold, gaps closed and
short ones dropped, each chosen for each class on validation recordings (the usual way of sound event detection; Mesaros et al.
2021, "Sound Event Detection: A Tutorial", IEEE Signal Processing Magazine 38(5))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.tasks.event_matching import Span, f1, matched
from workbench.tasks.predictions import Event

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_MEDIANS = (1, 3, 5)
_GAPS, _SHORTEST = (0, 1, 2, 4), (1, 2, 3)


@dataclass(frozen=True)
class Limits:
    """How one class's likelihoods become sounds.

    Attributes:
        threshold: from which on it is heard, 0..1.
        median: width of the median filter in frames, odd.
        gap: pauses of up to so many frames within a sound are closed.
        shortest: sounds of fewer frames are dropped.
    """

    threshold: float = 0.5
    median: int = 3
    gap: int = 1
    shortest: int = 1

    def numbers(self) -> tuple[float, float, float, float]:
        return self.threshold, float(self.median), float(self.gap), float(self.shortest)

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Limits:
        threshold, median, gap, shortest = numbers
        return cls(float(threshold), max(1, int(median) | 1), max(0, int(gap)), max(1, int(shortest)))


@dataclass(frozen=True)
class Tuning:
    """What is kept with a model: the length of a window and of a step in seconds, and the limits of each class."""

    window: float
    hop: float
    limits: tuple[Limits, ...]

    def to_options(self) -> dict[str, Any]:
        """For a card."""
        return {"window": self.window, "hop": self.hop, "limits": [list(one.numbers()) for one in self.limits]}

    @classmethod
    def from_options(cls, options: Mapping[str, Any], classes: int) -> Tuning | None:
        """What a card says; None when it says nothing usable."""
        try:
            limits = tuple(Limits.of([float(v) for v in one]) for one in options["limits"])
            made = cls(float(options["window"]), float(options["hop"]), limits)
        except (KeyError, TypeError, ValueError):
            return None
        return made if len(limits) == classes and 0.05 <= made.hop <= made.window <= 60 else None


def spans_of(likely: Floats, limits: Limits) -> list[tuple[int, int]]:
    """(first, one past the last) frame of each sound of one class; `likely` float32 [T] in 0..1."""
    return _spans(smoothed(likely, limits.median), limits)


def smoothed(likely: Floats, width: int) -> Floats:
    """A median filter; the ends count as silence."""
    from scipy.ndimage import median_filter

    if width <= 1 or not len(likely):
        return likely
    found: Floats = median_filter(likely, size=width, mode="constant", cval=0.0)
    return found


def _spans(smooth: Floats, limits: Limits) -> list[tuple[int, int]]:
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[0], (smooth >= limits.threshold).astype(np.int8), [0]])))
    found: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and first - found[-1][1] <= limits.gap:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return [span for span in found if span[1] - span[0] >= limits.shortest]


def decoded(likely: Floats, classes: Sequence[str], tuning: Tuning, seconds: float) -> tuple[Event, ...]:
    """All sounds of a recording, in order of their beginning.

    Args:
        likely: float32 [T, C] in 0..1, a row for each step.
        seconds: length of the recording; nothing is heard beyond it.
    """
    found: list[Event] = []
    for place, (name, limits) in enumerate(zip(classes, tuning.limits, strict=True)):
        column = likely[:, place]
        for first, last in spans_of(column, limits):
            begins, ends = first * tuning.hop, min(seconds, last * tuning.hop)
            if ends > begins:
                found.append(Event(round(begins, 4), round(ends, 4), name, float(column[first:last].mean())))
    return tuple(sorted(found, key=lambda e: (e.begins, e.ends, e.label)))


def chosen(tuning: Tuning, recordings: Sequence[tuple[Floats, Sequence[Sequence[Span]], float]]) -> Tuning:
    """The limits that serve recordings with known sounds best, class by class: the mean of the F1 of whole sounds and of
    single frames. A class that is heard in none of them keeps the middle.

    Args:
        recordings: of each the likelihoods float32 [T, C], the true (begins, ends) of each class, and the length in seconds.
    """
    limits = []
    for place in range(len(tuning.limits)):
        given = [(likely[:, place], truth[place], seconds) for likely, truth, seconds in recordings]
        limits.append(_limits(given, tuning.hop) if any(truth for _, truth, _ in given) else Limits())
    return replace(tuning, limits=tuple(limits))


def _limits(given: Sequence[tuple[Floats, Sequence[Span], float]], hop: float) -> Limits:
    """The threshold with the filter first, then what is closed and dropped. Of equals the one nearest to the middle."""
    marks = [_frames(truth, len(column), hop) for column, truth, _ in given]
    smooth = {width: [smoothed(column, width) for column, _, _ in given] for width in _MEDIANS}

    def worth(limits: Limits) -> float:
        events, frames = [0, 0, 0], [0, 0, 0]
        for (_, truth, seconds), mark, column in zip(given, marks, smooth[limits.median], strict=True):
            spans = _spans(column, limits)
            said = [(first * hop, min(seconds, last * hop)) for first, last in spans]
            right = len(matched(truth, said))
            _add(events, right, len(said), len(truth))
            active = _frames(said, len(column), hop)
            _add(frames, int((active & mark).sum()), int(active.sum()), int(mark.sum()))
        return (f1(*events) + f1(*frames)) / 2

    first = [Limits(threshold, width) for threshold in _THRESHOLDS for width in _MEDIANS]
    best = max(first, key=lambda one: (round(worth(one), 6), -abs(one.threshold - 0.5), -abs(one.median - 3)))
    second = [replace(best, gap=gap, shortest=shortest) for gap in _GAPS for shortest in _SHORTEST]
    return max(second, key=lambda one: (round(worth(one), 6), -abs(one.gap - 1), -one.shortest))


def _add(counts: list[int], right: int, said: int, true: int) -> None:
    counts[0] += right
    counts[1] += said - right
    counts[2] += true - right


def _frames(spans: Sequence[Span], count: int, hop: float) -> npt.NDArray[np.bool_]:
    """In which frames something is heard: those whose middle lies in it."""
    import numpy as np

    active = np.zeros(count, np.bool_)
    for begins, ends in spans:
        active[max(0, round(begins / hop)) : max(0, round(ends / hop))] = True
    return active
