"""Keyword extraction: the words and phrases that say best what a text is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Span, Text
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded
    from workbench.tasks.keywords import Keyword

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
# Phrases overlap: of so many times as many, those that lie apart are marked.
_SPARE = 3


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

        text, many = sample["text"], round(options.number(MANY))
        found = keywords(text, as_network(model), many * _SPARE, options.number(DIFFERENT), control)
        spans = _apart(found)[:many]
        yield Text(text, spans, "" if spans else "There is no word in this text that says much.", marked=True)


def _apart(found: Sequence[Keyword]) -> tuple[Span, ...]:
    """Each keyword marked where it first stands free of those before it; one that never does says nothing new."""
    marked: list[Span] = []
    for word in found:
        free = (s for s in word.spans if all(s[1] <= m.start or s[0] >= m.end for m in marked))
        place = next(free, None)
        if place is not None:
            marked.append(Span(*place, "keyword", word.score))
    return tuple(marked)


TASK = KeywordExtraction()
