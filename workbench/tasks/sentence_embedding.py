"""Sentence embedding: what a text means, as numbers, and how near other texts come to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Score, Scores, Vector
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


COMPARE = Option(
    "compare", "Compare with", "words", "", "One text a line: how near each comes in meaning (cosine similarity)"
)


class SentenceEmbedding(TextTask):
    """See `workbench.tasks.base.Task`. Needs a text `Network`."""

    info = TaskInfo(
        id="sentence-embedding",
        title="Compare meanings",
        summary="Says how near texts come to each other in meaning, or gives a text's meaning as numbers.",
        media="text",
        noun="text",
        nouns="texts",
        icon="git-compare",
        result="vector",
        file_suffixes=FILES,
        options=(COMPARE,),
        group="Texts",
        question="compare what texts mean",
    )

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        from workbench.tasks.text_classification import TASK as TEXTS

        return TEXTS.prepare(sample, model)

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        import torch

        from workbench.tasks.classification import as_network
        from workbench.tasks.text_classification import TASK as TEXTS

        network = as_network(model)
        lines = [line.strip() for line in options.text(COMPARE).splitlines() if line.strip()][:1000]
        control.check()

        def meaning(prepared: Mapping[str, Any]) -> torch.Tensor:
            """Length 1; of a long text the mean over its windows, each of length 1."""
            seen = TEXTS.averaged(
                [prepared], network, lambda batch: torch.nn.functional.normalize(network.features(batch)), control
            )
            return torch.nn.functional.normalize(seen)

        with torch.inference_mode():
            given = meaning(sample)
            if not lines:
                yield Vector(tuple(given[0].tolist()), str(sample["note"]))
                return
            near: list[float] = []
            for line in lines:
                control.check()
                other = TEXTS.prepare(Sample("text", text=line), network)
                near.append(float((given @ meaning(other).T).clamp(0, 1)))
        ranked = sorted(range(len(lines)), key=lambda i: -near[i])
        note = "1 means the same, 0 nothing in common; the numbers are no probabilities."
        yield Scores(tuple(Score(lines[i], near[i], i) for i in ranked), f"{note} {sample['note']}".strip())


TASK = SentenceEmbedding()
