"""The file one double-clicks to open a project: `NAME.workbench` in its folder.

A project is a folder, and folders cannot be given to a program by double click. So a small file of JSON lies in each:
`{"format": "model-workbench-project", "version": 1, "name": …}`. Nothing is kept in it; the folder it lies in is the project,
so it may be renamed, lost and made again, and a copied folder is a project of its own.
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

from workbench import atomic
from workbench.data.store import DATABASE
from workbench.errors import UserError

log = logging.getLogger(__name__)

SUFFIX = ".workbench"
MIME_TYPE = "application/x-model-workbench-project"
_FORMAT, _VERSION = "model-workbench-project", 1
_LARGEST = 100_000


def project_file(folder: Path) -> Path | None:
    """A project's file; None when it has none."""
    try:
        return next((f for f in sorted(folder.iterdir()) if f.suffix.lower() == SUFFIX and f.is_file()), None)
    except OSError:
        return None


def write_project_file(folder: Path, name: str) -> Path | None:
    """Make it, unless there is one. A project works without: what goes wrong is noted and harms nothing."""
    there = project_file(folder)
    if there is not None:
        return there
    plain = " ".join(re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", name).split()).strip(" .")[:80] or folder.name or "Project"
    target = folder / f"{plain}{SUFFIX}"
    try:
        known = {"format": _FORMAT, "version": _VERSION, "name": name}
        atomic.write_text(target, json.dumps(known, ensure_ascii=False) + "\n", shared=True)
    except OSError as error:
        log.info("no project file: %s", error)
        return None
    return target


def folder_of(path: Path) -> Path:
    """The project's folder for whatever of it a person gives: its folder, its project file, its database.

    Raises:
        UserError: when it is no project, or its file was moved out of its folder.
    """
    path = path.expanduser().absolute()
    if path.is_dir() and (path / DATABASE).is_file():
        return path
    if path.is_file() and path.name == DATABASE:
        return path.parent
    if path.suffix.lower() == SUFFIX and path.is_file():
        _check(path)
        if (path.parent / DATABASE).is_file():
            return path.parent
        raise UserError(
            f"“{path.name}” lies beside no project: its folder holds the project.",
            "Put it back into the project's folder, or open that folder with File, Open project.",
        )
    if not path.exists():
        raise UserError(f"“{path.name}” is not there any more.", "Look where its folder has gone.")
    raise UserError(f"“{path.name}” is not a project of Model Workbench.", f"A project's file ends with {SUFFIX}.")


def looks_like_project(path: Path) -> bool:
    """True for what `folder_of` should be asked about: a project file (there or not), or a project's folder."""
    return path.suffix.lower() == SUFFIX or (path.is_dir() and (path / DATABASE).is_file())


def _check(path: Path) -> None:
    """Raises: UserError when the file is of something else, or of a newer version."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.get("format") != _FORMAT:
            raise ValueError("another format")
        version = int(data.get("version", 0))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"“{path.name}” is not a project file of Model Workbench.",
            "Open the project's folder with File, Open project.",
        ) from error
    if version > _VERSION:
        raise UserError(f"“{path.name}” was made by a newer version of the app.", "Install the newest version.")
