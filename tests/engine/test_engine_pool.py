"""Models kept warm: those that were deleted leave, whoever deleted them."""

from __future__ import annotations

import gc
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import ModelPool


@pytest.fixture
def taught(
    digits_folder: Callable[..., Path], make_project: Callable[[Path], Project], catalog: Catalog
) -> tuple[ModelCard, ModelCard]:
    """A model to start from, and one that was taught from it."""
    project = make_project(digits_folder(("one", "two"), 8))
    base, _ = catalog.suggest(project.task_id, to_teach=True)
    done = list(fit(new_config(project, base, How.QUICK), project, catalog))[-1]
    assert isinstance(done, Finished)
    return base, catalog.get(done.model_id)


def test_a_model_whose_folder_was_deleted_leaves_the_memory(taught: tuple[ModelCard, ModelCard]) -> None:
    base, mine = taught
    pool = ModelPool(10**10)
    with pool.use(mine, "cpu") as model:
        watched = weakref.ref(model)
    del model
    assert pool.loaded() == [mine.id]
    # Behind the app's back, even: the command line, or the file manager.
    shutil.rmtree(mine.source.ref)
    with pool.use(base, "cpu"):
        assert pool.loaded() == [base.id]
    gc.collect()
    assert watched() is None, "somebody holds a model that is not there any more"
    # One that comes with the app has no folder of its own that could go.
    pool.warm(base, "cpu")
    assert pool.loaded() == [base.id]


def test_one_that_is_in_use_stays_for_its_user(taught: tuple[ModelCard, ModelCard]) -> None:
    base, mine = taught
    pool = ModelPool(10**10)
    with pool.use_network(mine, "cpu") as model:
        shutil.rmtree(mine.source.ref)
        pool.warm(base, "cpu")
        assert sum(p.numel() for p in model.module.parameters()) > 0
    assert pool.loaded() == [base.id]
