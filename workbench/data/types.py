"""The plain records a project hands out. None of them is live: each is a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple

from workbench.data.annotations import NewAnnotation
from workbench.errors import Problem

MediaKind = Literal["picture", "text", "sound", "series", "row", "molecule"]
# What several items of a kind are called.
NOUNS: Mapping[MediaKind, str] = {
    "picture": "pictures",
    "text": "texts",
    "sound": "recordings",
    "series": "series",
    "row": "rows",
    "molecule": "molecules",
}
# Items that are written down: their content is their text, and no file of theirs is read again.
WRITTEN: frozenset[MediaKind] = frozenset(("text", "row", "molecule"))
# Which part of a deep picture's greys is seen: centre ("level") and width, in the picture's own unit.
Window = tuple[float, float]


class Split(StrEnum):
    """Which part of the data an item belongs to; frozen once given, so that numbers stay comparable.

    NEW: reviewed answers of a model at work that are kept apart: they judge its next version on data of now, while the test
    split stays what it was.
    """

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    NEW = "new"


@dataclass(frozen=True)
class Sample:
    """One thing to predict on, from anywhere: a dropped file, the clipboard, an item of a project.

    Attributes:
        kind: "picture", "text", "sound", "series" (numbers evenly spaced in time), "row" (of a table: `text` is its cells, see
            `workbench.data.rows`) or "molecule" (`text` is its SMILES, see `workbench.data.molecules`).
        name: what a person would call it (the file name, the first words).
        path: the file, or None when `data` or `text` holds it.
        data: the encoded bytes of a picture or a sound; None otherwise.
        text: the text itself.
        window: how a picture with more than 256 greys (16 bits, CT) is read; None: as the file or the model says.
        frame: which picture of a file that holds several, from 0; None: the usual one (see `media.read_picture`).
        asked: questions that belong to it, for tasks that answer some.
        broken: what is wrong with it, where that is known already: it is said instead of an answer.
    """

    kind: MediaKind
    name: str = ""
    path: Path | None = None
    data: bytes | None = None
    text: str | None = None
    window: Window | None = None
    frame: int | None = None
    asked: tuple[str, ...] = ()
    broken: Problem | None = None


@dataclass(frozen=True)
class ClassLabel:
    """A class ("cat") of a project. `position` counts from 0 and gives the key 1-9; `colour` is "#rrggbb"."""

    id: int
    name: str
    position: int
    colour: str


@dataclass(frozen=True)
class Item:
    """One picture, text or recording of a project.

    Attributes:
        id: unique in its project, never used again.
        path: absolute path of the picture or recording (None for a text).
        text: the text (None for the others).
        class_id: the label in force; None when unlabelled.
        label_source: who gave it: "person", "import", "model" or "review" (of a model at work); "" when unlabelled.
        split: None until the splits are made.
        content_hash: sha256 (hex) of the file's bytes, of the normalised text, or of a molecule's one written form.
        problem: a sentence when the item cannot be used (broken file), else "".
        suggestion: class id the current model suggests, with `suggestion_score` in 0..1.
        seconds: length of a recording.
        marked: its annotations (boxes, areas, words …) are done, even when there are none.
        marks: number of its annotations, without proposals; `proposals`: of those a model made.
        window: how the project reads pictures with more than 256 greys; None: as each file says.
    """

    id: int
    kind: MediaKind
    name: str
    path: Path | None = None
    text: str | None = None
    class_id: int | None = None
    label_source: str = ""
    split: Split | None = None
    content_hash: str = ""
    width: int = 0
    height: int = 0
    problem: str = ""
    suggestion: int | None = None
    suggestion_score: float = 0.0
    marked: bool = False
    marks: int = 0
    proposals: int = 0
    seconds: float = 0.0
    window: Window | None = None

    @property
    def labelled(self) -> bool:
        """True when there is something to learn from it."""
        return self.class_id is not None or self.marked

    @property
    def words(self) -> str:
        """What is read of it in a list: its text, or what it is called; of a row of a table its cells are for the eye."""
        return self.name if self.kind == "row" else self.text or self.name

    def sample(self) -> Sample:
        return Sample(self.kind, self.name, path=self.path, text=self.text, window=self.window)

    @property
    def content_key(self) -> str:
        """Names what a model sees of it: the content, and how it is read."""
        return content_key(self.content_hash, self.window)


def content_key(content_hash: str, window: Window | None) -> str:
    """Names a content as it is read (see `Item.content_key`)."""
    return content_hash if window is None else f"{content_hash}@{window[0]:g}:{window[1]:g}"


class Content(NamedTuple):
    """The little that checks of a whole project need of an item. `path` is absolute."""

    id: int
    content_hash: str
    class_id: int | None
    path: str | None
    text: str | None
    kind: MediaKind


@dataclass(frozen=True)
class NewItem:
    """What an importer hands to `Project.add_items`. `label` is a class name; it is made when missing.

    Attributes:
        annotations: labels on pieces of it; None when it brings none (an empty tuple says: nothing is there).
        own_copy: the file is only there for now; it is copied into the project in any case.
        groups: (property, value) each: ("device", "phone A").
        copy: of rows of a table, how many equal ones stood before it: equal rows are different items.
        earlier: the content's hash that a row has had while its pictures were not there; "" where they never are missing.
    """

    kind: MediaKind
    name: str
    path: Path | None = None
    text: str | None = None
    label: str | None = None
    split: Split | None = None
    annotations: tuple[NewAnnotation, ...] | None = None
    own_copy: bool = False
    groups: tuple[tuple[str, str], ...] = ()
    copy: int = 0
    earlier: str = ""


@dataclass(frozen=True)
class ItemFilter:
    """Which items to list. Empty means all. Conditions are joined by "and".

    Attributes:
        class_ids: only items with these labels, or with annotations of these classes.
        labelled: True: only labelled (a class, or annotations that are done); False: only unlabelled; None: both.
        whole_classes: True: only items with one class for the whole of them.
        split: only this split.
        problems: True: only broken items; False: only usable ones; None: both.
        search: part of the name or text, case-insensitive.
        order: "added", "name", "label", "uncertain" (least certain suggestion first), "given" (as in `ids`).
        ids: only these items (for "show these" from a confusion matrix).
        group: only items of one group: (property, value); an empty value: those that have none of this property.
    """

    class_ids: tuple[int, ...] = ()
    labelled: bool | None = None
    whole_classes: bool | None = None
    split: Split | None = None
    problems: bool | None = None
    search: str = ""
    order: Literal["added", "name", "label", "uncertain", "given"] = "added"
    ids: tuple[int, ...] | None = None
    group: tuple[str, str] | None = None


@dataclass(frozen=True)
class Counts:
    """Live numbers of a project.

    Attributes:
        per_class: class id to its number of items and of annotations; broken items are not counted in it.
    """

    total: int = 0
    labelled: int = 0
    unlabelled: int = 0
    broken: int = 0
    per_class: Mapping[int, int] = field(default_factory=dict)
    per_split: Mapping[Split, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AddResult:
    """What came of an import. `notes`: what else there is to say of it, in whole sentences."""

    added: tuple[int, ...] = ()
    duplicates: int = 0
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelState:
    """One item's label as it was or shall be: what undo and redo carry."""

    class_id: int | None
    source: str


RunStatus = Literal["running", "paused", "interrupted", "done", "cancelled", "failed"]


@dataclass(frozen=True)
class RunRecord:
    """One fine-tuning run of a project. `config` is a `RunConfig` as JSON; `metrics` the final evaluation's headline."""

    id: str
    name: str
    status: RunStatus
    created: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    folder: Path
    message: str = ""


@dataclass(frozen=True)
class ItemPrediction:
    """One item's prediction by one run, kept for Results.

    Attributes:
        true_class, predicted_class: names, where the answer is one class; else "".
        scores: probabilities in the run's class order, where the answer is one class.
        record: the whole prediction as plain data (`predictions.to_record`), where it is more than that.
    """

    item_id: int
    split: Split
    true_class: str
    predicted_class: str
    scores: tuple[float, ...] = ()
    record: dict[str, Any] | None = None
