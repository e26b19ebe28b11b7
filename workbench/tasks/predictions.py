"""What comes out of a model: a small closed family. Each can say itself in one line and as plain data; drawing is the
window's work (see `workbench.gui.widgets.prediction_view`)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

_LONGEST_LINE = 90


@dataclass(frozen=True)
class Score:
    """One class with its probability in 0..1. `name` is readable; `index` is its place among the logits."""

    name: str
    value: float
    index: int = -1


@dataclass(frozen=True)
class Scores:
    """How much of each class, most likely first.

    Attributes:
        top: the classes, sorted by falling probability; all of them, or the first 20 of a long list.
        note: a plain sentence the person must see with it ("Only the first 256 words were read."), or "".
    """

    top: tuple[Score, ...]
    note: str = ""
    kind: ClassVar[str] = "scores"

    @property
    def best(self) -> Score:
        return self.top[0]

    @property
    def certainty(self) -> float:
        """Of the best answer, 0..1."""
        return self.best.value

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "scores": [{"label": s.name, "score": round(s.value, 6)} for s in self.top],
            "note": self.note,
        }

    def summary(self) -> str:
        """One line for a table cell: "tabby cat"."""
        return self.best.name

    def lines(self) -> list[str]:
        """For a terminal."""
        return [f"{s.value:6.1%}  {s.name}" for s in self.top]


@dataclass(frozen=True)
class Box:
    """One thing found in a picture.

    Attributes:
        x0, y0, x1, y1: edges in pixels of the original picture, the origin at its upper left corner.
        label: what it is; for text that was read: the words.
        score: 0..1.
        polygon: corners ((x, y), …) where the thing lies askew; empty for an upright box.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    score: float
    polygon: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Boxes:
    """Things found in a picture, most certain first (text: in the order of reading).

    Attributes:
        width, height: of the original picture in pixels.
        threshold: the score below which a box is not shown at first.
        reading: True when the labels are words that were read.
    """

    boxes: tuple[Box, ...]
    width: int
    height: int
    note: str = ""
    threshold: float = 0.5
    reading: bool = False
    kind: ClassVar[str] = "boxes"

    @property
    def certainty(self) -> float:
        return max((b.score for b in self.boxes), default=0.0)

    def above(self, threshold: float | None = None) -> tuple[Box, ...]:
        """The boxes with at least this score (else: `threshold` of the prediction)."""
        limit = self.threshold if threshold is None else threshold
        return tuple(b for b in self.boxes if b.score >= limit)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "width": self.width,
            "height": self.height,
            "boxes": [
                {
                    "label": b.label,
                    "score": round(b.score, 6),
                    "box": [round(v, 2) for v in (b.x0, b.y0, b.x1, b.y1)],
                    **({"polygon": [[round(x, 2), round(y, 2)] for x, y in b.polygon]} if b.polygon else {}),
                }
                for b in self.above()
            ],
            "note": self.note,
        }

    def text(self) -> str:
        """What was read, a line each."""
        return "\n".join(b.label for b in self.above())

    def summary(self) -> str:
        """ "3 person, 1 dog", or the words that were read."""
        shown = self.above()
        if self.reading:
            return _shortened(" ".join(b.label for b in shown)) or "no text found"
        counts: dict[str, int] = {}
        for box in shown:
            counts[box.label] = counts.get(box.label, 0) + 1
        return ", ".join(f"{n} {name}" for name, n in counts.items()) or "nothing found"

    def lines(self) -> list[str]:
        shown = self.above()
        if self.reading:
            return [b.label for b in shown] or ["no text found"]
        return [f"{b.score:6.1%}  {b.label}  ({b.x0:.0f}, {b.y0:.0f}) to ({b.x1:.0f}, {b.y1:.0f})" for b in shown] or [
            "nothing found"
        ]


@dataclass(frozen=True)
class Mask:
    """Which class every point of a picture belongs to.

    Attributes:
        png: the classes as an 8-bit greyscale PNG of the original picture's size; a pixel's value is an index
            into `labels`.
        shares: share of the picture's area in 0..1 for each of `labels`.
        background: index of the class that means "nothing"; -1 when there is none.
    """

    png: bytes
    width: int
    height: int
    labels: tuple[str, ...]
    shares: tuple[float, ...]
    background: int = 0
    note: str = ""
    kind: ClassVar[str] = "mask"

    @property
    def certainty(self) -> float:
        return 1.0 if self.present() else 0.0

    def present(self) -> list[tuple[int, str, float]]:
        """(index, label, share) of what is there, the largest first, without the background."""
        found = [
            (i, name, share)
            for i, (name, share) in enumerate(zip(self.labels, self.shares, strict=True))
            if share > 0 and i != self.background
        ]
        return sorted(found, key=lambda entry: -entry[2])

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "width": self.width,
            "height": self.height,
            "areas": [{"label": name, "value": i, "share": round(share, 6)} for i, name, share in self.present()],
            "mask_png_base64": base64.b64encode(self.png).decode("ascii"),
            "note": self.note,
        }

    def summary(self) -> str:
        return ", ".join(f"{name} {share:.0%}" for _, name, share in self.present()[:4]) or "nothing found"

    def lines(self) -> list[str]:
        return [f"{share:6.1%}  {name}" for _, name, share in self.present()] or ["nothing found"]


