"""Threads that are slow at the wrong moments, as a plugin: python -m pytest -p tests.chaos tests/gui

A test, or a page, that hangs on the order in which threads get on passes a thousand times and fails in the next. Here each
thread waits now and then where it begins, where it has done its work and before it is gone, and so does the window's thread
between two events: for up to a third of a second, which no machine is too busy to give. What fails here and not otherwise waits
for a time where it should wait for a state. By hand, as it takes several times as long.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QTimer

from workbench.gui.workers import Job, Stack

_chance = random.SystemRandom()
_LONGEST = 0.3


def rest(share: float) -> None:
    """Wait, in so many of a hundred cases."""
    if _chance.random() * 100 < share:
        time.sleep(_LONGEST * _chance.random())


def resting(function: Callable[..., Any], before: float, after: float) -> Callable[..., Any]:
    """The same function, which waits before and after in so many of a hundred cases."""

    def call(*values: Any, **more: Any) -> Any:
        rest(before)
        try:
            return function(*values, **more)
        finally:
            rest(after)

    return call


def pytest_configure() -> None:
    threading.Thread.run = resting(threading.Thread.run, 30, 20)  # type: ignore[method-assign]
    Job.run = resting(Job.run, 30, 40)  # type: ignore[method-assign]
    Job._report = resting(Job._report, 1, 1)  # type: ignore[method-assign]
    ask = Stack.ask

    def slow(stack: Stack, key: Any, function: Callable[[], Any]) -> None:
        ask(stack, key, resting(function, 10, 10))

    Stack.ask = slow  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def slow_window(request: pytest.FixtureRequest) -> Iterator[None]:
    """The window's thread does nothing for a while, about four times a second."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("qapp")
    timer = QTimer()

    def stand() -> None:
        rest(30)
        timer.start(int(_chance.random() * 200))

    timer.setSingleShot(True)
    timer.timeout.connect(stand)
    timer.start(0)
    yield
    timer.stop()
