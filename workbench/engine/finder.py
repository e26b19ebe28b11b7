"""Find me a model: three plain answers lead to three suggestions with reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.catalog.card import ModelCard
from workbench.catalog.fit import Speeds, expected_seconds, runs_here
from workbench.catalog.licences import terms
from workbench.errors import UserError

Matters = Literal["accuracy", "speed", "size", "licence"]
MATTERS: tuple[tuple[Matters, str], ...] = (
    ("accuracy", "That it is right as often as possible"),
    ("speed", "That it answers quickly"),
    ("size", "That it is small to download"),
    ("licence", "That I may use it in my business without conditions"),
)
_SUGGESTED = 3
# With no measurement a usual laptop's.
_USUAL = Speeds("cpu", "a usual laptop", 60e9, 80e9, 12e9)
_PATIENCE = 20.0  # seconds per item beyond which accuracy is not worth it


@dataclass(frozen=True)
class Suggestion:
    """A card and why, in plain words."""

    card: ModelCard
    reason: str
    here: bool


def suggest(
    cards: Sequence[ModelCard],
    task_id: str,
    matters: Matters,
    memory: int,
    machine: Speeds | None = None,
    to_teach: bool = False,
    present: Callable[[ModelCard], bool] = lambda _card: False,
    language: str = "",
) -> list[Suggestion]:
    """Three models for a task, of different families where there are so many.

    Args:
        memory: of this computer, in bytes.
        to_teach: it shall learn the person's own classes.
        language: ISO code of the texts or the speech; "" for any.

    Raises:
        UserError: when no model of the catalogue does this.
    """
    fit = [
        c
        for c in cards
        if (task_id in c.trainable_for if to_teach else task_id in c.tasks)
        and not c.is_remote
        and not c.gated
        and runs_here(c, memory).ok
        and (not language or not c.languages or {language, "multilingual"} & set(c.languages))
        and (matters != "licence" or (terms(c).commercial == "yes" and not terms(c).share_alike))
    ]
    if not fit:
        raise UserError("No model of the catalogue does this on this computer.", "Change one of your answers.")
    speed = machine or _USUAL
    ordered = sorted(fit, key=lambda c: _order(c, matters, speed, present))
    chosen: list[ModelCard] = []
    for card in ordered:
        if len(chosen) < _SUGGESTED and card.family not in {c.family for c in chosen}:
            chosen.append(card)
    chosen += [c for c in ordered if c not in chosen][: _SUGGESTED - len(chosen)]
    return [Suggestion(c, _reason(c, matters, speed, present(c)), present(c)) for c in chosen]


def _order(
    card: ModelCard, matters: Matters, machine: Speeds, present: Callable[[ModelCard], bool]
) -> tuple[float, ...]:
    seconds = expected_seconds(card, machine)
    size = 0.0 if present(card) else float(card.source.size)
    if matters == "speed":
        return (seconds, size)
    if matters == "size":
        return (size, seconds)
    # Among models of one kind more weights mean more accuracy, roughly; what takes too long counts last.
    rank = -float(card.parameters)
    if matters == "licence":
        return (float(seconds > _PATIENCE), float(not present(card)), size)
    return (float(seconds > _PATIENCE), rank, size)


def _reason(card: ModelCard, matters: Matters, machine: Speeds, here: bool) -> str:
    seconds = expected_seconds(card, machine)
    where = "already on this computer" if here else f"{card.source.size / 1e6:,.0f} MB to download"
    took = f"about {seconds:.1f} s each" if seconds >= 0.1 else "a fraction of a second each"
    first = {
        "accuracy": "One of the largest that runs well here, so usually among the most accurate.",
        "speed": "Among the quickest for this.",
        "size": "Already here, nothing to download." if here else "Among the smallest downloads for this.",
        "licence": terms(card).sentence,
    }[matters]
    return f"{first} {card.strengths} ({where}; {took}.)"
