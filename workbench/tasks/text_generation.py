"""Text generation: a text that is gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.tasks.base import TaskInfo
from workbench.tasks.texts import BREADTH, FILES, LENGTH, SURPRISE, WritingTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


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
    )

    def given(self, text: str, model: Loaded) -> str:
        return "" if getattr(model, "chats", False) else text


TASK = TextGeneration()
