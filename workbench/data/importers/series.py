"""Tables of numbers over time, to series: one column for each (wide), columns that say which series a row is of (long), or a row for
each with the times side by side (across).

A date may stand in one column, or as year beside quarter or month. What is odd about a series is said beside it; the others
come in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.dates import Dates, Order, read_dates
from workbench.data.importers.base import ImportPlan, Question
from workbench.data.importers.table_heads import unique_names
from workbench.data.numbers import decimal_of
from workbench.data.series import Series, Step, UnevenError, check, even_steps, guess_season, to_text
from workbench.data.shapes import Whole
from workbench.data.types import NewItem
from workbench.errors import Problem, UserError

MARKS = "season"
_NOTHING = frozenset(("", "na", "n/a", "nan", "null", "none", "-", "--", ".", "..", "?", "#n/a", "missing"))
_YEARS = re.compile(r"^(year|yr|jahr|année|annee|año|date|datum|time|period)$", re.I)
_PARTS = {
    "quarter": re.compile(r"^(quarter|qtr|q|quartal)$", re.I),
    "month": re.compile(r"^(month|monat|mois|mes)$", re.I),
}
_GROUPED = re.compile(r"[-+]?\d{1,3}([ \u00a0\u202f.,'])\d{3}(?:\1\d{3})*([.,]\d+)?")
_POINT, _COMMA = re.compile(r"[-+]?\d*\.\d+"), re.compile(r"[-+]?\d*,\d+")
_SURE, _MOST_WORDS = 0.9, 0.05
_MOST_SERIES = 20_000
# So many columns of words may tell series apart together.
_MOST_KEYS = 4
_HEEDED = 5000
# So many series are shown before they come in.
_SHOWN = 8
# A day with a smaller share of the usual count of numbers is not whole.
_WHOLE = 0.8
Rows = Sequence[Sequence[str]]
_AS_THEY_ARE = "as they are"
_EACH = Question(
    "each", "How shall numbers be brought to even times?",
    (
        (_AS_THEY_ARE, "as they are"),
        *((f"{how} {unit}", f"the {how} of each {unit}") for unit in ("hour", "day", "week", "month") for how in ("sum", "mean")),
    ), _AS_THEY_ARE,
)  # fmt: skip
_DATES = Question(
    "dates", "Dates like 03/04/2024 can be read in two ways. Which comes first?",
    (("day", "the day (3 April)"), ("month", "the month (March 4)")), "day",
)  # fmt: skip


def number_of(cell: str, comma: bool = False) -> float | None:
    """A cell as a number; NaN where it says that there is none, None where it holds something else.

    Args:
        comma: a comma stands before the decimals ("1.234,5").
    """
    if not comma:
        try:  # most cells are plain
            value = float(cell)
        except ValueError:
            pass
        else:
            return value if abs(value) < 1e30 else None if math.isinf(value) or value == value else math.nan
    words = cell.strip().strip("€$£%").strip()
    if words.lower() in _NOTHING:
        return math.nan
    if comma:
        words = words.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(words) or "," in words:
        words = re.sub(r"(?<=\d)[,\u00a0\u202f' ](?=\d{3})", "", words)
    words = re.sub(r"[\u00a0\u202f ](?=\d{3})", "", words).replace("\u2212", "-")
    try:
        value = float(words)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e30 else None


def decimal_comma(cells: Sequence[str]) -> bool:
    """Whether a comma stands before the decimals in these cells."""
    commas = [c for c in (c.strip() for c in cells) if "," in c]
    if not commas:  # "75.000 €"
        return any("€" in c for c in cells) and decimal_of(cells) == ","
    if any(c.rfind(".") > c.rfind(",") for c in commas):
        return False
    # "1,234" could be grouped; what has another number of digits, or a point before, is not.
    sure = any("." in c or len(c.rstrip("%€ ").split(",")[-1]) != 3 for c in commas)
    others = any(_POINT.fullmatch(c.strip()) for c in cells)
    return sure and not others


@dataclass(frozen=True)
class Layout:
    """Where what stands in a table of series.

    Attributes:
        head: the first row holds names.
        dates: place of the column with dates; -1: there are none.
        part: place of the column with the quarter or month beside a column of years; -1: there is none. `months`: how many
            months one of it has.
        series: places of the columns that say together which series a row is of; none: every column of numbers is one.
        values: places of the columns with numbers.
        across: times stand in the first row, and every other row is a series; the other places are those once it is turned.
    """

    head: bool
    dates: int
    values: tuple[int, ...]
    series: tuple[int, ...] = ()
    part: int = -1
    months: int = 0
    across: bool = False


def layout_of(rows: Rows) -> Layout | None:
    """How the first rows of a table lie; None when it is no table of series: it has no column of dates that goes on (but for
    a single column of numbers), or columns that are neither numbers nor tell series apart."""
    rows = [r for r in rows if any(c.strip() for c in r)]
    if rows and _across(rows):
        return Layout(True, 0, tuple(range(1, len(rows))), across=True)
    if len(rows) < 6:
        return None
    width = max(len(r) for r in rows)

    def column(place: int, first: int) -> list[str]:
        return [r[place].strip() if place < len(r) else "" for r in rows[first:]]

    named = [c.strip() for c in rows[0]]
    if width == 1:
        head = number_of(named[0]) is None
        found = [number_of(c) for c in column(0, int(head))]
        return Layout(head, -1, (0,)) if _numeric(found) and len(found) >= 12 else None
    dates = -1
    for place in range(width):
        cells = [c for c in column(place, 1) if c]
        read = read_dates(cells)
        by_name = place < len(named) and bool(_YEARS.match(named[place]))
        plain = all(number_of(c) is not None for c in cells)
        if cells and read.share >= _SURE and len(set(cells)) > 2 and (by_name or not plain):
            dates = place
            break
    if dates < 0:
        return None
    head = read_dates([named[dates]]).share == 0 or bool(_YEARS.match(named[dates]))
    part, months = -1, 0
    if read_dates([c for c in column(dates, int(head)) if c]).years and head:
        for place, name in enumerate(named):
            for what, pattern in _PARTS.items():
                if pattern.match(name):
                    part, months = place, 3 if what == "quarter" else 1
    values: list[int] = []
    words: list[int] = []
    for place in range(width):
        if place in (dates, part):
            continue
        cells = column(place, int(head))
        if not any(cells):
            continue
        (values if _numeric([number_of(c, decimal_comma(cells)) for c in cells]) else words).append(place)
    if not values or len(words) > _MOST_KEYS:
        return None
    times = column(dates, int(head))
    stamps = [f"{t} {p}" for t, p in zip(times, column(part, int(head)), strict=True)] if part >= 0 else times
    if words:
        names = list(zip(*(column(place, int(head)) for place in words), strict=True))
        if len(set(zip(stamps, names, strict=True))) < _SURE * len(stamps) or len(values) > 20:
            return None
        # Words that never come again are remarks, not names.
        if len(set(names)) > len(names) / 2:
            return None
        # Several columns of words may be what is known of a row: they tell series apart when each goes through the times.
        if len(words) > 1 and not _goes_through(stamps, names):
            return None
        return Layout(head, dates, tuple(values), tuple(words), part, months)
    if len(set(stamps)) < _SURE * len(stamps) and not (len(values) == 1 and width == 2):
        return None
    return Layout(head, dates, tuple(values), (), part, months)


def _goes_through(stamps: Sequence[str], names: Sequence[Sequence[str]]) -> bool:
    """Most of what the names tell apart has a row at nearly every time between its first and its last."""
    order = {stamp: place for place, stamp in enumerate(dict.fromkeys(stamps))}
    found: dict[Sequence[str], set[int]] = {}
    for stamp, name in zip(stamps, names, strict=True):
        found.setdefault(name, set()).add(order[stamp])
    whole = sum(len(places) >= 0.8 * (max(places) - min(places) + 1) and len(places) > 2 for places in found.values())
    return whole >= 0.8 * len(found)


def _across(rows: Rows) -> bool:
    """Times stand side by side in the first row, evenly spaced, with numbers under them, and words before."""
    begin, later = _times_across(rows[0])
    if len(later) < max(6, _SURE * (len(rows[0]) - begin)) or len(rows) < 2:
        return False
    if any(b <= a for a, b in pairwise(later)):
        return False
    cells = [c for r in rows[1:] for c in map(str.strip, r[begin:])]
    return _numeric([number_of(c, decimal_comma(cells)) for c in cells])


def _times_across(first: Sequence[str]) -> tuple[int, list[datetime]]:
    """Where times begin in a first row, behind words, and which they are; none where there are no words or no times."""
    heads = [c.strip() for c in first]
    for begin in range(1, min(_MOST_KEYS + 2, len(heads))):
        times = read_dates([c for c in heads[begin:] if c]).times
        if times and times[0] is not None:
            return begin, [t for t in times if t is not None]
        if number_of(heads[begin]) is not None:
            break
    return 1, []


def _turned(rows: Rows) -> list[list[str]]:
    """A table whose times stand side by side with a row for each time: their head is what the rows are called."""
    begin, _ = _times_across(rows[0])
    names = unique_names([" ".join(c.strip() for c in r[:begin] if c.strip()) for r in rows[1:]])
    turned = [["", *names]]
    turned += [
        [rows[0][place], *(r[place] if place < len(r) else "" for r in rows[1:])]
        for place in range(begin, len(rows[0]))
    ]
    return turned


def _numeric(found: Sequence[float | None]) -> bool:
    told = [v for v in found if v is None or v == v]
    return sum(v is not None for v in told) >= 0.8 * max(1, len(told)) and any(v is not None for v in told)


@dataclass
class _Raw:
    """One series as it stands in the table: (row, time's place among the dates, cell)."""

    name: str
    rows: list[int] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


@dataclass
class SeriesPlan(ImportPlan):
    """Series, read when the plan is made and again when a question is answered otherwise.

    Attributes:
        told: what was odd about series that come in, by their place in `made`.
        each: what is made of the numbers of one hour, day, week or month ("sum day"); asked where times are `uneven`.
    """

    rows: Rows = ()
    layout: Layout = field(default_factory=lambda: Layout(False, -1, ()))
    order: Order = ""
    made: list[tuple[str, Series, int]] = field(default_factory=list)
    asked: bool = False
    each: str = _AS_THEY_ARE
    uneven: bool = False

    def questions(self) -> list[Question]:
        found = []
        if self.asked:
            found.append(replace(_DATES, chosen=self.order or _DATES.chosen))
        if self.uneven or self.each != _AS_THEY_ARE:
            found.append(replace(_EACH, chosen=self.each))
        return found

    def say(self, question: str, choice: str) -> None:
        if question == _DATES.id and choice in ("day", "month"):
            self.order = "day" if choice == "day" else "month"
        elif question == _EACH.id and choice in dict(_EACH.choices) and self.layout.dates >= 0:
            self.each = choice
        else:
            raise UserError(
                "This is not asked here.",
                "It can be answered: dates=day or dates=month; each=sum day or each=mean week.",
            )
        self.settle(Control())

    @property
    def brings_labels(self) -> bool:
        return True

    @property
    def may_be_rows(self) -> bool:
        return self.source.is_file() and not self.layout.across

    @property
    def noun(self) -> str:
        return "series"

    def preview(self, rows: int = 20) -> list[dict[str, str]]:
        """The newest numbers of the first series, as they were read: what a date or a comma means is seen there."""
        shown = self.made[:_SHOWN]
        if not shown:
            return []
        long = min(rows, max(len(s) for _, s, _ in shown))
        names = unique_names(["when", *(name for name, _, _ in shown)])
        found = []
        last = shown[0][1]
        for back in range(1, long + 1):
            cells = [last.label(len(last) - back)] if back <= len(last) else [""]
            for _, series, _ in shown:
                place = _place_of(series, last, len(last) - back)
                value = series.values[place] if 0 <= place < len(series) else math.nan
                cells.append("" if value != value else f"{value:.10g}")
            found.append(dict(zip(names, cells, strict=True)))
        return found[::-1]

    @property
    def summary(self) -> str:
        if not self.made:
            return "0 series that can be used."
        steps = sorted({s.step.words for _, s, _ in self.made})
        longest = max(len(s) for _, s, _ in self.made)
        by = f", a number per {' or '.join(steps)}" if steps != ["step"] else ""
        first = self.made[0][1]
        span = (
            f", from {first.label(0)} to {first.label(len(first) - 1)}" if len(self.made) == 1 and first.start else ""
        )
        return f"{self.total:,} series of {'' if len(self.made) == 1 else 'up to '}{longest:,} numbers{by}{span}."

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        for name, series, season in self.made:
            control.check()
            mark = NewAnnotation(Whole(), text=str(season))
            yield NewItem("series", name, text=to_text(series), annotations=(mark,), own_copy=True)
        yield from self.problems

    def settle(self, control: Control) -> SeriesPlan:
        """Make the series of the rows. Raises: UserError when there are far too many."""
        self.made, self.problems, self.repairs, self.warnings = [], [], [], []
        layout = self.layout
        dates = self._dates()
        control.check()
        # Whether dates are read right is asked when it is not told by them, and both ways give something.
        self.asked = self.asked or (dates is not None and dates.ambiguous)
        if self.asked and not self.order and dates is not None:
            self.order = self._likelier()
            dates = self._dates()
        if self.asked:
            self.warnings.append(
                f"The dates can be read in two ways; the {self.order or 'day'} is taken to come first. Change it if that is wrong."
            )
        for raw in self._raw(control):
            control.check()
            try:
                series, odd = made(
                    raw.name,
                    raw.cells,
                    None if dates is None else [dates.times[r] for r in raw.rows],
                    raw.rows,
                    layout.head,
                    control,
                    self.each,
                )
                check(series)
            except UserError as error:
                self.uneven = self.uneven or isinstance(error, UnevenError)
                self.problems.append(Problem.of(raw.name, error, str(self.source)))
                continue
            self.made.append((raw.name, series, guess_season(series)))
            self.repairs += [Problem(raw.name, sentence, "") for sentence in odd]
        self.total = len(self.made)
        self.label_counts = {}
        return self

    def _cell(self, row: Sequence[str], place: int) -> str:
        return row[place].strip() if 0 <= place < len(row) else ""

    def _dates(self) -> Dates | None:
        layout = self.layout
        if layout.dates < 0:
            return None
        cells = [self._cell(r, layout.dates) for r in self._body()]
        if layout.part < 0:
            return read_dates(cells, self.order)
        parts = [number_of(self._cell(r, layout.part)) for r in self._body()]
        stamps = []
        for year, part in zip(cells, parts, strict=True):
            month = int((part - 1) * layout.months + 1) if part is not None and part == part else 0
            stamps.append(f"{year[:4]}-{month:02}" if 1 <= month <= 12 else "")
        return read_dates(stamps)

    def _body(self) -> Rows:
        return self.rows[1:] if self.layout.head else self.rows

    def _likelier(self) -> Order:
        """The way in which the times are evenly spaced with the fewest gaps; the day first where both are the same."""
        cells = [self._cell(r, self.layout.dates) for r in self._body()]

        def span(order: Order) -> float:
            times = sorted({t for t in read_dates(cells, order).times if t})
            try:
                return even_steps(times)[1][-1] / len(times)
            except (UserError, IndexError):
                return math.inf

        return "month" if span("month") < span("day") else "day"

    def _raw(self, control: Control) -> Iterator[_Raw]:
        layout, body = self.layout, self._body()
        names = self.rows[0] if layout.head else ()

        def title(place: int) -> str:
            return self._cell(names, place) or (self.title if len(layout.values) == 1 else f"column {place + 1}")

        if not layout.series:
            for place in layout.values:
                yield _Raw(title(place), list(range(len(body))), [self._cell(r, place) for r in body])
            return
        found: dict[tuple[str, int], _Raw] = {}
        for number, row in enumerate(body):
            control.check()
            of = " ".join(n for place in layout.series if (n := self._cell(row, place))) or "without a name"
            for place in layout.values:
                raw = found.setdefault((of, place), _Raw(of if len(layout.values) == 1 else f"{of} {title(place)}"))
                raw.rows.append(number)
                raw.cells.append(self._cell(row, place))
            if len(found) > _MOST_SERIES:
                raise UserError("There are more than 20,000 series in this table.", "Split it into parts.")
        yield from found.values()


def _place_of(series: Series, other: Series, place: int) -> int:
    """Where the time of a place in another series lies in this one; -1 where it has none."""
    when = other.when(place)
    if series.start == other.start or when is None or series.start is None:
        return place
    low, high = 0, len(series) - 1
    while low < high:
        middle = (low + high) // 2
        if (series.when(middle) or when) < when:
            low = middle + 1
        else:
            high = middle
    return low if series.when(low) == when else -1


def made(
    name: str,
    cells: Sequence[str],
    times: Sequence[datetime | None] | None,
    rows: Sequence[int],
    head: bool,
    control: Control,
    each: str = _AS_THEY_ARE,
) -> tuple[Series, list[str]]:
    """A series of cells, sorted by time and on an even grid, with what was odd about it.

    Args:
        times: of each cell; None: they are in their order and have no dates.
        rows: number of each cell's row below the head, for the sentences.
        each: what is made of the numbers of one hour, day, week or month: "sum day".

    Raises:
        UnevenError: when numbers of one time or uneven times stand against it. UserError: when it cannot be one.
    """
    import numpy as np

    comma = decimal_comma(cells)
    values = [number_of(c, comma) for c in _looked_at(cells, control)]
    odd: list[str] = []

    def row(place: int) -> int:
        return rows[place] + 1 + int(head)

    words = [i for i, v in enumerate(values) if v is None]
    if words:
        shown = f"“{cells[words[0]][:30]}” in row {row(words[0])}"
        if len(words) > max(1, _MOST_WORDS * len(cells)):
            raise UserError(f"Where numbers should be there are other things: {shown}.", "Mend these cells.")
        odd.append(
            f"{_many(len(words), 'cell is no number and counts', 'cells are no numbers and count')} as missing: {shown}."
        )
    plain = [math.nan if v is None else v for v in values]
    if times is None:
        return _trimmed(Series(np.array(plain, np.float64))), _gaps(odd, plain)
    dated = [(t, v, i) for i, (t, v) in enumerate(zip(times, plain, strict=True)) if t is not None]
    if len(dated) < len(plain):
        lost = next(i for i, t in enumerate(times) if t is None)
        if len(plain) - len(dated) > _MOST_WORDS * len(plain) + 1:
            raise UserError(f"Many rows have no date that can be read, row {row(lost)} for one.", "Mend the dates.")
        odd.append(f"{_many(len(plain) - len(dated), 'row', 'rows')} without a date left out, row {row(lost)} for one.")
    if any(b[0] < a[0] for a, b in pairwise(dated)):
        if any(b[0] > a[0] for a, b in pairwise(dated)):
            odd.append("It was not in order of time; it has been sorted.")
        dated.sort(key=lambda entry: entry[0])
    if each != _AS_THEY_ARE:
        return _of_each(each, [(t, v) for t, v, _ in dated], odd, control)
    kept: dict[datetime, tuple[float, int]] = {}
    again = 0
    twice: set[datetime] = set()
    hourly = len({t.time() for t, _, _ in dated}) > 1
    for time, value, place in _looked_at(dated, control):
        before = kept.get(time)
        if before is None or before[0] != before[0]:
            kept[time] = value, place
        elif value == value and value != before[0]:
            if not (hourly and _clock_put_back(time)) or time in twice:
                raise UnevenError(
                    f"There are two different numbers for {_said(time)} (rows {row(before[1])} and {row(place)}).",
                    "Keep one of them, or name the column that tells several series apart; or take the sum or the mean of each day.",
                )
            twice.add(time)
            kept[time] = (before[0] + value) / 2, place
            continue
        again += before is not None
    if again:
        odd.append(f"{_many(again, 'time comes', 'times come')} more than once with the same number; one is kept.")
    if twice:
        odd.append(f"When clocks were put back {_said(min(twice))} came twice; its mean is kept.")
    order = [t for t, (v, _) in kept.items() if v == v]
    if len(order) < 3:
        raise UserError("It has fewer than three numbers.", "Add older ones.")
    grid = _between(list(kept), order[0], order[-1])
    step, places = even_steps(grid)
    result = np.full(places[-1] + 1, math.nan)
    for time, place in zip(grid, places, strict=True):
        result[place] = kept[time][0]
    start, beside = _moved(grid, places, step)
    if beside:
        how = (
            "lies a little beside an even one and counts as that"
            if beside == 1
            else "lie a little beside even ones and count as these"
        )
        odd.append(f"{_many(beside, 'time', 'times')} {how}.")
    return Series(result, start, step), _gaps(odd, result.tolist(), step)


def _moved(times: Sequence[datetime], places: Sequence[int], step: Step) -> tuple[datetime, int]:
    """Where an even grid of seconds begins that goes through the middle of these times, and how many lie beside it."""
    if step.unit != "second":
        return times[0], 0
    off = [t - timedelta(seconds=step.count * place) for t, place in zip(times, places, strict=True)]
    start = sorted(off)[len(off) // 2]
    return start, sum(o != start for o in off)


def _clock_put_back(time: datetime) -> bool:
    """A night from Saturday to Sunday in which an hour may come twice: at the end of summer time."""
    return time.weekday() == 6 and time.hour <= 3 and time.month in (3, 4, 9, 10, 11)


def _of_each(
    each: str, dated: Sequence[tuple[datetime, float]], odd: list[str], control: Control
) -> tuple[Series, list[str]]:
    """The sum or the mean of each hour, day, week or month. Where there is no number, none is made up, also not of a sum; a first or
    last one with clearly fewer numbers than usual has no sum: it may not be whole."""
    how, unit = each.split()
    found: dict[datetime, list[float]] = {}
    for time, value in _looked_at(dated, control):
        whole = _begin_of(unit, time)
        found.setdefault(whole, [])
        if value == value:
            found[whole].append(value)
    order = [t for t, values in found.items() if values]
    if how == "sum" and len(order) > 3:
        usual = sorted(len(found[t]) for t in order)[len(order) // 2]
        lost = [t for t in (order[0], order[-1]) if len(found[t]) < _WHOLE * usual]
        order = [t for t in order if t not in lost]
        if lost:
            odd.append(f"{' and '.join(map(_said, lost))} left out: too few numbers for a whole {unit}.")
    if len(order) < 3:
        raise UserError(f"It has numbers of fewer than three {unit}s.", "Take shorter ones, or add older numbers.")
    times = [t for t in found if order[0] <= t <= order[-1]]
    step, places = even_steps(times)
    result = [math.nan] * (places[-1] + 1)
    for time, place in zip(times, places, strict=True):
        values = found[time]
        result[place] = math.nan if not values else sum(values) / (len(values) if how == "mean" else 1)
    import numpy as np

    odd.append(f"It holds the {how} of each {unit}.")
    return Series(np.array(result, np.float64), times[0], step), _gaps(odd, result, step)


def _begin_of(unit: str, time: datetime) -> datetime:
    """The beginning of the hour, day, week (Monday) or month."""
    if unit == "hour":
        return time.replace(minute=0, second=0, microsecond=0)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _looked_at(many: Sequence[Any], control: Control) -> Iterator[Any]:
    """The same one by one; a stop is heeded within a moment, however many there are."""
    for place, one in enumerate(many):
        if place % _HEEDED == 0:
            control.check()
        yield one


def _between(times: Sequence[datetime], first: datetime, last: datetime) -> list[datetime]:
    return [t for t in times if first <= t <= last]


def _trimmed(series: Series) -> Series:
    """Without missing numbers before the first and after the last known one."""
    import numpy as np

    known = np.flatnonzero(~np.isnan(series.values))
    return Series(series.values[known[0] : known[-1] + 1]) if len(known) else series


def _gaps(odd: list[str], values: Sequence[float], step: Step | None = None) -> list[str]:
    missing = sum(v != v for v in values)
    if missing:
        what = (step or Step()).words
        odd.append(
            f"{_many(missing, f'{what} has', f'{(step or Step()).many} have')} no number ({missing / len(values):.1%});"
            " models fill that in or look past it, and nothing is judged there."
        )
    return odd


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _said(time: datetime) -> str:
    return f"{time:%Y-%m-%d}" if (time.hour, time.minute, time.second) == (0, 0, 0) else f"{time:%Y-%m-%d %H:%M}"


def plan_series(path: Path, rows: Rows, layout: Layout, control: Control) -> SeriesPlan:
    """A plan of a whole table. Raises: UserError."""
    plan = SeriesPlan("marked", "series", path.stem, path, marks=MARKS, format="Numbers over time")
    plan.layout = replace(layout, values=tuple(range(1, len(rows)))) if layout.across else layout
    plan.rows = _turned(rows) if layout.across else rows
    return plan.settle(control)
