"""Threads that read ahead drop what nobody wants any more."""

from __future__ import annotations

import threading

import pytest

from workbench.engine.readers import Readers, reader_threads
from workbench.errors import Cancelled


@pytest.mark.parametrize("make", [lambda: Readers(1, "one"), lambda: reader_threads(1)])
def test_after_a_stop_nothing_more_is_begun(make: object) -> None:
    begun: list[int] = []
    goes_on = threading.Event()

    def read(number: int) -> None:
        begun.append(number)
        goes_on.wait(60)

    with pytest.raises(Cancelled), make() as readers:  # type: ignore[operator]
        for number in range(100):
            readers.submit(read, number)
        while not begun:
            goes_on.wait(0.01)
        threading.Timer(0.2, goes_on.set).start()
        raise Cancelled
    assert begun == [0], "what waited was read to its end"


def test_without_a_stop_all_is_done() -> None:
    done: list[int] = []
    with reader_threads(2) as readers:
        for number in range(20):
            readers.submit(done.append, number)
    assert sorted(done) == list(range(20))
