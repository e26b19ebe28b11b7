"""How soon each long thing stops when a person says so at any moment, and how soon the window closes in the midst of it.

    python benchmarks/stopping.py [--times 12] [--close 3] [--seed 1] [--only train-balanced,import] [--keep]

Every kind of long work is begun as the window begins it, in a real window without a screen, and is told to stop after a random
time between nothing and its usual length. Measured: from the click to the end of its thread. Then the window is closed in the
midst of it. After each: no thread and no process of ours is left, the project is sound, nothing half lies about. It is measured
on whatever else the machine does; the load is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp(prefix="stopping-")
os.environ["HF_HUB_CACHE"] = os.environ["WORKBENCH_HOME"] + "/other-hub"
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"

import psutil
from hub_server import serving
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from workbench import memory
from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard, Source, SourceFile
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.data.verify import leftovers, verify
from workbench.engine.events import Finished, How
from workbench.engine.journey import add_plan, project_from_plan
from workbench.gui.context import AppContext
from workbench.gui.main_window import MainWindow
from workbench.gui.theme import install_theme
from workbench.gui.workers import Job

Work = Callable[[Control], Any]
# However long it takes, it is broken off after this.
_USUAL = 8.0
_PATIENCE = 60.0


@dataclass(frozen=True)
class Row:
    """What came of one kind: seconds from the click to the end of its thread, each time; seconds until the window was closed
    and its threads were gone. `early`: how often it was over before the click;
    `load`: of the machine, by then. `computed`: of each of `stopped`, the seconds that this program computed for it, which say
    how long it takes on a computer that does nothing else."""

    kind: str
    said: str
    stopped: tuple[float, ...]
    early: int
    closed: tuple[float, ...]
    wrong: tuple[str, ...]
    load: float
    computed: tuple[float, ...] = ()


class Bench:
    """Things to do, and a place to do them in."""

    def __init__(self, place: Path, seed: int) -> None:
        self.place, self.chance = place, random.Random(seed)
        self.number = 0
        self.project_folder = self._project()
        self.window = self._window()
        self.own = self._own_model()

    # What there is to work on ------------------------------------------------------------------------------------------------

    def _project(self) -> Path:
        source = self.place / "digits"
        for name in ("zero", "one", "two"):
            shutil.copytree(resources() / "samples" / "digits" / name, source / name)
        made, _ = project_from_plan(sniff([source]), self.place / "Digits", "Digits")
        made.close()
        self.pictures = self.place / "pictures"
        self.pictures.mkdir()
        self._write_pictures(0)
        self.texts = self.place / "texts"
        self.texts.mkdir()
        for number in range(150):
            (self.texts / f"{number}.txt").write_text(f"Text number {number}. " + "Some words about things. " * 200)
        return made.folder

    def _write_pictures(self, series: int) -> None:
        """300 pictures that nobody has seen before."""
        flower = (resources() / "samples" / "try" / "flower.jpg").read_bytes()
        for number in range(300):
            (self.pictures / f"{number}.jpg").write_bytes(flower + f"{series}-{number}".encode())

    def _window(self) -> MainWindow:
        window = MainWindow(AppContext(app_paths()))
        window.resize(1280, 800)
        window.show()
        window.reopen()
        assert window.open_project(self.project_folder)
        return window

    def _own_model(self) -> ModelCard:
        from workbench.engine.fit import fit, new_config

        project, catalog = self.project(), self.window.ctx.catalog
        card, _ = catalog.suggest(project.task_id, to_teach=True)
        events = list(fit(new_config(project, card, How.QUICK), project, catalog))
        done = events[-1]
        assert isinstance(done, Finished)
        return catalog.get(done.model_id)

    def project(self) -> Project:
        return self.window.ctx.store.require()

    def fresh(self, name: str) -> Path:
        self.number += 1
        return self.place / f"{name}-{self.number}"

    # The kinds ---------------------------------------------------------------------------------------------------------------

    def importing(self) -> Work:
        self._write_pictures(int(self.fresh("x").name.split("-")[1]))
        plan = sniff([self.pictures])
        project = self.project()
        return lambda control: add_plan(project, plan, copy_media=True, control=control)

    def training(self, how: How, epochs: int = 0, clear: bool = False) -> Work:
        from workbench.engine.fit import fit, new_config

        project, catalog = self.project(), self.window.ctx.catalog
        card, _ = catalog.suggest(project.task_id, to_teach=True)
        config = new_config(project, card, how, epochs=epochs)
        if clear:
            shutil.rmtree(app_paths().cache / "features", ignore_errors=True)
        return lambda control: fit(config, project, catalog, control)

    def predicting(self) -> Work:
        from workbench.engine.predict import predict
        from workbench.tasks.registry import get_task

        project = self.project()
        samples = [Sample("picture", f.name, path=f) for f in sorted(self.pictures.iterdir())]
        return lambda control: predict(samples, self.own, get_task(project.task_id), control=control)

    def exporting(self, form: str) -> Work:
        from workbench.engine.export_apart import export_apart
        from workbench.engine.export_formats import format_by_id

        chosen = format_by_id(form)
        target = self.fresh("export")
        samples = [i.sample() for i in self.project().items(self.project().item_ids()[:16])]
        return lambda control: export_apart(chosen, self.own, target, samples, control)

    def downloading(self) -> Work:
        from workbench.hub.store import download

        size = 20_000_000
        name = f"big{self.fresh('x').name}"
        file = SourceFile("big.bin", "https://example.org/big.bin", size, hashlib.sha256(bytes(size)).hexdigest())
        card = ModelCard(
            name, "Big", ("image-classification",), "timm", "x",
            Source("url", f"https://example.org/{name}", path="big.bin", size=size, files=(file,)),
        )  # fmt: skip
        return lambda control: download(card, control)

    def health(self) -> Work:
        from workbench.engine.health.check import check_health

        project = self.project()
        shutil.rmtree(app_paths().cache / "features", ignore_errors=True)
        return lambda control: check_health(project, control)

    def explaining(self, method: str) -> Work:
        from workbench.engine.explain.reasons import explaining
        from workbench.tasks.registry import get_task

        project = self.project()
        sample = project.items(project.item_ids()[:1])[0].sample()
        return lambda control: explaining(sample, self.own, get_task(project.task_id), method=method, control=control)

    def documents(self) -> Work:
        from workbench.engine.document_index import DocumentIndex

        folder, paths = self.fresh("index"), app_paths()
        return lambda control: DocumentIndex.open(folder, paths).update([self.texts], control)

    def pictures_index(self) -> Work:
        from workbench.engine.picture_index import folder_entries, update_index

        key = str(self.fresh("key"))
        shutil.rmtree(app_paths().cache / "features", ignore_errors=True)
        return lambda control: update_index(key, folder_entries(self.pictures, control), control)

    def speed(self) -> Work:
        import torch

        from workbench.engine.speed import remembered
        from workbench.engine.speed.background import look_apart

        paths = app_paths()
        (remembered.folder(paths) / remembered.FILE).unlink(missing_ok=True)
        card = self.window.ctx.catalog.get("picture-starter")
        side = card.preparation.size
        items = [{"pixels": torch.rand(1, 3, side, side)} for _ in range(4)]
        return lambda control: look_apart(card, items, control, paths)

    def curve(self) -> Work:
        from workbench.engine.learning_curve import learning_curve

        project, catalog = self.project(), self.window.ctx.catalog
        card, _ = catalog.suggest(project.task_id, to_teach=True)
        return lambda control: learning_curve(project, card.id, catalog, control)

    def serve(self) -> Work:
        from workbench.serve.config import ServeConfig
        from workbench.serve.server import serve

        config = ServeConfig((self.own,), "t" * 40, port=0).checked()
        return lambda control: serve(config, control)

    def watching(self) -> Work:
        from workbench.engine.folder_rules import WatchRule
        from workbench.engine.folder_watch import watch_folder

        folder = self.fresh("watched")
        shutil.copytree(self.pictures, folder)
        rule = WatchRule(str(folder), self.own.id, self.project().task_id, "move", "")
        return lambda control: watch_folder(rule, self.own, control, seconds=0.2)

    def backup(self) -> Work:
        from workbench.data.backup import back_up

        folder = self.project_folder
        return lambda control: back_up(folder, control)

    def checking(self) -> Work:
        folder = self.project_folder
        return lambda control: verify(folder, control)

    def reporting(self) -> Work:
        from workbench.engine.report.make import make_report

        project, catalog = self.project(), self.window.ctx.catalog
        run = next(r for r in project.runs() if r.metrics.get("model_id") == self.own.id)
        target = self.fresh("report")
        return lambda control: make_report(
            project, run.id, catalog, target.with_suffix(".html"), target.with_suffix(".pdf"), control=control
        )


def kinds(bench: Bench) -> dict[str, tuple[str, Callable[[], Work]]]:
    """Name, words, and what makes one ready to begin."""
    found: dict[str, tuple[str, Callable[[], Work]]] = {
        "import": ("Importing 300 pictures, with copies", bench.importing),
        "train-quick": ("Training, Quick, nothing computed yet", lambda: bench.training(How.QUICK, clear=True)),
        "train-balanced": ("Training, Balanced", lambda: bench.training(How.BALANCED, 30)),
        "train-thorough": ("Training, Thorough", lambda: bench.training(How.THOROUGH, 30)),
        "predict": ("Answering a folder of 300 pictures", bench.predicting),
        "watch": ("Sorting a folder by its answers", bench.watching),
        "download": ("Downloading a model", bench.downloading),
        "export-own": ("Exporting a model as a folder", lambda: bench.exporting("folder")),
        "export-onnx": ("Exporting a model as ONNX, with its check", lambda: bench.exporting("onnx")),
        "health": ("Looking through the data (copies, wrong labels, outliers)", bench.health),
        "explain-places": ("Why: Grad-CAM, and its check", lambda: bench.explaining("places")),
        "explain-points": ("Why: integrated gradients, and their check", lambda: bench.explaining("points")),
        "documents": ("Reading 150 documents into the index", bench.documents),
        "pictures": ("Reading 300 pictures into the index", bench.pictures_index),
        "speed": ("Looking for the quickest engine", bench.speed),
        "curve": ("Would more examples help?", bench.curve),
        "serve": ("Answering other programs", bench.serve),
        "backup": ("Backing up", bench.backup),
        "verify": ("Checking the project", bench.checking),
        "report": ("Writing the report (page and PDF)", bench.reporting),
    }
    return found


def begin(bench: Bench, title: str, work: Work) -> Job:
    """As pages begin it; whatever the function gives off is taken."""

    def events(control: Control) -> Iterator[Any]:
        given = work(control)
        if hasattr(given, "__next__"):
            yield from given

    return bench.window.ctx.jobs.start_stream(title, events)


def turn(until: Callable[[], bool], seconds: float = _PATIENCE) -> bool:
    """Let the event loop run until something is so. False when it did not come to be in this time."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
        time.sleep(0.002)
    return until()


