"""Closing the window at any moment, from any page, with something running: it goes at once, leaves no thread and nothing half, and
a training goes on next time."""

from __future__ import annotations

import hashlib
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from own_time import Watch
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard, Source, SourceFile
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.verify import leftovers, verify
from workbench.engine import finetune
from workbench.engine.events import How, RunEvent, StepDone
from workbench.engine.fit import new_config, resumable
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.gui.context import AppContext
from workbench.gui.importing import add_to_project
from workbench.gui.main_window import MainWindow
from workbench.gui.rail import PAGES
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hub_server import Hub, serving

# "Under a second" is what one feels; a machine that does eight other things is given more. What is measured is printed.
_BOUND = 20.0


@pytest.fixture
def project(tmp_path: Path, window: MainWindow, qtbot: QtBot) -> Iterator[Project]:
    source = tmp_path / "digits"
    for name in ("one", "two"):
        (source / name).mkdir(parents=True)
        for file in sorted((resources() / "samples" / "digits" / name).iterdir())[:8]:
            shutil.copy(file, source / name)
    made, _ = project_from_plan(sniff([source]), tmp_path / "P", "P")
    window.ctx.store.adopt(made)
    yield made
    # Whatever came of the test: nobody is asked whether to quit while it is taken down.
    for job in window.ctx.jobs.running():
        job.cancel()
    qtbot.waitUntil(lambda: not window.ctx.jobs.running())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving({"/example.org/big.bin": bytes(3_000_000)}) as running:
        monkeypatch.setenv("WORKBENCH_URL_BASE", running.url)
        running.slow = 0.05
        yield running


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings that would go on for an hour."""
    monkeypatch.setitem(finetune._EPOCHS, How.BALANCED, 500)


def begin_training(window: MainWindow, qtbot: QtBot, _tmp: Path) -> list[Job]:
    project = window.ctx.store.require()
    card, _ = window.ctx.catalog.suggest(project.task_id, to_teach=True)
    # Loading the libraries is nothing that these tests are about, and takes a busy machine a minute.
    finetune.load_libraries()
    shared_pool().warm(card)
    window.show_page("train")
    page = window.page("train")
    seen: list[RunEvent] = []
    page.train(new_config(project, card, How.BALANCED, epochs=500, batch_size=4, patience=500))  # type: ignore[attr-defined]
    job: Job = page._job  # type: ignore[attr-defined]
    job.streamed.connect(seen.append)
    qtbot.waitUntil(lambda: sum(isinstance(e, StepDone) for e in seen) >= 3, timeout=200_000)
    return [job]


def begin_import(window: MainWindow, qtbot: QtBot, tmp: Path) -> list[Job]:
    source = tmp / "many"
    source.mkdir()
    lines = [f"a text with the number {n} and some more words,label{n % 3}" for n in range(60_000)]
    (source / "many.csv").write_text("text,label\n" + "\n".join(lines), encoding="utf-8")
    pictures = tmp / "pictures"
    pictures.mkdir()
    for number in range(600):
        file = resources() / "samples" / "digits" / "zero" / "zero-01.png"
        (pictures / f"{number}.png").write_bytes(file.read_bytes() + bytes(number))
    job = add_to_project(window.ctx, sniff([pictures]), lambda _result: None, copy_media=True)
    before = window.ctx.store.require().counts().total
    qtbot.waitUntil(lambda: window.ctx.store.require().counts().total > before)
    return [job]


def begin_download(window: MainWindow, qtbot: QtBot, _tmp: Path) -> list[Job]:
    size = 3_000_000
    file = SourceFile("big.bin", "https://example.org/big.bin", size, hashlib.sha256(bytes(size)).hexdigest())
    source = Source("url", "https://example.org", path="big.bin", size=size, files=(file,))
    window.ctx.downloads.add(ModelCard("big", "Big", ("image-classification",), "timm", "x", source))

    def some() -> bool:
        entry = window.ctx.downloads.entry("big")
        return entry is not None and entry.done_bytes > 100_000

    qtbot.waitUntil(some)
    return []


def begin_indexing(window: MainWindow, qtbot: QtBot, tmp: Path) -> list[Job]:
    album = tmp / "album"
    album.mkdir()
    file = (resources() / "samples" / "try" / "flower.jpg").read_bytes()
    for number in range(200):
        (album / f"{number}.jpg").write_bytes(file + bytes(number))
    window.show_page("similar")
    before = set(window.ctx.jobs.running())
    window.page("similar").look_in_folder(album)  # type: ignore[attr-defined]
    new: list[Job] = []

    def works() -> bool:
        new[:] = [j for j in window.ctx.jobs.running() if j not in before and j.fraction > 0]
        return bool(new)

    qtbot.waitUntil(works)
    return new


def begin_predicting(window: MainWindow, qtbot: QtBot, _tmp: Path) -> list[Job]:
    project = window.ctx.store.require()
    card, _ = window.ctx.catalog.suggest(project.task_id)
    samples = [i.sample() for i in project.items(project.item_ids())] * 200
    came: list[object] = []
    window.show_page("try")
    job = window.ctx.jobs.start_stream(
        "Trying", lambda control: predict(samples, card, get_task(project.task_id), control=control)
    )
    job.streamed.connect(came.append)
    qtbot.waitUntil(lambda: len(came) > 3)
    return [job]


Begin = Callable[[MainWindow, QtBot, Path], list[Job]]


def answer_quit(asked: list[str]) -> None:
    """Press "Stop and quit" once it is asked."""

    def click() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            next(b for b in box.buttons() if b.text() == "Stop and quit").click()
        elif not asked:
            QTimer.singleShot(20, click)

    QTimer.singleShot(0, click)


@pytest.mark.parametrize("begin", [begin_training, begin_import, begin_download, begin_indexing, begin_predicting])
def test_closing_with_something_running(
    window: MainWindow, qtbot: QtBot, project: Project, hub: Hub, endless: None, tmp_path: Path, begin: Begin
) -> None:
    known = set(threading.enumerate())
    folder = project.folder
    jobs = begin(window, qtbot, tmp_path)
    ended: list[Job] = []
    for job in jobs:
        job.finished.connect(lambda job=job: ended.append(job))
    asked: list[str] = []
    if begin is begin_training:
        answer_quit(asked)
    watch = Watch()
    assert window.close()
    took = watch.seconds
    sys.stdout.write(f"\nclosed while {begin.__name__.removeprefix('begin_')}: {took:.2f} s\n")
    assert took < _BOUND and not window.isVisible() and window.ctx.store.project is None
    assert len(asked) == (begin is begin_training), "asked once, and only for a training"
    qtbot.waitUntil(lambda: len(ended) == len(jobs) and not window.ctx.jobs.running())
    # No thread of ours is left; libraries keep some waiting ones, which die with the process.
    qtbot.waitUntil(
        lambda: not [t for t in threading.enumerate() if t not in known and t.is_alive() and not t.daemon],
        timeout=20_000,
    )
    assert verify(folder).sound and leftovers(folder, older_than=0.0) == []
    if begin is begin_training:
        with Project.open(folder) as again:
            (run,) = resumable(again)
            assert run.status == "interrupted" and (run.folder / "last.safetensors").is_file()


def test_a_training_goes_on_at_the_next_start(
    window: MainWindow, qtbot: QtBot, project: Project, endless: None, tmp_path: Path
) -> None:
    folder = project.folder
    begin_training(window, qtbot, tmp_path)
    answer_quit([])
    window.close()
    qtbot.waitUntil(lambda: not window.ctx.jobs.running())  # in the app the process ends here
    second = AppContext(app_paths())
    again = MainWindow(second)
    qtbot.addWidget(again)
    again.show()
    again.reopen()
    try:
        assert second.store.require().folder == folder
        again.show_page("home")
        home = again.page("home")
        qtbot.waitUntil(lambda: "was interrupted" in home.banner.text.text())  # type: ignore[attr-defined]
        with_steps: list[RunEvent] = []
        run = resumable(second.store.require())[0]
        again.show_page("train", {"run_id": run.id})
        page = again.page("train")
        page._job.streamed.connect(with_steps.append)  # type: ignore[attr-defined]
        qtbot.waitUntil(lambda: any(isinstance(e, StepDone) for e in with_steps), timeout=200_000)
        first = next(e for e in with_steps if isinstance(e, StepDone))
        assert first.step > 3, "it goes on where it stopped"
    finally:
        answer_quit([])
        again.close()


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.id)
def test_closing_from_every_page_just_after_it_is_shown(
    window: MainWindow, qtbot: QtBot, project: Project, entry: object
) -> None:
    """Pages begin to look at things when they are shown; closing at that moment is answered, too."""
    window.show_page(entry.id)  # type: ignore[attr-defined]
    assert window.close() and window.ctx.store.project is None
    qtbot.waitUntil(lambda: not window.ctx.jobs.running())
    assert verify(project.folder).sound


def test_a_control_that_leaves_is_one_that_stops() -> None:
    control = Control()
    control.cancel()
    assert control.cancelled and not control.leaving
    control = Control()
    control.pause()
    control.leave()
    assert control.cancelled and control.leaving


def test_what_a_person_stops_is_not_offered_again(project: Project, catalog: Catalog) -> None:
    """Stopped on the Train page, not by closing: the best version is kept, and the run is over."""
    from workbench.engine.fit import fit

    card, _ = catalog.suggest(project.task_id, to_teach=True)
    control = Control()
    for event in fit(new_config(project, card, How.BALANCED, epochs=50, batch_size=4), project, catalog, control):
        if isinstance(event, StepDone):
            control.cancel()
    assert resumable(project) == [] and project.runs()[0].status == "cancelled"
