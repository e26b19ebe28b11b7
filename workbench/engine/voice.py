"""Talking with a model by voice: when the person has stopped speaking, and what of an answer can be read aloud already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench.control import Control

if TYPE_CHECKING:
    from workbench.runtimes.base import Floats

# So long a pause means that the person waits for an answer (seconds); shorter ones are for breath.
PAUSE = 1.2
# So much speech in a row is meant: a cough or a click is shorter.
MEANT = 0.25
# Sooner than this a sentence is not ended: "1.", "e.g.".
_SHORTEST = 2
_END = re.compile(r"(?<=[^\s.!?…][.!?…])[\"'”’)\]]*\s+|(?<=[。！？।؟])\s*|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|vs|etc|e\.g|i\.e|z\.\s?B|d\.\s?h|bzw|ca|approx)|\b[A-Z]|^\s*\d+)\.$"
)
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NOT_SPOKEN = re.compile(r"https?://\S+|\[\d+\]|</?\w[^<>]{0,200}>")
_SIGNS = re.compile(r"[*_`#>|~]+|^\s*[-•]\s+", re.MULTILINE)
_WORD = re.compile(r"\w+")
_ECHO = 0.6


@dataclass(frozen=True)
class Speech:
    """What happened at the microphone, `at` seconds after the recording began."""

    kind: Literal["began", "ended"]
    at: float


def speech_events(blocks: Iterator[Floats], rate: int, control: Control, pause: float = PAUSE) -> Iterator[Speech]:
    """When somebody begins to speak and when they have ended, as it happens (Silero's voice activity detector).

    Args:
        blocks: mono sound float32 at `rate` Hz, as it is recorded.

    Raises:
        Cancelled: when asked to stop.
    """
    from workbench.data.sound import resampled
    from workbench.runtimes.speech_finder import BEGINS_ABOVE, ENDS_BELOW, FRAME, RATE, SpeechFinder

    finder = SpeechFinder()
    step = FRAME / RATE
    at = loud = quiet = 0.0
    speaks = False
    for block in resampled(blocks, rate, RATE):
        control.check()
        for share in finder.hear(block).tolist():
            at += step
            loud = loud + step if share >= BEGINS_ABOVE else 0.0 if share < ENDS_BELOW else loud
            quiet = 0.0 if share >= ENDS_BELOW else quiet + step
            if not speaks and loud >= MEANT:
                speaks = True
                yield Speech("began", at - loud)
            elif speaks and quiet >= pause:
                speaks = False
                yield Speech("ended", at - quiet)


class Sentences:
    """Whole sentences of a text that is still being written, ready to be read aloud."""

    def __init__(self) -> None:
        self._given = 0

    def add(self, text: str, last: bool = False) -> list[str]:
        """The text as it stands now (it only grows); sentences that have ended since. `last`: it grows no more."""
        whole = _CODE.sub("\n", text)
        found: list[str] = []
        for match in _END.finditer(whole, self._given):
            # The end may still move while nothing follows it.
            if match.end() == len(whole) and not last:
                break
            sentence = whole[self._given : match.end()].strip()
            if len(sentence) < _SHORTEST or _ABBREVIATION.search(sentence):
                continue
            found.append(sentence)
            self._given = match.end()
        if last:
            found.append(whole[self._given :])
            self._given = len(whole)
        return [spoken for sentence in found if _WORD.search(spoken := speakable(sentence))]


def speakable(text: str) -> str:
    """Without what nobody reads aloud: code, addresses, signs of Markdown, numbers of passages."""
    return _SIGNS.sub("", _NOT_SPOKEN.sub("", _CODE.sub("\n", text))).strip()


def echo_of(heard: str, spoken: str) -> bool:
    """Is what the microphone heard most likely the app's own voice? So when most of its words were just read aloud."""
    words = _WORD.findall(heard.casefold())
    own = set(_WORD.findall(spoken.casefold()))
    return bool(words) and sum(w in own for w in words) / len(words) >= _ECHO
