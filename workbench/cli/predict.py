"""workbench predict: what is on these pictures, what are these texts, what is said in these recordings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, problem, progress
from workbench.cli.picture_truth import compared, picture_folder, tell_mean, truth_cells, truth_json, truth_lines
from workbench.cli.truth import compare, how_to_compare, tell


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser(
        "predict", help="ask a model about pictures, texts, recordings, rows or molecules", description=__doc__
    )
    command.add_argument(
        "input",
        nargs="+",
        help="a picture, a recording, a text, a text file, a table of rows, a molecule (SMILES) or a file of them, a folder,"
        " or - for lines on stdin",
    )
    command.add_argument("--model", default="", help="id of the model (see: workbench models list)")
    command.add_argument("--labels", default="", help="labels to choose between, for models without their own: a,b,c")
    command.add_argument("--top", type=int, default=5, help="how many answers to show (default 5)")
    command.add_argument("--output", type=Path, help="write to this file instead; several new pictures: to this folder")
    command.add_argument(
        "--task", default="", help="what to do (see: workbench models list), when the model can do several things"
    )
    command.add_argument(
        "--set", action="append", metavar="NAME=VALUE", help="an option of the task, for example question=…"
    )
    command.add_argument(
        "--truth", type=Path, metavar="PATH",
        help="the right text or true picture, or a folder of them by name: how many words and letters of the answers are"
        " wrong, or how near the new pictures come (PSNR, SSIM)",
    )  # fmt: skip
    command.add_argument(
        "--ignore", default="", metavar="WHAT", help="what --truth does not count: case,punctuation,accents"
    )
    command.add_argument(
        "--window",
        metavar="CENTRE,WIDTH",
        default="",
        help="how pictures with more than 256 greys (16 bits, CT) are read",
    )
    command.add_argument("--frame", type=int, help="which picture of a file that holds several, from 1")
    command.add_argument("--stream", action="store_true", help="show one answer while it grows")
    command.add_argument("--log", action="store_true", help="keep the answers in the model's log (see: workbench log)")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="machine-readable, one object per input")
    form.add_argument("--csv", action="store_true", help="a table")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some inputs could not be read, or 1 when none could."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine.predict import collect_samples, predict
    from workbench.engine.prediction_log import log_source
    from workbench.engine.speed.background import searching
    from workbench.errors import UserError

    catalog = Catalog.load()
    wanted = _wanted(options, catalog)
    samples, media = _samples(options.input, wanted)
    task = wanted or _task_for(media, options.output)
    if samples is None:
        samples = collect_samples(options.input, task)
    card = catalog.get(options.model) if options.model else catalog.suggest(task.info.id)[0]
    if task.info.media != media or task.info.id not in (*card.tasks, *card.trainable_for):
        given = next((t for t in _tasks() if t.info.media == media), task)
        raise UserError(f"“{card.name}” is for {task.info.nouns}, not for {given.info.nouns}.", "Choose another model.")
    source = log_source(options.log, card)
    samples = _read_as(samples, options)
    if options.truth and not task.info.has_truth and task.info.result not in ("text", "boxes"):
        raise UserError(f"{task.info.title}: there is no true picture or text to compare with.", "Leave --truth out.")
    true_pictures: Path | None = options.truth if task.info.has_truth else None
    how = None if true_pictures else how_to_compare(options)
    folder = picture_folder(options, task, len(samples))
    if options.stream and len(samples) == 1 and how is None and folder is None:
        return _stream(samples[0], card, task, task_options(options, task), source)
    rows: list[dict[str, Any]] = []
    failed = 0
    with progress("Predicting") as control, searching(len(samples)):
        results = predict(samples, card, task, task_options(options, task), control=control, source=source)
        if folder is not None:
            from workbench.engine.picture_batch import into_folder

            results = into_folder(results, folder)
        for result in results:
            control.progress(result.index + 1, len(samples), f"Predicting {result.index + 1} of {len(samples)}")
            if result.problem is not None:
                failed += 1
                problem(result.problem)
                continue
            assert result.prediction is not None
            cells = task.given_cells(result.sample) if options.csv or options.output else None
            rows.append(
                {"input": result.sample.name, "prediction": result.prediction, "sample": result.sample, "cells": cells}
            )
            if true_pictures:
                rows[-1]["picture_truth"] = compared(result, true_pictures)
    report = compare(rows, options.truth, how, task.info.overlaps) if how is not None else None
    if folder is not None:
        note(f"Written into {folder}")
        options.output = None
    _write(rows, options)
    tell_mean(rows)
    if report is not None:
        tell(report, options)
    if failed:
        note(f"{len(rows)} results, {failed} problems.")
    return 0 if not failed else 3 if rows else 1


def _read_as(samples: list[Any], options: argparse.Namespace) -> list[Any]:
    """With the window and frame that were asked for. Raises: UserError when the window is none."""
    from dataclasses import replace

    from workbench.data.deep import window_from
    from workbench.errors import UserError

    if options.frame is not None and options.frame < 1:
        raise UserError("Pictures of a file are counted from 1.", "Give --frame 1 for the first.")
    window = window_from(options.window) if options.window else None
    frame = options.frame - 1 if options.frame is not None else None
    return [replace(s, window=window, frame=frame) for s in samples]


def _tasks() -> list[Any]:
    from workbench.tasks.registry import all_tasks

    return all_tasks()


def _wanted(options: argparse.Namespace, catalog: Any) -> Any:
    """The task asked for: by name, or the first one of the model. None: the inputs decide."""
    from workbench.tasks.registry import get_task

    if options.task:
        return get_task(options.task)
    if options.model:
        card = catalog.get(options.model)
        return get_task(card.main_task)
    return None


def _task_for(media: str, output: Path | None) -> Any:
    """The first task for such inputs; where the answer goes into a file of subtitles, one that writes texts."""
    fitting = [t for t in _tasks() if t.info.media == media]
    subtitles = output is not None and output.suffix.lower() in (".srt", ".vtt")
    return next((t for t in fitting if subtitles and t.info.result == "text"), fitting[0])


def task_options(options: argparse.Namespace, task: Any, *, complete: bool = True) -> Any:
    """What was set with --labels and --set; `complete`: all that a prediction needs must be there.

    Raises:
        UserError: for a name the task does not know, or what is missing.
    """
    from workbench.errors import UserError
    from workbench.tasks.base import TryOptions

    known = {o.id for o in task.info.options}
    values: dict[str, str | float] = {}
    for pair in options.set or ():
        name, equals, value = pair.partition("=")
        if not equals or name not in known:
            can = ", ".join(f"{o.id} ({o.title.lower()})" for o in task.info.options) or "nothing"
            raise UserError(f"“{pair}” cannot be set for {task.info.title.lower()}.", f"What can be set: {can}.")
        values[name] = value
    missing = [o for o in task.info.options if o.needed and not values.get(o.id)]
    if missing and complete:
        raise UserError(
            f"{task.info.title} needs: {missing[0].title.lower()}.", f"Give it with --set {missing[0].id}=…"
        )
    return TryOptions(tuple(part.strip() for part in options.labels.split(",") if part.strip()), values)


def _stream(sample: Any, card: Any, task: Any, chosen: Any, source: str = "") -> int:
    """Words as they are written."""
    from workbench.engine.predict import predict_live
    from workbench.tasks.predictions import Text

    said = ""
    last: Any = None
    for result in predict_live(sample, card, task, chosen, source=source):
        last = result.prediction
        if isinstance(last, Text) and last.text.startswith(said):
            sys.stdout.write(last.text[len(said) :])
            sys.stdout.flush()
            said = last.text
    if last is not None and not isinstance(last, Text):
        for line in last.lines():
            out(line)
    else:
        out()
    if last is not None and last.note:
        note(last.note)
    return 0


def _samples(inputs: list[str], task: Any) -> tuple[list[Any] | None, str]:
    """Texts typed or piped in as samples; None for files, which are collected by their task. And the media."""
    from workbench.data.media import first_words
    from workbench.data.types import MediaKind, Sample

    wanted: MediaKind | None = task.info.media if task is not None else None
    files_only = wanted in ("picture", "sound")
    kind: MediaKind = wanted or "text"
    if inputs == ["-"]:
        lines = [line.rstrip("\n") for line in sys.stdin if line.strip()]
        if files_only:
            inputs[:] = lines
            return None, wanted or "picture"
        return [Sample(kind, f"line {n}", text=line) for n, line in enumerate(lines, 1)], kind
    existing = [Path(i) for i in inputs if _exists(i)]
    if not existing and not files_only and not any(_looks_like_file(i) for i in inputs):
        return [Sample(kind, first_words(i), text=i) for i in inputs], kind
    return None, _media_of(existing, wanted or "")


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
    """The media the task wants if there is any of it, else of most files given."""
    from collections import Counter

    suffixes: dict[str, set[str]] = {}
    for task in _tasks():
        suffixes.setdefault(task.info.media, set()).update(task.info.file_suffixes)
    counts: Counter[str] = Counter()
    for path in paths:
        for file in [path] if path.is_file() else path.rglob("*"):
            for media, known in suffixes.items():
                counts[media] += file.suffix.lower() in known
    if counts.total() and not counts[wanted]:
        return counts.most_common(1)[0][0]
    return wanted or "picture"


def _write(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    from workbench.data.exporters.tables import csv_text, write_csv, write_json
    from workbench.engine.bulk import FORECAST_COLUMNS, answer_rows, beside, unlike_columns
    from workbench.engine.save import endings, endings_together, label_columns, save_prediction, save_together

    suffix = options.output.suffix.lower() if options.output else ""
    # For one item its own form; a table and JSON are for many, but for what is a table itself: the areas of a mask, sounds.
    tabular = len(rows) == 1 and rows[0]["prediction"].kind in ("mask", "events", "forecast")
    general = (".json",) if tabular else (".csv", ".json")
    if suffix and suffix in endings_together([r["prediction"] for r in rows]):
        with progress("Writing pages") as control:
            save_together([(r["sample"], r["prediction"]) for r in rows], options.output, control, len(rows))
    elif options.output and len(rows) == 1 and suffix not in general and suffix in endings(rows[0]["prediction"]):
        save_prediction(rows[0]["prediction"], options.output)
        for line in truth_lines(rows[0]):
            out(line)
    elif options.output and options.output.is_dir():
        for row in rows:
            ending = endings(row["prediction"])[0]
            name = f"{Path(row['input']).stem or 'answer'}{ending}"
            save_prediction(row["prediction"], options.output / name, row["sample"])
    elif options.json or suffix == ".json":
        truths = [{"truth": r["truth"]} if "truth" in r else {} for r in rows]
        values = [
            {"input": r["input"], **r["prediction"].to_json(), **t, **truth_json(r)}
            for r, t in zip(rows, truths, strict=True)
        ]
        for value in values:
            if "scores" in value:
                value["scores"] = value["scores"][: max(options.top, len(value.get("labels", ())))]
        if options.output:
            write_json(options.output, values)
        else:
            as_json(values)
    elif options.csv or options.output:
        given = [r["cells"] if r["cells"] is not None else {"input": r["input"]} for r in rows]
        table = [
            {**head, **beside(head, answer), **truth_cells(r)}
            for r, head in zip(rows, given, strict=True)
            for answer in answer_rows(r["prediction"])
        ]
        several = label_columns(table)
        table = [dict.fromkeys(several, 0) | row for row in table]
        heads = dict.fromkeys(name for head in given for name in head)
        columns = [
            *heads,
            *(
                FORECAST_COLUMNS[1:-2]
                if any("when" in row for row in table)
                else ("answer (model)" if "answer" in heads else "answer",)
            ),
            *(("begins", "ends") if any("begins" in row for row in table) else ()),
            *(name for name in ("certainty", "low", "high") if any(name in row for row in table)),
            *unlike_columns(table),
            *several,
            *(("psnr", "ssim", "psnr_plain", "ssim_plain") if any("picture_truth" in r for r in rows) else ()),
        ]
        if options.output:
            write_csv(options.output, table, columns)
        else:
            out(csv_text(table, columns).rstrip("\r\n"))
    else:
        for row in rows:
            out(row["input"])
            lines, scores = row["prediction"].lines(), row["prediction"].kind == "scores"
            for line in lines[: len(row["prediction"].first(options.top))] if scores else lines:
                out(f"  {line}")
            for line in truth_lines(row):
                out(f"  {line}")
            if row["prediction"].note:
                note(f"  {row['prediction'].note}")
    if options.output:
        note(f"Written to {options.output}")
