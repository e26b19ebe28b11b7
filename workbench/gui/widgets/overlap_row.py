"""How much a text has in common with the right one: a number per score, in plain words, with the term in the tip."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.engine.truth import MANY_ARE_RIGHT
from workbench.gui.theme import XS, L, S
from workbench.gui.widgets.basic import clear_layout, label
from workbench.trust.text_overlap import Overlap


class OverlapRow(QWidget):
    """The scores beside each other; hidden while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overlap-row")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, S, 0, S)
        column.setSpacing(S)
        self._row = QHBoxLayout()
        self._row.setSpacing(L)
        column.addLayout(self._row)
        self.caution = label(MANY_ARE_RIGHT, "faint", wrap=True)
        column.addWidget(self.caution)
        self.hide()

    def show_scores(self, scores: Sequence[Overlap], before: Sequence[Overlap] = ()) -> None:
        """`before`: the same of a model before it was taught."""
        clear_layout(self._row)
        then = {s.kind: s.value for s in before}
        for score in scores:
            self._row.addWidget(self._cell(score, then.get(score.kind)), 1)
        self.setVisible(bool(scores))

    @staticmethod
    def _cell(score: Overlap, before: float | None) -> QWidget:
        cell = QWidget()
        cell.setToolTip(score.tip)
        cell.setAccessibleName(score.sentence())
        column = QVBoxLayout(cell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(XS)
        line = QHBoxLayout()
        line.addWidget(label(score.title, "soft"))
        line.addStretch(1)
        line.addWidget(label(score.term, "faint"))
        column.addLayout(line)
        line = QHBoxLayout()
        line.addWidget(label(f"{score.value:.1f}", "heading"))
        line.addWidget(label("of 100", "faint"), 0, Qt.AlignmentFlag.AlignBottom)
        if before is not None:
            line.addWidget(label(f"before: {before:.1f}", "faint"), 0, Qt.AlignmentFlag.AlignBottom)
        line.addStretch(1)
        if score.low is not None and score.high is not None:
            words = label(f"expect {score.low:.1f} to {score.high:.1f}", "faint")
            words.setToolTip("On more such texts, in 95 of 100 cases (bootstrap)")
            line.addWidget(words, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(line)
        bar = QProgressBar()
        bar.setRange(0, 1000)
        bar.setValue(round(score.value * 10))
        bar.setTextVisible(False)
        bar.setFixedHeight(6)
        column.addWidget(bar)
        return cell
