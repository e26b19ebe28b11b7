"""Examples of a class from the microphone, on the Data page: one of so many seconds, as long as a button is held, or many cut
from twenty seconds. Each is in the project at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data import labels
from workbench.data.microphone import Recorder
from workbench.data.sound_cut import MOST_SECONDS, Cutting
from workbench.data.types import ItemFilter, Sample
from workbench.engine.sound_examples import BACKGROUND, Example, suggested_class
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.icons import icon
from workbench.gui.microphone import Recording
from workbench.gui.sound_playing import SoundPlaying
from workbench.gui.theme import L, M, S, theme
from workbench.gui.widgets.basic import Banner, Card, button, icon_button, label, row
from workbench.gui.widgets.level_meter import LevelMeter, LevelStrip
from workbench.gui.widgets.microphone_chooser import MicrophoneChooser
from workbench.gui.widgets.record_panel import trouble_of
from workbench.gui.workers import Job

_ONE, _HOLD, _MANY = "one", "hold", "many"
_MODES = ((_ONE, "One example"), (_HOLD, "As long as I hold the button"), (_MANY, "20 seconds, cut into examples"))
_MANY_SECONDS = 20.0
_COUNTDOWNS = ((0.0, "at once"), (1.0, "after 1 second"), (3.0, "after 3 seconds"))
_USUAL = {_ONE: 2.0, _MANY: 1.0}
_WARNED_TIMES = 60
_WHY = (
    "Begin with “background noise”: what the microphone hears when nothing of interest sounds. Without it the model takes every"
    " hum and rustle for one of your classes."
)
_ID = Qt.ItemDataRole.UserRole
_KEY = "sound/examples"


class RecordExamples(Card):
    """Signals:
    closed(): the person has recorded enough.
    """

    closed = Signal()

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=M, spacing=S)
        self.setObjectName("record-examples")
        self._ctx = ctx
        self.recording = Recording(ctx, self)
        self.recording.began.connect(self._began)
        self.recording.leveled.connect(self._leveled)
        self.recording.ended.connect(self._ended)
        self.recording.failed.connect(self._failed)
        self.playing = SoundPlaying(self)
        self.playing.failed.connect(lambda error: self.banner.show_error(error))
        self._job: Job | None = None
        self._label = ""
        self._how = Cutting()
        self._whole: Path | None = None
        self._opening = self._let_go = False
        self._made: list[int] = []
        self._refused = self._warned = 0
        self._build()
        ctx.store.project_changed.connect(self._project_changed)
        ctx.store.classes_changed.connect(self._refill)
        ctx.store.items_changed.connect(self._drop_gone)
        theme().changed.connect(self._draw_icons)
        self._mode_changed()
        self._refill()

    # What the page asks ----------------------------------------------------------------------------------------------

    def open(self, class_name: str = "") -> None:
        """Show it, for a class where one is chosen."""
        self._refill()
        if class_name:
            self.name.setCurrentText(class_name)
        self.show()
        self.record.setFocus()

    def close_panel(self) -> None:
        """Stop and go."""
        self.recording.stop()
        self.playing.stop()
        self.hide()
        self.closed.emit()

    @property
    def mode(self) -> str:
        return str(self.modes.currentData())

    @property
    def busy(self) -> bool:
        """The microphone is open, or the last example is not in yet."""
        return self._opening or self.recording.active or self._job is not None

    # Recording ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the microphone; the countdown begins with it."""
        if self.busy:
            return
        self.banner.hide()
        try:
            project = self._ctx.store.require()
            if project.read_only:
                raise UserError("This project is open for reading only.", "Close it in the other window first.")
            self._label = labels.checked(self.name.currentText())
            self._how = self._cutting()
        except UserError as error:
            self.banner.show_error(error)
            if not self.name.currentText().strip():
                self.name.setFocus()
            return
        self.playing.stop()
        self._opening, self._let_go = True, False
        self._made, self._refused, self._warned = [], 0, 0
        self.meter.clear()
        self.strip.clear()
        self._show_state()
        self.recording.start(self.microphones.device)

    def stop(self) -> None:
        """End it; what is complete, and a good half of an example, stays."""
        if self._opening:
            self._let_go = True
        self.recording.stop()

    def _toggle(self) -> None:
        if self.mode == _HOLD:
            return  # it follows the button
        if self.busy:
            self.stop()
        else:
            self.start()

    def _cutting(self) -> Cutting:
        seconds, wait = self.seconds.value(), float(self.countdown.currentData())
        if self.mode == _HOLD:
            return Cutting()
        if self.mode == _ONE:
            return Cutting(seconds, wait=wait, total=seconds)
        return Cutting(seconds, at_pauses=self.pauses.isChecked(), wait=wait, total=_MANY_SECONDS)

    def _began(self, recorder: Recorder) -> None:
        self._opening = False
        project, name, how = self._ctx.store.project, self._label, self._how
        if project is None:
            self.recording.stop()
            return

        def work(control: Control) -> Iterator[Example]:
            from workbench.engine.sound_examples import record_examples

            return record_examples(recorder, project, name, how, control)

        job = self._ctx.jobs.start_stream("Recording examples", work, quiet=True)
        self._job = job
        job.streamed.connect(lambda example: self._came(job, example))
        job.failed.connect(lambda problem: self._failed(problem) if self._job is job else None)
        job.ended.connect(lambda: self._over(job))
        if self._let_go:
            self.recording.stop()
        self._show_state()

    def _came(self, job: Job, example: Example) -> None:
        if self._job is not job:
            return
        if example.problem is not None:
            self._refused += 1
            self.banner.show_message(f"{example.problem.message} {example.problem.hint}".strip(), "warn")
            return
        if example.remark:
            self.banner.show_message(example.remark, "warn")
        self._made.append(example.item_id)
        entry = QListWidgetItem(f"{self._label}  {example.seconds:.1f} s")
        entry.setIcon(icon("play", "accent"))
        entry.setData(_ID, example.item_id)
        entry.setToolTip("Enter or a double click plays it, Delete takes it out")
        self.made.addItem(entry)
        self.made.setCurrentItem(entry)
        self.made.scrollToItem(entry)
        self._show_made()
        self._ctx.store.items_changed.emit()
        self._ctx.store.classes_changed.emit()

    def _over(self, job: Job) -> None:
        if self._job is not job:
            return
        self._job = None
        self.recording.stop()  # it may have recorded enough by itself
        self._tidy()
        if self._made:
            self._ctx.store.added(self._made)
            self._ctx.settings.set_text(_KEY, self.mode)
        elif not self._refused and self.banner.isHidden():
            words = (
                "That was too short: hold the button for as long as it sounds." if self.mode == _HOLD
                else "Nothing was heard that could be cut out." if self.pauses.isChecked() and self.mode == _MANY
                else "It was stopped before an example was complete."
            )  # fmt: skip
            self.banner.show_message(words, "info")
        self._show_state()

    def _ended(self, sample: Sample) -> None:
        self._whole = sample.path
        self._tidy()
        self._show_state()

    def _tidy(self) -> None:
        """The examples are in the project; of the whole recording nothing is kept."""
        if self._job is None and not self.recording.active and self._whole is not None:
            self._whole.unlink(missing_ok=True)
            self._whole = None

    def _failed(self, error: Problem | UserError) -> None:
        self._opening = False
        self.banner.show_error(error)
        self._show_state()

    def _leveled(self) -> None:
        recorder = self.recording.recorder
        if recorder is None:
            return
        level = recorder.level
        self.meter.show_level(level)
        self.strip.show_level(level)
        self._warned = _WARNED_TIMES if level.clipped else max(0, self._warned - 1)
        trouble = trouble_of(recorder, bool(self._warned))
        if trouble and (self.banner.isHidden() or self.banner.text.text() != trouble):
            self.banner.show_message(trouble, "warn")
        self._show_clock(recorder.seconds)

    # Showing -----------------------------------------------------------------------------------------------------------

    def _show_clock(self, seconds: float) -> None:
        left = self._how.wait - seconds
        if left > 0:
            self.state.setText(f"Ready … {int(left) + 1}")
            return
        taken = seconds - self._how.wait
        of = f" of {self._how.total:.1f}" if self._how.total else ""
        self.state.setText(f"Recording “{self._label}”: {taken:.1f}{of} s")

    def _show_state(self) -> None:
        busy = self.busy
        for widget in (
            self.name,
            self.modes,
            self.seconds,
            self.pauses,
            self.countdown,
            self.microphones,
            self.background,
        ):
            widget.setEnabled(not busy)
        if self.mode == _HOLD:
            words = " Let go to end" if busy else " Hold to record"
        else:
            words = " Stop" if busy else " Record"
        self.record.setText(words)
        self.record.setAccessibleName(words.strip())
        if self._opening:
            self.state.setText("Opening the microphone …")
        elif not busy:
            count = len(self._made)
            self.state.setText(
                f"{count} new {'example' if count == 1 else 'examples'} of “{self._label}”. Ctrl+Z takes them back."
                if count else ""
            )  # fmt: skip
        self._draw_icons()

    def _draw_icons(self) -> None:
        self.record.setIcon(icon("square" if self.busy and self.mode != _HOLD else "mic", "accent_text"))
        for place in range(self.made.count()):
            self.made.item(place).setIcon(icon("play", "accent"))

    def _show_made(self) -> None:
        some = self.made.count() > 0
        for widget in (self.made, self.play, self.delete):
            widget.setVisible(some)

    def _mode_changed(self) -> None:
        many, hold = self.mode == _MANY, self.mode == _HOLD
        self.seconds.setVisible(not hold)
        self.pauses.setVisible(many)
        self.countdown.setVisible(not hold)
        self.seconds.setPrefix(" each " if many else " of ")
        if not hold:
            self.seconds.setValue(_USUAL[self.mode])
        self._show_state()

    def _refill(self) -> None:
        project = self._ctx.store.project
        names = [c.name for c in project.classes()] if project is not None else []
        chosen = self.name.currentText()
        self.name.blockSignals(True)
        self.name.clear()
        wanted = suggested_class(names)
        self.name.addItems([*names, *([wanted] if wanted else [])])
        self.name.setCurrentText(chosen or wanted or (names[0] if names else ""))
        self.name.blockSignals(False)
        self.why.setVisible(bool(wanted))
        self.background.setVisible(bool(wanted) and self.name.currentText() != BACKGROUND)

    def _project_changed(self) -> None:
        if self._job is not None:  # it was for the other project; what was complete is in that one
            self._job.cancel()
            self._job = None
        self.recording.stop()
        self.made.clear()
        self._made = []
        self.name.setCurrentText("")
        self.hide()
        self._show_made()
        self._refill()

    def _drop_gone(self) -> None:
        """Examples that were undone or deleted go from the list here as well."""
        project = self._ctx.store.project
        ids = tuple(self.made.item(place).data(_ID) for place in range(self.made.count()))
        if project is None or not ids:
            return
        there = set(project.item_ids(ItemFilter(ids=ids)))
        for place in reversed(range(self.made.count())):
            if self.made.item(place).data(_ID) not in there:
                self.made.takeItem(place)
        self._show_made()

    # The examples ------------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        entry = self.made.currentItem()
        project = self._ctx.store.project
        if entry is None or project is None or self.recording.active:
            return
        for item in project.items([entry.data(_ID)]):
            self.playing.open(item.sample())
            self.playing.play(0.0)

    def _delete(self) -> None:
        entry = self.made.currentItem()
        if entry is not None and not self.busy:
            self._ctx.store.remove_items([entry.data(_ID)])

    def hideEvent(self, event: QHideEvent) -> None:
        self.playing.stop()
        self.recording.stop()
        super().hideEvent(event)

    # Building ----------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.microphones = MicrophoneChooser(self._ctx)
        close = icon_button("x", "Close (Esc)", self.close_panel, name="record-examples-close")
        self.body.addLayout(row(label("Record examples", "heading"), 1, self.microphones, close))
        self.why = label(_WHY, "soft", wrap=True)
        self.body.addWidget(self.why)
        middle = QHBoxLayout()
        middle.setSpacing(L)
        middle.addLayout(self._build_controls(), 2)
        right = QVBoxLayout()
        right.setSpacing(S)
        self.strip = LevelStrip()
        self.strip.setMinimumHeight(72)
        self.strip.setMaximumHeight(110)
        right.addWidget(self.strip, 1)
        self.meter = LevelMeter()
        right.addWidget(self.meter)
        middle.addLayout(right, 3)
        self.body.addLayout(middle)
        self.banner = Banner()
        self.banner.setObjectName("record-examples-banner")
        self.body.addWidget(self.banner)
        self.body.addLayout(self._build_made())
        escape = QShortcut(QKeySequence("Esc"), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(lambda: self.stop() if self.busy else self.close_panel())
        again = QShortcut(QKeySequence("R"), self)
        again.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        again.activated.connect(self._toggle)

    def _build_controls(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(S)
        self.name = QComboBox()
        self.name.setObjectName("record-class")
        self.name.setEditable(True)
        self.name.setAccessibleName("Class of the examples")
        self.name.setToolTip("What is to be heard: choose a class, or type the name of a new one")
        self.name.setMinimumContentsLength(14)
        edit = self.name.lineEdit()
        if edit is not None:
            edit.setPlaceholderText("name of the class")
            edit.returnPressed.connect(self._toggle)
        self.background = button(
            "Background noise", lambda: self.name.setCurrentText(BACKGROUND), role="quiet", name="record-background",
            tip="Record this class first",
        )  # fmt: skip
        self.name.currentTextChanged.connect(
            lambda text: self.background.setVisible(self.why.isVisibleTo(self) and text != BACKGROUND)
        )
        words = label("Class", "soft")
        words.setBuddy(self.name)
        first = QHBoxLayout()
        first.setSpacing(S)
        first.addWidget(words)
        first.addWidget(self.name, 1)
        first.addWidget(self.background)
        column.addLayout(first)
        self.modes = QComboBox()
        self.modes.setObjectName("record-mode")
        self.modes.setAccessibleName("What is recorded")
        for mode, text in _MODES:
            self.modes.addItem(text, mode)
        self.modes.setCurrentIndex(max(0, self.modes.findData(self._ctx.settings.text(_KEY, _ONE))))
        self.modes.currentIndexChanged.connect(self._mode_changed)
        self.seconds = QDoubleSpinBox()
        self.seconds.setObjectName("record-seconds")
        self.seconds.setAccessibleName("Seconds of an example")
        self.seconds.setToolTip("How long an example is, 1 to 10 seconds")
        self.seconds.setRange(1.0, MOST_SECONDS)
        self.seconds.setSingleStep(0.5)
        self.seconds.setDecimals(1)
        self.seconds.setSuffix(" s")
        self.countdown = QComboBox()
        self.countdown.setObjectName("record-countdown")
        self.countdown.setAccessibleName("When it begins")
        self.countdown.setToolTip("Time to get ready after the button is pressed (countdown)")
        for seconds, text in _COUNTDOWNS:
            self.countdown.addItem(text, seconds)
        self.countdown.setCurrentIndex(1)
        column.addLayout(row(self.modes, self.seconds, 1))
        self.pauses = QCheckBox("cut at pauses instead: one example each time something is heard")
        self.pauses.setObjectName("record-pauses")
        column.addWidget(self.pauses)
        self.record = button(
            "Record", None, role="primary", icon_name="mic", name="record-example", tip="Record an example (R)"
        )
        self.record.setMinimumWidth(150)
        self.record.clicked.connect(lambda _checked=False: self._toggle())
        self.record.pressed.connect(lambda: self.start() if self.mode == _HOLD else None)
        self.record.released.connect(lambda: self.stop() if self.mode == _HOLD else None)
        self.state = label("", "soft")
        self.state.setObjectName("record-state")
        column.addLayout(row(self.record, self.countdown, 1))
        column.addWidget(self.state)
        column.addStretch(1)
        return column

    def _build_made(self) -> QHBoxLayout:
        self.made = _Made()
        self.made.setObjectName("recorded-examples")
        self.made.setAccessibleName("Examples recorded now")
        self.made.itemActivated.connect(lambda _item: self._play())
        self.made.itemDoubleClicked.connect(lambda _item: self._play())
        self.made.wants_out.connect(self._delete)
        self.play = icon_button("play", "Play the chosen example (Enter)", self._play, name="play-example")
        self.delete = icon_button(
            "trash-2", "Take the chosen example out (Delete)", self._delete, name="delete-example"
        )
        line = QHBoxLayout()
        line.setSpacing(S)
        line.addWidget(self.made, 1)
        line.addWidget(self.play)
        line.addWidget(self.delete)
        self._show_made()
        return line


class _Made(QListWidget):
    """One row of examples, the newest to the right.

    Signals:
        wants_out(): Delete was pressed.
    """

    wants_out = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setFixedHeight(58)
        self.setIconSize(QSize(13, 13))
        self.setSpacing(2)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.wants_out.emit()
            return
        if event.key() == Qt.Key.Key_Space and self.currentItem() is not None:
            self.itemActivated.emit(self.currentItem())
            return
        super().keyPressEvent(event)
