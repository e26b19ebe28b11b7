"""Judging recommendations by what people chose next: recall and NDCG of the first ten, how much of the catalogue is ever shown, and
popularity beside it on the same people, with a paired test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.data.people import case_of
from workbench.data.types import Item, ItemPrediction
from workbench.errors import UserError
from workbench.tasks.predictions import Ranking, from_record
from workbench.tasks.ranking_scores import ndcg, recall
from workbench.trust.judging import Answered, Paired, bootstrap, paired

if TYPE_CHECKING:
    from workbench.data.project import Project

K = 10
# The list of mistakes and of people in the window is no longer than this.
SHOWN = 200
_ROUNDS = 400


@dataclass(frozen=True)
class RankingCase:
    """One person: the ids of the things that were recommended, what popularity would have, and what they chose next.

    Attributes:
        before: ids of what they had liked, in order of time.
    """

    item_id: int
    name: str
    said: tuple[int, ...]
    usual: tuple[int, ...]
    wanted: tuple[int, ...]
    before: tuple[int, ...]

    @cached_property
    def scores(self) -> tuple[float, float, float, float]:
        """Recall and NDCG of the model, recall and NDCG of popularity."""
        wanted = set(self.wanted)
        return (
            recall(self.said, wanted, K), ndcg(self.said, wanted, K), recall(self.usual, wanted, K), ndcg(self.usual, wanted, K)
        )  # fmt: skip

    @property
    def hits(self) -> int:
        return len(set(self.said[:K]) & set(self.wanted))


@dataclass(frozen=True)
class RankingJudgement:
    """See `workbench.trust.judging.Judgement`. The score is the mean NDCG@10 over people.

    Attributes:
        intervals: 95 % of (recall, NDCG, recall of popularity, NDCG of popularity), by drawing the people anew.
        things: how many there are to choose from; 0 where that is not known.
    """

    cases: tuple[RankingCase, ...]
    intervals: tuple[tuple[float, float], ...]
    things: int
    split: str = "test"
    kind: ClassVar[str] = "ranking"
    table_title: ClassVar[str] = "Beside popularity"
    whom: ClassVar[str] = "people"
    score_words: ClassVar[str] = "as good as the best possible lists"

    @property
    def n(self) -> int:
        return len(self.cases)

    @cached_property
    def means(self) -> tuple[float, float, float, float]:
        """As `RankingCase.scores`, over all people."""
        return _means([c.scores for c in self.cases])

    @cached_property
    def coverage(self) -> tuple[float, float]:
        """Which share of all things stands in anybody's list: the model's, and popularity's."""
        if not self.things:
            return 0.0, 0.0
        shown = {i for c in self.cases for i in c.said[:K]}
        usual = {i for c in self.cases for i in c.usual[:K]}
        return len(shown) / self.things, len(usual) / self.things

    @cached_property
    def beside_popularity(self) -> Paired:
        """The model against popularity, on the same people."""
        mine = {c.item_id: c.scores[1] for c in self.cases}
        return paired(mine, {c.item_id: c.scores[3] for c in self.cases}, f"NDCG@{K}")

    @property
    def found_something(self) -> int:
        """People in whose list something stands that they chose."""
        return sum(1 for c in self.cases if c.hits)

    @property
    def found_by_popularity(self) -> int:
        """The same of the list of what most people like."""
        return sum(1 for c in self.cases if set(c.usual[:K]) & set(c.wanted))

    def sentence(self) -> str:
        if not self.cases:
            return "There was nobody to test on."
        low, high = self.intervals[1]
        moment = (
            "chose next, which it had not seen"
            if self.split == "test"
            else "chose in the part that steered the training, which flatters it"
        )
        text = (
            f"For {self.found_something:,} of {self.n:,} people the first {K} hold something they {moment}. On average"
            f" {self.means[0]:.0%} of what they chose is among them (recall@{K}). Their lists are {self.means[1]:.0%} as good as"
            f" the best there could be (NDCG@{K} {self.means[1]:.3f}; on more such people expect {low:.3f} to {high:.3f})."
            f" {self._popularity_words()}"
        )
        if self.things:
            text += f" Of all {self.things:,} things {self.coverage[0]:.0%} stand in somebody's list (by popularity {self.coverage[1]:.0%})."
        if self.n < 100:
            text += f" Only {self.n} people could be asked about, so the true value may be quite different."
        return text

    def _popularity_words(self) -> str:
        usual = self.means[3]
        if all(c.said[:K] == c.usual[:K] for c in self.cases):
            return f"This is popularity itself: everybody gets what most people like (NDCG@{K} {usual:.3f})."
        test = self.beside_popularity
        if test.p_value >= 0.05:
            return (
                f"What most people like does about as well (NDCG@{K} {usual:.3f}); the difference may well be chance."
            )
        if self.means[1] > usual:
            return f"What most people like reaches {usual:.3f}; the model is better, and that is unlikely to be chance."
        return f"What most people like reaches {usual:.3f}, which is better than the model: use popularity, or bring more likes."

    def headline(self) -> dict[str, Any]:
        if not self.cases:
            return {"split": self.split, "n": 0}
        low, high = self.intervals[1]
        return {
            "split": self.split,
            "n": self.n,
            "score": self.means[1],
            "metric": f"NDCG@{K}",
            "low": low,
            "high": high,
            "words": (
                f"For {self.found_something:,} of {self.n:,} people something they chose next stands among the first {K}; by popularity"
                f" alone for {self.found_by_popularity:,} (NDCG@{K} {self.means[1]:.3f} against {self.means[3]:.3f})."
            ),
            f"recall_at_{K}": self.means[0],
            f"popularity_recall_at_{K}": self.means[2],
            f"popularity_ndcg_at_{K}": self.means[3],
            "coverage": self.coverage[0],
            "popularity_coverage": self.coverage[1],
            "better_than_popularity_p": self.beside_popularity.p_value,
        }

    def to_json(self) -> dict[str, Any]:
        names = (f"recall_at_{K}", f"ndcg_at_{K}", f"popularity_recall_at_{K}", f"popularity_ndcg_at_{K}")
        return {
            **self.headline(),
            "intervals": {name: list(pair) for name, pair in zip(names, self.intervals, strict=True)},
            "things": self.things,
            "sentence": self.sentence(),
        }

    def per_item(self) -> Mapping[int, float]:
        """NDCG@10 of each person's list, by the (negative) id of their case."""
        return {c.item_id: c.scores[1] for c in self.cases}

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = []
        for name, recall_at, ndcg_at, covered in (
            ("this model", 0, 1, self.coverage[0]), ("what most people like", 2, 3, self.coverage[1]),
        ):  # fmt: skip
            rows.append([name, *(self._with_interval(at) for at in (recall_at, ndcg_at)), f"{covered:.1%}"])
        return ["list by", f"recall@{K}", f"NDCG@{K}", "share of things shown"], rows

    def _with_interval(self, at: int) -> str:
        low, high = self.intervals[at]
        return f"{self.means[at]:.3f} ({low:.3f} to {high:.3f})"

    def worst_and_best(self) -> tuple[RankingCase, ...]:
        """People for the eye: some for whom it worked, then some for whom it did not."""
        ordered = sorted(self.cases, key=lambda c: (-c.scores[1], c.item_id))
        return tuple(ordered) if len(ordered) <= SHOWN else (*ordered[: SHOWN // 2], *ordered[-SHOWN // 2 :])


def _means(rows: Sequence[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    if not rows:
        return 0.0, 0.0, 0.0, 0.0
    first, second, third, fourth = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return first, second, third, fourth


def judge(classes: Sequence[str], answers: Sequence[Answered], split: str) -> RankingJudgement:
    """See `workbench.trust.judging`. Answers about people of whom nothing is known to come are left out."""
    cases = []
    things = 0
    for answer in answers:
        if answer.said.record is None:
            continue
        said = from_record(answer.said.record)
        try:
            truth = case_of(answer.item.text or "")
        except UserError:
            continue
        if not isinstance(said, Ranking) or not truth.wanted:
            continue
        things = max(things, said.of)
        before = tuple(i for i, _ in truth.liked)
        cases.append(
            RankingCase(
                answer.item.id, answer.item.name, tuple(p.item for p in said.picks), said.usual, truth.wanted, before
            )
        )
    rows = [c.scores for c in cases]
    intervals = tuple(_interval([row[at] for row in rows]) for at in range(4))
    return RankingJudgement(tuple(cases), intervals, things, split)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % of the mean, by drawing people with replacement; of many people in numpy, for speed."""
    if len(values) <= 300:
        return bootstrap(values, lambda drawn: sum(drawn) / len(drawn), _ROUNDS)
    import numpy as np

    rng = np.random.default_rng(0)
    array = np.asarray(values)
    found = np.sort([array[rng.integers(0, len(array), len(array))].mean() for _ in range(_ROUNDS)])
    at = round(0.025 * (_ROUNDS - 1))
    return float(found[at]), float(found[-1 - at])


def gather(project: Project, said: Sequence[ItemPrediction]) -> list[Answered]:
    """What was said of people, beside what they chose as the project knows it now. See `workbench.trust.judging`."""
    now: dict[int, Item] = {i.id: i for i in project.cases_of([p.item_id for p in said])}
    return [Answered(now[p.item_id], p) for p in said if p.item_id in now]
