"""Tables whose rows are the items: credit, customers, measurements. Gone through once to see what the columns mean, once more to
take the rows in; never in memory whole."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import NewAnnotation
from workbench.data.columns import (
    FEW,
    SEEN,
    Profile,
    TableColumn,
    features_of,
    guess_target,
    is_amount,
    names_picture,
    target_of,
    with_target,
)
from workbench.data.importers.base import Column, ColumnChoice, ImportPlan
from workbench.data.importers.beside import Beside
from workbench.data.importers.folders import SPLITS
from workbench.data.importers.table_files import SUFFIXES, TableFile, open_table
from workbench.data.importers.written_molecules import looks_like_molecules
from workbench.data.numbers import is_missing
from workbench.data.rows import row_hash, row_name, row_text
from workbench.data.shapes import Whole
from workbench.data.sound import FILES as SOUND_SUFFIXES
from workbench.data.types import NewItem, Sample
from workbench.errors import Problem, UserError

__all__ = ["SUFFIXES", "RowsPlan", "looks_like_rows", "plan_rows", "samples_of_table"]

_LOOK = 500
# So many rows are kept for a first look at what gives the answer away: it is gone through whenever a column is chosen.
_SAMPLED, _SAMPLED_CELLS = 1_000, 20_000
_MOST_CLASSES = 200
_SHOWN = 20
# A cell that is longer names no file.
_LONGEST_PATH = 1_000
_TEXT_NAMES = re.compile(
    r"^(text|texts|sentence|review|comment|message|content|body|title|question|answer|tweet|transcript)s?$", re.I
)
_SPLIT_NAMES = re.compile(r"^(split|subset|set|partition|usage)$", re.I)


def looks_like_rows(path: Path, control: Control) -> bool:
    """Whether a table's rows are items by all their columns, not texts, pictures, recordings or molecules with a label each.

    Raises:
        UserError: when it cannot be read.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    if path.suffix.lower() not in SUFFIXES:
        return False
    table = open_table(path, control)
    profiles = [Profile(name) for name in table.names]
    sounds = [0] * len(profiles)
    cells: list[list[str]] = [[] for _ in profiles]
    for seen, row in enumerate(table.read(control)):
        if seen >= _LOOK:
            break
        if isinstance(row, Problem):
            continue
        for place, (profile, cell) in enumerate(zip(profiles, row[1], strict=True)):
            profile.see(cell)
            sounds[place] += cell.lower().endswith(SOUND_SUFFIXES)
            if cell:
                cells[place].append(cell)
    filled = [p for p in profiles if p.filled]
    if any(count > p.filled * 0.8 for count, p in zip(sounds, profiles, strict=True) if p.filled):
        return False
    if any(looks_like_molecules(p.name, column) for p, column in zip(profiles, cells, strict=True)):
        return False
    kinds = [p.settle() for p in filled if not _SPLIT_NAMES.match(p.name)]
    amounts = sum(c.kind in ("number", "date") and c.distinct > 2 for c in kinds)
    others = sum(c.kind != "id" and c.kind not in SEEN for c in kinds)
    if any(p.pictures > p.filled * 0.8 for p in filled):
        # Pictures with a label, and perhaps with what they are grouped by, are pictures; with measurements they are rows.
        return amounts >= 2 or (amounts >= 1 and others >= 3)
    words = [p for p in filled if max(p.numbers.values()) < p.filled / 2]
    if any(_TEXT_NAMES.match(p.name.strip()) for p in words):
        return amounts >= 4
    if any(p.texty or _many_words(p) for p in words):
        return amounts >= 2 and others >= 4
    return len(kinds) >= 2 and (amounts >= 2 or (amounts >= 1 and len(kinds) >= 3) or len(kinds) >= 5)


def _many_words(profile: Profile) -> bool:
    """Different in nearly every row, and of several words: titles, names of things, short texts; no numbers with a unit."""
    return (
        profile.settle().kind != "number"
        and profile.distinct > profile.filled * 0.7
        and profile.words >= 2 * profile.filled
    )


