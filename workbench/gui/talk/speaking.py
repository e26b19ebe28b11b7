"""Reading aloud with the system's own voices (Qt TextToSpeech): sentence after sentence, and silent at once when asked."""

from __future__ import annotations

from collections import deque
from typing import Any

from PySide6.QtCore import QObject, Signal

from workbench.errors import UserError

# Qt's own stand-in for tests: it says nothing.
_MUTE = "mock"


class Speaker(QObject):
    """The engine is opened when it is first needed; all its work is done outside the window's thread by the system.

    Signals:
        talking(bool): it begins to speak, or has nothing more to say.
        failed(object): a `UserError`: no voice, or the voice stopped working.
    """

    talking = Signal(bool)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine: Any = None
        self._waiting: deque[str] = deque()
        self._busy = False
        self.spoken = ""  # what was said last, for telling its own voice from the person's
        self._speed = 0.0

    @property
    def busy(self) -> bool:
        """It speaks, or has something left to say."""
        return self._busy

    def languages(self) -> list[tuple[str, str]]:
        """(code, name) of the languages there are voices for. Raises: UserError when there is no voice at all."""
        engine = self._open()
        return sorted(
            {
                (loc.name(), f"{loc.nativeLanguageName()} ({loc.nativeTerritoryName()})")
                for loc in engine.availableLocales()
            },
            key=lambda pair: pair[1].casefold(),
        )

    def language(self) -> str:
        """The code of the one that is spoken. Raises: UserError."""
        return str(self._open().locale().name())

    def voices(self, language: str) -> list[str]:
        """Names of the voices of a language. Raises: UserError."""
        from PySide6.QtCore import QLocale

        engine = self._open()
        self.stop()
        engine.setLocale(QLocale(language))
        return [v.name() for v in engine.availableVoices()]

    def set_voice(self, name: str) -> None:
        """One of `voices`."""
        for voice in self._engine.availableVoices() if self._engine is not None else ():
            if voice.name() == name:
                self._engine.setVoice(voice)

    def set_speed(self, speed: float) -> None:
        """-1 (slow) to 1 (fast); 0 is usual."""
        self._speed = max(-1.0, min(1.0, speed))
        if self._engine is not None:
            self._engine.setRate(self._speed)

    def say(self, sentence: str) -> None:
        """After what is being said. What keeps it from speaking is told by `failed`."""
        try:
            self._open()
        except UserError as error:
            self.failed.emit(error)
            return
        self._waiting.append(sentence)
        if not self._busy:
            self._busy = True
            self.spoken = ""
            self.talking.emit(True)
            self._next()

    def stop(self) -> None:
        """Be silent now."""
        self._waiting.clear()
        if self._engine is not None and self._busy:
            from PySide6.QtTextToSpeech import QTextToSpeech

            self._engine.stop(QTextToSpeech.BoundaryHint.Immediate)
        self._done()

    def _open(self) -> Any:
        if self._engine is not None:
            return self._engine
        try:
            from PySide6.QtTextToSpeech import QTextToSpeech
        except ImportError as error:
            raise no_voice() from error
        for name in self.engines():
            made = QTextToSpeech(name, self)
            if made.state() != QTextToSpeech.State.Error and made.availableLocales():
                made.setRate(self._speed)
                made.stateChanged.connect(self._changed)
                self._engine = made
                return made
            made.deleteLater()
        raise no_voice()

    def engines(self) -> list[str]:
        """Names of the systems that can speak, the usual one first."""
        from PySide6.QtTextToSpeech import QTextToSpeech

        return [name for name in QTextToSpeech.availableEngines() if name != _MUTE]

    def _next(self) -> None:
        sentence = self._waiting.popleft()
        self.spoken = f"{self.spoken} {sentence}"[-2000:]
        self._engine.say(sentence)

    def _changed(self, state: Any) -> None:
        from PySide6.QtTextToSpeech import QTextToSpeech

        if state == QTextToSpeech.State.Error:
            self._waiting.clear()
            self._done()
            self.failed.emit(
                UserError("The voice stopped working.", "The answers go on as text; choose another voice.")
            )
        elif state == QTextToSpeech.State.Ready and self._busy:
            if self._waiting:
                self._next()
            else:
                self._done()

    def _done(self) -> None:
        if self._busy:
            self._busy = False
            self.talking.emit(False)


def no_voice() -> UserError:
    return UserError(
        "This computer has no voice to read aloud with; the answers go on as text.",
        "Add a voice in the system's settings for speech (on Linux: Speech Dispatcher).",
    )
