"""Talking on a terminal: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workbench.control import Control
from workbench.errors import Problem


def out(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def problem(found: Problem) -> None:
    """One clear line."""
    note(str(found))


def as_json(value: Any) -> None:
    out(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def table(headings: list[str], rows: list[list[str]]) -> None:
    """Columns of even width, the first one to the left."""
    wide = [max(len(row[n]) for row in [headings, *rows]) for n in range(len(headings))]
    for row in (headings, *rows):
        out(
            "  ".join(
                cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, wide, strict=True))
            )
        )


@contextmanager
def progress(title: str) -> Iterator[Control]:
    """A control whose progress is a bar on a terminal and silent elsewhere; Ctrl+C cancels it."""
    if not sys.stderr.isatty():
        yield Control()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task(title, total=1.0)

        def show(fraction: float, text: str) -> None:
            bar.update(row, completed=max(0.0, fraction), description=text or title)

        yield Control(show)
