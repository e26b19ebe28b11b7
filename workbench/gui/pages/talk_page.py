"""Talk: conversations with a model, typed or spoken, also about one's own documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.conversation import ENDINGS, WARNING, Conversation, as_text, save_as, short
from workbench.engine.conversation_store import ConversationStore, Entry
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.pages.base import Page
from workbench.gui.talk.composer import Question
from workbench.gui.talk.settings_panel import SettingsPanel
from workbench.gui.talk.source_dialog import SourceDialog
from workbench.gui.talk.talks_list import TalksList
from workbench.gui.talk.thread import ThreadView
from workbench.gui.talk.voice_bar import VoiceBar
from workbench.gui.talk.words import on_button
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, EmptyState, button, icon_button, label
from workbench.gui.widgets.prediction_view import ask_save_path
from workbench.gui.workers import Job

_FLUSH_MS = 60
_NAME_LETTERS = 28


class TalkPage(Page):
    """See the module."""

    page_id = "talk"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(S)
        self.store = ConversationStore(ctx.paths.conversations)
        self.talk = Conversation.new()
        self._job: Job | None = None
        self._reading: Job | None = None
        self._grown: Conversation | None = None
        self._edited: int | None = None
        self._opened = False
        self._times = 0
        self._entries: list[Entry] = []
        self._since_stop = QElapsedTimer()
        self.stop_ms = -1  # how long the last stop took
        self._timer = QTimer(self)
        self._timer.setInterval(_FLUSH_MS)
        self._timer.timeout.connect(self._flush)
        self._build()
        stop = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        stop.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        stop.activated.connect(self._escape)
        new = QShortcut(QKeySequence("Ctrl+Shift+N"), self)
        new.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        new.activated.connect(self.new_talk)
        ctx.models_changed.connect(self._show_settings)
        self._show()
        self._show_settings()

    # What others ask of the page --------------------------------------------------------------------------------------

    def receive(self, intent: dict[str, Any]) -> None:
        self._opened = True
        self.new_talk()
        if intent.get("model_id"):
            self.settings.picker.choose(str(intent["model_id"]))
        if intent.get("text"):
            self.question.setPlainText(str(intent["text"]))
        if intent.get("paths"):
            self.accept_drop([str(p) for p in intent["paths"]])
        self.question.setFocus()

    def shown(self) -> None:
        self._list()
        if not self._opened:
            self._opened = True
            last = self.ctx.settings.text("talk/open")
            if last:
                self._open(last)
        self.question.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        """The microphone goes off, and nothing is read aloud, when the person leaves the page."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.voice.be_quiet()

    def accept_drop(self, paths: list[str]) -> bool:
        """A folder becomes the conversation's documents."""
        folders = [p for p in paths if Path(p).is_dir()]
        if folders:
            self.settings_button.setChecked(True)
            self.settings.set_documents(folders[0])
        else:
            self.banner.show_message(
                "Drop a whole folder: its documents are then looked into for each question.", "info"
            )
        return True

    @property
    def answering(self) -> bool:
        """An answer is on its way."""
        return self._job is not None

    # Asking -----------------------------------------------------------------------------------------------------------

    def send(self, text: str | None = None) -> None:
        """Ask what is typed (or this); after "edit" in place of what was asked there."""
        if self.answering:
            self.banner.show_message("An answer is on its way: stop it first, or wait.", "info")
            return
        words = self.question.toPlainText() if text is None else text
        try:
            if self._edited is not None:
                before = self.talk
                begun = self.talk.edited(self._edited, words)
                gone = len(before.turns) - len(begun.turns)
            else:
                before, gone = self.talk, 0
                begun = self.talk.asked(words)
        except UserError as error:
            self.banner.show_error(error)
            return
        if self._answer(begun):
            self._end_editing()
            if text is None:
                self.question.clear()
            if gone > 0:
                many = "1 message" if gone == 1 else f"{gone} messages"
                self.banner.show_message(
                    f"{many} after it were taken out." if gone > 1 else f"{many} after it was taken out.",
                    "info", "Undo", lambda: self._put_back(before),
                )  # fmt: skip

    def again(self) -> None:
        """Another answer to the last question."""
        if self.answering:
            return
        try:
            talk = self.talk.again()
        except UserError as error:
            self.banner.show_error(error)
            return
        self._times += 1
        self._answer(talk, anew=self._times)

    def stop(self) -> None:
        """Stop the answer; what there is of it stays."""
        if self._job is not None:
            self._since_stop.start()
            self._job.cancel()
        self.voice.answer_ends()

    def _answer(self, talk: Conversation, anew: int = 0) -> bool:
        self.banner.hide()
        card: ModelCard | None = self.settings.picker.card
        folder = self.settings.documents
        if card is not None and not self.settings.picker.is_ready():
            if not folder:
                self.settings_button.setChecked(True)
                self.banner.show_message(
                    f"“{card.name}” is not on this computer yet. Download it, choose another model, or choose a folder of"
                    " documents to read from without a model.",
                    "warn",
                )
                return False
            self.banner.show_message(
                f"“{card.name}” is not on this computer yet: this is read from your documents.", "info"
            )
            card = None
        if card is None and not folder:
            self.settings_button.setChecked(True)
            self.banner.show_error(
                UserError("There is no model to answer, and no documents to read from.", "Choose one of them.")
            )
            return False
        self.talk = replace(
            talk, model_id=card.id if card is not None else "", system=self.settings.system(),
            values=self.settings.values(), documents=folder,
        )  # fmt: skip
        talk, store, paths, task = self.talk, self.store, self.ctx.paths, self.settings.task
        self._remember()

        def work(control: Control) -> Iterator[Conversation]:
            from workbench.engine.talk import answer
            from workbench.engine.talk_documents import open_library

            store.save(talk)
            library = open_library(Path(folder), paths, control) if folder else None
            yield from answer(talk, card, task, store, library, control=control, anew=anew)

        job = self.ctx.jobs.start_stream("Answering", work)
        self._job = job
        job.streamed.connect(lambda grown: self._came(job, grown))
        job.failed.connect(lambda problem: self._failed(job, problem))
        job.progressed.connect(lambda share, words: self._progress(job, share, words))
        job.ended.connect(lambda: self._ended(job))
        self.voice.answer_begins()
        self._show()
        self.thread_view.to_end()
        return True

    def _came(self, job: Job, grown: Conversation) -> None:
        if job is not self._job:
            return
        if grown.id not in {e.id for e in self._entries}:
            self._entries = [*self._entries, Entry(grown.id, grown.title, grown.changed)]
            self._list()
        self._grown = grown
        self.state.setText("")
        if not self._timer.isActive():
            self._timer.start()

    def _flush(self) -> None:
        """What grows is drawn some times a second, not at every letter."""
        grown, self._grown = self._grown, None
        if grown is None:
            self._timer.stop()
            return
        if grown.id == self.talk.id:
            self.talk = replace(grown, name=self.talk.name or grown.name)
            last = grown.turns[-1]
            if last.state == "writing":
                self.voice.answer_grows(last.text)
            elif last.state == "whole":
                self.voice.answer_grows(last.text, last=True)
            self._show_thread()

    def _progress(self, job: Job, share: float, words: str) -> None:
        if job is self._job and words:
            self.state.setText(f"{words} {share:.0%}" if share >= 0 else f"{words} …")

    def _failed(self, job: Job, problem: Problem) -> None:
        if job is self._job:
            self.banner.show_error(problem)

    def _ended(self, job: Job) -> None:
        if job is not self._job:
            return
        if self._since_stop.isValid():
            self.stop_ms = self._since_stop.elapsed()
            self._since_stop.invalidate()
        self._job = None
        self._flush()
        self._timer.stop()
        self.voice.answer_ends()
        self.state.setText("")
        self._show()
        self._list()

    def _escape(self) -> None:
        """Be silent, stop, or leave editing."""
        quiet = self.voice.be_quiet()
        if self.answering:
            self.stop()
        elif self._edited is not None and not quiet:
            self._end_editing()
            self.question.clear()

    # Turns ------------------------------------------------------------------------------------------------------------

    def _edit(self, place: int) -> None:
        if self.answering:
            return
        self._edited = place
        self.question.setPlainText(self.talk.turns[place].text)
        self.question.selectAll()
        self.question.setFocus()
        self.editing.show_message(
            "You are changing what you asked; what follows it will be taken out.",
            "info",
            "Leave it",
            self._leave_editing,
        )

    def _leave_editing(self) -> None:
        self._end_editing()
        self.question.clear()

    def _end_editing(self) -> None:
        self._edited = None
        self.editing.hide()

    def _put_back(self, talk: Conversation) -> None:
        def put() -> None:
            self.talk = talk
            self._save(talk)
            self.banner.hide()
            self._show()

        self._when_idle(put)

    def _copy(self, place: int) -> None:
        QApplication.clipboard().setText(self.talk.turns[place].text)
        self.state.setText("Copied.")

    def _copy_all(self) -> None:
        QApplication.clipboard().setText(as_text(self.talk))
        self.state.setText("The whole conversation is copied.")

    def _open_source(self, source: Any) -> None:
        SourceDialog(source, self).open()

    # Conversations ----------------------------------------------------------------------------------------------------

    def new_talk(self) -> None:
        """Begin another conversation, with the settings of this one."""
        self._leave_answer()
        self.talk = Conversation.new(documents=self.settings.documents)
        self._remember()
        self._end_editing()
        self.banner.hide()
        self._show()
        self.talks.unmark()
        self.question.setFocus()

    def _leave_answer(self) -> None:
        """The answer goes on being written to the disk only as far as it got."""
        self.voice.be_quiet()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._grown = None
        self._timer.stop()
        self.state.setText("")

    def _open(self, talk_id: str) -> None:
        if talk_id == self.talk.id:
            return
        self._leave_answer()
        job = self.ctx.jobs.start("Opening a conversation", lambda _control: self.store.load(talk_id))
        job.succeeded.connect(self._show_talk)
        job.failed.connect(self.banner.show_error)

    def _show_talk(self, talk: Conversation) -> None:
        self.talk = talk
        self._remember()
        self._end_editing()
        self.banner.hide()
        self.settings.show_talk(talk)
        if not talk.model_id and not talk.documents:
            self._choose_ready_model()
        self._show()
        self.thread_view.to_end()

    def _rename(self, talk_id: str, name: str) -> None:
        def done(talk: Conversation) -> None:
            if self.talk.id == talk.id:
                self.talk = replace(self.talk, name=talk.name)
                self._show()

        job = self.ctx.jobs.start("Renaming", lambda _control: self.store.rename(talk_id, name))
        job.succeeded.connect(done)
        job.failed.connect(self.banner.show_error)
        job.ended.connect(self._list)

    def _delete(self, talk_id: str) -> None:
        name = next((e.name for e in self._entries if e.id == talk_id), "")
        if self.talk.id == talk_id:
            self._leave_answer()

        def deleted(_none: object) -> None:
            if self.talk.id == talk_id:
                self.new_talk()
            self.banner.show_message(f"“{short(name)}” was deleted.", "info", "Undo", lambda: self._restore(talk_id))
            self._list()

        job = self.ctx.jobs.start("Deleting", lambda _control: self.store.delete(talk_id))
        job.succeeded.connect(deleted)
        job.failed.connect(self.banner.show_error)

    def _restore(self, talk_id: str) -> None:
        job = self.ctx.jobs.start("Taking it back", lambda _control: self.store.restore(talk_id))
        job.succeeded.connect(self._show_talk)
        job.failed.connect(self.banner.show_error)
        job.ended.connect(self._list)

    def _save(self, talk: Conversation) -> None:
        job = self.ctx.jobs.start("Saving", lambda _control: self.store.save(talk))
        job.failed.connect(self.banner.show_error)
        job.succeeded.connect(lambda _none: self._list())

    def _list(self) -> None:
        def work(_control: Control) -> Iterator[list[Entry]]:
            yield self.store.listed()

        job = self.ctx.jobs.start_stream("Listing conversations", work, quiet=True)
        job.streamed.connect(self._listed)

    def _listed(self, entries: list[Entry]) -> None:
        self._entries = entries
        self.talks.show_entries(entries, self.talk.id)

    def _remember(self) -> None:
        self.ctx.settings.set_text("talk/open", self.talk.id if self.talk.turns else "")

    def ask_save_path(self) -> str:
        """Where the conversation goes; asked of the person."""
        name = "".join(c if c.isalnum() or c in " -_.," else " " for c in short(self.talk.title))
        return ask_save_path(self, "Save the conversation", " ".join(name.split()) or "conversation", ENDINGS)

    def _save_as(self) -> None:
        file = self.ask_save_path()
        if file:
            talk = self.talk
            job = self.ctx.jobs.start("Saving the conversation", lambda _control: save_as(talk, Path(file)))
            job.succeeded.connect(lambda _none: self.banner.show_message(f"Saved to {file}", "good"))
            job.failed.connect(self.banner.show_error)

    # Documents --------------------------------------------------------------------------------------------------------

    def _read_documents(self, folder: str) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if not folder:
            return
        paths = self.ctx.paths

        def work(control: Control) -> Any:
            from workbench.engine.talk_documents import open_library

            library: Any = open_library(Path(folder), paths, control)
            return library.count(), library.problems()

        def known(found: Any) -> None:
            (documents, passages), problems = found
            words = (
                f"{documents:,} documents, {passages:,} passages"
                if documents != 1
                else f"1 document, {passages:,} passages"
            )
            if problems:
                words += f"; {len(problems):,} could not be read ({problems[0].where}: {problems[0].message})"
            if self.settings.documents == folder:
                self.settings.tell_documents(words)

        job = self.ctx.jobs.start("Reading documents", work)
        self._reading = job
        self.settings.tell_documents("Being read …")
        job.succeeded.connect(known)
        job.failed.connect(lambda problem: self.settings.tell_documents(f"{problem.message} {problem.hint}"))

    # Showing ----------------------------------------------------------------------------------------------------------

    def _choose_ready_model(self) -> None:
        card = self._ready_model()
        if card is not None:
            self.settings.picker.choose(card.id)

    def _ready_model(self) -> ModelCard | None:
        from workbench.engine.talk import ready_model

        return ready_model(self.ctx.catalog, self.ctx.paths)

    def _show(self) -> None:
        self.title.setText(self.talk.title)
        self.send_button.setVisible(not self.answering)
        self.stop_button.setVisible(self.answering)
        some = bool(self.talk.turns)
        for made in (self.save_button, self.copy_button):
            made.setEnabled(some)
        self._show_thread()

    def _show_settings(self) -> None:
        """Who answers, and whether words leave this computer, is seen also while the settings are hidden."""
        card = self.settings.picker.card
        name = short(card.name)[:_NAME_LETTERS] if card is not None else "No model"
        if card is not None and not self.settings.picker.is_ready():
            name += " (not here yet)"
        if self.settings.documents:
            name += f"  +  {Path(self.settings.documents).name[:_NAME_LETTERS]}"
        self.settings_button.setText(f" {on_button(name)}")
        self.settings_button.setAccessibleName(f"Settings: {name}")
        away = card is not None and card.is_remote
        self.warning.setText(f"{WARNING} What you write is sent to {card.source.ref}." if away and card else WARNING)

    def _show_thread(self) -> None:
        some = bool(self.talk.turns)
        self.empty.setVisible(not some)
        self.thread_view.setVisible(some)
        self.thread_view.show_talk(self.talk)

    def _partial(self, words: str) -> None:
        self.heard_words.setText(words)
        self.heard_words.setVisible(bool(words))

    def _too_long(self, letters: int) -> None:
        try:
            Conversation.new().asked("x" * letters)
        except UserError as error:
            self.banner.show_error(error)

    # Building ---------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.voice = VoiceBar(self.ctx)
        self.voice.asked.connect(self._asked_by_voice)
        self.voice.partial.connect(self._partial)
        self.voice.interrupted.connect(self.stop)
        top = QHBoxLayout()
        top.setSpacing(S)
        self.title = label("", "title")
        self.title.setMinimumWidth(60)
        top.addWidget(self.title, 1)
        self.copy_button = icon_button("copy", "Copy the whole conversation", self._copy_all, name="copy-all")
        self.save_button = icon_button(
            "download", "Save the conversation as text, Markdown or JSON", self._save_as, name="save-talk"
        )
        self.settings_button = button(
            "Settings", icon_name="settings", name="talk-settings-button", tip="Model, manner, documents, voice"
        )
        self.settings_button.setCheckable(True)
        for made in (self.copy_button, self.save_button, self.settings_button):
            top.addWidget(made)
        self.body.addLayout(top)
        self.banner = Banner()
        self.banner.setObjectName("talk-banner")
        self.body.addWidget(self.banner)
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        self.body.addWidget(split, 1)
        self._build_list(QWidget(split))
        self._build_middle(QWidget(split))
        ready = self._ready_model()
        self.settings = SettingsPanel(self.ctx, self.voice.settings, ready.id if ready is not None else "", split)
        self.settings.documents_changed.connect(self._read_documents)
        self.settings.changed.connect(self._show_settings)
        self.settings.setMinimumWidth(290)
        # Hidden before the splitter is seen: it shows what it has, and laying out all of it takes a while.
        self.settings.setVisible(False)
        split.setStretchFactor(0, 0)
        split.setStretchFactor(1, 1)
        split.setStretchFactor(2, 0)
        split.setSizes([220, 600, 300])
        self.settings_button.toggled.connect(self.settings.setVisible)

    def _build_list(self, holder: QWidget) -> None:
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, M, 0)
        column.setSpacing(S)
        column.addWidget(
            button("New conversation", self.new_talk, icon_name="plus", name="new-talk", tip="Ctrl+Shift+N")
        )
        self.talks = TalksList()
        self.talks.chosen.connect(self._open)
        self.talks.renamed.connect(self._rename)
        self.talks.deleted.connect(self._delete)
        column.addWidget(self.talks, 1)
        row = QHBoxLayout()
        row.addWidget(
            icon_button("pencil", "Rename the conversation (F2)", self.talks.rename_current, name="rename-talk")
        )
        row.addWidget(
            icon_button("trash-2", "Delete the conversation (Delete)", self._delete_current, name="delete-talk")
        )
        row.addStretch(1)
        column.addLayout(row)
        holder.setMinimumWidth(170)

    def _delete_current(self) -> None:
        if self.talks.current_id():
            self._delete(self.talks.current_id())

    def _asked_by_voice(self, words: str) -> None:
        self._when_idle(lambda: self.send(words))

    def _when_idle(self, do: Callable[[], None]) -> None:
        """At once, or when the answer that is on its way has been stopped and kept."""
        job = self._job
        if job is None:
            do()
            return
        job.ended.connect(lambda: QTimer.singleShot(0, self, do))
        self.stop()

    def _build_middle(self, holder: QWidget) -> None:
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, S, 0)
        column.setSpacing(S)
        self.empty = EmptyState(
            "message-square-text",
            "Ask something",
            "Type below, or hold the button and speak. The button at the top right has the model and your documents.",
        )
        self.empty.text.setMinimumWidth(380)
        self.empty.text.setMinimumHeight(2 * self.empty.text.fontMetrics().lineSpacing() + 4)
        column.addWidget(self.empty, 1)
        self.thread_view = ThreadView()
        self.thread_view.copied.connect(self._copy)
        self.thread_view.edited.connect(self._edit)
        self.thread_view.again.connect(self.again)
        self.thread_view.source.connect(self._open_source)
        self.thread_view.space.connect(self.voice.press)
        column.addWidget(self.thread_view, 1)
        self.state = label("", "faint")
        self.state.setObjectName("talk-state")
        column.addWidget(self.state)
        self.heard_words = label("", "soft", wrap=True)
        self.heard_words.setObjectName("heard-words")
        self.heard_words.setAccessibleName("What was understood so far")
        self.heard_words.hide()
        column.addWidget(self.heard_words)
        self.editing = Banner(closable=False)
        column.addWidget(self.editing)
        row = QHBoxLayout()
        row.setSpacing(S)
        self.question = Question()
        self.question.sent.connect(self.send)
        self.question.too_long.connect(self._too_long)
        self.question.escaped.connect(self._escape)
        row.addWidget(self.question, 1)
        self.send_button = button("Send", self.send, role="primary", icon_name="arrow-up", name="send", tip="Enter")
        self.stop_button = button("Stop", self.stop, icon_name="circle-stop", name="stop", tip="Esc")
        row.addWidget(self.send_button, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.stop_button, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        column.addWidget(self.voice)
        self.warning = label(WARNING, "soft")
        self.warning.setObjectName("talk-warning")
        column.addWidget(self.warning)
