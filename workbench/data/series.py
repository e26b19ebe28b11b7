"""A series: numbers evenly spaced in time. A project keeps each in a small file of its own, a number a line.

A first line says when it begins and how long a step is, so that a million numbers need no million dates. A missing number is
an empty line.
"""

from __future__ import annotations

import calendar
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.errors import UserError
from workbench.runtimes.rule import filled

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

SUFFIX = ".series"
# Fewer known numbers cannot be learnt from and judged on.
FEWEST = 16
MOST = 2_000_000
_MOST_BYTES = 60_000_000
HEAD = "# series 1;"
_HEAD = re.compile(r"# series 1; from ([0-9T:-]*|-); step (\d+) (second|day|workday|month|none)")
_LARGEST = 1e30

# Times may lie beside even ones by this share of a step (a clock that is read by hand, a sensor that is late).
_BESIDE = 0.25
# Steps of clocks, in seconds.
_EVEN = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 43200)


class UnevenError(UserError):
    """Times stand against it: they come twice, or are not evenly spaced."""


Unit = Literal["second", "day", "workday", "month", "none"]
_NAMES: dict[tuple[str, int], str] = {
    ("second", 1): "second", ("second", 60): "minute", ("second", 3600): "hour", ("day", 1): "day", ("day", 7): "week",
    ("workday", 1): "working day", ("month", 1): "month", ("month", 3): "quarter", ("month", 12): "year",
    ("none", 1): "step",
}  # fmt: skip
_LONGER = ((("second", 3600), "hours"), (("second", 60), "minutes"), (("month", 12), "years"), (("day", 7), "weeks"))


@dataclass(frozen=True)
class Step:
    """From one number to the next: so many seconds, days, working days (Monday to Friday) or months; "none": no dates."""

    unit: Unit = "none"
    count: int = 1

    @property
    def words(self) -> str:
        """ "month", "15 minutes"."""
        known = _NAMES.get((self.unit, self.count))
        if known:
            return known
        for (unit, count), name in _LONGER:
            if unit == self.unit and self.count % count == 0:
                return f"{self.count // count} {name}"
        return f"{self.count} {_NAMES[(self.unit, 1)]}s"

    @property
    def apart(self) -> str:
        """ "one month", "15 minutes"."""
        return self.words if self.words[0].isdigit() else f"one {self.words}"

    @property
    def many(self) -> str:
        """ "months", "times 15 minutes"."""
        return f"times {self.words}" if self.words[0].isdigit() else f"{self.words}s"


@dataclass(frozen=True)
class Series:
    """`values` float64 [T], NaN where one is missing; `start` is the first one's time, None where there are no dates."""

    values: Numbers
    start: datetime | None = None
    step: Step = Step()

    def __len__(self) -> int:
        return len(self.values)

    def when(self, place: int) -> datetime | None:
        """The time of a number, also of one that is still to come."""
        if self.start is None:
            return None
        unit, count = self.step.unit, self.step.count * place
        try:
            if unit == "second":
                return self.start + timedelta(seconds=count)
            if unit == "day":
                return self.start + timedelta(days=count)
            if unit == "workday":
                weeks, days = divmod(self.start.weekday() + count, 5)
                return self.start + timedelta(days=weeks * 7 + days - self.start.weekday())
            month = self.start.year * 12 + self.start.month - 1 + count
            year, month = month // 12, month % 12 + 1
            days = calendar.monthrange(year, month)[1]
            last = self.start.day == calendar.monthrange(self.start.year, self.start.month)[1]
            return self.start.replace(year=year, month=month, day=days if last else min(self.start.day, days))
        except (OverflowError, ValueError, IndexError):  # beyond the year 9999
            return None

    def label(self, place: int) -> str:
        """The time of a number in words a spreadsheet reads: "2024-03", "2024-03-05 14:00"; its number without dates."""
        when = self.when(place)
        if when is None:
            return str(place + 1)
        if self.step.unit == "month":
            return f"{when:%Y}" if self.step.count % 12 == 0 else f"{when:%Y-%m}"
        if self.step.unit == "second":
            return f"{when:%Y-%m-%d %H:%M:%S}" if self.step.count % 60 else f"{when:%Y-%m-%d %H:%M}"
        return f"{when:%Y-%m-%d}"

    def labels(self, first: int, count: int) -> tuple[str, ...]:
        return tuple(self.label(first + i) for i in range(count))

    @property
    def missing(self) -> int:
        import numpy as np

        return int(np.isnan(self.values).sum())


