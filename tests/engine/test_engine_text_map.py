"""The map of texts: the same each time, near things near, groups named by what they are about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from workbench.app_paths import app_paths
from workbench.control import Control
from workbench.engine import text_map
from workbench.engine.document_index import DocumentIndex
from workbench.engine.text_map import grouped, laid_out, make_map
from workbench.errors import Cancelled, UserError

THINGS = {
    "boats": ["sailing boat", "wooden rowing boat", "harbour full of boats", "captain of a ship", "ferry across the sea",
              "fishing boat at anchor", "sails of the yacht", "boat race on the lake"],
    "bread": ["fresh bread", "sourdough loaf", "bakery with warm rolls", "flour and yeast", "baking bread at home",
              "bread with butter", "dough in the oven", "rye bread from the baker"],
    "teeth": ["dentist with a drill", "tooth ache", "brushing your teeth", "filling in a tooth", "braces for teeth",
              "dental check", "wisdom tooth pulled", "toothpaste for white teeth"],
}  # fmt: skip


@pytest.fixture
def index(tmp_path: Path, one_thread: None) -> DocumentIndex:
    folder = tmp_path / "d"
    folder.mkdir()
    for name, texts in THINGS.items():
        for n, text in enumerate(texts):
            (folder / f"{name}-{n}.txt").write_text(f"Here we talk about a {text}.")
    paths = app_paths().ensure()
    made = DocumentIndex.open(paths.cache / "x", paths)
    list(made.update([folder]))
    return made


def blobs(each: int, groups: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    centres = random.normal(size=(groups, 64))
    labels = np.repeat(np.arange(groups), each)
    vectors = (centres[labels] + 0.5 * random.normal(size=(len(labels), 64))).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels


def test_groups_are_what_the_texts_are_about(index: DocumentIndex) -> None:
    found = make_map(index, by_document=True)
    assert len(found.passages) == 24 and found.xy.shape == (24, 2) and np.abs(found.xy).max() <= 1 and not found.note
    true = [p.title.split("-")[0] for p in found.passages]
    assert len(found.groups) == 3 and adjusted_rand_score(true, found.group_of) > 0.8
    for group in found.groups:
        kind = max(set(true), key=lambda k: sum(true[n] == k for n in group.places))
        said = " ".join(k.text.lower() for k in group.keywords)
        assert {"boats": "boat", "bread": "bread", "teeth": "t"}[kind] in said and group.name
    assert sorted(n for g in found.groups for n in g.places) == list(range(24))
    again = make_map(index, by_document=True)
    assert np.array_equal(found.xy, again.xy) and [g.name for g in found.groups] == [g.name for g in again.groups]


def test_near_things_are_near_and_a_stop_is_heeded() -> None:
    vectors, labels = blobs(60)
    found, centres = grouped(vectors)
    assert adjusted_rand_score(labels, found) == 1 and np.allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-5)
    xy = laid_out(vectors)
    apart = np.linalg.norm(xy[:, None] - xy[None], axis=2) + np.eye(len(xy)) * 9
    nearest = labels[np.argsort(apart, axis=1)[:, :10]]
    assert (nearest == labels[:, None]).mean() > 0.95

    class Stopping(Control):
        def progress(self, done: float, total: float, text: str = "") -> None:
            if text == "Drawing the map":
                self.cancel()

    with pytest.raises(Cancelled):
        laid_out(vectors, Stopping())


@pytest.mark.parametrize("count", [3, 4, 5, 9, 31])
def test_few_and_equal_texts_have_a_map_too(count: int) -> None:
    vectors, _ = blobs(count, 1)
    assert len(np.unique(laid_out(vectors).round(3), axis=0)) == count and len(grouped(vectors)[0]) == count
    same = np.repeat(vectors[:1], count, axis=0)
    assert np.isfinite(laid_out(same)).all() and grouped(same)[0].shape == (count,)


def test_too_many_are_sampled_and_it_is_said(index: DocumentIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_map, "MOST_POINTS", 10)
    found = make_map(index)
    assert len(found.passages) == 10 and "10 of 24" in found.note
    list(index.update([]))
    with pytest.raises(UserError, match="at least 3"):
        make_map(index)
