"""Pictures that look alike: found for people's own eyes, so judged on real pictures, and against brute force."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import sklearn.datasets
from PIL import Image, ImageEnhance

from workbench.app_paths import app_paths, resources
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine import picture_index
from workbench.engine.picture_index import Picture, PictureIndex, embed, folder_entries, update_index
from workbench.engine.similarity import duplicate_groups, find_alike, query_vector
from workbench.errors import Cancelled, UserError
from workbench.runtimes.network import Network

DIGITS = resources() / "samples" / "digits"
PHOTOS = [
    *(Path(skimage.data.__file__).parent / name for name in (
        "astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg", "moon.png",
    )),
    *(Path(sklearn.datasets.__file__).parent / "images" / name for name in ("china.jpg", "flower.jpg")),
]  # fmt: skip


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the pictures that go through the network."""
    seen: Counter[str] = Counter()
    real = Network.features

    def counted(self: Network, batch: Any) -> Any:
        found = real(self, batch)
        seen["pictures"] += len(found)
        return found

    monkeypatch.setattr(Network, "features", counted)
    return seen


def digits(folder: Path, names: tuple[str, ...], each: int, first: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for file in sorted((DIGITS / name).glob("*.png"))[first : first + each]:
            shutil.copy(file, folder / f"{name}-{file.name}")
    return folder


def variants(folder: Path) -> None:
    """Each photo, and what people make of photos: another size, a strong compression, a crop, a brighter one."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in PHOTOS:
        whole = Image.open(file).convert("RGB")
        whole.thumbnail((320, 320))
        width, height = whole.size
        whole.save(folder / f"{file.stem}+whole.png")
        whole.resize((width // 2, height // 2)).save(folder / f"{file.stem}+half.png")
        whole.save(folder / f"{file.stem}+pressed.jpg", quality=25)
        crop = whole.crop((width // 20, height // 20, width - width // 16, height - width // 16))
        crop.save(folder / f"{file.stem}+crop.jpg", quality=90)
        ImageEnhance.Brightness(whole).enhance(1.2).save(folder / f"{file.stem}+bright.jpg", quality=90)


def test_near_duplicates_among_photos_and_digits(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    variants(folder)
    digits(folder, ("one", "four", "eight"), 10)
    index = update_index(str(folder), folder_entries(folder))
    original = {p.name: p.name.split("+")[0] for p in index.pictures if "+" in p.name}
    true = {frozenset(pair) for pair in combinations(original, 2) if original[pair[0]] == original[pair[1]]}
    assert len(true) == 10 * len(PHOTOS) and not index.problems
    for edited, least_recall in ((False, 0.2), (True, 0.9)):
        groups = duplicate_groups(index, edited=edited)
        names = [[index.pictures[p].name for p in group.places] for group in groups]
        found = {frozenset(pair) for group in names for pair in combinations(group, 2)}
        recall, precision = len(found & true) / len(true), len(found & true) / len(found)
        print(f"near-duplicates, edited={edited}: precision {precision:.3f}, recall {recall:.3f}, {len(groups)} groups")
        assert precision >= 0.95 and recall >= least_recall
    # The best is the whole picture without loss: the largest, and of those the least compressed.
    kept = [index.pictures[g.best].name for g in groups if "+" in index.pictures[g.best].name]
    assert sum(name.endswith("+whole.png") for name in kept) >= 0.9 * len(kept)
    for group in groups:
        sizes = [index.pictures[p].width * index.pictures[p].height for p in group.places]
        assert index.pictures[group.largest].width * index.pictures[group.largest].height == max(sizes)
        assert group.spare_bytes == sum(index.pictures[p].path.stat().st_size for p in group.places[1:])


def test_the_same_class_comes_first(tmp_path: Path) -> None:
    names = tuple(sorted(p.name for p in DIGITS.iterdir() if p.is_dir()))
    folder = digits(tmp_path / "digits", names, 8)
    index = update_index("digits", folder_entries(folder))
    labels = [p.name.split("-")[0] for p in index.pictures]
    right = []
    for place in range(len(labels)):
        found = find_alike(index, index.vectors_of([place]))
        assert found.places[0] == place and found.likeness[0] == pytest.approx(1, abs=2e-3)
        right += [labels[other] == labels[place] for other in found.places[1:6]]
    chance = (8 - 1) / (len(labels) - 1)
    precision = float(np.mean(right))
    print(f"same digit among the first five: {precision:.3f}, by chance {chance:.3f}")
    assert precision > 5 * chance


def test_only_new_and_changed_files_are_looked_at(tmp_path: Path, looks: Counter[str]) -> None:
    folder = digits(tmp_path / "digits", ("one", "two"), 6)
    assert update_index("k", folder_entries(folder)).computed == looks["pictures"] == 12
    before = update_index("k", folder_entries(folder))
    assert before.computed == 0 and looks["pictures"] == 12
    digits(folder, ("three",), 2)
    gone = before.pictures[3]
    gone.path.unlink()
    # Another picture under an old name, and the same one touched: its content is known.
    shutil.copy(sorted((DIGITS / "nine").iterdir())[0], before.pictures[0].path)
    os.utime(before.pictures[1].path, ns=(1, 1))
    after = update_index("k", folder_entries(folder))
    assert after.computed == 3 and looks["pictures"] == 15
    assert gone.name not in {p.name for p in after.pictures} and len(after.pictures) == 13
    # What stayed has its vector still; what changed has the new one.
    fresh, problems = embed([Sample("picture", p.name, path=p.path) for p in after.pictures])
    assert not problems and looks["pictures"] == 15
    assert np.abs(after.vectors_of(range(13)) - fresh).max() < 1e-3
    assert np.allclose(np.linalg.norm(fresh, axis=1), 1, atol=1e-5)


def test_broken_files_are_told_one_by_one_and_looked_at_again_when_mended(tmp_path: Path) -> None:
    folder = digits(tmp_path / "digits", ("one",), 3)
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "empty.jpg").write_bytes(b"")
    for _ in range(2):  # the second time from what is kept
        index = update_index("k", folder_entries(folder))
        assert len(index.pictures) == 3
        assert [p.where for p in index.problems] == ["broken.png", "empty.jpg"]
        assert all(p.message and p.hint for p in index.problems)
    shutil.copy(index.pictures[0].path, folder / "broken.png")
    mended = update_index("k", folder_entries(folder))
    assert [p.where for p in mended.problems] == ["empty.jpg"] and len(mended.pictures) == 4


def test_a_stop_keeps_what_was_done(tmp_path: Path, looks: Counter[str]) -> None:
    folder = digits(tmp_path / "digits", ("one", "two", "three"), 10)

    def stop(_fraction: float, _text: str) -> None:
        if looks["pictures"]:
            control.cancel()

    control = Control(stop)
    with pytest.raises(Cancelled):
        update_index("k", folder_entries(folder), control)
    done = looks["pictures"]
    assert 0 < done < 30
    assert update_index("k", folder_entries(folder)).computed == 30 - done and looks["pictures"] == 30


def test_a_damaged_index_is_begun_anew(tmp_path: Path) -> None:
    folder = digits(tmp_path / "digits", ("one",), 4)
    update_index("k", folder_entries(folder))
    (made,) = (app_paths().cache / "similar").iterdir()
    (made / "vectors.f16").write_bytes(b"")
    index = update_index("k", folder_entries(folder))
    assert len(index.pictures) == 4 and np.allclose(np.linalg.norm(index.vectors_of(range(4)), axis=1), 1, atol=2e-3)
    for file in made.glob("index.db-*"):
        file.unlink()
    (made / "index.db").write_bytes(b"not a data base at all, but long enough to look like one" * 40)
    with pytest.raises(UserError):
        update_index("k", folder_entries(folder))
    assert len(update_index("k", folder_entries(folder)).pictures) == 4


def test_places_without_pictures_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no pictures"):
        folder_entries(tmp_path)
    with pytest.raises(UserError, match="is not there"):
        folder_entries(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no picture to compare"):
        query_vector(np.zeros((0, 4), np.float32))


# Synthetic vectors --------------------------------------------------------------------------------------------------------


def index_of(vectors: np.ndarray) -> PictureIndex:
    """An index over vectors [N, F], its rows in another order than its pictures."""
    count = len(vectors)
    rows = np.random.default_rng(1).permutation(count)
    stored = np.empty((count, vectors.shape[1]), np.float16)
    stored[rows] = vectors.astype(np.float16)
    miniatures = np.random.default_rng(2).integers(0, 256, (count, 264), np.uint8)
    pictures = tuple(
        Picture(f"{n}.png", Path(f"/{n}.png"), 0, str(n), 100, 10, 10, 1.0, int(rows[n]), miniatures[n].tobytes())
        for n in range(count)
    )
    return PictureIndex(pictures, stored, (), 0)


def units(count: int, width: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_search_equals_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engine.similarity._BLOCK", 700)  # several blocks, the last one not full
    index = index_of(units(5000, 64, 0))
    exact = np.stack([index.vectors[p.row] for p in index.pictures]).astype(np.float64)
    like, unlike = units(3, 64, 5), units(2, 64, 6)
    for against in (None, unlike):
        wanted = like.mean(axis=0) if against is None else 0.75 * like.mean(axis=0) - 0.15 * against.mean(axis=0)
        cosines = exact @ (wanted / np.linalg.norm(wanted))
        found = find_alike(index, like, against)
        assert sorted(found.places.tolist()) == list(range(5000))
        assert np.abs(found.likeness - cosines[found.places]).max() < 1e-5
        assert np.array_equal(found.places[:50], np.argsort(-cosines, kind="stable")[:50])


def test_counter_examples_push_away() -> None:
    a, b = units(2, 32, 3)
    mixed = (a + b) / np.linalg.norm(a + b)
    index = index_of(np.stack([a, b, mixed]))
    plain = find_alike(index, mixed[None])
    without_b = find_alike(index, mixed[None], b[None])
    of = lambda found, place: float(found.likeness[found.places.tolist().index(place)])  # noqa: E731
    assert of(plain, 1) - of(without_b, 1) > 0.05
    assert of(without_b, 0) > of(without_b, 1)


@pytest.mark.parametrize("many", [20_000, 1000])
def test_planted_pairs_are_found_also_in_fewer_dimensions(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engine.similarity._MANY", many)
    vectors = units(3000, 256, 7)
    near = vectors[:100] + 0.1 * units(100, 256, 8)
    vectors[1500:1600] = near / np.linalg.norm(near, axis=1, keepdims=True)
    groups = duplicate_groups(index_of(vectors))
    assert {g.places for g in groups} == {(n, 1500 + n) for n in range(100)}


def test_a_stop_is_answered_while_comparing() -> None:
    control = Control()
    control.cancel()
    index = index_of(units(50, 16, 9))
    with pytest.raises(Cancelled):
        find_alike(index, units(1, 16, 1), control=control)
    with pytest.raises(Cancelled):
        duplicate_groups(index, control=control)


def test_sharpness_tells_a_blurred_copy() -> None:
    from PIL.ImageFilter import GaussianBlur

    photo = Image.open(PHOTOS[0]).convert("RGB")
    clear = picture_index.sharpness(photo)
    assert picture_index.sharpness(photo.filter(GaussianBlur(4))) < 0.3 * clear
    assert picture_index.sharpness(photo.resize((300, 300))) == pytest.approx(clear, rel=0.3)
