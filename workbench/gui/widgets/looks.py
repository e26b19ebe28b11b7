"""What a model said of a video so far: by moment, and what of it is still at hand to be drawn."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass, replace

from PySide6.QtGui import QImage

from workbench.data.labels import COLOURS
from workbench.engine.timeline import main_label, spans
from workbench.engine.video import Looked
from workbench.gui.widgets.timeline import Piece
from workbench.tasks.predictions import Mask, Scores

# A camera may run for hours: the oldest are forgotten.
_MOST = 10_000
# Areas are pictures of their own.
_MOST_AREAS = 60
_SAME = 1e-4


@dataclass(frozen=True)
class Drawn:
    """An answer ready for the screen; `overlay` holds its areas."""

    look: Looked
    overlay: QImage | None = None


class Looks:
    """All looks in order of time."""

    def __init__(self) -> None:
        self.labels: list[str] = []  # in order of appearance: a label's place gives its colour
        self._times: list[float] = []
        self._looks: list[Looked] = []
        self._drawn: dict[float, Drawn] = {}
        self._areas: OrderedDict[float, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._looks)

    def all(self) -> list[Looked]:
        return list(self._looks)

    def add(self, look: Looked, overlay: QImage | None = None) -> None:
        """A new one, in place of an older one of the same picture."""
        # The labels' list is kept: the view of the boxes goes by the same one.
        light = look
        if isinstance(look.prediction, Mask):
            light = replace(look, prediction=replace(look.prediction, png=b""))
        place = bisect_left(self._times, look.time - _SAME)
        if place < len(self._times) and abs(self._times[place] - look.time) <= _SAME:
            self._drawn.pop(self._times[place], None)
            self._times[place], self._looks[place] = look.time, light
        else:
            self._times.insert(place, look.time)
            self._looks.insert(place, light)
        if not isinstance(look.prediction, Mask):
            self._drawn[look.time] = Drawn(look)
        elif overlay is not None:
            self._drawn[look.time] = Drawn(look, overlay)
            self._areas[look.time] = None
            self._areas.move_to_end(look.time)
            while len(self._areas) > _MOST_AREAS:
                self._drawn.pop(self._areas.popitem(last=False)[0], None)
        while len(self._looks) > _MOST:
            self._drawn.pop(self._times.pop(0), None)
            self._looks.pop(0)

    def knows(self, time: float) -> bool:
        """Is the answer for exactly this picture at hand?"""
        place = bisect_left(self._times, time - _SAME)
        return (
            place < len(self._times) and abs(self._times[place] - time) <= _SAME and self._times[place] in self._drawn
        )

    def at(self, time: float, reach: float) -> Drawn | None:
        """The answer for this picture, or the last one before it that is no more than `reach` seconds old."""
        place = bisect_right(self._times, time + _SAME) - 1
        while place >= 0 and time - self._times[place] <= reach:
            if self._times[place] in self._drawn:
                return self._drawn[self._times[place]]
            place -= 1
        return None

    def pieces(self, end: float, threshold: float) -> list[Piece]:
        """The strip. `threshold`: below it a box does not count."""
        found = []
        for look, until in zip(self._looks, spans(self._times, end), strict=True):
            scores = isinstance(look.prediction, Scores)
            thing = main_label(look.prediction, None if scores else threshold)
            colour = ""
            if thing is not None:
                if thing.place < 0 and thing.label not in self.labels:
                    self.labels.append(thing.label)
                number = thing.place if thing.place >= 0 else self.labels.index(thing.label)
                colour = COLOURS[number % len(COLOURS)]
            words = f"{thing.label} {thing.score:.0%}" if thing is not None and thing.score is not None else ""
            if not scores or getattr(look.prediction, "several", False):
                words = look.prediction.summary()
            found.append(Piece(look.time, until, thing.label if thing is not None else "", colour, words))
        return found
