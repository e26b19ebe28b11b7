"""Finding sounds in recordings of any length: which of one's own sounds are heard, and when."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.shapes import Clip
from workbench.data.sound import WITH_VIDEOS as SOUNDS
from workbench.data.sound import sound_blocks, sound_info
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.lesson import How
from workbench.tasks.predictions import Events, Prediction

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded
    from workbench.tasks.lesson import Lesson, Material

_TELL_SECONDS = 1.0
_FEWEST_DONE = 3
# Of a recording so much is looked at to measure the speed.
_MEASURED_SECONDS = 20.0


class SoundEvents(BaseTask):
    """See `workbench.tasks.base.TrainableTask`. Models are `SoundNetwork`s whose head has one sigmoid per class."""

    info = TaskInfo(
        id="sound-events",
        title="Find sounds in recordings",
        summary="Says which of your own sounds are heard in a long recording, and when.",
        media="sound",
        noun="recording",
        nouns="recordings",
        icon="audio-lines",
        result="events",
        trainable=True,
        streams=True,
        partly=True,
        taught_only=True,
        editor="clips",
        judge="clips",
        import_formats=("marked", "files", "folders"),
        file_suffixes=SOUNDS,
        group="Sounds",
        question="find sounds in long recordings, and when they are heard",
    )

    def check(self, project: Project) -> None:
        counts = project.counts()
        marked = sum(counts.per_class.values())
        if not marked:
            raise UserError(
                "No sound is marked in the recordings yet.", "Open one on the Data page and drag over what you hear."
            )
        if counts.labelled < _FEWEST_DONE:
            raise UserError(
                f"Only {counts.labelled} of the recordings {'is' if counts.labelled == 1 else 'are'} done, so there is nothing"
                " to steer by and to test on.",
                f"Mark everything you listen for in at least {_FEWEST_DONE} (better ten or more) and press “Done”.",
            )
        few = [c.name for c in project.classes() if counts.per_class.get(c.id) == 1]
        if few:
            raise UserError(
                f"“{few[0]}” is marked only once.",
                "Mark it at least twice, better twenty times, in several recordings.",
            )

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.event_lesson import EventLesson

        return EventLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            f"Finds these sounds in recordings, and says when they are heard: {', '.join(classes)}.",
            "It tells beginnings and ends to about a quarter of a second, hears only what is like the examples it was"
            " taught, and misses others without saying so.",
        )

    def annotations_of(self, prediction: Prediction, class_ids: Mapping[str, int]) -> list[Annotation]:
        """Proposals for the editor, of the classes the project has."""
        if not isinstance(prediction, Events):
            return []
        return [
            Annotation(Clip(e.begins, e.ends), class_ids[e.label], source="model", score=e.score)
            for e in prediction.events
            if e.label in class_ids
        ]

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float:
        """Beyond listening to each recording once: two dozen windows of each a round, and the recordings that steer."""
        from workbench.tasks.event_lesson import EPOCHS

        rounds = (epochs or EPOCHS[how]) * 0.6
        return 0.0 if how is How.QUICK else rounds * items * (0.7 * 0.9 + 0.15)

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        sound_info(sample)  # what cannot be opened is told before anything is computed
        return {"sample": sample, "note": ""}

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        """Listen to the beginning of a recording."""
        from workbench.runtimes.sound_frames import frames, window_features
        from workbench.tasks.event_lesson import HOP, WINDOW

        network = _network(model)
        for part in frames(sound_blocks(prepared["sample"], network.sample_rate), network.sample_rate, WINDOW, HOP):
            window_features(network, part.windows)
            if part.heard > _MEASURED_SECONDS:
                return

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        import numpy as np
        import torch

        from workbench.runtimes.sound_frames import frames, window_features
        from workbench.tasks.event_decoding import Tuning, decoded

        network = _network(model)
        given = network.card.options.get("events")
        tuning = Tuning.from_options(given, len(network.labels)) if isinstance(given, Mapping) else None
        if not network.labels or tuning is None:
            raise UserError(
                f"“{network.card.name}” has not been taught any sounds to find.",
                "Train it on recordings with marked sounds, or choose a model of your own.",
            )
        rate = network.sample_rate
        length = sound_info(sample["sample"]).seconds
        found, heard, told = [np.zeros((0, len(network.labels)), np.float32)], 0.0, time.monotonic()
        for part in frames(sound_blocks(sample["sample"], rate), rate, tuning.window, tuning.hop):
            control.check()
            with torch.inference_mode():
                logits = network.head_logits(window_features(network, part.windows))
                found.append(torch.sigmoid(logits).float().cpu().numpy())
            heard = part.heard
            control.progress(int(heard), int(max(length, heard)) + 1, f"{int(heard) // 60} minutes listened to")
            if time.monotonic() - told > _TELL_SECONDS:
                found = [np.concatenate(found)]
                told = time.monotonic()
                events = decoded(found[0], network.labels, tuning, heard)
                yield Events(events, heard, network.labels, finished=False)
        events = decoded(np.concatenate(found), network.labels, tuning, heard)
        yield Events(events, heard, network.labels, str(sample.get("note", "")))


def _network(model: Loaded) -> Any:
    """Raises: UserError when it is no network of sounds."""
    from workbench.runtimes.sound_network import SoundNetwork

    if not isinstance(model, SoundNetwork):
        raise UserError(f"“{model.card.name}” cannot find sounds.", "Choose another model.")
    return model


TASK = SoundEvents()