@dataclass(frozen=True)
class Span:
    """A piece of a text or of a recording.

    Attributes:
        start, end: characters into the text (end is one past the last), or -1 when there is no place in the text.
        label: what the piece is ("person"), or "".
        score: 0..1.
        begins, ends: seconds into a recording; -1 when it is no recording.
    """

    start: int
    end: int
    label: str = ""
    score: float = 1.0
    begins: float = -1.0
    ends: float = -1.0


@dataclass(frozen=True)
class Text:
    """A text: written, translated, heard, or the given one with pieces of it marked.

    Attributes:
        finished: False while it is still being written.
        marked: True when `text` is what the person gave and `spans` are the answer.
    """

    text: str
    spans: tuple[Span, ...] = ()
    note: str = ""
    finished: bool = True
    marked: bool = False
    kind: ClassVar[str] = "text"

    @property
    def certainty(self) -> float:
        return max((s.score for s in self.spans), default=0.0 if self.marked else 1.0)

    def pieces(self) -> list[tuple[str, Span]]:
        """The marked words with their span, in order."""
        return [(self.text[s.start : s.end], s) for s in self.spans if s.start >= 0]

    def to_json(self) -> dict[str, Any]:
        spans = []
        for s in self.spans:
            entry: dict[str, Any] = {"score": round(s.score, 6)}
            if s.start >= 0:
                entry |= {"start": s.start, "end": s.end, "text": self.text[s.start : s.end]}
            if s.label:
                entry["label"] = s.label
            if s.begins >= 0:
                entry |= {"begins": round(s.begins, 3), "ends": round(s.ends, 3)}
            spans.append(entry)
        return {"kind": self.kind, "text": self.text, "spans": spans, "note": self.note}

    def summary(self) -> str:
        if self.marked:
            words = ", ".join(f"{words} ({s.label})" if s.label else words for words, s in self.pieces())
            return _shortened(words) or "nothing found"
        return _shortened(self.text)

    def lines(self) -> list[str]:
        if self.marked:
            return [f"{s.score:6.1%}  {s.label or 'answer'}: {words}" for words, s in self.pieces()] or [
                "nothing found"
            ]
        return self.text.splitlines() or [""]


@dataclass(frozen=True)
class Picture:
    """A new picture.

    Attributes:
        png: its bytes as PNG, with all its bits, alpha and colour profile; empty when they lie in `file`.
        finished: False for a preview.
        bits: per colour, 8 or 16.
        file: path of the file it was written to, for one of many; "" while it is in memory.
    """

    png: bytes
    width: int
    height: int
    note: str = ""
    finished: bool = True
    bits: int = 8
    file: str = ""
    kind: ClassVar[str] = "picture"
    certainty: ClassVar[float] = 1.0

    def data(self) -> bytes:
        """Its bytes, from memory or from its file. Raises: OSError when the file is gone."""
        return self.png or Path(self.file).read_bytes()

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind, "width": self.width, "height": self.height, "bits": self.bits}
        if self.file:
            found["file"] = self.file
        else:
            found["picture_png_base64"] = base64.b64encode(self.png).decode("ascii")
        return found | {"note": self.note}

    def summary(self) -> str:
        return f"{self.size()}: {self.file}" if self.file else f"picture, {self.size()}"

    def size(self) -> str:
        """ "1,280 x 854 points", and the depth where it is more than usual."""
        return f"{self.width:,} x {self.height:,} points{', 16 bits' if self.bits == 16 else ''}"

    def lines(self) -> list[str]:
        if self.file:
            return [f"{self.size()}: {self.file}"]
        return [f"a picture of {self.size()} (save it with --output NAME.png)"]


@dataclass(frozen=True)
class Vector:
    """Meaning as numbers: float32 values, of length 1 taken together."""

    values: tuple[float, ...]
    note: str = ""
    kind: ClassVar[str] = "vector"
    certainty: ClassVar[float] = 1.0

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "values": [round(v, 6) for v in self.values], "note": self.note}

    def summary(self) -> str:
        return f"{len(self.values)} numbers"

    def lines(self) -> list[str]:
        return [" ".join(f"{v:.4f}" for v in self.values)]


@dataclass(frozen=True)
class Table:
    """Rows of numbers: a forecast. `given`: the numbers it goes on from, for the drawing."""

    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    given: tuple[float, ...] = ()
    note: str = ""
    kind: ClassVar[str] = "table"
    certainty: ClassVar[float] = 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "columns": list(self.columns),
            "rows": [[round(v, 6) for v in row] for row in self.rows],
            "note": self.note,
        }

    def summary(self) -> str:
        return f"{len(self.rows)} steps"

    def lines(self) -> list[str]:
        head = "  ".join(f"{name:>10}" for name in self.columns)
        return [head, *("  ".join(f"{v:10.4g}" for v in row) for row in self.rows)]


Prediction = Scores | Boxes | Mask | Text | Picture | Vector | Table


def stopped_early(prediction: Prediction | None) -> Prediction | None:
    """What was shown of an unfinished prediction, to be kept as it is; None when there is nothing unfinished."""
    if not isinstance(prediction, Text | Picture) or prediction.finished:
        return None
    return replace(prediction, finished=True, note="Stopped early: this is how far it came.")


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_LINE else f"{words[: _LONGEST_LINE - 1]}…"
