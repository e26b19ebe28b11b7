"""A table of questions: a row with the passage, the question, the answer, and (better) the character at which it begins.

CSV, TSV and JSON Lines. Several rows with the same passage and question are several right answers; an empty answer says
that the passage does not answer the question. JSON Lines may have answers as SQuAD's data sets do
(`{"text": […], "answer_start": […]}`).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.importers.answers import AnswersPlan
from workbench.data.importers.base import ImportPlan
from workbench.data.media import decode_text, read_bytes
from workbench.errors import UserError

_TABLES = (".csv", ".tsv", ".tab")
_LINES = (".jsonl", ".ndjson")
_LOOK = 1 << 18
_MOST_BYTES = 300_000_000
_MOST_ROWS = 1_000_000
_NAMES = {
    "context": re.compile(r"^(context|passage|paragraph|document|text)$", re.I),
    "question": re.compile(r"^(question|query)$", re.I),
    "answer": re.compile(r"^(answers?|answer[_ ]?text)$", re.I),
    "start": re.compile(r"^(answer[_ ]?start|start)$", re.I),
}
# What an export puts before a cell so that no spreadsheet runs it as a formula.
_QUOTED = re.compile(r"^'+[=+\-@\t\r]")
Row = tuple[str, dict[str, Any]]


class AnswersTable:
    """See `workbench.data.importers.formats.ImportFormat`."""

    name = "Table of questions"
    order = 0

    def plan(self, paths: Sequence[Path], control: Control) -> ImportPlan | None:
        path = paths[0]
        suffix = path.suffix.lower()
        if len(paths) != 1 or suffix not in (*_TABLES, *_LINES) or not path.is_file():
            return None
        if not _looks(path, suffix):
            return None
        plan = AnswersPlan("marked", "text", path.stem, path, marks="answers", format=self.name)
        text = decode_text(read_bytes(path, _MOST_BYTES))
        rows = _lines(text, plan, control) if suffix in _LINES else _cells(text, path, suffix, control)
        empty: list[str] = []
        for where, row in rows:
            _take(plan, where, row, empty)
        if empty:
            many = "1 row has" if len(empty) == 1 else f"{len(empty):,} rows have"
            plan.warnings.append(f"{many} no answer: these questions come in as not answered in their text.")
        return plan.settled()


def _columns(names: Sequence[str]) -> dict[str, str]:
    """What is in which column; {} when it is no such table."""
    found: dict[str, str] = {}
    for what, pattern in _NAMES.items():
        name = next((n for n in names if pattern.match(n.strip())), None)
        if name is not None:
            found[what] = name
    return found if all(what in found for what in ("context", "question", "answer")) else {}


def _looks(path: Path, suffix: str) -> bool:
    """By its heading, or its first record."""
    try:
        with path.open("rb") as stream:
            start = decode_text(stream.read(_LOOK)[: _LOOK // 4 * 4])
    except (OSError, UserError):
        return False
    if suffix not in _LINES:
        return bool(_columns(_heading(start, suffix)[1]))
    first = next((line for line in start.splitlines() if line.strip()), "")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        # A first record that is longer than what is looked at.
        return len(start) > _LOOK // 8 and all(f'"{w}"' in first for w in ("question", "answers", "context"))
    return isinstance(value, dict) and bool(_columns(list(value)))


def _heading(text: str, suffix: str) -> tuple[str, list[str]]:
    """The separator by which the first line has the columns wanted, and its cells."""
    for delimiter in ",;\t|" if suffix == ".csv" else "\t,;|":
        try:
            names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        if _columns(names):
            return delimiter, names
    return ",", []


def _cells(text: str, path: Path, suffix: str, control: Control) -> Iterator[Row]:
    delimiter, names = _heading(text, suffix)
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = _columns(names)
    try:
        for number, cells in enumerate(reader, start=1):
            control.check()
            if number == 1 or not any(c.strip() for c in cells):
                continue
            if number > _MOST_ROWS:
                raise UserError(f"The table “{path.name}” has more than a million rows.", "Split it into parts.")
            record = dict(zip(names, map(_as_written, cells), strict=False))
            yield f"row {number}", {what: record.get(name, "") for what, name in columns.items()}
    except csv.Error as error:
        raise UserError(
            f"The table “{path.name}” cannot be read ({error}).", "Save it again as CSV (UTF-8)."
        ) from error


def _as_written(cell: str) -> str:
    return cell[1:] if _QUOTED.match(cell) else cell


def _lines(text: str, plan: AnswersPlan, control: Control) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        control.check()
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        columns = _columns(list(value)) if isinstance(value, dict) else {}
        if not columns:
            plan.left_out(where, "This line has no passage, question and answer.", "It is left out.")
            continue
        yield where, {what: value[name] for what, name in columns.items()}


def _take(plan: AnswersPlan, where: str, row: Mapping[str, Any], empty: list[str]) -> None:
    context = row["context"]
    if not isinstance(context, str) or not context.strip():
        plan.left_out(where, "There is no passage in this row.", "It is left out.")
        return
    passage = plan.passage(context, " ".join(context.split()[:8]))
    new = True
    if isinstance(row["question"], str):
        new = " ".join(row["question"].split()) not in passage.questions
    question = plan.ask(passage, row["question"], where)
    if not question:
        return
    answers = list(_answers(row["answer"], row.get("start")))
    if not answers:
        if passage.questions[question]:
            plan.left_out(where, "This question has an answer in another row.", "The row is left out.")
        else:
            empty.append(where)
        return
    only = new and len(answers) == 1
    kept = [plan.answer(passage, question, words, start, where, only) for words, start in answers]
    if not any(kept) and new:
        passage.questions.pop(question)


def _answers(given: Any, start: Any) -> Iterator[tuple[Any, int | None]]:
    """(words, beginning) of what a cell or a record holds."""
    if isinstance(given, Mapping):  # {"text": […], "answer_start": […]}
        texts, starts = given.get("text"), given.get("answer_start")
        texts = texts if isinstance(texts, list) else [texts]
        starts = starts if isinstance(starts, list) else [starts]
        for place, words in enumerate(texts):
            if words is not None:
                yield words, _number(starts[place] if place < len(starts) else None)
    elif isinstance(given, list):
        for one in given:
            yield from _answers(one, None)
    elif isinstance(given, str) and given.strip():
        yield given, _number(start)
    elif given is not None and not isinstance(given, str):
        yield str(given), _number(start)


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if value == value and abs(value) < 1e15 else None
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,15}(?:\.0+)?\s*", value):
        return int(float(value))
    return None


FORMAT = AnswersTable()
