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


def to_trash(paths: Sequence[Path], control: Control) -> tuple[list[Path], list[Problem]]:
    """Move files to the system's trash; for a job. Returns those that went, and why others did not.

    Stopped half-way, the others stay where they are.
    """
    gone: list[Path] = []
    problems: list[Problem] = []
    for number, path in enumerate(paths):
        if control.cancelled:
            break
        control.progress(number, len(paths), f"Moving to the trash: {number:,} of {len(paths):,}")
        if move_one(path):
            gone.append(path)
        else:
            problems.append(
                Problem(
                    path.name, "It could not be moved to the trash, so it stays where it is.",
                    "The disk may have no trash; look at it in the file manager.", str(path),
                )
            )  # fmt: skip
    return gone, problems


def move_one(path: Path) -> bool:
    """One file to the trash; False when it is still there."""
    QFile.moveToTrash(str(path))
    return not path.exists()
