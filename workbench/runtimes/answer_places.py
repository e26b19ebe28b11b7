"""From a network's numbers to the place that answers a question: one way for asking, teaching and judging.

Each token of a passage gets a number for "the answer begins here" and one for "it ends here"; the first token of a window
stands for "not answered here" (Devlin et al. 2019, section 4.3, for SQuAD 2.0, arXiv 1806.03822).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.runtimes.base import Places, Tag

if TYPE_CHECKING:
    import torch

_LONGEST_ANSWER = 30  # tokens
_OUT = -1e4
Offsets = Sequence[tuple[int, int] | None]


@dataclass(frozen=True)
class Scored:
    """A window as a network judged it.

    Attributes:
        offsets: per token its characters of the passage; None for what is no part of it.
        starts, ends: float [T].
    """

    offsets: Offsets
    starts: torch.Tensor
    ends: torch.Tensor


def allowed(offsets: Offsets) -> list[bool]:
    """Which tokens may begin or end an answer: those of the passage, and the first one, which means that there is none."""
    return [i == 0 or span is not None for i, span in enumerate(offsets)]


def kept(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Logits with those that cannot be (mask False) made unlikely; of one shape, [T] or [B, T]."""
    found: torch.Tensor = logits.float().masked_fill(~mask, _OUT)
    return found


def decoded(windows: Iterable[Scored], passage: str, top: int) -> Places:
    """The likeliest places of all windows, not overlapping, and how likely it is that there is none.

    A place's probability is that of its beginning times that of its end, within its window; there is no answer only when
    every window says so.
    """
    import torch

    found: dict[tuple[int, int], float] = {}
    nothing = math.inf
    for window in windows:
        mask = torch.tensor(allowed(window.offsets), device=window.starts.device)
        starts = torch.log_softmax(kept(window.starts, mask), -1)
        ends = torch.log_softmax(kept(window.ends, mask), -1)
        nothing = min(nothing, float(starts[0] + ends[0]))
        inside = mask.clone()
        inside[0] = False
        pairs = starts[:, None] + ends[None, :]
        there = (inside[:, None] & inside[None, :]).triu().tril(_LONGEST_ANSWER - 1)
        pairs = pairs.masked_fill(~there, -math.inf)
        values, places = pairs.flatten().topk(min(top * 4, pairs.numel()))
        for value, place in zip(values.tolist(), places.tolist(), strict=True):
            first, last = window.offsets[place // pairs.shape[1]], window.offsets[place % pairs.shape[1]]
            if first is None or last is None or value == -math.inf:
                continue
            if passage[first[0] : last[1]].strip():
                span = (first[0], last[1])
                found[span] = max(found.get(span, -math.inf), value)
    ranked = sorted(found.items(), key=lambda entry: -entry[1])
    chosen: list[Tag] = []
    for (start, end), value in ranked:
        if all(end <= c.start or start >= c.end for c in chosen):
            chosen.append(Tag(start, end, "", math.exp(value)))
    best = ranked[0][1] if ranked else -math.inf
    none = 0.0 if nothing == math.inf else nothing
    return Places(tuple(chosen[:top]), math.exp(none), best - none)


def token_places(offsets: Offsets, start: int, end: int) -> tuple[int, int]:
    """First and last token of a piece of the passage (characters, without blanks at its ends); (0, 0), which means "not
    answered here", when it does not lie in this window as a whole."""
    first = last = 0
    for place, span in enumerate(offsets):
        if span is None or span[0] == span[1]:
            continue
        if not first and span[0] <= start < span[1]:
            first = place
        if span[0] < end <= span[1]:
            last = place
    return (first, last) if first and first <= last else (0, 0)
