"""Numbers out of files that may hold anything."""

from __future__ import annotations

import math
from typing import Any


def number(value: Any) -> float | None:
    """A finite number, also from a text; None when it is none. True counts as 1."""
    if isinstance(value, str):
        if len(value) > 400:
            return None
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def numbers(value: Any) -> list[float] | None:
    """A list of finite numbers; None when it is none, or one of them is not."""
    if not isinstance(value, list | tuple):
        return None
    found = [number(v) for v in value]
    return None if any(v is None for v in found) else [v for v in found if v is not None]


def whole_number(value: Any) -> int:
    """A number of pixels; 0 when it is none or beyond reason."""
    found = number(value)
    return int(found) if found is not None and 0 <= found < 1 << 31 else 0
