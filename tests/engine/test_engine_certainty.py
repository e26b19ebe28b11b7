"""Certainty, costs, learning curves and learning by heart, on real starters and planted truths."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.catalog.catalog import Catalog
from workbench.cli import app
from workbench.data.project import Project
from workbench.data.types import Item, Split
from workbench.engine.certainty import keep_decision, sureness
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Advice, EpochDone, Finished, How
from workbench.engine.export import export_onnx
from workbench.engine.fit import fit, new_config
from workbench.engine.learning_curve import curve_of, learning_curve
from workbench.engine.overfitting import ahead, rising
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.tasks.decision import Decision
from workbench.tasks.lesson import Example, Material
from workbench.tasks.pooled_lesson import PooledLesson
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task
from workbench.trust.report import render

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]
DIGITS = ("one", "two", "three", "four", "five", "six")


@pytest.fixture
def taught(digits_folder: Digits, make_project: MakeProject, catalog: Catalog) -> tuple[Project, Catalog, Finished]:
    project = make_project(digits_folder(DIGITS, 36))
    card, _ = catalog.suggest(project.task_id)
    events = list(fit(new_config(project, card), project, catalog))
    # Nothing is learnt by heart here.
    assert not [e for e in events if isinstance(e, Advice) and e.code == "overfitting"]
    finished = events[-1]
    assert isinstance(finished, Finished)
    return project, catalog, finished


def test_a_run_says_how_sure_it_is_and_what_is_decided_is_applied_everywhere(
    taught: tuple[Project, Catalog, Finished], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, catalog, finished = taught
    found = sureness(project, finished.run_id, catalog)
    card = catalog.get(finished.model_id)
    assert len(found.validation) >= 30 and found.certainty.steering == len(found.validation)
    assert found.certainty.temperature == card.options.get("temperature", 1.0)
    assert project.run(finished.run_id).metrics.get("temperature", 1.0) == found.certainty.temperature
    # What the model says now is what was kept with the run, percent for percent.
    items = {i.id: i for i in project.split_items(Split.TEST)}
    task = get_task(project.task_id)
    asked = [p for p in found.test if p.item_id in items][:6]
    for said, result in zip(asked, predict([items[p.item_id].sample() for p in asked], card, task), strict=True):
        assert isinstance(result.prediction, Scores)
        values = {s.name: s.value for s in result.prediction.top}
        assert [values[c] for c in found.classes] == pytest.approx(list(said.scores), abs=2e-3)

    # The report says the same of the very same answers.
    page = render(project, project.run(finished.run_id), evaluate(project, finished.run_id, catalog=catalog))
    assert html.escape(found.certainty.after.sentence()) in page
    assert f"Brier score {found.certainty.after.brier:.3f}" in page

    # A decision is kept with the model, applied at once, and goes with it as a file.
    decided = keep_decision(card, Decision("three", 0.0, 50.0), catalog)
    sample = items[asked[0].item_id].sample()
    for result in predict([sample], decided, task):
        assert result.prediction is not None and result.prediction.summary() == "three"
    assert app.run(["predict", "--model", decided.id, str(sample.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["scores"][0]["label"] == "three"
    check = export_onnx(decided, tmp_path, [sample])
    note = json.loads(check.path.with_suffix(".json").read_text())
    assert note["temperature"] == found.certainty.temperature and note["decision"]["class"] == "three"
    assert sureness(project, finished.run_id, catalog).decision == Decision("three", 0.0, 50.0)
    quiet = keep_decision(decided, Decision(sure_from=1.0), catalog)
    for result in predict([sample], quiet, task):
        assert result.prediction is not None and result.prediction.summary().startswith("not sure")
    assert "decision" not in keep_decision(quiet, None, catalog).options
    with pytest.raises(UserError):
        keep_decision(catalog.suggest(project.task_id)[0], Decision("three"), catalog)
    _on_the_command_line(project, catalog, finished, capsys)


def _on_the_command_line(
    project: Project, catalog: Catalog, finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same, and the learning curve."""
    where = str(project.folder)
    project.close()
    asked = ["evaluate", finished.model_id, where, "--certainty", "--missed", "three=10", "--right", "0.99"]
    assert app.run([*asked, "--learning-curve", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["certainty"]["n"] > 0 and len(told["certainty"]["bins"]) == 10
    assert told["costs"]["cost"] == 10 and told["answering"]["n"] == told["certainty"]["n"]
    curve = told["learning_curve"]
    assert [p["n"] for p in curve["points"]] == sorted(p["n"] for p in curve["points"])
    # Ten times as many examples of handwriting make it better.
    assert curve["points"][-1]["mean"] > curve["points"][0]["mean"] and curve["slope"] > 0
    assert app.run([*asked, "--keep"]) == 0
    words = capsys.readouterr().out
    assert "false alarms" in words and "Kept with the model" in words
    catalog.refresh()
    assert catalog.get(finished.model_id).options["decision"]["class"] == "three"
    assert app.run(["evaluate", finished.model_id, where, "--missed", "none=10"]) == 1
    assert "three" in capsys.readouterr().err


def test_too_few_are_refused_in_words(digits_folder: Digits, make_project: MakeProject, catalog: Catalog) -> None:
    project = make_project(digits_folder(("one", "two"), 5))
    with pytest.raises(UserError, match="too few"):
        learning_curve(project, catalog.suggest(project.task_id)[0].id, catalog)


# Planted learning curves --------------------------------------------------------------------------------------------------


def _planted(kind: str) -> tuple[dict[Split, list[Example]], dict[Split, object]]:
    import torch

    generator = torch.Generator().manual_seed(4)
    sizes = {Split.TRAIN: 240, Split.VALIDATION: 120, Split.TEST: 400}
    width = 60 if kind == "data" else 2
    direction = torch.randn(width, generator=generator)
    examples: dict[Split, list[Example]] = {}
    matrix: dict[Split, object] = {}
    for split, n in sizes.items():
        x = torch.randn(n, width, generator=generator)
        if kind == "data":  # many directions to be learnt from few examples
            y = (x @ direction > 0).long()
        elif kind == "model":  # no straight line parts them, however many there are
            y = (x[:, 0] * x[:, 1] > 0).long()
        else:  # two clouds far from each other
            y = (torch.arange(n) % 2).long()
            x = x + 8 * (y[:, None] - 0.5)
        examples[split] = [Example(Item(i, "text", str(i), None, str(i)), int(t)) for i, t in enumerate(y)]
        matrix[split] = x
    return examples, matrix


@pytest.mark.parametrize(("kind", "words"), [
    ("data", "More examples would help"), ("model", "bigger model"), ("neither", "neither more examples"),
])  # fmt: skip
def test_what_was_planted_is_said(kind: str, words: str) -> None:
    task = get_task("text-classification")
    examples, matrix = _planted(kind)
    curve = curve_of(task, examples, matrix, ("a", "b"))  # type: ignore[arg-type]
    assert curve.verdict() == kind, curve
    assert words in curve.sentence()
    assert curve == curve_of(task, examples, matrix, ("a", "b"))  # type: ignore[arg-type]


# Learning by heart ----------------------------------------------------------------------------------------------------------


def epochs(train: list[float], validation: list[float], scores: tuple[float, float] = (1.0, 1.0)) -> list[EpochDone]:
    best = validation.index(min(validation))
    return [
        EpochDone(n + 1, t, scores[0], v, scores[1], n == best, 1.0)
        for n, (t, v) in enumerate(zip(train, validation, strict=True))
    ]


def test_learning_by_heart_is_said_with_what_to_do_and_nothing_else_is() -> None:
    planted = rising(epochs([1.0, 0.6, 0.3, 0.1], [0.9, 0.7, 0.85, 1.1]), How.THOROUGH, "texts", augment=False)
    assert planted is not None and "by heart" in planted.text and "Since round 2" in planted.text
    assert "Balanced instead of Thorough" in planted.text and "augmentation" in planted.text
    done = rising(epochs([1.0, 0.6, 0.3, 0.1], [0.9, 0.7, 0.85, 1.1]), How.THOROUGH, "texts", augment=True)
    assert done is not None and "augmentation" not in done.text
    falling = epochs([1.0, 0.6, 0.3, 0.1], [0.9, 0.7, 0.5, 0.45])
    jitter = epochs([1.0, 0.6, 0.3, 0.1], [0.9, 0.700, 0.705, 0.71])
    one_bad_round = epochs([1.0, 0.6, 0.3, 0.1], [0.9, 0.7, 0.95, 0.69])
    diverging = epochs([1.0, 0.6, 0.8, 1.5], [0.9, 0.7, 0.9, 1.6])
    for clean in (falling, jitter, one_bad_round, diverging, planted_prefix := epochs([1.0, 0.6], [0.9, 0.7])):
        assert rising(clean, How.BALANCED, "texts") is None
    assert len(planted_prefix) == 2


def test_being_ahead_on_its_own_examples_is_told_from_chance() -> None:
    curve = epochs([0.1], [2.0], (1.0, 0.6))
    assert ahead(curve, 100, How.QUICK, "texts") is not None
    assert ahead(epochs([0.1], [2.0], (1.0, 0.8)), 5, How.QUICK, "texts") is None  # 4 of 5 may be anything
    assert ahead(epochs([0.1], [0.2], (1.0, 0.93)), 100, How.QUICK, "texts") is None


@pytest.mark.parametrize(
    ("kind", "kept_is_ahead", "rises"),
    [("lots", False, True), ("few", True, True), ("neither", False, False), ("model", False, False)],
)
def test_learning_by_heart_is_found_on_real_paths_of_heads(kind: str, kept_is_ahead: bool, rises: bool) -> None:
    """Labels drawn by lot (the strictest head, which has learnt nothing, is kept), a rule learnt from far too few, two
    clouds, and what cannot be learnt at all."""
    import torch

    from workbench.engine.head import fit_path

    if kind == "lots":
        generator = torch.Generator().manual_seed(3)
        x = {s: torch.randn(n, 80, generator=generator) for s, n in ((Split.TRAIN, 60), (Split.VALIDATION, 100))}
        y = {s: torch.randint(0, 2, (len(m),), generator=generator) for s, m in x.items()}
    else:
        examples, found = _planted("data" if kind == "few" else kind)
        x = {s: m for s, m in found.items() if isinstance(m, torch.Tensor)}
        y = {s: torch.tensor([e.target for e in examples[s]]) for s in examples}
        if kind == "few":
            x[Split.TRAIN], y[Split.TRAIN] = x[Split.TRAIN][:50], y[Split.TRAIN][:50]
    rounds = [
        EpochDone(s.index + 1, s.train_loss, s.train_accuracy, s.validation_loss, s.validation_accuracy, s.is_best, 0.0)
        for s in fit_path(x[Split.TRAIN], y[Split.TRAIN], x[Split.VALIDATION], y[Split.VALIDATION], 2)
    ]
    assert (ahead(rounds, len(y[Split.VALIDATION]), How.QUICK, "texts") is not None) is kept_is_ahead
    assert (rising(rounds, How.QUICK, "texts") is not None) is rises


# A lesson that goes on ------------------------------------------------------------------------------------------------------


def test_settling_again_starts_from_what_the_network_says(digits_folder: Digits, catalog: Catalog) -> None:
    """Fine-tuning settles after every round: a temperature must not pile up on the one before."""
    import torch

    from workbench.control import Control
    from workbench.engine.pool import shared_pool

    task = get_task("image-classification")
    names = ("one", "two")
    files = sorted(digits_folder(names, 20).rglob("*.png"))
    given = [Example(Item(n, "picture", f.name, f), names.index(f.parent.name)) for n, f in enumerate(files)]
    card, _ = catalog.suggest(task.info.id)
    with shared_pool().use_network(card, "cpu") as model:
        model.set_head(
            names, torch.randn(2, model.feature_width, generator=torch.Generator().manual_seed(1)), torch.zeros(2)
        )
        lesson = PooledLesson(
            task,
            Material(model, names, How.BALANCED, "cpu", Control(), tuple(given), Path("unused")),  # type: ignore[arg-type]
        )
        prepared = [lesson.prepare(e) for e in given]
        before = lesson.check(prepared).predictions
        first = lesson.settle(given, before)
        state = lesson.state()
        again = lesson.settle(given, lesson.check(prepared).predictions)
        options = dict(lesson.result().card.options)
        assert options["temperature"] > 2 and options["calibrated_on"] == 40  # a head drawn by lot is far too sure
        for a, b in zip(first, again, strict=True):
            assert isinstance(a, Scores) and isinstance(b, Scores)
            assert [s.value for s in a.top] == pytest.approx([s.value for s in b.top], abs=1e-4)
        lesson.settle((), ())
        assert "temperature" not in lesson.result().card.options
        lesson.load_state(state)
        assert lesson.result().card.options == replace(card, options=options).options
    shared_pool().clear()
