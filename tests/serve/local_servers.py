"""What the tests of the server share beside its fixtures. It has a name of its own: every folder's "conftest" is called the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

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


def wait_for(there: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.01)
