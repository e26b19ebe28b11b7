"""A model over a folder or a table, into a CSV file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.exporters.tables import not_written, write_csv
from workbench.data.importers import sniff
from workbench.data.importers.tables import SUFFIXES
from workbench.data.types import WRITTEN, Sample
from workbench.engine.predict import PredictResult, collect_samples, predict
from workbench.engine.save import PICK_COLUMNS, forecast_rows, label_cells, label_columns, pick_rows, unlike_cell
from workbench.errors import Cancelled, Problem
from workbench.tasks.base import Task
from workbench.tasks.predictions import Events, Forecast, Number, Prediction, Ranking
from workbench.tasks.registry import get_task

COLUMNS = ("item", "answer", "certainty", "problem", "path")
NUMBER_COLUMNS = ("item", "answer", "low", "high", "problem", "path")
FORECAST_COLUMNS = ("item", "when", "low (10 %)", "middle", "high (90 %)", "note", "problem", "path")
RANKING_COLUMNS = ("item", *PICK_COLUMNS, "problem", "path")
EVENT_COLUMNS = ("item", "answer", "begins", "ends", "certainty", "problem", "path")
_COLUMNS_OF = {
    Events.kind: EVENT_COLUMNS,
    Forecast.kind: FORECAST_COLUMNS,
    Number.kind: NUMBER_COLUMNS,
    Ranking.kind: RANKING_COLUMNS,
}


@dataclass(frozen=True)
class BulkResult:
    """What came of it. `complete` is False when it was stopped; the answers so far are in `path`. `unlike`: answers about
    something unlike all the model learnt from."""

    path: Path
    answered: int
    problems: tuple[Problem, ...]
    complete: bool = True
    unlike: int = 0

    def sentence(self) -> str:
        words = f"{self.answered:,} answers"
        if self.problems:
            words += f", {len(self.problems):,} could not be read (see the column “problem”)"
        if self.unlike:
            words += f", {self.unlike:,} of them about something unlike what it learnt from (see the column “unlike”)"
        return f"{'' if self.complete else 'Stopped; '}{words}: {self.path}"


def run_to_csv(
    card: ModelCard, paths: Sequence[str | Path], target: Path, control: Control | None = None, source: str = ""
) -> BulkResult:
    """Predict everything (`source` as in `predict`) and write one table, atomically. Stopped half-way, what was answered is written beside it
    under a name that says so.

    Raises:
        UserError: when nothing can be read, the model cannot be used, or the table cannot be written.
    """
    control = control or Control()
    task = get_task(card.main_task)
    samples, problems = samples_of(paths, task, control)
    columns = _COLUMNS_OF.get(task.info.result, COLUMNS)
    with _kept_rows(target) as rows:
        return _answered(samples, problems, card, task, target, control, source, rows, columns)


def _answered(
    samples: Sequence[Sample], problems: list[Problem], card: ModelCard, task: Task, target: Path, control: Control,
    source: str, rows: _Rows, columns: Sequence[str],
) -> BulkResult:  # fmt: skip
    answered = 0
    cells: dict[str, None] = {}
    complete = True
    try:
        for result in predict(samples, card, task, control=control, source=source):
            row: dict[str, Any] = {"item": result.sample.name, "path": str(result.sample.path or "")}
            given = task.given_cells(result.sample)
            if given is not None:
                cells |= dict.fromkeys(given)
                row = dict(given)
            answers: list[dict[str, Any]] = [{}]
            if result.problem is not None:
                problems.append(result.problem)
                row["problem"] = _words_of(result)
            elif result.prediction is not None:
                answers = answer_rows(result.prediction)
                answered += 1
            if result.sample.text is not None and given is None and result.sample.kind in WRITTEN:
                row["item"] = result.sample.text
            for answer in answers:
                rows.add(row | beside(given, answer))
            control.progress(result.index + 1, len(samples), f"{result.index + 1:,} of {len(samples):,}")
    except Cancelled:
        if not rows.count:
            raise
        complete = False
        target = target.with_name(f"{target.stem} (stopped early){target.suffix}")
    write_csv(
        target, rows.filled(), [*_heads(columns, cells), *unlike_columns([rows.names]), *label_columns([rows.names])]
    )
    return BulkResult(target, answered, tuple(problems), complete=complete, unlike=rows.unlike)


class _Rows:
    """Rows of a table whose columns are only known at its end: on the disk meanwhile, so that memory does not grow with them.

    Attributes:
        names: of all cells so far.
        unlike: how many rows are of what is unlike all the model learnt from.
    """

    def __init__(self, file: IO[str], target: Path) -> None:
        self._file, self._target = file, target
        self.names: dict[str, None] = {}
        self.count = self.unlike = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Raises: UserError when there is no room."""
        self.names |= dict.fromkeys(row)
        self.count += 1
        self.unlike += int(row.get("unlike", 0))
        try:
            self._file.write(f"{json.dumps(row, ensure_ascii=False)}\n")
        except OSError as error:
            raise not_written(self._target, error) from error

    def filled(self) -> Iterator[dict[str, Any]]:
        """All rows; what has an answer says 0 of the labels that it does not name."""
        several = dict.fromkeys(label_columns([self.names]), 0)
        self._file.seek(0)
        for line in self._file:
            row = json.loads(line)
            yield several | row if "answer" in row else row


