"""Assisted labelling: proposals come from models that know the classes, and leave alone what people made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapes_set import new_items

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.project import Project
from workbench.data.shapes import BoxShape
from workbench.data.types import ItemFilter, RunRecord
from workbench.engine import pool
from workbench.engine.propose import propose, proposers
from workbench.errors import Cancelled, UserError
from workbench.runtimes.base import Detections, Loaded


class Finder(Loaded):
    """Finds a circle on the left and a kite on the right of every picture, less sure from picture to picture."""

    def __init__(self, card: ModelCard) -> None:
        super().__init__(card, None, card.label_names)
        self.seen = 0

    def detect(self, pictures: Any, threshold: float = 0.05) -> list[Detections]:
        self.seen += 1
        score = 0.95 - 0.05 * self.seen
        boxes = np.array([[0, 0, 40, 50], [50, 10, 200, 60], [60, 60, 70, 70]], np.float32)
        return [Detections(boxes, np.array([0, 1, 0]), np.array([score, 0.9, 0.3], np.float32))]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p", "Shapes", "object-detection") as made:
        made.add_items(new_items(tmp_path / "pictures", 5, size=(96, 96)))
        made.set_annotations({i: AnnotationState() for i in made.item_ids()})
        made.rename_class(made.add_class("circle").id, "Circle")  # the model writes it small
        yield made


@pytest.fixture
def finder(tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    home = tmp_path / "finder"
    home.mkdir()
    (home / "model.safetensors").write_bytes(b"x")
    card = ModelCard(
        "finder", "Finder", ("object-detection",), "none", "", Source("folder", str(home)), parameters=5,
        label_names=("circle", "kite"),
    )  # fmt: skip
    catalog._own.append(card)
    monkeypatch.setattr("workbench.runtimes.registry.open_model", lambda card, _files, _device: Finder(card))
    pool.shared_pool().clear()
    return card


def test_proposals_are_of_the_projects_classes_inside_the_picture_and_sure_enough(
    project: Project, finder: ModelCard
) -> None:
    assert propose(project, finder) == 5
    ids = {c.name: c.id for c in project.classes()}
    for item_id in project.item_ids():
        made = project.annotations(item_id)
        assert [a.shape for a in made] == [BoxShape(0, 0, 40, 50)]
        assert made[0].is_proposal and made[0].class_id == ids["Circle"]
    assert project.counts().labelled == 0 and project.proposals_count() == 5
    # The least certain one is looked at first: the model grew less sure.
    order = project.item_ids(ItemFilter(labelled=False, order="uncertain"))
    assert order == sorted(project.item_ids(), reverse=True)


def test_what_people_made_stays_and_is_not_proposed_again(project: Project, finder: ModelCard) -> None:
    first, second, third = project.item_ids()[:3]
    circle = project.add_class("Circle").id
    same = Annotation(BoxShape(2, 0, 42, 50), circle)
    elsewhere = Annotation(BoxShape(60, 60, 90, 90), circle)
    project.set_annotations(
        {first: AnnotationState((same,)), second: AnnotationState((elsewhere,)), third: AnnotationState((), True)}
    )
    assert propose(project, finder) == 3
    assert project.annotations(first) == [same]
    assert [a.is_proposal for a in project.annotations(second)] == [False, True]
    assert project.annotations(third) == []
    # Asked again, old proposals are replaced, not added to.
    assert propose(project, finder) == 3
    assert len(project.annotations(second)) == 2


def test_stopped_proposals_stay_and_a_broken_picture_is_noted(project: Project, finder: ModelCard) -> None:
    items = project.items(project.item_ids())
    assert items[0].path is not None
    items[0].path.write_bytes(b"no picture any more")
    control = Control()
    looked: list[Mapping[str, float]] = []

    def stop(done: float, *_rest: object) -> None:
        looked.append({"done": done})
        if done >= 3:
            control.cancel()

    control.progress = stop  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        propose(project, finder, control)
    assert project.proposals_count() == 2
    assert project.item(items[0].id).problem


def test_who_can_propose(project: Project, finder: ModelCard, catalog: Catalog, tmp_path: Path) -> None:
    other = replace(finder, id="other", label_names=("kite",))
    taught = replace(finder, id="taught", label_names=("circle",))
    better = replace(finder, id="better", label_names=("circle",))
    away = replace(finder, id="away", source=Source("folder", str(tmp_path / "nowhere")))
    catalog._own += [other, taught, better, away]
    for card, score in ((taught, 0.5), (better, 0.7)):
        project.save_run(RunRecord(card.id, "R", "done", "2026", {}, {"model_id": card.id, "score": score}, tmp_path))
    assert [c.id for c in proposers(project, catalog)] == ["better", "taught", "finder"]
    with pytest.raises(UserError, match="none of this project's classes"):
        propose(project, other)
    with Project.create(tmp_path / "plain", "Plain", "image-classification") as plain:
        assert proposers(plain, catalog) == []
        with pytest.raises(UserError, match="Nothing can be proposed"):
            propose(plain, finder)
    project.set_annotations({i: AnnotationState((), True) for i in project.item_ids()})
    with pytest.raises(UserError, match="All pictures are done"):
        propose(project, finder)


def test_a_model_is_judged_on_labelled_pictures_that_are_in_no_project(
    finder: ModelCard, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from workbench.__main__ import main
    from workbench.data.annotations import NewAnnotation
    from workbench.data.importers.base import ImportPlan
    from workbench.data.types import NewItem
    from workbench.engine.evaluate import evaluate_items

    paths = [i.path for i in new_items(tmp_path / "more", 3, first=50, size=(96, 96))]
    circle = NewAnnotation(BoxShape(0, 0, 40, 50), "Circle ")
    crowd = NewAnnotation(BoxShape(50, 0, 90, 50), "circle", ignored=True)
    given = [
        NewItem("picture", "a", path=paths[0], annotations=(circle, crowd)),
        NewItem("picture", "b", path=paths[1], annotations=(circle,)),
        NewItem("picture", "c", path=tmp_path / "gone.png", annotations=(circle,)),
        NewItem("picture", "d", path=paths[2]),
    ]
    judgement, problems = evaluate_items(finder, given, "object-detection")
    assert judgement.n == 2 and len(problems) == 1 and judgement.headline()["score"] == 1.0
    # A model of the person's own is judged by all it says; a published one by what the labels speak of.
    assert len(judgement.wrong) == 2  # type: ignore[attr-defined]
    published = replace(finder, source=replace(finder.source, kind="torchvision"))
    monkeypatch.setattr("workbench.engine.pool.files", lambda _card, _paths: None)
    judgement, _ = evaluate_items(published, given[:2], "object-detection")
    assert judgement.wrong == ()  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="None of the labels"):
        evaluate_items(finder, [NewItem("picture", "a", path=paths[0], annotations=(NewAnnotation(label="eel"),))], "object-detection")  # fmt: skip
    with pytest.raises(UserError, match="None of these is labelled"):
        evaluate_items(finder, given[3:], "object-detection")

    class Plan(ImportPlan):
        def read(self, control: Control | None = None) -> Iterator[Any]:
            yield from given[:2]

    plan = Plan("marked", "picture", "set", tmp_path, 2, {"circle": 3}, marks="boxes")
    monkeypatch.setattr("workbench.data.importers.sniff", lambda *_args: plan)
    monkeypatch.setattr("workbench.catalog.catalog.Catalog.get", lambda _self, _id: finder)
    assert main(["evaluate", "finder", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["map50"] == 1.0
    assert main(["evaluate", "finder", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        "found 2 of 2 things" in lines[0]
        and lines[1].split()[0] == "class"
        and lines[2].split()[:4] == ["circle", "2", "of", "2"]
    )
