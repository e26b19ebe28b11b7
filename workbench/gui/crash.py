"""Did the app end properly last time? And what may be told of a crash: nothing of the person's.

A marker lies in the settings folder while the app runs. One that is still there at the next start, and that no living process
holds, says that the app was killed, crashed, or the power went. The report is made from an allow-list: where in our program and
its libraries it happened, the kinds of the errors and the versions. Messages are left out whole, since they may hold names of
files, labels and texts.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import platform
import re
import sys
from collections import deque
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from workbench import __version__, atomic
from workbench.app_log import log_file
from workbench.app_paths import AppPaths, is_packaged
from workbench.data.lock import FileLock

_MARKER, _LOCK, _FATAL = "running.json", "running.lock", "fatal.log"
# So many starts in a row that did not come to an end bring the offer of safe mode.
AT_START = 2
_LINES = 4000
_SHOWN = 60
_LIBRARIES = (
    "PySide6",
    "torch",
    "torchvision",
    "transformers",
    "timm",
    "onnxruntime",
    "numpy",
    "pillow",
    "safetensors",
)
_OTHER = "another file"
_PACKAGE = Path(__file__).resolve().parents[1]
_PLAIN = re.compile(r"\w+(\.py)?")
# Whose log lines are told: ours and those of libraries.
_SPEAKERS = ("workbench", "root", "py", "torch", "transformers", "timm", "PIL", "urllib3", "huggingface_hub", "asyncio")
# "… File "/any/where/site-packages/torch/nn/x.py", line 12, in forward" of tracebacks and of the fault handler.
_FRAME = re.compile(r'^ +File "(?P<file>[^"\n]+)", line (?P<line>\d+)(?:,)? in (?P<name>[A-Za-z_<][\w<>.]*)')
_ERROR = re.compile(
    r"^(?P<kind>(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Cancelled|Stop\w*))(?::|$)"
)
_LOGGED = re.compile(r"^(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ (?P<level>[A-Z]+) (?P<name>[A-Za-z_][\w.]*):")
_SIGNAL = re.compile(r"^(Fatal Python error: [A-Za-z ]+|Windows fatal exception: [a-z ]+)")


@dataclass(frozen=True)
class Last:
    """How it ended last time. `at_start`: so many starts in a row, the last one among them, ended before they were over."""

    crashed: bool = False
    at_start: int = 0

    @property
    def offer_safe_mode(self) -> bool:
        return self.at_start >= AT_START


class Watch:
    """Keeps the marker. A second copy of the app leaves it to the first."""

    def __init__(self, paths: AppPaths) -> None:
        self._folder = paths.settings
        self._logs = paths.logs
        self._lock = FileLock(paths.settings / _LOCK)
        self._held = False
        self._at_start = 0
        self._fatal: IO[str] | None = None

    def begin(self) -> Last:
        """The app starts. Returns how it ended last time."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._held = self._lock.acquire()
            if not self._held:
                return Last()
            last = self._read()
            self._at_start = last.at_start
            self._write("starting")
            self._logs.mkdir(parents=True, exist_ok=True)
            # The trace of the last crash stays readable until this start's report has been asked for.
            self._fatal = (self._logs / _FATAL).open("a", encoding="utf-8")
            faulthandler.enable(self._fatal)
        except OSError:
            return Last()
        return last

    def started(self) -> None:
        """The window is there and what was open is open."""
        self._at_start = 0
        self._write("running")

    def end(self) -> None:
        """It ends properly."""
        if not self._held:
            return
        with contextlib.suppress(OSError):
            (self._folder / _MARKER).unlink(missing_ok=True)
            if self._fatal is not None:
                faulthandler.disable()
                self._fatal.close()
                self._fatal = None
                (self._logs / _FATAL).unlink(missing_ok=True)
        self._lock.release()
        self._held = False

    def _read(self) -> Last:
        try:
            known = json.loads((self._folder / _MARKER).read_text(encoding="utf-8"))
            starting = known["phase"] == "starting"
            return Last(True, int(known["at_start"]) + 1 if starting else 0)
        except FileNotFoundError:
            return Last()
        except (OSError, ValueError, KeyError, TypeError):
            return Last(True)  # torn by what ended it

    def _write(self, phase: str) -> None:
        if self._held:
            with contextlib.suppress(OSError):
                known = {"phase": phase, "at_start": self._at_start}
                atomic.write_text(self._folder / _MARKER, json.dumps(known))


def report(paths: AppPaths) -> str:
    """What may be told to others of a crash; see the module."""
    lines = [
        f"Model Workbench {__version__}",
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}",
        "Libraries: " + ", ".join(f"{name} {version}" for name in _LIBRARIES if (version := _version(name))),
        "",
        "Where it happened (from the log; messages, names and paths are left out):",
    ]
    kept: deque[str] = deque(maxlen=_SHOWN)
    for file in (log_file(paths.logs), paths.logs / _FATAL):
        kept += redacted(_tail(file))
    return "\n".join([*lines, *(kept or ["Nothing was logged."]), ""])


def redacted(text: str) -> list[str]:
    """Of a log's text the lines that hold nothing of a person's, each cut to what is known to hold nothing."""
    found: list[str] = []
    for line in text.splitlines():
        if frame := _FRAME.match(line):
            file = _module(frame["file"])
            # Names in a person's own programs are the person's.
            found.append(f"  {file}:{frame['line']} {frame['name'] if file != _OTHER else 'another place'}")
        elif (logged := _LOGGED.match(line)) and logged["name"].split(".")[0] in _SPEAKERS:
            found.append(f"{logged['when']} {logged['level']} {logged['name']}")
        elif kind := _ERROR.match(line):
            found.append(kind["kind"])
        elif fatal := _SIGNAL.match(line):
            found.append(fatal[1])
    # Where nothing went wrong, when something was noted says little.
    return [line for line in found if not re.search(r" (INFO|DEBUG) ", line)]


def _module(file: str) -> str:
    """A file of our program, of a library or of Python as a short name; any other is "another file"."""
    # The log names ours from “workbench” on, and so does the installed app, whose compiled files know no longer whence they came.
    parts = file.removeprefix(f"{_PACKAGE.parent}{os.sep}").replace("\\", "/").split("/")
    if _is_ours(parts) or (is_packaged() and _is_inside(parts)):
        return "/".join(parts)
    if "site-packages" in parts:
        return "/".join(parts[len(parts) - parts[::-1].index("site-packages") :])
    if any(re.fullmatch(r"python3(\.\d+)?", part, re.IGNORECASE) for part in parts[:-1]):
        return parts[-1]
    return _OTHER


def _is_ours(parts: list[str]) -> bool:
    """Somebody's own folder “workbench” holds none of our modules."""
    if parts[0] != "workbench" or not all(_PLAIN.fullmatch(part) for part in parts):
        return False
    file = _PACKAGE.joinpath(*parts[1:])
    return file.is_file() or file.with_suffix(".pyc").is_file()


def _is_inside(parts: list[str]) -> bool:
    """Whether it is a file of a library, or of Python, as the installed app names them: torch/nn/modules/module.py."""
    first = parts[0].removesuffix(".py")
    if not all(_PLAIN.fullmatch(part) for part in parts):
        return False
    return first in sys.stdlib_module_names or find_spec(first) is not None


def _tail(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return "".join(deque(stream, maxlen=_LINES))
    except OSError:
        return ""


def _version(name: str) -> str:
    for known in (name, f"{name}-Essentials"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(known)
    return ""
