"""Detectors learn: from the starter's eyes, from random numbers, exactly again after a stop, and as torchvision's loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shapes_set import new_items

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.project import Project
from workbench.data.shapes import BoxShape
from workbench.data.types import Split
from workbench.engine import finetune
from workbench.engine.evaluate import evaluate
from workbench.engine.events import CheckpointSaved, EpochDone, Finished, How, RunConfig, SamplePredicted, StepDone
from workbench.engine.fit import fit, new_config, resumable
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.tasks import detection_lesson
from workbench.tasks.predictions import Boxes, from_record
from workbench.tasks.registry import get_task
from workbench.trust.judge_boxes import BoxJudgement

TWO = ("circle", "star")
MakeShapes = Callable[..., Project]


@pytest.fixture
def shapes(tmp_path: Path) -> Iterator[MakeShapes]:
    """`shapes(40, 96)`: a project with so many scenes of this size."""
    made: list[Project] = []

    def make(count: int, side: int, **how: Any) -> Project:
        how = {"classes": TWO, "most": 3, "share": (0.25, 0.5), **how}
        project = Project.create(tmp_path / f"shapes {len(made)}", "Shapes", "object-detection")
        project.add_items(new_items(tmp_path / f"pictures {len(made)}", count, size=(side, side), **how))
        made.append(project)
        return project

    yield make
    for project in made:
        project.close()


def small(catalog: Catalog, folder: Path, arch: str = "test_resnet") -> ModelCard:
    """A detector on a very small network of random numbers, among the person's own models."""
    import timm

    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    torch.save(timm.create_model(arch, pretrained=False).state_dict(), folder / "w.pth")
    card = ModelCard(
        "small", "Small", (), "timm_detection", arch, Source("import", str(folder), path="w.pth"),
        trainable_for=("object-detection",),
    )  # fmt: skip
    catalog._bundled.append(card)
    return card


def train(config: RunConfig, project: Project, catalog: Catalog) -> tuple[list[Any], Finished]:
    events = list(fit(config, project, catalog))
    assert isinstance(events[-1], Finished)
    return events, events[-1]


def test_the_starter_learns_to_find_shapes_and_the_model_says_what_its_run_said(
    shapes: MakeShapes, catalog: Catalog
) -> None:
    project = shapes(44, 96)
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    assert card.starter
    events, finished = train(new_config(project, card, epochs=3, options={"size": 96}), project, catalog)
    rounds = [e for e in events if isinstance(e, EpochDone)]
    assert rounds[0].metric == "mAP@.5" and rounds[-1].validation_loss < rounds[0].validation_loss
    samples = [e for e in events if isinstance(e, SamplePredicted)]
    assert samples and all(e.record is not None and e.record["kind"] == "boxes" for e in samples)
    e = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(e, BoxJudgement) and e.map50 >= 0.6 and e.map50 == finished.metrics["score"]
    own = catalog.get(finished.model_id)
    assert own.tasks == ("object-detection",) and own.label_names == TWO and "circle, star" in own.summary
    # Used like any other model it gives what was kept with the run.
    kept = {p.item_id: p for p in project.predictions(finished.run_id)}
    items = project.split_items(Split.TEST)
    for item, result in zip(items, predict([i.sample() for i in items], own, get_task(project.task_id)), strict=True):
        record = kept[item.id].record
        assert record is not None and isinstance(result.prediction, Boxes)
        said = from_record(record)
        assert isinstance(said, Boxes) and said.threshold == result.prediction.threshold
        sure = [(b.label, b.score) for b in result.prediction.boxes if b.score > 0.2]
        wanted = [(b.label, b.score) for b in said.boxes if b.score > 0.2]
        assert [name for name, _ in sure] == [name for name, _ in wanted]
        # The kept features are in half precision.
        assert [s for _, s in sure] == pytest.approx([s for _, s in wanted], abs=0.02)


