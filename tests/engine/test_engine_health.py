"""What the deep look at a project finds: planted faults are found, and clean data is left in peace."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image, ImageEnhance
from sklearn.neighbors import NearestNeighbors

from workbench.app_paths import AppPaths, resources
from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.checks import Finding
from workbench.data.checks.fine import forget, looked
from workbench.data.checks.fixes import apply, fix_by_id
from workbench.data.project import Project
from workbench.data.shapes import BoxShape
from workbench.data.types import ItemFilter, ItemPrediction, NewItem, RunRecord, Split
from workbench.engine.health import raw
from workbench.engine.health.check import check_health, known_health
from workbench.engine.health.cross import folds_of, out_of_sample
from workbench.engine.health.outliers import kth_distance, oddness, outliers
from workbench.engine.similarity import nearest
from workbench.errors import Cancelled
from workbench.runtimes.network import Network
from workbench.tasks.predictions import Box, Boxes, to_record

DIGITS = resources() / "samples" / "digits"
NAMES = ("zero", "one", "four", "seven")
ODD = ("astronaut.png", "coffee.png", "chelsea.png")


def paths_in(folder: Path) -> AppPaths:
    return AppPaths(folder / "s", folder / "cache", folder / "p", folder / "m", folder / "l").ensure()


class Planted:
    """A project of digits with faults, and what they are."""

    def __init__(self, folder: Path) -> None:
        self.paths = paths_in(folder)
        files = folder / "files"
        files.mkdir()
        rng = random.Random(5)
        new: list[NewItem] = []
        for name in NAMES:
            found = sorted((DIGITS / name).glob("*.png"))[:22]
            new += [NewItem("picture", f.name, Path(shutil.copy(f, files)), label=name) for f in found]
        wrong = rng.sample(range(len(new)), 5)
        self.wrong: dict[str, str] = {}
        for place in wrong:
            truth = new[place].label or ""
            new[place] = replace(new[place], label=rng.choice([n for n in NAMES if n != truth]))
            self.wrong[new[place].name] = truth
        # Photos among digits, and of each a cropped and brightened copy on the other side of the test.
        self.odd: set[str] = set()
        self.copies: set[frozenset[str]] = set()
        for name in ODD:
            with Image.open(Path(skimage.data.__file__).parent / name) as opened:
                opened.thumbnail((320, 320))
                whole = opened.convert("RGB")
            width, height = whole.size
            crop = whole.crop((width // 20, height // 20, width - width // 16, height - width // 16))
            for kind, made, split in (("whole", whole, Split.TRAIN), ("crop", crop, Split.TEST)):
                file = files / f"{kind} {name}"
                ImageEnhance.Brightness(made).enhance(1.0 if kind == "whole" else 1.15).save(file)
                new.append(NewItem("picture", file.name, file, label="one", split=split))
                self.odd.add(file.name)
            self.copies.add(frozenset((f"whole {name}", f"crop {name}")))
        self.project = Project.create(folder / "project", "digits", "image-classification")
        sided = [i if i.split else replace(i, split=Split.TRAIN) for i in new]
        self.project.add_items(sided)
        self.findings = check_health(self.project, paths=self.paths)

    def finding(self, code: str) -> Finding:
        return next(f for f in self.findings if f.code == code)

    def names(self, ids: tuple[int, ...]) -> list[str]:
        return [i.name for i in self.project.items(ids)]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    made = Planted(tmp_path_factory.mktemp("health"))
    yield made
    made.project.close()


def test_wrong_labels_are_found_with_the_right_one_suggested(planted: Planted) -> None:
    found = planted.finding("suspect-labels")
    names = planted.names(found.item_ids)
    hits = [n for n in names if n in planted.wrong]
    recall, precision = len(hits) / len(planted.wrong), len(hits) / len(names)
    print(f"wrong labels: precision {precision:.2f}, recall {recall:.2f}")
    assert recall >= 0.6 and precision >= 0.4
    # Many times what drawing at random would give, and the most doubtful come first.
    assert precision > 5 * len(planted.wrong) / len(planted.project.item_ids())
    assert set(names[:2]) & set(planted.wrong)
    classes = {c.id: c.name for c in planted.project.classes()}
    items = {i.name: i.id for i in planted.project.items(found.item_ids)}
    right = [classes[found.suggested[items[n]]] == planted.wrong[n] for n in hits]
    # One of four by chance.
    assert np.mean(right) >= 0.6
    assert all("looks like" in note for note in found.notes.values()) and set(found.notes) == set(found.item_ids)


def test_outliers_are_found_and_clean_items_are_not(planted: Planted) -> None:
    names = planted.names(planted.finding("outliers").item_ids)
    assert planted.odd <= set(names)
    clean = len(planted.project.item_ids()) - len(planted.odd)
    false_alarms = (len(names) - len(planted.odd)) / clean
    print(f"outliers: false alarms {false_alarms:.1%} of {clean}")
    assert false_alarms <= 0.03 and set(names[: len(planted.odd)]) == planted.odd


def test_edited_copies_and_leakage_are_found(planted: Planted) -> None:
    leaks = planted.finding("leakage")
    groups = [frozenset(planted.names(g)) for g in leaks.groups]
    recall = len(planted.copies & set(groups)) / len(planted.copies)
    print(f"leakage: {recall:.2f} of the planted, {len(groups) - len(planted.copies & set(groups))} others")
    assert recall >= 0.75 and len(groups) <= len(planted.copies) + 1
    means = planted.finding("near-meaning")
    assert {frozenset(planted.names(g)) for g in means.groups} & planted.copies


def test_every_fix_can_be_taken_back(planted: Planted) -> None:
    project = planted.project

    def state() -> Any:
        return [(i.id, i.class_id, i.split, i.label_source) for i in project.items(project.item_ids())]

    before = state()
    leaks = planted.finding("leakage")
    for code, fix_id in (
        ("suspect-labels", "accept-labels"), ("outliers", "exclude"), ("leakage", "one-split"), ("leakage", "keep-one"),
    ):  # fmt: skip
        finding = planted.finding(code)
        change = fix_by_id(fix_id).plan(project, finding)
        assert change.count
        back = apply(project, change)
        after = state()
        assert after != before
        if fix_id == "one-split":
            splits = {i.id: i.split for i in project.items(leaks.item_ids)}
            assert all(len({splits[i] for i in g}) == 1 for g in leaks.groups)
            assert "leakage" not in {f.code for f in check_health(project, paths=planted.paths)}
        if fix_id == "exclude":
            # Before the next deep look, what was found of the others is told still, and nothing of what is gone.
            known = {f.code: f for f in known_health(project)}
            assert "outliers" not in known
            assert known["suspect-labels"].item_ids == planted.finding("suspect-labels").item_ids
            assert not fix_by_id(fix_id).plan(project, finding).count
        if fix_id == "keep-one":
            assert [len(project.present(g)) for g in leaks.groups] == [1] * len(leaks.groups)
            assert len(after) == len(before) - change.count
        apply(project, back)
        assert state() == before
    # Bringing items back and taking them out was no change of contents: what was found still holds.
    assert known_health(project) == planted.findings


def test_what_is_kept_is_not_computed_again(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    project = planted.project
    calls: Counter[str] = Counter()
    real = Network.features

    def counted(self: Network, batch: Any) -> Any:
        found = real(self, batch)
        calls["pictures"] += len(found)
        return found

    monkeypatch.setattr(Network, "features", counted)
    assert check_health(project, paths=planted.paths) == planted.findings and not calls
    # One label changed: heads are fitted anew, no picture is looked at.
    item = project.item(project.item_ids()[0])
    other = next(c.id for c in project.classes() if c.id != item.class_id)
    before = project.set_label([item.id], other)
    again = check_health(project, paths=planted.paths)
    assert not calls
    assert item.id in next(f for f in again if f.code == "suspect-labels").item_ids
    project.restore_labels(before)
    # One picture more: one look.
    file = sorted((DIGITS / "one").glob("*.png"))[35]
    added = project.add_items([NewItem("picture", file.name, file, label="one")]).added
    check_health(project, paths=planted.paths)
    assert calls["pictures"] == 1
    project.remove_items(added)
    # A damaged file of facts is only made again.
    (project.folder / "health.json").write_text("{")
    assert {f.code for f in check_health(project, paths=planted.paths)} == {f.code for f in planted.findings}
    record = json.loads((project.folder / "health.json").read_text())
    assert record["facts"]["looked"] == len(project.item_ids())


def test_i_looked_it_is_fine(planted: Planted) -> None:
    project = planted.project
    found = planted.finding("suspect-labels")
    first = found.item_ids[0]
    looked(project, found, [first])
    now = next(f for f in known_health(project) if f.code == "suspect-labels")
    assert now.item_ids == found.item_ids[1:]
    looked(project, planted.finding("outliers"))
    codes = {f.code for f in known_health(project)}
    assert "outliers" not in codes and "suspect-labels" in codes
    # Another label brings it back.
    item = project.item(first)
    third = next(c.id for c in project.classes() if c.id not in (item.class_id, found.suggested[first]))
    before = project.set_label([first], third)
    again = check_health(project, paths=planted.paths)
    assert first in next(f for f in again if f.code == "suspect-labels").item_ids
    project.restore_labels(before)
    forget(project)
    assert check_health(project, paths=planted.paths) == planted.findings


def test_what_is_alike_comes_to_one_side(planted: Planted) -> None:
    project = planted.project
    check_health(project, paths=planted.paths)
    before = {i.id: i.split for i in project.items(project.item_ids())}
    alike = raw.known_alike(project)
    names = [frozenset(planted.names(tuple(g))) for g in alike]
    assert planted.copies <= set(names)
    try:
        project.set_splits(dict.fromkeys(before, None))
        project.ensure_splits(alike=alike)
        given = {i.id: i.split for i in project.items(project.item_ids())}
        assert None not in given.values() and all(len({given[i] for i in g}) == 1 for g in alike)
        assert "leakage" not in {f.code for f in known_health(project)}
    finally:
        project.set_splits(before)


def test_a_stop_is_answered(planted: Planted, tmp_path: Path) -> None:
    seen: list[str] = []

    def stop(_fraction: float, text: str) -> None:
        seen.append(text)
        if "Looking at pictures" in text:
            control.cancel()

    control = Control(stop)
    (planted.project.folder / "health.json").unlink(missing_ok=True)
    with pytest.raises(Cancelled):
        check_health(planted.project, control, paths_in(tmp_path))
    assert sum("Looking at pictures" in text for text in seen) == 1


def test_texts_with_wrong_labels_odd_ones_and_the_same_in_other_words(tmp_path: Path) -> None:
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))[:210]
    rng = random.Random(3)
    names = sorted({r["label"] for r in rows})
    wrong = set(rng.sample(range(len(rows)), 10))
    new = [
        NewItem("text", f"t{n}", text=r["text"],
                label=rng.choice([c for c in names if c != r["label"]]) if n in wrong else r["label"])
        for n, r in enumerate(rows)
    ]  # fmt: skip
    odd = [
        "SELECT name FROM users WHERE id = 4;",
        "asdf jkl qwer uiop zxcv",
        "f(x) = x^2 + 3 x + 5 is a polynomial of degree two.",
    ]
    new += [NewItem("text", f"odd {n}", text=text, label="question") for n, text in enumerate(odd)]
    again = {30: "Hello, ", 60: "Just so you know: ", 90: "Hi! "}
    new += [NewItem("text", f"again {n}", text=f"{words}{rows[n]['text']} Thanks.", label=rows[n]["label"])
            for n, words in again.items()]  # fmt: skip
    with Project.create(tmp_path / "texts", "texts", "text-classification") as project:
        project.add_items(new)
        findings = {f.code: f for f in check_health(project)}
        doubts = [i.name for i in project.items(findings["suspect-labels"].item_ids)]
        hits = [n for n in doubts if n.startswith("t") and int(n[1:]) in wrong]
        print(f"texts: precision {len(hits) / len(doubts):.2f}, recall {len(hits) / len(wrong):.2f}")
        assert len(hits) / len(wrong) >= 0.5 and len(hits) / len(doubts) >= 0.15
        strange = {i.name for i in project.items(findings["outliers"].item_ids)}
        assert len(strange & {f"odd {n}" for n in range(3)}) >= 2 and len(strange) <= 5
        pairs = {frozenset(i.name for i in project.items(g)) for code in ("near-meaning", "near-duplicates")
                 if code in findings for g in findings[code].groups}  # fmt: skip
        assert len(pairs & {frozenset((f"t{n}", f"again {n}")) for n in again}) >= 2


def test_where_a_taught_model_says_something_else(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "p", "object-detection") as project:
        new, said = [], []
        for n in range(12):
            file = tmp_path / f"{n}.png"
            Image.effect_noise((64, 64), 20 + n).save(file)
            marks = (NewAnnotation(BoxShape(5, 5, 40, 40), "cat"),)
            new.append(NewItem("picture", file.name, file, annotations=marks, split=(Split.TRAIN, Split.TEST)[n % 2]))
        ids = project.add_items(new).added
        for n, item_id in enumerate(ids):
            # Of 3 (test) and 4 (learnt from) the model says something else: another place.
            box = Box(45, 45, 60, 60, "cat", 0.9) if n in (3, 4) else Box(5, 6, 40, 41, "cat", 0.9)
            said.append(
                ItemPrediction(item_id, new[n].split or Split.TEST, "", "", (), to_record(Boxes((box,), 64, 64)))
            )
        assert "model-disagrees" not in {f.code for f in check_health(project)}
        project.save_run(RunRecord("r", "run", "done", "2026-01-01", {"classes": ["cat"]}, {}, tmp_path / "r"))
        project.save_predictions("r", said)
        found = next(f for f in check_health(project) if f.code == "model-disagrees")
        assert found.item_ids == (ids[3],) and "agree by 0%" in found.notes[ids[3]]
        # The label was wrong and is mended: no more to say.
        mended = project.annotation_states([ids[3]])
        place = replace(mended[ids[3]].annotations[0], shape=BoxShape(45, 45, 60, 60))
        project.set_annotations({ids[3]: replace(mended[ids[3]], annotations=(place,))})
        assert "model-disagrees" not in {f.code for f in check_health(project)}
        # A model that is mostly wrong is no witness.
        wrong = [replace(p, record=to_record(Boxes((Box(45, 45, 60, 60, "cat", 0.9),), 64, 64))) for p in said]
        project.save_predictions("r", wrong)
        project.set_annotations({ids[3]: mended[ids[3]]})
        assert "model-disagrees" not in {f.code for f in check_health(project)}


def test_recordings_are_looked_at_too(tmp_path: Path) -> None:
    import soundfile

    rng = np.random.default_rng(1)
    new = []
    for n in range(24):
        time = np.arange(12_000) / 16_000
        pitch = 300 + 12 * n if n < 12 else 2400 + 40 * n
        sound = 0.4 * np.sin(2 * np.pi * pitch * time) * np.exp(-time * (n % 3)) + rng.normal(size=len(time)) * 0.01
        file = tmp_path / f"{n}.wav"
        soundfile.write(file, sound, 16_000)
        new.append(NewItem("sound", file.name, file, label="high" if (n >= 12) != (n == 3) else "low"))
    with Project.create(tmp_path / "p", "p", "sound-classification") as project:
        project.add_items(new)
        found = next(f for f in check_health(project) if f.code == "suspect-labels")
        assert "3.wav" in {i.name for i in project.items(found.item_ids)} and len(found.item_ids) <= 4


def test_the_classical_distance_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    vectors = torch.nn.functional.normalize(torch.from_numpy(rng.normal(size=(200, 24))).float(), dim=1)
    _near, likeness = nearest(vectors, Control())
    wanted = NearestNeighbors(n_neighbors=6, metric="cosine").fit(vectors.numpy()).kneighbors()[0][:, 4]
    assert kth_distance(likeness) == pytest.approx(wanted, abs=1e-5)
    # Of a bell curve of logarithms about one in two hundred lies this far out.
    odd = oddness(np.exp(rng.normal(size=20_000)))
    assert (odd >= 2.6).mean() == pytest.approx(0.0047, abs=0.002)


def test_few_items_have_no_outliers() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(10, 8), dim=1)
    assert outliers(vectors, nearest(vectors, Control())[1], [None] * 10) == []


def test_groups_stay_in_one_fold_and_classes_are_shared_out() -> None:
    labels = [0] * 50 + [1] * 10
    groups = [n // 2 for n in range(60)]
    folds = folds_of(labels, groups)
    assert all(folds[2 * n] == folds[2 * n + 1] for n in range(30))
    for label, each in ((0, 10), (1, 2)):
        assert Counter(f for f, own in zip(folds, labels, strict=True) if own == label) == dict.fromkeys(range(5), each)


def test_nobody_is_judged_by_a_head_that_has_seen_it() -> None:
    # Features that name the item: whoever had seen it would be certain. In pairs, each pair the same.
    torch.manual_seed(0)
    features = torch.eye(20).repeat_interleave(2, 0) * 10
    labels = torch.randint(0, 2, (20,)).repeat_interleave(2).tolist()
    alone = out_of_sample(features, labels, list(range(40)), 2)
    grouped = out_of_sample(features, labels, [n // 2 for n in range(40)], 2)
    own = np.arange(40), labels
    assert alone[own].mean() > 0.6 > 0.55 > grouped[own].mean()
    assert grouped.sum(axis=1) == pytest.approx(np.ones(40))


def test_two_labels_for_one_content_are_told(tmp_path: Path) -> None:
    file = sorted((DIGITS / "one").glob("*.png"))[0]
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        project.add_items([NewItem("picture", "a", file, label="one")])
        assert project.add_items([NewItem("picture", "b", file, label="two")]).duplicates == 1
        found = next(f for f in known_health(project) if f.code == "two-labels")
        two = project.class_by_name("two")
        assert two is not None and found.suggested == {found.item_ids[0]: two.id}
        back = apply(project, fix_by_id("accept-labels").plan(project, found))
        assert project.item(found.item_ids[0]).class_id == two.id
        assert "two-labels" not in {f.code for f in known_health(project)}
        apply(project, back)
        # Bringing back what was removed after it came in anew makes two of one.
        first = project.item_ids()[0]
        project.remove_items([first])
        project.add_items([NewItem("picture", "c", file, label="one")])
        project.restore_items([first])
        twice = next(f for f in known_health(project) if f.code == "duplicates")
        assert len(twice.item_ids) == 2
        apply(project, fix_by_id("keep-one").plan(project, twice))
        assert len(project.item_ids()) == 1


def test_personal_and_hidden_data_are_told_with_their_place(tmp_path: Path) -> None:
    from tests.data.test_data_hidden import jpeg

    with Project.create(tmp_path / "t", "t", "text-classification") as project:
        text = "Please write to anna@example.org soon."
        project.add_items([NewItem("text", "a", text=text), NewItem("text", "b", text="Nothing to see here.")])
        found = next(f for f in check_health(project) if f.code == "personal-data")
        [(item_id, places)] = found.places.items()
        assert [text[p.start : p.end] for p in places] == ["anna@example.org"] and places[0].what == "e-mail address"
        assert found.message == "1 text holds personal data: 1 e-mail address." and found.fixes == ("clean-copy",)
        assert found.record()["places"][item_id] == [[16, 32, "e-mail address"]]
    with Project.create(tmp_path / "q", "q", "object-detection") as project:
        project.add_items([NewItem("picture", "a", jpeg(tmp_path / "a.jpg"))])
        found = next(f for f in check_health(project) if f.code == "hidden-data")
        assert "where it was taken (GPS) in 1" in found.message
    with Project.open(tmp_path / "q", read_only=True) as project:
        assert "hidden-data" in {f.code for f in known_health(project)}
        assert raw.load(project, raw.usable(project))[1]
        assert len(project.item_ids(ItemFilter())) == 1
