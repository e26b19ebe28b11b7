"""Where a model's files lie, and how they get there when the person asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub import records
from workbench.hub.http import fetch_file

# A source is a module with `locate(card, paths) -> Path | None`; those that download also have `plan` and `delete`.
_SOURCES = {
    "wheel": "wheel",
    "bundled": "bundled",
    "folder": "folder",
    "import": "imported",
    "endpoint": "endpoint",
    "torchvision": "torchvision",
    "timm": "timm",
    "huggingface": "huggingface",
    "url": "url",
    "kaggle": "kaggle",
}


@dataclass(frozen=True)
class ModelFiles:
    """A model's files on this computer. `path` is the weights file, or the folder when there are several."""

    path: Path


def _source(card: ModelCard) -> ModuleType:
    return import_module(f"workbench.hub.sources.{_SOURCES[card.source.kind]}")


def _locate(card: ModelCard, paths: AppPaths) -> Path | None:
    if paths.carried is not None and paths.carried[0] == card.id:
        return paths.carried[1]
    found: Path | None = _source(card).locate(card, paths)
    return found


def find(card: ModelCard, paths: AppPaths | None = None) -> Path | None:
    """Where the model's files lie; None when they are not all here."""
    return _locate(card, paths or app_paths())


def is_present(card: ModelCard, paths: AppPaths | None = None) -> bool:
    """True when the model can be used with no network (a hosted one: without a download)."""
    return _locate(card, paths or app_paths()) is not None


def files(card: ModelCard, paths: AppPaths | None = None) -> ModelFiles:
    """The model's files; that they were used is noted. Raises: UserError when they are not on this computer."""
    paths = paths or app_paths()
    found = _locate(card, paths)
    if found is None:
        if not card.is_downloaded:
            raise UserError(f"The files of “{card.name}” are missing.", "Install or import the model again.")
        raise UserError(
            f"“{card.name}” is not on this computer yet.",
            "Download it on the Models page (this needs the internet once).",
        )
    if card.is_downloaded:
        records.used(card, found, paths)
    return ModelFiles(found)


def download(
    card: ModelCard,
    control: Control | None = None,
    paths: AppPaths | None = None,
    *,
    allow_pickle: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> ModelFiles:
    """Fetch the model's files, verified, going on where an earlier download stopped.

    Args:
        allow_pickle: the person agreed to weights in the old format (they are still read as numbers only).
        tell: called with (bytes here, bytes in all or 0).

    Raises:
        UserError: no network, no room, a file that is not what the card says.
        PickleQuestion: there are only pickled weights, and nobody was asked yet.
        Cancelled: when asked to stop; what has come so far is kept for next time.
    """
    paths = paths or app_paths()
    control = control or Control()
    if not card.is_downloaded or _locate(card, paths) is not None:
        return files(card, paths)
    plan = _source(card).plan(card, paths, control, allow_pickle)
    # Before there is anything to fetch, the queue and the Storage page must know whose the beginnings are.
    records.begun(card, [f.target for f in plan.files], paths)
    total = plan.total or card.source.size
    before = 0
    for wanted in plan.files:

        def came(done: int, size: int, before: int = before) -> None:
            if tell is not None:
                tell(before + done, max(total, before + size))
            else:
                whole = max(total, before + size)
                control.progress(before + done, whole, f"Downloading {card.name}")

        if not wanted.target.is_file():
            fetch_file(wanted, card.name, control, came)
        before += wanted.target.stat().st_size
        came(0, 0, before)
    found = plan.finish()
    records.done(card, found, plan.note, paths)
    return ModelFiles(found)


def delete(card: ModelCard, paths: AppPaths | None = None) -> None:
    """Delete a downloaded model's files. Raises: UserError when they cannot be deleted or were not downloaded."""
    paths = paths or app_paths()
    if not card.is_downloaded or _locate(card, paths) is None:
        raise UserError(f"“{card.name}” was not downloaded.", "")
    try:
        _source(card).delete(card, paths)
    except OSError as error:
        raise UserError(f"The files of “{card.name}” could not be deleted.", "Close programs that use them.") from error
    records.forget(card.id, paths)


def disk_bytes(card: ModelCard, paths: AppPaths | None = None) -> int:
    """Bytes the model's files take on this computer; 0 when it is not there."""
    found = _locate(card, paths or app_paths())
    return records.size_of(found) if found is not None and not card.is_remote else 0
