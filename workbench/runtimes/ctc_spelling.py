"""From words to the letters a CTC network knows, and teaching it letters it does not know yet."""

from __future__ import annotations

import json
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import UserError
from workbench.runtimes.ctc import Letters

if TYPE_CHECKING:
    from workbench.runtimes.ctc_transcriber import CtcTranscriber

# Apostrophes and hyphens as people type them.
_SAME = {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "‐": "-", "‑": "-", "–": "-"}
# A letter that comes less often cannot be learnt.
_OFTEN = 3


@dataclass(frozen=True)
class Spelling:
    """How a network writes: its letters, and whether it has capitals, small letters, or both ("upper", "lower", "")."""

    letters: Letters
    case: str

    @classmethod
    def of(cls, letters: Letters) -> Spelling:
        """From what the network's outputs stand for."""
        known = [t for t in letters.texts if len(t) == 1]
        upper = sum(1 for c in known if c != c.lower())
        lower = sum(1 for c in known if c != c.upper())
        return cls(letters, "upper" if upper > 2 * lower else "lower" if lower > 2 * upper else "")

    def plain(self, text: str) -> str:
        """A text as it would be written with all letters there are: its case, single blanks, composed accents."""
        text = unicodedata.normalize("NFC", "".join(_SAME.get(c, c) for c in text))
        text = text.upper() if self.case == "upper" else text.lower() if self.case == "lower" else text
        return " ".join(text.split())

    def tokens(self, text: str) -> list[int]:
        """The outputs that spell a text, with gaps between the words. What cannot be written is left out."""
        known = self._known()
        words = []
        for word in self.plain(text).split():
            spelt = [i for c in word for i in self._letter(c, known)]
            if spelt:
                words.append(spelt)
        found: list[int] = []
        for number, spelt in enumerate(words):
            if number and self.letters.gap >= 0:
                found.append(self.letters.gap)
            found += spelt
        return found

    def unknown(self, texts: Iterable[str]) -> Counter[str]:
        """Letters, digits and other signs of these texts that the network has no output for, with how often they come."""
        known = self._known()
        return Counter(c for text in texts for c in self.plain(text) if not c.isspace() and c not in known)

    def _known(self) -> dict[str, int]:
        return {t: i for i, t in enumerate(self.letters.texts) if len(t) == 1}

    def _letter(self, letter: str, known: dict[str, int]) -> list[int]:
        if letter in known:
            return [known[letter]]
        # Without its accent, where it has one.
        bare = [c for c in unicodedata.normalize("NFD", letter) if unicodedata.category(c) != "Mn"]
        return [known[c] for c in bare if c in known]


def to_be_learnt(unknown: Counter[str]) -> list[str]:
    """Which unknown signs are worth an output of their own: letters and digits that come often enough."""
    return sorted(c for c, n in unknown.items() if n >= _OFTEN and unicodedata.category(c)[0] in "LMN")


def add_letters(model: CtcTranscriber, new: Sequence[str]) -> None:
    """Give the network outputs for more letters, in place. They are unlikely until they have been learnt.

    Raises:
        UserError: when its kind of spelling cannot be added to.
    """
    import torch
    from torch import nn

    if not new:
        return
    head = model.net.lm_head
    if not isinstance(head, nn.Linear):
        raise UserError(f"“{model.card.name}” cannot learn more letters.", "Choose another model.")
    old = head.out_features
    wider = nn.Linear(head.in_features, old + len(new), bias=head.bias is not None).to(
        head.weight.device, head.weight.dtype
    )
    with torch.no_grad():
        wider.weight[:old] = head.weight
        # Like the mean letter, so that a new one begins as likely as a rare one.
        wider.weight[old:] = head.weight.mean(0)
        if head.bias is not None:
            wider.bias[:old] = head.bias
            wider.bias[old:] = head.bias.min()
    model.net.lm_head = wider
    model.net.config.vocab_size = old + len(new)
    model.tokenizer = _longer(model.tokenizer, old, new)


def _longer(tokenizer: Any, first: int, new: Sequence[str]) -> Any:
    """A tokenizer with more letters, their ids from `first` on."""
    import transformers

    known = tokenizer.get_vocab()
    if not all(isinstance(v, int) for v in known.values()):
        raise UserError("This model's letters are kept by language; it cannot learn more.", "Choose another model.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.json"
        whole = {**known, **{letter: first + n for n, letter in enumerate(new)}}
        file.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
        return transformers.Wav2Vec2CTCTokenizer(
            str(file), bos_token=tokenizer.bos_token, eos_token=tokenizer.eos_token, unk_token=tokenizer.unk_token,
            pad_token=tokenizer.pad_token, word_delimiter_token=tokenizer.word_delimiter_token,
        )  # fmt: skip
