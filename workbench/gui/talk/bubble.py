"""One thing said, as a bubble: the person's to the right, the answer over the whole width, with what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.engine.conversation import Source, Turn, left_out_words
from workbench.gui.talk.words import WordsView, on_button, plain_tip
from workbench.gui.theme import XS, M, S, theme
from workbench.gui.widgets.basic import button, clear_layout, icon_button, label

_OWN_SHARE = 0.78


class Bubble(QWidget):
    """Signals:
    copied(): copy this turn.
    edited(): the person wants to ask something else here.
    again(): another answer is wanted.
    source(object): a `Source` is to be opened.
    """

    copied = Signal()
    edited = Signal()
    again = Signal()
    source = Signal(object)

    def __init__(self, turn: Turn, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.own = turn.role == "user"
        self._sources: tuple[Source, ...] = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.frame = QFrame()
        self.frame.setObjectName("bubble-own" if self.own else "bubble-answer")
        column = QVBoxLayout(self.frame)
        column.setContentsMargins(M, S, M, S)
        column.setSpacing(XS)
        head = QHBoxLayout()
        head.setSpacing(0)
        self.who = label("", "soft")
        head.addWidget(self.who, 1)
        self.buttons = (
            (
                icon_button(
                    "pencil", "Ask something else here; what follows is taken out", self.edited.emit, name="turn-edit"
                ),
            )
            if self.own
            else (icon_button("rotate-cw", "Answer once more (regenerate)", self.again.emit, name="turn-again"),)
        )
        self.copy = icon_button("copy", "Copy this", self.copied.emit, name="turn-copy")
        for made in (*self.buttons, self.copy):
            head.addWidget(made)
        column.addLayout(head)
        self.words = WordsView()
        column.addWidget(self.words)
        self.places = QWidget()
        self._places = QVBoxLayout(self.places)
        self._places.setContentsMargins(0, XS, 0, 0)
        self._places.setSpacing(0)
        column.addWidget(self.places)
        self.places.hide()
        self.foot = label("", "faint", wrap=True, selectable=True)
        self.foot.setObjectName("turn-foot")
        column.addWidget(self.foot)
        if self.own:
            row.addStretch(1)
        row.addWidget(self.frame)
        self.frame.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._paint)
        self._paint()
        self.show_turn(turn)

    def show_turn(self, turn: Turn) -> None:
        """As it stands now; an answer grows."""
        self.turn = turn
        when = turn.at[11:16]
        name = "You" if self.own else turn.model or "Your documents"
        self.who.setText("  ·  ".join(p for p in (name, when) if p))
        writing = turn.state == "writing"
        waiting = writing and not turn.text
        self.words.show_words("…" if waiting else turn.text, formatted=not self.own)
        self.words.setAccessibleName(f"{name}: {turn.text[:2000]}")
        ended = {"stopped": "Stopped.", "broken": "Broken off."}.get(turn.state, "")
        sent = f"Sent to {turn.sent_to}." if turn.sent_to else ""
        foot = " ".join(p for p in (ended, left_out_words(turn.left_out), turn.note, sent) if p)
        self.foot.setText(foot)
        self.foot.setVisible(bool(foot))
        for made in (*self.buttons, self.copy):
            made.setVisible(not writing)
        if turn.sources != self._sources:
            self._show_sources(turn.sources)
        self._fit()

    def set_last(self, last: bool) -> None:
        """Only the last answer can be asked for once more."""
        if not self.own:
            for made in self.buttons:
                made.setVisible(last and self.turn.state != "writing")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self.own:
            most = round(self.width() * _OWN_SHARE)
            self.frame.setFixedWidth(max(190, min(most, self.words.natural_width() + 2 * M + 4)))

    def _show_sources(self, sources: tuple[Source, ...]) -> None:
        self._sources = sources
        clear_layout(self._places)
        self.places.setVisible(bool(sources))
        if not sources:
            return
        self._places.addWidget(label("From your documents", "faint"))
        for source in sources:
            where = ", ".join(p for p in (source.title, source.place) if p)
            made = button(
                on_button(f"[{source.number}] {where}"),
                lambda s=source: self.source.emit(s),  # type: ignore[misc]
                role="quiet",
                icon_name="file-text",
                name=f"source-{source.number}",
                tip=plain_tip(f"{' '.join(source.text.split())[:300]}\n{source.document}"),
            )
            made.setAccessibleName(f"Passage {source.number}: {where}")
            made.setStyleSheet("text-align: left; padding: 3px 6px;")
            self._places.addWidget(made)

    def _paint(self) -> None:
        colours = theme().colours
        ground = colours.accent_soft if self.own else colours.surface
        edge = colours.accent_soft if self.own else colours.line
        self.frame.setStyleSheet(
            f"QFrame#{self.frame.objectName()} {{ background: {ground}; border: 1px solid {edge}; border-radius: 12px; }}"
        )
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, False)
