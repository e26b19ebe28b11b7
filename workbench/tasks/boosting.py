"""Trees that grow one after another, each to mend what those before it got wrong: scikit-learn's histogram gradient boosting, with
the number of trees chosen on the validation items.

Quick grows one forest with the usual settings; Balanced and Thorough try several (random search: Bergstra & Bengio 2012) and keep
the one with the lowest loss on the validation items. The trees are scikit-learn's own; only what becomes of them is ours.
"""

from __future__ import annotations

import logging
import math
import queue
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.errors import UserError
from workbench.tasks.lesson import How, Round

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from workbench.runtimes.forest import Forest

    Array = npt.NDArray[np.float64]

log = logging.getLogger(__name__)

# Trees between two rounds of the curves.
EVERY = 10
_TRIES = {How.QUICK: 1, How.BALANCED: 8, How.THOROUGH: 24}
_GRID: Mapping[str, Sequence[Any]] = {
    "learning_rate": (0.02, 0.05, 0.1, 0.2),
    "max_leaf_nodes": (4, 8, 15, 31, 63),
    "min_samples_leaf": (3, 5, 10, 20, 50),
    "l2_regularization": (0.0, 0.1, 1.0, 10.0),
    "max_features": (0.3, 0.5, 0.8, 1.0),
}
_WAIT = 0.2


@dataclass(frozen=True)
class Data:
    """What is learnt from and checked on.

    Attributes:
        table: float64 [N, F], NaN where a cell is missing; the first `categories` columns are whole numbers that stand for
            categories.
        truth: of classes their places, of amounts themselves; float64 [N]. weights: of each item in the loss, or None.
    """

    table: Array
    truth: Array
    checked: Array
    checked_truth: Array
    categories: int
    classes: int
    weights: Array | None = None


