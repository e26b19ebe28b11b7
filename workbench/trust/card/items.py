"""Items of a project as examples in a card."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence

from workbench.data.project import Project
from workbench.data.types import Item
from workbench.errors import UserError
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Line, Paragraph, Part, Words

# An item's small picture (PNG or JPEG); None for one that has none. May raise UserError.
Show = Callable[[Item], bytes | None]

_EXCERPT = 300
NO_MISTAKES = "None: it made no mistake on these items."


def picture_of(item: Item, show: Show | None) -> bytes | None:
    """None where there is none, or it cannot be read any more."""
    if show is None or item.text is not None:
        return None
    try:
        return show(item)
    except UserError:
        return None


def example(item: Item, show: Show | None, caption: Line, text: Line = "") -> Example:
    """An item with its picture, or the beginning of its text."""
    if not text and item.text is not None:
        text = item.text[:_EXCERPT] + ("…" if len(item.text) > _EXCERPT else "")
    return Example(caption, item.name, picture_of(item, show), text)


def gallery(project: Project, captions: Iterable[tuple[int, Line]], show: Show | None, of: int) -> list[Part]:
    """Items by id with what is said of each, the first few of `of`."""
    wanted = list(captions)[:MOST_EXAMPLES]
    items = {i.id: i for i in project.items([item_id for item_id, _ in wanted])}
    found = tuple(example(items[item_id], show, caption) for item_id, caption in wanted if item_id in items)
    if not found:
        return [Paragraph(NO_MISTAKES)]
    return [Gallery(found), *some_of(len(found), of)]


def some_of(shown_: int, of: int) -> list[Part]:
    """How many there are beside those that are shown."""
    return [Paragraph(f"The first {shown_} of {of:,}.", soft=True)] if of > shown_ else []


def called(said: str, sure: float, true: str) -> tuple[Words, ...]:
    """What it said, how sure it was, and what is right."""
    return (
        Words("called "), Words(said, "strong", "bad"), Words(f" ({sure:.0%}), is "), Words(true, "strong", "good")
    )  # fmt: skip


def framed(picture: bytes, boxes: Sequence[tuple[tuple[float, float, float, float], str]]) -> bytes:
    """A picture with frames on it, JPEG.

    Args:
        boxes: left, top, right, bottom in shares of the picture, and a colour "#rrggbb".
    """
    from PIL import Image, ImageDraw

    with Image.open(io.BytesIO(picture)) as opened:
        drawn = opened.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    wide = max(2, round(max(drawn.size) / 90))
    for (left, top, right, bottom), colour in boxes:
        x0, x1 = sorted((left * drawn.width, right * drawn.width))
        y0, y1 = sorted((top * drawn.height, bottom * drawn.height))
        pen.rectangle((x0, y0, x1, y1), outline=colour, width=wide)
    stream = io.BytesIO()
    drawn.save(stream, "JPEG", quality=88, subsampling=0)  # thin coloured lines stay coloured
    return stream.getvalue()
