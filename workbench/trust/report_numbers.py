"""What the card of a model that estimates numbers has beside the general part: the numbers against the true ones, the errors by
size, and the items it was farthest off on."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.trust.card.items import Show, some_of
from workbench.trust.card.parts import MOST_EXAMPLES, Example, Gallery, Heading, Paragraph, Part, Picture, Words, table
from workbench.trust.card.plots import scatter_png
from workbench.trust.judge_numbers import NumbersJudgement, by_size


def sections(_project: Project, found: NumbersJudgement) -> list[Part]:
    """What the numbers say in detail."""
    parts: list[Part] = [
        Paragraph(
            "MAE: how far off it is on average. RMSE: the same with large errors counting more. R²: the share of the differences"
            " between the true numbers that it explains; 0 is what always saying their mean would reach.",
            soft=True,
        )
    ]
    if found.cases:
        unit = f" ({found.unit})" if found.unit else ""
        parts += [
            Heading("Estimated against true"),
            Picture(
                scatter_png([(c.truth, c.said) for c in found.cases], f"true{unit}", f"estimated{unit}"),
                "Estimated over true numbers",
                "On the line both are the same. Above it the estimate is too large, below it too small.",
            ),
            Heading("Errors by size"),
            table(
                ["true number", "items", "off by on average", "too large or too small"],
                [[s.words(found), f"{s.n}", found.amount(s.mae), s.lean(found)] for s in by_size(found)],
            ),
        ]
    return parts


def failures(_project: Project, found: NumbersJudgement, show: Show | None) -> list[Part]:
    """The items it was farthest off on."""
    worst = found.worst[:MOST_EXAMPLES]
    if not worst:
        return [Paragraph("Nothing was tested.")]
    examples = tuple(
        Example(
            (
                Words("said "), Words(found.amount(c.said), "strong", "bad"), Words(", is "),
                Words(found.amount(c.truth), "strong", "good"),
            ),
            "", None, (Words(c.name if show is not None else "", "soft"),),
        )
        for c in worst
    )  # fmt: skip
    return [Gallery(examples), *some_of(len(examples), found.n)]
