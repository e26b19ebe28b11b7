"""What a model said of a video, in order of time: as a table, and as events (what was there from when to when)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from workbench.data.exporters.tables import write_csv, write_json
from workbench.data.labels import COLOURS
from workbench.data.video import clock
from workbench.engine.video import Looked
from workbench.tasks.predictions import Boxes, Mask, Prediction, Scores

COLUMNS = ("time", "clock", "frame", "label", "score", "x0", "y0", "x1", "y1", "area")
EVENT_COLUMNS = ("label", "begins", "ends", "seconds", "looks", "best")
# An area smaller than this share of the picture is no event: single points flicker.
_SMALLEST_AREA = 0.01
# Two looks further apart than so many usual steps have a hole between them.
_HOLE = 2.5


@dataclass(frozen=True)
class Said:
    """One thing that was said of a picture.

    Attributes:
        score: 0..1; None for areas, which have none.
        box: x0, y0, x1, y1 in pixels of the video.
        area: share of the picture in 0..1; None for scores.
        place: of the label among the model's classes when its colour hangs on that, else -1.
    """

    label: str
    score: float | None
    box: tuple[float, float, float, float] | None = None
    area: float | None = None
    place: int = -1


@dataclass(frozen=True)
class Event:
    """Something that was there from `begins` to `ends` (seconds), in `looks` looks; `best`: its highest score or area."""

    label: str
    begins: float
    ends: float
    looks: int
    best: float


class Colours:
    """Gives every label a colour, in order of appearance; the same one as long as this lives."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def of(self, label: str, place: int = -1) -> str:
        """ "#rrggbb". `place`: among the model's classes, when the colour hangs on that."""
        number = self._places.setdefault(label, len(self._places)) if place < 0 else place
        return COLOURS[number % len(COLOURS)]


def said(prediction: Prediction, threshold: float | None = None, top: int = 1) -> list[Said]:
    """What a prediction says, the most certain (or largest) first.

    Args:
        threshold: score below which nothing counts; None: the prediction's own for boxes and where several classes can be
            true, none for scores.
        top: how many of the scores, where one class is true.
    """
    if isinstance(prediction, Scores) and prediction.several:
        counting = prediction.chosen if threshold is None else [s for s in prediction.top if s.value >= threshold]
        return [Said(s.name, s.value) for s in sorted(counting, key=lambda s: -s.value)]
    if isinstance(prediction, Scores):
        if prediction.unsure and threshold is None:
            return []
        return [Said(s.name, s.value) for s in prediction.top[:top] if s.value >= (threshold or 0.0)]
    if isinstance(prediction, Boxes):
        whole = max(1, prediction.width * prediction.height)
        found = [
            Said(b.label, b.score, (b.x0, b.y0, b.x1, b.y1), (b.x1 - b.x0) * (b.y1 - b.y0) / whole)
            for b in prediction.above(threshold)
        ]
        return found if prediction.reading else sorted(found, key=lambda s: -(s.score or 0))
    if isinstance(prediction, Mask):
        return [Said(name, None, None, share, place) for place, name, share in prediction.present()]
    return []


def main_label(prediction: Prediction, threshold: float | None = None) -> Said | None:
    """What a strip of one colour stands for: the best answer, the most certain thing, the largest area."""
    found = said(prediction, threshold)
    return found[0] if found else None


def rows(looks: Iterable[Looked], threshold: float | None = None, top: int = 1) -> list[dict[str, Any]]:
    """The table. A look that found nothing has a row of its own with an empty label."""
    table: list[dict[str, Any]] = []
    for look in looks:
        moment = {"time": round(look.time, 3), "clock": clock(look.time), "frame": look.index + 1}
        found = said(look.prediction, threshold, top)
        for thing in found:
            row = moment | {"label": thing.label}
            if thing.score is not None:
                row["score"] = round(thing.score, 6)
            if thing.box is not None:
                row |= {name: round(v, 2) for name, v in zip(("x0", "y0", "x1", "y1"), thing.box, strict=True)}
            if thing.area is not None:
                row["area"] = round(thing.area, 6)
            table.append(row)
        if not found:
            table.append(moment | {"label": ""})
    return table


def spans(times: Sequence[float], end: float) -> list[float]:
    """Until when each look counts: until the next one, or for a usual step where none follows soon.

    Args:
        times: growing seconds.
        end: of the video; 0 when it is not known.
    """
    steps = [b - a for a, b in pairwise(times)]
    usual = median(steps) if steps else 1.0
    last = times[-1] + usual if times else 0.0
    # To the end where that is near. A single look at a whole video says something of that moment, not of an hour.
    if times and times[-1] < end <= times[-1] + usual * 1.5:
        last = end
    return [a + (step if step <= usual * _HOLE else usual) for a, step in zip(times, steps, strict=False)] + (
        [last] if times else []
    )


def events(looks: Sequence[Looked], end: float = 0.0, threshold: float | None = None) -> list[Event]:
    """Same labels of looks in a row, merged, in order of their beginning.

    Something found but for one look counts as there all the while: detectors blink. The best of several classes does
    not bridge: another class had that moment.
    """
    until = spans([look.time for look in looks], end)
    open_now: dict[str, tuple[float, int, int, float]] = {}  # begins, place of the last look, looks, best
    done: list[Event] = []

    def close(label: str) -> None:
        begins, last, count, best = open_now.pop(label)
        done.append(Event(label, begins, until[last], count, best))

    for place, look in enumerate(looks):
        hole = place > 0 and until[place - 1] < look.time - 1e-6
        bridge = 0 if isinstance(look.prediction, Scores) and not look.prediction.several else 1
        found: dict[str, float] = {}
        for thing in said(look.prediction, threshold):
            value = thing.score if thing.score is not None else thing.area or 0.0
            if thing.score is not None or value >= _SMALLEST_AREA:
                found[thing.label] = max(value, found.get(thing.label, 0.0))
        for label in [
            n for n, (_, last, _, _) in open_now.items() if hole or (n not in found and place - last > bridge)
        ]:
            close(label)
        for label, value in found.items():
            begins, _, count, best = open_now.get(label, (look.time, place, 0, 0.0))
            open_now[label] = (begins, place, count + 1, max(best, value))
    for label in list(open_now):
        close(label)
    return sorted(done, key=lambda e: (e.begins, e.label))


def write_timeline(
    path: Path, looks: Sequence[Looked], end: float = 0.0, threshold: float | None = None, top: int = 1
) -> list[Path]:
    """Write atomically: a CSV and beside it the events as a second one, or both in one JSON.

    Returns:
        The files written.

    Raises:
        UserError: when one cannot be written.
    """
    return write_tables(path, rows(looks, threshold, top), events(looks, end, threshold))


def event_rows(found: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as rows of `EVENT_COLUMNS`."""
    return [
        {
            "label": e.label, "begins": round(e.begins, 3), "ends": round(e.ends, 3), "seconds": round(e.ends - e.begins, 3),
            "looks": e.looks, "best": round(e.best, 6),
        }
        for e in found
    ]  # fmt: skip


def write_tables(
    path: Path, table: Sequence[Mapping[str, Any]], found: Iterable[Event], columns: Sequence[str] = COLUMNS
) -> list[Path]:
    """As `write_timeline`, of what was put together before."""
    merged = event_rows(found)
    if path.suffix.lower() == ".json":
        write_json(path, {"looks": list(table), "events": merged})
        return [path]
    beside = path.with_name(f"{path.stem} events{path.suffix}")
    write_csv(path, table, columns)
    write_csv(beside, merged, EVENT_COLUMNS)
    return [path, beside]
