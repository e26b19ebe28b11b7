"""workbench inspect: what is this model file or folder, how is it built, how does it read your texts; --adopt makes it one
of your models."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("inspect", help="look into a model, or open a file of your own", description=__doc__)
    command.add_argument("what", help="a file, a folder, or the id of a model")
    command.add_argument("--adopt", action="store_true", help="copy the file or folder among your models")
    command.add_argument("--name", default="", help="what the model shall be called (default: the file's name)")
    command.add_argument("--labels", default="", help="the classes in order, a,b,c, or a text file with one per line")
    command.add_argument("--size", type=int, default=0, help="points of a picture's side")
    command.add_argument("--choose", action="append", default=[], metavar="KEY=ANSWER", help="answer to a choice")
    command.add_argument("--trust", action="store_true", help="I trust where this file comes from")
    command.add_argument("--depth", type=int, default=3, help="how deep the tree of layers is shown (default 3)")
    command.add_argument(
        "--texts", type=Path, metavar="DATA",
        help="a project, folder or table: how a text model reads these texts, what it cuts off and does not know",
    )  # fmt: skip
    command.add_argument(
        "--fits", type=Path, metavar="DATA",
        help="a project, folder or table: does the model fit these examples, measured before anything is learnt",
    )  # fmt: skip
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0; anything that cannot be opened is a sentence."""
    from workbench.errors import UserError

    path = Path(options.what)
    if options.texts is not None:
        return _texts(options)
    if options.fits is not None:
        return _fits(options)
    if path.exists():
        return _file(path, options)
    if options.adopt or path.suffix:
        raise UserError(f"“{options.what}” is not there.", "Check the name.")
    return _model(options)


def _model(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from workbench.catalog.catalog import Catalog
    from workbench.engine.architecture import architecture

    tree = architecture(Catalog.load().get(options.what))
    if options.json:
        as_json(asdict(tree))
        return 0
    for line in tree.lines():
        if (len(line) - len(line.lstrip())) // 2 <= options.depth:
            out(line)
    return 0


def _texts(options: argparse.Namespace) -> int:
    from workbench.catalog.catalog import Catalog
    from workbench.cli.train import open_data
    from workbench.engine.token_check import check_project

    card = Catalog.load().get(options.what)
    with open_data(options.texts) as project, progress("Reading") as control:
        found = check_project(project, card, control)
    if options.json:
        as_json(found.to_json())
        return 0
    for line in [*found.lines(), found.advice()]:
        if line:
            out(line)
    return 0


def _fits(options: argparse.Namespace) -> int:
    from workbench.catalog.catalog import Catalog
    from workbench.cli.train import open_data
    from workbench.engine.fits import how_it_fits

    card = Catalog.load().get(options.what)
    with open_data(options.fits) as project, progress("Looking") as control:
        found = how_it_fits(project, card, control)
    if options.json:
        as_json([remark.to_json() for remark in found])
        return 0
    signs = {"good": "ok", "warn": "!!", "info": "--"}
    for remark in found:
        out(f"{signs[remark.kind]}  {remark.text}")
    return 0


def _file(path: Path, options: argparse.Namespace) -> int:
    from workbench.app_paths import app_paths
    from workbench.engine.savedmodel import as_onnx
    from workbench.runtimes.recognise import recognise

    paths = app_paths()
    with progress("Looking at it") as control:
        found = recognise(as_onnx(path, control, paths), paths.cache, control)
    if options.adopt:
        return _adopt(path, found, options)
    if options.json:
        as_json({"title": found.title, "runtime": found.runtime, "arch": found.arch, "tasks": list(found.tasks),
                 "parameters": found.parameters, "classes": list(found.label_names), "needs": list(found.needs),
                 "questions": [m.question for m in found.missing]})  # fmt: skip
        return 0
    out(found.sentence)
    if found.tasks:
        out(f"It is for: {', '.join(found.tasks)}.")
    for missing in found.missing:
        out(f"To be answered: {missing.question}")
        for choice, words in missing.choices:
            out(f"   --choose {missing.key}={choice:20} {words}")
    note("Add --adopt to make it one of your models.")
    return 0


def _adopt(path: Path, found: Any, options: argparse.Namespace) -> int:
    from workbench.catalog.catalog import Catalog
    from workbench.engine.adopt import Answers, adopt
    from workbench.engine.export import import_folder

    with progress("Opening it") as control:
        if found.is_ours:
            card = import_folder(path, Catalog.load(), control)
        else:
            choices = dict(c.partition("=")[::2] for c in options.choose)
            answers = Answers(options.name or path.stem, _labels(options.labels), options.size, options.trust, choices)
            card = adopt(found, answers, control)
    if options.json:
        as_json(card.to_json())
    else:
        out(f"“{card.name}” is one of your models now. Use it with: --model {card.id}")
    return 0


def _labels(given: str) -> list[str]:
    """Typed with commas between them, or a file with one per line."""
    if given and Path(given).is_file():
        return Path(given).read_text(encoding="utf-8", errors="replace").splitlines()
    return [part.strip() for part in given.split(",") if part.strip()]
