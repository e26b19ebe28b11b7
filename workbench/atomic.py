"""The one way in which files and folders come to be: whole, or not at all, whenever the power goes.

A file is written under another name, its bytes are put on the disk (fsync), it is renamed, and the folder's list of names
is put on the disk, too. POSIX promises nothing less: without the first fsync the new name may stand for no bytes, without
the second the old name may be back after a power cut (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014).
Nothing else in the product renames or syncs; a test sees to that.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

PART = ".part"
# Names may have 255 bytes; what is added to them must fit as well.
_LONGEST = 200


def part_of(path: Path, *, shared: bool = False, keep_ending: bool = False) -> Path:
    """The name under which `path` is written before it is whole.

    Args:
        shared: several may write it at once (a cache): each under a name of its own.
        keep_ending: for writers that go by the name's ending.
    """
    name = path.stem if keep_ending else path.name
    while len(name.encode()) > _LONGEST:
        name = name[:-1]
    own = f".{os.getpid()}-{threading.get_ident()}" if shared else ""
    return path.with_name(f".{name}{own}{PART}{path.suffix if keep_ending else ''}")


@contextmanager
def writing(path: Path, *, shared: bool = False, keep_ending: bool = False, lasting: bool = True) -> Iterator[Path]:
    """Where to write `path`; it takes its place when the block ends well, and is taken away when not.

    Args:
        shared, keep_ending: as in `part_of`.
        lasting: False for caches, which may be lost with the power but never be half.

    Raises:
        OSError: when there is no room or no permission.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = part_of(path, shared=shared, keep_ending=keep_ending)
    try:
        yield temporary
        put(temporary, path, lasting=lasting)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def binary(path: Path, *, shared: bool = False, lasting: bool = True) -> Iterator[BinaryIO]:
    """As `writing`, as an open stream of bytes. Raises: OSError."""
    with writing(path, shared=shared, lasting=lasting) as temporary, temporary.open("wb") as stream:
        yield cast(BinaryIO, stream)


@contextmanager
def text(path: Path, *, shared: bool = False, lasting: bool = True) -> Iterator[TextIO]:
    """As `writing`, as an open stream of UTF-8. Raises: OSError."""
    with writing(path, shared=shared, lasting=lasting) as temporary, temporary.open("w", encoding="utf-8") as stream:
        yield stream


def write_bytes(path: Path, data: bytes, *, shared: bool = False, lasting: bool = True) -> None:
    """Raises: OSError."""
    with binary(path, shared=shared, lasting=lasting) as stream:
        stream.write(data)


def write_text(path: Path, words: str, *, shared: bool = False, lasting: bool = True) -> None:
    """Raises: OSError."""
    write_bytes(path, words.encode(), shared=shared, lasting=lasting)


def put(made: Path, place: Path, *, lasting: bool = True) -> None:
    """Give a written file or folder its place. A file there is replaced, a folder must not be there.

    Raises:
        OSError: when it cannot be done.
    """
    # Also where it need not last: a name must never stand for bytes that never came.
    _sync_all(made)
    made.replace(place)
    if lasting:
        sync_folder(place.parent)


def sync(stream: IO[Any]) -> None:
    """What was written to an open file is on the disk when this returns. Raises: OSError."""
    stream.flush()
    os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """The names in a folder are on the disk when this returns, where the system has a way to say so (Windows has none)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network drives know no syncing of folders; they write names at once.
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _sync_all(made: Path) -> None:
    if made.is_dir() and not made.is_symlink():
        for inside in made.iterdir():
            _sync_all(inside)
        sync_folder(made)
    elif not made.is_symlink():
        # Windows syncs only what is open for writing; elsewhere a file that may only be read is synced as well.
        handle = os.open(made, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def take_away(folder: Path) -> None:
    """Delete a folder so that no half of it can be taken for a whole: it is renamed first. Raises: OSError."""
    doomed = folder.with_name(f".{folder.name}.deleted")
    shutil.rmtree(doomed, ignore_errors=True)
    folder.replace(doomed)
    shutil.rmtree(doomed)
