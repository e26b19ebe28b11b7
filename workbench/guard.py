"""A watch over the whole process, on top of careful code: no hidden programs in files, no unasked-for network.

`stand()` is called once when the window or the command line starts. From then on, whatever any library tries,

- pickles may only name what is on a short list (a pickle that names anything else could run any program),
- `torch.load` reads numbers only, also where a library forgets to say so,
- nothing but this computer itself is connected to or looked up, except inside `asked_for_network()`, which only the
  few places use that fetch what the person asked for.

It stands on Python's audit hooks (PEP 578), which see every such event before it happens and cannot be taken off again.
They are no sandbox: native code does not pass them. What native code reads is bounded where it is opened.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# What pickles may name. Processes and their pools pass work to each other as pickles, made by ourselves.
_MODULES = ("multiprocessing.", "concurrent.futures.")
_NAMES = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "complex"),
    ("builtins", "slice"),
    ("builtins", "range"),
    ("builtins", "bytearray"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "timedelta"),
    ("pathlib", "PosixPath"),
    ("pathlib", "WindowsPath"),
}
_HERE = ("localhost", "")
_lock = threading.Lock()
_asked = 0
_standing = False
# More than this process's own list: tests say what their tools need.
_also: set[tuple[str, str]] = set()
_also_modules: tuple[str, ...] = ()
_refused: deque[str] = deque(maxlen=100)


class RefusedError(OSError):
    """Something in this process wanted what nobody asked for. An OSError, so that libraries take it as "no network"."""


class RefusedPickleError(ValueError):
    """A pickle names something that is not on the list."""


def stand(names: set[tuple[str, str]] | None = None, modules: tuple[str, ...] = ()) -> None:
    """Begin to watch, for as long as the process lives. Called again, it only adds to the list.

    Args:
        names: (module, name) that pickles may name besides.
        modules: beginnings of modules whose names they may name besides.
    """
    global _standing, _also_modules
    _also.update(names or ())
    _also_modules = (*_also_modules, *modules)
    # torch's own switch: it overrules a library that asks for more.
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    os.environ.pop("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
    if not _standing:
        _standing = True
        sys.addaudithook(_see)


def refused() -> list[str]:
    """What was refused in this process, the latest hundred: each is a fault of ours, of a library, or an attack."""
    return list(_refused)


@contextmanager
def asked_for_network() -> Iterator[None]:
    """Inside, this process may connect to other computers: only for what the person asked for, after
    `workbench.hub.net_settings.require_online`."""
    global _asked
    with _lock:
        _asked += 1
    try:
        yield
    finally:
        with _lock:
            _asked -= 1


def _see(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class":
        _see_pickle(str(arguments[0]), str(arguments[1]))
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        _see_address(arguments[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _see_host(arguments[0])


def _see_pickle(module: str, name: str) -> None:
    if (module, name) in _NAMES or (module, name) in _also or module.startswith((*_MODULES, *_also_modules)):
        return
    _refused.append(f"a pickle names {module}.{name}")
    raise RefusedPickleError(_refused[-1])


def _see_address(address: Any) -> None:
    # Other kinds of addresses (a path, a number) stay on this computer.
    if isinstance(address, tuple) and address:
        _see_host(address[0])


def _see_host(host: Any) -> None:
    if _asked or host is None:
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    if not _is_here(name):
        _refused.append(f"nobody asked for a connection to {name}")
        raise RefusedError(_refused[-1])


def _is_here(name: str) -> bool:
    """Loopback, or an address to listen on."""
    if name.lower() in _HERE or name == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
