"""One file over HTTP: resumed, verified, cancellable, with progress."""

from __future__ import annotations

import errno
import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from workbench.control import Control
from workbench.errors import UserError

_CHUNK = 1 << 18
_TIMEOUT = 20.0


def sha256(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_file(
    url: str,
    target: Path,
    title: str,
    control: Control,
    *,
    size: int = 0,
    check: Callable[[Path, str], None] | None = None,
) -> None:
    """Download to `target`. What came before a stop lies in `target`.part and is gone on from.

    Args:
        size: expected bytes, for the progress when the server does not say.
        check: called with the whole file and the target's name; raises UserError when it is not the right one.

    Raises:
        UserError: no network, refused, no room, damaged.
        Cancelled: when asked to stop.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _stream(url, part, title, control, size)
        if check is not None:
            try:
                check(part, target.name)
            except UserError:
                part.unlink()  # going on from a damaged beginning would never end well
                raise
        part.replace(target)
    except urllib.error.HTTPError as error:
        raise UserError(f"The server refused “{title}” (code {error.code}).", "Try again later.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise UserError(f"There is no room on the disk for “{title}”.", "Make room and try again.") from error
        raise UserError(
            f"“{title}” could not be downloaded.",
            "Check the internet connection and try again; it goes on where it stopped.",
        ) from error


def _stream(url: str, part: Path, title: str, control: Control, size: int) -> None:
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and done:  # everything had come already
            return
        raise
    with response:
        if done and response.status != 206:
            done = 0  # the server cannot go on in the middle
        total = done + int(response.headers.get("Content-Length") or 0) or size
        with part.open("ab" if done else "wb") as stream:
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                control.progress(done, total, f"Downloading {title}")
                control.check()
            stream.flush()
            os.fsync(stream.fileno())
    if total and done < total:
        raise OSError("the connection broke")
