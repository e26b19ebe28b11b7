"""Judging models that find things: how many are found, how many boxes are right, and COCO's mean average precision.

The score is the mean average precision at an overlap of a half (mAP@.5): it says whether things are found and named, over
all ways of being more or less certain. mAP@[.5:.95], which also asks how tightly the boxes lie, stands beside it; on the
small sets people make it says as much about how they drew their boxes as about the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from workbench.data.shapes import PICTURE_SHAPES, bounds
from workbench.tasks.found_things import Corners, Scene, Sorted, Thing, sort_out
from workbench.tasks.predictions import Boxes, from_record
from workbench.trust import box_matching
from workbench.trust.judging import Answered

_FEW = 20


@dataclass(frozen=True)
class ClassResult:
    """One class.

    Attributes:
        things: how many there are; `found`: how many of them were found, `drawn`: how many boxes were drawn, `right`: how
            many of those are right, all at the score that counts.
        ap50, ap: average precision at an overlap of 0.5, and its mean over 0.5 to 0.95; NaN when there is no thing.
        recall: the highest recall, its mean over 0.5 to 0.95 (COCO's AR).
    """

    name: str
    things: int
    found: int
    drawn: int
    right: int
    ap50: float
    ap: float
    recall: float


@dataclass(frozen=True)
class Mark:
    """One thing to look at.

    Attributes:
        box: x0, y0, x1, y1 in pixels: where it was found; of a missed one: where it is.
        said: the class that was said; "" for a missed one.
        true: the class it is; "" for a box where nothing is.
        score: certainty of the answer; 0 for a missed one.
        why: of a wrong box: `found_things.NOTHING`, `LOOSE` or `TWICE`.
    """

    item_id: int
    box: Corners
    said: str
    true: str
    score: float
    why: str = ""


@dataclass(frozen=True)
class BoxJudgement:
    """What a detector did on pictures whose things are known.

    Attributes:
        classes: those the model knows, then others that are in the pictures.
        map50, map: mean average precision at an overlap of 0.5 and over 0.5 to 0.95 (COCO); `recall`: mean highest recall.
        missed, wrong, confused: things to look at, at the score that counts; wrong and confused the most certain first.
    """

    classes: tuple[str, ...]
    n: int
    scenes: tuple[Scene, ...]
    per_class: tuple[ClassResult, ...]
    map50: float
    map: float
    recall: float
    things: int
    found: int
    drawn: int
    missed: tuple[Mark, ...]
    wrong: tuple[Mark, ...]
    confused: tuple[Mark, ...]
    matches: tuple[box_matching.ClassMatches, ...]
    scores: Mapping[int, float]
    split: str = "test"
    kind: ClassVar[str] = "boxes"

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the score over pictures drawn again."""
        return box_matching.mean_interval(self.matches, self.n) if self.things else (0.0, 1.0)

    @property
    def score(self) -> float:
        """mAP@.5; on pictures with nothing in them how often nothing was found."""
        if self.things:
            return self.map50
        return sum(self.scores.values()) / len(self.scores) if self.scores else 0.0

    def curve(self, name: str = "") -> list[tuple[float, float, float]]:
        """(recall, precision, score) of one class, or ("") of all together, from certain to uncertain."""
        return box_matching.curve([m for m in self.matches if not name or m.name == name])

    def scene(self, item_id: int) -> Scene | None:
        return next((s for s in self.scenes if s.item_id == item_id), None)

    def per_item(self) -> dict[int, float]:
        """F1 of each picture at the score that counts; 1 where nothing is and nothing was found."""
        return dict(self.scores)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Class by class."""
        rows = [
            [
                c.name, f"{c.found} of {c.things}", f"{c.right} of {c.drawn}", _share(c.ap50), _share(c.ap), _share(c.recall),
            ]
            for c in self.per_class
        ]  # fmt: skip
        return ["class", "found", "boxes right", "AP@.5", "AP@[.5:.95]", "AR"], rows

    def words(self) -> str:
        """One short sentence."""
        if not self.things:
            return f"There is nothing to find in the {self.n} pictures it was tested on."
        drawn = f"; {_of(self.found, self.drawn)} boxes it draws are right" if self.drawn else "; it draws no box"
        return f"Finds {_of(self.found, self.things)} things in pictures it had not seen{drawn}."

    def sentence(self) -> str:
        """The result in plain words, honest about small tests."""
        if self.n == 0:
            return "There was nothing to test on."
        if not self.things:
            return f"{self.words()} Draw boxes in more pictures to test it."
        low, high = self.interval
        unseen = "it had not seen" if self.split == "test" else "that steered the training, which flatters it"
        right = f"{self.found} of the {self.drawn} boxes it drew are right" if self.drawn else "it drew no box at all"
        parts = [
            f"On {self.n} pictures {unseen} it found {self.found} of {self.things} things, and {right}.",
            f"Over all ways of being more or less certain this gives {self.map50:.0%} (mAP@.5); on more such pictures expect"
            f" between {low:.0%} and {high:.0%}.",
        ]
        if self.confused:
            many = "1 thing was" if len(self.confused) == 1 else f"{len(self.confused)} things were"
            parts.append(f"{many} found and called something else.")
        if self.n < _FEW or self.things < _FEW:
            parts.append("Few things were tested, so the true value may be quite different: add more pictures.")
        return " ".join(parts)

    def headline(self) -> dict[str, Any]:
        if self.n == 0:
            return {"split": self.split, "n": 0}
        low, high = self.interval
        return {
            "split": self.split,
            "n": self.n,
            "score": self.score,
            "metric": "mAP@.5",
            "low": low,
            "high": high,
            "words": self.words(),
            "map": self.map,
            "map50": self.map50,
            "recall": self.recall,
            "things": self.things,
            "found": self.found,
            "drawn": self.drawn,
        }

    def to_json(self) -> dict[str, Any]:
        def marks(given: Sequence[Mark]) -> list[dict[str, Any]]:
            return [
                {
                    "item": m.item_id, "box": [round(v, 2) for v in m.box], "said": m.said, "true": m.true,
                    "score": round(m.score, 4), "why": m.why,
                }
                for m in given
            ]  # fmt: skip

        return {
            **self.headline(),
            "classes": list(self.classes),
            "per_class": [
                {
                    "name": c.name, "things": c.things, "found": c.found, "drawn": c.drawn, "right": c.right,
                    "ap50": _number(c.ap50), "ap": _number(c.ap), "recall": _number(c.recall),
                }
                for c in self.per_class
            ],
            "curve": [[round(v, 4) for v in point] for point in self.curve()],
            "missed": marks(self.missed),
            "wrong": marks(self.wrong),
            "confused": marks(self.confused),
            "sentence": self.sentence(),
        }  # fmt: skip


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> BoxJudgement:
    """See `workbench.trust.judging`. What was found of a class that is neither asked for nor there counts neither way."""
    scenes = [scene_of(a) for a in answers]
    names = list(dict.fromkeys([*classes, *(t.name for s in scenes for t in s.truths if t.name)]))
    known = set(names)
    scenes = [replace(s, found=tuple(f for f in s.found if f.name in known)) for s in scenes]
    matches = box_matching.match(scenes, names)
    sorted_out = [sort_out(scene) for scene in scenes]
    per_class = tuple(_of_class(m, sorted_out) for m in matches)
    there = [c for c in per_class if c.things]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values) if values else 0.0

    return BoxJudgement(
        tuple(names),
        len(scenes),
        tuple(scenes),
        per_class,
        mean([c.ap50 for c in there]),
        mean([c.ap for c in there]),
        mean([c.recall for c in there]),
        sum(c.things for c in per_class),
        sum(c.found for c in per_class),
        sum(c.drawn for c in per_class),
        tuple(
            Mark(s.item_id, t.box, "", t.name, 0.0) for s, o in zip(scenes, sorted_out, strict=True) for t in o.missed
        ),
        _certain_first(
            Mark(s.item_id, f.box, f.name, "", f.score, why)
            for s, o in zip(scenes, sorted_out, strict=True)
            for f, why in o.wrong
        ),
        _certain_first(
            Mark(s.item_id, f.box, f.name, t.name, f.score)
            for s, o in zip(scenes, sorted_out, strict=True)
            for t, f in o.confused
        ),
        tuple(matches),
        {s.item_id: o.f1 for s, o in zip(scenes, sorted_out, strict=True)},
        split,
    )


def scene_of(answer: Answered) -> Scene:
    """The things of a picture beside those that were found. Marked things without a class count neither way."""
    truths = tuple(
        Thing(bounds(a.shape), name, 1.0, a.ignored or not name)
        for a, name in zip(answer.annotations, answer.names, strict=True)
        if isinstance(a.shape, PICTURE_SHAPES)
    )
    said = from_record(answer.said.record) if answer.said.record is not None else None
    if not isinstance(said, Boxes):
        return Scene(answer.item.id, truths, ())
    found = tuple(Thing((b.x0, b.y0, b.x1, b.y1), b.label, b.score) for b in said.boxes)
    return Scene(answer.item.id, truths, found, said.threshold)


def _of_class(matches: box_matching.ClassMatches, sorted_out: Sequence[Sorted]) -> ClassResult:
    precision, recall = box_matching.average_precision(matches)
    name = matches.name
    hits = sum(t.name == name for o in sorted_out for t, _ in o.right)
    false = sum(f.name == name for o in sorted_out for f, _ in o.wrong)
    false += sum(f.name == name for o in sorted_out for _, f in o.confused)
    return ClassResult(
        name, int(matches.truths.sum()), hits, hits + false, hits, float(precision[0, 0]), float(precision[0].mean()),
        float(recall[0].mean()),
    )  # fmt: skip


def _certain_first(marks: Any) -> tuple[Mark, ...]:
    return tuple(sorted(marks, key=lambda m: -m.score))


def _of(part: int, whole: int) -> str:
    """ "8 of 10" where there are few, else the share of ten people can picture: "about 8 of 10"."""
    if whole <= 100:
        return f"{part} of {whole}"
    tenths = part / whole * 10
    return f"about {tenths:.1f} of 10" if 0 < tenths < 1 or 9 < tenths < 10 else f"about {tenths:.0f} of 10"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
