"""Watches a running window for gaps of its event loop, and says of each what the window's thread was doing.

A timer beats in the window's thread. A second thread looks at the time since the last beat; once it is longer than `LATE_MS` it
writes down the call stack of the window's thread every few milliseconds until the beat comes back. On Linux the kernel tells how
much of a gap the thread computed, how much it stood in line for a processor (other programs' doing), and the rest it waited: for
another thread that held the interpreter, for a lock, for the disk.
"""

from __future__ import annotations

import faulthandler
import gc
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

LATE_MS = 50.0
_BEAT_MS = 2
_LOOK = 0.004
_OURS = ("workbench/", "pyqtgraph/")


@dataclass
class Gap:
    """One time in which the window did not answer.

    Attributes:
        during: the journey's step.
        ms: how long; `busy_ms` of it the window's thread computed, `queued_ms` it stood in line for a processor.
        culprits: places in the code by how often they were seen, innermost of ours.
        others: what the other threads were at, when the window's own thread waited.
        collecting_ms: how long Python looked for garbage meanwhile, in whatever thread: all others stand still for it.
    """

    during: str
    ms: float
    busy_ms: float
    queued_ms: float
    culprits: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    collecting_ms: float = 0.0

    @property
    def own_ms(self) -> float:
        """Without the time in which other programs had the processor."""
        return self.ms - self.queued_ms

    def line(self) -> str:
        """As one line of a report."""
        waited = max(0.0, self.ms - self.busy_ms - self.queued_ms)
        seen = self.culprits.most_common()
        # Where the app was at all, rather than the loop that has it called.
        seen = [found for found in seen if not found[0].startswith(("window_watch", "window_speed"))] or seen
        what = seen[0][0] if seen else "not seen"
        held = self.others.most_common(1)
        beside = f"; beside it {held[0][0]}" if held and waited > self.busy_ms else ""
        garbage = f"; looking for garbage {self.collecting_ms:.0f}" if self.collecting_ms >= 1 else ""
        return (
            f"{self.ms:5.0f} ms (computing {self.busy_ms:.0f}, in line {self.queued_ms:.0f}, waiting {waited:.0f}{garbage})"
            f"  {self.during}: {what}{beside}"
        )


