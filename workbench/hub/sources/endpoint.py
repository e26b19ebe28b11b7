"""A model on another computer: there is nothing to fetch, and nothing lies on this disk."""

from __future__ import annotations

from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard


def locate(_card: ModelCard, _paths: AppPaths) -> Path | None:
    return Path()
