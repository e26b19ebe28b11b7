"""XML that may come from anywhere: bounded, without entities and without anything from outside (defusedxml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.importers.numbers import number
from workbench.data.media import read_bytes
from workbench.errors import UserError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MOST_AT_ONCE = 30_000_000


def root_name(head: bytes) -> str:
    """The name of the outermost element, from a file's beginning; "" when it is no XML."""
    for encoding in ("utf-8", "utf-16"):
        try:
            text = head.decode(encoding, "strict" if encoding == "utf-16" else "replace")
        except UnicodeDecodeError:
            continue
        found = re.search(r"<([A-Za-z_][\w.-]*)", re.sub(r"<!--.*?-->|<\?.*?\?>|<![^>]*>", "", text, flags=re.S))
        if found:
            return found[1]
    return ""


def parsed(path: Path) -> Element:
    """A small XML file at once. Raises: UserError when it cannot be read, is no XML, or defines entities."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    data = read_bytes(path, _MOST_AT_ONCE)
    try:
        found: Element = fromstring(data)
        return found
    except DefusedXmlException as error:
        raise _dangerous(path) from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise _broken(path) from error


def ended_elements(path: Path, *names: str) -> Iterator[Element]:
    """Each element of these names when it is complete, in order; what was handed out is forgotten afterwards.

    Raises:
        UserError: when it cannot be read, is no XML (in the middle of it, too), or defines entities.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    depth: list[Element] = []
    try:
        for event, element in iterparse(path, events=("start", "end")):
            if event == "start":
                depth.append(element)
                if len(depth) > 200:
                    raise _broken(path)
                continue
            depth.pop()
            if element.tag in names:
                yield element
                element.clear()
                if depth:
                    depth[-1].remove(element)
    except DefusedXmlException as error:
        raise _dangerous(path) from error
    except (ParseError, ValueError, LookupError) as error:
        raise _broken(path) from error
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read.", "Check that it is there and that you may read it.") from error


def words(element: Element | None, path: str) -> str:
    """The text of an element below; "" when there is none."""
    return (element.findtext(path) or "").strip() if element is not None else ""


def amount(element: Element | None, path: str) -> float | None:
    """The number in an element below; None when there is none."""
    return number(words(element, path))


def _dangerous(path: Path) -> UserError:
    return UserError(
        f"“{path.name}” defines entities, with which a file can fill the memory; it is not read.",
        "Save it again in the program it comes from.",
    )


def _broken(path: Path) -> UserError:
    return UserError(f"“{path.name}” is not readable XML.", "Save it again in the program it comes from.")