def test_a_network_of_random_numbers_learns(
    shapes: MakeShapes, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.runtimes.timm_detection_runtime import StarterDetector

    project = shapes(150, 64)
    card = small(catalog, tmp_path / "small")
    # Nothing of it is worth being kept: all of it learns at the head's speed.
    monkeypatch.setattr(StarterDetector, "body_rate", property(lambda _s: 3e-3, lambda _s, _v: None), raising=False)
    config = new_config(
        project, card, How.THOROUGH, epochs=3, learning_rate=3e-3, options={"size": 64, "norms": "learn"}
    )
    first, _, last = (e for e in train(config, project, catalog)[0] if isinstance(e, EpochDone))
    assert last.validation_score >= 0.3 and last.validation_loss < first.validation_loss


@pytest.mark.parametrize("how", [How.QUICK, How.BALANCED])
def test_stopped_and_resumed_ends_bit_equal(
    how: How, shapes: MakeShapes, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    monkeypatch.setattr(finetune, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(detection_lesson, "_ROUND_STEPS", 5)
    project = shapes(20, 64)
    card = small(catalog, tmp_path / "small")
    options = {"epochs": 2, "batch_size": 3, "options": {"size": 64}}
    straight = new_config(project, card, how, **options)
    stopped = RunConfig.from_json({**straight.to_json(), "run_id": "stopped00000"})
    train(straight, project, catalog)
    running = fit(stopped, project, catalog)
    steps = 0
    for event in running:
        if isinstance(event, StepDone):
            steps = event.step
        if isinstance(event, CheckpointSaved) and steps >= 3:
            break
    running.close()  # type: ignore[attr-defined]
    assert 3 <= steps < 8 and [r.id for r in resumable(project)] == ["stopped00000"]
    torch.manual_seed(99)
    assert isinstance(list(fit(stopped, project, catalog, resume=True))[-1], Finished)
    models = {r.id: catalog.get(str(r.metrics["model_id"])) for r in project.runs()}
    first, second = (
        load_file(Path(models[run].source.ref) / "model.safetensors") for run in (straight.run_id, "stopped00000")
    )
    assert first.keys() == second.keys() and all(first[k].equal(second[k]) for k in first)
    assert project.predictions(straight.run_id) == project.predictions("stopped00000")


def test_losses_and_map_are_those_of_torchvisions_training_loop(
    shapes: MakeShapes, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop is written after torchvision's references/detection: images and targets into the network, its losses
    summed, backward, step. Same pictures, same order, same first weights."""
    from detection_reference import average_precision, reference_run

    monkeypatch.setattr(detection_lesson, "_ROUND_STEPS", 8)
    project = shapes(36, 64)
    card = small(catalog, tmp_path / "small")
    config = new_config(
        project, card, How.THOROUGH, epochs=2, batch_size=4, learning_rate=1e-3, augment=False,
        options={"size": 64, "norms": "learn"},
    )  # fmt: skip
    events, finished = train(config, project, catalog)
    ours = [e.loss for e in events if isinstance(e, StepDone)]
    theirs, network, sees = reference_run(project, config, card, len(ours))
    assert len(ours) == len(theirs) >= 14
    # The first steps agree to rounding; later ones drift apart as rounding grows.
    np.testing.assert_allclose(ours[:3], theirs[:3], rtol=1e-4)
    np.testing.assert_allclose(ours, theirs, rtol=0.05)
    last = [e for e in events if isinstance(e, EpochDone)][-1]
    assert last.validation_score == pytest.approx(average_precision(project, network, sees, Split.VALIDATION), abs=0.05)
    assert finished.reason == "done"


@pytest.mark.parametrize("how", [How.QUICK, How.BALANCED])
def test_a_detr_goes_through_a_training(
    how: How, shapes: MakeShapes, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from small_detectors import detr_folder

    monkeypatch.setattr(detection_lesson, "_ROUND_STEPS", 4)
    project = shapes(14, 64)
    card = ModelCard(
        "detr", "DETR", ("object-detection",), "transformers_vision", "AutoModelForObjectDetection",
        Source("import", str(detr_folder("detr", tmp_path / "theirs"))), trainable_for=("object-detection",),
    )  # fmt: skip
    catalog._bundled.append(card)
    events, finished = train(new_config(project, card, how, epochs=3), project, catalog)
    first, *_, last = (e for e in events if isinstance(e, EpochDone))
    assert 0 < last.validation_loss < first.validation_loss
    items = project.items(project.item_ids()[:2])
    own = catalog.get(finished.model_id)
    said = [r.prediction for r in predict([i.sample() for i in items], own, get_task(project.task_id))]
    assert all(isinstance(p, Boxes) and {b.label for b in p.boxes} <= set(TWO) for p in said)


def test_parts_that_do_not_count_and_things_without_a_class_are_not_learnt(
    shapes: MakeShapes, catalog: Catalog, tmp_path: Path
) -> None:
    from workbench.control import Control
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model
    from workbench.tasks.lesson import Example, Material

    project = shapes(1, 64)
    item = project.items(project.item_ids())[0]
    marks = (
        Annotation(BoxShape(0, 0, 32, 16), 1),
        Annotation(BoxShape(32, 32, 64, 64), 1, ignored=True),
        Annotation(BoxShape(10, 10, 20, 20), None),
    )
    example = Example(item, annotations=marks, classes=(1, 1, -1))
    card = small(catalog, tmp_path / "small")
    material = Material(
        open_model(card, files(card)), TWO, How.BALANCED, "cpu", Control(), (example,), tmp_path, options={"size": 64}
    )
    prepared = detection_lesson.DetectionLesson(material).prepare(example)
    target = prepared["target"]
    assert target.boxes.tolist() == [[0, 0, 0.5, 0.25]] and target.labels.tolist() == [1]
    assert target.ignored.tolist() == [[0.5, 0.5, 1.0, 1.0], [10 / 64, 10 / 64, 20 / 64, 20 / 64]]
    assert [t.ignored for t in prepared["truths"]] == [False, True, True]


def test_the_quick_way_looks_at_each_picture_once(
    shapes: MakeShapes, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.runtimes.torchvision_boxes import TorchvisionDetector

    monkeypatch.setattr(detection_lesson, "_ROUND_STEPS", 6)
    looks: list[int] = []
    real = TorchvisionDetector.look

    def look(self: Any, given: Any) -> Any:
        # An empty frame measures how much room the views will need; it is none of the pictures.
        looks.append(sum(bool(picture.any()) for picture in given))
        return real(self, given)

    monkeypatch.setattr(TorchvisionDetector, "look", look)
    project = shapes(16, 64)
    card = small(catalog, tmp_path / "small")
    options: dict[str, Any] = {"epochs": 3, "augment": False, "options": {"size": 64}}
    _, first = train(new_config(project, card, **options), project, catalog)
    assert sum(looks) == 16
    looks.clear()
    _, second = train(new_config(project, card, **options), project, catalog)
    assert sum(looks) == 0
    assert project.predictions(first.run_id) == project.predictions(second.run_id)
    # With no room for them, pictures are looked at again and again, and nothing else is different.
    monkeypatch.setattr("workbench.tasks.seen_store._MOST_BYTES", 0)
    monkeypatch.setattr("workbench.tasks.seen_store.SeenStore.get", lambda _self, _key: None)
    _, third = train(new_config(project, card, **options), project, catalog)
    assert sum(looks) > 16
    assert project.predictions(first.run_id) == project.predictions(third.run_id)


def test_too_little_to_learn_from_is_one_sentence(shapes: MakeShapes, catalog: Catalog) -> None:
    project = shapes(3, 64)
    card, _ = catalog.suggest(project.task_id, to_teach=True)

    def start() -> None:
        next(iter(fit(new_config(project, card), project, catalog)))

    with pytest.raises(UserError):
        start()
    ids = project.item_ids()
    project.set_annotations({i: AnnotationState((), True) for i in ids})
    with pytest.raises(UserError, match="no box in any picture"):
        start()
    project.set_annotations({i: AnnotationState() for i in ids})
    with pytest.raises(UserError, match="No picture is marked"):
        start()
    assert not math.isnan(card.parameters)
