"""What the parts of a training's folder are called. Nothing else is imported here: the window asks it of everything that is
dropped."""

from __future__ import annotations

from pathlib import Path

RUN, ITEMS, MEDIA, MODEL, FILES, CARD = "run.toml", "items.jsonl", "media", "model", "files", "card.json"
ENVIRONMENT, PROGRAM, RECIPES, README = "environment", "program", "recipes", "README.txt"
WORK, RESULT, RESULT_ABOUT = "work", "result", "result.json"
# A file of this name in the folder asks a running training to stop and keep the best so far.
STOP = "stop"


def is_training(path: Path) -> bool:
    """A folder of a training that was taken elsewhere, or its `run.toml`."""
    folder = path.parent if path.name == RUN else path
    return (folder / RUN).is_file() and (folder / ITEMS).is_file()


def is_result(path: Path) -> bool:
    """A folder of a finished training, or the folder it was taken elsewhere in."""
    return (path / RESULT_ABOUT).is_file() or ((path / RUN).is_file() and (path / RESULT / RESULT_ABOUT).is_file())
