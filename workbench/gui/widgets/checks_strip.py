"""What a careful colleague would say about the data, one line each, at the top of the Data page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.checks import Finding
from workbench.gui.theme import XS, S
from workbench.gui.widgets.basic import ICON_COLOURS, ICON_NAMES, IconLabel, button, clear_layout, label

_SHOWN = 3


class ChecksStrip(QWidget):
    """Signals:
    wanted(object, str): show these item ids under this title.
    """

    wanted = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(XS)
        self._all = False
        self._findings: list[Finding] = []
        self.hide()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """The gravest first; more than three are folded."""
        self._findings = list(findings)
        self._fill()

    def _fill(self) -> None:
        clear_layout(self._column)
        shown = self._findings if self._all else self._findings[:_SHOWN]
        for finding in shown:
            self._column.addWidget(self._line(finding))
        more = len(self._findings) - _SHOWN
        if more > 0:
            text = "Show fewer" if self._all else f"{more} more to know"
            self._column.addWidget(button(text, self._toggle, role="quiet"))
        self.setVisible(bool(self._findings))

    def _toggle(self) -> None:
        self._all = not self._all
        self._fill()

    def _line(self, finding: Finding) -> QWidget:
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        row.addWidget(IconLabel(ICON_NAMES[finding.severity], 16, ICON_COLOURS[finding.severity]))
        words = label(f"{finding.message} {finding.hint}", "soft", wrap=True)
        words.setToolTip(finding.hint)
        row.addWidget(words, 1)
        if finding.item_ids:
            shower = button("Show", lambda: self.wanted.emit(list(finding.item_ids), finding.message), role="quiet")
            shower.setAccessibleName(f"Show the items: {finding.message}")
            row.addWidget(shower)
        return holder
