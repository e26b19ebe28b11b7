"""A passage an answer rests on, and the way to its document."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from workbench.data.documents import is_document
from workbench.engine.conversation import Source
from workbench.gui.talk.words import plain_tip
from workbench.gui.theme import L, S
from workbench.gui.widgets.basic import button, label, row


class SourceDialog(QDialog):
    """Shows the passage as it was given to the model."""

    def __init__(self, source: Source, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("source-dialog")
        self.setWindowTitle(source.title)
        self.resize(620, 420)
        self.source = source
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(S)
        column.addWidget(label(source.title, "heading", wrap=True))
        alike = f"alike {source.score:.0%}"
        column.addWidget(label("  ·  ".join(p for p in (source.place, alike) if p), "soft"))
        self.text = QPlainTextEdit(source.text)
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The passage")
        column.addWidget(self.text, 1)
        self.state = label("", "soft", wrap=True)
        column.addWidget(self.state)
        self.open_it = button(
            "Open the document",
            self._open,
            icon_name="external-link",
            name="open-document",
            tip=plain_tip(source.document),
        )
        column.addLayout(row(self.open_it, 1, button("Close", self.accept, role="primary")))

    def _open(self) -> None:
        path = Path(self.source.document)
        # What is no document could be a program, and opening it would start it.
        if not path.is_file() or not is_document(path):
            self.state.setText("The document is not where it was.")
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(self.source.document)):
            self.state.setText("No program on this computer opens such documents.")
