"""Asking questions about a text and marking their answers in it. Done by mouse or by keys alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSplitter, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.questions import clean, questions_of, tight
from workbench.data.shapes import TextSpan
from workbench.data.types import Item
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.editors.answering import changes
from workbench.gui.editors.answering.views import Passage, Questions
from workbench.gui.editors.base import ItemEditor
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import M, S, theme
from workbench.gui.utf16 import to_qt
from workbench.gui.widgets.basic import Banner, Card, button, icon_button, label, row
from workbench.tasks.registry import get_task


def _no_model() -> UserError:
    return UserError(
        "No model on this computer answers questions yet.",
        "Teach one with what you have answered, or download one on the Models page.",
    )


class Editor(ItemEditor):
    """See the module. Every change is on disk at once."""

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.item: Item | None = None
        self.question = ""
        self.selected = 0
        self._suggesting = False
        self.banner = Banner()
        self._build()
        ctx.store.labels_changed.connect(self._changed)
        ctx.store.project_changed.connect(self._project_changed)
        theme().changed.connect(self._redraw)

    # Showing ---------------------------------------------------------------------------------------------------------

    def show_row(self, row_number: int) -> None:
        item = self.model.item_at(row_number)
        if item is None:
            return
        self.row, self.item, self.question, self.selected = row_number, item, "", 0
        self.asked.clear()
        self.banner.hide()
        if item.problem:
            self.banner.show_message(item.problem, "warn")
        self.passage.show_text(item.text or "")
        questions = questions_of(self.state().annotations)
        waiting = next((q for q in questions if q.open), None)
        if questions:
            self.question = (waiting or questions[0]).text
        self._redraw()
        self.moved.emit(row_number)
        (self.passage if waiting is not None else self.asked).setFocus()

    def review(self) -> None:
        """The first text that is not done and has a proposal; else the first that is not done."""
        project = self.ctx.store.require()
        items = {i.id: i for i in project.items(self.model.ids)}
        open_rows = [r for r, item_id in enumerate(self.model.ids) if item_id in items and not items[item_id].marked]
        proposed = [r for r in open_rows if items[self.model.ids[r]].proposals]
        self.show_row((proposed or open_rows or [0])[0])

    def state(self) -> AnnotationState:
        """The text's questions and answers as they are on disk."""
        project = self.ctx.store.project
        if project is None or self.item is None:
            return AnnotationState()
        return project.annotation_states([self.item.id])[self.item.id]

    def _redraw(self) -> None:
        self._show(fill=True)

    def _show(self, fill: bool) -> None:
        """`fill`: the list of questions too, which must not happen while it tells that something in it was chosen."""
        if self.item is None or self.ctx.store.project is None:
            return
        state = self.state()
        questions = questions_of(state.annotations)
        if self.question not in [q.text for q in questions]:
            self.question = questions[0].text if questions else ""
        if self.selected not in [a.id for a in state.annotations]:
            self.selected = 0
        self.passage.show_answers(state.annotations, self.question, self.selected)
        if fill:
            self.questions.show_questions(self.item.text or "", state.annotations, self.question, self.selected)
        waiting = sum(q.open for q in questions)
        if not questions:
            said = "nothing asked yet"
        else:
            said = "1 question" if len(questions) == 1 else f"{len(questions)} questions"
            said += f", {waiting} without an answer" if waiting else ", done"
        # The name is kept apart from what stands beside it, whichever way it is written (Unicode isolates).
        self.caption.setText(
            f"\u2068{self.item.name}\u2069   ·   {said}   ·   {self.row + 1} of {self.model.rowCount()}"
        )
        self.asks.setText(self.question or "Type your first question above.")
        proposals = sum(a.is_proposal for a in state.annotations)
        self.accept.setVisible(proposals > 0)
        self.accept.setText(f" Accept {proposals} suggested")
        for widget in (self.take, self.none, self.change, self.remove):
            widget.setEnabled(bool(self.question))
        self.suggest.setEnabled(waiting > 0 and not self._suggesting)

    def choose(self, question: str, annotation_id: int = 0, in_list: bool = False) -> None:
        """Choose a question, or one of its answers. `in_list`: the list shows it already."""
        self.question, self.selected = question, annotation_id
        found = next((a for a in self.state().annotations if a.id == annotation_id), None) or next(
            (a for a in self.state().annotations if a.text == question and isinstance(a.shape, TextSpan)), None
        )
        if found is not None and isinstance(found.shape, TextSpan) and not self.passage.textCursor().hasSelection():
            self.passage.bring_into_view(found.shape)
        self._show(fill=not in_list)

    # Asking and answering --------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """What is typed becomes a question that waits for its answer; the keyboard goes to the text."""
        if self.item is None or not self._may_change():
            return
        question = clean(self.asked.text())
        if not question:
            return
        state = self.state()
        self.asked.clear()
        self.question, self.selected = question, 0
        if question not in [q.text for q in questions_of(state.annotations)]:
            self._put(changes.asking(state.annotations, question), "ask a question")
        else:
            self._redraw()
        self.passage.setFocus()

    def answer(self) -> None:
        """The selection answers the question. With nothing selected, what a model suggests for it is taken."""
        if self.item is None or not self._may_change():
            return
        if not self.question:
            self.banner.show_message("Type a question first; then select its answer in the text.", "info")
            self.asked.setFocus()
            return
        state = self.state()
        start, end = tight(self.passage.text, *self.passage.selection())
        if end > start:
            self._put(changes.answering(state.annotations, self.question, start, end), "mark an answer")
            self._go_on()
        elif any(a.is_proposal and a.text == self.question for a in state.annotations):
            self._put(changes.accepting(state.annotations, self.question), "accept a suggestion")
            self._go_on()
        else:
            self.banner.show_message("Select the answer in the text first; then press Enter.", "info")

    def say_none(self) -> None:
        """The text does not answer the question."""
        if self.item is not None and self.question and self._may_change():
            self._put(changes.denying(self.state().annotations, self.question), "say that the text does not answer")
            self._go_on()

    def accept_all(self) -> None:
        """All that is suggested for this text becomes the person's."""
        if self.item is not None and self._may_change():
            self._put(changes.accepting(self.state().annotations), "accept suggestions")

    def delete(self) -> None:
        """Take the chosen answer away, or else the question with all its answers."""
        if self.item is None or not self.question or not self._may_change():
            return
        annotations = self.state().annotations
        chosen = next((a for a in annotations if a.id == self.selected), None)
        if chosen is not None and not (chosen.ignored and not chosen.is_proposal):
            self.selected = 0
            words = "refuse a suggestion" if chosen.is_proposal else "delete an answer"
            self._put(changes.deleting_answer(annotations, chosen.id), words)
        else:
            self._put(changes.deleting(annotations, self.question), "delete a question")

    def rename(self, old: str, new: str) -> None:
        """Other words for a question."""
        new = clean(new)
        annotations = self.state().annotations
        taken = new in [q.text for q in questions_of(annotations)]
        if not new or taken or not self._may_change():
            if taken:
                self.banner.show_message("This question is asked already.", "info")
            self._redraw()
            return
        self.question = new
        self._put(changes.renaming(annotations, old, new), "change a question")

    def done(self) -> None:
        """On to the next text, when nothing waits for an answer here."""
        if self.item is None:
            return
        questions = questions_of(self.state().annotations)
        waiting = [q for q in questions if q.open]
        if waiting:
            many = "One question has" if len(waiting) == 1 else f"{len(waiting)} questions have"
            self.choose(waiting[0].text)
            self.banner.show_message(
                f"{many} no answer yet. Select it in the text and press Enter, or press N when it is not there.", "info",
                "Leave it open", self._next,
            )  # fmt: skip
            self.passage.setFocus()
            return
        self._next()

    def move_by(self, step: int) -> None:
        """Go to a neighbour, if there is one."""
        if 0 <= self.row + step < self.model.rowCount():
            self.show_row(self.row + step)

    def _next(self) -> None:
        """The next text that is not done, else the next one; at the end it stays."""
        for row_number in range(self.row + 1, self.model.rowCount()):
            item = self.model.item_at(row_number)
            if item is not None and not item.marked:
                self.show_row(row_number)
                return
        if self.row + 1 < self.model.rowCount():
            self.show_row(self.row + 1)
        else:
            self.banner.show_message("That was the last one.", "good", "Back to the list", self.closed.emit)

    def _go_on(self) -> None:
        """To the next question that waits, else to a new one."""
        cursor = self.passage.textCursor()
        cursor.clearSelection()
        self.passage.setTextCursor(cursor)
        waiting = [q.text for q in questions_of(self.state().annotations) if q.open]
        if waiting:
            self.choose(waiting[0])
            self.passage.setFocus()
        else:
            self.asked.setFocus()

    def _put(self, annotations: Sequence[Annotation], text: str) -> None:
        assert self.item is not None
        self.banner.hide()
        self.ctx.store.set_annotations({self.item.id: changes.state_of(annotations)}, text)
        self._redraw()

    def _may_change(self) -> bool:
        return self.ctx.store.may_change(self.banner.show_message)

    # Suggestions -----------------------------------------------------------------------------------------------------

    def ask_model(self) -> None:
        """Have a model answer what waits; its answers are suggestions until they are accepted."""
        item, project = self.item, self.ctx.store.project
        if item is None or project is None or self._suggesting or not self._may_change():
            return
        waiting = tuple(a for a in self.state().annotations if a.ignored and not a.is_proposal)
        if not waiting:
            self.banner.show_message("No question waits for an answer here.", "info")
            return
        catalog, task = self.ctx.catalog, get_task(project.task_id)

        def work(control: Control) -> tuple[str, list[Annotation]]:
            from workbench.engine.predict import predict_live
            from workbench.engine.propose import proposers

            cards = proposers(project, catalog)
            if not cards:
                raise _no_model()
            *_, last = predict_live(task.sample_of(item, waiting), cards[0], task, control=control)
            return cards[0].name, task.annotations_of(last.prediction, {})  # type: ignore[attr-defined]

        def came(found: tuple[str, list[Annotation]]) -> None:
            name, proposals = found
            if self.ctx.store.project is not project:
                return
            before = project.annotation_states([item.id])[item.id]
            state = changes.state_of(changes.proposing(before.annotations, proposals))
            self.ctx.store.set_annotations({item.id: state}, "suggest answers")
            if self.item is item:
                self._redraw()
                self.banner.show_message(f"“{name}” suggests answers: Enter accepts one, A accepts all.", "info")

        def ended() -> None:
            self._suggesting = False
            self._redraw()

        self._suggesting = True
        self.suggest.setEnabled(False)
        job = self.ctx.jobs.start("Suggesting answers", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)
        job.ended.connect(ended)

    # What happens elsewhere ------------------------------------------------------------------------------------------

    def _changed(self, ids: object) -> None:
        if self.item is not None and isinstance(ids, list) and self.item.id in ids and self.isVisible():
            self._redraw()

    def _project_changed(self) -> None:
        self.item, self.row, self.question, self.selected = None, -1, "", 0
        self.passage.show_text("")
        self.questions.clear()

    def _clicked(self, place: int) -> None:
        """A click on an answer chooses it, first one of the question that is chosen already."""
        hits = [
            a for a in self.state().annotations
            if a.text and isinstance(a.shape, TextSpan) and a.shape.start <= place < a.shape.end
        ]  # fmt: skip
        hit = next((a for a in hits if a.text == self.question), hits[0] if hits else None)
        if hit is not None:
            self.choose(hit.text, hit.id)

    def _selected(self, start: int, end: int) -> None:
        """A selection by mouse grows to whole words, so that sloppy dragging gives clean answers."""
        first, last = changes.snapped(self.passage.text, start, end)
        if last > first:
            cursor = self.passage.textCursor()
            cursor.setPosition(to_qt(self.passage.text, first))
            cursor.setPosition(to_qt(self.passage.text, last), cursor.MoveMode.KeepAnchor)
            self.passage.setTextCursor(cursor)

    # Keys ------------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._key(watched, event):
            return True
        return super().eventFilter(watched, event)

    def _key(self, watched: QObject, event: QKeyEvent) -> bool:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        deeds: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Return: self.answer, Qt.Key.Key_Enter: self.answer, Qt.Key.Key_N: self.say_none,
            Qt.Key.Key_A: self.accept_all, Qt.Key.Key_Q: self.asked.setFocus, Qt.Key.Key_Delete: self.delete,
            Qt.Key.Key_Backspace: self.delete, Qt.Key.Key_F2: self._edit,
        }  # fmt: skip
        deed = deeds.get(event.key())
        if not plain or deed is None:
            return False
        deed()
        return True

    def _edit(self) -> None:
        if self.question and self._may_change():
            self.questions.edit_question(self.question)

    def _step(self, by: int) -> None:
        wanted = self.questions.step(by, self.question)
        if wanted:
            self.choose(wanted)

    # Building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(
            button(
                "List", self.closed.emit, icon_name="chevron-left", name="answers-back", tip="Back to the list (Esc)"
            )
        )
        top.addWidget(icon_button("chevron-left", "Previous text (Page Up)", lambda: self.move_by(-1)))
        top.addWidget(icon_button("chevron-right", "Next text (Page Down)", lambda: self.move_by(1)))
        self.caption = label("", "soft")
        self.caption.setObjectName("answers-caption")
        top.addWidget(self.caption, 1)
        self.accept = button(
            "", self.accept_all, icon_name="check", name="answers-accept", tip="Take over all suggestions (A)"
        )
        self.suggest = button(
            "Suggest answers", self.ask_model, icon_name="wand-sparkles", name="answers-suggest",
            tip="Let a model answer what waits for an answer (Ctrl+G)",
        )  # fmt: skip
        top.addWidget(self.accept)
        top.addWidget(self.suggest)
        top.addWidget(
            button(
                "Done, next", self.done, role="primary", icon_name="check", name="answers-done",
                tip="On to the next text (Ctrl+Enter)",
            )
        )  # fmt: skip
        column.addLayout(top)
        column.addWidget(self.banner)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._build_passage())
        splitter.addWidget(self._build_questions())
        splitter.setStretchFactor(0, 1)
        splitter.setHandleWidth(M)
        splitter.setSizes([760, 360])
        column.addWidget(splitter, 1)
        column.addWidget(
            label(
                "Type a question, press Enter, select its answer in the text, press Enter. N: not answered here. Alt+Down:"
                " next question. F2 changes it, Delete takes an answer or a question away.",
                "faint", wrap=True,
            )
        )  # fmt: skip
        keys: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("Ctrl+Return", self.done), ("Ctrl+Enter", self.done), ("PgUp", lambda: self.move_by(-1)),
            ("PgDown", lambda: self.move_by(1)), ("Ctrl+G", self.ask_model), ("Alt+Down", lambda: self._step(1)),
            ("Alt+Up", lambda: self._step(-1)), ("Esc", self.closed.emit),
        )  # fmt: skip
        for key, deed in keys:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(deed)

    def _build_passage(self) -> QWidget:
        card = Card(spacing=S)
        self.asks = label("", "strong", wrap=True)
        self.asks.setObjectName("answers-asks")
        card.body.addWidget(self.asks)
        self.passage = Passage()
        self.passage.installEventFilter(self)
        self.passage.clicked.connect(self._clicked)
        self.passage.chosen.connect(self._selected)
        card.body.addWidget(self.passage, 1)
        self.take = button(
            "This is the answer", self.answer, icon_name="check", name="answers-take",
            tip="The selected words answer the question (Enter); several answers may be right",
        )  # fmt: skip
        self.none = button(
            "Not answered in this text", self.say_none, icon_name="ban", name="answers-none",
            tip="The text does not answer the question (N)",
        )  # fmt: skip
        card.body.addLayout(row(self.take, self.none, 1))
        return card

    def _build_questions(self) -> QWidget:
        card = Card(spacing=S)
        heading = label("Ask about this text", "strong")
        self.asked = QLineEdit()
        self.asked.setObjectName("answers-asked")
        self.asked.setAccessibleName("A new question about this text")
        self.asked.setPlaceholderText("For example: When was it built?")
        self.asked.setToolTip("Type a question and press Enter (Q comes here from the text)")
        self.asked.setMaxLength(2_000)
        self.asked.returnPressed.connect(self.ask)
        heading.setBuddy(self.asked)
        card.body.addWidget(heading)
        card.body.addWidget(self.asked)
        self.questions = Questions()
        self.questions.installEventFilter(self)
        self.questions.chosen.connect(lambda question, mark: self.choose(question, mark, in_list=True))
        # The list is filled anew by it, which must not happen while the list still closes its editor.
        self.questions.renamed.connect(lambda old, new: QTimer.singleShot(0, self, lambda: self.rename(old, new)))
        card.body.addWidget(self.questions, 1)
        self.change = button(
            "Change", self._edit, icon_name="pencil", name="answers-change", tip="Other words for the question (F2)"
        )
        self.remove = button(
            "Delete", self.delete, icon_name="trash-2", name="answers-delete",
            tip="Take the chosen answer away, or the question with its answers (Delete)",
        )  # fmt: skip
        card.body.addLayout(row(self.change, self.remove, 1))
        return card
