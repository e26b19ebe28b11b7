"""What the columns of a table mean: found by looking at their cells, correctable by the person, kept with the project.

A kind says how cells are read; a role what a column is for. Neither changes a cell: what a kind cannot read counts as missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Literal, get_args

from workbench.data.media import PICTURE_SUFFIXES
from workbench.data.numbers import ABSENT, Decimal, decimal_of, is_missing, number, unit_of
from workbench.data.rows import MOST_COLUMNS, cells_of
from workbench.errors import UserError

Kind = Literal["number", "category", "yes-no", "date", "text", "picture", "id"]
Role = Literal["feature", "target", "together", "time", "ignored"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ROLES: tuple[Role, ...] = get_args(Role)
KIND_WORDS: Mapping[Kind, str] = {
    "number": "number", "category": "category", "yes-no": "yes or no", "date": "date", "text": "text: read by its meaning",
    "picture": "picture", "id": "name of the row",
}  # fmt: skip
ROLE_WORDS: Mapping[Role, str] = {
    "feature": "learn from it", "target": "to be found (target)", "together": "keep equal ones on one side",
    "time": "learn from old, test on new", "ignored": "leave out",
}  # fmt: skip
# Kinds whose cells a network looks at: each becomes some numbers (`workbench.tasks.seen_columns`).
SEEN: frozenset[Kind] = frozenset(("text", "picture"))
# Under this name a project keeps its columns.
META = "columns"
# What a unit may end with; so many different ones are counted.
_UNIT_ENDS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZµΩ°23²³")
_MOST_UNITS = 50
# Different values of a column that are counted; beyond it they are "many".
_COUNTED = 2_000
_SAMPLE = 400
# Whole numbers with so few different values are as likely names of classes.
FEW = 20
_LONG_TEXT = 30
_BRIEF = 60
# So many different numbers are groups of their own.
_SINGLE = 12
_YES = {
    "yes": 1,
    "no": 0,
    "true": 1,
    "false": 0,
    "y": 1,
    "n": 0,
    "t": 1,
    "f": 0,
    "1": 1,
    "0": 0,
    "ja": 1,
    "nein": 0,
    "oui": 1,
    "non": 0,
    "wahr": 1,
    "falsch": 0,
    "vrai": 1,
    "faux": 0,
}
_ID_NAMES = re.compile(
    r"(^|[_\s-])(id|uuid|guid|key|index|row|nr|no|number|rownames?)$|^unnamed|^column 1$|[a-z]I[dD]$", re.I
)
_TARGET_NAMES = re.compile(
    r"^(target|label|class|y|outcome|response|churn(ed)?|default(ed)?|diagnosis|survived|exited|approved|fraud|is_?fraud|status"
    r"|loan_?status|income|price|sale_?price|med_?house_?val|quality|species|result|risk|credit_?risk|attrition)$",
    re.I,
)  # fmt: skip
# What people must not be treated differently for; results are held against these by themselves.
_COMPARED = re.compile(
    r"(^|[_\s-])(gender|sex|age(_?(band|group|range))?|ethnicity|race|religion|nationality|disability|marital(_?status)?"
    r"|foreign(_?worker)?|geschlecht|alter|nationalität|staatsangehörigkeit|religion|familienstand|behinderung)$",
    re.I,
)  # fmt: skip
_DATE = re.compile(
    r"(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<z>\d{4}|\d{2}))"
    r"(?:[T ]+(?P<h>\d{1,2}):(?P<i>\d{2})(?::(?P<s>\d{2})(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
DateOrder = Literal["dmy", "mdy"]


@dataclass(frozen=True)
class TableColumn:
    """One column.

    Attributes:
        missing: share of cells that say nothing, 0..1.
        distinct: number of different values; `_COUNTED` + 1 stands for more.
        decimal, order: how its numbers and dates are written.
        unit: of its numbers, as the person says.
        behind: letters that stand behind its numbers ("85 m²"); they are the unit until the person says another.
        compared: results are compared by its values (fairness); `edges`: numbers are then told apart by these.
        examples: a few different cells.
        guessed: kind and role are the app's; else a person set them.
    """

    name: str
    kind: Kind = "category"
    role: Role = "feature"
    missing: float = 0.0
    distinct: int = 0
    decimal: Decimal = "."
    order: DateOrder = "dmy"
    unit: str = ""
    compared: bool = False
    examples: tuple[str, ...] = ()
    guessed: bool = True
    edges: tuple[float, ...] = ()
    behind: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "examples": list(self.examples), "edges": list(self.edges)}

    @classmethod
    def from_json(cls, data: Any) -> TableColumn:
        """Raises: UserError when it is none."""
        try:
            found = cls(
                str(data["name"]), data.get("kind", "category"), data.get("role", "feature"), float(data.get("missing", 0)),
                int(data.get("distinct", 0)), data.get("decimal", "."), data.get("order", "dmy"), str(data.get("unit", ""))[:40],
                bool(data.get("compared", False)), tuple(str(e) for e in data.get("examples", ()))[:8],
                bool(data.get("guessed", True)), tuple(float(e) for e in data.get("edges", ()))[:20],
                str(data.get("behind", ""))[:20],
            )  # fmt: skip
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise UserError("The columns of this project cannot be read.", "Import the table anew.") from error
        wrong = (
            found.kind not in KINDS
            or found.role not in ROLES
            or found.decimal not in (".", ",")
            or found.order not in ("dmy", "mdy")
        )
        if wrong:
            raise UserError("The columns of this project cannot be read.", "Import the table anew.")
        return found

    def value(self, cell: str) -> float | str | None:
        """What a cell says under this column's kind: a number (dates: seconds since 1970, yes or no: 1 or 0) or words; None
        where it is missing or cannot be read so."""
        if is_missing(cell):
            return None
        if self.kind == "number":
            return self.amount(cell)
        if self.kind == "date":
            found = date_of(cell, self.order)
            return None if found is None else found.timestamp()
        if self.kind == "yes-no":
            return yes_no(cell)
        return cell.strip()

    def amount(self, cell: str) -> float | None:
        """The number in a cell, which may have the column's letters behind it; None where there is none."""
        found = number(cell, self.decimal)
        if found is None:  # "4.6" among "4,6" can mean nothing else
            found = number(cell, "." if self.decimal == "," else ",")
        if found is None and self.behind and cell.strip().endswith(self.behind):
            found = number(cell.strip().removesuffix(self.behind), self.decimal)
        return found

    def figure(self, value: float) -> str:
        """A number as this column writes it: "4,6 kg"."""
        plain = f"{value:g}" if self.decimal == "." else f"{value:g}".replace(".", ",")
        return f"{plain} {self.behind}".strip()

    def brief(self, cell: str) -> str:
        """A cell for a line of a list: of a picture its file's name, of a text its beginning."""
        if self.kind == "picture":
            return PurePath(cell.strip().replace("\\", "/")).name
        words = " ".join(cell.split())
        return f"{words[:_BRIEF]}…" if self.kind == "text" and len(words) > _BRIEF + 1 else words

    def group(self, cell: str) -> str:
        """The group a row belongs to by this column: its value, or the band of numbers that it lies in; "" where it says
        nothing."""
        value = self.value(cell)
        if value is None:
            return ""
        if self.kind == "number" and self.edges and isinstance(value, float):
            place = sum(value >= e for e in self.edges)
            if place == 0:
                return f"below {self.edges[0]:g}"
            last = place == len(self.edges)
            return f"{self.edges[-1]:g} and more" if last else f"{self.edges[place - 1]:g} to {self.edges[place]:g}"
        return cell.strip()


