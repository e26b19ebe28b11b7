"""Six items the model has not learnt from, and what it says of them as it learns."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from workbench.engine.events import SamplePredicted
from workbench.gui.context import AppContext
from workbench.gui.models.runs_previews import Preview, PreviewLoader, scaled
from workbench.gui.models.runs_progress import RunProgress
from workbench.gui.theme import XS, M, S, theme
from workbench.gui.widgets.basic import Card, IconLabel, label, set_role

SAMPLES = 6


class Thumb(QWidget):
    """A picture (or the first words of a text) in a box with round corners."""

    def __init__(self, size: QSize, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(size)
        self._picture: QPixmap | None = None
        self._words = ""
        theme().changed.connect(self.update)

    def show_preview(self, picture: QPixmap | None, words: str) -> None:
        self._picture = (
            scaled(picture, self.width(), self.height(), self.devicePixelRatioF()) if picture is not None else None
        )
        self._words = words
        self.setAccessibleName(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        path = QPainterPath()
        path.addRoundedRect(box, 6, 6)
        painter.setClipPath(path)
        painter.fillRect(box, theme().colour("raised"))
        if self._picture is not None:
            painter.drawPixmap(0, 0, self._picture)
            return
        painter.setPen(theme().colour("text_soft"))
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 2))
        painter.setFont(font)
        inner = box.adjusted(6, 5, -6, -5)
        painter.drawText(inner, Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft, self._words)


class SampleCard(Card):
    """One live sample: thumbnail, what the model says, how sure it is, and whether that is right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=S, spacing=XS)
        row = QHBoxLayout()
        row.setSpacing(M)
        self.thumb = Thumb(QSize(76, 76))
        row.addWidget(self.thumb, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(XS)
        head = QHBoxLayout()
        head.setSpacing(XS)
        self._mark = IconLabel("circle-dashed", 18, "text_faint")
        head.addWidget(self._mark)
        self._verdict = label("Waiting", "badge")
        head.addWidget(self._verdict)
        head.addStretch(1)
        column.addLayout(head)
        self._said = label("", "strong")
        self._truth = label("", "soft")
        for text in (self._said, self._truth):
            text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            column.addWidget(text)
        column.addStretch(1)
        row.addLayout(column, 1)
        self.body.addLayout(row)

    def show_sample(self, sample: SamplePredicted, changed: bool) -> None:
        right = sample.predicted_class == sample.true_class
        self._mark.set_icon("circle-check" if right else "circle-x", "good" if right else "warn")
        words = "right" if right else "not yet"
        self._verdict.setText(f"{words}, changed" if changed else words)
        set_role(self._verdict, "badge-good" if right else "badge-warn")
        _elide(self._said, f"{sample.predicted_class} ({sample.score:.0%})")
        _elide(self._truth, f"is {sample.true_class}")
        sentence = f"The model says {sample.predicted_class}, {sample.score:.0%} sure; it is {sample.true_class}."
        self.setToolTip(sentence)
        self.setAccessibleName(sentence)

    def show_preview(self, preview: Preview, picture: QPixmap | None) -> None:
        self.thumb.show_preview(picture, preview.words)


def _elide(text: QLabel, words: str) -> None:
    text.setText(words)
    text.setToolTip(words)


class LiveSamples(QWidget):
    """The grid of live samples. Items come from the open project; previews are read in a job."""

    def __init__(self, ctx: AppContext, loader: PreviewLoader | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._loader = loader or PreviewLoader(ctx, parent=self)
        self._loader.loaded.connect(self._previews_loaded)
        self._ids: list[int] = []
        self._cards: list[SampleCard] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(M)
        for index in range(SAMPLES):
            card = SampleCard()
            card.setObjectName(f"live-sample-{index}")
            self._cards.append(card)
            self._grid.addWidget(card, index // 3, index % 3)
        self.hide()

    @property
    def cards(self) -> list[SampleCard]:
        """The cards in use, in order."""
        return self._cards[: len(self._ids)]

    def show_progress(self, progress: RunProgress) -> None:
        """Show the last prediction of up to six samples."""
        self._ids = list(progress.samples)[:SAMPLES]
        for index, card in enumerate(self._cards):
            card.setVisible(index < len(self._ids))
        for card, item_id in zip(self._cards, self._ids, strict=False):
            card.show_sample(progress.samples[item_id], item_id in progress.changed_samples)
            self._show_preview(card, item_id)
        self.setVisible(bool(self._ids))

    def _previews_loaded(self, ids: list[int]) -> None:
        for card, item_id in zip(self._cards, self._ids, strict=False):
            if item_id in ids:
                self._show_preview(card, item_id)

    def _show_preview(self, card: SampleCard, item_id: int) -> None:
        preview = self._loader.get(item_id)
        if preview is not None:
            card.show_preview(preview, self._loader.pixmap(item_id))
