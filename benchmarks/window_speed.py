"""How quick the window is with a project of 100,000 pictures, and whether it ever stops answering.

    python benchmarks/window_speed.py [--quick] [--items N] [--write] [--only PART ...] [--peers FOLDER]

Drives the real window as a person does: start, open, scroll the whole list, filter, search, sort, label with keys, select all,
undo, then every page, predict on 200 pictures, import, check the data, train (Quick), look at the results, and curves of a million
points. A second thread watches the event loop (see `window_watch`): every gap over 50 ms is told with the line of code that the
window was at. `--write` puts the tables into docs/window_speed.md. `--peers FOLDER`: start-up and opening a folder against napari,
labelme and X-AnyLabeling, each from a virtual environment FOLDER/NAME (see `window_peers`).

The 100,000 are rows of a real project file with 100,000 file names; behind the names are hard links to 2,000 distinct JPEGs of
640 x 480 (the app keys thumbnails by name, so each is read and made anew). Hashes and signatures are drawn at random.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
HOME = Path(tempfile.mkdtemp(prefix="window-"))
os.environ["WORKBENCH_HOME"] = str(HOME / "Me")
if sys.platform == "linux" and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from window_watch import LATE_MS, Driver, Gap, Watch  # noqa: E402 - after the search path is set

TARGET = ROOT / "docs" / "window_speed.md"
BEGIN, END = "<!-- measured: benchmarks/window_speed.py --write -->", "<!-- end -->"
FRAME_MS = 1000 / 60
DISTINCT = 2000
PARTS = ("start", "list", "pages", "learn", "curves")


def build(folder: Path, files: Path, count: int, distinct: int) -> None:
    """A project of `count` picture items, made row by row without the import."""
    import random

    import numpy as np
    from PIL import Image

    from workbench.data.project import Project

    rng = np.random.default_rng(0)
    files.mkdir(parents=True)
    real = []
    for n in range(min(distinct, count)):
        small = rng.integers(0, 255, (6, 8, 3), np.uint8)
        file = files / f"IMG_{n:06}.jpg"
        Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(file, quality=88)
        real.append(file)
    for n in range(len(real), count):
        os.link(real[n % len(real)], files / f"IMG_{n:06}.jpg")
    draw = random.Random(0)
    with Project.create(folder, "A hundred thousand", "image-classification") as project:
        classes = [project.add_class(name).id for name in ("bird", "cat", "dog", "horse", "sheep")]
        with project._store.transaction() as sql:
            sql.executemany(
                "INSERT INTO items (kind, name, path, copied, class_id, label_source, content_hash, width, height, suggestion,"
                " suggestion_score, signature) VALUES ('picture', ?, ?, 0, ?, ?, ?, 640, 480, ?, ?, ?)",
                (
                    (
                        f"IMG_{n:06}.jpg", str(files / f"IMG_{n:06}.jpg"), *((draw.choice(classes), "person") if n % 5 < 3 else (None, "")),
                        f"{n:064x}", draw.choice(classes) if n % 5 == 3 else None, draw.random(), draw.randbytes(264),
                    )
                    for n in range(count)
                ),
            )  # fmt: skip
            sql.executemany(
                "INSERT INTO item_groups SELECT id, 'camera', ? FROM items WHERE id % 10 = ?",
                [(f"camera {n}", n) for n in range(10)],
            )


class Bench:
    """The window with a driver, and what was measured."""

    def __init__(self, items: int, quick: bool) -> None:
        from PySide6.QtWidgets import QApplication

        from workbench.gui.app import quick_window
        from workbench.gui.context import AppContext
        from workbench.gui.main_window import MainWindow
        from workbench.gui.theme import install_theme

        quick_window()
        self.items, self.quick = items, quick
        self.app = QApplication([])
        self.ctx = AppContext()
        install_theme(self.app, "light")
        self.window = MainWindow(self.ctx)
        self.window.resize(1440, 900)
        self.window.show()
        self.watch = Watch()
        self.driver = Driver(self.watch)
        self.rows: list[tuple[str, str]] = []

    def note(self, what: str, value: str) -> None:
        self.rows.append((what, value))
        print(f"{what:52} {value}", flush=True)

    def timed(self, name: str, act: Callable[[], Any], until: Callable[[], bool] | None = None) -> None:
        slot, reached = self.driver.step(name, act, until)
        self.note(name, f"slot {slot:.0f} ms, seen after {reached:.0f} ms")

    def idle(self) -> bool:
        return not [j for j in self.ctx.jobs.running() if not j.quiet]

    def _ready(self) -> bool:
        return not self.ctx.jobs.running()

    # The list ---------------------------------------------------------------------------------------------------------

    def list(self) -> None:
        """A project of many pictures."""
        import random

        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        from workbench.gui.app import load_pages

        began = time.perf_counter()
        project, files = HOME / "many", HOME / "files"
        build(project, files, self.items, DISTINCT)
        self.watch.forget()
        self.note(f"the project of {self.items:,} was built in", f"{time.perf_counter() - began:.0f} s")
        window, driver = self.window, self.driver
        driver.step("getting ready after the start", lambda: load_pages(window), self._ready, 120, 0.5)
        self.timed("open the project", lambda: window.open_project(project), lambda: self.ctx.store.project is not None)
        self.timed(
            "go to Data", lambda: window.show_page("data"), lambda: window.page("data").model.rowCount() == self.items
        )  # type: ignore[attr-defined]
        page: Any = window.page("data")
        view, bar, model = page.view, page.filter_bar, page.model
        driver.step("first thumbnails", None, lambda: self._painted(view), rest=0.5)
        self._scroll(view)
        view.scrollToTop()
        made = sum(1 for _ in (self.ctx.paths.cache / "thumbnails").glob("*.jpg"))
        self.note("thumbnails made and kept on disk meanwhile", f"{made:,}")

        def settled() -> bool:
            return not getattr(page, "filling", False)

        self.timed("filter: without a label", lambda: bar.show_box.setCurrentIndex(1), settled)
        self.timed("filter: all again", lambda: bar.show_box.setCurrentIndex(0), settled)
        self.timed("filter: one class", lambda: page._filter_class(2), settled)
        self.timed("filter: all classes again", bar.clear, settled)
        self.timed("filter: one group", lambda: bar.group_box.setCurrentIndex(3), settled)
        self.timed("filter: all groups again", lambda: bar.group_box.setCurrentIndex(0), settled)
        for name, order in (("name", 1), ("label", 2), ("least certain", 3), ("as added", 0)):
            self.timed(f"sort: {name}", lambda order=order: bar.order_box.setCurrentIndex(order), settled)  # type: ignore[misc]
        # The wait after the last letter is meant, and taken out.
        bar._typing.setInterval(0)
        self.timed(
            "search: 777", lambda: bar.search.setText("777"), lambda: settled() and model.rowCount() < self.items
        )
        self.timed(
            "search: nothing", lambda: bar.search.setText(""), lambda: settled() and model.rowCount() == self.items
        )
        view.setFocus()
        view.go_to(10)
        slots = []
        for n in range(10 if self.quick else 30):
            slot, _ = driver.step(
                "label with keys", lambda n=n: QTest.keyClick(view, Qt.Key(Qt.Key.Key_1 + n % 5)), rest=0.03
            )  # type: ignore[misc]
            slots.append(slot)
        self.note("label with a key", f"slot {statistics.median(slots):.0f} ms (median), {max(slots):.0f} ms at most")
        driver.step("after labelling", None, self.idle, rest=1.5)
        undo = self.ctx.store.undo_stack
        self.timed("undo a label", lambda: QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier))
        self.timed("select all", view.selectAll)
        free = lambda: self.idle() and not getattr(self.ctx.store, "changing", False)  # noqa: E731
        self.timed("label all that are selected", lambda: QTest.keyClick(view, Qt.Key.Key_2), free)
        self.timed("undo that", undo.undo, free)
        self.timed("take all out", lambda: QTest.keyClick(view, Qt.Key.Key_Delete), lambda: free() and settled())
        self.timed("undo that, too", undo.undo, lambda: free() and settled())
        driver.step("open one in full size", lambda: page._open_item(random.Random(1).randrange(self.items)), rest=0.5)
        driver.step("close it", self._close_dialogs, rest=0.2)
        driver.step(
            "health: the first look", page.health.runner.look_again, lambda: not page.health.runner.is_working, 120
        )
        driver.step("health: open the list", page.health.open_panel, rest=1.0)
        driver.step("health: close it", self._close_dialogs, rest=0.5)
        page.health.runner._stop()
        self.ctx.store.close()

    def _painted(self, view: Any) -> bool:
        first, last = view.indexAt(view.viewport().rect().topLeft()), 10
        items = [view.model().item_at(row) for row in range(max(0, first.row()), max(0, first.row()) + last)]
        return all(i is None or self.ctx.thumbnails.pixmap(i.path, i.window) is not None for i in items)

    def _scroll(self, view: Any) -> None:
        """Through the whole list as a drag of the scroll bar does, and a stretch of it as a wheel does."""
        from PySide6.QtCore import QEventLoop, QTimer

        bar = view.verticalScrollBar()
        for name, steps in (
            ("the whole list", [round(bar.maximum() * n / 600) for n in range(301 if self.quick else 601)]),
            ("with the wheel", [n * 60 for n in range(200 if self.quick else 600)]),
        ):
            self.watch.begin(f"scroll {name}")
            times: list[float] = []
            worked: list[float] = []
            loop, timer, place = QEventLoop(), QTimer(), iter(steps)

            def frame(
                place: Any = place, loop: Any = loop, times: list[float] = times, worked: list[float] = worked
            ) -> None:
                at = next(place, None)
                if at is None:
                    loop.quit()
                    return
                began, busy = time.perf_counter(), time.thread_time()
                bar.setValue(at)
                view.viewport().repaint()
                times.append((time.perf_counter() - began) * 1000)
                worked.append((time.thread_time() - busy) * 1000)

            timer.timeout.connect(frame)
            timer.start(16)
            began = time.perf_counter()
            loop.exec()
            spent = time.perf_counter() - began
            timer.stop()
            times.sort()
            late = sum(t > FRAME_MS for t in times)
            self.note(
                f"scroll {name}: a frame takes",
                f"computing {statistics.median(worked):.1f} ms (median), {sorted(worked)[int(len(worked) * 0.99)]:.1f} ms (p99); p50 {statistics.median(times):.1f} ms, p99 {times[int(len(times) * 0.99)]:.1f} ms, longest {times[-1]:.0f} ms; "
                f"over {FRAME_MS:.1f} ms: {late} of {len(times)}; {len(times) / spent:.0f} a second",
            )

    def _close_dialogs(self) -> None:
        from PySide6.QtWidgets import QDialog

        for dialog in self.window.findChildren(QDialog):
            if dialog.isVisible():
                dialog.close()

    # The other pages --------------------------------------------------------------------------------------------------

    def pages(self) -> None:
        """Every page of the rail and the dialogs of the menus, first and second visit."""
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        from workbench.gui.app import load_pages
        from workbench.gui.rail import PAGES

        if "getting ready after the start" not in self.driver.spent:
            self.driver.step("getting ready after the start", lambda: load_pages(self.window), self._ready, 120, 0.5)
        for turn in ("first", "second"):
            for entry in PAGES:
                self.driver.step(
                    f"{turn} visit: {entry.title}",
                    lambda entry=entry: self.window.show_page(entry.id),
                    self.idle,
                    120,
                    0.4,  # type: ignore[misc]
                )

        def close_soon() -> None:
            active = QApplication.activeModalWidget()
            if active is not None:
                active.close()

        for command in ("help.open", "view.electricity", "help.palette", "help.licences", "help.check", "help.about"):
            action = self.window.actions_by_id[command]
            if not action.isEnabled():
                continue

            def trigger(action: Any = action) -> None:
                QTimer.singleShot(500, close_soon)
                action.trigger()

            self.driver.step(f"dialog: {action.text()}", trigger, rest=0.3)

    # A whole journey --------------------------------------------------------------------------------------------------

    def learn(self) -> None:
        """Predict 200, import, label, wizard, train, results, use."""
        from workbench.app_paths import resources
        from workbench.gui.app import load_pages

        window, driver = self.window, self.driver
        if "getting ready after the start" not in driver.spent:
            driver.step("getting ready after the start", lambda: load_pages(window), self._ready, 120, 0.5)
        digits = sorted((resources() / "samples" / "digits").rglob("*.png"))
        driver.step("go to Try", lambda: window.show_page("try"), self.idle)
        page: Any = window.page("try")
        count = 60 if self.quick else 200
        self.timed(
            f"predict on {count} dropped pictures",
            lambda: page.accept_drop([str(p) for p in digits[:count]]),
            lambda: len(page.table.results) == count and self.idle(),
        )
        home: Any = window.page("home")
        before = self.ctx.store.project
        self.timed(
            "import a sample of 400 pictures", lambda: home.open_sample("digits"),
            lambda: self.ctx.store.project is not before and window.current_page_id == "data" and self.idle(),
        )  # fmt: skip
        driver.step("the data is looked at", None, self.idle, rest=2.0)
        data: Any = window.page("data")
        self.timed("health: whole check", data.health.runner.look_deep, lambda: not data.health.runner.is_working)
        data.health.runner._stop()
        driver.step("go to Train", lambda: window.show_page("train"), self.idle, rest=0.5)
        train: Any = window.page("train")
        for number, step in enumerate(("data", "model", "how", "review")):
            driver.step(f"wizard: {step}", lambda number=number: train.setup.show_step(number), self.idle, 120, 0.5)  # type: ignore[misc]
        driver.step("wizard: speed of this computer", None, self.idle, 120)
        self.timed(
            "train, Quick", train.setup.start.click, lambda: train.live.progress.finished is not None and not train.running
        )  # fmt: skip
        run = self.ctx.store.require().runs()[0].id
        # Not before: a page is made in the turn in which it is first asked for.
        self.timed(
            "results",
            lambda: window.show_page("results", {"run_id": run}),
            lambda: getattr(window.page("results"), "evaluation", None) is not None and self.idle(),
        )
        results: Any = window.page("results")
        for index in range(results.tabs.count()):
            driver.step(
                f"results: {results.tabs.tabText(index)}",
                lambda index=index: results.tabs.setCurrentIndex(index),
                self.idle,
                60,
                0.5,  # type: ignore[misc]
            )
        driver.step("use", lambda: window.show_page("use"), self.idle, rest=0.5)

    # Curves -----------------------------------------------------------------------------------------------------------

    def curves(self) -> None:
        """A training's curves with a million steps, and one more a hundred times."""
        from workbench.engine.events import StepDone
        from workbench.gui.models.runs_progress import RunProgress
        from workbench.gui.widgets.curves import TrainingCurves

        count = 1_000_000
        progress = RunProgress()
        curves = TrainingCurves()
        curves.resize(1200, 400)
        curves.show()
        began = time.perf_counter()
        for n in range(count):
            progress.feed(_step(StepDone, n))
        self.watch.forget()
        self.note("take in a million steps", f"{(time.perf_counter() - began) * 1e6 / count:.1f} µs each")
        times = []

        def one_more() -> None:
            start = time.perf_counter()
            progress.feed(_step(StepDone, count + len(times)))
            curves.show_progress(progress)
            curves.loss.redraw()
            curves.loss.plot.viewport().repaint()
            times.append((time.perf_counter() - start) * 1000)

        for _ in range(30):
            self.driver.step("curves of a million steps", one_more, rest=0.0)
        self.note("one more step, drawn", f"median {statistics.median(times):.1f} ms, longest {max(times):.1f} ms")
        import numpy as np

        xs = np.arange(count) / 1000
        ys = np.random.default_rng(0).random(count)
        times = []

        def whole() -> None:
            start = time.perf_counter()
            curves.loss.set_points("train", xs, ys)
            curves.loss.redraw()
            curves.loss.plot.viewport().repaint()
            times.append((time.perf_counter() - start) * 1000)

        for _ in range(10):
            self.driver.step("a curve of a million points set at once", whole, rest=0.0)
        self.note("a curve of a million points set at once, drawn", f"median {statistics.median(times):.1f} ms")
        curves.close()