def names_picture(cell: str) -> bool:
    """A cell that names a file which is a picture by its ending; what lies on the internet or on another computer is none."""
    return cell.lower().endswith(PICTURE_SUFFIXES) and "://" not in cell and not cell.startswith(("//", "\\\\"))


def yes_no(cell: str) -> float | None:
    """1 for yes, 0 for no, None for anything else."""
    found = _YES.get(cell.strip().casefold().removesuffix(".0"))
    return None if found is None else float(found)


def date_of(cell: str, order: DateOrder = "dmy") -> datetime | None:
    """A day, with its time where it has one; None where there is none. Zones are not converted: a table means one of them."""
    text = cell.strip()
    if len(text) > 40:
        return None
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    part = found.groupdict()
    if part["y"]:
        year, month, day = int(part["y"]), int(part["m"]), int(part["d"])
    else:
        first, second = int(part["a"]), int(part["b"])
        day, month = (first, second) if order == "dmy" else (second, first)
        year = int(part["z"])
        if year < 100:
            year += 2000 if year < 70 else 1900
    try:
        return datetime(year, month, day, int(part["h"] or 0), int(part["i"] or 0), int(part["s"] or 0), tzinfo=UTC)
    except ValueError:
        return None


@dataclass
class Profile:
    """What was seen of a column, cell by cell, in bounded memory: counts of everything, and a sample of different cells."""

    name: str
    cells: int = 0
    missing: int = 0
    numbers: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    whole: int = 0
    dates: dict[str, int] = field(default_factory=lambda: {"dmy": 0, "mdy": 0})
    flags: int = 0
    absent: int = 0
    letters: int = 0
    words: int = 0
    pictures: int = 0
    units: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    many: bool = False

    def see(self, cell: str) -> None:
        """One more cell."""
        self.cells += 1
        if is_missing(cell):
            self.missing += 1
            return
        text = cell.strip()
        if text in self.values:
            self.values[text] += 1
        elif len(self.values) < _COUNTED:
            self.values[text[:200]] = 1
        else:
            self.many = True
        self.letters += len(text)
        self.words += text.count(" ") + 1
        self.pictures += names_picture(text)
        point = number(text, ".")
        self.numbers["."] += point is not None
        comma = number(text, ",") if "," in text or point is None else point
        self.numbers[","] += comma is not None
        self.whole += point is not None and point.is_integer()
        if point is None and text[:1].isdigit():
            for order in ("dmy", "mdy"):
                self.dates[order] += date_of(text, order) is not None
        self.flags += yes_no(text) is not None
        self.absent += point is None and text.casefold() in ABSENT
        unit = unit_of(text) if point is None and comma is None and text[-1:] in _UNIT_ENDS else ""
        if unit and (unit in self.units or len(self.units) < _MOST_UNITS):
            self.units[unit] = self.units.get(unit, 0) + 1

    @property
    def filled(self) -> int:
        return self.cells - self.missing

    @property
    def distinct(self) -> int:
        return len(self.values) + self.many

    @property
    def texty(self) -> bool:
        """Its cells are sentences, not names of something."""
        if not self.filled or max(self.numbers.values()) > self.filled // 2:
            return False
        return (
            self.letters / self.filled >= _LONG_TEXT
            and self.words / self.filled >= 4
            and self.distinct > self.filled * 0.5
        )

    def settle(self, others: Decimal = ".") -> TableColumn:
        """What it looks like. A kind is believed when all but one in fifty of the filled cells can be read so. `others`: how numbers
        of columns beside it part whole and fraction."""
        told = self.filled - self.absent
        most = max(1.0, told * 0.98)
        # Numbers that all have the same letters behind them are measured in these.
        unit = max(self.units, key=lambda u: self.units[u], default="")
        cells = [v.removesuffix(unit) for v in self.values] if unit else list(self.values)
        decimal = decimal_of(cells, others)
        plain = self.numbers[decimal]
        if not unit or self.units[unit] + plain < most or plain > self.units[unit]:
            unit, cells = "", list(self.values)
        order: DateOrder = "mdy" if self.dates["mdy"] > self.dates["dmy"] else "dmy"
        kind: Kind = "category"
        if not self.filled:
            kind = "category"
        elif self.distinct == 2 and self.flags == self.filled:
            kind = "yes-no"
        elif max(self.dates.values()) >= most:
            kind = "date"
        elif plain >= most or unit:
            kind = "number"
        elif self.pictures >= most:
            kind = "picture"
        elif self.texty:
            kind = "text"
        unique = self.filled > 20 and (self.many or self.distinct >= self.filled * 0.99)
        counted = kind == "number" and self.whole == self.filled
        missing = self.missing + (self.absent if kind in ("number", "date") else 0)
        if unique and (counted or kind == "category") and (_ID_NAMES.search(self.name) or kind == "category"):
            kind = "id"
        nothing = not self.filled or (self.distinct == 1 and not self.missing)
        role: Role = "ignored" if kind == "id" or nothing else "feature"
        return TableColumn(
            self.name, kind, role, missing / self.cells if self.cells else 0.0, self.distinct, decimal, order,
            compared=bool(_COMPARED.search(self.name)) and kind != "id", examples=tuple(v[:60] for v in list(self.values)[:5]),
            edges=self._edges(cells, decimal) if kind == "number" else (), unit=unit if kind == "number" else "",
            behind=unit if kind == "number" else "",
        )  # fmt: skip

    def _edges(self, cells: Sequence[str], decimal: Decimal) -> tuple[float, ...]:
        """Quarters of the numbers; none where there are few different ones, which are groups themselves."""
        counts = zip(cells, self.values.values(), strict=True)
        found = sorted((v, n) for cell, n in counts if (v := number(cell, decimal)) is not None)
        if len(found) <= _SINGLE:
            return ()
        edges: list[float] = []
        total, seen = sum(n for _, n in found), 0
        for value, count in found:
            if len(edges) < 3 and seen >= total * (len(edges) + 1) / 4:
                edges.append(value)
            seen += count
        return tuple(sorted(set(edges)))