@contextmanager
def _kept_rows(target: Path) -> Iterator[_Rows]:
    """Beside the table to be, in a file without a name. Raises: UserError when it cannot be written there."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        opened = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass", dir=target.parent)  # noqa: SIM115
    except OSError as error:
        raise not_written(target, error) from error
    with opened as file:
        yield _Rows(file, target)


def beside(given: Mapping[str, str] | None, answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer's cells, under names that none of the given cells has."""
    taken = given or {}
    return {(f"{name} (model)" if name in taken else name): value for name, value in answer.items()}


def table_of_rows(task: Task, results: Sequence[PredictResult]) -> tuple[list[str], list[dict[str, Any]]] | None:
    """Answers about rows of a table as that table with the answers beside each row: columns and rows; None for other items."""
    rows: list[dict[str, Any]] = []
    cells: dict[str, None] = {}
    for result in sorted(results, key=lambda r: r.index):
        given = task.given_cells(result.sample)
        if given is None:
            return None
        cells |= dict.fromkeys(given)
        answers: list[dict[str, Any]] = [{}] if result.prediction is None else answer_rows(result.prediction)
        if result.problem is not None:
            answers = [{"problem": _words_of(result)}]
        rows += [{**given, **beside(given, answer)} for answer in answers]
    usual = NUMBER_COLUMNS if task.info.result == Number.kind else COLUMNS
    return _columns(_heads(usual, cells), rows), rows


def _words_of(result: PredictResult) -> str:
    """What is wrong; of a row that could not even be read, with its number, as nothing else of it is known."""
    if result.problem is None:
        return ""
    words = f"{result.problem.message} {result.problem.hint}".strip()
    return words if result.sample.broken is None else f"{result.sample.name}: {words}"


def _heads(usual: Sequence[str], cells: Mapping[str, None]) -> list[str]:
    """The given columns first, where there are some."""
    if not cells:
        return list(usual)
    own = [f"{n} (model)" if n in cells else n for n in usual if n not in ("item", "path")]
    return [*cells, *own]


def answer_rows(prediction: Prediction) -> list[dict[str, Any]]:
    """A prediction as rows of a table: one, but for each sound that was heard one of its own with its times in seconds, and for
    each step of a forecast one with its date."""
    if isinstance(prediction, Forecast):
        return forecast_rows(prediction)
    if isinstance(prediction, Events) and prediction.events:
        return [
            {
                "answer": e.label, "begins": f"{e.begins:.3f}", "ends": f"{e.ends:.3f}", "certainty": round(e.score, 6)
            }
            for e in prediction.events
        ]  # fmt: skip
    if isinstance(prediction, Number):  # as numbers, so that a spreadsheet can go on with them
        more = {"low": prediction.low, "high": prediction.high} if prediction.ranged else {}
        return [{"answer": prediction.value} | more]
    if isinstance(prediction, Ranking):
        return pick_rows(prediction)
    answer = {"answer": prediction.summary(), "certainty": round(prediction.certainty, 6)}
    return [answer | unlike_cell(prediction) | label_cells(prediction)]


def _columns(usual: Sequence[str], rows: list[dict[str, Any]]) -> list[str]:
    """Those of every table, and one per class where several labels can be true."""
    several = label_columns(rows)
    for row in rows:
        if "answer" in row:
            row.update({name: 0 for name in several if name not in row})
    return [*usual, *unlike_columns(rows), *several]


def unlike_columns(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The column that says what is unlike all the model learnt from, where a model can say it."""
    return ("unlike",) if any("unlike" in row for row in rows) else ()


def samples_of(paths: Sequence[str | Path], task: Task, control: Control) -> tuple[list[Sample], list[Problem]]:
    """Files of the task's kind, or what a table lists; where a table is what the task is about, the task reads it."""
    ending = Path(paths[0]).suffix.lower() if len(paths) == 1 else ""
    if ending in SUFFIXES and ending not in task.info.file_suffixes:
        samples: list[Sample] = []
        problems: list[Problem] = []
        for item in sniff(paths, control).read(control):
            if isinstance(item, Problem):
                problems.append(item)
            else:
                samples.append(Sample(item.kind, item.name, path=item.path, text=item.text))
        return samples, problems
    return collect_samples(paths, task, control), []
