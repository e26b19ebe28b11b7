"""Teaching a network to write down speech, from recordings with their words alone: which letter is heard when is found out by
going through all ways that spell the words (connectionist temporal classification, Graves et al. 2006).

Quick learns the last layer on what the frozen network hears, which is kept on disk. Balanced also learns the upper third of
its layers, Thorough all but the part that turns waves into features.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workbench.data.sound import read_sound
from workbench.errors import UserError
from workbench.runtimes.ctc import best_path
from workbench.runtimes.ctc_spelling import Spelling, add_letters, to_be_learnt
from workbench.runtimes.sound_windows import Window
from workbench.tasks.kept_features import KeptFeatures
from workbench.tasks.lesson import Checked, Example, How, Lesson, Material, Step
from workbench.tasks.pooled_lesson import trained_stages
from workbench.tasks.predictions import Prediction
from workbench.tasks.speech_recognition import Transcript

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats
    from workbench.runtimes.ctc_transcriber import CtcTranscriber

EPOCHS = {How.QUICK: 40, How.BALANCED: 25, How.THOROUGH: 30}
_HEAD_RATE = {How.QUICK: 3e-3, How.BALANCED: 1e-3, How.THOROUGH: 5e-4}
_BODY_RATE = {How.QUICK: 0.0, How.BALANCED: 1e-4, How.THOROUGH: 1e-4}
# Longer clips need more memory than most computers have.
MOST_SECONDS = 30.0
# Clips of one pass are filled up to the longest: it is at most so many times as long as the shortest.
_ALIKE = 1.5
# Stretches of time that are hidden while learning (SpecAugment, Park et al. 2019, as wav2vec 2.0 uses it): how many moments
# each, and which share of all moments begins one.
_HIDDEN_MOMENTS, _HIDDEN_SHARE = 10, 0.02


def words_of(example: Example) -> str:
    """What is said in an example."""
    return next((a.text for a in example.annotations if a.text.strip()), "")


class CtcLesson(Lesson):
    """See `workbench.tasks.lesson.Lesson`."""

    judged_by = "score"
    checks_first = True
    batch = 8
    weight_decay = 0.005
    clip_norm = 1.0

    def __init__(self, material: Material) -> None:
        from workbench.runtimes.ctc_transcriber import CtcTranscriber

        if not isinstance(material.model, CtcTranscriber):
            raise UserError(
                f"“{material.model.card.name}” cannot be taught to write down speech.",
                "Choose a model that spells letter by letter, such as Wav2Vec 2.0.",
            )
        self._model: CtcTranscriber = material.model
        self._how = material.how
        self._device = material.device
        self._said = [words_of(e) for e in material.train]
        spelling = Spelling.of(self._model.letters)
        unknown = spelling.unknown(self._said)
        self.learnt_letters = to_be_learnt(unknown)
        add_letters(self._model, self.learnt_letters)
        self._spelling = Spelling(self._model.letters, spelling.case)
        self.left_out = sorted(self._spelling.unknown(self._said))
        self.epochs = EPOCHS[material.how]
        self.head_rate = _HEAD_RATE[material.how]
        self.body_rate = _BODY_RATE[material.how]
        self._kept = KeptFeatures(material.features, f"ctc-{_fingerprint(self._model.body)}") if self._quick else None
        if self._kept is not None:
            width = int(self._model.net.lm_head.in_features)
            moments = sum(e.item.seconds for e in material.train) * 1.5 * 50
            if not self._kept.make_room(int(moments * width * 2)):
                self._kept = None
        self._own_settings = _still(self._model.net)

    @property
    def _quick(self) -> bool:
        return self._how is How.QUICK

    @property
    def module(self) -> nn.Module:
        net: nn.Module = self._model.net
        return net

    def notes(self) -> list[str]:
        """What the person should know before it starts."""
        found = []
        if self.learnt_letters:
            found.append(
                f"“{self._model.card.name}” has no sign for {', '.join(self.learnt_letters)}: it learns"
                f" {'it' if len(self.learnt_letters) == 1 else 'them'} from your recordings alone, so have many with"
                f" {'it' if len(self.learnt_letters) == 1 else 'them'}."
            )
        if self.left_out:
            found.append(f"These signs of your words are left out, it does not write them: {' '.join(self.left_out)}")
        return found

    def stages(self) -> list[list[nn.Parameter]]:
        return trained_stages(self._model.stages(), self._how)

    def training_mode(self) -> None:
        self._model.net.train(not self._quick)
        # Its part for waves stays as it is, also in its running.
        self._model.body.feature_extractor.eval()

    def prepare(self, example: Example, augment_seed: int | None = None) -> dict[str, Any]:
        """The clip and its letters.

        Raises:
            UserError: when it cannot be read, is too long, or too short for its words.
        """
        tokens = self._spelling.tokens(words_of(example))
        name = example.item.content_hash or hashlib.sha256(str(example.item.path).encode()).hexdigest()
        prepared: dict[str, Any] = {"tokens": tokens, "name": name, "seed": None}
        kept = self._kept.get(name) if self._kept is not None else None
        if kept is not None:
            return {**prepared, "hidden": kept[0].float(), "seconds": example.item.seconds}
        wave, cut = read_sound(example.item.sample(), self._model.sample_rate, MOST_SECONDS)
        if cut:
            raise UserError(
                f"The clip is longer than {MOST_SECONDS:.0f} seconds, which is too much to learn from at once.",
                "Cut it into shorter clips, each with its words.",
            )
        repeats = sum(a == b for a, b in pairwise(tokens))
        if self._model.moments(len(wave)) < len(tokens) + repeats:
            raise UserError("The clip is too short for all its words.", "Check what is written for it.")
        seconds = len(wave) / self._model.sample_rate
        if augment_seed is not None and not self._quick:
            wave, prepared["seed"] = varied(wave, augment_seed), augment_seed
        return {**prepared, "wave": wave, "seconds": seconds}

    def step(self, prepared: Sequence[Mapping[str, Any]]) -> Step:
        import torch

        losses = [loss for group in _alike(prepared) for loss in self._losses(self._logits(group), group)]
        return Step(torch.stack(losses).mean())

    def check(self, prepared: Sequence[Mapping[str, Any]]) -> Checked:
        import torch

        found: list[Prediction] = []
        losses = []
        with torch.inference_mode():
            for sample in prepared:
                logits, lengths = self._logits([sample])
                losses.append(float(self._losses((logits, lengths), [sample])[0]))
                found.append(self._text(sample, torch.log_softmax(logits[0].float(), -1).cpu().numpy()))
        return Checked(found, losses)

    def state(self) -> dict[str, torch.Tensor]:
        return dict(self._model.net.state_dict())

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        self._model.load_state(state)

    def result(self) -> CtcTranscriber:
        for name, value in self._own_settings.items():
            setattr(self._model.net.config, name, value)
        return self._model

    # Computing -----------------------------------------------------------------------------------------------------

    def _logits(self, group: Sequence[Mapping[str, Any]]) -> tuple[torch.Tensor, list[int]]:
        """Of clips of about one length: logits float [B, T, V], and how many moments of each count."""
        import torch

        if self._quick:
            hidden = [self._hidden(sample) for sample in group]
            lengths = [len(h) for h in hidden]
            filled = torch.nn.utils.rnn.pad_sequence(hidden, batch_first=True).to(self._device)
            return self._model.net.lm_head(filled), lengths
        half = self._device == "cuda" and torch.cuda.is_bf16_supported()
        lengths = [self._model.moments(len(sample["wave"])) for sample in group]
        # In half precision where the device is made for it.
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half):
            inputs = self._model.inputs([sample["wave"] for sample in group])
            mask = self._mask(group, self._model.moments(inputs["input_values"].shape[1]))
            heard = self._model.body(
                **inputs, **({} if mask is None else {"mask_time_indices": mask})
            ).last_hidden_state
            return self._model.net.lm_head(self._model.net.dropout(heard)), lengths

    def _hidden(self, sample: Mapping[str, Any]) -> torch.Tensor:
        """What the frozen network hears in a clip, float32 [T, F]; it is asked once."""
        import torch

        if "hidden" in sample:
            kept: torch.Tensor = sample["hidden"]
            return kept
        with torch.no_grad():
            heard: torch.Tensor = self._model.body(**self._model.inputs([sample["wave"]])).last_hidden_state[0]
        # In the precision in which it is kept, so that the first epoch learns from the same numbers as the others.
        heard = heard.half().float().cpu()
        if self._kept is not None:
            self._kept.put(str(sample["name"]), (heard,))
        return heard

    def _mask(self, group: Sequence[Mapping[str, Any]], moments: int) -> torch.Tensor | None:
        """Moments to be hidden, bool [B, T], drawn from each example's seed alone."""
        import torch

        if not hasattr(self._model.body, "masked_spec_embed") or all(s["seed"] is None for s in group):
            return None
        mask = torch.zeros(len(group), moments, dtype=torch.bool)
        for row, sample in enumerate(group):
            if sample["seed"] is None:
                continue
            rng = random.Random(sample["seed"] + 1)
            for start in range(moments):
                if rng.random() < _HIDDEN_SHARE:
                    mask[row, start : start + _HIDDEN_MOMENTS] = True
        return mask.to(self._device)

    def _losses(self, heard: tuple[torch.Tensor, list[int]], group: Sequence[Mapping[str, Any]]) -> list[torch.Tensor]:
        """The CTC loss of each clip per letter: minus the logarithm of the probability of its words, over their length."""
        import torch
        from torch.nn.functional import ctc_loss

        logits, lengths = heard
        shares = torch.log_softmax(logits.float(), -1).transpose(0, 1)
        wanted = [torch.tensor(sample["tokens"], dtype=torch.int64) for sample in group]
        losses = ctc_loss(
            shares, torch.cat(wanted).to(shares.device), torch.tensor(lengths), torch.tensor([len(w) for w in wanted]),
            blank=self._model.letters.blank, reduction="none", zero_infinity=True,
        )  # fmt: skip
        return list(losses / torch.tensor([max(1, len(w)) for w in wanted], device=losses.device))

    def _text(self, sample: Mapping[str, Any], shares: Floats) -> Prediction:
        import numpy as np

        rate = self._model.sample_rate
        length = len(sample["wave"]) if "wave" in sample else int(float(sample["seconds"]) * rate)
        window = Window(np.zeros(length, np.float32), 0.0, 0.0, float("inf"))
        writer = Transcript()
        for word in self._model.heard(window, best_path(shares, self._model.letters), len(shares)):
            writer.add(word)
        return writer.text(finished=True)