def plan_rows(path: Path, control: Control) -> RowsPlan:
    """Go through a table and see what its columns mean.

    Raises:
        UserError: when it cannot be read, or has fewer than two columns or no rows.
        Cancelled: when asked to stop.
    """
    table = open_table(path, control)
    profiles = [Profile(name) for name in table.names]
    plan = RowsPlan("table", "row", path.stem, path, table=table)
    total = 0
    most = min(_SAMPLED, max(_SHOWN, _SAMPLED_CELLS // max(1, len(profiles))))
    drawn = random.Random(0)
    for row in table.read(control):
        if isinstance(row, Problem):
            plan.problems.append(row)
            continue
        total += 1
        # Any row is kept with the same chance (reservoir sampling).
        place = total - 1 if total <= most else drawn.randrange(total)
        if place < most:
            plan.sample[place:] = [row[1], *plan.sample[place + 1 :]]
        for profile, cell in zip(profiles, row[1], strict=True):
            profile.see(cell)
        if total <= _SHOWN:
            plan.first.append(dict(zip(table.names, row[1], strict=True)))
        if total % 2_000 == 0:
            control.progress(total, table.rows, f"Looking at row {total:,}")
    if not total:
        raise UserError(f"The table “{path.name}” has no rows.", "Fill it in and import it again.")
    if len(profiles) < 2:
        raise UserError(
            f"The table “{path.name}” has a single column, so there is nothing to go by.",
            "It needs columns to learn from, and one to be found out.",
        )
    plan.total = total
    plan.profiles = {p.name: p for p in profiles}
    found = [p.settle() for p in profiles]
    if any(c.kind == "number" and c.decimal == "," for c in found):
        found = [p.settle(",") for p in profiles]
    plan.splits = next((p.name for p in profiles if _says_splits(p)), "")
    if plan.splits:
        found = [replace(c, role="ignored") if c.name == plan.splits else c for c in found]
    plan.set_columns(with_target(found, guess_target([c for c in found if c.name != plan.splits])))
    return plan


def samples_of_table(path: Path, control: Control) -> Iterator[Sample]:
    """Every row of a table, to be asked about; of a row that cannot be read, what is wrong with it. Pictures that it names are
    found where they lie.

    Raises:
        UserError: when it is no table.
    """
    table = open_table(path, control)
    beside = Beside(path, control)
    for row in table.read(control):
        if isinstance(row, Problem):
            yield Sample("row", row.where, text="", broken=row)
            continue
        cells = dict(zip(table.names, row[1], strict=True))
        yield Sample("row", row_name(cells, row[0]), text=row_text(_found(cells, table.names, beside)))


def _found(cells: Mapping[str, str], names: Iterable[str], beside: Beside) -> dict[str, str]:
    """The cells with the whole path of each picture that lies where the table says or near it; others stay as they are."""
    found = dict(cells)
    for name in names:
        cell = cells.get(name, "")
        if cell and names_picture(cell) and len(cell) <= _LONGEST_PATH:
            file = beside.find(cell)
            if file.is_file():
                found[name] = str(file)
    return found


def _says_splits(profile: Profile) -> bool:
    return (
        bool(_SPLIT_NAMES.match(profile.name))
        and {v.lower() for v in profile.values} <= set(SPLITS)
        and profile.filled > 0
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{n}”" for n in names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


@dataclass
class RowsPlan(ImportPlan):
    """A table of items. `given` are its columns as they stand: guessed, or put right.

    Attributes:
        first: the first rows, for the eye. sample: cells of rows drawn from all of them.
        splits: name of the column that says what is for training and what for testing; "" where none does.
    """

    table: TableFile | None = None
    profiles: dict[str, Profile] = field(default_factory=dict)
    given: tuple[TableColumn, ...] = ()
    first: list[dict[str, str]] = field(default_factory=list)
    sample: list[Sequence[str]] = field(default_factory=list)
    splits: str = ""

    def columns(self) -> list[Column]:
        found = []
        for c in self.given:
            seen = self.profiles[c.name]
            found.append(Column(c.name, c.examples[0] if c.examples else "", c.distinct, seen.filled))
        return found

    def preview(self, rows: int = 20) -> list[dict[str, str]]:
        return self.first[:rows]

    def guess(self) -> ColumnChoice | None:
        target = target_of(self.given)
        return ColumnChoice("", target.name if target is not None else "")

    def choose(self, choice: ColumnChoice) -> None:
        """The label's column is the one to be found out; groups are columns that results are compared by."""
        wanted = with_target(self.given, choice.label)
        for name in choice.groups:
            if name not in {c.name for c in wanted}:
                raise UserError(
                    f"There is no column “{name}”.", f"The columns are: {', '.join(c.name for c in wanted[:30])}."
                )
        self.set_columns([replace(c, compared=c.compared or c.name in choice.groups) for c in wanted])

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Take the columns as they are said to be, and see what that means.

        Raises:
            UserError: when nothing is left to learn from, or more than one column is to be found out.
        """
        if sum(c.role == "target" for c in columns) > 1:
            raise UserError("Only one column can be found out at a time.", "Choose one.")
        if not features_of(columns):
            raise UserError("No column is left to learn from.", "Choose at least one that is to be learnt from.")
        self.given = tuple(columns)
        self.warnings, self.label_counts = [], {}
        target = target_of(columns)
        self.marks = "classes"
        if target is None:
            self.warnings.append("No column is to be found out, so the rows come in without labels.")
        elif is_amount(target):
            self.marks = "number"
            self._told = self.profiles[target.name].filled
        else:
            counted = {v: n for v, n in self.profiles[target.name].values.items() if not is_missing(v)}
            if len(counted) > _MOST_CLASSES:
                self.warnings.append(
                    f"“{target.name}” has {target.distinct:,} different values; is it really what shall be found out?"
                )
            self._standing, sentences = labels.merged_spellings(v for v, n in counted.items() for _ in range(min(n, 3)))
            counts: Counter[str] = Counter()
            for value, count in counted.items():
                counts[self._standing[labels.key(value)]] += count
            self.label_counts = dict(counts.most_common())
            self.warnings += sentences
            if target.kind == "number" and target.distinct > 10:
                self.warnings.append(
                    f"“{target.name}” has {target.distinct} different numbers, which are taken as classes. With more than"
                    f" {FEW} they would be estimated as amounts."
                )
            self.warn_about_labels()
        if target is not None and self.profiles[target.name].missing:
            empty = self.profiles[target.name].missing
            self.warnings.append(
                f"In {empty:,} {'row' if empty == 1 else 'rows'} “{target.name}” is empty:"
                f" {'it comes' if empty == 1 else 'they come'} in without a label."
            )
        if target is not None:
            self.warnings += self._given_away(columns, target)
        left = [c.name for c in columns if c.role == "ignored" and c.name != self.splits]
        if left:
            self.warnings.append(f"Left out, because they say nothing or only name the rows: {_quoted(left)}.")
        if self.splits:
            self.warnings.append(f"The column “{self.splits}” says what is for training and what for testing.")
        if self.table is not None and self.table.above:
            one = self.table.above == 1
            self.warnings.append(
                f"{'A line' if one else f'{self.table.above} lines'} above the names of the columns {'is' if one else 'are'} left out."
            )
        if self.problems:
            self.warnings.append(f"{len(self.problems):,} rows cannot be read.")

    def _given_away(self, columns: Sequence[TableColumn], target: TableColumn) -> list[str]:
        """A sentence about columns that alone tell what is to be found out, as far as a sample of the rows shows."""
        from workbench.data.checks.table_columns import leak_words, leaks_among

        assert self.table is not None
        amounts = is_amount(target)
        rows: list[dict[str, str]] = []
        truths: list[float | str] = []
        for values in self.sample:
            cells = dict(zip(self.table.names, values, strict=True))
            cell = cells.get(target.name, "")
            truth = target.value(cell) if amounts else "" if is_missing(cell) else labels.key(cell)
            if truth not in (None, ""):
                truths.append(truth)
                rows.append(cells)
        leaks = leaks_among(rows, truths, features_of(columns), target, Control())
        if not leaks:
            return []
        return [
            f"{leak_words(leaks, target)} Will you know it before the answer is known? If not, leave it out: the model would look"
            " perfect and be of no use."
        ]

    def copy_words(self, copied: bool) -> str:
        """See `ImportPlan.copy_words`."""
        names = _quoted([c.name for c in features_of(self.given) if c.kind == "picture"])
        if not names:
            return ""
        if copied:
            return f"The pictures of {names} are copied into the project's folder, and go along wherever it is moved."
        return (
            f"The pictures of {names} stay where they are, and the rows remember where: do not move them. They do not go along"
            " when the project's folder is moved or given to others."
        )

    def warn_about_labels(self) -> None:
        if len(self.label_counts) == 1:
            self.warnings.append("There is only one value to be found out; training needs at least two.")
        few = [name for name, count in self.label_counts.items() if count < 10]
        if len(self.label_counts) > 1 and few:
            names = ", ".join(f"“{n}”" for n in few[:5]) + (" and others" if len(few) > 5 else "")
            self.warnings.append(f"Fewer than 10 rows: {names}. More examples make the model better.")

    @property
    def brings_labels(self) -> bool:
        return bool(self.label_counts) or self.marks == "number"

    @property
    def noun(self) -> str:
        return "row" if self.total == 1 else "rows"

    @property
    def summary(self) -> str:
        columns = len(features_of(self.given))
        about = f"{self.total:,} {self.noun}, {columns} {'column' if columns == 1 else 'columns'} to learn from"
        target = target_of(self.given)
        if target is None:
            return f"{about}."
        if self.marks == "number":
            return f"{about}; to be estimated: “{target.name}”."
        names = list(self.label_counts)
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        return f"{about}; to be found out: “{target.name}” ({shown})."

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        assert self.table is not None
        target = target_of(self.given)
        compared = [c for c in self.given if c.compared and c.role != "target"]
        pictures = [c.name for c in features_of(self.given) if c.kind == "picture"]
        named = [name for name, profile in self.profiles.items() if profile.pictures]
        beside = Beside(self.table.path, control)
        seen: Counter[bytes] = Counter()
        without: Counter[bytes] = Counter()
        for row in self.table.read(control):
            if isinstance(row, Problem):
                yield row
                continue
            number, values = row
            cells = dict(zip(self.table.names, values, strict=True))
            if not any(values):
                continue
            name = row_name(cells, number)
            given = cells
            cells = _found(cells, named, beside)
            for column in pictures:
                if names_picture(cells.get(column, "")) and not Path(cells[column]).is_file():
                    yield Problem(
                        f"row {number}", f"The picture “{cells[column][-60:]}” in “{column}” is not there.",
                        "The row is in, without it. Put it beside the table and import the table again: the row gets it.",
                        stays=True,
                    )  # fmt: skip
            key = bytes.fromhex(row_hash(cells))[:8]
            earlier = ""
            if cells != given:
                bare = bytes.fromhex(row_hash(given))[:8]
                earlier = row_hash(given, without[bare])
                without[bare] += 1
            label, marks = None, None
            if target is not None:
                cell = cells.get(target.name, "")
                if self.marks == "number":
                    value = target.value(cell)
                    if isinstance(value, float):
                        marks = (NewAnnotation(Whole(), text=repr(value)),)
                    elif not is_missing(cell):
                        yield Problem(
                            f"row {number}", f"“{cell[:40]}” in the column “{target.name}” is not a number.",
                            "The row is in, without it. Mend it, or leave it so.", stays=True,
                        )  # fmt: skip
                elif not is_missing(cell):
                    said = labels.clean(cell)[: labels.MAX_LENGTH]
                    label = self._standing.get(labels.key(said), said)
            groups = tuple((c.name, v) for c in compared if (v := c.group(cells.get(c.name, ""))))
            split = SPLITS.get(cells.get(self.splits, "").strip().lower()) if self.splits else None
            yield NewItem(
                "row", name, text=row_text(cells), label=label, annotations=marks, split=split,
                groups=groups, copy=seen[key], earlier=earlier,
            )  # fmt: skip
            seen[key] += 1

    _standing: dict[str, str] = field(default_factory=dict)
    _told: int = 0
