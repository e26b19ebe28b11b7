"""Starter models: real weights that arrived with pip inside a package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard


def locate(card: ModelCard, _paths: AppPaths) -> Path | None:
    """The file or folder inside the package, without importing it; None when it is not installed."""
    spec = find_spec(card.source.ref)
    if spec is None:
        return None
    for base in spec.submodule_search_locations or ():
        path = Path(base) / card.source.path
        if path.exists():
            return path
    return None