def _alike(prepared: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Clips of about one length together, so that little of a pass is filling."""
    groups: list[list[Mapping[str, Any]]] = []
    for sample in sorted(prepared, key=lambda s: float(s["seconds"])):
        if groups and float(sample["seconds"]) <= _ALIKE * float(groups[-1][0]["seconds"]) + 0.2:
            groups[-1].append(sample)
        else:
            groups.append([sample])
    return groups


def _still(net: Any) -> dict[str, Any]:
    """Switch off what the library would draw at random by itself; gives the settings as they were."""
    wanted = {"mask_time_prob": 0.0, "mask_feature_prob": 0.0, "layerdrop": 0.0}
    before = {name: getattr(net.config, name) for name in wanted if hasattr(net.config, name)}
    for name in before:
        setattr(net.config, name, wanted[name])
    net.freeze_feature_encoder()
    return before


def _fingerprint(body: nn.Module) -> str:
    """Of the weights that make the features."""
    digest = hashlib.sha256()
    for name, value in sorted(body.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def varied(wave: Floats, seed: int) -> Floats:
    """A voice changed at random: faster or slower by up to a tenth (Ko et al. 2015), louder or softer, with some noise.

    Args:
        wave: float32 [T] in -1..1. `seed`: all of it is drawn from this alone.
    """
    import numpy as np

    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    speed = rng.uniform(0.9, 1.1)
    places = np.arange(0, max(1, len(wave) - 1), speed)
    changed: Any = np.interp(places, np.arange(len(wave)), wave) if len(wave) > 1 else wave
    loudness = float(np.sqrt(np.mean(np.square(changed)))) + 1e-6
    changed = changed * 10 ** (rng.uniform(-6, 6) / 20)
    changed = changed + noise.normal(size=len(changed)) * loudness * 10 ** (rng.uniform(-60, -30) / 20)
    made: Floats = np.clip(changed, -1, 1).astype(np.float32)
    return made
