"""Starts the window. Nothing heavy is imported before it is painted."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from workbench import app_log, garbage, memory, safe_mode
from workbench.app_paths import app_paths, resources
from workbench.control import Control
from workbench.gui.context import AppContext
from workbench.gui.crash import Watch, report
from workbench.gui.crash_dialog import CrashDialog, wants_safe_mode
from workbench.gui.every_part import every_part
from workbench.gui.icons import draw_usual
from workbench.gui.main_window import MainWindow
from workbench.gui.opening import OpenEvents, open_given
from workbench.gui.rail import PAGES
from workbench.gui.single import Listener
from workbench.gui.theme import Choice, install_theme

log = logging.getLogger(__name__)

# Set by the start-up benchmark and the self-check: the app says when it is ready for clicks, and quits. With the value
# "pages" it opens every page before, and says which it could not.
PROBE_VARIABLE = "WORKBENCH_STARTUP_PROBE"
# A job that computes in Python gives the interpreter back to the window after so many seconds. Painting asks for it at every
# tile: of Python's own 5 ms a few in one picture are seen, and so are many of 1 ms.
_SWITCH_SECONDS = 0.0002
# What the pages import when they are first seen, besides what they are made of.
_SOON = (
    "workbench.gui.results.classes", "workbench.engine.talk", "workbench.engine.speed.words", "workbench.hub.sources.huggingface",
    "workbench.hub.sources.timm", "workbench.hub.sources.torchvision", "workbench.hub.sources.url",
    "workbench.hub.sources.wheel",
)  # fmt: skip
# A start has come to its end when the window has been answering for so long.
_STARTED_MS = 3000


def run(arguments: Sequence[str], given: Sequence[str] = (), alone: bool = False, safe: bool = False) -> int:
    """Open the window and stay until it is closed. Returns the exit code.

    Args:
        given: a project to open (its folder or its project file), or nothing.
        alone: a further window beside the one that others are handed over to.
        safe: begin in safe mode (see `workbench.safe_mode`).
    """
    quick_window()
    QGuiApplication.setApplicationName("Model Workbench")
    QGuiApplication.setDesktopFileName("model-workbench")
    app = QApplication(list(arguments) or ["workbench"])
    paths = app_paths()
    project = given[0] if given else ""
    app_log.start(paths.logs)
    app.setWindowIcon(app_icon())
    watch = Watch(paths)
    last = watch.begin()
    if safe or (last.offer_safe_mode and wants_safe_mode(last.at_start)):
        safe_mode.turn_on()
    ctx = AppContext(paths)
    install_theme(app, theme_choice(ctx.settings.text("view/theme", "system")))
    window = MainWindow(ctx)
    window.restore()
    window.show()
    if not alone:
        listener = Listener(paths, window)
        listener.asked.connect(lambda wanted: open_given(window, wanted))
    app.installEventFilter(OpenEvents(window))
    # After the first paint: what takes seconds may begin, in threads.
    QTimer.singleShot(0, lambda: load_pages(window, project))
    QTimer.singleShot(_STARTED_MS, window, watch.started)
    if last.crashed and not os.environ.get(PROBE_VARIABLE):
        QTimer.singleShot(0, window, lambda: CrashDialog(report(paths), window).open())
    code = app.exec()
    watch.end()
    left = [job.title for job in ctx.jobs.threads()]
    if left:
        # They were told to stop and are in the middle of one long step of a library. Qt would abort the process over them;
        # everything is written atomically, so it simply ends.
        log.warning("still running at the end: %s", ", ".join(left))
        from workbench.engine.prediction_log import flush

        flush()
        logging.shutdown()
        os._exit(code)
    return code


def quick_window() -> None:
    """What this process does so that a window never waits for its own threads; before there are any."""
    memory.few_heaps()
    sys.setswitchinterval(_SWITCH_SECONDS)
    garbage.begin()


def theme_choice(text: str) -> Choice:
    """A remembered choice; anything unknown follows the system."""
    return "light" if text == "light" else "dark" if text == "dark" else "system"


def app_icon() -> QIcon:
    """The app's own, in the sizes that windows and task bars ask for."""
    return QIcon(str(resources() / "icons" / "model-workbench.svg"))


def load_pages(window: MainWindow, project: str = "") -> None:
    """Import what the pages are made of, in a job: a first click on one, and the project that is opened next, find it there."""
    if os.environ.get(PROBE_VARIABLE):
        after_first_paint(window, project)
        return
    job = window.ctx.jobs.start("Opening", lambda control: import_pages(control), quiet=True)
    job.ended.connect(lambda: after_first_paint(window, project))


def import_pages(control: Control) -> None:
    """The pages' modules with all they import, and the tasks. What cannot be imported is told by the page itself."""
    from workbench.tasks.registry import all_tasks

    all_tasks()
    for entry in PAGES:
        control.check()
        with suppress(ImportError):
            import_module(entry.module)


def after_first_paint(window: MainWindow, project: str = "") -> None:
    """Open what was given, or what was open; then load the libraries and the suggested model so that the first try is quick."""
    if os.environ.get(PROBE_VARIABLE):
        sys.stdout.write(f"interactive torch_imported={'torch' in sys.modules}\n")
        sys.stdout.flush()
        if os.environ[PROBE_VARIABLE] == "pages":
            sys.stdout.write(json.dumps(every_part(window)) + "\n")
            sys.stdout.flush()
        QTimer.singleShot(0, QApplication.quit)
        return
    window.reopen()
    if project:
        open_given(window, project)
    draw_usual(window)
    job = window.ctx.jobs.start("Getting ready", lambda control: warm_up(window.ctx, control))
    job.ended.connect(garbage.settle)


def warm_up(ctx: AppContext, control: Control) -> None:
    """Import the libraries and load the model most likely to be used first. In a job."""
    from workbench.engine.finetune import load_libraries
    from workbench.engine.pool import shared_pool
    from workbench.engine.speed.background import shared_searcher
    from workbench.engine.speed.remembered import machine
    from workbench.runtimes.folder import sweep
    from workbench.tasks.registry import trainable_tasks

    control.progress(0, 0, "Getting the starter model ready")
    for module in _SOON:
        control.check()
        import_module(module)
    machine()  # looks up the versions of packages, once
    project = ctx.store.project
    task_id = project.task_id if project is not None else trainable_tasks()[0].info.id
    card, _why = ctx.catalog.suggest(task_id, to_teach=True)
    control.check()
    # The curves' library, so that the first training does not wait for it.
    import_module("pyqtgraph")
    control.check()
    if ctx.is_here(card):
        shared_pool().warm(card)
    control.check()
    load_libraries()
    # From now on the quickest way to run each model is looked for while it is used.
    shared_searcher().start()
    sweep(ctx.paths.models)
