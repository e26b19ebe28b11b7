"""The filter of a table of answers: only what is unlike all the model learnt from."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QWidget


class OnlyUnlike(QCheckBox):
    """Hidden while there is nothing of the kind."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("only-unlike")
        self.setAccessibleName("Show only what is unlike all the model learnt from")
        self.setToolTip(
            "Answers that should not be relied on: these items are unlike all it learnt from (out of distribution)"
        )
        self.hide()

    def tell(self, count: int) -> None:
        """How many there are; with none the filter is off."""
        self.setText(f"Only the {count:,} unlike what it learnt from")
        if not count:
            self.setChecked(False)
        self.setVisible(count > 0)
