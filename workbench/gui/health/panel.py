"""The list of findings: what it is, what to do, and the buttons that do it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.data.checks import Finding
from workbench.data.checks.fixes import FIXES
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import (
    ICON_COLOURS,
    ICON_NAMES,
    Card,
    EmptyState,
    IconLabel,
    button,
    clear_layout,
    label,
    row,
)

_CLEAN_COPY = "clean-copy"


class HealthPanel(QDialog):
    """Signals:
    show_items(object): a finding's items in the list of the Data page.
    review(object): a finding's items one by one.
    mend(object, str): a finding and the id of a fix.
    copy(object): a copy of the project without personal data.
    fine(object): the person looked at a finding; it is fine.
    again(): look at everything now.
    forget(): tell again what was said to be fine.
    """

    show_items = Signal(object)
    review = Signal(object)
    mend = Signal(object, str)
    copy = Signal(object)
    fine = Signal(object)
    again = Signal()
    forget = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Health of the data")
        self.setObjectName("health-panel")
        self.resize(820, 640)
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.heading = label("Health of the data", "heading")
        self.state = label("", "soft", wrap=True)
        column.addWidget(self.heading)
        column.addWidget(self.state)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setAccessibleName("Findings")
        self._holder = QWidget()
        self._cards = QVBoxLayout(self._holder)
        self._cards.setContentsMargins(0, 0, S, 0)
        self._cards.setSpacing(S)
        self.area.setWidget(self._holder)
        column.addWidget(self.area, 1)
        self.look = button("Look again", self.again.emit, icon_name="refresh-cw", name="health-again",
                           tip="Look at everything now: labels, copies, outliers, personal data")  # fmt: skip
        self.recall = button("Tell everything again", self.forget.emit, role="quiet", name="health-forget",
                             tip="Also what you said was fine")  # fmt: skip
        close = button("Close", self.close, name="health-close")
        column.addLayout(row(self.look, self.recall, 1, close))

    def show_findings(self, findings: Sequence[Finding], working: bool, may_change: bool, any_fine: bool) -> None:
        """Show what is known; `working`: more may come."""
        at = self.area.verticalScrollBar().value()
        focus = self.focusWidget()
        focused = focus.objectName() if focus is not None else ""
        clear_layout(self._cards)
        for finding in findings:
            self._cards.addWidget(self._card(finding, may_change))
        if not findings:
            words = (
                "Looking …"
                if working
                else "Nothing to mend: no wrong labels, copies, leaks or personal data were found."
            )
            self._cards.addWidget(EmptyState("loader" if working else "shield-check", "The data", words), 1)
        self._cards.addStretch(1)
        self.state.setText(
            "Looking at the data; this list may still grow." if working
            else "Every step can be taken back with Ctrl+Z. What you say is fine is not told again until it changes."
        )  # fmt: skip
        self.look.setEnabled(not working)
        self.recall.setVisible(any_fine and may_change)
        self.area.verticalScrollBar().setValue(at)
        if focused:
            again = self.findChild(QWidget, focused)
            if again is not None:
                again.setFocus()

    def _card(self, finding: Finding, may_change: bool) -> QWidget:
        card = Card(margin=M)
        card.setObjectName(f"finding-{finding.code}")
        top = QHBoxLayout()
        top.setSpacing(S)
        sign = IconLabel(ICON_NAMES[finding.severity], 18, ICON_COLOURS[finding.severity])
        top.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label(finding.message, "strong", wrap=True))
        words.addWidget(label(finding.hint, "soft", wrap=True))
        top.addLayout(words, 1)
        card.body.addLayout(top)
        acts: list[QWidget | int] = []
        if finding.item_ids:
            acts.append(
                self._act(finding, "Review …", "review", "One by one, with keys", lambda: self.review.emit(finding))
            )
            acts.append(self._act(finding, "Show", "show", "In the list", lambda: self.show_items.emit(finding)))
        for fix_id in finding.fixes if may_change or _CLEAN_COPY in finding.fixes else ():
            if fix_id == _CLEAN_COPY:
                acts.append(
                    self._act(finding, "Save a copy without it …", fix_id,
                              "A new project with placeholders like [E-MAIL 1], and pictures without hidden data (anonymised)",
                              lambda: self.copy.emit(finding))
                )  # fmt: skip
                continue
            fix = FIXES[fix_id]
            acts.append(self._act(finding, fix.title, fix_id, fix.tip, lambda f=fix_id: self.mend.emit(finding, f)))
        if may_change:
            top.addWidget(self._act(finding, "It is fine", "fine", "I looked: do not tell me this again until it changes",
                                  lambda: self.fine.emit(finding), quiet=True))  # fmt: skip
        if acts:
            card.body.addLayout(row(*acts, 1))
        return card

    def _act(self, finding: Finding, text: str, name: str, tip: str, act: object, quiet: bool = False) -> QWidget:
        assert callable(act)
        made = button(text, act, role="quiet" if quiet else "", tip=tip, name=f"{name}-{finding.code}")
        made.setAccessibleName(f"{text}: {finding.message}")
        return made
