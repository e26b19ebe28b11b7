"""What the tests of the server share beside its fixtures. It has a name of its own: every folder's "conftest" is called the same."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable

import requests

from workbench.serve.server import LocalServer

TOKEN = "wb-a-token-for-tests-0123456789"
AUTH = {"Authorization": f"Bearer {TOKEN}"}

Serve = Callable[..., LocalServer]


class Gate:
    """Holds the picture task back until it is opened, and tells what came to it."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.batches: list[int] = []
        self.stopped = 0


def unread(server: LocalServer, path: str, file: tuple[str, bytes]) -> http.client.HTTPConnection:
    """A file was sent, and its answer is not read: who asked leaves when this is closed."""
    whole = requests.Request("POST", f"{server.address}{path}", files={"file": file}, headers=AUTH).prepare()
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    link.request("POST", path, whole.body, dict(whole.headers))
    return link


def wait_for(there: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.01)
