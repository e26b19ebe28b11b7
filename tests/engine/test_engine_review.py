"""What is reviewed comes into projects of every kind of label, by what the task says of itself."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.data.project import Project
from workbench.data.shapes import BoxShape
from workbench.data.tags import tags_of
from workbench.data.types import ItemFilter, Sample, Split
from workbench.engine import review
from workbench.engine.prediction_log import LogSettings, PredictionLog, flush, recorder_for
from workbench.errors import UserError
from workbench.tasks.decision import DECISION, Decision, close_call
from workbench.tasks.predictions import Box, Boxes, Prediction, Score, Scores
from workbench.tasks.registry import get_task


def own(task_id: str, labels: tuple[str, ...]) -> ModelCard:
    folder = app_paths().models / "m"
    folder.mkdir(parents=True, exist_ok=True)
    return ModelCard("m", "M", (task_id,), "timm", "x", Source("folder", str(folder)), label_names=labels,
                     created="2026-01-01T00:00:00+00:00")  # fmt: skip


def picture(path: Path, seed: int = 0) -> Path:
    Image.effect_noise((64, 64), 60 + seed).convert("RGB").save(path)
    return path


def asked(card: ModelCard, *answers: tuple[Path, Prediction]) -> PredictionLog:
    log = PredictionLog(card.id)
    log.set_settings(LogSettings(on=True))
    recorder = recorder_for(card, "test")
    assert recorder is not None
    for path, said in answers:
        recorder.note([Sample("picture", path.name, path=path)], [said])
    flush()
    return log


def test_several_labels(tmp_path: Path) -> None:
    task = next(t for t in ("image-tags",) if get_task(t).info.editor == "tags")
    card = own(task, ("red", "round", "big"))
    said = Scores(
        (Score("red", 0.9, 0, 0.5), Score("round", 0.52, 1, 0.5), Score("big", 0.1, 2, 0.5)), several=True
    )  # fmt: skip
    asked(card, (picture(tmp_path / "a.png"), said), (picture(tmp_path / "b.png", 9), said))
    with Project.create(tmp_path / "p", "p", task) as project:
        for name in card.label_names:
            project.add_class(name)
        first, second = review.queue(card, project)
        assert first.row.answer == "red, round" and review.UNSURE in first.why  # one is close to its threshold
        kept = review.decide(card, project, first, review.CORRECTED, ["red", "big"])
        names = {c.id: c.name for c in project.classes()}
        item = project.item(kept.item_id or 0)
        assert item.marked and {names[a.class_id or 0] for a in tags_of(project.annotations(item.id))} == {"red", "big"}
        right = review.decide(card, project, second, review.RIGHT)
        found = tags_of(project.annotations(right.item_id or 0))
        assert {names[a.class_id or 0] for a in found} == {"red", "round"}
        assert not review.queue(card, project)


def test_boxes_are_accepted_or_corrected_in_the_editor(tmp_path: Path) -> None:
    card = own("object-detection", ("nut",))
    said = Boxes((Box(5, 6, 20, 30, "nut", 0.55),), 64, 64)
    asked(card, (picture(tmp_path / "a.png"), said), (picture(tmp_path / "b.png", 9), said))
    with Project.create(tmp_path / "p", "p", "object-detection") as project:
        nut = project.add_class("nut")
        first, second = review.queue(card, project)
        kept = review.decide(card, project, first, review.RIGHT)
        (mark,) = project.annotations(kept.item_id or 0)
        assert isinstance(mark.shape, BoxShape) and mark.class_id == nut.id and not mark.is_proposal
        assert project.item(kept.item_id or 0).marked
        sent = review.decide(card, project, second, review.IN_EDITOR)
        (mark,) = project.annotations(sent.item_id or 0)
        item = project.item(sent.item_id or 0)
        # Not done yet, but its place is given: once it is done it can never come into the test.
        assert mark.is_proposal and not item.marked and item.split in (Split.TRAIN, Split.NEW)
        project.ensure_splits()
        assert not project.item_ids(ItemFilter(split=Split.TEST))


def test_what_is_kept_apart_can_be_exported(tmp_path: Path) -> None:
    from workbench.control import Control
    from workbench.data.annotations import Annotation, AnnotationState
    from workbench.data.exporters.formats import formats_for
    from workbench.data.types import NewItem

    with Project.create(tmp_path / "p", "p", "object-detection") as project:
        nut = project.add_class("nut")
        new = NewItem("picture", "a.png", picture(tmp_path / "a.png"), split=Split.NEW)
        (item_id,) = project.add_items([new]).added
        box = Annotation(BoxShape(2, 3, 30, 40), nut.id)
        project.set_annotations({item_id: AnnotationState((box,), True)})
        formats = formats_for("boxes")
        for known in formats:
            count, problems = known.write(project, tmp_path / f"{known.id}{known.suffix}", Control())
            assert count == 1 and not problems, known.id
    assert len(formats) >= 6


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    card = own("image-classification", ("a", "b"))
    said = Scores((Score("a", 0.4, 0), Score("b", 0.35, 1)))
    path = picture(tmp_path / "a.png")
    log = asked(card, (path, said))
    (one,) = review.queue(card)
    with pytest.raises(UserError, match="needs a project"):
        review.decide(card, None, one, review.RIGHT)
    with (
        Project.create(tmp_path / "other", "o", "object-detection") as other,
        pytest.raises(UserError, match="project"),
    ):
        review.decide(card, other, one, review.RIGHT)
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        picture(path, 30)
        with pytest.raises(UserError, match="not what it was"):
            review.decide(card, project, one, review.RIGHT)
        path.unlink()
        with pytest.raises(UserError, match="not there any more"):
            review.decide(card, project, one, review.RIGHT)
        assert not project.item_ids() and not log.decisions()  # all or nothing


def test_what_is_labelled_already_does_not_wait(tmp_path: Path) -> None:
    from workbench.data.types import NewItem

    card = own("image-classification", ("a", "b"))
    said = Scores((Score("a", 0.4, 0), Score("b", 0.35, 1)))
    path = picture(tmp_path / "a.png")
    asked(card, (path, said), (path, said))
    with Project.create(tmp_path / "p", "p", "image-classification") as project:
        (one,) = review.queue(card, project)
        assert one.times == 2
        project.add_items([NewItem("picture", "a", path)])
        assert len(review.queue(card, project)) == 1
        # It was there without a label: it gets one, and undo gives back what was.
        kept = review.decide(card, project, one, review.CORRECTED, ["b"])
        assert not kept.made and project.item(kept.item_id or 0).split is kept.part
        review.take_back(card, project, kept)
        assert project.item(kept.item_id or 0).class_id is None and len(project.item_ids()) == 1
        review.do_again(card, project, kept)
        assert project.item(kept.item_id or 0).label_source == "review" and not review.queue(card, project)


def test_close_to_a_decided_threshold() -> None:
    decision = Decision("ill", 0.2, 5.0, 0.6)
    rng = random.Random(0)
    for _ in range(50):
        ill = rng.random()
        said = Scores(tuple(sorted((Score("ill", ill, 0), Score("well", 1 - ill, 1)), key=lambda s: -s.value)))
        assert close_call(said, decision) == (abs(ill - 0.2) < 0.1)
    assert close_call(replace(said, unsure=True), decision)
    assert DECISION == "decision"
