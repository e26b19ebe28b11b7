"""Answers that come in parts (server-sent events), and clients that leave before the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from workbench.errors import Cancelled
from workbench.serve.batching import Ticket

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

# So often something is sent while there is nothing to say, so that nobody between takes the connection for dead.
_ALIVE_SECONDS = 10.0
# A client that takes nothing for so long is let go.
_STALLED_SECONDS = 30.0


def event(value: Any) -> bytes:
    """One event with JSON. Spec: HTML, 9.2 Server-sent events."""
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'), allow_nan=False)}\n\n".encode()


async def until_left(receive: Receive) -> None:
    """Until the client has gone. Only after its request was read whole."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def or_left(request: Request, ticket: Ticket, wanted: Awaitable[Any]) -> Any:
    """What is wanted, unless the client leaves before: then the work is not done for nobody.

    Raises:
        Cancelled: when the client left; and what `wanted` raises.
    """
    work = asyncio.ensure_future(wanted)
    left = asyncio.ensure_future(until_left(request.receive))
    try:
        await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise Cancelled
        return work.result()
    finally:
        left.cancel()
        if not work.done():
            ticket.cancel()
            work.cancel()


class EventStream(Response):
    """Sends what a generator gives as it comes; when the client leaves, the generator is closed.

    Args:
        at_end: called whatever happened.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], at_end: Callable[[], None]) -> None:
        super().__init__(b"", headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events, self._at_end = events, at_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = asyncio.ensure_future(until_left(receive))
        piece: asyncio.Future[bytes] | None = None
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while not left.done():
                if piece is None:
                    piece = asyncio.ensure_future(anext(self._events))
                waited: set[asyncio.Future[Any]] = {piece, left}
                await asyncio.wait(waited, timeout=_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                data = b":\n\n"
                if piece.done():
                    try:
                        data, piece = piece.result(), None
                    except StopAsyncIteration:
                        piece = None
                        await send({"type": "http.response.body", "body": b""})
                        return
                if not left.done():
                    message = {"type": "http.response.body", "body": data, "more_body": True}
                    await asyncio.wait_for(send(message), _STALLED_SECONDS)
        except TimeoutError:
            return
        finally:
            left.cancel()
            if piece is not None:
                piece.cancel()
                await asyncio.wait({piece})  # the generator cannot be closed before
            await self._events.aclose()
            self._at_end()
