"""Whether quicker engines are used at all. One small file, written atomically."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.errors import UserError

log = logging.getLogger(__name__)
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
    file = (paths or app_paths()).settings / _FILE
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return SpeedSettings(bool(data.get("on", True)))
    except FileNotFoundError:
        return SpeedSettings()
    except (OSError, ValueError, AttributeError) as error:
        log.warning("the speed settings cannot be read: %s", error)
        return SpeedSettings()


def save(settings: SpeedSettings, paths: AppPaths | None = None) -> None:
    """Raises: UserError when the file cannot be written."""
    folder = (paths or app_paths()).settings
    try:
        atomic.write_text(folder / _FILE, json.dumps(asdict(settings), indent=1))
    except OSError as error:
        raise UserError("The settings could not be written.", "Check the room on the disk.") from error
