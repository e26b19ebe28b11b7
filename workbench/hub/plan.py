"""What a download consists of: files to fetch, and what is done when all have come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import UserError
from workbench.hub.http import Wanted


@dataclass(frozen=True)
class Plan:
    """
    Attributes:
        files: fetched in this order; those that lie there already are not fetched again.
        finish: called when all are there; gives the model's file or folder.
        note: what is kept about the download (commit, names and hashes), for checking it later.
    """

    files: Sequence[Wanted]
    finish: Callable[[], Path]
    note: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Bytes in all; 0 when one of the sizes is not known."""
        sizes = [f.size for f in self.files]
        return sum(sizes) if all(sizes) else 0


class PickleQuestion(UserError):  # noqa: N818 - it is a question
    """The weights are only there in a format that may hold more than numbers; the person is asked first."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}” comes only in an old file format (pickle) that can hide harmful programs.",
            "The app reads nothing but numbers from it. Download it only if you trust its publisher.",
        )
