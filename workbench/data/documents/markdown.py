"""Markdown: as plain text, with its headings (CommonMark 4.2 and 4.3) and without the marks of links and emphasis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from workbench.control import Control
from workbench.data.documents.base import Block, Document, assembled
from workbench.data.media import read_text_file

SUFFIXES = (".md", ".markdown")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#*)?$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,2000}(?: \"[^\"]{0,500}\")?\)")
_MARKS = re.compile(r"(\*\*|__|`)(?=\S)(.{1,500}?)(?<=\S)\1")


def read(path: Path, control: Control) -> Document:
    """Raises: UserError when it is no text."""
    return assembled(path, "", _blocks(read_text_file(path)), control)


def _blocks(text: str) -> Iterator[Block]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    waiting: list[str] = []
    fence = ""
    for line in lines:
        opened = _FENCE.match(line)
        if fence:
            waiting.append(line)
            if opened and opened[1].startswith(fence):
                fence = ""
                yield Block("\n".join(waiting))
                waiting = []
            continue
        heading = _HEADING.match(line)
        underline = _UNDERLINE.match(line) if len(waiting) == 1 else None
        if opened:
            yield Block(_plain("\n".join(waiting)))
            fence = opened[1]
            waiting = [line]
        elif heading:
            yield Block(_plain("\n".join(waiting)))
            waiting = []
            yield Block(_plain(heading[2] or ""), level=len(heading[1]))
        elif underline:
            yield Block(_plain(waiting[0]), level=1 if underline[1][0] == "=" else 2)
            waiting = []
        elif not line.strip():
            yield Block(_plain("\n".join(waiting)))
            waiting = []
        else:
            waiting.append(line)
    text = "\n".join(waiting)
    yield Block(text if fence else _plain(text))


def _plain(text: str) -> str:
    return _MARKS.sub(r"\2", _LINK.sub(r"\1", text)).strip()
