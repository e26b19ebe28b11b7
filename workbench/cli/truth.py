"""The part of `workbench predict` that compares answers with the right texts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.cli.output import note, out, problem

_IGNORED = ("case", "punctuation", "accents")


def how_to_compare(options: argparse.Namespace) -> Any:
    """What was asked for, as a `Normalisation`; None when nothing shall be compared.

    Raises:
        UserError: when the right texts are not there or something unknown is to be ignored.
    """
    from workbench.errors import UserError
    from workbench.trust.text_distance import Normalisation

    if options.truth is None:
        return None
    if not options.truth.exists():
        raise UserError(f"“{options.truth}” is not there.", "Check the name.")
    names = [name.strip() for name in options.ignore.split(",") if name.strip()]
    unknown = [name for name in names if name not in _IGNORED]
    if unknown:
        raise UserError(f"“{unknown[0]}” cannot be ignored.", f"What can be: {', '.join(_IGNORED)}.")
    return Normalisation(**dict.fromkeys(names, True))


def compare(rows: Sequence[dict[str, Any]], truth: Path, how: Any, scores: Sequence[str] = ()) -> Any:
    """A `TruthReport` of rows with "input" and "prediction"; each row that has a right text gets its "truth".

    Args:
        scores: as `TaskInfo.overlaps`.

    Raises:
        UserError: when the answers are no texts, or the right texts do not fit.
    """
    from workbench.engine.truth import compare_with_truth

    report = compare_with_truth([(row["input"], row["prediction"]) for row in rows], truth, how, scores=scores)
    for row, found in zip(rows, report.comparisons, strict=True):
        if found is not None:
            row["truth"] = found.to_json()
    return report


def tell(report: Any, options: argparse.Namespace) -> None:
    """On stdout, or beside it where a machine reads that."""
    say = note if (options.json or options.csv) and not options.output else out
    for found in report.problems:
        problem(found)
    for line in report.lines():
        say(line)
