"""Whisper (Radford et al. 2022, arXiv 2212.04356): speech to text of about a hundred languages, half a minute at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.runtimes.base import Heard, Loaded
from workbench.runtimes.sound_windows import Window, windows

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats
    from workbench.runtimes.word_model import WordModel

_SECONDS = 30.0
_MOST_TOKENS = 440
_UNFINISHED = "\ufffd"  # stands for a letter of which a token is only a part


class WhisperTranscriber(Loaded):
    """A `Transcriber` whose words have times."""

    invents = True
    window_seconds = _SECONDS

    def __init__(self, card: ModelCard, module: Any, processor: Any) -> None:
        super().__init__(card, module)
        self._processor = processor

    @property
    def sample_rate(self) -> int:
        return int(self._processor.feature_extractor.sampling_rate)

    def transcribe(
        self, sound: Iterator[Floats], language: str, control: Control, usual: WordModel | None = None
    ) -> Iterator[Heard]:
        spoken = language
        for window in windows(sound, self.sample_rate, _SECONDS, 0.0):
            control.check()
            encoded = self._encode(window)
            # Found out once: a single word later on says little of its language.
            spoken = spoken or self._language(encoded)
            yield from self._words(window, encoded, self._tokens(encoded, spoken, control), spoken)

    def _encode(self, window: Window) -> torch.Tensor:
        """The encoder's output float [1, S, D]."""
        import torch

        module: Any = self._module
        inputs = self._processor.feature_extractor(
            window.samples, sampling_rate=self.sample_rate, return_tensors="pt"
        ).to(self.device)
        with torch.inference_mode():
            encoded: torch.Tensor = module.model.encoder(inputs["input_features"].to(module.dtype)).last_hidden_state
        return encoded

    @property
    def _many_languages(self) -> bool:
        settings = getattr(self._module, "generation_config", None)
        return bool(getattr(settings, "is_multilingual", False)) and bool(getattr(settings, "lang_to_id", None))

    def _language(self, encoded: torch.Tensor) -> str:
        """The token of the language that is heard ("<|de|>"); "" where the model knows only one."""
        if not self._many_languages:
            return ""
        module: Any = self._module
        found = int(module.detect_language(encoder_outputs=_as_output(encoded))[0])
        return next((name for name, number in module.generation_config.lang_to_id.items() if number == found), "")

    def _tokens(self, encoded: torch.Tensor, language: str, control: Control) -> torch.Tensor:
        """What is said, int64 [1, T], without the tokens it begins with. Raises: Cancelled."""
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList

        class Stop(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
                return torch.full((input_ids.shape[0],), control.cancelled, device=input_ids.device)

        module: Any = self._module
        told = {"language": language, "task": "transcribe"} if self._many_languages and language else {}
        with torch.inference_mode():
            ids: torch.Tensor = module.generate(
                encoder_outputs=_as_output(encoded),
                max_new_tokens=min(_MOST_TOKENS, module.config.max_target_positions - 8),
                stopping_criteria=StoppingCriteriaList([Stop()]),
                do_sample=False,
                num_beams=1,
                **told,
            )
        control.check()
        return ids

    def _begin(self, language: str) -> list[int]:
        """The tokens every answer begins with."""
        settings: Any = self._module.generation_config  # type: ignore[union-attr]
        first = [int(settings.decoder_start_token_id)]
        if self._many_languages and language:
            number = settings.lang_to_id.get(language, settings.lang_to_id.get(f"<|{language}|>"))
            first += [int(i) for i in (number, (settings.task_to_id or {}).get("transcribe")) if i is not None]
        plain = getattr(settings, "no_timestamps_token_id", None)
        return first if plain is None else [*first, int(plain)]

    def _words(self, window: Window, encoded: torch.Tensor, ids: torch.Tensor, language: str) -> Iterator[Heard]:
        import torch

        from workbench.runtimes.whisper_words import (
            SECONDS_PER_PLACE,
            look_along,
            moments,
            split_words,
            words_in_time,
        )

        begin = self._begin(language)
        written = self._written(ids[0].tolist())
        pieces = split_words(self._texts(written))
        if not pieces:
            return
        seconds = len(window.samples) / self.sample_rate
        whole = torch.tensor([[*begin, *written]], device=self.device)
        looked, likely = look_along(self._module, encoded, whole)
        # A token is chosen at the token before it; the last row is that of the end of the text.
        begins = moments(looked[:, len(begin) - 1 :], int(seconds / SECONDS_PER_PLACE))
        shares = likely[len(begin) :]
        for piece, (first, last) in zip(pieces, words_in_time(pieces, begins, seconds), strict=True):
            score = float(shares[piece.first : piece.last].mean())
            yield Heard(window.start + first, window.start + last, piece.text, score, piece.glued)

    def _written(self, ids: list[int]) -> list[int]:
        """Only the tokens that are text."""
        settings: Any = self._module.generation_config  # type: ignore[union-attr]
        special = {int(i) for i in self._processor.tokenizer.all_special_ids}
        special |= set(self._begin("")) | {int(self._processor.tokenizer.eos_token_id)}
        stamps = getattr(settings, "no_timestamps_token_id", None)
        return [i for i in ids if i not in special and (stamps is None or i <= stamps)]

    def _texts(self, ids: list[int]) -> list[str]:
        """What each token adds to the text: a letter made of several tokens comes with its last."""
        found, said = [], ""
        for place in range(len(ids)):
            text = self._processor.tokenizer.decode(ids[: place + 1], clean_up_tokenization_spaces=False)
            whole = text.rstrip(_UNFINISHED) if place + 1 < len(ids) else text
            found.append(whole[len(said) :] if len(whole) >= len(said) else "")
            said = whole if len(whole) >= len(said) else said
        return found


def _as_output(encoded: torch.Tensor) -> Any:
    from transformers.modeling_outputs import BaseModelOutput

    return BaseModelOutput(last_hidden_state=encoded)
