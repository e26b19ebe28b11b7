"""Where a person puts what a model shall look at: a picture, a text, a recording or numbers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.data.rows import cells_of
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.gui.theme import S
from workbench.gui.widgets.basic import DropZone, button, label, row
from workbench.gui.widgets.canvas import Canvas
from workbench.gui.widgets.compare_panel import ComparePanel
from workbench.gui.widgets.later import Later
from workbench.gui.widgets.layers import Layers
from workbench.gui.widgets.live_view import LiveView
from workbench.gui.widgets.row_form import RowForm
from workbench.gui.widgets.sound_panel import SoundPanel
from workbench.gui.widgets.structure_view import StructureView
from workbench.gui.workers import Jobs
from workbench.tasks.base import Task

_TYPING_MS = 400
_ANY_HEIGHT = 16_777_215  # Qt's own bound
# What the text side asks for, by the kind of thing that goes in.
_WORDS = {
    "text": "Type or paste a text, or drop a text file …",
    "molecule": "Type or paste a molecule as SMILES (CCO), or drop a file of molecules …",
    "series": "Type or paste numbers in their order in time, or drop a table with dates and numbers …",
}
_TYPED = (*_WORDS, "row")
# Numbers are a column; how they go on is a curve.
_BRIEF = ("series",)
# Lines that what is short is typed in, where what it means is drawn below.
_FEW_LINES = 3


class TryInput(QStackedWidget):
    """Signals:
    dropped(object): mime data.
    choose(): the person wants to choose files.
    paste(): the person wants what is on the clipboard.
    camera(): the person wants to use the camera.
    record(): the person wants to use the microphone.
    typed(): the text changed and the person paused.
    at_once(): Ctrl+Return in the text.
    """

    dropped = Signal(object)
    choose = Signal()
    paste = Signal()
    camera = Signal()
    record = Signal()
    typed = Signal()
    at_once = Signal()

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.typed)
        self._brief = False
        self.live: LiveView | None = None
        self.sound: SoundPanel | None = None
        self.picture_side, self.text_side, self.sound_side = QWidget(self), QWidget(self), QWidget(self)
        for side in (self.picture_side, self.text_side, self.sound_side):
            self.addWidget(side)
        self._build_picture(self.picture_side)
        self._build_text(self.text_side)
        self._build_sound(self.sound_side)
        self._row_side = Later(self._make_row)

    def show_task(self, task: Task, waits: bool, card: ModelCard | None = None) -> None:
        """The side for a task and a model; `waits`: the answer comes when a button is pressed, not by itself."""
        media = task.info.media
        self._brief = media in _BRIEF
        sides = {"picture": self.picture_side, "sound": self.sound_side}
        self.setCurrentWidget(self.row_side if media == "row" else sides.get(media, self.text_side))
        if media == "row":
            self.row_side.show_fields(task.form(card) if card is not None else ())
        self.text.setPlaceholderText(task.info.typed or _WORDS.get(media, ""))
        drawn = media == "molecule"
        self.structure.setVisible(drawn)
        self.text.setMaximumHeight(self.fontMetrics().height() * _FEW_LINES + 3 * S if drawn else _ANY_HEIGHT)
        self.hint.setText("" if waits else "The answer follows your typing")
        self.drop.heading.setText(f"Drop {task.info.dropped or f'a {task.info.noun}'}")

    def show_written(self, sample: Sample | None) -> None:
        """What is drawn of something that was typed or read from a file; nothing for none. A row fills the form, to go on from."""
        if sample is not None and sample.kind == "row" and self.currentWidget() is self.row_side:
            self._fill_row(sample)
        if sample is not None and sample.kind == "molecule" and sample.text != self.typed_text():
            self.text.blockSignals(True)
            self.text.setPlainText(sample.text or "")
            self.text.blockSignals(False)
            self.stop_waiting()
        if sample is not None and sample.kind == "series" and sample.path is not None:
            self.text.setPlaceholderText(f"{sample.path.name}\n\n{_WORDS['series']}")
        self.structure.show_molecule(sample if sample is not None and sample.kind == "molecule" else None)

    def _fill_row(self, sample: Sample) -> None:
        """Told to nobody: its answer is there, or is asked for already."""
        try:
            cells = cells_of(sample.text or "{}")
        except UserError:  # it is told beside the row
            cells = {}
        if cells != self.row_side.cells():
            self.row_side.blockSignals(True)
            self.row_side.fill(cells)
            self.row_side.blockSignals(False)
            self.stop_waiting()

    @property
    def brief(self) -> bool:
        """What goes in needs less room than what comes out."""
        return self._brief

    def typed_text(self) -> str:
        form = self._row_side.made
        return form.text() if form is not None and self.currentWidget() is form else self.text.toPlainText()

    @property
    def row_side(self) -> RowForm:
        """Where a row of a table is typed in."""
        return self._row_side()

    def _make_row(self) -> RowForm:
        form = RowForm()
        form.changed.connect(self._typing.start)
        form.choose.connect(self.choose)
        self.addWidget(form)
        return form

    def takes_typing(self, task: Task) -> bool:
        """True when what goes in can be typed."""
        return task.info.media in _TYPED

    def stop_waiting(self) -> None:
        self._typing.stop()

    def clear_picture(self) -> None:
        """Back to the place to drop on, or to the video that runs."""
        self.picture_hint.clear()
        live = self.live is not None and self.live.active
        self.picture_stack.setCurrentWidget(self.live if self.live is not None and live else self.drop)

    def add_live(self, live: LiveView) -> None:
        """Where videos and the camera are shown; drops on it are drops on this."""
        self.live = live
        self.picture_stack.addWidget(live)
        live.player.screen_area.dropped.connect(self.dropped)

    def show_picture(self, data: bytes) -> None:
        self.picture_hint.clear()
        self.picture.show_data(data)
        self.picture_stack.setCurrentWidget(self.picture)

    def add_below_picture(self, widget: QWidget) -> None:
        """Controls between the picture and its buttons."""
        self._below.addWidget(widget)

    def show_compare(self, before: Layers, after: Layers, *, enlarged: bool, smooth: bool) -> None:
        """The new picture beside the given one; see `ComparePanel.show_pictures`."""
        self.compare.show_pictures(before, after, enlarged=enlarged, smooth=smooth)
        self.picture_stack.setCurrentWidget(self.compare)

    def hide_compare(self) -> None:
        """Back to the picture that was given."""
        if self.picture_stack.currentWidget() is self.compare:
            self.picture_stack.setCurrentWidget(self.picture)
            self.compare.view.show_pictures(None, None)
            self.compare.original.hide()

    def add_sound(self, sound: SoundPanel) -> None:
        """Where recordings are shown and played."""
        self.sound = sound
        sound.dropped.connect(self.dropped)
        sound.choose.connect(self.choose)
        sound.recording.connect(lambda _recorder: self.record_button.setEnabled(False))
        sound.recorded.connect(lambda _sample: self.record_button.setEnabled(True))
        self._sound_column.insertWidget(0, sound, 1)
        self._sound_buttons.insertWidget(2, sound.microphones)

    def show_sound(self, samples: Sequence[Sample]) -> None:
        """What was dropped; nothing for an empty place."""
        if self.sound is not None:
            self.sound.show_samples(samples, f"{len(samples):,} recordings" if len(samples) > 1 else "")

    def _build_picture(self, side: QWidget) -> None:
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        self.picture_stack = QStackedWidget(side)
        column.addWidget(self.picture_stack, 1)
        self.drop = DropZone(
            "Drop a picture",
            "Or several, a folder, or a video. You can also paste one (Ctrl+V) or click to choose.",
            "image-plus",
            self.picture_stack,
        )
        self.drop.setObjectName("try-drop")
        self.drop.dropped.connect(self.dropped)
        self.drop.clicked.connect(self.choose)
        self.picture = Canvas("The picture that was tried")
        self.picture.setObjectName("try-canvas")
        self.picture.dropped.connect(self.dropped)
        self.picture_stack.addWidget(self.drop)
        self.picture_stack.addWidget(self.picture)
        self.compare = ComparePanel(self.picture_stack)
        self.compare.view.dropped.connect(self.dropped)
        self.picture_stack.addWidget(self.compare)
        self._below = QVBoxLayout()
        column.addLayout(self._below)
        tip = "Paste a picture or a text (Ctrl+V)"
        self.picture_hint = label("", "faint", wrap=True)
        self.picture_hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.picture_hint.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column.addLayout(
            row(
                button("Choose files …", self.choose.emit, icon_name="folder-open"),
                button("Paste", self.paste.emit, icon_name="clipboard-paste", tip=tip),
                button(
                    "Open camera",
                    self.camera.emit,
                    icon_name="camera",
                    name="open-camera",
                    tip="See what the model says of what the camera sees (Ctrl+Shift+C)",
                ),
                self.picture_hint,
                self.compare.original,
            )
        )

    def _build_text(self, side: QWidget) -> None:
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        self.text = QPlainTextEdit()
        self.text.setObjectName("try-text")
        self.text.setAccessibleName("Text to try")
        self.text.setTabChangesFocus(True)
        self.text.textChanged.connect(self._typing.start)
        # A dropped file is tried, not pasted as its name.
        self.text.setAcceptDrops(False)
        at_once = QShortcut(QKeySequence("Ctrl+Return"), self.text)
        at_once.activated.connect(self.at_once)
        self.hint = label("", "faint")
        column.addWidget(self.text, 1)
        self.structure = StructureView(self._jobs)
        self.structure.hide()
        column.addWidget(self.structure, 4)
        column.addLayout(row(button("Choose files …", self.choose.emit, icon_name="folder-open"), 1, self.hint))

    def _build_sound(self, side: QWidget) -> None:
        self._sound_column = QVBoxLayout(side)
        self._sound_column.setContentsMargins(0, 0, 0, 0)
        self._sound_column.setSpacing(S)
        self.record_button = button(
            "Record",
            self.record.emit,
            icon_name="mic",
            name="record",
            tip="Speak into the microphone",
        )
        choose = button("Choose files …", self.choose.emit, icon_name="folder-open")
        self._sound_buttons = row(choose, self.record_button, 1)
        self._sound_column.addLayout(self._sound_buttons)
