"""Translation: a text in another language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.texts import FILES, WritingTask, check_texts, language_choices

if TYPE_CHECKING:
    from workbench.data.project import Project
    from workbench.runtimes.base import Loaded, Writing
    from workbench.tasks.lesson import Lesson, Material


# Tokens of a few sentences, and of their translation: these models were taught sentence by sentence.
_SENTENCES, _LONGEST = 128, 512
SOURCE = Option("source", "From", "choice", "", "The language of your text")
TARGET = Option("target", "Into", "choice", "", "The language you want")


class Translation(WritingTask):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="translation",
        title="Translate",
        summary="Writes a text in another language.",
        media="text",
        noun="text",
        nouns="texts",
        icon="languages",
        result="text",
        file_suffixes=FILES,
        verb="Translate",
        streams=True,
        options=(SOURCE, TARGET),
        group="Texts",
        question="translate texts",
        overlaps=("bleu", "chrf"),
        trainable=True,
        learns_beginnings=True,
        learns_with=("source", "target"),
        editor="words",
        adapters=True,
        judge="translation",
        import_formats=("table",),
    )

    def check(self, project: Project) -> None:
        check_texts(project.counts().labelled, "Add more texts with their right translations.")

    def lesson(self, material: Material) -> Lesson:
        from workbench.tasks.changing_lesson import ChangingLesson

        return ChangingLesson(material)

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Translates in the manner of your pairs of texts.",
            "It has learnt your words and turns of phrase, not your subject: names, numbers and what matters need checking.",
        )

    def choices(self, card: ModelCard, option: Option) -> tuple[tuple[str, str], ...]:
        own = card.options.get("sources") if option is SOURCE else None
        known = language_choices(own or card.options.get("languages", ()))
        # The first one is chosen at first: another one than that of the text.
        return (*known[1:], *known[:1]) if option is TARGET and own is None else known

    def how(self, options: TryOptions) -> Writing:
        from workbench.runtimes.base import Writing

        return Writing(max_tokens=_LONGEST, source=options.text(SOURCE), target=options.text(TARGET), piece=_SENTENCES)

    def messages(self, text: str, options: TryOptions, model: Loaded) -> Sequence[Mapping[str, str]]:
        for option in (SOURCE, TARGET):
            known = [code for code, _ in self.choices(model.card, option)]
            chosen = options.text(option)
            if len(known) > 1 and chosen not in known:
                raise UserError(
                    f"“{model.card.name}” needs a language: {option.title.lower()}.", "Choose one of its languages."
                )
        if options.text(SOURCE) and options.text(SOURCE) == options.text(TARGET):
            raise UserError("Both languages are the same.", "Choose the language you want.")
        return super().messages(text, options, model)


TASK = Translation()
