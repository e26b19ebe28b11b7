"""The whole way of a series: import, judge a formula as it is, fine-tune Chronos (a small copy with random weights), go on after
a stop, evaluate, look ahead with dates."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "catalog"))

from hub_server import Hub, serving
from small_copies import served

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import Sample, Split
from workbench.engine.bulk import run_to_csv
from workbench.engine.evaluate import evaluate, evaluate_items
from workbench.engine.events import CheckpointSaved, EpochDone, Finished, How
from workbench.engine.fit import fit, new_config, resumable
from workbench.engine.journey import project_from_plan
from workbench.engine.predict import collect_samples, predict
from workbench.engine.report.make import make_report
from workbench.errors import Cancelled, UserError
from workbench.hub.store import download
from workbench.runtimes.weights import read_state
from workbench.tasks.forecasting import HORIZON, NO_PROMISE
from workbench.tasks.occasions import parts_of
from workbench.tasks.predictions import Forecast
from workbench.tasks.ranges import NEWEST, NEWEST_OF, WIDTHS, WIDTHS_OF
from workbench.tasks.registry import get_task
from workbench.trust.judge_forecast import ForecastJudgement
from workbench.trust.judging import compare


@pytest.fixture
def chronos(tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelCard]:
    with serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        made: Hub = hub
        download(served(catalog.get("chronos-tiny"), made, tmp_path / "copy"))
        yield catalog.get("chronos-tiny")


@pytest.fixture(autouse=True)
def few_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the six forms of exponential smoothing are enough here; all six are tested beside statsmodels."""
    monkeypatch.setattr("workbench.runtimes.ets_runtime.FORMS", ((None, False, None), ("add", False, "add")))


def write(path: Path, count: int = 72, seed: int = 0, series: int = 1) -> Path:
    rng = np.random.default_rng(seed)
    t = np.arange(count)
    columns = [
        20 + 0.1 * t + (3 + i) * np.sin(2 * np.pi * (t + i) / 12) + 0.5 * rng.normal(size=count) for i in range(series)
    ]
    rows = [f"{2010 + i // 12}-{i % 12 + 1:02}," + ",".join(f"{c[i]:.4f}" for c in columns) for i in t]
    path.write_text("month," + ",".join(f"s{i}" for i in range(series)) + "\n" + "\n".join(rows) + "\n")
    return path


def project_of(path: Path) -> Project:
    project, result = project_from_plan(sniff([path]))
    assert not result.problems
    return project


