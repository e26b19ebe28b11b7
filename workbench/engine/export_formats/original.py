"""The model that is exported, as it is here: what its answers are made of, and what it says of samples."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.runtimes.network import Network
from workbench.runtimes.registry import runtime_of
from workbench.runtimes.sound_network import SoundNetwork
from workbench.tasks.base import PooledTask, TryOptions
from workbench.tasks.decision import decision_of
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_pooled, get_task
from workbench.tasks.tag_answers import tag_thresholds
from workbench.tasks.tag_calibration import tag_calibration_of
from workbench.tasks.tag_decision import tag_decision_of
from workbench.tasks.temperature import temperature_of

# So many samples are enough to see that an export answers alike.
MOST_CHECKED = 32
_FOR_THE_CHECK = ".samples"


@dataclass(frozen=True)
class Given:
    """A sample with what the original says of it: a text, or the path of a file; probabilities by place of the label."""

    value: str
    wanted: dict[int, float]


@dataclass(frozen=True)
class Original:
    """See the module. `model` is in memory for as long as this is used."""

    card: ModelCard
    model: Network
    task: PooledTask

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.model.labels)

    def answering(self) -> dict[str, Any]:
        """How logits become an answer, as plain data: labels, softmax at a temperature, or a sigmoid with thresholds."""
        labels = list(self.labels)
        note: dict[str, Any] = {"name": self.card.name, "licence": self.card.licence, "labels": labels}
        thresholds = tag_thresholds(self.card.options, labels)
        if thresholds is not None:
            # A label counts when the sigmoid of its logit (times its scale, plus its shift) is at least its threshold.
            note |= {"activation": "sigmoid", "thresholds": list(thresholds)}
            calibration = tag_calibration_of(self.card.options, len(labels))
            note |= calibration.to_options() if calibration is not None else {}
            tags = tag_decision_of(self.card.options, labels)
            return note | ({"decision": tags.to_options()} if tags is not None else {})
        # Divide the logits by the temperature before the softmax, so that its percentages mean what they say.
        note |= {"activation": "softmax", "temperature": temperature_of(self.card.options)}
        decision = decision_of(self.card.options, labels)
        return note | ({"decision": decision.to_options()} if decision is not None else {})

    def preparing(self) -> dict[str, Any]:
        """How an item becomes numbers, as plain data. Raises: UserError when others cannot do it."""
        by_media = {"picture": self.seeing, "text": self.reading, "sound": self.hearing}
        return by_media[self.task.info.media]()

    def hearing(self) -> dict[str, Any]:
        """How a recording becomes numbers, as plain data, for a network that takes the wave itself."""
        hears = self.model.standing_alone()
        if not isinstance(hears, SoundNetwork) or not hears.stands_alone:
            raise UserError(f"“{self.card.name}” needs this app to prepare recordings.", "Export it as a folder.")
        if self.card.options.get("multi_label") and "thresholds" not in self.card.options:
            # Published models of several labels: of each the strongest window counts, which only this app does.
            raise UserError(
                f"“{self.card.name}” listens to recordings in a way of its own.", "Teach it your own labels first."
            )
        return {"sample_rate": hears.sample_rate, "window_seconds": hears.window_seconds, "fills": hears.fills}

    def seeing(self) -> dict[str, Any]:
        """How a picture becomes numbers, as plain data.

        Raises:
            UserError: when it was taught pictures with more than 256 greys, which others would read otherwise.
        """
        p = self.model.preparation
        if p.window is not None:
            raise UserError(
                f"“{self.card.name}” looks at pictures with more than 256 greys, which other programs read in other ways.",
                "Export it as a folder for Model Workbench.",
            )
        return {
            "size": p.size, "shorter_side": round(p.size / p.crop), "interpolation": p.interpolation,
            "mean": list(p.mean), "std": list(p.std),
        }  # fmt: skip

    def reading(self) -> dict[str, Any]:
        """How a text becomes numbers, as plain data."""
        p = self.model.preparation
        return {"max_tokens": p.max_tokens, "overlap": int(p.max_tokens * 0.25), "pooling": p.pooling}

    def given(self, samples: Sequence[Sample], work: Path, control: Control) -> list[Given]:
        """The readable ones of the first samples, with the answers of here. What is no file yet becomes one beside `work`,
        gone with `forget`.

        Raises:
            Cancelled: when asked to stop.
        """
        found: list[Given] = []
        for number, sample in enumerate(samples[:MOST_CHECKED]):
            control.check()
            try:
                value = self._value(sample, work, number)
                prepared = self.task.prepare(sample, self.model)
            except UserError:
                continue  # the check goes on with the others; how many were used is said with its result
            said = self.task.predict_batch([prepared], self.model, TryOptions(), control)[0]
            if isinstance(said, Scores):
                found.append(Given(value, {s.index: s.value for s in said.top}))
        return found

    def _value(self, sample: Sample, work: Path, number: int) -> str:
        if sample.text is not None:
            return sample.text
        if sample.frame or sample.window:
            raise UserError("Only this app reads this part of the file.", "")
        if sample.path is not None:
            return str(sample.path)
        folder = work / _FOR_THE_CHECK
        folder.mkdir(exist_ok=True)
        file = folder / f"{number}"
        file.write_bytes(sample.data or b"")
        return str(file)


@contextmanager
def original(card: ModelCard, control: Control) -> Iterator[Original]:
    """A model with classes, open on the processor.

    Raises:
        UserError: when it has none, or cannot be opened.
    """
    task = get_pooled(card.main_task)
    with shared_pool().use_network(card, "cpu", control) as model:
        if not model.labels:
            raise UserError(f"“{card.name}” has no classes of its own.", "Train it first; then export the result.")
        yield Original(card, model, task)


def forget(work: Path) -> None:
    """Take away what was only written for the check."""
    shutil.rmtree(work / _FOR_THE_CHECK, ignore_errors=True)


def sorts(card: ModelCard, *media: str) -> bool:
    """By its card alone: a model that sorts pictures, texts or sounds into its classes and is on this computer."""
    task = get_task(card.main_task)
    named = bool(card.label_names or card.labels)
    return isinstance(task, PooledTask) and task.info.media in media and named and not card.is_remote


def takes_waves(card: ModelCard) -> bool:
    """By its card alone: a model of sounds whose network, as other programs get it, takes the wave itself."""
    return sorts(card, "sound") and bool(getattr(runtime_of(card), "TAKES_WAVES", False))