class Boosting:
    """One training; `grow` goes through it. `best` is the best forest so far, `chosen` how it was grown."""

    def __init__(self, settings: Mapping[str, Any], how: How, seed: int, control: Control, rounds: int = 0) -> None:
        self.most_trees = rounds * EVERY if rounds else int(settings.get("most_rounds", 1000))
        self._tries = _tries(settings, _TRIES[how], seed)
        self._seed, self._control = seed, control
        self.chosen: dict[str, Any] = {}
        self._best: tuple[list[Any], int, Any] | None = None
        self._built: Forest | None = None
        self._best_loss = math.inf

    @property
    def rounds(self) -> int:
        return max(1, self.most_trees // EVERY) * len(self._tries)

    @property
    def best(self) -> Forest:
        """Raises: UserError when there is none yet."""
        from workbench.runtimes.forest import grown

        if self._best is None:
            raise UserError("Nothing has been learnt yet.", "Let it run a little longer.")
        if self._built is None:
            trees, count, baseline = self._best
            self._built = grown(trees[:count], baseline)
        return self._built

    def grow(self, data: Data, patience: int) -> Iterator[Round]:
        """All tries. Raises: UserError when nothing can be learnt. Cancelled."""
        number, last = 0, 0
        for place, settings in enumerate(self._tries):
            for step in self._one(data, settings, patience):
                number = last + step.number
                left = (len(self._tries) - place - 1) * max(1, number // (place + 1))
                yield Round(
                    number, min(self.rounds, last + step.of + left), step.train_loss, step.validation_loss,
                    step.validation_score, step.metric, step.is_best, step.train_score,
                )  # fmt: skip
            last = number
        if self._best is None:
            raise UserError("Nothing could be learnt from these rows.", "Look at the columns on the Data page.")

    def _one(self, data: Data, settings: Mapping[str, Any], patience: int) -> Iterator[Round]:
        """One forest: as many trees as help on the validation items, and `patience` rounds more to be sure of it."""
        import torch

        from workbench.runtimes.forest import grown

        here = torch.from_numpy(data.table[:_SEEN])
        there = torch.from_numpy(data.checked)
        measure = _Measure(data)
        here_sums: torch.Tensor | None = None
        there_sums: torch.Tensor | None = None
        best_trees, best_loss, stopped = 0, math.inf, False
        trees: list[Any] = []
        baseline: Any = None
        steps = max(1, self.most_trees // EVERY)
        with _growing(data, settings, self.most_trees, self._seed) as growing:
            for baseline, new in growing.trees(self._control):
                forest = grown([new], baseline)
                if here_sums is None or there_sums is None:
                    start = forest.tensors["baseline"]
                    here_sums, there_sums = start.expand(len(here), -1).clone(), start.expand(len(there), -1).clone()
                forest.add(here_sums, here, 0)
                forest.add(there_sums, there, 0)
                trees.append(new)
                checked = measure.loss(there_sums, data.checked_truth) if len(there) else -float(len(trees))
                if checked < best_loss - 1e-9:
                    best_trees, best_loss = len(trees), checked
                stopped = len(there) > 0 and len(trees) - best_trees >= patience * EVERY
                if len(trees) % EVERY and not stopped and len(trees) < self.most_trees:
                    continue
                is_best = best_trees > len(trees) - EVERY and best_loss < self._best_loss
                if is_best:
                    self._best_loss, self.chosen = best_loss, {**settings, "trees": best_trees}
                    self._best, self._built = (trees, best_trees, baseline), None
                yield Round(
                    math.ceil(len(trees) / EVERY), steps, measure.loss(here_sums, data.truth[:_SEEN]),
                    checked if len(there) else -1.0,
                    measure.score(there_sums, data.checked_truth) if len(there) else -1.0,
                    measure.metric, is_best, measure.score(here_sums, data.truth[:_SEEN]),
                )  # fmt: skip
                if stopped:
                    break
        if not trees:
            raise UserError(
                "There are too few rows to grow a tree on.",
                "Add rows, or choose a column that differs more between them.",
            )


# Of many training rows the first so many draw the curve.
_SEEN = 10_000


class _Measure:
    """Losses and scores of sums of trees, by what they stand for."""

    def __init__(self, data: Data) -> None:
        self._classes = data.classes
        self.metric = "accuracy" if data.classes else "R²"
        spread = float(data.truth.var()) if len(data.truth) else 0.0
        self._spread = spread if spread > 0 else 1.0

    def _logits(self, sums: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.cat([torch.zeros_like(sums), sums], 1) if sums.shape[1] == 1 else sums

    def loss(self, sums: torch.Tensor, truth: Array) -> float:
        """Mean cross-entropy in nats; of amounts the mean squared error, as a share of the training rows' spread."""
        import torch

        wanted = torch.from_numpy(truth)
        if not self._classes:
            return float(((sums[:, 0] - wanted) ** 2).mean()) / self._spread
        return float(torch.nn.functional.cross_entropy(self._logits(sums), wanted.long()))

    def score(self, sums: torch.Tensor, truth: Array) -> float:
        """Share of right answers; of amounts R², at least 0."""
        import torch

        wanted = torch.from_numpy(truth)
        if self._classes:
            return float((self._logits(sums).argmax(1) == wanted.long()).double().mean())
        spread = float(wanted.var(unbiased=False))
        return max(0.0, 1 - float(((sums[:, 0] - wanted) ** 2).mean()) / spread) if spread > 0 else 0.0


class _Stop(Exception):
    """Nobody wants more trees."""


class _Growing:
    """scikit-learn grows trees in a thread of its own; its scorer, which it asks after each, hands them over. So there is one plain
    `fit`, and it can be stopped after any tree."""

    def __init__(self, data: Data, settings: Mapping[str, Any], trees: int, seed: int) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingClassifier if data.classes else HistGradientBoostingRegressor
        known = {k: v for k, v in settings.items() if k in (*_GRID, "max_bins")}
        mask = [i < data.categories for i in range(data.table.shape[1])]
        self._data = data
        self._model: Any = kind(
            **known, max_iter=trees, random_state=seed, categorical_features=mask if data.categories else None,
            early_stopping=True, scoring=self._asked, n_iter_no_change=trees + 1, tol=0.0,
        )  # fmt: skip
        self._ready: queue.Queue[Any] = queue.Queue(maxsize=8)
        self._stop = threading.Event()
        self._given = 0
        self._count = 0.0
        self._thread = threading.Thread(target=self._fit, name="growing trees", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def trees(self, control: Control) -> Iterator[tuple[Any, Any]]:
        """(the baseline, the trees of one round: one for each output), as they are grown. Raises: what the thread raised."""
        while True:
            control.check()
            try:
                found = self._ready.get(timeout=_WAIT)
            except queue.Empty:
                continue
            if found is None:
                return
            if isinstance(found, Exception):
                raise found
            yield found

    def _asked(self, model: Any, _table: Any, _truth: Any, sample_weight: Any = None) -> float:
        """scikit-learn asks how good the model is now. The answer only has to grow, so that it goes on."""
        for trees in model._predictors[self._given :]:
            self._given += 1
            self._put((model._baseline_prediction, trees))
        if self._stop.is_set():
            raise _Stop
        self._count += 1.0
        return self._count

    def _put(self, what: Any) -> None:
        while not self._stop.is_set():
            try:
                self._ready.put(what, timeout=_WAIT)
            except queue.Full:
                continue
            return
        raise _Stop

    def _fit(self) -> None:
        data = self._data
        truth = data.truth.astype(int) if data.classes else data.truth
        # Only asked about, never looked at: the forest itself is measured, on all validation rows.
        some = slice(0, max(2, min(len(truth), data.classes)))
        try:
            self._model.fit(data.table, truth, sample_weight=data.weights, X_val=data.table[some], y_val=truth[some])
            self._put(None)
        except _Stop:
            return
        except ValueError as error:
            log.info("trees could not be grown: %s", error)
            self._tell(
                UserError(
                    "These rows cannot be learnt from.",
                    "There may be too few of a class, or numbers beyond all bounds.",
                )
            )
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        try:
            self._put(error)
        except _Stop:
            return


@contextmanager
def _growing(data: Data, settings: Mapping[str, Any], trees: int, seed: int) -> Iterator[_Growing]:
    found = _Growing(data, settings, trees, seed)
    found.start()
    try:
        yield found
    finally:
        found.close()


def _tries(settings: Mapping[str, Any], count: int, seed: int) -> list[dict[str, Any]]:
    """The usual settings, then others drawn at random, all different."""
    rng = random.Random(seed)
    found = [dict(settings)]
    while len(found) < count:
        drawn = dict(settings) | {name: rng.choice(values) for name, values in _GRID.items()}
        if drawn not in found:
            found.append(drawn)
    return found
