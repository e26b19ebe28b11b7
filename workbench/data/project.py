"""`Project`: a folder the person owns, with pictures or texts, labels, splits and runs. Every change is on disk when the
method that made it returns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.data.drive import Place
from workbench.data.project_annotations import AnnotationsPart
from workbench.data.project_classes import ClassesPart
from workbench.data.project_file import folder_of, looks_like_project, write_project_file
from workbench.data.project_groups import GroupsPart
from workbench.data.project_interactions import InteractionsPart
from workbench.data.project_items import ItemsPart
from workbench.data.project_manifest import ManifestPart
from workbench.data.project_reviewed import ReviewedPart
from workbench.data.project_runs import RunsPart
from workbench.data.project_several import SeveralPart
from workbench.data.store import Store
from workbench.data.types import Window
from workbench.errors import UserError


class Project(
    ClassesPart,
    ItemsPart,
    AnnotationsPart,
    GroupsPart,
    SeveralPart,
    ReviewedPart,
    InteractionsPart,
    RunsPart,
    ManifestPart,
):
    """See the parts for their methods. Safe to use from any thread; all methods may raise `UserError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def create(cls, folder: Path, name: str, task_id: str) -> Project:
        """Make a new project in `folder`. Raises: UserError when the folder is taken or cannot be written."""
        known = {"name": name.strip() or folder.name, "task": task_id, "created": now()}
        project = cls(Store.create(folder.absolute(), {key: json.dumps(value) for key, value in known.items()}))
        write_project_file(project.folder, project.name)
        return project

    @classmethod
    def open(cls, folder: Path, read_only: bool = False) -> Project:
        """Open a project by its folder or its project file; one that may not be written is opened for reading only.

        Raises:
            UserError: when it is no project, damaged, of a newer version, or open in another window.
        """
        if folder.is_file() and looks_like_project(folder):
            folder = folder_of(folder)
        project = cls(Store.open(folder.absolute(), read_only))
        if not project.read_only:
            try:
                write_project_file(project.folder, project.name)
            except UserError:
                project.close()  # damaged: its lock must not stay
                raise
        return project

    def close(self) -> None:
        self._store.close()

    @property
    def closed(self) -> bool:
        """Nothing can be asked of it any more."""
        return self._store.closed

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Several changes as one: all or nothing. Raises: UserError."""
        with self._store.transaction():
            yield

    @property
    def folder(self) -> Path:
        return self._store.folder

    @property
    def runs_folder(self) -> Path:
        return self.folder / "runs"

    @property
    def read_only(self) -> bool:
        return self._store.read_only

    @property
    def place(self) -> Place:
        """On what kind of drive it lies."""
        return self._store.place

    @property
    def name(self) -> str:
        return str(self.get_meta("name", self.folder.name))

    @property
    def task_id(self) -> str:
        return str(self.get_meta("task", ""))

    @property
    def created(self) -> str:
        return str(self.get_meta("created", ""))

    def get_meta(self, key: str, default: Any = None) -> Any:
        """A remembered value (anything JSON can hold)."""
        rows = self._store.query("SELECT value FROM meta WHERE key = ?", (key,))
        return json.loads(rows[0][0]) if rows else default

    def set_meta(self, key: str, value: Any) -> None:
        with self._store.transaction() as sql:
            sql.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                (key, json.dumps(value)),
            )

    def set_window(self, window: Window | None) -> None:
        """Read all pictures with more than 256 greys through this window (see `Item.window`)."""
        self.set_meta("window", window)


def now() -> str:
    """The time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
