"""The part of `workbench predict` about new pictures: where they go, and how near they come to true ones."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.cli.output import note, problem

_KEY = "picture_truth"


def picture_folder(options: argparse.Namespace, task: Any, count: int) -> Path | None:
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


def compared(result: Any, truth: Path) -> Any:
    """The comparison with the true picture; None when it is not there, which is said."""
    from workbench.engine.picture_truth import compare, truth_of
    from workbench.errors import Problem, UserError

    try:
        return compare(result.prediction, result.sample, truth_of(result.sample, truth))
    except UserError as error:
        problem(Problem.of(result.sample.name, error))
        return None


def tell_mean(rows: Sequence[dict[str, Any]]) -> None:
    """The means of several comparisons."""
    found = [r[_KEY] for r in rows if r.get(_KEY)]
    if len(found) > 1:
        from workbench.engine.picture_truth import mean_words

        note(mean_words(found))


def truth_lines(row: dict[str, Any]) -> list[str]:
    """A row's comparison in words."""
    return list(row[_KEY].lines()) if row.get(_KEY) else []


def truth_json(row: dict[str, Any]) -> dict[str, Any]:
    """A row's comparison as plain data."""
    return {"truth": row[_KEY].to_json() if row[_KEY] else None} if _KEY in row else {}


def truth_cells(row: dict[str, Any]) -> dict[str, Any]:
    """The comparison's numbers for a table."""
    if not row.get(_KEY):
        return {}
    values = row[_KEY].to_json()
    cells = {"psnr": values["made"]["psnr"], "ssim": values["made"]["ssim"]}
    plain = values["plain"] or {}
    return cells | {"psnr_plain": plain.get("psnr", ""), "ssim_plain": plain.get("ssim", "")}
