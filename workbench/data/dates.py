"""Dates and times as people and programs write them: ISO, European, American, months, quarters, weeks, years."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Order = Literal["", "day", "month"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio", "feb february februar fevrier febrero febbraio",
            "mar march mrz marz maerz mars marzo", "apr april avril abril aprile", "may mai mayo maggio",
            "jun june juni juin junio giugno", "jul july juli juillet julio luglio",
            "aug august aout agosto", "sep sept september septembre septiembre settembre",
            "oct october okt oktober octobre octubre ottobre", "nov november novembre noviembre",
            "dec december dez dezember decembre diciembre dicembre",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(am|pm)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})(?:[-/.](\d{{1,2}}){_TIME})?", re.I)
_TWO = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}", re.I)
_QUARTER = re.compile(r"(\d{4})[\s-]?Q([1-4])|Q([1-4])[\s/-]?(\d{4})", re.I)
_MONTH = re.compile(r"(\d{4})[\s-]?M(\d{1,2})", re.I)
_WEEK = re.compile(
    r"(\d{4})[\s/-]*(?:W|KW|CW|week)[\s.-]*(\d{1,2})|(?:W|KW|CW|week)[\s.-]*(\d{1,2})[\s/.-]+(\d{4})", re.I
)
_COMPACT = re.compile(r"((?:1[5-9]|20|21)\d{2})(\d{2})(\d{2})")
_WORDS = re.compile(r"(?:(\d{1,2})[\s.-]+)?([A-Za-zéûä]{3,10})\.?[\s,.-]+(?:(\d{1,2}),?\s+)?(\d{4}|\d{2})", re.I)
_YEAR = re.compile(r"(1[5-9]|20|21)\d{2}(?:\.0+)?")
_PLAIN = str.maketrans("éûä", "eua")


@dataclass(frozen=True)
class Dates:
    """What a column's cells say.

    Attributes:
        times: one for each cell; None where it is no date. Times with a zone are in UTC.
        ambiguous: day and month could be taken for each other in all of them.
        order: which comes first, where two numbers stand before the year; "" where that never is.
        years: they are plain years.
    """

    times: tuple[datetime | None, ...]
    ambiguous: bool = False
    order: Order = ""
    years: bool = False

    @property
    def share(self) -> float:
        """Of all cells so many are dates."""
        return sum(t is not None for t in self.times) / len(self.times) if self.times else 0.0


def read_dates(cells: Sequence[str], order: Order = "") -> Dates:
    """All cells of a column, read in one manner.

    Args:
        order: the person's answer where "03/04/2024" can be two days; "": what the other cells tell, else the day first.
    """
    plain = _plain(cells)
    if plain is not None:
        return Dates(plain)
    before_point = False
    months = days = 0
    for cell in cells:
        found = _TWO.fullmatch(cell.strip())
        if found:
            days += int(found[1]) > 12
            months += int(found[3]) > 12
            before_point = before_point or found[2] == "."
    two = any(_TWO.fullmatch(c.strip()) for c in cells)
    # With points between them the day always comes first.
    told: Order = "day" if before_point or days > months else "month" if months else ""
    chosen: Order = (told or order or "day") if two else ""
    years = bool(cells) and all(_YEAR.fullmatch(c.strip()) for c in cells if c.strip())
    times = tuple(_read(cell.strip(), chosen, years) for cell in cells)
    return Dates(times, two and not told, chosen, years)


def _plain(cells: Sequence[str]) -> tuple[datetime | None, ...] | None:
    """ISO dates with at least a day, read quickly; None as soon as a cell holds something else."""
    found: list[datetime | None] = []
    for cell in cells:
        words = cell.strip()
        if not words:
            found.append(None)
            continue
        if len(words) < 10 or words[4] != "-":
            return None
        try:
            time = datetime.fromisoformat(words)
        except ValueError:
            return None
        found.append(time.replace(microsecond=0) if time.tzinfo is None else _without_zone(time))
    return tuple(found) if any(found) else None


def _without_zone(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _read(cell: str, order: Order, years: bool) -> datetime | None:
    if not 4 <= len(cell) <= 40:
        return None
    try:
        if years:
            return datetime(int(cell[:4]), 1, 1)
        if found := _ISO.fullmatch(cell):
            return _made(int(found[1]), int(found[2]), int(found[3] or 1), found.groups()[3:])
        if found := _TWO.fullmatch(cell):
            first, second = int(found[1]), int(found[3])
            day, month = (first, second) if order == "day" else (second, first)
            return _made(_year(found[4]), month, day, found.groups()[4:])
        if found := _QUARTER.fullmatch(cell):
            return datetime(int(found[1] or found[4]), 3 * int(found[2] or found[3]) - 2, 1)
        if found := _WEEK.fullmatch(cell):  # the Monday of the week (ISO 8601)
            return datetime.fromisocalendar(int(found[1] or found[4]), int(found[2] or found[3]), 1)
        if found := _MONTH.fullmatch(cell):
            return datetime(int(found[1]), int(found[2]), 1)
        if found := _COMPACT.fullmatch(cell):
            return datetime(int(found[1]), int(found[2]), int(found[3]))
        if found := _WORDS.fullmatch(cell):
            month = _MONTHS.get(found[2].lower().translate(_PLAIN), 0)
            return datetime(_year(found[4]), month, int(found[1] or found[3] or 1)) if month else None
    except ValueError:  # the 31st of February
        return None
    return None


def _year(words: str) -> int:
    number = int(words)
    return number if len(words) == 4 else number + (2000 if number < 70 else 1900)


def _made(year: int, month: int, day: int, rest: Sequence[str | None]) -> datetime:
    hour, minute, second, half, zone = rest
    number = int(hour or 0)
    if half:
        number = number % 12 + (12 if half.lower() == "pm" else 0)
    made = datetime(year, month, day, number, int(minute or 0), int(second or 0))
    if zone and zone.upper() != "Z":
        made = datetime.fromisoformat(f"{made.isoformat()}{zone if ':' in zone else f'{zone[:3]}:{zone[3:]}'}")
        made = _without_zone(made)
    return made
