"""Why this answer? What spoke for it, whether that can be relied on, and the examples it resembles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QComboBox, QDialog, QSlider, QStackedWidget, QTextEdit, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import WRITTEN, Sample
from workbench.engine.explain.kinds import Explanation
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, theme
from workbench.gui.utf16 import to_qt
from workbench.gui.widgets.alike_row import AlikeRow
from workbench.gui.widgets.basic import Banner, button, label, row
from workbench.gui.widgets.canvas import Canvas
from workbench.gui.widgets.prediction_view import ask_save_path
from workbench.gui.widgets.row_reasons_view import RowReasonsView
from workbench.gui.workers import Job, while_there
from workbench.tasks.base import Task, TryOptions
from workbench.tasks.predictions import Box, Boxes, Number, Scores

_METHODS = (("places", "Roughly where"), ("points", "Point by point"))
_MOST_THINGS = 50
# Items whose reasons are no map of places.
# Words that hardly moved the answer stay uncoloured.
_FAINT = 0.08


@dataclass(frozen=True)
class _Shown:
    """What one explanation needs to be drawn, made in the job."""

    explanation: Explanation
    ground: bytes = b""
    heat: QImage | None = None
    text: str = ""


class WhyDialog(QDialog):
    """Explains one answer: of classes, or one of the things found in a picture."""

    def __init__(
        self,
        ctx: AppContext,
        sample: Sample,
        card: ModelCard,
        task: Task,
        options: TryOptions,
        prediction: Scores | Boxes | Number,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Why this answer?")
        self.setObjectName("why")
        self.resize(820, {"text": 480, "row": 560}.get(sample.kind, 760))
        self._ctx, self._sample, self._card, self._task, self._options = ctx, sample, card, task, options
        self._things: tuple[Box, ...] = prediction.above()[:_MOST_THINGS] if isinstance(prediction, Boxes) else ()
        self._size = (prediction.width, prediction.height) if isinstance(prediction, Boxes) else (0, 0)
        self._job: Job | None = None
        self._near: Job | None = None
        self.shown: _Shown | None = None
        self._build(prediction)
        theme().changed.connect(self._in_new_colours)
        self._ask()
        self._find_alike()

    # Building ----------------------------------------------------------------------------------------------------------

    def _build(self, prediction: Scores | Boxes | Number) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        self.answer = QComboBox()
        self.answer.setObjectName("why-answer")
        self.answer.setAccessibleName("Answer to explain")
        if isinstance(prediction, Scores):
            for score in prediction.top:
                self.answer.addItem(f"{score.name}  ({score.value:.0%})", score.name)
        elif isinstance(prediction, Number):
            self.answer.addItem(f"{prediction.name} {prediction.summary()}".strip(), "")
        else:
            for number, box in enumerate(self._things, 1):
                self.answer.addItem(f"{number}. {box.label}  ({box.score:.0%})", number - 1)
        self.answer.currentIndexChanged.connect(lambda _i: self._ask())
        self.method = QComboBox()
        self.method.setObjectName("why-method")
        self.method.setAccessibleName("How exactly")
        self.method.setToolTip("Where: Grad-CAM. Point by point: Integrated Gradients, slower and finer.")
        for name, words in _METHODS:
            self.method.addItem(words, name)
        self.method.currentIndexChanged.connect(lambda _i: self._ask())
        self.method.setVisible(isinstance(prediction, Scores) and self._sample.kind not in WRITTEN)
        asked = "Why" if isinstance(prediction, Number) else "What speaks for"
        column.addLayout(row(label(asked, "soft"), self.answer, self.method, 1))
        self.stack = QStackedWidget()
        self.canvas = Canvas("What mattered, over the picture, recording or structure")
        self.canvas.setAcceptDrops(False)
        self.text = QTextEdit()
        self.text.setObjectName("why-text")
        self.text.setReadOnly(True)
        self.text.zoomIn(3)
        self.text.setAccessibleName("The text, its words coloured by what they spoke for")
        self.stack.addWidget(self.canvas)
        self.stack.addWidget(self.text)
        self.row = RowReasonsView()
        self.stack.addWidget(self.row)
        side = {"text": self.text, "row": self.row}.get(self._sample.kind, self.canvas)
        self.stack.setCurrentWidget(side)
        column.addWidget(self.stack, 1)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setObjectName("why-opacity")
        self.opacity.setRange(0, 100)
        self.opacity.setValue(65)
        self.opacity.setAccessibleName("How strongly the colours cover the picture")
        self.opacity.valueChanged.connect(lambda v: self.canvas.set_opacity(v / 100))
        self.legend = label("", "soft", wrap=True)
        self.legend.setObjectName("why-legend")
        colours = label("Colours", "soft")
        line = row(colours, self.opacity, self.legend)
        line.setStretch(2, 1)
        self.opacity.setFixedWidth(160)
        for widget in (colours, self.opacity):
            widget.setVisible(self._sample.kind not in WRITTEN)
        column.addLayout(line)
        self.checked = Banner(closable=False)
        self.checked.setObjectName("why-checked")
        column.addWidget(self.checked)
        self.alike = AlikeRow(self._ctx)
        self.alike.wanted.connect(self._open_item)
        column.addWidget(self.alike)
        self.state = label("", "faint", wrap=True)
        self.state.setObjectName("why-state")
        self.stop = button("Stop", self._stop, icon_name="circle-stop", name="why-stop")
        self.save = button("Save …", self._save, icon_name="download", name="why-save",
                           tip="As a picture, a text with coloured words as a page, what the columns of a row did as a table")  # fmt: skip
        self.save.setEnabled(False)
        close = button("Close", self.accept, name="why-close")
        end = row(self.state, self.stop, self.save, close)
        end.setStretch(0, 1)
        column.addLayout(end)

    # Asking --------------------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._stop()
        self.checked.hide()
        self.save.setEnabled(False)
        self.state.setText("Looking for reasons …")
        self.stop.show()
        job = self._ctx.jobs.start_stream("Looking for reasons", self._work(), quiet=True)
        self._job = job
        job.streamed.connect(lambda shown: self._came(job, shown))
        job.progressed.connect(lambda fraction, words: self._progress(job, fraction, words))
        job.failed.connect(lambda problem: self._failed(job, problem))
        job.ended.connect(lambda: self._ended(job))

    def _work(self) -> Callable[[Control], Iterator[_Shown]]:
        sample, card, task, options = self._sample, self._card, self._task, self._options
        window = card.preparation.window
        if self._things:
            box = self._things[int(self.answer.currentData())]

            def of_box(control: Control) -> Iterator[_Shown]:
                from workbench.engine.explain.reasons import explain_box

                ground = _ground(sample, window)
                for found in explain_box(sample, card, box, control=control):
                    yield _drawn(found, ground)

            return of_box
        dark = theme().mode == "dark"
        target, method = str(self.answer.currentData()), str(self.method.currentData())

        def of_class(control: Control) -> Iterator[_Shown]:
            from workbench.engine.explain.reasons import explaining

            ground = None if sample.kind in WRITTEN else _ground(sample, window)
            for found in explaining(sample, card, task, options, target, method, control=control):
                yield _drawn(found, ground, sample, dark=dark)

        return of_class

    def _progress(self, job: Job, fraction: float, words: str) -> None:
        if job is self._job and words:
            self.state.setText(f"{words} {fraction:.0%}" if fraction >= 0 else words)

    def _failed(self, job: Job, problem: Problem) -> None:
        if job is self._job:
            self.checked.show_error(problem)

    def _ended(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self.stop.hide()
            self.state.setText(self._technical() if self.shown is not None else "")

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.stop.hide()
        self.state.setText("")

    def _technical(self) -> str:
        return f"Method: {self.shown.explanation.method}" if self.shown is not None else ""

    # Showing -------------------------------------------------------------------------------------------------------------

    def _came(self, job: Job, shown: _Shown) -> None:
        if job is not self._job:
            return
        first = self.shown is None
        self.shown = shown
        found = shown.explanation
        self.save.setEnabled(True)
        if found.row is not None:
            self.row.show_reasons(found.row)
            self.legend.setText(
                "To the right: raised the answer. To the left: lowered it. The bars and the usual answer add up to this one."
            )
        elif found.words:
            self._colour_words(shown)
        elif found.structure:
            self.canvas.show_data(shown.ground)
            self.legend.setText(found.atoms_told())
        elif shown.heat is not None:
            if first:
                self.canvas.show_data(shown.ground)
            self.canvas.show_overlay(shown.heat, self.opacity.value() / 100)
            if self._things:
                box = self._things[int(self.answer.currentData())]
                self.canvas.show_boxes((box,), [box.label], *self._size)
            self.legend.setText(_legend(self._sample.kind, found))
        if found.sanity is not None:
            words = f"{found.sanity.sentence()} {found.note if found.number is not None else ''}".strip()
            self.checked.show_message(words, "good" if found.sanity.depends else "warn")
        elif found.note:
            self.checked.show_message(found.note, "info")

    def _in_new_colours(self) -> None:
        """A structure is drawn for a light or a dark ground."""
        shown = self.shown
        if shown is None or not shown.explanation.structure:
            return
        dark = theme().mode == "dark"

        def came(again: _Shown) -> None:
            if self.shown is shown and (theme().mode == "dark") == dark:
                self.canvas.show_data(again.ground)

        work = partial(_redrawn, shown.explanation, dark)
        job = self._ctx.jobs.start("Drawing a molecule", work, quiet=True)
        job.succeeded.connect(while_there(self, came))

    def _colour_words(self, shown: _Shown) -> None:
        found = shown.explanation
        self.text.setPlainText(shown.text)
        good, bad = theme().colour("good"), theme().colour("bad")
        for word in found.words:
            colour = QColor(good if word.share > 0 else bad)
            colour.setAlphaF(0.15 + 0.6 * abs(word.share) if abs(word.share) > _FAINT else 0.0)
            look = QTextCharFormat()
            look.setBackground(colour)
            look.setToolTip(f"{word.share:+.2f}")
            cursor = QTextCursor(self.text.document())
            cursor.setPosition(to_qt(shown.text, word.start))
            cursor.setPosition(to_qt(shown.text, word.end), QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(look)
        for_it, against = found.strongest(shown.text)
        told = f"Green words spoke for “{found.target}”, red ones against it. Most for it: {', '.join(for_it) or '–'}."
        self.legend.setText(f"{told} Most against it: {', '.join(against) or '–'}.")

    # Examples -------------------------------------------------------------------------------------------------------------

    def _find_alike(self) -> None:
        """Only where this model was taught in the open project: else there is nothing it has learnt from here."""
        project, sample, card = self._ctx.store.project, self._sample, self._card
        self.alike.hide()
        if project is None or self._things or not card.is_own:
            return

        def work(control: Control) -> list[Any]:
            from workbench.engine.explain.alike import most_alike, taught_in

            return most_alike(sample, card, project, control=control) if taught_in(project, card) else []

        self._near = self._ctx.jobs.start("Looking for alike examples", work)
        self._near.succeeded.connect(self.alike.show_found)

    def _open_item(self, item_id: int) -> None:
        self.accept()
        self._ctx.go("data", item_ids=[item_id], title="An example it resembles")

    # Saving ----------------------------------------------------------------------------------------------------------------

    def ask_path(self) -> str:
        """Where it goes; asked of the person."""
        from workbench.engine.explain.drawing import endings

        assert self.shown is not None
        return ask_save_path(self, "Save the reasons", "why", endings(self.shown.explanation))

    def _save(self) -> None:
        if self.shown is None:
            return
        file = self.ask_path()
        if not file:
            return
        shown, sample = self.shown, self._sample

        def work(_control: Control) -> None:
            from workbench.engine.explain.drawing import save

            save(shown.explanation, Path(file), sample, shown.text)

        job = self._ctx.jobs.start("Saving the reasons", work)
        job.succeeded.connect(lambda _none: self.state.setText(f"Saved to {file}"))
        job.failed.connect(self.checked.show_error)

    def done(self, result: int) -> None:
        """Closed: nothing more is computed for it."""
        self._stop()
        if self._near is not None:
            self._near.cancel()
        super().done(result)


def _legend(kind: str, found: Explanation) -> str:
    if found.heat is not None and not found.heat.any():
        return f"Nothing in it spoke for “{found.target}”."
    words = "Red mattered most, blue little."
    if kind == "sound":
        return f"{words} From left to right: time; high sounds above."
    return words if found.part == (0.0, 0.0, 1.0, 1.0) else f"{words} What is dark the model did not look at."


def _ground(sample: Sample, window: tuple[float, float] | None) -> Any:
    from workbench.engine.explain.drawing import ground

    return ground(sample, window)


def _redrawn(found: Explanation, dark: bool, _control: Control) -> _Shown:
    return _drawn(found, None, dark=dark)


def _drawn(found: Explanation, ground: Any, sample: Sample | None = None, *, dark: bool = False) -> _Shown:
    """Made ready for the window, in the job."""
    if found.row is not None:
        return _Shown(found)
    if found.structure:
        from workbench.engine.explain.drawing import structure

        return _Shown(found, structure(found, dark=dark))
    if found.heat is None:
        from workbench.tasks.text_classification import text_of

        return _Shown(found, text=text_of(sample) if sample is not None else "")
    from workbench.engine.explain.drawing import heat_pixels, png

    height, width = ground.shape[:2]
    pixels = heat_pixels(found, width, height)
    heat = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
    return _Shown(found, png(replace(found, heat=found.heat * 0), ground, 0.0), heat)
