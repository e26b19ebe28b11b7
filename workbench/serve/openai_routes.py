"""The routes OpenAI's own clients use: the list of models, and chat completions."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from workbench.catalog.card import ModelCard
from workbench.data.media import sound_text
from workbench.errors import UserError
from workbench.serve.batching import Line, Ticket
from workbench.serve.chatting import CHATS, Written, chat_work
from workbench.serve.faults import Refused
from workbench.serve.forms import Chat, read
from workbench.serve.predicting import body_of
from workbench.serve.streams import EventStream, event, or_left
from workbench.tasks.registry import get_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


def model_json(card: ModelCard) -> dict[str, Any]:
    """As OpenAI lists a model, and what else there is to know of it."""
    return {
        "id": card.id,
        "object": "model",
        "created": _seconds(card.created),
        "owned_by": "you" if card.is_own else "model-workbench",
        "name": card.name,
        "licence": card.licence,
        "limits": card.limits,
        "tasks": [_task_json(card, task_id) for task_id in card.tasks],
    }


def _task_json(card: ModelCard, task_id: str) -> dict[str, Any]:
    task = get_task(task_id)
    return {
        "id": task_id,
        "title": task.info.title,
        "input": task.info.media,
        "result": task.info.result,
        "needs_labels": task.needs_labels(card),
        "streams": task.info.streams,
        "files": list(task.info.file_suffixes),
        "options": [
            {"id": o.id, "title": o.title, "kind": o.kind, "default": o.default, "needed": o.needed}
            | ({"low": o.low, "high": o.high} if o.kind == "number" else {})
            | ({"choices": [key for key, _words in task.choices(card, o)]} if o.kind == "choice" else {})
            for o in task.info.options
        ],
    }


def _seconds(created: str) -> int:
    try:
        return int(datetime.fromisoformat(created).timestamp())
    except (ValueError, OSError, OverflowError):
        return 0


async def completed(request: Request, lines: Mapping[str, Line]) -> Response:
    """One answer of a chat model. Raises: Refused, UserError, Cancelled."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise Refused(415, "The request must be JSON.", "Set Content-Type to application/json.")
    # The model stands in the body, which is small: a place is taken when it is known.
    chat = read(Chat, await body_of(request))
    line = lines.get(chat.model)
    if line is None:
        raise Refused(404, f"The model “{chat.model[:100]}” is not served here.", f"There are: {', '.join(lines)}.")
    if not set(CHATS) & set(line.card.tasks):
        raise Refused(422, f"“{line.card.name}” does not answer in words.", "Ask it at /v1/predict instead.")
    work = chat_work(chat, line.card, line.pool, line.device)
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": line.card.id}
    with ExitStack() as held:
        held.enter_context(line.seat())
        ticket = line.put(work)
        if not chat.stream:
            whole = await or_left(request, ticket, ticket.answer())
            return JSONResponse(_completion(head, whole))
        first = await or_left(request, ticket, _first(ticket))
        usage = chat.stream_options is not None and chat.stream_options.include_usage
        return EventStream(_chunks(head, first, ticket, usage), held.pop_all().close)


async def _first(ticket: Ticket) -> str:
    """The first words, so that what fails at once is told by its status; "" when there are none."""
    async for text in ticket.growing():
        return str(text)
    await ticket.answer()
    return ""


def _completion(head: dict[str, Any], whole: Written) -> dict[str, Any]:
    message = {"role": "assistant", "content": sound_text(whole.text), "refusal": None}
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": whole.finish}],
        "usage": _usage(whole),
        "left_out": whole.left_out,
    }


def _usage(whole: Written) -> dict[str, int]:
    return {
        "prompt_tokens": whole.tokens_in,
        "completion_tokens": whole.tokens_out,
        "total_tokens": whole.tokens_in + whole.tokens_out,
    }


async def _chunks(head: dict[str, Any], first: str, ticket: Ticket, usage: bool) -> AsyncGenerator[bytes, None]:
    head = {**head, "object": "chat.completion.chunk"}
    more = {"usage": None} if usage else {}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**head, "choices": [choice], **more})

    said = ""
    try:
        yield chunk({"role": "assistant", "content": ""})
        if first:
            said = first
            yield chunk({"content": sound_text(first)})
        async for text in ticket.growing():
            if len(text) > len(said):
                added, said = text[len(said) :], text
                yield chunk({"content": sound_text(added)})
        try:
            whole: Written = await ticket.answer()
        except (UserError, Refused) as error:
            words = f"{error.message} {error.hint}".strip()
            yield event({"error": {"message": words, "type": "server_error", "param": None, "code": None}})
            return
        if len(whole.text) > len(said):
            yield chunk({"content": sound_text(whole.text[len(said) :])})
        yield chunk({}, whole.finish)
        if usage:
            yield event({**head, "choices": [], "usage": _usage(whole)})
        yield b"data: [DONE]\n\n"
    finally:
        ticket.cancel()
