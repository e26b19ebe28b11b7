"""Talking by voice: the microphone's button, hands-free, who writes down what is said, and who reads the answer aloud."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.engine.voice import Sentences, echo_of
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.icons import icon
from workbench.gui.talk.listening import Listener
from workbench.gui.talk.speaking import Speaker
from workbench.gui.theme import S, theme
from workbench.gui.widgets.basic import Banner, label
from workbench.gui.widgets.level_meter import LevelMeter
from workbench.tasks.base import LiveTask
from workbench.tasks.registry import all_tasks

# Pressed for less than this it is a click: the microphone stays open until the next one.
_CLICK_MS = 350
_LONG_SILENCE = 300.0
_BASIC = "Basic dictation: English, clear words, and often wrong. Better ones are on the Models page."


class TalkButton(QPushButton):
    """Held down (mouse or space bar) one speaks; a short click opens the microphone until the next click.

    Signals:
        opened(), closed(): the person begins and is done.
    """

    opened = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(" Hold to talk", parent)
        self.setObjectName("talk-button")
        self.setAccessibleName("Hold to talk")
        self.setToolTip(
            "Hold it, or the space bar, while you speak; a short click opens the microphone until the next one"
        )
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._since = QElapsedTimer()
        self._open = self._was_open = False
        theme().changed.connect(self._draw)
        self._draw()

    def set_open(self, is_open: bool) -> None:
        """The microphone is on."""
        self._open = is_open
        self.setText(" Listening …" if is_open else " Hold to talk")
        self._draw()

    def press(self) -> None:
        """As the mouse does."""
        self._was_open = self._open
        self._since.start()
        if self._open:
            self.closed.emit()
        else:
            self.opened.emit()

    def release(self) -> None:
        """As the mouse does."""
        if not self._was_open and self._since.isValid() and self._since.elapsed() >= _CLICK_MS:
            self.closed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.press()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.release()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.press()
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.release()
            return
        super().keyReleaseEvent(event)

    def _draw(self) -> None:
        self.setIcon(icon("mic", "bad" if self._open else "text"))


class VoiceBar(QWidget):
    """Signals:
    partial(str): what was understood so far.
    asked(str): what the person said.
    interrupted(): the person speaks while an answer comes.
    """

    partial = Signal(str)
    asked = Signal(str)
    interrupted = Signal()

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        task = next(t for t in all_tasks() if isinstance(t, LiveTask))
        self._task: LiveTask = task
        self.listener = Listener(ctx, self)
        self.speaker = Speaker(self)
        self._sentences: Sentences | None = None
        self._answering = False
        self._interrupted = False
        self._echoes = ""
        self._told_basic = False
        self._build()
        self.listener.began.connect(lambda _recorder: self._show())
        self.listener.leveled.connect(self._level)
        self.listener.partial.connect(self.partial)
        self.listener.speaks.connect(self._speaks)
        self.listener.heard.connect(self._heard)
        self.listener.closed.connect(self._go_on)
        self.listener.failed.connect(self._failed)
        self.speaker.talking.connect(lambda _on: self._go_on())
        self.speaker.failed.connect(self._no_voice)
        ctx.models_changed.connect(self.fill_recognisers)
        self.fill_recognisers()
        self._show()

    # What the page tells --------------------------------------------------------------------------------------------

    def answer_begins(self) -> None:
        """A new answer is on its way; the old one is not read on."""
        self.speaker.stop()
        self._answering = True
        self._interrupted = False
        self._sentences = Sentences() if self.aloud.isChecked() else None
        self._go_on()

    def answer_grows(self, text: str, last: bool = False) -> None:
        """What there is of it; whole sentences are read aloud."""
        if self._sentences is not None and not self._interrupted:
            for sentence in self._sentences.add(text, last):
                self.speaker.say(sentence)
        if last:
            self._answering = False
            self._sentences = None
            self._go_on()

    def answer_ends(self) -> None:
        """It was stopped or failed: nothing more of it is read."""
        self._answering = False
        self._sentences = None
        self._go_on()

    def be_quiet(self) -> bool:
        """Esc: stop reading aloud and listening. True when there was something to stop."""
        busy = self.speaker.busy or self.listener.active or self.hands_free.isChecked()
        self._interrupted = True
        self.hands_free.setChecked(False)
        self.speaker.stop()
        self.listener.throw_away()
        self._show()
        return busy

    def press(self, down: bool) -> None:
        """The space bar, with nothing to type into."""
        if down:
            self.button.press()
        else:
            self.button.release()

    # Listening --------------------------------------------------------------------------------------------------------

    def recogniser(self) -> ModelCard | None:
        """Who writes down what is said."""
        model_id = self.recognisers.currentData()
        return self._ctx.catalog.get(model_id) if model_id else None

    def fill_recognisers(self) -> None:
        """Those on this computer: they are asked while one speaks, so a download cannot be waited for."""
        chosen = self.recognisers.currentData() or self._ctx.settings.text("talk/recogniser")
        self.recognisers.blockSignals(True)
        self.recognisers.clear()
        for card in self._ctx.catalog.search(task=self._task.info.id):
            if self._task.info.id in card.tasks and not card.is_remote and self._ctx.is_here(card):
                self.recognisers.addItem(card.name, card.id)
        self.recognisers.setCurrentIndex(max(0, self.recognisers.findData(chosen)))
        self.recognisers.blockSignals(False)
        self._show_recogniser()

    def _opened(self) -> None:
        card = self.recogniser()
        if card is None:
            self.banner.show_error(UserError("Nothing here writes down speech.", "Download a model for it first."))
            return
        self.banner.hide()
        self._interrupt()
        if not self.listener.active:
            self._listen(card, ends_itself=False)
        self._show()

    def _listen(self, card: ModelCard, ends_itself: bool) -> None:
        if card.starter and not self._told_basic:
            self._told_basic = True
            self.banner.show_message(_BASIC, "info")
        self.listener.start(card, self._task, ends_itself)

    def _closed(self) -> None:
        self.listener.stop()
        self._show()

    def _toggle_hands_free(self, on: bool) -> None:
        if on:
            self.banner.hide()
            self._go_on()
        else:
            self.listener.throw_away()
        self._show()

    def _go_on(self) -> None:
        """Hands-free: listen whenever it is the person's turn, and where it may be interrupted also meanwhile."""
        card = self.recogniser()
        its_turn = self._answering or self.speaker.busy
        if self.hands_free.isChecked() and card is not None and not self.listener.active:
            if not its_turn or self.barge_in.isChecked():
                self._listen(card, ends_itself=True)
        elif self.hands_free.isChecked() and its_turn and not self.barge_in.isChecked():
            self.listener.throw_away()
        self._show()

    def _speaks(self) -> None:
        if self._answering or self.speaker.busy:
            self._echoes = self.speaker.spoken if self.speaker.busy else ""
            self._interrupt()

    def _interrupt(self) -> None:
        if self._answering or self.speaker.busy:
            self._interrupted = True
            self.speaker.stop()
            self.interrupted.emit()

    def _heard(self, text: str, note: str) -> None:
        echoes, self._echoes = self._echoes, ""
        if echoes and echo_of(text, echoes):
            self.barge_in.setChecked(False)
            self.banner.show_message(
                "The app heard its own voice, so speaking no longer interrupts it. With headphones it can: tick it again.",
                "warn",
            )
            text = ""
        elif not text:
            self.banner.show_message(note or "Nothing was understood: is there speech in it?", "warn")
        elif note:
            self.banner.show_message(note, "warn")
        self.partial.emit("")
        self._show()
        if text:
            self.asked.emit(text)

    def _failed(self, problem: Problem | UserError) -> None:
        self.hands_free.setChecked(False)
        self.banner.show_error(problem)
        self.partial.emit("")
        self._show()

    # Reading aloud ----------------------------------------------------------------------------------------------------

    def _toggle_aloud(self, on: bool) -> None:
        self._ctx.settings.set_text("talk/aloud", "1" if on else "")
        if not on:
            self.speaker.stop()
            self.voice_row.hide()
            return
        try:
            languages = self.speaker.languages()
        except UserError as error:
            self._no_voice(error)
            return
        wanted = self._ctx.settings.text("talk/language") or self.speaker.language()
        self.languages.blockSignals(True)
        self.languages.clear()
        for code, name in languages:
            self.languages.addItem(name, code)
        self.languages.setCurrentIndex(max(0, self.languages.findData(wanted)))
        self.languages.blockSignals(False)
        self.voice_row.show()
        self._language_chosen()

    def _language_chosen(self) -> None:
        code = str(self.languages.currentData() or "")
        self.voices.blockSignals(True)
        self.voices.clear()
        self.voices.addItems(self.speaker.voices(code))
        self.voices.setCurrentIndex(max(0, self.voices.findText(self._ctx.settings.text(f"talk/voice/{code}"))))
        self.voices.blockSignals(False)
        self._ctx.settings.set_text("talk/language", code)
        self._voice_chosen()

    def _voice_chosen(self) -> None:
        self.speaker.set_voice(self.voices.currentText())
        self.speaker.set_speed(self.speed.value() / 10)
        self._ctx.settings.set_text(f"talk/voice/{self.languages.currentData()}", self.voices.currentText())

    def _speed_chosen(self, value: int) -> None:
        self.speaker.set_speed(value / 10)
        self._ctx.settings.set_text("talk/speed", str(value))

    def _no_voice(self, error: UserError) -> None:
        self.aloud.blockSignals(True)
        self.aloud.setChecked(False)
        self.aloud.blockSignals(False)
        self._sentences = None
        self.voice_row.hide()
        self.banner.show_message(str(error), "info")

    # Showing ----------------------------------------------------------------------------------------------------------

    def _level(self) -> None:
        recorder = self.listener.recorder
        if recorder is not None and recorder.quiet and recorder.seconds > _LONG_SILENCE:
            self.listener.throw_away()  # and listen on, with an empty file
        elif recorder is not None:
            self.meter.show_level(recorder.level)
            if recorder.level.clipped:
                self.banner.show_message(
                    "Too loud: the tops of the sound are cut off (clipped). Go further from the microphone, or turn it"
                    " down.",
                    "warn",
                )
            elif recorder.quiet and not self.hands_free.isChecked():
                self.banner.show_message(
                    "Nothing has been heard for some seconds. Is the microphone switched on, and may this app use it?",
                    "warn",
                )

    def _show(self) -> None:
        on = self.listener.recorder is not None
        self.button.set_open(on)
        self.meter.setVisible(on)
        if not on:
            self.meter.clear()
        self.barge_in.setVisible(self.hands_free.isChecked())

    def _show_recogniser(self) -> None:
        card = self.recogniser()
        self.about.setText(_BASIC if card is not None and card.starter else "")
        self.about.setVisible(bool(self.about.text()))
        if card is not None:
            self._ctx.settings.set_text("talk/recogniser", card.id)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        row = QHBoxLayout()
        row.setSpacing(S)
        self.button = TalkButton()
        self.button.opened.connect(self._opened)
        self.button.closed.connect(self._closed)
        row.addWidget(self.button)
        self.meter = LevelMeter()
        self.meter.setMaximumWidth(150)
        row.addWidget(self.meter)
        self.hands_free = _tick(
            "Hands-free", "hands-free", "Listen by itself; a pause ends what you say (voice activity)"
        )
        self.hands_free.toggled.connect(self._toggle_hands_free)
        row.addWidget(self.hands_free)
        self.barge_in = _tick(
            "Speaking interrupts it", "barge-in",
            "Listen also while it reads aloud, and stop when you speak (barge-in). Use headphones, or it hears itself.",
        )  # fmt: skip
        self.barge_in.setChecked(True)
        row.addWidget(self.barge_in)
        row.addStretch(1)
        self.aloud = _tick("Read answers aloud", "aloud", "Each sentence as it comes, with a voice of the system (TTS)")
        self.aloud.toggled.connect(self._toggle_aloud)
        row.addWidget(self.aloud)
        column.addLayout(row)
        self.banner = Banner()
        self.banner.setObjectName("voice-banner")
        column.addWidget(self.banner)
        self._build_settings()

    def _build_settings(self) -> None:
        """Who writes down and who reads aloud: shown by the page among its settings."""
        self.settings = QWidget()
        column = QVBoxLayout(self.settings)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.recognisers = QComboBox()
        self.recognisers.setObjectName("recognisers")
        self.recognisers.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.recognisers.setAccessibleName("What writes down your speech")
        self.recognisers.setToolTip("Speech to text: models on this computer")
        self.recognisers.currentIndexChanged.connect(lambda _i: self._show_recogniser())
        column.addWidget(label("Writes down what you say", "soft"))
        column.addWidget(self.recognisers)
        self.about = label("", "faint", wrap=True)
        column.addWidget(self.about)
        self.voice_row = QWidget()
        form = QFormLayout(self.voice_row)
        form.setContentsMargins(0, S, 0, 0)
        form.setSpacing(S)
        self.languages = QComboBox()
        self.languages.setObjectName("voice-language")
        self.languages.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.languages.setAccessibleName("Language of the voice")
        self.languages.currentIndexChanged.connect(lambda _i: self._language_chosen())
        self.voices = QComboBox()
        self.voices.setObjectName("voice")
        self.voices.setAccessibleName("Voice")
        self.voices.currentIndexChanged.connect(lambda _i: self._voice_chosen())
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setObjectName("voice-speed")
        self.speed.setAccessibleName("Speed of the voice")
        self.speed.setToolTip("Slower to the left, faster to the right")
        self.speed.setRange(-10, 10)
        self.speed.setValue(_whole(self._ctx.settings.text("talk/speed", "0")))
        self.speed.valueChanged.connect(self._speed_chosen)
        for words, control in (("Language", self.languages), ("Voice", self.voices), ("Speed", self.speed)):
            form.addRow(label(words, "soft"), control)
        column.addWidget(self.voice_row)
        self.voice_row.hide()


def _tick(words: str, name: str, tip: str) -> QCheckBox:
    made = QCheckBox(words)
    made.setObjectName(name)
    made.setAccessibleName(words)
    made.setToolTip(tip)
    return made


def _whole(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() else 0
