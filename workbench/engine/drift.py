"""Has a person's data changed since a model was taught? A folder (or table) of now against what is kept with the model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Item
from workbench.engine.bulk import samples_of
from workbench.engine.familiar import certainties
from workbench.engine.features import compute_features
from workbench.engine.pool import ModelPool, shared_pool
from workbench.errors import Problem, UserError
from workbench.runtimes.familiar import Familiar, unit
from workbench.runtimes.network import Network
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import get_task
from workbench.trust.drift import FEWEST, MOST, Drift, drift

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class DriftReport:
    """What came of it.

    Attributes:
        unlike: items of now unlike all the model learnt from, of `drift.now`; `expected` is the share of usual ones.
        nouns: what the items are called.
    """

    drift: Drift
    unlike: int
    items: int
    expected: float
    problems: tuple[Problem, ...]
    nouns: str

    def headline(self) -> str:
        """One sentence."""
        if not self.drift.found:
            return f"No change found: these {self.nouns} look like those the model was taught with."
        if self.drift.features_moved:
            return f"These {self.nouns} differ from those the model was taught with. Do not trust its measured quality for them."
        return f"The model is not as certain of these {self.nouns} as of those it was judged on: look at some answers."

    def lines(self) -> list[str]:
        """The figures, in plain words."""
        d = self.drift
        found = [
            f"{self.items:,} {self.nouns} compared with {d.before:,} kept with the model.",
            f"What the network sees in them: {_verdict(d.features_moved)} ({_chance(d.p_features)}).",
        ]
        if d.p_certainty >= 0:
            found.append(
                f"How certain the answers are: {d.certainty_now:.1%} on average, {d.certainty_before:.1%} before;"
                f" {_verdict(d.certainty_moved)} ({_chance(d.p_certainty)})."
            )
        found.append(
            f"Unlike all it learnt from: {self.unlike:,} of {self.items:,} ({self.unlike / max(1, self.items):.0%};"
            f" usual are up to {self.expected:.0%})."
        )
        found.append(f"Where nothing has changed, this would still report a change {d.rate:.0%} of the time.")
        if self.problems:
            found.append(f"{len(self.problems):,} could not be read, for example {self.problems[0]}")
        return found

    def to_json(self) -> dict[str, Any]:
        d = self.drift
        return {
            "changed": d.found, "headline": self.headline(), "items": self.items, "kept": d.before,
            "features": {"changed": d.features_moved, "p": round(d.p_features, 4), "mmd2": round(d.distance, 6)},
            "certainty": {
                "changed": d.certainty_moved, "p": round(d.p_certainty, 4), "before": round(d.certainty_before, 4),
                "now": round(d.certainty_now, 4),
            },
            "unlike": self.unlike, "usual_unlike_rate": round(self.expected, 4), "false_alarm_rate": d.rate,
            "problems": [str(p) for p in self.problems],
        }  # fmt: skip


def _verdict(moved: bool) -> str:
    return "changed" if moved else "no change found"


def _chance(p: float) -> str:
    return f"such a difference has a chance of {p:.1%} where nothing has changed"


def look_for_drift(
    card: ModelCard,
    paths: Sequence[str | Path],
    control: Control | None = None,
    pool: ModelPool | None = None,
    device: str = "auto",
) -> DriftReport:
    """Compare files, folders or a table with what is kept with an own model.

    Raises:
        UserError: when nothing is kept with the model, or there are too few items on either side.
        Cancelled: when asked to stop.
    """

    control = control or Control()
    task = get_task(card.main_task)
    nouns = task.info.nouns
    with (pool or shared_pool()).use(card, device, control) as model:
        known = model.familiar if isinstance(model, Network) else None
        if known is None or not isinstance(model, Network) or not isinstance(task, PooledTask):
            raise UserError(
                f"“{card.name}” keeps nothing of what it was taught with, so nothing can be compared.",
                "Models for classes or labels keep it when they are taught here with enough examples.",
            )
        samples, problems = samples_of(paths, task, control)
        items = [Item(n, s.kind, s.name, path=s.path, text=s.text, window=s.window) for n, s in enumerate(samples)]
        now = compute_features(_some(items), model, task, control)
        problems += now.problems.values()
        if len(now.ids) < FEWEST:
            raise UserError(
                f"{len(now.ids)} {nouns} are too few to tell whether anything has changed.", f"Give at least {FEWEST}."
            )
        sure = certainties(task, model, now.matrix)
        unlike = sum(value > 1 for value in known.strangeness(now.matrix))
    control.progress(0, 0, "Comparing")
    return DriftReport(
        compare(known, now.matrix, sure, control), unlike, len(now.ids), known.rate, tuple(problems), nouns
    )


def compare(known: Familiar, now: torch.Tensor, sure: torch.Tensor, control: Control | None = None) -> Drift:
    """What a model keeps against features float [N, F] of now, and how certain it is of each, float [N]."""
    import torch

    # Of a backbone that learnt them, training items look different from any others.
    before = torch.cat([known.learnt, known.held]) if known.frozen else known.held
    return drift(
        before.double().numpy(), unit(now).double().numpy(), known.sure.double().numpy(), sure.double().numpy(),
        control=control,
    )  # fmt: skip


def _some(items: list[Item]) -> list[Item]:
    """More are not compared."""
    return items if len(items) <= MOST else random.Random(0).sample(items, MOST)
