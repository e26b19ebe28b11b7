"""Fill-mask: which word fits into a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.tasks.base import TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Score, Scores
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


_GAP = "___"


class FillMask(TextTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="fill-mask",
        title="Fill a gap",
        summary="Guesses which word fits where you wrote ___.",
        media="text",
        noun="text",
        nouns="texts",
        icon="text-cursor-input",
        result="scores",
        file_suffixes=FILES,
        group="Texts",
        question="guess a missing word (also in chemical formulas)",
    )

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        from workbench.runtimes.base import GapFiller, require

        filler = require(model, GapFiller)
        found: list[Prediction] = []
        for sample in samples:
            if control is not None:
                control.check()
            text = sample["text"].replace(_GAP, filler.gap)
            words = filler.fill(text)
            scores = tuple(Score(word, share, place) for place, (word, share) in enumerate(words))
            found.append(Scores(scores, _note(text.count(filler.gap), int(getattr(filler, "left_out", 0)))))
        return found


def _note(gaps: int, left_out: int) -> str:
    several = f"Only the first of {gaps} gaps was filled." if gaps > 1 else ""
    far = "The text is longer than the model reads at once: it saw what stands around the gap." if left_out else ""
    return f"{several} {far}".strip()


TASK = FillMask()
