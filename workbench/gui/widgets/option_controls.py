"""Controls for what can be set before a prediction, made from a task's options (see `workbench.tasks.base.Option`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.searchable import LONG, make_searchable
from workbench.tasks.base import Option, Task

_TYPING_MS = 500
_PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.dcm *.dicom)"
Value = str | float


class OptionControls(QWidget):
    """Signals:
    changed(): something was set.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(S)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._read: dict[str, Callable[[], Value]] = {}
        self._write: dict[str, Callable[[Value], None]] = {}
        self._shown = ""
        self._kept: dict[str, Value] = {}
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.changed)

    def show_options(self, task: Task, card: ModelCard | None, only: Sequence[str] | None = None) -> None:
        """The controls of a task for a model; what was set stays where the same option is shown again.

        Args:
            only: ids of the options to show; None for all.
        """
        key = f"{task.info.id}/{card.id if card else ''}"
        if key == self._shown:
            return
        self._kept |= self.values()
        self._shown = key
        while self._form.rowCount():
            self._form.removeRow(0)
        self._read.clear()
        self._write.clear()
        for option in task.info.options:
            if only is not None and option.id not in only:
                continue
            listed = option.kind in ("choice", "file")
            choices = task.choices(card, option) if listed and card is not None else option.choices
            if listed and len(choices) < (2 if option.kind == "choice" else 1):
                continue  # nothing to choose
            self._add(option, choices)
        self.setVisible(bool(self._read))

    def values(self) -> dict[str, Value]:
        """By option id."""
        return {key: read() for key, read in self._read.items()}

    def set_value(self, option_id: str, value: Value) -> None:
        """As if the person had set it."""
        if option_id in self._write:
            self._write[option_id](value)

    def missing(self, task: Task) -> Option | None:
        """The first option that is needed and empty."""
        values = self.values()
        return next((o for o in task.info.options if o.needed and not str(values.get(o.id, "")).strip()), None)

    def _add(self, option: Option, choices: tuple[tuple[str, str], ...]) -> None:
        field, control = self._make(option, choices)
        control.setObjectName(f"option-{option.id}")
        control.setAccessibleName(option.title)
        control.setToolTip(option.tip or option.title)
        words = label(option.title, "soft")
        words.setToolTip(option.tip)
        words.setBuddy(control)
        self._form.addRow(words, field)
        kept = self._kept.get(option.id, option.default)
        if kept != "":
            self._write[option.id](kept)

    def _make(self, option: Option, choices: tuple[tuple[str, str], ...]) -> tuple[QWidget, QWidget]:
        if option.kind == "choice":
            return self._choice(option, choices)
        if option.kind == "number":
            return self._number(option)
        if option.kind == "words":
            return self._words(option)
        if option.kind == "picture":
            return self._file(option, "Choose or drop a picture", _PICTURES)
        if option.kind == "file":
            endings = " ".join(f"*{ending}" for ending, _words in choices)
            return self._file(option, "None", f"{choices[0][1]} ({endings});;All files (*)")
        edit = QLineEdit()
        edit.setPlaceholderText(option.tip)
        edit.textChanged.connect(lambda _text: self._typing.start())
        self._read[option.id], self._write[option.id] = edit.text, lambda value: edit.setText(str(value))
        return edit, edit

    def _choice(self, option: Option, choices: tuple[tuple[str, str], ...]) -> tuple[QWidget, QWidget]:
        box = QComboBox()
        for value, words in choices:
            box.addItem(words, value)
        if len(choices) > LONG:
            make_searchable(box)
        box.currentIndexChanged.connect(lambda _i: self.changed.emit())
        self._read[option.id] = lambda: str(box.currentData() or "")
        self._write[option.id] = lambda value: box.setCurrentIndex(max(0, box.findData(value)))
        return box, box

    def _number(self, option: Option) -> tuple[QWidget, QWidget]:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        whole = float(option.step).is_integer()
        spin = QDoubleSpinBox()
        spin.setDecimals(0 if whole else 2)
        spin.setRange(option.low, option.high)
        spin.setSingleStep(option.step)
        spin.setFixedWidth(spin.fontMetrics().horizontalAdvance("0000.00") + 28)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        steps = max(1, round((option.high - option.low) / option.step))
        slider.setRange(0, steps)

        def moved(place: int) -> None:
            spin.setValue(option.low + place * option.step)

        def set_number(value: float) -> None:
            slider.blockSignals(True)
            slider.setValue(round((value - option.low) / option.step))
            slider.blockSignals(False)
            self._typing.start()

        slider.valueChanged.connect(moved)
        spin.valueChanged.connect(set_number)
        row.addWidget(slider, 1)
        row.addWidget(spin)
        self._read[option.id], self._write[option.id] = spin.value, lambda value: spin.setValue(float(value))
        return holder, spin

    def _words(self, option: Option) -> tuple[QWidget, QWidget]:
        edit = QPlainTextEdit()
        edit.setPlaceholderText(option.tip)
        edit.setTabChangesFocus(True)
        edit.setMaximumHeight(edit.fontMetrics().height() * 5)
        edit.textChanged.connect(self._typing.start)
        self._read[option.id] = edit.toPlainText
        self._write[option.id] = lambda value: edit.setPlainText(str(value))
        return edit, edit

    def _file(self, option: Option, empty: str, kinds: str) -> tuple[QWidget, QWidget]:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        edit = QLineEdit()
        edit.setPlaceholderText(empty)
        edit.textChanged.connect(lambda _text: self._typing.start())

        def choose() -> None:
            file, _ = QFileDialog.getOpenFileName(self, option.title, "", kinds)
            if file:
                edit.setText(file)

        row.addWidget(edit, 1)
        row.addWidget(button("Choose …", choose, name=f"choose-{option.id}"))

        def path() -> str:
            text = edit.text().strip()
            return text.removeprefix("file://") if text.startswith("file:///") else text

        self._read[option.id], self._write[option.id] = path, lambda value: edit.setText(str(value))
        return holder, edit
