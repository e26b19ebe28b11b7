"""What a person does at the app, done in the app's own process: the harness kills that process at any moment.

    python tests/reliability/user.py            reads one deed a line from stdin, each done in a forked process of its own
    python tests/reliability/user.py DEED       does one deed in this very process

A deed is a JSON object: {"deed", "arguments", "environment", "said", "inside", "last_step"}; `said` is the file to which the
process writes, line by line, what the product has confirmed. What was written there survives the kill, as what was seen on a
screen does. At step number `last_step` on the disk below `inside` (a file opened for writing, renamed or deleted, a folder
made …) the process kills itself: so are the moments found that last for microseconds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The frozen app brings its own modules (see `frozen_user`).
FROZEN = bool(getattr(sys, "frozen", False))
if not FROZEN:
    sys.path.insert(0, str(ROOT))
# Loaded once, before the processes part: a life then begins in milliseconds.
_HEAVY = (
    "workbench.gui.app", "workbench.gui.pages.data_page", "workbench.gui.pages.home", "workbench.gui.pages.train_page",
    "workbench.gui.widgets.train_live", "workbench.engine.fit", "workbench.engine.quick", "workbench.cli.app", "torch",
    "torch.optim", "torch._dynamo", "timm", "transformers", "safetensors.torch", "scipy.special", "PIL.Image",
    "PySide6.QtTest", "workbench.trust.report", "workbench.engine.health.check", "workbench.hub.store",
)  # fmt: skip


def say(words: str) -> None:
    """What is confirmed: in the file when this returns."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


# Deeds ------------------------------------------------------------------------------------------------------------------


def command(*lines: list[str]) -> None:
    """Command lines, one after the other, up to the first that fails."""
    from workbench.__main__ import main

    for line in lines:
        code = main(line)
        say(f"code {code}")
        if code:
            sys.exit(code)


def train(*lines: list[str]) -> None:
    """As `command`; a state is kept at every step, so that there are many moments at which one is being written."""
    from workbench.engine import finetune

    finetune.CHECKPOINT_SECONDS = 0.0
    command(*lines)


def label(folder: str, seed: int, presses: int) -> None:
    """The window, with the project that was open: keys on the Data page, some steps taken back."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QListView

    from workbench.gui import app
    from workbench.gui.main_window import MainWindow

    chance = random.Random(seed)
    began = app.after_first_paint

    def begin(window: MainWindow, project: str = "") -> None:
        began(window, project)
        store = window.ctx.store
        if store.project is None or store.project.folder != Path(folder):
            say("not reopened")
            sys.exit(9)
        window.show_page("data")
        page: Any = window.page("data")
        view = window.findChild(QListView, "item-view")
        assert view is not None

        def confirmed(ids: list[int]) -> None:
            for item_id, state in store.require().label_states(ids).items():
                say(f"is {item_id} {state.class_id or 0}")

        store.labels_changed.connect(confirmed)
        done = 0
        last = 0

        def press() -> None:
            nonlocal done, last
            if done >= presses:
                window.close()
                return
            done += 1
            if chance.random() < 0.1 and store.undo_stack.canUndo():
                say(f"will {last}")
                store.undo_stack.undo()
            else:
                row = chance.randrange(len(page.model.ids))
                last = page.model.ids[row]
                say(f"will {last}")
                page.view.go_to(row)
                press_key(view, Qt.Key(int(Qt.Key.Key_0) + chance.randint(0, 3)))
            QTimer.singleShot(0, press)

        def when_listed() -> None:
            if page.model.ids:
                QTimer.singleShot(0, press)
            else:
                QTimer.singleShot(10, when_listed)

        when_listed()

    app.after_first_paint = begin
    # Killed again and again at the start, the app asks whether to begin in safe mode: this person wants the usual start.
    app.wants_safe_mode = lambda _count: False
    code = app.run(["workbench"])
    say(f"code {code}")


def press_key(widget: Any, key: Any) -> None:
    """A key pressed and let go. Qt's part for tests is not in the frozen app, so there the widget is told itself."""
    if not FROZEN:
        from PySide6.QtTest import QTest

        QTest.keyClick(widget, key)
        return
    from PySide6.QtCore import QCoreApplication, QEvent, Qt
    from PySide6.QtGui import QKeyEvent

    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QCoreApplication.sendEvent(widget, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, chr(int(key))))


