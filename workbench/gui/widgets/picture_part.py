"""Beside a new picture: its size, and how near it comes to the true one when that is given."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.engine.picture_truth import Comparison
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import button, clear_layout, label, row
from workbench.tasks.predictions import Picture
from workbench.trust.picture_quality import Quality, decibels

_COLUMNS = (
    ("PSNR", "Peak signal-to-noise ratio over the three colours: higher is nearer"),
    ("SSIM", "Structural similarity, the mean of the three colours: 1 is the same (Wang et al. 2004)"),
    ("PSNR, light", "Peak signal-to-noise ratio of brightness alone (Y)"),
    ("SSIM, light", "Structural similarity of brightness alone (Y)"),
)


class PicturePart(QScrollArea):
    """Signals:
    truth_wanted(): the person wants to compare with the true picture.
    """

    truth_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        # The numbers need more room than a small window has.
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        self.setWidget(inside)
        inside.setAutoFillBackground(False)  # the card's own ground is seen through
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.summary = label("", "heading", wrap=True, selectable=True)
        self.summary.setObjectName("picture-summary")
        self.where = label("", "soft", wrap=True, selectable=True)
        self.hint = label("", "soft", wrap=True)
        self.truth = button(
            "Compare with the true picture …", self.truth_wanted.emit, icon_name="scale", name="compare-truth",
            tip="When you have the picture in its true size: how near the new one comes (PSNR, SSIM)",
        )  # fmt: skip
        self.numbers = QWidget()
        self.numbers.setObjectName("truth-numbers")
        self._grid = QGridLayout(self.numbers)
        self._grid.setContentsMargins(0, S, 0, 0)
        self._grid.setHorizontalSpacing(M)
        self.verdict = label("", "soft", wrap=True)
        self.verdict.setObjectName("truth-verdict")
        for widget in (self.summary, self.where, self.hint):
            column.addWidget(widget)
        column.addLayout(row(self.truth, 1))
        column.addWidget(self.numbers)
        column.addWidget(self.verdict)
        column.addStretch(1)
        self._has_truth = False
        self.show_comparison(None)

    def set_has_truth(self, has_truth: bool) -> None:
        """Whether a true picture can exist for what the task makes."""
        self._has_truth = has_truth

    def show_prediction(self, prediction: Picture) -> None:
        self.summary.setText(prediction.size())
        self.where.setText(prediction.file)
        self.where.setVisible(bool(prediction.file))
        self.hint.setText(
            "Drag the line in the picture to compare before and after."
            if prediction.finished
            else "Still being made. Stop keeps the picture as it is then."
        )
        self.truth.setVisible(prediction.finished and self._has_truth)
        self.show_comparison(None)

    def show_comparison(self, found: Comparison | None) -> None:
        """The numbers of the model and of plain enlarging, or nothing."""
        clear_layout(self._grid)
        self.numbers.setVisible(found is not None)
        self.verdict.setVisible(found is not None and bool(found.verdict()))
        if found is None:
            return
        for place, (name, tip) in enumerate(_COLUMNS, 1):
            head = label(name, "faint")
            head.setToolTip(tip)
            self._grid.addWidget(head, 0, place)
        rows = [("This picture", found.made)] + ([("Plain enlarging", found.plain)] if found.plain else [])
        for line, (name, quality) in enumerate(rows, 1):
            self._grid.addWidget(label(name, "strong" if line == 1 else "soft"), line, 0)
            for place, words in enumerate(_cells(quality), 1):
                self._grid.addWidget(label(words, "strong" if line == 1 else "soft", selectable=True), line, place)
        self._grid.setColumnStretch(len(_COLUMNS) + 1, 1)
        self.numbers.setAccessibleName(". ".join(found.lines()))
        self.verdict.setText(found.verdict())


def _cells(quality: Quality) -> tuple[str, str, str, str]:
    return (
        decibels(quality.psnr), f"{quality.ssim:.3f}", decibels(quality.psnr_brightness), f"{quality.ssim_brightness:.3f}",
    )  # fmt: skip
