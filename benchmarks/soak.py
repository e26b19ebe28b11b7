"""Mixed use for a long time: memory, handles and threads must stay flat.

    python benchmarks/soak.py [--minutes 120] [--every 10] [--add WORDS]

The real window, without a screen: pages are opened one after the other, items are labelled and steps taken back, things are
imported, tried, looked for, exported and backed up, trainings are run and stopped, projects are closed and opened. Every so many
seconds memory (resident; and what of it the C library holds in use and free), open files, threads, Qt objects, Python objects,
tensors, warm models, connections and files in the home folder are printed; at the end their slopes per hour over the second half,
by least squares: the first half is warming up. Warnings of Qt and Python are counted, and what kinds of objects have become more
since the middle is listed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp(prefix="soak-")
os.environ["HF_HUB_CACHE"] = os.environ["WORKBENCH_HOME"] + "/other-hub"
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"

from PySide6.QtCore import QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from soak_counts import by_kind, count

from workbench import memory
from workbench.app_paths import app_paths, resources
from workbench.data.backup import back_up
from workbench.data.exporters.project import export_labels
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.engine.events import How
from workbench.engine.fit import new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.predict import predict
from workbench.gui.context import AppContext
from workbench.gui.main_window import MainWindow
from workbench.gui.rail import PAGES
from workbench.gui.theme import install_theme
from workbench.tasks.registry import get_task

_MB = ("memory", "own", "of files", "malloc used", "malloc free", "tensor MB")


class Soak(QObject):
    """One deed after the other, each when the one before is over."""

    def __init__(self, window: MainWindow, projects: list[Path], minutes: float, every: float) -> None:
        super().__init__()
        self.window, self.ctx, self.projects = window, window.ctx, projects
        self.chance = random.Random(1)
        self.deeds = 0
        self.warned: list[str] = []
        self.rows: list[dict[str, float]] = []
        # What there was at half time.
        self.kinds: Counter[str] = Counter()
        self._began = time.monotonic()
        self._ends = self._began + minutes * 60
        self._measuring = QTimer(self)
        self._measuring.timeout.connect(self.measure)
        self._measuring.start(round(every * 1000))
        QTimer.singleShot(0, self.next)

    def measure(self) -> None:
        home = Path(os.environ["WORKBENCH_HOME"])
        row = {"minutes": (time.monotonic() - self._began) / 60} | count()
        row["files"] = sum(len(files) for _, _, files in os.walk(home))
        self.rows.append(row)
        if not self.kinds and row["minutes"] > (self._ends - self._began) / 120:
            self.kinds = by_kind()
        print(
            f"{row['minutes']:6.1f} min {self.deeds:6} deeds  "
            + "  ".join(f"{name} {value:.0f}" for name, value in row.items() if name != "minutes"),
            flush=True,
        )

    def next(self) -> None:
        if time.monotonic() > self._ends:
            page = self.window.page("train")
            if page.running:  # type: ignore[attr-defined]
                page._stop()  # type: ignore[attr-defined]
                QTimer.singleShot(200, self.next)
                return
            self.window.close()
            QApplication.quit()
            return
        if len([j for j in self.ctx.jobs.running() if not j.quiet]) > 2:
            QTimer.singleShot(100, self.next)
            return
        deed = self.chance.choices(
            [self.label, self.page, self.undo, self.try_it, self.train, self.export, self.backup, self.switch],
            [30, 12, 8, 4, 2, 3, 2, 2],
        )[0]
        deed()
        self.deeds += 1
        QTimer.singleShot(self.chance.randrange(0, 200), self.next)

    # Deeds ----------------------------------------------------------------------------------------------------------

    def project(self) -> Project | None:
        return self.ctx.store.project

    def label(self) -> None:
        project = self.project()
        if project is not None:
            ids = project.item_ids()
            chosen = self.chance.sample(ids, min(len(ids), self.chance.randrange(1, 6)))
            self.ctx.store.set_label(chosen, self.chance.choice(project.classes()).id)

    def page(self) -> None:
        self.window.show_page(self.chance.choice(PAGES).id)

    def undo(self) -> None:
        if self.ctx.store.undo_stack.canUndo():
            self.ctx.store.undo_stack.undo()

    def try_it(self) -> None:
        project = self.project()
        if project is None:
            return
        card, _ = self.ctx.catalog.suggest(project.task_id, to_teach=True)
        mine = [c for c in self.ctx.catalog.own() if project.task_id in c.tasks]
        samples = [i.sample() for i in project.items(project.item_ids()[:8])]
        card = mine[0] if mine else card
        if mine:
            self.ctx.jobs.start_stream(
                "Trying", lambda control: predict(samples, card, get_task(project.task_id), control=control)
            )

    def train(self) -> None:
        project = self.project()
        page = self.window.page("train")
        if project is None or page.running:  # type: ignore[attr-defined]
            return
        card, _ = self.ctx.catalog.suggest(project.task_id, to_teach=True)
        how = self.chance.choice([How.QUICK, How.QUICK, How.BALANCED])
        page.train(new_config(project, card, how, epochs=1))  # type: ignore[attr-defined]
        if self.chance.random() < 0.4:
            QTimer.singleShot(self.chance.randrange(500, 4000), page._stop)  # type: ignore[attr-defined]

    def export(self) -> None:
        project = self.project()
        if project is not None:
            target = Path(os.environ["WORKBENCH_HOME"]) / "labels.csv"
            self.ctx.jobs.start("Exporting", lambda _control: export_labels(project, target))

    def backup(self) -> None:
        project = self.project()
        if project is not None:
            folder = project.folder
            self.ctx.jobs.start("Backing up", lambda control: back_up(folder, control))

    def switch(self) -> None:
        if not self.window.page("train").running:  # type: ignore[attr-defined]
            self.window.open_project(self.chance.choice(self.projects))
        # Own models are taken away again, or the disk would grow by what people make.
        for card in self.ctx.catalog.own()[4:]:
            self.ctx.catalog.remove_own(card.id)
        project = self.project()
        for run in project.runs()[4:] if project is not None else ():
            project.delete_run(run.id)  # type: ignore[union-attr]


def slope(rows: list[dict[str, float]], name: str) -> float:
    """Per hour, over the second half, by least squares."""
    half = rows[len(rows) // 2 :]
    x = [r["minutes"] / 60 for r in half]
    y = [r[name] for r in half]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    under = sum((a - mx) ** 2 for a in x)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / under if under else 0.0


def keep(soak: Soak, options: argparse.Namespace, warned: int) -> None:
    """Beside the figures of runs before."""
    half = soak.rows[len(soak.rows) // 2 :]
    rows = {
        name: {
            "slope": round(slope(soak.rows, name), 1), "low": min(r[name] for r in half), "high": max(r[name] for r in half),
        }
        for name in soak.rows[-1] if name != "minutes"
    }  # fmt: skip
    file = Path(__file__).with_name("results") / "soak.json"
    runs = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    runs.append(
        {"words": options.add, "minutes": options.minutes, "deeds": soak.deeds, "warnings": warned, "rows": rows}
    )
    file.write_text(json.dumps(runs, indent=1), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two lines")
    parser.add_argument(
        "--add", default="", metavar="WORDS", help="keep the figures for docs/reliability.md, under these words"
    )
    options = parser.parse_args()
    memory.few_heaps()  # as the app does
    app = QApplication(["workbench"])
    install_theme(app, "light")
    said: list[str] = []

    def told(kind: QtMsgType, _context: object, words: str) -> None:
        # The plug-in without a screen says this of every window; it says nothing of the app.
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg) and "propagateSizeHints" not in words:
            said.append(words)

    qInstallMessageHandler(told)
    warnings.simplefilter("default")
    warnings.showwarning = lambda message, *_rest, **_more: said.append(str(message))
    projects = []
    for source in ("digits", "reviews.csv"):
        made, _ = project_from_plan(sniff([resources() / "samples" / source]))
        projects.append(made.folder)
        made.close()
    window = MainWindow(AppContext(app_paths()))
    window.resize(1280, 800)
    window.show()
    window.reopen()
    window.open_project(projects[0])
    soak = Soak(window, projects, options.minutes, options.every)
    app.exec()
    print(f"\n{soak.deeds} deeds. Over the second half, per hour:")
    for name in soak.rows[-1]:
        half = soak.rows[len(soak.rows) // 2 :]
        low, high = min(r[name] for r in half), max(r[name] for r in half)
        if name != "minutes":
            unit = "MB" if name in _MB else ""
            print(f"  {name:16} {slope(soak.rows, name):+9.1f} {unit:2} (between {low:.0f} and {high:.0f})")
    print("More since the middle, by kind:")
    for kind, more in (by_kind() - soak.kinds).most_common(25):
        print(f"  {more:+7} {kind}")
    if options.add:
        keep(soak, options, len(said))
    print(f"Warnings of Qt and Python: {len(said)}")
    for words in sorted(set(said))[:20]:
        print(f"  {said.count(words)} times: {words[:200]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
