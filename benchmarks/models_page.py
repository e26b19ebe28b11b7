"""How long the Models page needs per keystroke with a thousand cards and more, and a look whether each is on the disk.

    python benchmarks/models_page.py

Prints medians and the longest, beside the 16 ms of a screen's frame.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_HOME = tempfile.TemporaryDirectory(prefix="workbench-bench-")
os.environ["WORKBENCH_HOME"] = _HOME.name

from PySide6.QtWidgets import QApplication  # noqa: E402

from workbench.gui.context import AppContext  # noqa: E402
from workbench.gui.main_window import MainWindow  # noqa: E402
from workbench.gui.theme import install_theme  # noqa: E402

FRAME_MS = 1000 / 60


def main() -> None:
    """Measure and print."""
    app = QApplication([])
    ctx = AppContext()
    install_theme(app, "light")
    catalog = ctx.catalog
    cards = [c for c in catalog.cards() if not c.is_own]
    while len(catalog._bundled) < 1000:
        number = len(catalog._bundled)
        catalog._bundled.append(replace(cards[number % len(cards)], id=f"copy-{number}", starter=False))
    window = MainWindow(ctx)
    window.resize(1280, 860)
    window.show()
    window.show_page("models")
    page = window.page("models")
    app.processEvents()

    def timed(work: object) -> float:
        began = time.perf_counter()
        work()  # type: ignore[operator]
        app.processEvents()
        return (time.perf_counter() - began) * 1000

    def typed(text: str) -> list[float]:
        times = []
        for end in range(1, len(text) + 1):
            page.search.setText(text[:end])  # type: ignore[attr-defined]
            times.append(timed(page._fill))  # type: ignore[attr-defined]
        return times

    typed("resnet")  # the first search also joins each card's words
    rows = {
        "a keystroke: searched and listed": [
            t for text in ("densenet", "german", "yolo", "small model") for t in typed(text)
        ],
        "search alone": [timed(lambda: catalog.search("small model")) for _ in range(50)],
        "which of them are on this computer": [
            timed(lambda: [ctx.is_here(c) for c in catalog.cards()]) for _ in range(20)
        ],
    }
    print(f"{len(catalog.cards()):,} cards; a frame has {FRAME_MS:.1f} ms")
    for name, times in rows.items():
        middle, longest = statistics.median(times), max(times)
        print(
            f"{name:48} median {middle:6.2f} ms ({middle / FRAME_MS:.2f} frames), longest {longest:6.2f} ms, n={len(times)}"
        )
    ctx.jobs.stop_all()
    ctx.thumbnails.stop()
    ctx.downloads.stop()
    window.close()


if __name__ == "__main__":
    main()
