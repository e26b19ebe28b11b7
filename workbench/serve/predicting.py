"""The route that predicts: one picture, recording or text in, the whole answer out."""

from __future__ import annotations

import json
import math
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse, Response

from workbench.data.media import first_words, sound_text
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.serve.batching import Ask, Line, Ticket, live
from workbench.serve.faults import Refused
from workbench.serve.forms import PredictText, read
from workbench.serve.streams import EventStream, event, or_left
from workbench.serve.uploads import Files, options_of, sample_of, shown_name, task_of
from workbench.tasks.predictions import Prediction, Text

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

# Of a form: this many files (the one that is asked about, and those of options), fields, and letters in a field.
_MOST_FILES, _MOST_FIELDS, _FIELD_BYTES = 4, 20, 200_000
_MOST_JSON = 16_000_000


async def predicted(request: Request, line: Line, folder: Path) -> Response:
    """Answer one request. Raises: Refused, UserError, Cancelled."""
    began = time.perf_counter()
    with ExitStack() as held:
        held.enter_context(line.seat())
        files = Files(folder)
        held.callback(files.remove)
        ask, stream = await _asked(request, line, files)
        if stream:
            ticket = line.put(live(ask, line.card, line.pool, line.device))
            first = await _first(request, ticket)
            return EventStream(_events(first, ticket, line, ask, began), held.pop_all().close)
        ticket = line.put(ask)
        prediction = await or_left(request, ticket, ticket.answer())
        return JSONResponse(as_json(prediction, line, ask, began))


async def _first(request: Request, ticket: Ticket) -> Any:
    """The beginning of an answer, so that what fails at once is told by its status. None: it is whole already."""

    async def wait() -> Any:
        async for value in ticket.growing():
            return value
        await ticket.answer()
        return None

    return await or_left(request, ticket, wait())


async def _asked(request: Request, line: Line, files: Files) -> tuple[Ask, bool]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "application/json":
        return _asked_json(await body_of(request), line)
    if kind == "multipart/form-data":
        return await _asked_form(request, line, files)
    raise Refused(
        415, "The request must be JSON or a form with a file.",
        "Set Content-Type to application/json or multipart/form-data.",
    )  # fmt: skip


async def body_of(request: Request) -> bytes:
    """A body of JSON. Raises: Refused when it is larger than any should be."""
    body = await request.body()
    if len(body) > _MOST_JSON:
        raise Refused(413, f"JSON of more than {_MOST_JSON / 1e6:.0f} MB is not read.", "Send a file instead.")
    return body


def _asked_json(body: bytes, line: Line) -> tuple[Ask, bool]:
    form = read(PredictText, body)
    task = task_of(line.card, form.task)
    options = options_of(task, line.card, form.labels, form.options, {})
    text = sound_text(form.text)
    return Ask(sample_of(task, text, None, first_words(text)), task, options), form.stream


async def _asked_form(request: Request, line: Line, files: Files) -> tuple[Ask, bool]:
    from fastapi.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException

    texts: dict[str, str] = {}
    kept: dict[str, Path] = {}
    name = ""
    try:
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES) as form:
            task = task_of(line.card, str(form.get("task") or "")[:100])
            for key, value in form.multi_items():
                if key in texts or key in kept:
                    raise Refused(422, f"“{key[:60]}” comes twice.", "Send it once.")
                if not isinstance(value, UploadFile):
                    texts[key] = value
                    continue
                endings = task.info.file_suffixes if key == "file" else ()
                kept[key] = await run_in_threadpool(files.keep, value, endings)
                name = shown_name(value.filename) if key == "file" else name
    except (MultiPartException, HTTPException) as error:
        raise Refused(400, "The form cannot be read.", str(getattr(error, "detail", error))[:200]) from None
    unknown = sorted(set(texts) - {"text", "task", "labels", "options", "stream"})
    if unknown:
        raise Refused(422, f"“{unknown[0][:60]}” is not known.", "Options of the task go into “options”, as JSON.")
    file = kept.pop("file", None)
    labels = texts.get("labels", "").split(",")
    options = options_of(task, line.card, labels, _object(texts.get("options", "")), kept)
    text = sound_text(texts["text"]) if "text" in texts else None
    sample: Sample = sample_of(task, text, file, name or first_words(text or ""))
    return Ask(sample, task, options), texts.get("stream", "").casefold() in ("1", "true", "yes")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(v, (str, int, float)) for v in value.values()):
        raise Refused(422, "“options” must be a JSON object.", 'For example: {"question": "When was it built?"}')
    return value


def as_json(prediction: Prediction, line: Line, ask: Ask, began: float) -> dict[str, Any]:
    """As clients get it."""
    return {
        "model": line.card.id,
        "task": ask.task.info.id,
        "prediction": sane(prediction.to_json()),
        "summary": sound_text(prediction.summary()),
        "certainty": sane(round(float(prediction.certainty), 6)),
        "seconds": round(time.perf_counter() - began, 4),
    }


def sane(value: Any) -> Any:
    """Without numbers and letters JSON does not have: they become null and marks."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return sound_text(value)
    if isinstance(value, dict):
        return {k: sane(v) for k, v in value.items()}
    return [sane(v) for v in value] if isinstance(value, (list, tuple)) else value


async def _events(first: Any, ticket: Ticket, line: Line, ask: Ask, began: float) -> AsyncGenerator[bytes, None]:
    """{"added": words} while a text grows, {"prediction": …} when it is another; at the end the whole with "finished"."""
    said = ""

    def news(value: Prediction) -> bytes:
        nonlocal said
        if isinstance(value, Text) and value.text.startswith(said):
            added, said = value.text[len(said) :], value.text
            return event({"added": sound_text(added)}) if added else b""
        said = value.text if isinstance(value, Text) else ""
        return event({"prediction": sane(value.to_json())})

    try:
        if first is not None and (data := news(first)):
            yield data
        async for value in ticket.growing():
            if data := news(value):
                yield data
        try:
            whole = await ticket.answer()
        except (UserError, Refused) as error:
            yield event({"sentence": error.message, "hint": error.hint, "finished": True})
            return
        yield event(as_json(whole, line, ask, began) | {"finished": True})
    finally:
        ticket.cancel()
