"""Letters for the PDF: the app's own font, two of its own for other scripts, and the system's where these have no letter."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from workbench.app_paths import resources
from workbench.control import Control

log = logging.getLogger(__name__)

FAMILY = "Inter"
# What stands for a letter that no font here has.
MISSING = "□"
# Regular, medium and bold; then Arabic, Hebrew, Armenian, Georgian, signs; then Chinese and Japanese.
_OWN = (("", "Inter-Regular.otf"), ("B", "Inter-SemiBold.otf"))
_OTHERS = ("DejaVuSans.ttf", "DroidSansFallbackFull.ttf")
# Beginnings of the names of system fonts that have other scripts, on Windows, macOS and Linux, lower case.
_SYSTEM = (
    "malgun", "nirmala", "leelawui", "segoeui", "seguisym", "ebrima", "msyh", "applesdgothicneo", "arial unicode",
    "kohinoor", "thonburi", "notosans", "notoserif", "nanumgothic", "baekmuk", "unifont", "lohit", "garuda", "freesans",
    "droidsans",
)  # fmt: skip
_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
_MOST_FILES, _MOST_FONTS, _MOST_BYTES = 20_000, 8, 40_000_000
# Join letters or choose a form of the one before: seen by nobody, so no font needs to have them.
_UNSEEN = frozenset({0x200C, 0x200D, *range(0xFE00, 0xFE10), ord(MISSING)})


class Letters:
    """Puts fonts into a PDF and knows which letters they have."""

    def __init__(self, pdf: Any, control: Control | None = None) -> None:
        self._pdf, self._control = pdf, control or Control()
        self.missing: set[str] = set()
        self._folder = resources() / "fonts"
        for style, file in _OWN:
            self._control.check()
            pdf.add_font(FAMILY, style, str(self._folder / file))
        self._known = _UNSEEN | _letters_of(self._folder / _OWN[0][1])
        self._fallbacks: list[str] = []

    def need(self, texts: Iterable[str]) -> None:
        """Take in the fonts these texts need. To be called with all texts before any is written. Raises: Cancelled."""
        wanted = {ord(c) for text in texts for c in text} - self._known
        own = [self._folder / file for file in _OTHERS]
        for path in chain(own, _system_fonts()) if wanted else ():
            if not wanted or len(self._fallbacks) >= _MOST_FONTS:
                break
            self._control.check()
            try:
                letters = _letters_of(path)
                if not letters & wanted:
                    continue
                name = f"Other{len(self._fallbacks)}"
                self._pdf.add_font(name, "", str(path))
            except Exception as error:  # noqa: BLE001 - a strange font of the system must not spoil the report
                log.info("the font %s cannot be used: %s", path.name, error)
                continue
            self._known |= letters
            wanted -= letters
            self._fallbacks.append(name)
        self.missing = {chr(c) for c in wanted}
        self._pdf.set_fallback_fonts(self._fallbacks, exact_match=False)

    def fitted(self, text: str) -> str:
        """The text with a sign in place of each letter that no font has."""
        lacking = {c for c in text if ord(c) not in self._known}
        if not lacking:
            return text
        return "".join(MISSING if c in lacking else c for c in text)

    def note(self) -> str:
        """What is to be said about letters that are missing; "" when there are none."""
        if not self.missing:
            return ""
        import unicodedata

        scripts = sorted({unicodedata.name(c, "unknown").split()[0].capitalize() for c in self.missing})
        return (
            f"This computer has no font for some letters ({', '.join(scripts[:8])}): “{MISSING}” stands for them in this PDF."
            " The web page (HTML) has them."
        )


@lru_cache(maxsize=16)
def _letters_of(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(str(path), lazy=True, fontNumber=0) as font:
        return frozenset(font.getBestCmap() or ())


def _system_fonts() -> Iterator[Path]:
    """Fonts whose names say that they have other scripts, in the order of `_SYSTEM`."""
    found: list[tuple[int, str, Path]] = []
    seen = 0
    for folder in _folders():
        for place, _inner, files in os.walk(folder):
            seen += len(files)
            if seen > _MOST_FILES:
                break
            for name in files:
                lower = name.lower()
                rank = next((n for n, beginning in enumerate(_SYSTEM) if lower.startswith(beginning)), -1)
                if (
                    rank < 0
                    or not lower.endswith(_ENDINGS)
                    or any(w in lower for w in ("bold", "italic", "black", "thin"))
                ):
                    continue
                path = Path(place) / name
                if path.stat().st_size <= _MOST_BYTES:
                    found.append((rank, lower, path))
    yield from (path for _, _, path in sorted(found))


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft" / "Windows" / "Fonts"
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", local]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local" / "share" / "fonts",
        home / ".fonts",
    ]
