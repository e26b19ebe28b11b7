"""What the C library holds of memory that was given back goes to the system."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from workbench import memory

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems' libraries do it themselves"
)

# Many small pieces, of which every thousandth stays: what lies between them is free, and the library keeps it.
_PIECES = textwrap.dedent(
    """
    import ctypes, pathlib, threading
    from workbench import memory

    if {few}:
        memory.few_heaps()
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

    def own():
        lines = pathlib.Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

    def work():
        pieces = [libc.malloc(60_000) for _ in range(1_000)]
        for piece in pieces:
            ctypes.memset(piece, 1, 60_000)
        for piece in pieces[:-1]:
            libc.free(piece)

    before = own()
    for _ in range(6):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    held = own() - before
    assert memory.give_back(at_once=True)
    print(held, own() - before)
    """
)


def kilobytes(few: bool) -> tuple[int, int]:
    """Held after the work, and after giving back."""
    done = subprocess.run([sys.executable, "-c", _PIECES.format(few=few)], capture_output=True, text=True, check=True)
    held, left = done.stdout.split()
    return int(held), int(left)


def test_what_is_free_goes_back() -> None:
    if memory._glibc() is None:
        pytest.skip("not the C library of GNU")
    held, left = kilobytes(few=True)
    assert left < 10_000 and (held < 10_000 or left < held / 3), (held, left)


def test_it_is_not_done_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    if memory._glibc() is None:
        pytest.skip("not the C library of GNU")
    assert memory.give_back(at_once=True)
    assert not memory.give_back(), "it was done just now"
    monkeypatch.setattr(memory, "_last", -1e9)
    monkeypatch.setattr(memory, "free_bytes", lambda: 1_000_000)
    assert not memory.give_back(), "it is not worth it"
    monkeypatch.setattr(memory, "free_bytes", lambda: 300_000_000)
    assert memory.give_back()


def test_what_is_free_is_counted() -> None:
    assert memory.free_bytes() >= (0 if hasattr(memory._glibc(), "mallinfo2") else -1)
