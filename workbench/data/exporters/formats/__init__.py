"""Formats that labels on pieces of items are saved in: every module of this package has a `FORMAT`, or several `FORMATS`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol

from workbench.control import Control
from workbench.data.project import Project
from workbench.errors import Problem, UserError


class ExportFormat(Protocol):
    """One format.

    Attributes:
        id: for the command line ("coco").
        title: for people ("COCO (one JSON file)").
        marks: which projects it suits: values of `TaskInfo.editor`.
        suffix: ".json" when one file is written, "" when it fills a folder.

    A format that also has `may_refer = True` takes `copy_pictures=False` in `write`: its files then name the pictures where
    they lie.
    """

    id: str
    title: str
    marks: tuple[str, ...]
    suffix: str

    def write(self, project: Project, target: Path, control: Control, **more: bool) -> tuple[int, list[Problem]]:
        """Write all done items. Returns how many were written, and what could not be.

        Raises:
            UserError: when the place cannot be written. Cancelled: when asked to stop.
        """


@cache
def all_formats() -> tuple[ExportFormat, ...]:
    found: list[ExportFormat] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = import_module(f"{__name__}.{module.name}")
        given = getattr(loaded, "FORMAT", None)
        found += getattr(loaded, "FORMATS", (given,) if given is not None else ())
    return tuple(sorted(found, key=lambda f: f.title.lower()))


def formats_for(marks: str) -> list[ExportFormat]:
    """The formats that suit projects with this editor."""
    return [f for f in all_formats() if marks in f.marks]


def format_by_id(format_id: str) -> ExportFormat:
    """Raises: UserError when there is none of this name."""
    for known in all_formats():
        if known.id == format_id:
            return known
    raise UserError(f"There is no format “{format_id}”.", f"There are: {', '.join(f.id for f in all_formats())}.")
