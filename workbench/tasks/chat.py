"""Chat: questions and requests answered in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.texts import BREADTH, FILES, LENGTH, SURPRISE, WritingTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


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
    )

    def messages(self, text: str, options: TryOptions, model: Loaded) -> Sequence[Mapping[str, str]]:
        role = options.text(ROLE)
        before = [{"role": "system", "content": role}] if role else []
        return [*before, {"role": "user", "content": text}]

    def note(self, model: Loaded, text: str) -> str:
        return f"Check what matters: such models also say wrong things surely. {super().note(model, text)}".strip()


TASK = Chat()
