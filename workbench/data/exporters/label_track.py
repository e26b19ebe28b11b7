"""A label track as Audacity reads it (File, Import, Labels): a line per label with begin, end and words, parted by tabs.

The format is described in Audacity's manual, "Importing and Exporting Labels".
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workbench.data.exporters.tables import write_bytes


def write_label_track(path: Path, labels: Iterable[tuple[float, float, str]]) -> None:
    """(begin, end, words) in seconds, written atomically. Raises: UserError when it cannot be written."""
    lines = [f"{begins:.6f}\t{ends:.6f}\t{' '.join(words.split())}\n" for begins, ends, words in labels]
    write_bytes(path, "".join(lines).encode("utf-8"))
