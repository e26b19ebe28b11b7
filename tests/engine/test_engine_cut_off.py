"""What the kill tests found about trainings and models, as plain tests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config, resumable
from workbench.engine.run import RunLog
from workbench.runtimes.folder import sweep

Digits = Callable[..., Path]
MakeProject = Callable[[Path], Project]


@pytest.fixture
def project(digits_folder: Digits, make_project: MakeProject) -> Project:
    return make_project(digits_folder(("one", "two"), 12))


def test_a_model_that_is_being_written_is_not_listed(project: Project, catalog: Catalog) -> None:
    """Its card was there before the folder had its name: a kill in between left a model that could not be used."""
    card, _ = catalog.suggest(project.task_id)
    *_, last = fit(new_config(project, card, How.QUICK), project, catalog)
    assert isinstance(last, Finished)
    models = app_paths().models
    (models / last.model_id).rename(models / ".saving-x7")
    catalog.refresh()
    assert catalog.own() == [] and catalog.problems() == []
    assert sweep(models) == 0, "another window may be writing it now"
    day = time.time() - 2 * 86_400
    os.utime(models / ".saving-x7", (day, day))
    assert sweep(models) == 1 and list(models.iterdir()) == []


def test_cut_off_after_the_model_is_saved_leaves_one_model(
    project: Project, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between saving the model and noting that the run is done, the run went on and saved a second one."""
    card, _ = catalog.suggest(project.task_id)
    config = new_config(project, card, How.QUICK)

    class Killed(BaseException):
        pass

    noting = RunLog.status

    def cut(self: RunLog, status: str, *rest: object) -> None:
        if status == "done":
            raise Killed
        noting(self, status, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(RunLog, "status", cut)
        with pytest.raises(Killed):
            list(fit(config, project, catalog))
    assert len(catalog.own()) == 1
    (waiting,) = resumable(project)
    *_, last = fit(config, project, catalog, resume=True)
    assert isinstance(last, Finished)
    assert [c.id for c in catalog.own()] == [last.model_id] and project.run(waiting.id).status == "done"
