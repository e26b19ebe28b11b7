"""Labels on the clipboard, as JSON of our own: shapes with the names of their classes, so that other projects take them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QMimeData

from workbench.data.annotations import Annotation
from workbench.data.shapes import PICTURE_SHAPES, Shape, bounds, from_record, moved, to_record
from workbench.errors import UserError
from workbench.gui.editors.picture.document import Document

MIME = "application/x-workbench-annotations"
_MOST_BYTES = 20_000_000
_MOST_LABELS = 20_000
_SHIFT = 10.0


@dataclass(frozen=True)
class Copied:
    """One label from the clipboard; `label` is the name of its class, "" for none."""

    shape: Shape
    label: str
    text: str
    ignored: bool


def to_mime(annotations: Sequence[Annotation], document: Document) -> QMimeData:
    """What is copied; the text form is for people who paste it elsewhere."""
    names = {i: c.name for i, c in document.classes.items()}
    records = [
        {"shape": to_record(a.shape), "label": names.get(a.class_id or -1, ""), "text": a.text, "ignored": a.ignored}
        for a in annotations
    ]
    data = json.dumps({"item": document.item.id if document.item is not None else 0, "labels": records})
    mime = QMimeData()
    mime.setData(MIME, QByteArray(data.encode()))
    mime.setText(data)
    return mime


def from_mime(mime: QMimeData | None) -> tuple[int, list[Copied]]:
    """Id of the item they were copied from, and the labels; (0, []) for anything else. What is odd is left out: any
    program can put anything on the clipboard."""
    data = bytes(mime.data(MIME).data()) if mime is not None and mime.hasFormat(MIME) else b""
    if not data or len(data) > _MOST_BYTES:
        return 0, []
    try:
        whole = json.loads(data)
        item, records = whole["item"], list(whole["labels"])[:_MOST_LABELS]
    except (ValueError, TypeError, KeyError, RecursionError):
        return 0, []
    found = []
    for record in records:
        try:
            shape = from_record(record["shape"])
            if isinstance(shape, PICTURE_SHAPES):
                found.append(
                    Copied(shape, str(record["label"])[:100], str(record["text"])[:10_000], bool(record["ignored"]))
                )
        except (UserError, TypeError, KeyError):
            continue
    return (item if isinstance(item, int) else 0), found


def beside(shapes: Sequence[Shape], width: int, height: int) -> list[Shape]:
    """The shapes a little lower and to the right, so that copies do not hide what they were made of; to the left or
    higher where there is no room."""
    frames = [bounds(shape) for shape in shapes]
    if not frames:
        return []
    dx = _SHIFT if max(f[2] for f in frames) + _SHIFT <= width else -_SHIFT
    dy = _SHIFT if max(f[3] for f in frames) + _SHIFT <= height else -_SHIFT
    if min(f[0] for f in frames) + dx < 0:
        dx = 0.0
    if min(f[1] for f in frames) + dy < 0:
        dy = 0.0
    return [moved(shape, dx, dy) for shape in shapes]
