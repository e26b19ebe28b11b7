"""Starter models that are part of the app: files under resources/starter."""

from __future__ import annotations

from pathlib import Path

from workbench.app_paths import AppPaths, resources
from workbench.catalog.card import ModelCard


def locate(card: ModelCard, _paths: AppPaths) -> Path | None:
    path = resources() / "starter" / card.source.path
    return path if path.is_file() else None
