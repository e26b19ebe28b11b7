"""What the window remembers between starts: a small INI file in the settings folder."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from workbench import safe_mode
from workbench.app_paths import AppPaths

_MAX_RECENT = 12


def _counts(key: str) -> bool:
    """In safe mode everything is as it comes, and is forgotten, but where the projects are."""
    return not safe_mode.is_on() or key == "projects/recent"


class Settings:
    """Typed access to the remembered values. Written at once; a damaged file reads as defaults."""

    def __init__(self, paths: AppPaths) -> None:
        self._store = QSettings(str(paths.settings / "window.ini"), QSettings.Format.IniFormat)

    def text(self, key: str, default: str = "") -> str:
        value = self._store.value(key, default) if _counts(key) else default
        return value if isinstance(value, str) else default

    def set_text(self, key: str, value: str) -> None:
        if _counts(key):
            self._store.setValue(key, value)
            self._store.sync()

    def blob(self, key: str) -> QByteArray:
        value = self._store.value(key) if _counts(key) else None
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_blob(self, key: str, value: QByteArray) -> None:
        if _counts(key):
            self._store.setValue(key, value)
            self._store.sync()

    def recent_projects(self) -> list[Path]:
        """Folders of projects, newest first, as remembered (they may be gone by now)."""
        try:
            values = json.loads(self.text("projects/recent", "[]"))
        except ValueError:
            return []
        return [Path(v) for v in values if isinstance(v, str)] if isinstance(values, list) else []

    def remember_project(self, folder: Path) -> None:
        folders = [folder, *(f for f in self.recent_projects() if f != folder)][:_MAX_RECENT]
        self.set_text("projects/recent", json.dumps([str(f) for f in folders]))

    def forget_project(self, folder: Path) -> None:
        folders = [f for f in self.recent_projects() if f != folder]
        self.set_text("projects/recent", json.dumps([str(f) for f in folders]))
