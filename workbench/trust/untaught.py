"""A taught model beside one that was taught nothing: the same test items, a paired test.

What the untaught one said is kept in the run's folder, so that this is judged by the labels of now and costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench import atomic
from workbench.data.types import ItemPrediction
from workbench.errors import UserError
from workbench.trust.judging import Judgement
from workbench.trust.metrics import Comparison, Evaluation, compare, wilson

FILE = "untaught.json"
_MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class Untaught:
    """What was said without teaching.

    Attributes:
        way: "names" (nearness of meaning to the classes' names) or "look-alikes" (nearness to a few shown examples).
        model: what the features are of, in words.
        examples: of each class so many were shown at most; 0 for "names".
        said: item id to class name, of test items.
    """

    way: str
    model: str
    examples: int
    said: Mapping[int, str]

    def how(self, nouns: str) -> str:
        """Plainly what it is."""
        if self.way == "names":
            return (
                f"Without any teaching, with each of the {nouns} put where its meaning is nearest to the name of a class (by"
                f" “{self.model}”)"
            )
        return (
            f"Without any teaching, by look-alikes, with each of the {nouns} put where {self.examples} shown examples of a class"
            f" look most like it (by “{self.model}”, which learnt nothing from them)"
        )


@dataclass(frozen=True)
class Beside:
    """Right answers of the untaught one on `n` test items, and the paired test of the taught one against it."""

    untaught: Untaught
    n: int
    right: int
    compared: Comparison
    nouns: str

    @property
    def share(self) -> float:
        return self.right / self.n if self.n else 0.0

    def interval(self) -> tuple[float, float]:
        """95 % (Wilson 1927)."""
        return wilson(self.right, self.n)

    def sentence(self) -> str:
        low, high = self.interval()
        return (
            f"{self.untaught.how(self.nouns)}: {self.share:.0%} right (expect {low:.0%} to {high:.0%} on more)."
            f" {self.compared.sentence('your model', 'the untaught one')}"
        )

    def in_short(self) -> str:
        """For a headline; `sentence` says how it was done."""
        low, high = self.interval()
        if self.compared.p_value >= 0.05:
            worth = "The difference may well be chance"
        else:
            worth = f"{'Your model' if self.compared.accuracy_a > self.compared.accuracy_b else 'The untaught one'} is better"
        return (
            f"Without any teaching {self.share:.0%} would be right (expect {low:.0%} to {high:.0%} on more). {worth}."
        )

    def to_json(self) -> dict[str, Any]:
        low, high = self.interval()
        return {
            "way": self.untaught.way, "model": self.untaught.model, "examples_per_class": self.untaught.examples,
            "n": self.n, "accuracy": self.share, "low": low, "high": high, "p_value": self.compared.p_value,
            "sentence": self.sentence(),
        }  # fmt: skip


def keep_untaught(folder: Path, found: Untaught) -> None:
    """Write it into a run's folder, atomically. Raises: UserError when it cannot be written."""
    try:
        atomic.write_text(folder / FILE, json.dumps({"version": 1, **asdict(found)}))
    except OSError as error:
        raise UserError("What needs no teaching could not be kept.", "Make room on the disk.") from error


def kept_untaught(folder: Path) -> Untaught | None:
    """What `keep_untaught` wrote; None where there is nothing that can be read."""
    path = folder / FILE
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        told = json.loads(path.read_text("utf-8"))
        said = {int(item): str(name) for item, name in told["said"].items()}
        return Untaught(str(told["way"]), str(told["model"]), int(told["examples"]), said)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def beside(folder: Path, judgement: Judgement, nouns: str) -> Beside | None:
    """The judgement of a run's test items beside what is kept in its folder; None where there is nothing to compare."""
    found = kept_untaught(folder)
    if found is None or not isinstance(judgement, Evaluation) or judgement.split != "test":
        return None
    shared = [p for p in judgement.predictions if p.item_id in found.said]
    if not shared:
        return None
    other = [ItemPrediction(p.item_id, p.split, p.true_class, found.said[p.item_id], ()) for p in shared]
    compared = compare(_only(judgement, shared), _only(judgement, other))
    right = sum(p.true_class == p.predicted_class for p in other)
    return Beside(found, len(other), right, compared, nouns)


def _only(judgement: Evaluation, predictions: list[ItemPrediction]) -> Evaluation:
    from dataclasses import replace

    return replace(judgement, predictions=tuple(predictions))
