"""Whether a model and a person's examples fit, before anything is learnt."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.cli import app as cli
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item
from workbench.engine.fits import how_it_fits, language, separation, sizes
from workbench.errors import Cancelled

MakeProject = Callable[[Path], Project]
GERMAN = (
    "Der Zug nach Hamburg hat heute leider zwanzig Minuten Verspätung, und wir warten noch immer auf dem Bahnsteig.",
    "Ich habe das Paket gestern nicht bekommen, weil niemand zu Hause war und der Nachbar es nicht nehmen wollte.",
    "Die Suppe war kalt, aber der Kellner hat sich bei uns entschuldigt und eine neue gebracht.",
)
FRENCH = (
    "Le train pour Lyon a du retard et nous attendons encore sur le quai avec les enfants, mais il ne vient pas. " * 3
)


def test_small_pictures(catalog: Catalog) -> None:
    card = catalog.suggest("image-classification")[0]
    side = card.preparation.size
    small, large = (
        Item(1, "picture", "a", width=side // 2 - 1, height=900),
        Item(2, "picture", "b", width=side, height=side),
    )
    (told,) = sizes([small, large, large], card)
    assert told.kind == "warn" and "1 of 3 pictures" in told.text and f"{side} pixels" in told.text
    assert sizes([large] * 20 + [small], card)[0].kind == "good"
    assert sizes([Item(3, "picture", "c")], card) == []


def test_the_language_of_texts(catalog: Catalog) -> None:
    english = catalog.suggest("text-classification")[0]
    assert english.languages == ("en",)
    (told,) = language(GERMAN, english)
    assert told.kind == "warn" and "look German" in told.text and "made for English" in told.text
    assert language(GERMAN, replace(english, languages=("multilingual",)))[0].kind == "good"
    assert "look French" in language([FRENCH], english)[0].text
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        messages = [row[0] for row in csv.reader(stream)][1:]
    assert language(messages, english)[0].kind == "good"
    noise = ["".join(random.Random(n).choices("bcdfghjklmnpqrstvwxz", k=7)) for n in range(200)]
    assert language(noise, english)[0].kind == "info"
    assert language(GERMAN[:1], english) == [] and language(GERMAN, replace(english, languages=())) == []


def test_classes_that_can_be_told_apart_and_others(
    digits_folder: Callable[..., Path], make_project: MakeProject, catalog: Catalog, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    card = catalog.suggest("image-classification")[0]
    project = make_project(digits_folder(("one", "zero"), 15))
    told = {r.about: r for r in how_it_fits(project, card)}
    assert told["classes"].kind == "good" and dict(told["classes"].figures)["right"] >= 27
    assert told["size"].kind == "warn"
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        how_it_fits(project, card, control)
    # Labels that say nothing of the pictures.
    rng = np.random.default_rng(0)
    for name in ("left", "right"):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for n in range(16):
            picture = Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).resize((300, 300))
            picture.save(tmp_path / "noise" / name / f"{n}.png")
    assert cli.run(["inspect", card.id, "--fits", str(tmp_path / "noise"), "--json"]) == 0
    said = {r["about"]: r for r in json.loads(capsys.readouterr().out)}
    assert said["classes"]["kind"] == "warn" and "does not tell your classes apart" in said["classes"]["text"]
    assert said["size"]["kind"] == "good" and said["classes"]["items"] == 32
    assert cli.run(["inspect", card.id, "--fits", str(tmp_path / "noise")]) == 0
    assert capsys.readouterr().out.startswith("!!  Tried on 32 pictures")


def test_texts_in_another_language(make_project: MakeProject, catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text", "label"], *((t, f"{n % 2}") for n, t in enumerate(GERMAN * 2))])
    told = {r.about: r for r in how_it_fits(make_project(path), catalog.suggest("text-classification")[0])}
    assert told["language"].kind == "warn" and told["classes"].kind == "info"


def test_no_better_than_the_most_frequent_answer_is_said() -> None:
    assert separation(50, 100, 50, "a", "texts").kind == "warn"
    assert separation(59, 100, 50, "a", "texts").kind == "warn"
    better = separation(70, 100, 50, "a", "texts")
    assert better.kind == "good" and "always saying “a” would be right for 50%" in better.text
