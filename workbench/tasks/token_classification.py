"""Token classification: names, places and other pieces of a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.shapes import TextSpan
from workbench.errors import UserError
from workbench.tasks.base import TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Span, Text
from workbench.tasks.texts import FILES, TextTask
from workbench.tasks.token_lesson import check_spans

if TYPE_CHECKING:
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded
    from workbench.tasks.lesson import Lesson, Material


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
        trainable=True,
        editor="spans",
        adapters=True,
        judge="spans",
        import_formats=("marked", "table", "folders", "files"),
    )

    def check(self, project: Project) -> None:
        counts = project.counts()
        if not counts.labelled:
            raise UserError(
                "None of the texts is marked yet.", "Open one on the Data page and mark the words that matter."
            )
        check_spans(sum(1 for n in counts.per_class.values() if n), sum(counts.per_class.values()), self.info.nouns)

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.token_lesson import TokenLesson

        return TokenLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            f"Marks these in texts: {', '.join(classes)}.",
            "It marks only what looks like the examples it was taught, and misses others without saying so.",
        )

    def annotations_of(self, prediction: Prediction, class_ids: Mapping[str, int]) -> list[Annotation]:
        """Proposals for the editor, of the classes the project has."""
        if not isinstance(prediction, Text):
            return []
        return [
            Annotation(TextSpan(s.start, s.end), class_ids[s.label], source="model", score=s.score)
            for s in prediction.spans
            if s.label in class_ids and s.start >= 0
        ]

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Tagger, require

        tags = require(model, Tagger).tag(sample["text"], control)
        yield Text(sample["text"], tuple(Span(t.start, t.end, t.label, t.score) for t in tags), marked=True)


TASK = TokenClassification()
