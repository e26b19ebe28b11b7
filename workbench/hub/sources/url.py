"""Models that lie behind plain addresses: every file with its size and, where its publisher gives one, its hash."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.hub import listing
from workbench.hub.http import Wanted
from workbench.hub.net_settings import weights_folder
from workbench.hub.plan import Plan

# Where the tests' hub on this computer stands in for all hosts.
BASE_VARIABLE = "WORKBENCH_URL_BASE"
FOLDER = "url"


def address(url: str) -> str:
    """The address to ask: as given, or on the stand-in."""
    base = os.environ.get(BASE_VARIABLE)
    if not base:
        return url
    parts = urlsplit(url)
    return f"{base.rstrip('/')}/{parts.netloc}{parts.path}"


def locate(card: ModelCard, paths: AppPaths) -> Path | None:
    folder = weights_folder(paths) / FOLDER
    if not listing.has(folder, card.id) or not all(listing.has(folder / card.id, f.name) for f in card.source.files):
        return None
    return folder / card.id / card.source.path if card.source.path else folder / card.id


def plan(card: ModelCard, paths: AppPaths, _control: Control, _allow_pickle: bool) -> Plan:
    folder = weights_folder(paths) / FOLDER / card.id
    files = [Wanted(address(f.url), folder / f.name, f.size, f.sha256) for f in card.source.files]
    return Plan(files, lambda: folder / card.source.path if card.source.path else folder)


def delete(card: ModelCard, paths: AppPaths) -> None:
    shutil.rmtree(weights_folder(paths) / FOLDER / card.id)
