"""Recommenders against the library and against scikit-learn, used directly on the same likes."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity
from threadpoolctl import threadpool_limits

from workbench.catalog.catalog import Catalog
from workbench.data.people import Case, as_item
from workbench.data.types import Item, Sample, Split
from workbench.errors import UserError
from workbench.runtimes.base import Loaded
from workbench.runtimes.recommender_runtime import Recommender
from workbench.runtimes.taste import BOTH, CONTENT, POPULAR, TOGETHER, Taste, confidence
from workbench.tasks.base import CasesTask, TryOptions
from workbench.tasks.lesson import CourseTask, Example, How, Material
from workbench.tasks.predictions import Ranking, from_record, to_record
from workbench.tasks.ranking_scores import ndcg, recall
from workbench.tasks.recommend_course import RecommendCourse, confidences
from workbench.tasks.recommendation import TASK

PEOPLE, THINGS, ALPHA, REGULARISATION = 80, 60, 10.0, 0.1


def likes(seed: int = 0) -> list[list[tuple[int, float]]]:
    rng = random.Random(seed)
    groups = [range(g, THINGS, 4) for g in range(4)]
    return [[(i, float(rng.randint(1, 3))) for i in sorted(rng.sample(list(groups[p % 4]), 8))] for p in range(PEOPLE)]


@pytest.fixture(scope="module")
def library() -> tuple[AlternatingLeastSquares, csr_matrix]:
    matrix = confidences(likes(), THINGS, ALPHA)
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=8, regularization=REGULARISATION, alpha=1.0, iterations=6, random_state=3, num_threads=1
        )
        model.fit(matrix, show_progress=False)
    return model, matrix


@pytest.fixture(scope="module")
def together(library: tuple[AlternatingLeastSquares, csr_matrix]) -> Taste:
    popularity = np.bincount([i for own in likes() for i, _ in own], minlength=THINGS).astype(np.float32)
    return Taste(TOGETHER, popularity, None, library[0].item_factors, REGULARISATION, ALPHA)


def test_a_persons_scores_and_list_are_the_librarys(
    library: tuple[AlternatingLeastSquares, csr_matrix], together: Taste
) -> None:
    model, matrix = library
    for person, own in enumerate(likes()):
        liked, strengths = [i for i, _ in own], [s for _, s in own]
        factors = model.recalculate_user(person, matrix[person])
        scores = together.scores(liked, strengths)
        assert scores == pytest.approx(model.item_factors @ factors, abs=2e-4)
        ids, theirs = model.recommend(person, matrix[person], N=10, recalculate_user=True)
        ours = together.best(scores, liked, 10)
        assert sorted(scores[ours], reverse=True) == pytest.approx(list(theirs), abs=2e-4)
        assert len(set(ours) & set(ids)) >= 9  # equal but for ties in single precision


def test_what_each_liked_thing_adds_is_the_librarys(
    library: tuple[AlternatingLeastSquares, csr_matrix], together: Taste
) -> None:
    model, matrix = library
    for person, own in list(enumerate(likes()))[:20]:
        liked, strengths = [i for i, _ in own], [s for _, s in own]
        thing = together.best(together.scores(liked, strengths), liked, 1)[0]
        total, theirs, _ = model.explain(person, matrix, thing, N=8)
        ours = together.contributions([thing], liked, strengths)[0]
        assert ours.sum() == pytest.approx(total, abs=1e-3)
        assert dict(zip(liked, ours, strict=True)) == pytest.approx({int(i): v for i, v in theirs}, abs=1e-3)
        speaking = [liked[n] for n in together.because([thing], liked, strengths)[0]]
        assert speaking and all(i in [int(i) for i, _ in theirs[:4]] for i in speaking)


def test_training_step_by_step_is_training_at_once(
    library: tuple[AlternatingLeastSquares, csr_matrix], tmp_path: Path
) -> None:
    course = taught(tmp_path, "recommend-together", {"rounds": 6}, patience=99, factors=8)
    assert course._factors_seen[5] == pytest.approx(library[0].item_factors, abs=1e-5)  # type: ignore[attr-defined]


def test_content_is_scikit_learns_cosine_to_the_mean() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    taste = Taste(CONTENT, np.zeros(40, np.float32), rows)
    expected = cosine_similarity(rows[[3, 8, 20]].mean(0, keepdims=True), rows)[0]
    assert taste.scores([3, 8, 20], [1, 1, 1]) == pytest.approx(expected, abs=1e-5)
    # A thing that is none of the model's counts like one that is.
    assert taste.scores([3, 8], [1, 1], rows[[20]]) == pytest.approx(expected, abs=1e-5)
    assert taste.because([8], [3, 8, 20], [1, 1, 1], None, 1) == [[1]]


def test_both_is_each_at_its_ends_and_nothing_known_is_popularity() -> None:
    rng = np.random.default_rng(1)
    popularity = rng.random(30).astype(np.float32)
    content, factors = (rng.normal(size=(30, 6)).astype(np.float32) for _ in range(2))
    parts = {mix: Taste(BOTH, popularity, content, factors, mix=mix) for mix in (0.0, 0.4, 1.0)}
    alone = Taste(CONTENT, popularity, content), Taste(TOGETHER, popularity, None, factors)
    for mix, other in ((0.0, alone[0]), (1.0, alone[1])):
        assert parts[mix].best(parts[mix].scores([2, 5], [1, 1]), [2, 5], 30) == other.best(
            other.scores([2, 5], [1, 1]), [2, 5], 30
        )
    # A thing from outside has no factors: content counts alone, whatever the mix.
    assert parts[1.0].because([7], [], [], content[[7]]) == [[0]]
    mixed = parts[0.4].mixed_scores([2, 5], [1, 1], (0.0, 0.4, 1.0))
    assert mixed[1] == pytest.approx(parts[0.4].scores([2, 5], [1, 1]))
    for taste in (*parts.values(), *alone, Taste(POPULAR, popularity)):
        assert taste.scores([], []) == pytest.approx(popularity)
    assert not parts[0.4].knows([]) and Taste(POPULAR, popularity).knows([])


def test_what_is_known_is_left_out_and_ties_go_by_place() -> None:
    taste = Taste(POPULAR, np.array([1, 2, 2, 0], np.float32))
    assert taste.best(taste.scores([1], [1]), [1], 10) == [2, 0, 3]
    assert taste.best(taste.scores([], []), [0, 1, 2, 3], 10) == []


def test_ndcg_is_scikit_learns() -> None:
    rng = random.Random(5)
    for _ in range(150):
        order = rng.sample(range(15), 15)
        wanted, k = set(rng.sample(range(15), rng.randint(1, 15))), rng.randint(1, 15)
        truth = np.array([[float(i in wanted) for i in range(15)]])
        scores = np.zeros((1, 15))
        scores[0, order] = np.arange(15, 0, -1)
        assert ndcg(order, wanted, k) == pytest.approx(ndcg_score(truth, scores, k=k))
        assert recall(order, wanted, k) == len(set(order[:k]) & wanted) / min(k, len(wanted))
        assert ndcg(order, set(), k) == recall(order, set(), k) == 0


def test_confidence_grows_with_strength() -> None:
    assert list(confidence([0.0, 1.0, 3.0], 10)) == [1.0, 11.0, 21.0]


def examples(split: Split, own: list[list[tuple[int, float]]], wanted: int) -> list[Example]:
    made = []
    for person, liked in enumerate(own, 1):
        kept, rest = liked[: len(liked) - wanted], liked[len(liked) - wanted :]
        case = Case(tuple((i + 1, s) for i, s in kept), (), tuple(i + 1 for i, _ in rest))
        made.append(Example(as_item(person, f"u{person}", split, case)))
    return made


def taught(folder: Path, model_id: str, options: dict[str, int], patience: int, **settings: float) -> RecommendCourse:
    """A course on the likes of this module, gone through. It keeps the factors of every pass."""
    from workbench.app_paths import app_paths
    from workbench.control import Control
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model

    card = Catalog.load().get(model_id)
    model = open_model(card, files(card, app_paths()))
    assert isinstance(model, Recommender)
    model.settings |= settings
    things = [Example(Item(i + 1, "text", f"thing {i}", text=f"thing {i}")) for i in range(THINGS)]
    train = [*things, *examples(Split.TRAIN, likes(), 0)]
    material = Material(model, (), How.QUICK, "cpu", Control(), tuple(train), folder, seed=3, options=options)
    assert isinstance(TASK, CourseTask) and isinstance(TASK, CasesTask)
    course = RecommendCourse(TASK, material)
    seen: list[np.ndarray] = []
    inner = course._factors

    def watched(*given):  # type: ignore[no-untyped-def]
        for factors in inner(*given):
            seen.append(factors)
            yield factors

    course._factors = watched  # type: ignore[method-assign]
    validation = examples(Split.VALIDATION, likes(), 2)
    pairs = [(e, course.prepare(e)) for e in train], [(e, course.prepare(e)) for e in validation]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the library warns of threads of the linear algebra
        rounds = list(course.learn(*pairs, patience))
    assert rounds and len(rounds) <= course.rounds
    course._factors_seen = seen  # type: ignore[attr-defined]
    return course


def model_of(course: RecommendCourse) -> Loaded:
    return course.result()


def test_the_best_pass_is_kept_and_the_model_holds_nobody(tmp_path: Path) -> None:
    course = taught(tmp_path, "recommend-together", {}, patience=2, factors=8)
    model = model_of(course)
    assert isinstance(model, Recommender) and model.taste is not None
    seen = course._factors_seen  # type: ignore[attr-defined]
    assert any(np.array_equal(model.taste.factors, factors) for factors in seen)
    assert 1 <= course._chosen["iterations"] <= 15
    assert model.state().keys() == {"popularity", "factors"} and len(model.names) == THINGS
    said = course.say([Case(((1, 1.0), (5, 1.0)), (9,), ())])
    assert isinstance(said[0], Ranking)
    first = said[0]
    assert not {1, 5, 9} & {p.item for p in first.picks} and len(first.usual) == 10 and first.of == THINGS
    assert from_record(to_record(first)) == first
    # What goes together with things 1 and 5 are 9, 13, 17 …
    assert sum(p.item % 4 == 1 for p in first.picks) >= 8


def ask(model: Loaded, text: str, **values: str | float) -> Ranking:
    prepared = TASK.prepare(Sample("text", "x", text=text), model)
    (found,) = TASK.predict_batch([prepared], model, TryOptions(values=values))
    assert isinstance(found, Ranking)
    return found


def test_typed_names_are_understood_and_strangers_are_told(tmp_path: Path) -> None:
    model = model_of(taught(tmp_path, "recommend-together", {"rounds": 3}, patience=9, factors=8))
    found = ask(model, " Thing  0 \nthing 4\nnonsense\n", count=3)
    assert len(found.picks) == 3 and "“nonsense”" in found.note and found.picks[0].because
    assert set(found.picks[0].because) <= {"thing 0", "thing 4"}
    assert ask(model, "").note.startswith("Nothing is known")
    with pytest.raises(UserError, match="None of these"):
        ask(model, "nonsense\nmore nonsense")
    untaught = Recommender(model.card, {})
    with pytest.raises(UserError, match="knows nothing yet"):
        ask(untaught, "thing 1")


def test_the_starter_cannot_be_asked_and_is_settings_alone() -> None:
    cards = [c for c in Catalog.load().cards() if c.runtime == "recommender"]
    assert {c.arch for c in cards} == {POPULAR, CONTENT, TOGETHER, BOTH}
    assert all(not c.tasks and c.starter for c in cards)


def test_a_stop_is_heeded_at_every_pass(tmp_path: Path) -> None:
    from workbench.errors import Cancelled

    course = taught(tmp_path, "recommend-together", {"rounds": 1}, patience=1, factors=8)
    course._material.control.cancel()
    with pytest.raises(Cancelled):
        next(course._factors(likes(), {"factors": 4}, course._material.control))
