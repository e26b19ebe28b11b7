"""Does an installed app do what it says? Each step does one real thing, the way the app does it, and says what came out.

Steps are data: every module of this package with `STEPS` is read, so that a new part of the app brings its own. They run in
an empty home (see `workbench.cli.self_check`), need no network, and ask nothing.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from workbench.engine.self_check.base import Failed, Place, Step

__all__ = ["Failed", "Place", "Step", "all_steps"]

# In this order; what else there is comes after them.
_ORDER = ("parts", "starters", "learning", "leaving", "fields", "documents", "sounds")


def all_steps() -> list[Step]:
    """Every step, those first on which others stand. Nothing heavy is imported for it."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    known = [name for name in _ORDER if name in names] + sorted(set(names) - set(_ORDER))
    return [step for name in known for step in getattr(import_module(f"{__name__}.{name}"), "STEPS", ())]
