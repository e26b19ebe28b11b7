"""SQuAD 2.0, and 1.1, which has no questions without an answer. A text is an article of one paragraph."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.exporters.answers import answered_texts
from workbench.data.exporters.spans import write_lines
from workbench.data.project import Project
from workbench.data.questions import Question
from workbench.data.types import Item
from workbench.errors import Problem


@dataclass(frozen=True)
class Squad:
    """See `workbench.data.exporters.formats.ExportFormat`."""

    id: str
    title: str
    version: str
    unanswered: bool
    marks: tuple[str, ...] = ("answers",)
    suffix: str = ".json"

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        problems: list[Problem] = []
        lines = self._articles(project, control, problems)
        count = write_lines(target, lines, f'{{"version": "{self.version}", "data": [\n', "\n]}\n", ",\n")
        return count, problems

    def _articles(self, project: Project, control: Control, problems: list[Problem]) -> Iterator[str]:
        for item, questions in answered_texts(project, control):
            kept = [q for q in questions if q.places or self.unanswered]
            if len(kept) < len(questions):
                problems.append(
                    Problem(item.name, "SQuAD 1.1 has no questions without an answer.", "They are left out here.")
                )
            if kept:
                yield json.dumps(article(item, kept, self.unanswered), ensure_ascii=False)


def article(item: Item, questions: Sequence[Question], unanswered: bool) -> dict[str, Any]:
    """One text with its questions."""
    text = item.text or ""
    asked = []
    for question in questions:
        entry: dict[str, Any] = {
            "id": hashlib.sha256(f"{item.id}\0{question.text}".encode("utf-8", "surrogatepass")).hexdigest()[:24],
            "question": question.text,
            "answers": [{"text": text[a:b], "answer_start": a} for a, b in question.places],
        }
        if unanswered:
            entry["is_impossible"] = not question.places
        asked.append(entry)
    return {"title": item.name, "paragraphs": [{"context": text, "qas": asked}]}


FORMATS = (
    Squad("squad", "SQuAD 2.0 (JSON)", "v2.0", True),
    Squad("squad1", "SQuAD 1.1 (JSON, answered questions only)", "1.1", False),
)
