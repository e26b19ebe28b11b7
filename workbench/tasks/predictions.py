"""What comes out of a model: a small closed family. Each can say itself in one line and as plain data; drawing is the
window's work (see `workbench.gui.widgets.prediction_view`)."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from workbench.errors import UserError
from workbench.runtimes.base import Places, Tag, Word

_LONGEST_LINE = 90
# Of several labels not one is true: that is an answer, too.
NONE_OF_THEM = "none of them"
NOT_SURE = "not sure"
# Below any margin there is, and still a number in JSON.
_NEVER = -1e9
# The note of a text of which only the surprise was measured.
NOT_WRITTEN = "This text was not written out."


@dataclass(frozen=True)
class Score:
    """One class with its probability in 0..1. `name` is readable; `index` is its place among the logits.

    `threshold`: the probability from which on it counts, where several classes can be true at once; else -1.
    """

    name: str
    value: float
    index: int = -1
    threshold: float = -1.0

    @property
    def counts(self) -> bool:
        """It is one of several labels, not only a candidate."""
        return 0 <= self.threshold <= self.value


@dataclass(frozen=True)
class Scores:
    """How much of each class, most likely first.

    Attributes:
        top: the classes, sorted by falling probability; all of them, or the first 20 of a long list. Where several can be
            true, those that count come first.
        note: a plain sentence the person must see with it ("Only the first 256 words were read."), or "".
        several: the classes are independent of each other; none, one or more of them are true.
        unsure: the best class is too doubtful to be an answer (see `workbench.tasks.decision`).
        strangeness: how far it is from all the model learnt from, as a share of what is usual: above 1 the answer cannot be
            relied on; -1 where that is not known.
    """

    top: tuple[Score, ...]
    note: str = ""
    several: bool = False
    unsure: bool = False
    strangeness: float = -1.0
    kind: ClassVar[str] = "scores"

    @property
    def best(self) -> Score:
        return self.top[0]

    @property
    def chosen(self) -> tuple[Score, ...]:
        """The answer: the best class, or (`several`) those that count, which may be none; none when it is not sure."""
        if self.unsure:
            return ()
        return tuple(s for s in self.top if s.counts) if self.several else self.top[:1]

    @property
    def unlike(self) -> bool:
        """It is unlike all the model learnt from."""
        return self.strangeness > 1

    @property
    def certainty(self) -> float:
        """Of the best answer, 0..1. Of several: of the most doubtful one, 0.5 at its threshold."""
        return min(map(_distance, self.top)) if self.several and self.top else self.best.value

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind}
        if self.several:
            found |= {"several": True, "labels": [s.name for s in self.chosen]}
        if self.unsure:
            found["unsure"] = True
        if self.strangeness >= 0:
            found |= {"unlike": self.unlike, "strangeness": round(self.strangeness, 4)}
        return found | {
            "scores": [
                {"label": s.name, "score": round(s.value, 6)}
                | ({"threshold": round(s.threshold, 6)} if s.threshold >= 0 else {})
                for s in self.top
            ],
            "note": self.note,
        }

    def summary(self) -> str:
        """One line for a table cell: "tabby cat"; of several: "work, travel", or "none of them"."""
        if self.unsure:
            perhaps = [s.name for s in self.top if s.counts] if self.several else [self.best.name]
            return f"{NOT_SURE} (perhaps {', '.join(perhaps) or NONE_OF_THEM})"
        return ", ".join(s.name for s in self.chosen) or NONE_OF_THEM

    def lines(self) -> list[str]:
        """For a terminal."""
        if self.several:
            rows = [f"{s.value:6.1%}  [{'x' if s.counts else ' '}] {s.name}" for s in self.top]
            return [*([self.summary()] if self.unsure else []), *rows]
        return [*([self.summary()] if self.unsure else []), *(f"{s.value:6.1%}  {s.name}" for s in self.top)]

    def first(self, count: int) -> tuple[Score, ...]:
        """So many of them, but all that count."""
        return self.top[: max(count, sum(s.counts for s in self.top))]


def _distance(score: Score) -> float:
    """How far a class is from its threshold: 0.5 on it, 1 at the end of its side."""
    value, limit = score.value, min(1.0, max(0.0, score.threshold))
    if score.counts:
        return 0.5 + 0.5 * (value - limit) / (1 - limit) if limit < 1 else 1.0
    return 0.5 + 0.5 * (limit - value) / limit if limit > 0 else 1.0


@dataclass(frozen=True)
class Box:
    """One thing found in a picture.

    Attributes:
        x0, y0, x1, y1: edges in pixels of the original picture, the origin at its upper left corner.
        label: what it is; for text that was read: the words.
        score: 0..1.
        polygon: corners ((x, y), …) where the thing lies askew; empty for an upright box. Of a line of text: four,
            from the upper left one as it is read on clockwise.
        words: the words of a line of text, their corners in pixels of the original picture too.
        block: lines of one paragraph or column have the same number; -1 where that is not known.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    score: float
    polygon: tuple[tuple[float, float], ...] = ()
    words: tuple[Word, ...] = ()
    block: int = -1

    def corners(self) -> tuple[tuple[float, float], ...]:
        """The polygon, or the corners of the box, from the upper left one on clockwise."""
        return self.polygon or ((self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1))


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
                    **({"polygon": _rounded(b.polygon)} if b.polygon else {}),
                    **({"block": b.block} if b.block >= 0 else {}),
                    **({"words": [_word(w) for w in b.words]} if b.words else {}),
                }
                for b in self.above()
            ],
            "note": self.note,
        }

    def text(self, threshold: float | None = None) -> str:
        """What was read, a line each, with an empty line between paragraphs and columns."""
        return "\n\n".join("\n".join(b.label for b in block) for block in self.in_blocks(threshold))

    def in_blocks(self, threshold: float | None = None) -> list[list[Box]]:
        """The boxes with at least this score (as in `above`), those of one block together, in their order."""
        blocks: list[list[Box]] = []
        for box in self.above(threshold):
            if blocks and blocks[-1][-1].block == box.block:
                blocks[-1].append(box)
            else:
                blocks.append([box])
        return blocks

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
        sure: mean certainty in 0..1 of the points of each of `labels`; empty when the model gives none.
    """

    png: bytes
    width: int
    height: int
    labels: tuple[str, ...]
    shares: tuple[float, ...]
    background: int = 0
    note: str = ""
    sure: tuple[float, ...] = ()
    kind: ClassVar[str] = "mask"

    @property
    def certainty(self) -> float:
        """Of all points together."""
        if self.sure:
            return sum(share * sure for share, sure in zip(self.shares, self.sure, strict=True))
        return 1.0 if self.present() else 0.0

    def present(self) -> list[tuple[int, str, float]]:
        """(index, label, share) of what is there, the largest first, without the background."""
        found = [
            (i, name, share)
            for i, (name, share) in enumerate(zip(self.labels, self.shares, strict=True))
            if share > 0 and i != self.background
        ]
        return sorted(found, key=lambda entry: -entry[2])

    def points(self, share: float) -> int:
        """A share of the picture in square pixels."""
        return round(share * self.width * self.height)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "width": self.width,
            "height": self.height,
            "areas": [
                {"label": name, "value": i, "share": round(share, 6), "square_pixels": self.points(share)}
                for i, name, share in self.present()
            ],
            "mask_png_base64": base64.b64encode(self.png).decode("ascii"),
            "note": self.note,
        }

    def summary(self) -> str:
        present = self.present()
        large = [f"{name} {share:.0%}" for _, name, share in present if share >= 0.005]
        return ", ".join(large[:4] or [f"{name} under 1%" for _, name, _share in present[:1]]) or "nothing found"

    def lines(self) -> list[str]:
        return [
            f"{share:6.1%}  {name}  ({self.points(share):,} square pixels)" for _, name, share in self.present()
        ] or ["nothing found"]


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
class Asked:
    """A question about a text, and the place that most likely answers it.

    Attributes:
        start, end: characters into the text (end is one past the last); -1 where there is no place at all.
        score: probability 0..1 of the place, `nothing` of there being no answer; see `Places`.
        answered: the place is given as the answer; else the answer is that the text does not say.
    """

    question: str
    start: int = -1
    end: int = -1
    score: float = 0.0
    nothing: float = 0.0
    margin: float = 0.0
    answered: bool = False

    @classmethod
    def of(cls, question: str, found: Places) -> Asked:
        """The best of what was found."""
        if not found.best:
            return cls(question, nothing=found.nothing, margin=_NEVER)
        best = found.best[0]
        return cls(question, best.start, best.end, best.score, found.nothing, found.margin, found.answered)

    def places(self) -> Places:
        """What `of` was given, as far as it is kept."""
        best = (Tag(self.start, self.end, "", self.score),) if self.start >= 0 else ()
        return Places(best, self.nothing, self.margin, self.answered)

    def line(self, text: str) -> str:
        """For a terminal."""
        if not self.answered:
            return f"{self.nothing:6.1%}  {self.question}: not answered in this text"
        return f"{self.score:6.1%}  {self.question}: {text[self.start : self.end]}"


@dataclass(frozen=True)
class Text:
    """A text: written, translated, heard, or the given one with pieces of it marked.

    Attributes:
        finished: False while it is still being written.
        settled: of an unfinished one, how many of its spans will stay as they are; -1 for all of them.
        marked: True when `text` is what the person gave and `spans` are the answer.
        surprise: mean negative log-likelihood of the right text, in nats per token; -1 where it was not measured.
        before, surprise_before: the same of the model before it was taught.
        asked: the questions that `spans` answer, where there were some, also those that have no answer.
    """

    text: str
    spans: tuple[Span, ...] = ()
    note: str = ""
    finished: bool = True
    marked: bool = False
    surprise: float = -1.0
    surprise_before: float = -1.0
    before: str = ""
    settled: int = -1
    asked: tuple[Asked, ...] = ()
    kind: ClassVar[str] = "text"

    @property
    def certainty(self) -> float:
        return max((s.score for s in self.spans), default=0.0 if self.marked else 1.0)

    @property
    def timed(self) -> bool:
        """It was heard: its words have times."""
        return any(s.begins >= 0 for s in self.spans)

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
        found: dict[str, Any] = {"kind": self.kind, "text": self.text, "spans": spans, "note": self.note}
        if self.asked:
            found["questions"] = [
                {
                    "question": a.question,
                    "answer": self.text[a.start : a.end] if a.answered else None,
                    **({"start": a.start, "end": a.end, "score": round(a.score, 6)} if a.answered else {}),
                    "no_answer": round(a.nothing, 6),
                }
                for a in self.asked
            ]
        return found

    def summary(self) -> str:
        if len(self.asked) > 1:
            said = [f"{a.question} {self.text[a.start : a.end] if a.answered else '(no answer)'}" for a in self.asked]
            return _shortened("; ".join(said))
        if self.marked:
            words = ", ".join(f"{words} ({s.label})" if s.label else words for words, s in self.pieces())
            return _shortened(words) or "nothing found"
        return _shortened(self.text)

    def lines(self) -> list[str]:
        if len(self.asked) > 1:
            return [a.line(self.text) for a in self.asked]
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
class Occasion:
    """A look ahead from a moment of the past: what was said then, and what came.

    Attributes:
        at: so many numbers of the series were known.
        part: the part of the series that came then: "validation" or "test".
        truth: what came, float [steps]; NaN where it is not known.
        said: one row per `FORECAST_LEVELS`, each [steps], rising.
        naive: the same of repeating the last season, `ets` of exponential smoothing; empty where that could not be made.
    """

    at: int
    part: str
    truth: tuple[float, ...]
    said: tuple[tuple[float, ...], ...]
    naive: tuple[tuple[float, ...], ...] = ()
    ets: tuple[tuple[float, ...], ...] = ()


# The quantiles that are kept of every look ahead; between the first and the last lie 80 %.
FORECAST_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LOW, MIDDLE, HIGH = 0, 4, 8


@dataclass(frozen=True)
class Forecast:
    """How a series may go on; and, where a model is judged, what was said on occasions in the past.

    Attributes:
        rows: low (10 %), middle and high (90 %) of each step that is still to come.
        dates: of these steps, as words; their numbers where the series has no dates.
        given: the last numbers of the series (NaN: missing), with `given_dates`; `first`: place of the first of them in it.
        step: from one number to the next, in words ("month").
        season: after how many steps it comes round again; 1: it does not.
        scale: mean absolute error of repeating the last season where the model learnt from (what MASE divides by).
        occasions: in order of time.
    """

    rows: tuple[tuple[float, ...], ...]
    dates: tuple[str, ...] = ()
    given: tuple[float, ...] = ()
    given_dates: tuple[str, ...] = ()
    first: int = 0
    step: str = "step"
    season: int = 1
    scale: float = 0.0
    occasions: tuple[Occasion, ...] = ()
    note: str = ""
    kind: ClassVar[str] = "forecast"
    certainty: ClassVar[float] = 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        return ("when", "low (10 %)", "middle", "high (90 %)")

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "step": self.step,
            "rows": [
                {"when": when, **{name: round(v, 6) for name, v in zip(("low", "middle", "high"), row, strict=True)}}
                for when, row in zip(self.dates, self.rows, strict=True)
            ],
            "note": self.note,
        }

    def summary(self) -> str:
        if not self.rows:
            return f"{len(self.occasions)} occasions in the past"
        return f"{self.dates[0]} to {self.dates[-1]}: {self.rows[-1][1]:,.4g} at the end"

    def lines(self) -> list[str]:
        width = max([len(d) for d in self.dates] + [4])
        head = "  ".join([f"{'when':<{width}}", *(f"{name:>12}" for name in self.columns[1:])])
        return [
            head,
            *(
                "  ".join([f"{when:<{width}}", *(f"{v:12,.6g}" for v in row)])
                for when, row in zip(self.dates, self.rows, strict=True)
            ),
        ]


@dataclass(frozen=True)
class Event:
    """Something heard from `begins` to `ends` (seconds into the recording); `score` 0..1."""

    begins: float
    ends: float
    label: str
    score: float = 1.0


@dataclass(frozen=True)
class Events:
    """What was heard in a recording, and when; sounds of several kinds may overlap.

    Attributes:
        events: in order of their beginning.
        seconds: length of the recording; of what was listened to so far while it is not `finished`.
        labels: all kinds that were listened for.
    """

    events: tuple[Event, ...]
    seconds: float
    labels: tuple[str, ...] = ()
    note: str = ""
    finished: bool = True
    kind: ClassVar[str] = "events"

    @property
    def certainty(self) -> float:
        return max((e.score for e in self.events), default=0.0)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "seconds": round(self.seconds, 3),
            "events": [
                {"label": e.label, "begins": round(e.begins, 3), "ends": round(e.ends, 3), "score": round(e.score, 6)}
                for e in self.events
            ],
            "note": self.note,
        }

    def summary(self) -> str:
        """ "3 wren, 1 owl"."""
        counts: dict[str, int] = {}
        for event in self.events:
            counts[event.label] = counts.get(event.label, 0) + 1
        return _shortened(", ".join(f"{n} {name}" for name, n in counts.items())) or "nothing heard"

    def lines(self) -> list[str]:
        return [f"{_moment(e.begins)} to {_moment(e.ends)}  {e.score:6.1%}  {e.label}" for e in self.events] or [
            "nothing heard"
        ]


def _moment(seconds: float) -> str:
    """ "1:02:03.4"; tenths, since sounds are short."""
    tenths = round(seconds * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    start = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{start}:{rest // 10:02}.{rest % 10}"


@dataclass(frozen=True)
class Number:
    """A number that was estimated ("price: 310,000"), with the range it most likely lies in.

    Attributes:
        value: the estimate, in `unit`.
        low, high: the range; None where there was too little to tell how far off it usually is.
        coverage: in what share of cases the true number should lie in the range, 0..1.
        unit: "€", "kg", …; "" where there is none.
        name: what the number is ("price"); "" where that is not known.
    """

    value: float
    low: float | None = None
    high: float | None = None
    coverage: float = 0.9
    unit: str = ""
    name: str = ""
    note: str = ""
    kind: ClassVar[str] = "number"
    certainty: ClassVar[float] = 1.0

    @property
    def ranged(self) -> bool:
        return self.low is not None and self.high is not None

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind, "value": self.value}
        if self.ranged:
            found |= {"low": self.low, "high": self.high, "coverage": self.coverage}
        return found | {"unit": self.unit, "note": self.note}

    def summary(self) -> str:
        """ "310,000 €"."""
        return f"{figure(self.value)} {self.unit}".strip()

    def range_words(self) -> str:
        """ "in 9 of 10 cases between 280,000 and 340,000 €"; "" where there is no range."""
        if self.low is None or self.high is None:
            return ""
        tenths = self.coverage * 10
        share = f"{tenths:.0f} of 10" if abs(tenths - round(tenths)) < 1e-9 else f"{self.coverage:.0%} of the"
        return f"in {share} cases between {figure(self.low)} and {figure(self.high)} {self.unit}".strip()

    def lines(self) -> list[str]:
        words = self.range_words()
        return [f"{self.name + ': ' if self.name else ''}{self.summary()}", *([words] if words else [])]


def figure(value: float) -> str:
    """A number as a person writes it: four figures that count, thousands parted; never a rounded-off whole number."""
    if not math.isfinite(value):
        return "no number"
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.4g}"
    if size >= 1000:
        return f"{value:,.0f}"
    places = 3 if size < 1 else 2 if size < 100 else 1
    if 0 < size < 0.1:
        return f"{value:.4g}"
    words = f"{value:.{places}f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


@dataclass(frozen=True)
class Pick:
    """A thing that is recommended.

    Attributes:
        name: what it is called.
        score: by which the list is ordered; higher is better, comparable within one list only.
        because: names of liked things that speak most for it, the strongest first.
        item: id of the thing in the project the model was made in; 0 where there is none.
    """

    name: str
    score: float
    because: tuple[str, ...] = ()
    item: int = 0

    def because_words(self) -> str:
        """ "because you liked A, B"; "" where nothing in particular speaks for it."""
        return f"because you liked {', '.join(self.because)}" if self.because else ""


@dataclass(frozen=True)
class Ranking:
    """Things to recommend, the best first.

    Attributes:
        usual: ids of what would be recommended by popularity alone, the best first: what every list is held against.
        of: how many things there are to choose from.
    """

    picks: tuple[Pick, ...]
    usual: tuple[int, ...] = ()
    of: int = 0
    note: str = ""
    kind: ClassVar[str] = "ranking"
    certainty: ClassVar[float] = 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "things": [{"name": p.name, "score": round(p.score, 6), "because": list(p.because)} for p in self.picks],
            "note": self.note,
        }

    def summary(self) -> str:
        return "; ".join(p.name for p in self.picks[:3]) or "nothing to recommend"

    def lines(self) -> list[str]:
        width = len(str(len(self.picks)))
        return [
            f"{place:>{width}}. {p.name}{f'  ({p.because_words()})' if p.because else ''}"
            for place, p in enumerate(self.picks, 1)
        ] or ["nothing to recommend"]


# A model does not say of these how sure it is.
WITHOUT_CERTAINTY = (Picture, Vector, Forecast, Number, Ranking)
Prediction = Scores | Boxes | Mask | Text | Picture | Vector | Events | Forecast | Number | Ranking


def to_record(prediction: Prediction) -> dict[str, Any]:
    """A prediction as plain JSON with nothing left out, for keeping (`to_json` is for people and other programs)."""
    found: dict[str, Any] = {"kind": prediction.kind}
    for name in (f.name for f in fields(prediction)):
        value = getattr(prediction, name)
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode("ascii")
        elif isinstance(value, tuple):
            value = [asdict(v) if is_dataclass(v) and not isinstance(v, type) else v for v in value]
        found[name] = value
    return found


def thumbnail_record(prediction: Prediction, side: int = 160) -> dict[str, Any]:
    """As `to_record`, made small enough to be drawn on a thumbnail: masks and pictures are at most `side` pixels wide and
    high, boxes are those that count."""
    if isinstance(prediction, Boxes):
        return to_record(replace(prediction, boxes=prediction.above()[:100]))
    if isinstance(prediction, Mask | Picture):
        import io

        from PIL import Image

        with Image.open(io.BytesIO(prediction.png)) as picture:
            picture.thumbnail((side, side), Image.Resampling.NEAREST)
            stream = io.BytesIO()
            picture.save(stream, "PNG")
        return to_record(replace(prediction, png=stream.getvalue(), width=picture.width, height=picture.height))
    return to_record(prediction)


def from_record(record: Mapping[str, Any]) -> Prediction:
    """What `to_record` made. Raises: UserError when it is none, or of a newer version."""
    cls = _KINDS.get(str(record.get("kind"))) if isinstance(record, Mapping) else None
    if cls is None:
        raise UserError("A kept answer is of a kind this version does not know.", "Update the app, or judge it again.")
    try:
        values = {f.name: _revived(f.name, record[f.name]) for f in fields(cls) if f.name in record}
        found: Prediction = cls(**values)
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError("A kept answer cannot be read.", "Judge the model again.") from error
    return found


_PARTS: dict[str, type[Any]] = {
    "top": Score,
    "boxes": Box,
    "spans": Span,
    "events": Event,
    "asked": Asked,
    "occasions": Occasion,
    "picks": Pick,
}
_KINDS: dict[str, type[Any]] = {
    cls.kind: cls for cls in (Scores, Boxes, Mask, Text, Picture, Vector, Events, Forecast, Number, Ranking)
}


def _revived(name: str, value: Any) -> Any:
    if name == "png":
        return base64.b64decode(value)
    if not isinstance(value, list):
        return value
    part = _PARTS.get(name)
    if part is None:
        return tuple(tuple(v) if isinstance(v, list) else v for v in value)
    return tuple(part(**{k: _nested(k, v) for k, v in entry.items()}) for entry in value)


def _nested(name: str, value: Any) -> Any:
    if name in ("polygon", "corners", "said", "naive", "ets"):
        return tuple(tuple(point) for point in value)
    if name == "truth":
        return tuple(value)
    if name == "words":
        return tuple(Word(**{k: _nested(k, v) for k, v in word.items()}) for word in value)
    return value


def _rounded(corners: tuple[tuple[float, float], ...]) -> list[list[float]]:
    return [[round(x, 2), round(y, 2)] for x, y in corners]


def _word(word: Word) -> dict[str, Any]:
    return {"text": word.text, "score": round(word.score, 6), "polygon": _rounded(word.corners)}


def stopped_early(prediction: Prediction | None) -> Prediction | None:
    """What was shown of an unfinished prediction, to be kept as it is; None when there is nothing unfinished."""
    if not isinstance(prediction, Text | Picture | Events) or prediction.finished:
        return None
    return replace(prediction, finished=True, note="Stopped early: this is how far it came.")


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_LINE else f"{words[: _LONGEST_LINE - 1]}…"