def guess_target(columns: Sequence[TableColumn]) -> str:
    """The column that is most likely to be found out: by its name, else the last one that is no date, text or name of a row."""
    fitting = [c for c in columns if c.kind in ("number", "category", "yes-no") and c.distinct >= 2]
    named = [c for c in fitting if _TARGET_NAMES.match(c.name.strip())]
    if named:
        return named[-1].name
    # Of categories with very many values a model learns nothing.
    fitting = [c for c in fitting if c.kind != "category" or c.distinct <= 200]
    return fitting[-1].name if fitting else ""


def with_target(columns: Sequence[TableColumn], name: str) -> tuple[TableColumn, ...]:
    """The same columns with another one to be found out; "" for none.

    Raises:
        UserError: when there is no such column.
    """
    if name and name not in {c.name for c in columns}:
        raise UserError(f"There is no column “{name}”.", f"The columns are: {', '.join(c.name for c in columns[:30])}.")
    found = []
    for c in columns:
        if c.name == name:
            found.append(replace(c, role="target", kind="category" if c.kind == "id" or c.kind in SEEN else c.kind))
        else:
            found.append(replace(c, role="feature") if c.role == "target" else c)
    return tuple(found)


def target_of(columns: Sequence[TableColumn]) -> TableColumn | None:
    """The column to be found out; None where none was chosen."""
    return next((c for c in columns if c.role == "target"), None)