def _step(kind: Any, n: int) -> Any:
    import math

    return kind(n + 1, n / 1000, abs(math.sin(n * 0.7)) / (1 + n / 1e5), 1e-3)


def start_up(times: int) -> list[tuple[str, str]]:
    """Process start to the first turn of the event loop after the window is painted; beside it an empty PySide6 window."""
    from workbench.gui.app import PROBE_VARIABLE

    plain = (
        "from PySide6.QtWidgets import QApplication, QMainWindow\nfrom PySide6.QtCore import QTimer\n"
        "a = QApplication([]); w = QMainWindow(); w.resize(1280, 800); w.show()\n"
        "QTimer.singleShot(0, lambda: (print('there', flush=True), a.quit()))\na.exec()"
    )
    ours, empty, words = [], [], ""
    for _ in range(times):
        for held, command in ((ours, ["-m", "workbench"]), (empty, ["-c", plain])):
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, *command],
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=os.environ | {PROBE_VARIABLE: "1"},
            )
            assert process.stdout is not None
            said = process.stdout.readline().strip()
            held.append(time.perf_counter() - began)
            process.wait(30)
            words = said if held is ours else words
    ratios = sorted(a / b for a, b in zip(ours, empty, strict=True))
    return [
        ("start to interactive window", f"{min(ours):.2f} s (best of {times}, median {statistics.median(ours):.2f} s); {words}"),
        ("against an empty PySide6 window", f"{statistics.median(ratios):.1f}× ({ratios[0]:.1f} to {ratios[-1]:.1f})"),
    ]  # fmt: skip


