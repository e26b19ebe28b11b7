"""What every importer gives: a plan a person can look at before anything is taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from workbench.control import Control
from workbench.data import labels
from workbench.data.annotations import NewAnnotation
from workbench.data.shapes import Whole
from workbench.data.types import AddResult, MediaKind, NewItem, Split
from workbench.errors import Problem, UserError

if TYPE_CHECKING:
    from workbench.data.project import Project


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, an example, how many different values and how many filled cells it has."""

    name: str
    example: str
    distinct: int
    filled: int


@dataclass(frozen=True)
class ColumnChoice:
    """Which column holds what.

    Attributes:
        content: the text, or the path of the picture or recording when `is_path`.
        label: the class, or "".
        words: the right answer in words (a transcript, the answer to a question), or "".
        several: how the labels in a cell of `label` are parted (see `several.SEPARATORS`); "": it is one label.
        flags: columns named as a label each, with yes or no (1 or 0) in every row.
        groups: columns that say which groups a row belongs to (device, place …); the column's name is the property.
        empty_is_none: an empty cell of labels means that none of them fits; else that nobody has looked yet.
    """

    content: str
    label: str = ""
    is_path: bool = False
    words: str = ""
    several: str = ""
    flags: tuple[str, ...] = ()
    empty_is_none: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """Something about the data that only the person knows.

    Attributes:
        text: the question in words.
        choices: (id, words) each; `chosen`: id of the one in force.
    """

    id: str
    text: str
    choices: tuple[tuple[str, str], ...]
    chosen: str


@dataclass
class ImportPlan:
    """What would be imported. Made by `sniff`; nothing is read into a project before `read`.

    Attributes:
        kind: "folders" (a folder per class), "files", "table" or "marked" (a format that brings labels on pieces of items).
        marks: what its labels are: "classes", or what `TaskInfo.editor` of the fitting tasks says ("boxes", "regions", …).
        format: name of the format for people ("COCO"), where it has one.
        title: a name for a project made of it.
        total: items that will come (problems not counted).
        label_counts: items per label as far as known.
        warnings: plain sentences a person should read first.
        problems: files that cannot be used.
        repairs: what was odd and has been mended, one by one.
        classes: all classes in the order in which the files name them, also those without an example; [] when any will do.
    """

    kind: Literal["folders", "files", "table", "marked"]
    media: MediaKind
    title: str
    source: Path
    total: int = 0
    label_counts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    marks: str = "classes"
    format: str = ""
    repairs: list[Problem] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)

    @property
    def brings_labels(self) -> bool:
        """True when there is something to learn from in it, not only items."""
        return bool(self.label_counts)

    @property
    def noun(self) -> str:
        word = {"sound": "recording"}.get(self.media, self.media)
        return word if self.total == 1 else f"{word}s"

    @property
    def summary(self) -> str:
        """One sentence: what was found."""
        if not self.label_counts:
            return f"{self.total:,} {self.noun} without labels."
        names = list(self.label_counts)
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        many = "1 label" if len(names) == 1 else f"{len(names)} labels"
        return f"{self.total:,} {self.noun} with {many}: {shown}."

    @property
    def measured(self) -> str:
        """What the number is called that each item brings; "" where it brings none, or where that is not said."""
        return ""

    @property
    def may_be_rows(self) -> bool:
        """It is one table, whose rows could be the items by all their columns instead (`sniff(…, rows=True)`)."""
        return self.kind == "table" and self.media in ("text", "picture") and len(self.columns()) > 2

    def copy_words(self, copied: bool) -> str:
        """What becomes of files that its items name beside what they are; "" where they name none."""
        return ""

    def questions(self) -> list[Question]:
        """What the person should say before it is read."""
        return []

    def say(self, question: str, choice: str) -> None:
        """Answer a question (by its id) with a choice's id. Raises: UserError when that is not asked."""
        raise UserError("There is nothing to be answered here.", "Leave --answer out.")

    def columns(self) -> list[Column]:
        """Columns to choose from; none unless it is a table."""
        return []

    def preview(self, rows: int = 20) -> list[dict[str, str]]:
        """The first rows of a table."""
        return []

    def guess(self) -> ColumnChoice | None:
        """The columns that look right; None when it is no table."""
        return None

    def separator_of(self, column: str) -> str:
        """How the labels in the cells of this column seem to be parted; "" when each is one label."""
        return ""

    def flag_columns(self) -> tuple[str, ...]:
        """Columns that say yes or no in every row; fewer than two are none."""
        return ()

    def choose(self, choice: ColumnChoice) -> None:
        """Set the columns of a table. Raises: UserError when they cannot serve."""
        raise UserError("There are no columns to choose here.", "")

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        """Hand out the items one by one."""
        raise NotImplementedError

    def serves(self, editor: str) -> bool:
        """Whether the labels fit projects with this editor (`TaskInfo.editor`). One class of an item is also the only one
        of several labels."""
        return editor == self.marks or (self.marks, editor) == ("classes", "tags")

    def suits(self, media: MediaKind) -> bool:
        """Whether it can go into a project of such items."""
        return media == self.media

    def offers(self, editor: str) -> bool:
        """Whether a new project with this editor is offered for it: what it serves, but for a class that becomes a label."""
        return self.serves(editor) and (self.marks, editor) != ("classes", "tags")

    def loss(self, editor: str) -> str:
        """What is lost when the labels go into a project with this editor, in one sentence; "" when nothing is."""
        return ""

    def read_for(self, editor: str, control: Control | None = None) -> Iterator[NewItem | Problem]:
        """As `read`, with labels as this editor has them; only for editors that the plan serves."""
        if (self.marks, editor) != ("classes", "tags"):
            yield from self.read(control)
            return
        for item in self.read(control):
            if isinstance(item, NewItem) and item.label:
                item = replace(item, label=None, annotations=(NewAnnotation(Whole(), item.label),))
            yield item

    def warn_about_labels(self) -> None:
        """Say what will stand in the way of training."""
        if len(self.label_counts) == 1 and self.marks != "tags":
            self.warnings.append("There is only one label; training needs at least two.")
        few = [name for name, count in self.label_counts.items() if count < 10]
        if len(self.label_counts) > 1 and few:
            names = ", ".join(f"“{n}”" for n in few[:5]) + (" and others" if len(few) > 5 else "")
            self.warnings.append(f"Fewer than 10 {self.media}s: {names}. More examples make the model better.")


