"""Writing one prediction to a file, in the form its ending asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.data.exporters.pictures import SUFFIXES as PICTURE_SUFFIXES
from workbench.data.exporters.pictures import save_picture
from workbench.data.exporters.tables import write_bytes, write_csv, write_json
from workbench.data.whole_picture import open_whole
from workbench.errors import UserError
from workbench.tasks.predictions import Boxes, Mask, Picture, Prediction, Scores, Table, Text, Vector


def endings(prediction: Prediction) -> tuple[str, ...]:
    """File endings that suit, the best one first."""
    if isinstance(prediction, Picture):
        return PICTURE_SUFFIXES
    if isinstance(prediction, Mask):
        return (".png", ".json")
    if isinstance(prediction, Text) or (isinstance(prediction, Boxes) and prediction.reading):
        return (".txt", ".json")
    return (".csv", ".json")


def save_prediction(prediction: Prediction, path: Path) -> None:
    """Write atomically.

    Raises:
        UserError: when the ending does not suit or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in endings(prediction):
        raise UserError(f"This cannot be saved as “{suffix or path.name}”.", f"Use {' or '.join(endings(prediction))}.")
    if isinstance(prediction, Picture):
        _save_picture(prediction, path)
    elif suffix == ".json":
        write_json(path, prediction.to_json())
    elif isinstance(prediction, Mask):
        write_bytes(path, prediction.png)
    elif suffix == ".txt":
        words = prediction.text if isinstance(prediction, Text) else "\n".join(prediction.lines())
        write_bytes(path, f"{words}\n".encode())
    else:
        rows, columns = _rows(prediction)
        write_csv(path, rows, columns)


def _save_picture(prediction: Picture, path: Path) -> None:
    try:
        data = prediction.data()
    except OSError as error:
        raise UserError("The new picture is not there any more.", "Make it again.") from error
    if path.suffix.lower() == ".png":
        write_bytes(path, data)
    else:
        save_picture(open_whole(data), path)


def _rows(prediction: Prediction) -> tuple[list[dict[str, Any]], list[str]]:
    if isinstance(prediction, Scores):
        return [{"answer": s.name, "certainty": round(s.value, 6)} for s in prediction.top], ["answer", "certainty"]
    if isinstance(prediction, Boxes):
        columns = ["label", "score", "x0", "y0", "x1", "y1"]
        return [{c: getattr(b, c) for c in columns} for b in prediction.above()], columns
    if isinstance(prediction, Table):
        return [dict(zip(prediction.columns, row, strict=True)) for row in prediction.rows], list(prediction.columns)
    if isinstance(prediction, Vector):
        columns = [f"v{i}" for i in range(len(prediction.values))]
        return [dict(zip(columns, prediction.values, strict=True))], columns
    raise UserError("This cannot be saved as a table.", "Choose another ending.")
