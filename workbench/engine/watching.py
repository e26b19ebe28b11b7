"""How a model does at work, week by week: what its log holds against what is kept of the time when it was judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.prediction_log import Logged, PredictionLog, require_log
from workbench.engine.usual import Usual, read_usual
from workbench.errors import UserError
from workbench.runtimes.familiar import Familiar, open_familiar, unit
from workbench.tasks.registry import get_task
from workbench.trust.metrics import wilson
from workbench.trust.watching import FEWEST, LOOKS_AT, YEAR_RATE, Look, Reference, Seen, look, stability

_BINS = 10


@dataclass(frozen=True)
class ClassShare:
    """How often a class was named, as shares in 0..1; `before`: -1 where that is not kept."""

    name: str
    count: int
    now: float
    before: float


@dataclass(frozen=True)
class Week:
    """One week of a model at work.

    Attributes:
        id: ISO year and week, "2026-W48"; `begins` its Monday; `over`: no more can come.
        answers: all that were given; `items`: different contents among them, which all figures are of.
        certainty, certainty_before: means in 0..1; -1 where there are none.
        unlike: items unlike all the model learnt from, of `unlike_known`; `unlike_usual`: the share of usual ones, or -1.
        classes: most often named first. bins: items by certainty, in tenths.
        shift: population stability index of the classes, -1 where it is not known.
        looks: those that were taken. days: answers on each of the seven days.
        keeps_features, keeps_usual: what there was to compare with.
    """

    id: str
    begins: date
    over: bool
    answers: int
    items: int
    certainty: float
    certainty_before: float
    unlike: int
    unlike_known: int
    unlike_usual: float
    classes: tuple[ClassShare, ...]
    bins: tuple[int, ...]
    shift: float
    looks: tuple[Look, ...]
    days: tuple[int, ...]
    nouns: str
    keeps_features: bool
    keeps_usual: bool

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of what was found to have changed (see `trust.watching.TESTS`), in their order."""
        return tuple(dict.fromkeys(name for one in self.looks for name in one.changed))

    @property
    def noticed_at(self) -> int:
        """How many items had come when the first change was found; 0 when none was."""
        return next((one.items for one in self.looks if one.changed), 0)

    def headline(self) -> str:
        """One sentence."""
        if not self.items:
            return "Nothing was asked of it this week."
        if self.changed:
            return (
                f"Something has changed: {_joined([_CHANGED[name].format(nouns=self.nouns) for name in self.changed])}."
            )
        if not self.looks:
            return (
                f"{self.items} different {self.nouns} so far are too few to tell whether anything has changed."
                if not self.over
                else f"{self.items} different {self.nouns} were too few to tell whether anything has changed."
            )
        if not any(one.p for one in self.looks):
            return "Nothing is kept of the time when it was judged, so nothing can be compared."
        return f"No change found: these {self.nouns} look like those it was judged on."

    def lines(self) -> list[str]:
        """How many, how sure, what changed, in plain words."""
        if not self.items:
            return []
        again = f", of {self.items:,} different {self.nouns}" if self.items != self.answers else ""
        found = [f"{self.answers:,} answer{'s' if self.answers != 1 else ''}{again}."]
        before = f"; it was {self.certainty_before:.0%} where it was judged" if self.certainty_before >= 0 else ""
        found.append(f"It was {self.certainty:.0%} sure on average{before}.")
        if self.unlike_known:
            low, high = wilson(self.unlike, self.unlike_known)
            usual = f"; usual is up to {self.unlike_usual:.0%}" if self.unlike_usual >= 0 else ""
            found.append(
                f"{self.unlike:,} of {self.unlike_known:,} {self.nouns} ({self.unlike / self.unlike_known:.0%}, 95 % interval"
                f" {low:.0%} to {high:.0%}) were unlike all it learnt from{usual}."
            )
        if self.shift >= 0 and self.classes:
            moved = max(self.classes, key=lambda c: abs(c.now - c.before))
            found.append(
                f"It named “{moved.name}” {moved.now:.0%} of the time, {moved.before:.0%} before: the largest difference of"
                f" all classes (stability index {self.shift:.2f}; above 0.25 is large)."
            )
        if self.noticed_at and self.noticed_at < self.items:
            found.append(f"The change was noticed after {self.noticed_at} {self.nouns}.")
        return found

    def advice(self) -> list[str]:
        """What to do."""
        found = [_ADVICE[name].format(nouns=self.nouns) for name in self.changed]
        if not found and self.items and self.looks:
            found.append("Nothing needs to be done. Looking at a few answers of the review queue now and then helps.")
        if self.changed:
            found.append(
                "When some are corrected, choose “Update my model”: old and new are compared before you decide."
            )
        return found

    def promise(self) -> str:
        """How often it would be wrong to say that something has changed."""
        return (
            f"Where nothing changes, at most {YEAR_RATE:.0%} of years bring any false alarm: every week is looked at after its"
            f" {LOOKS_AT[0]}th and {LOOKS_AT[1]}th different {self.nouns} and at its end, and the rate is shared among all looks"
            " of a year. The same content counts once a week; many nearly equal items in a row can still raise an alarm."
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "week": self.id, "over": self.over, "answers": self.answers, "items": self.items,
            "certainty": round(self.certainty, 4), "certainty_before": round(self.certainty_before, 4),
            "unlike": self.unlike, "unlike_known": self.unlike_known, "usual_unlike_rate": self.unlike_usual,
            "changed": list(self.changed), "noticed_at": self.noticed_at, "stability_index": round(self.shift, 4),
            "looks": [one.to_json() for one in self.looks], "false_alarms_a_year": YEAR_RATE,
            "classes": [vars(c) for c in self.classes], "headline": self.headline(), "advice": self.advice(),
        }  # fmt: skip