@runtime_checkable
class BringsBeside(Protocol):
    """A plan that brings more than items: who liked what."""

    def meet(self, project: Project) -> None:
        """Look at the project it goes into, before anything is read: what is there already does not come again."""

    def bring(self, project: Project, result: AddResult, control: Control | None = None) -> AddResult:
        """Take in what belongs to the items, once they are there. Raises: UserError, Cancelled."""


@dataclass
class ReadPlan(ImportPlan):
    """A plan whose items have been read while it was made."""

    items: list[NewItem] = field(default_factory=list)

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        control = control or Control()
        for item in self.items:
            control.check()
            yield item
        yield from self.problems


@dataclass(frozen=True)
class Entry:
    """A file found, with the label and split its folder says."""

    path: Path
    name: str
    label: str | None = None
    split: Split | None = None


@dataclass
class FilesPlan(ImportPlan):
    """Files, with or without labels from their folders."""

    entries: list[Entry] = field(default_factory=list)

    def settle(self) -> FilesPlan:
        """Count, bring spellings together, warn."""
        standing, sentences = labels.merged_spellings(e.label for e in self.entries if e.label)
        self.entries = [
            Entry(e.path, e.name, standing[labels.key(e.label)] if e.label else None, e.split) for e in self.entries
        ]
        self.total = len(self.entries)
        self.label_counts = dict(Counter(e.label for e in self.entries if e.label))
        self.warnings += sentences
        self.warn_about_labels()
        return self

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        from workbench.data.media import read_text_file

        control = control or Control()
        for entry in self.entries:
            control.check()
            if self.media != "text":
                yield NewItem(self.media, entry.name, path=entry.path, label=entry.label, split=entry.split)
                continue
            try:
                text = read_text_file(entry.path)
            except UserError as error:
                yield Problem.of(entry.name, error, str(entry.path))
            else:
                yield NewItem("text", entry.name, text=text, label=entry.label, split=entry.split)
        yield from self.problems
