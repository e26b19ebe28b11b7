"""In-app help: pages of plain words, one per topic, and the keyboard shortcuts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QTextBrowser, QVBoxLayout, QWidget

from workbench import __version__
from workbench.app_paths import resources
from workbench.gui.commands import Command
from workbench.gui.theme import L, M

TOPICS = {
    "home": "Getting started",
    "models": "Choosing a model",
    "try": "Trying a model",
    "talk": "Talking with a model",
    "similar": "Finding pictures and passages",
    "data": "Importing and labelling",
    "train": "Training",
    "results": "Reading the results",
    "use": "Using and exporting",
    "storage": "Downloads and the internet",
    "privacy": "Your data stays here",
    "keyboard": "Keyboard shortcuts",
    "about": "About and licences",
}
_LABELLING_KEYS = (
    ("1 to 9", "Give the selected items this class and go on to the next"),
    ("0 or Backspace", "Take the label off"),
    ("Enter", "Accept the suggested label and go on"),
    ("1 to 9, 0, Enter", "Where items have several labels: switch a label, none of them, done"),
    ("Space", "Look at the item in full size"),
    ("?", "In the editor of boxes and areas: the list of its own keys"),
    ("Ctrl+Shift+G", "Put the selected items, or all that are shown, into a group"),
    ("Delete", "Take items out of the project"),
)
_TALKING_KEYS = (
    ("Enter", "Ask"),
    ("Shift+Enter", "A new line in the question"),
    ("Esc", "Stop the answer, be silent, stop listening"),
    ("Space, held", "Speak (when nothing is being typed)"),
    ("Ctrl+Shift+N", "A new conversation"),
    ("F2, Delete", "Rename or delete the conversation in the list"),
)
_READING_KEYS = (
    ("Ctrl+A, Ctrl+C", "Select all the text in the picture, copy what is selected"),
    ("Up and Down", "The line above or below"),
    ("Shift and arrows", "Select more or fewer words or lines"),
    ("Double click", "Select a word"),
    ("+, - and 0", "A larger or smaller picture, all of it"),
)
_SOUND_KEYS = (
    ("Space, P, L", "Play from the cursor, play the region, play it again and again"),
    ("Arrows, Home, End", "Move the cursor"),
    ("B and E", "The region begins, ends at the cursor"),
    ("Ctrl+arrows, Ctrl+Shift+arrows", "Move the region's beginning, its end"),
    ("1 to 9", "Name the region"),
    ("Tab, Shift+Tab", "The next region, the one before"),
    ("S", "Put the region's edges where the sound grows out of the silence"),
    ("A and R", "Accept, reject a suggestion"),
    ("+, -, F and Z", "Closer, from further away, the whole recording, the region"),
    ("Enter, N, U", "Done, nothing in it, not done after all"),
)


class HelpDialog(QDialog):
    """Topics to the left, the page to the right."""

    def __init__(self, commands: Sequence[Command], topic: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.resize(820, 600)
        self._commands = commands
        row = QHBoxLayout()
        self.topics = QListWidget()
        self.topics.setAccessibleName("Help topics")
        self.topics.setFixedWidth(210)
        self.topics.addItems(list(TOPICS.values()))
        self.page = QTextBrowser()
        self.page.setOpenExternalLinks(True)
        self.page.setAccessibleName("Help page")
        row.addWidget(self.topics)
        row.addWidget(self.page, 1)
        row.setSpacing(M)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.addLayout(row)
        self.topics.currentRowChanged.connect(self._show)
        ids = list(TOPICS)
        self.topics.setCurrentRow(ids.index(topic) if topic in ids else 0)

    def _show(self, row: int) -> None:
        topic = list(TOPICS)[row]
        if topic == "keyboard":
            self.page.setMarkdown(self._keys())
            return
        text = (resources() / "help" / f"{topic}.md").read_text(encoding="utf-8")
        self.page.setMarkdown(text.replace("{version}", __version__))

    def _keys(self) -> str:
        rows = [(c.shortcut, c.title) for c in self._commands if c.shortcut]
        lines = ["# Keyboard shortcuts", "", "| Key | What it does |", "|---|---|"]
        lines += [f"| {key} | {title} |" for key, title in rows]
        lines += ["", "## On the Data page", "", "| Key | What it does |", "|---|---|"]
        lines += [f"| {key} | {title} |" for key, title in _LABELLING_KEYS]
        lines += ["", "## On sounds in a recording", "", "| Key | What it does |", "|---|---|"]
        lines += [f"| {key} | {title} |" for key, title in _SOUND_KEYS]
        lines += ["", "## On text in a picture", "", "| Key | What it does |", "|---|---|"]
        lines += [f"| {key} | {title} |" for key, title in _READING_KEYS]
        lines += ["", "## On the Talk page", "", "| Key | What it does |", "|---|---|"]
        lines += [f"| {key} | {title} |" for key, title in _TALKING_KEYS]
        return "\n".join(lines)
