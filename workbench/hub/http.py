"""One file over HTTP: resumed, verified, cancellable, with progress; safe with two programs at once."""

from __future__ import annotations

import email.utils
import hashlib
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from workbench import atomic
from workbench.control import Control
from workbench.errors import UserError, disk_full
from workbench.guard import asked_for_network
from workbench.hub.net_settings import NetSettings, require_online

_CHUNK = 1 << 18
_TIMEOUT = 20.0
# How often a broken or busy connection is tried again, and the first pause in seconds (it doubles).
TRIES = 5
PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_BUSY = (429, 500, 502, 503, 504)
# Room that must stay free on the disk.
_MARGIN = 200_000_000
_AGENT = "Model-Workbench"


@dataclass(frozen=True)
class Wanted:
    """One file to fetch.

    Attributes:
        url: http or https.
        target: where it goes; `target`.part holds what has come.
        size: expected bytes; 0 when not known.
        sha256: hex digest, or its first digits; "" when not known.
        token: sent to the url's own host alone.
    """

    url: str
    target: Path
    size: int = 0
    sha256: str = ""
    token: str = ""


def sha256(path: Path, control: Control | None = None) -> str:
    """Hex sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            if control is not None:
                control.check()
    return digest.hexdigest()


def _amount(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def check_room(folder: Path, size: int, title: str) -> None:
    """Raises: UserError when `size` bytes would not fit on the folder's disk with some to spare."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    free = shutil.disk_usage(there).free
    if size and free < size + _MARGIN:
        raise UserError(
            f"“{title}” needs {_amount(size)}, and {_amount(free)} are free on this disk; some must be left.",
            "Make room, or move the downloads to another disk on the Storage page.",
        )


def fetch_file(wanted: Wanted, title: str, control: Control, tell: Callable[[int, int], None] | None = None) -> None:
    """Download one file. What came before a stop, a break or a kill is gone on from.

    Args:
        title: the model's name, for sentences.
        tell: called with (bytes here, bytes in all or 0); else the progress goes to `control`.

    Raises:
        UserError: offline mode, no network, refused, no room, damaged.
        Cancelled: when asked to stop.
    """
    from filelock import FileLock, Timeout

    settings = require_online(f"Downloading “{title}”")
    target = wanted.target
    told = tell or (lambda done, total: control.progress(done, total, f"Downloading {title}"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f"{target.name}.lock"))
        while True:
            try:
                lock.acquire(timeout=0.1)
                break
            except Timeout:  # another copy of the app is fetching it: watch it come
                control.check()
                part = _part(target)
                told(part.stat().st_size if part.exists() else 0, wanted.size)
        try:
            if not target.is_file():
                _fetch_locked(wanted, title, settings, control, told)
        finally:
            lock.release()
    except OSError as error:
        if disk_full(error):
            raise UserError(f"There is no room on the disk for “{title}”.", "Make room and try again.") from error
        raise UserError(
            f"“{title}” could not be written.", "Check that the folder of downloads can be written to."
        ) from error


def get_json(url: str, title: str, control: Control, token: str = "", most: int = 20_000_000) -> Any:
    """A small JSON answer. Raises: UserError as `fetch_file`, also when it is no JSON."""
    settings = require_online(title)

    def read() -> bytes:
        with _open(url, settings, token, {}) as response:
            return bytes(response.read(most + 1))

    data = _patiently(read, title, control)
    try:
        if len(data) > most:
            raise ValueError("too large")
        return json.loads(data)
    except (ValueError, RecursionError) as error:  # the latter: lists in lists without end
        raise UserError(f"The answer of {urlsplit(url).netloc} cannot be understood.", "Try again later.") from error


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _note(target: Path) -> Path:
    """What the beginning in `.part` is a beginning of."""
    return target.with_name(f"{target.name}.part.json")


def _fetch_locked(
    wanted: Wanted, title: str, settings: NetSettings, control: Control, told: Callable[[int, int], None]
) -> None:
    part = _part(wanted.target)
    here = part.stat().st_size if part.exists() else 0
    check_room(wanted.target.parent, max(0, wanted.size - here), title)
    _patiently(lambda: _stream(wanted, settings, control, told), title, control)
    _verify(wanted, part, title, control)
    atomic.put(part, wanted.target)
    _note(wanted.target).unlink(missing_ok=True)


