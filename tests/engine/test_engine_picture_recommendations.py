"""Things told by their pictures: a ratings table beside a folder of pictures, and a picture from outside."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.data.types import Sample
from workbench.engine.events import Advice, Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import add_plan, project_from_plan
from workbench.engine.predict import predict
from workbench.tasks.predictions import Ranking
from workbench.tasks.registry import get_task


def test_things_with_pictures_are_recommended_by_them(digits_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = digits_folder(("one", "two"), 10)
    rng = random.Random(0)
    rows = ["user,item,time"]
    pictures = tmp_path / "shop" / "pictures"
    pictures.mkdir(parents=True)
    for number, file in enumerate(sorted(folder.rglob("*.png"))):
        (pictures / f"{file.parent.name}-{number}.png").write_bytes(file.read_bytes())
    names = sorted(p.stem for p in pictures.iterdir())
    (pictures / "broken.png").write_bytes(b"no picture")
    for person in range(24):
        own = [n for n in names if n.startswith(("one", "two")[person % 2])]
        for step, name in enumerate([*rng.sample(own, 6), "only by name"]):
            rows.append(f"p{person},{name},{1_600_000_000 + 1000 * ((step * 7) % 13)}")
    (tmp_path / "shop" / "likes.csv").write_text("\n".join(rows), encoding="utf-8")
    plan = sniff([tmp_path / "shop" / "likes.csv", pictures])
    assert plan.media == "picture" and plan.suits("picture")
    project, result = project_from_plan(plan, tmp_path / "p")
    with project:
        assert project.task_id == "picture-recommendation" and len(result.added) == 21
        assert [p.where for p in result.problems] == ["broken.png"]
        # Later rows alone find the pictures by their names.
        (tmp_path / "later.csv").write_text(f"user,item,time\np0,{names[0]},1700000000\n", encoding="utf-8")
        assert not add_plan(project, sniff([tmp_path / "later.csv"])).added
        catalog = Catalog.load()
        events = list(fit(new_config(project, catalog.get("recommend-alike"), How.QUICK), project, catalog))
        finished = events[-1]
        assert isinstance(finished, Finished) and not [e for e in events if isinstance(e, Advice) and "read" in e.text]
        assert finished.metrics["score"] > finished.metrics["popularity_ndcg_at_10"]
        card = catalog.get(finished.model_id)
    task = get_task("picture-recommendation")
    outside = Sample("picture", "a two", path=sorted(digits_folder(("two",), 3, 12).rglob("two/*.png"))[-1])
    (answer,) = predict([outside], card, task)
    assert isinstance(answer.prediction, Ranking)
    best = answer.prediction.picks[:5]
    assert sum(p.name.startswith("two") for p in best) >= 4 and best[0].because == ("a two",)
