"""What the card of a model that finds sounds has beside the general part: both ways of counting, and the mistakes."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.data.video import clock
from workbench.trust.card.items import NO_MISTAKES, Show, picture_of, some_of
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Paragraph, Part, Tone, Words
from workbench.trust.judge_clips import ClipsCase, ClipsJudgement, Slip

_MOST = 12
_TONES: dict[str, Tone] = {"missed": "warn", "made up": "bad", "wrongly named": "other"}


def sections(_project: Project, found: ClipsJudgement) -> list[Part]:
    """What the numbers say in detail."""
    numbers = found.headline()
    parts: list[Part] = [
        Paragraph(
            "A sound is found when its class is right, it begins within 0.2 seconds of where it does, and ends within"
            " 0.2 seconds or half its length. By second: of the seconds in which a sound is heard, however short (Mesaros, Heittola"
            " and Virtanen 2016).",
            soft=True,
        )
    ]
    if numbers["n"]:
        parts.append(
            Paragraph(
                f"By second: F1 {numbers['seconds']:.1%} (95 % interval {numbers['seconds_low']:.1%} to"
                f" {numbers['seconds_high']:.1%}). Without listening, saying the most frequent sound all the time:"
                f" {numbers['seconds_baseline']:.1%} by second, {numbers['baseline']:.1%} of sounds."
            )
        )
    return parts


def failures(project: Project, found: ClipsJudgement, show: Show | None) -> list[Part]:
    """The recordings with most mistakes."""
    worst = sorted((c for c in found.cases if c.slips), key=lambda c: -len(c.slips))
    wanted = worst[:MOST_EXAMPLES]
    items = {i.id: i for i in project.items([c.item_id for c in wanted])} if show is not None else {}
    examples = tuple(_case(c, picture_of(items[c.item_id], show) if c.item_id in items else None) for c in wanted)
    if not examples:
        return [Paragraph(NO_MISTAKES)]
    return [Gallery(examples), *some_of(len(examples), len(worst))]


def _case(case: ClipsCase, picture: bytes | None) -> Example:
    right, wrong, missed = case.sounds
    words: list[Words] = []
    for slip in case.slips[:_MOST]:
        words += _slip(slip)
    if len(case.slips) > _MOST:
        words.append(Words(f"and {len(case.slips) - _MOST} more", "soft"))
    caption = (Words(case.name, "strong"), Words(f" {right} found, {missed} missed, {wrong} wrong", "soft"))
    return Example(caption, case.name, picture, tuple(words))


def _slip(slip: Slip) -> list[Words]:
    words = {
        "missed": f"{slip.label} missed",
        "made up": f"{slip.said} heard, but not marked",
        "wrongly named": f"{slip.label} taken for {slip.said}",
    }[slip.kind]
    return [
        Words(f"{clock(slip.begins)} "), Words(words, tone=_TONES[slip.kind]),
        Words(f" {slip.ends - slip.begins:.1f} seconds; ", "soft"),
    ]  # fmt: skip