def report(gaps: list[Gap]) -> list[str]:
    """Gaps, the worst first; alike ones together."""
    lines: dict[str, tuple[int, float, Gap]] = {}
    for gap in gaps:
        seen = gap.culprits.most_common(1)
        key = f"{gap.during}|{seen[0][0].split(' <')[-1] if seen else ''}"
        count, worst, first = lines.get(key, (0, 0.0, gap))
        lines[key] = count + 1, max(worst, gap.own_ms), gap if gap.own_ms > worst else first
    ordered = sorted(lines.values(), key=lambda found: -found[1])
    return [f"{count} × {gap.line()}" for count, _worst, gap in ordered]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; the list is as long")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--peers", type=Path, help="folder of the others' virtual environments")
    given = parser.parse_args()
    rows = start_up(3 if given.quick else 7) if "start" in given.only else []
    for what, value in rows:
        print(f"{what:52} {value}", flush=True)
    bench = Bench(given.items, given.quick)
    for part in given.only:
        if part != "start":
            getattr(bench, part)()
    bench.watch.stop()
    gaps = bench.watch.gaps
    print(
        f"\ngaps over {LATE_MS:.0f} ms: {len(gaps)}; without other programs' share: {sum(g.own_ms > LATE_MS for g in gaps)}"
    )
    lines = report(gaps)
    print("\n".join(lines[:40]))
    peers: list[str] = []
    if given.peers:
        from window_peers import measure

        peers = measure(given.peers, 2 if given.quick else 5)
        print("\n".join(peers))
    if given.write:
        write([*rows, *bench.rows], gaps, lines, peers)
    bench.ctx.jobs.stop_all(5000)
    bench.ctx.thumbnails.stop()
    bench.ctx.downloads.stop()
    sys.stdout.flush()
    os._exit(0)


def write(rows: list[tuple[str, str]], gaps: list[Gap], lines: list[str], peers: list[str]) -> None:
    """Put what was measured between the marks of docs/window_speed.md."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else -1
    text = [
        BEGIN, "", f"Measured on {os.cpu_count()} cores at a load of {load:.1f}.", "", "| What | |", "|---|---|",
        *(f"| {what} | {value} |" for what, value in rows), "",
        f"Gaps of the event loop over {LATE_MS:.0f} ms: {len(gaps)};"
        f" {sum(g.own_ms > LATE_MS for g in gaps)} when the time is left out in which other programs had the processor.", "",
        *(f"- {line}" for line in lines[:20]), "", *peers, "", END,
    ]  # fmt: skip
    old = TARGET.read_text(encoding="utf-8")
    before, after = old.split(BEGIN)[0], old.split(END)[1]
    TARGET.write_text(before + "\n".join(text) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
