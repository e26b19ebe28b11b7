"""A molecule's structure, large, with its SMILES below; drawn in a job, anew when light turns to dark."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import Item, Sample
from workbench.errors import Problem
from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import label
from workbench.gui.widgets.picture_view import PictureView
from workbench.gui.workers import Job, Jobs, while_there

_WIDTH, _HEIGHT = 1100, 800
_LONGEST = 300


class StructureView(QWidget):
    """Signals:
    drawn(): what was asked for last is on the screen.
    """

    drawn = Signal()

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._sample: Sample | None = None
        self._job: Job | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.picture = PictureView("Structure of the molecule")
        column.addWidget(self.picture, 1)
        self.words = label("", "faint", wrap=True, selectable=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.words)
        theme().changed.connect(self._draw)

    def show_molecule(self, of: Item | Sample | None) -> None:
        """Draw it; nothing for none. What is wrong with it is said in its place."""
        self._sample = of.sample() if isinstance(of, Item) else of
        if self._sample is None:
            self.picture.show_words("")
            self.words.setText("")
            return
        self._draw()

    def _draw(self) -> None:
        sample = self._sample
        if sample is None:
            return
        if self._job is not None:
            self._job.cancel()
        dark = theme().mode == "dark"

        def work(_control: Control) -> tuple[bytes, str, str]:
            from workbench.data.molecules import drawing
            from workbench.tasks.molecules import molecule_of

            found = molecule_of(sample)
            return drawing(found, _WIDTH, _HEIGHT, dark=dark), found.canonical, found.note

        def came(made: tuple[bytes, str, str]) -> None:
            if self._sample is not sample:
                return
            data, canonical, note = made
            self.picture.show_data(data)
            self.picture.setAccessibleDescription(canonical)
            shown = canonical if len(canonical) <= _LONGEST else f"{canonical[:_LONGEST]}…"
            self.words.setText(f"{shown}\n{note}".strip())
            self.drawn.emit()

        def failed(problem: Problem) -> None:
            if self._sample is sample:
                self.picture.show_words(f"{problem.message} {problem.hint}")
                self.words.setText("")

        self._job = self._jobs.start("Drawing a molecule", work, quiet=True)
        self._job.succeeded.connect(while_there(self, came))
        self._job.failed.connect(while_there(self, failed))
