"""Summarisation: the gist of a longer text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.tasks.base import TaskInfo
from workbench.tasks.texts import FILES, LENGTH, WritingTask, check_texts

if TYPE_CHECKING:
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded
    from workbench.tasks.lesson import Lesson, Material


class Summarisation(WritingTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="summarisation",
        title="Sum up",
        summary="Writes the gist of a longer text in a few sentences.",
        media="text",
        noun="text",
        nouns="texts",
        icon="list",
        result="text",
        file_suffixes=FILES,
        verb="Sum up",
        streams=True,
        options=(LENGTH,),
        group="Texts",
        question="sum up long texts",
        overlaps=("rouge", "chrf"),
        trainable=True,
        learns_beginnings=True,
        editor="words",
        adapters=True,
        judge="summary",
        import_formats=("table",),
    )

    def check(self, project: Project) -> None:
        check_texts(project.counts().labelled, "Add more texts with the summaries you would write.")

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.changing_lesson import ChangingLesson

        return ChangingLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Sums up in the manner of your pairs of text and summary.",
            "It has learnt a manner, not what matters: it can leave out or twist things. Compare with the text.",
        )

    def note(self, model: Loaded, text: str) -> str:
        return f"Compare with the text before you rely on it. {super().note(model, text)}".strip()


TASK = Summarisation()
