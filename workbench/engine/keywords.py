"""Keywords of documents, and of groups of texts.

What stands for a group is first sought by class-based TF-IDF (Grootendorst 2022): what stands in more of its texts than of the
others'; then, as for a single text, what is near to the group's meaning and differs from what was chosen already.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.engine.document_index import DocumentIndex
from workbench.tasks.keywords import (
    DIVERSITY,
    MOST_CANDIDATES,
    Candidate,
    Keyword,
    candidates,
    chosen_keywords,
    keywords,
    usual_spelling,
)
from workbench.tasks.text_vectors import embed_texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.runtimes.network import Network

    Vectors = npt.NDArray[np.float32]


def text_keywords(
    text: str, index: DocumentIndex, top: int = 10, diversity: float = DIVERSITY, control: Control | None = None
) -> list[Keyword]:
    """Keywords of any text, by an index's model.

    Raises:
        UserError: when there is nothing in it, or too much. Cancelled: when asked to stop.
    """
    control = control or Control()
    with index.model(control) as model:
        return keywords(text, model, top, diversity, control)


def group_keywords(
    groups: Sequence[Sequence[str]],
    centres: Vectors,
    model: Network,
    top: int = 5,
    diversity: float = DIVERSITY,
    control: Control | None = None,
) -> list[list[Keyword]]:
    """Keywords of each group of texts: what stands in it more than in the others, and is near to what it means.

    Args:
        centres: float32 [G, F] of length 1, what each group means.

    Raises:
        Cancelled: when asked to stop.
    """
    control = control or Control()
    counts: list[Counter[str]] = []
    written: dict[str, Counter[str]] = {}
    lengths: dict[str, int] = {}
    for texts in groups:
        own: Counter[str] = Counter()
        for text in texts:
            control.check()
            for candidate in candidates(text, control, most=0):
                own[candidate.folded] += 1  # of texts: a word a single text says often does not name the group
                written.setdefault(candidate.folded, Counter())[candidate.text] += 1
                lengths[candidate.folded] = candidate.length
        counts.append(own)
    found = []
    everywhere: Counter[str] = Counter()
    for own in counts:
        everywhere.update(own)
    mean = sum(sum(own.values()) for own in counts) / max(1, len(counts))
    for own, centre in zip(counts, centres, strict=True):
        control.check()
        weights = {w: n * math.log(1 + mean / everywhere[w]) for w, n in own.items()}
        best = sorted(weights, key=lambda w: (-weights[w], w))[: MOST_CANDIDATES // 4]
        chosen = [Candidate(w, usual_spelling(written[w]), (), lengths[w]) for w in best]
        vectors = embed_texts([c.text for c in chosen], model, control)
        found.append(chosen_keywords(chosen, vectors, centre, top, diversity) if chosen else [])
    return found
