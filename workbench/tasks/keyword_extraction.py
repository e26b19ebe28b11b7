"""Keyword extraction: the words and phrases that say best what a text is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Span, Text
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded

MANY = Option("many", "How many keywords", "number", 8, "At most so many are marked", 1, 40, 1)
DIFFERENT = Option(
    "different",
    "How different from each other",
    "number",
    0.4,
    "0: those nearest to the text, though they say the same; 1: as different as can be (diversity of Maximal Marginal"
    " Relevance)",
    0.0,
    1.0,
    0.1,
)


class KeywordExtraction(TextTask):
    """See `workbench.tasks.base.Task`. Needs a text `Network`."""

    info = TaskInfo(
        id="keyword-extraction",
        title="Keywords of a text",
        summary="Marks the words and phrases that say best what a text is about.",
        media="text",
        noun="text",
        nouns="texts",
        icon="tag",
        result="text",
        file_suffixes=FILES,
        options=(MANY, DIFFERENT),
        group="Texts",
        question="find the keywords of a text",
    )

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.tasks.classification import as_network
        from workbench.tasks.keywords import keywords

        text = sample["text"]
        found = keywords(text, as_network(model), round(options.number(MANY)), options.number(DIFFERENT), control)
        spans = tuple(Span(*k.spans[0], "keyword", k.score) for k in found)
        yield Text(text, spans, "" if spans else "There is no word in this text that says much.", marked=True)


TASK = KeywordExtraction()
