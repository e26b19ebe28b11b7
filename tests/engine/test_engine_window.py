"""A project's window on deep pictures reaches training, the model it makes, and every later prediction."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.__main__ import main
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.engine.events import Finished
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.tasks.registry import get_task, get_trainable

WINDOW = (1000.0, 400.0)


def deep_folder(folder: Path, each: int = 12) -> Path:
    """Stripes lying or standing, in greys 900 to 1100 of 60,000: nothing to be seen without the right window."""
    rng = np.random.default_rng(0)
    for label, axis in (("lying", 0), ("standing", 1)):
        (folder / label).mkdir(parents=True)
        for n in range(each):
            wave = np.sin(np.arange(96) / rng.uniform(2, 4) + rng.uniform(0, 6)) * 100 + 1000
            values = np.broadcast_to(wave[:, None] if axis == 0 else wave[None], (96, 96)).copy()
            values[rng.integers(0, 90, 60), rng.integers(0, 96, 60)] = 60_000
            values[90:] = 60_000
            Image.fromarray(values.astype(np.uint16)).save(folder / label / f"{n}.tif")
    return folder


@pytest.fixture
def project(tmp_path: Path, make_project: Callable[[Path], Project]) -> Project:
    return make_project(deep_folder(tmp_path / "stripes"))


def test_the_window_is_part_of_what_a_model_sees(project: Project, catalog: Catalog, tmp_path: Path) -> None:
    task, cache = get_trainable(project.task_id), FeatureCache(tmp_path / "features")
    usual = project.items(project.item_ids())[:4]
    project.set_window(WINDOW)
    through = project.items([i.id for i in usual])
    assert {i.window for i in through} == {WINDOW} and {i.sample().window for i in through} == {WINDOW}
    with shared_pool().use_network(catalog.get("picture-starter")) as model:
        first = compute_features(usual, model, task, cache=cache)
        second = compute_features(through, model, task, cache=cache)
        assert (first.computed, second.computed) == (4, 4), "kept apart from what was seen without it"
        assert not np.allclose(first.matrix.numpy(), second.matrix.numpy())
        assert compute_features(through, model, task, cache=cache).computed == 0
    project.set_window(None)
    assert project.items([usual[0].id])[0].window is None


def test_a_model_is_asked_as_it_was_taught(
    project: Project, catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.set_window(WINDOW)
    config = new_config(project, catalog.get("picture-starter"), seed=1)
    done = list(fit(config, project, catalog))[-1]
    assert isinstance(done, Finished)
    card = Catalog.load().get(done.model_id)
    assert card.preparation.window == WINDOW
    fresh = deep_folder(tmp_path / "fresh", each=5)
    files = sorted(fresh.rglob("*.tif"))

    def answers(window: tuple[float, float] | None) -> list[str]:
        samples = [Sample("picture", f.name, path=f, window=window) for f in files]
        found = predict(samples, card, get_task(card.main_task))
        return [r.prediction.summary() for r in found if r.prediction is not None]

    right = [f.parent.name for f in files]
    by_itself = answers(None)
    assert by_itself == answers(WINDOW)
    accuracy = np.mean([a.startswith(r) for a, r in zip(by_itself, right, strict=True)])
    blind = np.mean([a.startswith(r) for a, r in zip(answers((40_000.0, 10.0)), right, strict=True)])
    print(f"accuracy through the window {accuracy:.2f}, through another {blind:.2f}")
    assert accuracy >= 0.9 > blind
    capsys.readouterr()
    assert main(["predict", str(files[0]), "--model", card.id, "--window", "1000,400"]) == 0
    with_window = capsys.readouterr().out
    assert main(["predict", str(files[0]), "--model", card.id]) == 0
    assert capsys.readouterr().out == with_window
    assert main(["predict", str(files[0]), "--model", card.id, "--window", "wide"]) == 1
    assert "no window" in capsys.readouterr().err


def test_one_of_many_pictures_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "green")]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    (tmp_path / "pages.tif").write_bytes(stream.getvalue())
    assert main(["predict", str(tmp_path / "pages.tif"), "--frame", "2"]) == 0
    assert "Picture 2 of 3" in capsys.readouterr().err
    assert main(["predict", str(tmp_path / "pages.tif"), "--frame", "0"]) == 1
