"""What is done with each new file of a watched folder, as plain data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

from workbench.errors import UserError
from workbench.tasks.base import Task, TryOptions
from workbench.tasks.predictions import Boxes, Events, Mask, Prediction, Scores

Action = Literal["move", "copy", "rename", "tag", "log"]

ACTIONS: dict[Action, str] = {
    "move": "Move it into a folder named after the answer",
    "copy": "Copy it into a folder named after the answer",
    "rename": "Put the answer before its name",
    "tag": "Write the answer into a file beside it",
    "log": "Only write the answer into the table",
}
# Names of folders and files this app makes.
SORTED, TO_CHECK, UNREADABLE = "sorted", "to check", "could not be read"
LOG_NAME = "what was done.csv"
BESIDE = ".answer"
# Results that name what is there, so that files can be told apart by them.
_NAMING = ("scores", "boxes", "events", "mask")
_NAME_LETTERS = 80
# Not allowed in names of files on some system.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class WatchRule:
    """One watched folder.

    Attributes:
        folder: where new files come.
        model_id, task_id: who answers; an empty task is what the model is for.
        action: what is done with a file that was answered.
        target: folder that holds those named after answers; empty: "sorted" inside the watched one.
        sure: an answer less certain than this (0..1) goes to "to check"; 0: only what the model itself is not sure of.
        below: folders inside the folder are watched, too.
        labels, values: as in `TryOptions`.
    """

    folder: str
    model_id: str
    task_id: str = ""
    action: Action = "log"
    target: str = ""
    sure: float = 0.0
    below: bool = False
    labels: tuple[str, ...] = ()
    values: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return Path(self.folder)

    @property
    def home(self) -> Path:
        """Where files go, and the table of what was done."""
        if self.action not in ("move", "copy"):
            return self.path
        return Path(self.target) if self.target else self.path / SORTED

    @property
    def options(self) -> TryOptions:
        return TryOptions(self.labels, self.values)

    @property
    def key(self) -> str:
        """Names all that decides what becomes of a file: under another rule it is answered again."""
        parts = (self.model_id, self.task_id, self.action, str(self.home), self.labels, sorted(self.values.items()))
        return sha256(repr(parts).encode()).hexdigest()[:16]

    def checked(self, task: Task) -> WatchRule:
        """Itself. Raises: UserError when it cannot be followed."""
        if not self.path.is_dir():
            raise UserError(f"“{self.folder}” is no folder.", "Choose the folder where new files come.")
        if self.action not in get_args(Action):
            raise UserError(f"“{self.action}” is nothing that can be done.", f"Choose from: {', '.join(ACTIONS)}.")
        if not 0 <= self.sure <= 1:
            raise UserError("A certainty lies between 0 and 1.", "For example 0.8.")
        if self.action in ("move", "copy", "rename") and not names_things(task):
            raise UserError(
                f"{task.info.title}: its answers are no names for folders or files.",
                "Choose to write the answer beside the file, or only into the table.",
            )
        if self.action in ("move", "copy") and self.home.resolve() == self.path.resolve():
            raise UserError("Files cannot be sorted into the folder they come from.", "Choose another folder for them.")
        return self

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "values": dict(self.values), "labels": list(self.labels)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> WatchRule:
        """Raises: ValueError when it is none."""
        try:
            known = {k: value[k] for k in cls.__dataclass_fields__ if k in value}
            rule = cls(**{**known, "labels": tuple(known.get("labels", ())), "values": dict(known.get("values", {}))})
        except (TypeError, KeyError) as error:
            raise ValueError("not a rule") from error
        if rule.action not in get_args(Action) or not isinstance(rule.folder, str):
            raise ValueError("not a rule")
        return rule


def names_things(task: Task) -> bool:
    """Its answers are names that files can be sorted by."""
    return task.info.result in _NAMING


def name_of(prediction: Prediction) -> str:
    """What a file is called after: the best class, the first of several, what most of a picture or recording is."""
    if isinstance(prediction, Scores):
        return prediction.chosen[0].name if prediction.chosen else prediction.summary()
    if isinstance(prediction, Boxes) and not prediction.reading:
        shown = prediction.above()
        return shown[0].label if shown else prediction.summary()
    if isinstance(prediction, Events):
        best = max(prediction.events, key=lambda e: e.score, default=None)
        return best.label if best is not None else prediction.summary()
    if isinstance(prediction, Mask):
        present = prediction.present()
        return present[0][1] if present else prediction.summary()
    return prediction.summary()


def is_doubtful(prediction: Prediction, sure: float) -> bool:
    """A person should look at it."""
    if isinstance(prediction, Scores) and (prediction.unsure or prediction.unlike):
        return True
    return prediction.certainty < sure


def safe_name(name: str) -> str:
    """A name of a class as the name of a folder or file on any system."""
    plain = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C")
    plain = _FORBIDDEN.sub("_", " ".join(plain.split()))[:_NAME_LETTERS].strip(" .")
    return f"_{plain}" if not plain or _RESERVED.fullmatch(plain) else plain
