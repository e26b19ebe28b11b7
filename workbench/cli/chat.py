"""workbench chat: a conversation with a model, on a terminal or from stdin (a question a line)."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workbench.cli.output import note, out

_HELP = "/again  ask once more   /new  begin anew   /save FILE   /quit (or Ctrl+D)   Ctrl+C stops an answer"


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("chat", help="a conversation with a model", description=__doc__)
    command.add_argument("--model", default="", help="id of the model; none: read from the documents alone")
    command.add_argument("--documents", type=Path, metavar="FOLDER", help="answer from the texts in this folder")
    command.add_argument("--system", default="", help="how it shall answer (system prompt)")
    command.add_argument("--set", action="append", metavar="NAME=VALUE", help="an option of the task: length=200")
    command.add_argument(
        "--continue", dest="go_on", metavar="ID", default="", help="go on with a conversation, or: last"
    )
    command.add_argument("--list", action="store_true", help="the conversations there are")
    command.add_argument("--one", action="store_true", help="all of stdin is one question")
    command.add_argument(
        "--save", type=Path, metavar="FILE", help="write the conversation there at the end (md, txt, json)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0; 1 when a question could not be answered."""
    from workbench.app_paths import app_paths
    from workbench.engine.conversation_store import ConversationStore

    store = ConversationStore(app_paths().conversations)
    if options.list:
        for entry in store.listed():
            out(f"{entry.id}  {entry.changed[:16].replace('T', ' '):16}  {entry.name}")
        return 0
    return _Chat(options, store).run()


