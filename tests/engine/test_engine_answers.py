"""Answering questions, taught on the starter: the whole way from questions to an own model, stopping and going on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.answer_sets import passages, small_answerer, words_of
from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.project import Project
from workbench.data.questions import questions_of
from workbench.data.shapes import TextSpan, Whole
from workbench.data.types import NewItem, Sample, Split
from workbench.engine import finetune
from workbench.engine.evaluate import evaluate, evaluate_items, judge_kept
from workbench.engine.events import Advice, CheckpointSaved, EpochDone, Finished, How, RunConfig, StepDone
from workbench.engine.fit import fit, new_config
from workbench.engine.predict import predict
from workbench.engine.propose import propose, proposers
from workbench.engine.run import trainable
from workbench.errors import UserError
from workbench.runtimes.folder import save_folder
from workbench.tasks import answer_lesson
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Text
from workbench.tasks.registry import get_task
from workbench.trust.judge_answers import AnswersJudgement
from workbench.trust.report import render


def made(folder: Path, count: int = 24) -> Project:
    project = Project.create(folder, "people", "question-answering")
    project.add_items(passages(count, 1))
    return project


def small(folder: Path, catalog: Catalog, texts: Sequence[NewItem]) -> ModelCard:
    """A small random network among the own models."""
    model = small_answerer(folder, words_of(texts))
    save_folder(
        model,
        replace(model.card, source=Source("folder", str(app_paths().models / "small"))),
        app_paths().models / "small",
    )
    catalog.refresh()
    return catalog.get("small")


def test_from_questions_to_a_model_of_ones_own(tmp_path: Path, catalog: Catalog) -> None:
    project = made(tmp_path / "p", 12)
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    assert card.starter and not get_task(project.task_id).info.has_classes
    events = list(fit(new_config(project, card, How.QUICK, epochs=2), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    epochs = [e for e in events if isinstance(e, EpochDone)]
    (told,) = (e for e in events if isinstance(e, Advice) and e.code == "how-it-learns")
    assert "Choose Thorough" in told.text
    assert epochs[-1].train_loss < epochs[0].train_loss and {e.metric for e in epochs} == {"F1"}
    own = catalog.get(finished.model_id)
    assert (own.runtime, own.arch) == ("transformers_text", "AutoModelForQuestionAnswering")
    assert own.options["no_answer"] is True and "combine" in own.limits and own.trainable_for == (project.task_id,)
    # Kept with the run and said when the model is opened from its folder: the same.
    task = get_task(project.task_id)
    kept = {p.item_id: p.record for p in project.predictions(finished.run_id, Split.TEST)}
    items = project.split_items(Split.TEST)
    samples = [task.sample_of(i, project.annotations(i.id)) for i in items]
    for result in predict(samples, own, task):
        record = kept[items[result.index].id]
        assert isinstance(result.prediction, Text) and record is not None
        for before, now in zip(record["asked"], result.prediction.asked, strict=True):
            assert (before["question"], before["start"], before["end"], before["answered"]) == (
                now.question, now.start, now.end, now.answered,
            )  # fmt: skip
            assert now.margin == pytest.approx(before["margin"], abs=1e-3)
    judged = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(judged, AnswersJudgement) and judged.headline()["score"] == finished.metrics["score"]
    outside, problems = evaluate_items(own, passages(2, 9), project.task_id)
    assert not problems and outside.n == 2 and isinstance(outside, AnswersJudgement) and len(outside.cases) == 8
    page = render(project, next(r for r in project.runs() if r.id == finished.run_id), judged)
    assert "How the questions came out" in page and "should have said nothing" in page
    # One typed question, as on the Try page.
    text = Sample("text", text=passages(1, 3)[0].text)
    (said,) = predict([text], own, task, TryOptions(values={"question": "Where does she live?"}))
    assert isinstance(said.prediction, Text) and len(said.prediction.asked) == 1
    assert bool(said.prediction.note) != said.prediction.asked[0].answered
    (none,) = predict([text], own, task)
    assert none.problem is not None and "no question" in none.problem.message


def test_proposals_answer_what_nobody_has_answered(tmp_path: Path, catalog: Catalog) -> None:
    project = made(tmp_path / "p", 12)
    card = small(tmp_path / "m", catalog, passages(12, 1))
    *_, finished = fit(new_config(project, card, How.QUICK, epochs=1), project, catalog)
    assert isinstance(finished, Finished)
    own = catalog.get(finished.model_id)
    assert own in proposers(project, catalog)
    with pytest.raises(UserError, match="done"):
        propose(project, own)
    added = project.add_items([NewItem("text", n, text=f"{n} lives in Oslo.") for n in ("Ada", "Bea")]).added
    with pytest.raises(UserError, match="Nothing is asked"):
        propose(project, own)
    answered = Annotation(TextSpan(0, 3), text="Who?")
    waiting = Annotation(Whole(), text="Where?", ignored=True)
    project.set_annotations({added[0]: AnnotationState((answered, waiting))})
    assert propose(project, own) == 1
    (new,) = [a for a in project.annotations(added[0]) if a.is_proposal]
    assert new.text == "Where?" and 0 <= new.score <= 1
    assert [q.text for q in questions_of(project.annotations(added[0])) if q.open] == ["Where?"]
    assert not project.annotations(added[1])


@pytest.mark.parametrize("lora", [False, True])
def test_stopped_and_resumed_ends_bit_equal(
    lora: bool, tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(answer_lesson, "_TOKENS", 300)  # windows are drawn
    project = made(tmp_path / "p", 14)
    card = small(tmp_path / "m", catalog, passages(12, 1))
    how = How.THOROUGH if lora else How.BALANCED
    straight = new_config(project, card, how, epochs=2, batch_size=3, options={"lora": lora})
    stopped = RunConfig.from_json({**straight.to_json(), "run_id": "stopped00000"})
    assert isinstance(list(fit(straight, project, catalog))[-1], Finished)
    running = fit(stopped, project, catalog)
    steps = 0
    for event in running:
        if isinstance(event, StepDone):
            steps = event.step
        if isinstance(event, CheckpointSaved) and steps >= 2:
            break
    running.close()  # type: ignore[attr-defined]
    torch.manual_seed(99)
    assert isinstance(list(fit(stopped, project, catalog, resume=True))[-1], Finished)
    models = {r.id: catalog.get(str(r.metrics["model_id"])) for r in project.runs()}
    first, second = (
        load_file(Path(models[r].source.ref) / "model.safetensors") for r in (straight.run_id, "stopped00000")
    )
    assert first.keys() == second.keys() and all(first[k].equal(second[k]) for k in first)
    assert models[straight.run_id].options == models["stopped00000"].options
    assert project.predictions(straight.run_id) == project.predictions("stopped00000")


def test_a_model_that_has_learnt_it_already_keeps_its_head_and_is_judged_first(
    tmp_path: Path, catalog: Catalog
) -> None:
    project = made(tmp_path / "p", 14)
    card = small(tmp_path / "m", catalog, passages(12, 1))
    *_, first = fit(new_config(project, card, How.THOROUGH, epochs=3), project, catalog)
    assert isinstance(first, Finished)
    own = catalog.get(first.model_id)
    events = list(fit(new_config(project, own, How.QUICK, epochs=1), project, catalog))
    untaught, _taught = (e for e in events if isinstance(e, EpochDone))
    kept = judge_kept(project, "answers", (), project.predictions(first.run_id), Split.VALIDATION)
    assert untaught.epoch == 0 and untaught.validation_score == kept.headline()["score"]


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "p", "question-answering") as project:
        with pytest.raises(UserError, match="No question has an answer"):
            trainable(project)
        project.add_items(passages(1, 1))
        with pytest.raises(UserError, match=r"\(3\)"):
            trainable(project)
