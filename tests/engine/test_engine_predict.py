"""Prediction with the starters: the palace, the batch with broken files, labels typed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.bulk import run_to_csv
from workbench.engine.pool import ModelPool
from workbench.engine.predict import collect_samples, predict
from workbench.errors import Cancelled, UserError
from workbench.tasks.base import TryOptions
from workbench.tasks.registry import get_task

PICTURES, TEXTS = get_task("image-classification"), get_task("text-classification")


def test_the_sample_of_scikit_learn_is_a_palace(catalog: Catalog) -> None:
    import sklearn.datasets

    photo = Path(sklearn.datasets.__file__).parent / "images" / "china.jpg"
    result = next(predict([Sample("picture", "china.jpg", path=photo)], catalog.get("picture-starter"), PICTURES))
    assert result.prediction is not None and result.prediction.best.name == "palace"
    assert sum(s.value for s in result.prediction.top) <= 1.0


@pytest.fixture
def two_hundred(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(200):
        Image.new("RGB", (24, 24), (n, 255 - n, n // 2)).save(folder / f"{n:03}.png")
    (folder / "010.png").write_bytes(b"nothing of a picture")
    (folder / "100.png").write_bytes((folder / "101.png").read_bytes()[:50])
    (folder / "199.png").write_bytes(b"")
    return folder


def test_three_broken_of_two_hundred(catalog: Catalog, two_hundred: Path) -> None:
    samples = collect_samples([two_hundred], PICTURES)
    results = list(predict(samples, catalog.get("picture-starter"), PICTURES))
    assert [r.index for r in results] == list(range(200))
    assert sum(r.prediction is not None for r in results) == 197
    lines = [str(r.problem) for r in results if r.problem is not None]
    assert len(lines) == 3 and all("\n" not in line for line in lines)
    assert [line.split(":")[0] for line in lines] == ["010.png", "100.png", "199.png"]


def test_a_stopped_batch_keeps_its_answers(catalog: Catalog, two_hundred: Path, tmp_path: Path) -> None:
    control = Control()
    control._on_progress = lambda fraction, _text: control.cancel() if fraction > 0.1 else None
    result = run_to_csv(catalog.get("picture-starter"), [two_hundred], tmp_path / "out.csv", control)
    assert not result.complete and 10 < result.answered < 190
    assert result.path.name == "out (stopped early).csv"
    assert len(result.path.read_text("utf-8-sig").splitlines()) > 10
    assert not (tmp_path / "out.csv").exists()
    early = Control()
    early.cancel()
    with pytest.raises(Cancelled):
        run_to_csv(catalog.get("picture-starter"), [two_hundred], tmp_path / "out.csv", early)


def test_a_table_of_texts_is_answered(catalog: Catalog, tmp_path: Path) -> None:
    photos = resources() / "samples" / "try"
    result = run_to_csv(catalog.get("picture-starter"), [photos], tmp_path / "out.csv")
    rows = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert result.answered == 2 and rows[0] == "item,answer,certainty,problem,path" and "palace" in rows[1]


def test_typed_labels_are_chosen_between_and_said_to_be_a_hint(catalog: Catalog) -> None:
    card = catalog.get("text-starter")
    assert TEXTS.needs_labels(card)
    asked = [
        Sample("text", text="The final match ended in a penalty shoot-out."),
        Sample("text", text="Fry the onions in butter."),
    ]
    results = list(predict(asked, card, TEXTS, TryOptions(("football", "cooking", "astronomy"))))
    assert [r.prediction.best.name for r in results if r.prediction] == ["football", "cooking"]
    assert all("not trained on your labels" in r.prediction.note for r in results if r.prediction)
    with pytest.raises(UserError, match="no classes of its own"):
        next(predict(asked, card, TEXTS))


def test_a_long_text_is_never_silently_cut(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Sample("text", text="word " * 2000)
    result = next(predict([long], catalog.get("text-starter"), TEXTS, TryOptions(("a", "b"))))
    # Read in windows, and what lies beyond the last one is said.
    assert result.prediction is not None and "overlapping parts" in result.prediction.note
    monkeypatch.setattr("workbench.tasks.text_classification._MOST_WINDOWS", 2)
    endless = Sample("text", text="word " * 150_000)
    result = next(predict([endless], catalog.get("text-starter"), TEXTS, TryOptions(("a", "b"))))
    assert result.prediction is not None and "of 150,000 words" in result.prediction.note
    empty = next(
        predict([Sample("text", "empty", text="  ")], catalog.get("text-starter"), TEXTS, TryOptions(("a", "b")))
    )
    assert empty.problem is not None and "empty" in str(empty.problem)


def test_the_pool_keeps_to_its_budget(catalog: Catalog) -> None:
    pool = ModelPool(budget_bytes=30_000_000)
    pool.warm(catalog.get("picture-starter"))
    assert pool.loaded() == ["picture-starter"]
    pool.warm(catalog.get("text-starter"))
    assert pool.loaded() == ["text-starter"]
    pool.release("text-starter")
    assert pool.loaded() == []


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not there"):
        collect_samples([tmp_path / "gone.jpg"], PICTURES)
    with pytest.raises(UserError, match="holds no pictures"):
        collect_samples([tmp_path], PICTURES)


def test_augmentation_depends_on_its_seed_alone(catalog: Catalog) -> None:
    photo = Sample("picture", path=resources() / "samples" / "try" / "flower.jpg")
    with ModelPool().use(catalog.get("picture-starter"), "cpu") as model:
        first, again, other = (PICTURES.prepare(photo, model, augment_seed=s)["pixels"] for s in (7, 7, 8))
        plain = PICTURES.prepare(photo, model)["pixels"]
    assert first.equal(again) and not first.equal(other) and not first.equal(plain)
    assert plain.shape == (3, 224, 224) and float(plain.abs().max()) <= 1.0
