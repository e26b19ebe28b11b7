"""Sound classification: what is heard in a recording."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.sound import WITH_VIDEOS as SOUNDS
from workbench.data.sound import read_sound, sound_blocks
from workbench.data.types import Sample
from workbench.data.video import clock
from workbench.errors import UserError
from workbench.tasks.base import Ear, TaskInfo, TryOptions
from workbench.tasks.classification import Classification
from workbench.tasks.decision import decision_of
from workbench.tasks.live_rule import LiveRule
from workbench.tasks.predictions import Prediction
from workbench.tasks.several import several_scores, thresholds_of
from workbench.tasks.tag_answers import tag_logits, tag_thresholds
from workbench.tasks.tag_decision import tag_decision_of
from workbench.tasks.temperature import temperature_of
from workbench.tasks.unlike import familiar_of

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats, Loaded
    from workbench.runtimes.sound_network import SoundNetwork


# Recordings up to here are held whole; of longer ones windows spread evenly over all of it are kept.
_WHOLE_SECONDS = 300.0
# While a model learns, so much of a recording at a time, from a place drawn at random: what is learnt from takes memory.
_TAUGHT_SECONDS = 30.0
_MOST_WINDOWS = 64
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
        untaught="look-alikes",
    )

    # Part of the feature cache's key: 2 since all of a long recording counts.
    version = 2

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        hears = _hearing(model)
        rate = hears.sample_rate
        sound, cut = read_sound(sample, rate, _WHOLE_SECONDS)
        notes = [] if cut or sound.any() else ["The recording is silent."]
        if augment_seed is not None:
            sound = varied(sound, rate, augment_seed)[: int(_TAUGHT_SECONDS * rate)]
            return {"windows": hears.windows_of(sound), "note": ""}
        if not cut:
            windows = hears.windows_of(sound)
            if len(windows) > 1:
                notes.append(f"Listened to in {len(windows)} pieces; {_counts(model)}.")
        else:
            windows, seconds = spread(sound_blocks(sample, rate), hears)
            notes.append(
                f"It is {clock(seconds)} long: {len(windows)} pieces of {hears.window_seconds:.0f} seconds, spread evenly"
                f" over it, were listened to; {_counts(model)}."
            )
        return {"windows": windows, "note": " ".join(notes)}

    def collate(self, prepared: Sequence[Mapping[str, Any]], model: Loaded) -> Mapping[str, torch.Tensor]:
        return _hearing(model).together([p["windows"] for p in prepared])

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        import torch

        hears = _with_classes(_hearing(model))
        limits = thresholds_of(hears.card.options, len(hears.labels))
        if limits is None or not _strongest(hears):
            return super().predict_batch(samples, hears, options, control)
        found: list[Prediction] = []
        for sample in samples:
            if control is not None:
                control.check()
            with torch.inference_mode():
                logits = hears.each_window(self.collate([sample], hears)).max(0).values
            found += several_scores(logits[None], hears.labels, limits, [str(sample["note"])], _LONGEST_LIST)
        return found

    def ear(self, model: Loaded) -> Ear:
        hears = _with_classes(_hearing(model))
        labels = tuple(hears.labels)
        return Ear(hears.sample_rate, hears.window_seconds, labels, _several(hears), _rule(hears.card.options, labels))

    def hear(self, windows: Sequence[Floats], model: Loaded) -> Floats:
        import torch

        hears = _with_classes(_hearing(model))
        with torch.inference_mode():
            return self._shares(hears.logits(hears.together([hears.windows_of(w) for w in windows])), hears)

    def hear_and_compare(self, windows: Sequence[Floats], model: Loaded) -> tuple[Floats, Floats | None]:
        familiar = familiar_of(model)
        if familiar is None:
            return self.hear(windows, model), None
        import numpy as np
        import torch

        hears = _with_classes(_hearing(model))
        with torch.inference_mode():
            features = hears.features(hears.together([hears.windows_of(w) for w in windows]))
            shares = self._shares(hears.head_logits(features), hears)
        return shares, np.array(familiar.strangeness(features), np.float32)

    def _shares(self, logits: torch.Tensor, hears: SoundNetwork) -> Floats:
        """Logits float [W, C] as shares float32 [W, C], with percentages set right."""
        import torch

        with torch.inference_mode():
            surely = logits / temperature_of(hears.card.options)
            shares = (
                torch.sigmoid(tag_logits(logits, hears.card.options)).float()
                if _several(hears)
                else torch.softmax(surely, -1)
            )
        made: Floats = shares.cpu().numpy()
        return made


def _rule(options: Mapping[str, Any], labels: tuple[str, ...]) -> LiveRule:
    """What counts of a moment, by a card's options."""
    if not options.get("multi_label"):
        return LiveRule(decision=decision_of(options, labels))
    # A published model has no thresholds of its own: the person's holds for all its classes.
    limits = tag_thresholds(options, labels) if "thresholds" in options else None
    return LiveRule(limits or (), tags=tag_decision_of(options, labels) if limits else None)


def spread(
    blocks: Iterator[Floats], hears: SoundNetwork, most: int = _MOST_WINDOWS
) -> tuple[list[torch.Tensor], float]:
    """Windows spread evenly over a sound of any length, at most `most` of them and never more than those in memory.

    Every window is kept until there are too many; then every second one goes, and every second one comes from then on.

    Returns:
        The network's inputs, and how long the whole sound is (seconds).
    """
    from workbench.runtimes.sound_windows import windows

    kept: list[Floats] = []
    step, heard = 1, 0
    for number, window in enumerate(windows(blocks, hears.sample_rate, hears.window_seconds, 0.0)):
        heard += len(window.samples)
        if number % step or (kept and len(window.samples) < hears.window_size):
            continue  # a rest that is no whole window counts only where there is nothing else
        kept.append(window.samples.copy())
        if len(kept) > most:
            kept = kept[::2]
            step *= 2
    return [w for samples in kept for w in hears.windows_of(samples)], heard / hears.sample_rate


def _several(model: Loaded) -> bool:
    """Several of its classes can be true at once."""
    return bool(model.card.options.get("multi_label"))


def _strongest(model: Loaded) -> bool:
    """Of each class the window counts where it is heard best, as published models of several classes are used; one that
    was taught here learnt from the mean, and has thresholds for it."""
    return _several(model) and "thresholds" not in model.card.options


def _counts(model: Loaded) -> str:
    return "of each class the strongest counts" if _strongest(model) else "their mean counts"


def _hearing(model: Loaded) -> SoundNetwork:
    """Raises: UserError when the model is not for sounds."""
    from workbench.runtimes.sound_network import SoundNetwork

    if not isinstance(model, SoundNetwork):
        raise UserError(f"“{model.card.name}” cannot do this.", "Choose a model that is made for it.")
    return model


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
