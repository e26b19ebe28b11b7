"""What past trainings on this computer took against what was expected, so that the next estimate is better.

A line of JSON per training that came to its end. The correction of an estimate is the median of the last few ratios (measured
by uncorrected estimate) of trainings like it: the same task, way and model; else the same task and way; else the same way.
The median, because a training now and then meets a busy computer. How far those ratios lie apart (their median absolute
deviation, Rousseeuw & Croux 1993) gives the interval.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.engine.events import RunConfig
from workbench.trust.cost.records import CostRecord

log = logging.getLogger(__name__)

_FILE = "trainings.jsonl"
_LAST = 5
_MAX_BYTES = 1_000_000
# Nothing is corrected further than this: a ratio beyond it comes from something else.
_MOST = 50.0
# Half-widths of the interval as factors: nothing known; the speed measured; only others of its kind known.
GUESSED, MEASURED, KIND = 3.0, 2.2, 2.2
# The narrowest after one, two … trainings like it: few of them may agree by chance, and one may stop early where the next does not.
NARROWEST = (2.0, 1.8, 1.6, 1.4, 1.3)
# 95 % of a normal distribution lie within so many median absolute deviations.
_WIDE = 1.4826 * 1.96


@dataclass(frozen=True)
class Past:
    """One training: what it was, and measured by uncorrected estimate for seconds, memory and watts."""

    task: str
    how: str
    model: str
    device: str
    seconds: float
    memory: float
    watts: float


@dataclass(frozen=True)
class Correction:
    """Factors for an uncorrected estimate.

    Attributes:
        seconds, memory, watts: multiply by these.
        seconds_spread, memory_spread: the interval is the corrected value divided and multiplied by these.
        runs: trainings of the same task, way and model that it rests on; 0 when it only rests on others, or on none.
    """

    seconds: float = 1.0
    memory: float = 1.0
    watts: float = 1.0
    seconds_spread: float = MEASURED
    memory_spread: float = MEASURED
    runs: int = 0


def correction(
    task: str, how: str, model: str, device: str, measured: bool, paths: AppPaths | None = None
) -> Correction:
    """What past trainings on this device teach about one like this. `measured`: the model's speed was."""
    found = [p for p in _load(paths) if p.device == device]
    levels: tuple[Callable[[Past], bool], ...] = (
        lambda p: (p.task, p.how, p.model) == (task, how, model),
        lambda p: (p.task, p.how) == (task, how),
        lambda p: p.how == how,
    )
    for place, same in enumerate(levels):
        alike = [p for p in found if same(p)][-_LAST:]
        if alike:
            exact = place == 0
            return Correction(
                median(p.seconds for p in alike),
                median(p.memory for p in alike),
                median(p.watts for p in alike),
                _spread([p.seconds for p in alike], exact),
                _spread([p.memory for p in alike], exact),
                len(alike) if exact else 0,
            )
    return Correction(seconds_spread=MEASURED if measured else GUESSED)


def _spread(ratios: Sequence[float], exact: bool) -> float:
    """The half-width of the interval as a factor."""
    if not exact:
        return KIND
    logs = [math.log(r) for r in ratios]
    middle = median(logs)
    off = median(abs(value - middle) for value in logs)
    return min(KIND, max(NARROWEST[len(ratios) - 1], math.exp(_WIDE * off)))


def learn(config: RunConfig, record: CostRecord, paths: AppPaths | None = None) -> None:
    """Keep what a training took that came to its own end. A disk that is full only means nothing is learnt."""
    took, told = record.measured, record.estimate
    if took is None or told is None or not record.ended:
        return
    pairs = (
        (took.seconds, told.raw_seconds),
        (float(took.memory_on(told.device)), float(told.raw_memory)),
        (took.watts, told.raw_watts),
    )
    if min(value for pair in pairs for value in pair) <= 0:
        return
    ratios = [min(_MOST, max(1 / _MOST, real / raw)) for real, raw in pairs]
    entry = Past(config.task, config.how.value, config.model, told.device, *ratios)
    file = _file(paths)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file() and file.stat().st_size > _MAX_BYTES:
            _shorten(file)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(entry)) + "\n")
    except OSError as error:
        log.warning("what a training took is not kept: %s", error)


def _shorten(file: Path) -> None:
    """Keep the newer half."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    atomic.write_text(file, "".join(lines[len(lines) // 2 :]), shared=True, lasting=False)


def _load(paths: AppPaths | None) -> list[Past]:
    """All entries that can be read, oldest first."""
    try:
        with _file(paths).open(encoding="utf-8", errors="replace") as stream:
            lines = stream.read(4 * _MAX_BYTES).splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(_entry(json.loads(line)))
        except (ValueError, TypeError, KeyError):
            continue  # cut off while it was written
    return found


def _entry(data: dict[str, Any]) -> Past:
    task, how, model, device = (str(data[name]) for name in ("task", "how", "model", "device"))
    seconds, memory, watts = (float(data[name]) for name in ("seconds", "memory", "watts"))
    entry = Past(task, how, model, device, seconds, memory, watts)
    if not all(1 / _MOST <= r <= _MOST for r in (entry.seconds, entry.memory, entry.watts)):
        raise ValueError("not a ratio")
    return entry


def _file(paths: AppPaths | None) -> Path:
    return (paths or app_paths()).cache / _FILE
