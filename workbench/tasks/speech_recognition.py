"""Speech recognition: what is said in a recording."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.loudness import Loudness
from workbench.data.sound import WITH_VIDEOS as SOUNDS
from workbench.data.sound import seconds_of, sound_blocks
from workbench.data.types import Sample
from workbench.tasks.base import BaseTask, Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Span, Text
from workbench.tasks.texts import language_choices

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats, Heard, Loaded, Transcriber
    from workbench.runtimes.word_model import WordModel


LANGUAGE = Option("language", "Language spoken", "choice", "", "Left open, the model finds out itself")
SILENCE = Option(
    "silence",
    "Parts without speech",
    "choice",
    "auto",
    "Where nobody speaks some models make up words, and all of them waste time (voice activity detection by Silero)",
    choices=(("auto", "skipped where that helps"), ("skip", "always skipped"), ("hear", "listened to")),
)
USUAL = Option(
    "usual",
    "Usual words",
    "file",
    "",
    "A text in the language and about the things spoken of: of words that sound alike the more usual one is then written"
    " (an n-gram model; ARPA files can be used too)",
)
# Short recordings are heard whole, where a model does not make up words in silence.
_SHORT = 30.0
# Words come quicker than anyone reads.
_TELL_SECONDS = 0.1


class SpeechRecognition(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="speech-recognition",
        title="Write down speech",
        summary="Writes down what is said in a recording, with its times.",
        media="sound",
        noun="recording",
        nouns="recordings",
        icon="audio-lines",
        result="text",
        file_suffixes=SOUNDS,
        streams=True,
        options=(LANGUAGE, SILENCE, USUAL),
        first=True,
        group="Sounds",
        question="write down what is said",
    )

    def choices(self, card: ModelCard, option: Option) -> tuple[tuple[str, str], ...]:
        if option is LANGUAGE:
            known = language_choices(card.options.get("languages", ()))
            return (("", "found out by itself"), *known) if known else ()
        if option is USUAL:
            from workbench.runtimes.registry import runtime_of
            from workbench.runtimes.word_model import SUFFIXES

            spells = getattr(runtime_of(card), "spells", None)
            return tuple((s, "Texts and n-grams") for s in SUFFIXES) if spells is not None and spells(card) else ()
        return option.choices

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        seconds_of(sample)  # says at once when it is no recording
        return {"sample": sample, "note": ""}

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Transcriber, require

        hearer = require(model, Transcriber)
        loudness = Loudness()
        blocks = sound_blocks(sample["sample"], hearer.sample_rate, loudness)
        length = seconds_of(sample["sample"])
        text = Text("", finished=False)
        writer = Transcript()
        last_told = 0.0
        for heard in listen(hearer, blocks, length, options, control):
            writer.add(heard)
            control.progress(heard.ends, length, "Listening")
            if time.monotonic() - last_told >= _TELL_SECONDS:
                last_told = time.monotonic()
                text = writer.text()
                yield text
        loud = loudness.sentence()
        nothing = "" if writer.words or loudness.silent else "Nothing was understood: is there speech in it?"
        yield writer.text(" ".join(part for part in (loud, nothing) if part), finished=True)

    def dictate(
        self, blocks: Iterator[Floats], rate: int, model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        """See `workbench.tasks.base.LiveTask`."""
        from workbench.runtimes.base import Transcriber, require
        from workbench.tasks.dictation import dictate

        yield from dictate(require(model, Transcriber), blocks, rate, options, control)


class Transcript:
    """Words as they are heard, put together as a text with times."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.words: list[Span] = []

    def add(self, heard: Heard) -> None:
        """The next word."""
        if self._length and not heard.glued:
            self._parts.append(" ")
            self._length += 1
        start = self._length
        self._parts.append(heard.text)
        self._length += len(heard.text)
        self.words.append(Span(start, self._length, "", heard.score, heard.begins, heard.ends))

    def text(self, note: str = "", finished: bool = False, settled: int = -1) -> Text:
        """All of it so far; see `Text` for the rest."""
        return Text("".join(self._parts), tuple(self.words), note, finished, settled=settled)

    def copy(self) -> Transcript:
        """One that goes on from here by itself."""
        other = Transcript()
        other._parts, other._length, other.words = [*self._parts], self._length, [*self.words]
        return other


def listen(
    hearer: Transcriber, blocks: Iterable[Floats], seconds: float, options: TryOptions, control: Control
) -> Iterator[Heard]:
    """Words of mono sound in blocks at the model's rate, as they come.

    Args:
        seconds: how long all of it is; 0 when that is not known.

    Raises:
        UserError: when the sound or the file of usual words cannot be read. Cancelled: when asked to stop.
    """
    from workbench.runtimes.speech_finder import RATE, speech_windows

    language, usual = options.text(LANGUAGE), usual_words(options)
    wanted = options.text(SILENCE)
    long = seconds > _SHORT or seconds <= 0
    if hearer.sample_rate != RATE or wanted == "hear" or (wanted == "auto" and not long and not hearer.invents):
        yield from hearer.transcribe(iter(blocks), language, control, usual)
        return
    for window in speech_windows(blocks, hearer.window_seconds, control):
        for heard in hearer.transcribe(iter([window.samples]), language, control, usual):
            yield shifted(heard, window.start)
        if seconds > 0:
            control.progress(window.start, seconds, "Listening")


def shifted(heard: Heard, seconds: float) -> Heard:
    """The same word so much later."""
    from dataclasses import replace

    return replace(heard, begins=heard.begins + seconds, ends=heard.ends + seconds)


def usual_words(options: TryOptions) -> WordModel | None:
    """The n-grams the person gave. Raises: UserError when they cannot be read."""
    from workbench.runtimes.word_model import kept_word_model

    file = options.text(USUAL)
    return kept_word_model(Path(file)) if file else None


TASK = SpeechRecognition()
