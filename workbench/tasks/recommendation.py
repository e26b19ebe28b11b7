"""Recommending things that are told by texts, titles or names alone: books, films, products."""

from __future__ import annotations

from workbench.tasks.base import TaskInfo
from workbench.tasks.recommending import COUNT, WAYS, Recommending
from workbench.tasks.texts import FILES


class Recommendation(Recommending):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="recommendation",
        title="Recommend",
        summary="Recommends films, books, products by what somebody likes: type a thing a line.",
        media="text",
        noun="thing",
        nouns="things",
        icon="heart",
        result="ranking",
        editor="likes",
        judge="ranking",
        trainable=True,
        learns_as_is=True,
        taught_only=True,
        verb="Recommend",
        typed="What does somebody like? Type a thing a line, by its name or in your own words …",
        options=(COUNT,),
        file_suffixes=FILES,
        group="Recommendations",
        question="recommend things by what people liked: films, books, products",
        import_formats=("table",),
        ways=WAYS,
        many="For people who are in no project: drop text files, each with what somebody likes, a thing a line. The lists are saved as a"
        " table (CSV).",
    )


TASK = Recommendation()
