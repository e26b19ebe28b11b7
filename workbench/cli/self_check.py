"""workbench self-check: everything the app does, once, on samples: does this installation work?

It opens the window, asks every starter model, teaches one, runs a detector, exports, explains, reads documents and sounds. It
works in an empty home of its own, which is gone afterwards, uses no network, and needs no screen.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.output import as_json, out

if TYPE_CHECKING:
    from workbench.engine.self_check import Place, Step

# The window says this word when it can be clicked, and after it what it found (see `workbench.gui.app`).
_READY = "interactive"
_LONGEST = 180.0


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser(
        "self-check", help="try out everything once: does this installation work?", description=__doc__
    )
    command.add_argument("--only", action="append", default=[], metavar="STEP", help="only these steps (see --list)")
    command.add_argument("--list", action="store_true", help="say which steps there are")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0 when every step worked. Each prints one line: ok or failed, its name, seconds, what came out."""
    from workbench.errors import UserError

    steps = every_step()
    if options.list:
        for step in steps:
            out(f"{step.id:12} {step.title}")
        return 0
    unknown = set(options.only) - {step.id for step in steps}
    if unknown:
        raise UserError(f"There is no step “{sorted(unknown)[0]}”.", "workbench self-check --list names them.")
    wanted = _with_needed(steps, options.only)
    before = {name: os.environ.get(name) for name in ("WORKBENCH_HOME", "HF_HUB_OFFLINE")}
    lines = []
    with tempfile.TemporaryDirectory(prefix="workbench-self-check-", ignore_cleanup_errors=True) as folder:
        os.environ["WORKBENCH_HOME"] = str(Path(folder) / "home")
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            place = _empty_place(Path(folder))
            for step in wanted:
                line = _try(step, place)
                lines.append(line)
                if not options.json:
                    mark = "ok    " if line["ok"] else "FAILED"
                    out(f"{mark} {step.title:32} {line['seconds']:6.1f} s  {line['detail']}")
                    sys.stdout.flush()
        finally:
            _let_go()
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    failed = [line["step"] for line in lines if not line["ok"]]
    seconds = sum(line["seconds"] for line in lines)
    if options.json:
        as_json({"steps": lines, "failed": failed, "seconds": round(seconds, 1)})
    elif failed:
        out(f"{len(failed)} of {len(lines)} steps failed: {', '.join(failed)}")
    else:
        out(f"It works: {len(lines)} {'step' if len(lines) == 1 else 'steps'}, {seconds:.0f} s.")
    return 1 if failed else 0


def every_step() -> list[Step]:
    """Those of the engine, and those that start the app as a program of its own."""
    from workbench.engine.self_check import Step, all_steps

    steps = [
        Step("version", "The command line", _version),
        Step("window", "The window opens", _window),
        Step("pages", "Every page of the window", _pages),
        *all_steps(),
        Step("decoder", "Sound of videos", _decoder),
    ]
    # The local server brings its own, where it is part of the app.
    if find_spec("workbench.serve") is not None and find_spec("workbench.serve.self_check") is not None:
        check = import_module("workbench.serve.self_check").check
        steps.append(Step("serve", "The local server", lambda _place: check()))
    return steps


def _with_needed(steps: Sequence[Step], only: Sequence[str]) -> list[Step]:
    if not only:
        return list(steps)
    wanted = set(only)
    for step in reversed(steps):  # what a step stands on comes before it
        if step.id in wanted:
            wanted |= set(step.after)
    return [step for step in steps if step.id in wanted]


def _empty_place(folder: Path) -> Place:
    from dataclasses import replace

    from workbench.app_paths import app_paths
    from workbench.engine.self_check import Place
    from workbench.hub import net_settings

    app_paths().ensure()
    net_settings.save(replace(net_settings.load(), offline=True))
    work = folder / "work"
    work.mkdir()
    return Place(work)


def _try(step: Step, place: Place) -> dict[str, Any]:
    from workbench.errors import UserError

    started = time.perf_counter()
    try:
        detail, ok = step.run(place), True
    except UserError as error:
        detail, ok = str(error), False
    except Exception as error:  # whatever a step runs into is what the check is for
        import logging

        logging.getLogger(__name__).exception("step %s", step.id)
        detail, ok = f"{type(error).__name__}: {error}".splitlines()[0][:300], False
    return {"step": step.id, "ok": ok, "seconds": round(time.perf_counter() - started, 2), "detail": detail}


