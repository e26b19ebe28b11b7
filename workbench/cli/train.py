"""workbench train: fine-tune a model on a project, a folder with a folder per class, or a table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, problem, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("train", help="fine-tune a model", description=__doc__)
    command.add_argument(
        "data",
        type=Path,
        help="a project, a folder with a folder per class, a table (CSV, TSV, JSONL, Excel, Parquet), a list or SD file of molecules, or the run.toml of"
        " a training taken elsewhere",
    )
    command.add_argument("--media", type=Path, help="with run.toml: where the items' files lie, if not beside it")
    command.add_argument("--how", choices=("quick", "balanced", "thorough"), default="quick")
    command.add_argument("--out", type=Path, help="put a copy of the model and the report here")
    command.add_argument("--model", default="", help="id of the model to start from (default: the suggested one)")
    command.add_argument("--name", default="", help="name of the new model")
    command.add_argument(
        "--text-column", default="", help="of a table: the column that is looked at (texts, picture files, molecules)"
    )
    command.add_argument(
        "--label-column", default="", help="of a table: the column with the labels, or of rows the one to be found out"
    )
    add_rows(command)
    command.add_argument(
        "--words-column",
        default="",
        help="the column with answers in words (transcripts, replies), or of molecules with measured numbers",
    )
    add_separator(command)
    add_groups(command)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--epochs", type=int, default=0, help="at most this many rounds (0: decided by --how)")
    command.add_argument("--resume", action="store_true", help="go on with the project's last interrupted training")
    command.add_argument("--task", default="", help="what to learn, where the data leaves a choice")
    command.add_argument(
        "--set", action="append", metavar="NAME=VALUE", help="what is special to a kind of training, for example dice=0"
    )
    command.add_argument(
        "--random-split", action="store_true",
        help="share items out at random where the task would keep some together (molecules: by scaffold)",
    )  # fmt: skip
    command.add_argument(
        "--test-likes", default="", metavar="WHICH",
        help="recommendations: what judges: last (each person's last likes, the usual), 20%% (the newest likes of all), or a date"
        " like 2024-10-01 (all from then on); said at the first training of a project",
    )  # fmt: skip
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0 when a model was made."""
    from workbench.catalog.catalog import Catalog
    from workbench.cli.training import report, watch
    from workbench.engine.events import How, RunConfig
    from workbench.engine.export import export_folder
    from workbench.engine.fit import new_config, resumable
    from workbench.errors import UserError

    if options.data.name == "run.toml" or (options.data / "run.toml").is_file():
        from workbench.cli.elsewhere import run_here

        return run_here(options)
    catalog = Catalog.load()
    project = open_data(
        options.data, options.text_column, options.label_column, options.task, options.words_column, options.separator,
        options.group_column, options.rows or None,
    )  # fmt: skip
    with project:
        if options.random_split:
            project.keep_apart(False)
        if options.test_likes:
            from workbench.data.project_interactions import read_split

            project.set_likes_split(read_split(options.test_likes))
        if options.resume:
            waiting = resumable(project)
            if not waiting:
                raise UserError("There is no interrupted training to go on with.", "Leave --resume out to start one.")
            config = RunConfig.from_json(waiting[0].config)
        else:
            card = catalog.get(options.model) if options.model else catalog.suggest(project.task_id, to_teach=True)[0]
            extra: dict[str, Any] = {"name": options.name} if options.name else {}
            extra["options"] = special(options.set or ())
            config = new_config(project, card, How(options.how), seed=options.seed, epochs=options.epochs, **extra)
        finished = watch(config, project, catalog, resume=options.resume)
        target = options.out or project.run(finished.run_id).folder
        result = report(project, catalog, finished, target / "report.html")
        result["folder"] = catalog.get(finished.model_id).source.ref
        if options.out:
            result["folder"] = str(export_folder(catalog.get(finished.model_id), options.out))
    if options.json:
        as_json(result)
    else:
        out(result["sentence"])
        if result.get("warning"):
            note(result["warning"])
        out(f"Model:  {finished.model_id}  ({result['folder']})")
        out(f"Report: {result['report']}")
    return 0


def add_rows(command: argparse.ArgumentParser) -> None:
    """What the items of a table are."""
    command.add_argument(
        "--rows", action="store_true",
        help="of a table: its rows are the items by all their columns, texts and pictures among them (default: as it looks)",
    )  # fmt: skip


def add_separator(command: argparse.ArgumentParser) -> None:
    """How several labels in a cell are parted."""
    command.add_argument(
        "--separator", default="", choices=("", ";", ",", "|", "json", "none"),
        help="how several labels in a cell of the label column are parted; none: each is one label (default: guessed)",
    )  # fmt: skip


def special(pairs: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE as JSON values, other words as text. Raises: UserError for what is no pair."""
    import json

    from workbench.errors import UserError

    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UserError(f"“{pair}” is not of the form NAME=VALUE.", "For example: --set dice=0")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    return values


def add_groups(command: argparse.ArgumentParser) -> None:
    """The option that says which columns of a table are groups."""
    command.add_argument(
        "--group-column",
        action="append",
        default=[],
        metavar="NAME",
        help="of a table: a column with groups (device, place …), once for each; none: take no groups",
    )


def group_columns(given: Sequence[str], guess: Any, *taken: str) -> tuple[str, ...]:
    """The columns that were named, or those that look like it and are not taken for something else."""
    if list(given) == ["none"]:
        return ()
    return tuple(given) or tuple(name for name in guess.groups if name not in taken)


def open_data(
    path: Path,
    text_column: str = "",
    label_column: str = "",
    task_id: str = "",
    words_column: str = "",
    separator: str = "",
    groups: Sequence[str] = (),
    rows: bool | None = None,
) -> Any:
    """A project opened, or made from a folder or a table. Problems go to stderr, one line each."""
    from workbench.data.importers import ColumnChoice, sniff
    from workbench.data.project import Project
    from workbench.data.project_file import looks_like_project
    from workbench.engine.journey import project_from_plan

    if looks_like_project(path):
        return Project.open(path)
    with progress("Reading") as control:
        plan = sniff([path], control, rows)
        guess = plan.guess()
        if guess is not None and (text_column or label_column or words_column or separator or groups):
            label = label_column or ("" if words_column else guess.label)
            words = words_column or ("" if label else guess.words)
            is_path = guess.is_path and text_column in ("", guess.content)
            several = "" if separator == "none" else separator or plan.separator_of(label)
            flags = () if label or words else guess.flags
            content = text_column or guess.content
            grouped = group_columns(groups, guess, content, label, words, *flags)
            plan.choose(ColumnChoice(content, label, is_path, words, several, flags, groups=grouped))
        note(plan.summary)
        for warning in plan.warnings:
            note(warning)
        project, result = project_from_plan(plan, control=control, task_id=task_id)
    for found in result.problems:
        problem(found)
    for sentence in result.notes:
        note(sentence)
    if result.duplicates:
        note(f"{result.duplicates} duplicates left out.")
    return project
