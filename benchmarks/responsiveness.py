"""How quick the window is there, and how smooth it stays while a model learns.

    python benchmarks/responsiveness.py

Prints, measured in this run: seconds from process start to the first turn of the event loop after the window is painted
(best of three) and whether torch was imported by then; gaps of the event loop while idle, during Quick and during
Thorough (one epoch) with the live view open; memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

HOME = tempfile.mkdtemp()
os.environ["WORKBENCH_HOME"] = HOME
if sys.platform == "linux" and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def start_up() -> None:
    """Time from process start to an interactive window."""
    from workbench.gui.app import PROBE_VARIABLE

    times, words = [], ""
    for _ in range(3):
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {PROBE_VARIABLE: "1"},
        )
        assert process.stdout is not None
        words = process.stdout.readline().strip()
        times.append(time.perf_counter() - began)
        process.wait(30)
    print(f"start to interactive window: {min(times):.2f} s (best of {len(times)}); {words}")


def gaps() -> None:
    """Event-loop gaps: how late a timer of one millisecond comes."""
    import psutil
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from workbench.engine.events import How
    from workbench.gui.app import after_first_paint
    from workbench.gui.context import AppContext
    from workbench.gui.main_window import MainWindow
    from workbench.gui.theme import install_theme

    app = QApplication([])
    ctx = AppContext()
    install_theme(app, "light")
    window = MainWindow(ctx)
    window.resize(1280, 800)
    window.show()
    seen: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        seen.append((now - last) * 1000)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(1)

    def until(done: object, seconds: float) -> None:
        end = time.perf_counter() + seconds
        assert callable(done)
        while not done() and time.perf_counter() < end:
            app.processEvents()
            time.sleep(0.0005)

    def report(name: str) -> None:
        nonlocal last
        values = sorted(seen)
        memory = psutil.Process().memory_info().rss / 1e9
        if values:
            at = lambda q: values[min(len(values) - 1, int(q * len(values)))]  # noqa: E731
            late = sum(v > 50 for v in values)
            print(
                f"{name:28} gaps: p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, longest {values[-1]:.0f} ms,"
                f" over 50 ms: {late} of {len(values)}; memory {memory:.2f} GB"
            )
        seen.clear()
        last = time.perf_counter()

    until(lambda: False, 2)
    report("idle")
    after_first_paint(window)
    until(lambda: not ctx.jobs.running(), 60)
    report("getting ready after start")
    window.page("home").open_sample("digits")  # type: ignore[attr-defined]
    until(lambda: window.current_page_id == "data", 60)
    until(lambda: False, 3)
    report("importing 400 pictures")
    page = window.page("train")
    window.show_page("train")
    until(lambda: not ctx.jobs.running(), 60)
    report("speed test")
    for how, epochs in ((How.QUICK, 0), (How.THOROUGH, 1)):
        window.show_page("train")
        page._show_setup()  # type: ignore[attr-defined]
        page.setup.choose_how(how)  # type: ignore[attr-defined]
        page.setup.epochs.setValue(epochs)  # type: ignore[attr-defined]
        until(lambda: not ctx.jobs.running(), 60)
        page.live.clear()  # type: ignore[attr-defined]
        seen.clear()
        page.setup.start.click()  # type: ignore[attr-defined]
        until(lambda: page.live.progress.finished is not None and not page.running, 600)  # type: ignore[attr-defined]
        report(f"training, {how.value}")
    ctx.jobs.stop_all()
    ctx.thumbnails.stop()


if __name__ == "__main__":
    start_up()
    gaps()
