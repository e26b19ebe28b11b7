"""Small sets of rows, molecules and likes, and models that were taught on them: for tasks whose models are nothing untaught."""

from __future__ import annotations

import random
from pathlib import Path

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.tasks.base import Task

_SAMPLES = resources() / "samples"


def taught_on_a_small_set(task: Task, catalog: Catalog, folder: Path) -> ModelCard:
    """The suggested model, taught the quick way."""
    folder.mkdir(parents=True, exist_ok=True)
    project, _ = project_from_plan(sniff(_set_for(task, folder)), folder / "project", task_id=task.info.id)
    with project:
        base, _why = catalog.suggest(task.info.id, to_teach=True)
        events = list(fit(new_config(project, base), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return catalog.get(finished.model_id)


def _set_for(task: Task, folder: Path) -> list[Path]:
    drawn = random.Random(0)
    if task.info.media == "row":
        ages = [drawn.randrange(18, 80) for _ in range(80)]
        label = (lambda age: "yes" if age > 45 else "no") if task.info.has_classes else (lambda age: f"{age * 21.5}")
        rows = [f"{age},{drawn.choice(('Ulm', 'Kiel'))},{label(age)}" for age in ages]
        return [_written(folder / "rows.csv", ["age,town,target", *rows])]
    if task.info.media == "molecule":
        lines = (_SAMPLES / "molecules.csv").read_text(encoding="utf-8").splitlines()
        rows = [f"{cells[0]},{cells[3]}" for cells in (line.split(",") for line in lines[1:80])]
        return [_written(folder / "molecules.csv", ["smiles,pIC50", *rows])]
    things = [f"{'murder' if n % 2 else 'robot'} number {n}" for n in range(12)]
    likes = [
        f"p{person},{thing},{1_600_000_000 + step}"
        for person in range(20)
        for step, thing in enumerate(drawn.sample(things[person % 2 :: 2], 5))
    ]
    likes_file = _written(folder / "likes.csv", ["user,item,time", *likes])
    if task.info.media == "picture":
        pictures = folder / "pictures"
        pictures.mkdir()
        digits = sorted((_SAMPLES / "digits" / "one").glob("*.png"))
        for thing, file in zip(things, digits, strict=False):
            (pictures / f"{thing}.png").write_bytes(file.read_bytes())
        return [likes_file, pictures]
    return [likes_file, _written(folder / "things.csv", ["item,title", *(f"{t},A story of a {t}" for t in things)])]


def _written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
