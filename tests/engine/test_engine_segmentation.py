"""Teaching areas end to end on the synthetic set: it learns, stops and resumes exactly, and does what a plain loop does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine import checkpoint
from workbench.engine.estimate import estimate, measure
from workbench.engine.evaluate import evaluate
from workbench.engine.events import CheckpointSaved, EpochDone, Finished, How, RunEvent, SamplePredicted, StepDone
from workbench.engine.fit import fit, new_config
from workbench.errors import Cancelled
from workbench.runtimes.folder import save_folder
from workbench.runtimes.registry import runtime_of
from workbench.trust.judge_mask import AreaEvaluation

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
import shapes_set  # noqa: E402
from plain_segmentation import MEAN, STD, Plain, plain_loop  # noqa: E402

MakeShapes = Callable[..., Project]
# A small network that learns in a hundred steps.
UNET = {"encoder_name": "tu-resnet10t", "decoder_channels": [48, 32, 16, 16, 8]}


@pytest.fixture
def shapes(tmp_path: Path) -> Iterator[MakeShapes]:
    """`shapes(30, 10, 20, classes=…, size=(96, 96))`: a project with so many pictures to learn from, to steer by, to test on."""
    made: list[Project] = []

    def make(train: int, validation: int, test: int, **how: Any) -> Project:
        folder = tmp_path / f"shapes-{len(made)}"
        items: list[Any] = []
        counts = ((train, Split.TRAIN), (validation, Split.VALIDATION), (test, Split.TEST))
        for number, (count, split) in enumerate(counts):
            new = shapes_set.new_items(folder / split.value, count, 1000 * number, marks="regions", **how)
            items += [replace(i, split=split) for i in new]
        project = Project.create(folder / "project", "shapes", "semantic-segmentation")
        project.add_items(items)
        made.append(project)
        return project

    yield make
    for project in made:
        project.close()


def random_model(
    catalog: Catalog,
    runtime: str,
    arch: str,
    classes: tuple[str, ...],
    side: int,
    options: dict[str, Any] | None = None,
) -> ModelCard:
    """A network with random weights, laid among the own models."""
    folder = app_paths().models / "random"
    card = ModelCard(
        folder.name, folder.name, ("semantic-segmentation",), runtime, arch, Source("folder", str(folder)),
        trainable_for=("semantic-segmentation",), label_names=classes, options=options or {},
        preparation=Preparation(size=side, mean=MEAN, std=STD),
    )  # fmt: skip
    torch.manual_seed(0)
    save_folder(runtime_of(card).build(card, Path()), card, folder)
    catalog.refresh()
    return catalog.get(card.id)


def train(
    project: Project, catalog: Catalog, card: ModelCard, how: How, **more: Any
) -> tuple[list[RunEvent], Finished]:
    events = list(fit(new_config(project, card, how, **more), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return events, finished


# It learns -------------------------------------------------------------------------------------------------------------------


def test_the_starter_learns_areas_the_quick_way_and_is_used_like_any_model(
    shapes: MakeShapes, catalog: Catalog
) -> None:
    project = shapes(40, 6, 20, classes=("circle", "star"), size=(64, 64))
    card, _why = catalog.suggest("semantic-segmentation", to_teach=True)
    events, finished = train(project, catalog, card, How.QUICK, epochs=11)
    assert finished.metrics["score"] >= 0.45, finished.metrics
    assert finished.metrics["low"] > finished.metrics["baseline"] + 0.2
    samples = [e for e in events if isinstance(e, SamplePredicted)]
    assert samples and all(e.record is not None and e.record["kind"] == "mask" for e in samples)
    rounds = [e for e in events if isinstance(e, EpochDone)]
    assert rounds[0].metric == "mean overlap" and rounds[-1].validation_loss < rounds[0].validation_loss
    own = catalog.get(finished.model_id)
    assert own.label_names == ("circle", "star") and own.is_own and "Colours areas" in own.summary
    judged = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(judged, AreaEvaluation) and judged.mean_iou == pytest.approx(finished.metrics["score"])
    # What was predicted at the end of the training is what the kept model says: half precision costs a few points at most.
    from workbench.engine.predict import predict
    from workbench.tasks.masks import values_of
    from workbench.tasks.predictions import from_record
    from workbench.tasks.registry import get_task

    kept = {p.item_id: p for p in project.predictions(finished.run_id) if p.split is Split.TEST}
    items = project.split_items(Split.TEST)[:4]
    for item, result in zip(items, predict([i.sample() for i in items], own, get_task(project.task_id)), strict=True):
        before: Any = from_record(kept[item.id].record or {})
        assert result.prediction is not None
        assert (values_of(result.prediction) == values_of(before)).mean() > 0.995  # type: ignore[arg-type]


def test_a_network_that_knows_nothing_learns_areas(shapes: MakeShapes, catalog: Catalog) -> None:
    project = shapes(40, 6, 20, classes=("circle",), size=(64, 64), most=2)
    card = random_model(catalog, "unet", "smp:Unet", ("circle",), 64, UNET)
    _events, finished = train(project, catalog, card, How.THOROUGH, epochs=8)
    assert finished.metrics["score"] >= 0.4, finished.metrics
    assert finished.metrics["low"] > finished.metrics["baseline"] + 0.1


def test_how_long_it_takes_is_measured_on_a_model_that_can_do_nothing_yet(shapes: MakeShapes, catalog: Catalog) -> None:
    project = shapes(12, 4, 4, size=(64, 64))
    card, _why = catalog.suggest("semantic-segmentation", to_teach=True)
    assert not estimate(project, card, How.QUICK).measured
    assert 0 < measure(project, card) < 30
    found = [estimate(project, card, how) for how in (How.QUICK, How.BALANCED, How.THOROUGH)]
    assert found[0].seconds < found[1].seconds < found[2].seconds and all(f.measured for f in found)
    assert found[0].memory_bytes < found[1].memory_bytes < found[2].memory_bytes
    assert estimate(project, card, How.QUICK, epochs=5).seconds < found[0].seconds


# It stops and goes on --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [How.QUICK, How.BALANCED])
def test_a_training_that_was_cut_off_ends_as_one_that_was_not(how: How, shapes: MakeShapes, catalog: Catalog) -> None:
    project = shapes(8, 4, 2, classes=("circle", "star"), size=(64, 64))
    card, _ = catalog.suggest("semantic-segmentation", to_teach=True)
    ends = []
    for cut in (False, True):
        config = new_config(project, card, how, epochs=3, batch_size=4)
        running = fit(config, project, catalog)
        if cut:
            for event in running:
                if isinstance(event, CheckpointSaved) and event.epoch == 1:
                    break
            for event in running:  # into the second round, which is lost with the process
                if isinstance(event, StepDone):
                    break
            running.close()
            assert project.run(config.run_id).status == "interrupted"
            running = fit(config, project, catalog, resume=True)
        events = list(running)
        assert isinstance(events[-1], Finished)
        state, _note = checkpoint.read_tensors(project.run(config.run_id).folder / checkpoint.LAST)
        said = {p.item_id: p.record for p in project.predictions(config.run_id)}
        ends.append((state, said))
    (one, said_one), (other, said_other) = ends
    assert set(one) == set(other) and all(torch.equal(one[k], other[k]) for k in one)
    assert said_one == said_other and len(said_one) == 6


def test_stopping_before_anything_is_learnt_keeps_nothing(shapes: MakeShapes, catalog: Catalog) -> None:
    project = shapes(6, 2, 2, size=(64, 64))
    card, _ = catalog.suggest("semantic-segmentation", to_teach=True)
    control = Control()
    with pytest.raises(Cancelled):
        for event in fit(new_config(project, card, How.QUICK, epochs=5), project, catalog, control):
            if isinstance(event, StepDone):
                control.cancel()
    assert catalog.own() == [] and project.runs()[0].status == "cancelled"


# It does what a plain loop does ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runtime", "arch", "rate", "epochs", "learns"),
    [("unet", "smp:Unet", 2e-3, 5, 0.4), ("torchvision_segmentation", "lraspp_mobilenet_v3_large", 1e-3, 3, 0.0)],
)
def test_losses_and_overlap_are_those_of_a_plain_loop_on_the_same_data(
    runtime: str, arch: str, rate: float, epochs: int, learns: float, shapes: MakeShapes, catalog: Catalog
) -> None:
    """A network of torchvision, and a U-Net, which gets somewhere in so few steps."""
    classes, side, batch, seed = ("circle",), 64, 4, 7
    project = shapes(24, 8, 1, classes=classes, size=(side, side), most=1, share=(0.4, 0.8))
    card = random_model(catalog, runtime, arch, classes, side, UNET if runtime == "unet" else None)
    events, finished = train(
        project, catalog, card, How.THOROUGH, epochs=epochs, batch_size=batch, seed=seed, augment=False, patience=99,
        options={"dice": 0.0},
    )  # fmt: skip
    told = plain_loop(
        project,
        Plain(
            "smp:tu-resnet10t" if runtime == "unet" else arch, Path(card.source.ref) / "model.safetensors", classes, side,
            epochs, batch, (rate, rate), seed, decoder_channels=(48, 32, 16, 16, 8),
        ),
    )  # fmt: skip
    ours = [e.loss for e in events if isinstance(e, StepDone)]
    assert len(ours) == len(told.losses) == 6 * epochs
    # The order of summing differs (channels last), and what it changes grows over the steps.
    assert ours == pytest.approx(told.losses, rel=2e-2) and ours[:4] == pytest.approx(told.losses[:4], rel=1e-3)
    scores = [e.validation_score for e in events if isinstance(e, EpochDone)]
    assert scores == pytest.approx(told.mean_iou, abs=0.02) and max(scores) >= learns
    judged = evaluate(project, finished.run_id, Split.VALIDATION, catalog)
    assert isinstance(judged, AreaEvaluation)
    assert judged.mean_iou_all == pytest.approx(told.mean_iou_all[finished.best_epoch - 1], abs=0.02)