def run(project: Project, catalog: Catalog, model: str, **options: object) -> tuple[Finished, list[object]]:
    events = list(fit(new_config(project, catalog.get(model), **options), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished, events


def test_formulas_are_judged_as_they_are_and_look_ahead_with_dates(tmp_path: Path, catalog: Catalog) -> None:
    with project_of(write(tmp_path / "sales.csv")) as project:
        naive, _ = run(project, catalog, "last-season", options={"steps": 6})
        ets, events = run(project, catalog, "exponential-smoothing", options={"steps": 6})
        assert not [e for e in events if isinstance(e, EpochDone)]  # nothing is learnt
        judged = evaluate(project, ets.run_id, Split.TEST, catalog)
        plain = evaluate(project, naive.run_id, Split.TEST, catalog)
        steering = evaluate(project, ets.run_id, Split.VALIDATION, catalog)
        assert isinstance(judged, ForecastJudgement) and isinstance(plain, ForecastJudgement)
        assert isinstance(steering, ForecastJudgement)
        # Fourteen numbers judge: nine moments from which six steps lie in them.
        assert judged.n == 9 and judged.steps == 6 and steering.n == 9
        parts = parts_of(72)
        assert [c.occasion.at for c in judged.cases] == list(range(parts.test, 72 - 5))
        assert all(c.occasion.at + 6 <= parts.test for c in steering.cases)
        assert judged.totals["said"].mase == pytest.approx(judged.totals["ets"].mase)
        assert judged.gain > 0 and plain.gain == pytest.approx(0.0)
        assert "the same as exponential smoothing" in judged.sentence()
        assert compare(judged, plain).only_a == tuple(project.item_ids())
        own = catalog.get(ets.model_id)
        assert own.runtime == "ets" and own.options[HORIZON] == 6 and all(w >= 1 for w in own.options[WIDTHS])
        assert NO_PROMISE in own.limits and "past occasions" in own.strengths
        make_report(project, ets.run_id, catalog, html=tmp_path / "report.html", split=Split.TEST)
        report = (tmp_path / "report.html").read_text("utf-8")
        assert "no promise" in report and "Error at each step ahead" in report
        found = next(predict([Sample("series", path=tmp_path / "sales.csv")], own, get_task("forecasting"))).prediction
        assert isinstance(found, Forecast) and len(found.rows) == 6  # as far as it was judged
        assert found.dates == ("2016-01", "2016-02", "2016-03", "2016-04", "2016-05", "2016-06")
        assert NO_PROMISE in found.note and all(a <= b <= c for a, b, c in found.rows)
        # The range is as wide as it was set right, and as what came later has made it.
        base = next(predict([Sample("series", path=tmp_path / "sales.csv")], catalog.get("exponential-smoothing"), get_task("forecasting"))).prediction  # fmt: skip
        assert isinstance(base, Forecast)
        assert len(own.options[NEWEST]) == 6 and not own.options[NEWEST_OF]
        for step, factor in enumerate(own.options[NEWEST]):
            widths = [f.rows[step][2] - f.rows[step][1] for f in (found, base)]
            assert widths[0] == pytest.approx(widths[1] * factor, rel=1e-5)


def test_what_is_in_a_project_can_be_judged_again_and_published_models_too(tmp_path: Path, catalog: Catalog) -> None:
    with project_of(write(tmp_path / "sales.csv")) as project:
        finished, _ = run(project, catalog, "last-season", options={"steps": 6})
        first = evaluate(project, finished.run_id, Split.TEST, catalog).headline()
        project.save_predictions(finished.run_id, [])
        with project._store.transaction() as sql:  # as if it had been stopped before it was judged
            sql.execute("DELETE FROM predictions")
        again = evaluate(project, finished.run_id, Split.TEST, catalog).headline()
        assert again["mase"] == pytest.approx(first["mase"]) and again["n"] == first["n"]
    items = list(sniff([tmp_path / "sales.csv"]).read())
    judged, problems = evaluate_items(catalog.get("exponential-smoothing"), items, "forecasting")  # type: ignore[arg-type]
    assert isinstance(judged, ForecastJudgement) and not problems and judged.steps == 12 and judged.gain > 0


def test_chronos_learns_and_a_killed_training_ends_bit_equal(
    chronos: ModelCard, tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.tasks.forecast_lesson.WINDOWS", 24)
    monkeypatch.setattr("workbench.tasks.occasions.MOST", 4)
    with project_of(write(tmp_path / "sales.csv", 72)) as project:
        config = new_config(
            project, chronos, How.BALANCED, epochs=2, learning_rate=3e-3, options={"steps": 4}, patience=9
        )
        whole = list(fit(config, project, catalog))
        finished = whole[-1]
        assert isinstance(finished, Finished)
        epochs = [e for e in whole if isinstance(e, EpochDone)]
        assert [e.epoch for e in epochs] == [0, 1, 2]
        assert epochs[-1].train_loss < epochs[1].train_loss
        assert min(e.validation_loss for e in epochs[1:]) < epochs[0].validation_loss
        own = catalog.get(finished.model_id)
        weights = read_state(Path(own.source.ref) / "model.safetensors", own.name)
        described = json.loads((Path(own.source.ref) / "config.json").read_text("utf-8"))
        assert described["chronos_config"]["context_length"] == 512
        found = next(predict(collect_samples([tmp_path / "sales.csv"], get_task("forecasting"))[:1], own, get_task("forecasting"))).prediction  # fmt: skip
        assert isinstance(found, Forecast) and len(found.rows) == 4
        judged = evaluate(project, finished.run_id, Split.TEST, catalog)
        assert isinstance(judged, ForecastJudgement) and judged.n == 4

        again = replace(config, run_id="0" * len(config.run_id))
        control = Control()
        with pytest.raises(Cancelled):
            for event in fit(again, project, catalog, control):
                if isinstance(event, CheckpointSaved) and event.epoch == 1:
                    control.leave()
        assert [r.id for r in resumable(project)] == [again.run_id]
        resumed = list(fit(again, project, catalog, resume=True))[-1]
        assert isinstance(resumed, Finished)
        second = catalog.get(resumed.model_id)
        there = read_state(Path(second.source.ref) / "model.safetensors", second.name)
        assert all(weights[k].equal(there[k]) for k in weights)
        assert [second.options[k] for k in (WIDTHS, WIDTHS_OF)] == [own.options[k] for k in (WIDTHS, WIDTHS_OF)]


def test_windows_to_learn_from_never_reach_what_judges(chronos: ModelCard, tmp_path: Path, catalog: Catalog) -> None:
    from workbench.engine.run import prepare
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model
    from workbench.tasks.lesson import Material

    with project_of(write(tmp_path / "sales.csv", 60)) as project:
        prepared = prepare(new_config(project, chronos, How.BALANCED), project, catalog, Control())
        examples = list(prepared.examples.values())
        assert [len(prepared.items[s]) for s in Split] == [1, 1, 1, 0]
        model = open_model(chronos, files(chronos))
        lesson = get_task("forecasting").lesson(  # type: ignore[attr-defined]
            Material(model, (), How.BALANCED, "cpu", Control(), tuple(examples), tmp_path)
        )
        values = lesson.prepare(examples[0])["series"].values
        limit = parts_of(60).validation
        for seed in range(50):
            window = lesson.prepare(examples[0], seed)
            end = next(
                at for at in range(8, limit + 1)
                if np.array_equal(values[at : at + len(window["future"])], window["future"])
                and np.array_equal(values[at - len(window["past"]) : at], window["past"])
            )  # fmt: skip
            assert end + len(window["future"]) <= limit
        loss = lesson.step([lesson.prepare(examples[0], 1), lesson.prepare(examples[0], 2)]).loss
        assert loss.requires_grad and math.isfinite(loss.item())


def test_a_table_of_several_series_into_a_table_of_answers(tmp_path: Path, catalog: Catalog) -> None:
    write(tmp_path / "shops.csv", 40, series=3)
    result = run_to_csv(catalog.get("last-season"), [tmp_path / "shops.csv"], tmp_path / "ahead.csv")
    lines = (tmp_path / "ahead.csv").read_text("utf-8-sig").splitlines()
    assert result.answered == 3 and lines[0].startswith("item,when,low (10 %),middle,high (90 %)")
    assert len(lines) == 1 + 3 * 12 and lines[1].startswith("s0,2013-05,")


def test_what_cannot_be_is_a_sentence(tmp_path: Path, catalog: Catalog) -> None:
    with (
        Project.create(tmp_path / "empty", "empty", "forecasting") as project,
        pytest.raises(UserError, match="no series"),
    ):
        list(fit(new_config(project, catalog.get("last-season")), project, catalog))
    with project_of(write(tmp_path / "short.csv", 20)) as project:
        finished, events = run(project, catalog, "last-season", options={"steps": 100})
        judged = evaluate(project, finished.run_id, Split.TEST, catalog)
        assert isinstance(judged, ForecastJudgement) and judged.steps == 4
        assert any("100 steps are more than" in getattr(e, "message", getattr(e, "text", "")) for e in events)
