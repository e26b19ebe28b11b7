"""What the card of a detector has beside the general part: the curve, and pictures with what was missed or wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.data.project import Project
from workbench.data.types import Item
from workbench.tasks.found_things import LOOSE, NOTHING, TWICE
from workbench.trust.card.items import NO_MISTAKES, Show, example, framed, picture_of, some_of
from workbench.trust.card.parts import Example, Gallery, Heading, Line, Paragraph, Part, Picture, Words
from workbench.trust.card.plots import curve_png
from workbench.trust.judge_boxes import BoxJudgement, Mark

_EACH = 6
WHY = {NOTHING: "nothing is there", LOOSE: "not placed well enough", TWICE: "the same thing twice"}
# Where it was found, and where a missed one is: told apart also by people who see red and green alike.
_FOUND, _MISSED = "#d55e00", "#0072b2"


def sections(_project: Project, e: BoxJudgement) -> list[Part]:
    """What the numbers say in detail."""
    return [
        Paragraph(
            "Found: of the things that are there, how many it found. Boxes right: of the boxes it drew, how many"
            " lie on a thing of that class. AP: average precision, the area under the curve below, for boxes that overlap by half"
            f" (@.5) and as the mean over stricter and stricter overlaps (@[.5:.95]: {e.map:.1%} over all classes, as COCO"
            f" counts it). AR: average of the highest recall ({e.recall:.1%}).",
            soft=True,
        ),
        Heading("Found things against right boxes"),
        Picture(
            curve_png(
                [(r, p) for r, p, _ in e.curve()],
                "share of the things it finds (recall)",
                "share of its boxes that are right (precision)",
            ),
            "Precision over recall",
            "The more things it shall find, the more of its boxes are wrong: each point is one limit of certainty.",
        ),
    ]


def failures(project: Project, e: BoxJudgement, show: Show | None) -> list[Part]:
    """What was taken for something else, drawn where nothing is, and missed; the most certain first."""
    kinds: list[tuple[str, Sequence[Mark], Callable[[Mark], Line]]] = [
        ("Taken for something else", e.confused, _confused),
        ("Boxes where nothing is, or not well placed", e.wrong, _wrong),
        ("Missed", e.missed, lambda m: (Words(m.true, "strong", "warn"), Words(" missed"))),
    ]
    found: list[Part] = []
    for title, marks, words in kinds:
        if marks:
            found += [Heading(title), *_list(project, marks, words, show)]
    return found or [Paragraph(NO_MISTAKES)]


def _confused(mark: Mark) -> Line:
    return (
        Words("called "), Words(mark.said, "strong", "bad"), Words(f" ({mark.score:.0%}), is "),
        Words(mark.true, "strong", "good"),
    )  # fmt: skip


def _wrong(mark: Mark) -> Line:
    return (
        Words("called "), Words(mark.said, "strong", "bad"), Words(f" ({mark.score:.0%}): {WHY.get(mark.why, '')}")
    )  # fmt: skip


def _list(project: Project, marks: Sequence[Mark], words: Callable[[Mark], Line], show: Show | None) -> list[Part]:
    wanted = marks[:_EACH]
    items = {i.id: i for i in project.items(list({m.item_id for m in wanted}))}
    examples = tuple(_shown(items[m.item_id], m, words(m), show) for m in wanted if m.item_id in items)
    return [Gallery(examples), *some_of(len(examples), len(marks))]


def _shown(item: Item, mark: Mark, words: Line, show: Show | None) -> Example:
    """The picture with the box on it."""
    picture = picture_of(item, show)
    if picture is None or not item.width or not item.height:
        return example(item, None, words)
    x0, y0, x1, y1 = mark.box
    place = x0 / item.width, y0 / item.height, x1 / item.width, y1 / item.height
    return Example(words, item.name, framed(picture, [(place, _FOUND if mark.said else _MISSED)]))
