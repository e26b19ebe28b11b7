"""Rows to CSV or JSON files that other programs open safely."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.data.numbers import is_missing, number
from workbench.errors import UserError, disk_full

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, CSV injection).
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: Any) -> Any:
    """A text cell no spreadsheet takes for a formula; numbers, however they are written, and a lone dash stay what they are."""
    if isinstance(value, str) and value.startswith(_DANGEROUS) and not (_is_number(value) or is_missing(value)):
        return f"'{value}"
    return value


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return number(value, ",") is not None
    return True


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """CSV with a header; cells made safe."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(row.get(c, "")) for c in columns])
    return stream.getvalue()


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write atomically, with the mark by which Excel knows UTF-8. Raises: UserError when it cannot be written."""
    write_bytes(path, csv_text(rows, columns).encode("utf-8-sig"))


def write_json(path: Path, value: Any) -> None:
    """Write atomically. Raises: UserError when it cannot be written."""
    write_bytes(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write atomically. Raises: UserError when it cannot be written."""
    try:
        atomic.write_bytes(path, data)
    except OSError as error:
        if disk_full(error):
            raise UserError(f"There is no room on the disk for “{path.name}”.", "Make room and try again.") from error
        raise UserError(
            f"“{path.name}” could not be written.", "Close it in other programs, or choose another place."
        ) from error
