"""Sound networks of transformers: speech to text (CTC, Whisper), and kinds of sounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.runtimes.base import Loaded
from workbench.runtimes.ctc_transcriber import CtcTranscriber
from workbench.runtimes.hf_loading import load_network, load_part
from workbench.runtimes.whisper import WhisperTranscriber

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats


class SoundClassifier(Loaded):
    """A `SoundSorter`."""

    def __init__(self, card: ModelCard, module: Any, extractor: Any, labels: Sequence[str] = ()) -> None:
        super().__init__(card, module, labels)
        self._extractor = extractor

    @property
    def sample_rate(self) -> int:
        return int(self._extractor.sampling_rate)

    def sound_logits(self, sounds: Sequence[Floats]) -> torch.Tensor:
        import torch

        module: Any = self._module
        rows = []
        for sound in sounds:
            inputs = self._extractor(sound, sampling_rate=self.sample_rate, return_tensors="pt").to(self.device)
            with torch.inference_mode():
                rows.append(module(**inputs).logits[0].float())
        return torch.stack(rows)


def spells(card: ModelCard) -> bool:
    """Its letters can be helped by the usual order of words."""
    return card.arch == "AutoModelForCTC"


def open_pretrained(card: ModelCard, path: Path) -> Loaded:
    """A folder of config, feature extractor (and tokenizer) and weights; no code of others is run.

    Raises:
        UserError: when it is incomplete, damaged, or of an architecture that is not known.
    """
    model = load_network(card.arch, path, card.name)
    if card.arch == "AutoModelForSpeechSeq2Seq":
        return WhisperTranscriber(card, model, load_part("AutoProcessor", path, card.name))
    extractor = load_part("AutoFeatureExtractor", path, card.name)
    if card.arch == "AutoModelForCTC":
        return CtcTranscriber(card, model, extractor, load_part("AutoTokenizer", path, card.name))
    labels = card.label_names or tuple(str(model.config.id2label[i]) for i in range(model.config.num_labels))
    return SoundClassifier(card, model, extractor, labels)
