"""A training taken elsewhere: its folder, several processes, and the way back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.app_paths import for_this_program
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemFilter
from workbench.engine.elsewhere.back import bring_back, is_result
from workbench.engine.elsewhere.environment import locked
from workbench.engine.elsewhere.execute import run_training
from workbench.engine.elsewhere.layout import About
from workbench.engine.elsewhere.read import is_training, read_training
from workbench.engine.elsewhere.write import Choices, size_of, write_bundle
from workbench.engine.events import EpochDone, Finished, How, RunConfig
from workbench.engine.fit import fit, new_config
from workbench.errors import Cancelled, UserError

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]


@pytest.fixture
def project(digits_folder: Digits, make_project: MakeProject) -> Project:
    """36 digits in three classes."""
    return make_project(digits_folder(each=12))


def config_of(project: Project, catalog: Catalog, how: How = How.BALANCED, **options: object) -> RunConfig:
    card, _ = catalog.suggest(project.task_id)
    return new_config(project, card, how, device="cpu", epochs=2, **options)


def weights(folder: Path) -> dict[str, object]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


def furthest(one: Path, other: Path) -> float:
    """The largest difference of a weight between two model folders."""
    first, second = weights(one), weights(other)
    assert set(first) == set(second)
    return max(float((first[n].double() - second[n].double()).abs().max()) for n in first)  # type: ignore[attr-defined]


def test_one_process_elsewhere_gives_the_same_bits_and_comes_back(
    project: Project, catalog: Catalog, tmp_path: Path
) -> None:
    config = config_of(project, catalog)
    spare = project.item_ids()[-1]
    project.set_label([spare], None)
    bundle = write_bundle(config, project, catalog, tmp_path / "away" / "training")
    assert bundle.items == 35
    # What is not learnt from does not go along.
    kept = {json.loads(line)["id"] for line in (bundle.folder / "items.jsonl").read_text().splitlines()}
    assert spare not in kept and len(kept) == 35
    assert len([f for f in (bundle.folder / "media").rglob("*") if f.is_file()]) == 35
    at_home = list(fit(config, project, catalog))
    home = catalog.get(at_home[-1].model_id)  # type: ignore[union-attr]
    elsewhere = list(run_training(bundle.folder / "run.toml"))
    rounds = [[e for e in events if isinstance(e, EpochDone)] for events in (at_home, elsewhere)]
    assert [(e.train_loss, e.validation_loss) for e in rounds[0]] == [
        (e.train_loss, e.validation_loss) for e in rounds[1]
    ]
    result = bundle.folder / "result"
    assert furthest(Path(home.source.ref), result / "model") == 0.0
    assert not (bundle.folder / "work").exists()
    # The project at home has the run already: it was trained there, too.
    with pytest.raises(UserError, match="already"):
        bring_back(bundle.folder, project, catalog)
    predictions = project.predictions(config.run_id)
    project.delete_run(config.run_id)
    back = bring_back(bundle.folder, project, catalog)
    assert project.predictions(config.run_id) == predictions
    assert (back.gone, back.changed, back.items) == (0, 0, 35)
    assert furthest(Path(home.source.ref), Path(catalog.get(back.model_id).source.ref)) == 0.0
    assert project.run(config.run_id).metrics["model_id"] == back.model_id
    with pytest.raises(UserError, match="run already"):
        list(run_training(bundle.folder))
