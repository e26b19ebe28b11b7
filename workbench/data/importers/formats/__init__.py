"""Formats that bring labels on pieces of items: every module of this package has a `FORMAT`. Adding one is adding a module."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol

from workbench.control import Control
from workbench.data.importers.base import ImportPlan


class ImportFormat(Protocol):
    """One format.

    Attributes:
        name: for people ("COCO").
        order: formats with a lower number are asked first; those that are sure of their files have 0, guesses more.
    """

    name: str
    order: int

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        """A plan when these files (or this folder) are of this format, else None; must say no quickly, by reading little.

        Raises:
            UserError: when it is of this format but cannot be used at all.
        """


@cache
def all_formats() -> tuple[ImportFormat, ...]:
    """All formats in the order in which they are asked."""
    found: list[ImportFormat] = []
    for module in pkgutil.iter_modules(__path__):
        given = getattr(import_module(f"{__name__}.{module.name}"), "FORMAT", None)
        if given is not None:
            found.append(given)
    return tuple(sorted(found, key=lambda f: (f.order, f.name)))


def plan_of(paths: Sequence[Path], control: Control) -> ImportPlan | None:
    """The plan of the first format that knows these files."""
    for known in all_formats():
        control.check()
        plan = known.plan(paths, control)
        if plan is not None:
            return plan
    return None
