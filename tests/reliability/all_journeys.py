"""A process that does all the app can do offline, with the true addresses of hubs, and writes down every attempt to
reach another computer. Run by test_reliability_privacy.py."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

attempts: list[str] = []


def _see(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        attempts.append(f"{event} {arguments[1][0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        attempts.append(f"{event} {arguments[0]}")


# Before anything else is imported.
sys.addaudithook(_see)


def command_line(folder: Path) -> list[str]:
    """Every command on real input. Returns those that failed, which none should."""
    import numpy as np
    import soundfile
    from PIL import Image

    from workbench.__main__ import main
    from workbench.app_paths import resources
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import is_present

    samples = resources() / "samples"
    photo = str(folder / "china.png")
    Image.open(samples / "try" / "china.jpg").resize((96, 64)).save(photo)
    rate = 16_000
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    soundfile.write(folder / "tone.wav", tone.astype(np.float32), rate)
    sound = str(folder / "tone.wav")
    notes = folder / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# Warranty\n\nThe maker repairs the motor for five years.\n", encoding="utf-8")

    failed: list[str] = []

    def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> None:
        if main(list(arguments)) not in codes:
            failed.append(" ".join(arguments))

    run("doctor")
    run("models", "list")
    run("demo", "--out", str(folder / "demo"))
    own = Catalog.load().own()[0].id
    inputs = {"picture": photo, "sound": sound, "text": "Anna lives in Vienna."}
    from workbench.tasks.registry import get_task

    for card in Catalog.load().cards():
        if card.source.kind in OFFLINE and is_present(card):
            for task in card.tasks:
                kind = get_task(task).info.media
                if kind in inputs:
                    run(
                        "predict",
                        inputs[kind],
                        "--model",
                        card.id,
                        "--task",
                        task,
                        "--labels",
                        "city,person",
                        codes=(0, 3),
                    )
    run("predict", photo, "--model", own)
    run("explain", photo, "--model", own)
    for format in ("folder", "onnx"):
        run("export", own, "--format", format, "--out", str(folder / format), "--accept-licence")
    run("documents", "index", str(notes))
    run("documents", "search", "how long is the warranty?", "--in", str(notes))
    return failed


OFFLINE = ("wheel", "bundled")


def window(folder: Path) -> None:
    """The window: every page, a sample project, a training, its results, a try."""
    from PySide6.QtWidgets import QApplication

    from workbench.app_paths import resources
    from workbench.gui.app import after_first_paint
    from workbench.gui.context import AppContext
    from workbench.gui.main_window import MainWindow
    from workbench.gui.rail import PAGES
    from workbench.tasks.registry import get_task

    app = QApplication([])
    ctx = AppContext()
    shown: Any = MainWindow(ctx)
    shown.show()
    after_first_paint(shown)

    def wait(done: Callable[[], bool], seconds: float = 300.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise SystemExit(
                    f"the window did not get there in time: {done.__code__.co_firstlineno} {ctx.jobs.running}"
                )
            app.processEvents()
            time.sleep(0.005)

    before = ctx.store.project
    shown.page("home").open_sample("reviews")
    wait(lambda: ctx.store.project is not before and shown.current_page_id == "data")
    shown.show_page("train")
    train = shown.page("train")
    wait(lambda: bool(train.setup.start.isEnabled()))
    train.setup.start.click()
    wait(lambda: train.live.progress.finished is not None and not train.running)
    shown.show_page("results", {"run_id": ctx.store.require().runs()[0].id})
    results = shown.page("results")
    wait(lambda: results.evaluation is not None)
    for entry in PAGES:
        shown.show_page(entry.id)
        for _ in range(40):
            app.processEvents()
            time.sleep(0.005)
    page = shown.page("try")
    page._show_task(get_task("image-classification"), "picture-starter")
    page.try_paths([str(resources() / "samples" / "try" / "china.jpg")])
    wait(lambda: page._result is not None)
    shown.close()
    wait(lambda: not ctx.jobs.running())


def run() -> None:
    """Print what was attempted, as JSON in the last line."""
    folder = Path(sys.argv[2])
    failed: list[str] = []
    if sys.argv[1] == "commands":
        failed = command_line(folder)
    else:
        from workbench import guard

        guard.stand()
        window(folder)
    sys.stdout.write("\n" + json.dumps({"attempts": attempts, "failed": failed, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    run()
