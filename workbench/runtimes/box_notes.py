"""What a taught detector's folder keeps beside its weights: in which size it looks at pictures."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.errors import UserError

_FILE = "detector.json"
_LEAST, _MOST = 32, 4096


def write_size(folder: Path, side: int) -> None:
    """`side`: the shorter side in pixels."""
    (folder / _FILE).write_text(json.dumps({"size": side}), encoding="utf-8")


def read_size(folder: Path) -> int:
    """0 when there is no note. Raises: UserError when there is one that makes no sense."""
    file = folder / _FILE
    if not file.is_file():
        return 0
    try:
        side = int(json.loads(file.read_text(encoding="utf-8"))["size"])
        if not _LEAST <= side <= _MOST:
            raise ValueError(side)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"The note “{_FILE}” of this model is damaged.", "Export or train the model again.") from error
    return side
