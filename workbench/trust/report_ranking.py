"""What the card of a recommender has beside the general part: the numbers beside popularity. People are not named in it."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.trust.card.items import Show
from workbench.trust.card.parts import Paragraph, Part
from workbench.trust.judge_ranking import K, RankingJudgement


def sections(_project: Project, found: RankingJudgement) -> list[Part]:
    """What the numbers say in detail."""
    parts: list[Part] = [
        Paragraph(
            f"Recall@{K}: of what a person chose next, which share stands in the first {K} recommendations. NDCG@{K}: as recall, but"
            " the higher up the more it counts; 1 is the best list there can be. The last likes of each person were kept aside for"
            " this, so the model knows only what lies before them. Intervals: people drawn anew (bootstrap, 95 %).",
            soft=True,
        )
    ]
    if found.n:
        test = found.beside_popularity
        parts.append(
            Paragraph(
                f"Against popularity on the same {test.n:,} people: {test.mean_a:.3f} and {test.mean_b:.3f} (NDCG@{K}), p ="
                f" {test.p_value:.4f} (paired permutation test)."
            )
        )
    return parts


def failures(_project: Project, found: RankingJudgement, _show: Show | None) -> list[Part]:
    """For how many it did not work. Whose lists these were is nobody's business."""
    missed = found.n - found.found_something
    return [
        Paragraph(
            f"For {missed:,} of {found.n:,} people nothing they chose next was among the first {K}. A list of ten out of"
            f" {found.things:,} things misses most of the time even when taste is known; what counts is to be better than popularity."
        )
    ]
