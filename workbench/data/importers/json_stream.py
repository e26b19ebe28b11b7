"""JSON files of any size, record by record: only one record is in memory at a time.

Python's own decoder does the reading, a record at a time over a window of the text. Nothing here trusts the file: a
record may not be larger than 64 million characters, nesting may not exhaust the stack, and all that is wrong is a
`UserError`.
"""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Iterator
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.errors import UserError

_CHUNK = 1 << 20
_LARGEST_RECORD = 64_000_000
_PEEK = 1 << 18
_EXACT = Context(prec=60)
_LONG = 18
_BLANKS = " \t\n\r"


class Written(float):
    """A number written with more digits than a float holds; `text` has them all."""

    text: str

    def __new__(cls, text: str) -> Written:
        made = super().__new__(cls, text)
        made.text = text
        return made


def _number(text: str) -> float:
    # So long is the longest that `repr` writes for most numbers; only what has more digits is kept as text.
    return float(text) if len(text) <= _LONG else Written(text)


_DECODER = json.JSONDecoder(parse_float=_number)


def exact(value: float) -> Decimal:
    """A number as it was written, to compute with in decimals: 300.3 + 600.4 is 900.7 there.

    Raises:
        InvalidOperation, TypeError, ValueError: when it is no number.
    """
    return Decimal(value.text if isinstance(value, Written) else repr(float(value)))


def plus(a: float, b: float) -> float:
    """a + b as decimals; not a number where that is not defined."""
    try:
        return float(_EXACT.add(exact(a), exact(b)))
    except InvalidOperation:
        return float("nan")


def span_of(low: float, high: float) -> tuple[str, str, str]:
    """low, high - low and the middle, written so that `plus` and `ends_of` give low and high back to the last bit."""
    a, b = exact(low), exact(high)
    size = _EXACT.subtract(b, a)
    middle = _EXACT.divide(_EXACT.add(a, b), Decimal(2))
    return repr(float(low)), _text(size), _text(middle)


def ends_of(middle: float, size: float) -> tuple[float, float]:
    """What `span_of` was given, from the middle and the size."""
    try:
        half = _EXACT.divide(exact(size), Decimal(2))
        return float(_EXACT.subtract(exact(middle), half)), float(_EXACT.add(exact(middle), half))
    except InvalidOperation:
        return float("nan"), float("nan")


def _text(value: Decimal) -> str:
    words = str(value.normalize(_EXACT))
    if "E" in words and abs(value.adjusted()) < 25:
        words = f"{value:f}"
    if len(words) <= _LONG and exact(float(words)) != value:
        # With zeros at its end it is long enough to be read digit by digit.
        words = words.ljust(_LONG + 1, "0") if "." in words and "E" not in words else words
    return words


def elements(path: Path, control: Control, at_most: int = 0) -> Iterator[tuple[str, Any]]:
    """All there is in a file, in its order: (name, element) for each element of a list that is a member of the outer
    object, (name, value) for its other members, ("", element) for each element of an outer list.

    Args:
        at_most: stop quietly after so many characters, or where the text cannot be read on; 0 reads all.

    Raises:
        UserError: when the file is missing, may not be read, or is not JSON (in the middle of it, too).
    """
    try:
        with path.open("rb") as stream:
            yield from _Scanner(path, stream, control, at_most).outer()
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read.", "Check that it is there and that you may read it.") from error
    except _EnoughError:
        return


def whole(path: Path, most: int = _LARGEST_RECORD) -> Any:
    """A small JSON file at once. Raises: UserError when it is missing, too large or not JSON."""
    from workbench.data.media import decode_text, read_bytes

    text = decode_text(read_bytes(path, most))
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"“{path.name}” is not readable JSON.", "Save it again in the program it comes from."
        ) from error


def peek(path: Path) -> dict[str, Any]:
    """The first element of each member near a file's beginning; {"": element} for an outer list; {} when it is no JSON."""
    found: dict[str, Any] = {}
    try:
        for name, value in elements(path, Control(), _PEEK):
            found.setdefault(name, value)
    except UserError:
        return found
    return found


class _EnoughError(Exception):
    """Enough was read."""


class _Scanner:
    def __init__(self, path: Path, stream: Any, control: Control, at_most: int) -> None:
        self._path, self._stream, self._control, self._at_most = path, stream, control, at_most
        self._size = os.fstat(stream.fileno()).st_size
        head = stream.read(4)
        stream.seek(0)
        name = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        self._decode = codecs.getincrementaldecoder(name)().decode
        self._text, self._at, self._read, self._ended = "", 0, 0, False

    def outer(self) -> Iterator[tuple[str, Any]]:
        opening = self._letter()
        if opening == "[":
            yield from (("", value) for value in self._list())
        elif opening == "{":
            self._at += 1
            if self._letter() == "}":
                return
            while True:
                name = self._value()
                if not isinstance(name, str):
                    self._fail()
                self._take(":")
                if self._letter() == "[":
                    for value in self._list():
                        yield name, value
                else:
                    yield name, self._value()
                if self._take(",}") == "}":
                    return
        else:
            self._fail()

    def _list(self) -> Iterator[Any]:
        self._at += 1
        if self._letter() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if self._take(",]") == "]":
                return

    def _letter(self) -> str:
        """The next character that is no blank, without going past it; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANKS:
                self._at += 1
            if self._at < len(self._text) or not self._more(_CHUNK):
                return self._text[self._at : self._at + 1]

    def _take(self, wanted: str) -> str:
        found = self._letter()
        if not found or found not in wanted:
            self._fail()
        self._at += 1
        return found

    def _value(self) -> Any:
        self._letter()
        size = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise UserError(
                    f"“{self._path.name}” is nested too deeply.", "It is damaged, or no data set."
                ) from error
            except ValueError:
                if not self._more(size):
                    self._fail()
                size *= 2
                continue
            # A number at the window's end may go on behind it, also after "1." or "1e".
            if isinstance(value, int | float) and not self._text[end:].strip("+-.eE") and self._more(_CHUNK):
                continue
            self._at = end
            return value

    def _more(self, size: int) -> bool:
        """Read on; False at the file's end."""
        self._control.check()
        if self._ended:
            return False
        if self._at_most:
            size = min(size, self._at_most)
            if self._read >= self._at_most:
                raise _EnoughError
        if len(self._text) - self._at > _LARGEST_RECORD:
            raise UserError(f"“{self._path.name}” holds a record that is too large.", "It is damaged, or no data set.")
        data = self._stream.read(size)
        self._read += len(data)
        if not self._at_most:
            self._control.progress(self._read, self._size, f"Reading {self._path.name}")
        self._ended = not data
        try:
            added = self._decode(data, self._ended)
        except UnicodeDecodeError:
            self._fail()
        self._text, self._at = self._text[self._at :] + added, 0
        return bool(added) or not self._ended

    def _fail(self) -> Any:
        if self._at_most:
            raise _EnoughError
        raise UserError(f"“{self._path.name}” is not readable JSON.", "Save it again in the program it comes from.")
