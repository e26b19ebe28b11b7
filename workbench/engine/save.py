"""Writing predictions to a file, in the form its ending asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.control import Control
from workbench.data.exporters.clips import Piece, audacity_text
from workbench.data.exporters.hocr import write_hocr
from workbench.data.exporters.pictures import SUFFIXES as PICTURE_SUFFIXES
from workbench.data.exporters.pictures import save_picture
from workbench.data.exporters.searchable_pdf import write_searchable_pdf
from workbench.data.exporters.subtitles import TimedWord, cues, srt_text, timed_words, transcript, vtt_text
from workbench.data.exporters.tables import write_bytes, write_csv, write_json
from workbench.data.exporters.text_pages import TextLine, TextPage, plain_text
from workbench.data.types import Sample
from workbench.data.whole_picture import open_whole
from workbench.errors import UserError
from workbench.tasks.masks import AREA_COLUMNS, area_rows, indexed_png
from workbench.tasks.predictions import (
    Boxes,
    Events,
    Forecast,
    Mask,
    Number,
    Picture,
    Prediction,
    Ranking,
    Scores,
    Text,
    Vector,
)

_SUBTITLES = {".srt": srt_text, ".vtt": vtt_text}


def endings(prediction: Prediction) -> tuple[str, ...]:
    """File endings that suit, the best one first."""
    if isinstance(prediction, Picture):
        return PICTURE_SUFFIXES
    if isinstance(prediction, Mask):
        return (".png", ".csv", ".json")
    if isinstance(prediction, Boxes) and prediction.reading:
        return (".txt", ".pdf", ".hocr", ".json")
    if isinstance(prediction, Text):
        return (".txt", ".srt", ".vtt", ".json") if prediction.timed else (".txt", ".json")
    if isinstance(prediction, Events):
        return (".csv", ".txt", ".json")
    return (".csv", ".json")


def endings_together(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    """Endings of a file that holds many of these one after the other, beside tables; none for most kinds."""
    pages = predictions and all(isinstance(p, Boxes) and p.reading for p in predictions)
    return (".pdf", ".hocr", ".txt") if pages else ()


def save_prediction(
    prediction: Prediction, path: Path, sample: Sample | None = None, control: Control | None = None
) -> None:
    """Write atomically.

    Args:
        sample: what the prediction was made for; a PDF shows it.

    Raises:
        UserError: when the ending does not suit, the picture cannot be read, or the file cannot be written.
        Cancelled: when asked to stop.
    """
    suffix = path.suffix.lower()
    if suffix not in endings(prediction):
        raise UserError(f"This cannot be saved as “{suffix or path.name}”.", f"Use {' or '.join(endings(prediction))}.")
    if suffix in endings_together([prediction]):
        save_together([(sample or Sample("picture"), prediction)], path, control)
    elif isinstance(prediction, Picture):
        _save_picture(prediction, path)
    elif suffix == ".json":
        write_json(path, prediction.to_json())
    elif isinstance(prediction, Mask) and suffix == ".png":
        write_bytes(path, indexed_png(prediction))
    elif suffix in _SUBTITLES and isinstance(prediction, Text):
        write_bytes(path, _SUBTITLES[suffix](cues(words_of(prediction))).encode())
    elif suffix == ".txt" and isinstance(prediction, Events):  # a label track of Audacity
        pieces = [Piece(e.begins, e.ends, e.label) for e in prediction.events]
        write_bytes(path, audacity_text(pieces).encode())
    elif suffix == ".txt":
        words = written(prediction) if isinstance(prediction, Text) else "\n".join(prediction.lines())
        write_bytes(path, f"{words}\n".encode())
    else:
        rows, columns = _rows(prediction)
        write_csv(path, rows, columns)


def written(prediction: Text) -> str:
    """As it is saved and copied: what was heard in paragraphs."""
    return transcript(words_of(prediction)) if prediction.timed else prediction.text


def words_of(prediction: Text) -> list[TimedWord]:
    """The words of a transcript with their times."""
    spans = [s for s in prediction.spans if s.begins >= 0 and s.start >= 0]
    return timed_words(prediction.text, [(s.start, s.end, s.begins, s.ends) for s in spans])


def save_together(
    answers: Iterable[tuple[Sample, Prediction]], path: Path, control: Control | None = None, count: int = 0
) -> None:
    """Write what was read in pictures as the pages of one file (see `endings_together`), atomically.

    Args:
        count: how many answers there are, when that is known: for the progress.

    Raises:
        UserError: when an answer is no text that was read, a picture cannot be read, or the file cannot be written.
        Cancelled: when asked to stop.
    """
    control = control or Control()

    def pages() -> Iterator[tuple[TextPage, Sample]]:
        for number, (sample, prediction) in enumerate(answers):
            control.check()
            if count:
                control.progress(number, count, f"Page {number + 1} of {count}")
            if not isinstance(prediction, Boxes) or not prediction.reading:
                raise UserError("Only text that was read can be saved as pages.", "Choose another ending.")
            yield page_of(prediction, sample.name), sample

    suffix = path.suffix.lower()
    if suffix == ".pdf":
        write_searchable_pdf(path, pages(), control=control)
    elif suffix == ".hocr":
        write_hocr(path, [page for page, _ in pages()], path.stem)
    elif suffix == ".txt":
        write_bytes(path, plain_text([page for page, _ in pages()]).encode())
    else:
        raise UserError(f"Pages cannot be saved as “{suffix or path.name}”.", "Use .pdf, .hocr or .txt.")


def page_of(prediction: Boxes, name: str) -> TextPage:
    """What was read in a picture, as exporters take it."""
    lines = tuple(TextLine(b.label, b.score, b.corners(), b.words, b.block) for b in prediction.above())
    return TextPage(name, prediction.width, prediction.height, lines)


def _save_picture(prediction: Picture, path: Path) -> None:
    try:
        data = prediction.data()
    except OSError as error:
        raise UserError("The new picture is not there any more.", "Make it again.") from error
    if path.suffix.lower() == ".png":
        write_bytes(path, data)
    else:
        save_picture(open_whole(data), path)


def label_cells(prediction: Prediction) -> dict[str, int]:
    """For a table of many items, where several labels can be true: a column per class, 1 where it counts, else 0."""
    if not isinstance(prediction, Scores) or not prediction.several:
        return {}
    return {f"label: {s.name}": int(s.counts) for s in sorted(prediction.top, key=lambda s: s.index)}


def unlike_cell(prediction: Prediction) -> dict[str, int]:
    """For a table: 1 where it is unlike all the model learnt from, else 0; nothing where that is not known."""
    known = isinstance(prediction, Scores) and prediction.strangeness >= 0
    return {"unlike": int(prediction.unlike)} if known and isinstance(prediction, Scores) else {}


def label_columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns that `label_cells` made in these rows; classes left out of a long list count as 0."""
    return list(dict.fromkeys(name for row in rows for name in row if name.startswith("label: ")))


