"""Sound networks of transformers: speech to text (CTC and Whisper), and kinds of sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.runtimes.base import Heard, Loaded
from workbench.runtimes.hf_loading import load_network, load_part
from workbench.runtimes.sound_windows import Window, windows

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats

_CTC_SECONDS, _CTC_SHARED = 20.0, 2.0
_WHISPER_SECONDS = 30.0
_MOST_TOKENS = 440
# A pause this long, in seconds, ends a piece of text.
_PAUSE = 0.6


class _SoundModel(Loaded):
    def __init__(self, card: ModelCard, module: Any, extractor: Any, labels: Sequence[str] = ()) -> None:
        super().__init__(card, module, labels)
        self._extractor = extractor

    @property
    def sample_rate(self) -> int:
        return int(self._extractor.sampling_rate)


class CtcTranscriber(_SoundModel):
    """A `Transcriber` by CTC (Graves et al. 2006; wav2vec 2.0: arXiv 2006.11477): the likeliest letter per moment."""

    def __init__(self, card: ModelCard, module: Any, extractor: Any, tokenizer: Any) -> None:
        super().__init__(card, module, extractor)
        self._tokens = tokenizer

    def transcribe(self, sound: Iterator[Floats], language: str, control: Control) -> Iterator[Heard]:
        for window in windows(sound, self.sample_rate, _CTC_SECONDS, _CTC_SHARED):
            control.check()
            yield from self._pieces(window)

    def letters(self, wave: Floats) -> torch.Tensor:
        """Logits float [T', letters] of a whole piece of sound."""
        import torch

        module: Any = self._module
        inputs = self._extractor(wave, sampling_rate=self.sample_rate, return_tensors="pt")
        with torch.inference_mode():
            logits: torch.Tensor = module(**inputs.to(self.device)).logits[0]
        return logits

    def _pieces(self, window: Window) -> Iterator[Heard]:
        logits = self.letters(window.samples)
        ids = logits.argmax(-1).tolist()
        seconds = len(window.samples) / self.sample_rate / max(1, len(ids))
        blank = self._tokens.pad_token_id
        space = self._tokens.word_delimiter_token_id
        words: list[tuple[list[int], float, float]] = []
        previous, fresh = blank, True
        for place, token in enumerate(ids):
            at = place * seconds
            if token != previous and token != blank:
                if token == space or not window.keeps(at):
                    fresh = True
                elif fresh:
                    words.append(([token], at, at + seconds))
                    fresh = False
                else:
                    words[-1][0].append(token)
                    words[-1] = (words[-1][0], words[-1][1], at + seconds)
            previous = token
        for letters, begins, ends in words:
            text = self._tokens.decode(letters, group_tokens=False).strip()
            if text:
                yield Heard(window.start + begins, window.start + ends, text)


class WhisperTranscriber(_SoundModel):
    """A `Transcriber` by Whisper (Radford et al. 2022, arXiv 2212.04356), thirty seconds at a time."""

    def __init__(self, card: ModelCard, module: Any, processor: Any) -> None:
        super().__init__(card, module, processor.feature_extractor)
        self._processor = processor

    def transcribe(self, sound: Iterator[Floats], language: str, control: Control) -> Iterator[Heard]:
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList

        class Stop(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
                return torch.full((input_ids.shape[0],), control.cancelled, device=input_ids.device)

        module: Any = self._module
        many = bool(getattr(module.generation_config, "is_multilingual", False))
        told = {"language": language, "task": "transcribe"} if many and language else {}
        for window in windows(sound, self.sample_rate, _WHISPER_SECONDS, 0.0):
            control.check()
            inputs = self._extractor(
                window.samples, sampling_rate=self.sample_rate, return_tensors="pt", return_attention_mask=True
            ).to(self.device)
            with torch.inference_mode():
                ids = module.generate(
                    inputs["input_features"].to(module.dtype),
                    attention_mask=inputs["attention_mask"],
                    max_new_tokens=min(_MOST_TOKENS, module.config.max_target_positions - 8),
                    stopping_criteria=StoppingCriteriaList([Stop()]),
                    do_sample=False,
                    num_beams=1,
                    **told,
                )
            control.check()
            text = self._processor.batch_decode(ids, skip_special_tokens=True)[0].strip()
            if text:
                yield Heard(window.start, window.start + len(window.samples) / self.sample_rate, text)


class SoundClassifier(_SoundModel):
    """A `SoundSorter`."""

    def sound_logits(self, sounds: Sequence[Floats]) -> torch.Tensor:
        import torch

        module: Any = self._module
        rows = []
        for sound in sounds:
            inputs = self._extractor(sound, sampling_rate=self.sample_rate, return_tensors="pt").to(self.device)
            with torch.inference_mode():
                rows.append(module(**inputs).logits[0].float())
        return torch.stack(rows)


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
