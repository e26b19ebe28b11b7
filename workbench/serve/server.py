"""The server in a thread: started and stopped within a second, with nothing left behind."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from workbench.control import Control
from workbench.engine.pool import ModelPool
from workbench.errors import UserError
from workbench.serve.app import Desk, make_app
from workbench.serve.config import ServeConfig, reached_at
from workbench.serve.counters import Figures

log = logging.getLogger(__name__)

_START_SECONDS = 20.0
# What is still being sent when the server stops may come to its end for so long.
_GRACE_SECONDS = 0.4
_JOIN_SECONDS = 0.5
_LOOK_SECONDS = 0.5
# Of all connections together; a guard against what never asks anything.
_MOST_CONNECTIONS = 1000
_OLDEST_IDLE_SECONDS = 15


class LocalServer:
    """A running server. Use as a context manager, or `stop` it.

    Raises:
        UserError: when it cannot be started (the port is taken, the address is none of this computer).
    """

    def __init__(self, config: ServeConfig, pool: ModelPool | None = None) -> None:
        import uvicorn

        # Found by name at run time; named here too, so that the installed app has them.
        import uvicorn.lifespan.off
        import uvicorn.loops.asyncio
        import uvicorn.protocols.http.h11_impl

        config.checked()
        self._socket = _listening(config.host, config.port)
        self.port = int(self._socket.getsockname()[1])
        self.address = f"http://{reached_at(config.host)}:{self.port}"
        self.desk = Desk(config, pool)
        settings = uvicorn.Config(
            make_app(self.desk), http="h11", ws="none", loop="asyncio", lifespan="off", log_config=None,
            access_log=False, server_header=False, timeout_keep_alive=_OLDEST_IDLE_SECONDS,
            limit_concurrency=_MOST_CONNECTIONS, timeout_graceful_shutdown=1, backlog=256,
        )  # fmt: skip
        for noisy in ("uvicorn", "uvicorn.error", "python_multipart"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._run, name="local server", daemon=True)
        self._thread.start()
        ends = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > ends:
                self.stop()
                raise UserError("The server could not be started.", "The log says why.")
            time.sleep(0.01)

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(self, *_error: Any) -> None:
        self.stop()

    def figures(self) -> Figures:
        return self.desk.counters.figures(self.address)

    def stop(self) -> bool:
        """What runs is broken off. Returns False when a model still computes (it ends by itself, unheard)."""
        self._server.should_exit = True
        self.desk.close()
        self._thread.join(_GRACE_SECONDS)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(_JOIN_SECONDS)
        with suppress(OSError):
            self._socket.close()
        return self.desk.join(_JOIN_SECONDS) and not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except Exception:  # a thread's outermost frame
            log.exception("the local server")


def serve(config: ServeConfig, control: Control, pool: ModelPool | None = None) -> Iterator[Figures]:
    """Serve until asked to stop; gives a look at the counters twice a second.

    Raises:
        UserError: when it cannot be started. Cancelled: when asked to stop; then nothing of it is left.
    """
    with LocalServer(config, pool) as server:
        while True:
            yield server.figures()
            ends = time.monotonic() + _LOOK_SECONDS
            while time.monotonic() < ends:
                control.check()
                time.sleep(0.05)


def _listening(host: str, port: int) -> socket.socket:
    """Raises: UserError."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(kind, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: nobody else may listen there, too
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(256)
    except OSError as error:
        made.close()
        import errno

        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"Another program uses port {port}.", "Choose another port, for example one higher."
            ) from None
        if error.errno == errno.EACCES:
            raise UserError(f"Port {port} is reserved by the system.", "Choose one above 1024.") from None
        raise UserError(
            f"The server cannot listen at {host}, port {port}.", "Choose 127.0.0.1 or an address of this computer."
        ) from None
    return made