def forecast_rows(prediction: Forecast) -> list[dict[str, Any]]:
    """A row for each step; what is to be kept in mind goes with the first, so that it is in the table wherever that goes."""
    rows = zip(prediction.dates, prediction.rows, strict=True)
    return [
        {**dict(zip(prediction.columns, (when, *row), strict=True)), "note": "" if number else prediction.note}
        for number, (when, row) in enumerate(rows)
    ]


PICK_COLUMNS = ("place", "thing", "score", "because")


def pick_rows(prediction: Ranking) -> list[dict[str, Any]]:
    """A row for each recommended thing."""
    return [
        {"place": n, "thing": p.name, "score": round(p.score, 6), "because": "; ".join(p.because)}
        for n, p in enumerate(prediction.picks, 1)
    ]


def _rows(prediction: Prediction) -> tuple[list[dict[str, Any]], list[str]]:
    if isinstance(prediction, Scores) and prediction.several:
        several = ["label", "counts", "certainty", "threshold"]
        cells = [(s.name, int(s.counts), round(s.value, 6), round(s.threshold, 6)) for s in prediction.top]
        return [dict(zip(several, row, strict=True)) for row in cells], several
    if isinstance(prediction, Scores):
        return [{"answer": s.name, "certainty": round(s.value, 6)} for s in prediction.top], ["answer", "certainty"]
    if isinstance(prediction, Boxes):
        columns = ["label", "score", "x0", "y0", "x1", "y1"]
        return [{c: getattr(b, c) for c in columns} for b in prediction.above()], columns
    if isinstance(prediction, Events):
        columns = ["begins", "ends", "label", "score"]
        return [
            {"begins": f"{e.begins:.3f}", "ends": f"{e.ends:.3f}", "label": e.label, "score": round(e.score, 6)}
            for e in prediction.events
        ], columns
    if isinstance(prediction, Mask):
        return area_rows(prediction), AREA_COLUMNS
    if isinstance(prediction, Forecast):
        return forecast_rows(prediction), [*prediction.columns, "note"]
    if isinstance(prediction, Number):
        columns = ["value", "low", "high", "unit"]
        return [{c: getattr(prediction, c) for c in columns if getattr(prediction, c) not in (None, "")}], columns
    if isinstance(prediction, Ranking):
        return pick_rows(prediction), list(PICK_COLUMNS)
    if isinstance(prediction, Vector):
        columns = [f"v{i}" for i in range(len(prediction.values))]
        return [dict(zip(columns, prediction.values, strict=True))], columns
    raise UserError("This cannot be saved as a table.", "Choose another ending.")