def left_behind(bench: Bench, threads: set[threading.Thread], children: set[int]) -> list[str]:
    """What must not be there afterwards."""
    turn(lambda: not _new_threads(threads) and not _new_children(children), 5.0)
    wrong = [f"thread {t.name} is left" for t in _new_threads(threads)]
    wrong += [f"process {pid} is left" for pid in _new_children(children)]
    if not verify(bench.project_folder).sound:
        wrong.append("the project is not sound")
    wrong += [f"half: {f.name}" for f in leftovers(bench.project_folder, older_than=0.0)]
    wrong += [f"half: {f.name}" for f in bench.place.glob("export-*/**/.*") if f.is_file()]
    models = app_paths().models
    wrong += [f"half model {f.name}" for f in models.iterdir() if f.name.startswith(".")] if models.is_dir() else []
    return wrong


def _new_threads(known: set[threading.Thread]) -> list[threading.Thread]:
    return [
        t for t in threading.enumerate() if t not in known and t.is_alive() and not t.daemon and "Dummy" not in t.name
    ]


def _new_children(known: set[int]) -> list[int]:
    return [p.pid for p in psutil.Process().children(recursive=True) if p.pid not in known and p.status() != "zombie"]


class Running:
    """One piece of work in its thread, and all that must be gone after it."""

    def __init__(self, bench: Bench, kind: str, said: str, work: Work) -> None:
        self._bench = bench
        self._threads = set(threading.enumerate())
        self._children = {p.pid for p in psutil.Process().children(recursive=True)}
        self.troubles: list[str] = []
        self.ended = 0.0
        # Trainings are asked about before the window closes, by their title.
        self.job = begin(bench, f"Training {said}" if kind.startswith("train") else said, work)
        self.job.failed.connect(lambda problem: self.troubles.append(f"{problem.message} {problem.hint}"))
        self.job.finished.connect(self._finished)

    def _finished(self) -> None:
        self.ended = time.perf_counter()

    def lasts(self, seconds: float) -> bool:
        """False when it is over before these seconds are."""
        return not turn(lambda: self.ended > 0, seconds)

    def stop(self) -> tuple[float, float]:
        """Seconds from the click to the end of its thread, -1 when it does not end; and seconds of computing of this process."""
        clicked, computed = time.perf_counter(), time.process_time()
        self.job.cancel()
        took = self.ended - clicked if turn(lambda: self.ended > 0) else -1.0
        return took, time.process_time() - computed

    def close_window(self) -> float:
        """Seconds until the window is closed and no thread of it runs."""
        window = self._bench.window
        _answer_question()
        clicked = time.perf_counter()
        window.close()
        turn(lambda: not window.ctx.jobs.running())
        took = time.perf_counter() - clicked
        window.deleteLater()
        return took

    def left_behind(self) -> list[str]:
        return [*self.troubles, *left_behind(self._bench, self._threads, self._children)]


