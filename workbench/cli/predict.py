"""workbench predict: what is on these pictures, what are these texts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, problem, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("predict", help="predict pictures or texts", description=__doc__)
    command.add_argument("input", nargs="+", help="a picture, a text, a text file, a folder, or - for lines on stdin")
    command.add_argument("--model", default="", help="id of the model (see: workbench models list)")
    command.add_argument("--labels", default="", help="labels to choose between, for models without their own: a,b,c")
    command.add_argument("--top", type=int, default=5, help="how many answers to show (default 5)")
    command.add_argument("--output", type=Path, help="write to this file instead")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="machine-readable, one object per input")
    form.add_argument("--csv", action="store_true", help="a table")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some inputs could not be read, or 1 when none could."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine.predict import collect_samples, predict
    from workbench.errors import UserError
    from workbench.tasks.base import TryOptions
    from workbench.tasks.registry import get_task

    catalog = Catalog.load()
    samples, media = _samples(options.input, catalog, options.model)
    task = next(t for t in _tasks() if t.info.media == media)
    if samples is None:
        samples = collect_samples(options.input, task)
    card = catalog.get(options.model) if options.model else catalog.suggest(task.info.id)[0]
    if task.info.id not in (*card.tasks, *card.trainable_for):
        can = get_task(card.tasks[0]).info.nouns
        raise UserError(f"“{card.name}” is for {can}, not for {task.info.nouns}.", "Choose another model.")
    rows: list[dict[str, Any]] = []
    failed = 0
    chosen = TryOptions(tuple(part.strip() for part in options.labels.split(",") if part.strip()))
    with progress("Predicting") as control:
        for result in predict(samples, card, task, chosen, control=control):
            control.progress(result.index + 1, len(samples), f"Predicting {result.index + 1} of {len(samples)}")
            if result.problem is not None:
                failed += 1
                problem(result.problem)
                continue
            assert result.prediction is not None
            rows.append({"input": result.sample.name, "prediction": result.prediction})
    _write(rows, options)
    if failed:
        note(f"{len(rows)} results, {failed} problems.")
    return 0 if not failed else 3 if rows else 1


def _tasks() -> list[Any]:
    from workbench.tasks.registry import all_tasks

    return all_tasks()


def _samples(inputs: list[str], catalog: Any, model_id: str) -> tuple[list[Any] | None, str]:
    """Texts typed or piped in as samples; None for files, which are collected by their task. And the media."""
    from workbench.data.types import Sample
    from workbench.tasks.registry import get_task

    wanted = get_task(catalog.get(model_id).tasks[0]).info.media if model_id else ""
    if inputs == ["-"]:
        lines = [line.rstrip("\n") for line in sys.stdin if line.strip()]
        if wanted == "picture":
            inputs[:] = lines
            return None, "picture"
        return [Sample("text", f"line {n}", text=line) for n, line in enumerate(lines, 1)], "text"
    existing = [Path(i) for i in inputs if _exists(i)]
    if not existing and wanted != "picture" and not any(_looks_like_file(i) for i in inputs):
        return [Sample("text", " ".join(i.split()[:8]), text=i) for i in inputs], "text"
    return None, _media_of(existing, wanted)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # a long text is no file name
        return False


def _looks_like_file(name: str) -> bool:
    return len(name.split()) == 1 and ("/" in name or "\\" in name or name.lower().endswith(_suffixes()))


def _suffixes() -> tuple[str, ...]:
    return tuple(s for task in _tasks() for s in task.info.file_suffixes)


def _media_of(paths: list[Path], wanted: str) -> str:
    """The media the model wants if there is any of it, else of most files given."""
    from collections import Counter

    counts: Counter[str] = Counter()
    for path in paths:
        files = [path] if path.is_file() else path.rglob("*")
        for file in files:
            for task in _tasks():
                counts[task.info.media] += file.suffix.lower() in task.info.file_suffixes
    if counts.total() and not counts[wanted]:
        return counts.most_common(1)[0][0]
    return wanted or "picture"


def _write(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    from workbench.data.exporters.tables import csv_text, write_csv, write_json

    if options.json or (options.output and options.output.suffix == ".json"):
        values = [{"input": r["input"], **r["prediction"].to_json()} for r in rows]
        for value in values:
            value["scores"] = value["scores"][: options.top]
        if options.output:
            write_json(options.output, values)
        else:
            as_json(values)
    elif options.csv or options.output:
        table = [
            {
                "input": r["input"],
                "answer": r["prediction"].best.name,
                "certainty": round(r["prediction"].best.value, 6),
            }
            for r in rows
        ]
        columns = ["input", "answer", "certainty"]
        if options.output:
            write_csv(options.output, table, columns)
        else:
            out(csv_text(table, columns).rstrip("\r\n"))
    else:
        for row in rows:
            out(row["input"])
            for score in row["prediction"].top[: options.top]:
                out(f"  {score.value:6.1%}  {score.name}")
            if row["prediction"].note:
                note(f"  {row['prediction'].note}")
    if options.output:
        note(f"Written to {options.output}")
