"""Settings as small files of their own in the settings folder: JSON of a dataclass, written atomically."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from workbench import atomic
from workbench.errors import UserError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

log = logging.getLogger(__name__)
Settings = TypeVar("Settings", bound="DataclassInstance")


def read(file: Path, usual: Settings, checked: Callable[[Settings], Settings] | None = None) -> Settings:
    """The settings; `usual` where the file is missing or damaged, or says what cannot be.

    Args:
        checked: puts them right, or raises `UserError`.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        found = replace(usual, **{k: type(value)(data[k]) for k, value in asdict(usual).items() if k in data})
        return found if checked is None else checked(found)
    except FileNotFoundError:
        return usual
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, UserError) as error:
        log.warning("%s cannot be read: %s", file.name, error)
        return usual


def write(file: Path, settings: DataclassInstance) -> None:
    """Raises: UserError when the file cannot be written."""
    try:
        atomic.write_text(file, json.dumps(asdict(settings), ensure_ascii=False, indent=1))
    except OSError as error:
        raise UserError("The settings could not be written.", "Check the room on the disk.") from error
