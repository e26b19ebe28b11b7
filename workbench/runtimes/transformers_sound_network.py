"""Sound networks of transformers as backbones with pooled features: AST, and those that take the wave itself (Wav2Vec 2.0,
HuBERT, WavLM). Published classifiers keep their head; bare networks are beginnings for training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.hf_loading import LOCAL, load_network, load_part
from workbench.runtimes.network import split_last_linear
from workbench.runtimes.sound_network import SoundNetwork

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Floats

CLASSIFIER, BARE = "AutoModelForAudioClassification", "AutoModel"
KINDS = (CLASSIFIER, BARE)
# Of networks that take any length: longer ones need memory with the square of it.
_LONGEST_SECONDS = 30.0
# Shorter than this, the first layers of a network for waves have nothing to work on.
_SHORTEST_SECONDS = 0.1
_LEARNING_RATE = 5e-5


class HubSoundNetwork(SoundNetwork):
    """A `SoundNetwork` of transformers.

    Attributes:
        extractor: its feature extractor: waves to inputs.
    """

    # For one window, whose input its feature extractor makes: that goes along as preprocessor_config.json.
    stands_alone = True

    def __init__(
        self,
        card: ModelCard,
        labels: tuple[str, ...],
        backbone: nn.Module,
        pooled: Callable[[nn.Module, torch.Tensor], torch.Tensor],
        width: int,
        extractor: Any,
        head: nn.Linear | None,
    ) -> None:
        self.extractor = extractor
        rate = int(extractor.sampling_rate)
        self._shortest = int(rate * _SHORTEST_SECONDS)
        super().__init__(
            card, labels, backbone, pooled, self._prepared, width, rate, _window_seconds(extractor), head,
            _LEARNING_RATE, fills=False,
        )  # fmt: skip

    def _prepared(self, window: Floats) -> torch.Tensor:
        """A window float32 [T] as the network's input: a wave float [T], or a picture of its pitches float [frames, bands]."""
        import numpy as np

        if len(window) < self._shortest:
            window = np.pad(window, (0, self._shortest - len(window)))
        made = self.extractor(window, sampling_rate=self.sample_rate, return_tensors="pt")
        return cast("torch.Tensor", made[self.extractor.model_input_names[0]][0])

    def beside(self, folder: Path) -> dict[str, Any]:
        self.extractor.save_pretrained(folder)
        return {
            "preparation": "preprocessor_config.json", "sample_rate": self.sample_rate,
            "window_seconds": self.window_seconds, "several_windows": "the mean of their logits counts",
        }  # fmt: skip

    def stages(self) -> list[list[nn.Parameter]]:
        """Without the first layers of networks for waves, which stay as they are (Baevski et al. 2020, section 4.3)."""
        fixed = {id(p) for part in _wave_layers(self.backbone) for p in part.parameters()}
        found = [[p for p in stage if id(p) not in fixed] for stage in super().stages()]
        return [stage for stage in found if stage]


def open_network(card: ModelCard, path: Path) -> HubSoundNetwork:
    """A folder of config, feature extractor and weights; no code of others is run.

    Raises:
        UserError: when it is incomplete, damaged, or of an architecture that cannot do this.
    """
    model = load_network(card.arch, path, card.name)
    return _network(card, model, load_part("AutoFeatureExtractor", path, card.name), keep_head=True)


def build(card: ModelCard, folder: Path) -> HubSoundNetwork:
    """The bare network of an own model; its weights are loaded by the caller."""
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        model = getattr(transformers, card.arch).from_config(config)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The files of “{card.name}” are incomplete or damaged.", "Import or train the model again."
        ) from error
    # Several of its classes at once: that was the published model's way. An own model is taught one class per recording.
    options = {k: v for k, v in card.options.items() if k != "multi_label"}
    extractor = load_part("AutoFeatureExtractor", folder, card.name)
    return _network(replace(card, options=options), model, extractor, keep_head=False)


def save_extras(model: HubSoundNetwork, folder: Path) -> None:
    """What such a model needs beside its weights: its config, and how waves are prepared."""
    backbone: Any = model.backbone
    backbone.config.save_pretrained(folder)
    model.extractor.save_pretrained(folder)


def _network(card: ModelCard, model: Any, extractor: Any, *, keep_head: bool) -> HubSoundNetwork:
    config = model.config
    keep_still(config, model)
    if card.arch == BARE:
        return HubSoundNetwork(card, (), model, _bare_features(model), int(config.hidden_size), extractor, None)
    head = split_last_linear(model, int(config.num_labels))
    if head is None:
        raise UserError(f"“{card.name}” has no classes of its own.", "Choose another model.")
    if not keep_head:
        return HubSoundNetwork(card, (), model, _before_head, head.in_features, extractor, None)
    labels = card.label_names or tuple(str(config.id2label[i]) for i in range(config.num_labels))
    if getattr(config, "problem_type", None) == "multi_label_classification":
        card = replace(card, options={**card.options, "multi_label": True})
    return HubSoundNetwork(card, labels, model, _before_head, head.in_features, extractor, head)


def keep_still(config: Any, model: nn.Module) -> None:
    """No part is hidden or left out at random while it learns: recordings are varied instead, from a seed that a resumed
    run draws again, and short ones have less than the stretches that would be hidden."""
    config.apply_spec_augment = False
    if hasattr(config, "layerdrop"):
        config.layerdrop = 0.0
    for part in model.modules():
        if hasattr(part, "layerdrop"):
            part.layerdrop = 0.0  # type: ignore[assignment]


def _before_head(backbone: nn.Module, windows: torch.Tensor) -> torch.Tensor:
    """What the last linear layer saw: the layer is an identity by now."""
    answer: Any = backbone(windows)
    return cast("torch.Tensor", answer.logits)


def _bare_features(model: nn.Module) -> Callable[[nn.Module, torch.Tensor], torch.Tensor]:
    """The mean over time of all layers' outputs, every layer counting alike: what sounds differ in lies in the middle layers
    of networks that were never taught to tell them apart (Yang et al. 2021, arXiv 2105.01051). Of AST its own summary."""
    if not list(_wave_layers(model)):
        return lambda body, windows: cast("torch.Tensor", cast("Any", body)(windows).pooler_output)

    def features(body: nn.Module, windows: torch.Tensor) -> torch.Tensor:
        import torch

        layers = cast("Any", body)(windows, output_hidden_states=True).hidden_states
        return torch.stack(layers).mean(0).mean(1)

    return features


def _wave_layers(model: nn.Module) -> list[nn.Module]:
    """The layers that make moments of a wave; none in networks that look at pictures of pitches."""
    return [part for name, part in model.named_modules() if name.split(".")[-1] == "feature_extractor"]


def _window_seconds(extractor: Any) -> float:
    """How much of a recording it takes at once."""
    frames = getattr(extractor, "max_length", None)
    rate = int(extractor.sampling_rate)
    if getattr(extractor, "num_mel_bins", None) and isinstance(frames, int):
        # Kaldi's frames: 25 ms long, one every 10 ms, none beyond the end.
        return (0.025 * rate + (frames - 1) * 0.010 * rate) / rate
    chunk = getattr(extractor, "chunk_length", None)
    return float(chunk) if isinstance(chunk, int) and chunk > 0 else _LONGEST_SECONDS
