"""Speech recognition: what is said in a recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.sound import FILES as SOUNDS
from workbench.data.sound import seconds_of, sound_blocks
from workbench.data.types import Sample
from workbench.tasks.base import BaseTask, Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Span, Text
from workbench.tasks.texts import language_choices

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


LANGUAGE = Option("language", "Language spoken", "choice", "", "Left open, the model finds out itself")


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
        options=(LANGUAGE,),
        first=True,
        group="Sounds",
        question="write down what is said",
    )

    def choices(self, card: ModelCard, option: Option) -> tuple[tuple[str, str], ...]:
        known = language_choices(card.options.get("languages", ()))
        return (("", "found out by itself"), *known) if known else ()

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        seconds_of(sample)  # says at once when it is no recording
        return {"sample": sample, "note": ""}

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Transcriber, require

        hearer = require(model, Transcriber)
        length = seconds_of(sample["sample"])
        text, spans = "", []
        for heard in hearer.transcribe(
            sound_blocks(sample["sample"], hearer.sample_rate), options.text(LANGUAGE), control
        ):
            start = len(text) + 1 if text else 0
            text = f"{text} {heard.text}" if text else heard.text
            spans.append(Span(start, len(text), "", heard.score, heard.begins, heard.ends))
            control.progress(heard.ends, length, "Listening")
            yield Text(text, tuple(spans), finished=False)
        yield Text(text, tuple(spans), "" if text else "Nothing was understood: is there speech in it?")


TASK = SpeechRecognition()
