"""Files the person has adopted: a folder with `card.json` and the files as they were."""

from __future__ import annotations

from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard


def locate(card: ModelCard, _paths: AppPaths) -> Path | None:
    place = Path(card.source.ref) / card.source.path if card.source.path else Path(card.source.ref)
    return place if place.exists() else None
