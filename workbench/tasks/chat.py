"""Chat: questions and requests answered in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.texts import BREADTH, FILES, LENGTH, SURPRISE, WritingTask, check_texts

if TYPE_CHECKING:
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded
    from workbench.tasks.lesson import Lesson, Material


ROLE = Option(
    "role", "How it shall answer", "words", "", "For example: Answer shortly, in simple words (system prompt)"
)


class Chat(WritingTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="chat",
        title="Ask and answer",
        summary="Answers questions and requests in its own words; it can be wrong.",
        media="text",
        noun="question",
        nouns="questions",
        icon="message-square-text",
        result="text",
        file_suffixes=FILES,
        verb="Ask",
        streams=True,
        options=(ROLE, LENGTH, SURPRISE, BREADTH),
        group="Texts",
        question="answer questions and requests in words",
        overlaps=("rouge", "chrf"),
        page="talk",
        page_words="Open a conversation",
        trainable=True,
        editor="words",
        adapters=True,
        judge="language",
        import_formats=("table",),
    )

    def check(self, project: Project) -> None:
        check_texts(project.counts().labelled, "Add more questions with the answers you would give.")

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.language_lesson import LanguageLesson

        return LanguageLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Answers questions in the manner of your pairs of question and answer.",
            "It has learnt a manner of answering, not facts: check what it says. It may repeat its examples word for word.",
        )

    def messages(self, text: str, options: TryOptions, model: Loaded) -> Sequence[Mapping[str, str]]:
        role = options.text(ROLE)
        before = [{"role": "system", "content": role}] if role else []
        return [*before, {"role": "user", "content": text}]

    def note(self, model: Loaded, text: str) -> str:
        return f"Check what matters: such models also say wrong things surely. {super().note(model, text)}".strip()


TASK = Chat()
