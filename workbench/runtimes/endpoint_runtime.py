"""A model behind an OpenAI-compatible server: what is written to it leaves this computer, and only then.

The protocol is OpenAI's "chat completions" (and the older "completions") with streaming by server-sent events.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.errors import UserError
from workbench.guard import asked_for_network
from workbench.hub.net_settings import LOOPBACK, require_online
from workbench.hub.token import endpoint_key
from workbench.runtimes.base import Loaded, Sampling, Writing

_TIMEOUT = 60.0
_POLL = 0.05
_MOST_LINE = 4_000_000
# Of a guess of how long a conversation is: letters of a token, and tokens around each message.
_LETTERS_A_TOKEN, _AROUND = 3, 6


class Hosted(Loaded):
    """A `Writer`. `last_usage` says what the last answer cost."""

    def __init__(self, card: ModelCard) -> None:
        super().__init__(card, None)
        self.last_usage: Sampling | None = None

    @property
    def chats(self) -> bool:
        return not self.card.options.get("completions")

    # See `workbench.runtimes.base.Talker`.
    alone = apart = False

    @property
    def context(self) -> int:
        """How many tokens it sees at once, where the card says so; 0: the server knows."""
        return int(self.card.options.get("context", 0))

    def tokens_in(self, messages: Sequence[Mapping[str, str]]) -> int:
        """About how many tokens a conversation takes: the server's own count is not known before it is sent."""
        return sum(len(m["content"]) // _LETTERS_A_TOKEN + _AROUND for m in messages)

    def write(self, messages: Sequence[Mapping[str, str]], how: Writing, control: Control) -> Iterator[str]:
        require_online(f"“{self.card.name}”")
        self.last_usage = None
        control.check()
        question: dict[str, Any] = {
            "model": self.card.source.path,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        question[str(self.card.options.get("limit_name", "max_tokens"))] = how.max_tokens
        if how.temperature > 0:
            question |= {"temperature": how.temperature, "top_p": how.top_p}
        else:
            question["temperature"] = 0
        if self.chats:
            question["messages"] = [dict(m) for m in messages]
        else:
            question["prompt"] = messages[-1]["content"]
        for event in _events(self.card, "/chat/completions" if self.chats else "/completions", question, control):
            usage = event.get("usage")
            if isinstance(usage, dict):
                self.last_usage = self._cost(usage)
            for choice in event.get("choices") or ():
                piece = choice.get("text") if not self.chats else (choice.get("delta") or {}).get("content")
                if piece:
                    yield str(piece)

    def _cost(self, usage: Mapping[str, Any]) -> Sampling:
        """Prices are of the card, per million tokens; without them only tokens are counted."""
        given, made = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        options = self.card.options
        cost = (given * float(options.get("price_in", 0)) + made * float(options.get("price_out", 0))) / 1e6
        return Sampling(given, made, cost, str(options.get("currency", "")))


def _events(card: ModelCard, path: str, question: Mapping[str, Any], control: Control) -> Iterator[dict[str, Any]]:
    """The server's events. A thread reads, so that "stop" is heard at once; it closes the connection."""
    import queue

    connection = _connect(card.source.ref)
    base = urlsplit(card.source.ref).path.rstrip("/")
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    key = endpoint_key(card.source.ref)
    if key:
        headers["Authorization"] = f"Bearer {key}"
    lines: queue.Queue[bytes | BaseException | None] = queue.Queue(maxsize=1000)
    over = threading.Event()
    wires: list[Any] = []  # the socket: an answer keeps it open when the connection is closed

    def hand_over(line: bytes | BaseException | None) -> None:
        while not over.is_set():
            with suppress(queue.Full):
                lines.put(line, timeout=_POLL)
                return

    def read() -> None:
        try:
            with asked_for_network():
                connection.request("POST", base + path, json.dumps(question).encode(), headers)
            wires.append(connection.sock)
            response = connection.getresponse()
            if response.status != 200:
                # A redirect is not followed: the key is for this server alone.
                raise _refusal(card, response.status, response.read(2000))
            while line := response.readline(_MOST_LINE):
                hand_over(line)
            hand_over(None)
        except BaseException as error:  # noqa: BLE001 - handed over to the reader, below
            hand_over(error)

    thread = threading.Thread(target=read, daemon=True, name="hosted model")
    thread.start()
    ended = False
    try:
        while True:
            control.check()
            try:
                line = lines.get(timeout=_POLL)
            except queue.Empty:
                continue
            if isinstance(line, UserError):
                raise line
            if isinstance(line, BaseException):
                raise UserError(
                    f"The connection to {urlsplit(card.source.ref).netloc} broke or could not be made.",
                    "Check the address and the internet connection.",
                ) from line
            if line is None:
                if not ended:
                    raise UserError("The answer broke off before its end.", "Try again.")
                return
            text = line.decode("utf-8", "replace").strip()
            if not text.startswith("data:"):
                continue
            data = text.removeprefix("data:").strip()
            if data == "[DONE]":
                return
            try:
                event = json.loads(data)
            except ValueError:
                continue
            if isinstance(event, dict):
                if "error" in event:
                    raise UserError(f"The server says: {_words(event['error'])}", "Try again, or choose another model.")
                ended = ended or any(c.get("finish_reason") for c in event.get("choices") or ())
                yield event
    finally:
        over.set()
        # So that the server hears of it and writes no more, which would have to be paid.
        for wire in wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
        connection.close()


def _connect(address: str) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT)
    if parts.scheme == "http" and host in LOOPBACK:
        return http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT)
    raise UserError(f"“{address}” is not a safe address.", "Use an address that begins with https://.")


def _refusal(card: ModelCard, code: int, body: bytes) -> UserError:
    try:
        said = _words(json.loads(body).get("error", ""))
    except (ValueError, AttributeError):
        said = ""
    if code in (401, 403):
        return UserError(f"The server does not accept the key of “{card.name}”.", "Enter the key again.")
    if code == 404:
        return UserError(f"The server does not know the model “{card.source.path}”.", "Check its name and the address.")
    if code == 429:
        return UserError("The server asks to wait, or the account has nothing left.", "Try later; check your account.")
    return UserError(f"The server refused (code {code}). {said}".strip(), "Try again later.")


def _words(error: Any) -> str:
    text = error.get("message", "") if isinstance(error, dict) else error
    return " ".join(str(text).split())[:300]


def open_pretrained(card: ModelCard, _path: Path) -> Loaded:
    """Nothing is sent before something is written. Raises: UserError when the address is not safe."""
    _connect(card.source.ref).close()
    return Hosted(card)
