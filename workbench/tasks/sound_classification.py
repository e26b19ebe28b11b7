"""Sound classification: what is heard in a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.sound import FILES as SOUNDS
from workbench.data.sound import read_sound
from workbench.data.types import Sample
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Score, Scores

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


_SECONDS = 30.0


class SoundClassification(BaseTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="sound-classification",
        title="Recognise sounds",
        summary="Says what is heard: music, a dog, a word of command, a mood.",
        media="sound",
        noun="recording",
        nouns="recordings",
        icon="audio-lines",
        result="scores",
        file_suffixes=SOUNDS,
        group="Sounds",
        question="recognise sounds",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.runtimes.base import SoundSorter, require

        sound, cut = read_sound(sample, require(model, SoundSorter).sample_rate, _SECONDS)
        return {"sound": sound, "note": f"Only the first {_SECONDS:.0f} seconds were listened to." if cut else ""}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        import torch

        from workbench.runtimes.base import SoundSorter, require

        sorter = require(model, SoundSorter)
        found: list[Prediction] = []
        for sample in samples:
            if control is not None:
                control.check()
            logits = sorter.sound_logits([sample["sound"]])[0]
            several = model.card.options.get("multi_label")
            shares = torch.sigmoid(logits) if several else torch.softmax(logits, -1)
            values, order = shares.sort(descending=True)
            top = [Score(model.labels[i], v, i) for v, i in zip(values.tolist(), order.tolist(), strict=True)]
            found.append(Scores(tuple(top[:20]), str(sample["note"])))
        return found


TASK = SoundClassification()