def measure(bench: Bench, kind: str, times: int, closes: int) -> Row:
    said, ready = kinds(bench)[kind]
    stopped: list[float] = []
    computed: list[float] = []
    closed: list[float] = []
    wrong: list[str] = []
    early = 0
    began = time.monotonic()
    first = Running(bench, kind, said, ready())
    if first.lasts(_USUAL):
        first.stop()
    usual = min(_USUAL, max(0.05, time.monotonic() - began))
    for _ in range(times):
        running = Running(bench, kind, said, ready())
        if running.lasts(bench.chance.uniform(0.0, usual)):
            took, worked = running.stop()
            stopped.append(took)
            computed.append(worked)
            if stopped[-1] < 0:
                wrong.append("it did not stop")
                break
        else:
            early += 1
        wrong += running.left_behind()
    for _ in range(closes):
        running = Running(bench, kind, said, ready())
        running.lasts(bench.chance.uniform(0.1, usual))
        closed.append(running.close_window())
        wrong += running.left_behind()
        bench.window = bench._window()
    return Row(
        kind, said, tuple(stopped), early, tuple(closed), tuple(wrong), round(os.getloadavg()[0], 1), tuple(computed)
    )


def _answer_question() -> None:
    """Press "Stop and quit" where it is asked."""

    def click() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            next(b for b in box.buttons() if b.text() == "Stop and quit").click()

    for wait in (0, 20, 60, 150, 400):
        QTimer.singleShot(wait, click)


