"""workbench review: answers of one of your own models that are worth a look; what you correct becomes a label."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("review", help="look at a model's doubtful answers", description=__doc__)
    command.add_argument("model", help="one of your own models")
    command.add_argument("--project", type=Path, help="where labels go (default: the project it was taught with)")
    command.add_argument("--right", action="append", default=[], metavar="ID", help="its answer is right")
    command.add_argument(
        "--label", action="append", default=[], metavar="ID=CLASS", help="the right answer; several labels: ID=a,b"
    )
    command.add_argument("--not-mine", action="append", default=[], metavar="ID", help="it does not belong here")
    command.add_argument("--ask", action="store_true", help="ask about one after the other, on this terminal")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when something could not be noted."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine import review

    card = Catalog.load().get(options.model)
    with open_project(card, options.project) as project, progress("Looking") as control:
        waiting = review.queue(card, project, control)
        failed = 0
        chosen = [(i, review.RIGHT, "") for i in options.right]
        chosen += [(i.partition("=")[0], review.CORRECTED, i.partition("=")[2]) for i in options.label]
        chosen += [(i, review.NOT_MINE, "") for i in options.not_mine]
        for short, decision, words in chosen:
            failed += not _decide(card, project, waiting, short, decision, words)
        if options.ask:
            failed += _ask(card, project, waiting)
        if not chosen and not options.ask:
            _list(waiting, options.json)
    return 3 if failed else 0


def open_project(card: Any, given: Path | None) -> Any:
    """The project of a model. Raises: UserError when it is not found."""
    from workbench.data.project import Project
    from workbench.engine.review import project_folder_of
    from workbench.errors import UserError

    folder = given or project_folder_of(card)
    if folder is None:
        raise UserError(
            f"The project that “{card.name}” was taught with was not found.", "Say where: --project FOLDER."
        )
    return Project.open(folder)


def _list(waiting: list[Any], json: bool) -> None:
    if json:
        as_json([{**vars(w.row), "id": w.row.hash[:10], "why": list(w.why), "times": w.times} for w in waiting])
        return
    for w in waiting:
        out(
            f"{w.row.hash[:10]}  {w.row.certainty:6.1%}  {w.row.answer or '-'}  {w.row.name or '(a text)'}  ({w.words()})"
        )
    out(f"{len(waiting)} wait for a look." if waiting else "Nothing waits for a look.")


def _decide(card: Any, project: Any, waiting: list[Any], short: str, decision: str, words: str) -> bool:
    """Note one; a sentence says what came of it."""
    from workbench.engine import review
    from workbench.errors import UserError

    found = [w for w in waiting if w.row.hash.startswith(short)] if len(short) >= 4 else []
    if len(found) != 1:
        note(f"“{short}” names {'no answer' if not found else 'several answers'} of the queue.")
        return False
    labels = [part.strip() for part in words.split(",") if part.strip()]
    if decision == review.CORRECTED and not labels:
        note(f"“{short}” has no label. Write {short}=CLASS.")
        return False
    try:
        kept = review.decide(card, project, found[0], decision, labels)
    except UserError as error:
        note(f"{short}: {error}")
        return False
    waiting.remove(found[0])
    out(f"{short}  {', '.join(kept.decision.labels) or kept.decision.decision}: {kept.sentence()}")
    return True


def _ask(card: Any, project: Any, waiting: list[Any]) -> int:
    from workbench.engine import review

    names = [c.name for c in project.classes()]
    note(f"Enter: it is right.  A class ({', '.join(names[:12])}): it is that.  s: skip.  n: not mine.  q: enough.")
    failed = 0
    for w in list(waiting):
        where = w.row.path or w.row.name or "(a text)"
        sys.stderr.write(f"{where}\n  {w.row.answer} ({w.row.certainty:.0%}; {w.words()}) ? ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        said = line.strip()
        if not line or said == "q":
            break
        if said == "s":
            continue
        decision = review.NOT_MINE if said == "n" else review.CORRECTED if said else review.RIGHT
        failed += not _decide(
            card, project, waiting, w.row.hash, decision, said if decision == review.CORRECTED else ""
        )
    return failed
