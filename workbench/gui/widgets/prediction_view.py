"""What a model said, drawn as its kind asks for: one small view per kind of prediction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSlider,
    QStackedWidget,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from workbench.engine.truth import answer_text
from workbench.gui.theme import S, theme
from workbench.gui.utf16 import to_qt
from workbench.gui.widgets.areas_part import MaskPart
from workbench.gui.widgets.basic import button, label, row
from workbench.gui.widgets.box_piece import BoxPiece, Cutter
from workbench.gui.widgets.canvas import label_colour
from workbench.gui.widgets.events_part import EventsPart
from workbench.gui.widgets.forecast_part import ForecastPart
from workbench.gui.widgets.later import Later
from workbench.gui.widgets.number_part import NumberPart
from workbench.gui.widgets.picture_part import PicturePart
from workbench.gui.widgets.ranking_part import RankingPart
from workbench.gui.widgets.read_text import ReadText
from workbench.gui.widgets.score_bars import ScoreBars
from workbench.gui.widgets.transcript_view import TranscriptPart
from workbench.tasks.predictions import (
    Box,
    Boxes,
    Events,
    Forecast,
    Mask,
    Number,
    Picture,
    Prediction,
    Ranking,
    Scores,
    Text,
    Vector,
)

_MOST_ROWS = 500
_Part = TypeVar("_Part", bound=QWidget)
_FILE_KINDS = {
    ".csv": "Table",
    ".txt": "Text",
    ".pdf": "PDF with text to search and copy",
    ".hocr": "hOCR (places of all words)",
}


def ask_save_path(parent: QWidget, title: str, name: str, endings: tuple[str, ...]) -> str:
    """Ask the person where a file goes; "" when nowhere.

    Args:
        name: suggested, without an ending.
        endings: that are offered, the first one suggested.
    """
    kinds = {f"{_FILE_KINDS.get(e, e[1:].upper())} (*{e})": e for e in endings}
    file, kind = QFileDialog.getSaveFileName(parent, title, f"{name}{endings[0]}", ";;".join(kinds))
    path, wanted = Path(file), kinds.get(kind, endings[0])
    if file and (not path.suffix or (wanted != endings[0] and path.suffix == endings[0])):
        # The kind was chosen from the list, and the suggested ending stayed.
        file = str(path.with_suffix(wanted))
    return file


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(S)
    return column


class _Swatches(QListWidget):
    """A list with a coloured square before each line."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)

    def put(self, rows: list[tuple[str, QColor]]) -> None:
        from PySide6.QtGui import QIcon, QPixmap

        self.clear()
        for words, colour in rows:
            square = QPixmap(12, 12)
            square.fill(colour)
            self.addItem(QListWidgetItem(QIcon(square), words))


