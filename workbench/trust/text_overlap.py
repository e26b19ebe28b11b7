"""How much a text that was written has in common with the right one: BLEU, chrF and ROUGE-L, each from 0 to 100.

BLEU (Papineni et al. 2002) and chrF (Popović 2015) are those of sacreBLEU (Post 2018, arXiv 1804.08771), with its signature,
so that the numbers can be held against published ones; their intervals are its bootstrap too. ROUGE-L (Lin 2004) is the F1 of
the longest row of words that both texts have in the same order, the mean over the texts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.words import stands_alone, word_spans
from workbench.trust.judging import bootstrap

Kind = Literal["bleu", "chrf", "rouge"]
# (id, words): how a text is cut into words for BLEU; "" looks at the letters of the right texts.
PARTINGS = (
    ("", "as the right text needs it"),
    ("13a", "at blanks and punctuation"),
    ("zh", "Chinese: each character"),
    ("char", "each letter (Japanese, Thai)"),
)
_DRAWS = 1000
_MOST_DRAWN, _FEWEST_DRAWS = 2_000_000, 100
# Of one text: comparing letters grows with the length, words in order with the square of it.
LONGEST = 500_000
_NAMES: dict[str, tuple[str, str, str]] = {
    "bleu": ("Word groups in common", "BLEU", "groups of one to four words that also stand in the right text"),
    "chrf": ("Letter groups in common", "chrF", "groups of one to six letters that both texts have"),
    "rouge": ("Words in the same order", "ROUGE-L", "the longest row of words both texts have in the same order, F1"),
}
# Scripts that are written without blanks between the words, beside Chinese: kana, Thai, Lao, Burmese, Khmer.
_NO_BLANKS = ((0x3041, 0x30FF), (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))


@dataclass(frozen=True)
class Overlap:
    """One score of one text or of many.

    Attributes:
        value: 0..100.
        low, high: its 95 % interval; None for a single text.
        n: texts.
        signature: how it was computed, as sacreBLEU writes it.
    """

    kind: Kind
    value: float
    n: int
    signature: str
    low: float | None = None
    high: float | None = None

    @property
    def title(self) -> str:
        """In plain words."""
        return _NAMES[self.kind][0]

    @property
    def term(self) -> str:
        return _NAMES[self.kind][1]

    @property
    def tip(self) -> str:
        """With the technical term and the signature."""
        return f"{self.term}: {_NAMES[self.kind][2]}. 100 is the right text itself. {self.signature}"

    def sentence(self) -> str:
        """ "Word groups in common: 34.2 of 100 (BLEU); on more such texts expect 31.0 to 37.5"."""
        text = f"{self.title}: {self.value:.1f} of 100 ({self.term})"
        if self.low is not None and self.high is not None:
            text += f"; on more such texts expect {self.low:.1f} to {self.high:.1f}"
        return text

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"score": round(self.value, 4), "texts": self.n, "signature": self.signature}
        if self.low is not None and self.high is not None:
            found |= {"low": round(self.low, 4), "high": round(self.high, 4)}
        return found


class _Watched(list[str]):
    """A list that hears "stop" while somebody goes through it."""

    def __init__(self, values: Sequence[str], control: Control) -> None:
        super().__init__(values)
        self._control = control

    def __iter__(self) -> Iterator[str]:
        for value in super().__iter__():
            self._control.check()
            yield value


def parting_for(texts: Sequence[str]) -> str:
    """How these texts are cut into words for BLEU: "13a", "zh" or "char" (see `PARTINGS`), by what most letters are."""
    letters = [c for text in texts for c in text[:5000] if c.isalpha()]
    alone = sum(1 for c in letters if any(low <= ord(c) <= high for low, high in _NO_BLANKS))
    chinese = sum(1 for c in letters if stands_alone(c)) - sum(1 for c in letters if 0x3041 <= ord(c) <= 0x30FF)
    if 2 * (alone + chinese) <= len(letters):
        return "13a"
    # Japanese mixes Chinese characters with kana; Chinese has none.
    return "char" if 20 * alone > chinese else "zh"


def overlaps(
    kinds: Sequence[str],
    given: Sequence[str],
    right: Sequence[str],
    parting: str = "",
    ignore_case: bool = False,
    control: Control | None = None,
) -> list[Overlap]:
    """The scores of texts against the right ones, in the order of `kinds`.

    A single text's BLEU leaves out groups that are longer than the text itself (sacreBLEU's "effective order").

    Args:
        kinds: of "bleu", "chrf", "rouge".
        given, right: as many of each.
        parting: for BLEU, an id of `PARTINGS`.

    Raises:
        UserError: when there is nothing to compare, or a text is too long.
        Cancelled: when asked to stop.
    """
    if not given or len(given) != len(right):
        raise UserError("There is nothing to compare.", "Give each text its right one.")
    if max(map(len, (*given, *right))) > LONGEST:
        raise UserError(f"Texts of more than {LONGEST:,} characters are not compared.", "Compare chapters one by one.")
    control = control or Control()
    found = []
    for kind in kinds:
        control.check()
        if kind == "rouge":
            found.append(_rouge(given, right, control))
        else:
            found.append(_sacre(kind, given, right, parting or parting_for(right), ignore_case, control))
    return found


def per_text(kind: str, given: str, right: str, parting: str = "13a") -> float:
    """One text's score in 0..1, for comparing models on the same texts."""
    if kind == "rouge":
        return rouge_l(given, right)
    return float(_metric(kind, parting, False, True).sentence_score(given, [right]).score) / 100


