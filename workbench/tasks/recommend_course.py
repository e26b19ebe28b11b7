"""How recommenders learn: popularity is counted, content is looked at, factors come from `implicit`'s alternating least squares, and
how much each counts is decided on the validation people.

Quick tries three settings; Balanced and Thorough try more (random search: Bergstra & Bengio 2012) and keep the one with the best
lists for people's validation likes.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.people import Case, case_of
from workbench.data.types import Item
from workbench.errors import Problem, UserError
from workbench.runtimes.taste import BOTH, CONTENT, POPULAR, TOGETHER, Taste, confidence
from workbench.tasks.lesson import Course, Example, How, Material, Round
from workbench.tasks.predictions import Prediction
from workbench.tasks.ranking_scores import ndcg
from workbench.tasks.recommend_content import look_at
from workbench.tasks.recommending import KEPT, MOST_JUDGED, MOST_STEERING, as_recommender, recommend

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from workbench.data.project_interactions import InteractionCounts
    from workbench.runtimes.base import Floats, Loaded
    from workbench.runtimes.recommender_runtime import Recommender
    from workbench.tasks.recommending import Recommending

METRIC = f"NDCG@{KEPT}"
_TRIES = {How.QUICK: 3, How.BALANCED: 6, How.THOROUGH: 16}
# Beside the usual settings: fewer surprises, for likes that are few or noisy.
_OTHERS: tuple[dict[str, Any], ...] = ({"regularization": 1.0, "alpha": 5.0}, {"regularization": 10.0, "alpha": 1.0})
_GRID: Mapping[str, Sequence[Any]] = {
    "factors": (16, 32, 64, 128),
    "regularization": (0.01, 0.1, 1.0, 10.0),
    "alpha": (1.0, 5.0, 20.0, 40.0),
}
# How much the factors count against the content.
_MIXES = tuple(i / 10 for i in range(11))
# Of fifteen passes so many are usually done before the lists stop getting better.
_USUAL_PASSES = 10
# The curve is drawn, and the best is chosen, by so many validation people.
_STEERING = 500


class RecommendCourse(Course):
    """See `workbench.tasks.lesson.Course`."""

    doing = "Learning who likes what"

    def __init__(self, task: Recommending, material: Material) -> None:
        self._task, self._material = task, material
        self._base = as_recommender(material.model)
        self._way = self._base.way
        self._settings = dict(self._base.settings)
        self._tries = (
            _tries(self._settings, _TRIES[material.how], material.seed)
            if self._way in (TOGETHER, BOTH)
            else [self._settings]
        )
        self._most = max(1, int(material.options.get("rounds", 0) or self._settings.get("iterations", 15)))
        self._things: list[Item] = []
        self._best: Taste | None = None
        self._chosen: dict[str, Any] = {}
        self._score = -1.0
        self._loss = -1.0
        self._notes: list[str] = []
        kind = task.info.media
        self._looks_with = str(
            self._base.card.options.get(f"looks_with_{kind}", self._base.card.options.get("looks_with", ""))
        )

    @property
    def rounds(self) -> int:
        return len(self._tries) * self._most if self._way in (TOGETHER, BOTH) else 1

    def notes(self) -> list[str]:
        """What the person should read first."""
        said = [
            "It is tested on what people liked later, which it has not seen; what is liked by most stands beside it."
        ]
        if len(self._tries) > 1:
            said.append(
                f"It is tried in {len(self._tries)} ways, and the one with the best lists on the validation likes is kept."
            )
        return said

    def prepare(self, example: Example) -> Any:
        return example.item if example.item.id > 0 else case_of(example.item.text or "")

    def learn(
        self, train: Sequence[tuple[Example, Any]], validation: Sequence[tuple[Example, Any]], patience: int
    ) -> Iterator[Round]:
        import numpy as np

        control = self._material.control
        self._things = sorted((p for _, p in train if isinstance(p, Item)), key=lambda i: i.id)
        place = {item.id: n for n, item in enumerate(self._things)}
        likes = [[(place[i], s) for i, s in p.liked if i in place] for _, p in train if isinstance(p, Case)]
        likes = [own for own in likes if own]
        if not likes:
            raise UserError("Nobody likes anything that is still in this project.", "Import who liked what.")
        popularity = np.zeros(len(self._things), np.float32)
        for own in likes:
            for p, _ in own:
                popularity[p] += 1
        people = [self._asked(p, place) for _, p in validation]
        steering = random.Random(self._material.seed).sample(people, _STEERING) if len(people) > _STEERING else people
        content = self._content(control) if self._way in (CONTENT, BOTH) else None
        start = self._set(Taste(self._way, popularity, content), self._settings)
        if self._way in (POPULAR, CONTENT):
            score = _measured(start, steering, control)
            self._take(start, self._settings, score)
            yield Round(1, 1, -1.0, -1.0, score if steering else -1.0, METRIC, True)
            return
        number = 0
        for settings in self._tries:
            best_here, since = -1.0, 0
            for step, factors in enumerate(self._factors(likes, settings, control), 1):
                taste = self._set(replace(start, factors=factors), settings)
                taste, score = self._mixed(taste, steering, control)
                number += 1
                is_best = score > self._score or self._best is None
                if is_best:
                    self._take(taste, settings | {"iterations": step}, score)
                since = 0 if score > best_here else since + 1
                best_here = max(best_here, score)
                yield Round(
                    number, self.rounds, self._loss, -1.0, score if steering else -1.0, METRIC, is_best or not steering
                )
                if not steering:  # nothing to choose by: the last pass stands
                    self._take(taste, settings | {"iterations": step}, score)
                elif since >= max(1, patience):
                    break

    def _set(self, taste: Taste, settings: Mapping[str, Any]) -> Taste:
        """With the numbers that were used while learning."""
        regularisation, alpha = float(settings.get("regularization", 0.1)), float(settings.get("alpha", 10.0))
        return replace(taste, regularisation=regularisation, alpha=alpha)

    def _take(self, taste: Taste, settings: Mapping[str, Any], score: float) -> None:
        self._best, self._chosen, self._score = taste, dict(settings), score

    def _content(self, control: Control) -> Floats:
        kind = self._task.info.media
        found, problems = look_at(self._things, kind, self._looks_with, self._material.features / "things", control)
        self._problems: Mapping[int, Problem] = problems
        if not found.any():
            raise UserError(
                f"None of the things has a {kind} to look at.",
                "Choose a model that goes by who liked what alone, or bring them in.",
            )
        return found

    def _factors(
        self, likes: Sequence[Sequence[tuple[int, float]]], settings: Mapping[str, Any], control: Control
    ) -> Iterator[Floats]:
        """The things' factors float32 [N, D] after each pass of alternating least squares."""
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        matrix = confidences(likes, len(self._things), float(settings.get("alpha", 10.0)))
        # It tells its loss of every pass, and a run's events tell it already.
        logging.getLogger("implicit").setLevel(logging.WARNING)

        def told(_pass: int, _seconds: float, loss: float | None) -> None:
            self._loss = -1.0 if loss is None else float(loss)

        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=int(settings.get("factors", 64)), regularization=float(settings.get("regularization", 0.1)),
                alpha=1.0, iterations=1, calculate_training_loss=True, num_threads=_threads(), random_state=self._material.seed,
            )  # fmt: skip
        for _ in range(self._most):
            control.check()
            with threadpool_limits(1, "blas"):
                model.fit(matrix, show_progress=False, callback=told)
            yield model.item_factors.astype("float32", copy=True)

    def _mixed(self, taste: Taste, people: Sequence[_Asked], control: Control) -> tuple[Taste, float]:
        """With the weight of the factors that gives the best lists, and how good these are."""
        if taste.way != BOTH or not people:
            return taste, _measured(taste, people, control)
        rated = [(replace(taste, mix=mix), 0.0) for mix in _MIXES]
        totals = [0.0] * len(rated)
        for asked in people:
            control.check()
            for n, score in enumerate(taste.mixed_scores(asked.liked, asked.strengths, _MIXES)):
                totals[n] += ndcg(taste.best(score, asked.leave_out, KEPT), asked.wanted, KEPT)
        best = max(range(len(rated)), key=lambda n: totals[n])
        return rated[best][0], totals[best] / len(people)

    def _asked(self, case: Case, place: Mapping[int, int]) -> _Asked:
        liked = [(place[i], s) for i, s in case.liked if i in place]
        seen = [place[i] for i in case.seen if i in place]
        return _Asked([p for p, _ in liked], [s for _, s in liked], seen, {place[i] for i in case.wanted if i in place})

    def say(self, prepared: Sequence[Any]) -> list[Prediction]:
        model = self._model()
        found: list[Prediction] = []
        for case in prepared:
            self._material.control.check()
            # Why is not kept: it is told when a person is looked at.
            found.append(recommend({"case": case, "plain": True}, model, KEPT, self._material.control))
        return found

    def settle(self, examples: Sequence[Example], said: Sequence[Prediction]) -> list[Prediction]:
        return list(said)

    def result(self) -> Loaded:
        return self._model()

    def _model(self) -> Recommender:
        from workbench.runtimes.recommender_runtime import MIX, SETTINGS, Recommender

        assert self._best is not None
        kept = {k: v for k, v in self._base.card.options.items() if k.startswith("looks_with")}
        taste = self._best
        arrays = [a for a in (taste.popularity, taste.content, taste.factors) if a is not None]
        looked = (
            {"looked_at": self._task.info.media, "looks_with": self._looks_with} if taste.content is not None else {}
        )
        card = replace(
            self._base.card,
            options=kept | looked | {SETTINGS: self._chosen, MIX: taste.mix},
            parameters=sum(int(a.size) for a in arrays),
        )
        names = [i.name if i.kind != "text" else (i.text or i.name).splitlines()[0][:200] for i in self._things]
        return Recommender(card, self._chosen, taste, names, [i.id for i in self._things])