class BoxesPart(QWidget):
    """Signals:
    shown(object): the tuple of boxes to draw, when the slider moved.
    chosen(int): a line of the list.
    """

    shown = Signal(object)
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._prediction: Boxes | None = None
        # Of a video, in order of appearance; None for a single picture.
        self._live: list[str] | None = None
        column = _column(self)
        self.summary = label("", "heading", wrap=True, selectable=True)
        self.summary.setObjectName("boxes-summary")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("score-slider")
        self.slider.setRange(5, 95)
        self.slider.setAccessibleName("How certain a thing must be to be shown")
        self.slider.setToolTip("How certain a thing must be to be shown (score threshold)")
        self.slider.valueChanged.connect(lambda _v: self._refill())
        self.value = label("", "soft")
        self.list = _Swatches("What was found")
        self.list.currentRowChanged.connect(self._row_chosen)
        self.piece = BoxPiece()
        # Cuts boxes out of the picture they were found in.
        self.cutter: Cutter | None = None
        self.text = ReadText()
        self.text.setObjectName("read-text")
        self.text.line_chosen.connect(self.chosen)
        column.addWidget(self.summary)
        self.certain = label("At least this certain", "soft")
        column.addLayout(row(self.certain, self.slider, self.value))
        column.addWidget(self.list, 1)
        column.addWidget(self.piece)
        column.addWidget(self.text, 1)

    def show_prediction(self, prediction: Boxes) -> None:
        self._prediction = prediction
        self.list.setVisible(not prediction.reading)
        self.text.setVisible(prediction.reading)
        if self._live is None:
            self.slider.blockSignals(True)
            self.slider.setValue(round(prediction.threshold * 100))
            self.slider.blockSignals(False)
        self._refill()

    def set_live(self, labels: list[str] | None) -> None:
        """While a video is looked at: the slider stays where it is, and colours go by these labels."""
        self._live = labels

    def labels(self) -> list[str]:
        """All labels found, in a fixed order: a label's place gives its colour."""
        if self._live is not None:
            self._live += [n for n in dict.fromkeys(b.label for b in self.boxes_now()) if n not in self._live]
            return self._live
        found = self._prediction.boxes if self._prediction is not None and not self._prediction.reading else ()
        return sorted({b.label for b in found})

    def prediction_now(self) -> Boxes | None:
        """The prediction as it is shown: with the slider's value."""
        return replace(self._prediction, threshold=self.slider.value() / 100) if self._prediction is not None else None

    def choose(self, place: int) -> None:
        """Highlight a box or a line in the list; -1 for none."""
        self.text.choose_line(place)
        self.list.blockSignals(True)
        self.list.setCurrentRow(place)
        self.list.blockSignals(False)
        self._show_piece(place)

    def _row_chosen(self, place: int) -> None:
        self._show_piece(place)
        self.chosen.emit(place)

    def _show_piece(self, place: int) -> None:
        """The chosen box enlarged; lines of text are read where they stand."""
        boxes = self.boxes_now()
        reading = self._prediction is None or self._prediction.reading
        if self.cutter is None or reading or not 0 <= place < len(boxes):
            self.piece.hide()
            return
        box = boxes[place]
        self.piece.show_box(box, self.cutter.cut(box), label_colour(self.labels(), box.label))
        if self._live is None:
            self.cutter.sharper(box, lambda image: self.piece.sharpen(box, image))

    def boxes_now(self) -> tuple[Box, ...]:
        """The boxes above the slider's value."""
        return self._prediction.above(self.slider.value() / 100) if self._prediction is not None else ()

    def _refill(self) -> None:
        prediction = self._prediction
        if prediction is None:
            return
        limit = self.slider.value() / 100
        boxes = self.boxes_now()
        self.value.setText(f"{limit:.0%}")
        labels = self.labels()
        self.piece.hide()
        if prediction.reading:
            self.text.show_lines(boxes)
            lines = f"{len(boxes)} lines read" if len(boxes) != 1 else "1 line read"
            doubtful = f", {self.text.doubtful} of them not surely (underlined)" if self.text.doubtful else ""
            self.summary.setText(f"{lines}{doubtful}" if boxes else "No text found")
        else:
            counts: dict[str, int] = {}
            for box in boxes:
                counts[box.label] = counts.get(box.label, 0) + 1
            self.summary.setText(", ".join(f"{n} {name}" for name, n in counts.items()) or "Nothing this certain")
            self.list.blockSignals(True)
            self.list.put([(f"{b.label}   {b.score:.0%}", label_colour(labels, b.label)) for b in boxes])
            self.list.blockSignals(False)
        self.shown.emit(boxes)


class TextPart(QWidget):
    """A text as it grows; pieces that the model marked stand on their colour."""

    def __init__(self) -> None:
        super().__init__()
        column = _column(self)
        self.view = QTextEdit()
        self.view.setObjectName("answer-text")
        self.view.setReadOnly(True)
        self.view.setAcceptRichText(False)
        self.view.setAccessibleName("Answer")
        self.legend = label("", "soft", wrap=True)
        column.addWidget(self.view, 1)
        column.addWidget(self.legend)

    def show_prediction(self, prediction: Text) -> None:
        old = self.view.toPlainText()
        # Qt makes one end of line of two characters, which would shift the places of all pieces behind it.
        text = prediction.text.replace("\r\n", " \n") if prediction.marked else prediction.text
        if old and text.startswith(old):  # growing: only the new words are put in
            cursor = QTextCursor(self.view.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text[len(old) :])
        else:
            self.view.setPlainText(text)
        if not prediction.finished:
            bar = self.view.verticalScrollBar()
            bar.setValue(bar.maximum())
        marks = []
        labels = sorted({s.label for s in prediction.spans if s.label})
        # Qt counts characters as UTF-16: an emoji before a piece moves its place.
        for span in prediction.spans if prediction.marked else ():
            if span.start < 0:
                continue
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.view.document())
            cursor.setPosition(to_qt(prediction.text, span.start))
            cursor.setPosition(to_qt(prediction.text, span.end), QTextCursor.MoveMode.KeepAnchor)
            colour = label_colour(labels, span.label) if labels else theme().colour("accent")
            ground = QColor(colour)
            ground.setAlpha(80)
            form = QTextCharFormat()
            form.setBackground(ground)
            form.setToolTip(f"{span.label or 'answer'} {span.score:.0%}")
            mark.cursor, mark.format = cursor, form
            marks.append(mark)
        self.view.setExtraSelections(marks)
        if prediction.asked and marks:  # an answer far down in a long text is what is looked for
            begin = QTextCursor(self.view.document())
            begin.setPosition(marks[0].cursor.selectionStart())
            self.view.setTextCursor(begin)
            self.view.ensureCursorVisible()
        words = (
            [f"{s.label or 'answer'}: {t} ({s.score:.0%})" for t, s in prediction.pieces()] if prediction.marked else []
        )
        if prediction.marked and not words and not prediction.note:
            words = ["Nothing found in this text."]
        self.legend.setText("   ·   ".join(words[:30]))
        self.legend.setVisible(bool(words))