def _verify(wanted: Wanted, part: Path, title: str, control: Control) -> None:
    size = part.stat().st_size
    # Sizes in the catalogue are of the file that was published; only a hash says that it is another one.
    wrong = bool(wanted.sha256) and not sha256(part, control).startswith(wanted.sha256.lower())
    if wrong:
        part.unlink()  # going on from a damaged beginning would never end well
        _note(wanted.target).unlink(missing_ok=True)
        raise UserError(
            f"What came of “{title}” is damaged ({wanted.target.name}, {size / 1e6:,.1f} MB).", "Download it again."
        )


def _patiently(work: Callable[[], Any], title: str, control: Control) -> Any:
    """Do it; when the server is busy or the line breaks, wait and do it again."""
    pause = PAUSE
    for attempt in range(TRIES):
        last = attempt == TRIES - 1
        try:
            return work()
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in _BUSY or last:
                    raise _refusal(error, title) from error
                wait = _retry_after(error.headers) or pause
        except (urllib.error.URLError, TimeoutError, ConnectionError, HTTPException, _Broken) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, OSError) and disk_full(reason):
                raise reason from error
            if last:
                raise UserError(
                    f"“{title}” could not be downloaded.",
                    "Check the internet connection and try again; it goes on where it stopped.",
                ) from error
            wait = pause
        ends = time.monotonic() + min(wait, _LONGEST_PAUSE)
        while (left := ends - time.monotonic()) > 0:
            control.check()
            time.sleep(min(0.05, left))
        pause *= 2
    raise AssertionError("unreachable")


class _Broken(Exception):  # noqa: N818 - not an error to a person, it is tried again
    """The connection ended before the file did."""


def _stream(wanted: Wanted, settings: NetSettings, control: Control, told: Callable[[int, int], None]) -> None:
    part, note = _part(wanted.target), _note(wanted.target)
    done = part.stat().st_size if part.exists() else 0
    known = _read_note(note) if done else {}
    headers = {"Range": f"bytes={done}-"} if done else {}
    if done and known.get("etag"):
        headers["If-Range"] = str(known["etag"])
    try:
        response = _open(wanted.url, settings, wanted.token, headers)
    except urllib.error.HTTPError as error:
        if error.code == 416 and done:
            error.close()
            if not wanted.size or done == wanted.size:  # everything had come already
                return
            part.unlink()
            raise _Broken from error
        raise
    with response:
        if done and response.status != 206:
            done = 0  # the file changed, or the server cannot go on in the middle
        length = int(response.headers.get("Content-Length") or 0)
        total = done + length if length else wanted.size
        etag = response.headers.get("ETag") or ""
        if not done:
            # A weak mark does not promise the same bytes, so it is not gone on from.
            note.write_text(json.dumps({"etag": "" if etag.startswith("W/") else etag}), encoding="utf-8")
        with part.open("ab" if done else "wb") as stream:
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                told(done, total)
                control.check()
            atomic.sync(stream)
    if total and done < total:
        raise _Broken


def _read_note(note: Path) -> dict[str, Any]:
    try:
        value = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to web addresses only, and takes the token along to no other host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise urllib.error.URLError("redirected to something that is no web address")
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            made.headers.pop("Authorization", None)
            made.unredirected_hdrs.pop("Authorization", None)
        return made


def _open(url: str, settings: NetSettings, token: str, headers: Mapping[str, str]) -> Any:
    if urlsplit(url).scheme not in ("http", "https"):
        raise urllib.error.URLError("not a web address")
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT, "Accept-Encoding": "identity", **headers})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    handlers: list[urllib.request.BaseHandler] = [_SafeRedirects()]
    if settings.proxy:
        handlers.append(urllib.request.ProxyHandler({"http": settings.proxy, "https": settings.proxy}))
    with asked_for_network():
        return urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT)


def _retry_after(headers: Any) -> float:
    value = str(headers.get("Retry-After") or "")
    if value.isdigit():
        return float(value)
    when = email.utils.parsedate_tz(value) if value else None
    return max(0.0, email.utils.mktime_tz(when) - time.time()) if when else 0.0


class NotFound(UserError):  # noqa: N818 - reads as what it is
    """The server has no such file."""


def _refusal(error: urllib.error.HTTPError, title: str) -> UserError:
    if error.code in (401, 403):
        return UserError(
            f"The publisher of “{title}” gives it only to people who agreed to the terms.",
            "Agree on the model's page in a browser, then enter your access token on the Storage page.",
        )
    if error.code in (404, 410):
        return NotFound(f"“{title}” was not found on its server.", "It may have been moved or withdrawn.")
    if error.code == 429:
        return UserError(f"The server asks to wait before “{title}” is fetched.", "Try again in some minutes.")
    return UserError(f"The server refused “{title}” (code {error.code}).", "Try again later.")
