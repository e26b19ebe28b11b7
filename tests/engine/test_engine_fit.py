"""Training on real starters: Quick's quality, sameness, the feature cache, memory, stopping, and going on after a kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.app_paths import app_paths, resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import ItemFilter, Split
from workbench.engine.events import EpochDone, Finished, How, RunConfig, RunEvent
from workbench.engine.fit import fit, new_config, read_events, resumable
from workbench.engine.journey import project_from_plan

_TEXTS = {
    "praise": ["The soup was lovely", "Great service", "I loved the cake", "Wonderful evening", "Best coffee in town"],
    "complaint": ["The soup was cold", "Rude waiter", "I hated the cake", "Terrible evening", "Worst coffee in town"],
    "question": ["When do you open", "Do you have a table", "Is the cake vegan", "Where can I park", "How much is it"],
}


def _pictures(tmp_path: Path, each: int = 20) -> Path:
    source, folder = resources() / "samples" / "digits", tmp_path / "pictures"
    for name in ("zero", "one", "four"):
        (folder / name).mkdir(parents=True)
        for file in sorted((source / name).glob("*.png"))[:each]:
            shutil.copy(file, folder / name / file.name)
    return folder


def _texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.csv"
    endings = ("", " today", " on Monday", " last week")
    rows = [f"{t}{e},{label}" for label, texts in _TEXTS.items() for t in texts for e in endings]
    file.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return file


def _open(source: Path, tmp_path: Path) -> Project:
    return project_from_plan(sniff([source]), tmp_path / "project")[0]


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[Project]:
    project = _open(_pictures(tmp_path), tmp_path)
    yield project
    project.close()


def _config(project: Project, how: How = How.QUICK, **options: object) -> RunConfig:
    starter = "picture-starter" if project.task_id.startswith("image") else "text-starter"
    return new_config(project, Catalog.load().get(starter), how, **options)


def _fit(project: Project, config: RunConfig, control: Control | None = None, resume: bool = False) -> list[RunEvent]:
    return list(fit(config, project, Catalog.load(), control, resume))


def _weights(event: RunEvent) -> bytes:
    assert isinstance(event, Finished)
    return (app_paths().models / event.model_id / "model.safetensors").read_bytes()


@pytest.mark.parametrize("source", [_pictures, _texts])
def test_quick_is_near_logistic_regression_on_the_same_features(source, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from workbench.engine.features import compute_features
    from workbench.engine.pool import shared_pool
    from workbench.tasks.registry import get_task

    with _open(source(tmp_path), tmp_path) as project:
        config = _config(project)
        end = _fit(project, config)[-1]
        assert isinstance(end, Finished)
        card = Catalog.load().get(config.model)
        with shared_pool().use(card) as model:
            parts = {}
            for split in (Split.TRAIN, Split.TEST):
                items = project.split_items(split)
                found = compute_features(items, model, get_task(project.task_id))
                parts[split] = found.matrix.numpy(), [i.class_id for i in items]
        scaler = StandardScaler().fit(parts[Split.TRAIN][0])
        reference = LogisticRegression(max_iter=2000).fit(scaler.transform(parts[Split.TRAIN][0]), parts[Split.TRAIN][1])
        reached = reference.score(scaler.transform(parts[Split.TEST][0]), parts[Split.TEST][1])
        assert end.metrics["n"] == len(parts[Split.TEST][1])
        assert end.metrics["accuracy"] >= 0.9 * reached


def test_the_same_run_twice_gives_the_same_numbers(pictures: Project) -> None:
    ends = [_fit(pictures, _config(pictures))[-1] for _ in range(2)]
    assert _weights(ends[0])[-20_000:] == _weights(ends[1])[-20_000:]
    assert ends[0].metrics == ends[1].metrics  # type: ignore[union-attr]


def test_ten_new_pictures_cost_ten_passes(pictures: Project, tmp_path: Path) -> None:
    from workbench.engine.features import FeatureCache, compute_features
    from workbench.engine.pool import shared_pool
    from workbench.tasks.registry import get_task

    cache = FeatureCache(tmp_path / "cache")
    items = pictures.items(pictures.item_ids(ItemFilter()))
    with shared_pool().use(Catalog.load().get("picture-starter")) as model:
        task = get_task(pictures.task_id)
        assert compute_features(items[:-10], model, task, cache=cache).computed == len(items) - 10
        again = compute_features(items, model, task, cache=cache)
        assert again.computed == 10
        assert compute_features(items, model, task, cache=cache).computed == 0
        (tmp_path / "cache" / "features.db").write_bytes(b"this is no database" * 500)
        assert compute_features(items[:3], model, task, cache=cache).ids == tuple(i.id for i in items[:3])


def test_a_broken_picture_is_left_out_with_advice(pictures: Project) -> None:
    item = pictures.items(pictures.item_ids(ItemFilter()))[0]
    assert item.path is not None
    item.path.write_bytes(b"not a picture")
    events = _fit(pictures, _config(pictures))
    assert "skipped-items" in [getattr(e, "code", "") for e in events]
    assert isinstance(events[-1], Finished)


def test_short_memory_halves_and_goes_on(pictures: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.engine import finetune

    real = finetune.forward_loss

    def short(training, part, targets):  # type: ignore[no-untyped-def]
        if len(part) > 2:
            raise RuntimeError("out of memory")
        return real(training, part, targets)

    monkeypatch.setattr(finetune, "forward_loss", short)
    events = _fit(pictures, _config(pictures, How.BALANCED, epochs=1, batch_size=8))
    assert [getattr(e, "code", "") for e in events].count("memory-halved") == 2
    assert isinstance(events[-1], Finished)


def test_stopped_after_an_epoch_keeps_a_model_without_false_numbers(pictures: Project) -> None:
    control, config, seen = Control(), _config(pictures, How.BALANCED, epochs=3), []
    for event in fit(config, pictures, Catalog.load(), control):
        seen.append(event)
        if isinstance(event, EpochDone):
            control.cancel()
    end = seen[-1]
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"
    assert pictures.run(config.run_id).status == "cancelled"
    card = Catalog.load().get(end.model_id)
    # Nothing was tested, so no accuracy may be stated.
    assert card.metrics.get("n") or card.metrics.get("accuracy") is None


_CHILD = """
import sys
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.engine.events import RunConfig
from workbench.engine.fit import fit
import json, os, signal, pathlib
project = Project.open(pathlib.Path(sys.argv[1]))
config = RunConfig.from_json(json.loads(sys.argv[2]))
for event in fit(config, project, Catalog.load()):
    if event.kind == "step" and event.epoch > 1.3:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_killed_and_resumed_ends_with_the_same_weights(tmp_path: Path) -> None:
    import json

    project = _open(_pictures(tmp_path, 8), tmp_path)
    config = _config(project, How.BALANCED, epochs=2, batch_size=4)
    whole = _fit(project, _config(project, How.BALANCED, epochs=2, batch_size=4, name=config.name))[-1]
    project.close()
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(project.folder), json.dumps(config.to_json())],
        env=dict(os.environ), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    with Project.open(project.folder) as project:
        assert [r.id for r in resumable(project)] == [config.run_id]
        resumed = _fit(project, config, resume=True)[-1]
        assert _weights(resumed) == _weights(whole)
        steps = [e.step for e in read_events(project.run(config.run_id)) if e.kind == "step"]
        # The curves of a resumed run never go back.
        assert steps == sorted(set(steps))
