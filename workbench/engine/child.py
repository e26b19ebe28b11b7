"""Work in a process of its own: what holds the interpreter for seconds, or could not be stopped, stops within a moment there."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from threading import Thread

from workbench.app_paths import for_this_program, this_program
from workbench.control import Control

_POLL = 0.1


def run_child(
    arguments: Sequence[str],
    control: Control,
    *,
    longest: float = math.inf,
    told: Callable[[str], None] | None = None,
    in_background: bool = False,
) -> int:
    """Start this app with these arguments and wait for its end.

    Args:
        longest: seconds after which it counts as hanging.
        told: gets each line that it writes, in a thread of its own.
        in_background: it gives way to all else the computer does (Windows; elsewhere it does so by itself).

    Returns:
        Its exit code.

    Raises:
        TimeoutError: when it takes longer.
        Cancelled: when asked to stop. It, and whatever it has started, is ended in both cases.
    """
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    flags |= getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) if in_background else 0
    process = subprocess.Popen(
        [*this_program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL if told is None else subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=for_this_program(), creationflags=flags, encoding="utf-8", errors="replace",
    )  # fmt: skip
    reader = Thread(target=_read, args=(process, told), name="what a process says")
    if told is not None:
        reader.start()
    try:
        attend(process, control, longest)
    finally:
        end(process)
        if told is not None:
            reader.join()
            assert process.stdout is not None
            process.stdout.close()
    return process.returncode


def attend(
    process: subprocess.Popen[str] | subprocess.Popen[bytes], control: Control, longest: float = math.inf
) -> None:
    """Wait until a process has ended. Raises: TimeoutError after `longest` seconds. Cancelled. It goes on in both cases."""
    waited = 0.0
    while process.poll() is None:
        control.check()
        if waited > longest:
            raise TimeoutError
        try:
            process.wait(_POLL)
        except subprocess.TimeoutExpired:
            waited += _POLL


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a process now, with whatever it has started; nothing to do when it is over."""
    if process.poll() is not None:
        return
    import psutil

    try:
        started = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:  # it ended in this moment
        started = []
    process.kill()
    process.wait()
    for child in started:
        try:
            child.kill()
        except psutil.Error:
            continue  # gone with its parent


def _read(process: subprocess.Popen[str], told: Callable[[str], None] | None) -> None:
    if process.stdout is None or told is None:
        return
    for line in process.stdout:
        told(line.rstrip("\n"))


def say(line: str) -> None:
    """In the process itself: a line for `told`. Whoever reads may be gone."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:
        return
