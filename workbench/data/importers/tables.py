"""Tables: CSV, TSV, JSON Lines, JSON and Excel, of texts or of paths of pictures or recordings, with a column picker."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import NewAnnotation
from workbench.data.importers import several as several_labels
from workbench.data.importers.base import Column, ColumnChoice, ImportPlan
from workbench.data.importers.beside import Beside
from workbench.data.importers.folders import SPLITS, media_of
from workbench.data.importers.table_files import LONGEST_LINE, MOST_IN_MEMORY, open_table
from workbench.data.importers.table_heads import LABEL_NAMES, PATH_NAMES, TEXT_NAMES
from workbench.data.importers.written_molecules import (
    fault_of,
    looks_like_molecules,
    name_column,
    number_column,
)
from workbench.data.media import PICTURE_SUFFIXES, first_words
from workbench.data.numbers import Decimal, decimal_of, is_missing
from workbench.data.numbers import number as number_in
from workbench.data.shapes import Whole
from workbench.data.sound import FILES as SOUND_SUFFIXES
from workbench.data.types import MediaKind, NewItem
from workbench.errors import Problem, UserError

SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm")
_MAX_ROWS = 1_000_000
_MOST_LABELS = 200
# Words in the names of columns that say where an item comes from or whom it is about.
_GROUP_NAMES = re.compile(
    r"(^|[_\s-])(device|camera|scanner|phone|microphone|machine|instrument|site|place|location|hospital|clinic|lab"
    r"|country|region|city|source|origin|gender|sex|age_?(band|group|range)?|ethnicity|race|skin_?(tone|type)|religion"
    r"|language|dialect|accent|group)(_?(name|type|id))?$",
    re.I,
)
_MOST_GROUPS = 50
_MOST_VALUES = 1000
_MEND = "Mend it, or leave the row out."
_MANY_NAMES = re.compile(r"^(labels|tags|topics|categories|classes|genres?|keywords|emotions|subjects|themes)$", re.I)
_SPLIT_NAMES = re.compile(r"^(split|subset|set|partition|usage)$", re.I)
_WORDS_NAMES = re.compile(
    r"^(answer|response|completion|output|reply|transcript|transcription|transcribed_?text|sentence|summary|translation)s?$",
    re.I,
)


def plan_table(path: Path, control: Control) -> TablePlan:
    """Plan for one table. Raises: UserError when it cannot be read or has no usable column."""
    # What is too long for a text is said beside its row.
    table = open_table(path, control, MOST_IN_MEMORY, LONGEST_LINE)
    plan = TablePlan("table", "text", path.stem, path, names=list(table.names))
    for row in table.read(control):
        if isinstance(row, Problem):
            plan.problems.append(row)
            continue
        plan.records.append((row[0], dict(zip(table.names, row[1], strict=True))))
        if len(plan.records) > _MAX_ROWS:
            raise UserError(f"The table “{path.name}” has more than a million rows.", "Split it into parts.")
    if not plan.records:
        raise UserError(f"The table “{path.name}” has no rows.", "Fill it in and import it again.")
    choice = plan.guess()
    if choice is None:
        raise UserError(
            f"The table “{path.name}” has no column with texts or picture names.",
            "It needs one, and better a second with labels.",
        )
    plan.choose(choice)
    return plan


@dataclass
class TablePlan(ImportPlan):
    """A table in memory. `records` holds (row number as people count, cells by column)."""

    names: list[str] = field(default_factory=list)
    records: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    choice: ColumnChoice | None = None

    def columns(self) -> list[Column]:
        found = []
        for name in self.names:
            values = [r[name] for _, r in self.records if r.get(name, "").strip()]
            found.append(Column(name, values[0][:80] if values else "", len(set(values)), len(values)))
        return found

    def preview(self, rows: int = 20) -> list[dict[str, str]]:
        return [dict(record) for _, record in self.records[:rows]]

    def guess(self) -> ColumnChoice | None:
        choice = self._guess()
        return None if choice is None else self._with_groups(choice)

    def _guess(self) -> ColumnChoice | None:
        columns = [c for c in self.columns() if c.filled]
        if not columns:
            return None
        molecules = [c for c in columns if self._holds_molecules(c.name)]
        if molecules:
            return self._guess_about_molecules(columns, molecules[0])
        paths = [c for c in columns if self._looks_like_paths(c.name)]
        if paths:
            named = [c for c in paths if PATH_NAMES.match(c.name)]
            content = (named or paths)[0]
        else:
            texts = [c for c in columns if self._mean_length(c.name) > 0 and not self._numeric(c.name)]
            if not texts:
                return None
            named = [c for c in texts if TEXT_NAMES.match(c.name)]
            content = max(named or texts, key=lambda c: self._mean_length(c.name))
        several = self._guess_several(columns, content)
        if several:
            return ColumnChoice(content.name, several, bool(paths), several=self.separator_of(several))
        label, words = self._guess_label(columns, content), self._guess_words(columns, content)
        flags = tuple(name for name in self.flag_columns() if name != content.name)
        told = [name for name in (label, words) if name and name not in flags]
        # "label" with 0 or 1 beside another such column is one class of two.
        if len(flags) >= 2 and not told and not (len(flags) == 2 and any(LABEL_NAMES.match(f) for f in flags)):
            return ColumnChoice(content.name, "", bool(paths), flags=flags)
        if label == words:  # few rows, so that nothing comes again: its name decides
            label = ""
        return ColumnChoice(content.name, label, bool(paths), "" if label else words)

    def _guess_about_molecules(self, columns: list[Column], content: Column) -> ColumnChoice:
        """A class, or else a number that was measured; the column of names is neither."""
        name = name_column([c.name for c in columns if c.name != content.name])
        others = [c for c in columns if c.name != name and not self._holds_molecules(c.name)]
        number = number_column({c.name: [r.get(c.name, "") for _, r in self.records] for c in others})
        label = self._guess_label(others, content)
        if label and number and self._numeric(label) and not LABEL_NAMES.match(label):
            label = ""  # a count with few values is no class where something was measured
        return ColumnChoice(content.name, label, words="" if label else number)

    def _holds_molecules(self, name: str) -> bool:
        if name not in self._molecules:
            self._molecules[name] = looks_like_molecules(name, self._sample(name))
        return self._molecules[name]

    def _with_groups(self, choice: ColumnChoice) -> ColumnChoice:
        """Add the columns that by their names and values say which group a row belongs to."""
        taken = (choice.content, choice.label, choice.words, *choice.flags, self._split_column(choice))
        found = tuple(
            c.name
            for c in self.columns()
            if c.name not in taken
            and _GROUP_NAMES.search(c.name)
            and 2 <= c.distinct <= min(_MOST_GROUPS, c.filled // 2)
        )
        return replace(choice, groups=found)

    def separator_of(self, column: str) -> str:
        """See `ImportPlan.separator_of`."""
        named = bool(LABEL_NAMES.match(column) or _MANY_NAMES.match(column))
        return several_labels.guess_separator(self._sample(column), named)

    def flag_columns(self) -> tuple[str, ...]:
        """See `ImportPlan.flag_columns`."""
        rows = len(self.records)
        found = [n for n in self.names if several_labels.are_flags((r.get(n, "") for _, r in self.records), rows)]
        return tuple(found) if len(found) >= 2 else ()

    def _guess_several(self, columns: list[Column], content: Column) -> str:
        """A column with several labels in its cells; one whose name speaks of labels is believed sooner."""
        others = [c for c in columns if c.name != content.name and not self._looks_like_paths(c.name)]
        named = [c for c in others if LABEL_NAMES.match(c.name) or _MANY_NAMES.match(c.name)]
        rest = [c for c in others if c not in named and not _WORDS_NAMES.match(c.name)] if not named else []
        return next((c.name for c in [*named, *rest] if self.separator_of(c.name)), "")

    def _guess_words(self, columns: list[Column], content: Column) -> str:
        """A column that by its name holds right answers in words. Beside texts, "sentence" is no such name."""
        others = [c for c in columns if c.name != content.name and _WORDS_NAMES.match(c.name)]
        return others[0].name if others and not self._numeric(others[0].name) else ""

    def _guess_label(self, columns: list[Column], content: Column) -> str:
        others = [c for c in columns if c.name != content.name and c.distinct <= _MOST_LABELS]
        named = [c for c in others if LABEL_NAMES.match(c.name)]
        # Without a telling name, a label is what comes again and again, and seldom what groups are told by.
        others = [c for c in others if not _GROUP_NAMES.search(c.name)] or others
        found = named or [c for c in others if c.distinct <= max(2, c.filled // 2)]
        # Of a class's name and its number beside it, the name.
        best = min(
            found, key=lambda c: (c.distinct < 2, self._numeric(c.name), self._mean_length(c.name)), default=None
        )
        return best.name if best is not None else ""

    def choose(self, choice: ColumnChoice) -> None:
        for name in filter(None, (choice.content, choice.label, choice.words)):
            if name not in self.names:
                raise UserError(f"There is no column “{name}”.", f"The columns are: {', '.join(self.names)}.")
        if choice.content in (choice.label, choice.words):
            raise UserError("The same column cannot be both content and label.", "Choose another column for the label.")
        if missing := [name for name in choice.flags if name not in self.names or name == choice.content]:
            raise UserError(f"“{missing[0]}” cannot be a column of a label.", "Choose other columns.")
        if choice.flags and (choice.label or choice.words):
            raise UserError("Labels are in one column or in many, not both.", "Choose one of the two.")
        if choice.label and choice.words:
            raise UserError("A table brings classes or answers in words, not both.", "Choose one of the two columns.")
        for name in choice.groups:
            if name not in self.names:
                raise UserError(f"There is no column “{name}”.", f"The columns are: {', '.join(self.names)}.")
            if name in (choice.content, choice.label, choice.words, *choice.flags):
                raise UserError(
                    f"The column “{name}” cannot be both a group and the content or the label.", "Choose another one."
                )
            if len({r.get(name, "") for _, r in self.records}) > _MOST_VALUES:
                raise UserError(
                    f"The column “{name}” has more than {_MOST_VALUES:,} different values, so it tells no groups apart.",
                    "Choose another one.",
                )
        self.choice = choice
        self.media = self._media_of(choice)
        filled = [r for _, r in self.records if r.get(choice.content, "").strip()]
        self.total = len(filled)
        self.warnings = []
        self.label_counts = {}
        several = bool(choice.flags or (choice.label and choice.several))
        self.marks = "words" if choice.words else "tags" if several else "classes"
        if choice.words and self.media == "molecule":
            self._take_numbers(choice.words)
        elif choice.words:
            told = sum(1 for r in filled if r.get(choice.words, "").strip())
            if told < len(filled):
                self.warnings.append(f"{len(filled) - told} rows have no answer and come in without one.")
        if several:
            self._count_several(filled, choice)
        elif choice.label:
            standing, sentences = labels.merged_spellings(r.get(choice.label, "") for r in filled)
            found = Counter(standing[labels.key(v)] for r in filled if (v := r.get(choice.label, "")).strip())
            self.label_counts = dict(found.most_common())
            self.warnings += sentences
            self._standing = standing
            if len(found) > 200:
                self.warnings.append(f"“{choice.label}” has {len(found)} different values; is it really the label?")
        self._splits = self._split_column(choice)
        if self._splits:
            self.warnings.append(f"The column “{self._splits}” says what is for training and what for testing.")
        self.warn_about_labels()

    def _take_numbers(self, column: str) -> None:
        """Of molecules, what is said in words is a number that was measured."""
        cells = [r.get(column, "") for _, r in self.records]
        self._decimal = decimal_of(cells)
        self.marks = "number"
        unknown = sum(is_missing(c) for c in cells)
        if unknown:
            self.warnings.append(f"{unknown:,} molecules have no number and come in without one.")

    def _count_several(self, filled: list[dict[str, str]], choice: ColumnChoice) -> None:
        found = [self._labels_of(row, choice) for row in filled]
        standing, sentences = labels.merged_spellings(name for names in found for name in names or ())
        self._standing = standing
        counts = Counter(standing[labels.key(name)] for names in found for name in names or ())
        if choice.flags:
            counts.update({labels.clean(name): 0 for name in choice.flags})
            self.classes = [labels.clean(name) for name in choice.flags]
        self.label_counts = dict(counts.most_common())
        self.warnings += sentences
        open_rows = sum(names is None for names in found)
        if open_rows:
            self.warnings.append(f"{open_rows:,} rows say nothing of labels and come in as not done yet.")

    def _labels_of(self, row: dict[str, str], choice: ColumnChoice) -> list[str] | None:
        """All labels of a row; None where nothing is said. What cannot be read is nothing, too (`read` says so)."""
        if choice.flags:
            flags = [several_labels.flag(row.get(name, "")) for name in choice.flags]
            if all(f is None for f in flags):
                return [] if choice.empty_is_none else None
            return [labels.clean(name) for name, f in zip(choice.flags, flags, strict=True) if f]
        cell = row.get(choice.label, "").strip()
        if not cell:
            return [] if choice.empty_is_none else None
        return several_labels.split_cell(cell, choice.several)

    def _odd_labels(self, row: dict[str, str], choice: ColumnChoice) -> str:
        """What is wrong with a row's labels; "" when nothing is."""
        for name in choice.flags:
            cell = row.get(name, "").strip()
            if cell and several_labels.flag(cell) is None:
                return f"“{cell[:40]}” in the column “{name}” is neither yes (1) nor no (0)."
        cell = row.get(choice.label, "").strip() if choice.label else ""
        if cell and several_labels.split_cell(cell, choice.several) is None:
            return f"The column “{choice.label}” holds no list of labels here."
        return ""

    def _split_column(self, choice: ColumnChoice) -> str:
        """The column by whose name and every value it shares the rows out, or ""."""
        for name in self.names:
            if name not in (
                choice.content,
                choice.label,
                choice.words,
                *choice.flags,
                *choice.groups,
            ) and _SPLIT_NAMES.match(name):
                values = {v.strip().lower() for _, r in self.records if (v := r.get(name, "")).strip()}
                if values and values <= set(SPLITS):
                    return name
        return ""

    @property
    def brings_labels(self) -> bool:
        return bool(self.label_counts) or bool(self.choice and self.choice.words)

    @property
    def measured(self) -> str:
        return self.choice.words if self.choice is not None and self.marks == "number" else ""

    @property
    def summary(self) -> str:
        if self.choice is not None and self.choice.words:
            if self.marks == "number":
                return f"{self.total:,} {self.noun} with a number each: {self.choice.words}."
            return f"{self.total:,} {self.noun} with their right answers in words."
        return super().summary

    def _media_of(self, choice: ColumnChoice) -> MediaKind:
        """Texts, or what most of the files named are."""
        if not choice.is_path:
            return "molecule" if self._holds_molecules(choice.content) else "text"
        kinds = Counter(kind for value in self._sample(choice.content) if (kind := media_of(Path(value))) is not None)
        return kinds.most_common(1)[0][0] if kinds else "picture"

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        choice = self.choice
        assert choice is not None
        files = Beside(self.source, control)
        called = name_column([n for n in self.names if n != choice.content]) if self.media == "molecule" else ""
        for number, record in self.records:
            control.check()
            content = record.get(choice.content, "").strip()
            where = f"row {number}"
            if not content:
                yield Problem(
                    where, f"The column “{choice.content}” is empty here.", "Fill it in, or leave the row out."
                )
                continue
            label, marks = None, None
            if self.marks == "tags":
                odd = self._odd_labels(record, choice)
                if odd:
                    yield Problem(where, odd, _MEND)
                    continue
                names = self._labels_of(record, choice)
                if names is not None:
                    marks = tuple(NewAnnotation(Whole(), self._standing[labels.key(n)]) for n in names)
            else:
                named = record.get(choice.label, "") if choice.label else ""
                label = self._standing[labels.key(named)] if named.strip() else None
                said = record.get(choice.words, "").strip() if choice.words else ""
                if self.marks == "number":
                    value = number_in(said, self._decimal)
                    if value is None and not is_missing(said):
                        yield Problem(where, f"“{said[:40]}” in the column “{choice.words}” is no number.", _MEND)
                        continue
                    said = "" if value is None else repr(value)
                marks = (NewAnnotation(Whole(), text=said),) if said else None
            split = SPLITS.get(record.get(self._splits, "").strip().lower()) if self._splits else None
            groups = tuple((name, v) for name in choice.groups if (v := record.get(name, "").strip()))
            if choice.is_path:
                path = files.find(content)
                yield NewItem(
                    self.media, content, path=path, label=label, annotations=marks, split=split, groups=groups
                )
            elif self.media == "molecule":
                fault = fault_of(content)
                if fault is not None:
                    yield Problem.of(where, fault)
                    continue
                name = record.get(called, "").strip()[:80] if called else ""
                yield NewItem(
                    "molecule",
                    name or content[:80],
                    text=content,
                    label=label,
                    annotations=marks,
                    split=split,
                    groups=groups,
                )
            else:
                name = first_words(content)
                yield NewItem("text", name, text=content, label=label, annotations=marks, split=split, groups=groups)
        yield from self.problems

    _standing: dict[str, str] = field(default_factory=dict)
    _splits: str = ""
    _decimal: Decimal = "."
    _molecules: dict[str, bool] = field(default_factory=dict)

    def _sample(self, name: str) -> list[str]:
        return [v for _, r in self.records[:500] if (v := r.get(name, "").strip())]

    def _mean_length(self, name: str) -> float:
        values = self._sample(name)
        return sum(map(len, values)) / len(values) if values else 0.0

    def _numeric(self, name: str) -> bool:
        values = self._sample(name)
        return all(re.fullmatch(r"[-+]?[\d.,]+%?", v) for v in values)

    def _looks_like_paths(self, name: str) -> bool:
        values = self._sample(name)
        hits = sum(v.lower().endswith((*PICTURE_SUFFIXES, *SOUND_SUFFIXES)) for v in values)
        return bool(values) and hits >= 0.8 * len(values)
