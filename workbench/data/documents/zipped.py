"""Documents that are ZIP files of XML: opened within bounds, without entities, and never unpacked to the disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workbench.data.documents.base import MAX_BYTES
from workbench.errors import UserError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MOST_PARTS = 20_000
_LARGEST_PART = 200_000_000
_DEEPEST = 200
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The ZIP file. Raises: UserError when it cannot be read, is protected or damaged, also while it is being used."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException

    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UserError("This document is too large.", f"At most {MAX_BYTES // 1_000_000} MB can be read.")
        with path.open("rb") as stream:
            if stream.read(4) == _OLD_OR_LOCKED:
                raise UserError(
                    "This document is protected by a password, or of an old kind.",
                    "Open it in its program and save a copy without a password as DOCX or PDF.",
                )
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > _MOST_PARTS:
                raise UserError("This document has too many parts.", "Save it again in its program.")
            yield archive
    except FileNotFoundError as error:
        raise UserError("The file is not there any more.", "Put it back, or take it off the list.") from error
    except PermissionError as error:
        raise UserError("You may not read this file.", "Change its permissions, or copy it elsewhere.") from error
    except DefusedXmlException as error:
        raise UserError(
            "This document defines entities, with which a file can fill the memory; it is not read.",
            "Save it again in its program.",
        ) from error
    except RuntimeError as error:  # zipfile's answer to an encrypted part
        raise UserError("This document is protected by a password.", "Save a copy without one.") from error
    except (zipfile.BadZipFile, zlib.error, ParseError, EOFError, ValueError, LookupError, OSError) as error:
        raise UserError("This document is damaged.", "Copy it again from where it came from.") from error


class _Bounded(io.RawIOBase):
    """A part of a ZIP file that gives up after too many bytes: what a ZIP says of its sizes cannot be relied on."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = _LARGEST_PART

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self._left + 1 if size < 0 else size)
        self._left -= len(data)
        if self._left < 0:
            raise UserError("This document unpacks to more than 200 MB.", "Save it again in its program.")
        return data


def part(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part's bytes; b"" when there is none. Raises: UserError when it is too large."""
    try:
        stream = archive.open(name)
    except KeyError:
        return b""
    with stream:
        return _Bounded(stream).read()


def root(archive: zipfile.ZipFile, name: str) -> Element | None:
    """A small part as XML; None when there is none."""
    from defusedxml.ElementTree import fromstring

    data = part(archive, name)
    if not data:
        return None
    found: Element = fromstring(data)
    return found


def elements(archive: zipfile.ZipFile, name: str, depth: int) -> Iterator[Element]:
    """The elements at a depth (0: the outermost), each when it is complete, and forgotten afterwards."""
    from defusedxml.ElementTree import iterparse

    try:
        stream = archive.open(name)
    except KeyError:
        return
    with stream:
        above: list[Element] = []
        for event, element in iterparse(_Bounded(stream), events=("start", "end")):
            if event == "start":
                above.append(element)
                if len(above) > _DEEPEST:
                    raise UserError("This document is nested too deeply.", "Save it again in its program.")
                continue
            above.pop()
            if len(above) == depth:
                yield element
                element.clear()
                if above:
                    above[-1].remove(element)


def within(element: Element, left_out: frozenset[str]) -> Iterator[tuple[str, Element]]:
    """What lies in an element, in order, as ("start" or "end", element), itself too.

    Of the kinds to be left out, with all in them, comes ("left out", element): text may follow it.
    """
    stack: list[tuple[bool, Element]] = [(False, element)]
    while stack:
        done, at = stack.pop()
        if done:
            yield "end", at
            continue
        if at.tag in left_out:
            yield "left out", at
            continue
        yield "start", at
        stack.append((True, at))
        stack.extend((False, child) for child in reversed(at))
