"""Doubtful answers one by one: seen large, decided with a key, and on to the next. What is decided is on disk at once and can
be undone."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import WRITTEN, Item, Sample, Split
from workbench.engine import review
from workbench.engine.prediction_log import require_log
from workbench.engine.review import Kept, Waiting
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.health.pane import ItemPane
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, EmptyState, button, clear_layout, icon_button, label, row
from workbench.gui.workers import while_there
from workbench.tasks.registry import get_task

_KEYS = "Enter: it is right.  {classes}Space or right: skip.  Left: back.  N: not mine.  Ctrl+Z: undo."
_ANOTHER = "Another class …"


@dataclass(frozen=True)
class _Opened:
    """What a job found out about one answer."""

    sample: Sample | None
    problem: str
    lines: tuple[str, ...]


class ReviewTab(QWidget):
    """Signals:
    counted(int): so many wait.
    decided(): something was decided, or that was taken back.
    """

    counted = Signal(int)
    decided = Signal()

    def __init__(self, ctx: AppContext, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._card = ctx, card
        self._info = get_task(card.main_task).info
        self._by_name = review.takes_labels(self._info)
        self._several = self._info.editor == "tags"
        # Copies are shown from here; they go with the window.
        self._folder = tempfile.TemporaryDirectory(prefix="review-")
        self.waiting: list[Waiting] = []
        self._done: dict[str, str] = {}
        self._steps: list[tuple[str, Kept, bool]] = []
        self._busy = False
        self._asked = 0
        self._stopped = False
        self.at = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(M)
        self.banner = Banner()
        self.banner.setObjectName("review-banner")
        column.addWidget(self.banner)
        self.empty = EmptyState(
            "badge-check", "Nothing waits for a look",
            "Unsure answers, what is unlike all it learnt from, and samples of weeks in which something changed come here.",
        )  # fmt: skip
        column.addWidget(self.empty, 1)
        self.full = QWidget()
        column.addWidget(self.full, 1)
        self._build()
        for widget in (*self.findChildren(QWidget),):
            if widget.focusPolicy() == Qt.FocusPolicy.StrongFocus and widget is not self.other:
                widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.full.hide()
        ctx.store.project_changed.connect(self.refresh)

    def _build(self) -> None:
        line = row(spacing=L)
        self.full.setLayout(line)
        line.setContentsMargins(0, 0, 0, 0)
        self.pane = ItemPane(self._ctx, "The item that was asked about")
        line.addWidget(self.pane, 3)
        side = QVBoxLayout()
        side.setSpacing(S)
        self.said = label("", "heading", wrap=True)
        self.said.setObjectName("review-said")
        self.why = label("", "soft", wrap=True)
        self.state = label("", "badge")
        self.lines = label("", "soft", wrap=True)
        for widget in (self.said, self.why, self.lines):
            side.addWidget(widget)
        side.addLayout(row(self.state, 1))
        self.right = button("It is right (Enter)", self._right, role="primary", icon_name="check", name="review-right")
        side.addWidget(self.right)
        self._classes = QVBoxLayout()
        self._classes.setSpacing(S)
        side.addLayout(self._classes)
        self.other = QComboBox()
        self.other.setObjectName("review-other")
        self.other.setAccessibleName("Another class")
        self.other.setToolTip("All classes, and a new one typed here")
        self.other.setEditable(True)
        self.other.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.other.activated.connect(lambda _place: self._other())
        edit = self.other.lineEdit()
        if edit is not None:
            edit.setPlaceholderText(_ANOTHER)
            edit.returnPressed.connect(self._other)
        side.addWidget(self.other)
        self.editor = button("Correct it in the editor (E)", self._edit, icon_name="pencil", name="review-editor",
                             tip="It comes into the project with the answer as a proposal")  # fmt: skip
        self.editor.setVisible(not self._by_name)
        self.other.setVisible(self._by_name)
        side.addWidget(self.editor)
        self.not_mine = button("Not mine (N)", self._not_mine, icon_name="ban", name="review-not-mine",
                               tip="It does not belong here: it comes into no project and not into this list again")  # fmt: skip
        side.addWidget(self.not_mine)
        side.addStretch(1)
        self.caption = label("", "soft")
        side.addLayout(
            row(icon_button("chevron-left", "The one before (left arrow)", lambda: self.move_by(-1), name="review-back"),
                self.caption,
                icon_button("skip-forward", "Skip it (Space or right arrow)", lambda: self.move_by(1), name="review-skip"), 1)
        )  # fmt: skip
        self.keys = label("", "faint", wrap=True)
        side.addWidget(self.keys)
        line.addLayout(side, 2)

    # The queue -----------------------------------------------------------------------------------------------------------

    def _project_fits(self) -> bool:
        project = self._ctx.store.project
        return project is not None and project.task_id in self._card.tasks and not project.read_only

    def refresh(self) -> None:
        """Make the queue anew."""
        if self._stopped:
            return
        self._asked += 1
        asked, card = self._asked, self._card
        project = self._ctx.store.project if self._project_fits() else None

        def work(control: Control) -> tuple[list[Waiting], Path | None]:
            found = review.queue(card, project, control)
            return found, review.project_folder_of(card) if project is None and found else None

        def came(result: tuple[list[Waiting], Path | None]) -> None:
            if asked == self._asked:
                self._show_queue(*result)

        job = self._ctx.jobs.start("Looking for doubtful answers", work)
        job.succeeded.connect(while_there(self, came))
        job.failed.connect(while_there(self, self.banner.show_error))

    def stop(self) -> None:
        """The window closes: nothing is opened any more, and copies go."""
        self._stopped = True
        self.pane.show_item(None)
        self._folder.cleanup()

    def _show_queue(self, waiting: list[Waiting], home: Path | None) -> None:
        self.waiting = waiting
        self._done, self._steps = {}, []
        self.empty.setVisible(not waiting)
        self.full.setVisible(bool(waiting))
        if self._project_fits():
            self.banner.hide()
        elif waiting and home is not None:
            self.banner.show_message(
                f"Labels go into the project this model was taught with, “{home.name}”.", "info", "Open it",
                lambda: self._open_project(home),
            )  # fmt: skip
        elif waiting:
            self.banner.show_message(
                f"To give labels, open a project for {self._info.title.lower()}: theirs is not among your projects.", "info",
                "Go Home", lambda: self._ctx.go("home"),
            )  # fmt: skip
        self._fill_classes()
        self._count()
        if waiting:
            self.show_at(0)

    def _open_project(self, folder: Path) -> None:
        try:
            self._ctx.store.open(folder)
        except UserError as error:
            self.banner.show_error(error)

    def _names(self) -> list[str]:
        project = self._ctx.store.project
        if project is not None and self._project_fits():
            return [c.name for c in project.classes()]
        return list(self._card.label_names)

    def _fill_classes(self) -> None:
        clear_layout(self._classes)
        names = self._names() if self._by_name else []
        self._buttons = []
        for place, name in enumerate(names[:9]):
            one = button(f"{place + 1}  {name}", partial(self._named, name), name=f"review-class-{place + 1}")
            one.setAccessibleName(name)
            one.setCheckable(self._several)
            one.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._buttons.append((name, one))
            self._classes.addWidget(one)
        self.other.clear()
        self.other.addItems(names)
        self.other.setCurrentIndex(-1)
        self.other.clearEditText()
        keys = (
            "1 to 9: switch a label.  "
            if self._several
            else "1 to 9: it is that.  "
            if self._by_name
            else "E: correct.  "
        )
        self.keys.setText(_KEYS.format(classes=keys))
        self.right.setText(" Done: these labels (Enter)" if self._several else " It is right (Enter)")

    def _count(self) -> None:
        self.counted.emit(sum(w.row.hash not in self._done for w in self.waiting))

    # Showing -------------------------------------------------------------------------------------------------------------

    @property
    def current(self) -> Waiting | None:
        return self.waiting[self.at] if self.at < len(self.waiting) else None

    def show_at(self, at: int) -> None:
        """Show one of those that wait."""
        self.at = max(0, min(at, len(self.waiting) - 1))
        one = self.current
        if one is None:
            return
        self.said.setText(f"{one.row.answer or 'Its answer'} ({one.row.certainty:.0%})")
        times = f"; asked {one.times} times" if one.times > 1 else ""
        self.why.setText(f"Why: {one.words()}{times}.")
        self.caption.setText(f"{self.at + 1} of {len(self.waiting)}")
        self.state.setText(self._done.get(one.row.hash, ""))
        self.state.setVisible(bool(self.state.text()))
        # What is decided is taken back first (Ctrl+Z) before it is decided in another way.
        waits = one.row.hash not in self._done
        for widget in (self.right, self.other, self.editor, self.not_mine, *(b for _, b in self._buttons)):
            widget.setEnabled(waits)
        for name, choice in self._buttons:
            choice.setChecked(self._several and name in one.row.answer.split(", "))
        self.lines.clear()
        self.pane.caption.setText(one.row.name or "(a text)")
        self._open(one)
        self.setFocus()

    def _open(self, one: Waiting) -> None:
        card, folder = self._card, Path(self._folder.name)

        def work(_control: Control) -> _Opened:
            log = require_log(card)
            said = review.answer(log, one.row)
            lines = tuple(said.lines()[:4]) if said is not None else ()
            try:
                return _Opened(review.material(log, one.row, folder), "", lines)
            except UserError as error:
                return _Opened(None, f"{error.message} {error.hint}", lines)

        def came(found: _Opened) -> None:
            if self.current is not one or self._stopped:
                return
            self.lines.setText("\n".join(found.lines))
            if found.sample is None:
                self.pane.show_item(None)
                self.pane.picture.show_words(found.problem)
            else:
                s = found.sample
                self.pane.show_item(Item(0, s.kind, s.name, path=None if s.kind in WRITTEN else s.path, text=s.text))

        job = self._ctx.jobs.start_stream("Opening an item", lambda control: iter([work(control)]), quiet=True)
        job.streamed.connect(while_there(self, came))

    def move_by(self, step: int) -> None:
        """To a neighbour, if there is one."""
        if 0 <= self.at + step < len(self.waiting):
            self.show_at(self.at + step)

    # Deciding ------------------------------------------------------------------------------------------------------------

    def _right(self) -> None:
        if self._several:
            self._decide(review.CORRECTED, [name for name, widget in self._buttons if widget.isChecked()])
        else:
            self._decide(review.RIGHT)

    def _named(self, name: str) -> None:
        if not self._several:
            self._decide(review.CORRECTED, [name])

    def _other(self) -> None:
        name = self.other.currentText().strip()
        if not name:
            return
        if self._several:
            self.banner.show_message("Make a new label on the Data page first.", "info")
        else:
            self._decide(review.CORRECTED, [name])

    def _edit(self) -> None:
        if not self._by_name:
            self._decide(review.IN_EDITOR)

    def _not_mine(self) -> None:
        self._decide(review.NOT_MINE)

    def _decide(self, decision: str, labels: Sequence[str] = ()) -> None:
        one = self.current
        if one is None or self._busy or one.row.hash in self._done:
            return
        if decision != review.NOT_MINE and not self._project_fits():
            self.banner.show_message("Open the project first: labels go into it.", "warn")
            self.refresh()
            return
        self._busy = True
        card, folder = self._card, Path(self._folder.name)
        project = self._ctx.store.project if self._project_fits() else None

        def work(_control: Control) -> Kept:
            return review.decide(card, project, one, decision, labels, folder)

        def failed(problem: Problem) -> None:
            self.banner.show_error(problem)

        def ended() -> None:
            self._busy = False

        job = self._ctx.jobs.start("Noting a label", work)
        job.succeeded.connect(while_there(self, lambda kept: self._came(one, kept)))
        job.failed.connect(while_there(self, failed))
        job.ended.connect(while_there(self, ended))

    def _came(self, one: Waiting, kept: Kept) -> None:
        self._busy = False
        store, card = self._ctx.store, self._card
        project = store.project if kept.item_id is not None else None
        first = True

        def tell() -> None:
            if kept.item_id is not None:
                store.items_changed.emit()
                store.classes_changed.emit()

        def do() -> None:
            nonlocal first
            if not first:
                review.do_again(card, project, kept)
            first = False
            tell()

        def undo() -> None:
            review.take_back(card, project, kept)
            tell()

        undoable = store.project is not None
        if undoable:
            store.push("review 1 item", do, undo)
        words = ", ".join(kept.decision.labels) or kept.decision.decision
        if kept.part is not None:
            words += ": kept apart to judge" if kept.part is Split.NEW else ": teaches the next version"
        self._done[one.row.hash] = words
        self._steps.append((one.row.hash, kept, undoable))
        self._count()
        self.decided.emit()
        if kept.decision.labels and kept.decision.labels[0] not in self._names_shown():
            self._fill_classes()
        if kept.decision.decision == review.IN_EDITOR and kept.item_id is not None:
            self._ctx.go("data", item_ids=[kept.item_id], title="To be corrected")
        left = [n for n, w in enumerate(self.waiting) if w.row.hash not in self._done]
        if left:
            self.show_at(next((n for n in left if n > self.at), left[0]))
        else:
            self.show_at(self.at)
            self.banner.show_message("All have been looked at. “Update” teaches the next version from them.", "good")

    def _names_shown(self) -> set[str]:
        return {self.other.itemText(n) for n in range(self.other.count())}

    def take_back(self) -> None:
        """Undo the last decision made here, and show it."""
        if not self._steps or self._busy:
            return
        content, kept, undoable = self._steps.pop()
        self._done.pop(content, None)
        if undoable:
            self._ctx.store.undo_stack.undo()
        else:
            review.take_back(self._card, None, kept)
        self._count()
        self.decided.emit()
        self.banner.hide()
        self.show_at(next(n for n, w in enumerate(self.waiting) if w.row.hash == content))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control and key == Qt.Key.Key_Z:
            self.take_back()
        elif key == Qt.Key.Key_Left:
            self.move_by(-1)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Space):
            self.move_by(1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._right()
        elif key in (Qt.Key.Key_N, Qt.Key.Key_Delete):
            self._not_mine()
        elif key == Qt.Key.Key_E:
            self._edit()
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and not control:
            place = int(key) - int(Qt.Key.Key_1)
            if place < len(self._buttons):
                name, widget = self._buttons[place]
                if self._several:
                    widget.toggle()
                else:
                    self._named(name)
        else:
            super().keyPressEvent(event)
