"""Speech to text by networks taught by CTC: wav2vec 2.0 (Baevski et al. 2020, arXiv 2006.11477), HuBERT (arXiv 2106.07447)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.runtimes.base import Heard, Loaded
from workbench.runtimes.ctc import Letters, Word, best_path, likeliest_words
from workbench.runtimes.sound_windows import Window, windows

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Floats
    from workbench.runtimes.word_model import WordModel

_SECONDS, _SHARED = 20.0, 2.0
# Two windows place the same word this exactly, in seconds.
_JITTER = 0.25


class CtcTranscriber(Loaded):
    """A `Transcriber`; it spells what it hears letter by letter."""

    invents = False
    window_seconds = _SECONDS

    def __init__(self, card: ModelCard, module: Any, extractor: Any, tokenizer: Any) -> None:
        super().__init__(card, module)
        self.extractor = extractor
        self._tokens = tokenizer

    @property
    def sample_rate(self) -> int:
        return int(self.extractor.sampling_rate)

    @property
    def tokenizer(self) -> Any:
        return self._tokens

    @property
    def net(self) -> Any:
        """The network of transformers, with its last layer."""
        return self._module

    @property
    def letters(self) -> Letters:
        """What its outputs stand for."""
        return letters_of(self._tokens, int(self.net.config.vocab_size))

    def transcribe(
        self, sound: Iterator[Floats], language: str, control: Control, usual: WordModel | None = None
    ) -> Iterator[Heard]:
        letters = self.letters
        told = 0.0  # the end of the last word given
        for window in windows(sound, self.sample_rate, _SECONDS, _SHARED):
            control.check()
            shares = self.shares(window.samples)
            words = likeliest_words(shares, letters, usual) if usual is not None else best_path(shares, letters)
            for heard in self._heard(window, words, len(shares)):
                middle = (heard.begins + heard.ends) / 2
                # A word in the part two windows share belongs to one of them, whole.
                if middle >= max(told, window.start + window.first - _JITTER) and middle < window.start + window.last:
                    told = heard.ends
                    yield heard

    def shares(self, wave: Floats) -> Floats:
        """Natural logarithms of the letters' probabilities at each moment of a piece of sound, float32 [T, V]."""
        import numpy as np
        import torch

        if not len(wave):
            return np.zeros((0, int(self.net.config.vocab_size)), np.float32)
        with torch.inference_mode():
            logits = self.net(**self.inputs([wave])).logits[0].float()
        found: Floats = torch.log_softmax(logits, -1).cpu().numpy()
        return found

    def inputs(self, waves: list[Floats]) -> dict[str, torch.Tensor]:
        """Sounds float32 [T] as the network takes them, filled up to the longest, on its device.

        What is shorter than one moment of the network is filled with silence.
        """
        import numpy as np

        least = self._least()
        waves = [np.pad(w, (0, max(0, least - len(w)))) for w in waves]
        padded = self.extractor(waves, sampling_rate=self.sample_rate, padding=True, return_tensors="pt")
        return {name: value.to(self.device) for name, value in padded.items()}

    def _least(self) -> int:
        """Samples that give one moment."""
        length = 1
        config = self.net.config
        for kernel, stride in zip(reversed(config.conv_kernel), reversed(config.conv_stride), strict=True):
            length = (length - 1) * int(stride) + int(kernel)
        return length

    def _heard(self, window: Window, words: list[Word], moments: int) -> Iterator[Heard]:
        seconds = len(window.samples) / self.sample_rate / max(1, moments)
        for word in words:
            text = self.spell(word.tokens)
            if text:
                begins, ends = window.start + word.first * seconds, window.start + (word.last + 1) * seconds
                yield Heard(begins, ends, text, word.score)

    def spell(self, tokens: tuple[int, ...]) -> str:
        """A word's outputs as text."""
        return str(self._tokens.decode(list(tokens), group_tokens=False)).strip()


def letters_of(tokenizer: Any, count: int) -> Letters:
    """From the tokenizer of a CTC network with `count` outputs."""
    special = {int(i) for i in tokenizer.all_special_ids}
    gap = tokenizer.word_delimiter_token_id
    texts = []
    for index, token in enumerate(tokenizer.convert_ids_to_tokens(list(range(count)))):
        plain = index not in special and index != gap and token is not None
        texts.append(str(token) if plain else "")
    return Letters(tuple(texts), int(tokenizer.pad_token_id), -1 if gap is None else int(gap))
