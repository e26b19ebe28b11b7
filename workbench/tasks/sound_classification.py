"""Sound classification: what is heard in a recording."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.sound import WITH_VIDEOS as SOUNDS
from workbench.data.sound import read_sound
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import TaskInfo, TryOptions
from workbench.tasks.classification import Classification
from workbench.tasks.predictions import Prediction, Score, Scores
from workbench.tasks.several import several_scores, thresholds_of

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats, Loaded
    from workbench.runtimes.sound_network import SoundNetwork


_SECONDS = 30.0
_LONGEST_LIST = 20


class SoundClassification(Classification):
    """See `workbench.tasks.base.PooledTask`. Models are networks of ours with windows, or come with classes of their own."""

    info = TaskInfo(
        id="sound-classification",
        title="Recognise sounds",
        summary="Says what is heard: music, a dog, a word of command, a mood.",
        media="sound",
        noun="recording",
        nouns="recordings",
        icon="audio-lines",
        result="scores",
        trainable=True,
        editor="classes",
        judge="classes",
        import_formats=("folders", "table", "files"),
        file_suffixes=SOUNDS,
        group="Sounds",
        question="recognise sounds",
        several="sound-tags",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.runtimes.base import SoundSorter, require
        from workbench.runtimes.sound_network import SoundNetwork

        hears: Any = model if isinstance(model, SoundNetwork) else require(model, SoundSorter)
        sound, cut = read_sound(sample, hears.sample_rate, _SECONDS)
        note = f"Only the first {_SECONDS:.0f} seconds were listened to." if cut else ""
        if not sound.any():
            note = f"The recording is silent. {note}".strip()
        if augment_seed is not None:
            sound = varied(sound, hears.sample_rate, augment_seed)
        if isinstance(model, SoundNetwork):
            return {"windows": model.windows_of(sound), "note": note}
        return {"sound": sound, "note": note}

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Loaded) -> Mapping[str, torch.Tensor]:
        import torch

        windows = torch.cat([p["windows"] for p in prepared]).to(model.device)
        owner = torch.repeat_interleave(torch.tensor([len(p["windows"]) for p in prepared])).to(model.device)
        return {"windows": windows, "owner": owner}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        import torch

        from workbench.runtimes.base import SoundSorter, require
        from workbench.runtimes.sound_network import SoundNetwork

        if isinstance(model, SoundNetwork):
            return super().predict_batch(samples, _with_classes(model), options, control)
        sorter = require(model, SoundSorter)
        found: list[Prediction] = []
        for sample in samples:
            if control is not None:
                control.check()
            logits, note = sorter.sound_logits([sample["sound"]]), str(sample["note"])
            thresholds = thresholds_of(model.card.options, len(model.labels))
            if thresholds is not None:
                found += several_scores(logits, model.labels, thresholds, [note], _LONGEST_LIST)
                continue
            values, order = torch.softmax(logits[0], -1).sort(descending=True)
            top = [Score(model.labels[i], v, i) for v, i in zip(values.tolist(), order.tolist(), strict=True)]
            found.append(Scores(tuple(top[:_LONGEST_LIST]), note))
        return found


def _with_classes(model: SoundNetwork) -> SoundNetwork:
    if not model.labels:
        raise UserError(
            f"“{model.card.name}” has no classes of its own.", "Train it on your recordings, or choose another model."
        )
    return model


def varied(sound: Floats, rate: int, seed: int) -> Floats:
    """A recording changed at random as from one day to the next: begun elsewhere (turned round its end), louder or
    softer, with some noise, a little faster or slower. Drawn from `seed` alone.

    Args:
        sound: float32 [T] in -1..1 at `rate` Hz.
    """
    import numpy as np

    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    changed: Any = np.roll(sound, rng.randrange(max(1, len(sound))))
    speed = rng.uniform(0.93, 1.07)
    places = np.arange(0, len(changed) - 1, speed, dtype=np.float64)
    if len(places) > rate // 10:
        changed = np.interp(places, np.arange(len(changed)), changed)
    loudness = float(np.sqrt(np.mean(np.square(changed)))) + 1e-6
    changed = changed * 10 ** (rng.uniform(-6, 6) / 20)
    changed = changed + noise.normal(size=len(changed)) * loudness * 10 ** (rng.uniform(-50, -25) / 20)
    made: Floats = np.clip(changed, -1, 1).astype(np.float32)
    return made


TASK = SoundClassification()
