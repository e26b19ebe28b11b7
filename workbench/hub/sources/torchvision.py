"""Official torchvision weights: one file behind one address, its sha256 beginning in its name."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.hub.http import fetch_file

BASE_VARIABLE = "WORKBENCH_TORCHVISION_URL"
_BASE = "https://download.pytorch.org/models"


def locate(card: ModelCard, paths: AppPaths) -> Path | None:
    path = _target(card, paths)
    return path if path.is_file() else None


def fetch(card: ModelCard, paths: AppPaths, control: Control) -> Path:
    """See `workbench.hub.store.download`."""
    target = _target(card, paths)
    base = os.environ.get(BASE_VARIABLE, _BASE).rstrip("/")
    fetch_file(f"{base}/{card.source.path}", target, card.name, control, size=card.source.size, check=_matches_name)
    return target


def _target(card: ModelCard, paths: AppPaths) -> Path:
    return paths.cache / "weights" / "torchvision" / Path(card.source.path).name


def _matches_name(file: Path, name: str) -> None:
    """torchvision's files are called NAME-HASH.pth, HASH being the first 8 hex digits of their sha256."""
    from workbench.hub.http import sha256

    wanted = Path(name).stem.rpartition("-")[2]
    if not sha256(file).startswith(wanted):
        raise UserError(f"The downloaded file “{name}” is damaged.", "Download it again.")
