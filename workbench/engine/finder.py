"""“Find me a model”: three plain answers lead to three suggestions with reasons, from what the catalogue knows.

What goes in and what should come out give the task; what matters (accuracy, speed, size, licence) gives the order.
The same answers on the same computer always lead to the same suggestions.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from workbench.catalog.card import ModelCard
from workbench.catalog.fit import Fit, Speeds, expected_seconds, operations, runs_here
from workbench.catalog.licences import terms
from workbench.errors import UserError
from workbench.tasks.registry import all_tasks, get_task

Matters = Literal["accuracy", "speed", "size", "licence"]
MATTERS: tuple[tuple[Matters, str], ...] = (
    ("accuracy", "that it is right as often as possible"),
    ("speed", "that it answers quickly"),
    ("size", "that it takes little room and a short download"),
    ("licence", "that I may use it in business"),
)
INPUTS: tuple[tuple[str, str], ...] = (
    ("picture", "pictures"),
    ("text", "texts"),
    ("sound", "sound recordings"),
    ("series", "numbers over time"),
    ("row", "rows of a table"),
    ("molecule", "molecules"),
)
_COUNT = 3
# How much worse a model may be and still come first because it is here already.
_POINTS_NEAR = 3.0
_TIMES_NEAR = 2.0
# Nobody is helped by a quick or small model that is often wrong: this many points below the best is too far.
_TOO_FAR_BELOW = 20.0
_PATIENCE = 20.0
_FIGURE = re.compile(r"(\d+(?:\.\d+)?) of 100\b([^.(:]*)")
# So many models must be judged by the same test before its figures compare them.
_SHARED = 3


@dataclass(frozen=True)
class Suggestion:
    """A model and why it, in plain sentences, the most important first."""

    card: ModelCard
    reasons: tuple[str, ...]
    fit: Fit
    present: bool


def outcomes(media: str) -> list[tuple[str, str]]:
    """(task id, what a person would ask for) of everything that can be done with a kind of input."""
    return [(t.info.id, t.info.question or t.info.summary) for t in all_tasks() if t.info.media == media]


def find(
    task_id: str,
    matters: Matters,
    cards: Iterable[ModelCard],
    memory_bytes: int,
    machine: Speeds | None = None,
    present: Callable[[ModelCard], bool] | None = None,
    language: str = "",
    to_teach: bool = False,
) -> list[Suggestion]:
    """At most three models, of three families where there are as many.

    Args:
        cards: the catalogue; the person's own models and such that run on other computers are left out.
        memory_bytes: of this computer: what does not fit is not suggested.
        machine: speeds measured here, for times; without them speed is compared by the work to be done.
        present: whether a model is on this computer; asked of the hub's store when not given.
        language: "de": only models that know it (texts and sounds).
        to_teach: the person wants to teach it, not to use it as it is.

    Raises:
        UserError: when the task is not known, or no model is left; says which wish to give up.
    """
    to_teach = to_teach or get_task(task_id).info.taught_only
    if matters not in dict(MATTERS):
        raise UserError(f"“{matters}” is none of the wishes.", f"Choose {', '.join(m for m, _ in MATTERS)}.")
    here = present or _present
    able = [
        c for c in cards
        if task_id in (c.trainable_for if to_teach else c.tasks) and not c.is_own and not c.is_remote
    ]  # fmt: skip
    if not able:
        raise UserError("No model of the catalogue can do this yet.", "Choose another task.")
    if language:
        able = [c for c in able if language in c.languages or "multilingual" in c.languages or not c.languages]
    if matters == "licence":
        able = [c for c in able if terms(c).commercial == "yes" and not terms(c).share_alike and not c.gated]
    if not able:
        raise UserError("No model meets all wishes.", "Leave out the language, or choose something else that matters.")
    fits = {c.id: runs_here(c, memory_bytes, machine) for c in able}
    able = [c for c in able if fits[c.id].ok]
    if not able:
        raise UserError("All models for this need more memory than this computer has.", "Choose another task.")
    figures, rated = _figures(able), set(_comparable(able))
    if matters != "accuracy":
        best = max(figures.values())
        # A formula's size says nothing of how good it is, so it is not left out by it.
        able = [c for c in able if figures[c.id] >= best - _TOO_FAR_BELOW or not (c.parameters or c.id in rated)]
    plain = {c.id: _score(c, matters, figures, machine) for c in able}
    scores = {c.id: plain[c.id] + (_near(matters) if here(c) else 0.0) for c in able}
    # What takes longer than anybody waits counts last, however good.
    able.sort(key=lambda c: (fits[c.id].seconds > _PATIENCE, -round(scores[c.id], 6), c.source.size, c.id))
    chosen = _diverse(able)
    return [
        Suggestion(
            c, (_lead(c, matters, plain, place, c.id in rated), *_reasons(c, fits[c.id], here(c))), fits[c.id], here(c)
        )
        for place, c in enumerate(chosen)
    ]


def _present(card: ModelCard) -> bool:
    from workbench.hub.store import is_present

    return is_present(card)


def figure(card: ModelCard) -> tuple[float, str] | None:
    """How many of 100 test examples it gets right (or the like) by the catalogue, and the words that name the test."""
    found = _FIGURE.search(card.strengths)
    return (float(found.group(1)), found.group(2).strip()) if found else None


def _comparable(cards: Sequence[ModelCard]) -> dict[str, float]:
    """Figures by card id, of the one test most of these models were judged by; empty when there is none."""
    found = {c.id: f for c in cards if (f := figure(c)) is not None}
    tests = Counter(test for _, test in found.values())
    if not tests:
        return {}
    test, count = min(tests.items(), key=lambda entry: (-entry[1], entry[0]))
    return {i: value for i, (value, of) in found.items() if of == test} if count >= _SHARED else {}


def _figures(cards: Sequence[ModelCard]) -> dict[str, float]:
    """Points for every card. Where no comparable figure is published, that of the models nearest in size; where there
    is none at all, larger counts as better: twice the weights, one point."""
    known = _comparable(cards)
    rated = [c for c in cards if c.id in known]
    sizes = [math.log2(w) for c in cards if (w := c.parameters or c.source.size // 4)]

    def guess(card: ModelCard) -> float:
        count = card.parameters or card.source.size // 4
        # A formula has no size to go by; it counts as a network of middle size.
        weights = math.log2(count) if count else median(sizes or [0.0])
        if not rated:
            return weights
        near = sorted(rated, key=lambda c: (abs(math.log2(max(1, c.parameters)) - weights), c.id))[:3]
        return sum(known[c.id] for c in near) / len(near) - 1.0  # a published figure is worth a point

    return {c.id: known[c.id] if c.id in known else guess(c) for c in cards}


def _score(card: ModelCard, matters: Matters, figures: dict[str, float], machine: Speeds | None) -> float:
    """Higher is better. Points of a hundred for accuracy; halvings for time and size."""
    if matters == "accuracy":
        return figures[card.id]
    if matters == "speed":
        work = expected_seconds(card, machine) if machine is not None else operations(card)
        return -math.log2(work or 1)
    if matters == "size":
        return -math.log2(card.source.size or card.parameters * 4 or 1)
    # Business use: all that are left may be used; the better for their size come first.
    return figures[card.id] - math.log2(card.source.size / 1e6 + 1)


def _near(matters: Matters) -> float:
    return math.log2(_TIMES_NEAR) if matters in ("speed", "size") else _POINTS_NEAR


def _diverse(cards: Sequence[ModelCard]) -> list[ModelCard]:
    """The first of each family, as many as are wanted; more of the same family only when there are no others."""
    first: dict[str, ModelCard] = {}
    for card in cards:
        first.setdefault(card.family or card.id, card)
    chosen = list(first.values())[:_COUNT]
    rest = [c for c in cards if c not in chosen]
    return [*chosen, *rest[: _COUNT - len(chosen)]]


_FIRST = {
    "accuracy": "Probably the most accurate",
    "speed": "The quickest",
    "size": "The smallest",
    "licence": "A good choice",
}
_NEXT = {"accuracy": "Also accurate", "speed": "Also quick", "size": "Also small", "licence": "Another good choice"}


def _lead(card: ModelCard, matters: Matters, plain: dict[str, float], place: int, rated: bool) -> str:
    if place > 0:
        words = _NEXT[matters]
    elif plain[card.id] < max(plain.values()) - 1e-6:
        words = "Close to the best in this, and it is here already"
    else:
        words = f"{_FIRST[matters]} of those that suit"
    if matters == "accuracy" and not rated:
        words += ", going by its size: no comparable figure is published"
    return f"{words}. {card.strengths}".strip()


def _reasons(card: ModelCard, fit: Fit, present: bool) -> tuple[str, ...]:
    found = []
    found.append(_where(card, present))
    found.append(fit.cost if fit.seconds else f"{fit.sentence} {fit.cost}".strip())
    found.append(f"Licence {card.licence or 'not stated'}: {terms(card).sentence}")
    if card.gated:
        found.append("Its publisher asks for an account and your consent before the download.")
    return tuple(found)


def _where(card: ModelCard, present: bool) -> str:
    if card.starter and present:
        return "It comes with the app and works without internet."
    if present:
        return "It is on this computer already."
    size = card.source.size
    return f"To be downloaded once: {size / 1e6:,.0f} MB." if size else "To be downloaded once."
