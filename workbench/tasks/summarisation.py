"""Summarisation: the gist of a longer text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.tasks.base import TaskInfo
from workbench.tasks.texts import FILES, LENGTH, WritingTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


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
    )

    def note(self, model: Loaded, text: str) -> str:
        return f"Compare with the text before you rely on it. {super().note(model, text)}".strip()


TASK = Summarisation()
