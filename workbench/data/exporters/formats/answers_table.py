"""A table with a row for each right answer: the passage, the question, the answer and the character at which it begins
(counted from 0). A question that the passage does not answer has an empty answer."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from workbench.control import Control
from workbench.data.exporters.answers import answered_texts
from workbench.data.exporters.tables import safe_cell, write_bytes
from workbench.data.project import Project
from workbench.errors import Problem

_COLUMNS = ("context", "question", "answer", "answer_start")
# What looks as if it had been made safe gets one mark more, so that reading it gives back what was there.
_AS_IF_SAFE = re.compile(r"^'+[=+\-@\t\r]")


@dataclass(frozen=True)
class AnswersTable:
    """See `workbench.data.exporters.formats.ExportFormat`."""

    id: str
    title: str
    suffix: str
    delimiter: str
    marks: tuple[str, ...] = ("answers",)

    def write(self, project: Project, target: Path, control: Control, **_more: bool) -> tuple[int, list[Problem]]:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=self.delimiter)
        writer.writerow(_COLUMNS)
        count = 0
        for count, (item, questions) in enumerate(answered_texts(project, control), start=1):  # noqa: B007
            text = item.text or ""
            for question in questions:
                rows = [(text[a:b], str(a)) for a, b in question.places] or [("", "")]
                for words, start in rows:
                    writer.writerow([*map(_cell, (text, question.text, words)), start])
        write_bytes(target, stream.getvalue().encode("utf-8-sig", "replace"))
        return count, []


def _cell(value: str) -> str:
    return f"'{value}" if _AS_IF_SAFE.match(value) else str(safe_cell(value))


FORMATS = (
    AnswersTable("answers-csv", "A table of questions and answers (CSV)", ".csv", ","),
    AnswersTable("answers-tsv", "A table of questions and answers (TSV)", ".tsv", "\t"),
)
