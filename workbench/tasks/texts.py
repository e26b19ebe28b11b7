"""What the tasks on texts share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, Option, TryOptions
from workbench.tasks.predictions import Prediction, Text

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded, Writing

FILES = (".txt", ".md")
# Beyond this no model here is of use; it bounds the tokenizers' work.
_MOST_CHARACTERS = 2_000_000
_FEWEST = 10
_WORDS_TO_TOKENS = 1.4
LENGTH = Option("length", "Longest answer, in words", "number", 150, "About 1.4 tokens a word", 10, 2000, 10)
SURPRISE = Option(
    "surprise", "Surprise", "number", 0.0, "0: always the likeliest word; higher: freer (temperature)", 0.0, 1.5, 0.1
)
BREADTH = Option(
    "breadth",
    "Breadth of words",
    "number",
    0.95,
    "Only the likeliest words that make up this share (top-p)",
    0.1,
    1.0,
    0.05,
)


def text_of(sample: Sample) -> str:
    """A sample's text, typed or of a file. Raises: UserError when it is empty or too long."""
    if sample.text is None and sample.path is not None:
        from workbench.data.media import read_text_file

        text = read_text_file(sample.path)
    else:
        text = sample.text or ""
    if not text.strip():
        raise UserError("This text is empty.", "Type or drop a text with at least one word.")
    if len(text) > _MOST_CHARACTERS:
        raise UserError("This text is too long.", "Cut it into parts of at most two million letters.")
    return text


def check_texts(count: int, hint: str) -> None:
    """Raises: UserError when there are too few texts to learn to write from."""
    if count < _FEWEST:
        many = (
            "There is nothing"
            if not count
            else "There is only 1 example"
            if count == 1
            else f"There are only {count} examples"
        )
        raise UserError(f"{many} to learn from; {_FEWEST} are the least.", hint)


class TextTask(BaseTask):
    """A task with a text as its input."""

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        return {"text": text_of(sample), "note": ""}


class WritingTask(TextTask):
    """A task whose answer is written word by word."""

    def messages(self, text: str, options: TryOptions, model: Loaded) -> Sequence[Mapping[str, str]]:
        """What the model is given. Raises: UserError."""
        return [{"role": "user", "content": text}]

    def how(self, options: TryOptions) -> Writing:
        """How the answer is written."""
        from workbench.runtimes.base import Writing

        return Writing(
            max_tokens=int(options.number(LENGTH) * _WORDS_TO_TOKENS),
            temperature=options.number(SURPRISE),
            top_p=options.number(BREADTH),
        )

    def note(self, model: Loaded, text: str) -> str:
        """A sentence for the person, or ""."""
        read = str(getattr(model, "last_note", ""))
        usage = getattr(model, "last_usage", None)
        if usage is None:
            return read
        words = f"{usage.tokens_in:,} tokens sent, {usage.tokens_out:,} received"
        words = f"{words}, about {usage.cost:.4f} {usage.currency}." if usage.cost else f"{words}."
        return f"{words} {read}".strip()

    def given(self, text: str, model: Loaded) -> str:
        """What stands before the new words in the answer."""
        return ""

    def predict_stream(
        self, sample: Mapping[str, Any], model: Loaded, options: TryOptions, control: Control
    ) -> Iterator[Prediction]:
        from workbench.runtimes.base import Writer, require

        writer = require(model, Writer)
        text = sample["text"]
        said = self.given(text, model)
        for piece in writer.write(self.messages(text, options, model), self.how(options), control):
            said += piece
            yield Text(said, finished=False)
        if not said.strip():
            yield Text("", note=f"The model gave no words. {self.note(model, text)}".strip())
            return
        yield Text(said.strip() if not self.given(text, model) else said, note=self.note(model, text))


def language_choices(pairs: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """(code, name) from a card's list of [code, name]."""
    return tuple((str(p[0]), str(p[1])) for p in pairs)
