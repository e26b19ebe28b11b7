"""What a request brings, as samples: files lie in a folder of the server's own, under names it makes itself."""

from __future__ import annotations

import math
import re
import shutil
import unicodedata
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.data.types import WRITTEN, Sample
from workbench.errors import UserError
from workbench.tasks.base import Option, Task, TryOptions

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

_NAME_LETTERS = 120
_MOST_LABELS, _LABEL_LETTERS = 500, 300
_FILES = ("picture", "file")
_ENDING = re.compile(r"\.[a-z0-9]{1,8}")


class Files:
    """The files of one request; gone when it is answered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Path] = []

    def keep(self, upload: UploadFile, endings: tuple[str, ...]) -> Path:
        """Write it down; of its name only the ending counts, and only one that is known. Raises: UserError."""
        ending = Path(upload.filename or "").suffix.lower()
        known = _ENDING.fullmatch(ending) and (not endings or ending in endings)
        path = self._folder / f"{uuid.uuid4().hex}{ending if known else ''}"
        self._made.append(path)
        try:
            with path.open("xb") as target:
                shutil.copyfileobj(upload.file, target)
        except OSError as error:
            raise UserError("There is no room for the file.", "Free some space on the disk.") from error
        return path

    def remove(self) -> None:
        for path in self._made:
            with suppress(OSError):  # Windows: still open somewhere; it goes with the folder
                path.unlink(missing_ok=True)


def shown_name(name: str | None) -> str:
    """What a client calls its file, safe to be shown: the last part of it, without signs that cannot be seen."""
    last = re.split(r"[\\/]", name or "")[-1]
    seen = "".join(c for c in " ".join(last.split()) if unicodedata.category(c)[0] != "C")
    return seen[:_NAME_LETTERS].strip() or "file"


def task_of(card: ModelCard, wanted: str) -> Task:
    """The task asked for, or what the model is for. Raises: UserError."""
    from workbench.tasks.registry import get_task

    can = card.tasks
    if wanted and wanted not in can:
        raise UserError(f"“{card.name}” cannot do “{wanted[:60]}”.", f"It can do: {', '.join(can) or 'nothing yet'}.")
    if not can:
        raise UserError(f"“{card.name}” is a beginning for training.", "Teach it first, then serve what came of it.")
    task = get_task(wanted or card.main_task)
    if task.opens_named_files(card):
        raise UserError(
            f"“{card.name}” opens pictures by their names, and other programs must not have this computer's files opened.",
            "Use it in the window or with “workbench predict”.",
        )
    return task


def sample_of(task: Task, text: str | None, file: Path | None, name: str) -> Sample:
    """Raises: UserError when the task needs something else."""
    info = task.info
    if (text is None) == (file is None):
        raise UserError(
            "There is nothing to answer." if text is None else "Give either a file or a text, not both.",
            f"Send a {info.noun}{' as “text” or' if takes_text(task) else ''} as “file”.",
        )
    if text is not None and not takes_text(task):
        raise UserError(f"This needs a {info.noun}, not a text.", "Send it as “file” (multipart/form-data).")
    return Sample(info.media, name, path=file, text=text)


def takes_text(task: Task) -> bool:
    return task.info.media == "series" or task.info.media in WRITTEN


def options_of(
    task: Task, card: ModelCard, labels: list[str], values: Mapping[str, Any], files: Mapping[str, Path]
) -> TryOptions:
    """What was set, checked against what the task knows.

    Args:
        files: by option: files are only ever sent along; a path of this computer is never taken from a request.

    Raises:
        UserError: for a name the task does not know, a value it cannot take, or what is missing.
    """
    known = {o.id: o for o in task.info.options}
    given: dict[str, str | float] = {}
    for name, value in values.items():
        if name not in known or known[name].kind in _FILES:
            can = ", ".join(k for k, o in known.items() if o.kind not in _FILES) or "nothing"
            raise UserError(f"The option “{name[:60]}” cannot be set here.", f"What can be set: {can}.")
        given[name] = _value(task, card, known[name], value)
    for name, path in files.items():
        if name not in known or known[name].kind not in _FILES:
            can = ", ".join(["file", *(k for k, o in known.items() if o.kind in _FILES)])
            raise UserError(f"There is no place for the file “{name[:60]}”.", f"Files that are taken: {can}.")
        given[name] = str(path)
    for option in task.info.options:
        if option.needed and not given.get(option.id):
            raise UserError(
                f"{task.info.title} needs: {option.title.lower()}.",
                f"Send {'a file' if option.kind in _FILES else 'the option'} “{option.id}”.",
            )
    return TryOptions(_labels(labels), given)


def _value(task: Task, card: ModelCard, option: Option, value: Any) -> str | float:
    if option.kind == "number":
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not option.low <= number <= option.high:
            raise UserError(
                f"The option “{option.id}” must be a number from {option.low:g} to {option.high:g}.", option.tip
            )
        return number
    text = str(value)
    if option.kind == "choice":
        choices = [key for key, _words in task.choices(card, option)]
        if text and text not in choices:
            can = ", ".join(choices[:30]) or "nothing, for this model"
            raise UserError(f"The option “{option.id}” cannot be “{text[:60]}”.", f"It can be: {can}.")
    return text


def _labels(labels: list[str]) -> tuple[str, ...]:
    kept = tuple(label.strip() for label in labels if label.strip())
    if len(kept) > _MOST_LABELS or any(len(label) > _LABEL_LETTERS for label in kept):
        raise UserError(
            f"These are too many or too long labels; at most {_MOST_LABELS} of {_LABEL_LETTERS} letters.",
            "Leave some out.",
        )
    return kept
