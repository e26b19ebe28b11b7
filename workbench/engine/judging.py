"""What the answers on validation items are worth while a training runs: one number for the curves, a few for the eye."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.data.shapes import TextSpan
from workbench.data.types import Item, Split
from workbench.engine.events import SamplePredicted
from workbench.engine.run import Run
from workbench.tasks.predictions import Prediction, thumbnail_record
from workbench.trust.judging import Answered, judge

_SAMPLES = 6


@dataclass(frozen=True)
class Verdict:
    """`loss` is the mean over the items, -1 where there is none; `score` in 0..1, higher is better."""

    loss: float
    score: float
    metric: str


def verdict(run: Run, items: Sequence[Item], found: Sequence[Prediction], losses: Sequence[float]) -> Verdict:
    """Judge the answers on these items."""
    said = judge(run.task.info.judge, run.config.classes, answered(run, items, found), Split.VALIDATION.value)
    numbers = said.headline()
    loss = sum(losses) / len(losses) if losses else (-1.0 if items else 0.0)
    return Verdict(loss, float(numbers.get("score", 0.0)), str(numbers.get("metric", "")))


def answered(run: Run, items: Sequence[Item], found: Sequence[Prediction]) -> list[Answered]:
    """Answers beside their truths."""
    result = []
    for item, prediction in zip(items, found, strict=True):
        example = run.examples[item.id]
        names = tuple(run.config.classes[c] if c >= 0 else "" for c in example.classes)
        result.append(Answered(item, run.said(item, prediction, Split.VALIDATION), example.annotations, names))
    return result


def live_samples(run: Run, epoch: int, items: Sequence[Item], found: Sequence[Prediction]) -> Iterator[SamplePredicted]:
    """What the model says now of a few validation items, spread over the classes."""
    if not items:
        return
    chosen = sample_places(run, items)
    answers = answered(run, [items[i] for i in chosen], [found[i] for i in chosen])
    said = judge(run.task.info.judge, run.config.classes, answers, Split.VALIDATION.value).per_item()
    for place, answer in zip(chosen, answers, strict=True):
        prediction = found[place]
        one_class = bool(answer.said.true_class)
        yield SamplePredicted(
            epoch,
            answer.item.id,
            answer.said.true_class or truth_words(answer),
            answer.said.predicted_class or prediction.summary(),
            prediction.certainty,
            None if one_class else said.get(answer.item.id, 0.0) >= 0.5,
            None if one_class else thumbnail_record(prediction),
        )


def truth_words(answer: Answered) -> str:
    """ "2 cat, 1 dog"; the words where the truth is words; the question and its answer where the truth is an answer."""
    counts: dict[str, int] = {}
    for annotation, name in zip(answer.annotations, answer.names, strict=True):
        words = name or annotation.text
        if not name and isinstance(annotation.shape, TextSpan):
            piece = (answer.item.text or "")[annotation.shape.start : annotation.shape.end]
            words = f"{words} {' '.join(piece.split())}".strip()
        if words:
            counts[words] = counts.get(words, 0) + 1
    return ", ".join(f"{n} {name}" if n > 1 else name for name, n in counts.items()) or "nothing"


def sample_places(run: Run, items: Sequence[Item]) -> list[int]:
    """Places of up to six items, one class after another, always the same ones."""
    by_class: dict[int, list[int]] = {}
    for place, item in enumerate(items):
        example = run.examples[item.id]
        main = example.target if example.target >= 0 else next((c for c in example.classes if c >= 0), -1)
        by_class.setdefault(main, []).append(place)
    chosen: list[int] = []
    for round_number in range(_SAMPLES):
        for places in by_class.values():
            if round_number < len(places) and len(chosen) < _SAMPLES:
                chosen.append(places[round_number])
    return chosen
