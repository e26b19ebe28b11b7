"""Ask a model about texts twice, the second time with the words of one side swapped for those of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.swapping import LANGUAGES, SwapSet, language_of
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.tasks.base import Task, TryOptions
from workbench.tasks.predictions import Scores
from workbench.trust.swaps import SwapPair, SwapResult, swap_result

# More texts than this tell nothing new and take long.
MOST_TEXTS = 2000
# So many tell in which language they are.
_MOST_READ = 200


def suits_swapping(task: Task) -> bool:
    """Whether a task's answers to texts are classes with probabilities."""
    return task.info.media == "text" and task.info.result == "scores"


def swap_test(
    texts: Sequence[str],
    card: ModelCard,
    task: Task,
    words: SwapSet,
    control: Control | None = None,
    options: TryOptions | None = None,
    pool: ModelPool | None = None,
    most: int = MOST_TEXTS,
) -> SwapResult:
    """See the module. Texts without any of the words are left out, and of the others the first `most` are taken.

    Raises:
        UserError: when the model gives no classes of texts, or cannot be used. Cancelled: when asked to stop.
    """
    if not suits_swapping(task):
        raise UserError(
            "Words can be swapped only for models that sort texts into classes.",
            "Choose another model, or another task.",
        )
    control = control or Control()
    chosen, left_out = [], 0
    for place, text in enumerate(texts):
        control.check()
        swapped = words.swap(text)
        if swapped is not None:
            chosen.append((place, text, swapped))
        elif words.touches(text):
            left_out += 1
        if len(chosen) >= most:
            break
    samples = _samples([(text, swapped.text) for _, text, swapped in chosen])
    answers: list[Scores | None] = []
    if chosen:
        for result in predict(samples, card, task, options, pool, control):
            answers.append(result.prediction if isinstance(result.prediction, Scores) else None)
            control.progress(len(answers), 2 * len(chosen), "Swapping words")
    pairs = []
    for n, (place, text, swapped) in enumerate(chosen):
        first, second = answers[2 * n], answers[2 * n + 1]
        if first is None or second is None:
            continue  # it could not be read, and so cannot be compared
        before, after = _probabilities(first), _probabilities(second)
        name = first.best.name
        moved = after.get(name, 0.0) - before.get(name, 0.0)
        pairs.append(
            SwapPair(place, text, swapped.text, swapped.side, _answer(first), _answer(second), moved, before, after)
        )
    limits = " ".join(part for part in (words.limits, _other_language(texts, words)) if part)
    return swap_result(words.title, words.a, words.b, len(texts), pairs, left_out, limits)


def _other_language(texts: Sequence[str], words: SwapSet) -> str:
    """Said where the words are of another language than the texts; "" where they fit, or nobody can tell."""
    found = language_of(texts[:_MOST_READ])
    if not found or found == words.language:
        return ""
    return f"The texts look {LANGUAGES[found]}, and these words are {LANGUAGES[words.language]}: few of them will fit."


def _samples(pairs: Sequence[tuple[str, str]]) -> Iterator[Sample]:
    for pair in pairs:
        for text in pair:
            yield Sample("text", " ".join(text.split())[:40], text=text)


def _probabilities(scores: Scores) -> dict[str, float]:
    return {s.name: s.value for s in scores.top}


def _answer(scores: Scores) -> str:
    return ", ".join(sorted(s.name for s in scores.chosen)) or "none"
