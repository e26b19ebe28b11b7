"""Keywords: candidates in any script, Maximal Marginal Relevance against its definition, and a real text."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.errors import Cancelled
from workbench.tasks.base import TryOptions
from workbench.tasks.keywords import Candidate, candidates, chosen_keywords, keywords, marginal_relevance
from workbench.tasks.predictions import Scores, Text
from workbench.tasks.registry import get_task

TEXT = (
    "Solar panels turn sunlight into electricity. On a roof, solar panels pay for themselves in about ten years. "
    "The battery stores electricity for the evening; without a battery it is fed into the grid. "
    "My neighbour has a cat."
)


def vectors_of(count: int, seed: int, width: int = 8) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def plain_mmr(vectors: np.ndarray, centre: np.ndarray, top: int, diversity: float) -> list[int]:
    """As KeyBERT writes it: over the candidates that are left, (1 - d) * likeness to the text - d * the greatest to the chosen."""
    near = vectors @ centre
    alike = vectors @ vectors.T
    chosen = [int(np.argmax(near))]
    left = [i for i in range(len(near)) if i != chosen[0]]
    while left and len(chosen) < top:
        worth = [(1 - diversity) * near[i] - diversity * max(alike[i][j] for j in chosen) for i in left]
        best = left[int(np.argmax(worth))]
        chosen.append(best)
        left.remove(best)
    return chosen


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 30), st.integers(0, 10_000), st.integers(1, 12), st.floats(0, 1))
def test_marginal_relevance_is_its_definition(count: int, seed: int, top: int, diversity: float) -> None:
    vectors, centre = vectors_of(count, seed), vectors_of(1, seed + 1)[0]
    found = marginal_relevance(vectors @ centre, vectors @ vectors.T, top, diversity)
    assert found == plain_mmr(vectors, centre, top, diversity)
    assert len(found) == len(set(found)) == min(top, count)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(0, 10_000))
def test_no_diversity_is_the_order_of_likeness_and_more_of_it_never_repeats(count: int, seed: int) -> None:
    vectors, centre = vectors_of(count, seed), vectors_of(1, seed + 1)[0]
    near = vectors @ centre
    plain = marginal_relevance(near, vectors @ vectors.T, count, 0.0)
    assert np.all(np.diff(near[plain]) <= 1e-6)
    doubled = np.concatenate([vectors, vectors])
    found = marginal_relevance(doubled @ centre, doubled @ doubled.T, count, 0.9)
    firsts = [n % count for n in found[: max(2, count // 3)]]
    assert len(firsts) == len(set(firsts)), "what is the same is not chosen while something else is left"


def test_scores_are_cosines_and_only_near_candidates_are_chosen() -> None:
    vectors = vectors_of(60, 3)
    centre = vectors[7]
    found = [Candidate(f"w{n}", f"w{n}", ((n, n + 1),), 1) for n in range(60)]
    chosen = chosen_keywords(found, vectors, centre, 5, 1.0)
    assert chosen[0].text == "w7" and chosen[0].score == pytest.approx(1) and chosen[0].spans == ((7, 8),)
    nearest = {f"w{n}" for n in np.argsort(-(vectors @ centre))[:20]}
    assert {k.text for k in chosen} <= nearest


def test_candidates_stay_in_sentences_and_have_no_little_words_at_their_ends() -> None:
    found = {c.folded: c for c in candidates(TEXT)}
    assert {"solar panels", "battery", "electricity", "solar panels turn"} <= set(found)
    assert not {"the", "of", "panels pay for", "the battery", "electricity on", "evening without"} & set(found)
    assert [TEXT[s:e].lower() for s, e in found["solar panels"].spans] == ["solar panels"] * 2
    assert found["solar panels"].text in ("Solar panels", "solar panels")
    german = {c.folded for c in candidates("Die Mühle an der Ruhr wurde von dem Müller verkauft, und das Haus auch.")}
    assert {"muhle", "ruhr", "muller verkauft"} <= german and not {"die", "der", "wurde von"} & german
    chinese = {c.folded for c in candidates("人工智能改变世界。人工智能改变工作。")}
    assert "工智能改" in chinese or "人工智能" in chinese
    assert candidates("of the and 12 4") == [] and candidates("") == []


@pytest.mark.usefixtures("one_thread")
def test_keywords_of_a_real_text() -> None:
    card = Catalog.load().get("text-starter")
    with shared_pool().use_network(card) as model:
        found = keywords(TEXT, model, 5, 0.4)
        assert any("solar" in k.text.lower() for k in found[:1]) and any("battery" in k.text.lower() for k in found)
        assert not any("cat" in k.text.lower() for k in found)
        assert all(TEXT[s:e].lower() == k.text.lower() for k in found for s, e in k.spans)
        alike = keywords(TEXT, model, 5, 0.0)
        assert [k.score for k in alike] == sorted((k.score for k in alike), reverse=True)
        assert sum("solar" in k.text.lower() for k in alike) > sum("solar" in k.text.lower() for k in found)
        control = Control()
        control.cancel()
        with pytest.raises(Cancelled):
            keywords(TEXT, model, control=control)


def test_the_task_marks_them_and_labels_by_likeness_work_with_the_starter() -> None:
    card = Catalog.load().get("text-starter")
    task = get_task("keyword-extraction")
    assert task.info.id in card.tasks

    def said(text: str, name: str, options: TryOptions | None = None) -> object:
        (result,) = predict([Sample("text", text=text)], card, get_task(name), options)
        return result.prediction

    found = said(TEXT, "keyword-extraction", TryOptions(values={"many": 3}))
    assert isinstance(found, Text) and found.marked and len(found.spans) == 3
    assert any("solar panels" in words.lower() for words, _ in found.pieces())
    marked = sorted((s.start, s.end) for s in found.spans)
    assert all(before[1] <= after[0] for before, after in pairwise(marked)), "no two marks lie over each other"
    empty = said("of the 12", "keyword-extraction")
    assert isinstance(empty, Text) and not empty.spans and empty.note
    likeliest = said(TEXT, "text-classification", TryOptions(("energy", "cooking", "law")))
    assert isinstance(likeliest, Scores) and likeliest.best.name == "energy"