class VectorPart(QWidget):
    """Numbers are for other programs: shown shortly, copied and saved whole."""

    def __init__(self) -> None:
        super().__init__()
        column = _column(self)
        self.summary = label("", "heading", wrap=True)
        self.view = QPlainTextEdit()
        self.view.setReadOnly(True)
        self.view.setAccessibleName("The numbers")
        column.addWidget(self.summary)
        column.addWidget(self.view, 1)

    def show_prediction(self, prediction: Vector) -> None:
        self.summary.setText(f"The meaning as {len(prediction.values)} numbers")
        self.view.setPlainText(" ".join(f"{v:.4f}" for v in prediction.values))


class PredictionView(QWidget):
    """Signals:
    boxes_shown(object): boxes to draw on the picture.
    box_chosen(int): a line of the list of boxes.
    opacity(float): of the areas.
    saving(object, object): the prediction as it is shown, and the path where the person wants it.
    comparing(str): the answer's text shall be compared with the right one.
    areas_changed(): other areas shall be shown.
    picture_save(object, str): a `Picture` shall be saved at this path.
    """

    boxes_shown = Signal(object)
    box_chosen = Signal(int)
    opacity = Signal(float)
    saving = Signal(object, object)
    comparing = Signal(str)
    areas_changed = Signal()
    picture_save = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.suggested = "answer"  # name of a file to save, without its ending
        self.prediction: Prediction | None = None
        column = _column(self)
        self.stack = QStackedWidget()
        self.scores = ScoreBars()
        holder = QWidget()
        holder_column = _column(holder)
        holder_column.addWidget(self.scores)
        holder_column.addStretch(1)
        self.stack.addWidget(holder)
        self._bars = holder
        # Each is made with the first answer of its kind.
        self.later_boxes = self._later(BoxesPart)
        self.later_areas = self._later(MaskPart)
        self.later_text = self._later(TextPart)
        self.later_picture = self._later(PicturePart)
        self.later_events = self._later(EventsPart)
        # Of a recording: words with times, which can be heard.
        self.later_transcript = self._later(TranscriptPart)
        self._parts: dict[str, Later[Any]] = {
            Boxes.kind: self.later_boxes,
            Mask.kind: self.later_areas,
            Text.kind: self.later_text,
            Picture.kind: self.later_picture,
            Events.kind: self.later_events,
            Vector.kind: self._later(VectorPart),
            Forecast.kind: self._later(ForecastPart),
            Number.kind: self._later(NumberPart),
            Ranking.kind: self._later(RankingPart),
        }
        self.later_boxes.then(self._boxes_made)
        self.later_areas.then(self._areas_made)
        self.note = label("", "soft", wrap=True)
        self.note.setObjectName("prediction-note")
        self.copy = button("Copy", self._copy, icon_name="copy", name="copy-answer", tip="Copy the answer as text")
        self.save = button("Save …", self._save, icon_name="save", name="save-answer")
        self.compare = button(
            "Compare with the right text …", self._compare, icon_name="git-compare", name="compare-answer",
            tip="Tells how many words and letters are wrong (word and character error rate)",
        )  # fmt: skip
        column.addWidget(self.stack, 1)
        column.addWidget(self.note)
        column.addLayout(row(self.copy, self.save, 1))
        column.addLayout(row(self.compare, 1))
        self.show_prediction(None)

    def _later(self, make: Callable[[], _Part]) -> Later[_Part]:
        def made() -> _Part:
            part = make()
            self.stack.addWidget(part)
            return part

        return Later(made)

    def _boxes_made(self, part: BoxesPart) -> None:
        part.shown.connect(self.boxes_shown)
        part.chosen.connect(self.box_chosen)

    def _areas_made(self, part: MaskPart) -> None:
        part.opacity.connect(self.opacity)
        part.hidden_changed.connect(self.areas_changed)

    # The part of a kind of answer, made with the first of its kind.

    @property
    def boxes(self) -> BoxesPart:
        return self.later_boxes()

    @property
    def areas(self) -> MaskPart:
        return self.later_areas()

    @property
    def text(self) -> TextPart:
        return self.later_text()

    @property
    def picture(self) -> PicturePart:
        return self.later_picture()

    @property
    def events(self) -> EventsPart:
        return self.later_events()

    @property
    def transcript(self) -> TranscriptPart:
        return self.later_transcript()

    def show_prediction(self, prediction: Prediction | None) -> None:
        """Draw a prediction, or nothing."""
        self.prediction = prediction
        self.stack.setVisible(prediction is not None)
        plain = isinstance(prediction, Scores)
        whole = prediction is not None and getattr(prediction, "finished", True)
        self.copy.setVisible(whole and not plain and not isinstance(prediction, Picture))
        self.save.setVisible(whole and not plain)
        self.compare.setVisible(whole and prediction is not None and answer_text(prediction) is not None)
        reading = isinstance(prediction, Boxes) and prediction.reading
        named = (
            (self.copy, "Copy text" if reading else "Copy"),
            (self.save, "Save as …" if reading else "Save picture …" if isinstance(prediction, Picture) else "Save …"),
        )
        for pressed, words in named:
            pressed.setText(f" {words}")
            pressed.setAccessibleName(words)
        self.note.setVisible(prediction is not None and not plain and bool(prediction.note))
        if prediction is None:
            self.scores.show_prediction(None)
            return
        if isinstance(prediction, Scores):
            self.stack.setCurrentWidget(self._bars)
            self.scores.show_prediction(prediction)
        else:
            heard = isinstance(prediction, Text) and prediction.timed
            part: Any = self.transcript if heard else self._parts[prediction.kind]()
            self.stack.setCurrentWidget(part)
            part.show_prediction(prediction)
        if not plain:
            self.note.setText(prediction.note)
            self.setAccessibleName(f"Answer: {prediction.summary()}. {prediction.note}")

    def set_live(self, labels: list[str] | None) -> None:
        """While a video is looked at (`labels`: of its boxes so far), nothing moves by itself; None ends that."""
        if labels is not None or self.later_boxes.made is not None:
            self.boxes.set_live(labels)
        self.scores.bars.still = labels is not None

    def prediction_now(self) -> Prediction | None:
        """The prediction as it is shown."""
        return self.boxes.prediction_now() if isinstance(self.prediction, Boxes) else self.prediction

    def answer_text(self) -> str:
        """The answer as plain text."""
        prediction = self.prediction_now()
        if prediction is None:
            return ""
        if isinstance(prediction, Text) and not prediction.marked:
            from workbench.engine.save import written

            return written(prediction)
        text = answer_text(prediction)
        return text if text is not None else "\n".join(prediction.lines())

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.answer_text())

    def _compare(self) -> None:
        self.comparing.emit(self.answer_text())

    def ask_path(self, endings: tuple[str, ...]) -> str:
        """Where it goes; asked of the person."""
        return ask_save_path(self, "Save the answer", self.suggested, endings)

    def _save(self) -> None:
        from workbench.engine.save import endings

        prediction = self.prediction_now()
        file = self.ask_path(endings(prediction)) if prediction is not None else ""
        if prediction is None or not file:
            return
        path = Path(file)
        if not path.suffix:
            path = path.with_suffix(endings(prediction)[0])
        if isinstance(prediction, Picture):
            self.picture_save.emit(prediction, str(path))  # packing a large one takes a while
            return
        self.saving.emit(prediction, path)

    def say(self, words: str) -> None:
        """A sentence under the answer."""
        self.tell(words)

    def tell(self, words: str) -> None:
        """What came of saving."""
        self.note.setText(words)
        self.note.show()