def _let_go() -> None:
    """Models opened on the way hold files of the home that is about to go."""
    if "workbench.engine.pool" in sys.modules:
        from workbench.engine.pool import shared_pool

        shared_pool().clear()


# The steps that start the app itself -----------------------------------------------------------------------------------


def _child(arguments: Sequence[str], more: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Start the app; gives (exit code, stdout, stderr). Raises: Failed when it does not end."""
    from workbench.app_paths import for_this_program, this_program
    from workbench.engine.self_check import Failed

    environment = for_this_program() | (more or {})
    try:
        done = subprocess.run(
            [*this_program(), *arguments], capture_output=True, text=True, errors="replace", env=environment,
            timeout=_LONGEST, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Failed(f"It did not end within {_LONGEST:.0f} seconds.") from error
    return done.returncode, done.stdout, done.stderr


def _screen() -> dict[str, str]:
    """Without a screen the window is drawn into memory."""
    has_one = sys.platform != "linux" or any(
        os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    return {} if has_one else {"QT_QPA_PLATFORM": "offscreen"}


def _version(_place: Place) -> str:
    from workbench import __version__
    from workbench.engine.self_check.base import expect

    code, said, complaint = _child(["--version"])
    expect(code == 0 and __version__ in said, f"exit code {code}: {(said + complaint).strip()[-200:]}")
    return said.strip()


def _probe(what: str) -> tuple[float, str]:
    """Seconds from the start to a window that can be clicked, and what else it says."""
    from workbench.app_paths import for_this_program, this_program
    from workbench.engine.self_check import Failed

    environment = for_this_program() | _screen() | {"WORKBENCH_STARTUP_PROBE": what}
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as complaint:
        process = subprocess.Popen(
            [*this_program(), "--new-window"], stdout=subprocess.PIPE, stderr=complaint, text=True, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        import threading

        watchdog = threading.Timer(_LONGEST, process.kill)
        watchdog.start()
        try:
            first = process.stdout.readline()
            seconds = time.perf_counter() - started
            rest = process.stdout.read()
            code = process.wait()
        finally:
            watchdog.cancel()
        complaint.seek(0)
        words = complaint.read().strip()
    if code or not first.startswith(_READY):
        raise Failed(f"The window did not open (exit code {code}): {words[-300:]}")
    return seconds, rest


def _window(_place: Place) -> str:
    seconds, _ = _probe("1")
    again, _ = _probe("1")
    return f"ready after {seconds:.2f} s, the second time {again:.2f} s"


def _pages(_place: Place) -> str:
    from workbench.engine.self_check.base import expect

    _, rest = _probe("pages")
    try:
        found = json.loads(rest.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        from workbench.engine.self_check import Failed

        raise Failed(f"The window did not say what it shows: {rest[-200:]}") from error
    expect(not found["broken"], f"cannot be shown: {', '.join(found['broken'])}")
    return f"{len(found['shown'])} pages and parts"


def _decoder(place: Place) -> str:
    """Qt's own decoder, in the process of its own that reads the sound of videos."""
    import struct

    from workbench.engine.self_check.base import expect

    path = place.folder / "beep.wav"
    samples = b"".join(struct.pack("<h", 8000 if n // 20 % 2 else -8000) for n in range(16_000))
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(samples),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        16_000,
        32_000,
        2,
        16,
        b"data",
        len(samples),
    )
    path.write_bytes(header + samples)
    from workbench.app_paths import for_this_program, this_program

    done = subprocess.run(
        [*this_program(), "--decode-sound", str(path)], capture_output=True, env=for_this_program(), timeout=_LONGEST,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    first, _, rest = done.stdout.partition(b"\n")
    expect(
        done.returncode == 0 and first.startswith(b"{"),
        f"exit code {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}",
    )
    facts = json.loads(first)
    seconds = len(rest) / (facts["rate"] * facts["channels"] * int(facts["form"][-1]))
    expect(abs(seconds - 1) < 0.05, f"{seconds:.2f} of 1 s came back")
    return f"{seconds:.2f} s at {facts['rate']} Hz"
