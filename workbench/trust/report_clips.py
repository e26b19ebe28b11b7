"""What the report of a model that finds sounds has beside the general part: both ways of counting, and the mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.data.project import Project
from workbench.data.video import clock
from workbench.trust.judge_clips import ClipsCase, ClipsJudgement, Slip
from workbench.trust.report import escaped

_WORST, _MOST = 20, 40
_COLOURS = {"missed": "200,140,0", "made up": "179,51,43", "wrongly named": "0,114,178"}


def sections(_project: Project, found: ClipsJudgement, _thumbnail: Callable[[Path], bytes] | None) -> list[str]:
    """HTML, everything of the person's escaped."""
    numbers = found.headline()
    parts = [
        "<p class='soft'>A sound is found when its class is right, it begins within 0.2 seconds of where it does, and ends within"
        " 0.2 seconds or half its length. By second: of the seconds in which a sound is heard, however short (Mesaros, Heittola"
        " and Virtanen 2016).</p>"
    ]
    if numbers["n"]:
        parts.append(
            f"<p>By second: F1 {numbers['seconds']:.1%} (95 % interval {numbers['seconds_low']:.1%} to"
            f" {numbers['seconds_high']:.1%}). Without listening, saying the most frequent sound all the time:"
            f" {numbers['seconds_baseline']:.1%} by second, {numbers['baseline']:.1%} of sounds.</p>"
        )
    worst = sorted((c for c in found.cases if c.slips), key=lambda c: -len(c.slips))
    parts.append("<h2>Recordings with most mistakes</h2>")
    parts += [_case(case) for case in worst[:_WORST]] or ["<p>No mistakes.</p>"]
    return parts


def _case(case: ClipsCase) -> str:
    right, wrong, missed = case.sounds
    rows = "".join(f"<li>{_slip(slip)}</li>" for slip in case.slips[:_MOST])
    more = f"<li class='soft'>and {len(case.slips) - _MOST} more</li>" if len(case.slips) > _MOST else ""
    return (
        f"<p><b>{escaped(case.name)}</b> <span class='soft'>{right} found, {missed} missed, {wrong} wrong</span></p>"
        f"<ul>{rows}{more}</ul>"
    )


def _slip(slip: Slip) -> str:
    words = {
        "missed": f"<b>{escaped(slip.label)}</b> missed",
        "made up": f"<b>{escaped(slip.said)}</b> heard, but not marked",
        "wrongly named": f"<b>{escaped(slip.label)}</b> taken for <b>{escaped(slip.said)}</b>",
    }[slip.kind]
    return (
        f"{clock(slip.begins)} <span style='background:rgba({_COLOURS[slip.kind]},.3);padding:0 .2em'>{words}</span>"
        f" <span class='soft'>{slip.ends - slip.begins:.1f} seconds</span>"
    )
