"""Official torchvision weights: one file behind one address, its sha256 beginning in its name."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.hub import listing
from workbench.hub.http import Wanted
from workbench.hub.net_settings import weights_folder
from workbench.hub.plan import Plan

BASE_VARIABLE = "WORKBENCH_TORCHVISION_URL"
FOLDER = "torchvision"
_BASE = "https://download.pytorch.org/models"


def locate(card: ModelCard, paths: AppPaths) -> Path | None:
    target = _target(card, paths)
    return target if listing.has(target.parent, target.name) else None


def plan(card: ModelCard, paths: AppPaths, _control: Control, _allow_pickle: bool) -> Plan:
    """The files are called NAME-HASH.pth, HASH being the first 8 hex digits of their sha256."""
    target = _target(card, paths)
    base = os.environ.get(BASE_VARIABLE, _BASE).rstrip("/")
    digest = target.stem.rpartition("-")[2]
    return Plan([Wanted(f"{base}/{card.source.path}", target, card.source.size, digest)], lambda: target)


def delete(card: ModelCard, paths: AppPaths) -> None:
    _target(card, paths).unlink()


def _target(card: ModelCard, paths: AppPaths) -> Path:
    return weights_folder(paths) / FOLDER / Path(card.source.path).name
