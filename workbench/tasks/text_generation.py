"""Text generation: a text that is gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.tasks.base import TaskInfo
from workbench.tasks.texts import BREADTH, FILES, LENGTH, SURPRISE, WritingTask, check_texts

if TYPE_CHECKING:
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded
    from workbench.tasks.lesson import Lesson, Material


class TextGeneration(WritingTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="text-generation",
        title="Write on",
        summary="Goes on with a text you began.",
        media="text",
        noun="text",
        nouns="texts",
        icon="pencil",
        result="text",
        file_suffixes=FILES,
        verb="Write",
        streams=True,
        options=(LENGTH, SURPRISE, BREADTH),
        group="Texts",
        question="go on with a text",
        overlaps=("rouge", "chrf"),
        trainable=True,
        learns_as_is=True,
        adapters=True,
        judge="language",
        import_formats=("files", "folders", "table"),
    )

    def check(self, project: Project) -> None:
        check_texts(project.counts().labelled, "Add more: the model learns their manner of writing.")

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.language_lesson import LanguageLesson

        return LanguageLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Writes on in the manner of your texts.",
            "It has learnt a manner, not facts: what it writes can be wrong, and it may repeat its examples word for word.",
        )

    def given(self, text: str, model: Loaded) -> str:
        # What answers, or turns one text into another, does not go on with what was given.
        return "" if getattr(model, "chats", False) or getattr(model, "apart", False) else text


TASK = TextGeneration()
