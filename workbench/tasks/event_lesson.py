"""Teaching a sound network to find sounds: a sigmoid per class for each short window of a recording, so that sounds may overlap."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.data.shapes import Clip
from workbench.data.sound import piece_blocks, resampled, seconds_of, sound_blocks
from workbench.errors import UserError
from workbench.tasks.event_decoding import Limits, Tuning, chosen, decoded
from workbench.tasks.event_features import CHUNK, EventFeatures
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.predictions import Events, Prediction

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats
    from workbench.runtimes.sound_network import SoundNetwork

    Bits = npt.NDArray[np.bool_]

# Measured on made-up birds: half a second finds beginnings better than a whole one; a step of a quarter is well within the
# 200 ms to both sides that count as right, and costs half of an eighth.
WINDOW, HOP = 0.5, 0.25
EPOCHS = {How.QUICK: 12, How.BALANCED: 10, How.THOROUGH: 15}
_HEAD_RATE = 3e-4
# The head begins as logistic regression on at most so many steps, held back by this much (L2).
_MOST_STEPS, _STRENGTH = 20_000, 3e-3
# Of a long recording so many pieces of a minute are learnt from in one epoch; deeper ways: so many pieces of two seconds.
_CHUNKS, _PIECES, _PIECE_STEPS = 2, 2, 8
_AT_EVENTS = 0.7
_MOST_REPEATS = 6


class EventLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`. Quick learns the head on features that are kept; the others go on from there.

    In a recording that is done, what is not marked is silence. In one that is not, only the marked stretches say anything:
    there the person has listened, so that other classes are not heard in them.
    """

    checks_whole = True
    checks_first = False
    judged_by = "score"
    batch = 4
    weight_decay = 0.01
    clip_norm = 1.0
    head_rate = _HEAD_RATE

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.sound_network import SoundNetwork

        if not isinstance(material.model, SoundNetwork):
            raise UserError(f"“{material.model.card.name}” cannot be taught to find sounds.", "Choose another model.")
        self._network: SoundNetwork = material.model
        self._classes = material.classes
        self._how = material.how
        self._control = material.control
        self._weights = material.class_weights
        self._varied = material.augment
        self._taught = {e.item.id for e in material.train}
        self._unread: dict[int, UserError] = {}
        self._heard: dict[int, tuple[Floats, float]] = {}
        self.tuning = Tuning(WINDOW, HOP, (Limits(),) * len(material.classes))
        self.epochs = EPOCHS[material.how]
        self.body_rate = self._network.learning_rate
        seconds = sum(e.item.seconds for e in material.train)
        step = _PIECES * _PIECE_STEPS * HOP * max(1, len(material.train))
        self.repeats = 1 if material.how is How.QUICK else min(_MOST_REPEATS, max(1, round(seconds / step / 4)))
        self._features = EventFeatures(self._network, material.features, WINDOW, HOP, material.control)
        self._features.make_room(seconds)
        self._begin(material)

    @property
    def module(self) -> nn.Module:
        return self._network.module

    def notes(self) -> list[str]:
        partly = self._partly
        if not partly:
            return []
        many = "1 recording that is not done teaches" if partly == 1 else f"{partly} recordings that are not done teach"
        return [f"{many} only with what is marked in {'it' if partly == 1 else 'them'}."]

    def stages(self) -> list[list[nn.Parameter]]:
        from workbench.tasks.pooled_lesson import trained_stages

        return trained_stages(self._network.stages(), self._how)

    def training_mode(self) -> None:
        from workbench.tasks.pooled_lesson import keep_statistics

        self._heard.clear()
        if self._how is How.QUICK:
            self.module.eval()
        else:
            keep_statistics(self.module)

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """Of an example that is learnt from some steps with what is heard in them; else no more than that it can be opened."""
        item = example.item
        if item.id in self._unread:
            raise self._unread[item.id]
        if item.id not in self._taught:
            seconds_of(item.sample())
            return {"example": example}
        rng = random.Random(item.id if augment_seed is None else augment_seed)
        if self._how is How.QUICK:
            return self._kept_steps(example, rng)
        return self._fresh_steps(example, rng, augment_seed)

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        import torch

        from workbench.runtimes.sound_frames import window_features

        device = self._network.device
        half = device.type == "cuda" and torch.cuda.is_bf16_supported()
        if self._how is How.QUICK:
            features = torch.cat([p["features"] for p in prepared]).to(device)
        else:
            # In half precision where the device is made for it.
            with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half):
                features = window_features(self._network, [w for p in prepared for w in p["windows"]])
        heard, known = _tensors(prepared)
        return Step(self._loss(self._network.head_logits(features.float()), heard.to(device), known.to(device)))

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        found: list[Prediction] = []
        losses = []
        with torch.inference_mode():
            for entry in prepared:
                example: Example = entry["example"] if "example" in entry else entry["of"]
                likely, seconds, loss, note = self._listen(example)
                self._heard[example.item.id] = likely, seconds
                events = decoded(likely, self._classes, self.tuning, seconds)
                found.append(Events(events, seconds, self._classes, note))
                losses.append(loss)
        return Checked(found, losses)

    def settle(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Prediction]:
        """Choose the limits on these examples; the predictions with them. Without examples the limits stay."""
        if not examples:
            return list(predictions)
        kept = [(e, *self._heard[e.item.id]) for e in examples]
        recordings = [(likely, _truth(e, len(self._classes)), seconds) for e, likely, seconds in kept]
        self.tuning = chosen(self.tuning, recordings)
        found: list[Prediction] = []
        for (_, likely, seconds), said in zip(kept, predictions, strict=True):
            events = decoded(likely, self._classes, self.tuning, seconds)
            found.append(Events(events, seconds, self._classes, getattr(said, "note", "")))
        self._heard.clear()
        return found

    def state(self) -> dict[str, torch.Tensor]:
        """The network's, and the limits that were chosen with it."""
        import torch

        return self._network.state() | {"events.limits": torch.tensor([one.numbers() for one in self.tuning.limits])}

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        rows = state["events.limits"].tolist()
        # Thresholds are written to two digits, so that single precision gives them back.
        limits = tuple(Limits.of([round(row[0], 2), *row[1:]]) for row in rows)
        self.tuning = replace(self.tuning, limits=limits)
        self._network.load_state({k: v for k, v in state.items() if k != "events.limits"})

    def result(self) -> SoundNetwork:
        card = self._network.card
        self._network.card = replace(card, options={**card.options, "events": self.tuning.to_options()})
        return self._network

    # The beginning ---------------------------------------------------------------------------------------------------

    def _begin(self, material: Material) -> None:
        """Listen to all recordings once, and begin with logistic regression on what was heard (as Kumar et al. 2022, arXiv
        2202.10054: a good head first, then the rest)."""
        import numpy as np
        import torch

        rows: list[torch.Tensor] = []
        truths: list[npt.NDArray[np.float32]] = []
        share = max(200, _MOST_STEPS // max(1, len(material.train)))
        self._partly = 0
        for number, example in enumerate(material.train):
            material.control.progress(number, len(material.train), "Listening to your recordings")
            rng = np.random.default_rng(material.seed + example.item.id)
            minutes = max(1.0, example.item.seconds / HOP / CHUNK)
            try:
                for first, features, _ in self._features.chunks(example.item):
                    heard, known = steps_of(example, len(self._classes), _middles(first, len(features)))
                    at = np.flatnonzero(known)
                    wanted = int(share / minutes) + 1
                    if len(at) > wanted:
                        # All that is marked, as long as there is room; of the rest any.
                        order = rng.permutation(at)
                        at = np.sort(order[np.argsort(~heard[order].any(1), kind="stable")][:wanted])
                    rows.append(features[torch.from_numpy(at)])
                    truths.append(heard[at])
            except UserError as error:
                self._unread[example.item.id] = error
            self._partly += not example.item.marked
        labels = list(self._classes)
        if not rows or not sum(len(r) for r in rows):
            self._network.set_head(labels)
            return
        weight, bias = _regression(torch.cat(rows), torch.from_numpy(np.concatenate(truths)), self._weights)
        self._network.set_head(labels, weight, bias)

    # Examples --------------------------------------------------------------------------------------------------------

    def _kept_steps(self, example: Example, rng: random.Random) -> dict[str, Any]:
        """Features of up to two minutes of a recording, one of them with a marked sound where there is one."""
        import torch

        length = self._features.length(example.item)
        count = -(-length[0] // CHUNK) if length is not None else 0
        numbers = list(range(count))
        if count > _CHUNKS:
            marked = sorted({int(c.begins / HOP) // CHUNK for c, _ in _clips(example)} & set(numbers))
            first = rng.choice(marked) if marked else rng.choice(numbers)
            numbers = sorted({first, *rng.sample(numbers, _CHUNKS - 1)})
        parts = [(n * CHUNK, self._features.chunk(example.item, n)) for n in numbers]
        if not parts or any(features is None for _, features in parts):
            # Not kept (there was no room): listened to again.
            parts = [(first, features) for first, features, _ in self._features.chunks(example.item)]
        known = [steps_of(example, len(self._classes), _middles(first, len(f))) for first, f in parts if f is not None]
        return {
            "of": example,
            "features": torch.cat([f for _, f in parts if f is not None]),
            "heard": [h for h, _ in known],
            "known": [k for _, k in known],
        }

    def _fresh_steps(self, example: Example, rng: random.Random, seed: int | None) -> dict[str, Any]:
        """Windows of some pieces of a recording, most of them where something is marked, at moments that differ each time."""
        import numpy as np

        item = example.item
        wide = _PIECE_STEPS * HOP
        length = item.seconds or seconds_of(item.sample())
        by_class: dict[int, list[Clip]] = {}
        for clip, place in _clips(example):
            by_class.setdefault(place, []).append(clip)
        windows: list[Floats] = []
        heard, known = [], []
        for number in range(_PIECES):
            if by_class and (rng.random() < _AT_EVENTS or not item.marked):
                clip = rng.choice(by_class[rng.choice(sorted(by_class))])
                begins = rng.uniform(clip.begins - wide / 2, clip.ends + wide / 2) - wide / 2
            else:
                begins = rng.uniform(0.0, max(0.0, length - wide))
            begins = min(max(0.0, begins), max(0.0, length - wide))
            made = self._piece(example, begins, wide)
            if self._varied and seed is not None:
                made = _louder_or_softer(made, seed + number)
            windows += made
            h, k = steps_of(example, len(self._classes), begins + _middles(0, len(made)))
            heard.append(h)
            known.append(k & (begins + _middles(0, len(made)) < length))
        assert all(len(w) == len(windows[0]) for w in windows)
        return {"of": example, "windows": windows, "heard": heard, "known": [np.asarray(k) for k in known]}

    def _piece(self, example: Example, begins: float, wide: float) -> list[Floats]:
        """Windows around the middles of the steps of a piece, float32 [T] each at the network's rate."""
        import numpy as np

        rate = self._network.sample_rate
        around = (WINDOW - HOP) / 2
        first, last = begins - around, begins + wide + around
        own, blocks = piece_blocks(example.item.sample(), max(0.0, first), last, 1.0)
        parts = list(resampled(blocks, own, rate))
        sound = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        sound = np.pad(sound, (round(max(0.0, -first) * rate), 0))
        size, step = round(WINDOW * rate), round(HOP * rate)
        sound = np.pad(sound, (0, max(0, (_PIECE_STEPS - 1) * step + size - len(sound))))
        return [sound[n * step : n * step + size] for n in range(_PIECE_STEPS)]

    # Computing -------------------------------------------------------------------------------------------------------

    def _loss(self, logits: torch.Tensor, heard: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Mean binary cross entropy over the steps that say something. logits, heard float [N, C]; known bool [N]."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        if not bool(known.any()):
            nothing: torch.Tensor = logits.sum() * 0
            return nothing
        weight = self._weights.to(logits.device) if self._weights is not None else None
        return binary_cross_entropy_with_logits(logits[known], heard[known], weight=weight)

    def _listen(self, example: Example) -> tuple[Floats, float, float, str]:
        """A whole recording: likelihoods float32 [T, C], its seconds, the mean loss, and a sentence where it broke off."""
        import numpy as np
        import torch

        from workbench.runtimes.sound_frames import frames, window_features

        parts: list[torch.Tensor] = []
        seconds, note = 0.0, ""
        network = self._network
        try:
            if self._how is How.QUICK:
                for _, features, seconds in self._features.chunks(example.item):  # noqa: B007 - the last one is kept
                    parts.append(network.head_logits(features.to(network.device)).float().cpu())
            else:
                rate = network.sample_rate
                for part in frames(sound_blocks(example.item.sample(), rate), rate, WINDOW, HOP):
                    self._control.check()
                    parts.append(network.head_logits(window_features(network, part.windows)).float().cpu())
                    seconds = part.heard
        except UserError as error:
            note = f"It could be read only to {seconds:.0f} seconds: {error.message}"
        logits = torch.cat(parts) if parts else torch.zeros(0, len(self._classes))
        heard, known = steps_of(example, len(self._classes), _middles(0, len(logits)))
        loss = float(self._loss(logits, torch.from_numpy(heard), torch.from_numpy(known))) if len(logits) else 0.0
        likely: Floats = torch.sigmoid(logits).numpy().astype(np.float32)
        return likely, seconds, loss, note


def steps_of(example: Example, classes: int, middles: npt.NDArray[np.float64]) -> tuple[Floats, Bits]:
    """What is heard in the steps around these moments (seconds): float32 [N, C] of 0 and 1, and bool [N], whether that is
    known. A step belongs to a sound when its middle does; a sound shorter than a step has the step it lies in."""
    import numpy as np

    heard = np.zeros((len(middles), classes), np.float32)
    known = np.full(len(middles), example.item.marked)
    unsure = np.zeros(len(middles), np.bool_)
    for annotation, place in zip(example.annotations, example.classes, strict=True):
        clip = annotation.shape
        if not isinstance(clip, Clip):
            continue
        inside = (middles >= clip.begins) & (middles < clip.ends)
        if clip.ends - clip.begins < HOP:
            inside |= np.abs(middles - (clip.begins + clip.ends) / 2) <= HOP / 2
        if place < 0 or annotation.ignored:
            unsure |= inside
        else:
            heard[inside, place] = 1.0
            known |= inside
    return heard, known & ~unsure


def _middles(first: int, count: int) -> npt.NDArray[np.float64]:
    import numpy as np

    return (first + np.arange(count, dtype=np.float64) + 0.5) * HOP


def _clips(example: Example) -> list[tuple[Clip, int]]:
    return [
        (a.shape, place)
        for a, place in zip(example.annotations, example.classes, strict=True)
        if isinstance(a.shape, Clip) and place >= 0 and not a.ignored
    ]


def _truth(example: Example, classes: int) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[] for _ in range(classes)]
    for clip, place in _clips(example):
        found[place].append((clip.begins, clip.ends))
    return found


def _tensors(prepared: Sequence[Mapping[str, Any]]) -> tuple[torch.Tensor, torch.Tensor]:
    import numpy as np
    import torch

    heard = np.concatenate([h for p in prepared for h in p["heard"]])
    known = np.concatenate([k for p in prepared for k in p["known"]])
    return torch.from_numpy(heard), torch.from_numpy(known)


def _louder_or_softer(windows: list[Floats], seed: int) -> list[Floats]:
    """As from another day: up to 6 dB louder or softer, with some noise. Nothing that moves a beginning or an end."""
    import numpy as np

    rng = np.random.default_rng(seed)
    gain = 10 ** (rng.uniform(-6, 6) / 20)
    level = float(np.sqrt(np.mean(np.square(np.concatenate(windows))))) + 1e-6
    noise = level * 10 ** (rng.uniform(-50, -25) / 20)
    return [np.clip((w + rng.normal(size=len(w)) * noise) * gain, -1, 1).astype(np.float32) for w in windows]


def _regression(
    features: torch.Tensor, heard: torch.Tensor, weights: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight [C, F] and bias [C] of logistic regressions, one for each class, by L-BFGS on standardised features.

    Args:
        features: float32 [N, F]. heard: float32 [N, C].
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    mean, spread = features.mean(0), features.std(0, unbiased=False) + 1e-3
    scaled = (features - mean) / spread
    with torch.enable_grad():
        weight = torch.zeros(features.shape[1], heard.shape[1], requires_grad=True)
        bias = torch.zeros(heard.shape[1], requires_grad=True)
        optimiser = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            loss = binary_cross_entropy_with_logits(scaled @ weight + bias, heard, weight=weights)
            loss = loss + _STRENGTH * weight.square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimiser.step(closure)  # type: ignore[no-untyped-call]
    taught = (weight.detach() / spread[:, None]).T.contiguous()
    return taught, bias.detach() - taught @ mean
