"""What a model's answers were like on items it did not learn from, kept beside its weights: what its answers at work are
compared with, for tasks of every kind. Certainties and names of classes, never items."""

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.data.types import ItemPrediction
from workbench.engine.answer_facts import AnswerFacts, kept_facts
from workbench.errors import UserError

USUAL_FILE = "usual.json"
_MOST = 1000
_MOST_BYTES = 2_000_000
_LONGEST = 300


@dataclass(frozen=True)
class Usual:
    """`certainty` in 0..1 and `answers` of the same items; the answers are empty where they are not of classes."""

    certainty: tuple[float, ...]
    answers: tuple[str, ...]

    def low(self, share: float = 0.1) -> float:
        """The certainty below which so many of the answers lay; -1 where nothing is kept."""
        ordered = sorted(self.certainty)
        return ordered[int(share * len(ordered))] if ordered else -1.0


def keep_usual(folder: Path, predictions: Sequence[ItemPrediction], seed: int = 0) -> None:
    """Write what is kept of a run's answers into its model's folder; without any, nothing is written. The model is whole
    without it: a full disk is only noted."""
    found = [facts for facts in (_facts(p) for p in predictions) if facts is not None]
    if not found:
        return
    if len(found) > _MOST:
        found = random.Random(seed).sample(found, _MOST)
    value = {
        "version": 1, "certainty": [round(f.certainty, 6) for f in found],
        "answers": [f.answer[:_LONGEST] for f in found],
    }  # fmt: skip
    try:
        atomic.write_text(folder / USUAL_FILE, json.dumps(value, ensure_ascii=False))
    except OSError as error:
        logging.getLogger(__name__).warning("what is usual is not kept in %s: %s", folder, error)


def _facts(kept: ItemPrediction) -> AnswerFacts | None:
    try:
        return kept_facts(kept)
    except UserError:
        return None


def read_usual(card: ModelCard) -> Usual:
    """What is kept with an own model; nothing for one of an earlier version of the app, or where it is damaged."""
    path = Path(card.source.ref) / USUAL_FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        value = json.loads(path.read_text(encoding="utf-8"))
        certainty = tuple(float(v) for v in value["certainty"])
        answers = tuple(str(v) for v in value["answers"])
        if len(certainty) != len(answers) or not all(math.isfinite(v) and 0 <= v <= 1 for v in certainty):
            raise ValueError("numbers do not fit")
    except FileNotFoundError:
        return Usual((), ())
    except (OSError, ValueError, KeyError, TypeError) as error:
        logging.getLogger(__name__).warning("what is usual for %s cannot be read: %s", card.id, error)
        return Usual((), ())
    return Usual(certainty, answers)