class Watch:
    """Start it in the window's thread, with an application running. `during` names what is being done."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.during = "start"
        self.gaps: list[Gap] = []
        self.beats: Counter[str] = Counter()
        self._main = threading.get_ident()
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._last = time.perf_counter()
        self._usage = self._used()
        self._seen: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._collected = 0.0
        self._collecting_since = 0.0
        gc.callbacks.append(self._garbage)
        self._over = threading.Event()
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - as long as this lives
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(_BEAT_MS)
        self._thread = threading.Thread(target=self._look, daemon=True, name="watch")
        self._thread.start()

    def begin(self, name: str) -> None:
        """What comes now belongs to `name`."""
        self._beat()
        self.during = name

    def forget(self) -> None:
        """What the benchmark itself has just prepared is no gap."""
        self._last, self._usage = time.perf_counter(), self._used()
        self._seen, self._others = Counter(), Counter()

    def stop(self) -> None:
        self._over.set()
        gc.callbacks.remove(self._garbage)
        self._timer.stop()
        self._thread.join(1)

    def since(self, count: int) -> list[Gap]:
        """Gaps after the first `count`."""
        return self.gaps[count:]

    def _used(self) -> tuple[float, float]:
        """Milliseconds the window's thread has computed, and stood in line, so far."""
        try:
            busy, queued, _turns = self._schedule.read_text().split()
        except (OSError, ValueError):
            return time.thread_time() * 1000, 0.0
        return int(busy) / 1e6, int(queued) / 1e6

    def _garbage(self, phase: str, _info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._collecting_since = now
        else:
            self._collected += (now - self._collecting_since) * 1000

    def _beat(self) -> None:
        now = time.perf_counter()
        gap = (now - self._last) * 1000
        used = self._used()
        self.beats[self.during] += 1
        if gap > LATE_MS:
            seen, self._seen = self._seen, Counter()
            others, self._others = self._others, Counter()
            self.gaps.append(
                Gap(self.during, gap, used[0] - self._usage[0], used[1] - self._usage[1], seen, others, self._collected)
            )
        elif self._seen:
            self._seen, self._others = Counter(), Counter()
        self._last, self._usage, self._collected = now, used, 0.0

    def _look(self) -> None:
        while not self._over.wait(_LOOK):
            if (time.perf_counter() - self._last) * 1000 < LATE_MS * 0.4:
                continue
            for ident, stack in _stacks(self._file).items():
                if ident == self._main:
                    self._seen[_place(stack)] += 1
                elif where := _busy_place(stack):
                    self._others[where] += 1


@dataclass(frozen=True)
class Call:
    """One line of a call stack."""

    file: str
    line: str
    name: str

    def __str__(self) -> str:
        return f"{_short(self.file)}:{self.line} {self.name}"


_CALL = re.compile(r'  File "(.*)", line (\S+) in (.*)')


def _stacks(file: IO[str]) -> dict[int, list[Call]]:
    """Every thread's call stack, innermost first, without the one that asks.

    Not by `sys._current_frames`: whoever holds another thread's frame keeps that function's painters and widgets alive after it
    has ended, and Qt crashes over them. This writes text and holds nothing.
    """
    file.seek(0)
    file.truncate()
    faulthandler.dump_traceback(file, all_threads=True)
    file.seek(0)
    found: dict[int, list[Call]] = {}
    now: list[Call] = []
    for line in file.read().splitlines():
        if line.startswith("Thread 0x"):
            now = found.setdefault(int(line.split()[1], 16), [])
        elif line.startswith("Current thread"):
            now = []
        elif parts := _CALL.match(line):
            now.append(Call(*parts.groups()))
    return found


def _place(stack: list[Call]) -> str:
    """The innermost lines of the app's own code, and the innermost line at all."""
    own = [c for c in stack if any(part in c.file for part in _OURS) and "benchmarks" not in c.file]
    if not own:
        return str(stack[0]) if stack else ""
    chain = " < ".join(map(str, own[:4]))
    return chain if own[0] is stack[0] else f"{stack[0].name} ({_short(stack[0].file)}) < {chain}"


_WAITS = ("wait", "_wait", "get", "select", "poll", "accept", "_worker")


def _busy_place(stack: list[Call]) -> str:
    """Where another thread is, "" for one that only waits."""
    if not stack or stack[0].name in _WAITS or "threading.py" in stack[0].file:
        return ""
    own = next((c for c in stack if "workbench/" in c.file), None)
    return str(stack[0]) if own is None or own is stack[0] else f"{stack[0]} < {own}"


def _short(name: str) -> str:
    for mark in ("/workbench/", "/site-packages/", "/python3."):
        if mark in name:
            return name.split(mark)[-1]
    return Path(name).name


class Driver:
    """Does what a person does, from the event loop, and waits for states."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.spent: dict[str, tuple[float, float]] = {}

    def step(
        self,
        name: str,
        act: Callable[[], Any] | None = None,
        until: Callable[[], bool] | None = None,
        seconds: float = 60.0,
        rest: float = 0.15,
    ) -> tuple[float, float]:
        """Do `act` from the event loop and run it until `until` holds, and for `rest` seconds more.

        Returns:
            Milliseconds: of `act` itself, and until the state was reached; that it was not in `seconds` is printed.
        """
        from PySide6.QtCore import QEventLoop, QTimer

        self.watch.begin(name)
        loop = QEventLoop()
        began = time.perf_counter()
        slot = reached = 0.0
        state = {"done": act is None, "reached": 0.0, "slot": 0.0, "failed": False}

        def run() -> None:
            assert act is not None
            start = time.perf_counter()
            try:
                act()
            finally:
                state["slot"] = (time.perf_counter() - start) * 1000
                state["done"] = True

        def look() -> None:
            now = time.perf_counter()
            if now - began > seconds:
                state["failed"] = True
                loop.quit()
            elif state["done"] and not state["reached"]:
                if until is None or until():
                    state["reached"] = now
            elif state["reached"] and now - state["reached"] >= rest:
                loop.quit()

        timer = QTimer()
        timer.timeout.connect(look)
        timer.start(3)
        if act is not None:
            QTimer.singleShot(0, run)
        loop.exec()
        timer.stop()
        if state["failed"]:
            print(f"“{name}” did not come to its end in {seconds:.0f} s", flush=True)
        slot, reached = state["slot"], ((state["reached"] or time.perf_counter()) - began) * 1000
        self.spent[name] = slot, reached
        return slot, reached
