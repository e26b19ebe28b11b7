"""Extractive question answering: the place in a text that answers a question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.errors import UserError
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Span, Text
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded


QUESTION = Option("question", "Question", "text", tip="For example: When was it built?", needed=True)


class QuestionAnswering(TextTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="question-answering",
        title="Answer from a text",
        summary="Finds the place in your text that answers your question.",
        media="text",
        noun="text",
        nouns="texts",
        icon="circle-help",
        result="text",
        file_suffixes=FILES,
        options=(QUESTION,),
        group="Texts",
        question="find the answer to a question in a text",
    )

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Answerer, require

        question = options.text(QUESTION)
        if not question:
            raise UserError("There is no question.", "Type what you want to know.")
        found = require(model, Answerer).answer(question, sample["text"], control)
        note = "" if found else "The model finds no answer to this question in the text."
        yield Text(sample["text"], tuple(Span(t.start, t.end, "", t.score) for t in found[:1]), note, marked=True)


TASK = QuestionAnswering()