def to_text(series: Series) -> str:
    """What the series' file holds."""
    start = series.start.isoformat() if series.start is not None else "-"
    lines = ["" if v != v else repr(float(v)) for v in series.values]
    return f"# series 1; from {start}; step {series.step.count} {series.step.unit}\n" + "\n".join(lines) + "\n"


def from_text(text: str) -> Series:
    """What `to_text` made. Raises: UserError when it is damaged."""
    import numpy as np

    head, _, body = text.partition("\n")
    found = _HEAD.fullmatch(head.strip())
    if found is None:
        raise UserError("This is no series of numbers that this app has written.", "Import the table again.")
    if body.count("\n") > MOST:
        raise UserError("This series has more than two million numbers.", "Give the newest ones.")
    lines = body.split("\n")[:-1] if body.endswith("\n") else body.split("\n")
    try:
        values = np.array([float(v) if v else math.nan for v in lines], np.float64)
        start = datetime.fromisoformat(found[1]) if found[1] not in ("", "-") else None
    except ValueError as error:
        raise UserError("The file of this series is damaged.", "Import the table again.") from error
    if not np.all(np.isnan(values) | (np.abs(values) <= _LARGEST)):
        raise UserError("The file of this series is damaged.", "Import the table again.")
    unit: Unit = found[3]  # type: ignore[assignment]
    return Series(values, start, Step(unit, max(1, int(found[2]))))