def share(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def line(row: Row) -> str:
    return (
        f"{row.kind:16} stopped {len(row.stopped):3} times: median {median(row.stopped or [0]):.2f} s, nine of ten"
        f" {share(row.stopped, 0.9):.2f} s, longest {max(row.stopped, default=0):.2f} s (of computing {max(row.computed, default=0):.2f} s); over before {row.early};"
        f" closed {len(row.closed)} times: longest {max(row.closed, default=0):.2f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("--close", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument(
        "--keep", action="store_true", help="keep the figures for docs/reliability.md, in the place of older ones"
    )
    options = parser.parse_args()
    memory.few_heaps()
    app = QApplication(["workbench"])
    install_theme(app, "light")
    from workbench.engine.finetune import load_libraries

    load_libraries()
    rows = []
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stopping-")))
        hub = stack.enter_context(serving({"/example.org/big.bin": bytes(20_000_000)}))
        hub.slow = 0.02
        os.environ["WORKBENCH_URL_BASE"] = hub.url
        bench = Bench(place, options.seed)
        for kind in [k for k in kinds(bench) if not options.only or k in options.only.split(",")]:
            rows.append(measure(bench, kind, options.times, options.close))
            print(f"{line(rows[-1])}  load {rows[-1].load:.1f}", flush=True)
            for words in sorted(set(rows[-1].wrong)):
                print(f"    WRONG {words}", flush=True)
        bench.window.close()
    every = [s for row in rows for s in row.stopped]
    closes = [s for row in rows for s in row.closed]
    print(
        f"\nAll {len(every)} stops: median {median(every or [0]):.2f} s, 99 of 100 {share(every, 0.99):.2f} s, longest"
        f" {max(every, default=0):.2f} s, over one second {sum(s > 1 for s in every)}. All {len(closes)} closings: longest"
        f" {max(closes, default=0):.2f} s, over one second {sum(s > 1 for s in closes)}."
    )
    if options.keep:
        file = Path(__file__).with_name("results") / "stopping.json"
        before = {r["kind"]: r for r in json.loads(file.read_text(encoding="utf-8"))} if file.is_file() else {}
        file.write_text(
            json.dumps(list((before | {r.kind: asdict(r) for r in rows}).values()), indent=1), encoding="utf-8"
        )
    return 1 if any(r.wrong for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