def keep(folder: str, seed: int, turns: int) -> None:
    """Labels, backups of them, and going back to one; each said when the product has confirmed it."""
    import sqlite3
    from contextlib import closing

    from workbench.data.backup import back_up, backups, restore
    from workbench.data.project import Project

    chance = random.Random(seed)
    place = Path(folder)
    for _ in range(turns):
        with Project.open(place) as project:
            ids, classes = project.item_ids(), [c.id for c in project.classes()]
            for _ in range(3):
                item, wanted = chance.choice(ids), chance.choice(classes)
                say(f"will {item} {wanted}")
                project.set_label([item], wanted)
                say(f"is {item} {wanted}")
        if chance.random() < 0.7:
            made = back_up(place)
            say(f"kept {made.number}")
        elif there := backups(place):
            chosen = chance.choice(there)
            with closing(sqlite3.connect(f"{chosen.path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as sql:
                rows = sql.execute("SELECT id, COALESCE(class_id, 0) FROM items ORDER BY id").fetchall()
            say(f"back {json.dumps(dict(rows))}")
            restore(place, chosen)
            say("went")


def write(folder: str, talks: str, seed: int, turns: int) -> None:
    """Boxes on pictures, notes of reviews, turns of conversations; each said when the product has confirmed it."""
    from workbench.data.annotations import Annotation, AnnotationState
    from workbench.data.project import Project
    from workbench.data.shapes import BoxShape
    from workbench.engine.conversation import Conversation, Turn
    from workbench.engine.conversation_store import ConversationStore

    chance = random.Random(seed)
    store = ConversationStore(Path(talks))
    with Project.open(Path(folder)) as project:
        ids, cat = project.item_ids(), project.classes()[0].id
        for _ in range(turns):
            what, number = chance.choice(("marks", "review", "talk")), chance.randrange(1, 30)
            item = chance.choice(ids)
            say(f"will {what} {item} {number}")
            if what == "marks":
                boxes = tuple(Annotation(BoxShape(n, n, 5, 5), cat) for n in range(number))
                project.set_annotations({item: AnnotationState(boxes, True)})
            elif what == "review":
                project.note_reviewed(item, "m", f"answer {number}", "unsure")
            else:
                words = tuple(Turn("user" if n % 2 else "assistant", f"turn {n} " * 50) for n in range(number))
                store.save(Conversation(id=f"talk-{item}", turns=words))
            say(f"is {what} {item} {number}")


DEEDS = {f.__name__: f for f in (command, train, label, keep, write)}


# Dying at a step on the disk -----------------------------------------------------------------------------------------------

_STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "sqlite3.connect", "os.truncate", "os.link", "os.symlink")


class Steps:
    """Counts the steps on the disk below a folder, as Python's audit events tell them."""

    def __init__(self, inside: str, last: int | None) -> None:
        self.count = 0
        self._inside, self._last = inside, last
        sys.addaudithook(self._happens)

    def _happens(self, event: str, values: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = values
            written = (
                any(c in mode for c in "wax+") if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR))
            )
            if not written:
                return
        elif event in _STEPS:
            path = values[0]
        else:
            return
        if isinstance(path, Path | str) and str(path).removeprefix("file://").startswith(self._inside):
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1


# Processes ---------------------------------------------------------------------------------------------------------------


def do(what: dict[str, Any]) -> None:
    """Do one deed and end the process; what it says goes to its file."""
    handle = os.open(what["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for place in (1, 2):
        os.dup2(handle, place)
    os.environ.update(what["environment"])
    code = 0
    steps = Steps(what["inside"], what["last_step"])
    try:
        DEEDS[what["deed"]](*what["arguments"])
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:  # noqa: BLE001 - the end of the process
        import traceback

        traceback.print_exc()
        code = 99
    say(f"steps {steps.count}")
    os._exit(code)


def main() -> None:
    if len(sys.argv) > 1:
        do(json.loads(sys.argv[1]))
    for name in _HEAVY:
        import_module(name)
    import torch

    torch.set_num_threads(1)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            do(json.loads(line))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
