"""Translation: a text in another language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.tasks.base import Option, TaskInfo, TryOptions
from workbench.tasks.texts import FILES, WritingTask, language_choices

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded, Writing


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
    )

    def choices(self, card: ModelCard, option: Option) -> tuple[tuple[str, str], ...]:
        return language_choices(card.options.get("languages", ()))

    def how(self, options: TryOptions) -> Writing:
        from workbench.runtimes.base import Writing

        return Writing(max_tokens=512, source=options.text(SOURCE), target=options.text(TARGET))

    def messages(self, text: str, options: TryOptions, model: Loaded) -> Sequence[Mapping[str, str]]:
        known = [code for code, _ in self.choices(model.card, TARGET)]
        for option in (SOURCE, TARGET):
            chosen = options.text(option)
            if known and chosen not in known:
                raise UserError(
                    f"“{model.card.name}” needs a language: {option.title.lower()}.", "Choose one of its languages."
                )
        return super().messages(text, options, model)


TASK = Translation()
