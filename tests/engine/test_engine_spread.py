"""How much of the examples is really different: planted copies, planted narrow classes, and directions that are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.engine.fits import how_it_fits
from workbench.engine.spread import spread_of

MakeProject = Callable[[Path], Project]


def cloud(count: int, width: int, ways: int, far: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Unit vectors around one direction, apart in so many independent ways."""
    generator = torch.Generator().manual_seed(seed)
    made = torch.zeros(count, width)
    made[:, -1] = 1.0
    made[:, :ways] = far * torch.randn(count, ways, generator=generator)
    return made


def test_the_ways_are_those_that_were_planted() -> None:
    for ways in (2, 8, 20):
        found = spread_of(cloud(800, 64, ways, 0.2), [n % 2 for n in range(800)], list(range(800)), ["a", "b"])
        assert found is not None and found.ways == pytest.approx(ways, rel=0.15)
        assert found.between < 0.02 and not found.copies
    # More directions than items: the other matrix, the same answer.
    wide = cloud(30, 500, 4, 0.2)
    unit = torch.nn.functional.normalize(wide.double(), dim=1)
    values = torch.linalg.eigvalsh(torch.cov(unit.T, correction=0)).clamp(min=0)
    found = spread_of(wide, [0] * 30, list(range(30)), ["a"])
    assert found is not None and found.ways == pytest.approx(float(values.sum() ** 2 / (values**2).sum()), rel=1e-6)
    assert found.total == pytest.approx(float(values.sum()), rel=1e-6)


def test_copies_are_counted_and_a_narrow_class_is_named() -> None:
    wide, narrow = cloud(60, 32, 12, 1.0, 1), cloud(60, 32, 12, 0.02, 2)
    labels, alone = [0] * 60 + [1] * 60, list(range(120))
    found = spread_of(torch.cat([wide, narrow]), labels, alone, ["trees", "cups"])
    assert found is not None and [c.name for c in found.narrow] == ["cups"] and found.worry
    assert "All examples of “cups” look nearly the same" in found.sentence("pictures")
    # 60 of them are the same ten.
    copied = [n % 10 for n in range(60)] + list(range(60, 120))
    found = spread_of(torch.cat([wide, wide]), labels, copied, ["trees", "cups"])
    assert found is not None and found.different == 70 and found.copies == pytest.approx(50 / 120)
    assert "50 are copies of others" in found.sentence("pictures") and "other places" in found.sentence("pictures")
    fine = spread_of(wide, [n % 2 for n in range(60)], list(range(60)), ["a", "b"])
    assert fine is not None and not fine.worry and "other places" not in fine.sentence("texts")
    assert spread_of(wide[:19], [0] * 19, list(range(19)), ["a"]) is None


def test_classes_that_are_apart_account_for_what_differs() -> None:
    left, right = cloud(100, 16, 3, 0.1, 1), cloud(100, 16, 3, 0.1, 2)
    right[:, 8] = 3.0
    found = spread_of(torch.cat([left, right]), [0] * 100 + [1] * 100, list(range(200)), ["a", "b"])
    assert found is not None and found.between > 0.95


def test_frames_of_one_scene_are_found_before_training(
    tmp_path: Path, make_project: MakeProject, catalog: Catalog
) -> None:
    import skimage.data

    rng = np.random.default_rng(1)
    (tmp_path / "cups").mkdir()
    (tmp_path / "faces").mkdir()
    scene = skimage.data.coffee()
    for n in range(16):
        y, x = rng.integers(0, 8, 2)
        frame = scene[20 + y : 320 + y, 60 + x : 360 + x].astype(float) + rng.normal(0, 6)
        Image.fromarray(frame.clip(0, 255).astype(np.uint8)).resize((96, 96)).save(tmp_path / "cups" / f"{n}.png")
        face = (skimage.data.lfw_subset()[n] * 255).astype(np.uint8)
        Image.fromarray(face).resize((96, 96)).save(tmp_path / "faces" / f"{n}.png")
    project = make_project(tmp_path)
    card = catalog.suggest(project.task_id)[0]
    (told,) = [r for r in how_it_fits(project, card) if r.about == "spread"]
    assert told.kind == "warn" and "“cups”" in told.text and "“faces”" not in told.text
    assert dict(told.figures)["items"] >= 30
