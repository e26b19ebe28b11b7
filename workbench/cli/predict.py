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
    command.add_argument("--output", type=Path, help="write to this file instead; several new pictures: to this folder")
    command.add_argument(
        "--truth", type=Path, metavar="PATH",
        help="the true picture, or a folder of them by name: how near the new pictures come (PSNR, SSIM)",
    )  # fmt: skip
    command.add_argument(
        "--task", default="", help="what to do (see: workbench models list), when the model can do several things"
    )
    command.add_argument(
        "--set", action="append", metavar="NAME=VALUE", help="an option of the task, for example question=…"
    )
    command.add_argument("--stream", action="store_true", help="show one answer while it grows")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="machine-readable, one object per input")
    form.add_argument("--csv", action="store_true", help="a table")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some inputs could not be read, or 1 when none could."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine.predict import collect_samples, predict
    from workbench.errors import UserError

    catalog = Catalog.load()
    wanted = _wanted(options, catalog)
    samples, media = _samples(options.input, wanted)
    task = wanted or next(t for t in _tasks() if t.info.media == media)
    if samples is None:
        samples = collect_samples(options.input, task)
    card = catalog.get(options.model) if options.model else catalog.suggest(task.info.id)[0]
    if task.info.media != media or task.info.id not in (*card.tasks, *card.trainable_for):
        given = next((t for t in _tasks() if t.info.media == media), task)
        raise UserError(f"“{card.name}” is for {task.info.nouns}, not for {given.info.nouns}.", "Choose another model.")
    if options.truth and not task.info.has_truth:
        raise UserError(f"{task.info.title}: there is no true picture to compare with.", "Leave --truth out.")
    folder = _folder(options, task, len(samples))
    if options.stream and len(samples) == 1 and folder is None:
        return _stream(samples[0], card, task, _options(options, task))
    rows: list[dict[str, Any]] = []
    failed = 0
    with progress("Predicting") as control:
        results = predict(samples, card, task, _options(options, task), control=control)
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
            rows.append({"input": result.sample.name, "prediction": result.prediction})
            if options.truth:
                rows[-1]["truth"] = _compared(result, options.truth)
    if folder is not None:
        note(f"Written into {folder}")
        options.output = None
    _write(rows, options)
    compared = [r["truth"] for r in rows if r.get("truth")]
    if len(compared) > 1:
        from workbench.engine.truth import mean_words

        note(mean_words(compared))
    if failed:
        note(f"{len(rows)} results, {failed} problems.")
    return 0 if not failed else 3 if rows else 1


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


def _options(options: argparse.Namespace, task: Any) -> Any:
    """What was set with --labels and --set. Raises: UserError for a name the task does not know."""
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
    if missing:
        raise UserError(
            f"{task.info.title} needs: {missing[0].title.lower()}.", f"Give it with --set {missing[0].id}=…"
        )
    return TryOptions(tuple(part.strip() for part in options.labels.split(",") if part.strip()), values)


def _folder(options: argparse.Namespace, task: Any, count: int) -> Path | None:
    """Where new pictures go one by one; None when there are none, or the one has a file of its own.

    Raises:
        UserError: when several pictures shall go into one file.
    """
    from workbench.errors import UserError

    output: Path | None = options.output
    if output is None or task.info.result != "picture":
        return None
    if output.is_dir() or not output.suffix:
        return output
    if count > 1 and output.suffix.lower() not in (".csv", ".json"):
        raise UserError("Several pictures do not fit into one file.", "Give a folder with --output.")
    return None


def _compared(result: Any, truth: Path) -> Any:
    """The comparison with the true picture; None when it is not there, which is said."""
    from workbench.engine.truth import compare, truth_of
    from workbench.errors import Problem, UserError

    try:
        return compare(result.prediction, result.sample, truth_of(result.sample, truth))
    except UserError as error:
        problem(Problem.of(result.sample.name, error))
        return None


def _stream(sample: Any, card: Any, task: Any, chosen: Any) -> int:
    """Words as they are written."""
    from workbench.engine.predict import predict_live
    from workbench.tasks.predictions import Text

    said = ""
    last: Any = None
    for result in predict_live(sample, card, task, chosen):
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
        return [Sample(kind, " ".join(i.split()[:8]), text=i) for i in inputs], kind
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
    from workbench.engine.save import endings, save_prediction

    suffix = options.output.suffix.lower() if options.output else ""
    if (
        options.output
        and len(rows) == 1
        and suffix not in (".csv", ".json")
        and suffix in endings(rows[0]["prediction"])
    ):
        save_prediction(rows[0]["prediction"], options.output)
        for line in rows[0]["truth"].lines() if rows[0].get("truth") else ():
            out(line)
    elif options.output and options.output.is_dir():
        for row in rows:
            ending = endings(row["prediction"])[0]
            save_prediction(row["prediction"], options.output / f"{Path(row['input']).stem or 'answer'}{ending}")
    elif options.json or suffix == ".json":
        values = [{"input": r["input"], **r["prediction"].to_json(), **_truth_json(r)} for r in rows]
        for value in values:
            if "scores" in value:
                value["scores"] = value["scores"][: options.top]
        if options.output:
            write_json(options.output, values)
        else:
            as_json(values)
    elif options.csv or options.output:
        table = [
            {
                "input": r["input"],
                "answer": r["prediction"].summary(),
                "certainty": round(r["prediction"].certainty, 6),
                **_truth_cells(r),
            }
            for r in rows
        ]
        columns = [
            "input",
            "answer",
            "certainty",
            *(("psnr", "ssim", "psnr_plain", "ssim_plain") if options.truth else ()),
        ]
        if options.output:
            write_csv(options.output, table, columns)
        else:
            out(csv_text(table, columns).rstrip("\r\n"))
    else:
        for row in rows:
            out(row["input"])
            lines = row["prediction"].lines()
            for line in lines[: options.top] if row["prediction"].kind == "scores" else lines:
                out(f"  {line}")
            for line in row["truth"].lines() if row.get("truth") else ():
                out(f"  {line}")
            if row["prediction"].note:
                note(f"  {row['prediction'].note}")
    if options.output:
        note(f"Written to {options.output}")


def _truth_json(row: dict[str, Any]) -> dict[str, Any]:
    return {"truth": row["truth"].to_json() if row["truth"] else None} if "truth" in row else {}


def _truth_cells(row: dict[str, Any]) -> dict[str, Any]:
    """The comparison's numbers for a table."""
    if not row.get("truth"):
        return {}
    values = row["truth"].to_json()
    cells = {"psnr": values["made"]["psnr"], "ssim": values["made"]["ssim"]}
    plain = values["plain"] or {}
    return cells | {"psnr_plain": plain.get("psnr", ""), "ssim_plain": plain.get("ssim", "")}
