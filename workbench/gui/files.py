"""Files on this computer from the window: shown in the file manager, moved to the trash. Nothing is ever deleted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFile, QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from workbench.control import Control
from workbench.errors import Problem


def reveal(path: Path) -> None:
    """Open the file manager where a file lies, with the file chosen where the system can do that."""
    if sys.platform == "darwin":
        QProcess.startDetached("open", ["-R", str(path)])
    elif sys.platform == "win32":
        QProcess.startDetached("explorer", [f"/select,{path}"])
    else:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def keep_best(groups: Sequence[tuple[Path, Sequence[Path]]], control: Control) -> tuple[list[Path], list[Problem]]:
    """Move all but one picture of each group to the system's trash; for a job.

    Args:
        groups: the one that stays, and the others.

    Returns:
        Those that went, and why others did not. Stopped half-way, what is left stays where it is.
    """
    gone: list[Path] = []
    problems: list[Problem] = []
    total = sum(len(others) for _, others in groups)
    for keep, others in groups:
        for other in others:
            if control.cancelled:
                return gone, problems
            control.progress(len(gone) + len(problems), total, f"Moving to the trash: {len(gone):,} of {total:,}")
            problem = _move(keep, other)
            if problem is None:
                gone.append(other)
            else:
                problems.append(problem)
    return gone, problems


def _move(keep: Path, other: Path) -> Problem | None:
    """One file to the trash, unless nothing would be left of the picture."""
    try:
        same = keep.samefile(other)
    except OSError:
        return Problem(other.name, "One of the two is not there any more, so nothing was moved.", "", str(other))
    if same:
        return Problem(other.name, "It is the same file under another name, so it stays.", "", str(other))
    if move_one(other):
        return None
    return Problem(
        other.name, "It could not be moved to the trash, so it stays where it is.",
        "The disk may have no trash; look at it in the file manager.", str(other),
    )  # fmt: skip


def move_one(path: Path) -> bool:
    """One file to the trash; False when it is still there."""
    QFile.moveToTrash(str(path))
    return not path.exists()
