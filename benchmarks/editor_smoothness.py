"""How smooth labelling is: what one frame costs while a box is dragged, the view is moved and an area is painted.

    python benchmarks/editor_smoothness.py [--frames 120]

With one box in one picture, with 500 boxes in the picture, and with 10,000 boxes in the project; in a picture of one
million and of fifty million points. A frame is one mouse event with everything it leads to, painting included; what is
over 50 ms is felt. Work is the processor's time of the window's thread: it says the same on a busy machine. Nothing of the
person's is touched: the app gets a temporary home.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["WORKBENCH_HOME"] = str(Path(tempfile.mkdtemp()) / "Me")

SIZE = (1280, 800)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=120)
    frames = parser.parse_args().frames
    from PySide6.QtWidgets import QApplication

    from workbench.gui.context import AppContext
    from workbench.gui.main_window import MainWindow
    from workbench.gui.theme import install_theme

    app = QApplication(sys.argv)
    ctx = AppContext()
    install_theme(app, "light")
    window = MainWindow(ctx)
    window.resize(*SIZE)
    window.show()
    bench = Bench(app, ctx, window, frames)
    boxes = bench.task("object-detection")
    base = bench.boxes(boxes, "1 box", 1, 0, (1200, 900))
    for name, here, elsewhere, size in (
        ("500 boxes in the picture", 500, 0, (1200, 900)),
        ("1 box, 10,000 in the project", 1, 10_000, (1200, 900)),
        ("500 boxes, 10,000 in the project", 500, 10_000, (1200, 900)),
        ("500 boxes, 50 megapixels", 500, 0, (8660, 5774)),
    ):
        bench.boxes(boxes, name, here, elsewhere, size, base)
    regions = bench.task("semantic-segmentation")
    base = bench.regions(regions, "nothing painted", 0, (1200, 900))
    bench.regions(regions, "12 areas", 12, (1200, 900), base)
    bench.regions(regions, "12 areas, 50 megapixels", 12, (8660, 5774), base)
    ctx.jobs.stop_all()
    ctx.thumbnails.stop()
    ctx.downloads.stop()


class Bench:
    """Drives the editor with mouse events and keeps the time."""

    def __init__(self, app: Any, ctx: Any, window: Any, frames: int) -> None:
        self.app, self.ctx, self.window, self.frames = app, ctx, window, frames
        self.folder = Path(tempfile.mkdtemp())
        self.number = 0

    def task(self, task_id: str) -> str:
        print(f"\n{task_id}: ms of work a frame (mean, most); ms until it is over (median, 99 of 100, longest)")
        return task_id

    def boxes(
        self, task: str, name: str, here: int, elsewhere: int, size: tuple[int, int],
        base: dict[str, float] | None = None,
    ) -> dict[str, float]:  # fmt: skip
        """Drag, resize, hover, pan, zoom and commit among boxes."""
        import numpy as np

        from workbench.data.annotations import Annotation
        from workbench.data.shapes import BoxShape

        width, height = size

        def some(count: int, seed: int) -> list[Annotation]:
            generator = np.random.default_rng(seed)
            xs, ys = generator.uniform(0, width * 0.9, count), generator.uniform(0, height * 0.9, count)
            return [
                Annotation(BoxShape(x, y, x + width * 0.06, y + height * 0.07), 1 + n % 5)
                for n, (x, y) in enumerate(zip(xs.tolist(), ys.tolist(), strict=True))
            ]

        held = Annotation(BoxShape(width * 0.4, height * 0.4, width * 0.6, height * 0.6), 1)
        editor = self._open(task, size, [*some(here - 1, 1), held], lambda n: some(10, n), elsewhere // 10)
        canvas = editor.canvas
        editor.take("select")
        editor.document.choose([held.id])
        found: dict[str, float] = {}

        def at(share_x: float, share_y: float) -> tuple[float, float]:
            return width * share_x, height * share_y

        paths: dict[str, Callable[[float], tuple[float, float]]] = {
            "drag": lambda t: at(0.45 + 0.2 * t, 0.45 + 0.1 * t),
            "resize": lambda t: at(0.6 + 0.2 * t, 0.6 + 0.1 * t),
        }
        for what, path in paths.items():
            editor.document.choose([held.id])
            self._settle()
            found[what] = self._frames(name, what, self._dragging(canvas, path), base)
            editor.ctx.store.undo_stack.undo()
        found["hover"] = self._frames(name, "hover", self._hovering(canvas, at), base)
        found["zoom and pan"] = self._frames(name, "zoom and pan", self._zooming(canvas), base)
        canvas.fit()
        editor.document.choose([held.id])
        self._settle()
        found["keep a change"] = self._frames(name, "keep a change", self._keeping(canvas), base, self.frames // 4)
        editor.take("box")
        found["draw"] = self._frames(
            name, "draw", self._dragging(canvas, lambda t: at(0.1 + 0.3 * t, 0.1 + 0.3 * t)), base
        )
        return found

    def regions(
        self, task: str, name: str, count: int, size: tuple[int, int], base: dict[str, float] | None = None
    ) -> dict[str, float]:
        """Paint and rub out among painted areas."""
        import numpy as np

        from workbench.data.annotations import Annotation
        from workbench.data.painting import Stroke

        width, height = size
        generator = np.random.default_rng(4)
        areas = []
        for n in range(count):
            stroke = Stroke(width, height, width // 12)
            for _ in range(6):
                stroke.to(*(generator.uniform(0, 1, 2) * size).tolist())
            region = stroke.spans().region()
            assert region is not None
            areas.append(Annotation(region, 1 + n % 5))
        editor = self._open(task, size, areas, lambda _n: [], 0)
        canvas = editor.canvas
        canvas.set_brush(round(40 / canvas.view.scale))
        found: dict[str, float] = {}
        for what, tool in (("paint", "brush"), ("rub out", "eraser")):
            editor.take(tool)
            found[what] = self._frames(
                name, what, self._dragging(canvas, lambda t: (width * (0.1 + 0.8 * t), height * (0.3 + 0.4 * t))), base
            )
        found["zoom and pan"] = self._frames(name, "zoom and pan", self._zooming(canvas), base)
        return found

    # Driving -------------------------------------------------------------------------------------------------------

    def _open(
        self, task: str, size: tuple[int, int], here: list[Any], elsewhere: Callable[[int], list[Any]], others: int
    ) -> Any:
        import numpy as np
        from PIL import Image

        from workbench.data.project import Project
        from workbench.data.types import NewItem

        self.number += 1
        pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
        picture = self.folder / f"{size[0]}.jpg"
        if not picture.exists():
            Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(picture, quality=92)
        project = Project.create(self.folder / f"p{self.number}", "p", task)
        for n in range(5):
            project.add_class(f"class {n + 1}")
        project.add_items([NewItem("picture", "first", path=picture)])
        first = project.item_ids()[0]
        if others:
            with project._store.transaction() as sql:
                sql.executemany(
                    "INSERT INTO items (kind, name, copied, path, content_hash, width, height)"
                    " VALUES ('picture', ?, 0, ?, ?, ?, ?)",
                    [(f"n{n}", str(picture), f"h{n}", *size) for n in range(others)],
                )
            project.add_annotations({i: elsewhere(n) for n, i in enumerate(project.item_ids()[1:])})
        project.add_annotations({first: here})
        self.ctx.store.adopt(project)
        self.ctx.store.items_changed.emit()
        self.window.show_page("data")
        page = self.window.page("data")
        self._settle()
        page._open_item(0)
        editor = page.stack.currentWidget()
        end = time.monotonic() + 60
        while not editor.canvas.is_ready and time.monotonic() < end:
            self.app.processEvents()
        self._settle(1.5)
        return editor

    def _settle(self, seconds: float = 0.3) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end or self.ctx.jobs.running():
            self.app.processEvents()
            time.sleep(0.002)

    def _dragging(self, canvas: Any, path: Callable[[float], tuple[float, float]]) -> Callable[[int, int], None]:
        from PySide6.QtCore import QEvent, QPointF, Qt
        from PySide6.QtGui import QMouseEvent

        def send(kind: QEvent.Type, place: tuple[float, float], down: bool) -> None:
            at = canvas.view.to_screen(QPointF(*place))
            left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
            event = QMouseEvent(
                kind, at, canvas.viewport().mapToGlobal(at), none if kind == QEvent.Type.MouseMove else left,
                left if down else none, Qt.KeyboardModifier.NoModifier,
            )  # fmt: skip
            self.app.sendEvent(canvas.viewport(), event)

        def frame(number: int, total: int) -> None:
            if number == 0:
                send(QEvent.Type.MouseButtonPress, path(0), True)
            elif number == total - 1:
                send(QEvent.Type.MouseButtonRelease, path(1), False)
            else:
                send(QEvent.Type.MouseMove, path(number / total), True)

        return frame

    def _hovering(self, canvas: Any, at: Callable[[float, float], tuple[float, float]]) -> Callable[[int, int], None]:
        from PySide6.QtCore import QEvent, QPointF, Qt
        from PySide6.QtGui import QMouseEvent

        def frame(number: int, total: int) -> None:
            place = canvas.view.to_screen(QPointF(*at(number / total, (number * 7 % total) / total)))
            none = Qt.MouseButton.NoButton
            event = QMouseEvent(
                QEvent.Type.MouseMove, place, canvas.viewport().mapToGlobal(place), none, none,
                Qt.KeyboardModifier.NoModifier,
            )  # fmt: skip
            self.app.sendEvent(canvas.viewport(), event)

        return frame

    def _zooming(self, canvas: Any) -> Callable[[int, int], None]:
        from PySide6.QtCore import QPointF

        def frame(number: int, total: int) -> None:
            if number < total // 3:
                canvas.zoom_by(1.05, QPointF(400, 300))
            elif number < 2 * total // 3:
                canvas.pan_by(-6 if number % 20 < 10 else 6, 3)
            else:
                canvas.zoom_by(1 / 1.05, QPointF(400, 300))

        return frame

    def _keeping(self, canvas: Any) -> Callable[[int, int], None]:
        """One step to the disk and back: an arrow key pressed and let go."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        def frame(number: int, _total: int) -> None:
            QTest.keyClick(canvas, Qt.Key.Key_Right if number % 2 else Qt.Key.Key_Left)

        return frame

    def _frames(
        self, name: str, what: str, frame: Callable[[int, int], None], base: dict[str, float] | None, total: int = 0
    ) -> float:
        total = total or self.frames
        times, busy = [], []
        for number in range(total):
            began, worked = time.perf_counter(), time.thread_time()
            frame(number, total)
            self.app.processEvents()
            times.append((time.perf_counter() - began) * 1000)
            busy.append((time.thread_time() - worked) * 1000)
        ordered = sorted(times)
        median = statistics.mean(busy)
        late = sum(t > 50 for t in times)
        ratio = f"   {median / base[what]:.1f} times the first" if base is not None and what in base else ""
        print(
            f"{name:34} {what:14} {median:6.1f} {max(busy):6.1f}   {statistics.median(times):6.1f}"
            f" {ordered[int(len(times) * 0.99) - 1]:6.1f} {ordered[-1]:6.1f}"
            f"   over 50 ms: {late} of {total}{ratio}"
        )
        return median


if __name__ == "__main__":
    main()
