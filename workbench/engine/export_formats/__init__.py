"""Forms in which a model leaves the app: every module of this package has a `FORMAT`, or several `FORMATS`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from workbench.catalog.card import ModelCard
from workbench.engine.export_formats.base import ModelFormat
from workbench.errors import UserError


@cache
def all_formats() -> tuple[ModelFormat, ...]:
    """In the order in which they are offered."""
    found: list[ModelFormat] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = import_module(f"{__name__}.{module.name}")
        given = getattr(loaded, "FORMAT", None)
        found += getattr(loaded, "FORMATS", (given,) if given is not None else ())
    return tuple(sorted(found, key=lambda f: (f.place, f.title)))


def formats_for(card: ModelCard) -> list[ModelFormat]:
    """The forms that suit a model."""
    return [f for f in all_formats() if f.fits(card)]


def format_by_id(format_id: str) -> ModelFormat:
    """Raises: UserError when there is none of this name."""
    for known in all_formats():
        if known.id == format_id:
            return known
    raise UserError(f"There is no format “{format_id}”.", f"There are: {', '.join(f.id for f in all_formats())}.")
