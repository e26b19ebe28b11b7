"""Keywords with how near each is to the text, and how different they shall be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QScrollArea,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.errors import UserError
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Banner, icon_button, label
from workbench.gui.widgets.score_bars import ScoreBars
from workbench.tasks.keywords import DIVERSITY, Keyword
from workbench.tasks.predictions import Score, Scores

_SETTLE_MS = 250


class DiversitySlider(QWidget):
    """How different keywords shall be. Signals: changed(): it stands still at another place."""

    changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName(name)
        self.slider.setRange(0, 100)
        self.slider.setSingleStep(10)
        self.slider.setPageStep(20)
        self.slider.setValue(round(DIVERSITY * 100))
        self.slider.setMinimumWidth(80)
        self.slider.setMaximumWidth(160)
        self.slider.setAccessibleName("How different the keywords shall be from each other")
        self.slider.setToolTip(
            "To the left: the nearest, though they say the same. To the right: as different as can be"
            " (diversity of Maximal Marginal Relevance)"
        )
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self.changed)
        self.slider.valueChanged.connect(lambda _value: self._timer.start())
        row.addWidget(label("Alike", "faint"))
        row.addWidget(self.slider)
        row.addWidget(label("Different", "faint"))
        row.addStretch(1)

    @property
    def value(self) -> float:
        """0..1."""
        return self.slider.value() / 100


class KeywordsPanel(QWidget):
    """Signals: wanted(): others are wanted, the slider was moved."""

    wanted = Signal()

    def __init__(self, name: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keywords: Sequence[Keyword] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.heading = label("Keywords", "heading", wrap=True)
        self.slider = DiversitySlider(f"{name}-different")
        self.slider.changed.connect(self.wanted)
        self.waiting = label(empty, "soft", wrap=True)
        self.waiting.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.bars = ScoreBars()
        self.bars.best.hide()
        self.bars.setObjectName(f"{name}-bars")
        self.stack = QStackedWidget()
        holder = QWidget()
        above = QVBoxLayout(holder)
        above.setContentsMargins(0, 0, 0, 0)
        above.addWidget(self.bars)
        above.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(holder)
        self.stack.addWidget(self.waiting)
        self.stack.addWidget(self._scroll)
        self.banner = Banner()
        self.copy = icon_button("copy", "Copy the keywords", self._copy, name=f"{name}-copy")
        self.save = icon_button("save", "Save the keywords as a table (CSV)", self._save, name=f"{name}-save")
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self.copy)
        row.addWidget(self.save)
        column.addWidget(self.heading)
        column.addLayout(row)
        column.addWidget(self.banner)
        column.addWidget(self.stack, 1)
        self.show_waiting(empty)

    @property
    def keywords(self) -> Sequence[Keyword]:
        """What is shown."""
        return self._keywords

    def show_waiting(self, words: str) -> None:
        """There are none (yet)."""
        self._keywords = ()
        self.waiting.setText(words)
        self.stack.setCurrentWidget(self.waiting)
        self._enable()

    def show_keywords(self, keywords: Sequence[Keyword]) -> None:
        self.banner.hide()
        if not keywords:
            self.show_waiting("There is no word in this text that says much.")
            return
        self._keywords = keywords
        scores = Scores(tuple(Score(k.text, k.score, n) for n, k in enumerate(keywords)))
        self.bars.show_prediction(scores)
        self.stack.setCurrentWidget(self._scroll)
        self._enable()

    def _enable(self) -> None:
        for widget in (self.copy, self.save):
            widget.setEnabled(bool(self._keywords))

    def _copy(self) -> None:
        QApplication.clipboard().setText(", ".join(k.text for k in self._keywords))

    def _save(self) -> None:
        file, _ = QFileDialog.getSaveFileName(self, "Save the keywords", "keywords.csv", "Table (*.csv)")
        if not file:
            return
        from workbench.data.exporters.tables import write_csv

        rows = [{"keyword": k.text, "nearness": round(k.score, 4)} for k in self._keywords]
        try:
            write_csv(Path(file), rows, ("keyword", "nearness"))
        except UserError as error:
            self.banner.show_error(error)
