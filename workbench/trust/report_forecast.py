"""What the card of a forecaster has beside the general part: how the error grows, and what must be kept in mind."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.tasks.registry import get_task
from workbench.trust.card.items import NO_MISTAKES, Show
from workbench.trust.card.parts import Heading, Paragraph, Part, table
from workbench.trust.judge_forecast import ForecastJudgement

_MOST_STEPS, _MOST_SERIES = 24, 20


def sections(_project: Project, found: ForecastJudgement) -> list[Part]:
    """What the numbers say in detail."""
    parts: list[Part] = [Paragraph(get_task("forecasting").info.warning)]
    parts.append(
        Paragraph(
            "Asked on occasions of the past (rolling origins): at each the model saw what was known then, nothing later. MASE: mean"
            " absolute error in units of repeating the last season where it learnt from; below 1 is better than that was. Quantile"
            " loss: how far its whole range is off (scaled by the same, or by the size of the numbers). Intervals: 95 %, by blocks of"
            " occasions that follow each other.",
            soft=True,
        )
    )
    steps = found.by_step()
    if steps.get("said"):
        names = list(steps)
        shown = range(min(found.steps, _MOST_STEPS))
        rows = [(str(i + 1), *(f"{steps[n][i]:.3f}" for n in names)) for i in shown]
        heads = {"said": "this model", "naive": "last season again", "ets": "ETS"}
        parts += [Heading("Error at each step ahead (MASE)"), table(["step", *(heads[n] for n in names)], rows)]
    return parts


def failures(_project: Project, found: ForecastJudgement, _show: Show | None) -> list[Part]:
    """The series on which it is no better than repeating the last season."""
    scores = found.per_item()
    worse = sorted((s for s in found.series if scores[s.item_id] < 0.5), key=lambda s: scores[s.item_id])
    if not worse:
        return [
            Paragraph(
                NO_MISTAKES if not found.series else "It is closer than repeating the last season on every series."
            )
        ]
    rows = []
    for one in worse[:_MOST_SERIES]:
        mine = sum(c.by["said"].error for c in one.cases)
        naive = sum(c.by["naive"].error for c in one.cases)
        rows.append((one.name, f"{mine / naive - 1:.0%} further off" if naive else "further off"))
    return [
        Heading("Where repeating the last season is closer"),
        table(["series", "it is"], rows, numbers=False),
    ]