def read_series(path: Path) -> Series:
    """A series' file. Raises: UserError when it is missing, damaged or too large."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError("This series has more than two million numbers.", "Give the newest ones.")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("The file of this series cannot be read.", "Put it back, or import the table again.") from error
    return from_text(text)


def check(series: Series) -> None:
    """Raises: UserError that says why nothing can be learnt from this series."""
    import numpy as np

    known = series.values[~np.isnan(series.values)]
    if len(known) < FEWEST:
        raise UserError(f"It has only {len(known)} numbers; at least {FEWEST} are needed.", "Add older ones.")
    if len(series) > MOST:
        raise UserError("It has more than two million numbers.", "Give the newest ones.")
    if float(np.ptp(known)) == 0.0:
        raise UserError("It is always the same number, so there is nothing to foresee.", "Leave it out.")
    if len(known) < len(series) / 2:
        raise UserError(
            f"Of {len(series):,} {series.step.many} only {len(known):,} have a number.",
            "Fill the gaps, or bring the numbers to longer steps (days to months).",
        )


# From dates to even steps -----------------------------------------------------------------------------------------------


def even_steps(times: Sequence[datetime]) -> tuple[Step, list[int]]:
    """The step between times (sorted, all different, at least 3), and the place of each on the even grid from the first.

    Raises:
        UnevenError: when they are not evenly spaced, even with gaps and a little beside. UserError: when they are too many.
    """
    first = times[0]
    by_day = all((t.hour, t.minute, t.second) == (first.hour, first.minute, first.second) for t in times)
    days = [t.toordinal() for t in times]
    gaps = [b - a for a, b in pairwise(days)]
    if by_day and sorted(gaps)[len(gaps) // 2] >= 26:
        months = [t.year * 12 + t.month for t in times]
        if len(set(months)) == len(months) and _one_day_of_month(times):
            return _counted("month", months)
    if by_day:
        if max(t.weekday() for t in times) < 5 and min(gaps) == 1 and len(times) > 5:
            return Step("workday"), [_workdays(days[0], d) for d in days]
        return _counted("day", days)
    if len(set(days)) == len(days) and sorted(gaps)[len(gaps) // 2] >= 1:
        return even_steps(
            [datetime(t.year, t.month, t.day) for t in times]
        )  # read once a day, now a little earlier, now later
    return _counted("second", [round((t - first).total_seconds()) for t in times])


def _one_day_of_month(times: Sequence[datetime]) -> bool:
    """They are of one day of the month, nearly (first working days), or of its end."""
    days = [t.day for t in times]
    return max(days) - min(days) <= 3 or all(calendar.monthrange(t.year, t.month)[1] - t.day <= 3 for t in times)


def _workdays(first: int, day: int) -> int:
    """Working days from one day (as ordinals, both Monday to Friday) to another."""
    start, end = (first - 1) % 7, (day - 1) % 7
    return ((day - end) - (first - start)) // 7 * 5 + end - start


def _counted(unit: Unit, numbers: Sequence[int]) -> tuple[Step, list[int]]:
    gaps = [b - a for a, b in pairwise(numbers)]
    usual = Counter(gaps).most_common(1)[0][0]
    step = Step(unit, usual)
    odd = sum(gap % usual != 0 for gap in gaps)
    places = [(n - numbers[0]) // usual for n in numbers]
    if odd:
        middle = sorted(gaps)[len(gaps) // 2]
        near = {usual, min(_EVEN, key=lambda even: abs(even - middle))} if unit == "second" else set()
        found = {even: there for even in sorted(near) if (there := _nearest(numbers, even))}
        if found:
            step = Step(unit, max(found))
            places = found[step.count]
        else:
            raise UnevenError(
                f"Its times are not evenly spaced: most are {step.apart} apart, but {odd:,} are not.",
                "Take the sum or the mean of each hour, day, week or month.",
            )
    if places[-1] >= MOST:
        raise UserError("From its first to its last time there are more than two million steps.", "Use longer steps.")
    return step, places


def _nearest(numbers: Sequence[int], usual: int) -> list[int]:
    """The nearest place on an even grid of each, where all lie near one and no two at the same; else nothing."""
    places = [round((n - numbers[0]) / usual) for n in numbers]
    # The first may lie beside itself: the grid goes through the middle of all.
    off = sorted(n - numbers[0] - place * usual for n, place in zip(numbers, places, strict=True))
    middle = off[len(off) // 2]
    near = all(abs(o - middle) <= _BESIDE * usual for o in off)
    return places if near and len(set(places)) == len(places) else []


# Season -----------------------------------------------------------------------------------------------------------------

_USUAL: dict[tuple[str, int], tuple[int, ...]] = {
    ("month", 1): (12,), ("month", 3): (4,), ("day", 1): (7, 365), ("day", 7): (52,), ("workday", 1): (5,),
    ("second", 3600): (24, 168), ("second", 1800): (48,), ("second", 900): (96,), ("second", 600): (144,),
    ("second", 300): (288,), ("second", 60): (60, 1440),
}  # fmt: skip
_MOST_LAG = 400


def seasons(step: Step) -> tuple[int, ...]:
    """After how many steps such a series usually comes round again (a year of months: 12)."""
    return _USUAL.get((step.unit, step.count), ())


def guess_season(series: Series) -> int:
    """After how many steps it comes round again; 1 when it does not.

    What is usual for such steps is taken when the autocorrelation of the series without its trend confirms it; without
    dates, or of steps without a usual season, the highest peak of the autocorrelation counts when it is clearly above what
    chance gives (beyond twice Bartlett's 1.96 / sqrt(T)).
    """
    import numpy as np

    values = filled(series.values)[-20_000:]
    count = len(values)
    times = np.arange(count)
    slope, base = np.polyfit(times, values, 1)
    rest = values - slope * times - base
    power = float(rest @ rest)
    if count < 8 or power <= 0:
        return 1

    def alike(lag: int) -> float:
        return float(rest[lag:] @ rest[:-lag]) / power

    limit = 1.96 / math.sqrt(count)
    usual = [s for s in seasons(series.step) if count >= 2 * s + 4]
    # A trend that bends is alike at every lag: a season stands out from half a season before.
    good = [s for s in usual if alike(s) > limit and alike(s) > alike(max(1, s // 2))]
    if good:
        return max(good, key=alike)
    if usual:
        return 1
    lags = range(3, min(count // 3, _MOST_LAG))
    found = [alike(lag) for lag in range(2, min(count // 3, _MOST_LAG) + 1)]
    peaks = [g for g in lags if found[g - 2] > 2 * limit and found[g - 3] < found[g - 2] >= found[g - 1]]
    return max(peaks, key=alike) if peaks else 1
