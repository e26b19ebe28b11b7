"""At the end of a run stands what a model says that was taught nothing. With the real starters."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.cli import app
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Advice, Finished
from workbench.engine.fit import fit, new_config
from workbench.tasks.registry import get_task
from workbench.trust.metrics import Evaluation
from workbench.trust.report import render
from workbench.trust.untaught import beside, kept_untaught

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]


def test_pictures_by_look_alikes(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(digits_folder(("one", "two", "three", "four"), 22))
    events = list(fit(new_config(project, catalog.suggest(project.task_id)[0]), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    run = project.run(finished.run_id)
    kept = kept_untaught(run.folder)
    test = {i.id for i in project.split_items(Split.TEST)}
    assert kept is not None and kept.way == "look-alikes" and kept.examples == 5 and set(kept.said) == test
    judged = evaluate(project, run.id, Split.TEST, catalog)
    found = beside(run.folder, judged, "pictures")
    assert found is not None and isinstance(judged, Evaluation)
    # Better than chance, worse than or as good as the taught one.
    assert 0.3 < found.share <= judged.accuracy + 0.1
    (told,) = [e for e in events if isinstance(e, Advice) and e.code == "untaught"]
    assert told.text == found.sentence() and html.escape(told.text) in render(project, run, judged)
    assert app.run(["evaluate", finished.model_id, str(project.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["untaught"]["accuracy"] == found.share


def test_texts_by_the_names_of_their_classes(make_project: MakeProject, catalog: Catalog, tmp_path: Path) -> None:
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:121]
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text", "label"], *rows])
    project = make_project(path)
    finished = list(fit(new_config(project, catalog.suggest(project.task_id)[0]), project, catalog))[-1]
    assert isinstance(finished, Finished)
    run = project.run(finished.run_id)
    found = beside(run.folder, evaluate(project, run.id, Split.TEST, catalog), get_task(project.task_id).info.nouns)
    assert found is not None and found.untaught.way == "names" and found.n >= 10
    assert found.compared.n == found.n and found.share > 0.3
