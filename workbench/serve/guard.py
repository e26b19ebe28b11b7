"""Who may ask. Stands in front of everything, and turns a request away before its body is read.

- Host: only names of this computer. A web page that was led here under a name of its own (DNS rebinding) is sent away (421).
- Origin: browsers say which page asks; only the server's own pages and those the person allowed may (403).
- Token: every path but the description of the server and its health (401), compared in constant time.
- Body: counted while it comes; too much (413) or too slow (408) ends it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from workbench.serve.config import ServeConfig, own_names
from workbench.serve.counters import Counters
from workbench.serve.faults import Refused, unexpected

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# What anybody on this computer may see: that it is there, and how it is asked.
_OPEN = ("/", "/health", "/openapi.json", "/docs")
# A client that is turned away while it still sends is listened to for a moment, else it would not see why.
_LINGER_BYTES = 2_000_000
_LINGER_SECONDS = 1.0
# What is counted for a client that left before it was answered.
_LEFT = 499
_METHODS = "GET, POST"
_HEADERS = "Authorization, Content-Type"


class Guard:
    """ASGI around the routes."""

    def __init__(self, app: App, config: ServeConfig, counters: Counters) -> None:
        self._app, self._config, self._counters = app, config, counters
        self._names = own_names(config.host, config.names)
        self._token = _digest(config.token)
        self._origins = {o.casefold() for o in config.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = _headers(scope)
        body = _Body(receive, self._config)
        answer = _Answer(send, self._allowed_origin(headers.get("origin", "")), body)
        try:
            try:
                self._check_host(headers)
                if self._is_preflight(scope, headers):
                    await answer.preflight()
                    return
                self._check_origin(headers)
                self._check_token(scope, headers)
                body.check_length(headers)
                await self._app(scope, body.receive, answer.send)
            except Refused as refused:
                await answer.refuse(refused, scope)
            except Exception:  # the outermost frame of a request: no traceback leaves
                log.exception("%s %s", scope["method"], _route(scope))
                await answer.refuse(unexpected(), scope)
        finally:
            self._counters.request(_route(scope), answer.status, time.perf_counter() - began)

    def _check_host(self, headers: dict[str, str]) -> None:
        try:
            host = urlsplit(f"//{headers.get('host', '')}")
            known = (host.hostname or "").casefold() in self._names and host.username is None
            _ = host.port
        except ValueError:
            known = False
        if not known:
            raise Refused(421, "This server is not known by that name.", "Use the address the app shows.")

    def _check_origin(self, headers: dict[str, str]) -> None:
        origin = headers.get("origin")
        # The server's own pages: same name and port.
        if origin is None or origin.casefold() == f"http://{headers.get('host', '').casefold()}":
            return
        if not self._allowed_origin(origin):
            raise Refused(
                403,
                "A web page may not ask this server.",
                "Allow its address (origin) when the server is started, if you trust it.",
            )

    def _allowed_origin(self, origin: str) -> str:
        return origin if origin.casefold() in self._origins else ""

    def _is_preflight(self, scope: Scope, headers: dict[str, str]) -> bool:
        asked = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        return asked and bool(self._allowed_origin(headers.get("origin", "")))

    def _check_token(self, scope: Scope, headers: dict[str, str]) -> None:
        path = scope["path"]
        if path in _OPEN or path.startswith("/docs/"):
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = _digest(token.strip()) if scheme.casefold() == "bearer" else b""
        if not hmac.compare_digest(given, self._token):
            words = "The token is wrong." if given else "The request has no token."
            raise Refused(
                401, words, "Send the header “Authorization: Bearer …” with the token the app shows.",
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip


class _Body:
    """The request's body, counted."""

    def __init__(self, receive: Receive, config: ServeConfig) -> None:
        self._receive, self._config = receive, config
        self._seen = 0
        self.whole = False

    def check_length(self, headers: dict[str, str]) -> None:
        """Raises: Refused when the request says that it is too large."""
        length = headers.get("content-length", "")
        if not length and "transfer-encoding" not in headers:
            self.whole = True
        elif length.isdigit() and int(length) > self._config.most_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        """Raises: Refused."""
        if self.whole:  # what comes now is that the client leaves
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._config.slow_seconds)
        except TimeoutError:
            raise Refused(408, "The request did not come to its end.", "Send it again.") from None
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self._seen > self._config.most_bytes:
                raise self._too_large()
        return message

    async def drain(self) -> None:
        """Listen for a moment to what still comes."""
        ends, seen = time.monotonic() + _LINGER_SECONDS, 0
        while not self.whole and seen < _LINGER_BYTES and (left := ends - time.monotonic()) > 0:
            try:
                message = await asyncio.wait_for(self._receive(), left)
            except TimeoutError:
                return
            seen += len(message.get("body", b""))
            self.whole = message["type"] != "http.request" or not message.get("more_body", False)

    def _too_large(self) -> Refused:
        most = self._config.most_bytes / 1e6
        return Refused(413, f"The request is too large; at most {most:.0f} MB are taken.", "Send a smaller file.")


class _Answer:
    """What is sent back, with the headers every answer has."""

    def __init__(self, send: Send, origin: str, body: _Body) -> None:
        self._send, self._origin, self._body = send, origin, body
        self.status = _LEFT
        self.over = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            await self._send({**message, "headers": [*message["headers"], *self._more(message["headers"])]})
            return
        if not message.get("more_body", False):
            self.over = True
            if not self._body.whole:
                await self._send({**message, "more_body": True})
                await self._body.drain()
                message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _more(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        more = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
        if not any(name == b"cache-control" for name, _ in given):
            more.append((b"cache-control", b"no-store"))
        if not self._body.whole:
            more.append((b"connection", b"close"))
        if self._origin:
            more += [(b"access-control-allow-origin", self._origin.encode("latin-1")), (b"vary", b"Origin")]
        return more

    async def preflight(self) -> None:
        allowed = [
            (b"access-control-allow-methods", _METHODS.encode()),
            (b"access-control-allow-headers", _HEADERS.encode()),
        ]
        await self.send({"type": "http.response.start", "status": 204, "headers": allowed})
        await self.send({"type": "http.response.body", "body": b""})

    async def refuse(self, refused: Refused, scope: Scope) -> None:
        from starlette.responses import JSONResponse

        if self.over:
            return
        if self.status != _LEFT:  # an answer has begun and cannot be taken back: it is broken off
            raise ConnectionResetError(refused.message)
        response = JSONResponse(refused.body(scope["path"]), refused.status, refused.headers)
        await self.send({"type": "http.response.start", "status": refused.status, "headers": response.raw_headers})
        await self.send({"type": "http.response.body", "body": response.body})


def _headers(scope: Scope) -> dict[str, str]:
    """By name; one that comes twice is taken for wrong, by all that ask for it."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").casefold()
        found[key] = f"{found[key]}, {value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found


def _digest(token: str) -> bytes:
    # Of one length, so that not even the token's length can be measured.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _route(scope: Scope) -> str:
    """The pattern of its path."""
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "(none)"
