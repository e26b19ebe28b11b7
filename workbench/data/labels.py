"""Names of classes: what counts as the same name, and which spelling stands."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

from workbench.errors import UserError

MAX_LENGTH = 100

# Told apart also with red-green blindness (after Okabe & Ito 2008); the window's theme has the same.
COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#8e6bbf", "#7a8a00", "#a0522d", "#4d7f8c",
)  # fmt: skip


def clean(name: str) -> str:
    """Blanks at the ends off, several to one, Unicode composed."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def key(name: str) -> str:
    """Equal for names that a person would call the same."""
    return clean(name).casefold()


def checked(name: str) -> str:
    """A name fit for a class. Raises: UserError when it is empty or too long."""
    cleaned = clean(name)
    if not cleaned:
        raise UserError("A class needs a name.", "Type one.")
    if len(cleaned) > MAX_LENGTH:
        raise UserError(f"This class name is too long (at most {MAX_LENGTH} characters).", "Type a shorter one.")
    return cleaned


def merged_spellings(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Spellings that differ only by case and blanks, brought together under the most common one.

    Returns:
        The spelling that stands for each name's `key`, and one sentence for each name that had several.
    """
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        if name.strip():
            seen[key(name)][clean(name)] += 1
    standing = {k: max(c.items(), key=lambda pair: (pair[1], pair[0]))[0] for k, c in seen.items()}
    raw: dict[str, set[str]] = {k: set(c) for k, c in seen.items()}
    sentences = [
        f"The labels {', '.join(f'“{s}”' for s in sorted(spellings))} are taken as one: “{standing[k]}”."
        for k, spellings in raw.items()
        if len(spellings) > 1
    ]
    return standing, sentences
