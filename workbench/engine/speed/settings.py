"""Whether quicker engines are used at all."""

from __future__ import annotations

from dataclasses import dataclass

from workbench import settings_file
from workbench.app_paths import AppPaths, app_paths

_FILE = "speed.json"


@dataclass(frozen=True)
class SpeedSettings:
    """
    Attributes:
        on: the quickest engine that gives the same answers is looked for and used.
    """

    on: bool = True


def load(paths: AppPaths | None = None) -> SpeedSettings:
    """What is set; a missing or damaged file reads as the defaults."""
    return settings_file.read((paths or app_paths()).settings / _FILE, SpeedSettings())


def save(settings: SpeedSettings, paths: AppPaths | None = None) -> None:
    """Raises: UserError when the file cannot be written."""
    settings_file.write((paths or app_paths()).settings / _FILE, settings)
