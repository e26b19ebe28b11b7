"""Python looks for garbage after the start, and not among what the libraries have left."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from workbench import garbage


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    looks, state = gc.get_threshold(), dict(garbage._state)
    gc.unfreeze()  # what the tests themselves have put aside
    yield
    gc.unfreeze()
    gc.freeze()
    gc.set_threshold(*looks)
    gc.enable()
    garbage._state.clear()
    garbage._state.update(state)


class Pair:
    """Two of them hold each other."""

    other: Pair | None = None


def pair() -> weakref.ref[Pair]:
    one, two = Pair(), Pair()
    one.other, two.other = two, one
    return weakref.ref(one)


def test_nothing_is_looked_for_until_the_start_is_over() -> None:
    garbage.begin()
    assert not gc.isenabled() and gc.get_freeze_count() == 0
    lost = pair()
    for _ in range(gc.get_threshold()[0] * 2):
        pair()
    assert lost() is not None
    kept = Pair()
    garbage.settle()
    assert gc.isenabled() and gc.get_freeze_count() > 10_000
    assert not any(known is kept for known in gc.get_objects()), "it is put aside"


def test_what_comes_later_is_found() -> None:
    garbage.begin()
    garbage.settle()
    lost = pair()
    gc.collect()
    assert lost() is None


def test_a_library_that_came_later_is_put_aside_and_little_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not garbage.put_libraries_aside(), "no window has begun"
    garbage.begin()
    assert not garbage.put_libraries_aside(), "it still starts"
    garbage.settle()
    kept = Pair()
    assert not garbage.put_libraries_aside()
    assert any(known is kept for known in gc.get_objects())
    monkeypatch.setitem(garbage._state, "modules", garbage._state["modules"] - garbage._LIBRARY)
    assert garbage.put_libraries_aside()
    assert not any(known is kept for known in gc.get_objects())
    assert not garbage.put_libraries_aside(), "that was done just now"


def test_nothing_changes_where_no_window_begins() -> None:
    looks = gc.get_threshold()
    garbage.settle()
    assert gc.get_freeze_count() == 0 and gc.get_threshold() == looks
