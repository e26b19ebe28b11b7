"""Judging sounds found in recordings: whole sounds with their beginning and end, and seconds in which a sound is heard (Mesaros,
Heittola & Virtanen 2016, "Metrics for Polyphonic Sound Event Detection"; the same numbers as their sed_eval)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.data.shapes import Clip
from workbench.tasks.event_matching import f1, matched, segments
from workbench.tasks.predictions import Events, from_record
from workbench.trust.judging import Answered, bootstrap

Piece = tuple[float, float, str]
Counts = tuple[int, int, int]  # right, wrong, missed


@dataclass(frozen=True)
class EventCounts:
    """Of one class, or of all: whole sounds, and seconds (segments of one second)."""

    name: str
    sounds: Counts
    seconds: Counts

    @property
    def support(self) -> int:
        return self.sounds[0] + self.sounds[2]


@dataclass(frozen=True)
class Slip:
    """One mistake. `kind`: "missed", "made up", or "wrongly named" (`label` is what it is, `said` what was said)."""

    item_id: int
    kind: str
    begins: float
    ends: float
    label: str
    said: str = ""


@dataclass(frozen=True)
class ClipsCase:
    """One recording: what is heard in it as it is marked and as the model said, in order of time."""

    item_id: int
    name: str
    seconds: float
    truth: tuple[Piece, ...]
    found: tuple[Piece, ...]
    slips: tuple[Slip, ...]
    by_class: Mapping[str, tuple[Counts, Counts]]

    @property
    def sounds(self) -> Counts:
        return _summed(c[0] for c in self.by_class.values())

    @property
    def parts(self) -> Counts:
        """Of its seconds."""
        return _summed(c[1] for c in self.by_class.values())


@dataclass(frozen=True)
class ClipsJudgement:
    """See `workbench.trust.judging.Judgement`. The score is the F1 of whole sounds, over all classes together.

    Attributes:
        baseline: the same of an answer that needs no ear: the class that is heard most, all the time; and of its seconds.
    """

    classes: tuple[str, ...]
    cases: tuple[ClipsCase, ...]
    per_class: tuple[EventCounts, ...]
    low: float
    high: float
    seconds_low: float
    seconds_high: float
    baseline: tuple[float, float]
    split: str = "test"
    kind: ClassVar[str] = "clips"

    @property
    def n(self) -> int:
        return len(self.cases)

    @property
    def total(self) -> EventCounts:
        return EventCounts("all", _summed(c.sounds for c in self.cases), _summed(c.parts for c in self.cases))

    @property
    def slips(self) -> tuple[Slip, ...]:
        return tuple(s for c in self.cases for s in c.slips)

    def sentence(self) -> str:
        if not self.cases:
            return "There was nothing to test on."
        all_of = self.total
        right, wrong, missed = all_of.sounds
        unseen = "it had not heard" if self.split == "test" else "that steered the training, which flatters it"
        text = (
            f"In {self.n} recordings {unseen} it found {right} of {right + missed} sounds, beginning within 0.2 seconds, and"
            f" heard {wrong} that are not there. Both together (F1 of sounds): {f1(*all_of.sounds):.0%}; on more such"
            f" recordings expect between {self.low:.0%} and {self.high:.0%}. Second by second it is right for"
            f" {f1(*all_of.seconds):.0%} (F1); always saying the most frequent sound would give {self.baseline[1]:.0%}."
        )
        named = sum(1 for s in self.slips if s.kind == "wrongly named")
        if named:
            text += f" {named} of the wrong ones {'is' if named == 1 else 'are'} at the right place under a wrong name."
        if not all_of.support:
            text += " Nothing is to be heard in these recordings, so this says little."
        elif self.n < 30:
            text += f" Only {self.n} recordings were tested, so the true value may be quite different: add more."
        return text

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        all_of = self.total
        right, wrong, missed = all_of.sounds
        score = f1(*all_of.sounds)
        return {
            "split": self.split,
            "n": self.n,
            "score": score,
            "metric": "F1 of sounds",
            "low": self.low,
            "high": self.high,
            "words": (
                f"Found {right} of {right + missed} sounds in {self.n} recordings it had not heard, with {wrong} wrong ones"
                f" (F1 {score:.0%}, expect {self.low:.0%} to {self.high:.0%})."
            ),
            "precision": _share(right, wrong),
            "recall": _share(right, missed),
            "baseline": self.baseline[0],
            "seconds": f1(*all_of.seconds),
            "seconds_low": self.seconds_low,
            "seconds_high": self.seconds_high,
            "seconds_baseline": self.baseline[1],
        }

    def to_json(self) -> dict[str, Any]:
        headings, rows = self.table()
        return {
            **self.headline(),
            "classes": list(self.classes),
            "per_class": [dict(zip(headings, row, strict=True)) for row in rows],
            "mistakes": [
                {
                    "recording": case.name, "kind": s.kind, "begins": round(s.begins, 3), "ends": round(s.ends, 3),
                    "label": s.label, "said": s.said,
                }
                for case in self.cases
                for s in case.slips
            ],
            "sentence": self.sentence(),
        }  # fmt: skip

    def per_item(self) -> Mapping[int, float]:
        """F1 of the sounds of each recording; 1 where nothing is to be heard and nothing was."""
        return {c.item_id: 1.0 if not c.truth and not c.found else f1(*c.sounds) for c in self.cases}

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = []
        for c in (*self.per_class, self.total):
            right, wrong, missed = c.sounds
            rows.append(
                [
                    c.name, f"{_share(right, wrong):.1%}", f"{_share(right, missed):.1%}", f"{f1(*c.sounds):.1%}",
                    f"{_share(*c.seconds[:2]):.1%}", f"{_share(c.seconds[0], c.seconds[2]):.1%}", f"{f1(*c.seconds):.1%}",
                    str(c.support),
                ]
            )  # fmt: skip
        return [
            "class", "precision", "recall", "F1", "precision by second", "recall by second", "F1 by second", "sounds"
        ], rows  # fmt: skip


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> ClipsJudgement:
    """See `workbench.trust.judging`."""
    cases = tuple(_case(a) for a in answers)
    names = tuple(dict.fromkeys([*classes, *(p[2] for c in cases for p in (*c.truth, *c.found))]))
    nothing: tuple[Counts, Counts] = ((0, 0, 0), (0, 0, 0))
    per_class = tuple(
        EventCounts(
            name,
            _summed(c.by_class.get(name, nothing)[0] for c in cases),
            _summed(c.by_class.get(name, nothing)[1] for c in cases),
        )
        for name in names
    )
    low, high = bootstrap([c.sounds for c in cases], lambda drawn: f1(*_summed(drawn)))
    seconds_low, seconds_high = bootstrap([c.parts for c in cases], lambda drawn: f1(*_summed(drawn)))
    return ClipsJudgement(
        names, cases, per_class, low, high, seconds_low, seconds_high, _baseline(cases, per_class), split
    )  # fmt: skip


def _baseline(cases: Sequence[ClipsCase], per_class: Sequence[EventCounts]) -> tuple[float, float]:
    """The class that is heard in most seconds, from the beginning to the end of every recording."""
    if not per_class:
        return 0.0, 0.0
    common = max(per_class, key=lambda c: c.seconds[0] + c.seconds[2]).name
    counted = [_counts(c.truth, ((0.0, c.seconds, common),) if c.seconds > 0 else ()) for c in cases]
    sounds = _summed(one[0] for by_class in counted for one in by_class.values())
    parts = _summed(one[1] for by_class in counted for one in by_class.values())
    return f1(*sounds), f1(*parts)


def _case(answer: Answered) -> ClipsCase:
    truth = tuple(
        sorted(
            (a.shape.begins, a.shape.ends, name)
            for a, name in zip(answer.annotations, answer.names, strict=True)
            if isinstance(a.shape, Clip) and name and not a.ignored
        )
    )
    seconds = answer.item.seconds
    found: tuple[Piece, ...] = ()
    if answer.said.record is not None:
        said = from_record(answer.said.record)
        if isinstance(said, Events):
            found = tuple(sorted((e.begins, e.ends, e.label) for e in said.events))
            seconds = seconds or said.seconds
    # What lies where it is unsure what is heard (or was not named) counts neither way.
    unsure = [
        a.shape
        for a, name in zip(answer.annotations, answer.names, strict=True)
        if isinstance(a.shape, Clip) and (a.ignored or not name)
    ]
    found = tuple(p for p in found if not any(u.begins <= (p[0] + p[1]) / 2 < u.ends for u in unsure))
    slips = tuple(_slips(answer.item.id, truth, found))
    return ClipsCase(answer.item.id, answer.item.name, seconds, truth, found, slips, _counts(truth, found))


def _counts(truth: Sequence[Piece], found: Sequence[Piece]) -> dict[str, tuple[Counts, Counts]]:
    """By class: right, wrong and missed sounds, and seconds."""
    by_class: dict[str, tuple[Counts, Counts]] = {}
    for name in dict.fromkeys(p[2] for p in (*truth, *found)):
        true = [(b, e) for b, e, n in truth if n == name]
        said = [(b, e) for b, e, n in found if n == name]
        right = len(matched(true, said))
        there, heard = segments(true), segments(said)
        both = len(there & heard)
        by_class[name] = (
            (right, len(said) - right, len(true) - right), (both, len(heard) - both, len(there) - both)
        )  # fmt: skip
    return by_class


def _slips(item_id: int, truth: Sequence[Piece], found: Sequence[Piece]) -> list[Slip]:
    """Mistakes in order of time. What is left of both after the right ones are taken out, and is at the same place, is
    wrongly named."""
    left_true, left_found = list(truth), list(found)
    for name in {p[2] for p in truth} & {p[2] for p in found}:
        true = [p for p in truth if p[2] == name]
        said = [p for p in found if p[2] == name]
        for a, b in matched([p[:2] for p in true], [p[:2] for p in said]):
            left_true.remove(true[a])
            left_found.remove(said[b])
    pairs = matched([p[:2] for p in left_true], [p[:2] for p in left_found])
    slips = [
        Slip(item_id, "wrongly named", left_true[a][0], left_true[a][1], left_true[a][2], left_found[b][2])
        for a, b in pairs
        if left_true[a][2] != left_found[b][2]
    ]
    taken_true, taken_found = {a for a, _ in pairs}, {b for _, b in pairs}
    slips += [Slip(item_id, "missed", *p) for n, p in enumerate(left_true) if n not in taken_true]
    slips += [Slip(item_id, "made up", p[0], p[1], "", p[2]) for n, p in enumerate(left_found) if n not in taken_found]
    return sorted(slips, key=lambda s: (s.begins, s.kind))


def _summed(counts: Any) -> Counts:
    right = wrong = missed = 0
    for a, b, c in counts:
        right, wrong, missed = right + a, wrong + b, missed + c
    return right, wrong, missed


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 0.0
