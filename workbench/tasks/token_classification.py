"""Token classification: names, places and other pieces of a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.tasks.base import TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Span, Text
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


class TokenClassification(TextTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="token-classification",
        title="Mark names in texts",
        summary="Marks names of people, places, firms and the like (named entities).",
        media="text",
        noun="text",
        nouns="texts",
        icon="tags",
        result="text",
        file_suffixes=FILES,
        group="Texts",
        question="mark names, places and other pieces in texts",
    )

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Tagger, require

        tags = require(model, Tagger).tag(sample["text"], control)
        yield Text(sample["text"], tuple(Span(t.start, t.end, t.label, t.score) for t in tags), marked=True)


TASK = TokenClassification()
