"""Extractive question answering: the place in a text that answers a question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.questions import questions_of
from workbench.data.shapes import TextSpan, Whole
from workbench.data.types import Item, ItemFilter, Sample
from workbench.errors import UserError
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.predictions import Asked, Prediction, Span, Text
from workbench.tasks.texts import FILES, TextTask

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded, Places
    from workbench.tasks.lesson import How, Lesson, Material


_PAGE = 50
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
        trainable=True,
        editor="answers",
        adapters=True,
        judge="answers",
        mark="answer",
        import_formats=("marked", "table", "folders", "files"),
    )

    def check(self, project: Project) -> None:
        from workbench.tasks.answer_lesson import FEWEST, check_answered

        ids = project.item_ids(ItemFilter(labelled=True, problems=False))
        answered = 0
        for begin in range(0, len(ids), _PAGE):
            states = project.annotation_states(ids[begin : begin + _PAGE])
            answered += sum(bool(q.places) for s in states.values() for q in questions_of(s.annotations))
            if answered >= FEWEST:
                return  # the rest need not be read
        check_answered(answered, self.info.nouns)

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.answer_lesson import AnswerLesson

        return AnswerLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Finds the place in a text that answers a question like those it was taught.",
            "It copies words from the text: it cannot combine, count or explain. It learns the kinds of question it was"
            " taught, far from all there are; asked another way it may name a wrong place and sound sure of it.",
        )

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float:
        """See `workbench.tasks.base.TrainableTask`: Quick reads each text once, the others again and again."""
        from workbench.tasks.answer_lesson import EPOCHS
        from workbench.tasks.lesson import How as Ways

        if how is Ways.QUICK:
            return 0.2 * items
        return 0.6 * (epochs or EPOCHS[how]) * items * (0.7 * (2.0 if how is Ways.BALANCED else 3.2) + 0.15)

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        """All questions about a text, through any text network."""
        net: Any = getattr(model.network, "backbone", model.network)
        if net is None or model.tokenizer is None:
            raise UserError(f"“{model.card.name}” cannot be taught to answer questions.", "Choose a text model.")
        asked = list(prepared["asked"]) or [self.info.title]
        most = min(512, int(getattr(net.config, "max_position_embeddings", 512)) - 2)
        for question in asked:
            inputs = model.tokenizer(
                question, prepared["text"], truncation="only_second", max_length=most, return_tensors="pt"
            )
            net.base_model(**inputs.to(model.device))

    def sample_of(self, item: Item, annotations: Sequence[Annotation]) -> Sample:
        asked = tuple(q.text for q in questions_of(annotations))
        if not asked:
            raise UserError(f"Nothing is asked about “{item.name}”.", "Open it on the Data page and type a question.")
        return replace(item.sample(), asked=asked)

    def annotations_of(self, prediction: Prediction, class_ids: Mapping[str, int]) -> list[Annotation]:
        """An answer to each question, or that there is none, to be accepted or not."""
        if not isinstance(prediction, Text):
            return []
        return [
            Annotation(TextSpan(a.start, a.end), text=a.question, source="model", score=a.score)
            if a.answered
            else Annotation(Whole(), text=a.question, source="model", score=a.nothing)
            for a in prediction.asked
        ]

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        return {**super().prepare(sample, model, augment_seed=augment_seed), "asked": sample.asked}

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Answerer, require

        text, typed = sample["text"], options.text(QUESTION)
        questions = [typed] if typed else list(sample.get("asked", ()))
        if not questions:
            raise UserError("There is no question.", "Type what you want to know.")
        answerer = require(model, Answerer)
        found = []
        for question in questions:
            control.check()
            found.append(answerer.look_for(question, text, control))
        said = said_of(text, questions, found)
        yield replace(said, note=_note(said)) if typed else said


def said_of(text: str, questions: Sequence[str], found: Sequence[Places]) -> Text:
    """What a model found for the questions about a text."""
    asked = tuple(Asked.of(question, places) for question, places in zip(questions, found, strict=True))
    spans = tuple(Span(a.start, a.end, a.question if len(asked) > 1 else "", a.score) for a in asked if a.answered)
    return Text(text, spans, marked=True, asked=asked)


def _note(said: Text) -> str:
    """For one typed question."""
    only = said.asked[0]
    if only.answered:
        return ""
    note = "The model finds no answer to this question in the text."
    nearest = " ".join(said.text[only.start : only.end].split()) if only.start >= 0 else ""
    return f"{note} The nearest it came to is “{nearest}” ({only.score:.0%})." if nearest else note


TASK = QuestionAnswering()
