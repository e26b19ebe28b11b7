"""Many pictures into a folder of new ones: each is written as soon as it is made, and none is kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from workbench.engine.predict import PredictResult
from workbench.engine.save import endings, save_prediction
from workbench.errors import Problem, UserError
from workbench.tasks.predictions import Picture


def into_folder(results: Iterable[PredictResult], folder: Path) -> Iterator[PredictResult]:
    """Write each new picture under the name of the one it was made from; folders within stay as they are.

    What lies in the folder already is never written over: " (2)" is put behind the name. The results given on hold
    the picture's place instead of its bytes. One that cannot be written is a problem of its own; the rest goes on.

    Raises:
        UserError: at once, when the folder cannot be made or written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".workbench-probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(f"Nothing can be written into “{folder}”.", "Choose another folder.") from error
    return _written(results, folder)


def _written(results: Iterable[PredictResult], folder: Path) -> Iterator[PredictResult]:
    for result in results:
        made = result.prediction
        if not isinstance(made, Picture):
            yield result
            continue
        target = free_name(folder, result.sample.name, endings(made)[0])
        try:
            save_prediction(made, target)
        except UserError as error:
            problem = Problem.of(result.sample.name, error, str(result.sample.path or ""))
            yield replace(result, prediction=None, problem=problem)
        else:
            yield replace(result, prediction=replace(made, png=b"", file=str(target)))


def free_name(folder: Path, name: str, ending: str) -> Path:
    """A path in the folder that nothing lies at, by the name of an item ("holiday/beach.jpg")."""
    # Names come from outside: nothing may point out of the folder.
    parts = [p for p in PurePosixPath(name.replace("\\", "/")).parts if p not in ("..", "/", ".") and ":" not in p]
    *folders, last = parts or ["picture"]
    place, stem = folder.joinpath(*folders), Path(last).stem or "picture"
    target, number = place / f"{stem}{ending}", 2
    while target.exists():
        target = place / f"{stem} ({number}){ending}"
        number += 1
    return target