_CHANGED = {
    "features": "what the network sees in the {nouns}",
    "certainty": "how sure it is",
    "unlike": "more of them are unlike all it learnt from",
    "classes": "how often it names which class",
}
_ADVICE = {
    "features": "Do not trust the quality measured at the training for these {nouns}: look at some in the review queue.",
    "certainty": "See in the review queue whether the unsure answers are right.",
    "unlike": "Look at the unlike ones first: is it a new kind of {nouns}, or something that should not be there at all?",
    "classes": "Ask whether the mix has really changed (a season, another place), or whether it is wrong more often.",
}


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def week_id(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def week_start(name: str) -> date:
    """The Monday of a week "2026-W48". Raises: UserError when it is none."""
    try:
        year, week = name.split("-W")
        return date.fromisocalendar(int(year), int(week), 1)
    except ValueError as error:
        raise UserError(f"“{name}” is no week.", "Write it like 2026-W48.") from error


def weeks_of(log: PredictionLog) -> list[str]:
    """The weeks in which something was answered, newest first."""
    return sorted({week_of(at) for at in log.quarters()}, reverse=True)


def week_of(at: float) -> str:
    """The week of a time in seconds since 1970."""
    return week_id(_day(at))


def _day(at: float) -> date:
    return datetime.fromtimestamp(at).astimezone().date()


def _stamp(day: date) -> float:
    """Where a day begins here, as seconds since 1970."""
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


def look_at_week(card: ModelCard, week: str = "", control: Control | None = None, today: date | None = None) -> Week:
    """One week of an own model's log; "" is the week of today.

    Looks that are due are taken and kept in the log: each only once, whenever it is asked for.

    Raises:
        UserError: when it is no own model, or the log cannot be read. Cancelled: when asked to stop.
    """
    control = control or Control()
    log = require_log(card)
    today = today or datetime.now().astimezone().date()
    begins = week_start(week) if week else week_start(week_id(today))
    rows = log.rows(_stamp(begins), _stamp(begins + timedelta(days=7)))
    first: dict[str, Logged] = {}
    for row in rows:
        first.setdefault(row.hash, row)
    different = list(first.values())
    usual, familiar = read_usual(card), _familiar(card, log, different)
    reference = _reference(usual, familiar)
    over = today >= begins + timedelta(days=7)
    looks = _looks(log, week_id(begins), different, over, reference, familiar, control)
    known = [row for row in different if row.strangeness >= 0]
    counts = Counter(row.answer for row in different if row.answer)
    before = Counter(a for a in usual.answers if a)
    names = [name for name, _ in counts.most_common()] + [name for name in before if name not in counts]
    bins = Counter(min(_BINS - 1, int(row.certainty * _BINS)) for row in different)
    days = Counter((_day(row.at) - begins).days for row in rows)
    return Week(
        week_id(begins), begins, over, len(rows), len(different),
        fmean(row.certainty for row in different) if different else -1.0,
        fmean(reference.certainty) if len(reference.certainty) else -1.0,
        sum(row.unlike for row in known), len(known), familiar.rate if familiar is not None else -1.0,
        tuple(
            ClassShare(
                name, counts[name], counts[name] / max(1, counts.total()),
                before[name] / before.total() if before else -1.0,
            )
            for name in names
        ),
        tuple(bins[n] for n in range(_BINS)),
        stability(tuple(before.elements()), tuple(counts.elements())) if before and counts else -1.0,
        looks, tuple(days[n] for n in range(7)), get_task(card.main_task).info.nouns,
        familiar is not None, bool(usual.certainty),
    )  # fmt: skip


def _looks(
    log: PredictionLog,
    week: str,
    rows: Sequence[Logged],
    over: bool,
    reference: Reference,
    familiar: Familiar | None,
    control: Control,
) -> tuple[Look, ...]:
    due = [(str(count), count) for count in LOOKS_AT if len(rows) >= count]
    if over and len(rows) >= FEWEST:
        due.append(("end", len(rows)))
    found: list[Look] = []
    seen: Seen | None = None
    for number, (name, count) in enumerate(due):
        key = f"{week}/{name}"
        kept = log.look(key)
        if kept is None:
            control.progress(number, len(due), "Comparing")
            seen = seen or _seen(log, rows, familiar)
            kept = look(reference, seen.first(count), f"{log.model_id}/{key}", control).to_json()
            log.keep_look(key, kept)
        found.append(Look.from_json(kept))
    return tuple(found)


def _seen(log: PredictionLog, rows: Sequence[Logged], familiar: Familiar | None) -> Seen:
    import numpy as np
    import torch

    features = None
    if familiar is not None:
        width = familiar.held.shape[1]
        vectors = log.features([row.id for row in rows])
        if all(len(vectors.get(row.id, b"")) == 2 * width for row in rows):
            flat = np.frombuffer(b"".join(vectors[row.id] for row in rows), np.float16).reshape(len(rows), width)
            features = unit(torch.from_numpy(flat.copy())).double().numpy()
    return Seen(
        features, np.array([row.certainty for row in rows], np.float64), tuple(row.answer for row in rows),
        np.array([row.strangeness for row in rows], np.float64),
    )  # fmt: skip


def _familiar(card: ModelCard, log: PredictionLog, rows: Sequence[Logged]) -> Familiar | None:
    """What the model keeps of what it learnt from, where its answers came with features."""
    if not rows:
        return None
    vectors = log.features([row.id for row in rows[:1]])
    width = len(next(iter(vectors.values()), b"")) // 2
    if not width:
        return None
    return open_familiar(Path(card.source.ref), width, card.name)


def _reference(usual: Usual, familiar: Familiar | None) -> Reference:
    import numpy as np

    certainty = np.array(usual.certainty, np.float64)
    answers = tuple(a for a in usual.answers if a)
    if familiar is None:
        return Reference(None, certainty, answers)
    import torch

    # Of a backbone that learnt them, training items look different from any others.
    kept = torch.cat([familiar.learnt, familiar.held]) if familiar.frozen else familiar.held
    if not len(certainty):
        certainty = familiar.sure.double().numpy()
    return Reference(kept.double().numpy(), certainty, answers, familiar.tested, familiar.alarms)
