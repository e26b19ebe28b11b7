"""From a table to a model that answers: trees equal to scikit-learn's bit by bit, the same from start to end each time, stopped
within a second, and judged like every other model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from own_time import Watch
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from workbench.__main__ import main
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.columns import TableColumn
from workbench.data.project import Project
from workbench.data.rows import row_text
from workbench.data.types import Sample, Split
from workbench.engine.bulk import run_to_csv
from workbench.engine.certainty import sureness
from workbench.engine.evaluate import evaluate, judge_by_groups
from workbench.engine.events import Advice, EpochDone, Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.errors import Cancelled, UserError
from workbench.runtimes.forest import fault, grown
from workbench.tasks.boosting import Boosting, Data
from workbench.tasks.predictions import Number, Scores
from workbench.tasks.registry import get_task
from workbench.tasks.table_features import Table, fit_table
from workbench.trust.judge_numbers import NumbersJudgement
from workbench.trust.metrics import Evaluation

Make = Callable[[Path], Project]


def mixed(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two categories, three numbers, some cells missing; a truth that needs them all."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 12, n), rng.integers(0, 3, n), rng.normal(0, 1, (n, 3))]).astype(float)
    truth = (x[:, 0] % 3) + x[:, 1] * x[:, 2] + np.sin(2 * x[:, 3]) + rng.normal(0, 0.2, n)
    x[rng.random(x.shape) < 0.08] = np.nan
    return x, truth


@pytest.mark.parametrize("classes", [0, 2, 4])
def test_the_forest_says_bit_by_bit_what_scikit_learn_says(classes: int) -> None:
    x, truth = mixed()
    new, _ = mixed(200, seed=1)
    new[0, 0] = 50  # a category that was never seen
    mask = [True, True, False, False, False]
    if classes:
        y = np.digitize(truth, np.quantile(truth, np.arange(1, classes) / classes))
        model = HistGradientBoostingClassifier(categorical_features=mask, max_iter=70, random_state=0).fit(x, y)
        wanted = model.decision_function(new).reshape(len(new), -1)
    else:
        model = HistGradientBoostingRegressor(categorical_features=mask, max_iter=70, random_state=0).fit(x, truth)
        wanted = model.predict(new).reshape(-1, 1)
    forest = grown(model._predictors, model._baseline_prediction)
    given = new.copy()
    given[0, 0] = np.nan  # as `Table` gives what it has never seen
    assert not fault(forest.tensors, 5)
    assert np.array_equal(forest.raw(torch.from_numpy(given)).numpy(), wanted)
    less = forest.first(20)
    staged = list(model.staged_decision_function(new) if classes else model.staged_predict(new))[19]
    assert less.rounds == 20 and less.nodes < forest.nodes and not fault(less.tensors, 5)
    assert np.array_equal(less.raw(torch.from_numpy(given)).numpy(), staged.reshape(len(new), -1))


def test_damaged_trees_are_found_before_they_are_walked(tmp_path: Path) -> None:
    x, truth = mixed(200)
    model = HistGradientBoostingRegressor(max_iter=5).fit(x, truth)
    good = grown(model._predictors, model._baseline_prediction).tensors
    assert not fault(good, 5)
    assert fault(good, 1) == "features" and fault({k: v for k, v in good.items() if k != "left"}, 5) == "names"
    for name, change in (
        ("left", lambda t: t * 0), ("right", lambda t: t + 10_000), ("roots", lambda t: t - 1), ("value", lambda t: t * torch.nan),
        ("feature", lambda t: t - 9), ("flags", lambda t: t.int()), ("baseline", lambda t: t.repeat(2)), ("threshold", lambda t: t[:3]),
    ):  # fmt: skip
        assert fault({**good, name: change(good[name])}, 5), name


def test_one_fit_is_scikit_learns_own_and_stops_where_it_is_best() -> None:
    x, truth = mixed(600)
    train, check = slice(0, 400), slice(400, 600)
    order = np.arange(5)
    data = Data(np.ascontiguousarray(x[train]), truth[train], x[check], truth[check], 2, 0)
    settings = {"learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20, "most_rounds": 400}
    growing = Boosting(settings, How.QUICK, 0, Control())
    rounds = list(growing.grow(data, 5))
    direct = HistGradientBoostingRegressor(
        max_iter=400, categorical_features=[True, True, False, False, False], random_state=0, early_stopping=False
    ).fit(x[train], truth[train])
    losses = [float(((p - truth[check]) ** 2).mean()) for p in direct.staged_predict(x[check][:, order])]
    best = int(np.argmin(losses[: rounds[-1].number * 10])) + 1
    assert growing.best.rounds == growing.chosen["trees"] == best
    assert np.array_equal(
        growing.best.raw(torch.from_numpy(x[check]))[:, 0].numpy(), list(direct.staged_predict(x[check]))[best - 1]
    )
    assert rounds[-1].number * 10 - best >= 40 and any(r.is_best for r in rounds)
    assert rounds[0].validation_loss == pytest.approx(losses[9] / truth[train].var())


def test_several_ways_are_tried_and_the_best_is_kept() -> None:
    x, truth = mixed(300)
    data = Data(x[:200], (truth[:200] > 1).astype(float), x[200:], (truth[200:] > 1).astype(float), 2, 2)
    settings = {"learning_rate": 0.5, "max_leaf_nodes": 2, "min_samples_leaf": 100, "most_rounds": 30}
    poor, better = (Boosting(settings, how, 3, Control()) for how in (How.QUICK, How.BALANCED))
    one, many = list(poor.grow(data, 2)), list(better.grow(data, 2))
    assert min(r.validation_loss for r in many) < min(r.validation_loss for r in one)
    assert [r.number for r in many] == sorted({r.number for r in many}) and better.chosen["max_leaf_nodes"] != 2
    again = Boosting(settings, How.BALANCED, 3, Control())
    list(again.grow(data, 2))
    assert again.chosen == better.chosen


def breast_cancer(folder: Path, rows: int = 569) -> Path:
    found = load_breast_cancer(as_frame=True)
    frame = found.frame.iloc[:rows, [0, 1, 2, 7, 20, 22, 27, 30]].copy()
    frame["diagnosis"] = [str(found.target_names[t]) for t in frame.pop("target")]
    frame["age_group"] = ["young", "old"] * (rows // 2) + ["old"] * (rows % 2)
    frame.to_csv(folder / "tumours.csv", index=False)
    return folder / "tumours.csv"


def diabetes(folder: Path) -> Path:
    frame = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})
    frame.to_csv(folder / "diabetes.csv", index=False)
    return folder / "diabetes.csv"


def test_a_table_becomes_a_model_that_sorts(tmp_path: Path, catalog: Catalog, make_project: Make) -> None:
    project = make_project(breast_cancer(tmp_path))
    assert project.task_id == "tabular-classification"
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    config = new_config(project, card)
    events = list(fit(config, project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    rounds = [e for e in events if isinstance(e, EpochDone)]
    assert rounds[0].validation_loss > min(r.validation_loss for r in rounds)
    assert any(isinstance(e, Advice) and "not pre-trained" in e.text for e in events)
    judged = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(judged, Evaluation) and judged.accuracy > 0.88 and "it had not seen" in judged.sentence()
    groups = judge_by_groups(project, judged)
    assert {g.name for g in groups[0].groups} == {"young", "old"} and groups[0].rates
    assert sureness(project, finished.run_id, catalog).test  # thresholds and costs as for every model of classes
    own = catalog.get(finished.model_id)
    assert not list(Path(own.source.ref).glob("*.pkl")) and (Path(own.source.ref) / "model.safetensors").is_file()
    # The same settings on the same rows come to the same model, bit by bit.
    again = list(fit(new_config(project, card), project, catalog))[-1]
    assert isinstance(again, Finished)
    first, second = (
        load_file(Path(catalog.get(i).source.ref) / "model.safetensors") for i in (finished.model_id, again.model_id)
    )
    assert first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)
    # What was kept with the run is what the saved model says of the same rows.
    task = get_task(project.task_id)
    item = project.split_items(Split.TEST)[0]
    kept = next(p for p in project.predictions(finished.run_id) if p.item_id == item.id)
    said = next(predict([item.sample()], own, task)).prediction
    assert isinstance(said, Scores)
    assert {s.name: round(s.value, 6) for s in said.top} == pytest.approx(
        dict(zip(config.classes, kept.scores, strict=True)), abs=2e-6
    )
    odd = next(predict([Sample("row", text='{"mean radius": 900, "age_group": "ancient"}')], own, task)).prediction
    assert isinstance(odd, Scores) and "outside what it learnt from" in odd.note and "never seen “ancient”" in odd.note
    for text, words in (('{"colour": "red"}', "None of the columns"), ("[1]", "not a row")):
        problem = next(predict([Sample("row", text=text)], own, task)).problem
        assert problem is not None and words in problem.message
    nothing = next(predict([item.sample()], card, task)).problem
    assert nothing is not None and "knows nothing of your columns" in nothing.message


def test_a_table_becomes_a_model_that_estimates(tmp_path: Path, catalog: Catalog, make_project: Make) -> None:
    project = make_project(diabetes(tmp_path))
    assert project.task_id == "tabular-regression" and project.counts().labelled == 442
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    finished = list(fit(new_config(project, card), project, catalog))[-1]
    assert isinstance(finished, Finished) and finished.metrics["metric"] == "R²"
    judged = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(judged, NumbersJudgement)
    assert judged.r2 is not None and 0.25 < judged.r2.value < 0.7 and judged.mae.value < judged.mae_guess
    assert judged.covered is not None and judged.covered.value > 0.75 and judged.stated == 0.9
    own = catalog.get(finished.model_id)
    target = tmp_path / "answers.csv"
    result = run_to_csv(own, [tmp_path / "diabetes.csv"], target)
    assert result.answered == 442
    lines = target.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].endswith("s6,progression,answer,low,high,problem")
    cells = lines[1].split(",")
    assert float(cells[-3]) < float(cells[-4]) < float(cells[-2]) and cells[-1] == ""


def test_it_stops_within_a_second_and_keeps_the_best_so_far(
    tmp_path: Path, catalog: Catalog, make_project: Make
) -> None:
    project = make_project(breast_cancer(tmp_path))
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    control, waited, finished = Control(), Watch(), None
    for event in fit(new_config(project, card, How.THOROUGH), project, catalog, control):
        if isinstance(event, EpochDone) and event.epoch == 3:
            control.cancel()
            waited = Watch()
        finished = event
    assert isinstance(finished, Finished) and finished.reason == "cancelled"
    assert waited.seconds < 20  # a slow computer; what is asserted is that no forest was finished first
    assert (
        json.loads((project.runs_folder / finished.run_id / "events.jsonl").read_text().splitlines()[-1])["kind"]
        == "finished"
    )
    with pytest.raises(Cancelled):
        stopped = Control()
        stopped.cancel()
        list(fit(new_config(project, card), project, catalog, stopped))


def test_a_run_that_was_cut_off_begins_again_and_ends_the_same(
    tmp_path: Path, catalog: Catalog, make_project: Make
) -> None:
    project = make_project(breast_cancer(tmp_path, 200))
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    whole, cut = new_config(project, card, seed=5), new_config(project, card, seed=5)
    first = list(fit(whole, project, catalog))[-1]
    control = Control()
    with pytest.raises(Cancelled):
        for event in fit(cut, project, catalog, control):
            if isinstance(event, EpochDone):
                control.leave()
    assert next(r for r in project.runs() if r.id == cut.run_id).status == "interrupted"
    second = list(fit(cut, project, catalog, resume=True))[-1]
    assert isinstance(first, Finished) and isinstance(second, Finished)
    one, other = (
        load_file(Path(catalog.get(i).source.ref) / "model.safetensors") for i in (first.model_id, second.model_id)
    )
    assert all(torch.equal(one[k], other[k]) for k in one)


def test_a_damaged_own_model_is_a_sentence(tmp_path: Path, catalog: Catalog, make_project: Make) -> None:
    project = make_project(breast_cancer(tmp_path, 120))
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    finished = list(fit(new_config(project, card), project, catalog))[-1]
    assert isinstance(finished, Finished)
    own = catalog.get(finished.model_id)
    file = Path(own.source.ref) / "model.safetensors"
    save_file({k: v * 0 if k == "trees.left" else v for k, v in load_file(file).items()}, file)
    shared_pool().release(own.id)
    with pytest.raises(UserError, match="damaged"):
        list(predict([Sample("row", text='{"mean radius": 1}')], own, get_task(project.task_id)))


def test_what_a_column_says_is_what_a_model_sees() -> None:
    columns = [
        TableColumn("city", "category"), TableColumn("n", "number", decimal=","), TableColumn("day", "date"),
        TableColumn("ok", "yes-no"), TableColumn("same", "number"), TableColumn("nr", "id"), TableColumn("y", "number", "target"),
    ]  # fmt: skip
    rows = [
        {"city": "B", "n": "1,5", "day": "31.12.2023", "ok": "yes", "same": "1", "nr": "1", "y": "3"},
        {"city": "A", "n": "", "day": "2024-01-01 18:30", "ok": "no", "same": "1", "nr": "2", "y": "4"},
        {"city": "B", "n": "x", "day": "", "ok": "maybe", "same": "1", "nr": "3", "y": "5"},
    ]
    table = fit_table(columns, rows)
    assert table.names() == ["city", "n", "day (day)", "day (month)", "day (weekday)", "day (hour)", "ok"]
    assert table.categories == 1 and table.target == "y"
    first, second, third = (table.numbers(r) for r in rows)
    assert first[:2] == [0.0, 1.5] and first[3:] == [12.0, 6.0, 0.0, 1.0]
    assert second[0] == 1.0 and np.isnan(second[1]) and second[3:] == [1.0, 0.0, 18.5, 0.0]
    assert np.isnan(third[1:]).all() and np.isnan(table.numbers({"city": "C"})).all()
    back = Table.from_options({"table": json.loads(json.dumps(table.to_options()))})
    assert back == table and back.numbers(rows[0]) == first
    with pytest.raises(UserError, match="No column says anything"):
        fit_table(columns, [rows[0]] * 4)
    with pytest.raises(UserError, match="columns cannot be read"):
        Table.from_options({"table": {"columns": 3}})


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], catalog: Catalog) -> None:
    file = breast_cancer(tmp_path, 300)
    assert main(["train", str(file), "--label-column", "diagnosis", "--name", "tumours"]) == 0
    said = capsys.readouterr().out
    assert "items it had not seen" in said
    model = next(c.id for c in Catalog.load().own())
    rows = tmp_path / "new.csv"
    rows.write_text("mean radius,worst radius,note\n12,14,=1+1\n30,40,\n")
    assert main(["predict", str(rows), "--model", model, "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mean radius,worst radius,note,answer,certainty" and lines[1].startswith("12,14,'=1+1,benign,")
    assert lines[2].startswith("30,40,,") and 0 < float(lines[2].split(",")[-1]) <= 1
    assert main(["evaluate", model, str(file), "--by", "age_group", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["accuracy"] > 0.9 and {g["name"] for g in told["by_group"][0]["groups"]} == {"young", "old"}
    assert main(["evaluate", model, str(rows)]) == 1
    assert "no column “diagnosis”" in capsys.readouterr().err


def test_a_number_is_said_with_its_range() -> None:
    said = Number(3.14159, 2, 4, unit="kg", name="weight")
    assert said.lines() == ["weight: 3.14 kg", "in 9 of 10 cases between 2 and 4 kg"]
    assert said.to_json()["low"] == 2 and row_text({"a": "", "b": "1"}) == '{"b":"1"}'