@cache
def _metric(kind: str, parting: str, ignore_case: bool, single: bool) -> Any:
    from sacrebleu.metrics import BLEU, CHRF

    metric: Any
    if kind == "bleu":
        metric = BLEU(tokenize=parting, lowercase=ignore_case, effective_order=single)
    else:
        metric = CHRF(lowercase=ignore_case)
    compute = metric._compute_score_from_stats

    def computed(stats: Any) -> Any:
        """Its bootstrap takes the mean of numbers of two kinds, which fails where a drawn score is 0."""
        score = compute(stats)
        score.score = float(score.score)
        return score

    metric._compute_score_from_stats = computed
    return metric


def _sacre(
    kind: Any, given: Sequence[str], right: Sequence[str], parting: str, ignore_case: bool, control: Control
) -> Overlap:
    single = len(given) == 1
    metric = _metric(kind, parting, ignore_case, single)
    if single:
        score = metric.sentence_score(given[0], [right[0]])
        return Overlap(kind, float(score.score), 1, f"{score.name}|{metric.get_signature().format()}")
    # All draws are held in memory at once: fewer of many texts, which differ less from draw to draw.
    draws = min(_DRAWS, _MOST_DRAWN // len(given))
    draws = draws if draws >= _FEWEST_DRAWS else 1
    score = metric.corpus_score(_Watched(given, control), [_Watched(right, control)], n_bootstrap=draws)
    signature = f"{score.name}|{metric.get_signature().format()}"
    if draws == 1:
        return Overlap(kind, float(score.score), len(given), signature)
    mean, wide = float(score._mean), float(score._ci)
    return Overlap(kind, float(score.score), len(given), signature, max(0.0, mean - wide), min(100.0, mean + wide))


def _rouge(given: Sequence[str], right: Sequence[str], control: Control) -> Overlap:
    values = []
    for said, wanted in zip(given, right, strict=True):
        control.check()
        values.append(100 * rouge_l(said, wanted))
    signature = "ROUGE-L|F1|case:lc|words:letters and digits|stemmer:no"
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Overlap("rouge", mean, 1, signature)
    low, high = bootstrap(values, lambda drawn: sum(drawn) / len(drawn))
    return Overlap("rouge", mean, len(values), signature, low, high)


def rouge_l(given: str, right: str) -> float:
    """F1 of the longest common subsequence of words, in 0..1 (Lin 2004). 0 where a text has no words."""
    from rapidfuzz.distance import LCSseq

    said, wanted = _words(given), _words(right)
    if not said or not wanted:
        return 0.0
    common = LCSseq.similarity(said, wanted)
    return 2 * common / (len(said) + len(wanted))


def _words(text: str) -> list[str]:
    """Rows of letters and digits in lower case; Chinese characters and kana each by itself."""
    plain = "".join(
        c if unicodedata.category(c)[0] in "LNM" else " " for c in unicodedata.normalize("NFC", text).lower()
    )
    return [plain[start:end] for start, end in word_spans(plain)]
