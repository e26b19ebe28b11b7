"""Rows to CSV or JSON files that other programs open safely."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

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
    _write_rows(stream, rows, columns)
    return stream.getvalue()


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    """Write atomically, with the mark by which Excel knows UTF-8; each row as it comes, so that no more than one need be in
    memory. Returns their number. Raises: UserError when it cannot be written."""
    try:
        with atomic.binary(path) as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
            count = _write_rows(text, rows, columns)
            text.flush()
            text.detach()
    except OSError as error:
        raise not_written(path, error) from error
    return count


def _write_rows(stream: TextIO, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    writer = csv.writer(stream)
    writer.writerow(columns)
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - counted
        writer.writerow([safe_cell(row.get(c, "")) for c in columns])
    return count


def write_json(path: Path, value: Any) -> None:
    """Write atomically. Raises: UserError when it cannot be written."""
    write_bytes(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write atomically. Raises: UserError when it cannot be written."""
    try:
        atomic.write_bytes(path, data)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> UserError:
    """What a person reads when a file could not be written."""
    if disk_full(error):
        return UserError(f"There is no room on the disk for “{path.name}”.", "Make room and try again.")
    return UserError(f"“{path.name}” could not be written.", "Close it in other programs, or choose another place.")
