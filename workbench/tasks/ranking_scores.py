"""How good a list of recommendations is, when it is known what the person chose next.

Recall at k is the share of what they chose that stands among the first k (of more than k chosen things at most k can: the share is
of k then). NDCG at k counts those higher up more (Järvelin & Kekäläinen 2002, doi 10.1145/582415.582418), with gains of 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence


def recall(ranked: Sequence[int], wanted: Collection[int], k: int) -> float:
    """0..1; 0 where nothing is wanted."""
    if not wanted:
        return 0.0
    return sum(1 for thing in ranked[:k] if thing in wanted) / min(k, len(wanted))


def ndcg(ranked: Sequence[int], wanted: Collection[int], k: int) -> float:
    """0..1; 0 where nothing is wanted."""
    if not wanted:
        return 0.0
    found = sum(1 / math.log2(place + 2) for place, thing in enumerate(ranked[:k]) if thing in wanted)
    return found / sum(1 / math.log2(place + 2) for place in range(min(k, len(wanted))))
