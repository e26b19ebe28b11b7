"""The models that can be used now, found out away from the window's thread."""

from __future__ import annotations

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog


def usable_models(catalog: Catalog, paths: AppPaths) -> list[ModelCard]:
    """On this computer and able to do something as they are: the person's own first, then the starters."""
    from workbench.hub.store import is_present

    found = [c for c in catalog.cards() if c.tasks and not c.is_remote and is_present(c, paths)]
    return sorted(found, key=lambda c: (not c.is_own, not c.starter))  # else as the catalogue has them
