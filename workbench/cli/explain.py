"""workbench explain: why a model answers as it does, and whether that explanation can be relied on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.output import as_json, note, out, progress

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.control import Control
    from workbench.data.types import Sample
    from workbench.engine.explain.kinds import Explanation
    from workbench.tasks.base import Task


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("explain", help="why a model answers as it does", description=__doc__)
    command.add_argument(
        "input",
        help="a picture, a recording, a text file, a text, a molecule (SMILES), or a row of a table (a table's first, or its cells as JSON)",
    )
    command.add_argument("--model", default="", help="id of the model (see: workbench models list)")
    command.add_argument("--task", default="", help="what it does, when the model can do several things")
    command.add_argument("--labels", default="", help="labels to choose between, for models without their own: a,b,c")
    command.add_argument(
        "--class", dest="target", metavar="NAME", default="", help="the answer to explain (default: the likeliest)"
    )
    command.add_argument("--thing", type=int, default=1, help="which of the things found, from 1 (the most certain)")
    command.add_argument("--points", action="store_true", help="single points instead of places (Integrated Gradients)")
    command.add_argument(
        "--no-check", action="store_true", help="leave out the check with shuffled weights (twice as fast)"
    )
    command.add_argument(
        "--output",
        type=Path,
        help="draw it: a PNG of a picture, recording or molecule, an HTML page of a text, a CSV table of a row's columns",
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 1 when the check says that the explanation is not to be relied on."""
    from workbench.catalog.catalog import Catalog
    from workbench.data.types import WRITTEN, Sample
    from workbench.engine.explain.drawing import save
    from workbench.engine.predict import suits
    from workbench.errors import UserError
    from workbench.tasks.registry import all_tasks, get_task
    from workbench.tasks.text_classification import text_of

    catalog = Catalog.load()
    path = Path(options.input)
    here = len(options.input) < 4000 and path.is_file()
    card = catalog.get(options.model) if options.model else None
    wanted = options.task or (card.main_task if card is not None else "")
    if wanted:
        task = get_task(wanted)
    elif here:
        task = next((t for t in all_tasks() if suits(path, t)), None) or all_tasks()[0]
    else:
        task = next(t for t in all_tasks() if t.info.media == "text")
    kind = task.info.media
    if not here and kind not in WRITTEN:
        raise UserError(f"“{options.input}” is not there.", "Check the name.")
    card = card or catalog.suggest(task.info.id)[0]
    sample = Sample(kind, path.name, path=path) if here else Sample(kind, options.input[:40], text=options.input)
    with progress("Looking for reasons") as control:
        found = _explain(options, sample, card, task, control)
    text = text_of(sample) if found.words else ""
    if options.output:
        save(found, options.output, sample, text)
        note(f"Drawn into {options.output}")
    if options.json:
        as_json(found.to_json(text))
    else:
        _tell(found, text)
    return 0 if found.sanity is None or found.sanity.depends else 1


def _explain(options: argparse.Namespace, sample: Sample, card: ModelCard, task: Task, control: Control) -> Explanation:
    from workbench.engine.explain.reasons import explain, explain_box
    from workbench.engine.predict import predict
    from workbench.errors import UserError
    from workbench.tasks.base import TryOptions
    from workbench.tasks.predictions import Boxes

    check = not options.no_check
    if task.info.result != "boxes":
        labels = tuple(name.strip() for name in options.labels.split(",") if name.strip())
        method = "points" if options.points else "places"
        return explain(sample, card, task, TryOptions(labels), options.target, method, control=control, check=check)
    answer = next(predict([sample], card, task, control=control))
    if answer.problem is not None:
        raise UserError(answer.problem.message, answer.problem.hint)
    things = answer.prediction.above() if isinstance(answer.prediction, Boxes) else ()
    things = tuple(b for b in things if not options.target or b.label == options.target)
    if not 1 <= options.thing <= len(things):
        raise UserError(f"The model found {len(things)} such things in the picture.", "Choose one of them.")
    last = None
    for last in explain_box(sample, card, things[options.thing - 1], control=control, check=check):  # noqa: B007
        control.check()
    assert last is not None
    return last


def _tell(found: Explanation, text: str) -> None:
    if found.row is not None:
        out(f"Why “{found.target}” ({found.row.whole(found.row.said)}), by {found.method}")
        for part in found.row.telling(20):
            out(f"  {found.row.words(part.amount):>16}  {part.column}: {part.cell or '(not known)'}")
        out(found.note)
        return
    answer = found.answer() if found.number is not None else f"“{found.target}” ({found.score:.1%})"
    out(f"Why {answer}, by {found.method}")
    if found.words:
        for_it, against = found.strongest(text, 10)
        out(f"  for it:     {', '.join(for_it) or 'nothing in particular'}")
        out(f"  against it: {', '.join(against) or 'nothing in particular'}")
    elif found.structure:
        for_it, against = found.strongest_atoms(10)
        out(f"  {found.structure}")
        up, down = ("raised it: ", "lowered it:") if found.number is not None else ("for it:    ", "against it:")
        out(f"  {up} {', '.join(for_it) or 'nothing in particular'}")
        out(f"  {down} {', '.join(against) or 'nothing in particular'}")
    elif found.heat is not None:
        out(f"  {_where(found)}")
    if found.sanity is not None:
        out(found.sanity.sentence())
    if found.note:
        note(found.note)


def _where(found: Explanation) -> str:
    """The hottest place in words."""
    assert found.heat is not None
    rows, columns = found.heat.shape
    place = int(found.heat.argmax())
    left, top, right, bottom = found.part
    x = left + (right - left) * (place % columns + 0.5) / columns
    y = top + (bottom - top) * (place // columns + 0.5) / rows
    return f"most of all what is {x:.0%} from the left and {y:.0%} from the top (draw it with --output NAME.png)"