def is_amount(column: TableColumn) -> bool:
    """A target whose values are amounts to be estimated, not names of classes."""
    return column.kind == "number" and column.distinct > FEW


def features_of(columns: Sequence[TableColumn]) -> tuple[TableColumn, ...]:
    """What is learnt from: features that are no names of rows. A column kept for splitting is not learnt from."""
    return tuple(c for c in columns if c.role == "feature" and c.kind != "id")


def to_meta(columns: Iterable[TableColumn]) -> list[dict[str, Any]]:
    """As a project keeps them."""
    return [c.to_json() for c in columns]


def from_meta(value: Any) -> tuple[TableColumn, ...]:
    """What `to_meta` gave. Raises: UserError when it is damaged."""
    if not isinstance(value, list) or len(value) > MOST_COLUMNS:
        raise UserError("The columns of this project cannot be read.", "Import the table anew.")
    return tuple(TableColumn.from_json(v) for v in value)


def feature_keys(texts: Sequence[str], columns: Sequence[TableColumn]) -> list[str]:
    """What tells rows apart for a model: equal for rows with equal features."""
    left_out = {c.name for c in columns if c.role in ("target", "ignored") or c.kind == "id"}
    found = []
    for text in texts:
        try:
            cells = cells_of(text)
        except UserError:
            found.append(text)
            continue
        kept = {k: v for k, v in cells.items() if k not in left_out and v != ""}
        found.append(json.dumps(kept, ensure_ascii=False, sort_keys=True))
    return found
