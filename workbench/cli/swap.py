"""workbench swap: swap names and pronouns in texts and see whether a model answers differently."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("swap", help="does it answer differently for Anna and Peter?", description=__doc__)
    command.add_argument("model")
    command.add_argument("texts", type=Path, help="a project, a table, a folder or a file of texts")
    command.add_argument("--words", default="gender", help="which words: gender, origin or age (default: gender)")
    command.add_argument(
        "--language", default="", help="language of the words: en, de, fr or es (default: that of the texts)"
    )
    command.add_argument(
        "--pairs", type=Path, help="a text file with words of your own, one pair in a line: Anna = Peter"
    )
    command.add_argument("--task", default="", help="what to test, when the model can do several things")
    command.add_argument(
        "--show", type=int, default=5, metavar="N", help="show the texts that changed most (default: 5)"
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0, or 1 when these words move its answers beyond chance."""
    from workbench.catalog.catalog import Catalog
    from workbench.data.media import read_text_file
    from workbench.data.swapping import SwapSet, language_of, parse_pairs, swap_sets
    from workbench.engine.swap_test import swap_test
    from workbench.errors import UserError
    from workbench.tasks.registry import get_task

    card = Catalog.load().get(options.model)
    task = get_task(options.task or card.main_task)
    with progress("Reading") as control:
        texts = _texts(options.texts, control)
    language = options.language or language_of(texts[:200]) or "en"
    if options.pairs:
        pairs = tuple(parse_pairs(read_text_file(options.pairs)))
        words = SwapSet(
            "own", "Your words", "the words on the left", "the words on the right", pairs, language=language
        )
    else:
        known = swap_sets(language)
        if options.words not in known:
            raise UserError(f"There are no words called “{options.words}”.", f"There are: {', '.join(known)}.")
        words = known[options.words]
    with progress("Swapping words") as control:
        result = swap_test(texts, card, task, words, control)
    if options.json:
        as_json(result.to_json())
    else:
        out(result.sentence())
        for pair in result.pairs[: max(0, options.show)]:
            if pair.changed or abs(pair.moved) >= 0.01:
                out(
                    f"\n{_short(pair.text)}\n  {pair.before}\n{_short(pair.swapped)}\n  {pair.after} ({pair.moved:+.1%})"
                )
        if result.limits:
            note(result.limits)
        note("The label of a text rarely depends on such words; look at the texts before you judge the model.")
    return 1 if result.matters else 0


def _texts(path: Path, control: Any) -> list[str]:
    from workbench.data.importers import sniff
    from workbench.data.project import Project
    from workbench.data.store import DATABASE
    from workbench.data.types import NewItem

    if (path / DATABASE).is_file():
        with Project.open(path, read_only=True) as project:
            return [i.text for i in project.items(project.item_ids()) if i.text is not None]
    read = sniff([path], control).read(control)
    return [i.text for i in read if isinstance(i, NewItem) and i.text is not None]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:299]}…"
