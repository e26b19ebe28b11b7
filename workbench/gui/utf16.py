"""Places in a text: Python counts code points, Qt counts UTF-16, where letters beyond the basic plane (emoji) take two."""

from __future__ import annotations


def to_qt(text: str, place: int) -> int:
    """A place in code points as Qt counts it."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def from_qt(text: str, place: int) -> int:
    """The other way round."""
    return len(text.encode("utf-16-le")[: place * 2].decode("utf-16-le", "ignore"))
