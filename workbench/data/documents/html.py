"""Web pages (HTML 5, read by Lexbor): what a reader sees of them. Nothing is fetched and nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from workbench.control import Control
from workbench.data.documents.base import Block, Document, assembled
from workbench.data.media import MAX_TEXT_BYTES, decode_text, read_bytes
from workbench.errors import UserError

SUFFIXES = (".html", ".htm", ".xhtml")
_UNSEEN = ["script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select", "head"]
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_BLOCKS = frozenset({
    *_HEADINGS, "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre",
    "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Void elements, and those whose end may be left out (HTML 13.1.2.4).
_END_THEMSELVES = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "li", "dt", "dd", "p", "rt", "rp", "optgroup", "option", "colgroup", "caption", "thead", "tbody", "tfoot", "tr", "td", "th",
})  # fmt: skip
_MOST_LEVELS = 3_000
# Farther up no block is looked for: pages that nest deeper are made to be slow.
_DEEPEST = 100


def read(path: Path, control: Control) -> Document:
    """Raises: UserError when it is no text or has none. Cancelled: when asked to stop."""
    text = decoded(read_bytes(path, MAX_TEXT_BYTES))
    title, blocks = page(text)
    return assembled(path, title, blocks, control)


def decoded(data: bytes) -> str:
    """As the page says (HTML 13.2.3.2), else as any text file."""
    said = _CHARSET.search(data[:4096])
    if said and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode(said[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # it says something wrong: guessed, as for a page that says nothing
    return decode_text(data)


def page(text: str) -> tuple[str, Iterator[Block]]:
    """Title and blocks. Raises: UserError when its elements lie in each other too deeply."""
    from selectolax.lexbor import LexborHTMLParser

    if _depth(text) > _MOST_LEVELS:
        # The parser's own walks take the square of the depth.
        raise UserError(
            "This page is nested too deeply to be read.", "Open it in a browser and save its text, or leave it out."
        )
    tree = LexborHTMLParser(text)
    found = tree.css_first("title")
    title = found.text().strip() if found is not None else ""
    tree.strip_tags(_UNSEEN)
    return title, _blocks(tree)


def _depth(text: str) -> int:
    """How many elements lie in each other at most, by their tags alone; those that end by themselves do not count."""
    level = deepest = 0
    for end, name in _TAG.findall(text):
        if name.lower() in _END_THEMSELVES:
            continue
        level = max(0, level - 1) if end else level + 1
        deepest = max(deepest, level)
    return deepest


def _blocks(tree: object) -> Iterator[Block]:
    """Text whose nearest block is the same belongs together; cells of a row are parted."""
    root = getattr(tree, "body", None)
    if root is None:
        return
    waiting: list[str] = []
    last, level = -1, 0
    for node in root.traverse(include_text=True):
        tag = node.tag
        if tag == "br":
            waiting.append("\n")
        elif tag in ("td", "th"):
            waiting.append(" | " if "".join(waiting).strip() else "")
        if tag != "-text":
            continue
        above, steps = node.parent, 0
        while above is not None and above.tag not in _BLOCKS and steps < _DEEPEST:
            above, steps = above.parent, steps + 1
        own = above.mem_id if above is not None else 0
        if own != last:
            text = _tidy(waiting)
            if text:
                yield Block(text, level=level)
            waiting = []
            last = own
            level = _HEADINGS.get(above.tag, 0) if above is not None else 0
        pre = above is not None and above.tag == "pre"
        waiting.append(node.text_content or "" if pre else re.sub(r"[^\S\u00a0]+", " ", node.text_content or ""))
    text = _tidy(waiting)
    if text:
        yield Block(text, level=level)


def _tidy(parts: list[str]) -> str:
    text = "".join(parts)
    return re.sub(r"[ \t]*\n[ \t]*", "\n", text).strip(" \n\t|")