class _Chat:
    def __init__(self, options: argparse.Namespace, store: Any) -> None:
        from dataclasses import replace

        from workbench.engine.conversation import WARNING, Conversation
        from workbench.tasks.chat import ROLE
        from workbench.tasks.registry import get_task

        self.options, self.store = options, store
        self._times = 0
        self.task: Any = get_task("chat")
        self.on_terminal = sys.stdin.isatty()
        self.talk: Conversation = self._begun()
        documents = str(options.documents.absolute()) if options.documents else self.talk.documents
        self.card = self._card(documents)
        self.library = self._library(documents)
        chosen = self._chosen()
        system = options.system or chosen.text(ROLE) or self.talk.system
        self.talk = replace(
            self.talk, documents=documents, system=system, values=self.talk.values | self._values(chosen),
            model_id=self.card.id if self.card else "",
        )  # fmt: skip
        asked = self.card.name if self.card else "no model: the best passage of your documents"
        note(f"{asked}. {WARNING}")
        if self.card is not None and self.card.is_remote:
            note(f"What you enter is sent to {self.card.source.ref}: it leaves this computer, and may cost money.")

    def _begun(self) -> Any:
        from workbench.engine.conversation import Conversation
        from workbench.errors import UserError

        if not self.options.go_on:
            return Conversation.new()
        entries = self.store.listed()
        if self.options.go_on != "last":
            return self.store.load(self.options.go_on)
        if not entries:
            raise UserError("There is no conversation yet.", "Leave --continue out.")
        return self.store.load(entries[0].id)

    def _card(self, documents: str) -> Any:
        from workbench.app_paths import app_paths
        from workbench.catalog.catalog import Catalog
        from workbench.engine.talk import ready_model
        from workbench.errors import UserError

        catalog = Catalog.load()
        wanted = self.options.model or self.talk.model_id
        if wanted and wanted != "none":
            card = catalog.get(wanted)
            if not {"chat", "text-generation"} & set(card.tasks):
                raise UserError(f"“{card.name}” does not answer in words.", "Choose another model.")
            return card
        found = ready_model(catalog, app_paths()) if wanted != "none" else None
        if found is None and not documents:
            raise UserError(
                "There is no chat model on this computer.",
                "Download one (workbench models list --task chat), or give --documents a folder to read from.",
            )
        return found

    def _library(self, documents: str) -> Any:
        if not documents:
            return None
        from workbench.app_paths import app_paths
        from workbench.cli.output import progress
        from workbench.engine.talk_documents import open_library

        with progress("Reading documents") as control:
            return open_library(Path(documents), app_paths(), control)

    def _chosen(self) -> Any:
        from workbench.cli.predict import task_options

        self.options.labels = ""
        return task_options(self.options, self.task)

    def _values(self, chosen: Any) -> dict[str, float]:
        return {o.id: chosen.number(o) for o in self.task.info.options if o.kind == "number" and o.id in chosen.values}

    def run(self) -> int:
        try:
            if self.on_terminal:
                return self._on_terminal()
            return self._from_stdin()
        finally:
            if self.options.save and self.talk.turns:
                from workbench.engine.conversation import save_as

                save_as(self.talk, self.options.save)

    # Asked ------------------------------------------------------------------------------------------------------------

    def _from_stdin(self) -> int:
        from workbench.errors import UserError

        failed = False
        questions = [sys.stdin.read()] if self.options.one else (line for line in sys.stdin if line.strip())
        for question in questions:
            try:
                self._ask(self.talk.asked(question), kept=bool(self.options.go_on))
            except UserError as error:
                note(str(error))
                failed = True
            if self.talk.turns and self.talk.turns[-1].state == "stopped":
                return 130
        return 1 if failed else 0

    def _on_terminal(self) -> int:
        from workbench.errors import UserError

        note(_HELP)
        with _history():
            while True:
                try:
                    line = input("You: ").strip()
                except EOFError:
                    out()
                    return 0
                except KeyboardInterrupt:
                    out()
                    note("Ctrl+D or /quit ends the conversation.")
                    continue
                try:
                    if line in ("/quit", "/exit"):
                        return 0
                    if line.startswith("/"):
                        self._command(line)
                    elif line:
                        self._ask(self.talk.asked(line), kept=True)
                except UserError as error:
                    note(str(error))

    def _command(self, line: str) -> None:
        from dataclasses import replace

        from workbench.engine.conversation import Conversation, save_as

        name, _, rest = line.partition(" ")
        if name == "/again":
            self._times += 1
            self._ask(self.talk.again(), kept=True, anew=self._times)
        elif name == "/new":
            fresh = Conversation.new()
            self.talk = replace(self.talk, id=fresh.id, name="", created=fresh.created, turns=())
        elif name == "/save" and rest.strip():
            save_as(self.talk, Path(rest.strip()))
            note(f"Saved to {rest.strip()}")
        else:
            note(_HELP)

    def _ask(self, talk: Any, kept: bool, anew: int = 0) -> None:
        """Words as they come; Ctrl+C stops the answer and not the program. Raises: UserError."""
        from workbench.engine.conversation import left_out_words
        from workbench.engine.talk import answer

        self.talk = talk
        said = ""
        with _stopping() as control:
            store = self.store if kept else None
            for step in answer(talk, self.card, self.task, store, self.library, control=control, anew=anew):
                text = step.turns[-1].text
                if text.startswith(said):
                    sys.stdout.write(_for_terminal(text[len(said) :]))
                    sys.stdout.flush()
                said = text
                self.talk = step
        out()
        turn = self.talk.turns[-1]
        for source in turn.sources:
            out(_for_terminal(f"  [{source.number}] {', '.join(p for p in (source.title, source.place) if p)}"))
        ended = "Stopped." if turn.state == "stopped" else ""
        words = " ".join(p for p in (ended, left_out_words(turn.left_out), turn.note) if p)
        if words:
            note(_for_terminal(words))


def _for_terminal(text: str) -> str:
    """Without signs that would steer the terminal: a model's words are only words."""
    return "".join(c for c in text if c in "\n\t" or (c.isprintable() or c in "\u200c\u200d\u200e\u200f"))


@contextmanager
def _stopping() -> Iterator[Any]:
    """A control that Ctrl+C cancels."""
    from workbench.control import Control

    control = Control()
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, lambda _number, _frame: control.cancel())
    except ValueError:  # not in the main thread: nobody presses Ctrl+C there
        yield control
        return
    try:
        yield control
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _history() -> Iterator[None]:
    """What was typed is there again with the arrow keys, also the next time; without such a thing on the system, not."""
    try:
        import readline
    except ImportError:
        yield
        return
    from workbench.app_paths import app_paths

    file = app_paths().settings / "chat_history"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        readline.read_history_file(file)
    readline.set_history_length(500)
    try:
        yield
    finally:
        with suppress(OSError):
            readline.write_history_file(file)
