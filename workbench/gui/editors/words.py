"""Writing the right words for an item: what is said in a recording, what shall be answered to a text. By keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QHideEvent
from PySide6.QtWidgets import QCheckBox, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.shapes import Whole
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.editors.one_by_one import OneByOne
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, Card, button, label, row
from workbench.gui.widgets.item_player import ItemPlayer
from workbench.tasks.base import MarkingTask
from workbench.tasks.registry import get_task

_ASKED = {"sound": "What is said in it", "text": "The right answer"}
_NOTHING = {"sound": "Nothing is said", "text": "No answer"}


class Editor(OneByOne):
    """See the module. What is typed is kept when another item is shown; only “Done” makes it count."""

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self._proposed: Annotation | None = None
        self._build()
        ctx.store.labels_changed.connect(self._changed)
        ctx.store.project_changed.connect(self._project_changed)

    # Showing ---------------------------------------------------------------------------------------------------------

    def show_row(self, row_number: int) -> None:
        item = self.model.item_at(row_number)
        if item is None:
            return
        self._keep()
        self.row, self.item = row_number, item
        info = get_task(self.ctx.store.require().task_id).info
        self.asked.setText(_ASKED.get(info.media, "The right words"))
        self.nothing.setText(f" {_NOTHING.get(info.media, 'Nothing')}")
        self.suggest.setVisible(isinstance(get_task(info.id), MarkingTask))
        self.banner.hide()
        if item.problem:
            self.banner.show_message(item.problem, "warn")
        is_sound = item.kind == "sound"
        self.player.setVisible(is_sound)
        self.at_once.setVisible(is_sound)
        self.given.setVisible(item.text is not None)
        self.given.setPlainText(item.text or "")
        self.player.open(item.sample() if is_sound else None, play=is_sound and self.at_once.isChecked())
        self._fill()
        self.moved.emit(row_number)
        self.words.setFocus()

    def review(self) -> None:
        """The first item that is not done and has a proposal; else the first that is not done."""
        project = self.ctx.store.require()
        items = {i.id: i for i in project.items(self.model.ids)}
        open_rows = [r for r, item_id in enumerate(self.model.ids) if item_id in items and not items[item_id].marked]
        proposed = [r for r in open_rows if items[self.model.ids[r]].proposals]
        self.show_row((proposed or open_rows or [0])[0])

    def _fill(self) -> None:
        """What is on disk into the field; where there is nothing, what a model proposed."""
        if self.item is None:
            return
        state = self.state()
        mine = next((a for a in state.annotations if not a.is_proposal), None)
        self._proposed = next((a for a in state.annotations if a.is_proposal), None) if mine is None else None
        text = mine.text if mine is not None else self._proposed.text if self._proposed is not None else ""
        if self.words.toPlainText() != text:
            self.words.setPlainText(text)
            self.words.moveCursor(self.words.textCursor().MoveOperation.End)
        self.words.document().setModified(False)
        self._words_about(state)

    def _words_about(self, state: AnnotationState) -> None:
        assert self.item is not None
        done = "done" if state.marked else "not done"
        self.caption.setText(f"{self.item.name}   ·   {done}   ·   {self.row + 1} of {self.model.rowCount()}")
        if self._proposed is not None:
            sure = f" ({self._proposed.score:.0%} sure)" if self._proposed.score < 1 else ""
            self.hint.setText(f"A model suggests this{sure}: put it right, then press Ctrl+Enter.")
        else:
            self.hint.setText("Ctrl+Enter: done, and on to the next.")

    # Changing --------------------------------------------------------------------------------------------------------

    def done(self) -> None:
        """These are the words; on to the next item."""
        self._store(self.words.toPlainText(), True)
        self._next()

    def say_nothing(self) -> None:
        """There is nothing to be written; that is an answer too."""
        self.words.setPlainText("")
        self._store("", True)
        self._next()

    def _keep(self) -> None:
        """What was typed and not yet declared done."""
        if self.item is not None and self.words.document().isModified():
            self._store(self.words.toPlainText(), self.state().marked)

    def _store(self, text: str, marked: bool) -> None:
        project = self.ctx.store.project
        if self.item is None or project is None:
            return
        if project.read_only:
            self.banner.show_message("This project is open for reading only.", "warn")
            return
        state = self.state()
        text = " ".join(text.split()) if self.item.kind == "sound" else text.strip()
        old = next((a for a in state.annotations if not a.is_proposal), None)
        kept: tuple[Annotation, ...] = ()
        if text:
            known: dict[str, Any] = {"id": old.id} if old is not None else {}
            source = old.source if old is not None and old.text == text else "person"
            kept = (Annotation(Whole(), text=text, source=source, **known),)
        self.words.document().setModified(False)
        self.ctx.store.set_annotations({self.item.id: AnnotationState(kept, marked)}, f"write down “{self.item.name}”")

    def _next(self) -> None:
        """The next item that is not done, else the next one; at the end it stays."""
        for row_number in range(self.row + 1, self.model.rowCount()):
            item = self.model.item_at(row_number)
            if item is not None and not item.marked:
                self.show_row(row_number)
                return
        if self.row + 1 < self.model.rowCount():
            self.show_row(self.row + 1)
        else:
            self._fill()
            self.banner.show_message("That was the last one.", "good", "Back to the list", self._close)

    def ask_model(self) -> None:
        """Have a model write it down; the person puts it right."""
        item, project = self.item, self.ctx.store.project
        if item is None or project is None:
            return
        from workbench.engine.propose import proposers

        cards = proposers(project, self.ctx.catalog)
        if not cards:
            error = UserError("No model that can suggest this is on this computer.", "Download one on the Models page.")
            self.banner.show_error(error)
            return
        card, task = cards[0], get_task(project.task_id)
        sample = item.sample()

        def work(control: Control) -> Iterator[Any]:
            from workbench.engine.predict import predict_live

            return predict_live(sample, card, task, control=control)

        def came(result: Any) -> None:
            made = task.annotations_of(result.prediction, {})  # type: ignore[attr-defined]
            if self.item is item and made:
                self.words.setPlainText(made[0].text)
                self.words.moveCursor(self.words.textCursor().MoveOperation.End)
                self.words.document().setModified(True)
                self.hint.setText(f"“{card.name}” suggests this: put it right, then press Ctrl+Enter.")

        def ended() -> None:
            if self.item is item and not self.words.toPlainText().strip():
                self.hint.setText(f"“{card.name}” has understood nothing.")
            self.suggest.setEnabled(True)

        self.suggest.setEnabled(False)
        self.hint.setText(f"“{card.name}” is listening …" if item.kind == "sound" else f"“{card.name}” is reading …")
        job = self.ctx.jobs.start_stream("Suggesting words", work)
        job.streamed.connect(came)
        job.failed.connect(self.banner.show_error)
        job.ended.connect(ended)

    # What happens elsewhere ------------------------------------------------------------------------------------------

    def _changed(self, ids: object) -> None:
        if self.item is not None and isinstance(ids, list) and self.item.id in ids:
            if self.words.document().isModified():
                self._words_about(self.state())
            else:
                self._fill()

    def _project_changed(self) -> None:
        self.item, self.row = None, -1
        self.player.open(None)
        self.words.setPlainText("")
        self.words.document().setModified(False)

    def _unheard(self, error: Problem | UserError) -> None:
        """It cannot be played: said once, not again with every item."""
        self.at_once.setChecked(False)
        self.banner.show_error(error)

    def _close(self) -> None:
        self._keep()
        self.player.stop()
        self.closed.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        self._keep()
        super().hideEvent(event)

    # Building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        column.addLayout(self.top_line("words", "item", self._close))
        self.banner = Banner()
        column.addWidget(self.banner)
        self.player = ItemPlayer(self.ctx)
        self.player.failed.connect(self._unheard)
        self.given = QPlainTextEdit()
        self.given.setObjectName("words-given")
        self.given.setReadOnly(True)
        self.given.setAccessibleName("The text")
        self.given.setTabChangesFocus(True)
        upper = QWidget()
        upper_column = QVBoxLayout(upper)
        upper_column.setContentsMargins(0, 0, 0, 0)
        upper_column.addWidget(self.player, 1)
        upper_column.addWidget(self.given, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(upper)
        splitter.addWidget(self._build_words())
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        column.addWidget(splitter, 1)
        more = (
            ("Ctrl+Return", self.done), ("Ctrl+Enter", self.done), ("Ctrl+Space", self.player.toggle),
            ("Ctrl+B", self.player.back), ("Ctrl+G", self.ask_model),
        )  # fmt: skip
        self.add_keys(self._close, more)

    def _build_words(self) -> QWidget:
        card = Card(spacing=S)
        self.asked = label("", "strong")
        self.words = QPlainTextEdit()
        self.words.setObjectName("words-field")
        self.words.setAccessibleName("The words")
        self.words.setTabChangesFocus(True)
        font = QFont(self.words.font())
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self.words.setFont(font)
        self.asked.setBuddy(self.words)
        self.hint = label("", "faint", wrap=True)
        self.hint.setObjectName("words-hint")
        card.body.addWidget(self.asked)
        card.body.addWidget(self.words, 1)
        card.body.addWidget(self.hint)
        finish = button(
            "Done, next", self.done, role="primary", icon_name="check", name="words-done",
            tip="These are the words; on to the next (Ctrl+Enter)",
        )  # fmt: skip
        self.nothing = button(
            "Nothing is said", self.say_nothing, name="words-nothing", tip="That is an answer too: the item is done"
        )
        self.suggest = button(
            "Suggest", self.ask_model, icon_name="wand-sparkles", name="words-suggest",
            tip="Let a model write it down, to be put right (Ctrl+G)",
        )  # fmt: skip
        self.at_once = QCheckBox("Play each one when it is shown")
        self.at_once.setChecked(True)
        card.body.addLayout(row(finish, self.nothing, self.suggest, 1, self.at_once))
        return card
