"""The sounds that were heard in a recording, in order of time; a click lets one be heard. They are drawn over the recording,
too (see `workbench.gui.widgets.sound_panel`)."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.gui.theme import S
from workbench.gui.widgets.basic import label
from workbench.gui.widgets.canvas import label_colour
from workbench.gui.widgets.clip_canvas import Block
from workbench.tasks.predictions import Events

_MOST_ROWS = 5000
_PLACE = Qt.ItemDataRole.UserRole


def event_blocks(prediction: Events) -> list[Block]:
    """As they are drawn over the recording; a block's id is its place in the prediction, from 1."""
    labels = colour_order(prediction)
    return [
        Block(
            place, e.begins, e.ends, e.label, label_colour(labels, e.label).name(),
            words=f"{e.label}, {e.score:.0%} certain: {when(e.begins)} to {when(e.ends)}",
        )
        for place, e in enumerate(prediction.events, 1)
    ]  # fmt: skip


def colour_order(prediction: Events) -> list[str]:
    """A label keeps its colour while more of the recording is listened to."""
    return list(dict.fromkeys([*prediction.labels, *(e.label for e in prediction.events)]))


def when(seconds: float) -> str:
    """ "1:02:03.4"."""
    tenths = round(seconds * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    start = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{start}:{rest // 10:02}.{rest % 10}"


class _Keys(QListWidget):
    toggled = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.toggled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self.itemClicked.emit(self.currentItem())
        else:
            super().keyPressEvent(event)


class EventsPart(QWidget):
    """See `workbench.gui.widgets.prediction_view`.

    Signals:
        heard(float, float): from here to there shall be heard.
        toggled(): the space bar: play or pause.
    """

    heard = Signal(float, float)
    toggled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._prediction: Events | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.summary = label("", "heading", wrap=True, selectable=True)
        self.summary.setObjectName("events-summary")
        self.list = _Keys()
        self.list.setObjectName("events-list")
        self.list.setAccessibleName("The sounds that were heard, in order of time; Enter plays one")
        self.list.setUniformItemSizes(True)
        self.list.itemClicked.connect(self._clicked)
        self.list.toggled.connect(self.toggled)
        self.hint = label("", "faint", wrap=True)
        column.addWidget(self.summary)
        column.addWidget(self.list, 1)
        column.addWidget(self.hint)

    def show_prediction(self, prediction: Events) -> None:
        """Of one that grows only what is new is put in."""
        old = self._prediction
        self._prediction = prediction
        listening = "" if prediction.finished else f"{when(prediction.seconds)} listened to …  "
        self.summary.setText(listening + (prediction.summary() if prediction.events or prediction.finished else ""))
        self.hint.setText("Click a sound to hear it." if prediction.events else "")
        labels = colour_order(prediction)
        first = self.list.count()
        if old is None or old.events[:first] != prediction.events[:first] or colour_order(old) != labels:
            self.list.clear()
            first = 0
        for place in range(first, min(_MOST_ROWS, len(prediction.events))):
            e = prediction.events[place]
            square = QPixmap(12, 12)
            square.fill(QColor(label_colour(labels, e.label)))
            entry = QListWidgetItem(
                QIcon(square), f"{when(e.begins)}   {e.label}   {e.ends - e.begins:.1f} s   {e.score:.0%}"
            )
            entry.setData(_PLACE, place)
            self.list.addItem(entry)
        if len(prediction.events) > _MOST_ROWS:
            self.hint.setText(f"The first {_MOST_ROWS:,} of {len(prediction.events):,}; saving keeps them all.")

    def choose(self, number: int) -> None:
        """Mark the line of a block (its id); 0 for none."""
        self.list.setCurrentRow(number - 1)

    def _clicked(self, entry: QListWidgetItem) -> None:
        place = int(entry.data(_PLACE))
        if self._prediction is not None and place < len(self._prediction.events):
            event = self._prediction.events[place]
            self.heard.emit(event.begins, event.ends)