class _Asked:
    """A validation person, in places of things."""

    def __init__(self, liked: list[int], strengths: list[float], seen: list[int], wanted: set[int]) -> None:
        self.liked, self.strengths, self.wanted = liked, strengths, wanted
        self.leave_out = [*liked, *seen]


def work_seconds(counts: InteractionCounts, way: str, how: How) -> float:
    """What a training takes beside looking at things, on a slow core. Counted in passes: of alternating least squares, by likes; of
    lists for the people who steer, by how many lists each gets (one for each weight that is tried) and how long it takes to order
    all things. The constants were measured (docs/recommendations.md)."""
    steering = min(counts.rich, _STEERING)
    lists = len(_MIXES) if way == BOTH else 1
    ordering = 3e-5 + 7.5e-8 * counts.things
    rounds = _TRIES[how] * _USUAL_PASSES if way in (TOGETHER, BOTH) else 1
    judging = (min(counts.rich, MOST_STEERING) + min(counts.rich, MOST_JUDGED)) * (2e-4 + 2 * ordering)
    return rounds * (steering * (6e-5 + lists * ordering) + 4e-7 * counts.liked) + judging


def _measured(taste: Taste, people: Sequence[_Asked], control: Control) -> float:
    """Mean NDCG of the lists, 0 for nobody."""
    total = 0.0
    for asked in people:
        control.check()
        total += ndcg(taste.best(taste.scores(asked.liked, asked.strengths), asked.leave_out, KEPT), asked.wanted, KEPT)
    return total / len(people) if people else 0.0


def confidences(likes: Sequence[Sequence[tuple[int, float]]], things: int, alpha: float) -> csr_matrix:
    """People by things, float32: how sure it is that each liked thing is liked (see `taste.confidence`)."""
    import numpy as np
    from scipy.sparse import csr_matrix

    lengths = [len(own) for own in likes]
    columns = np.fromiter((p for own in likes for p, _ in own), np.int32, sum(lengths))
    strengths = np.fromiter((s for own in likes for _, s in own), np.float64, sum(lengths))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return csr_matrix((confidence(strengths, alpha).astype(np.float32), columns, starts), (len(likes), things))


def _threads() -> int:
    """One core stays free for the window where there are more than two."""
    cores = os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else cores - 1 if cores > 2 else cores


def _tries(settings: Mapping[str, Any], count: int, seed: int) -> list[dict[str, Any]]:
    """The usual settings, then more careful ones, then others drawn at random, all different."""
    rng = random.Random(seed)
    found = [dict(settings)]
    found += [own for others in _OTHERS if (own := dict(settings) | others) not in found]
    del found[count:]
    while len(found) < count:
        drawn = dict(settings) | {name: rng.choice(values) for name, values in _GRID.items()}
        if drawn not in found:
            found.append(drawn)
    return found
