"""What is said of a workbook that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import Cancelled, UserError


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Around every use of a workbook: whatever a part of the library answers to a damaged file (zlib.error, TypeError, …) is one
    sentence.

    Raises:
        UserError: in place of those.
    """
    try:
        yield
    except (UserError, Cancelled, MemoryError):
        raise
    except Exception as error:
        raise UserError(f"“{path.name}” is not a readable Excel file.", "Save it again as XLSX or CSV.") from error
