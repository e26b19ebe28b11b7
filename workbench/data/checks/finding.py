"""What a check gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data.

    Attributes:
        code: stable name of the kind.
        severity: "bad" stands in the way of training, "warn" makes the result worse or the test unfair, "info" is good
            to know.
        message: one plain sentence; `hint` says what to do.
        item_ids: the items concerned, to be shown; may be empty.
    """

    code: str
    severity: Literal["info", "warn", "bad"]
    message: str
    hint: str
    item_ids: tuple[int, ...] = ()
